"""An operator's ledger moves to four real nodes: the same log, the old receipts, new signers."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ledger.client import LedgerClient
from ledger.core.blocks import CONSORTIUM, SINGLE_OPERATOR
from ledger.core.reading import Reader
from ledger.engines.cometbft.home import DOUBLE_SIGN_CHECK
from ledger.errors import LedgerError
from ledger.joining import auditing, newcomer
from ledger.proof import assembly
from ledger.proof.bundle import Bundle
from ledger.proof.pins import Pin, PinStore
from ledger.proof.verify import verify_anchor
from ledger.registry import members_key
from ledger.settings import PIN
from tests.ledger.joining.operators import Operator
from tests.network.node import HOST, Node
from tests.network.waiting import eventually
from tests.ports import free_ports

pytestmark = [pytest.mark.consortium, pytest.mark.timeout(900)]

TYPE = "GraduationCertificate"


class Move:
    """The operator's ledger before the move, and the four nodes after it."""

    def __init__(self, folder: Path) -> None:
        ports = [range(first, first + 3) for first in (free_ports(3) for _ in range(4))]
        urls = [f"http://{HOST}:{http}" for http, _, _ in ports]
        self.operator = Operator(folder, urls=urls)
        self.operator.now = int(time.time())
        self.receipt = self._old_receipt()
        self.file, self.invitation = self.operator.migrate(peer=f"{HOST}:{ports[0][1]}")
        with Reader.open(self.operator.home / "ledger.db") as reader:
            self.head = reader.head()
        self.joined = [self._join(party) for party in self.parties[1:]]
        self.nodes = [self._node(party, *ports[place]) for place, party in enumerate(self.parties)]

    @property
    def parties(self):
        return self.operator.consortium.parties

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.ready()
        eventually(
            "every node has CometBFT's first block",
            lambda: all(node.head.height > self.head.height for node in self.nodes),
        )

    def client(self, name: str, *urls: str) -> LedgerClient:
        """Return a client that knows the ledger since before the move, by the operator's pin."""
        pins = PinStore.start(self.operator.folder / name, pin_file=self.operator.home / PIN)
        return LedgerClient(urls or [node.url for node in self.nodes], pins=pins)

    def close(self) -> None:
        for node in self.nodes:
            node.kill()
            node.http.close()

    def _join(self, party):
        home = self.operator.home_of(party)
        return newcomer.join(
            home, self.file, did=party.did, pin=self.operator.pin, mark=None, now=self.operator.now
        )

    def _node(self, party, http: int, p2p: int, rpc: int) -> Node:
        home, genesis = self.operator.home_of(party), self.operator.consortium.genesis
        return Node(party, home, genesis, http, p2p, rpc, peers=lambda: self._peers(party))

    def _peers(self, party) -> list[str]:
        return [
            f"{node.comet.node_id}@{HOST}:{node.p2p_port}" for node in self.nodes if node.party is not party
        ]

    def _old_receipt(self) -> Bundle:
        """Return the receipt of the anchor as the operator gave it while it was alone."""
        engine = self.operator.engine()
        try:
            with engine.reader() as reader:
                return assembly.receipt(
                    reader,
                    self.operator.anchor,
                    sign=lambda head, _root: [engine.receipt(head.size)],
                    credential_type=TYPE,
                    size=reader.own_block(self.operator.anchor).size,
                )
        finally:
            engine.close()


@pytest.fixture(scope="module")
def move(request) -> Iterator[Move]:
    # A short path: the name of a unix socket has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="move-"))
    made, failed = Move(folder), request.session.testsfailed
    try:
        made.start()
        yield made
    finally:
        if request.session.testsfailed > failed:
            print("\n".join(f"--- {node}\n{node.last_words()}" for node in made.nodes))
        made.close()
        shutil.rmtree(folder, ignore_errors=True)


def test_every_node_goes_on_from_the_operators_log(move):
    for node in move.nodes:
        assert node.root(move.head.size) == move.head.root, node
        assert node.log[: move.head.size] == move.operator.entries()[: move.head.size], node
        with Reader.open(node.database) as reader:
            assert reader.own_block(move.operator.anchor).mode == SINGLE_OPERATOR
            assert reader.head_block().mode == CONSORTIUM


