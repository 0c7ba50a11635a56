"""Signing an approved batch, in chunks of one transaction each.

    1 take the next rows that wait              4 sign, seal under a fresh printed code
    2 check standing and signing key            5 one transaction: record, form, sealed form, wrapped code,
    3 draw random places on the status lists      row marked, for every row of the chunk

Nothing is kept between chunks but what the transaction wrote, so a kill at any point loses the chunk's work
and nothing else, and the next run takes the same rows again. A row is marked in the transaction that writes
its record, by compare-and-set: two processes cannot both issue it. The form's digest is queued by being
there without an anchor; the worker finds it.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database
from sqlite_utils.utils import sqlite3

from crypto.errors import CryptoError
from issuer import audit, batches, institution, officers, signing, standing, store_forms, store_records
from issuer.audit import WORKER, Actor
from issuer.batches import Batch, Progress
from issuer.cosigning import embedding
from issuer.cosigning import store as cosigning_store
from issuer.errors import (
    ClockSkewError,
    ConflictError,
    DuplicateCredentialError,
    DuplicateCredentialIdError,
    IssuerError,
    NotRegisteredError,
    SignerChangedError,
    StateBehindLedgerError,
)
from issuer.parts import Parts
from issuer.signing import Press, SealedForm
from schemas.errors import BundleError
from vc.errors import VcError
from web.database import transaction

logger = logging.getLogger(__name__)

CHUNK_ROWS = 50
CODE_PURPOSE = "printed-code"
_SLOT_RETRIES = 5


@dataclass(frozen=True)
class _Done:
    """What became of one row before the transaction: a sealed form with its achievement, or a problem."""

    row: Mapping[str, Any]
    fields: Mapping[str, str]
    record_id: str
    sealed: SealedForm | None
    achievement: str
    problem: str | None


def issue(db: Database, parts: Parts, *, batch_id: str, now: int) -> Progress:
    """Sign what is left of an approved batch.

    Args:
        db: The connection.
        parts: The collaborators.
        batch_id: The batch.
        now: Seconds since 1970; read once, for the whole run.

    Returns:
        How far it has come: issued, or paused with the problem's code.

    Raises:
        StorageFullError: There is no space; what was committed is intact and a later run goes on.
    """
    while batches.get(db, batch_id).state == "approved":
        try:
            _sign_chunk(db, parts, batches.get(db, batch_id), now=now)
        except (SignerChangedError, NotRegisteredError) as error:
            _pause(db, batch_id, problem=error.code, now=now)
        except (ClockSkewError, StateBehindLedgerError) as error:
            # The machine's trouble, not the batch's: it waits, and goes on by itself.
            logger.warning("batch waits batch=%s code=%s", batch_id, error.code)
            break
    return batches.progress(db, batch_id)


def run_all(db: Database, parts: Parts, *, now: int) -> list[Progress]:
    """Go on with every approved batch: what the worker does when it starts and whenever it looks.

    One process at a time does so; another one finds the lock taken and returns at once.
    """
    with parts.alone("signing") as alone:
        if not alone:
            return []
        waiting = batches.listing(db, ("approved",))
        return [issue(db, parts, batch_id=batch.id, now=now) for batch in reversed(waiting)]


def continue_paused(db: Database, parts: Parts, *, actor: Actor, batch_id: str, now: int) -> None:
    """Let a paused batch go on, with the key that signs now.

    Rows signed by the earlier key stay as they are; each form names the key that signed it.

    Raises:
        ForbiddenError: The officer is no checker.
        ConflictError: The batch is not paused.
        NotAccreditedError: The registry still gives no grant.
    """
    key = institution.signing_key(db, parts.secret)
    with transaction(db):
        officers.require(db, actor, officers.CHECKER)
        batch = batches.get(db, batch_id)
        standing.require(db, batch.credential_type, now=now)
        moved = store_records.move_batch(
            db, batch_id, before=("paused",), after="approved", problem=None, signer=key.verification_method
        )
        if not moved:
            raise ConflictError("only a paused batch goes on")
        audit.write(db, actor=actor, action="batch continued", subject=batch_id, now=now, signer=key.id)


def check_new_record(
    db: Database, *, record_id: str, credential_type: str, number: str, person_key: str, achievement: str
) -> None:
    """Check that a record may be issued beside those that exist.

    Raises:
        DuplicateCredentialIdError: The record's id is taken.
        DuplicateCredentialError: The number, or the person for this achievement, has one already.
    """
    if store_records.record(db, record_id) is not None:
        raise DuplicateCredentialIdError("a record of this id exists")
    if store_records.record_of_number(db, credential_type, number) is not None:
        raise DuplicateCredentialError("a record with this number exists")
    known = person_key and store_records.record_of_person(db, person_key=person_key, achievement=achievement)
    if known:
        raise DuplicateCredentialError("this person has a record for this achievement")


def store_form(db: Database, *, record_id: str, form: signing.SignedForm, now: int, keep: bool) -> None:
    """Write a signed form, inside the caller's transaction; its digest is queued by being there.

    Args:
        db: The connection, in a transaction.
        record_id: The record that it is a form of.
        form: The form.
        now: Seconds since 1970.
        keep: Whether the signed bytes are kept: a holder's form is given out again, a paper form lies sealed.

    Raises:
        ConflictError: The signing key or the status index was taken in between; sign again.
    """
    if institution.current_method(db) != form.verification_method:
        raise SignerChangedError("the signing key changed before the form was kept")
    try:
        store_forms.add_form(
            db,
            {
                "id": form.id,
                "record_id": record_id,
                "kind": form.kind,
                "digest": form.digest,
                "secured": form.secured if keep else None,
                "list": form.slot.list_number,
                "status_index": form.slot.index,
                "entry_id": form.slot.entry_id,
                "verification_method": form.verification_method,
                "signed_at": now,
                "holder": form.holder,
            },
        )
    except sqlite3.IntegrityError as error:
        raise ConflictError("the status index was taken in between") from error
    cosigning_store.embed(db, form.id, form.endorsements)


def store_sealed(db: Database, parts: Parts, *, record_id: str, sealed: SealedForm, now: int) -> None:
    """Write a paper form with its sealed blob and its wrapped code, inside the caller's transaction."""
    form = sealed.form
    store_form(db, record_id=record_id, form=form, now=now, keep=False)
    store_forms.add_sealed_form(db, locator=sealed.code.locator, form_id=form.id, blob=sealed.blob)
    wrapped = parts.secret.wrap(sealed.code.text.encode(), purpose=CODE_PURPOSE, owner=form.id)
    store_forms.keep_code(db, form.id, wrapped)


