"""The member's governance key: one sealed file, opened by a passphrase for one act.

The key is made here and never leaves (LEDGER.md 4.2): ``<ISSUER_HOME>/governance.key`` is sealed under
Argon2id. Who runs the host can take the file and cannot open it; who breaks into the service while nobody
votes finds no key. A try is counted before the passphrase is checked and forgiven when it was right, as with
officers: from the sixth wrong one on, each doubles the wait, up to a quarter of an hour.

A key that is to follow lies beside it under its own thumbprint, and is the key from the transaction on that
notes what the ledger says: nothing is renamed, so no crash leaves the wrong file in place.
"""

import threading
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from crypto import cbor
from crypto.keys import PublicKey
from issuer import audit, institution, officers
from issuer.audit import Actor
from issuer.governance import store
from issuer.governance.errors import (
    GovernanceDelayedError,
    GovernanceKeyExistsError,
    GovernanceKeyMissingError,
    GovernancePassphraseError,
)
from issuer.ledger_client import client_of
from issuer.parts import Parts
from ledger import governance_keys
from ledger.governance_keys import GovernanceKey, GovernanceKeyError
from ledger.registry import issuer_key, member_key
from ledger.statements import GOVERNANCE, key_possession
from web.database import transaction

FILE = "governance.key"

# Argon2id takes 46 MiB a try: a flood of them costs time, not memory.
_AT_ONCE = threading.BoundedSemaphore(2)


def make(
    db: Database, parts: Parts, *, actor: Actor, passphrase: str, algorithm: str = "Ed25519", now: int
) -> dict[str, Any]:
    """Make the member's key, or say once more what its public half is.

    Args:
        db: The connection.
        parts: The collaborators; the ledger's chain id is what the key's own signature is bound to.
        actor: An officer with the role governance.
        passphrase: What shall open it, ten characters at least; for a key that is there, what opens it.
        algorithm: ``Ed25519`` or ``P-256``.
        now: Seconds since 1970.

    Returns:
        What ``public_half`` returns.

    Raises:
        ForbiddenError: The officer does not have the role.
        PassphraseRefusedError: The passphrase is too short or too simple.
        GovernanceKeyExistsError: There is one.
    """
    officers.require(db, actor, officers.GOVERNANCE)
    if store.key(db) is not None:
        raise GovernanceKeyExistsError("the key is made once; ask for its public half instead")
    officers.check_passphrase(passphrase)
    did = institution.load(db).did
    made = _made(parts, did=did, passphrase=passphrase, algorithm=algorithm)
    possession = key_possession(made.key, chain_id=client_of(parts).chain_id, did=did, role=GOVERNANCE)
    with transaction(db):
        public = cbor.encode(made.key.public.cose_key)
        store.add_key(db, public=public, possession=possession, made_by=actor.name, at=now)
        audit.write(db, actor=actor, action="governance key made", subject=did, now=now)
    return public_half(db)


def public_half(db: Database) -> dict[str, Any]:
    """Return what the consortium needs to admit the member: what ``vocred ledger keygen --json`` prints.

    Raises:
        GovernanceKeyMissingError: There is no key.
    """
    row = _require(db)
    return _public_half(institution.load(db).did, bytes(row["public"]), bytes(row["possession"]))


def make_next(
    db: Database, parts: Parts, *, actor: Actor, passphrase: str, algorithm: str = "Ed25519", now: int
) -> dict[str, Any]:
    """Make the key that is to follow the member's present one, lost or not; an earlier such key is forgotten.

    Args:
        db: The connection.
        parts: The collaborators.
        actor: An officer with the role governance.
        passphrase: What shall open the new key.
        algorithm: ``Ed25519`` or ``P-256``.
        now: Seconds since 1970.

    Returns:
        What ``public_half`` returns, of the new key.

    Raises:
        ForbiddenError: The officer does not have the role.
        PassphraseRefusedError: The passphrase is too short or too simple.
    """
    officers.require(db, actor, officers.GOVERNANCE)
    _require(db)
    officers.check_passphrase(passphrase)
    did = institution.load(db).did
    place = parts.settings.home / f"governance.{parts.random(8).hex()}.new"
    with _AT_ONCE:
        made = governance_keys.make_file(
            place, did=did, algorithm=algorithm, passphrase=passphrase, random=parts.random
        )
    public = cbor.encode(made.key.public.cose_key)
    place.rename(_named(parts, public))
    possession = key_possession(made.key, chain_id=client_of(parts).chain_id, did=did, role=GOVERNANCE)
    with transaction(db):
        store.add_next_key(db, public=public, possession=possession, made_by=actor.name, at=now)
        audit.write(db, actor=actor, action="next governance key made", subject=did, now=now)
    return _public_half(did, public, possession)


