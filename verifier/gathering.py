"""Gather evidence: from the ledger, from what travelled with a share, from caches, and last from the network.

Addresses come from the registry, except a status list's, which the credential names and the ledger has to
know. Everything is compared with a digest that the ledger holds, so whoever serves it need not be trusted.
While the ledger is silent, its last word answers, and the caller sees how old it is.

    registry    ledger, at most a second old; else the newest of staple and memory
    receipt     share, memory, then by bucket: mirrors, the issuer's store
    documents   memory, share, mirrors, the issuer's store
    lists       memory or share where they are the ledger's current version; else a mirror and the issuer
"""

import hashlib
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from crypto import jcs
from crypto.errors import CryptoError
from ledger.client import MAX_HEAD_AGE, LedgerClient
from ledger.mirror.client import MirrorClient
from ledger.proof.verify import Receipt, Snapshot
from ledger.registry import Grant, IssuerRecord, StateKey, StatusRecord, grant_key, issuer_key, status_key
from vc import dates, form_store, status
from vc.bitstring import clears_any
from vc.errors import StatusError, StoreError
from vc.form_store import Bucket, StoreIndex
from vc.shares import Package
from verifier.agreed import PRESENT, Agreed
from verifier.errors import EvidenceUnavailableError
from verifier.evidence import Candidate, Recognitions, Registry, Source
from verifier.ledger_word import LedgerWord
from verifier.memory import Memory
from verifier.publications import Publications, StoreKind, document_addresses
from web.fetcher import Fetch

__all__ = ["Gatherer", "Memory"]

logger = logging.getLogger(__name__)


