"""A disk that answers EIO at any operation, and a power cut at any moment: nothing acknowledged is lost.

``VOCRED_POWER_CUTS`` sets how many cuts are tried (10,000 in ``make soak``), ``VOCRED_POWER_SEED`` repeats
them.
"""

import contextlib
import os
import random
import secrets
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.utils import sqlite3

from ledger.core.machine import Core
from ledger.core.reading import Reader
from ledger.errors import LedgerError
from tests.ledger.consortium import Consortium
from tests.operating.disk import IOERR, Disk, Event, after_power_cut, mounted
from web.database import check_whole, connect, transaction
from web.errors import StorageError

CUTS = int(os.environ.get("VOCRED_POWER_CUTS") or 600)
COMMITS = 25
MOST_OPERATIONS = 2_000


class Ended(BaseException):
    """The process ended here."""


def end(status: int) -> None:
    """End as the process would."""
    raise Ended(status)


def write(db: Database, number: int) -> None:
    """Write one number twice, in one transaction."""
    with transaction(db, sleep=lambda _: None, end=end):
        for _ in range(2):
            db.execute("INSERT INTO pair VALUES (?, randomblob(700))", [number])


def begin(path: Path) -> Database:
    """Make the database whose rows always come in pairs."""
    db = connect(path, create=True)
    db.execute("CREATE TABLE IF NOT EXISTS pair (number INTEGER, filling BLOB) STRICT")
    return db


def pairs(path: Path) -> list[int]:
    """Return the numbers in a database that is whole; each stands there twice."""
    db = connect(path)
    try:
        check_whole(db)
        rows = db.execute("SELECT number, count(*) FROM pair GROUP BY number ORDER BY number").fetchall()
    finally:
        db.close()
    assert all(count == 2 for _, count in rows), "half a transaction"
    return [number for number, _ in rows]


# Power


@pytest.fixture(scope="module")
def seed() -> int:
    """Choose the seed and say it; pytest shows it when a test fails."""
    chosen = int(os.environ.get("VOCRED_POWER_SEED") or secrets.randbelow(2**32))
    print(f"VOCRED_POWER_SEED={chosen}")
    return chosen


def recorded(path: Path, *, synchronous: str = "FULL") -> list[Event]:
    """Return what reaches the disk while numbers are written, with a checkpoint on the way."""
    with mounted() as disk:
        disk.recording = True
        db = begin(path)
        db.execute(f"PRAGMA synchronous={synchronous}")
        db.execute("PRAGMA wal_autocheckpoint=20")
        disk.acknowledge(0)
        for number in range(1, COMMITS + 1):
            write(db, number)
            disk.acknowledge(number)
        disk.recording = False
        db.close()
    return disk.events


def lost_by(events: list[Event], folder: Path, *, cuts: int, seed: int) -> list[int]:
    """Cut the power at random moments; return how many acknowledged commits each cut lost."""
    chance = random.Random(seed)
    first = next(index for index, event in enumerate(events) if event.kind == "ack")
    lost = []
    for number in range(cuts):
        place = folder / str(number)
        place.mkdir()
        acknowledged = after_power_cut(events[: chance.randint(first + 1, len(events))], place, chance=chance)
        found = pairs(place / "x.db")
        assert found == list(range(1, len(found) + 1)), "a commit is missing before a later one"
        lost.append(max(0, acknowledged - len(found)))
        for path in place.iterdir():
            path.unlink()
    return lost


@pytest.mark.case("OPS-003")
@pytest.mark.timeout(1800)
def test_no_power_cut_loses_an_acknowledged_commit(tmp_path: Path, seed: int) -> None:
    events = recorded(tmp_path / "x.db")
    lost = lost_by(events, tmp_path, cuts=CUTS, seed=seed)
    print(f"power cuts: {CUTS}, acknowledged commits lost: {sum(lost)}")
    assert sum(lost) == 0


@pytest.mark.case("OPS-003", "OPS-004")
def test_without_full_syncing_power_cuts_do_lose_commits(tmp_path: Path, seed: int) -> None:
    """Shows that the simulation would notice."""
    events = recorded(tmp_path / "x.db", synchronous="NORMAL")
    assert sum(lost_by(events, tmp_path, cuts=60, seed=seed)) > 0