def press(db: Database, parts: Parts, *, now: int) -> Press:
    """Return what signs forms now."""
    return Press(
        institution=institution.load(db),
        key=institution.signing_key(db, parts.secret),
        lists_url=f"{parts.settings.url}/status",
        random=parts.random,
        now=now,
        endorsements=lambda record_id: embedding.held(db, record_id),
    )


def _sign_chunk(db: Database, parts: Parts, batch: Batch, *, now: int) -> None:
    standing.require(db, batch.credential_type, now=now)
    rows = store_records.rows_to_sign(db, batch.id, limit=CHUNK_ROWS)
    ready = press(db, parts, now=now)
    if ready.key.verification_method != batch.signer:
        raise SignerChangedError("the signing key is not the one with which this batch was begun")
    for attempt in range(_SLOT_RETRIES):
        with transaction(db):
            slots = signing.draw_slots(db, count=len(rows), random=parts.random, now=now)
        done = [_sign_row(ready, batch, row, slot) for row, slot in zip(rows, slots, strict=True)]
        try:
            with transaction(db):
                _store_chunk(db, parts, batch, done, now=now)
        except SignerChangedError:
            raise
        except ConflictError:
            # A claim committed one of the drawn indexes meanwhile: draw again. Nothing was written.
            if attempt == _SLOT_RETRIES - 1:
                raise
        else:
            logger.info("chunk signed batch=%s rows=%d", batch.id, len(rows))
            return


def _sign_row(ready: Press, batch: Batch, row: Mapping[str, Any], slot: signing.Slot) -> _Done:
    fields = json.loads(row["fields"])
    record_id = row["record_id"]
    try:
        form = ready.sign(fields, credential_type=batch.credential_type, record_id=record_id, slot=slot)
        achievement = signing.achievement_key(json.loads(form.secured))
        return _Done(row, fields, record_id, ready.seal(form), achievement, None)
    except (VcError, CryptoError, BundleError) as error:
        logger.info("row refused batch=%s position=%d code=%s", batch.id, row["position"], error.code)
        return _Done(row, fields, record_id, None, "", error.code)


def _store_chunk(db: Database, parts: Parts, batch: Batch, done: list[_Done], *, now: int) -> None:
    if batches.get(db, batch.id).state != "approved":
        return
    for each in done:
        _store_row(db, parts, batch, each, now=now)
    if not store_records.rows_to_sign(db, batch.id, limit=1):
        # The last chunk and the batch's end are one transaction: an issued batch has no row that waits.
        store_records.move_batch(db, batch.id, before=("approved",), after="issued", issued_at=now)
        counted = batches.counts(db, batch.id)
        audit.write(
            db,
            actor=WORKER,
            action="batch issued",
            subject=batch.id,
            now=now,
            signed=counted.signed,
            failed=counted.failed,
        )


def _store_row(db: Database, parts: Parts, batch: Batch, done: _Done, *, now: int) -> None:
    row, problem = done.row, done.problem
    if done.sealed is not None:
        try:
            check_new_record(
                db,
                record_id=done.record_id,
                credential_type=batch.credential_type,
                number=row["number"],
                person_key=row["person_key"],
                achievement=done.achievement,
            )
        except IssuerError as error:
            problem = error.code
    marked = store_records.finish_row(
        db,
        batch.id,
        row["position"],
        state="signed" if problem is None else "failed",
        problem=problem,
    )
    if not marked or problem is not None or done.sealed is None:
        return
    store_records.add_record(
        db,
        {
            "id": done.record_id,
            "batch_id": batch.id,
            "position": row["position"],
            "credential_type": batch.credential_type,
            "number": row["number"],
            "person_key": row["person_key"],
            "holder_key": row["holder_key"],
            "achievement": done.achievement,
            "holder_name": done.fields.get("name", ""),
            "class_name": row["class_name"],
            "fields": done.fields,
            "content_digest": bytes(row["content_digest"]),
            "created_at": now,
        },
    )
    store_sealed(db, parts, record_id=done.record_id, sealed=done.sealed, now=now)


def _pause(db: Database, batch_id: str, *, problem: str, now: int) -> None:
    with transaction(db):
        if store_records.move_batch(db, batch_id, before=("approved",), after="paused", problem=problem):
            audit.write(db, actor=WORKER, action="batch paused", subject=batch_id, now=now, problem=problem)
    logger.warning("batch paused batch=%s code=%s", batch_id, problem)
