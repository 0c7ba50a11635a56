"""Every act that takes two officers, in one table, and the four things that may be done with one.

    approve-batch      subject: batch                              the batch is signed from now on
    revoke             subject: record      {"reason"}             every form of it, for good
    withdraw-form      subject: form        {"reason"}             this form only
    reprint            subject: paper form  {"reason"}             a new form and code, the old one withdrawn
    reissue-slip       subject: record                             a new slip, the old one void
    add-officer        subject: name        {"roles", "passphrase"}
    reset-passphrase   subject: name        {"passphrase"}
    end-conversion     subject: review      {"decision"}           see ``issuer.bank.reviews``
    and those of co-signing (``issuer.cosigning.acts``) and corrections (``issuer.correcting.acts``)

``issuer.four_eyes`` holds the rules that are the same for all of them. Passphrases are hashed when the act
is submitted, and the hash is dropped from the act when it is decided.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from issuer import (
    batches,
    four_eyes,
    institution,
    numbering,
    offers,
    officers,
    revocation,
    standing,
    status_lists,
    store_forms,
    store_officers,
    store_records,
)
from issuer.audit import Actor
from issuer.bank import reviews as bank_reviews
from issuer.correcting import acts as correcting_acts
from issuer.cosigning import acts as cosigning_acts
from issuer.errors import ConflictError, InvalidActError, UnknownError
from issuer.four_eyes import Act, Kind, Outcome, get, listing
from issuer.parts import Parts
from issuer.printing import slip_link

__all__ = ["KINDS", "Act", "Outcome", "approve", "get", "listing", "return_", "submit", "withdraw"]

Arguments = Mapping[str, Any]


def submit(
    db: Database,
    parts: Parts,
    *,
    actor: Actor,
    kind: str,
    subject: str,
    arguments: Arguments | None = None,
    now: int,
) -> str:
    """Submit an act for another officer to approve; see ``four_eyes.submit``.

    Returns:
        The act's id.
    """
    act_id = four_eyes.new_id(parts.random)
    return four_eyes.submit(
        db,
        KINDS,
        actor=actor,
        kind=kind,
        subject=subject,
        arguments=arguments or {},
        act_id=act_id,
        now=now,
    )


def approve(db: Database, parts: Parts, *, actor: Actor, act_ids: Sequence[str], now: int) -> list[Outcome]:
    """Approve acts of other officers, one or a list; see ``four_eyes.approve``.

    Bits that the acts set go into one new version of their lists before this returns; the worker, or
    ``vocred issuer anchor``, brings it to the ledger.
    """
    outcomes = four_eyes.approve(db, parts, KINDS, actor=actor, act_ids=act_ids, now=now)
    # A kill before this line leaves the lists marked as changed: the worker makes the same version.
    status_lists.prepare_changed(db, parts, now=now)
    return outcomes


def return_(db: Database, *, actor: Actor, act_id: str, note: str, now: int) -> None:
    """Send an act back to whoever submitted it; see ``four_eyes.return_``."""
    four_eyes.return_(db, KINDS, actor=actor, act_id=act_id, note=note, now=now)


def withdraw(db: Database, *, actor: Actor, act_id: str, now: int) -> None:
    """Take back an act of one's own; see ``four_eyes.withdraw``."""
    four_eyes.withdraw(db, KINDS, actor=actor, act_id=act_id, now=now)


def _check_batch(db: Database, subject: str, _arguments: Arguments) -> Arguments:
    counted = batches.counts(db, subject)
    if batches.get(db, subject).state != "draft":
        raise ConflictError("only a draft is submitted")
    if not counted.total:
        raise InvalidActError("no row of this batch can be signed")
    store_records.move_batch(db, subject, before=("draft",), after="submitted")
    return {"rows": counted.total}


def _approve_batch(db: Database, parts: Parts, act: Act, now: int) -> Arguments:
    batch = batches.get(db, act.subject)
    standing.require(db, batch.credential_type, now=now)
    key = institution.signing_key(db, parts.secret)
    moved = store_records.move_batch(
        db,
        act.subject,
        before=("submitted",),
        after="approved",
        checker=act.decided_by,
        approved_at=now,
        signer=key.verification_method,
    )
    if not moved:
        raise ConflictError("the batch is not waiting for approval")
    return {"numbered": numbering.assign(db, batch_id=act.subject, credential_type=batch.credential_type)}


def _return_batch(db: Database, act: Act) -> None:
    store_records.move_batch(db, act.subject, before=("submitted",), after="draft")


