"""All nodes but one are destroyed for good: the log goes on from the one copy, and old receipts hold."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from ledger.cli import cli
from ledger.errors import TakenError
from ledger.joining import newcomer, resuming
from ledger.joining.errors import UncoveredError
from ledger.proof.bundle import Bundle
from ledger.proof.pins import Pin
from tests.network import invariants
from tests.network.forms import anchor
from tests.network.network import Network
from tests.network.node import HOST, Node
from tests.network.stream import Stream
from tests.network.waiting import eventually

pytestmark = [pytest.mark.consortium, pytest.mark.timeout(900)]

KEPT = ("receipt.key", "comet/config/node_key.json", "comet/config/priv_validator_key.json")
"""What a careful member keeps elsewhere."""


@pytest.fixture(scope="module")
def network(make_network: Callable[..., Network]) -> Network:
    network = make_network(signers=4)
    network.start()
    network.announce()
    return network


@pytest.fixture
def file(network: Network) -> Path:
    return network.folder / "resume.vocred"


def checkpoint_of(network: Network, node: Node, size: int) -> Bundle:
    """Return the checkpoint at a size as the node alone gives it, with links from the first epoch."""
    client = network.client(node, name=f"pins-{size}")

    def covering() -> Bundle | None:
        bundle = Bundle.decode(client.checkpoint(epoch=1, now=int(time.time())))
        return bundle if bundle.head_inclusion.size >= size else None

    return eventually(f"{node} has a checkpoint of {size} entries", covering)


def lose_disk(node: Node) -> None:
    """Lose a home but for the keys that are kept elsewhere."""
    kept = {name: (node.home / name).read_bytes() for name in KEPT}
    shutil.rmtree(node.home)
    for name, content in kept.items():
        place = node.home / name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(0o600)


@pytest.mark.case("LEDG-029")
def test_the_log_goes_on_from_the_one_copy_that_is_left(network: Network, file: Path):
    issuer = network.make_issuers(1)[0]
    client = network.client(network[0], name="pins-survivor")
    form = anchor(network, issuer, client, at=network[0])
    survivor = network[3]
    log = network.agree()
    checkpoint = checkpoint_of(network, survivor, len(log))
    peer, now = f"{HOST}:{survivor.p2p_port}", int(time.time())
    arguments = {"peer": peer, "nodes": [survivor.url], "checkpoint": checkpoint, "now": now}
    with pytest.raises(TakenError):
        resuming.resume(survivor.home, file, **arguments)
    for node in network:
        node.kill()
    for node in network.nodes[:3]:
        lose_disk(node)

    made = resuming.resume(survivor.home, file, **arguments)
    again = resuming.resume(survivor.home, file, **{**arguments, "now": now + 60})
    assert again.genesis == made.genesis, "a second call does not make another beginning"
    for node in network.nodes[:3]:
        pin = Pin.from_genesis(network.genesis)
        joined = newcomer.join(node.home, file, did=node.party.did, pin=pin, mark=None, now=int(time.time()))
        assert joined.signs
    network.start()

    with Stream(network, [issuer]) as stream:
        stream.bring(4)
    invariants.check(network, stream.record)
    assert network.agree()[: len(log)] == log
    assert form.check(Pin.from_genesis(network.genesis)).checkpoint.size <= len(log)
    later = anchor(network, issuer, client, at=network[1])
    assert later.check(client.pins.load()).checkpoint.size > len(log)


def test_a_copy_with_a_statement_that_nobody_signed_does_not_go_on(network: Network, file: Path):
    survivor = network[3]
    older = checkpoint_of(network, survivor, survivor.head.size)
    network.accept(network.founder, "endpoint.put", dict.fromkeys(("node", "mirror", "receipts")))
    network.agree()
    for node in network:
        node.kill()
    arguments = {"peer": f"{HOST}:{survivor.p2p_port}", "nodes": [survivor.url], "now": int(time.time())}
    with pytest.raises(UncoveredError):
        resuming.resume(survivor.home, file, checkpoint=older, **arguments)
    assert survivor.comet.has_blocks, "nothing was put aside"
    network.start()
    network.accept(network.founder, "endpoint.put", dict.fromkeys(("node", "mirror", "receipts")))
    assert survivor.holds(network.agree()[-2]), "the network goes on as before"


def test_the_command_says_what_came_of_it(network: Network, file: Path, monkeypatch: pytest.MonkeyPatch):
    survivor = network[3]
    checkpoint = checkpoint_of(network, survivor, survivor.head.size)
    saved = network.folder / "checkpoint.cbor"
    saved.write_bytes(checkpoint.encode())
    for node in network:
        node.kill()
    for name, value in {
        "LEDGER_HOME": str(survivor.home),
        "LEDGER_URL": survivor.url,
        "LEDGER_P2P": f"{HOST}:{survivor.p2p_port}",
        "LEDGER_INSECURE_LOOPBACK": "1",
    }.items():
        monkeypatch.setitem(os.environ, name, value)
    words = ["resume", "--checkpoint", str(saved), "--out", str(file)]
    told = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert told.exit_code == 0, told.output
    assert f"{survivor.head.size} entries" in told.output