def next_half(db: Database) -> dict[str, Any] | None:
    """Return the public half of the key that is to follow, or None."""
    row = store.next_key(db)
    if row is None:
        return None
    return _public_half(institution.load(db).did, bytes(row["public"]), bytes(row["possession"]))


def follow(db: Database, public: bytes) -> bool:
    """Let the key that was to follow be the member's key, if the ledger names exactly that one.

    Args:
        db: The connection, in a transaction.
        public: The governance key that the ledger names, its COSE_Key in CBOR.
    """
    row = store.next_key(db)
    if row is None or bytes(row["public"]) != public:
        return False
    store.follow(db)
    return True


def adopt(db: Database, parts: Parts, *, now: int) -> bool:
    """Ask the ledger whether the members put the key that is to follow in the place of a lost one.

    Returns:
        Whether the key is another one now.

    Raises:
        LedgerUnavailableError: The ledger is silent.
    """
    if store.next_key(db) is None:
        return False
    did = institution.load(db).did
    snapshot, _ = client_of(parts).snapshot([member_key(did), issuer_key(did)], now=now, max_age=0)
    record = snapshot.member(did) or snapshot.issuer(did)
    if record is None:
        return False
    with transaction(db):
        return follow(db, cbor.encode(record.governance_key.cose_key))


def exists(db: Database) -> bool:
    """Return whether this service has a governance key."""
    return store.key(db) is not None


def open(db: Database, parts: Parts, *, actor: Actor, passphrase: str, now: int) -> GovernanceKey:
    """Open the key for one act.

    Args:
        db: The connection; not in a transaction.
        parts: The collaborators.
        actor: An officer with the role governance.
        passphrase: As typed for this act.
        now: Seconds since 1970.

    Raises:
        ForbiddenError: The officer does not have the role.
        GovernanceKeyMissingError: There is no key.
        GovernanceDelayedError: There were too many wrong passphrases; it says how long to wait.
        GovernancePassphraseError: It is another passphrase.
    """
    officers.require(db, actor, officers.GOVERNANCE)
    with transaction(db):
        row = _require(db)
        wait = row["locked_until"] - now
        if wait > 0:
            raise GovernanceDelayedError("too many wrong passphrases for the key", retry_after=wait)
        store.count_failure(db, locked_until=officers.locked_until(row["failures"] + 1, now=now))
    try:
        with _AT_ONCE:
            key = governance_keys.open_file(_present(parts, bytes(row["public"])), passphrase=passphrase)
    except GovernanceKeyError as error:
        with transaction(db):
            audit.write(db, actor=actor, action="governance passphrase refused", subject=actor.name, now=now)
        raise GovernancePassphraseError("this passphrase does not open the governance key") from error
    with transaction(db):
        store.forget_failures(db)
    return key


def file(parts: Parts) -> Path:
    """Return where the first sealed key lies."""
    return parts.settings.home / FILE


def _present(parts: Parts, public: bytes) -> Path:
    """Return where the sealed key of a public half lies: the first one has no thumbprint in its name."""
    named = _named(parts, public)
    return named if named.exists() else file(parts)


def _named(parts: Parts, public: bytes) -> Path:
    kid = PublicKey.from_cose_key(cbor.decode(public)).thumbprint
    return parts.settings.home / f"governance.{kid.hex()[:16]}.key"


def _public_half(did: str, public: bytes, possession: bytes) -> dict[str, Any]:
    return {
        "name": "governance",
        "did": did,
        "governance": public.hex(),
        "possession": {GOVERNANCE: possession.hex()},
    }


def _made(parts: Parts, *, did: str, passphrase: str, algorithm: str) -> GovernanceKey:
    """Make the file; where a command that was killed left one behind, open it."""
    place = file(parts)
    try:
        with _AT_ONCE:
            if place.exists():
                return governance_keys.open_file(place, passphrase=passphrase)
            return governance_keys.make_file(
                place, did=did, algorithm=algorithm, passphrase=passphrase, random=parts.random
            )
    except GovernanceKeyError as error:
        raise GovernancePassphraseError(str(error)) from error


def _require(db: Database) -> dict[str, Any]:
    row = store.key(db)
    if row is None:
        raise GovernanceKeyMissingError("make the key first: vocred issuer governance-key")
    return row
