"""Four nodes that are cut apart, held up, told wrong times, or lied to by one of themselves."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.network import invariants
from tests.network.forms import anchor
from tests.network.network import Network, check_prefixes
from tests.network.stream import LONGEST_PAUSE, Stream, hand_in
from tests.network.waiting import eventually, throughout

pytestmark = [pytest.mark.consortium, pytest.mark.timeout(900)]

TEN_MINUTES = 600


@pytest.fixture(scope="module")
def network(make_network: Callable[..., Network]) -> Network:
    """Return four running nodes with two issuers; the last one's application has a clock of its own."""
    network = make_network(signers=4)
    clock(network).write_text("0")
    network[3].environ["NETWORK_CLOCK"] = str(clock(network))
    network.start()
    network.announce()
    return network


@pytest.fixture(autouse=True)
def _right_clock(network: Network, recovered: None) -> Iterator[None]:
    """Set the last node's clock right before the network recovers."""
    yield
    clock(network).write_text("0")


def clock(network: Network) -> Path:
    return network.folder / "clock"


@pytest.mark.case("LEDG-021")
def test_nodes_of_other_hash_seeds_zones_and_languages_have_the_same_log_and_state(network, issuers):
    surroundings = [[node.environ[name] for name in ("PYTHONHASHSEED", "TZ", "LANG")] for node in network]
    assert all(len(set(values)) == len(network.nodes) for values in zip(*surroundings, strict=True))
    with Stream(network, issuers) as stream:
        stream.bring(6)
    invariants.check(network, stream.record)
    assert len({(node.head.root, node.head.state) for node in network}) == 1
    assert len(network.quorum(network[0].head.size)) >= 3


@pytest.mark.case("LEDG-023")
def test_one_of_four_is_lost_and_writing_goes_on(network, issuers):
    with Stream(network, issuers, nodes=network.nodes[:3]) as stream:
        stream.bring(4)
        lost = time.monotonic()
        network[3].kill()
        stream.bring(12)
        pause = stream.record.longest_pause(lost, time.monotonic())
    print(f"longest pause in writing after one of four was lost: {pause:.1f} s")
    assert pause <= LONGEST_PAUSE
    network.start(network[3])
    invariants.check(network, stream.record)


@pytest.mark.case("LEDG-023")
def test_a_paused_node_catches_up(network, issuers):
    with Stream(network, issuers, nodes=network.nodes[:3]) as stream:
        network[3].pause()
        stream.bring(10)
        behind = network[3].head.size
        network[3].resume()
        eventually("it has what it missed", lambda: network[3].head.size > behind + 10)
    invariants.check(network, stream.record)


@pytest.mark.case("LEDG-025")
def test_three_go_on_without_the_fourth_which_refuses_until_it_is_back(network, issuers):
    with Stream(network, issuers[:1], nodes=network.nodes[:3]) as stream:
        network.partition([0, 1, 2], [3])
        stream.bring(4)
        alone = network.sign(issuers[1], "anchor", {"root": bytes(32)})
        answer = network[3].submit(alone, timeout=40)
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert answer.json()["code"] == "LEDGER_NO_QUORUM"
        check_prefixes([node.log for node in network])
        network.heal()
        eventually("the fourth takes it once it is back", lambda: hand_in(network[3], alone), seconds=90)
    invariants.check(network, stream.record)


@pytest.mark.case("LEDG-025")
def test_two_and_two_both_refuse_and_have_one_log_when_healed(network, issuers):
    network.agree()
    network.partition([0, 1], [2, 3], stall=True)
    statements = [network.sign(issuer, "anchor", {"root": bytes(32)}) for issuer in issuers]
    with Stream(network, []) as stream:
        answers = [network[2 * half].submit(statements[half], timeout=40) for half in (0, 1)]
        assert [answer.status_code for answer in answers] == [httpx.codes.SERVICE_UNAVAILABLE] * 2
        assert {answer.json()["code"] for answer in answers} == {"LEDGER_NO_QUORUM"}
        logs = [node.log for node in network]
        assert all(log == logs[0] for log in logs), "somebody wrote without a quorum"
        network.heal()
        for statement in statements:
            eventually("it is taken after all", lambda tx=statement: hand_in(network[3], tx), seconds=90)
    invariants.check(network, stream.record)


@pytest.mark.case("LEDG-026")
@pytest.mark.parametrize("seconds", [TEN_MINUTES, -TEN_MINUTES])
def test_a_clock_that_is_ten_minutes_wrong_neither_forks_nor_stops_the_others(network, issuers, seconds):
    # CometBFT's own clock cannot be bent here: the binary asks the kernel. What is wrong is the clock of the
    # application, by which it proposes, refuses late blocks and signs.
    clock(network).write_text(str(seconds))
    client = network.client(network[0], name=f"pins-clock-{seconds}")
    with Stream(network, issuers, nodes=network.nodes[:3]) as stream:
        began = time.monotonic()
        stream.bring(12)
        pause = stream.record.longest_pause(began, time.monotonic())
    print(f"one application's clock wrong by {seconds} s: longest pause in writing {pause:.1f} s")
    network.agree()
    now = int(time.time())
    times = [each.time for each in _blocks(network)]
    assert times == sorted(times)
    assert abs(times[-1] - now) < 60, "a wrong clock moved the time of blocks"
    # Its signatures say another time than is: others leave them out, and three of four are enough.
    form = anchor(network, issuers[0], client, at=network[0])
    assert abs(form.check(client.pins.load()).checkpoint.time - now) < 60


def test_a_node_whose_core_comes_to_another_root_is_alone_and_signs_nothing(network, issuers):
    liar = network[2]
    liar.stop()
    height = network[0].head.height + 3
    liar.start(NETWORK_OTHER_TIME=str(height))
    liar.ready()
    before = len(network.agree())
    others = [network[0], network[1], network[3]]
    with Stream(network, issuers, nodes=others) as stream:
        stream.bring(12)
        right = network.agree(*others)
        eventually(
            "its log is another", lambda: len(liar.log) > before and liar.log != right[: len(liar.log)]
        )
        apart = len(liar.log)
        assert liar.signature(apart) is None, "it signed a root that the consensus never confirmed"
        assert liar.log[:before] == right[:before]
        throughout("it goes no further", lambda: len(liar.log) == apart, seconds=2)
    liar.kill()
    liar.wipe()
    liar.start()
    with Stream(network, issuers, nodes=others) as healing:
        healing.bring(12)
        eventually("it is back", lambda: liar.head.size > apart, seconds=120)
    invariants.check(network, stream.record)


def _blocks(network: Network):
    from ledger.core.blocks import is_block, parse_block

    return [parse_block(entry) for entry in network[0].log[1:] if is_block(entry)]
