"""``watch.db``: what a node learned from others. Nothing in it cannot be learned again, but for evidence.

Every signature in it was checked before it was kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ledger.proof.receipts import MemberSignature


class WatchStore:
    """The database; every method opens a transaction of its own and may be called by several threads."""

    def __init__(self, path: Path) -> None:
        """Open the database, making it where there is none."""

    def signatures(self, size: int) -> Sequence[MemberSignature]:
        """Return what is kept for a size, sorted by member."""
        raise NotImplementedError
