"""What waits for a second officer: a list, approved one by one or several at a time, or sent back."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from issuer import approval, batches, records
from issuer.bank import listing as bank_books
from issuer.bank import reviews
from issuer.clock import now
from issuer.cosigning import endorsing
from issuer.errors import IssuerError
from issuer.four_eyes import Act
from issuer.views import session
from issuer.views.session import actor, db, officer, officer_only, parts
from web import qr

pages = Blueprint("approvals", __name__, url_prefix="/approvals")

_DECIDED = 20


@pages.get("")
@officer_only
def listing() -> str:
    """List what waits, others' first, and what was decided lately."""
    waiting = approval.listing(db())
    decided = [act for act in approval.listing(db(), state=None) if act.state != "submitted"]
    return render_template(
        "issuer/approvals.html",
        others=[described(act) for act in waiting if act.maker != officer().name],
        own=[described(act) for act in waiting if act.maker == officer().name],
        decided=[described(act) for act in decided[::-1][:_DECIDED]],
    )


@pages.post("/approve")
@officer_only
def approve() -> Any:
    """Approve the acts that were ticked, and show once what they made."""
    ticked = request.form.getlist("act")
    if not ticked:
        flash(gettext("请先勾选要批准的事项。"), "warning")
        return redirect(url_for("approvals.listing"), 303)
    outcomes = approval.approve(db(), parts(), actor=actor(), act_ids=ticked, now=now())
    done = []
    for outcome in outcomes:
        if outcome.error is not None:
            session.say(outcome.error)
        else:
            link = outcome.result.get("link")
            code = qr.svg(link, label=gettext("领取码的二维码")) if link else None
            done.append((described(approval.get(db(), outcome.act_id)), outcome.result, code))
    # A new slip's code and PIN are on this page and nowhere else, so it is the answer and no redirect.
    return render_template("issuer/approved.html", done=done)


@pages.post("/<act_id>/return")
@officer_only
def return_(act_id: str) -> Response:
    """Send an act back to whoever submitted it."""
    try:
        approval.return_(db(), actor=actor(), act_id=act_id, note=request.form.get("note", ""), now=now())
    except IssuerError as error:
        session.say(error)
    else:
        flash(gettext("已退回。"), "done")
    return redirect(url_for("approvals.listing"), 303)


@pages.post("/<act_id>/withdraw")
@officer_only
def withdraw(act_id: str) -> Response:
    """Take back an act of one's own."""
    try:
        approval.withdraw(db(), actor=actor(), act_id=act_id, now=now())
    except IssuerError as error:
        session.say(error)
    else:
        flash(gettext("已撤回。"), "done")
    return redirect(url_for("approvals.listing"), 303)


def described(act: Act) -> dict[str, Any]:
    """Return an act with what it is about, in words and with a link."""
    try:
        about, link = _subject(act)
    except IssuerError:
        about, link = act.subject, ""
    return {"act": act, "about": about, "link": link}


def _subject(act: Act) -> tuple[str, str]:
    if act.kind == "approve-batch":
        batch = batches.get(db(), act.subject)
        rows = gettext("%(n)s 行", n=act.arguments.get("rows", 0))
        return f"{batch.source_name} · {rows}", url_for("batches.show", batch_id=batch.id)
    if act.kind == "withdraw-endorsement":
        given = endorsing.get(db(), act.subject)
        return f"{given.holder_name} · {given.college_name}", url_for("endorsing.listing")
    if act.kind == reviews.ACT:
        review = bank_books.review(db(), int(act.subject))
        said = gettext("%(who)s · %(n)s 学分", who=review["name"], n=f"{review['credits']:g}")
        return said, url_for("bank.show", tab="reviews")
    if act.kind in {"revoke", "reissue-slip", "renew-form", "correct"}:
        record = records.get(db(), act.subject)
    elif act.kind in {"withdraw-form", "reprint"}:
        record = records.get(db(), records.form(db(), act.subject).record_id)
    else:
        return act.subject, url_for("officers.listing")
    return f"{record.holder_name} · {record.number}", url_for("records.show", record_id=record.id)
