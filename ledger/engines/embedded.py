"""The embedded engine: one process, one operator, one SQLite file.

Statements that arrive together share a block. After each block, and on a timer, the engine runs blocks
until no effect is due. It signs a root only when it has been asked for a receipt, and in this order: the
stored tree is compared with the entries; size and root go to a small file beside the database, which is
fsynced; the signature is made. So a database that was restored from a backup, and would make a second
history, is found out at the next start.

Who owns what: ``_lock`` guards the core and its connection, ``_arrivals`` the queue of statements.
Whoever gets ``_lock`` takes the whole queue; the others find theirs done. Readers open connections of
their own.

A ledger of one operator may get a second signer by a vote. This engine then runs what is due, takes no more
statements and still signs the blocks that the operator signs alone; the log goes on with CometBFT.

An exception that is no ``Reject`` stops the engine: it neither takes statements nor signs until it is
started anew.

Spec: LEDGER.md, sections 4.1, 4.5, 4.7 and 4.10.
"""

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from crypto.keys import PrivateKey
from ledger import merkle, statements
from ledger.core.blocks import Block, signers_digest
from ledger.core.genesis import Genesis
from ledger.core.machine import BlockResult, Core
from ledger.core.reading import Reader
from ledger.dry_runs import DryRunKeptError
from ledger.engines import EngineStatus
from ledger.engines.beside import put_dry_run
from ledger.engines.signed import LastSigned, lock_alone
from ledger.errors import EngineError, LedgerError, MerkleError, MovedError, NotSignerError, Reject
from ledger.proof.bundle import CheckpointSignature
from ledger.proof.receipts import sign_receipt
from ledger.store import Head
from web.database import require_sqlite

logger = logging.getLogger(__name__)

HEARTBEAT = 600
"""Seconds between two blocks on the timer."""

MAX_BATCH = 256
"""Statements in one block."""

Clock = Callable[[], int]


@dataclass
class _Arrival:
    """A statement on its way into a block; ``index`` or ``error`` is set when it is decided."""

    tx: bytes
    role: str
    index: int | None = None
    error: Exception | None = None

    @property
    def decided(self) -> bool:
        return self.index is not None or self.error is not None


