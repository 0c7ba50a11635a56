"""Checks of what every service has in its home: a whole database of the right version, secrets for itself."""

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
_CHMOD = "chmod 700 each directory and chmod 600 each file that is named"


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
    found.append(Check("secrets are their owner's alone", lambda: _secrets(instance), _CHMOD))
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


def private(home: Path, *, with_people: bool) -> list[Path]:
    """Return the files of a home that are for their owner alone.

    Args:
        home: The instance's directory.
        with_people: Whether its databases tell of people; a ledger's tells of nobody and is everybody's.
    """
    return [
        path
        for path in sorted(home.rglob("*"))
        if path.is_file() and (_is_key(path) or (with_people and ".db" in path.name))
    ]


def exposed(home: Path, *, with_people: bool) -> list[str]:
    """Return the files of a home that others than their owner may read, and should not."""
    files = private(home, with_people=with_people)
    return [str(path.relative_to(home)) for path in files if _is_open(path)]


def exposed_directories(home: Path, *, with_people: bool) -> list[str]:
    """Return the directories with such files, the home first, that others than their owner may look into."""
    files = private(home, with_people=with_people)
    folders = {home, *(path.parent for path in files)} if files else set()
    return [str(folder) for folder in sorted(folders) if _is_open(folder)]


def _is_open(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _is_key(path: Path) -> bool:
    return path.suffix == ".key" or path.name.endswith("_key.json") or path.parent.name == "keys"


def _whole(path: Path) -> str:
    with opened(path) as db:
        check_whole(db)
    return f"{path.stat().st_size // 1024} KiB"


def _missing(instance: Instance) -> str:
    assert instance.database is not None
    raise SettingsError(
        f"there is no {instance.database.name} in {instance.home}: is this the service's home?"
    )


def _schema(instance: Instance) -> str:
    assert instance.database is not None
    assert instance.migrations is not None
    with opened(instance.database) as db:
        names = require_version(db, instance.migrations, command=f"vocred {instance.service} migrate")
    return names[-1]


def _secrets(instance: Instance) -> str:
    with_people = instance.service != "ledger"
    files = exposed(instance.home, with_people=with_people)
    folders = exposed_directories(instance.home, with_people=with_people)
    found = [f"others can read {', '.join(files)}"] if files else []
    found += [f"others can look into {', '.join(folders)}"] if folders else []
    if found:
        raise SettingsError("; ".join(found))
    return "no key or database can be read by others"
