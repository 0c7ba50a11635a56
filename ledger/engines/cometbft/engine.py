"""The consortium's engine, as a node's HTTP application uses it.

Submitting asks four things in this order: is the statement in the log; would this node's own CheckTx take
it; CometBFT's mempool, over its RPC on loopback; then every block that is committed, until one told what
became of the statement. A root is signed once the consensus agreed on it: the header of the next block
holds it.

Who owns what: the application's lock guards the core. Readers open connections of their own, and so does
what lies beside the log (documents, dry runs), which is no part of any block.

An exception that nobody expected ends the process: CometBFT stops with it, the supervisor starts both, and
the block is played again. Nothing is signed on the way.

Spec: LEDGER.md, sections 4.1, 4.5, 4.8 and 4.9.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from crypto.keys import PrivateKey
from ledger import statements
from ledger.core.genesis import Genesis
from ledger.core.machine import Core
from ledger.core.reading import Reader
from ledger.engines import EngineStatus
from ledger.engines.beside import Beside
from ledger.engines.cometbft.application import Application, Clock, Outcome
from ledger.engines.cometbft.home import IDLE_BLOCK_SECONDS, CometHome
from ledger.engines.cometbft.rpc import Rpc, RpcError
from ledger.engines.cometbft.server import AbciServer
from ledger.engines.cometbft.signing import confirmed_block, confirmed_size, signer
from ledger.engines.cometbft.waiting import NoRoomError
from ledger.engines.signed import LastSigned, lock_alone
from ledger.errors import (
    EngineError,
    LedgerError,
    MerkleError,
    NoQuorumError,
    Reject,
    RestoredBackupError,
    UpgradeRequiredError,
)
from ledger.proof.bundle import CheckpointSignature
from ledger.proof.receipts import sign_receipt
from ledger.store import Head
from web.database import require_sqlite

logger = logging.getLogger(__name__)

NO_BLOCK = 10.0
"""Default of ``patience``, in seconds."""

HALTED = 3.0
"""Seconds that a submitter waits while the last one saw no block in vain: reads need the threads."""

NO_HEARTBEAT = 1.5 * IDLE_BLOCK_SECONDS
"""Seconds without any block, though nobody waits for one, after which too few members take part."""

LONGEST = 60.0
"""Seconds after which a submitter is sent away though blocks come."""

MAX_WAITING = 48
"""Submitters that wait at a time; a server's other threads go on answering reads."""

FATAL = 70
"""Exit status after a failure that nobody expected."""


