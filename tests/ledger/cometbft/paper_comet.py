"""What CometBFT does to its application, on paper: one validator that always agrees with itself.

It speaks ABCI over the real socket, with the library's own framing, and answers the few questions of the RPC.
Nothing happens by itself: a test says when a block comes, unless ``automatic`` makes one of each statement.
"""

import base64
import http.server
import json
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from google.protobuf.proto import parse_length_prefixed, serialize_length_prefixed

from crypto.keys import PrivateKey
from ledger.core.machine import Core
from ledger.engines.cometbft import abci_pb2 as abci
from ledger.engines.cometbft.application import COMMITTED_VOTE, RECHECK
from ledger.engines.cometbft.engine import CometEngine
from ledger.engines.cometbft.home import CometHome, chain_name
from tests.ledger.consortium import Consortium, Party, key

BLOCK_BYTES = 1_000_000


class Conversation:
    """One connection to the application's socket."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(20)
        self._socket.connect(str(path))
        self._stream = self._socket.makefile("rwb")

    def ask(self, **question: Any) -> Any:
        """Send one request and a flush, as CometBFT does, and return the answer."""
        with self._lock:
            serialize_length_prefixed(abci.Request(**question), self._stream)
            serialize_length_prefixed(abci.Request(flush=abci.Empty()), self._stream)
            self._stream.flush()
            answer = parse_length_prefixed(abci.Response, self._stream)
            if answer is None:
                raise ConnectionError("the application hung up")
            flushed = parse_length_prefixed(abci.Response, self._stream)
        assert flushed.WhichOneof("value") == "flush"
        return getattr(answer, answer.WhichOneof("value"))

    def close(self) -> None:
        self._stream.close()
        self._socket.close()


@dataclass
class PaperComet:
    """A consensus of one over an application's socket."""

    home: CometHome
    chain_id: str
    initial_height: int = 1
    now: int = 1_700_000_100
    mempool: list[bytes] = field(default_factory=list)
    automatic: bool = False
    catching_up: bool = False
    peers: int = 3
    height: int = 0
    soon: list[threading.Thread] = field(default_factory=list)

    def connect(self) -> abci.ResponseInfo:
        """Do what CometBFT does at its start: Info, and InitChain where the application has no block."""
        self.consensus = Conversation(self.home.socket)
        self.gossip = Conversation(self.home.socket)
        info: abci.ResponseInfo = self.consensus.ask(info=abci.RequestInfo(version="0.38.25"))
        if info.last_block_height == 0:
            self.init_chain()
        self.height = max(info.last_block_height, self.initial_height - 1)
        return info

    def init_chain(self, **changes: Any) -> abci.ResponseInitChain:
        given = {"chain_id": chain_name(self.chain_id), "initial_height": self.initial_height, **changes}
        return self.consensus.ask(init_chain=abci.RequestInitChain(**given))

    def settle(self) -> None:
        """Wait for the blocks that come by themselves."""
        while self.soon:
            self.soon.pop().join()

    def hang_up(self) -> None:
        self.settle()
        self.consensus.close()
        self.gossip.close()

    def check(self, tx: bytes, *, again: bool = False) -> abci.TxResult:
        kind = RECHECK if again else 0
        return self.gossip.ask(check_tx=abci.RequestCheckTx(tx=tx, type=kind))

    def gossiped(self, tx: bytes) -> abci.TxResult:
        """Take a statement into the mempool, if the application lets it in."""
        result = self.check(tx)
        if not result.code and tx not in self.mempool:
            self.mempool.append(tx)
        return result

    def prepare(self, txs: Sequence[bytes], *, lag: int = 0, room: int = BLOCK_BYTES) -> list[bytes]:
        """Ask what to propose; ``lag`` is by how much the block's time is behind the clock."""
        at = abci.Timestamp(seconds=self.now - lag)
        request = abci.RequestPrepareProposal(max_tx_bytes=room, txs=txs, height=self.height + 1, time=at)
        return list(self.consensus.ask(prepare_proposal=request).txs)

    def process(self, txs: Sequence[bytes], *, lag: int = 0) -> bool:
        """Ask whether a proposal is fine."""
        at = abci.Timestamp(seconds=self.now - lag)
        request = abci.RequestProcessProposal(txs=txs, height=self.height + 1, time=at)
        return self.consensus.ask(process_proposal=request).status == 1

    def finalize(
        self, txs: Sequence[bytes] = (), *, lag: int = 0, voted: bytes | None = None
    ) -> abci.ResponseFinalizeBlock:
        """Decide the next block, with the vote of a validator on the one before."""
        votes = [] if voted is None else [_vote(voted)]
        request = abci.RequestFinalizeBlock(
            txs=txs,
            decided_last_commit=abci.CommitInfo(votes=votes),
            height=self.height + 1,
            time=abci.Timestamp(seconds=self.now - lag, nanos=5),
        )
        return self.consensus.ask(finalize_block=request)

    def commit(self) -> abci.ResponseCommit:
        """Commit the block that was decided, and check what is left in the mempool again."""
        answer: abci.ResponseCommit = self.consensus.ask(commit=abci.Empty())
        self.height += 1
        self.mempool = [tx for tx in self.mempool if not self.check(tx, again=True).code]
        return answer

    def block(self, txs: Sequence[bytes] = (), *, after: int = 1) -> abci.ResponseFinalizeBlock:
        """Decide and commit a block with exactly these transactions."""
        self.now += after
        result = self.finalize(txs)
        taken = set(txs)
        self.mempool = [tx for tx in self.mempool if tx not in taken]
        self.commit()
        return result

    def propose(self, *, after: int = 1) -> abci.ResponseFinalizeBlock:
        """Make a block of what the application chooses from the mempool."""
        txs = self.prepare(self.mempool)
        assert self.process(txs), "its own proposal"
        return self.block(txs, after=after)

    # The RPC

    def answer(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if method == "broadcast_tx_sync":
            return self._broadcast(base64.b64decode(params["tx"]))
        if method == "net_info":
            return {"n_peers": str(self.peers)}
        key = base64.b64encode(self.home.validator).decode()
        return {
            "validator_info": {"pub_key": {"value": key}, "voting_power": "10"},
            "sync_info": {"latest_block_height": str(self.height), "catching_up": self.catching_up},
        }

    def _broadcast(self, tx: bytes) -> dict[str, Any]:
        result = self.gossiped(tx)
        if self.automatic and not result.code:
            self.soon.append(threading.Thread(target=self._soon))
            self.soon[-1].start()
        return {"code": result.code, "codespace": result.codespace, "log": result.log}

    def _soon(self) -> None:
        time.sleep(0.01)
        self.propose()
        self.block()


def _vote(validator: bytes) -> abci.VoteInfo:
    address = sha256(validator).digest()[:20]
    return abci.VoteInfo(validator=abci.Validator(address=address), block_id_flag=COMMITTED_VOTE)


@dataclass
class PaperNode:
    """A consortium's ledger in a folder, its engine, and the paper consensus beside it."""

    ledger: Consortium
    path: Path
    home: CometHome
    comet: PaperComet
    engine: CometEngine
    ended: list[int]
    keys: list[PrivateKey]
    rpc: str

    @property
    def clock(self) -> int:
        return self.comet.now

    def open(self, **changes: Any) -> CometEngine:
        """Open the engine (anew)."""
        given = {
            "keys": self.keys,
            "home": self.home,
            "rpc": self.rpc,
            "clock": lambda: self.comet.now,
            "patience": 0.3,
            "end": self.ended.append,
            **changes,
        }
        self.engine = CometEngine.open(self.path, **given)
        return self.engine

    def restart(self, **changes: Any) -> abci.ResponseInfo:
        """Close the engine, open it again and connect."""
        self.comet.hang_up()
        self.engine.close()
        self.open(**changes)
        return self.comet.connect()

    def sign(self, party: Party, kind: str, body: Any, **changes: Any) -> bytes:
        return self.ledger.sign(party, kind, body, **changes)

    def anchor(self, party: Party, number: int = 1) -> bytes:
        return self.sign(party, "anchor", {"root": sha256(b"%d" % number).digest()})


@contextmanager
def paper_node(*, signers: int = 1, count: int = 3, delay: int = 0) -> Iterator[PaperNode]:
    """Stand up a node of the first member, connected, with block 1 committed.

    A short folder of its own: the name of a unix socket has at most 107 characters.
    """
    folder = Path(tempfile.mkdtemp(prefix="paper-"))
    aside = folder / "aside"
    aside.mkdir()
    ledger = Consortium(aside, count=count, delay=delay, signers=signers)
    ledger.core.close()
    path = folder / "ledger.db"
    core = Core.create(path, ledger.genesis)
    root = core.head.root
    core.close()
    home = CometHome(folder / "comet")
    home.make()
    named = {party.did: validator_key(party) for party in ledger.parties[:signers]}
    named[ledger.founder.did] = home.validator
    home.write_genesis(
        chain_id=ledger.chain_id,
        time=ledger.genesis.time + 10,
        initial_height=1,
        app_hash=root,
        validators=named,
    )
    comet = PaperComet(home, ledger.chain_id)
    server = _Rpc(comet)
    ended: list[int] = []
    keys = [ledger.founder.key("receipt")]
    rpc = f"127.0.0.1:{server.server_port}"
    node = PaperNode(ledger, path, home, comet, None, ended, keys, rpc)  # type: ignore[arg-type]
    try:
        node.open()
        comet.connect()
        comet.block()
        yield node
    finally:
        comet.hang_up()
        server.shutdown()
        server.server_close()
        node.engine.close()
        shutil.rmtree(folder)


def validator_key(party: Party) -> bytes:
    """Return the consensus key of a member that signs from the start."""
    return key(f"{party.name}/validator").public.raw


class _Rpc(http.server.ThreadingHTTPServer):
    """CometBFT's JSON-RPC on a free port of this machine."""

    daemon_threads = True

    def __init__(self, comet: PaperComet) -> None:
        super().__init__(("127.0.0.1", 0), _handler(comet))
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


def _handler(comet: PaperComet) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps({"result": comet.answer(request["method"], request["params"])}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
