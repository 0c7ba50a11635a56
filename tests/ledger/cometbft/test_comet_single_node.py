"""One real node: ``vocred serve ledger --engine cometbft`` with CometBFT beside it, killed part by part."""

import statistics
import time
from collections.abc import Iterator

import psutil
import pytest

from ledger.core.reading import Reader
from ledger.statements import parse_statement
from tests.ledger.consortium import DAY
from tests.network.network import Network
from tests.network.waiting import eventually

pytestmark = [pytest.mark.consortium, pytest.mark.timeout(900)]

IDLE = 35
"""Seconds after which a block's time lags too much for statements, votes being later than their block."""


@pytest.fixture(scope="module")
def network(request) -> Iterator[Network]:
    failed = request.session.testsfailed
    network = Network.make(signers=1, members=1)
    try:
        network.start()
        yield network
    finally:
        if request.session.testsfailed > failed:
            print(network.last_words())
        network.close()


@pytest.fixture
def node(network):
    if not network[0].running:
        network.start()
    return network[0]


def endpoint(network):
    return network.accept(network.founder, "endpoint.put", dict.fromkeys(("node", "mirror", "receipts")))


def test_a_statement_is_in_the_log_in_about_a_second(network, node):
    seconds = []
    for _ in range(8):
        begun = time.monotonic()
        index = endpoint(network)
        seconds.append(time.monotonic() - begun)
        assert node.get(f"/v1/entries/{index}").status_code == 200
    print(f"a statement is committed in {statistics.median(seconds):.2f} s (median of {len(seconds)})")
    assert statistics.median(seconds) < 3


def test_the_root_is_signed_without_another_statement(network, node):
    endpoint(network)
    size = node.head.size
    eventually("it is signed", lambda: node.signature(size), seconds=20)


def test_an_effect_comes_without_another_statement(network, node):
    action = ["params", {"numbers": 77}]
    body = {"action": action, "expires": int(time.time()) + DAY}
    proposing = network.sign(network.founder, "propose", body)
    assert node.submit(proposing).status_code == 201
    proposal = parse_statement(proposing).proposal_id
    network.accept(network.founder, "vote", {"proposal": proposal, "yes": True})
    eventually("it is done", lambda: node.value("proposal", proposal)["status"] == "done", seconds=20)


@pytest.mark.parametrize("part", ["application", "cometbft"])
def test_a_part_that_is_killed_comes_back_and_nothing_is_lost(network, node, part):
    endpoint(network)
    before = node.log
    statement = network.sign(network.founder, "endpoint.put", dict.fromkeys(("node", "mirror", "receipts")))
    getattr(node, f"kill_{part}")()
    begun = time.monotonic()
    eventually("it takes statements again", lambda: node.submit(statement).is_success)
    print(f"after a kill of the {part} a statement is taken {time.monotonic() - begun:.1f} s later")
    assert node.log[: len(before)] == before
    assert node.log.count(statement) == 1


def test_after_a_kill_of_everything_nothing_is_lost(network, node):
    index = endpoint(network)
    before = node.log
    node.kill()
    network.start()
    assert node.log == before
    assert endpoint(network) > index


def test_a_killed_supervisor_leaves_nothing_behind(network, node):
    family = psutil.Process(node.process.pid).children(recursive=True)
    assert len(family) >= 3, "granian, its worker and CometBFT"
    node.process.kill()
    node.process.wait()
    _, alive = psutil.wait_procs(family, timeout=40)
    assert not alive
    network.start()
    endpoint(network)


def test_it_stops_in_peace(network, node):
    family = psutil.Process(node.process.pid).children(recursive=True)
    node.process.terminate()
    assert node.process.wait(30) == 0
    _, alive = psutil.wait_procs(family, timeout=1)
    assert not alive
    assert "panic" not in node.last_words()
    network.start()
    endpoint(network)


def test_a_missing_program_is_told_in_one_line_and_ends_it(network, node):
    node.stop()
    node.start(LEDGER_COMETBFT=str(node.home / "nowhere"))
    assert node.process.wait(60) == 1
    assert "ledger: LEDGER_COMETBFT must name the cometbft program [CONFIG_REFUSED]" in node.last_words()
    node.process = None


@pytest.mark.case("LEDG-012")
def test_after_an_idle_spell_a_statement_gets_a_time_that_does_not_lag(network, node):
    endpoint(network)
    eventually("it was idle", lambda: time.time() - newest_block(node) > IDLE, seconds=IDLE + 30, every=1)
    begun = time.time()
    index = endpoint(network)
    with Reader.open(node.database, genesis=network.genesis) as reader:
        block = reader.own_block(index)
    assert begun - 5 < block.time <= time.time() + 1, "the block before brought the time up to date"


def newest_block(node):
    """The time of CometBFT's newest block, in seconds."""
    written = node.rpc("status")["sync_info"]["latest_block_time"]
    return time.mktime(time.strptime(written[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone


def test_settings_that_are_refused_end_it(network, node):
    node.stop()
    node.start(LEDGER_RPC="192.0.2.1:1")
    assert node.process.wait(60) == 1
    assert "LEDGER_RPC" in node.last_words()
    node.process = None
