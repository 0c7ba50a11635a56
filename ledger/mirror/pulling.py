"""One round of a mirror: see what the ledger names, pull what is not here, forget what nobody names.

    1 follow      what the log and the state name since the last look
    2 objects     documents, lists, notices, indexes, schemas: from the issuer, else from other mirrors
    3 agreements  from other mirrors, into the ledger's own store of documents
    4 forms       every bucket that differs from the anchored index
    5 receipts    every bucket that differs from what the issuer, else another mirror, has
    6 tidy        drop what was left here and is not named after an hour; write down what is missing

Everything is compared before it is kept: objects and agreements with the digest that the ledger holds,
buckets of forms with the anchored index, and whatever another mirror gives of a form store with the
issuer's signature. So a hostile peer can withhold, and that is all. A kill between any two steps leaves
work for the next round; nothing is held in memory but one answer of at most 4 MiB.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from sqlite_utils import Database

from crypto import jcs, strict_json
from crypto.errors import CryptoError
from ledger.engines import Engine
from ledger.errors import LedgerError
from ledger.mirror import naming, sealed, store
from ledger.mirror.naming import View
from ledger.mirror.signing import BUCKET_HEADER, BucketPlace, Kind, is_signed_bucket
from ledger.mirror.sources import Rests, Sources
from ledger.mirror.store import Inventory, Named
from ledger.registry import IssuerRecord
from web.database import transaction
from web.errors import StorageError
from web.fetcher import Response
from web.health import FREE_BYTES

logger = logging.getLogger(__name__)

UNNAMED_SECONDS = 3600
"""How long an object stays that the ledger does not name."""

ISSUER_BYTES = 16 * 2**30
"""How much is kept for one issuer: half a million forms with their receipts."""

ROUND_SECONDS, BUSY_SECONDS = 15.0, 0.5
"""Pause between two rounds: when nothing came, and while there is more to come."""

MAX_FAILURES = 20
"""How many objects or buckets of one issuer may be asked for in vain in one round."""

AFTER_ANCHOR_SECONDS = 300
"""How long after an anchor its receipts are looked for in every round."""

COMPARE_SECONDS = 900
"""How often receipts are compared without any sign that there are new ones."""

MAX_AGREEMENT_BYTES = 256 * 1024


@dataclass
class Puller:
    """What the rounds of one node share.

    Attributes:
        path: ``mirror.db``.
        engine: The node's engine: readers of the ledger, and its store of agreements' documents.
        sources: Issuers' stores and other mirrors.
        url: This node's own address, which is not pulled from.
        clock: Seconds since 1970.
    """

    path: Path
    engine: Engine
    sources: Sources
    url: str
    clock: Callable[[], int]
    kept: int = field(default=0, init=False)
    """How many objects, documents and buckets came since the start."""
    _absent: Rests[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._absent = Rests(self.sources.clock)

    def run(self, stop: threading.Event) -> None:
        """Do rounds until ``stop`` is set; whatever goes wrong in one is told and tried again."""
        while not stop.is_set():
            pause = ROUND_SECONDS
            try:
                before = self.kept
                self.round()
                # Whoever has much to catch up with goes on as long as something comes.
                pause = ROUND_SECONDS if self.kept == before else BUSY_SECONDS
            except (StorageError, LedgerError) as error:
                # A full disk, or a state that newer rules wrote: the node goes on, its mirror lags.
                logger.warning("round ended code=%s", error.code)
            stop.wait(pause)

    def round(self) -> Inventory:
        """Do one round.

        Raises:
            StorageError: The disk is full or cannot be read.
            LedgerError: The state holds something that this program does not know.
        """
        self.sources.begin_round()
        now = self.clock()
        with store.opened(self.path) as db:
            with self.engine.reader() as reader:
                naming.follow(db, reader, now=now)
                view = naming.view(db, reader, member=self.engine.member, url=self.url)
            missing = 0
            if shutil.disk_usage(self.path.parent).free > 2 * FREE_BYTES:
                self._objects(db, view)
                self._agreements(view)
                for record in view.issuers.values():
                    missing += self._form_store(db, view, record, now=now)
            else:
                # The ledger's own database needs the rest more than other people's lists do.
                logger.warning("mirror waits for space")
            return self._tidy(db, missing_buckets=missing, now=now)

    def _objects(self, db: Database, view: View) -> None:
        failures: Counter[str] = Counter()
        kept: dict[str, int] = {}
        for named in store.missing(db):
            if self._absent.rests(named.digest) or failures[named.owner] >= MAX_FAILURES:
                continue
            content = self._object(named, view)
            if content is None:
                self._absent.failed(named.digest)
                failures[named.owner] += 1
                continue
            self._absent.answered(named.digest)
            if named.owner not in kept:
                kept[named.owner] = store.bytes_of(db, named.owner)
            kept[named.owner] += len(content)
            if kept[named.owner] <= ISSUER_BYTES:
                with transaction(db):
                    store.put(db, named.digest, content, brought_by="", now=self.clock())
                self.kept += 1

    def _object(self, named: Named, view: View) -> bytes | None:
        digest, issuer = named.digest.hex(), view.issuers.get(named.owner)
        places = [] if issuer is None else [(issuer.store_url, f"/documents/{digest}")]
        places += [(peer, f"/v1/mirror/objects/{digest}") for peer in view.peers]
        return self._matching(places, named.digest)

    def _agreements(self, view: View) -> None:
        for digest in view.agreements:
            if self._absent.rests(digest):
                continue
            places = [(peer, f"/v1/agreements/{digest.hex()}") for peer in view.peers]
            content = self._matching(places, digest, max_bytes=MAX_AGREEMENT_BYTES)
            if content is None or not _is_jcs(content):
                self._absent.failed(digest)
            else:
                self.engine.put_document(content)
                self.kept += 1

    def _matching(self, places: Iterable[tuple[str, str]], digest: bytes, **options: int) -> bytes | None:
        """Return the first answer with the wanted SHA-256."""
        for base, path in places:
            answer = self.sources.get(base, path, **options)
            if answer is None:
                continue
            if sha256(answer.body).digest() == digest:
                return answer.body
            logger.warning("source serves other bytes url=%s digest=%s", base, digest.hex())
        return None

    # Form stores

    def _form_store(self, db: Database, view: View, record: IssuerRecord, *, now: int) -> int:
        """Pull what differs in one issuer's store; return how many buckets of forms are still missing."""
        current = store.current_status(db, record.did, sha256(f"{record.store_url}/index".encode()).digest())
        index = None if current is None else _index(db, record, current)
        if index is None or store.bytes_of(db, record.did) > ISSUER_BYTES:
            return 0
        pull = _Pull(self.sources, view, record)
        missing = 0 if store.whole_index(db, record.did) == current else pull.forms(db, index)
        if not missing:
            with transaction(db):
                store.note(db, record.did, whole_index=current)
        anchored_at, compared_at = store.times(db, record.did)
        due = now - anchored_at <= AFTER_ANCHOR_SECONDS or now - compared_at >= COMPARE_SECONDS
        if due and pull.receipts(db, index.bits):
            with transaction(db):
                store.note(db, record.did, compared_at=now)
        self.kept += pull.kept
        return missing

    def _tidy(self, db: Database, *, missing_buckets: int, now: int) -> Inventory:
        with self.engine.reader() as reader:
            agreements = len(naming.lacking(reader))
        with transaction(db):
            store.drop_unnamed(db, before=now - UNNAMED_SECONDS)
            found = store.count(db, missing_agreements=agreements, missing_buckets=missing_buckets, now=now)
        if found.missing_objects or found.missing_agreements or found.missing_buckets:
            # The one place where a round says what is missing; ``/v1/mirror/inventory`` shows the same.
            logger.info(
                "mirror lacks objects=%d agreements=%d buckets=%d",
                found.missing_objects,
                found.missing_agreements,
                found.missing_buckets,
            )
        return found


