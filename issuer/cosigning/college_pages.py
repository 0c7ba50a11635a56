"""The college's pages: drafts with their links, what came of them, and one record drafted by form."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from issuer import approval, batches
from issuer.batches import Batch
from issuer.clock import now
from issuer.cosigning import acts, drafting, store, words
from issuer.cosigning.api import network
from issuer.cosigning.drafting import Draft
from issuer.errors import IssuerError
from issuer.officers import MAKER
from issuer.records import Record
from issuer.views import session
from issuer.views.session import actor, db, officer, officer_only, parts
from schemas.catalogue import CATALOGUE
from web import qr

pages = Blueprint("cosigning", __name__, url_prefix="/cosigning")

PER_PAGE = 25
_STATES = ("waiting", "returned", "withdrawn", "endorsed")


@pages.get("")
@officer_only
def listing() -> str:
    """List the batches whose records enterprises endorse, with how far each has come."""
    listed = [batch for batch in batches.listing(db()) if _concerned(batch)]
    return render_template(
        "issuer/cosigning/listing.html",
        rows=[(batch, store.counts(db(), batch.id)) for batch in listed],
        types=CATALOGUE,
        can_make=MAKER in officer().roles,
    )


@pages.get("/batches/<batch_id>")
@officer_only
def show(batch_id: str) -> str:
    """Show the drafts of a batch: links and QR codes of those that wait, reasons of those that came back."""
    batch = batches.get(db(), batch_id)
    drafts, counted = drafting.listing(db(), parts(), batch_id=batch_id), store.counts(db(), batch_id)
    state = request.args.get("state", "")
    shown = [draft for draft in drafts if state not in _STATES or draft.state == state]
    page = session.page_number()
    visible = shown[(page - 1) * PER_PAGE : page * PER_PAGE]
    return render_template(
        "issuer/cosigning/batch.html",
        batch=batch,
        counts=counted,
        total=len(drafts),
        state=state if state in _STATES else "",
        tabs=[
            (
                words.draft_state(each),
                url_for("cosigning.show", batch_id=batch_id, state=each),
                counted.get(each, 0),
                each == state,
            )
            for each in _STATES
        ],
        rows=[(draft, _qr(draft)) for draft in visible],
        missing=drafting.missing(db(), batch_id),
        renewable=store.records_to_renew(db(), batch_id),
        page=page,
        more=len(shown) > page * PER_PAGE,
        display=CATALOGUE[batch.credential_type].display,
        can_make=MAKER in officer().roles,
    )


@pages.post("/batches/<batch_id>")
@officer_only
def cosign(batch_id: str) -> Response:
    """Make the drafts of a batch, and ask again where one was returned or its endorsement withdrawn."""
    try:
        drafts, refused = drafting.cosign(
            db(), parts(), network(), actor=actor(), batch_id=batch_id, now=now()
        )
    except IssuerError as error:
        session.say(error)
    else:
        waiting = sum(draft.state == "waiting" for draft in drafts)
        flash(gettext("%(n)s 份草稿等待企业会签，请把链接交给企业导师。", n=waiting), "done")
        for each in refused[:5]:
            flash(
                gettext("第 %(line)s 行没有生成草稿：企业未在联盟登记，或会签单位不对。", line=each.line),
                "warning",
            )
    return redirect(url_for("cosigning.show", batch_id=batch_id), 303)


@pages.post("/batches/<batch_id>/refresh")
@officer_only
def refresh(batch_id: str) -> Response:
    """Ask the enterprises' lists whether endorsements were withdrawn."""
    session.require_role(MAKER)
    ended = drafting.refresh(db(), network(), now=now())
    if ended:
        flash(gettext("%(n)s 份会签已被企业撤回。", n=len(ended)), "warning")
    else:
        flash(gettext("没有会签被撤回。"), "done")
    return redirect(url_for("cosigning.show", batch_id=batch_id), 303)


@pages.post("/records/<record_id>/renew")
@officer_only
def renew(record_id: str) -> Response:
    """Ask a second officer to sign a record anew with the endorsements that came since."""
    try:
        approval.submit(
            db(),
            parts(),
            actor=actor(),
            kind="renew-form",
            subject=record_id,
            arguments={"reason": acts.RENEWAL_REASON},
            now=now(),
        )
    except IssuerError as error:
        session.say(error)
    else:
        flash(gettext("已提交换发，等待另一位人员复核。"), "done")
    return redirect(url_for("records.show", record_id=record_id), 303)


def of_batch(batch: Batch) -> dict[str, Any] | None:
    """Return how many endorsements a batch lacks, for its page; None where none of its rows needs one."""
    if not _concerned(batch) or batch.state == "discarded":
        return None
    missing, counts = drafting.missing(db(), batch.id), store.counts(db(), batch.id)
    if not missing and not counts:
        return None
    return {
        "missing": missing,
        "counts": counts,
        "renewable": len(store.records_to_renew(db(), batch.id)),
    }


def of_record(record: Record) -> dict[str, Any] | None:
    """Return how a record's endorsements stand, for its page; None where its type needs none."""
    if not drafting.needs_endorsement(record.credential_type):
        return None
    return {
        "drafts": drafting.listing(db(), parts(), record_id=record.id),
        "renewable": record.state == "valid" and bool(store.missing_in_paper(db(), record.id)),
    }


def waiting() -> int:
    """Return how many drafts wait for an enterprise, for the workbench."""
    return store.counts(db()).get("waiting", 0)


def _concerned(batch: Batch) -> bool:
    return drafting.needs_endorsement(batch.credential_type) and batch.state != "discarded"


def _qr(draft: Draft) -> Any:
    return None if draft.link is None else qr.svg(draft.link, label=gettext("会签链接的二维码"))
