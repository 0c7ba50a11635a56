"""Officers and the log: who may act, what two administrators change about that, and what was done."""

import json
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from issuer import approval, audit, officers
from issuer.clock import now
from issuer.errors import IssuerError
from issuer.views import session
from issuer.views.session import actor, db, officer, officer_file, officer_only, parts
from web.i18n import iso
from web.spreadsheets import csv_file

pages = Blueprint("officers", __name__)

LINES_PER_PAGE = 100
_MOST_EXPORTED = 100_000


@pages.get("/officers")
@officer_only
def listing() -> str:
    """List officers, with the forms that administrators and everybody have."""
    return render_template(
        "issuer/officers.html",
        people=officers.listing(db()),
        waiting=[act for act in approval.listing(db()) if act.kind in {"add-officer", "reset-passphrase"}],
        roles=officers.ROLES,
        administrator=officers.ADMINISTRATOR in officer().roles,
        now=now(),
    )


@pages.post("/officers")
@officer_only
def add() -> Response:
    """Ask a second administrator to add an officer."""
    return _submit(
        "add-officer",
        request.form.get("name", "").strip(),
        {"roles": request.form.getlist("roles"), "passphrase": request.form.get("passphrase", "")},
    )


@pages.post("/officers/<name>/reset")
@officer_only
def reset(name: str) -> Response:
    """Ask a second administrator to reset an officer's passphrase."""
    return _submit("reset-passphrase", name, {"passphrase": request.form.get("passphrase", "")})


@pages.post("/officers/passphrase")
@officer_only
def change_passphrase() -> Response:
    """Change one's own passphrase; every session of the old one ends."""
    try:
        officers.change_passphrase(
            db(),
            actor=actor(),
            old=request.form.get("old", ""),
            new=request.form.get("new", ""),
            now=now(),
        )
    except IssuerError as error:
        session.say(error)
        return redirect(url_for("officers.listing"), 303)
    session.end()
    flash(gettext("口令已修改，请用新口令登录。"), "done")
    return redirect(url_for("workbench.sign_in"), 303)


@pages.get("/audit")
@officer_only
def log() -> str:
    """Show the log, newest first."""
    page = session.page_number()
    subject = request.args.get("subject", "").strip() or None
    found = audit.entries(db(), subject=subject, offset=(page - 1) * LINES_PER_PAGE, limit=LINES_PER_PAGE + 1)
    return render_template(
        "issuer/audit.html",
        lines=found[:LINES_PER_PAGE],
        subject=subject or "",
        page=page,
        more=len(found) > LINES_PER_PAGE,
    )


@pages.get("/audit.csv")
@officer_file
def export_log() -> Response:
    """Return the log as a table for a spreadsheet; it holds no claims."""
    rows: list[tuple[Any, ...]] = [("id", "at", "actor", "second", "channel", "action", "subject", "detail")]
    for line in audit.entries(db(), limit=_MOST_EXPORTED):
        detail = json.dumps(dict(line.detail), ensure_ascii=False)
        who = (line.actor, line.second or "", line.channel)
        rows.append((line.id, iso(line.at), *who, line.action, line.subject, detail))
    answer = Response(csv_file(rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return answer


def _submit(kind: str, subject: str, arguments: dict[str, Any]) -> Response:
    try:
        approval.submit(
            db(), parts(), actor=actor(), kind=kind, subject=subject, arguments=arguments, now=now()
        )
    except IssuerError as error:
        session.say(error)
    else:
        flash(gettext("已提交，等待另一位管理员批准。"), "done")
    return redirect(url_for("officers.listing"), 303)
