"""CometBFT's questions, answered by a core.

    Info              where the committed log stands: CometBFT replays from there
    InitChain         the genesis is ours already; the root of the log so far is the first application hash
    CheckTx           form, key, signature and number; a window of numbers, a quota for each sender
    PrepareProposal   governance before submission, each sender's numbers without a gap; nothing while time
                      lags
    ProcessProposal   refuses a block whose time lags, or whose order no honest proposer makes
    FinalizeBlock     Core.apply_block; the application hash is the root of the log
    Commit            Core.commit: height, root and writes in one transaction

One lock guards the core, the list of what waits for a block (``waiting``) and what is told to those that
submitted here. Between FinalizeBlock and Commit the core's connection sees a block that may yet be undone, so
everybody else reads over connections of their own.

Spec: LEDGER.md, sections 4.1, 4.8 and 4.10.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]  # the newest SQLite installed

from crypto.keys import PublicKey
from ledger import merkle
from ledger.core.machine import BlockResult, Core
from ledger.engines.cometbft import abci_pb2 as abci
from ledger.engines.cometbft.home import POWER, CometHome, chain_name
from ledger.engines.cometbft.ordering import in_order, without_gaps
from ledger.engines.cometbft.waiting import Waiting
from ledger.errors import EngineError, Reject
from ledger.statements import Statement
from web.database import as_ours
from web.errors import StorageFullError

APP_VERSION = 1
"""What CometBFT writes into headers. It stays that of the genesis, so that a newer program plays old blocks;
the version of the rules is the state's (``ledger.core.versions``)."""

WINDOW = 512
"""How far ahead of the next number a statement may be gossiped: many of a sender come before a block."""

LATEST_PROPOSAL = 30
LATEST_BLOCK = 120
"""Seconds by which a block's time may be behind the clock: beyond the first a proposer puts nothing into it,
beyond the second nobody agrees to a block with statements."""

RETAINED_BLOCKS = 100_000

SPACE_SECONDS = 1.0
"""How long a block waits between two tries to write it on a full disk."""

ACCEPT, REJECT = 1, 2
REFUSED = 1
RECHECK = 1
COMMITTED_VOTE = 2
ABORT = 2
"""Numbers of CometBFT's enumerations: ProposalStatus, a refusal's code, CheckTxType, BlockIDFlag, and what
becomes of a snapshot."""

_TX_OVERHEAD = 10
"""What CometBFT counts on top of a transaction's bytes, at most: its field's tag and length."""

logger = logging.getLogger(__name__)

Clock = Callable[[], int]


@dataclass
class Outcome:
    """What became of a statement that somebody waits for; at most one of both is set."""

    index: int | None = None
    refusal: Reject | None = None


@dataclass(frozen=True)
class _Applied:
    """A block between FinalizeBlock and Commit."""

    height: int
    time: int
    txs: Sequence[bytes]
    result: BlockResult
    validators: frozenset[bytes]


