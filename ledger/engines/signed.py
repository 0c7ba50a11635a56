"""The small file beside a ledger's database that tells which root was signed last.

It is on the disk before a signature leaves. So a database that was restored from a backup, and would make a
second history, is found out: what is signed never goes back, and never aside.

Spec: LEDGER.md, section 4.5.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from crypto import cbor
from crypto.errors import CborError
from ledger.core.machine import Core
from ledger.core.reading import Reader
from ledger.errors import RestoredBackupError, TakenError
from ledger.store import Head


class LastSigned:
    """Size and root of the newest root that this node signed."""

    def __init__(self, path: Path) -> None:
        """Read the file beside the database at ``path``.

        Raises:
            RestoredBackupError: It cannot be read.
        """
        self._path = path
        self._value = read_signed(path)

    @property
    def size(self) -> int:
        """The size that was signed last, 0 before the first."""
        return 0 if self._value is None else self._value[0]

    def remember(self, *, size: int, root: bytes) -> None:
        """Make durable that this root is about to be signed; an older one is known to be signed already."""
        if self._value is None or self._value[0] < size:
            _write_signed(self._path, size, root)
            self._value = (size, root)

    def check(self, core: Core) -> None:
        """Refuse a database that is behind what was signed, or beside it.

        Raises:
            RestoredBackupError: Signing on would make a second history.
        """
        check_not_restored(core, self._value)

    def check_reader(self, reader: Reader) -> None:
        """Refuse a log that does not continue what was signed; as ``check``, for a log that grows.

        Raises:
            RestoredBackupError: It is shorter, or another one.
        """
        if self._value is not None:
            _check_continues(reader, *self._value)

    def is_behind(self, head: Head) -> bool:
        """Return whether a log is shorter than what was signed."""
        return self.size > head.size


def signed_file(path: Path) -> Path:
    """Return the file beside a database that tells what was signed last."""
    return path.with_name(path.name + ".signed")


def adopt(path: Path) -> None:
    """Declare a database to be the newest copy there is, so that the engine goes on from it.

    After an import, and after a restore whose root the operator compared with what members and verifiers
    hold. It never goes back behind what was signed from here.

    Raises:
        RestoredBackupError: The file beside the database knows of a later or another root.
        TakenError: An engine runs on it.
    """
    lock_file = lock_alone(path)
    try:
        core = Core.open(path)
        try:
            signed = read_signed(path)
            if signed is not None:
                check_not_restored(core, signed)
            _write_signed(path, core.head.size, core.head.root)
        finally:
            core.close()
    finally:
        os.close(lock_file)


def read_signed(path: Path) -> tuple[int, bytes] | None:
    """Read what was signed last beside the database at ``path``; None where nothing tells.

    Raises:
        RestoredBackupError: The file cannot be read.
    """
    try:
        value = cbor.decode(signed_file(path).read_bytes())
        size, root = value
    except FileNotFoundError:
        return None
    except (CborError, ValueError, TypeError) as error:
        raise RestoredBackupError("the file of what was signed cannot be read") from error
    return size, root


def check_not_restored(core: Core, signed: tuple[int, bytes] | None) -> None:
    """Refuse a database that is behind what was signed, or beside it.

    Raises:
        RestoredBackupError: Signing on would make a second history, or nothing tells what was signed.
    """
    if signed is None:
        if core.head.height:
            raise RestoredBackupError("the file of what was signed is missing: is this the newest copy?")
        return
    _check_continues(core.reader, *signed)


def _check_continues(reader: Reader, size: int, root: bytes) -> None:
    present = reader.head().size
    if size > present:
        raise RestoredBackupError(
            f"size {size} was signed, the database has {present} entries: restore a newer copy"
        )
    if reader.root(size) != root:
        raise RestoredBackupError(f"another root of size {size} was signed: this is another history")


def lock_alone(path: Path) -> int:
    """Lock the ledger for this process, for as long as the returned file stays open.

    Raises:
        TakenError: Another process has it.
    """
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise TakenError("another process has this ledger open") from error
    return descriptor


def _write_signed(path: Path, size: int, root: bytes) -> None:
    """Replace the file in one step, and wait until file and name are on the disk."""
    place = signed_file(path)
    new = place.with_name(place.name + ".new")
    with new.open("wb") as file:
        file.write(cbor.encode([size, root]))
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, place)
    directory = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
