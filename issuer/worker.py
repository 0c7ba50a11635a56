"""The issuer's background process: signs approved batches, brings lists and digests to the ledger.

It keeps nothing in memory that matters: each look starts from the database, so it may be killed at any point
and started again, and a second one does no harm. A revocation or an approved batch is seen within a second.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping

from sqlite_utils import Database

from issuer import anchoring, counting, issuance, settings, standing, store_claims, store_records
from issuer.agreements import worker as agreements
from issuer.bank import worker as credit_bank
from issuer.batches import SOURCE_DAYS
from issuer.cosigning import worker as cosigning
from issuer.ledger_client import connect_ledger, connect_mirrors
from issuer.migrations import migrations
from issuer.parts import Parts, make_parts
from ledger.errors import LedgerError
from web import database
from web.database import transaction
from web.errors import StorageError
from web.migrations import require_current

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
TIDY_SECONDS = 600
UNREGISTERED_SECONDS = 2
_DAY = 24 * 3600
_JOIN_SECONDS = 5.0


def run(stop: threading.Event, environ: Mapping[str, str] | None = None) -> None:
    """Work until ``stop`` is set.

    Raises:
        web.errors.SettingsError: A setting is missing, wrong or unsafe.
        web.errors.MigrationPendingError: The database is older than the code, or absent.
    """
    read = settings.read(os.environ if environ is None else environ)
    require_current(read.database, migrations, command="vocred issuer migrate")
    ledger = connect_ledger(read)
    parts = make_parts(read, ledger=ledger, mirrors=connect_mirrors(read, ledger))
    # Errands to other members and dry runs wait for others, or take long: they delay nothing from a thread.
    beside = threading.Thread(target=agreements.run, args=(stop, parts), name="agreements", daemon=True)
    beside.start()
    cosigner = threading.Thread(target=cosigning.run, args=(stop, parts), name="co-signing", daemon=True)
    cosigner.start()
    bank = threading.Thread(target=credit_bank.run, args=(stop, parts), name="credit bank", daemon=True)
    bank.start()
    counter = threading.Thread(target=counting.run, args=(stop, parts), name="counts", daemon=True)
    counter.start()
    db = database.connect(read.database)
    try:
        _work(db, parts, stop, clock=time.time)
    finally:
        db.close()
        beside.join(_JOIN_SECONDS)
        cosigner.join(_JOIN_SECONDS)
        bank.join(_JOIN_SECONDS)
        counter.join(_JOIN_SECONDS)


def look(db: Database, parts: Parts, *, now: int) -> None:
    """Do once whatever is due: sign, anchor, publish."""
    _ask_for_standing(db, parts, now=now)
    issuance.run_all(db, parts, now=now)
    if anchoring.due(db, parts, now=now):
        anchoring.anchor_pending(db, parts, now=now)


def tidy(db: Database, *, now: int) -> None:
    """Forget what has ended: used nonces, old offers, the files of batches issued long ago."""
    with transaction(db):
        store_claims.forget_expired(db, before=now - _DAY)
        store_records.forget_sources(db, before=now - SOURCE_DAYS * _DAY)


def _work(db: Database, parts: Parts, stop: threading.Event, *, clock: Callable[[], float]) -> None:
    tidied = 0.0
    while not stop.is_set():
        now = int(clock())
        try:
            look(db, parts, now=now)
            if now - tidied >= TIDY_SECONDS:
                tidy(db, now=now)
                tidied = now
        except StorageError as error:
            # A full or busy disk: what was committed is intact, and the next look goes on from there.
            logger.warning("storage refused code=%s", error.code)
            stop.wait(5.0)
        stop.wait(LOOK_SECONDS)


def _ask_for_standing(db: Database, parts: Parts, *, now: int) -> None:
    """Ask the registry until it names this issuer and grants it something; then the anchoring rounds ask.

    Who was accredited a moment ago may issue within seconds, not after the next round.
    """
    current = standing.current(db)
    granted = current.number is not None and current.grants_in_force(now)
    if parts.ledger is None or granted or now % UNREGISTERED_SECONDS:
        return
    try:
        standing.refresh(db, parts.ledger, now=now)
    except LedgerError as error:
        logger.info("registry not asked code=%s", error.code)
