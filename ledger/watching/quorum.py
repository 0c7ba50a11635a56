"""The signatures of a consortium: what this node signed, and what it pulled from the other members' nodes.

A node signs every root that the consensus confirmed and serves its signature; consensus knows nothing of
signatures. Here they come together, in this order: a checkpoint of one's own log becomes a *goal*; one's
own signature is the first; the other nodes are asked for all that they know of it; what verifies is kept in
``watch.db``. Goals are the head, the newest checkpoint with a quorum (once a minute, for fresh times), the
last block of every epoch, and older checkpoints that somebody asks for.

Whoever reads waits for the head's quorum for about three seconds from when the head came up, and is then
answered with the newest checkpoint that has one. With too few members up, reads go on under an ageing
checkpoint.

Spec: LEDGER.md, sections 4.5 and 4.9.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.core.blocks import Block
from ledger.core.reading import Reader
from ledger.engines import Engine
from ledger.errors import EngineError, MerkleError
from ledger.proof import epochs
from ledger.proof.bundle import CheckpointSignature, Signer
from ledger.proof.errors import CheckpointError
from ledger.proof.receipts import MemberSignature, check_signature, freshest_quorum, read_signature
from ledger.transport import NotThereError
from ledger.watching.peers import Asking, OneAtATime, Peer, Spawn, in_a_thread
from ledger.watching.store import WatchStore

logger = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds that a reader waits for the head's quorum, counted from when the head came up."""

REFRESH = 60.0
"""Seconds after which the newest root's signatures are pulled again."""

MAX_OLD = 4
"""Older checkpoints that are pulled at one time because somebody asked; more are answered as they are."""

MAX_WAITING = 24
"""Readers that wait at one time; the others are answered at once.

The other nodes ask for signatures while they wait for ours: whoever let all its threads wait would keep
everybody waiting.
"""

FRESH = 10
"""Seconds for which one's own signature over the newest root counts as made just now."""

_FIRST_PAUSE, _LONGEST_PAUSE, _BREATH = 0.2, 5.0, 0.05
_REMEMBERED = 64
_GOALS = 1024


@dataclass
class _Goal:
    """A checkpoint whose signatures are wanted.

    Attributes:
        block: The block that it ends with.
        root: The log's root there.
        signers: The epoch's set.
        due: When to pull next, on the monotonic clock.
        pause: How long to wait after that; it grows.
        passing: Whether the goal was somebody's question and goes once it is complete or has been tried.
    """

    block: Block
    root: bytes
    signers: tuple[Signer, ...]
    due: float
    pause: float = _FIRST_PAUSE
    passing: bool = False

    @property
    def ends_epoch(self) -> bool:
        """Whether its signatures are part of a link."""
        return self.block.next_epoch > self.block.epoch