class Gatherer:
    """Evidence for one verification, or for the credentials of one presentation."""

    def __init__(
        self,
        *,
        ledger: LedgerClient,
        fetch: Fetch,
        memory: Memory,
        now: int,
        staples: Package | None = None,
        mirrors: MirrorClient | None = None,
    ) -> None:
        """Keep the collaborators; nothing is fetched yet.

        Args:
            ledger: The ledger's client, with the verifier's pin.
            fetch: The one vetted fetcher.
            memory: What this process remembers.
            now: The moment of the question in integer seconds.
            staples: What travelled with a share.
            mirrors: The consortium's mirrors, which are asked before an issuer; None: there are none.
        """
        self.fetch = fetch
        self._memory = memory
        self._now = now
        self._staples = staples
        self._mirrors = mirrors
        self._word = LedgerWord(ledger=ledger, memory=memory, now=now, staples=staples)
        self._agreed = Agreed(self._word, memory=memory, now=now, staples=staples)
        self._published = Publications(fetch=fetch, mirrors=mirrors, memory=memory, ledger=ledger, now=now)

    @property
    def silent(self) -> bool:
        """True once the ledger did not answer: what is known then is its last word."""
        return self._word.silent

    def registry(self, issuer_id: str, *, lists: Sequence[str], fresh: bool = False) -> Registry:
        """Return the issuer's record and the status records of ``lists`` and of their notices.

        Raises:
            EvidenceUnavailableError: The ledger is silent, and nobody else knows.
        """
        urls = tuple(dict.fromkeys(lists))
        keys: list[StateKey] = [issuer_key(issuer_id)]
        for url in urls:
            keys += [status_key(issuer_id, url), status_key(issuer_id, f"{url}/notices")]
        snapshot, source = self.snapshot(keys, max_age=0 if fresh else PRESENT)
        return Registry(issuer_id=issuer_id, lists=urls, snapshot=snapshot, source=source)

    def snapshot(self, keys: Sequence[StateKey], *, max_age: int = MAX_HEAD_AGE) -> tuple[Snapshot, Source]:
        """Return proved values of the registry, and whether the ledger, memory or a staple gave them.

        Args:
            keys: What is asked for.
            max_age: How many seconds old an answer of the ledger may be.

        Raises:
            EvidenceUnavailableError: None of them did.
        """
        try:
            return self._word.snapshot(keys, max_age=max_age)
        finally:
            if self.silent and self._mirrors is not None:
                self._mirrors.ledger_is_silent(now=self._now)

    def grants(self, issuer_id: str, credential_type: str) -> tuple[Grant, ...]:
        """Return every grant of that type that the issuer ever had.

        Raises:
            EvidenceUnavailableError: The registry cannot be asked.
        """
        listing: StateKey = ("grants", issuer_id)
        snapshot, _ = self.snapshot([listing])
        accreditors = [pair[0] for pair in snapshot.value(listing) or () if pair[1] == credential_type]
        if not accreditors:
            return ()
        keys = [grant_key(accreditor, issuer_id, credential_type) for accreditor in accreditors]
        values, _ = self.snapshot(keys)
        found = [values.grant(accreditor, issuer_id, credential_type) for accreditor in accreditors]
        return tuple(grant for grant in found if grant is not None)

    def receipt(self, form_digest: bytes, *, registry: Registry, credential_type: str) -> Receipt | None:
        """Return the form's checked receipt, or None where there is none.

        Raises:
            EvidenceUnavailableError: The issuer's store cannot be read.
        """
        held = [self._memory.receipts.get(form_digest)]
        if self._staples is not None:
            held.append(self._staples.receipts.get(form_digest))
        for bundle in held:
            receipt = self._checked(bundle, form_digest, registry, credential_type)
            if receipt is not None:
                return receipt
        bundle = self._stored_receipt(form_digest, registry)
        receipt = self._checked(bundle, form_digest, registry, credential_type)
        if receipt is not None and bundle is not None:
            self._memory.receipts.put(form_digest, bundle)
        return receipt

    def _checked(
        self, bundle: bytes | None, form_digest: bytes, registry: Registry, credential_type: str
    ) -> Receipt | None:
        return self._word.receipt(
            bundle, digest=form_digest, issuer_id=registry.issuer_id, credential_type=credential_type
        )

    def _stored_receipt(self, form_digest: bytes, registry: Registry) -> bytes | None:
        record = registry.record
        index = None if record is None else self.store_index(record)
        if record is None or index is None:
            return None
        locator, _ = form_store.receipt_locator(form_digest)
        bucket = self.bucket(record, index, locator, kind="receipts")
        blob = None if bucket is None else form_store.find(locator, bucket=bucket)
        if blob is None:
            return None
        try:
            return form_store.open_receipt(blob, form_digest=form_digest)
        except CryptoError:
            return None

    def store_index(self, record: IssuerRecord, *, max_age: int = MAX_HEAD_AGE) -> StoreIndex | None:
        """Return the issuer's current store index, or None where none was ever anchored.

        Args:
            record: The issuer.
            max_age: How many seconds old the ledger's word about it may be.

        Raises:
            EvidenceUnavailableError: The anchored one cannot be had.
        """
        url = f"{record.store_url}/index"
        for age in (max_age, 0):
            snapshot, source = self.snapshot([status_key(record.did, url)], max_age=age)
            anchored = snapshot.status(record.did, url)
            if anchored is None:
                return None
            content = self._memory.stores.get(anchored.digest) or self._published.object(anchored.digest, url)
            if content is not None:
                self._memory.stores.put(anchored.digest, content)
                return _read_index(content, record=record, anchored=anchored)
            # The index may have been anchored anew after the head that we read: ask once more.
            if source != "ledger":
                break
        raise EvidenceUnavailableError("the store's index cannot be had", code="STORE_UNAVAILABLE")

    def bucket(
        self, record: IssuerRecord, index: StoreIndex, locator: bytes, *, kind: StoreKind
    ) -> Bucket | None:
        """Return the bucket of a locator, as ``Publications.bucket``."""
        return self._published.bucket(record, index, locator, kind=kind)

    def document(self, digest: bytes, *, registry: Registry) -> bytes:
        """Return the DID document with that SHA-256.

        Raises:
            EvidenceUnavailableError: Nobody has it.
        """
        stapled = () if self._staples is None else self._staples.documents
        held = self._memory.documents.get(digest)
        for content in (held, *stapled):
            if content is not None and hashlib.sha256(content).digest() == digest:
                return content
        record = registry.record
        found = None
        if record is not None:
            found = self._published.object(digest, *document_addresses(record, digest))
        if found is None:
            raise EvidenceUnavailableError("the issuer's DID document cannot be had", code="DID_UNAVAILABLE")
        self._memory.documents.put(digest, found)
        return found

    def candidates(self, url: str, *, anchored: StatusRecord) -> Sequence[Candidate]:
        """Return the lists that may answer for ``url``, the ledger's current version where it can be had."""
        held = self._held_lists(url)
        current = [item for item in held if jcs.digest(dict(item.document)) == anchored.digest]
        if current and self._settled(url):
            return current
        served = self._published.lists(url, anchored=anchored, held=bool(current))
        silent = served.issuer_silent and self._mirrors is not None
        found = [] if served.own is None else [Candidate(served.own, "issuer")]
        if served.mirrored is not None:
            found.append(Candidate(served.mirrored, "mirror", issuer_silent=silent))
        kept = [item for item in found if not self._takes_back(url, item)]
        if len(kept) < len(found):
            # A revocation never ends. Either somebody made this list up, or the issuer took one back.
            logger.error("status list takes a revocation back url=%s", url)
        for item in kept:
            if jcs.digest(dict(item.document)) == anchored.digest:
                self._memory.lists.put(url, (self._now, item.document))
        return [*kept, *(replace(item, issuer_silent=silent) for item in held)]

    def _settled(self, url: str) -> bool:
        """Return whether the list at hand answers without asking anybody."""
        if self.silent:
            return self._young(url)
        # While an issuer is away it is looked for again now and then, and the reader is told.
        return self._mirrors is None or not self._published.was_silent(url)

    def _takes_back(self, url: str, served: Candidate) -> bool:
        """Return whether a served list clears a bit that an anchored one, which we hold, has set."""
        remembered = self._memory.lists.get(url)
        if remembered is None:
            return False
        try:
            earlier, later = status.parse_list(remembered[1]), status.parse_list(served.document)
        except StatusError:
            return False
        newer = earlier.valid_from < later.valid_from
        return newer and earlier.purposes == ("revocation",) and clears_any(earlier.bits, later.bits)

    def _held_lists(self, url: str) -> list[Candidate]:
        remembered = self._memory.lists.get(url)
        held = [] if remembered is None else [Candidate(remembered[1], "cache", self._memory.proved_lists)]
        stapled = () if self._staples is None else self._staples.status_lists
        return held + [Candidate(item, "staple") for item in stapled if item.get("id") == url]

    def _young(self, url: str) -> bool:
        # A list's time to live counts only while the ledger is silent; otherwise its version decides.
        remembered = self._memory.lists.get(url)
        if remembered is None:
            return False
        fetched, document = remembered
        try:
            return self._now - fetched <= status.parse_list(document).seconds_to_live
        except StatusError:
            return False

    def notices(self, url: str, *, anchored: StatusRecord) -> bytes | None:
        """Return the notices document with the anchored digest, or None."""
        stapled = {} if self._staples is None else self._staples.notices
        document = stapled.get(url.removesuffix("/notices"))
        if document is not None and jcs.digest(dict(document)) == anchored.digest:
            return jcs.canonicalize(dict(document))
        held = self._memory.stores.get(anchored.digest) or self._published.object(anchored.digest, url)
        if held is not None:
            self._memory.stores.put(anchored.digest, held)
        return held

    def recognitions(self) -> Recognitions:
        """Return the agreements that may be in force, and the members.

        Raises:
            EvidenceUnavailableError: Neither the ledger nor a staple tells.
        """
        return self._agreed.recognitions()

    def names(self, dids: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """Return what the registry calls bodies; whom nobody tells is left out."""
        return self._agreed.names(dids)


def _read_index(content: bytes, *, record: IssuerRecord, anchored: StatusRecord) -> StoreIndex:
    try:
        index = form_store.parse_index(content)
    except StoreError as error:
        raise EvidenceUnavailableError("the store's index is malformed", code="STORE_UNAVAILABLE") from error
    until = None if anchored.valid_until is None else dates.from_seconds(anchored.valid_until)
    head = index.head
    if (head.issuer, head.version) != (record.did, anchored.version) or (
        head.valid_from,
        head.valid_until,
    ) != (
        dates.from_seconds(anchored.valid_from),
        until,
    ):
        raise EvidenceUnavailableError("the store's index is not the anchored one", code="STORE_UNAVAILABLE")
    return index
