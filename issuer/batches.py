"""Batches: the checked rows of one file, from their draft to the printed certificates.

    draft -> submitted -> approved [-> paused -> approved] -> issued;   draft -> discarded

A returned batch is a draft again. While it is ``approved`` its rows are being signed (``issuer.issuance``).
The uploaded file is kept sealed, so that refused rows can go back as the same file, and is forgotten thirty
days after the batch was issued. Of a person's document a row keeps the last four characters, and a keyed
hash (``Secret.person_key``) that recognises the person in another file.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from issuer import audit, officers, store_records
from issuer.audit import Actor
from issuer.errors import ConflictError, InvalidActError, UnknownError
from issuer.importing.model import CheckedRow, Finding, ImportCheck, IssuedLookup, IssuedRecord
from issuer.parts import Parts
from schemas.catalogue import CATALOGUE
from web.database import transaction

MOST_ROWS = 20_000
SOURCE_DAYS = 30
_SOURCE_PURPOSE = "source"
_NUMBER_KEY = "number:"
_HOLDER_KEY = "holder:"
_TAIL = 4
_NOT_KEPT = frozenset({"seq"})
_DOCUMENT_COLUMNS = frozenset({"证件号码", "身份证号"})
_ALL_STATES = ("draft", "submitted", "approved", "paused", "issued", "discarded")


@dataclass(frozen=True)
class NewRow:
    """A checked row of a file.

    Attributes:
        line: Its line in the file, as a spreadsheet counts.
        pile: ``ready``, ``confirm``, ``refused`` or ``skipped``.
        fields: What ``schemas.building`` makes the credential of, by column key; ``idNumber`` holds the last
            four characters only.
        findings: What importing found, for the officer's page.
        number: The certificate number.
        person_key: See ``Secret.person_key``; empty where the row has no document.
        content_digest: What tells whether the same row comes again, 32 bytes.
        class_name: How slips are sorted, or empty.
        holder_key: Keyed hash of the person's document alone, whatever the certificate; empty where the row
            has none. Records that share it share a slip.
    """

    line: int
    pile: str
    fields: Mapping[str, str]
    findings: Sequence[Mapping[str, Any]] = ()
    number: str = ""
    person_key: str = ""
    content_digest: bytes = bytes(32)
    class_name: str = ""
    holder_key: str = ""


@dataclass(frozen=True)
class BatchRow:
    """A row as it is kept; ``state`` is waiting, signed or failed, ``problem`` the code of what failed."""

    batch_id: str
    position: int
    line: int
    pile: str
    confirmed: bool
    number: str
    person_key: str
    content_digest: bytes
    class_name: str
    holder_key: str
    fields: Mapping[str, str]
    findings: Sequence[Mapping[str, Any]]
    state: str
    problem: str | None
    record_id: str | None


@dataclass(frozen=True)
class Batch:
    """A batch without its rows. Times are seconds; ``problem`` says why it paused."""

    id: str
    credential_type: str
    source_name: str
    report: Mapping[str, Any]
    maker: str
    created_at: int
    state: str
    checker: str | None
    approved_at: int | None
    signer: str | None
    problem: str | None
    issued_at: int | None
    printed_at: int | None
    slips_printed_at: int | None


@dataclass(frozen=True)
class Counts:
    """Rows by pile and state, and the paper forms that exist, are anchored, are in the anchored index."""

    ready: int
    confirm: int
    confirmed: int
    refused: int
    skipped: int
    signed: int
    failed: int
    forms: int
    anchored: int
    indexed: int
    claimed: int

    @property
    def total(self) -> int:
        """How many rows are to be signed, have been, or failed."""
        return self.ready + self.confirmed


@dataclass(frozen=True)
class Progress:
    """How far a batch has come; everything is read from the database, so a closed tab loses nothing."""

    state: str
    problem: str | None
    total: int
    signed: int
    failed: int
    anchored: int
    indexed: int

    @property
    def remaining(self) -> int:
        """Rows that are still to be signed."""
        return self.total - self.signed - self.failed

    @property
    def printable(self) -> bool:
        """Whether every form is anchored and in the anchored index."""
        return self.state == "issued" and self.signed > 0 and self.anchored == self.indexed == self.signed


def create(
    db: Database,
    parts: Parts,
    *,
    actor: Actor,
    credential_type: str,
    rows: Sequence[NewRow],
    source_name: str,
    source: bytes,
    report: Mapping[str, Any],
    now: int,
) -> str:
    """Make a draft of a checked file.

    Args:
        db: The connection.
        parts: The collaborators.
        actor: The officer, a maker.
        credential_type: A name of ``schemas.catalogue.CATALOGUE``.
        rows: Every row, whatever its pile.
        source_name: The file's name, for people.
        source: The file's bytes.
        report: Counts and what was found in the file as a whole; no claims.
        now: Seconds since 1970.

    Returns:
        The batch's id.

    Raises:
        ForbiddenError: The officer is no maker.
        InvalidActError: No such type, or too many rows.
    """
    if credential_type not in CATALOGUE:
        raise InvalidActError("no credential type of that name")
    if len(rows) > MOST_ROWS:
        raise InvalidActError(f"a batch has at most {MOST_ROWS} rows; split the file")
    batch_id = f"batch-{parts.random(6).hex()}"
    with transaction(db):
        officers.require(db, actor, officers.MAKER)
        store_records.add_batch(
            db,
            {
                "id": batch_id,
                "credential_type": credential_type,
                "source_name": source_name[:200],
                "source_digest": hashlib.sha256(source).digest(),
                "source": parts.secret.wrap(source, purpose=_SOURCE_PURPOSE, owner=batch_id),
                "report": dict(report),
                "maker": actor.name,
                "created_at": now,
                "state": "draft",
            },
        )
        for position, new in enumerate(rows):
            store_records.add_batch_row(
                db,
                {
                    "batch_id": batch_id,
                    "position": position,
                    "line": new.line,
                    "pile": new.pile,
                    "number": new.number,
                    "person_key": new.person_key,
                    "content_digest": new.content_digest,
                    "class_name": new.class_name,
                    "holder_key": new.holder_key,
                    "record_id": new_id(parts.random) if new.pile in ("ready", "confirm") else None,
                    "fields": dict(new.fields),
                    "findings": [dict(finding) for finding in new.findings],
                },
            )
        audit.write(db, actor=actor, action="batch imported", subject=batch_id, now=now, rows=len(rows))
    return batch_id


def get(db: Database, batch_id: str) -> Batch:
    """Return a batch.

    Raises:
        UnknownError: There is none of that id.
    """
    found = store_records.batch(db, batch_id)
    if found is None:
        raise UnknownError("no batch of that id")
    return _batch(found)


def listing(db: Database, states: Sequence[str] = _ALL_STATES) -> list[Batch]:
    """Return the batches in some states, newest first."""
    return [_batch(found) for found in store_records.batches(db, states)]


def rows(
    db: Database, batch_id: str, *, pile: str | None = None, offset: int = 0, limit: int = 100
) -> list[BatchRow]:
    """Return rows of a batch in the file's order, of one pile or of all."""
    found = store_records.batch_rows(db, batch_id, pile=pile, offset=offset, limit=limit)
    return [_row(each) for each in found]


