"""The database handle of a service: one SQLite file, one connection per request, one way to write.

    init_app(app, path)     opens nothing; the first ``current()`` of a request connects, its end closes
    connect(path)           a connection for workers and commands
    connect_to_read(path)   a connection that cannot write, for checks and backups
    check_whole(db)         whether the file is what SQLite and its tables say it is
    transaction(db)         the only way to write: BEGIN IMMEDIATE, COMMIT, or ROLLBACK

Every connection has WAL, ``synchronous=FULL``, foreign keys and a busy timeout. A version of SQLite
whose write-ahead log can corrupt a database is refused before any file is opened.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlite_utils import Database
from sqlite_utils.utils import sqlite3

from web.errors import (
    DatabaseDamagedError,
    SettingsError,
    StorageBusyError,
    StorageError,
    StorageFullError,
)

if TYPE_CHECKING:
    from flask import Flask

BUSY_MILLISECONDS = 5_000
_BEGIN_TRIES = 3
_UNSYNCED = 74  # EX_IOERR of sysexits.h
# The WAL-reset bug is mended in 3.51.3 and was carried back to two older lines.
_FIRST_SOUND = (3, 51, 3)
_SOUND_LINES = {(3, 50): 7, (3, 44): 6}
_BUSY_CODES = {
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_BUSY_SNAPSHOT",
    "SQLITE_BUSY_RECOVERY",
    "SQLITE_BUSY_TIMEOUT",
}


logger = logging.getLogger(__name__)


def require_sqlite(version: str | None = None) -> None:
    """Check that the SQLite in use does not corrupt write-ahead logs.

    Args:
        version: Such as ``3.51.3``; the library's own when absent.

    Raises:
        SettingsError: It is a version with the bug.
    """
    text = version or sqlite3.sqlite_version
    numbers = tuple(int(part) for part in text.split("."))
    if numbers >= _FIRST_SOUND or numbers[2] >= _SOUND_LINES.get(numbers[:2], 1_000_000):
        return
    raise SettingsError(f"SQLite {text} can corrupt its write-ahead log; install pysqlite3 or SQLite 3.51.3")


def connect(path: Path, *, create: bool = False) -> Database:
    """Open the database at ``path``.

    Args:
        path: The file.
        create: Make the file when it is absent, for its owner alone to read; otherwise its absence is an
            error.

    Raises:
        SettingsError: The SQLite library is one with the write-ahead-log bug.
        StorageError: The file is absent or no database.
    """
    require_sqlite()
    mode = "rwc" if create else "rw"
    if create:
        _make(path)
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            timeout=BUSY_MILLISECONDS / 1_000,
            check_same_thread=False,
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        raise as_ours(error) from error
    return Database(connection, strict=True)


def connect_to_read(path: Path) -> Database:
    """Open the database at ``path`` without the means to change it; whoever writes goes on writing.

    Raises:
        StorageError: The file is absent, or cannot be read.
        DatabaseDamagedError: It is no database.
    """
    require_sqlite()
    try:
        with reading():
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro",
                uri=True,
                isolation_level=None,
                timeout=BUSY_MILLISECONDS / 1_000,
                check_same_thread=False,
            )
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError as error:
        # The question is right, so what is wrong is the file: a header that no SQLite wrote.
        raise DatabaseDamagedError(str(error)) from error
    return Database(connection, strict=True)


def check_whole(db: Database, *, quickly: bool = False) -> None:
    """Check that pages, indexes and references of a database belong together.

    Args:
        db: The connection.
        quickly: Leave out what reads every page twice: whether indexes agree with their tables, and
            references. A minute a few gigabytes becomes seconds.

    Raises:
        DatabaseDamagedError: They do not; the first complaint is in the message.
    """
    with reading():
        found = db.execute("PRAGMA quick_check(1)" if quickly else "PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise DatabaseDamagedError(str(found).partition("\n")[0][:200])
        broken = None if quickly else db.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise DatabaseDamagedError(f"a row of {broken[0]} points at one of {broken[2]} that is not there")


def _make(path: Path) -> None:
    # SQLite gives its write-ahead log the mode of the file itself; what cannot be made, it says in its words.
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


@contextmanager
def transaction(
    db: Database,
    *,
    sleep: Callable[[float], None] = time.sleep,
    end: Callable[[int], None] = os._exit,
) -> Iterator[Database]:
    """Run the block in one write transaction that is on disk when the block ends.

    A transaction that only reads before it writes would fail at once, whatever the busy timeout, when
    another writer came first; so the write lock is taken at the start. Nesting is a programmer's mistake.

    Args:
        db: The connection.
        sleep: Waits between tries for the lock.
        end: Ends the process when the disk fails a commit. After a sync that failed nobody knows what is on
            the disk, and a second sync may succeed without writing what the first one lost: only a new
            process, which reads the file again, may go on.

    Raises:
        StorageBusyError: Another writer did not let go.
        StorageFullError: There is no space; nothing of the block is kept.
        StorageError: The file cannot be written.
    """
    if db.conn.in_transaction:
        raise RuntimeError("a transaction is open already")
    _begin(db, sleep=sleep)
    try:
        yield db
        # A crash before this line leaves nothing of the block, after it everything: FULL syncs the log.
        _commit(db, end=end)
    except sqlite3.DatabaseError as error:
        _undo(db)
        raise as_ours(error) from error
    except BaseException:
        _undo(db)
        raise


def _commit(db: Database, *, end: Callable[[int], None]) -> None:
    try:
        db.conn.execute("COMMIT")
    except sqlite3.OperationalError as error:
        # This binding does not tell a failed sync from a failed write: both end the process.
        if getattr(error, "sqlite_errorname", "").startswith("SQLITE_IOERR"):
            logger.critical("commit_failed code=%s: this process ends", error.sqlite_errorname)
            end(_UNSYNCED)
        raise


def _undo(db: Database) -> None:
    """Roll back; SQLite has done so itself after some failures, and a failing disk refuses that too."""
    with suppress(sqlite3.DatabaseError):
        db.rollback()


@contextmanager
def reading() -> Iterator[None]:
    """Turn what SQLite says of a file that cannot be read into an error of ours.

    Raises:
        StorageBusyError: A writer holds the database alone.
        StorageError: The file is damaged, gone, or cannot be read.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise as_ours(error) from error
    except UnicodeDecodeError as error:
        # SQLite quotes a torn description of a table in its complaint, which then is no text.
        raise DatabaseDamagedError("the descriptions of the tables are torn") from error


