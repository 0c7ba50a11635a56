"""Whether this institution is a credit bank: the registry's word about the member, kept for the pages."""

import json

from sqlite_utils import Database

from issuer import institution, store
from issuer.bank.desk import Desk
from issuer.bank.errors import CannotCheckError, NotACreditBankError
from ledger.errors import LedgerError
from ledger.registry import member_key
from web.database import transaction

CREDIT_BANK = "creditBank"
_PREFERENCE = "bank.role"


def is_bank(db: Database) -> bool:
    """Return what the registry last said; pages need not ask it each time."""
    kept = store.preference(db, _PREFERENCE)
    return kept is not None and bool(json.loads(kept))


def refresh(db: Database, desk: Desk, *, now: int) -> bool:
    """Ask the registry, and remember its answer.

    Raises:
        CannotCheckError: It cannot be asked now; what it said last stays.
    """
    did = institution.load(db).did
    snapshot = desk.snapshot([member_key(did)], now=now)
    try:
        member = snapshot.member(did)
    except LedgerError as error:
        raise CannotCheckError("the registry's record of this member cannot be read") from error
    found = member is not None and CREDIT_BANK in member.roles
    if found != is_bank(db):
        with transaction(db):
            store.save_preference(db, _PREFERENCE, json.dumps(found))
    return found


def require(db: Database, desk: Desk, *, now: int) -> None:
    """Check that this institution is a credit bank.

    Raises:
        NotACreditBankError: The registry does not say so.
        CannotCheckError: It cannot be asked, and never said so before.
    """
    if not is_bank(db) and not refresh(db, desk, now=now):
        raise NotACreditBankError("the registry names this institution no credit bank")
