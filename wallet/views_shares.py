"""Pages of shares, and the endpoint that verifiers ask for a share's sealed bytes."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wallet import holding, presenting, session, words
from wallet.answering import answers
from wallet.answering.views import told
from wallet.errors import ShareError
from wallet.words import of_error
from web import database, qr

Answer = str | Response | tuple[str, int]

pages = Blueprint("shares", __name__)
api = Blueprint("share_api", __name__)

OPENINGS = "600/minute"
"""One verifier opens shares for many people; ids and tokens are beyond guessing anyway."""


@pages.route("/share", methods=["GET", "POST"])
@session.holder_only
def new() -> Answer:
    """Choose certificates, for whom, and for how long; then make the link."""
    chosen = request.values.getlist("certificate")
    label, days = request.values.get("label", ""), request.values.get("days", str(presenting.USUAL_DAYS))
    if request.method == "GET":
        return _form(chosen, label=label, days=days)
    try:
        made = presenting.present(
            database.current(),
            session.wallet(),
            chosen,
            label=label,
            days=int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0,
            parts=session.parts(),
            now=session.now(),
        )
    except ShareError as error:
        return _form(chosen, label=label, days=days, error=of_error(error).line), 422
    flash(gettext("分享链接已生成。"), "done")
    return redirect(url_for("shares.detail", share_id=made.share_id), 303)


@pages.get("/shares")
@session.holder_only
def listing() -> Answer:
    """List every share with how often it was opened."""
    return render_template(
        "wallet/shares.html",
        shares=presenting.made(
            database.current(), session.wallet(), parts=session.parts(), now=session.now()
        ),
        presentations=answers.made(database.current(), session.wallet()),
        told=told,
    )


@pages.get("/shares/<share_id>")
@session.holder_only
def detail(share_id: str) -> Answer:
    """Show the link, as a QR code and for copying."""
    share = presenting.one(
        database.current(), session.wallet(), share_id, parts=session.parts(), now=session.now()
    )
    code = qr.svg(share.link, label=gettext("分享链接的二维码")) if share.state == "open" else None
    return render_template("wallet/share.html", share=share, code=code)


@pages.post("/shares/<share_id>/close")
@session.holder_only
def close(share_id: str) -> Answer:
    """Close a share."""
    presenting.close(database.current(), session.wallet(), share_id, now=session.now())
    flash(gettext("分享已关闭。对方已经保存的内容无法收回。"), "done")
    return redirect(url_for("shares.listing"), 303)


@api.post("/shares/<share_id>/open")
def open_share(share_id: str) -> Response:
    """Hand out the sealed bytes of a share to a verifier that shows the link's token.

    The id is in the path, the token in the body: neither opens the bytes, whose key never leaves the
    fragment.
    """
    session.count(OPENINGS, "open")
    body = request.get_json(force=True, silent=True)
    token = body.get("token") if isinstance(body, dict) else None
    blob = presenting.open_share(database.current(), share_id, token=token, now=session.now())
    return Response(blob, content_type="application/octet-stream")


def _form(chosen: list[str], *, label: str, days: str, error: str = "") -> str:
    held = holding.held(database.current(), session.wallet(), now=session.now())
    return render_template(
        "wallet/share_new.html",
        held=held,
        pair=presenting.pair(held),
        chosen=chosen,
        label=label,
        days=days,
        error=error,
        words=words,
    )
