"""The counts that issuers signed, as this node keeps them: the newest of each issuer and month."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from ledger.core.reading import Reader
from ledger.counts import (
    Counts,
    CountsError,
    CountsKeptError,
    month_of,
    read_counts,
    signing_key_of,
    verify_counts,
)
from ledger.registry import IssuerRecord, issuer_key
from web.database import connect, transaction

CLOCK_LEAD = 120
"""Seconds by which an issuer's clock may be ahead of this node's."""

PAGE = 100
"""Counts in one answer to another node."""


@dataclass(frozen=True)
class Kept:
    """Signed counts with their place in the order in which this node took them.

    Attributes:
        seq: Grows with every change, so that another node can ask for what is new.
        signed: The issuer's COSE_Sign1.
        counts: The same, read.
    """

    seq: int
    signed: bytes
    counts: Counts

    @property
    def kid(self) -> bytes:
        """The thumbprint of the key that signed them."""
        return signing_key_of(self.signed)


class KeptCounts:
    """The table of counts in ``explorer.db``."""

    def __init__(self, path: Path) -> None:
        """Name the database, which ``Index`` makes."""
        self._path = path

    def put(self, reader: Reader, data: bytes, *, did: str, month: str, now: int) -> bool:
        """Check counts and keep them in place of earlier ones.

        Args:
            reader: One committed state of the ledger.
            data: The signed bytes.
            did: The issuer under whose name they come.
            month: The month under which they come.
            now: The current time in integer seconds.

        Returns:
            False where exactly these are kept already.

        Raises:
            CountsError: They do not count: see ``verify_counts``; the registry names no such issuer, or the
                month lies outside the ledger's life, which bounds what an issuer can fill a disk with.
            CountsKeptError: Those of the same or a later time are kept.
        """
        value = reader.value(*issuer_key(did))
        if value is None:
            raise CountsError("the registry names no issuer of that DID")
        key = IssuerRecord.from_value(did, value).submission_key
        counts = verify_counts(data, chain_id=reader.chain_id, did=did, month=month, key=key)
        if counts.at > now + CLOCK_LEAD:
            raise CountsError("the counts are from the future")
        if not month_of(reader.genesis.time) <= month <= month_of(counts.at):
            raise CountsError("the month lies outside the life of this ledger")
        return self._keep(data, counts)

    def get(self, did: str, month: str) -> Kept | None:
        """Return an issuer's month, or None."""
        with self._open() as db:
            row = db.execute(
                "SELECT seq, body FROM counts WHERE did = ? AND month = ?", (did, month)
            ).fetchone()
            return None if row is None else _kept(*row)

    def months(self, *, since: str, until: str) -> list[Kept]:
        """Return what is kept of the months from ``since`` to ``until``, by month and issuer."""
        query = "SELECT seq, body FROM counts WHERE month >= ? AND month <= ? ORDER BY month, did"
        with self._open() as db:
            return [_kept(*row) for row in db.execute(query, (since, until))]

    def after(self, seq: int, *, limit: int = PAGE) -> list[Kept]:
        """Return what was kept after a place, in order: what another node asks for."""
        query = "SELECT seq, body FROM counts WHERE seq > ? ORDER BY seq LIMIT ?"
        with self._open() as db:
            return [_kept(*row) for row in db.execute(query, (seq, limit))]

    def read_up_to(self, url: str) -> int:
        """Return how far another node's counts were read."""
        with self._open() as db:
            row = db.execute("SELECT seq FROM peer WHERE url = ?", (url,)).fetchone()
            return 0 if row is None else int(row[0])

    def note_read(self, url: str, seq: int) -> None:
        """Remember how far another node's counts were read."""
        with self._open() as db, transaction(db):
            db.execute("INSERT OR REPLACE INTO peer VALUES (?, ?)", (url, seq))

    def _keep(self, data: bytes, counts: Counts) -> bool:
        with self._open() as db, transaction(db):
            row = db.execute(
                "SELECT at, body FROM counts WHERE did = ? AND month = ?", (counts.did, counts.month)
            ).fetchone()
            if row is not None and bytes(row[1]) == data:
                return False
            if row is not None and row[0] >= counts.at:
                raise CountsKeptError("counts of the same or a later time are kept")
            (last,) = db.execute("SELECT coalesce(max(seq), 0) FROM counts").fetchone()
            db.execute(
                "INSERT OR REPLACE INTO counts VALUES (?, ?, ?, ?, ?)",
                (counts.did, counts.month, counts.at, data, last + 1),
            )
            return True

    @contextmanager
    def _open(self) -> Iterator[Database]:
        db = connect(self._path)
        try:
            yield db
        finally:
            db.close()


def _kept(seq: int, body: bytes) -> Kept:
    return Kept(seq, body, read_counts(body))
