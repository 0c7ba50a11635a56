"""``watch.db``: what a node learned from others.

Every signature in it was checked before it was kept. All of it can be learned again, but for the evidence.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from ledger.proof.bundle import CheckpointSignature
from ledger.proof.receipts import MemberSignature
from ledger.watching.migrations import migrations
from web.database import connect, transaction
from web.migrations import migrate

KEPT_CHECKPOINTS = 10_000
"""Checkpoints whose signatures are kept; those that end an epoch are kept for ever."""

MAX_EVIDENCE_EACH = 4
"""Pieces of evidence that are kept about a member: who signs two histories can sign two thousand."""


@dataclass(frozen=True)
class PeerReport:
    """What another member's node showed when it was last asked.

    Attributes:
        member: The member's DID.
        url: Its node.
        tried: When it was last asked, integer seconds.
        seen: When it last answered; None if it never did.
        size: The size of the log that it then showed.
        time: The time of its checkpoint.
        agrees: Whether that log is one with this node's; None where it could not be told.
        error: Why the last try failed; None if it did not.
    """

    member: str
    url: str
    tried: int
    seen: int | None = None
    size: int | None = None
    time: int | None = None
    agrees: bool | None = None
    error: str | None = None


@dataclass(frozen=True)
class Alarm:
    """Something that the members have to look at.

    Attributes:
        kind: ``equivocation``: signatures prove two histories; ``two-histories``: a node shows another
            history, and no signature that we have proves it.
        subject: What makes it one alarm: the members that it is about.
        members: The members that it is about, DIDs with spaces between them.
        since: When it was first raised.
        seen: When it was last seen.
        detail: A sentence for the log and the page.
        evidence: The id of the evidence.
    """

    kind: str
    subject: str
    members: str
    since: int
    seen: int
    detail: str
    evidence: bytes | None = None


class WatchStore:
    """The database; every method is one transaction and may be called by several threads."""

    def __init__(self, path: Path, *, chain_id: str) -> None:
        """Open the database, making it where there is none; what was learned of another ledger goes."""
        migrate(path, migrations)
        self._db: Database = connect(path)
        # One connection: reads are short, and what is written comes from this process alone.
        self._lock = threading.Lock()
        self._begin(chain_id)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    def put_checkpoint(self, size: int, *, root: bytes, signers: int, ends_epoch: bool) -> None:
        """Note a checkpoint of one's own log whose signatures are wanted; the same again changes nothing.

        Args:
            size: Where a block ends.
            root: The root there. Signatures over another root of this size are dropped.
            signers: How many signers the epoch has.
            ends_epoch: Whether its signatures are part of a link.
        """
        with self._writing() as db:
            kept = db.execute("SELECT root FROM checkpoint WHERE size = ?", [size]).fetchone()
            if kept is not None and kept[0] == root:
                return
            db.execute("DELETE FROM signature WHERE size = ?", [size])
            row = [size, root, signers, int(ends_epoch)]
            db.execute("INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?, ?)", row)
            self._prune(db)

    def put_signatures(self, size: int, signatures: Sequence[MemberSignature]) -> None:
        """Keep checked signatures under a noted checkpoint; of two by one member the later one."""
        rows = [
            [size, each.member, each.time, each.signature.protected, each.signature.signature]
            for each in signatures
        ]
        with self._writing() as db:
            if db.execute("SELECT 1 FROM checkpoint WHERE size = ?", [size]).fetchone() is None:
                return
            for row in rows:
                db.execute(
                    "INSERT INTO signature VALUES (?, ?, ?, ?, ?) ON CONFLICT (size, member) DO UPDATE SET"
                    " time = excluded.time, protected = excluded.protected, signature = excluded.signature"
                    " WHERE excluded.time > signature.time",
                    row,
                )

    def signatures(self, size: int) -> list[MemberSignature]:
        """Return what is kept for a size, sorted by member."""
        query = "SELECT member, time, protected, signature FROM signature WHERE size = ? ORDER BY member"
        rows = self._rows(query, [size])
        return [MemberSignature(row[0], row[1], CheckpointSignature(row[2], row[3])) for row in rows]

    def signers(self, size: int) -> int | None:
        """Return how many signers the epoch of a noted checkpoint has; None where it is not noted."""
        rows = self._rows("SELECT signers FROM checkpoint WHERE size = ?", [size])
        return rows[0][0] if rows else None

    def is_complete(self, size: int) -> bool:
        """Return whether more than two thirds of the signers signed a checkpoint."""
        return self.newest_complete(most=size, least=size) is not None

    def newest_complete(self, *, most: int, least: int = 0) -> int | None:
        """Return the largest size, up to ``most``, that more than two thirds of its signers signed."""
        query = (
            "SELECT checkpoint.size FROM checkpoint JOIN signature USING (size)"
            " WHERE checkpoint.size BETWEEN ? AND ? GROUP BY checkpoint.size"
            " HAVING 3 * count(*) > 2 * checkpoint.signers ORDER BY checkpoint.size DESC LIMIT 1"
        )
        rows = self._rows(query, [least, most])
        return rows[0][0] if rows else None

    def put_evidence(self, identifier: bytes, body: bytes, *, about: Sequence[str], received: int) -> bool:
        """Keep checked evidence; return whether it is new and there was room.

        There is room as long as it is about a member about whom little is kept: nobody can fill the place
        of what will be found about another.

        Args:
            identifier: SHA-256 of the bytes.
            body: The evidence.
            about: The members that it is about.
            received: When it came.
        """
        with self._writing() as db:
            rows = db.execute("SELECT id, about FROM evidence").fetchall()
            counted = Counter(member for _, members in rows for member in members.split())
            full = all(counted[member] >= MAX_EVIDENCE_EACH for member in about)
            if full or any(row[0] == identifier for row in rows):
                return False
            db.execute(
                "INSERT INTO evidence VALUES (?, ?, ?, ?)", [identifier, body, " ".join(about), received]
            )
            return True

    def evidence(self, identifier: bytes) -> bytes | None:
        """Return a piece of evidence."""
        rows = self._rows("SELECT body FROM evidence WHERE id = ?", [identifier])
        return rows[0][0] if rows else None

    def all_evidence(self) -> list[tuple[bytes, bytes, int]]:
        """Return id, bytes and time of receipt of all evidence, oldest first."""
        return self._rows("SELECT id, body, received FROM evidence ORDER BY received, id", [])

    def put_peer(self, report: PeerReport) -> None:
        """Keep what a member's node showed, in place of what it showed before.

        A failure keeps what was last seen: only ``tried`` and ``error`` change.
        """
        with self._writing() as db:
            row = astuple(report)
            db.execute(
                "INSERT INTO peer (member, url, tried, seen, size, time, agrees, error)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (member) DO UPDATE SET url = excluded.url, tried = excluded.tried,"
                " error = excluded.error, seen = coalesce(excluded.seen, seen),"
                " size = coalesce(excluded.size, size), time = coalesce(excluded.time, time),"
                " agrees = coalesce(excluded.agrees, agrees)",
                row,
            )

    def keep_peers(self, members: Sequence[str]) -> None:
        """Forget the nodes of everybody else: they left."""
        with self._writing() as db:
            marks = ", ".join("?" * len(members))
            db.execute(f"DELETE FROM peer WHERE member NOT IN ({marks})", list(members))  # noqa: S608 - marks only

    def peers(self) -> list[PeerReport]:
        """Return what the other nodes last showed, by member."""
        query = "SELECT member, url, tried, seen, size, time, agrees, error FROM peer ORDER BY member"
        return [
            PeerReport(
                member=row[0],
                url=row[1],
                tried=row[2],
                seen=row[3],
                size=row[4],
                time=row[5],
                agrees=None if row[6] is None else bool(row[6]),
                error=row[7],
            )
            for row in self._rows(query, [])
        ]

    def raise_alarm(self, alarm: Alarm) -> bool:
        """Keep an alarm; return whether it is new. One that is known keeps the time at which it began."""
        with self._writing() as db:
            key = [alarm.kind, alarm.subject]
            known = db.execute("SELECT 1 FROM alarm WHERE kind = ? AND subject = ?", key).fetchone()
            db.execute(
                "INSERT INTO alarm (kind, subject, members, since, seen, detail, evidence)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (kind, subject) DO UPDATE SET seen = excluded.seen, detail = excluded.detail,"
                " evidence = coalesce(evidence, excluded.evidence)",
                astuple(alarm),
            )
            return known is None

    def is_raised(self, kind: str, subject: str) -> bool:
        """Return whether an alarm stands."""
        return bool(self._rows("SELECT 1 FROM alarm WHERE kind = ? AND subject = ?", [kind, subject]))

    def end_alarm(self, kind: str, subject: str) -> None:
        """Take back an alarm that no longer holds."""
        with self._writing() as db:
            db.execute("DELETE FROM alarm WHERE kind = ? AND subject = ?", [kind, subject])

    def alarms(self) -> list[Alarm]:
        """Return the alarms, newest first."""
        query = (
            "SELECT kind, subject, members, since, seen, detail, evidence FROM alarm"
            " ORDER BY since DESC, subject"
        )
        return [Alarm(*row) for row in self._rows(query, [])]

    def _begin(self, chain_id: str) -> None:
        if self._rows("SELECT chain_id FROM ledger", []) == [(chain_id,)]:
            return
        with self._writing() as db:
            for table in ("ledger", "signature", "checkpoint", "evidence", "peer", "alarm"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from this line
            db.execute("INSERT INTO ledger VALUES (?)", [chain_id])

    def _prune(self, db: Database) -> None:
        query = "SELECT size FROM checkpoint WHERE ends_epoch = 0 ORDER BY size DESC LIMIT -1 OFFSET ?"
        for (size,) in db.execute(query, [KEPT_CHECKPOINTS]).fetchall():
            db.execute("DELETE FROM signature WHERE size = ?", [size])
            db.execute("DELETE FROM checkpoint WHERE size = ?", [size])

    @contextmanager
    def _writing(self) -> Iterator[Database]:
        with self._lock, transaction(self._db) as db:
            yield db

    def _rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        with self._lock:
            found: list[Any] = self._db.execute(query, values).fetchall()
            return found
