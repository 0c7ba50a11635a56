"""Ending what was issued: a record for good, or one form of it; and signing a form anew.

Claim and revoke take the same lock, the database's one writer: whichever commits first, the other sees it.
Revoking ends every form of the record, whatever its list, and its slips, unless they open something else. The
bits reach the lists with the next publication (``issuer.status_lists``), which holds all of them in one
``status`` statement. A withdrawn form says nothing against the certificate: another form of it stands or
follows.
"""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from issuer import issuance, signing, standing, store_claims, store_forms, store_ledger, store_records
from issuer.errors import ConflictError, ReasonRequiredError, UnknownError
from issuer.parts import Parts
from vc.notices import REASONS

__all__ = ["REASONS", "check_reason", "may_be_signed_anew", "revoke", "sign_anew", "withdraw"]


def check_reason(arguments: Mapping[str, Any]) -> str:
    """Return the reason code among an act's arguments.

    Raises:
        ReasonRequiredError: There is none, or it is not one of ``REASONS``.
    """
    reason = arguments.get("reason")
    if reason not in REASONS:
        raise ReasonRequiredError("a reason is one of: " + ", ".join(REASONS))
    return str(reason)


def revoke(db: Database, *, record_id: str, reason: str, now: int) -> None:
    """Revoke a record with all its forms, inside the caller's transaction. It is never taken back.

    Raises:
        UnknownError: No such record.
        ConflictError: It is revoked already, or the final list is published.
    """
    for form in store_forms.forms(db, record_id):
        _check_open(db, form["list"])
    if store_records.record(db, record_id) is None:
        raise UnknownError("no record of that id")
    if not store_records.revoke_record(db, record_id, reason=reason, at=now):
        raise ConflictError("this record is revoked already")
    for number in store_forms.end_forms(db, record_id, reason=reason, at=now):
        store_ledger.mark_list(db, number, at=now)
    store_claims.void_useless_slips(db, record_id)


def withdraw(
    db: Database, *, form_id: str, reason: str, now: int, replaced_by: str | None = None
) -> dict[str, Any]:
    """Withdraw one form, inside the caller's transaction; the record stands.

    Returns:
        The form's row.

    Raises:
        UnknownError: No such form.
        ConflictError: It is withdrawn or revoked already, or the final list is published.
    """
    form = store_forms.form(db, form_id)
    if form is None:
        raise UnknownError("no form of that id")
    _check_open(db, form["list"])
    if not store_forms.withdraw_form(db, form_id, reason=reason, at=now, replaced_by=replaced_by):
        raise ConflictError("this form is withdrawn or revoked already")
    store_forms.forget_code(db, form_id)
    store_ledger.mark_list(db, form["list"], at=now)
    return form


def _check_open(db: Database, number: int) -> None:
    """Refuse what would never reach a list: no version follows the final one of an issuer that closed."""
    if store_ledger.is_final(db, f"status/{number}"):
        raise ConflictError("this issuer is closed, and its final status list is published")


def may_be_signed_anew(form: Mapping[str, Any]) -> bool:
    """Whether another form may take the place of one: it is valid, or withdrawn and not replaced yet."""
    return form["state"] == "valid" or (form["state"] == "withdrawn" and form["replaced_by"] is None)


def sign_anew(db: Database, parts: Parts, *, form_id: str, reason: str, now: int) -> str:
    """Sign another paper form under a fresh code, inside the caller's transaction; the old one ends.

    It may have been withdrawn before, when nobody asked for another one yet. The new code is kept wrapped
    until the paper is printed: once the form is anchored and indexed.

    Returns:
        The new form's id.

    Raises:
        UnknownError: No such form.
        ConflictError: Another form took its place, or the record is revoked.
        NotAccreditedError: The registry gives no grant for the type now.
    """
    form = store_forms.form(db, form_id)
    if form is None or form["kind"] != signing.PAPER:
        raise UnknownError("no paper form of that id")
    record = store_records.record(db, form["record_id"])
    assert record is not None  # foreign key
    if record["state"] != "valid":
        raise ConflictError("the record is revoked")
    if not may_be_signed_anew(form):
        raise ConflictError("this form is replaced or revoked already")
    standing.require(db, record["credential_type"], now=now)
    sealed = _new_paper_form(db, parts, record, now=now)
    if form["state"] == "valid":
        withdraw(db, form_id=form_id, reason=reason, now=now, replaced_by=sealed.form.id)
    else:
        store_forms.replace_withdrawn_form(db, form_id, replaced_by=sealed.form.id)
    issuance.store_sealed(db, parts, record_id=record["id"], sealed=sealed, now=now)
    return sealed.form.id


def _new_paper_form(db: Database, parts: Parts, record: Mapping[str, Any], *, now: int) -> signing.SealedForm:
    ready = issuance.press(db, parts, now=now)
    (slot,) = signing.draw_slots(db, count=1, random=parts.random, now=now)
    form = ready.sign(
        store_records.fields_of(record),
        credential_type=record["credential_type"],
        record_id=record["id"],
        slot=slot,
    )
    return ready.seal(form)
