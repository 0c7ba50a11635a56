"""What ``vocred doctor`` checks of an issuer beside its files."""

import os
from collections.abc import Callable
from typing import Any

from sqlite_utils import Database

from issuer import examining, guard, store_ledger
from issuer.institution import load
from issuer.secret import Secret
from ledger.registry import seq_key
from ledger.statements import SUBMISSION
from vocred.operating import standing_with_ledger
from vocred.operating.checks import Check
from vocred.operating.files import RESTORE, opened
from vocred.operating.instances import Instance, StillPins

_REPORT = "somebody or something changed the file: keep a copy, then " + RESTORE
_PUBLISH = "vocred issuer anchor; where the ledger is ahead, see docs/operations/backup.md"


def checks(instance: Instance, *, now: int) -> list[Check]:
    """Return what needs no ledger."""
    del now
    secret = Secret(instance.secret or b"", random=os.urandom)
    return [
        Check("rules hold", _look(instance, examining.check_rules), _REPORT),
        Check("documents are those signed", _look(instance, examining.check_digests), _REPORT),
        Check("every anchored form has its receipt", _look(instance, examining.check_receipts), _REPORT),
        Check("store is what its index names", _look(instance, examining.check_index), _REPORT),
        Check("lists are the ended forms", _look(instance, examining.check_bits), _REPORT),
        Check("audit log is whole", _look(instance, examining.check_audit), _REPORT),
        Check(
            "secret opens the keys",
            _look(instance, lambda db: examining.check_keys(db, secret)),
            "put the instance's own secret.key back",
        ),
        Check(
            "codes open their forms", _look(instance, lambda db: examining.check_codes(db, secret)), _REPORT
        ),
    ]


def ledger_checks(instance: Instance, *, now: int) -> list[Check]:
    """Return what asks the ledger."""
    return [
        *standing_with_ledger.checks(instance, now=now),
        Check("the ledger holds no statement that is not here", lambda: _not_behind(instance, now), _PUBLISH),
        Check("published versions are the ledger's", lambda: _published(instance, now), _PUBLISH),
    ]


def behind(instance: Instance, db: Database, *, now: int, pins: StillPins | None = None) -> int:
    """Return how many statements of this issuer the ledger holds and a database does not.

    Args:
        instance: The instance, for the ledger's address.
        db: The database, perhaps one that is not the instance's yet.
        now: Seconds since 1970.
        pins: The pin to begin from; the instance's own when absent.
    """
    did = load(db).did
    snapshot, _ = instance.ledger(pins).snapshot([seq_key(did, SUBMISSION)], now=now)
    return max(0, snapshot.next_seq(did, SUBMISSION) - 1 - store_ledger.last_seq(db))


def _not_behind(instance: Instance, now: int) -> str:
    with opened(_database(instance)) as db:
        guard.require_not_behind(guard.Seen(behind=behind(instance, db, now=now)))
        return f"{store_ledger.last_seq(db)} statements"


def _published(instance: Instance, now: int) -> str:
    with opened(_database(instance)) as db:
        return examining.check_published(db, instance.ledger(), url=instance.url, now=now)


def _look(instance: Instance, check: Callable[[Database], str]) -> Callable[[], str]:
    def look() -> str:
        with opened(_database(instance)) as db:
            return check(db)

    return look


def _database(instance: Instance) -> Any:
    return instance.database
