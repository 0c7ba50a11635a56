"""What issuers publish, had from the consortium's mirrors first and from the issuer else.

Everything is compared with a digest that the ledger holds, or with the issuer's signature, so whoever serves
it need not be trusted: a mirror with other bytes is passed over.

    objects    DID documents, notices, indexes: a mirror, else the issuer, by the anchored digest
    lists      a mirror and the issuer at once: only the issuer has a list that is newer than the ledger's
    buckets    a mirror's that the issuer signed, else the issuer's, else a mirror's as far as it helps

An issuer that does not answer rests for half a minute, so that nobody waits for it with every certificate.
"""

import hashlib
import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal
from urllib.parse import urlsplit

from crypto import jcs
from crypto.errors import CryptoError
from ledger.client import LedgerClient
from ledger.mirror.client import MirrorClient
from ledger.mirror.signing import BucketPlace, is_signed_bucket
from ledger.registry import IssuerRecord, StatusRecord
from vc import documents, form_store
from vc.errors import StoreError, VcError
from vc.form_store import Bucket, StoreIndex
from verifier.errors import EvidenceUnavailableError
from verifier.memory import Memory
from web import limits
from web.errors import FetchError
from web.fetcher import Fetch

logger = logging.getLogger(__name__)

LIST_TYPES = "application/vc, application/json;q=0.9"
ISSUER_GRACE_SECONDS = 1.0
"""How long the issuer is waited for once a mirror gave the ledger's version."""

ISSUER_REST_SECONDS = 30
_ASKING_AT_ONCE = 16

StoreKind = Literal["forms", "receipts"]


@dataclass(frozen=True)
class ServedLists:
    """What came when a status list was asked for.

    Attributes:
        own: What the issuer serves now, or None.
        mirrored: The ledger's version from a mirror, or None.
        issuer_silent: True where the issuer gave nothing.
    """

    own: dict[str, Any] | None
    mirrored: dict[str, Any] | None
    issuer_silent: bool


class Publications:
    """Fetches for one verification."""

    def __init__(
        self, *, fetch: Fetch, mirrors: MirrorClient | None, memory: Memory, ledger: LedgerClient, now: int
    ) -> None:
        """Keep the collaborators; nothing is fetched yet."""
        self._fetch = fetch
        self._mirrors = mirrors
        self._memory = memory
        self._ledger = ledger
        self._now = now

    def object(self, digest: bytes, *urls: str) -> bytes | None:
        """Return a public document with a SHA-256 that the ledger means, or None.

        Args:
            digest: The SHA-256.
            urls: Where the issuer serves it.
        """
        if self._mirrors is not None:
            content = self._mirrors.object(digest, now=self._now)
            if content is not None:
                return content
        for url in urls:
            content = self._fetched(url, digest)
            if content is not None:
                return content
        return None

    # Status lists

    def lists(self, url: str, *, anchored: StatusRecord, held: bool) -> ServedLists:
        """Ask the issuer for its list and a mirror for the ledger's version, both at once.

        Args:
            url: The list.
            anchored: The ledger's version.
            held: True where that version is at hand already.
        """
        if self._mirrors is None:
            own = self._own_list(url)
            return ServedLists(own, None, own is None)
        asked = None if self.rests(url) else _threads().submit(self._own_list, url)
        mirrored = None if held else self._mirrored_list(anchored.digest)
        if asked is None and not held and mirrored is None:
            # Nobody else has it: whoever was silent a moment ago is asked all the same.
            asked = _threads().submit(self._own_list, url)
        own = self._answer(asked, url, patient=not held and mirrored is None)
        return ServedLists(own, mirrored, own is None)

    def was_silent(self, url: str) -> bool:
        """Return whether the issuer behind an address gave nothing when it was last asked."""
        return self._memory.silent_issuers.get(_origin(url)) is not None

    def rests(self, url: str) -> bool:
        """Return whether the issuer behind an address was silent so recently that it is not asked."""
        silent_at = self._memory.silent_issuers.get(_origin(url))
        return silent_at is not None and 0 <= self._now - silent_at < ISSUER_REST_SECONDS

    def _answer(
        self, asked: Future[dict[str, Any] | None] | None, url: str, *, patient: bool
    ) -> dict[str, Any] | None:
        if asked is None:
            return None
        try:
            return asked.result(timeout=None if patient else ISSUER_GRACE_SECONDS)
        except FutureTimeoutError:
            self._memory.silent_issuers.put(_origin(url), self._now)
            return None

    def _own_list(self, url: str) -> dict[str, Any] | None:
        try:
            answer = self._fetch.get(url, accept=LIST_TYPES, max_bytes=limits.FETCH_BYTES)
            found = documents.load(answer.body) if answer.status == 200 else None
        except (FetchError, CryptoError, VcError) as error:
            logger.info("status list not had code=%s", error.code)
            found = None
        if found is None:
            self._memory.silent_issuers.put(_origin(url), self._now)
        else:
            self._memory.silent_issuers.drop(_origin(url))
        return found

    def _mirrored_list(self, digest: bytes) -> dict[str, Any] | None:
        assert self._mirrors is not None
        content = self._mirrors.object(digest, now=self._now, max_bytes=limits.FETCH_BYTES)
        try:
            found = None if content is None else documents.load(content)
        except (CryptoError, VcError) as error:
            logger.info("mirrored list not read code=%s", error.code)
            return None
        return found if found is None or jcs.digest(found) == digest else None

    # Form stores

    def bucket(
        self, record: IssuerRecord, index: StoreIndex, locator: bytes, *, kind: StoreKind
    ) -> Bucket | None:
        """Return the bucket of a locator, or None where the store has none there.

        Args:
            record: The issuer.
            index: Its current index, which alone names the prefix's length.
            locator: What is looked for; only its prefix is asked for.
            kind: ``forms`` or ``receipts``.

        Raises:
            EvidenceUnavailableError: Nobody answers, or only with something else than a bucket.
        """
        search = _Search(record, index, locator, kind, chain_id=self._ledger.chain_id)
        if self._mirrors is not None:
            self._mirrors.bucket(search.place, now=self._now, accept=search.accept)
        if search.found is not None:
            return search.found
        try:
            own = self._own_bucket(f"{record.store_url}/{index.path(locator, kind=kind)}")
        except EvidenceUnavailableError:
            if search.helpful is None:
                raise
            return search.helpful
        # An old backup at the issuer, and a mirror that has what the index names: the mirror's is better.
        return own if search.helpful is None or search.answers(own) else search.helpful

    def _own_bucket(self, url: str) -> Bucket | None:
        try:
            answer = self._fetch.get(url, max_bytes=limits.FETCH_LARGE_BYTES)
        except FetchError as error:
            raise EvidenceUnavailableError("the store does not answer", code="STORE_UNAVAILABLE") from error
        if answer.status in (404, 410):
            return None
        try:
            if answer.status != 200:
                raise StoreError(f"the store answers {answer.status}")
            return form_store.decode_bucket(answer.body)
        except StoreError as error:
            raise EvidenceUnavailableError(
                "the store's bucket is malformed", code="STORE_UNAVAILABLE"
            ) from error

    def _fetched(self, url: str, digest: bytes) -> bytes | None:
        try:
            answer = self._fetch.get(url, max_bytes=limits.FETCH_LARGE_BYTES)
        except FetchError as error:
            logger.info("fetch failed code=%s", error.code)
            return None
        if answer.status != 200 or hashlib.sha256(answer.body).digest() != digest:
            return None
        return answer.body


