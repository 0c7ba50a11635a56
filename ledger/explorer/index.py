"""Who did how much in which month, and when each epoch began: counted from the log, once, block by block.

The log is read in slices, in the background and a little at every request, so that a page about a log of a
million entries reads a few rows. A page says up to which entry was counted. The ledger's database is only
read; what was counted lies in the explorer's own, where a slice and its end are one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from ledger.core.blocks import Block, is_block, parse_block
from ledger.core.reading import Reader
from ledger.counts import month_of
from ledger.explorer.tables import migrations
from ledger.statements import Statement, parse_statement
from web.database import connect, transaction
from web.migrations import migrate

SLICE = 1_000
"""Entries that are counted in one transaction: a tenth of a second or two."""


@dataclass(frozen=True)
class Activity:
    """What a DID wrote in a month.

    Attributes:
        did: Whose statements.
        month: Such as ``2026-11``.
        kind: The statements' type.
        statements: How many.
        items: How many versions of lists a ``status`` holds; otherwise as many as statements.
    """

    did: str
    month: str
    kind: str
    statements: int
    items: int


@dataclass(frozen=True)
class Epoch:
    """A span in which one set of members signs.

    Attributes:
        number: From 1.
        size: Size of the log at its first block.
        time: That block's time in seconds.
    """

    number: int
    size: int
    time: int


class Index:
    """The counters in ``explorer.db``; a connection is opened for each question."""

    def __init__(self, path: Path) -> None:
        """Make the database, or bring it up to date."""
        self.path = path
        migrate(path, migrations)

    def advance(self, reader: Reader, *, most: int = SLICE) -> bool:
        """Count further, at most ``most`` entries and the rest of the last block.

        Returns:
            Whether there is more to count.
        """
        with self._open() as db:
            start, end = self._position(db, reader), reader.head().size
            if start >= end:
                return False
            stop = reader.store.block_from(min(start + most, end) - 1)
            assert stop is not None  # the log ends with a block
            with transaction(db):
                # Somebody else may have counted meanwhile.
                if self._position(db, reader) == start:
                    _count(db, reader, start=start, end=stop + 1)
            return stop + 1 < end

    def counted(self) -> int:
        """Return the size of the part of the log that was counted."""
        with self._open() as db:
            row = db.execute("SELECT position FROM progress").fetchone()
            return 0 if row is None else int(row[0])

    def activity(self, *, since: str = "", until: str = "9999", did: str | None = None) -> list[Activity]:
        """Return the counters of the months from ``since`` to ``until``, by month, DID and type."""
        query = (
            "SELECT did, month, kind, statements, items FROM activity WHERE month >= ? AND month <= ? "
            "AND (? IS NULL OR did = ?) ORDER BY month, did, kind"
        )
        with self._open() as db:
            return [Activity(*row) for row in db.execute(query, (since, until, did, did))]

    def epochs(self, *, before: int | None = None, limit: int = 50) -> list[Epoch]:
        """Return the newest epochs, newest first; ``before`` goes on with older ones."""
        query = "SELECT epoch, size, time FROM epoch WHERE epoch < ? ORDER BY epoch DESC LIMIT ?"
        with self._open() as db:
            return [Epoch(*row) for row in db.execute(query, (before or 1 << 62, limit))]

    def epoch(self, number: int) -> Epoch | None:
        """Return one epoch, or None where it has not begun."""
        with self._open() as db:
            row = db.execute("SELECT epoch, size, time FROM epoch WHERE epoch = ?", (number,)).fetchone()
            return None if row is None else Epoch(*row)

    @contextmanager
    def _open(self) -> Iterator[Database]:
        db = connect(self.path)
        try:
            yield db
        finally:
            db.close()

    def _position(self, db: Database, reader: Reader) -> int:
        """Return where to go on; from the start where the log is another one than was counted."""
        row = db.execute("SELECT chain_id, position FROM progress").fetchone()
        if row is not None and row[0] == reader.chain_id and row[1] <= reader.head().size:
            return int(row[1])
        return 1


def _count(db: Database, reader: Reader, *, start: int, end: int) -> None:
    """Count the entries from ``start`` up to, not including, ``end``, in the caller's transaction."""
    if start == 1:
        db.execute("DELETE FROM activity")
        db.execute("DELETE FROM epoch")
    statements: Counter[tuple[str, str, str]] = Counter()
    items: Counter[tuple[str, str, str]] = Counter()
    for block, held in _blocks(reader, start=start, end=end):
        db.execute("INSERT OR IGNORE INTO epoch VALUES (?, ?, ?)", (block.epoch, block.size, block.time))
        month = month_of(block.time)
        for statement in held:
            row = (statement.issuer, month, statement.kind)
            statements[row] += 1
            items[row] += len(statement.body) if statement.kind == "status" else 1
    for row, count in sorted(statements.items()):
        db.execute(
            "INSERT INTO activity VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "statements = statements + excluded.statements, items = items + excluded.items",
            (*row, count, items[row]),
        )
    db.execute("INSERT OR REPLACE INTO progress VALUES (1, ?, ?)", (reader.chain_id, end))


def _blocks(reader: Reader, *, start: int, end: int) -> Iterator[tuple[Block, list[Statement]]]:
    held: list[Statement] = []
    for entry in reader.entries(start, end):
        if is_block(entry):
            yield parse_block(entry), held
            held = []
        else:
            held.append(parse_statement(entry))