@dataclass
class _Pull:
    """Pulling from one issuer's store, or from those who mirror it."""

    sources: Sources
    view: View
    record: IssuerRecord
    kept: int = 0

    def forms(self, db: Database, index: sealed.Index) -> int:
        """Pull the buckets that differ from the index; return how many could not be had."""
        here = sealed.digests(store.locators(db, self.record.did, "forms"), bits=index.bits)
        wanted = {prefix: digest for prefix, digest in index.buckets.items() if here.get(prefix) != digest}
        sources = [(self.record.store_url, True), *((peer, False) for peer in self.view.peers)]
        failures = 0
        for prefix, digest in wanted.items():
            place = BucketPlace(self.record.did, "forms", index.bits, prefix)
            failures += not self._bucket(db, place, sources, digest=digest)
            if failures >= MAX_FAILURES:
                # An index may name more than there is: that is not to cost everybody the round.
                break
        return len(wanted) - self.kept

    def receipts(self, db: Database, bits: int) -> bool:
        """Pull the buckets that differ from the issuer's or, while it is silent, from each mirror's.

        Returns:
            Whether anybody said what there is.
        """
        own = (self.record.store_url, True)
        listed = self.sources.get(own[0], f"/receipts/{bits}")
        if listed is not None:
            self._differing(db, bits, listed, source=own)
            return True
        answered = False
        for peer in self.view.peers:
            path = f"/v1/mirror/receipts/{quote(self.record.did, safe='')}/{bits}"
            listed = self.sources.get(peer, path)
            if listed is not None:
                self._differing(db, bits, listed, source=(peer, False))
                answered = True
        return answered

    def _differing(self, db: Database, bits: int, listed: Response, *, source: tuple[str, bool]) -> None:
        try:
            there = sealed.parse_digests(listed.body, bits=bits)
        except sealed.SealedError:
            logger.warning("digests malformed url=%s", listed.url)
            return
        here = sealed.digests(store.locators(db, self.record.did, "receipts"), bits=bits)
        failures = 0
        for prefix, digest in there.items():
            if here.get(prefix) != digest and failures < MAX_FAILURES:
                place = BucketPlace(self.record.did, "receipts", bits, prefix)
                failures += not self._bucket(db, place, [source], digest=None)

    def _bucket(
        self, db: Database, place: BucketPlace, sources: Iterable[tuple[str, bool]], *, digest: bytes | None
    ) -> bool:
        """Pull one bucket from whoever has it as it should be; return whether it is here now.

        The issuer's own word needs no signature here: it comes from the address that the registry names.

        Args:
            db: The mirror's database.
            place: The bucket.
            sources: Base URLs, each with whether it is the issuer's own.
            digest: SHA-256 of the bucket's locators by the anchored index, or None where nothing names it.
        """
        for source, own in sources:
            answer = self.sources.get(source, _path(place, own=own))
            if answer is None:
                continue
            try:
                entries = sealed.parse_bucket(answer.body, place)
            except sealed.SealedError:
                logger.warning("bucket malformed url=%s", answer.url)
                continue
            signature = self._signature(answer, place)
            fits = digest is None or sealed.bucket_digest(entries) == digest
            if fits and (own or signature is not None):
                self._keep(db, place, entries, answer.body, signature)
                return True
        return False

    def _signature(self, answer: Response, place: BucketPlace) -> str | None:
        text = answer.headers.get(BUCKET_HEADER.lower())
        signed = any(
            is_signed_bucket(text, answer.body, place=place, chain_id=self.view.chain_id, key=key)
            for key in self.view.keys[place.did]
        )
        return text if signed else None

    def _keep(
        self, db: Database, place: BucketPlace, entries: sealed.Entries, body: bytes, signature: str | None
    ) -> None:
        with transaction(db):
            store.put_sealed(db, place.did, place.kind, entries)
            if signature is not None:
                store.put_signature(db, place, digest=sha256(body).digest(), signature=signature)
        self.kept += 1


def _index(db: Database, record: IssuerRecord, digest: bytes) -> sealed.Index | None:
    content = store.body(db, digest)
    try:
        return None if content is None else sealed.parse_index(content)
    except sealed.SealedError:
        # The issuer anchored something that is no index: it harms itself alone.
        logger.warning("index malformed issuer=%s", record.did)
        return None


def _path(place: BucketPlace, *, own: bool) -> str:
    kind: Kind = place.kind
    tail = f"{place.bits}/{place.prefix}"
    return f"/{kind}/{tail}" if own else f"/v1/mirror/{kind}/{quote(place.did, safe='')}/{tail}"


def _is_jcs(content: bytes) -> bool:
    try:
        return jcs.canonicalize(strict_json.parse(content, max_bytes=MAX_AGREEMENT_BYTES)) == content
    except CryptoError:
        return False
