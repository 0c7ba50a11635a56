"""What waits for a block here: one statement for each number, a quota for each sender.

The mempool is CometBFT's. This list only decides what it takes: it is emptied after each block, and filled
again when CometBFT asks anew about everything that is left. A statement whose predecessors do not come is
sent away in the end: as long as one waits, CometBFT makes empty blocks for it.

Spec: LEDGER.md, section 4.8.
"""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

from ledger.errors import Reject
from ledger.statements import Statement

QUOTA = 4 * 1024 * 1024
"""Bytes of one sender, in both roles, that wait for a block."""

GAP_SECONDS = 20
"""How long a statement waits for those with the numbers before it."""

Sender = tuple[str, str]
Place = tuple[str, str, int]


class NoRoomError(Reject):
    """The next blocks have no room for a statement, until those that wait are in one."""


class Waiting:
    """The statements that the mempool took since the last block, or kept after it; guarded by its owner."""

    def __init__(self) -> None:
        self._taken: dict[Place, bytes] = {}
        self._bytes: Counter[str] = Counter()
        # What waited before the last block, and since when the last number of a sender has been the same.
        self._earlier: dict[Place, bytes] = {}
        self._standing: dict[Sender, tuple[int, int]] = {}
        self._stood: dict[Sender, tuple[int, int]] = {}

    def clear(self) -> None:
        """Begin anew after a block."""
        self._earlier, self._taken = self._taken, {}
        self._stood, self._standing = self._standing, {}
        self._bytes.clear()

    def check(self, statement: Statement) -> None:
        """Check whether there is room for a statement.

        Raises:
            NoRoomError: TX_SEQUENCE: another one with its number waits; QUOTA: too much of its sender waits.
        """
        taken = self._taken.get(_place(statement))
        if taken is not None:
            if taken != _digest(statement):
                raise NoRoomError("TX_SEQUENCE", "another statement with this number waits for a block")
            return
        if self._bytes[statement.issuer] + len(statement.entry) > QUOTA:
            raise NoRoomError("QUOTA", "too many statements of this sender wait for a block")

    def add(self, statement: Statement) -> None:
        """Take a statement.

        Raises:
            NoRoomError: There is no room for it.
        """
        self.check(statement)
        place = _place(statement)
        if place not in self._taken:
            self._taken[place] = _digest(statement)
            self._bytes[statement.issuer] += len(statement.entry)

    def keep(self, statement: Statement, *, last: int, now: int) -> None:
        """Take a statement that waited before, unless those before it have not come for long.

        Args:
            statement: The statement.
            last: The last number of its sender in the log.
            now: Seconds.

        Raises:
            Reject: There is no room for it, or a gap before it.
        """
        sender = (statement.issuer, statement.role)
        stood = self._stood.get(sender)
        since = stood[1] if stood is not None and stood[0] == last else now
        self._standing[sender] = (last, since)
        following = (*sender, last + 1)
        missing = following not in self._taken and following not in self._earlier
        if statement.seq > last + 1 and missing and now - since > GAP_SECONDS:
            raise Reject("TX_SEQUENCE", f"the next number is {last + 1}, and did not come")
        self.add(statement)


def _place(statement: Statement) -> Place:
    return statement.issuer, statement.role, statement.seq


def _digest(statement: Statement) -> bytes:
    return sha256(statement.entry).digest()
