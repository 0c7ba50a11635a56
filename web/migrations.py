"""Applying a service's migrations, and refusing to start while any is pending.

A service's ``migrations.py`` holds ``migrations = Migrations("issuer")`` of sqlite-utils and one function
per step, appended, never edited once released.
"""

from pathlib import Path

from sqlite_utils.migrations import Migrations

from web.database import connect
from web.errors import MigrationPendingError


def migrate(path: Path, migrations: Migrations) -> list[str]:
    """Apply what is pending to the database at ``path``, making the file when it is absent.

    Returns:
        The names of the migrations applied now, oldest first.
    """
    db = connect(path, create=True)
    try:
        names = [migration.name for migration in migrations.pending(db)]
        migrations.apply(db)
    finally:
        db.close()
    return names


def require_current(path: Path, migrations: Migrations, *, command: str) -> None:
    """Check that no migration is pending.

    Args:
        path: The database's file.
        migrations: The service's list.
        command: What to run otherwise, such as ``vocred issuer migrate``.

    Raises:
        MigrationPendingError: The database is older than the code, or absent.
    """
    if not path.is_file():
        raise MigrationPendingError(f"there is no database yet; run: {command}")
    db = connect(path)
    try:
        pending = migrations.pending(db)
    finally:
        db.close()
    if pending:
        raise MigrationPendingError(f"{len(pending)} migrations are pending; run: {command}")
