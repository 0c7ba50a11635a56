"""Random disturbances of a running network, the same again for the same seed.

Every disturbance may take at most a third of the nodes away for good: what it took comes back before the
next one begins, some while later. Now and then more are taken, and then writing stops until they are back.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.ledger.consortium import Party
from tests.network import invariants
from tests.network.invariants import Findings
from tests.network.network import Network
from tests.network.stream import Stream
from tests.network.waiting import eventually


@dataclass(frozen=True)
class Run:
    """What one run did and found.

    Attributes:
        seed: What it was drawn from.
        acts: The disturbances, in order.
        kills: How many of them killed processes.
        findings: What was compared afterwards.
        longest_pause: Seconds for which nothing was acknowledged, at most.
    """

    seed: int
    acts: tuple[str, ...]
    kills: int
    findings: Findings
    longest_pause: float

    def __str__(self) -> str:
        found = self.findings
        return (
            f"seed {self.seed}: {', '.join(self.acts)}; {found.acknowledged} acknowledged, {found.entries} "
            f"entries, {found.signatures} signatures, longest pause {self.longest_pause:.1f} s"
        )


class Perturber:
    """Draws disturbances and plays them."""

    def __init__(self, network: Network, seed: int, *, longest: float) -> None:
        """Disturb a network, each time for ``longest`` seconds at most."""
        self._network = network
        self._longest = longest
        self._random = random.Random(seed)
        self.kills = 0

    def disturb(self) -> str:
        """Do one thing to the network, let it last, make it good again, and say what it was."""
        draw = self._random
        act: Callable[[float], str] = draw.choice(
            (self._kill, self._kill, self._restart, self._halve, self._pause, self._partition, self._all)
        )
        return act(draw.uniform(0.3, self._longest))

    def _kill(self, seconds: float) -> str:
        node = self._random.choice(self._network.nodes)
        node.kill()
        self.kills += 1
        time.sleep(seconds)
        node.start()
        return f"kill {node}"

    def _restart(self, seconds: float) -> str:
        node = self._random.choice(self._network.nodes)
        node.stop()
        time.sleep(seconds)
        node.start()
        return f"restart {node}"

    def _halve(self, seconds: float) -> str:
        node = self._random.choice(self._network.nodes)
        part = self._random.choice(("application", "cometbft"))
        eventually(f"{node} has its {part}", lambda: node.has(part))
        getattr(node, f"kill_{part}")()
        self.kills += 1
        time.sleep(seconds)
        return f"kill {part} of {node}"

    def _pause(self, seconds: float) -> str:
        node = self._random.choice(self._network.nodes)
        node.pause()
        time.sleep(seconds)
        node.resume()
        return f"pause {node}"

    def _partition(self, seconds: float) -> str:
        places = list(range(len(self._network.nodes)))
        self._random.shuffle(places)
        apart = self._random.randint(1, len(places) // 2)
        stall = self._random.random() < 0.5
        self._network.partition(places[:apart], places[apart:], stall=stall)
        time.sleep(seconds)
        self._network.heal()
        return f"{'stall' if stall else 'cut'} {sorted(places[:apart])}"

    def _all(self, seconds: float) -> str:
        for node in self._network:
            node.kill()
        self.kills += len(self._network.nodes)
        for node in self._network:
            node.start()
        return "kill all"


def run(network: Network, issuers: Sequence[Party], *, seed: int, acts: int, longest: float = 2.5) -> Run:
    """Disturb a network under a stream of statements, and check everything afterwards.

    Args:
        network: It runs, and does again in the end.
        issuers: Who sends meanwhile.
        seed: What the disturbances are drawn from.
        acts: How many there are.
        longest: Seconds for which one lasts, at most.

    Raises:
        AssertionError: There is a fork, or something acknowledged was lost, doubled or wrongly signed.
    """
    perturber = Perturber(network, seed, longest=longest)
    began = time.monotonic()
    with Stream(network, issuers, timeout=12) as stream:
        done = [perturber.disturb() for _ in range(acts)]
        stream.bring(2, seconds=120)
        pause = stream.record.longest_pause(began, time.monotonic())
    for node in network:
        node.ready()
    findings = invariants.check(network, stream.record)
    return Run(seed, tuple(done), perturber.kills, findings, pause)
