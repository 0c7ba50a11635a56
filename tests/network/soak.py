"""``make soak``: disturb four nodes until so many processes were killed, or so long, and print a summary.

    SOAK_KILLS      processes to kill; 1,000 by default
    SOAK_RUNS       runs at most; no limit by default
    SOAK_SECONDS    seconds at most; 24 h by default
    SOAK_SEED       the first run's seed; drawn by default, and printed

Every run checks everything. The first finding ends it, and leaves the homes and logs where they are.
"""

import os
import sys
import time

from tests.network import perturbing
from tests.network.network import Network

_ACTS = 5
_LONGEST = 15.0
_DAY = 24 * 3600


def main() -> int:
    """Soak; return the exit status."""
    kills, runs, seconds = (_number(*each) for each in _LIMITS)
    seed = _number("SOAK_SEED", int.from_bytes(os.urandom(3)))
    print(f"soak: until {kills} kills, {runs} runs or {seconds} s; first seed {seed}", flush=True)
    network = Network.make(signers=4)
    network.start()
    network.announce()
    issuers = network.make_issuers(4)
    done: list[perturbing.Run] = []
    began, memory = time.monotonic(), _memory(network)
    try:
        while sum(run.kills for run in done) < kills and len(done) < runs:
            if time.monotonic() - began > seconds:
                break
            done.append(perturbing.run(network, issuers, seed=seed + len(done), acts=_ACTS, longest=_LONGEST))
            print(done[-1], flush=True)
    except BaseException:
        for node in network:
            node.kill()
        print(f"FAILED with seed {seed + len(done)}; homes and logs: {network.folder}", flush=True)
        print(network.last_words(), flush=True)
        raise
    _summarise(done, seconds=time.monotonic() - began, before=memory, after=_memory(network))
    network.close()
    return 0


def _summarise(done: list[perturbing.Run], *, seconds: float, before: int, after: int) -> None:
    acknowledged = sum(run.findings.acknowledged for run in done)
    print(
        f"soak: {len(done)} runs in {seconds:,.0f} s, {sum(len(run.acts) for run in done)} disturbances, "
        f"{sum(run.kills for run in done)} kills; {acknowledged:,} statements acknowledged; 0 forks, 0 lost, "
        f"0 doubled; longest pause {max((run.longest_pause for run in done), default=0):.1f} s; "
        f"resident memory of four nodes {before / 1e6:.0f} MB before, {after / 1e6:.0f} MB after",
        flush=True,
    )


def _memory(network: Network) -> int:
    return sum(sum(node.memory.values()) for node in network)


def _number(name: str, default: int) -> int:
    return int(os.environ.get(name) or default)


_LIMITS = (("SOAK_KILLS", 1000), ("SOAK_RUNS", 10**9), ("SOAK_SECONDS", _DAY))

if __name__ == "__main__":
    sys.exit(main())
