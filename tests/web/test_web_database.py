"""Connections, the write transaction, and the gate on SQLite's version."""

import threading
from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from web.database import connect, require_sqlite, transaction
from web.errors import (
    MigrationPendingError,
    SettingsError,
    StorageBusyError,
    StorageError,
    StorageFullError,
)
from web.migrations import migrate, require_current


@pytest.fixture
def path(tmp_path: Path) -> Path:
    db = connect(tmp_path / "x.db", create=True)
    db["t"].create({"n": int, "text": str}, pk="n")
    db.close()
    return tmp_path / "x.db"


@pytest.mark.parametrize("version", ["3.51.3", "3.52.0", "3.50.7", "3.44.6", "4.0.0"])
def test_a_sound_sqlite_is_accepted(version: str) -> None:
    require_sqlite(version)


@pytest.mark.parametrize("version", ["3.40.1", "3.44.5", "3.45.0", "3.50.6", "3.51.2", "3.7.0"])
def test_a_sqlite_that_can_corrupt_its_log_is_refused(version: str) -> None:
    with pytest.raises(SettingsError):
        require_sqlite(version)


@pytest.mark.case("OPS-004")
def test_every_connection_syncs_fully_and_checks_foreign_keys(path: Path) -> None:
    db = connect(path)
    values = [
        db.execute(f"pragma {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")
    ]
    db.close()
    assert values == ["wal", 2, 1]


def test_a_missing_file_is_not_made_silently(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        connect(tmp_path / "absent.db")
    assert not (tmp_path / "absent.db").exists()


def test_a_new_database_and_its_log_are_for_their_owner_alone(tmp_path: Path) -> None:
    db = connect(tmp_path / "new.db", create=True)
    db.execute("CREATE TABLE person (name TEXT)")
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == {"new.db": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600}
    db.close()


def test_a_file_that_is_no_database_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError):
        connect(tmp_path / "x.db")


def test_what_a_transaction_wrote_is_there_for_others(path: Path) -> None:
    db, other = connect(path), connect(path)
    with transaction(db):
        db["t"].insert({"n": 1, "text": "a"})
    assert other["t"].count == 1
    db.close()
    other.close()


def test_a_failed_transaction_leaves_nothing(path: Path) -> None:
    def fail(db: Database) -> None:
        with transaction(db):
            db["t"].insert({"n": 1, "text": "a"})
            raise ZeroDivisionError

    db = connect(path)
    with pytest.raises(ZeroDivisionError):
        fail(db)
    assert db["t"].count == 0
    db.close()


def test_transactions_do_not_nest(path: Path) -> None:
    db = connect(path)
    with pytest.raises(RuntimeError), transaction(db), transaction(db):
        pass
    db.close()


def test_a_wrong_statement_stays_a_bug(path: Path) -> None:
    db = connect(path)
    with pytest.raises(Exception, match="no such table") as caught, transaction(db):
        db.execute("select * from absent")
    assert not isinstance(caught.value, StorageError)
    db.close()


def test_a_writer_that_does_not_let_go_is_reported_as_busy(path: Path) -> None:
    db, other = connect(path), connect(path)
    other.execute("pragma busy_timeout=1")
    waits: list[float] = []
    with transaction(db), pytest.raises(StorageBusyError), transaction(other, sleep=waits.append):
        pass
    assert len(waits) == 2
    db.close()
    other.close()


@pytest.mark.case("OPS-009")
def test_a_full_disk_keeps_what_was_committed_and_writing_resumes(path: Path) -> None:
    db = connect(path)
    with transaction(db):
        db["t"].insert({"n": 1, "text": "a"})
    db.execute("pragma max_page_count=3")
    with pytest.raises(StorageFullError), transaction(db):
        db["t"].insert({"n": 2, "text": "x" * 100_000})
    assert [row["n"] for row in db["t"].rows] == [1]
    db.execute("pragma max_page_count=1000000")
    with transaction(db):
        db["t"].insert({"n": 2, "text": "x" * 100_000})
    db.close()


def test_parallel_writers_lose_nothing(path: Path) -> None:
    def write(first: int) -> None:
        db = connect(path)
        for n in range(first, first + 25):
            with transaction(db):
                db["t"].insert({"n": n, "text": ""})
        db.close()

    threads = [threading.Thread(target=write, args=(start,)) for start in (0, 100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db = connect(path)
    assert db["t"].count == 100
    db.close()


def _migrations() -> Migrations:
    migrations = Migrations("test")

    @migrations()
    def m001_first(db: Database) -> None:
        db["a"].create({"id": int}, pk="id")

    return migrations


def test_migrations_are_applied_once(tmp_path: Path) -> None:
    assert migrate(tmp_path / "x.db", _migrations()) == ["m001_first"]
    assert migrate(tmp_path / "x.db", _migrations()) == []
    require_current(tmp_path / "x.db", _migrations(), command="vocred issuer migrate")


def test_a_pending_migration_refuses_to_start_and_names_the_command(path: Path, tmp_path: Path) -> None:
    with pytest.raises(MigrationPendingError, match="vocred issuer migrate"):
        require_current(path, _migrations(), command="vocred issuer migrate")
    with pytest.raises(MigrationPendingError):
        require_current(tmp_path / "absent.db", _migrations(), command="vocred issuer migrate")
