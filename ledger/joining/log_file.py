"""A log in a file: what ``export`` writes, and the greater part of an invitation.

The file is a CBOR sequence of byte strings: first a header in deterministic CBOR, then the log's entries,
entry 0 first, byte for byte.

    export       {domain: "vocred/log/1", chain, size, root}
    invitation   {domain: "vocred/invitation/1", chain, size, root, pin, genesis, peers, nodes, checkpoint}

``chain`` is the chain id, ``size`` the number of entries and ``root`` the root over them; the other members
are described in ``ledger.joining.invitation``. A reader takes one entry at a time; the whole file is right
only when its end was reached: not an entry less, none more, and the root the header's.

Spec: RFC 8742; LEDGER.md, sections 4.8 and 4.9.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import cbor2

from crypto import cbor
from crypto.errors import CryptoError
from ledger import merkle
from ledger.joining.errors import LogFileError, OtherLedgerError
from ledger.statements import chain_id as chain_id_of

EXPORT = "vocred/log/1"
MAX_HEADER_BYTES = 1024 * 1024
MAX_ENTRY_BYTES = 1024 * 1024
MAX_ENTRIES = 1 << 32
_ROOT_BYTES = 32


@dataclass(frozen=True)
class Header:
    """What a log file says of itself; the entries have to bear it out.

    Attributes:
        domain: Which kind of file it is.
        chain_id: The ledger's identifier.
        size: How many entries follow.
        root: RFC 9162 root over them.
        more: The members that only this kind of file has.
    """

    domain: str
    chain_id: str
    size: int
    root: bytes
    more: Mapping[str, Any]

    def to_bytes(self) -> bytes:
        """Return the header's one encoding."""
        own = {"domain": self.domain, "chain": self.chain_id, "size": self.size, "root": self.root}
        return cbor.encode({**self.more, **own})

    @classmethod
    def from_bytes(cls, data: bytes) -> Header:
        """Read a header.

        Raises:
            LogFileError: It is none.
        """
        try:
            fields = cbor.decode(data, max_bytes=MAX_HEADER_BYTES)
            header = cls(
                fields.pop("domain"), fields.pop("chain"), fields.pop("size"), fields.pop("root"), fields
            )
        except (CryptoError, KeyError, AttributeError, TypeError) as error:
            raise LogFileError("the file begins with no header of a log") from error
        if type(header.domain) is not str or type(header.chain_id) is not str:
            raise LogFileError("the header names neither its kind nor its ledger")
        if type(header.size) is not int or not 0 < header.size <= MAX_ENTRIES:
            raise LogFileError("the header's size is that of no log")
        if type(header.root) is not bytes or len(header.root) != _ROOT_BYTES:
            raise LogFileError("the header's root is no hash")
        return header


def write(path: Path, header: Header, entries: Iterable[bytes]) -> None:
    """Write a log file; it gets its name when it is whole and on the disk.

    Args:
        path: The file; one of that name is replaced.
        header: What it says of itself.
        entries: The log's first ``header.size`` entries.

    Raises:
        LogFileError: The entries are not those that the header promises.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with fresh.open("wb") as file:
            file.write(cbor.encode(header.to_bytes()))
            for entry in checked(header, entries):
                file.write(cbor.encode(entry))
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def reading(path: Path, *, domains: Iterable[str] = (EXPORT,)) -> Iterator[tuple[Header, Iterator[bytes]]]:
    """Open a log file.

    Args:
        path: The file.
        domains: The kinds that the caller understands.

    Yields:
        The header, and the entries one by one; whoever takes them to the end knows that they are all there
        and lead to the header's root.

    Raises:
        LogFileError: The file is torn, changed, or of another kind; while entries are taken, too.
        OtherLedgerError: Entry 0 belongs to another ledger than the header names.
    """
    with path.open("rb") as file:
        header = Header.from_bytes(_item(file, most=MAX_HEADER_BYTES))
        if header.domain not in set(domains):
            raise LogFileError(f"this is a file of the kind {header.domain[:64]}, which is not taken here")
        yield header, checked(header, _entries(file, header.size))


def checked(header: Header, entries: Iterable[bytes]) -> Iterator[bytes]:
    """Pass entries on, and compare number, ledger and root with the header's at the end.

    Raises:
        LogFileError: There are too few, too many, or others.
        OtherLedgerError: Entry 0 is another ledger's.
    """
    frontier = merkle.Frontier()
    for entry in entries:
        if frontier.size == 0 and chain_id_of(entry) != header.chain_id:
            raise OtherLedgerError("entry 0 is the beginning of another ledger")
        frontier.append(merkle.leaf_hash(entry))
        yield entry
    if frontier.size != header.size or frontier.root != header.root:
        raise LogFileError("the entries are not those that the header promises: the file was changed or torn")


def _entries(file: BinaryIO, size: int) -> Iterator[bytes]:
    for _ in range(size):
        yield _item(file, most=MAX_ENTRY_BYTES)
    if file.read(1):
        raise LogFileError("something follows the last entry")


def _item(file: BinaryIO, *, most: int) -> bytes:
    """Read one byte string in its shortest form."""
    start = file.tell()
    try:
        item = cbor2.CBORDecoder(file, max_depth=1, allow_indefinite=False).decode()
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise LogFileError("the file breaks off, or is no log file") from error
    if type(item) is not bytes or len(item) > most or file.tell() - start != len(cbor.encode(item)):
        raise LogFileError("the file holds something else than entries of a log")
    return item
