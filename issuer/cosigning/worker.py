"""The background half: endorsements on their way to colleges, and those that were withdrawn meanwhile.

It runs beside the issuer's own worker, on a connection of its own, so that a college that does not answer
delays neither a signature nor a revocation. It keeps nothing in memory that matters.
"""

import logging
import threading
import time
from collections.abc import Callable

from sqlite_utils import Database

from issuer.cosigning import drafting, endorsing, store
from issuer.cosigning.errors import NeighbourUnavailableError
from issuer.cosigning.network import Network, network_of
from issuer.parts import Parts
from web import database
from web.errors import StorageError

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
AGAIN_SECONDS = 15
"""How long a delivery that failed waits for its next try."""

REFRESH_SECONDS = 600
"""How often the lists of endorsers are asked."""

LOCK = "cosigning"


def run(stop: threading.Event, parts: Parts, *, clock: Callable[[], float] = time.time) -> None:
    """Work until ``stop`` is set."""
    db = database.connect(parts.settings.database)
    network, refreshed = network_of(parts), 0
    try:
        while not stop.is_set():
            now = int(clock())
            try:
                deliver(db, parts, network, now=now)
                if now - refreshed >= REFRESH_SECONDS:
                    drafting.refresh(db, network, now=now)
                    refreshed = now
            except StorageError as error:
                logger.warning("storage refused code=%s", error.code)
                stop.wait(5.0)
            except NeighbourUnavailableError as error:
                logger.info("endorsers not asked code=%s", error.code)
            stop.wait(LOOK_SECONDS)
    finally:
        db.close()


def deliver(db: Database, parts: Parts, network: Network, *, now: int) -> int:
    """Deliver what waits; what failed before waits a while.

    Returns:
        How many were delivered.
    """
    waiting = store.undelivered(db)
    fresh = any(found["problem"] is None for found in waiting)
    if not waiting or not (fresh or now % AGAIN_SECONDS == 0):
        return 0
    with parts.alone(LOCK) as alone:
        return endorsing.deliver_all(db, parts, network, now=now) if alone else 0
