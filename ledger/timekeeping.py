"""How far this machine's clock is from the ledger's.

Signed times are asked first: the newest checkpoint carries the time at which the signers signed it, at most a
minute ago where the ledger is alive. Where that time is far from ours, either our clock is wrong or the
ledger stands still; the node's own word for the present time (``/health``) tells which. That word alone is
never believed against fresh signatures.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from ledger.errors import LedgerError
from ledger.proof.verify import Snapshot
from ledger.registry import StateKey

MOST_SECONDS = 120
"""Clocks this far apart still work together: every check of a time allows for so much."""


class Clocked(Protocol):
    """What is asked of the ledger; ``ledger.client.LedgerClient`` is one."""

    def snapshot(self, keys: Iterable[StateKey], *, now: int) -> tuple[Snapshot, bytes]:
        """Return proved values of the registry."""

    def listed(self, path: str) -> dict[str, Any]:
        """Return one of the node's listings; not proved."""


def skew(ledger: Clocked, *, now: int) -> int | None:
    """Return by how many seconds this clock is ahead of the ledger's, negative where it is behind.

    Args:
        ledger: The client.
        now: What this machine's clock shows, in integer seconds.

    Returns:
        The difference, or None where it cannot be told: the ledger is silent, or stands still.
    """
    signed = _signed_time(ledger, now=now)
    if signed is not None and abs(now - signed) <= MOST_SECONDS:
        return now - signed
    said = _said_time(ledger)
    return None if said is None else now - said


def is_apart(seconds: int | None) -> bool:
    """Return whether clocks are further apart than every check allows for; what is unknown is not."""
    return seconds is not None and abs(seconds) > MOST_SECONDS


def _signed_time(ledger: Clocked, *, now: int) -> int | None:
    try:
        snapshot, _ = ledger.snapshot([], now=now)
    except LedgerError:
        # Silent, or a signature from the future: the second is what a clock that is behind looks like.
        return None
    return snapshot.time


def _said_time(ledger: Clocked) -> int | None:
    try:
        time = ledger.listed("/health").get("time")
    except LedgerError:
        return None
    return time if type(time) is int else None
