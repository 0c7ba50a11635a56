"""What keeps this issuer from signing: a clock that is not the ledger's, a database behind the ledger.

Both are measured by the worker while it asks the registry, and kept: issuing never waits for the ledger.

* A clock more than two minutes off would date credentials into the future, or lists so that nobody accepts
  them. A clock that went back behind the last measurement is one too, also while the ledger is silent.
* A database restored from an old backup lacks what was signed since. New forms could then get status
  indexes that are taken, and revoking the one would revoke the other. The ledger's count of this issuer's
  statements tells: every statement is in the database before it leaves, so the count cannot be ahead.
"""

import json
from dataclasses import asdict, dataclass

from sqlite_utils import Database

from issuer import institution, store, store_ledger
from issuer.errors import ClockSkewError, StateBehindLedgerError
from issuer.parts import Ledger
from ledger import timekeeping
from ledger.registry import seq_key
from ledger.statements import SUBMISSION
from web.database import transaction

_NAME = "ledger.guard"


@dataclass(frozen=True)
class Seen:
    """What was measured last. Times are seconds since 1970.

    Attributes:
        skew: By how much this clock was ahead of the ledger's; None where it could not be told.
        behind: How many of this issuer's statements the ledger holds and this database does not.
        checkpoint_at: Time of the newest checkpoint, or None: none was seen.
        at: When this was measured, or None: never.
    """

    skew: int | None = None
    behind: int = 0
    checkpoint_at: int | None = None
    at: int | None = None


def look_at_clock(db: Database, ledger: Ledger, *, now: int) -> None:
    """Measure this machine's clock against the ledger's and remember the difference.

    Raises:
        ClockSkewError: They are too far apart: nothing is sent to the ledger either, since lists carry dates.
    """
    skew = timekeeping.skew(ledger, now=now)
    if skew is not None:
        _save(db, Seen(skew, seen(db).behind, seen(db).checkpoint_at, now))
    _require_clock(seen(db), now=now)


def look_at_statements(db: Database, ledger: Ledger, *, now: int) -> None:
    """Compare the ledger's count of this issuer's statements with the database, and remember it."""
    did = institution.load(db).did
    snapshot, _bundle = ledger.snapshot([seq_key(did, SUBMISSION)], now=now)
    used = snapshot.next_seq(did, SUBMISSION) - 1
    behind = max(0, used - store_ledger.last_seq(db))
    _save(db, Seen(seen(db).skew, behind, snapshot.time, now))


def require(db: Database, *, now: int) -> None:
    """Check that nothing keeps this issuer from signing.

    Raises:
        ClockSkewError: This machine's clock and the ledger's are too far apart.
        StateBehindLedgerError: The database lacks what the ledger knows of this issuer.
    """
    found = seen(db)
    _require_clock(found, now=now)
    require_not_behind(found)


def require_not_behind(found: Seen) -> None:
    """Check that the database holds every statement that the ledger holds.

    Raises:
        StateBehindLedgerError: It does not.
    """
    if found.behind:
        raise StateBehindLedgerError(
            f"the ledger holds {found.behind} statements that this database does not: restore a newer backup"
        )


def seen(db: Database) -> Seen:
    """Return what was measured last."""
    return Seen(**json.loads(store.preference(db, _NAME) or "{}"))


def _require_clock(found: Seen, *, now: int) -> None:
    if timekeeping.is_apart(found.skew):
        raise ClockSkewError(f"this clock is {found.skew} seconds ahead of the ledger's: set it right")
    if found.at is not None and found.at - now > timekeeping.MOST_SECONDS:
        raise ClockSkewError(f"this clock went back by {found.at - now} seconds: set it right")


def _save(db: Database, found: Seen) -> None:
    with transaction(db):
        store.save_preference(db, _NAME, json.dumps(asdict(found)))
