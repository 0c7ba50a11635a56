"""Ports of loopback for the services of tests, each given out once.

A port that the system chooses is nobody's again as soon as its service is killed: an outgoing connection, or
a proxy that leads to it, may get the same one. These lie below the system's own choice, and a block of them
belongs to one test process as long as that lives, whatever else runs on the machine.
"""

import fcntl
import os
import socket
import tempfile
from pathlib import Path
from typing import IO

BLOCK = 20
_FIRST, _LAST = 12_000, 32_000
_FOLDER = Path(tempfile.gettempdir()) / f"vocred-test-ports-{os.getuid()}"

_held: list[IO[bytes]] = []
_blocks = iter(range(_FIRST, _LAST, BLOCK))


def free_ports(count: int) -> int:
    """Return the first of ``count`` ports in a row that nobody listens on, and that no other test gets."""
    assert count <= BLOCK, "more ports than a block has"
    _FOLDER.mkdir(exist_ok=True)
    for first in _blocks:
        if _is_ours(first) and _is_free(range(first, first + count)):
            return first
    raise AssertionError("no ports are free")


def free_port() -> int:
    """Return one port."""
    return free_ports(1)


def _is_ours(first: int) -> bool:
    """Take a block for as long as this process lives, unless another one has it."""
    lock = (_FOLDER / str(first)).open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return False
    _held.append(lock)
    return True


def _is_free(ports: range) -> bool:
    try:
        for port in ports:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
