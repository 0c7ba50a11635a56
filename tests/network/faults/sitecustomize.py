"""Faults in a node's own process, for tests alone: Python imports this first from a folder in PYTHONPATH.

    NETWORK_CLOCK       a file with the seconds by which ``time.time`` is wrong; read again when it changes
    NETWORK_OTHER_TIME  a height: from that block on this node's core is told a later time, and so comes to
                        another root than everybody else
    NETWORK_RULES       the newest version of the rules that this program knows
    NETWORK_CRASH       a file: while it is there, the process dies between FinalizeBlock and Commit, once

The guard on sockets is installed as everywhere. The product knows nothing of all this.
"""

import importlib.util
import os
import signal
import time
from pathlib import Path


def _install_guard() -> None:
    path = Path(__file__).parents[2] / "socket_guard" / "sitecustomize.py"
    spec = importlib.util.spec_from_file_location("socket_guard", path)
    guard = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(guard)


def _bend_clock(path: Path) -> None:
    right = time.time
    known = [0.0, 0.0]

    def wrong() -> float:
        if time.monotonic() > known[0]:
            known[:] = [time.monotonic() + 0.2, float(path.read_text() or 0)]
        return right() + known[1]

    time.time = wrong


def _tell_other_times(height: int) -> None:
    from ledger.core.machine import Core

    apply_block = Core.apply_block

    def apply_later(self, number, seconds, txs):
        return apply_block(self, number, seconds + (1 if number >= height else 0), txs)

    Core.apply_block = apply_later


def _know_rules(version: int) -> None:
    from ledger.core.machine import Core

    Core.app_version = version


def _die_before_commit(path: Path) -> None:
    from ledger.core.machine import Core

    commit = Core.commit

    def die_once(self):
        if path.exists() and self.head.height:
            path.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return commit(self)

    Core.commit = die_once


_install_guard()
if "NETWORK_CLOCK" in os.environ:
    _bend_clock(Path(os.environ["NETWORK_CLOCK"]))
if "NETWORK_OTHER_TIME" in os.environ:
    _tell_other_times(int(os.environ["NETWORK_OTHER_TIME"]))
if "NETWORK_RULES" in os.environ:
    _know_rules(int(os.environ["NETWORK_RULES"]))
if "NETWORK_CRASH" in os.environ:
    _die_before_commit(Path(os.environ["NETWORK_CRASH"]))
