"""The bank's background work: whether this institution is a bank, and what became of the sources.

It runs beside the signing and anchoring, because it waits for other issuers. Each look starts from the
database, so it may be killed at any point and started again, and a second one does no harm.
"""

import logging
import threading
import time
from collections.abc import Callable

from sqlite_utils import Database

from issuer.bank import reviews, role
from issuer.bank.desk import Desk, desk_of
from issuer.bank.errors import CannotCheckError
from issuer.errors import IssuerError
from issuer.parts import Parts
from web import database
from web.errors import SettingsError, StorageError

logger = logging.getLogger(__name__)

LOOK_SECONDS = 60


def run(stop: threading.Event, parts: Parts, *, clock: Callable[[], float] = time.time) -> None:
    """Work until ``stop`` is set."""
    try:
        desk = desk_of(parts)
    except SettingsError as error:
        logger.warning("credit bank not looked after detail=%s", error)
        return
    db = database.connect(parts.settings.database)
    try:
        while not stop.is_set():
            look(db, desk, now=int(clock()))
            stop.wait(LOOK_SECONDS)
    finally:
        db.close()


def look(db: Database, desk: Desk, *, now: int) -> None:
    """Ask the registry for this institution's role, and where it is a bank, look at the sources."""
    try:
        if role.refresh(db, desk, now=now):
            found = reviews.reconcile(db, desk, now=now, older_than=LOOK_SECONDS)
            if found.opened:
                logger.info("sources looked at forms=%d reviews=%d", found.looked_at, found.opened)
    except CannotCheckError as error:
        logger.info("registry not asked detail=%s", error)
    except (IssuerError, StorageError) as error:
        logger.warning("sources not looked at code=%s", error.code)