def init_app(app: "Flask", path: Path) -> None:
    """Give each request that asks a connection to ``path``, closed when the request ends."""
    require_sqlite()
    app.config["DATABASE"] = path
    app.teardown_appcontext(_close)


def current() -> Database:
    """Return the connection of the current request."""
    # Commands and workers use this module without Flask, and start the faster.
    from flask import current_app, g

    if "database" not in g:
        g.database = connect(current_app.config["DATABASE"])
    return g.database


def _close(_error: BaseException | None) -> None:
    from flask import g

    db = g.pop("database", None)
    if db is not None:
        db.close()


def _begin(db: Database, *, sleep: Callable[[float], None]) -> None:
    for remaining in reversed(range(_BEGIN_TRIES)):
        try:
            db.conn.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            ours = as_ours(error)
            if not isinstance(ours, StorageBusyError) or not remaining:
                raise ours from error
            sleep(0.05)
        else:
            return


def as_ours(error: sqlite3.Error) -> Exception:
    """Return our error for what SQLite says of the file; a wrong statement stays what it is, a bug."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError) or name == "SQLITE_ERROR":
        return error
    if name in _BUSY_CODES:
        return StorageBusyError("another writer holds the database")
    if name == "SQLITE_FULL":
        return StorageFullError("the disk or the database's size limit is reached")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return DatabaseDamagedError("the file is torn or no database; restore a backup: vocred restore")
    return StorageError(f"the database answered {name or type(error).__name__}")
