"""The ledger's receipts of what the wallet holds, fetched by bucket.

A form is signed before it is anchored, so its receipt comes later. It lies in the issuer's store under a
locator that only the form's digest yields, in a bucket with at least fifteen others: asking for the bucket
tells the issuer nothing. A receipt is kept only once it has been checked against the ledger.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from crypto.errors import CryptoError
from ledger.errors import LedgerError
from ledger.mirror.signing import BucketPlace, is_signed_bucket
from ledger.registry import IssuerRecord, status_key
from vc import credentials, form_store
from vc.errors import VcError
from vc.form_store import Bucket, StoreIndex
from wallet import issuers
from wallet.errors import CannotCheckError
from wallet.parts import Parts
from web import limits
from web.errors import FetchError

logger = logging.getLogger(__name__)


class ReceiptStore:
    """One issuer's receipts during one look: the index and every bucket are fetched at most once."""

    def __init__(self, record: IssuerRecord, *, parts: Parts) -> None:
        """Keep where to look; nothing is fetched yet."""
        self._url = record.store_url
        self._record = record
        self._parts = parts
        self._index: StoreIndex | None = None
        self._buckets: dict[str, Bucket] = {}
        self._mirrored: dict[str, Bucket] = {}

    def find(self, credential: dict[str, object], *, now: datetime) -> bytes | None:
        """Find and check the receipt of a form.

        Args:
            credential: The secured form.
            now: The time.

        Returns:
            The receipt, or None while there is none that checks.

        Raises:
            CannotCheckError: The issuer's store does not answer as it should.
        """
        digest = credentials.digest(credential)
        locator, _ = form_store.receipt_locator(digest)
        blob = self._blob(locator, now=now)
        if blob is None:
            return None
        try:
            bundle = form_store.open_receipt(blob, form_digest=digest)
            self._parts.ledger.verify_receipt(
                bundle,
                digest=digest,
                issuer_id=credentials.issuer_id(credential),
                credential_type=credentials.credential_type(credential),
                now=int(now.timestamp()),
            )
        except (CryptoError, LedgerError) as error:
            # A receipt that does not check counts as none (ARCHITECTURE.md, "Verification, in order").
            logger.info("receipt_refused form=%s reason=%s", digest.hex()[:16], type(error).__name__)
            return None
        return bundle

    def _blob(self, locator: bytes, *, now: datetime) -> bytes | None:
        """Return what lies under a locator: at a mirror, else (a mirror may be behind) at the issuer."""
        mirrored = self._mirrored_bucket(locator, now=now)
        blob = None if mirrored is None else form_store.find(locator, bucket=mirrored)
        return form_store.find(locator, bucket=self._bucket(locator)) if blob is None else blob

    def _mirrored_bucket(self, locator: bytes, *, now: datetime) -> Bucket | None:
        mirrors = self._parts.mirrors
        index = None if mirrors is None else self._anchored_index(now=now)
        if mirrors is None or index is None:
            return None
        path = index.path(locator, kind="receipts")
        if path not in self._mirrored:
            prefix = form_store.prefix_of(locator, index.prefix_bits)
            place = BucketPlace(self._record.did, "receipts", index.prefix_bits, prefix)
            body = mirrors.bucket(place, now=int(now.timestamp()), accept=self._signed(place))
            self._mirrored[path] = () if body is None else form_store.decode_bucket(body)
        return self._mirrored[path]

    def _signed(self, place: BucketPlace) -> Callable[[bytes, str | None], bool]:
        """Return what takes a mirror's bucket only with the issuer's signature, and in the right form."""
        chain_id, key = self._parts.ledger.chain_id, self._record.submission_key

        def accept(body: bytes, signature: str | None) -> bool:
            try:
                form_store.decode_bucket(body)
            except VcError:
                return False
            return is_signed_bucket(signature, body, place=place, chain_id=chain_id, key=key)

        return accept

    def _anchored_index(self, *, now: datetime) -> StoreIndex | None:
        """Return the index that the ledger names, from a mirror: nobody else may say how long a prefix is."""
        if self._index is None:
            url = f"{self._url}/index"
            try:
                key = status_key(self._record.did, url)
                snapshot, _ = self._parts.ledger.snapshot([key], now=int(now.timestamp()))
                anchored = snapshot.status(self._record.did, url)
            except LedgerError:
                return None
            body = None
            if anchored is not None:
                body = issuers.from_mirrors(
                    anchored.digest, parts=self._parts, now=now, max_bytes=limits.FETCH_LARGE_BYTES
                )
            try:
                self._index = None if body is None else form_store.parse_index(body)
            except VcError:
                return None
        return self._index

    def _bucket(self, locator: bytes) -> Bucket:
        try:
            if self._index is None:
                self._index = form_store.parse_index(self._fetch("index"))
            path = self._index.path(locator, kind="receipts")
            if path not in self._buckets:
                self._buckets[path] = form_store.decode_bucket(self._fetch(path))
        except VcError as error:
            raise CannotCheckError("the issuer's store of receipts cannot be read") from error
        return self._buckets[path]

    def _fetch(self, path: str) -> bytes:
        try:
            answer = self._parts.fetcher.get(f"{self._url}/{path}", max_bytes=limits.FETCH_LARGE_BYTES)
        except FetchError as error:
            raise CannotCheckError("the issuer's store of receipts does not answer") from error
        if answer.status != 200:
            raise CannotCheckError(f"the issuer's store of receipts answered {answer.status}")
        return answer.body