class EmbeddedEngine:
    """Runs a ledger's core in this process and signs its roots as the single operator."""

    def __init__(
        self, core: Core, *, path: Path, keys: Sequence[PrivateKey], clock: Clock, lock_file: int
    ) -> None:
        """Use ``open``, which makes the checks."""
        self._core = core
        self._path = path
        self._member = core.genesis.signers[0]
        # A block entry names its signers by this digest: so it tells which of the keys signs it, if any.
        self._keys = {signers_digest([(self._member, key.public)]): key for key in keys}
        self._clock = clock
        self._lock_file = lock_file
        self._lock = threading.Lock()
        self._arrivals: list[_Arrival] = []
        self._arrivals_lock = threading.Lock()
        self._signed = LastSigned(path)
        self._stopped = self._closed = False
        self._callbacks: list[Callable[[], None]] = []

    @classmethod
    def open(
        cls, path: Path, *, key: PrivateKey, clock: Clock, others: Sequence[PrivateKey] = ()
    ) -> "EmbeddedEngine":
        """Open a ledger's database, alone, and run what is due.

        Args:
            path: The database; the file of what was signed and the lock lie beside it.
            key: The receipt key of the one signer.
            clock: Returns the time in integer seconds; it is read once a block and once a receipt.
            others: Its next or last receipt key, while that changes.

        Raises:
            EngineError: Another process has the ledger open, several signers began it, or none of the keys
                is the signer's.
            RestoredBackupError: The database is older than what was signed, or nothing tells what was.
            SelfCheckError: The stored tree is not that of the entries.
            StoreError: There is no ledger, or it is damaged.
        """
        require_sqlite()
        lock_file = lock_alone(path)
        try:
            core = Core.open(path)
            try:
                _check_signer(core, [key, *others])
                LastSigned(path).check(core)
                engine = cls(core, path=path, keys=[key, *others], clock=clock, lock_file=lock_file)
                engine.tick()
            except BaseException:
                core.close()
                raise
        except BaseException:
            os.close(lock_file)
            raise
        return engine

    def close(self) -> None:
        """Stop, and let another process open the ledger."""
        with self._lock:
            if self._closed:
                return
            self._closed = self._stopped = True
            self._core.close()
            os.close(self._lock_file)

    @property
    def genesis(self) -> Genesis:
        """The ledger's first entry."""
        return self._core.genesis

    @property
    def chain_id(self) -> str:
        """The ledger's identifier."""
        return self._core.genesis.chain_id

    @property
    def member(self) -> str:
        """The DID of the operator."""
        return self._member

    @property
    def moved(self) -> bool:
        """Whether others sign as well from here on, so that this engine takes no more statements."""
        return bool(self._core.reader.value("signers") != [self._member])

    @property
    def stopped(self) -> bool:
        """Whether the engine was closed or failed, so that the process should end."""
        return self._stopped

    @property
    def head(self) -> Head:
        """Where the log stands, as committed."""
        return self._core.head

    @property
    def confirmed(self) -> int:
        """The size of the newest root that the operator signs alone: it agrees with itself at once."""
        block = self._core.head_block
        if block is not None and block.signers in self._keys:
            return block.size
        with self.reader() as reader:
            return self._newest(reader).size

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called after each committed block, under the engine's lock.

        It must return at once, raise nothing and not call the engine: it sets an event.
        """
        self._callbacks.append(callback)

    def status(self) -> EngineStatus:
        """Tell how the engine is: a single operator is always up to date."""
        return EngineStatus(height=self._core.head.height, catching_up=False, peers=0, power=1)

    def reader(self) -> AbstractContextManager[Reader]:
        """Open a reader over one committed state, for one request."""
        return Reader.open(self._path, genesis=self.genesis)

    def submit(self, tx: bytes) -> int:
        """Bring a statement into the log and return when it is durable there.

        Args:
            tx: The statement's bytes.

        Returns:
            The index of its log entry. A statement that the log holds already keeps its index.

        Raises:
            Reject: The rules refuse it.
            MovedError: The ledger has several signers now.
            EngineError: The engine has stopped.
        """
        statement = statements.parse_statement(tx)
        arrival = _Arrival(tx, statement.role)
        with self._arrivals_lock:
            self._arrivals.append(arrival)
        with self._lock:
            # Whoever waited here may find that the one before took this statement along.
            while not arrival.decided:
                self._run(self._next_batch())
        if arrival.error is not None:
            raise arrival.error
        assert arrival.index is not None
        return arrival.index

    def tick(self) -> Head:
        """Run blocks until nothing is due: the timer's part. A block that changes nothing leaves no trace."""
        with self._lock:
            self._run([])
            # From the first start on the file is there, so that its absence tells of a restored backup.
            newest = self._newest(self._core.reader)
            self._signed.remember(size=newest.size, root=self._core.reader.root(newest.size))
            return self._core.head

    def run(self, stop: threading.Event, *, interval: float = HEARTBEAT) -> None:
        """Tick until ``stop`` is set; to be started as a thread by whoever serves the ledger."""
        while not stop.wait(interval):
            try:
                self.tick()
            except EngineError:
                return

    def receipt(self, size: int | None = None) -> CheckpointSignature:
        """Sign a root as the operator.

        Args:
            size: A size at which a block ends; the newest by default. Only the newest root gets the present
                time, an older one keeps its block's, and so do all once the ledger has several signers: from
                then on, what is newest is theirs to say.

        Raises:
            EngineError: The engine has stopped.
            NotSignerError: The block has several signers, or another key of the operator's signs it.
            SelfCheckError: The stored tree is not that of the entries; nothing is signed any more.
            MerkleError: No block ends at that size.
        """
        with self._lock, self._stopping_on_failure():
            reader = self._core.reader
            newest = self._newest(reader)
            block = newest if size is None else reader.block(size)
            key = self._keys.get(block.signers)
            if key is None:
                raise NotSignerError("this key alone does not sign that root")
            self._core.self_check()
            self._signed.remember(size=newest.size, root=reader.root(newest.size))
            fresh = block.size == newest.size and not self.moved
            return sign_receipt(
                reader.root(block.size),
                key=key,
                member=self.member,
                chain_id=self.chain_id,
                iat=max(self._clock(), block.time) if fresh else block.time,
            )

    def put_document(self, document: bytes) -> bytes:
        """Keep an agreement's document beside the log and return its SHA-256."""
        digest = sha256(document).digest()
        with self._lock, self._stopping_on_failure():
            self._core.store.put_document(digest, document)
        return digest

    def put_dry_run(self, body: bytes, *, digest: bytes, did: str, until: int) -> bool:
        """Keep an issuer's dry run of an agreement, checked by the caller, if it is the newest.

        Returns:
            Whether it was new.

        Raises:
            DryRunKeptError: Another one of the same or a later end is kept.
        """
        with self._lock, self._stopping_on_failure():
            return put_dry_run(self._core.store, body, digest=digest, did=did, until=until)

    def _newest(self, reader: Reader) -> Block:
        """Return the newest block that the operator signs alone.

        Raises:
            NotSignerError: There is none.
        """
        size: int | None = reader.head().size
        while size is not None and size > 1:
            block = reader.block(size)
            if block.signers in self._keys:
                return block
            before = reader.store.block_before(block.index)
            size = None if before is None else before + 1
        raise NotSignerError("this key signs no block of the ledger")

    def _next_batch(self) -> list[_Arrival]:
        """Take statements from the queue; governance first, as Core asks, otherwise as they came."""
        with self._arrivals_lock:
            batch, self._arrivals = self._arrivals[:MAX_BATCH], self._arrivals[MAX_BATCH:]
        return sorted(batch, key=lambda arrival: arrival.role != statements.GOVERNANCE)

    def _run(self, batch: Sequence[_Arrival]) -> None:
        """Apply a block with a batch, then blocks without statements until nothing is due.

        Once several sign, only what is due runs: what comes after that is for all of them to write.
        """
        try:
            with self._stopping_on_failure():
                if self.moved:
                    self._send_away(batch)
                else:
                    self._apply_batch(batch)
                while self._core.effects_due(self._now()):
                    self._apply([])
        except Exception as error:
            # Nobody waits for ever: whoever is undecided gets the failure.
            for arrival in batch:
                if not arrival.decided:
                    arrival.error = error
            raise

    def _apply_batch(self, batch: Sequence[_Arrival]) -> None:
        checked = [arrival for arrival in batch if self._admissible(arrival)]
        result = self._apply([arrival.tx for arrival in checked])
        for arrival, outcome in zip(checked, result.results, strict=True):
            arrival.index, arrival.error = outcome.index, outcome.refusal

    def _send_away(self, batch: Sequence[_Arrival]) -> None:
        for arrival in batch:
            arrival.index = self._core.store.position_of(merkle.leaf_hash(arrival.tx))
            if arrival.index is None:
                arrival.error = MovedError(_MOVED)

    def _admissible(self, arrival: _Arrival) -> bool:
        """Decide what needs no block: statements in the log already, and those that none could take."""
        try:
            self._core.check(arrival.tx, window=MAX_BATCH)
        except Reject as refusal:
            arrival.index = self._core.store.position_of(merkle.leaf_hash(arrival.tx))
            arrival.error = refusal if arrival.index is None else None
            return False
        return True

    def _apply(self, txs: Sequence[bytes]) -> BlockResult:
        result = self._core.apply_block(self._core.head.height + 1, self._now(), txs)
        if result.block is None:
            self._core.rollback()
            return result
        # A crash before this line loses the block, and nobody was told of it; a crash behind it loses
        # nothing.
        head = self._core.commit()
        logger.info("block committed height=%d size=%d", head.height, head.size)
        for callback in self._callbacks:
            callback()
        return result

    def _now(self) -> int:
        """Return the time of the next block: the clock's, but never before the last block's."""
        return max(self._clock(), self._core.head.time)

    @contextlib.contextmanager
    def _stopping_on_failure(self) -> Iterator[None]:
        """Refuse when stopped, and stop on anything but a refusal or an unanswerable question."""
        if self._stopped:
            raise EngineError("the engine has stopped")
        try:
            yield
        except (Reject, MerkleError, DryRunKeptError):
            raise
        except LedgerError:
            self._stopped = True
            logger.exception("engine stopped")
            raise
        except Exception as error:
            self._stopped = True
            logger.exception("engine stopped")
            raise EngineError("the engine stopped after a failure that is not a statement's") from error


_MOVED = (
    "several members sign from here on, and this engine takes no more statements: "
    "run `vocred ledger migrate`, then `vocred serve ledger --engine cometbft`"
)


def _check_signer(core: Core, keys: Sequence[PrivateKey]) -> None:
    signers = core.genesis.signers
    if len(signers) != 1:
        raise EngineError("the embedded engine has one operator; this ledger began with several signers")
    record = core.reader.value("member", signers[0])
    if record is not None and record["receipt"] not in [key.public.cose_key for key in keys]:
        raise EngineError("the key is not the operator's receipt key")
