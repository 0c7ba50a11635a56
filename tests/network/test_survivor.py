"""All nodes but one are destroyed for good: the log goes on from the one copy, and old receipts hold."""

import time
from collections.abc import Callable

import pytest

from ledger.proof.pins import Pin
from tests.network import invariants
from tests.network.forms import anchor
from tests.network.network import Network
from tests.network.stream import Stream

pytestmark = [pytest.mark.consortium, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def network(make_network: Callable[..., Network]) -> Network:
    network = make_network(signers=4)
    network.start()
    network.announce()
    return network


@pytest.mark.case("LEDG-029")
def test_the_log_goes_on_from_the_one_copy_that_is_left(network: Network):
    issuer = network.make_issuers(1)[0]
    client = network.client(network[0], name="pins-survivor")
    form = anchor(network, issuer, client, at=network[0])
    survivor = network[3]
    log = network.agree()
    for node in network:
        node.kill()
    for node in network.nodes[:3]:
        node.wipe()

    # What each member does: replay the survivor's log, compare the root with one that it trusts, and begin
    # CometBFT anew where the log ends. The survivor replays its own as well: all begin at one height.
    root = survivor.root(len(log))
    for node in network:
        head = node.replace_ledger(log, root=root)
        node.forget_consensus()
    network.write_genesis(
        network.nodes,
        initial_height=head.height + 1,
        time=max(head.time + 1, int(time.time()) - 5),
        validators={node.party.did: node.comet.validator for node in network},
    )
    network.start()

    with Stream(network, [issuer]) as stream:
        stream.bring(4)
    invariants.check(network, stream.record)
    assert network.agree()[: len(log)] == log
    assert form.check(Pin.from_genesis(network.genesis)).checkpoint.size <= len(log)
    later = anchor(network, issuer, client, at=network[1])
    assert later.check(client.pins.load()).checkpoint.size > len(log)