class QuorumOfSigners:
    """Knows who signed which root; ``ledger.running.Quorum`` of a node in a consortium.

    ``_lock`` covers the goals and the times at which heads came up; ``_news`` is notified whenever
    signatures were kept.
    """

    def __init__(
        self,
        engine: Engine,
        store: WatchStore,
        *,
        peers: Callable[[Reader], Sequence[Peer]],
        asking: Asking,
        clock: Callable[[], int],
        spawn: Spawn = in_a_thread,
        patience: float = PATIENCE,
    ) -> None:
        """Keep the collaborators.

        Args:
            engine: Signs for this node's member.
            store: Keeps what was checked.
            peers: Returns the other nodes.
            asking: How they are asked.
            clock: Returns the time in integer seconds.
            spawn: Runs what asks one node beside the rest.
            patience: Seconds to wait for the head's quorum.
        """
        self._engine = engine
        self._store = store
        self._peers = peers
        self._asking = asking
        self._clock = clock
        self._patience = patience
        self._each = OneAtATime(spawn)
        self._lock = threading.Lock()
        self._goals: OrderedDict[int, _Goal] = OrderedDict()
        self._came_up: OrderedDict[int, float] = OrderedDict()
        self._ended = 0
        self._news = threading.Condition()
        self._waiting = threading.BoundedSemaphore(MAX_WAITING)
        self._wake = threading.Event()
        self._committed = threading.Event()
        engine.on_commit(self._on_commit)

    def newest(self, reader: Reader) -> int:
        """Return the size of the newest checkpoint that more than 2/3 of its epoch's signers signed.

        For the head it waits about three seconds from when the head came up; then the newest complete one
        answers. Where none is complete it is the head: the asker completes it elsewhere.
        """
        size = reader.head().size
        if size == 1 or self._wait(size):
            return size
        complete = self._store.newest_complete(most=size)
        return size if complete is None else complete

    def signatures(self, head: Block) -> Sequence[CheckpointSignature]:
        """Return the freshest quorum under a block, sorted by member; what there is where it is none.

        For an older checkpoint that nobody asked for before it waits as ``newest`` does.
        """
        if not self._store.is_complete(head.size) and self._ask_for(head):
            self._wait(head.size)
        known = self._store.signatures(head.size)
        return freshest_quorum(known, signers=self._store.signers(head.size) or len(known) or 1)

    def known(self, head: Block) -> Sequence[MemberSignature]:
        """Return all that is known of who signed under a block, sorted by member; waits for nothing.

        One's own signature is made anew, so that whoever pulls once a minute gets the present time.
        """
        with self._engine.reader() as reader:
            goal = self._goal(reader, head)
        self._sign(goal)
        return self._store.signatures(head.size)

    def signers(self, reader: Reader, epoch: int) -> tuple[Signer, ...]:
        """Return the signers of an epoch, sorted by member.

        Raises:
            MerkleError: The log has not come to that epoch.
        """
        return epochs.epoch_of(reader, epoch)

    def has_quorum(self, head: Block) -> bool:
        """Return whether more than 2/3 of the epoch's signers are known to have signed under a block."""
        return self._store.is_complete(head.size)

    def time(self) -> int | None:
        """Return the time of the newest checkpoint with a quorum, as its bundle has it; None without one."""
        size = self._store.newest_complete(most=self._engine.head.size)
        if size is None:
            return None
        known = self._store.signatures(size)
        chosen = freshest_quorum(known, signers=self._store.signers(size) or len(known))
        return min(read_signature(signature).time for signature in chosen)

    def run(self, stop: threading.Event) -> None:
        """Collect until ``stop`` is set; to be started as a thread."""
        while not stop.is_set() and not self._engine.stopped:
            self._wake.wait(self._pause())
            self._wake.clear()
            try:
                self.collect()
            except EngineError:
                # The engine is being closed; whoever supervises it ends the process.
                continue
            except Exception:
                # A full disk, say: reads go on with what is known, and this thread tries again.
                logger.exception("signatures not collected")
                stop.wait(_LONGEST_PAUSE)
            # Whoever catches up commits block after block: the others are not asked about each of them.
            stop.wait(_BREATH)

    def collect(self) -> None:
        """Set the goals, sign what can be signed, and ask the other nodes for what is due."""
        with self._engine.reader() as reader:
            self._plan(reader)
            due = self._take_due()
            if not due:
                return
            peers = self._peers(reader)
        for goal in due:
            self._sign(goal)
        self._each.each(peers, lambda peer: self._pull(peer, due))

    def _on_commit(self) -> None:
        """Have the thread look at once: a block came, and confirms the root of the one before."""
        self._committed.set()
        self._wake.set()

    def _plan(self, reader: Reader) -> None:
        """Make goals of the head, of the newest complete checkpoint, and of the epochs that ended."""
        head = reader.head_block()
        if head is None:
            return
        wanted = {head.size}
        complete = self._store.newest_complete(most=head.size)
        if complete is not None:
            wanted.add(complete)
        if head.next_epoch > self._ended:
            for block in epochs.ended_epochs(reader):
                if not self._store.is_complete(block.size):
                    wanted.add(block.size)
                    self._add(self._goal(reader, block))
            self._ended = head.next_epoch
        for size in (head.size, complete):
            if size is not None and size not in self._goals:
                self._add(self._goal(reader, reader.block(size)))
        self._drop(wanted)
        if self._committed.is_set():
            self._committed.clear()
            self._hurry()

    def _hurry(self) -> None:
        """Ask anew for what could not be signed before the block that has just come."""
        with self._lock:
            for size, goal in self._goals.items():
                if not self._store.is_complete(size):
                    goal.due, goal.pause = time.monotonic(), _FIRST_PAUSE

    def _drop(self, wanted: set[int]) -> None:
        """Let go of heads that a later one replaced; what ends an epoch stays until it is complete."""
        with self._lock:
            for size, goal in list(self._goals.items()):
                lasting = goal.ends_epoch or (goal.passing and goal.pause < _LONGEST_PAUSE)
                if size not in wanted and not (lasting and not self._store.is_complete(size)):
                    del self._goals[size]

    def _take_due(self) -> list[_Goal]:
        """Return the goals whose time has come, and set when it comes next."""
        now = time.monotonic()
        found = []
        with self._lock:
            for size, goal in self._goals.items():
                if goal.due > now:
                    continue
                found.append(goal)
                if self._store.is_complete(size):
                    goal.due = now + REFRESH
                else:
                    goal.due, goal.pause = now + goal.pause, min(goal.pause * 1.5, _LONGEST_PAUSE)
        return found

    def _pause(self) -> float:
        """Return how long nothing is due; a second at most, so that the thread ends soon after its stop."""
        now = time.monotonic()
        with self._lock:
            return max(0.0, min([1.0, *(goal.due - now for goal in self._goals.values())]))

    def _goal(self, reader: Reader, block: Block) -> _Goal:
        """Return the goal of a checkpoint; its row in the store is there from then on."""
        with self._lock:
            held = self._goals.get(block.size)
        if held is not None:
            return held
        signers = epochs.signers_of(reader, block)
        goal = _Goal(block, reader.root(block.size), signers, due=time.monotonic())
        self._store.put_checkpoint(
            block.size, root=goal.root, signers=len(signers), ends_epoch=goal.ends_epoch
        )
        return goal

    def _add(self, goal: _Goal) -> None:
        with self._lock:
            if len(self._goals) < _GOALS:
                self._goals.setdefault(goal.block.size, goal)

    def _ask_for(self, block: Block) -> bool:
        """Make a goal of a checkpoint that somebody asks for; return whether waiting for it makes sense."""
        with self._engine.reader() as reader:
            if block.size == reader.head().size:
                return False  # ``newest`` waited already
            with self._lock:
                passing = sum(goal.passing for goal in self._goals.values())
                if block.size in self._goals or passing >= MAX_OLD:
                    return False
            goal = self._goal(reader, block)
        goal.passing = True
        self._add(goal)
        self._sign(goal)
        return True

    def _sign(self, goal: _Goal) -> None:
        """Keep this node's own signature, where its member is one of the signers and may sign yet."""
        size, member = goal.block.size, self._engine.member
        if all(signer.member != member for signer in goal.signers):
            return
        for held in self._store.signatures(size):
            # Only the newest root gets another time; every other signature would be the same again.
            if held.member == member and (
                size != self._engine.confirmed or held.time > self._clock() - FRESH
            ):
                return
        try:
            self._keep(goal, [self._engine.receipt(size)], source="itself")
        except (MerkleError, EngineError) as error:
            logger.debug("not signed yet size=%d reason=%s", size, error)

    def _pull(self, peer: Peer, goals: Sequence[_Goal]) -> None:
        """Ask one node for what it knows about goals."""
        for goal in goals:
            try:
                found = self._asking.signatures(peer, goal.block.size)
            except NotThereError:
                continue  # it is behind, or may not sign this one yet
            self._keep(goal, found, source=peer.member)

    def _keep(self, goal: _Goal, signatures: Sequence[CheckpointSignature], *, source: str) -> None:
        """Keep those signatures that are a signer's, over this root, and of a possible time."""
        held = {each.signature for each in self._store.signatures(goal.block.size)}
        checked, refused = [], None
        for signature in signatures:
            if signature in held:
                continue
            try:
                checked.append(self._check(goal, signature))
            except CheckpointError as error:
                refused = error
        if refused is not None:
            logger.warning("signature refused size=%d from=%s reason=%s", goal.block.size, source, refused)
        if checked:
            self._store.put_signatures(goal.block.size, checked)
            with self._news:
                self._news.notify_all()

    def _check(self, goal: _Goal, signature: CheckpointSignature) -> MemberSignature:
        return check_signature(
            signature,
            root=goal.root,
            signers=goal.signers,
            chain_id=self._engine.chain_id,
            not_before=goal.block.time,
            now=self._clock(),
        )

    def _wait(self, size: int) -> bool:
        """Wait until a checkpoint is complete, or as long as anybody waits for it; return whether it is."""
        if self._store.is_complete(size):
            return True
        remaining = self._first_seen(size) + self._patience - time.monotonic()
        if remaining <= 0 or not self._waiting.acquire(blocking=False):
            return False
        try:
            self._wake.set()
            with self._news:
                return self._news.wait_for(lambda: self._store.is_complete(size), timeout=remaining)
        finally:
            self._waiting.release()

    def _first_seen(self, size: int) -> float:
        """Return when a checkpoint was first waited for; nobody waits for it longer than from then."""
        with self._lock:
            found = self._came_up.setdefault(size, time.monotonic())
            while len(self._came_up) > _REMEMBERED:
                self._came_up.popitem(last=False)
            return found
