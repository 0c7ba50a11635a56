"""Certificate records and their forms, to look at: the ledger of what this institution issued."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from issuer import store_claims, store_forms, store_records
from issuer.errors import ConflictError, UnknownError


@dataclass(frozen=True)
class Record:
    """An issued certificate, whatever its forms. Times are seconds."""

    id: str
    batch_id: str
    credential_type: str
    number: str
    achievement: str
    holder_name: str
    class_name: str
    fields: Mapping[str, str]
    created_at: int
    state: str
    reason: str | None
    revoked_at: int | None
    replaced_by: str | None


@dataclass(frozen=True)
class Form:
    """A signed form of a record.

    Attributes:
        id: Its identifier inside the issuer.
        record_id: Its record.
        kind: ``paper`` or ``ldp_vc``.
        state: ``valid``, ``withdrawn`` or ``revoked``.
        reason: Why it ended, or None.
        ended_at: When, or None.
        signed_at: When it was signed.
        anchored_at: When its receipt came into the store, or None.
        holder: The DID it is bound to, or None.
        digest: SHA-256 of the signed credential.
        list: Number of its status list.
        status_index: Its bit there.
        verification_method: The key that signed it.
        replaced_by: The form that took its place, or None.
    """

    id: str
    record_id: str
    kind: str
    state: str
    reason: str | None
    ended_at: int | None
    signed_at: int
    anchored_at: int | None
    holder: str | None
    digest: bytes
    list: int
    status_index: int
    verification_method: str
    replaced_by: str | None


@dataclass(frozen=True)
class Slip:
    """A claim slip; ``state`` is open, used, void or locked, or expired by the clock."""

    id: str
    record_id: str
    state: str
    created_at: int
    expires_at: int
    used_at: int | None
    wrong_pins: int


def get(db: Database, name: str) -> Record:
    """Return a record by its id or its certificate number.

    Raises:
        UnknownError: There is none.
        ConflictError: Several types have that number; use the id.
    """
    found = store_records.record(db, name.removeprefix("urn:uuid:"))
    if found is not None:
        return record_of(found)
    numbered = store_records.records_of_number(db, name)
    if not numbered:
        raise UnknownError("no record of that id or number")
    if len(numbered) > 1:
        raise ConflictError("several records have that number; name one by its id")
    return record_of(numbered[0])


def search(
    db: Database,
    *,
    text: str = "",
    credential_type: str | None = None,
    batch_id: str | None = None,
    state: str | None = None,
    offset: int = 0,
    limit: int = 50,
) -> list[Record]:
    """Return records whose number, name or class holds ``text``, newest first."""
    escaped = text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found = store_records.search_records(
        db,
        {
            "text": text.strip(),
            "like": f"%{escaped}%",
            "credential_type": credential_type,
            "batch_id": batch_id,
            "state": state,
            "offset": offset,
            "limit": limit,
        },
    )
    return [record_of(each) for each in found]


def forms(db: Database, record_id: str) -> list[Form]:
    """Return every form of a record, oldest first."""
    return [_form(found) for found in store_forms.forms(db, record_id)]


def form(db: Database, form_id: str) -> Form:
    """Return a form.

    Raises:
        UnknownError: There is none of that id.
    """
    found = store_forms.form(db, form_id)
    if found is None:
        raise UnknownError("no form of that id")
    return _form(found)


def slip(db: Database, record_id: str, *, now: int) -> Slip | None:
    """Return the slip by which a record is claimed, or None.

    A slip that was made for another certificate of the person counts; of a record that was claimed through
    one that opens more, the slip reads as used.
    """
    found = store_claims.slip_for(db, record_id)
    if found is None:
        return None
    used_at = store_claims.used_at(db, found["id"], record_id)
    if used_at is not None:
        found = {**found, "state": "used", "used_at": used_at}
    names = ("id", "record_id", "state", "created_at", "expires_at", "used_at", "wrong_pins")
    shown = {name: found[name] for name in names}
    if shown["state"] == "open" and shown["expires_at"] <= now:
        shown["state"] = "expired"
    return Slip(**shown)


def record_of(found: Mapping[str, Any]) -> Record:
    """Return the record that a row of the table is."""
    names = [name for name in Record.__dataclass_fields__ if name != "fields"]
    return Record(**{name: found[name] for name in names}, fields=store_records.fields_of(found))


def _form(found: Mapping[str, Any]) -> Form:
    return Form(**{name: found[name] for name in Form.__dataclass_fields__})