class _Search:
    """Looking for a locator among the buckets that mirrors give.

    The index names only which locators a bucket holds. So a mirror's bucket answers where the issuer signed
    its bytes, and where it proves that nothing lies under the locator. Any other one is kept as helpful: a
    blob that somebody exchanged does not open, and nothing worse comes of it.
    """

    def __init__(
        self, record: IssuerRecord, index: StoreIndex, locator: bytes, kind: StoreKind, *, chain_id: str
    ) -> None:
        self.found: Bucket | None = None
        self.helpful: Bucket | None = None
        self.place = BucketPlace(
            record.did, kind, index.prefix_bits, form_store.prefix_of(locator, index.prefix_bits)
        )
        self._key, self._chain_id = record.submission_key, chain_id
        self._index, self._locator = index, locator

    def accept(self, body: bytes, signature: str | None) -> bool:
        """Look at one mirror's bucket; return whether the search is over."""
        try:
            bucket = form_store.decode_bucket(body)
        except StoreError:
            return False
        if not self.answers(bucket):
            return False
        signed = is_signed_bucket(signature, body, place=self.place, chain_id=self._chain_id, key=self._key)
        if signed or form_store.find(self._locator, bucket=bucket) is None:
            self.found = bucket
            return True
        self.helpful = self.helpful or bucket
        return False

    def answers(self, bucket: Bucket | None) -> bool:
        """Return whether a bucket is the one that the index names; of receipts, whether ours is in it."""
        if bucket is None:
            return False
        if self.place.kind == "receipts":
            # Nothing anchored names receipts: one that lacks ours may just be behind.
            return form_store.find(self._locator, bucket=bucket) is not None
        try:
            form_store.check_bucket(bucket, store_index=self._index, prefix=self.place.prefix)
        except StoreError:
            return False
        return True


def document_addresses(record: IssuerRecord, digest: bytes) -> Sequence[str]:
    """Return where an issuer serves the DID document with a digest."""
    return [f"{record.store_url}/documents/{digest.hex()}", f"{record.claims_url}/.well-known/did.json"]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@cache
def _threads() -> ThreadPoolExecutor:
    """Return the threads in which issuers are asked while mirrors are; made at the first use."""
    return ThreadPoolExecutor(_ASKING_AT_ONCE, thread_name_prefix="issuers")
