"""Five nodes lose one, two, or all of themselves: what goes on, what stops, and that nothing is lost."""

import shutil
import time
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from ledger.proof.pins import Pin
from ledger.proof.verify import ReceiptError
from tests.network import invariants
from tests.network.forms import anchor
from tests.network.network import Network
from tests.network.stream import LONGEST_PAUSE, Stream, hand_in
from tests.network.waiting import eventually, throughout

pytestmark = [pytest.mark.consortium, pytest.mark.timeout(900), pytest.mark.usefixtures("recovered")]


@pytest.fixture(scope="module")
def network(make_network: Callable[..., Network]) -> Network:
    """Return five running nodes with two issuers; the third one dies in mid-block when it is told to."""
    network = make_network(signers=5)
    network[2].environ["NETWORK_CRASH"] = str(network.folder / "crash")
    network.start()
    network.announce()
    return network


@pytest.mark.case("LEDG-023")
def test_one_of_five_is_lost_and_writing_goes_on(network, issuers):
    with Stream(network, issuers, nodes=network.nodes[:4]) as stream:
        stream.bring(4)
        lost = time.monotonic()
        network[4].kill()
        stream.bring(16)
        pause = stream.record.longest_pause(lost, time.monotonic())
    print(f"longest pause in writing after one of five was lost: {pause:.1f} s")
    assert pause <= LONGEST_PAUSE
    network.start(network[4])
    invariants.check(network, stream.record)


def test_two_of_five_are_lost_and_writes_are_refused_in_plain_words(network, issuers):
    network[3].kill()
    network[4].kill()
    statement = network.sign(issuers[0], "anchor", {"root": bytes(32)})
    answer = network[0].submit(statement, timeout=40)
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert answer.json()["code"] == "LEDGER_NO_QUORUM"
    assert int(answer.headers["Retry-After"]) > 0
    issuers[0].seq["submission"] -= 1
    answer = network[0].submit(network.sign(issuers[0], "anchor", {"root": bytes([1]) * 32}), timeout=40)
    assert answer.json()["code"] == "LEDGER_NO_QUORUM", "another one with its number, too, is told to wait"
    began = time.monotonic()
    network[3].start()
    again = eventually("the statement is taken", lambda: hand_in(network[0], statement), seconds=90)
    print(f"two of five lost: {time.monotonic() - began:.1f} s from the start of one of them to a block")
    log = network.agree(*network.running)
    assert log[again] == statement


def test_two_of_five_are_lost_and_reading_and_offline_verification_go_on(network, issuers):
    client = network.client(*network.nodes[:3], name="pins-offline")
    form = anchor(network, issuers[0], client, at=network[0])
    head = network.agree()
    network[3].kill()
    network[4].kill()

    def reads() -> bool:
        paths = ("/v1/checkpoint", "/v1/registry", f"/v1/entries/{len(head) - 1}", "/")
        return all(network[0].get(path).status_code == httpx.codes.OK for path in paths)

    throughout("every read is answered", reads, seconds=3)
    snapshot, _ = network.client(network[0], name="pins-alone").snapshot([], now=int(time.time()))
    assert snapshot.size <= len(head), "a checkpoint that four of five signed before is served and checked"
    assert form.check(Pin.from_genesis(network.genesis)).checkpoint.size <= len(head)
    with pytest.raises(ReceiptError):
        replace(form, digest=bytes(32)).check(Pin.from_genesis(network.genesis))


@pytest.mark.case("LEDG-023")
def test_all_nodes_are_killed_at_once_and_nothing_acknowledged_is_lost(network, issuers):
    with Stream(network, issuers) as stream:
        stream.bring(6)
        for node in network:
            node.kill()
        began = time.monotonic()
        for node in network:
            node.start()
        stream.bring(1, seconds=120)
        print(f"all killed: {time.monotonic() - began:.1f} s from the start to the next statement")
        stream.bring(4)
    invariants.check(network, stream.record)


def test_a_node_that_dies_between_finalize_block_and_commit_plays_the_block_again(network, issuers):
    order = network.folder / "crash"
    with Stream(network, issuers, nodes=[network[0], network[1]]) as stream:
        order.touch()
        eventually("the node died in mid-block", lambda: not order.exists())
        stream.bring(6)
    network[2].ready()
    invariants.check(network, stream.record)
    size = network[2].head.size
    eventually("it signs", lambda: network[2].signature(size) is not None)


@pytest.mark.parametrize("part", ["application", "cometbft"])
def test_either_half_of_a_node_is_killed_and_the_supervisor_brings_both_back(network, issuers, part):
    with Stream(network, issuers) as stream:
        stream.bring(2)
        getattr(network[1], f"kill_{part}")()
        stream.bring(6)
    network[1].ready()
    invariants.check(network, stream.record)


def test_a_wiped_node_rejoins_and_signs_what_the_others_signed(network, issuers):
    old = network.agree()
    with Stream(network, issuers, nodes=network.nodes[:4]) as stream:
        network[4].kill()
        network[4].wipe()
        network[4].start()
        # It takes part again once ten blocks came without its signature: somebody has to make them.
        eventually("the wiped node has what came later", lambda: network[4].head.size > len(old), seconds=90)
        network[4].ready()
    log = invariants.check(network, stream.record)
    eventually("it signs", lambda: network[4].signature(log.entries) is not None)
    assert "conflicting vote from ourselves" not in network[4].log_file.read_text(), "it voted twice"


@pytest.mark.case("LEDG-031")
def test_a_node_restored_from_an_old_backup_votes_on_nothing_for_the_second_time(network, issuers):
    node, backup = network[4], network.folder / "backup"
    node.stop()
    shutil.copytree(node.home, backup, ignore=shutil.ignore_patterns("*.sock"))
    node.start()
    with Stream(network, issuers, nodes=network.nodes[:4]) as stream:
        node.ready()
        stream.bring(8)
        node.kill()
        shutil.rmtree(node.home)
        shutil.copytree(backup, node.home)
        known = len(node.log_file.read_text())
        node.start()
        stream.bring(24, seconds=90)
        eventually("the restored node is back", lambda: node.head.size >= network[0].head.size - 4)
    invariants.check(network, stream.record)
    said = node.log_file.read_text()[known:]
    assert "DOUBLE_SIGN_GUARD" in said
    assert "conflicting vote from ourselves" not in said
