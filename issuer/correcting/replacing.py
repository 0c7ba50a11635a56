"""更正重发: a new record takes an old one's place, in one transaction.

    1 the new values are the old ones with what was wrong changed; award date and number stay unless they
      were what was wrong
    2 the old record is revoked (录入错误更正), and names the new one: its notices carry the new id
    3 the new record gets a paper form under a fresh code, and a claim slip

The new record stands in the old one's batch row: it came from there. What an officer types of a person's
document is never kept: its last four characters stay, and a keyed hash.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from crypto.errors import CryptoError
from issuer import batches, issuance, offers, revocation, signing, standing, store_records
from issuer.correcting import store
from issuer.errors import ConflictError, InvalidActError, UnknownError
from issuer.importing.columns import column_map, column_words
from issuer.parts import Parts
from issuer.printing import slip_link
from issuer.signing import SealedForm
from schemas.errors import BundleError
from vc.errors import VcError

REASON = "录入错误更正"
MOST_CHANGES = 40
MOST_CHARS = 300

_FIXED = frozenset({"type", "map"})
_DOCUMENT = "idNumber"
_TAIL = 4
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Correction:
    """What is to be changed, ready to be kept in an act.

    Attributes:
        changes: New values by column key; an empty one takes the value away.
        holder_key: The person's key where the document changed, else empty.
        batch: The batch whose row brings the new content, or empty.
        position: That row.
    """

    changes: Mapping[str, str]
    holder_key: str = ""
    batch: str = ""
    position: int = 0

    def to_arguments(self) -> dict[str, Any]:
        """Return what the act keeps, without members that say nothing."""
        kept: dict[str, Any] = {"changes": dict(self.changes)}
        if self.holder_key:
            kept["holder_key"] = self.holder_key
        if self.batch:
            kept |= {"batch": self.batch, "position": self.position}
        return kept


@dataclass(frozen=True)
class Difference:
    """One value that a correction changes.

    Attributes:
        key: The column's key.
        label: What people call it, by ``zh-CN`` and ``en``.
        before: As it was issued.
        after: As it will read.
    """

    key: str
    label: Mapping[str, str]
    before: str
    after: str


def prepare(
    db: Database,
    parts: Parts,
    *,
    record_id: str,
    wanted: Mapping[str, str],
    batch: str = "",
    position: int = 0,
) -> Correction:
    """Compare the wanted values with the issued ones, and build the corrected certificate once on trial.

    Args:
        db: The connection.
        parts: The collaborators.
        record_id: The record.
        wanted: Values by column key; keys that are absent stay as they are.
        batch: The batch whose row brings them, where an import did.
        position: That row.

    Raises:
        UnknownError: No such record.
        ConflictError: It is revoked already.
        InvalidActError: Nothing changes, a key is unknown, or the certificate would be incomplete.
    """
    record = _valid(db, record_id)
    before = store_records.fields_of(record)
    known = editable(before)
    changes: dict[str, str] = {}
    holder_key = ""
    for key, text in wanted.items():
        value = _checked(key, text, known=known)
        if key == _DOCUMENT and len(value) > _TAIL:
            holder_key = batches.holder_key(parts, value)
            value = value[-_TAIL:]
        if value != before.get(key, ""):
            changes[key] = value
        elif key == _DOCUMENT and holder_key and holder_key != record["holder_key"]:
            # Another document that happens to end alike: the person changes though no digit is seen to.
            changes[key] = value
    if not changes:
        raise InvalidActError("nothing of what was issued changes")
    if _DOCUMENT not in changes:
        holder_key = ""
    correction = Correction(changes, holder_key, batch, position)
    press = issuance.press(db, parts, now=0)
    _sign(press, record, corrected(before, changes), record_id=record_id, slot=_TRIAL)
    return correction


def editable(fields: Mapping[str, str]) -> list[str]:
    """Return the column keys that may be corrected in a record, in the order of its columns."""
    name = fields.get("map", "")
    try:
        columns = [column.key for column in column_map(name).columns if column.issued or column.key in fields]
    except KeyError:
        columns = []
    listed = [*columns, *(key for key in fields if key not in columns)]
    return [key for key in listed if key not in _FIXED]


def label(fields: Mapping[str, str], key: str) -> Mapping[str, str]:
    """Return what people call a column of a record's map."""
    name = fields.get("map", "")
    try:
        column = column_map(name).column(key)
        english = column_words(name, key).english
    except KeyError:
        column, english = None, key
    return {"zh-CN": key if column is None else column.header, "en": english}


def differences(db: Database, record_id: str, changes: Mapping[str, str]) -> list[Difference]:
    """Return what a correction changes, for the officer who checks it."""
    record = store_records.record(db, record_id)
    if record is None:
        return []
    before = store_records.fields_of(record)
    return [Difference(key, label(before, key), before.get(key, ""), text) for key, text in changes.items()]


