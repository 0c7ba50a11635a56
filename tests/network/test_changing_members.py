"""Four nodes admit a fifth, change the rules at a height, and let a member go, while statements arrive."""

import base64
import json
import time
from collections.abc import Callable

import pytest

from crypto.keys import PrivateKey
from ledger.core.machine import Core
from ledger.statements import key_possession
from tests.ledger.consortium import Party
from tests.network import invariants
from tests.network.forms import anchor
from tests.network.network import Network
from tests.network.node import Node
from tests.network.stream import Stream
from tests.network.waiting import eventually

pytestmark = [pytest.mark.consortium, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def network(make_network: Callable[..., Network]) -> Network:
    """Return four running nodes; the tests below change their number, in the order in which they stand."""
    network = make_network(signers=4)
    network.start()
    network.announce()
    return network


@pytest.fixture(scope="module")
def newcomer(network: Network, issuers: list) -> Node:
    """Return the node of a fifth member, admitted by vote and named a signer, after it caught up."""
    party = Party("newcomer")
    network.decide(party.admission(network.chain_id))
    eventually("it is a member", lambda: _pushed(network, issuers[0]).value("member", party.did))
    network.parties.append(party)
    node = network.add_node(party)
    network.copy_genesis(node)
    network.start(node)
    assert node.power == 0, "it votes before the members decided so"
    network.decide(signer_set(network, node), voters=network.parties)
    network.accept(party, "endpoint.put", {"node": node.url, "mirror": node.url, "receipts": node.url})
    return node


@pytest.fixture(autouse=True)
def _replaying_by_the_next_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process, which replays every log, know the rules that the network comes to."""
    monkeypatch.setattr(Core, "app_version", 2)


def validator_key(node: Node) -> PrivateKey:
    """Return the consensus key of a node, from CometBFT's own file."""
    file = node.comet.config / "priv_validator_key.json"
    secret = base64.b64decode(json.loads(file.read_text())["priv_key"]["value"])
    return PrivateKey.from_bytes("Ed25519", secret[:32])


def signer_set(network: Network, node: Node) -> list:
    """Return the action by which a node signs and votes from now on."""
    keys = {"receipt": node.party.key("receipt"), "validator": validator_key(node)}
    return [
        "signer.set",
        {
            "member": node.party.did,
            **{role: key.public.cose_key for role, key in keys.items()},
            "possession": {
                role: key_possession(key, chain_id=network.chain_id, did=node.party.did, role=role)
                for role, key in keys.items()
            },
        },
    ]


def _pushed(network: Network, issuer: Party) -> Node:
    """Have one more block, in which what is due takes effect, and return a node to look at."""
    network.accept(issuer, "anchor", {"root": bytes(32)})
    return network[0]


def test_a_fifth_member_joins_by_block_sync_and_votes_once_the_members_say_so(network, issuers, newcomer):
    with Stream(network, issuers) as stream:
        eventually("it votes", lambda: newcomer.power > 0, seconds=60)
        stream.bring(6)
    invariants.check(network, stream.record)
    assert len(network[0].rpc("validators")["validators"]) == 5
    size = newcomer.head.size
    eventually("it signs", lambda: newcomer.signature(size) is not None)


def test_a_verifier_that_knows_the_first_epoch_alone_follows_to_the_second(network, issuers, newcomer):
    client = network.client(newcomer, name="pins-epochs")
    assert client.pins.load().epoch == 1
    form = anchor(network, issuers[0], client, at=newcomer)
    pin = client.pins.load()
    assert (pin.epoch, len(pin.signers)) == (2, 5)
    assert form.check(pin).checkpoint.size > 0


def test_five_go_on_after_one_is_lost_that_was_there_from_the_start(network, issuers, newcomer):
    others = [*network.nodes[1:4], newcomer]
    network[0].kill()
    with Stream(network, issuers, nodes=others) as stream:
        stream.bring(6)
    network.start(network[0])
    invariants.check(network, stream.record)


@pytest.mark.case("LEDG-024")
def test_rules_change_at_a_height_and_a_node_with_the_old_program_stops(network, issuers, newcomer):
    # Every node but one gets a program that knows the next rules, one after the other; writing goes on.
    with Stream(network, issuers) as stream:
        began = time.monotonic()
        for node in network.nodes[1:]:
            node.stop()
            node.environ["NETWORK_RULES"] = "2"
            node.start()
            node.ready()
        pause = stream.record.longest_pause(began, time.monotonic())
    print(f"longest pause in writing while programs were replaced one at a time: {pause:.1f} s")
    assert pause <= 10
    height = network[0].head.height + 12
    network.decide(["upgrade", {"app_version": 2, "height": height}], voters=network.parties)
    with Stream(network, issuers, nodes=network.nodes[1:]) as stream:
        eventually("the height came", lambda: network[1].head.height > height + 2, seconds=90)
        assert network[0].head.height < height
        assert "install a newer one" in network[0].last_words()
        network[0].kill()
        network[0].environ["NETWORK_RULES"] = "2"
        network[0].start()
        network[0].ready()
    invariants.check(network, stream.record)


def test_a_member_that_was_removed_neither_votes_nor_signs(network, issuers, newcomer):
    network.decide(["remove", {"member": newcomer.party.did}], voters=network.parties)
    network.parties.remove(newcomer.party)
    with Stream(network, issuers, nodes=network.nodes[:4]) as stream:
        eventually("it votes no longer", lambda: newcomer.power == 0)
        stream.bring(4)
    invariants.check(network, stream.record)
    assert len(network[0].rpc("validators")["validators"]) == 4
    assert newcomer.signature(network[0].head.size) is None
