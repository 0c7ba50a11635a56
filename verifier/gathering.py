"""Gather evidence: from the ledger, from what travelled with a share, from caches, and last from the network.

Addresses come from the registry, except a status list's, which the credential names and the ledger has to
know. Everything is compared with a digest that the ledger holds, so whoever serves it need not be trusted.
While the ledger is silent, its last word answers, and the caller sees how old it is.

    registry    ledger, at most a second old; else the newest of staple and memory
    receipt     share, memory, the issuer's store by bucket
    documents   memory, share, the issuer's store
    lists       memory or share where they are the ledger's current version; else the issuer
"""

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Generic, TypeVar

from crypto import jcs
from crypto.errors import CryptoError
from ledger.client import MAX_HEAD_AGE, LedgerClient, LedgerUnavailableError
from ledger.errors import LedgerError
from ledger.proof import verify as proof
from ledger.proof.errors import ReceiptError
from ledger.proof.verify import Receipt, Snapshot
from ledger.registry import (
    AgreementRecord,
    Grant,
    IssuerRecord,
    StateKey,
    StatusRecord,
    agreement_key,
    grant_key,
    issuer_key,
    member_key,
    members_key,
    status_key,
)
from vc import dates, documents, form_store, recognition, status
from vc.bitstring import clears_any
from vc.data_integrity import VerifiedProof
from vc.errors import StatusError, StoreError, VcError
from vc.form_store import StoreIndex
from vc.recognition import Agreement
from vc.shares import Package
from verifier.errors import EvidenceUnavailableError
from verifier.evidence import Candidate, Recognitions, Registry, Source
from web import limits
from web.errors import FetchError
from web.fetcher import Fetch

logger = logging.getLogger(__name__)

PRESENT = 1
"""Seconds for which issuer, lists and agreements are not asked for again: a revocation is seen at once."""

NAMES_AGE = 60
"""Seconds for which a body's name is not asked for again."""

LIST_TYPES = "application/vc, application/json;q=0.9"

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Recent(Generic[_Key, _Value]):
    """The last few values by key, shared by threads; the lock covers order and size."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[_Key, _Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: _Key) -> _Value | None:
        """Return what was kept under ``key``, or None."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def put(self, key: _Key, value: _Value) -> None:
        """Keep ``value``; the value that was not used for longest goes."""
        with self._lock:
            self._held[key] = value
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)


