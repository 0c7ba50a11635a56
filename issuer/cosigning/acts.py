"""The acts of this part that take two officers.

withdraw-endorsement   subject: endorsement given   {"reason"}   the enterprise's; its status bit is set
renew-form             subject: record              {"reason"}   the college's: the record is signed anew
                                                    with the endorsements that came since; a new slip
"""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from issuer import offers, officers, printing, revocation, store_forms, store_records
from issuer.cosigning import endorsing, store
from issuer.errors import ConflictError, UnknownError
from issuer.four_eyes import Act, Kind
from issuer.parts import Parts
from issuer.signing import PAPER

Arguments = Mapping[str, Any]

RENEWAL_REASON = "持有人申请"
"""Why the earlier paper form ends: nothing was wrong with it; the new one serves its holder better."""

WITHDRAWAL_REASON = "机构撤销"


def _check_withdrawal(db: Database, subject: str, arguments: Arguments) -> Arguments:
    reason = revocation.check_reason(arguments)
    found = store.given(db, subject)
    if found is None:
        raise UnknownError("no endorsement of that id was given here")
    if found["state"] != "valid":
        raise ConflictError("this endorsement is withdrawn already")
    return {"reason": reason}


def _withdraw(db: Database, _parts: Parts, act: Act, now: int) -> Arguments:
    endorsing.withdraw(db, endorsement_id=act.subject, reason=act.arguments["reason"], now=now)
    return {}


def _check_renewal(db: Database, subject: str, arguments: Arguments) -> Arguments:
    reason = revocation.check_reason(arguments)
    record = store_records.record(db, subject)
    if record is None:
        raise UnknownError("no record of that id")
    if record["state"] != "valid":
        raise ConflictError("this record is revoked already")
    if not store.missing_in_paper(db, subject):
        raise ConflictError("its paper form carries every endorsement that there is")
    _paper(db, subject)
    return {"reason": reason}


def _renew(db: Database, parts: Parts, act: Act, now: int) -> Arguments:
    if not store.missing_in_paper(db, act.subject):
        raise ConflictError("its paper form carries every endorsement that there is")
    form_id = revocation.sign_anew(
        db, parts, form_id=_paper(db, act.subject), reason=act.arguments["reason"], now=now
    )
    # The holder claims once more: a wallet's form without the endorsement stays valid, but incomplete.
    if not offers.had_slip(db, act.subject):
        slip = offers.create(db, parts, record_id=act.subject, now=now)
    else:
        slip = offers.reissue(db, parts, record_id=act.subject, now=now)
    return {
        "form_id": form_id,
        "slip_id": slip.id,
        "claim_code": slip.claim_code.grouped,
        "link": printing.slip_link(parts, slip.claim_code),
        "pin": slip.pin,
        "expires_at": slip.expires_at,
    }


def _paper(db: Database, record_id: str) -> str:
    """Return the paper form that another one takes the place of: the valid one, else one not yet replaced."""
    papers = [form for form in store_forms.forms(db, record_id) if form["kind"] == PAPER]
    for form in reversed(papers):
        if revocation.may_be_signed_anew(form):
            return str(form["id"])
    raise ConflictError("the record has no paper form that could be signed anew")


KINDS: Mapping[str, Kind] = {
    "withdraw-endorsement": Kind(officers.MAKER, officers.CHECKER, _check_withdrawal, _withdraw),
    "renew-form": Kind(officers.MAKER, officers.CHECKER, _check_renewal, _renew),
}
