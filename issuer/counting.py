"""What the issuer counts and signs for supervisors: issued, revoked, anchored late, by month and type.

Once a day, and whenever an officer asks, every month whose figures changed is signed with the submission
key and left with a node of the ledger; the present month in any case, so that a silence is seen. After a
change of that key all months are signed anew. Nothing else than counts leaves (``ledger.counts``).
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from issuer import institution, standing, store, store_counts
from issuer.ledger_client import client_of
from issuer.parts import Parts
from ledger.client import StatementRefusedError
from ledger.counts import Counts, Row, month_of, sign_counts
from ledger.errors import LedgerError
from vc.dates import CHINA
from web import database
from web.database import transaction
from web.errors import SettingsError, StorageError

logger = logging.getLogger(__name__)

DAY = 24 * 3600
LOOK_SECONDS = 5.0
PAUSE_SECONDS = 600
MOST_MONTHS = 36
_STATE = "counts.state"


@dataclass(frozen=True)
class Published:
    """What one round did.

    Attributes:
        sent: The months that a node took.
        unchanged: The months that a node has already.
        refused: The months that it refused, with the code.
    """

    sent: tuple[str, ...]
    unchanged: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


def month_counts(db: Database, month: str, *, now: int) -> dict[str, Row]:
    """Count one month, by the short name of the type.

    Args:
        db: The connection.
        month: Such as ``2026-11``.
        now: Seconds since 1970.
    """
    start, end = _span(month)
    issued = store_counts.issued(db, start=start, end=end)
    revoked = store_counts.revoked(db, start=start, end=end)
    late = store_counts.anchored_late(db, start=start, end=end, now=now)
    types = sorted({*issued, *revoked, *late})
    return {name: Row(issued.get(name, 0), revoked.get(name, 0), late.get(name, 0)) for name in types}


def months(db: Database, *, now: int) -> list[str]:
    """Return the months to count: from the first record to now, at most three years, oldest first."""
    first = store_counts.first_record_at(db)
    year, month = (int(part) for part in month_of(now).split("-"))
    last = year * 12 + month - 1
    listed = [f"{each // 12:04}-{each % 12 + 1:02}" for each in range(last - MOST_MONTHS + 1, last + 1)]
    earliest = month_of(now if first is None else first)
    return [each for each in listed if each >= earliest]


def publish(db: Database, parts: Parts, *, now: int) -> Published:
    """Sign what changed and leave it with the ledger's node.

    Raises:
        LedgerUnavailableError: The node is silent; what it took before that is remembered.
        LedgerError: The ledger's own identity cannot be told.
        SettingsError: The home has no pin.
    """
    ledger, did = client_of(parts), institution.load(db).did
    key = institution.submission_key(db, parts.secret)
    kid, held = key.public.thumbprint.hex(), _state(db)
    known = held.get("months", {}) if held.get("kid") == kid else {}
    sent: list[str] = []
    unchanged: list[str] = []
    refused: list[tuple[str, str]] = []
    for month in months(db, now=now):
        rows = month_counts(db, month, now=now)
        figures = [[name, row.issued, row.revoked, row.anchored_late] for name, row in rows.items()]
        if known.get(month) == figures and month != month_of(now):
            unchanged.append(month)
            continue
        counts = Counts(chain_id=ledger.chain_id, did=did, month=month, at=now, rows=rows)
        try:
            ledger.put_counts(sign_counts(counts, key=key), did=did, month=month)
            sent.append(month)
        except StatementRefusedError as error:
            refused.append((month, error.code))
        # A crash here leaves the month to be sent once more, which is harmless.
        known[month] = figures
        _save(db, {**held, "kid": kid, "months": known})
    _save(db, {"kid": kid, "months": known, "at": now, "nextAt": now + DAY})
    logger.info("counts published sent=%d refused=%d", len(sent), len(refused))
    return Published(tuple(sent), tuple(unchanged), tuple(refused))


def due(db: Database, *, now: int) -> bool:
    """Return whether the daily round is due: never before the registry names this issuer."""
    return standing.current(db).number is not None and int(_state(db).get("nextAt", 0)) <= now


def run(stop: threading.Event, parts: Parts, *, clock: Callable[[], float] = time.time) -> None:
    """Publish once a day until ``stop`` is set; a thread of its own, since a node may take its time."""
    db = database.connect(parts.settings.database)
    try:
        while not stop.wait(LOOK_SECONDS):
            try:
                look(db, parts, now=int(clock()))
            except StorageError as error:
                logger.warning("storage refused code=%s", error.code)
    finally:
        db.close()


def look(db: Database, parts: Parts, *, now: int) -> None:
    """Publish if it is due; after a failure again ten minutes later."""
    if not due(db, now=now):
        return
    try:
        publish(db, parts, now=now)
    except (LedgerError, SettingsError) as error:
        logger.info("counts not published code=%s", error.code)
        _save(db, {**_state(db), "nextAt": now + PAUSE_SECONDS})


def _span(month: str) -> tuple[int, int]:
    """Return the first second of a month and of the next one, in China's time."""
    year, number = (int(part) for part in month.split("-"))
    following = (year + number // 12, number % 12 + 1)
    start = datetime(year, number, 1, tzinfo=CHINA)
    end = datetime(following[0], following[1], 1, tzinfo=CHINA)
    return int(start.timestamp()), int(end.timestamp())


def _state(db: Database) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(store.preference(db, _STATE) or "{}")
    return found


def _save(db: Database, state: dict[str, Any]) -> None:
    with transaction(db):
        store.save_preference(db, _STATE, json.dumps(state))
