"""One statement at a time to the ledger, written down before it leaves.

    1 persist   the signed bytes with their number, and what they carry, in one transaction
    2 submit    the same bytes as often as it takes; the ledger answers the same entry's index
    3 note      accepted: with what follows from it; refused: what it carried waits for another statement

A kill before 1 leaves nothing, between 1 and 3 a prepared statement that the next round submits again:
harmless. Numbers come from the ledger while nothing is on its way, and the table holds at most one prepared
statement, so no number is used twice and none is skipped.
"""

import logging
from collections.abc import Callable
from typing import Any

from sqlite_utils import Database

from issuer import institution, store_ledger
from issuer.parts import Ledger, Parts
from ledger.client import StatementRefusedError
from ledger.statements import SUBMISSION, sign_statement
from web.database import transaction

logger = logging.getLogger(__name__)

ANCHOR, STATUS = "anchor", "status"


def send(
    db: Database,
    parts: Parts,
    ledger: Ledger,
    *,
    kind: str,
    make: Callable[[], Any],
    carry: Callable[[int], None],
    now: int,
) -> None:
    """Make a statement, write it down, and submit it.

    Args:
        db: The connection.
        parts: The collaborators.
        ledger: The ledger.
        kind: ``anchor`` or ``status``.
        make: Returns the statement's body; called in the transaction that persists it.
        carry: Notes in the same transaction what the statement, by its number in the table, carries.
        now: Seconds since 1970.

    Raises:
        LedgerUnavailableError: The ledger is silent; the statement stays prepared.
        StatementRefusedError: The rules refuse it; that is noted.
    """
    did = institution.load(db).did
    seq = ledger.next_seq(did, SUBMISSION, now=now)
    key = institution.submission_key(db, parts.secret)
    with transaction(db):
        body = sign_statement(kind, make(), seq=seq, issuer=did, chain_id=ledger.chain_id, key=key)
        carry(store_ledger.add_statement(db, kind=kind, seq=seq, body=body, at=now))
    finish_prepared(db, ledger, now=now)


def finish_prepared(db: Database, ledger: Ledger, *, now: int) -> None:
    """Submit the statement that was on its way when the last round ended, if there is one.

    Raises:
        LedgerUnavailableError: The ledger is silent.
        StatementRefusedError: The rules refuse it; that is noted.
    """
    prepared = store_ledger.prepared_statement(db)
    if prepared is None:
        return
    try:
        entry_index = ledger.submit(bytes(prepared["body"]))
    except StatementRefusedError as error:
        logger.warning(
            "statement refused kind=%s seq=%d code=%s", prepared["kind"], prepared["seq"], error.code
        )
        _note_refused(db, prepared, code=error.code)
        raise
    with transaction(db):
        noted = store_ledger.accept_statement(db, prepared["id"], entry_index=entry_index, at=now)
        if noted and prepared["kind"] == STATUS:
            store_ledger.accept_publications(db, prepared["id"])
        elif noted:
            store_ledger.accept_anchor(db, prepared["id"])
    logger.info("statement accepted kind=%s seq=%d entry=%d", prepared["kind"], prepared["seq"], entry_index)


def _note_refused(db: Database, prepared: dict[str, Any], *, code: str) -> None:
    with transaction(db):
        if not store_ledger.refuse_statement(db, prepared["id"], problem=code):
            return
        if prepared["kind"] == STATUS:
            store_ledger.drop_unanchored(db)
        else:
            store_ledger.untie_anchor(db, prepared["id"])
