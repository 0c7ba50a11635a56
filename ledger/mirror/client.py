"""Asking the consortium's mirrors: for an object by its digest, for a bucket by its prefix.

Whoever asks compares what comes with a digest or a signature, so a mirror need not be trusted: one that
serves other bytes is passed over. Several are asked one after the other with short times, the one that
answered last first; one that was silent rests for a while. Nobody learns from the question which
certificate it is about: objects are whole lists and documents, buckets hold many forms.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Protocol
from urllib.parse import quote

from ledger.errors import LedgerError
from ledger.mirror.signing import BUCKET_HEADER, UPLOAD_HEADER, BucketPlace
from ledger.mirror.sources import Rests
from ledger.proof.verify import Snapshot
from ledger.registry import StateKey, endpoint_key, members_key
from web import limits
from web.errors import FetchError
from web.fetcher import Fetch, Fetcher, Response

logger = logging.getLogger(__name__)

URLS_AGE = 60
"""Seconds for which the registry is not asked again where its mirrors are."""

LONGEST_REST_SECONDS = 60.0
ASK_SECONDS = 1.5
"""Time for one mirror to answer; ``fetcher`` makes a fetcher that keeps to it."""

MOST_MIRRORS = 8
"""How many mirrors are asked for one thing."""

_OK, _CREATED = 200, 201


class RegistryReader(Protocol):
    """What is asked of the ledger; ``ledger.client.LedgerClient`` is one."""

    def snapshot(self, keys: Iterable[StateKey], *, now: int) -> tuple[Snapshot, bytes]:
        """Return proved values of the registry."""


class Put(Protocol):
    """What leaves bytes at an address; ``web.fetcher.Fetcher`` does."""

    def put(
        self, url: str, *, body: bytes, content_type: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Put ``body`` at ``url``."""


def fetcher(*, insecure_loopback: bool) -> Fetcher:
    """Return a vetted fetcher that gives each mirror only a short time."""
    return Fetcher(insecure_loopback=insecure_loopback, seconds=ASK_SECONDS)


class MirrorClient:
    """The mirrors that the registry names, and the nodes that the service was set up with.

    Safe to share between threads: what it remembers is only whom to ask first.
    """

    def __init__(
        self,
        *,
        ledger: RegistryReader,
        fetch: Fetch,
        nodes: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the collaborators; nothing is fetched yet.

        Args:
            ledger: Proves which mirrors there are.
            fetch: The vetted fetcher for mirrors, see ``fetcher``.
            nodes: Base URLs of nodes that serve as mirrors whatever the registry says.
            clock: Seconds that only grow, for how long a silent mirror rests.
        """
        self._ledger = ledger
        self._fetch = fetch
        self._nodes = tuple(node.rstrip("/") for node in nodes)
        self._known: tuple[int, tuple[str, ...]] | None = None
        self._rests: Rests[str] = Rests(clock, longest=LONGEST_REST_SECONDS)
        self._first: str | None = None

    def urls(self, *, now: int) -> tuple[str, ...]:
        """Return the mirrors' base URLs, configured nodes first; a silent ledger's last known.

        Args:
            now: Seconds since 1970.
        """
        if self._known is None or not 0 <= now - self._known[0] < URLS_AGE:
            named = () if self._known is None else self._known[1]
            try:
                named = self._named(now)
            except LedgerError as error:
                logger.info("mirrors not asked for code=%s", error.code)
            self._known = (now, named)
        return tuple(dict.fromkeys((*self._nodes, *self._known[1])))

    def ledger_is_silent(self, *, now: int) -> None:
        """Do not ask the ledger for mirrors for a while: somebody did a moment ago, in vain."""
        self._known = (now, () if self._known is None else self._known[1])

    def object(self, digest: bytes, *, now: int, max_bytes: int = limits.FETCH_LARGE_BYTES) -> bytes | None:
        """Return the object with that SHA-256, or None where no mirror that answers has it.

        Args:
            digest: What the ledger names.
            now: Seconds since 1970.
            max_bytes: Largest answer to read.
        """
        for url, answer in self._answers(f"/v1/mirror/objects/{digest.hex()}", now=now, max_bytes=max_bytes):
            if sha256(answer.body).digest() == digest:
                self._first = url
                return answer.body
            logger.warning("mirror serves other bytes url=%s digest=%s", url, digest.hex())
        return None

    def bucket(
        self, place: BucketPlace, *, now: int, accept: Callable[[bytes, str | None], bool]
    ) -> bytes | None:
        """Return the first bucket that is accepted, or None.

        Args:
            place: Whose bucket, and which: the anchored index alone says how long a prefix is.
            now: Seconds since 1970.
            accept: Told the bucket's bytes and the issuer's signature as the mirror gave it, or None.
        """
        path = f"/v1/mirror/{place.kind}/{quote(place.did, safe='')}/{place.bits}/{place.prefix}"
        for url, answer in self._answers(path, now=now, max_bytes=limits.FETCH_LARGE_BYTES):
            if accept(answer.body, answer.headers.get(BUCKET_HEADER.lower())):
                self._first = url
                return answer.body
        return None

    def _answers(self, path: str, *, now: int, max_bytes: int) -> Iterator[tuple[str, Response]]:
        """Ask the mirrors in turn; those that answer 200."""
        for url in sorted(self.urls(now=now)[:MOST_MIRRORS], key=lambda url: url != self._first):
            if self._rests.rests(url):
                continue
            try:
                answer = self._fetch.get(url + path, max_bytes=max_bytes)
            except FetchError as error:
                self._rests.failed(url)
                logger.info("mirror silent url=%s code=%s", url, error.code)
                continue
            self._rests.answered(url)
            if answer.status == _OK:
                yield url, answer

    def _named(self, now: int) -> tuple[str, ...]:
        members, _ = self._ledger.snapshot([members_key()], now=now)
        dids = members.value(members_key()) or ()
        if not dids:
            return ()
        found, _ = self._ledger.snapshot([endpoint_key(did) for did in dids], now=now)
        records = [found.value(endpoint_key(did)) for did in dids]
        addresses = [record["mirror"] or record["node"] for record in records if record is not None]
        return tuple(address.rstrip("/") for address in addresses if address)


def leave(content: bytes, *, url: str, upload: str, put: Put) -> bool:
    """Leave an object at one mirror; leaving it again is harmless.

    Args:
        content: Its bytes.
        url: The mirror's base URL.
        upload: What ``signing.sign_upload`` returned for its digest.
        put: The vetted fetcher.

    Returns:
        Whether the mirror keeps it now.
    """
    address = f"{url}/v1/mirror/objects/{sha256(content).hexdigest()}"
    try:
        answer = put.put(
            address, body=content, content_type="application/octet-stream", headers={UPLOAD_HEADER: upload}
        )
    except FetchError as error:
        logger.info("mirror silent url=%s code=%s", url, error.code)
        return False
    return answer.status in (_OK, _CREATED)
