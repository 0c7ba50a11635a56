"""A migration that is killed anywhere leaves the step before or the step behind; one process migrates."""

import sqlite3 as plain
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database, Migrations

from issuer.migrations import migrations as issuer_migrations
from wallet.migrations import migrations as wallet_migrations
from web.database import check_whole, connect
from web.errors import DatabaseNewerError, WebError
from web.migrations import applied, migrate, require_current

SETS = {"issuer": issuer_migrations, "wallet": wallet_migrations}


class Killed(BaseException):
    """The process ends here."""


class Dying:
    """A connection that ends before its n-th statement."""

    def __init__(self, connection: Any, at: int) -> None:
        self._connection, self._left = connection, at

    def execute(self, sql: str, *parameters: Any) -> Any:
        if not sql.lstrip().upper().startswith(("SELECT", "PRAGMA", "ROLLBACK")):
            self._left -= 1
            if self._left == 0:
                raise Killed
        return self._connection.execute(sql, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def schema(path: Path) -> list[tuple[str, str]]:
    """Return a database's description."""
    db = plain.connect(path)
    rows = db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").fetchall()
    db.close()
    return rows


@pytest.mark.case("OPS-020")
@pytest.mark.parametrize("service", sorted(SETS))
def test_a_migration_killed_at_every_statement_goes_on_where_it_was(folder: Path, service: str) -> None:
    migrations = SETS[service]
    migrate(folder / "whole.db", migrations)
    expected = schema(folder / "whole.db")
    path = folder / "killed.db"
    kills = 0
    for at in range(1, 10_000):
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        if not _killed(path, migrations, at=at):
            break
        kills += 1
        db = connect(path)
        check_whole(db)
        steps = applied(db, migrations)
        db.close()
        assert steps == [each.name for each in migrations._migrations][: len(steps)]
        if at % 7 == 0:
            migrate(path, migrations)
            assert schema(path) == expected
    assert kills > 20
    print(f"{service}: killed at {kills} statements")


def _killed(path: Path, migrations: Migrations, *, at: int) -> bool:
    db = connect(path, create=True)
    whole = db.conn
    db.conn = Dying(whole, at)
    try:
        migrations.apply(db)
    except Killed:
        return True
    else:
        return False
    finally:
        # What was not committed goes with the connection, as with a killed process.
        whole.close()


@pytest.mark.case("OPS-020")
def test_two_that_migrate_together_are_one_that_does(tmp_path: Path) -> None:
    path, done, errors = tmp_path / "x.db", [], []

    def run() -> None:
        try:
            done.append(migrate(path, issuer_migrations, once=True))
        except WebError as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(len(names) for names in done) == [0, 0, 0, len(issuer_migrations._migrations)]


@pytest.mark.case("OPS-020")
@pytest.mark.parametrize("act", [require_current, migrate])
def test_a_downgrade_is_refused(tmp_path: Path, act: Callable[..., object]) -> None:
    path = tmp_path / "x.db"
    migrate(path, issuer_migrations)
    older = Migrations("issuer")
    older._migrations = issuer_migrations._migrations[:-1]
    last = issuer_migrations._migrations[-1].name
    with pytest.raises(DatabaseNewerError, match=last):
        act(path, older, **({"command": "x"} if act is require_current else {}))


@pytest.mark.case("OPS-020")
def test_a_step_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    steps = Migrations("x")

    @steps()
    def m1(db: Database) -> None:
        db.execute("CREATE TABLE one (a INTEGER) STRICT")

    @steps()
    def m2(db: Database) -> None:
        db.execute("CREATE TABLE two (a INTEGER) STRICT")
        db.execute("INSERT INTO missing VALUES (1)")

    with pytest.raises(Exception, match="missing"):
        migrate(tmp_path / "x.db", steps)
    db = connect(tmp_path / "x.db")
    assert applied(db, steps) == ["m1"]
    assert "two" not in db.table_names()
    db.close()
