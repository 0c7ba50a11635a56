"""The background half: errands to others, and dry runs.

It runs beside the issuer's own worker, on a connection of its own, so that neither a party that does not
answer nor a long run ever delays a signature or a revocation. It keeps nothing in memory that matters.
"""

import logging
import threading
import time
from collections.abc import Callable

from sqlite_utils import Database

from issuer.agreements import carrying, dry_run, offering, store
from issuer.parts import Parts
from web import database
from web.errors import StorageError
from web.fetcher import Fetch

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
TIDY_SECONDS = 3_600
LOCK = "dry-run"


def run(stop: threading.Event, parts: Parts, *, clock: Callable[[], float] = time.time) -> None:
    """Work until ``stop`` is set."""
    db = database.connect(parts.settings.database)
    fetch, tidied = carrying.fetcher(parts), 0
    try:
        while not stop.is_set():
            now = int(clock())
            try:
                look(db, parts, fetch, stop=stop, now=now)
                if now - tidied >= TIDY_SECONDS:
                    offering.tidy(db, now=now)
                    tidied = now
            except StorageError as error:
                logger.warning("storage refused code=%s", error.code)
                stop.wait(5.0)
            stop.wait(LOOK_SECONDS)
    finally:
        db.close()


def look(db: Database, parts: Parts, fetch: Fetch, *, stop: threading.Event | None = None, now: int) -> None:
    """Do once whatever is due."""
    carrying.carry(db, parts, fetch, now=now)
    for digest in store.running_dry_runs(db):
        with parts.alone(LOCK) as alone:
            if alone:
                dry_run.run(db, digest=digest, now=now, tell=lambda _: stop is None or not stop.is_set())