class Application:
    """The application of one node."""

    def __init__(self, core: Core, *, clock: Clock, home: CometHome, archive: bool = False) -> None:
        """Take over a core, which nobody else writes to.

        Args:
            core: The open core.
            clock: Returns the time in integer seconds.
            home: CometBFT's directory, with the genesis.
            archive: Whether CometBFT keeps every block.

        Raises:
            EngineError: CometBFT's genesis is not this ledger's.
        """
        self.core = core
        self.lock = threading.RLock()
        self.committed = threading.Condition(self.lock)
        self.on_commit: list[Callable[[], None]] = []
        self.last_block = 0.0
        self.full: StorageFullError | None = None
        self._clock = clock
        self._home = home
        self._archive = archive
        self._genesis = home.read_genesis()
        home.require_keys()
        self._own_address = sha256(home.validator).digest()[:20]
        self._check_genesis()
        self._waiting = Waiting()
        self._expected: dict[bytes, list[Outcome]] = {}
        self._applied: _Applied | None = None
        self._conversations = 0
        self._validators = self._keys(_signer_keys(core))

    def answer(self, request: abci.Request) -> abci.Response:  # noqa: PLR0912 - one line for each question
        """Answer one request of CometBFT."""
        name = request.WhichOneof("value")
        response = abci.Response()
        with self.lock:
            match name:
                case "echo":
                    response.echo.message = request.echo.message
                case "info":
                    response.info.CopyFrom(self._info())
                case "init_chain":
                    response.init_chain.CopyFrom(self._init_chain(request.init_chain))
                case "check_tx":
                    response.check_tx.CopyFrom(self._check_tx(request.check_tx))
                case "prepare_proposal":
                    response.prepare_proposal.CopyFrom(self._prepare(request.prepare_proposal))
                case "process_proposal":
                    response.process_proposal.CopyFrom(self._process(request.process_proposal))
                case "finalize_block":
                    response.finalize_block.CopyFrom(self._finalize(request.finalize_block))
                case "commit":
                    response.commit.CopyFrom(self._commit())
                case "query":
                    response.query.CopyFrom(abci.ResponseQuery(code=REFUSED, log="ask the node's HTTP API"))
                case "flush" | "list_snapshots" | "load_snapshot_chunk" | "extend_vote":
                    getattr(response, name).SetInParent()
                case "offer_snapshot" | "apply_snapshot_chunk":
                    getattr(response, name).result = ABORT
                case "verify_vote_extension":
                    response.verify_vote_extension.status = ACCEPT
                case _:
                    response.exception.error = "not a request of ABCI 2.0"
        return response

    def check(self, tx: bytes) -> None:
        """Check a statement as CheckTx does, for somebody who submits it here.

        Raises:
            Reject: It could not be accepted in any block soon.
        """
        with self.lock:
            self._waiting.check(self.core.check(tx, window=WINDOW))

    @contextlib.contextmanager
    def expect(self, tx: bytes) -> Iterator[Outcome]:
        """Have an outcome filled, under the lock, as soon as one is known; ``committed`` tells of it."""
        key, outcome = sha256(tx).digest(), Outcome()
        with self.lock:
            self._expected.setdefault(key, []).append(outcome)
        try:
            yield outcome
        finally:
            with self.lock:
                rest = [each for each in self._expected[key] if each is not outcome]
                if rest:
                    self._expected[key] = rest
                else:
                    del self._expected[key]

    def _info(self) -> abci.ResponseInfo:
        # CometBFT was started anew. What it had decided and not committed, it plays again.
        self._conversations += 1
        self._forget_block()
        head = self.core.head
        ours = head.height >= self._genesis.initial_height
        return abci.ResponseInfo(
            data="vocred",
            app_version=APP_VERSION,
            # Blocks of an earlier engine are none of CometBFT's: it begins with InitChain.
            last_block_height=head.height if ours else 0,
            last_block_app_hash=head.root if ours else b"",
        )

    def _init_chain(self, request: abci.RequestInitChain) -> abci.ResponseInitChain:
        if request.chain_id != chain_name(self.core.genesis.chain_id):
            raise EngineError(f"CometBFT began {request.chain_id}, which is another ledger")
        if request.initial_height != self.core.head.height + 1:
            raise EngineError("CometBFT's first block does not follow the ledger's last block")
        return abci.ResponseInitChain(app_hash=self.core.head.root)

    def _check_tx(self, request: abci.RequestCheckTx) -> abci.TxResult:
        try:
            statement = self.core.check(request.tx, window=WINDOW)
            last = self._last_number(statement)
            if request.type == RECHECK:
                self._waiting.keep(statement, last=last, now=self._clock())
            else:
                self._waiting.add(statement)
        except Reject as refusal:
            if request.type == RECHECK:
                # The mempool drops it: whoever waits for it here has to know.
                self._tell(request.tx, index=self._position(request.tx), refusal=refusal)
            return abci.TxResult(code=REFUSED, codespace=refusal.code, log=str(refusal))
        return abci.TxResult()

    def _prepare(self, request: abci.RequestPrepareProposal) -> abci.ResponsePrepareProposal:
        # The time of a block is the median of the previous votes: after an idle spell it lags by all of it,
        # and a key stolen meanwhile could anchor "before" the theft. An empty block brings it up to date.
        if self._clock() - request.time.seconds > LATEST_PROPOSAL:
            return abci.ResponsePrepareProposal()
        chosen: list[bytes] = []
        room = request.max_tx_bytes
        for statement in without_gaps(in_order(request.txs), last_number=self._last_number):
            room -= len(statement.entry) + _TX_OVERHEAD
            if room < 0:
                break
            chosen.append(statement.entry)
        return abci.ResponsePrepareProposal(txs=chosen)

    def _process(self, request: abci.RequestProcessProposal) -> abci.ResponseProcessProposal:
        late = self._clock() - request.time.seconds > LATEST_BLOCK
        orderly = [statement.entry for statement in in_order(request.txs)] == list(request.txs)
        fine = not request.txs or (orderly and not late)
        if not fine:
            logger.warning("proposal_refused height=%d late=%s orderly=%s", request.height, late, orderly)
        return abci.ResponseProcessProposal(status=ACCEPT if fine else REJECT)

    def _finalize(self, request: abci.RequestFinalizeBlock) -> abci.ResponseFinalizeBlock:
        self._forget_block()
        self._guard(request)
        for found in request.misbehavior:
            # CometBFT's own evidence that a validator voted twice: for people, no rule of the log acts on it.
            told = "validator_misbehaved address=%s height=%d kind=%d"
            logger.error(told, found.validator.address.hex(), found.height, found.type)
        txs = list(request.txs)
        result = self._apply(request.height, request.time.seconds, txs)
        validators = self._keys(result.signers)
        self._applied = _Applied(request.height, request.time.seconds, txs, result, validators)
        return abci.ResponseFinalizeBlock(
            tx_results=[_told(each.index, each.refusal) for each in result.results],
            validator_updates=_updates(self._validators, validators),
            app_hash=result.root,
        )

    def _commit(self) -> abci.ResponseCommit:
        applied = self._applied
        if applied is None:
            raise EngineError("CometBFT commits a block that was not applied")
        self._make_durable(applied)
        self._applied, self._validators, self.full = None, applied.validators, None
        self.last_block = time.monotonic()
        self._waiting.clear()
        for tx, each in zip(applied.txs, applied.result.results, strict=True):
            self._tell(tx, index=each.index, refusal=each.refusal)
        self.committed.notify_all()
        for callback in self.on_commit:
            callback()
        keep_from = 0 if self._archive else applied.height - RETAINED_BLOCKS
        return abci.ResponseCommit(retain_height=max(keep_from, 0))

    def _apply(self, height: int, time: int, txs: Sequence[bytes]) -> BlockResult:
        """Apply a block; on a full disk wait until there is space, for a node has to follow the others."""
        while True:
            try:
                return self.core.apply_block(height, time, txs)
            except sqlite3.OperationalError as error:
                self._wait_for_space(error)

    def _make_durable(self, applied: _Applied) -> None:
        """Commit the block. One that the full disk did not take is undone and applied again."""
        while True:
            try:
                self.core.commit()
            except sqlite3.OperationalError as error:
                self.core.rollback()
                self._wait_for_space(error)
                self._apply(applied.height, applied.time, applied.txs)
            else:
                return

    def _wait_for_space(self, error: sqlite3.OperationalError) -> None:
        """Wait a moment where the disk is full, with the lock free for readers; else raise it again."""
        ours = as_ours(error)
        if not isinstance(ours, StorageFullError):
            raise error
        logger.error("storage_full height=%d", self.core.head.height)
        self.full, conversation = ours, self._conversations
        self.committed.notify_all()
        self.committed.wait(SPACE_SECONDS)
        if conversation != self._conversations:
            raise ConnectionError("CometBFT was started anew while its block waited") from error

    def _forget_block(self) -> None:
        """Undo a block that was applied and not committed."""
        if self._applied is not None:
            self.core.rollback()
            self._applied = None

    def _guard(self, request: abci.RequestFinalizeBlock) -> None:
        """Compare the votes under this node's key with what its validator remembers of having signed.

        Raises:
            EngineError: It signed more than it remembers: its state is that of a backup, or new.
        """
        votes = request.decided_last_commit.votes
        if any(
            vote.validator.address == self._own_address and vote.block_id_flag == COMMITTED_VOTE
            for vote in votes
        ):
            self._home.note_vote(request.height - 1)

    def _tell(self, tx: bytes, *, index: int | None, refusal: Reject | None) -> None:
        """Tell those who wait for a statement what became of it."""
        for outcome in self._expected.get(sha256(tx).digest(), ()):
            outcome.index, outcome.refusal = index, refusal if index is None else None
        self.committed.notify_all()

    def _position(self, tx: bytes) -> int | None:
        return self.core.store.position_of(merkle.leaf_hash(tx))

    def _last_number(self, statement: Statement) -> int:
        last: int = self.core.reader.value("seq", statement.issuer, statement.role) or 0
        return last

    def _keys(self, signers: Mapping[str, bytes | None]) -> frozenset[bytes]:
        """Return the signers' consensus keys: the state's, or those with which CometBFT began.

        Raises:
            EngineError: Neither names one.
        """
        named = self._genesis.validators
        try:
            return frozenset(named[did] if key is None else key for did, key in signers.items())
        except KeyError as error:
            raise EngineError(f"no consensus key is known of {error}") from error

    def _check_genesis(self) -> None:
        if self._genesis.chain_name != chain_name(self.core.genesis.chain_id):
            raise EngineError("genesis.json of CometBFT is another ledger's")
        if self.core.head.height < self._genesis.initial_height - 1:
            raise EngineError("the ledger ends before CometBFT's first block: bring the log here first")


def _told(index: int | None, refusal: Reject | None) -> abci.TxResult:
    if refusal is None:
        return abci.TxResult(data=str(index).encode())
    # What a block did with a statement is part of what nodes have to agree on: the code alone, no words.
    return abci.TxResult(code=REFUSED, data=refusal.code.encode())


def _updates(before: frozenset[bytes], after: frozenset[bytes]) -> list[abci.ValidatorUpdate]:
    """Return the difference of two sets of validators: CometBFT panics on an unknown or a repeated one."""
    return [
        abci.ValidatorUpdate(pub_key=abci.PublicKey(ed25519=key), power=POWER if key in after else 0)
        for key in sorted(before ^ after)
    ]


def _signer_keys(core: Core) -> dict[str, bytes | None]:
    """Return the committed state's signers with their consensus keys, None where it has none."""
    keys = {did: core.reader.value("validator", did) for did in core.reader.value("signers")}
    return {did: None if key is None else PublicKey.from_cose_key(key).raw for did, key in keys.items()}
