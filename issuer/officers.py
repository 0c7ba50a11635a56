"""Officers: who may sign in, with which roles, and what happens after a wrong passphrase.

A try is counted before the passphrase is checked and forgiven when it was right, so tries side by side cannot
slip through, and a restart forgets nothing. From the sixth wrong one on, each doubles the wait, up to a
quarter of an hour. Argon2id runs behind a semaphore: a flood of sign-ins costs time, not memory.
"""

import json
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlite_utils import Database

from crypto import sealing
from issuer import audit, store_officers
from issuer.audit import Actor
from issuer.errors import (
    ConflictError,
    ForbiddenError,
    InvalidActError,
    PassphraseRefusedError,
    SignInDelayedError,
    SignInRefusedError,
    UnknownError,
)
from web.database import transaction

MAKER, CHECKER, ADMINISTRATOR = "maker", "checker", "administrator"
GOVERNANCE = "governance"
MENTOR = "mentor"
ROLES = (MAKER, CHECKER, ADMINISTRATOR, GOVERNANCE, MENTOR)
HOST = Actor("host", "host")

LEAST_PASSPHRASE = 10
MOST_PASSPHRASE = 200
FREE_TRIES = 5
FIRST_WAIT_SECONDS = 15
LONGEST_WAIT_SECONDS = 900

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_LOST = "lost"
_AT_ONCE = threading.BoundedSemaphore(2)
_HASHER = PasswordHasher(
    time_cost=sealing.ARGON2_PASSES,
    memory_cost=sealing.ARGON2_MEMORY_KIB,
    parallelism=sealing.ARGON2_LANES,
)
# Checked when the name is unknown, so that the answer takes as long as for a known one. Nobody knows what
# it is the hash of: 32 random bytes that were not kept.
_NOBODY = "$argon2id$v=19$m=47104,t=1,p=1$kYVEJ+NrWfKWfYlBsSQbnQ$QtbXT0acG66T1DgnVi1GqX2DSwisrkIcOMlJxrH5KF8"


@dataclass(frozen=True)
class Officer:
    """Somebody who may act for the institution.

    Attributes:
        name: As given to ``init`` or ``add-officer``; lower case, also the end of the environment's variable.
        roles: Some of ``ROLES``.
        generation: Counts passphrases; a session of another generation is over.
        locked_until: Until when signing in waits, in seconds; 0: it does not.
        able: Whether a passphrase is known to somebody; the host may declare one lost.
    """

    name: str
    roles: frozenset[str]
    generation: int
    locked_until: int
    able: bool


def load(db: Database, name: str) -> Officer | None:
    """Return an officer by name, or None."""
    row = store_officers.officer(db, name)
    return None if row is None else _officer(row)


def listing(db: Database) -> list[Officer]:
    """Return every officer, by name."""
    return [_officer(row) for row in store_officers.officers(db)]


def require(db: Database, actor: Actor, role: str) -> Officer:
    """Check that whoever acts is an officer of this institution with the role.

    Raises:
        ForbiddenError: No such officer, or not that role.
    """
    officer = load(db, actor.name)
    if officer is None or role not in officer.roles:
        raise ForbiddenError(f"this takes an officer with the role {role}")
    return officer


def authenticate(
    db: Database, *, name: str, passphrase: str, actor: Actor | None = None, now: int
) -> Officer:
    """Check a name and passphrase.

    Args:
        db: The connection.
        name: The officer's name.
        passphrase: As typed.
        actor: Named in the log when the sign-in fails; by default the web.
        now: Seconds since 1970.

    Raises:
        SignInDelayedError: There were too many wrong ones; it says how long to wait.
        SignInRefusedError: Name and passphrase do not go together.
    """
    with transaction(db):
        row = store_officers.officer(db, name)
        if row is not None:
            _require_open(row, now=now)
            store_officers.count_failure(db, name, locked_until=locked_until(row["failures"] + 1, now=now))
    if not _matches(passphrase, _NOBODY if row is None else row["passphrase_hash"]) or row is None:
        with transaction(db):
            who = actor or Actor("unknown" if row is None else name, "web")
            audit.write(db, actor=who, action="sign-in refused", subject=who.name, now=now)
        raise SignInRefusedError("the name and the passphrase do not go together")
    with transaction(db):
        store_officers.forget_failures(db, name)
    return _officer(row)


def change_passphrase(db: Database, *, actor: Actor, old: str, new: str, now: int) -> None:
    """Change one's own passphrase, knowing the old one.

    Raises:
        SignInRefusedError: The old one is wrong.
        PassphraseRefusedError: The new one is too weak.
    """
    hashed = hash_passphrase(new)
    authenticate(db, name=actor.name, passphrase=old, actor=actor, now=now)
    with transaction(db):
        store_officers.set_passphrase(db, actor.name, hashed)
        audit.write(db, actor=actor, action="passphrase changed", subject=actor.name, now=now)


