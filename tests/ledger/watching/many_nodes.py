"""Members' nodes in one process: real applications and cores, one order of blocks, no network.

``ManyNodes`` agrees on blocks in CometBFT's place: whoever is up executes every block, whoever comes up
executes what it missed. The nodes' HTTP answers are real, and reach one another as long as they are up.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
from flask import Flask

from crypto.keys import PrivateKey
from ledger.client import LedgerClient
from ledger.core.genesis import Genesis
from ledger.core.machine import Core
from ledger.core.reading import Reader
from ledger.engines import EngineStatus
from ledger.errors import EngineError, MerkleError, NotSignerError
from ledger.node import create_app
from ledger.proof import epochs
from ledger.proof.bundle import CheckpointSignature
from ledger.proof.pins import Pin, PinStore
from ledger.proof.receipts import sign_receipt
from ledger.settings import DATABASE
from ledger.statements import ROLES, key_possession, sign_statement
from ledger.store import Head
from ledger.watching import watch
from ledger.watching.quorum import QuorumOfSigners
from tests.ledger.consortium import START, Party, key, members
from tests.ledger.living_node import Answer


class OrderedEngine:
    """A node's engine whose blocks come from outside; it signs what it executed."""

    def __init__(self, path: Path, genesis: Genesis, *, together: "ManyNodes") -> None:
        self.core = Core.create(path, genesis)
        self.path = path
        self.keys: list[PrivateKey] = []
        self.stopped = False
        self.withheld: set[int] = set()
        self._together = together
        self._callbacks: list[Callable[[], None]] = []

    @property
    def genesis(self) -> Genesis:
        return self.core.genesis

    @property
    def chain_id(self) -> str:
        return self.core.genesis.chain_id

    @property
    def member(self) -> str | None:
        with self.reader() as reader:
            for each in self.keys:
                registered = reader.value("key", each.public.thumbprint)
                if registered is not None:
                    return str(registered[0])
        return None

    @property
    def head(self) -> Head:
        return self.core.head

    @property
    def confirmed(self) -> int:
        return self.core.head.size

    def on_commit(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def status(self) -> EngineStatus:
        return EngineStatus(height=self.core.head.height, catching_up=False, peers=3, power=1)

    def reader(self) -> Any:
        return Reader.open(self.path, genesis=self.genesis)

    def submit(self, tx: bytes) -> int:
        return self._together.order(tx)

    def receipt(self, size: int | None = None) -> CheckpointSignature:
        with self.reader() as reader:
            newest = reader.head().size
            block = reader.block(newest if size is None else size)
            if block.size in self.withheld:
                raise MerkleError("not confirmed yet")
            signers = {signer.member: signer.key for signer in epochs.signers_of(reader, block)}
            for each in self.keys:
                if signers.get(self.member or "") == each.public.cose_key:
                    fresh = block.size == newest
                    return sign_receipt(
                        reader.root(block.size),
                        key=each,
                        member=str(self.member),
                        chain_id=self.chain_id,
                        iat=max(self._together.now, block.time) if fresh else block.time,
                    )
        raise NotSignerError("not a signer")

    def put_document(self, document: bytes) -> bytes:
        raise EngineError("no documents here")

    def put_dry_run(self, body: bytes, *, digest: bytes, did: str, until: int) -> bool:
        raise EngineError("no dry runs here")

    def execute(self, height: int, time: int, txs: Sequence[bytes]) -> Any:
        result = self.core.apply_block(height, time, txs)
        self.core.commit()
        for callback in self._callbacks:
            callback()
        return result


class Node:
    """A member's node, or one that only follows."""

    def __init__(self, number: int, party: Party | None, together: "ManyNodes", **watching: Any) -> None:
        self.party = party
        self.url = f"http://127.0.0.1:{8700 + number}"
        self.home = together.folder / f"node{number}"
        self.home.mkdir()
        self.up = True
        self.asked: list[str] = []
        self.lie: Callable[[str, str], Any] | None = None
        self.engine = OrderedEngine(self.home / DATABASE, together.genesis, together=together)
        if party is not None:
            self.engine.keys.append(party.key("receipt"))
        environ = {
            "LEDGER_HOME": str(self.home),
            "LEDGER_URL": self.url,
            "LEDGER_INSECURE_LOOPBACK": "1",
        }
        self.app: Flask = create_app(environ, clock=lambda: together.now, engine=self.engine)
        self.watch = watch(self.app, http=together.transport, **watching)
        self.quorum: QuorumOfSigners = self.watch.quorum

    @property
    def did(self) -> str:
        assert self.party is not None
        return self.party.did

    def get(self, path: str) -> Any:
        return self.app.test_client().get(path)

    def collect(self, times: int = 1) -> None:
        """Do what the thread does, once or more, whatever the clock says."""
        for _ in range(times):
            for goal in self.quorum._goals.values():
                goal.due = 0.0
            self.quorum.collect()


class ManyNodes:
    """Members, each with a node; the clock stands still unless a test moves it."""

    def __init__(
        self,
        folder: Path,
        *,
        count: int = 4,
        signers: int | None = None,
        patience: float = 0.0,
        spawn: Callable[[Callable[[], None]], None] = lambda act: act(),
    ) -> None:
        self.folder = folder
        self.parties = members(count)
        self.now = START
        self.blocks: list[tuple[int, int, tuple[bytes, ...]]] = []
        from ledger.core.genesis import make_genesis

        self.genesis = make_genesis(
            time=START,
            members=[party.record for party in self.parties],
            signers=[party.did for party in self.parties[: count if signers is None else signers]],
            delay=0,
        )
        self._watching = {"patience": patience, "spawn": spawn}
        self.nodes: list[Node] = []
        for party in self.parties:
            self.add(party)
        self.block()
        for node in self.nodes:
            self.accept(node.did, "endpoint.put", {"node": node.url, "mirror": None, "receipts": None})

    def add(self, party: Party | None = None) -> Node:
        """Start one more node, which executes everything."""
        node = Node(len(self.nodes), party, self, **self._watching)
        self.nodes.append(node)
        self.catch_up(node)
        return node

    @property
    def chain_id(self) -> str:
        return self.genesis.chain_id

    def block(self, *txs: bytes, after: int = 1) -> Any:
        """Have every node that is up execute a block."""
        self.now += after
        self.blocks.append((len(self.blocks) + 1, self.now, txs))
        results = [self.catch_up(node) for node in self.nodes if node.up]
        assert len({node.engine.head.root for node in self.nodes if node.up}) == 1
        return results[0]

    def catch_up(self, node: Node) -> Any:
        result = None
        for height, time, txs in self.blocks[node.engine.head.height :]:
            result = node.engine.execute(height, time, txs)
        return result

    def order(self, tx: bytes) -> int:
        """Bring one statement into a block and return its index."""
        found = self.nodes[0].engine.core.store.position_of(_leaf(tx))
        if found is not None:
            return int(found)
        outcome = self.block(tx).results[0]
        if outcome.refusal is not None:
            raise outcome.refusal
        return int(outcome.index)

    def accept(self, did: str, kind: str, body: Any) -> int:
        """Have a member's next statement accepted in a block of its own."""
        return self.order(self.sign(did, kind, body))

    def sign(self, did: str, kind: str, body: Any) -> bytes:
        party = self.party(did)
        role = ROLES.get(kind, "governance")
        party.seq[role] += 1
        return sign_statement(
            kind,
            body,
            seq=party.seq[role],
            issuer=did,
            chain_id=self.chain_id,
            key=party.key(role),
        )

    def party(self, did: str) -> Party:
        return next(party for party in self.parties if party.did == did)

    def decide(self, action: list[Any]) -> None:
        """Propose, have everybody agree, and run the block in which the effect comes."""
        from ledger.statements import parse_statement

        tx = self.sign(self.parties[0].did, "propose", {"action": action, "expires": self.now + 24 * 3600})
        self.order(tx)
        proposal = parse_statement(tx).proposal_id
        for party in self.parties:
            if self.value("member", party.did) and self.value("proposal", proposal)["status"] == "open":
                self.accept(party.did, "vote", {"proposal": proposal, "yes": True})
        self.block()

    def value(self, *parts: Any) -> Any:
        return self.nodes[0].engine.core.reader.value(*parts)

    def set_signer(self, did: str, *, receipt: PrivateKey | None, validator: PrivateKey | None) -> None:
        """Have the members decide which keys a member signs with; two times None: none."""
        keys = {"receipt": receipt, "validator": validator}
        possession = {
            role: None if found is None else key_possession(found, chain_id=self.chain_id, did=did, role=role)
            for role, found in keys.items()
        }
        shown = {role: None if found is None else found.public.cose_key for role, found in keys.items()}
        self.decide(["signer.set", {"member": did, **shown, "possession": possession}])

    def rotate_receipt_key(self, did: str, name: str) -> PrivateKey:
        """Have a member sign with another receipt key from the next epoch on."""
        fresh = key(name)
        node = next(each for each in self.nodes if each.party is not None and each.did == did)
        node.engine.keys.append(fresh)
        self.set_signer(did, receipt=fresh, validator=key(f"{name}/validator"))
        return fresh

    def transport(self, method: str, url: str, *, content: bytes | None, headers: dict[str, str]) -> Any:
        """Reach the node of a URL, if it is up."""
        number = int(url.split(":")[2].split("/", maxsplit=1)[0]) - 8700
        node = self.nodes[number]
        path = url.removeprefix(node.url)
        node.asked.append(path)
        if not node.up:
            raise httpx.ConnectError("nobody there")
        if node.lie is not None:
            told = node.lie(method, path)
            if told is not None:
                return told
        return Answer(node.app.test_client().open(path, method=method, data=content, headers=headers))

    def collect(self, times: int = 1) -> None:
        """Have every node that is up collect, so often that what one learned reaches all."""
        for _ in range(times):
            for node in self.nodes:
                if node.up:
                    node.collect()

    def first_pin(self) -> Pin:
        return Pin.from_genesis(self.genesis)

    def pins(self, name: str = "pins") -> PinStore:
        (self.folder / "pin").write_bytes(self.first_pin().to_bytes())
        return PinStore.start(self.folder / name, pin_file=self.folder / "pin")

    def client(self, *numbers: int, name: str = "pins") -> LedgerClient:
        """Return a client of some nodes, of all of them by default."""
        urls = [self.nodes[number].url for number in numbers or range(len(self.nodes))]
        return LedgerClient(",".join(urls), pins=self.pins(name), http=self.transport)

    def close(self) -> None:
        for node in self.nodes:
            node.watch.store.close()
            node.engine.core.close()


class Told:
    """An answer that a test makes up."""

    def __init__(self, content: bytes, status_code: int = 200) -> None:
        self.content, self.status_code = content, status_code


def _leaf(tx: bytes) -> bytes:
    from ledger import merkle

    return merkle.leaf_hash(tx)
