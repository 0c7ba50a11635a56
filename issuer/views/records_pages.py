"""The register of what was issued: search, one record with its forms, and what two officers can do to it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from issuer import approval, batches, offers, officers, printing, records, store_forms
from issuer.clock import now
from issuer.errors import IssuerError
from issuer.printing import SlipSheet
from issuer.records import Record
from issuer.views import session
from issuer.views.printing_pages import slips_page
from issuer.views.session import actor, db, officer, officer_only, parts
from schemas.catalogue import CATALOGUE
from vc import printed_code

pages = Blueprint("records", __name__, url_prefix="/records")

PER_PAGE = 50
_KINDS = {"revoke", "withdraw-form", "reprint", "reissue-slip", "renew-form", "correct"}


@pages.get("")
@officer_only
def listing() -> str:
    """Search the register by number, name or class."""
    text = request.args.get("q", "").strip()[:100]
    state = request.args.get("state") or None
    kind = request.args.get("type") or None
    page = session.page_number()
    found = records.search(
        db(),
        text=text,
        state=state if state in {"valid", "revoked"} else None,
        credential_type=kind if kind in CATALOGUE else None,
        batch_id=request.args.get("batch") or None,
        offset=(page - 1) * PER_PAGE,
        limit=PER_PAGE + 1,
    )
    return render_template(
        "issuer/records.html",
        rows=[(record, records.slip(db(), record.id, now=now())) for record in found[:PER_PAGE]],
        text=text,
        state=state or "",
        kind=kind or "",
        batch=request.args.get("batch", ""),
        page=page,
        more=len(found) > PER_PAGE,
        types=CATALOGUE,
    )


@pages.get("/<record_id>")
@officer_only
def show(record_id: str) -> str:
    """Show a record: its facts, forms, slip, and what waits for a second officer."""
    record = records.get(db(), record_id)
    forms = records.forms(db(), record.id)
    subjects = {record.id, *(form.id for form in forms)}
    acts = [
        act for act in approval.listing(db(), state=None) if act.subject in subjects and act.kind in _KINDS
    ]
    return render_template(
        "issuer/record.html",
        record=record,
        forms=[(form, store_forms.kept_code(db(), form.id) is not None) for form in forms],
        slip=records.slip(db(), record.id, now=now()),
        waiting=[act for act in acts if act.state == "submitted"],
        history=[act for act in acts if act.state != "submitted"],
        batch=batches.get(db(), record.batch_id),
        display=CATALOGUE[record.credential_type].display,
        can_make=officers.MAKER in officer().roles,
    )


@pages.post("/<record_id>/revoke")
@officer_only
def revoke(record_id: str) -> Response:
    """Ask a second officer to revoke a record."""
    return _submit(record_id, "revoke", record_id, {"reason": request.form.get("reason", "")})


@pages.post("/<record_id>/slip")
@officer_only
def make_slip(record_id: str) -> Any:
    """Make the first slip of a record, and show its code and PIN this once."""
    record = records.get(db(), record_id)
    try:
        made = printing.single_slip(db(), parts(), record_id=record.id, actor=actor(), now=now())
    except IssuerError as error:
        session.say(error)
        return redirect(url_for("records.show", record_id=record.id), 303)
    code = printed_code.parse(made["link"].partition("#")[2], purpose="claim")
    opened = printing.opened(db(), made["slip_id"])
    sheet = SlipSheet(record, opened, code, made["pin"], made["link"], now() + offers.SLIP_SECONDS)
    return slips_page([sheet], back=url_for("records.show", record_id=record.id))


@pages.post("/<record_id>/reissue")
@officer_only
def reissue(record_id: str) -> Response:
    """Ask a second officer to void the slip and make a new one."""
    return _submit(record_id, "reissue-slip", record_id, {})


@pages.post("/<record_id>/forms/<form_id>/<any(withdraw, reprint):what>")
@officer_only
def change_form(record_id: str, form_id: str, what: str) -> Response:
    """Ask a second officer to withdraw one form, or to sign a paper form anew."""
    kind = {"withdraw": "withdraw-form", "reprint": "reprint"}[what]
    return _submit(record_id, kind, form_id, {"reason": request.form.get("reason", "")})


def _submit(record_id: str, kind: str, subject: str, arguments: dict[str, str]) -> Response:
    record: Record = records.get(db(), record_id)
    subject = record.id if subject == record_id else subject
    try:
        approval.submit(
            db(), parts(), actor=actor(), kind=kind, subject=subject, arguments=arguments, now=now()
        )
    except IssuerError as error:
        session.say(error)
    else:
        flash(gettext("已提交，等待另一位人员复核。"), "done")
    return redirect(url_for("records.show", record_id=record.id), 303)
