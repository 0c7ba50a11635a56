"""A disk that fails, or loses power: a shim around SQLite's own file methods, in the library that is in use.

``sqlite3_vfs_find`` of the library that ``pysqlite3`` carries gives its file system; a copy of it, made the
default, opens each file as before and puts its own read, write, truncate and sync before the original ones.
So what is tested is the code as it runs: same library, same pragmas, same calls.

    disk.fail(at=k)         the k-th operation answers EIO; nothing is written by it
    disk.recording = True   every write and sync is noted: ``after_power_cut`` builds what may be left
"""

import ctypes
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pysqlite3._sqlite3 as library

IOERR = {"read": 266, "write": 778, "sync": 1034, "truncate": 1546}
"""SQLITE_IOERR_READ, _WRITE, _FSYNC, _TRUNCATE: what SQLite's own file system answers on EIO."""

SECTOR = 512
_Pointer = ctypes.c_void_p
_READ = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, _Pointer, ctypes.c_int, ctypes.c_int64)
_TRUNCATE = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, ctypes.c_int64)
_SYNC = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, ctypes.c_int)
_OPEN = ctypes.CFUNCTYPE(
    ctypes.c_int, _Pointer, _Pointer, _Pointer, ctypes.c_int, ctypes.POINTER(ctypes.c_int)
)
_DELETE = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, _Pointer, ctypes.c_int)


class _Methods(ctypes.Structure):
    """sqlite3_io_methods, version 3."""

    _fields_ = [
        ("version", ctypes.c_int),
        ("close", _Pointer),
        ("read", _READ),
        ("write", _READ),
        ("truncate", _TRUNCATE),
        ("sync", _SYNC),
        *((f"rest{number}", _Pointer) for number in range(13)),
    ]


class _File(ctypes.Structure):
    """sqlite3_file: what every file begins with."""

    _fields_ = [("methods", ctypes.POINTER(_Methods))]


class _FileSystem(ctypes.Structure):
    """sqlite3_vfs, version 3."""

    _fields_ = [
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", _Pointer),
        ("name", ctypes.c_char_p),
        ("data", _Pointer),
        ("open", _OPEN),
        ("delete", _DELETE),
        *((f"rest{number}", _Pointer) for number in range(14)),
    ]


@dataclass(frozen=True)
class Event:
    """What reached the operating system: write, truncate, sync or delete; or a note of ours: ack."""

    kind: str
    name: str
    offset: int = 0
    content: bytes = b""


@dataclass
class Disk:
    """What the shim does; one at a time, made by ``mounted``."""

    events: list[Event] = field(default_factory=list)
    count: int = 0
    at: int | None = None
    kinds: frozenset[str] = frozenset(IOERR)
    recording: bool = False
    failed: str | None = None

    def fail(self, *, at: int, kinds: frozenset[str] = frozenset(IOERR)) -> None:
        """Let the ``at``-th operation of some kinds from now on answer EIO."""
        self.count, self.at, self.kinds, self.failed = 0, at, kinds, None

    def heal(self) -> None:
        """Let everything succeed again."""
        self.at = None

    def acknowledge(self, number: int) -> None:
        """Note that a commit returned."""
        self.events.append(Event("ack", "", number))

    def _step(self, kind: str) -> int:
        if self.at is None or kind not in self.kinds:
            return 0
        self.count += 1
        if self.count != self.at:
            return 0
        self.failed = kind
        return IOERR[kind]


_NEVER_FREED: list[object] = []


@contextmanager
def mounted() -> Iterator[Disk]:
    """Let every file that is opened in the block go through a disk."""
    shim = _Shim(Disk())
    # A connection that a failing test forgot may be closed much later: what it calls has to be there.
    _NEVER_FREED.append(shim)
    shim.install()
    try:
        yield shim.disk
    finally:
        shim.remove()


def after_power_cut(events: list[Event], folder: Path, *, chance: random.Random) -> int:
    """Write what a disk may hold when the power goes after some events.

    What was synced is there. Of what was written since, each write is there, is not, or is torn at a sector;
    in any order, since a disk writes in the order that it likes. Names are there, or gone, at once.

    Returns:
        The highest number that was acknowledged.
    """
    synced: dict[str, bytearray] = {}
    waiting: dict[str, list[Event]] = {}
    acknowledged = 0
    for event in events:
        if event.kind == "ack":
            acknowledged = event.offset
        elif event.kind == "sync":
            for each in waiting.pop(event.name, []):
                _apply(synced, each, each.content)
        elif event.kind == "delete":
            synced.pop(event.name, None)
            waiting.pop(event.name, None)
        else:
            waiting.setdefault(event.name, []).append(event)
    for lost in waiting.values():
        chance.shuffle(lost)
        for each in lost:
            _apply_perhaps(synced, each, chance)
    for name, content in synced.items():
        (folder / name).write_bytes(content)
    return acknowledged