def _check_record(db: Database, subject: str, arguments: Arguments) -> Arguments:
    reason = revocation.check_reason(arguments)
    _require_valid_record(db, subject)
    return {"reason": reason}


def _revoke(db: Database, _parts: Parts, act: Act, now: int) -> Arguments:
    revocation.revoke(db, record_id=act.subject, reason=act.arguments["reason"], now=now)
    return {}


def _check_form(db: Database, subject: str, arguments: Arguments) -> Arguments:
    reason = revocation.check_reason(arguments)
    form = store_forms.form(db, subject)
    if form is None:
        raise UnknownError("no form of that id")
    if form["state"] != "valid":
        raise ConflictError("this form is withdrawn or revoked already")
    return {"reason": reason}


def _withdraw_form(db: Database, _parts: Parts, act: Act, now: int) -> Arguments:
    revocation.withdraw(db, form_id=act.subject, reason=act.arguments["reason"], now=now)
    return {}


def _check_reprint(db: Database, subject: str, arguments: Arguments) -> Arguments:
    reason = revocation.check_reason(arguments)
    form = store_forms.form(db, subject)
    if form is None:
        raise UnknownError("no form of that id")
    if form["kind"] != "paper":
        raise InvalidActError("only a paper form is printed again")
    if not revocation.may_be_signed_anew(form):
        raise ConflictError("this form is replaced or revoked already")
    return {"reason": reason}


def _reprint(db: Database, parts: Parts, act: Act, now: int) -> Arguments:
    fresh = revocation.sign_anew(db, parts, form_id=act.subject, reason=act.arguments["reason"], now=now)
    return {"form_id": fresh}


def _check_slip(db: Database, subject: str, _arguments: Arguments) -> Arguments:
    _require_valid_record(db, subject)
    return {}


def _reissue_slip(db: Database, parts: Parts, act: Act, now: int) -> Arguments:
    slip = offers.reissue(db, parts, record_id=act.subject, now=now)
    return {
        "slip_id": slip.id,
        "claim_code": slip.claim_code.grouped,
        "link": slip_link(parts, slip.claim_code),
        "pin": slip.pin,
        "expires_at": slip.expires_at,
    }


def _check_officer(db: Database, subject: str, arguments: Arguments) -> Arguments:
    officers.check_name(subject)
    if store_officers.officer(db, subject) is not None:
        raise ConflictError("an officer of that name exists")
    roles = officers.check_roles(arguments.get("roles") or ())
    return {"roles": roles, "passphrase_hash": officers.hash_passphrase(str(arguments.get("passphrase", "")))}


def _add_officer(db: Database, _parts: Parts, act: Act, now: int) -> Arguments:
    officers.add(
        db,
        actor=Actor(act.maker, "web"),
        name=act.subject,
        roles=act.arguments["roles"],
        passphrase_hash=act.arguments["passphrase_hash"],
        now=now,
    )
    return {}


def _check_reset(db: Database, subject: str, arguments: Arguments) -> Arguments:
    if store_officers.officer(db, subject) is None:
        raise UnknownError("no officer of that name")
    return {"passphrase_hash": officers.hash_passphrase(str(arguments.get("passphrase", "")))}


def _reset_passphrase(db: Database, _parts: Parts, act: Act, _now: int) -> Arguments:
    officers.reset(db, name=act.subject, passphrase_hash=act.arguments["passphrase_hash"])
    return {}


def _require_valid_record(db: Database, record_id: str) -> None:
    record = store_records.record(db, record_id)
    if record is None:
        raise UnknownError("no record of that id")
    if record["state"] != "valid":
        raise ConflictError("this record is revoked already")


KINDS: Mapping[str, Kind] = {
    "approve-batch": Kind(officers.MAKER, officers.CHECKER, _check_batch, _approve_batch, _return_batch),
    "revoke": Kind(officers.MAKER, officers.CHECKER, _check_record, _revoke),
    "withdraw-form": Kind(officers.MAKER, officers.CHECKER, _check_form, _withdraw_form),
    "reprint": Kind(officers.MAKER, officers.CHECKER, _check_reprint, _reprint),
    "reissue-slip": Kind(officers.MAKER, officers.CHECKER, _check_slip, _reissue_slip),
    "add-officer": Kind(officers.ADMINISTRATOR, officers.ADMINISTRATOR, _check_officer, _add_officer),
    "reset-passphrase": Kind(officers.ADMINISTRATOR, officers.ADMINISTRATOR, _check_reset, _reset_passphrase),
    **cosigning_acts.KINDS,
    **correcting_acts.KINDS,
    bank_reviews.ACT: bank_reviews.KIND,
}
"""Every kind of act that takes two officers."""
