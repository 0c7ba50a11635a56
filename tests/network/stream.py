"""A stream of statements while nodes come and go, and everything that was answered.

Each sender is an issuer with a number sequence of its own. It hands in one anchor after another, and the
same bytes again at the next node until one of them acknowledges: what an issuer's worker does.
"""

import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import httpx

from ledger.proof.bundle import CheckpointSignature
from tests.ledger.consortium import Party
from tests.network.network import Network
from tests.network.node import Node
from tests.network.waiting import eventually

TAKEN = (httpx.codes.OK, httpx.codes.CREATED)

LONGEST_PAUSE = 10
"""Seconds for which writing may stop when fewer than a third of the nodes are lost (promise 7)."""


@dataclass(frozen=True)
class Acknowledged:
    """A statement that a node said to be in the log.

    Attributes:
        statement: Its bytes.
        index: The index that the node gave.
        at: When, on the monotonic clock.
        seconds: How long the sender had waited since it first handed it in.
    """

    statement: bytes
    index: int
    at: float
    seconds: float


@dataclass(frozen=True)
class Refused:
    """A statement that a node refused, which no honest node ever should.

    Attributes:
        statement: Its bytes.
        node: Who refused.
        answer: What it said.
    """

    statement: bytes
    node: str
    answer: str


@dataclass
class Record:
    """What was answered; ``lock`` guards all of it."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    given_up: list[bytes] = field(default_factory=list)
    signatures: dict[tuple[str, int, bytes], CheckpointSignature] = field(default_factory=dict)
    unavailable: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def longest_pause(self, start: float, end: float) -> float:
        """The longest time between ``start`` and ``end`` in which nothing was acknowledged."""
        with self.lock:
            times = sorted(each.at for each in self.acknowledged if start <= each.at <= end)
        moments = [start, *times, end]
        return max(later - earlier for earlier, later in pairwise(moments))


class Stream:
    """Senders at work against a network."""

    def __init__(
        self,
        network: Network,
        issuers: Sequence[Party],
        *,
        nodes: Sequence[Node] = (),
        timeout: float = 15.0,
    ) -> None:
        """Have each issuer send; each begins with another node and stays where it is answered.

        Args:
            network: The network.
            issuers: Who sends, one after another each.
            nodes: The nodes that senders know; all of the network's by default.
            timeout: Seconds after which a silent node is given up for the next one.
        """
        self._network = network
        self._nodes = list(nodes) or network.nodes
        self._timeout = timeout
        self.record = Record()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(issuer, place), name=f"sender-{place}", daemon=True)
            for place, issuer in enumerate(issuers)
        ]
        self._threads.append(threading.Thread(target=self._collect, name="collector", daemon=True))

    def __enter__(self) -> "Stream":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop after the statements under way: each is handed in until it is acknowledged, for a minute."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def bring(self, count: int, *, seconds: float = 60.0) -> None:
        """Wait until so many more statements were acknowledged."""
        wanted = self.count() + count
        eventually(f"{count} more statements", lambda: self.count() >= wanted, seconds=seconds)

    def count(self) -> int:
        """How many statements were acknowledged so far."""
        with self.record.lock:
            return len(self.record.acknowledged)

    def _send(self, issuer: Party, place: int) -> None:
        while not self._stopping.is_set():
            number = issuer.seq["submission"]
            root = hashlib.sha256(f"{issuer.did} {number}".encode()).digest()
            statement = self._network.sign(issuer, "anchor", {"root": root})
            place = self._bring(statement, place)

    def _bring(self, statement: bytes, place: int) -> int:
        """Hand a statement in, at one node after another, until it is acknowledged; return where."""
        began, end = time.monotonic(), None
        while True:
            node = self._nodes[place % len(self._nodes)]
            answer = self._ask(node, statement)
            if answer is not None and answer.status_code in TAKEN:
                now = time.monotonic()
                index = answer.json()["index"]
                with self.record.lock:
                    self.record.acknowledged.append(Acknowledged(statement, index, now, now - began))
                return place
            if answer is not None and answer.status_code < 500:
                with self.record.lock:
                    self.record.refused.append(Refused(statement, str(node), answer.text))
            place += 1
            if self._stopping.is_set():
                end = end or time.monotonic() + 60
                if time.monotonic() > end:
                    with self.record.lock:
                        self.record.given_up.append(statement)
                    return place
            time.sleep(0.05)

    def _ask(self, node: Node, statement: bytes) -> httpx.Response | None:
        try:
            answer = node.submit(statement, timeout=self._timeout)
        except httpx.HTTPError:
            return None
        if answer.status_code >= 500:
            code = answer.json().get("code", "?")
            with self.record.lock:
                self.record.unavailable[code] = self.record.unavailable.get(code, 0) + 1
        return answer

    def _collect(self) -> None:
        """Ask every node for its signature over a root that it had half a second ago.

        It signs a root once the next block confirmed it, so the newest one comes a little later.
        """
        sizes: dict[str, int] = {}
        while not self._stopping.wait(0.5):
            for node in self._network.running:
                try:
                    size, sizes[str(node)] = sizes.get(str(node)), node.head.size
                    made = None if size is None else node.signature(size)
                except Exception:  # noqa: BLE001 - the node is going down, or coming up
                    continue
                if size is not None and made is not None:
                    with self.record.lock:
                        self.record.signatures[str(node), size, made.protected] = made


def hand_in(node: Node, statement: bytes) -> int | None:
    """Hand a statement in once; return its index where the node takes it, None where it does not."""
    answer = node.submit(statement, timeout=40)
    return answer.json()["index"] if answer.status_code in TAKEN else None