def _apply_perhaps(files: dict[str, bytearray], event: Event, chance: random.Random) -> None:
    fate = chance.random()
    if fate < 0.4:
        return
    if fate < 0.6 and event.kind == "write":
        sectors = [event.content[at : at + SECTOR] for at in range(0, len(event.content), SECTOR)]
        for number, sector in enumerate(sectors):
            if chance.random() < 0.5:
                _apply(files, Event("write", event.name, event.offset + number * SECTOR), sector)
        return
    _apply(files, event, event.content)


def _apply(files: dict[str, bytearray], event: Event, content: bytes) -> None:
    file = files.setdefault(event.name, bytearray())
    if event.kind == "truncate":
        del file[event.offset :]
        return
    end = event.offset + len(content)
    if len(file) < end:
        file.extend(bytes(end - len(file)))
    file[event.offset : end] = content


class _Shim:
    """Keeps every callback alive for as long as SQLite may call it."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self._sqlite = ctypes.CDLL(library.__file__)
        self._sqlite.sqlite3_vfs_find.restype = ctypes.POINTER(_FileSystem)
        self._original = self._sqlite.sqlite3_vfs_find(None)
        self._system = _FileSystem.from_buffer_copy(self._original.contents)
        self._system.name, self._system.next = b"failing-disk", None
        self._open = _OPEN(self._opened)
        self._delete = _DELETE(self._deleted)
        self._system.open, self._system.delete = self._open, self._delete
        self._methods: dict[int, _Methods] = {}
        self._kept: list[object] = []
        self._names: dict[int, str] = {}

    def install(self) -> None:
        assert self._sqlite.sqlite3_vfs_register(ctypes.byref(self._system), 1) == 0

    def remove(self) -> None:
        self._sqlite.sqlite3_vfs_register(self._original, 1)
        self._sqlite.sqlite3_vfs_unregister(ctypes.byref(self._system))

    def _opened(self, system: int, name: int | None, file: int, flags: int, out: object) -> int:
        # SQLite keeps the pointer to the name, so it has to stay the same one.
        answer: int = self._original.contents.open(
            ctypes.cast(self._original, _Pointer), name, file, flags, out
        )
        if answer == 0 and name is not None:
            handle = ctypes.cast(file, ctypes.POINTER(_File)).contents
            # SQLite has other methods for logs, which nobody locks, than for databases.
            original = ctypes.addressof(handle.methods.contents)
            if original not in self._methods:
                self._methods[original] = self._wrapped(handle.methods.contents)
            self._names[file] = _last(name)
            handle.methods = ctypes.pointer(self._methods[original])
        return answer

    def _deleted(self, system: int, name: int, and_sync: int) -> int:
        if self.disk.recording:
            self.disk.events.append(Event("delete", _last(name)))
        answer: int = self._original.contents.delete(ctypes.cast(self._original, _Pointer), name, and_sync)
        return answer

    def _wrapped(self, original: _Methods) -> _Methods:
        methods, disk = _Methods.from_buffer_copy(original), self.disk

        def read(file: int, buffer: int, amount: int, offset: int) -> int:
            return disk._step("read") or original.read(file, buffer, amount, offset)

        def write(file: int, buffer: int, amount: int, offset: int) -> int:
            code = disk._step("write")
            if code:
                return code
            if disk.recording:
                content = ctypes.string_at(buffer, amount)
                disk.events.append(Event("write", self._names[file], offset, content))
            return original.write(file, buffer, amount, offset)

        def truncate(file: int, size: int) -> int:
            code = disk._step("truncate")
            if code:
                return code
            if disk.recording:
                disk.events.append(Event("truncate", self._names[file], size))
            return original.truncate(file, size)

        def sync(file: int, flags: int) -> int:
            code = disk._step("sync")
            if code:
                return code
            answer: int = original.sync(file, flags)
            if disk.recording and answer == 0:
                disk.events.append(Event("sync", self._names[file]))
            return answer

        for name, kind, function in (
            ("read", _READ, read),
            ("write", _READ, write),
            ("truncate", _TRUNCATE, truncate),
            ("sync", _SYNC, sync),
        ):
            callback = kind(function)
            self._kept.append(callback)
            setattr(methods, name, callback)
        self._kept.append(original)
        return methods


def _last(name: int) -> str:
    return Path(ctypes.string_at(name).decode()).name