def test_the_validators_are_the_members_that_were_voted(move):
    for node in move.nodes:
        eventually(f"{node} takes part", lambda node=node: node.power > 0 and node.peer_count == 3)


def test_a_statement_after_the_move_gets_a_quorum_that_an_old_pin_follows(move):
    consortium, node = move.operator.consortium, move.nodes[2]
    party = consortium.parties[1]
    body = {"node": node.url, "mirror": node.url, "receipts": None}
    answer = node.submit(consortium.sign(party, "endpoint.put", body))
    assert answer.status_code == httpx.codes.CREATED, answer.text
    client = move.client("followed")
    followed(client)
    pin = client.pins.load()
    assert {signer.member for signer in pin.signers} == {party.did for party in move.parties}
    # The operator alone vouched for the beginning of the way; only a pin from outside says otherwise.
    assert pin.single


def test_a_receipt_from_before_the_move_verifies_and_keeps_its_label(move):
    client = move.client("old receipt")
    followed(client)
    issuer = move.operator.issuer.did
    known = client.pins.load()
    lifted = Pin(**{**vars(known), "single": False})
    proof = consistency_of(move, move.receipt.head_inclusion.size, known.size)
    receipt, _ = verify_anchor(
        move.receipt,
        issuer_id=issuer,
        credential_type=TYPE,
        pin=lifted,
        now=int(time.time()),
        consistency=[proof],
    )
    assert receipt.single_operator
    fresh = client.receipt(move.operator.anchor, credential_type=TYPE, now=int(time.time()))
    assert fresh.entry == move.receipt.entry
    assert len(fresh.signatures) >= 3


def test_cometbfts_commits_sign_the_same_log(move):
    node = move.nodes[3]
    first = move.head.height + 1
    with Reader.open(node.database) as reader:
        for height in (first, first + 1):
            checked = auditing.audit(
                reader,
                height,
                genesis=move.invitation.genesis,
                fetch=auditing.from_rpc(f"{HOST}:{node.rpc_port}"),
            )
            assert checked.signed >= 3
        assert checked.validators == 4


def test_a_node_that_lost_its_disk_joins_again_by_the_same_invitation(move):
    node = move.nodes[3]
    node.kill()
    kept = {
        path: path.read_bytes()
        for path in (node.home / "receipt.key", *(node.comet.config / name for name in _KEYS))
    }
    shutil.rmtree(node.home)
    for path, content in kept.items():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o600)
    joined = newcomer.join(
        node.home,
        move.file,
        did=node.party.did,
        pin=move.operator.pin,
        mark=None,
        now=int(time.time()),
    )
    assert joined.signs
    ahead = move.nodes[0].head
    node.start()
    eventually("the node has what the others have", lambda: node.head.size >= ahead.size)
    assert node.root(ahead.size) == ahead.root
    # It does not remember what it signed: it takes part once ten blocks came without it.
    make_blocks(move, DOUBLE_SIGN_CHECK + 1)
    node.ready()


def make_blocks(move: Move, count: int) -> None:
    """Write statements, each in a block of its own or with one behind it."""
    consortium, node = move.operator.consortium, move.nodes[0]
    for number in range(count):
        body = {"node": node.url, "mirror": f"{node.url}/{number}", "receipts": None}
        answer = node.submit(consortium.sign(consortium.founder, "endpoint.put", body))
        assert answer.status_code == httpx.codes.CREATED, answer.text


_KEYS = ("priv_validator_key.json", "node_key.json")


def followed(client: LedgerClient) -> None:
    """Wait until a pin of the operator alone has followed to the epoch of four."""
    eventually("the pin follows", lambda: _follow(client) == 4, tolerate=(LedgerError,))


def _follow(client: LedgerClient) -> int:
    client.snapshot([members_key()], now=int(time.time()), max_age=0)
    return client.pins.load().epoch


def consistency_of(move: Move, first: int, second: int):
    with Reader.open(move.nodes[0].database) as reader:
        return assembly.consistency(reader, first, second)