def counts(db: Database, batch_id: str) -> Counts:
    """Count a batch's rows and forms."""
    return Counts(**store_records.counts(db, batch_id))


def progress(db: Database, batch_id: str) -> Progress:
    """Return how far a batch has come.

    Raises:
        UnknownError: There is none of that id.
    """
    batch, counted = get(db, batch_id), counts(db, batch_id)
    return Progress(
        state=batch.state,
        problem=batch.problem,
        total=counted.total,
        signed=counted.signed,
        failed=counted.failed,
        anchored=min(counted.anchored, counted.signed),
        indexed=min(counted.indexed, counted.signed),
    )


def confirm(
    db: Database,
    *,
    actor: Actor,
    batch_id: str,
    positions: Iterable[int] | None = None,
    confirmed: bool = True,
    now: int,
) -> int:
    """Say that rows of the ``confirm`` pile are right as they are, or take that back.

    Args:
        db: The connection.
        actor: The officer, a maker.
        batch_id: The batch, a draft.
        positions: The rows, or None for all that wait.
        confirmed: False takes it back.
        now: Seconds since 1970.

    Returns:
        How many rows changed.
    """
    with transaction(db):
        officers.require(db, actor, officers.MAKER)
        _require_draft(db, batch_id)
        changed = store_records.confirm_rows(db, batch_id, positions, confirmed=confirmed)
        action = "rows confirmed" if confirmed else "confirmation taken back"
        audit.write(db, actor=actor, action=action, subject=batch_id, now=now, rows=changed)
    return changed


