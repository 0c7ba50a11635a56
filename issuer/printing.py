"""What goes to the printer: certificates with their codes, and claim slips with their PINs.

Printing opens once every form of a batch is anchored and in the anchored index: a code on paper can then
always be told from an invented one. Codes are kept wrapped until the batch is marked printed, and then
forgotten; a reprint afterwards signs a new form. A slip that is printed once more before its batch is
marked gets a new PIN: the PIN is known to nobody but the strip.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from issuer import audit, batches, offers, officers, records, store_claims, store_forms, store_records
from issuer.audit import Actor
from issuer.errors import PrintingClosedError, UnknownError
from issuer.issuance import CODE_PURPOSE
from issuer.offers import CLAIM_PURPOSE
from issuer.parts import Parts
from issuer.records import Record
from vc import printed_code
from vc.form_store import open_form
from vc.printed_code import PrintedCode
from web.database import transaction


@dataclass(frozen=True)
class Sheet:
    """One certificate to print.

    Attributes:
        record: The record.
        form_id: The paper form.
        code: Its printed code.
        credential: The signed paper form; the sheet prints nothing that is not in it.
        digest: SHA-256 of the form; its first 12 hexadecimal digits stand in the footer.
    """

    record: Record
    form_id: str
    code: PrintedCode
    credential: dict[str, Any]
    digest: bytes


@dataclass(frozen=True)
class SlipSheet:
    """One claim slip to print, and the PIN for its separate strip.

    Attributes:
        record: The record that it was made for.
        opened: Every record that it opens now, that one first.
        claim_code: The code.
        pin: Six digits, for the strip.
        link: What its QR leads to.
        expires_at: When it ends, in seconds.
    """

    record: Record
    opened: Sequence[Record]
    claim_code: PrintedCode
    pin: str
    link: str
    expires_at: int


def require_open(db: Database, batch_id: str) -> None:
    """Check that a batch may be printed.

    Raises:
        PrintingClosedError: It is not yet issued, anchored and indexed, or nothing in it was signed.
    """
    if not batches.progress(db, batch_id).printable:
        raise PrintingClosedError("the batch is not anchored and indexed yet")


def certificates(
    db: Database, parts: Parts, *, batch_id: str, actor: Actor, now: int, offset: int = 0, limit: int = 50
) -> list[Sheet]:
    """Return certificates of a batch with their codes, in the file's order.

    Raises:
        ForbiddenError: The actor is no officer who makes or checks.
        PrintingClosedError: See ``require_open``.
    """
    require_open(db, batch_id)
    with transaction(db):
        _require_officer(db, actor)
        kept = store_forms.codes_to_print(db, batch_id, offset=offset, limit=limit)
        audit.write(
            db,
            actor=actor,
            action="certificates opened for printing",
            subject=batch_id,
            now=now,
            sheets=len(kept),
        )
    return [_sheet(db, parts, each["form_id"], bytes(each["wrapped"])) for each in kept]


def certificate(db: Database, parts: Parts, *, form_id: str, actor: Actor, now: int) -> Sheet:
    """Return one certificate with its code: after a reprint, or before the batch is marked printed.

    Raises:
        UnknownError: No such form, or its code is forgotten.
        PrintingClosedError: The form is not anchored and indexed yet.
    """
    form = records.form(db, form_id)
    wrapped = store_forms.kept_code(db, form_id)
    if wrapped is None or form.state != "valid":
        raise UnknownError("the code of this form is no longer kept; a reprint signs a new one")
    if form.anchored_at is None or not store_forms.form_indexed(db, form_id):
        raise PrintingClosedError("the form is not anchored and indexed yet")
    with transaction(db):
        _require_officer(db, actor)
        audit.write(db, actor=actor, action="certificate opened for printing", subject=form_id, now=now)
    return _sheet(db, parts, form_id, wrapped)


def mark_printed(db: Database, *, actor: Actor, batch_id: str, now: int) -> None:
    """Say that a batch is on paper: its codes are forgotten."""
    require_open(db, batch_id)
    with transaction(db):
        _require_officer(db, actor)
        store_records.mark_batch(db, batch_id, "printed_at", now)
        forgotten = store_forms.forget_codes(db, batch_id)
        audit.write(db, actor=actor, action="batch printed", subject=batch_id, now=now, codes=forgotten)


def mark_form_printed(db: Database, *, actor: Actor, form_id: str, now: int) -> None:
    """Say that a single certificate, such as a reprint, is on paper: its code is forgotten."""
    with transaction(db):
        _require_officer(db, actor)
        store_forms.forget_code(db, form_id)
        audit.write(db, actor=actor, action="certificate printed", subject=form_id, now=now)


def slips(db: Database, parts: Parts, *, batch_id: str, actor: Actor, now: int) -> list[SlipSheet]:
    """Return claim slips of a batch, by class, making those that are missing; every PIN is new.

    One for each person: certificates of the same person share it, also those of other batches. A record
    whose slip was used, locked or voided gets none here: re-issuing takes two officers.

    Raises:
        ForbiddenError: The actor is no officer who makes or checks.
    """
    with transaction(db):
        _require_officer(db, actor)
        if batches.get(db, batch_id).slips_printed_at is None:
            for record_id in _first_of_each(store_claims.records_without_slip(db, batch_id, now=now)):
                offers.create(db, parts, record_id=record_id, now=now)
        printed = [_slip(db, parts, found) for found in store_claims.slips_to_print(db, batch_id)]
        audit.write(
            db, actor=actor, action="slips opened for printing", subject=batch_id, now=now, slips=len(printed)
        )
    return printed


def opened(db: Database, slip_id: str) -> list[Record]:
    """Return the records that a slip still opens, that which it was made for first."""
    return [records.record_of(found) for found in store_claims.claimable(db, slip_id)]


def on_other_slips(db: Database, batch_id: str) -> int:
    """Return how many certificates of a batch are opened by slips of other batches."""
    return store_claims.records_on_other_slips(db, batch_id)


def _first_of_each(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one record of each person: its slip opens the others as well."""
    first = {each["holder_key"] or each["id"]: each["id"] for each in reversed(found)}
    return [each["id"] for each in found if first[each["holder_key"] or each["id"]] == each["id"]]