def corrected(fields: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """Return the values of the new record."""
    return {key: text for key, text in {**fields, **changes}.items() if text}


def replace(
    db: Database, parts: Parts, *, record_id: str, arguments: Mapping[str, Any], by: str, now: int
) -> dict[str, Any]:
    """Put a corrected record in a record's place, inside the caller's transaction.

    Args:
        db: The connection, in a transaction.
        parts: The collaborators.
        record_id: The record that was wrong.
        arguments: What ``Correction.to_arguments`` gave.
        by: The officer who approved.
        now: Seconds since 1970.

    Returns:
        The new record's id and form, and its slip with code and PIN, to be shown once.

    Raises:
        ConflictError: The record is revoked already.
        DuplicateCredentialError: Another record has the new number.
        NotAccreditedError: The registry gives no grant for the type now.
        InvalidActError: The certificate would be incomplete.
    """
    record = _valid(db, record_id)
    standing.require(db, record["credential_type"], now=now)
    fields = corrected(store_records.fields_of(record), arguments["changes"])
    fresh_id = batches.new_id(parts.random)
    press = issuance.press(db, parts, now=now)
    (slot,) = signing.draw_slots(db, count=1, random=parts.random, now=now)
    form = _sign(press, record, fields, record_id=fresh_id, slot=slot)
    revocation.revoke(db, record_id=record_id, reason=REASON, now=now)
    store.replace_record(db, record_id, by=fresh_id)
    values = _new_record(db, record, fields, arguments, form=form, fresh_id=fresh_id, now=now)
    issuance.check_new_record(
        db,
        record_id=fresh_id,
        credential_type=values["credential_type"],
        number=values["number"],
        person_key=values["person_key"],
        achievement=values["achievement"],
    )
    store_records.add_record(db, values)
    sealed: SealedForm = press.seal(form)
    issuance.store_sealed(db, parts, record_id=fresh_id, sealed=sealed, now=now)
    slip = offers.create(db, parts, record_id=fresh_id, now=now)
    store.answer_open(db, record_id, state="corrected", by=by, at=now)
    return {
        "record": fresh_id,
        "form_id": form.id,
        "slip_id": slip.id,
        "claim_code": slip.claim_code.grouped,
        "link": slip_link(parts, slip.claim_code),
        "pin": slip.pin,
        "expires_at": slip.expires_at,
    }


def _new_record(
    db: Database,
    record: Mapping[str, Any],
    fields: Mapping[str, str],
    arguments: Mapping[str, Any],
    *,
    form: signing.SignedForm,
    fresh_id: str,
    now: int,
) -> dict[str, Any]:
    row = store.batch_row(db, arguments.get("batch", ""), int(arguments.get("position", 0)))
    source = record if row is None else row
    other_person = bool(arguments.get("holder_key"))
    return {
        "id": fresh_id,
        "batch_id": record["batch_id"],
        "position": record["position"],
        "credential_type": record["credential_type"],
        "number": fields.get("certNo") or record["number"],
        # The key of person and achievement cannot be told from four characters; the number finds the record.
        "person_key": "" if other_person and row is None else source["person_key"],
        "holder_key": arguments.get("holder_key") or source["holder_key"],
        "achievement": signing.achievement_key(json.loads(form.secured)),
        "holder_name": fields.get("name", ""),
        "class_name": record["class_name"],
        "fields": dict(fields),
        "content_digest": bytes(source["content_digest"]),
        "created_at": now,
    }


def _sign(
    press: signing.Press,
    record: Mapping[str, Any],
    fields: Mapping[str, str],
    *,
    record_id: str,
    slot: signing.Slot,
) -> signing.SignedForm:
    try:
        return press.sign(fields, credential_type=record["credential_type"], record_id=record_id, slot=slot)
    except (VcError, CryptoError, BundleError) as error:
        raise InvalidActError(f"the corrected certificate cannot be signed: {error}") from error


_TRIAL = signing.Slot(1, 0, "urn:uuid:00000000-0000-4000-8000-000000000000")
"""A place on a list for a form that is built on trial and thrown away."""


def _valid(db: Database, record_id: str) -> dict[str, Any]:
    record = store_records.record(db, record_id)
    if record is None:
        raise UnknownError("no record of that id")
    if record["state"] != "valid":
        raise ConflictError("this record is revoked already")
    return record


def _checked(key: str, text: str, *, known: list[str]) -> str:
    if key not in known:
        raise InvalidActError("there is no such value in this record")
    value = text.strip()
    if len(value) > MOST_CHARS or _CONTROL.search(value):
        raise InvalidActError(f"a value has at most {MOST_CHARS} plain characters")
    return value