class CometEngine:
    """One node of a consortium: a core, the application around it, and a CometBFT beside this process."""

    def __init__(
        self,
        core: Core,
        *,
        path: Path,
        keys: Sequence[PrivateKey],
        home: CometHome,
        rpc: Rpc,
        signed: LastSigned,
        clock: Clock,
        archive: bool,
        lock_file: int,
        patience: float,
        end: Callable[[int], object],
    ) -> None:
        """Use ``open``, which makes the checks."""
        self._path, self._keys, self._clock, self._rpc = path, tuple(keys), clock, rpc
        self._lock_file, self._patience, self._end = lock_file, patience, end
        self._genesis = core.genesis
        self._app = Application(core, clock=clock, home=home, archive=archive)
        self._beside = Beside(path)
        self._server = AbciServer(home.socket, answer=self._app.answer, fail=self._fail)
        self._signed = signed
        self._stopped = self._closed = False
        self._slots = threading.BoundedSemaphore(MAX_WAITING)
        self._halted_at: int | None = None
        self._opened = time.monotonic()
        self.refuse: Callable[[LedgerError], None] = self._refuse

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        keys: Sequence[PrivateKey],
        home: CometHome,
        rpc: str,
        clock: Clock,
        archive: bool = False,
        patience: float = NO_BLOCK,
        end: Callable[[int], object] = os._exit,
    ) -> CometEngine:
        """Open a ledger's database, alone, and answer CometBFT from now on.

        Args:
            path: The database; the file of what was signed and the lock lie beside it.
            keys: The node's receipt keys: the present one, and perhaps the next or the last; none at a node
                that only follows.
            home: CometBFT's directory.
            rpc: ``host:port`` of CometBFT's RPC.
            clock: Returns the time in integer seconds.
            archive: Whether CometBFT keeps every block.
            patience: Seconds without a block after which a submitter is told that there is no quorum.
            end: Ends the process, with an exit status, after a failure that nobody expected.

        Raises:
            TakenError: Another process has the ledger open.
            EngineError: CometBFT's directory does not fit.
            RestoredBackupError: Another root was signed than the database has.
            SelfCheckError: The stored tree is not that of the entries.
            StoreError: There is no ledger, or it is damaged.
        """
        require_sqlite()
        with ExitStack() as undone:
            lock_file = lock_alone(path)
            undone.callback(os.close, lock_file)
            core = Core.open(path)
            undone.callback(core.close)
            signed = LastSigned(path)
            _check_signed(core, signed)
            engine = cls(
                core,
                path=path,
                keys=keys,
                home=home,
                rpc=Rpc(f"http://{rpc}"),
                signed=signed,
                clock=clock,
                archive=archive,
                lock_file=lock_file,
                patience=patience,
                end=end,
            )
            undone.pop_all()
        engine._server.start()
        return engine

    def close(self) -> None:
        """Stop answering CometBFT, which stops too, and let another process open the ledger."""
        self._server.close()
        with self._app.lock:
            if self._closed:
                return
            self._closed = self._stopped = True
            self._app.committed.notify_all()
            self._app.core.close()
        self._beside.close()
        self._rpc.close()
        os.close(self._lock_file)

    @property
    def genesis(self) -> Genesis:
        """The ledger's first entry."""
        return self._genesis

    @property
    def chain_id(self) -> str:
        """The ledger's identifier."""
        return self._genesis.chain_id

    @property
    def member(self) -> str | None:
        """The DID for which this node signs roots; None at a node that only follows."""
        with self.reader() as reader:
            for key in self._keys:
                registered = reader.value("key", key.public.thumbprint)
                if registered is not None and registered[1] == statements.RECEIPT:
                    return str(registered[0])
        return None

    @property
    def stopped(self) -> bool:
        """Whether the engine was closed or failed, so that the process should end."""
        return self._stopped

    @property
    def halted(self) -> bool:
        """Whether no block comes: somebody waited for one in vain, or the idle ones have ceased."""
        if self._halted_at == self._app.core.head.height:
            return True
        return time.monotonic() - max(self._opened, self._app.last_block) > NO_HEARTBEAT

    @property
    def head(self) -> Head:
        """Where the log stands, as committed."""
        return self._app.core.head

    @property
    def confirmed(self) -> int:
        """The size of the newest root that may be signed: a header of the chain holds it."""
        with self.reader() as reader:
            return confirmed_size(reader)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called after each committed block, in the thread that answers CometBFT.

        It must return at once, raise nothing and not call the engine: it sets an event.
        """
        self._app.on_commit.append(callback)

    def status(self) -> EngineStatus:
        """Ask CometBFT how it is.

        Raises:
            EngineError: It is not there.
        """
        found = self._rpc.status()
        return EngineStatus(
            height=found.height, catching_up=found.catching_up, peers=found.peers, power=found.power
        )

    def reader(self) -> AbstractContextManager[Reader]:
        """Open a reader over one committed state, for one request."""
        return Reader.open(self._path, genesis=self._genesis)

    def submit(self, tx: bytes) -> int:
        """Bring a statement into the log and return when it is durable there.

        Args:
            tx: The statement's bytes.

        Returns:
            The index of its log entry. A statement that the log holds already keeps its index, and one that
            waits in the mempool is waited for.

        Raises:
            Reject: The rules refuse it.
            StorageFullError: The disk is full.
            NoQuorumError: No block came; the statement waits in the mempool, or for its turn there, and
                sending it again is right.
            EngineError: CometBFT is not there, catches up, or too many wait; nothing is known of the
                statement.
        """
        statements.parse_statement(tx)
        self._require_running()
        if not self._slots.acquire(blocking=False):
            raise EngineError("too many statements wait for a block here")
        try:
            with self._app.expect(tx) as outcome:
                self._hand_over(tx, outcome)
                return self._wait(outcome)
        finally:
            self._slots.release()

    def receipt(self, size: int | None = None) -> CheckpointSignature:
        """Sign a root as this node's member.

        Args:
            size: A size at which a block ends; the newest that is confirmed by default. Only the newest gets
                the present time, an older one keeps its block's.

        Raises:
            EngineError: The engine has stopped.
            NotSignerError: This node's member did not sign in that epoch.
            MerkleError: No block ends at that size, or the consensus has not confirmed it yet.
            RestoredBackupError: More was signed from here than the database has, or another root.
            SelfCheckError: The stored tree is not that of the entries; the process ends.
        """
        self._require_running()
        try:
            with self._app.lock:
                self._app.core.self_check()
            with self.reader() as reader:
                return self._sign(reader, size)
        except (MerkleError, RestoredBackupError):
            raise
        except LedgerError as error:
            self._fail(error)
            raise

    def put_document(self, document: bytes) -> bytes:
        """Keep an agreement's document beside the log and return its SHA-256."""
        return self._beside.put_document(document)

    def put_dry_run(self, body: bytes, *, digest: bytes, did: str, until: int) -> bool:
        """Keep an issuer's dry run of an agreement, checked by the caller, if it is the newest."""
        return self._beside.put_dry_run(body, digest=digest, did=did, until=until)

    def _hand_over(self, tx: bytes, outcome: Outcome) -> None:
        """Give a statement to the mempool, unless its fate is known already."""
        try:
            self._app.check(tx)
            self._rpc.broadcast(tx)
        except Reject as refusal:
            with self.reader() as reader:
                found = reader.position_of(tx)
            if found is not None:
                outcome.index = found
                return
            if refusal.code == "TX_DUPLICATE":
                # It is in a block that is decided, and in the log in a moment: whoever commits it tells.
                return
            # What a node that is behind does not know yet, it must not call refused.
            self._require_up_to_date()
            if isinstance(refusal, NoRoomError) and self.halted:
                told = "earlier statements wait for a block, and none comes: send this one later"
                raise NoQuorumError(told) from None
            raise refusal from None

    def _wait(self, outcome: Outcome) -> int:
        """Wait until a block, or the mempool, told what became of a statement."""
        begun = time.monotonic()
        with self._app.committed:
            while True:
                self._require_running()
                if outcome.refusal is not None:
                    raise outcome.refusal
                if outcome.index is not None:
                    return outcome.index
                if self._app.full is not None:
                    raise self._app.full
                now, patience = time.monotonic(), self._patience_now()
                quiet = now - max(begun, self._app.last_block)
                if quiet >= patience:
                    self._halted_at = self._app.core.head.height
                    break
                if now - begun >= LONGEST:
                    raise EngineError("the statement waits for its turn; send it again later")
                self._app.committed.wait(min(patience - quiet, 1.0))
        self._require_up_to_date()
        raise NoQuorumError("no block came; the statement waits here, and may be sent again")

    def _patience_now(self) -> float:
        """Return how long a submitter waits for a block: less since one waited in vain, until one comes."""
        halted = self._halted_at == self._app.core.head.height
        return min(HALTED, self._patience) if halted else self._patience

    def _sign(self, reader: Reader, size: int | None) -> CheckpointSignature:
        newest = confirmed_size(reader)
        block = confirmed_block(reader, size)
        self._signed.check_reader(reader)
        member, key = signer(reader, block, keys=self._keys)
        with self._app.lock:
            self._signed.remember(size=newest, root=reader.root(newest))
        fresh = block.size == newest
        return sign_receipt(
            reader.root(block.size),
            key=key,
            member=member,
            chain_id=self.chain_id,
            iat=max(self._clock(), block.time) if fresh else block.time,
        )

    def _require_running(self) -> None:
        if self._stopped:
            raise EngineError("the engine has stopped")

    def _require_up_to_date(self) -> None:
        """Refuse where CometBFT is not there, or still fetches blocks that others have.

        Raises:
            NoQuorumError: It reaches nobody.
            EngineError: It is so.
        """
        status = self._rpc.status()
        if status.catching_up and not status.peers:
            raise NoQuorumError("this node reaches no other one")
        if status.catching_up:
            raise RpcError("this node fetches the blocks that it missed; ask another one meanwhile")

    def _fail(self, error: BaseException) -> None:
        """End the process: a half-applied block that goes on would be worse.

        A new start plays the block again. Where that would not help, everything ends, with one line.
        """
        self._stopped = True
        if isinstance(error, UpgradeRequiredError):
            self.refuse(error)
            return
        logger.critical("engine failed: %s", error, exc_info=error)
        self._end(FATAL)

    def _refuse(self, error: LedgerError) -> None:
        logger.critical("engine cannot go on: %s [%s]", error, error.code)
        self._end(FATAL)


def _check_signed(core: Core, signed: LastSigned) -> None:
    """Refuse another history; one that is only behind is fetched from the other nodes, and signs nothing.

    Raises:
        RestoredBackupError: The log has another root of a size that was signed from here.
    """
    if signed.is_behind(core.head):
        told = "restored_backup signed=%d size=%d: nothing is signed before the log is as long"
        logger.error(told, signed.size, core.head.size)
    elif signed.size:
        signed.check(core)
