"""CometBFT's questions, answered by a core.

    Info              where the committed log stands: CometBFT replays from there
    InitChain         the genesis is ours already; the root of the log so far is the first application hash
    CheckTx           form, key, signature and number; a window of numbers, a quota for each sender
    PrepareProposal   governance before submission, each sender's numbers in order; nothing while time lags
    ProcessProposal   refuses a block whose time lags, or whose order no honest proposer makes
    FinalizeBlock     Core.apply_block; the application hash is the root of the log
    Commit            Core.commit: height, root and writes in one transaction

One lock guards the core. What a block did with each statement is told to whoever waits for it.

Spec: LEDGER.md, sections 4.1, 4.8 and 4.10.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ledger import statements
from ledger.core.machine import BlockResult, Core
from ledger.engines.cometbft import abci_pb2 as abci
from ledger.errors import LedgerError, Reject
from ledger.statements import Statement

APP_VERSION = 1
WINDOW = 512
"""How far ahead of the next number a statement may be gossiped: many of a sender come before a block."""

QUOTA = 1024
"""Statements of one sender that wait for a block."""

LATEST_PROPOSAL = 30
LATEST_BLOCK = 120
"""Seconds by which a block's time may be behind the clock: beyond the first a proposer puts nothing into it,
beyond the second nobody agrees to a block with statements."""

RETAINED_BLOCKS = 100_000

ACCEPT, REJECT = 1, 2
REFUSED = 1

Clock = Callable[[], int]
Sender = tuple[str, str]


@dataclass(frozen=True)
class Confirmed:
    """A root that the consensus agreed on: it stood in the header of the next block.

    Attributes:
        size: Number of log entries.
        root: Root hash of the log.
    """

    size: int
    root: bytes


class Application:
    """The application of one node."""

    def __init__(self, core: Core, *, clock: Clock, retained_blocks: int = RETAINED_BLOCKS) -> None:
        """Take over a core, which nobody else writes to.

        Args:
            core: The open core.
            clock: Returns the time in integer seconds.
            retained_blocks: How many blocks CometBFT keeps; 0 keeps all (an archive).
        """
        self.core = core
        self.lock = threading.RLock()
        self.committed = threading.Condition(self.lock)
        self._clock = clock
        self._retained_blocks = retained_blocks
        self._waiting: Counter[Sender] = Counter()
        self._applied: tuple[int, Sequence[bytes], BlockResult] | None = None
        self._refused: dict[bytes, Reject] = {}
        self._confirmed = Confirmed(core.head.size, core.head.root)
        self._confirmed_height = 0

    @property
    def confirmed(self) -> Confirmed | None:
        """The newest root that stood in a header of the chain, or None before the first since the start."""
        return self._confirmed if self._confirmed_height else None

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
                    response.check_tx.CopyFrom(self._check(request.check_tx))
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
                    getattr(response, name).result = 2  # abort: this application has no snapshots
                case "verify_vote_extension":
                    response.verify_vote_extension.status = ACCEPT
                case _:
                    response.exception.error = "not a request of ABCI 2.0"
        return response

    def refusal(self, tx: bytes) -> Reject | None:
        """Return why a block refused a statement, if one did since the start."""
        return self._refused.get(sha256(tx).digest())

    def _info(self) -> abci.ResponseInfo:
        head = self.core.head
        return abci.ResponseInfo(
            data="vocred",
            app_version=APP_VERSION,
            last_block_height=head.height,
            last_block_app_hash=head.root if head.height else b"",
        )

    def _init_chain(self, request: abci.RequestInitChain) -> abci.ResponseInitChain:
        expected = chain_name(self.core.genesis.chain_id)
        if request.chain_id != expected:
            raise LedgerError(f"CometBFT's genesis is for {request.chain_id}, this ledger is {expected}")
        if request.initial_height != self.core.head.height + 1:
            raise LedgerError("CometBFT's initial_height does not follow the ledger's last block")
        return abci.ResponseInitChain(app_hash=self.core.head.root)

    def _check(self, request: abci.RequestCheckTx) -> abci.TxResult:
        try:
            statement = self.core.check(request.tx, window=WINDOW)
            sender = (statement.issuer, statement.role)
            if request.type == 0:
                if self._waiting[sender] >= QUOTA:
                    raise Reject("QUOTA", "too many statements of this sender wait for a block")
                self._waiting[sender] += 1
        except Reject as refusal:
            return abci.TxResult(code=REFUSED, codespace=refusal.code, log=str(refusal))
        return abci.TxResult()

    def _prepare(self, request: abci.RequestPrepareProposal) -> abci.ResponsePrepareProposal:
        # The time of a block is the median of the previous votes: after an idle spell it lags by all of it,
        # and a key stolen meanwhile could anchor "before" the theft. An empty block brings it up to date.
        if self._clock() - request.time.seconds > LATEST_PROPOSAL:
            return abci.ResponsePrepareProposal()
        chosen: list[bytes] = []
        room = request.max_tx_bytes
        for statement in in_order(request.txs):
            # CometBFT counts a transaction with its field's tag and length.
            room -= len(statement.entry) + 10
            if room < 0:
                break
            chosen.append(statement.entry)
        return abci.ResponsePrepareProposal(txs=chosen)

    def _process(self, request: abci.RequestProcessProposal) -> abci.ResponseProcessProposal:
        late = self._clock() - request.time.seconds > LATEST_BLOCK
        orderly = [statement.entry for statement in in_order(request.txs)] == list(request.txs)
        fine = not request.txs or (orderly and not late)
        return abci.ResponseProcessProposal(status=ACCEPT if fine else REJECT)

    def _finalize(self, request: abci.RequestFinalizeBlock) -> abci.ResponseFinalizeBlock:
        if self._applied is not None:
            # CometBFT was started anew between this and Commit, and plays the block again.
            self.core.rollback()
        # The header of this block holds the root that the block before left: two thirds agree on it.
        self._confirmed = Confirmed(self.core.head.size, self.core.head.root)
        self._confirmed_height = request.height - 1
        txs = list(request.txs)
        result = self.core.apply_block(request.height, request.time.seconds, txs)
        self._applied = (request.height, txs, result)
        return abci.ResponseFinalizeBlock(
            tx_results=[_told(each.index, each.refusal) for each in result.results],
            validator_updates=[
                abci.ValidatorUpdate(pub_key=abci.PublicKey(ed25519=key), power=power)
                for key, power in getattr(result, "validators", ())
            ],
            app_hash=result.root,
        )

    def _commit(self) -> abci.ResponseCommit:
        if self._applied is None:
            raise LedgerError("CometBFT commits a block that was not applied")
        height, txs, result = self._applied
        self.core.commit()
        self._applied = None
        self._waiting.clear()
        for tx, each in zip(txs, result.results, strict=True):
            if each.refusal is not None:
                self._refused[sha256(tx).digest()] = each.refusal
        self.committed.notify_all()
        keep_from = height - self._retained_blocks
        return abci.ResponseCommit(retain_height=keep_from if self._retained_blocks and keep_from > 0 else 0)


def chain_name(chain_id: str) -> str:
    """Return what CometBFT calls a ledger: at most 50 characters, from the chain id's hash.

    Spec: LEDGER.md, section 4.8.
    """
    return "vocred-" + chain_id.rpartition(":")[2][:40]


def in_order(txs: Sequence[bytes]) -> list[Statement]:
    """Put statements into the order of a block; what is no statement, or stands twice, is left out.

    Governance comes before submission, and every sender's statements come by their numbers.
    """
    found: dict[bytes, Statement] = {}
    for tx in txs:
        try:
            found.setdefault(tx, statements.parse_statement(tx))
        except Reject:
            continue
    return sorted(found.values(), key=_place)


def _place(statement: Statement) -> tuple[bool, str, int, bytes]:
    return (statement.role != statements.GOVERNANCE, statement.issuer, statement.seq, statement.entry)


def _told(index: int | None, refusal: Reject | None) -> abci.TxResult:
    if refusal is None:
        return abci.TxResult(data=str(index).encode())
    # What a block did with a statement is part of what nodes have to agree on: the code alone, no words.
    return abci.TxResult(code=REFUSED, data=refusal.code.encode())
