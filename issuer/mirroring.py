"""Leaving copies at the consortium's mirrors, before the statement that names them.

Every version of a list, its notices and the store's index, and every DID document, is left at each mirror;
an outbox remembers who has what. One go takes a few seconds at most, asks all mirrors at once, and is
harmless when repeated. A mirror that fails rests for longer and longer and is tried again; it holds nothing
up, for mirrors also pull what they miss. Sealed forms and receipts are theirs to pull: they are many.
"""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from issuer import institution, standing, store_mirrors
from issuer.parts import Parts
from ledger.mirror.client import leave
from ledger.mirror.signing import sign_upload
from web.database import transaction

logger = logging.getLogger(__name__)

SECONDS = 3.0
"""How long one go may take: a statement waits no longer than that for slow mirrors."""

OBJECTS_AT_ONCE = 64
FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 1800
_WORKERS = 8


@dataclass(frozen=True)
class _Load:
    """What one mirror is to be brought: objects, each with the signature for it."""

    url: str
    attempts: int
    objects: Sequence[tuple[bytes, bytes, str]]


@dataclass(frozen=True)
class MirrorState:
    """How one mirror stands.

    Attributes:
        url: Its address.
        waiting: How many of our objects it has not acknowledged.
        attempts: How often it failed, one after another.
        last_kept_at: When it last took something, seconds, or None.
    """

    url: str
    waiting: int
    attempts: int
    last_kept_at: int | None


def bring_copies(db: Database, parts: Parts, *, now: int) -> None:
    """Leave what waits at every mirror that may be tried; return after a few seconds in any case.

    Args:
        db: The connection.
        parts: The collaborators; without mirrors nothing happens.
        now: Seconds since 1970.
    """
    if parts.mirrors is None or standing.current(db).number is None:
        # Mirrors take objects from registered issuers; whatever waits is theirs to pull once they are.
        return
    urls = parts.mirrors.client.urls(now=now)
    if not urls:
        return
    with transaction(db):
        store_mirrors.set_mirrors(db, urls)
        store_mirrors.forget_copies(db)
    loads = _loads(db, parts, now=now)
    for load, kept in zip(loads, _carry(loads, parts), strict=True):
        with transaction(db):
            _note(db, load, kept, now=now)


def due(db: Database, parts: Parts, *, now: int) -> bool:
    """Return whether something waits for a mirror that may be tried; it only reads."""
    return parts.mirrors is not None and store_mirrors.copies_wait(db, now=now)


def state(db: Database) -> list[MirrorState]:
    """Return how every known mirror stands."""
    names = ("url", "waiting", "attempts", "last_kept_at")
    return [MirrorState(**{name: found[name] for name in names}) for found in store_mirrors.mirrors(db)]


def _loads(db: Database, parts: Parts, *, now: int) -> list[_Load]:
    ready = [found for found in store_mirrors.mirrors(db) if found["next_attempt_at"] <= now]
    signed: dict[bytes, tuple[bytes, bytes, str]] = {}
    loads = []
    for mirror in ready:
        digests = store_mirrors.waiting_copies(db, mirror["url"], limit=OBJECTS_AT_ONCE)
        for digest in digests:
            if digest not in signed:
                signed[digest] = _signed(db, parts, digest, now=now)
        if digests:
            objects = [signed[digest] for digest in digests]
            loads.append(_Load(mirror["url"], mirror["attempts"], objects))
    return loads


def _signed(db: Database, parts: Parts, digest: bytes, *, now: int) -> tuple[bytes, bytes, str]:
    assert parts.mirrors is not None
    body = store_mirrors.published_body(db, digest)
    assert body is not None  # it was found a moment ago, by the one process that holds the lock
    key = institution.submission_key(db, parts.secret)
    did, chain_id = institution.load(db).did, parts.mirrors.chain_id
    return digest, body, sign_upload(digest, did=did, chain_id=chain_id, key=key, now=now)


def _carry(loads: Sequence[_Load], parts: Parts) -> list[list[bytes]]:
    """Leave every load at its mirror, all at once; return what each mirror keeps."""
    if not loads:
        return []
    end = time.monotonic() + SECONDS
    with ThreadPoolExecutor(min(len(loads), _WORKERS), thread_name_prefix="mirrors") as pool:
        return list(pool.map(lambda load: _leave_all(load, parts, end=end), loads))


def _leave_all(load: _Load, parts: Parts, *, end: float) -> list[bytes]:
    assert parts.mirrors is not None
    kept: list[bytes] = []
    for digest, body, upload in load.objects:
        if time.monotonic() > end or not leave(body, url=load.url, upload=upload, put=parts.mirrors.put):
            break
        kept.append(digest)
    return kept


def _note(db: Database, load: _Load, kept: list[bytes], *, now: int) -> None:
    store_mirrors.note_copies(db, load.url, kept, at=now)
    attempts, pause = 0, 0
    if not kept:
        attempts = load.attempts + 1
        pause = min(FIRST_PAUSE_SECONDS << min(attempts - 1, 10), LONGEST_PAUSE_SECONDS)
        logger.info("mirror took nothing url=%s attempts=%d", load.url, attempts)
    store_mirrors.note_attempt(db, load.url, attempts=attempts, next_attempt_at=now + pause)


def report(db: Database) -> dict[str, Any]:
    """Return the same as plain values, for commands."""
    found = state(db)
    return {
        "mirrors": [
            {"url": one.url, "waiting": one.waiting, "attempts": one.attempts, "lastKept": one.last_kept_at}
            for one in found
        ],
        "waiting": sum(one.waiting for one in found),
    }
