"""Checks of files that every service has: a whole database of the right version, secrets kept to oneself."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from vocred.operating.checks import Check
from vocred.operating.instances import Instance
from web.database import check_whole, connect_to_read
from web.errors import SettingsError
from web.migrations import require_version

RESTORE = "stop the service; restore the newest backup (docs/operations/backup.md)"


def checks(instance: Instance) -> list[Check]:
    """Return what is checked of every instance's files."""
    found = [
        Check(f"{path.name} is whole", lambda path=path: _whole(path), RESTORE)
        for path in sorted(instance.home.glob("*.db"))
    ]
    if instance.database is not None and not instance.database.is_file():
        found.insert(0, Check(f"{instance.database.name} is there", lambda: _missing(instance), RESTORE))
    if instance.migrations is not None:
        found.append(Check("schema is this program's", lambda: _schema(instance), "run its migrate command"))
    found.append(Check("secrets are their owner's alone", lambda: _secrets(instance), "chmod 600 FILE"))
    return found


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    """Open a database for reading, one committed state of it for as long as the block lasts."""
    db = connect_to_read(path)
    try:
        db.execute("BEGIN")
        yield db
    finally:
        db.close()


def exposed(home: Path, *, with_people: bool) -> list[str]:
    """Return the files of a home that others than their owner may read, and should not.

    Args:
        home: The instance's directory.
        with_people: Whether its databases tell of people; a ledger's tells of nobody and is everybody's.
    """
    return sorted(
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file()
        and (_is_key(path) or (with_people and ".db" in path.name))
        and stat.S_IMODE(path.stat().st_mode) & 0o077
    )


def _is_key(path: Path) -> bool:
    return path.suffix == ".key" or path.name.endswith("_key.json") or path.parent.name == "keys"


def _whole(path: Path) -> str:
    with opened(path) as db:
        check_whole(db)
    return f"{path.stat().st_size // 1024} KiB"


def _missing(instance: Instance) -> str:
    raise SettingsError(f"{instance.home.name} holds no database")


def _schema(instance: Instance) -> str:
    assert instance.database is not None
    assert instance.migrations is not None
    with opened(instance.database) as db:
        names = require_version(db, instance.migrations, command=f"vocred {instance.service} migrate")
    return names[-1]


def _secrets(instance: Instance) -> str:
    found = exposed(instance.home, with_people=instance.service != "ledger")
    if found:
        raise SettingsError(f"others can read {', '.join(found)}")
    return "no key or database can be read by others"