def hash_passphrase(passphrase: str) -> str:
    """Hash a new passphrase.

    Raises:
        PassphraseRefusedError: It is too short, too long, or one character repeated.
    """
    check_passphrase(passphrase)
    with _AT_ONCE:
        return _HASHER.hash(passphrase)


def check_passphrase(passphrase: str) -> None:
    """Check that a new passphrase is not too easy to guess.

    Raises:
        PassphraseRefusedError: It is too short, too long, or one character repeated.
    """
    if not LEAST_PASSPHRASE <= len(passphrase) <= MOST_PASSPHRASE or len(set(passphrase)) < 5:
        raise PassphraseRefusedError(
            f"a passphrase has {LEAST_PASSPHRASE} to {MOST_PASSPHRASE} characters, five of them different"
        )


def check_name(name: str) -> None:
    """Check that a name can be an officer's.

    Raises:
        InvalidActError: It is not ``[a-z][a-z0-9_]*`` of at most 32 characters.
    """
    if not _NAME.fullmatch(name):
        raise InvalidActError("an officer's name is at most 32 of a-z, 0-9 and _, starting with a letter")


def check_roles(roles: Iterable[str]) -> list[str]:
    """Return roles in their order.

    Raises:
        InvalidActError: None, or one that does not exist.
    """
    wanted = set(roles)
    if not wanted or not wanted <= set(ROLES):
        raise InvalidActError(f"roles are some of {', '.join(ROLES)}")
    return [role for role in ROLES if role in wanted]


def add(
    db: Database, *, actor: Actor, name: str, roles: Iterable[str], passphrase_hash: str, now: int
) -> None:
    """Add an officer, inside the caller's transaction; who may do so has been decided.

    Raises:
        ConflictError: The name is taken.
        InvalidActError: The name or a role is none.
    """
    check_name(name)
    if store_officers.officer(db, name) is not None:
        raise ConflictError("an officer of that name exists")
    listed = check_roles(roles)
    store_officers.add_officer(db, name=name, roles=listed, passphrase_hash=passphrase_hash, at=now)
    audit.write(db, actor=actor, action="officer added", subject=name, now=now, roles=" ".join(listed))


def reset(db: Database, *, name: str, passphrase_hash: str) -> None:
    """Give an officer another passphrase, inside the caller's transaction; two officers have agreed.

    Raises:
        UnknownError: No such officer.
    """
    if store_officers.officer(db, name) is None:
        raise UnknownError("no officer of that name")
    store_officers.set_passphrase(db, name, passphrase_hash)


def declare_lost(db: Database, *, name: str, now: int) -> None:
    """Note, on the word of whoever runs the host, that an officer cannot sign in any more.

    Raises:
        UnknownError: No such officer.
    """
    with transaction(db):
        reset(db, name=name, passphrase_hash=_LOST)
        audit.write(db, actor=HOST, action="passphrase declared lost", subject=name, now=now)


def add_from_host(db: Database, *, name: str, passphrase: str, now: int) -> None:
    """Add an officer on the word of whoever runs the host: only while fewer than two can sign in.

    Four eyes bind officers, not the host; the log says that it was the host.

    Raises:
        ForbiddenError: Two officers can sign in; they can add others.
    """
    hashed = hash_passphrase(passphrase)
    with transaction(db):
        if sum(officer.able for officer in listing(db)) >= 2:
            raise ForbiddenError("two officers can sign in: one submits the new officer, the other approves")
        add(db, actor=HOST, name=name, roles=ROLES, passphrase_hash=hashed, now=now)


def _officer(row: dict[str, object]) -> Officer:
    return Officer(
        name=str(row["name"]),
        roles=frozenset(json.loads(str(row["roles"]))),
        generation=int(str(row["generation"])),
        locked_until=int(str(row["locked_until"])),
        able=row["passphrase_hash"] != _LOST,
    )


def _require_open(row: dict[str, object], *, now: int) -> None:
    wait = int(str(row["locked_until"])) - now
    if wait > 0:
        raise SignInDelayedError("too many wrong passphrases for this name", retry_after=wait)


def locked_until(failures: int, *, now: int) -> int:
    """Return until when nothing is tried after so many wrong passphrases in a row; 0 where there is no wait.

    Not ``now`` without a wait: whoever began a second earlier and waited for its turn would be sent away.
    """
    if failures <= FREE_TRIES:
        return 0
    wait = FIRST_WAIT_SECONDS << min(failures - FREE_TRIES - 1, 10)
    return now + min(wait, LONGEST_WAIT_SECONDS)


def _matches(passphrase: str, hashed: str) -> bool:
    with _AT_ONCE:
        try:
            return _HASHER.verify(hashed, passphrase[:MOST_PASSPHRASE])
        except (VerifyMismatchError, InvalidHashError):
            return False
