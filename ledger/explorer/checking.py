"""The page on which a browser checks a receipt itself, and the same as one file to keep.

The script is ours, short, and all that runs; it asks nobody for anything unless the person presses the
button that fetches the ledger's first entry. The file holds page, look and script, and works from a disk
without a network.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from flask import Blueprint, Response, render_template
from markupsafe import Markup

from ledger.running import engine, is_single_operator, now
from web.i18n import language

SCRIPTS = ("check.js", "check_page.js")

blueprint = Blueprint("checking", __name__)


@blueprint.get("/check")
def page() -> str:
    """Show the page; it works with a script only, and says so without."""
    with engine().reader() as reader:
        return render_template(
            "ledger/explorer/check.html",
            current="check",
            now=now(),
            single_operator=is_single_operator(reader.head_block()),
            chain_id=reader.chain_id,
        )


@blueprint.get("/check/file")
def file() -> Response:
    """Return the page as one file, in the language that it was asked in."""
    script = _script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    body = render_template(
        "ledger/explorer/check_file.html",
        # Our own files, not a word from outside: nothing in them ends a script or style element.
        script=Markup(script),  # noqa: S704
        style=Markup(_style()),  # noqa: S704
        digest=digest,
    )
    name = f"vocred-check-{language()}.html"
    return Response(
        body,
        content_type="text/html; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Security-Policy": f"default-src 'none'; script-src 'sha256-{digest}'; "
            "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
        },
    )


@cache
def _script() -> str:
    return "\n".join(_static(name) for name in SCRIPTS)


@cache
def _style() -> str:
    shared = files("web").joinpath("static", "web", "style.css").read_text(encoding="utf-8")
    return shared + _static("explorer.css")


def _static(name: str) -> str:
    return files("ledger").joinpath("static", "ledger", name).read_text(encoding="utf-8")
