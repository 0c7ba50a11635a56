"""Four nodes of a consortium on this machine: latency, quorum, throughput, block sync, memory and disk.

Every node is ``vocred serve ledger --engine cometbft``, as in the tests of the network: four applications,
four CometBFT processes and this one share the cores, so a member's own machine does better. Needs cometbft.
"""

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from sqlite_utils.utils import sqlite3

from benchmarks.measuring import machine, say, show, stopwatch
from ledger.client import LedgerClient
from ledger.core.machine import Core
from ledger.errors import LedgerError
from ledger.settings import DATABASE
from tests.conftest import NO_COMETBFT, find_cometbft
from tests.ledger.consortium import TYPES, Party
from tests.network.network import Network
from tests.network.node import Node
from tests.network.waiting import eventually

SINGLE = 20
"""Statements of which each waits for the one before."""

STREAM = 800
"""Statements that are handed in together."""

HANDS = 160
_PARTS = {"CometBFT's blocks and state": "comet/data/*.db/*", "its journal": "comet/data/cs.wal/*"}


def run() -> None:
    """Start the network, measure, and end it."""
    if find_cometbft() is None:
        say("nothing was measured", NO_COMETBFT)
        return
    network = Network.make(signers=4)
    try:
        with stopwatch() as taken:
            network.start()
        say("four homes to four nodes that answer", f"{taken[0]:.1f} s elapsed")
        network.announce()
        issuers = network.make_issuers(4)
        before = _used(network[1].home)
        _latency(network, issuers[0])
        _a_day(before, _used(network[1].home), statements=SINGLE)
        _throughput(network, issuers)
        _memory(network)
        _sync(network, issuers[0])
        say("the machine meanwhile", machine())
    finally:
        network.close()


def _latency(network: Network, issuer: Party) -> None:
    client = network.client(network[0])
    committed, receipted = [], []
    for number in range(SINGLE):
        statement = network.sign(issuer, "anchor", {"root": _root(number)})
        start = time.monotonic()
        index = network[0].submit(statement).json()["index"]
        committed.append(time.monotonic() - start)
        eventually(
            "a receipt",
            lambda index=index: _receipt(client, index),
            every=0.02,
        )
        receipted.append(time.monotonic() - start)
    show("statement handed in to committed, acknowledged over HTTP", committed, unit=" s")
    show("statement handed in to a receipt with a quorum, checked", receipted, unit=" s")


def _receipt(client: LedgerClient, index: int) -> bool:
    with suppress(LedgerError):
        client.receipt(index, credential_type=TYPES[0], now=int(time.time()))
        return True
    return False


def _throughput(network: Network, issuers: list[Party]) -> None:
    """Hand in many at once: each issuer at a node of its own, as issuers do."""
    each = STREAM // len(issuers)
    work = [
        (network[place], [network.sign(issuer, "anchor", {"root": _root(number)}) for number in range(each)])
        for place, issuer in enumerate(issuers)
    ]
    before = network[0].head
    with stopwatch() as taken:
        threads = [threading.Thread(target=_hand_in, args=each) for each in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    after = network.agree() and network[0].head
    blocks = after.height - before.height
    say(
        f"{STREAM} statements over HTTP, {HANDS // len(issuers)} at a time at each node",
        f"{STREAM / taken[0]:,.0f} /s elapsed ({blocks} blocks)",
    )
    _straight(network, issuers)


def _hand_in(node: Node, statements: list[bytes]) -> None:
    with ThreadPoolExecutor(HANDS // 4) as hands:
        for answer in hands.map(node.submit, statements):
            assert answer.status_code in (200, 201), answer.text


def _straight(network: Network, issuers: list[Party]) -> None:
    """Hand statements to the consensus itself, without waiting for each: what the engine takes."""
    statements = [
        (node, network.sign(issuer, "anchor", {"root": _root(number)}))
        for number in range(STREAM // len(issuers))
        for node, issuer in zip(network.nodes, issuers, strict=True)
    ]
    last = statements[-1][1]
    before = [node.computed for node in network]
    with stopwatch() as taken:
        for node, statement in statements:
            node.broadcast(statement)
        eventually("the last one is in", lambda: network[0].holds(last), every=0.05)
    network.agree()
    after = [node.computed for node in network]
    inside = sum(network[0].holds(statement) for _, statement in statements)
    say(f"{inside} of {STREAM} statements handed to CometBFT", f"{inside / taken[0]:,.0f} /s elapsed")
    for part in ("application", "cometbft"):
        spent = [(now[part] - then[part]) / STREAM * 1e3 for then, now in zip(before, after, strict=True)]
        show(f"the same, CPU of a node for each: {part}", spent, unit=" ms")


def _memory(network: Network) -> None:
    for name in ("application", "cometbft"):
        show(f"memory of a node: {name}", [node.memory[name] / 1e6 for node in network], unit=" MB")


def _a_day(before: dict[str, int], after: dict[str, int], *, statements: int) -> None:
    """Say what a day of a statement a minute, each in a block of its own, leaves on a node's disk."""
    for part, used in before.items():
        each = (after[part] - used) / statements
        say(
            f"disk: {part}, a statement in a block of its own",
            f"{each / 1e3:.1f} kB; {each * 1440 / 1e6:.0f} MB a day at one a minute",
        )


def _used(home: Path) -> dict[str, int]:
    # Pages, not the file: what is on its way into it would count twice.
    connection = sqlite3.connect(f"file:{home / DATABASE}?mode=ro", uri=True)
    pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    connection.close()
    files = {
        part: sum(path.stat().st_size for path in home.glob(pattern) if path.is_file())
        for part, pattern in _PARTS.items()
    }
    return {"the ledger": pages * size, **files}


def _sync(network: Network, issuer: Party) -> None:
    """Wipe a node and let it fetch everything from the others."""
    node = network[3]
    log, height = network.agree(), network[0].consensus_height
    node.stop()
    node.wipe()
    with stopwatch() as taken:
        node.start()
        eventually("its first block", lambda: node.head.height > 0, every=0.02)
        with stopwatch() as fetching:
            eventually("all of them", lambda: node.head.height >= height - 1, every=0.02)
    rate = (height - 1) / max(fetching[0], 0.02)
    say(f"a wiped node fetches {height} blocks", f"{rate:,.0f} blocks/s, {taken[0]:.1f} s with its start")
    with stopwatch() as replayed:
        core = Core.import_(network.folder / "replayed.db", log)
    core.close()
    say(f"{len(log):,} entries replayed without CometBFT", f"{len(log) / replayed[0]:,.0f} entries/s elapsed")


def _root(number: int) -> bytes:
    return hashlib.sha256(b"root %d" % number).digest()