def discard(db: Database, *, actor: Actor, batch_id: str, now: int) -> None:
    """Give a draft up; its file and its rows are forgotten, the log says that there was one."""
    with transaction(db):
        officers.require(db, actor, officers.MAKER)
        if not store_records.move_batch(db, batch_id, before=("draft",), after="discarded", source=None):
            raise ConflictError("only a draft is given up")
        store_records.delete_rows(db, batch_id)
        audit.write(db, actor=actor, action="batch discarded", subject=batch_id, now=now)


def source(db: Database, parts: Parts, batch_id: str) -> bytes:
    """Return the uploaded file.

    Raises:
        UnknownError: It is forgotten, or there is no such batch.
    """
    sealed = store_records.batch_source(db, batch_id)
    if sealed is None:
        raise UnknownError("the file of this batch is no longer kept")
    return parts.secret.unwrap(sealed, purpose=_SOURCE_PURPOSE, owner=batch_id)


def new_rows(parts: Parts, check: ImportCheck) -> list[NewRow]:
    """Return the rows of a checked file as a batch keeps them.

    Of the document's number the last four characters stay, which is what a credential shows; the person is
    recognised by a keyed hash.
    """
    return [_new_row(parts, check, row) for row in check.rows]


def lookup(db: Database, parts: Parts, credential_type: str) -> IssuedLookup:
    """Return what tells importing which rows were issued before, or wait in another batch."""

    def known(keys: Collection[str]) -> dict[str, IssuedRecord]:
        found = {key: _known(db, parts, credential_type, key) for key in keys}
        return {key: record for key, record in found.items() if record is not None}

    return known


def new_id(random: Callable[[int], bytes]) -> str:
    """Return a random UUID (version 4) made of the given randomness."""
    raw = bytearray(random(16))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def holder_key(parts: Parts, document: str) -> str:
    """Return the keyed hash of a person's document number; empty where there is none.

    The name is left out: one that is corrected later is the same person's.
    """
    return parts.secret.person_key(f"{_HOLDER_KEY}{document.upper()}") if document else ""


def _new_row(parts: Parts, check: ImportCheck, row: CheckedRow) -> NewRow:
    fields = {key: text for key, text in check.record(row).items() if text and key not in _NOT_KEPT}
    if "idNumber" in fields:
        fields["idNumber"] = fields["idNumber"][-_TAIL:]
    return NewRow(
        line=row.line,
        pile=str(row.pile),
        fields=fields,
        findings=[_finding(finding) for finding in row.findings],
        number=row.number,
        person_key=parts.secret.person_key(row.person_key),
        content_digest=row.content_digest,
        class_name=row.values.get("klass", ""),
        holder_key=holder_key(parts, row.values.get("idNumber", "")),
    )


def _finding(finding: Finding) -> dict[str, Any]:
    # A document's number is not kept in a finding either: the file, which is kept sealed, has it.
    hidden = finding.column in _DOCUMENT_COLUMNS
    return {
        "line": finding.line,
        "dataRow": finding.data_row,
        "column": finding.column,
        "code": finding.code,
        "severity": str(finding.severity),
        "raw": None if hidden else finding.raw,
        "fixed": None if hidden else finding.fixed,
        "message": finding.message,
        "params": dict(finding.params),
    }


def _known(db: Database, parts: Parts, credential_type: str, key: str) -> IssuedRecord | None:
    if key.startswith(_NUMBER_KEY):
        number = key.removeprefix(_NUMBER_KEY)
        record = store_records.record_of_number(db, credential_type, number)
        waiting = store_records.pending_row(db, credential_type, "number", number)
    else:
        person_key = parts.secret.person_key(key)
        record = store_records.record_of_person_key(db, credential_type, person_key)
        waiting = store_records.pending_row(db, credential_type, "person_key", person_key)
    if record is not None:
        state = "revoked" if record["state"] == "revoked" else "issued"
        return IssuedRecord(record["id"], record["number"], bytes(record["content_digest"]), state)
    if waiting is not None:
        return IssuedRecord("", waiting["number"], bytes(waiting["content_digest"]), "pending")
    return None


def _require_draft(db: Database, batch_id: str) -> None:
    if get(db, batch_id).state != "draft":
        raise ConflictError("only a draft can be changed")


def _batch(found: Mapping[str, Any]) -> Batch:
    return Batch(**{**found, "report": json.loads(found["report"])})


def _row(found: Mapping[str, Any]) -> BatchRow:
    fields, findings = json.loads(found["fields"]), json.loads(found["findings"])
    return BatchRow(
        **{**found, "confirmed": bool(found["confirmed"]), "fields": fields, "findings": findings}
    )