def single_slip(db: Database, parts: Parts, *, record_id: str, actor: Actor, now: int) -> dict[str, Any]:
    """Make the first slip of one record, as an officer hands it over.

    Returns:
        ``slip_id``, ``link`` and ``pin``.
    """
    with transaction(db):
        _require_officer(db, actor)
        slip = offers.create(db, parts, record_id=record_id, now=now)
        audit.write(db, actor=actor, action="slip made", subject=record_id, now=now)
    return {"slip_id": slip.id, "link": slip_link(parts, slip.claim_code), "pin": slip.pin}


def mark_slips_printed(db: Database, *, actor: Actor, batch_id: str, now: int) -> None:
    """Say that the slips of a batch are on paper: their codes are forgotten, the PINs stay as printed."""
    with transaction(db):
        _require_officer(db, actor)
        store_records.mark_batch(db, batch_id, "slips_printed_at", now)
        forgotten = store_claims.forget_claim_codes(db, batch_id)
        audit.write(db, actor=actor, action="slips printed", subject=batch_id, now=now, codes=forgotten)


def slip_link(parts: Parts, code: PrintedCode) -> str:
    """Return the link on a slip: the code stands in the fragment, which no server sees."""
    return f"{parts.settings.url}/O#{code.text}"


def _slip(db: Database, parts: Parts, found: dict[str, Any]) -> SlipSheet:
    pin = offers.draw_pin(parts)
    store_claims.set_pin(db, found["id"], offers.hash_pin(parts, found["id"], pin))
    text = parts.secret.unwrap(bytes(found["wrapped"]), purpose=CLAIM_PURPOSE, owner=found["id"])
    code = printed_code.parse(text.decode(), purpose="claim")
    record = records.get(db, found["record_id"])
    link = slip_link(parts, code)
    return SlipSheet(record, opened(db, found["id"]) or [record], code, pin, link, found["expires_at"])


def _sheet(db: Database, parts: Parts, form_id: str, wrapped: bytes) -> Sheet:
    form = records.form(db, form_id)
    text = parts.secret.unwrap(wrapped, purpose=CODE_PURPOSE, owner=form_id)
    code = printed_code.parse(text.decode(), purpose="certificate")
    blob = store_forms.sealed_form(db, form_id)
    assert blob is not None  # written in the transaction that wrote the form
    credential = json.loads(open_form(blob, code=code))
    return Sheet(records.get(db, form.record_id), form_id, code, credential, form.digest)


def _require_officer(db: Database, actor: Actor) -> None:
    officer = officers.load(db, actor.name)
    role = officers.MAKER if officer is None or officers.CHECKER not in officer.roles else officers.CHECKER
    officers.require(db, actor, role)