@dataclass
class Memory:
    """What one process remembers between verifications: public documents by digest, and the ledger's last
    word.

    Nothing in it names a person; sealed forms and what was typed are never kept.
    """

    documents: Recent[bytes, bytes] = field(default_factory=lambda: Recent(512))
    lists: Recent[str, tuple[int, Mapping[str, Any]]] = field(default_factory=lambda: Recent(128))
    proved_lists: Recent[bytes, tuple[VerifiedProof, ...]] = field(default_factory=lambda: Recent(128))
    stores: Recent[bytes, bytes] = field(default_factory=lambda: Recent(64))
    receipts: Recent[bytes, bytes] = field(default_factory=lambda: Recent(4096))
    snapshots: Recent[frozenset[StateKey], Snapshot] = field(default_factory=lambda: Recent(512))
    recognitions: Recent[str, tuple[int, Recognitions]] = field(default_factory=lambda: Recent(1))
    names: Recent[str, Mapping[str, str]] = field(default_factory=lambda: Recent(512))


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
    ) -> None:
        """Keep the collaborators; nothing is fetched yet.

        Args:
            ledger: The ledger's client, with the verifier's pin.
            fetch: The one vetted fetcher.
            memory: What this process remembers.
            now: The moment of the question in integer seconds.
            staples: What travelled with a share.
        """
        self._ledger = ledger
        self.fetch = fetch
        self._memory = memory
        self._now = now
        self._staples = staples
        self._silent = False

    @property
    def silent(self) -> bool:
        """True once the ledger did not answer: what is known then is its last word."""
        return self._silent

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
        wanted = frozenset(keys)
        try:
            # Once silent, the ledger is not asked again for the same question: each try may take seconds.
            if self._silent:
                raise LedgerUnavailableError("the ledger node did not answer before")
            snapshot, _ = self._ledger.snapshot(keys, now=self._now, max_age=max_age)
        except LedgerUnavailableError as error:
            self._silent = True
            return self._last_word(wanted, error)
        except LedgerError as error:
            # Two histories, a rollback, a quorum that is missing: nothing of it may be believed.
            logger.error("ledger answer refused code=%s", error.code)
            raise EvidenceUnavailableError("the ledger's answer does not check", code=error.code) from error
        self._memory.snapshots.put(wanted, snapshot)
        return snapshot, "ledger"

    def _last_word(self, wanted: frozenset[StateKey], error: LedgerError) -> tuple[Snapshot, Source]:
        remembered, stapled = self._memory.snapshots.get(wanted), self._stapled(wanted)
        held: list[tuple[Snapshot, Source]] = []
        if remembered is not None:
            held.append((remembered, "remembered"))
        if stapled is not None:
            held.append((stapled, "staple"))
        if not held:
            raise EvidenceUnavailableError("the ledger cannot be reached", code=error.code) from error
        return max(held, key=lambda pair: pair[0].time)

    def _stapled(self, wanted: frozenset[StateKey]) -> Snapshot | None:
        if self._staples is None or self._staples.snapshot is None:
            return None
        try:
            snapshot = proof.verify_snapshot(
                self._staples.snapshot, pin=self._ledger.pins.load(), now=self._now
            )
            for key in wanted:
                snapshot.value(key)
        except (LedgerError, CryptoError) as error:
            logger.info("staple refused code=%s", error.code)
            return None
        return snapshot

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
        if bundle is None:
            return None
        asked: dict[str, Any] = {
            "digest": form_digest,
            "issuer_id": registry.issuer_id,
            "credential_type": credential_type,
            "now": self._now,
        }
        try:
            try:
                if self._silent:
                    raise LedgerUnavailableError("the ledger node did not answer before")
                return self._ledger.verify_receipt(bundle, **asked)
            except LedgerUnavailableError:
                return proof.verify_receipt(bundle, pin=self._ledger.pins.load(), **asked)
        except (ReceiptError, CryptoError) as error:
            logger.info("receipt refused form=%s code=%s", form_digest.hex(), error.code)
            return None

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
            content = self._memory.stores.get(anchored.digest) or self._fetched(url, anchored.digest)
            if content is not None:
                self._memory.stores.put(anchored.digest, content)
                return _read_index(content, record=record, anchored=anchored)
            # The index may have been anchored anew after the head that we read: ask once more.
            if source != "ledger":
                break
        raise EvidenceUnavailableError("the store's index cannot be had", code="STORE_UNAVAILABLE")

    def bucket(
        self, record: IssuerRecord, index: StoreIndex, locator: bytes, *, kind: str
    ) -> form_store.Bucket | None:
        """Return the bucket of a locator, or None where the store has none there.

        Args:
            record: The issuer.
            index: Its current index, which alone names the prefix's length.
            locator: What is looked for; only its prefix is asked for.
            kind: ``forms`` or ``receipts``.

        Raises:
            EvidenceUnavailableError: The store does not answer, or serves something else than a bucket.
        """
        url = f"{record.store_url}/{index.path(locator, kind=kind)}"
        try:
            answer = self.fetch.get(url, max_bytes=limits.FETCH_LARGE_BYTES)
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
        addresses = [] if record is None else _document_addresses(record, digest)
        for url in addresses:
            content = self._fetched(url, digest)
            if content is not None:
                self._memory.documents.put(digest, content)
                return content
        raise EvidenceUnavailableError("the issuer's DID document cannot be had", code="DID_UNAVAILABLE")

    def candidates(self, url: str, *, anchored: StatusRecord) -> Sequence[Candidate]:
        """Return the lists that may answer for ``url``, the ledger's current version where it can be had."""
        held = self._held_lists(url)
        current = [item for item in held if jcs.digest(dict(item.document)) == anchored.digest]
        if current and not self._silent:
            return current
        if self._silent and current and self._young(url):
            return current
        served = self._served_list(url)
        if served is not None and self._takes_back(url, served):
            # A revocation never ends. Either somebody made this list up, or the issuer took one back.
            logger.error("status list takes a revocation back url=%s", url)
            return held
        if served is not None and jcs.digest(dict(served.document)) == anchored.digest:
            self._memory.lists.put(url, (self._now, served.document))
        return [item for item in (served, *held) if item is not None]

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

    def _served_list(self, url: str) -> Candidate | None:
        try:
            answer = self.fetch.get(url, accept=LIST_TYPES, max_bytes=limits.FETCH_BYTES)
            if answer.status != 200:
                return None
            return Candidate(documents.load(answer.body), "issuer")
        except (FetchError, CryptoError, VcError) as error:
            logger.info("status list not had code=%s", error.code)
            return None

    def notices(self, url: str, *, anchored: StatusRecord) -> bytes | None:
        """Return the notices document with the anchored digest, or None."""
        stapled = {} if self._staples is None else self._staples.notices
        document = stapled.get(url.removesuffix("/notices"))
        if document is not None and jcs.digest(dict(document)) == anchored.digest:
            return jcs.canonicalize(dict(document))
        held = self._memory.stores.get(anchored.digest) or self._fetched(url, anchored.digest)
        if held is not None:
            self._memory.stores.put(anchored.digest, held)
        return held

    def recognitions(self) -> Recognitions:
        """Return the agreements that may be in force, and the members.

        Raises:
            EvidenceUnavailableError: Neither the ledger nor a staple tells.
        """
        kept = self._memory.recognitions.get("")
        if kept is not None and 0 <= self._now - kept[0] < PRESENT:
            return kept[1]
        try:
            if self._silent:
                raise LedgerUnavailableError("the ledger node did not answer before")
            found = self._recognitions_now(None if kept is None else kept[1])
        except LedgerUnavailableError as error:
            return self._recognitions_then(kept, error)
        except LedgerError as error:
            raise EvidenceUnavailableError("the ledger's answer does not check", code=error.code) from error
        self._memory.recognitions.put("", (self._now, found))
        return found

    def _recognitions_now(self, kept: Recognitions | None) -> Recognitions:
        head, _ = self._ledger.snapshot([members_key()], now=self._now, max_age=PRESENT)
        if kept is not None and kept.checkpoint is not None and kept.checkpoint.root == head.root:
            # The same log: nothing was agreed, amended or ended since, however many agreements there are.
            return replace(kept, checkpoint=head.checkpoint)
        known = self._ledger.agreements(now=self._now, max_age=PRESENT)
        parties = sorted({party for record, _ in known for party in record.parties})
        members, _ = self._ledger.snapshot(
            [members_key(), *map(member_key, parties)], now=self._now, max_age=PRESENT
        )
        found = _recognitions(known, members, parties)
        if kept is not None and kept.agreements == found.agreements:
            # Reading and indexing them is what takes long; most of what changes a log is no agreement.
            found = replace(found, agreements=kept.agreements, prepared=kept.prepared)
        else:
            found = replace(found, prepared=recognition.prepare(found.agreements))
        # Kept under the head that was read first: what changed in between is asked for the next time.
        return replace(found, checkpoint=head.checkpoint)

    def names(self, dids: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """Return what the registry calls bodies; whom nobody tells is left out."""
        if not dids:
            return {}
        try:
            if self._silent:
                raise LedgerUnavailableError("the ledger node did not answer before")
            keys = [key for did in dids for key in (member_key(did), issuer_key(did))]
            snapshot, _ = self._ledger.snapshot(keys, now=self._now, max_age=NAMES_AGE)
            known = {did: snapshot.member(did) or snapshot.issuer(did) for did in dids}
        except LedgerError as error:
            logger.info("names not had code=%s", error.code)
            remembered = {did: self._memory.names.get(did) for did in dids}
            return {did: names for did, names in remembered.items() if names is not None}
        found = {did: record.names for did, record in known.items() if record is not None}
        for did, names in found.items():
            self._memory.names.put(did, names)
        return found

    def _recognitions_then(self, kept: tuple[int, Recognitions] | None, error: LedgerError) -> Recognitions:
        if kept is not None and self._now - kept[0] <= timedelta(hours=24).total_seconds():
            return kept[1]
        stapled = () if self._staples is None else self._staples.agreements
        ids = sorted({str(document.get("id")) for document in stapled})
        snapshot = self._stapled(frozenset([members_key(), *map(agreement_key, ids)]))
        if snapshot is None or self._now - snapshot.time > timedelta(hours=24).total_seconds():
            raise EvidenceUnavailableError("the ledger cannot be reached", code=error.code) from error
        records = {record.digest: record for record in map(snapshot.agreement, ids) if record is not None}
        known = [
            (records[digest], dict(document))
            for document in stapled
            if (digest := jcs.digest(dict(document))) in records and records[digest].describes(document)
        ]
        return _recognitions(
            known, snapshot, sorted({party for record, _ in known for party in record.parties})
        )

    def _fetched(self, url: str, digest: bytes) -> bytes | None:
        """Fetch a public document and return it if it is the one that the ledger means."""
        try:
            answer = self.fetch.get(url, max_bytes=limits.FETCH_LARGE_BYTES)
        except FetchError as error:
            logger.info("fetch failed code=%s", error.code)
            return None
        if answer.status != 200 or hashlib.sha256(answer.body).digest() != digest:
            return None
        return answer.body


def _document_addresses(record: IssuerRecord, digest: bytes) -> list[str]:
    return [f"{record.store_url}/documents/{digest.hex()}", f"{record.claims_url}/.well-known/did.json"]


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


def _recognitions(
    known: Sequence[tuple[AgreementRecord, Mapping[str, Any]]], snapshot: Snapshot, parties: Sequence[str]
) -> Recognitions:
    names = {}
    for party in parties:
        try:
            member = snapshot.member(party)
        except LedgerError:
            # A staple need not prove the names; the DID stands in for one that it leaves out.
            member = None
        if member is not None:
            names[party] = member.names
    agreements = tuple(
        Agreement(
            document=document,
            started=dates.from_seconds(record.started),
            ended=None if record.ended is None else dates.from_seconds(record.ended),
            signed=record.parties,
        )
        for record, document in known
    )
    return Recognitions(
        agreements=agreements,
        digests={(record.agreement_id, record.version): record.digest for record, _ in known},
        members=snapshot.value(members_key()) or (),
        names=names,
        checkpoint=snapshot.checkpoint,
    )
