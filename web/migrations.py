"""Applying a service's migrations, and refusing to start on a database that is not the code's own.

A service's ``migrations.py`` holds ``migrations = Migrations("issuer")`` of sqlite-utils and one function
per step, appended, never edited once released. Each step and the note that it was taken are one
transaction, so a kill leaves the step before or the step behind. One process migrates at a time.

A service's own database is made once. Where it is empty or gone, it is not made anew: that would look like a
service that never issued anything. What can be learned again from others may be made again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from web.database import connect, reading
from web.errors import DatabaseDamagedError, DatabaseNewerError, MigrationPendingError

_MADE = b"made\n"


def migrate(path: Path, migrations: Migrations, *, once: bool = False) -> list[str]:
    """Apply what is pending to the database at ``path``, making the file when it is absent.

    Args:
        path: The database's file.
        migrations: The service's list.
        once: Never make the file a second time; the lock file beside it remembers that it was made.

    Returns:
        The names of the migrations applied now, oldest first.

    Raises:
        DatabaseDamagedError: The file is empty, or gone where there was one.
        DatabaseNewerError: A newer program migrated it.
    """
    with _alone(path) as made_before:
        if once and made_before:
            _require_content(path)
        db = connect(path, create=True)
        try:
            _require_known(db, migrations)
            names = [migration.name for migration in migrations.pending(db)]
            migrations.apply(db)
        finally:
            db.close()
    return names


def require_current(path: Path, migrations: Migrations, *, command: str) -> None:
    """Check that the database is there and of exactly this code's version.

    Args:
        path: The database's file.
        migrations: The service's list.
        command: What to run otherwise, such as ``vocred issuer migrate``.

    Raises:
        MigrationPendingError: The database is older than the code, or absent.
        DatabaseNewerError: It is newer.
        DatabaseDamagedError: It is empty, or no database.
    """
    if not path.is_file():
        raise MigrationPendingError(f"there is no database yet; run: {command}")
    _require_content(path)
    db = connect(path)
    try:
        with reading():
            require_version(db, migrations, command=command)
    finally:
        db.close()


def require_version(db: Database, migrations: Migrations, *, command: str) -> list[str]:
    """Check that a database has taken exactly this code's steps.

    Returns:
        Their names, oldest first.

    Raises:
        MigrationPendingError: The database is older than the code.
        DatabaseNewerError: It is newer.
    """
    _require_known(db, migrations)
    pending = migrations.pending(db)
    if pending:
        raise MigrationPendingError(f"{len(pending)} migrations are pending; run: {command}")
    return applied(db, migrations)


def applied(db: Database, migrations: Migrations) -> list[str]:
    """Return the names of the steps that a database has taken, oldest first: its schema's version."""
    return [migration.name for migration in migrations.applied(db)]


def _require_known(db: Database, migrations: Migrations) -> None:
    unknown = [name for name in applied(db, migrations) if name not in _names(migrations)]
    if unknown:
        raise DatabaseNewerError(f"a newer program migrated this database ({unknown[-1]}): install that one")


def _names(migrations: Migrations) -> set[str]:
    return {migration.name for migration in migrations._migrations}


def _require_content(path: Path) -> None:
    if not path.is_file() or not path.stat().st_size:
        raise DatabaseDamagedError(f"{path.name} is empty or gone: restore a backup with vocred restore")


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Let one process migrate at a time; tell whether a database was ever made here."""
    with path.with_suffix(".lock").open("a+b") as handle:
        flock(handle, LOCK_EX)
        handle.seek(0)
        made_before = handle.read() == _MADE
        yield made_before
        if not made_before:
            handle.truncate(0)
            handle.write(_MADE)
            handle.flush()