@pytest.mark.case("OPS-003")
@pytest.mark.timeout(1800)
def test_no_power_cut_tears_a_ledger_or_takes_back_a_block(tmp_path: Path, seed: int) -> None:
    (tmp_path / "live").mkdir()
    with mounted() as disk:
        consortium = Consortium(tmp_path / "live", count=2)
        consortium.core.close()
        whole = consortium.path.read_bytes()
        disk.recording = True
        consortium.core = Core.open(consortium.path)
        disk.acknowledge(consortium.core.head.size)
        for _ in range(12):
            consortium.propose(["remove", {"member": consortium.parties[1].did}])
            disk.acknowledge(consortium.core.head.size)
        disk.recording = False
        consortium.core.close()
    events = [Event("write", "ledger.db", 0, whole), Event("sync", "ledger.db"), *disk.events]
    chance = random.Random(seed)
    for number in range(max(40, CUTS // 10)):
        place = tmp_path / str(number)
        place.mkdir()
        cut = events[: chance.randint(3, len(events))]
        acknowledged = after_power_cut(cut, place, chance=chance)
        core = Core.open(place / "ledger.db")
        assert core.head.size >= acknowledged
        core.close()


# Input and output


@pytest.mark.case("OPS-012")
@pytest.mark.parametrize("kind", sorted(IOERR))
def test_an_error_at_any_operation_undoes_the_transaction_whole(tmp_path: Path, kind: str) -> None:
    """Each operation fails once; what was acknowledged stays, half of nothing does, and writing goes on."""
    tried = 0
    for at in range(1, MOST_OPERATIONS):
        path = tmp_path / f"{kind}-{at}" / "x.db"
        path.parent.mkdir()
        with mounted() as disk:
            acknowledged = _write_on(path, disk, at=at, kind=kind)
        if disk.failed is None:
            break
        tried += 1
        found = pairs(path)
        assert set(acknowledged) <= set(found)
        assert len(found) <= len(acknowledged) + 1  # one whose commit was on the disk before the answer
    assert tried >= 3
    print(f"{kind}: {tried} operations failed")


def _write_on(path: Path, disk: Disk, *, at: int, kind: str) -> list[int]:
    """Write eight numbers while the ``at``-th operation of a kind fails; what ended begins anew."""
    begin(path).close()
    acknowledged = []
    disk.fail(at=at, kinds=frozenset({kind}))
    db = None
    for number in range(1, 9):
        try:
            if db is None:
                db = connect(path)
                db.execute("PRAGMA wal_autocheckpoint=4")
                db.execute("PRAGMA cache_size=2")
            write(db, number)
        except (StorageError, sqlite3.DatabaseError, Ended):
            assert disk.failed is not None
            if db is not None:
                db.close()
            db = None
        else:
            acknowledged.append(number)
    if db is not None:
        db.close()
    assert len(acknowledged) >= 7
    return acknowledged


@pytest.mark.case("OPS-012")
def test_a_failed_sync_ends_the_process_and_is_not_tried_again(tmp_path: Path) -> None:
    with mounted() as disk:
        db = begin(tmp_path / "x.db")
        write(db, 1)
        disk.fail(at=1, kinds=frozenset({"sync"}))
        with pytest.raises(Ended, match="74"):
            write(db, 2)
        assert disk.count == 1
        disk.heal()
        db.close()
    assert pairs(tmp_path / "x.db")[0] == 1


@pytest.mark.case("OPS-012")
@pytest.mark.parametrize("kind", ["write", "sync"])
def test_a_ledger_takes_nothing_from_a_block_that_the_disk_refused(tmp_path: Path, kind: str) -> None:
    for at in range(1, MOST_OPERATIONS):
        folder = tmp_path / str(at)
        folder.mkdir()
        with mounted() as disk:
            consortium = Consortium(folder, count=2)
            before = consortium.core.head
            disk.fail(at=at, kinds=frozenset({kind}))
            with contextlib.suppress(sqlite3.DatabaseError, LedgerError):
                consortium.propose(["remove", {"member": consortium.parties[1].did}])
            failed, head = disk.failed, consortium.core.head
            disk.heal()
            consortium.core.close()
        if failed is None:
            break
        with Reader.open(folder / "ledger.db") as reader:
            assert reader.head().size >= before.size
            assert reader.head().size >= head.size
        Core.open(folder / "ledger.db").close()
    assert at > 1
