"""Rounds, and how a figure is printed: median (least to most of the rounds), in the unit named.

Elapsed time is what the clock on the wall says and so depends on who else uses the machine; where a line says
"CPU", it is the time that this process computed.
"""

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils.utils import sqlite3

ROUNDS = 9


def machine() -> str:
    """Describe the machine, and how busy it is, in one line."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{_processor()}, {os.cpu_count()} cores, load {load}; {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def rate(what: str, act: Callable[[], object], *, count: int, rounds: int = ROUNDS, unit: str = "/s") -> None:
    """Print how many of ``count`` things that ``act`` does are done per second of CPU, over rounds."""
    act()
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        act()
        taken.append(count / (time.process_time() - start))
    show(what, taken, unit=f" {unit} of CPU")


def duration(what: str, act: Callable[[], object], *, per: int = 1, rounds: int = ROUNDS) -> None:
    """Print how many milliseconds of CPU one of the ``per`` things takes that ``act`` does, over rounds."""
    act()
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        act()
        taken.append((time.process_time() - start) / per * 1_000)
    show(what, taken, unit=" ms of CPU")


def show(what: str, values: Sequence[float], *, unit: str) -> None:
    """Print one line: median, least and most."""
    middle, least, most = (_short(value) for value in (statistics.median(values), min(values), max(values)))
    print(f"  {what:<58} {middle:>9}{unit}  ({least} to {most}, {len(values)} rounds)", flush=True)


def say(what: str, text: str) -> None:
    """Print one line of which there is one value only."""
    print(f"  {what:<58} {text}", flush=True)


@contextmanager
def stopwatch() -> Iterator[list[float]]:
    """Measure a block: the list holds elapsed and CPU seconds once it has ended."""
    found: list[float] = []
    elapsed, computed = time.monotonic(), time.process_time()
    yield found
    found += [time.monotonic() - elapsed, time.process_time() - computed]


@contextmanager
def folder() -> Iterator[Path]:
    """Lend a folder on the disk that is used for temporary files; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="vocred-benchmark-") as name:
        yield Path(name)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or sys.platform
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or sys.platform
