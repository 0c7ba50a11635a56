"""How the consortium's registry sees this issuer: its number, its grants, whether it may sign.

Issuing never waits for the ledger, so the last answer is kept in the database and asked again by the worker.
An issuer that the last answer does not accredit for a type signs no new form of that type; its anchored
forms stay what they are (ARCHITECTURE.md, time of issue).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from issuer import guard, institution, store
from issuer.errors import NotAccreditedError, NotRegisteredError
from issuer.parts import Ledger
from ledger.registry import StateKey, grant_key, issuer_key
from schemas.catalogue import CATALOGUE
from web.database import transaction


@dataclass(frozen=True)
class Standing:
    """What the registry last said.

    Attributes:
        number: The issuer's number, or None while the registry does not name it.
        document_digest: SHA-256 of the DID document that the registry holds, or None.
        grants: Per credential type, when a grant starts and ends (None: no end), in seconds.
        stopped: Whether the issuer was suspended or closed when asked.
        checked_at: When the registry was asked, or None: never.
        closed: Whether it was closed: it publishes a final version of everything, and then nothing more.
    """

    number: int | None
    document_digest: bytes | None
    grants: Mapping[str, tuple[tuple[int, int | None], ...]]
    stopped: bool
    checked_at: int | None
    closed: bool = False

    def grants_in_force(self, at: int) -> frozenset[str]:
        """Return the types that the issuer may sign at the second ``at``."""
        if self.stopped:
            return frozenset()
        return frozenset(
            name
            for name, spans in self.grants.items()
            if any(start <= at and (end is None or at < end) for start, end in spans)
        )


def current(db: Database) -> Standing:
    """Return what the registry last said of this issuer."""
    row = store.institution(db)
    if row is None or row["standing"] is None:
        return Standing(None, None, {}, stopped=False, checked_at=None)
    said = json.loads(row["standing"])
    digest = said["documentDigest"]
    return Standing(
        number=row["number"],
        document_digest=None if digest is None else bytes.fromhex(digest),
        grants={name: tuple((start, end) for start, end in spans) for name, spans in said["grants"].items()},
        stopped=said["stopped"],
        checked_at=row["standing_at"],
        closed=said.get("closed", False),
    )


def require(db: Database, credential_type: str, *, now: int) -> int:
    """Check that this issuer may sign a type now.

    Returns:
        The issuer's number, for its codes.

    Raises:
        NotRegisteredError: The registry does not name it.
        NotAccreditedError: The registry gives it no grant in force for the type.
        ClockSkewError: This machine's clock and the ledger's are too far apart.
        StateBehindLedgerError: The database lacks what the ledger knows of this issuer.
    """
    guard.require(db, now=now)
    standing = current(db)
    if standing.number is None:
        raise NotRegisteredError("the registry has no record of this issuer")
    if credential_type not in standing.grants_in_force(now):
        raise NotAccreditedError(f"no grant in force for {credential_type}")
    return standing.number


def refresh(db: Database, ledger: Ledger, *, now: int) -> Standing:
    """Ask the registry and remember its answer.

    Raises:
        LedgerUnavailableError: The node is silent; what it said last stays.
        ReceiptError: Its answer does not check.
    """
    guard.look_at_statements(db, ledger, now=now)
    did = institution.load(db).did
    listing: StateKey = ("grants", did)
    snapshot, _bundle = ledger.snapshot([issuer_key(did), listing], now=now)
    record = snapshot.issuer(did)
    given = [(by, name) for by, name in snapshot.value(listing) or () if name in CATALOGUE]
    grants: dict[str, list[tuple[int, int | None]]] = {}
    if given:
        proved, _bundle = ledger.snapshot([grant_key(by, did, name) for by, name in given], now=now)
        for by, name in given:
            grant = proved.grant(by, did, name)
            if grant is not None:
                grants.setdefault(name, []).append((grant.start, grant.end))
    said = {
        "documentDigest": None if record is None else record.document_digest.hex(),
        "grants": grants,
        "stopped": record is not None and (record.suspended(now) or record.closed_at is not None),
        "closed": record is not None and record.closed_at is not None,
    }
    with transaction(db):
        store.save_standing(db, number=None if record is None else record.number, standing=said, at=now)
    return current(db)
