"""A log into a file, from the database that a running node may go on writing to."""

from __future__ import annotations

from pathlib import Path

from ledger.core.reading import Reader
from ledger.joining import log_file
from ledger.joining.log_file import EXPORT, Header


def export_log(reader: Reader, path: Path) -> Header:
    """Write the whole log, as committed, to a file and return the header.

    Args:
        reader: One committed state of the ledger.
        path: The file; one of that name is replaced.
    """
    head = reader.head()
    header = Header(EXPORT, reader.chain_id, head.size, head.root, {})
    log_file.write(path, header, reader.store.entries(0, head.size))
    return header
