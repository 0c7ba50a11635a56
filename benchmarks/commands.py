"""The command line: what a command costs before it does anything.

CPU time of a whole process, interpreter included; the demo runs some seventy commands one after another.
"""

import os
import subprocess
import sys

from benchmarks.measuring import show

ROUNDS = 5
_SERVICES = ("issuer", "ledger", "wallet", "verify")


def run() -> None:
    """Measure the interpreter alone, then a command of each service."""
    _measure("python -c pass", [sys.executable, "-c", "pass"])
    for what in _SERVICES:
        _measure(f"vocred {what} --help", [sys.executable, "-m", "vocred", what, "--help"])


def _measure(what: str, command: list[str]) -> None:
    taken = []
    for _ in range(ROUNDS):
        before = os.times()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        after = os.times()
        children = after.children_user + after.children_system
        taken.append((children - before.children_user - before.children_system) * 1_000)
    show(what, taken, unit=" ms of CPU")
