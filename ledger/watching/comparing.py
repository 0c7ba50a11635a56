"""Do the other members' nodes tell the same history? Asked over HTTP once a minute.

A smaller log than ours is compared with our own entries; a larger one has to prove that it continues ours.
Where it does not, what its signers signed and what they signed of ours is put together: evidence, where a
signature shows it, and an alarm in any case. Nodes gossip nothing: each asks for itself.

Spec: LEDGER.md, section 4.7.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from ledger import merkle
from ledger.core.reading import Reader
from ledger.engines import Engine
from ledger.errors import EngineError, LedgerError, MerkleError
from ledger.proof import assembly, evidence
from ledger.proof.bundle import Bundle, Inclusion
from ledger.proof.checkpoints import read_block, root_of_last
from ledger.proof.errors import CheckpointError, ReceiptError
from ledger.proof.evidence import Evidence, SignedTree
from ledger.proof.receipts import read_signature
from ledger.running import Quorum
from ledger.transport import LedgerUnavailableError
from ledger.watching.alarms import Alarms
from ledger.watching.peers import Asking, OneAtATime, Peer, Spawn, in_a_thread
from ledger.watching.store import PeerReport, WatchStore

logger = logging.getLogger(__name__)

INTERVAL = 60.0
"""Seconds between two comparisons."""

_FIRST = 5.0


class Comparing:
    """Compares this node's log with what the other members' nodes show."""

    def __init__(
        self,
        engine: Engine,
        store: WatchStore,
        *,
        quorum: Quorum,
        alarms: Alarms,
        peers: Callable[[Reader], Sequence[Peer]],
        asking: Asking,
        clock: Callable[[], int],
        spawn: Spawn = in_a_thread,
    ) -> None:
        """Keep the collaborators."""
        self._engine = engine
        self._store = store
        self._quorum = quorum
        self._alarms = alarms
        self._peers = peers
        self._asking = asking
        self._clock = clock
        self._each = OneAtATime(spawn)

    def run(self, stop: threading.Event, *, interval: float = INTERVAL) -> None:
        """Compare until ``stop`` is set; to be started as a thread."""
        pause = _FIRST
        while not stop.wait(pause) and not self._engine.stopped:
            pause = interval
            try:
                self.compare()
            except EngineError:
                continue  # being closed
            except Exception:
                logger.exception("checkpoints not compared")

    def compare(self) -> None:
        """Ask every other member's node for its newest checkpoint and look whether it is one with ours."""
        with self._engine.reader() as reader:
            peers = self._peers(reader)
            known = reader.head().size
        self._store.keep_peers([peer.member for peer in peers])
        self._each.each(peers, partial(self._compare, known=known))

    def _compare(self, peer: Peer, *, known: int) -> None:
        now = self._clock()
        report = PeerReport(peer.member, peer.url, tried=now)
        try:
            bundle = self._asking.checkpoint(peer, known=known)
            report = self._seen(replace(report, seen=now), bundle, known=known)
            if report.agrees is False:
                self._accuse(peer, bundle)
            elif report.agrees:
                self._alarms.agrees(peer.member)
        except (LedgerUnavailableError, ReceiptError, MerkleError) as error:
            report = replace(report, error=str(error))
            logger.info("peer not compared member=%s reason=%s", peer.member, error)
        self._store.put_peer(report)

    def _seen(self, report: PeerReport, bundle: Bundle, *, known: int) -> PeerReport:
        block, root = read_block(bundle.head), root_of_last(bundle.head, bundle.head_inclusion)
        size = bundle.head_inclusion.size
        if block.size != size:
            raise CheckpointError("the head block belongs to a log of another size")
        time = min(read_signature(signature).time for signature in bundle.signatures)
        with self._engine.reader() as reader:
            agrees = self._agrees(reader, bundle, root, known=known)
        return replace(report, size=size, time=time, agrees=agrees)

    def _agrees(self, reader: Reader, bundle: Bundle, root: bytes, *, known: int) -> bool | None:
        """Return whether a tree is one with ours; None where a larger one does not prove it."""
        size = bundle.head_inclusion.size
        if size <= reader.head().size:
            return reader.root(size) == root
        proof = bundle.consistency
        if proof is None or (proof.first, proof.second) != (known, size):
            return None
        try:
            merkle.verify_consistency(
                first=known, second=size, first_root=reader.root(known), second_root=root, path=proof.path
            )
        except MerkleError:
            return False
        return True

    def _accuse(self, peer: Peer, bundle: Bundle) -> None:
        """Raise the alarm about another history, with the evidence where signatures show it."""
        shown = SignedTree.of(bundle)
        with self._engine.reader() as reader:
            found = [
                each
                for own in self._own_trees(reader, shown.inclusion.size)
                if (each := self._find(reader, peer, own, shown)) is not None
            ]
        if found:
            self._alarms.take(max(found, key=self._convicted).encode())
        else:
            self._alarms.two_histories(peer.member, size=shown.inclusion.size)

    def _convicted(self, found: Evidence) -> int:
        return len(self._alarms.check(found).double_signers)

    def _find(self, reader: Reader, peer: Peer, own: SignedTree, shown: SignedTree) -> Evidence | None:
        return evidence.find(
            own,
            shown,
            chain_id=reader.chain_id,
            signers=self._alarms.ever_signed(reader),
            leaf=partial(self._leaf, reader, peer, shown),
        )

    def _own_trees(self, reader: Reader, size: int) -> Iterator[SignedTree]:
        """Return our own signed trees to hold against one of a size: of that size, complete, the newest."""
        head = reader.head().size
        for each in dict.fromkeys([size, self._store.newest_complete(most=head), head]):
            try:
                block = reader.block(each or 0)
                known = self._quorum.known(block)
            except LedgerError:
                continue  # no block of ours ends there
            path = assembly.inclusion(reader, block.index, block.size)
            yield SignedTree(block.encode(), path, tuple(item.signature for item in known))

    def _leaf(
        self, reader: Reader, peer: Peer, shown: SignedTree, index: int, size: int
    ) -> tuple[bytes, Inclusion] | None:
        """Return a leaf of the tree that a node shows, from that node, or of ours."""
        try:
            if size != shown.inclusion.size:
                return merkle.leaf_hash(reader.entry(index)), assembly.inclusion(reader, index, size)
            proof, entry = self._asking.inclusion(peer, index, size=size)
        except (LedgerUnavailableError, ReceiptError, MerkleError):
            return None
        return merkle.leaf_hash(entry), proof
