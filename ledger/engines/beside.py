"""What a node keeps beside the log: documents of agreements and issuers' dry runs.

The log holds their digests. They are written over a connection of their own, so that a block that is being
made neither waits for them nor takes them along when it is undone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]  # the newest SQLite installed

from ledger.dry_runs import DryRunKeptError
from ledger.store import Store
from web.database import as_ours

MAX_DRY_RUNS = 256
"""Dry runs kept of one issuer."""


class Beside:
    """Writes documents and dry runs into a ledger's database."""

    def __init__(self, path: Path) -> None:
        """Open a second connection to the database at ``path``."""
        self._lock = threading.Lock()
        self._store = Store.open(path)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._store.close()

    def put_document(self, document: bytes) -> bytes:
        """Keep an agreement's document and return its SHA-256.

        Raises:
            StorageError: The database takes nothing at the moment.
        """
        digest = sha256(document).digest()
        with self._lock, _storage():
            self._store.put_document(digest, document)
        return digest

    def put_dry_run(self, body: bytes, *, digest: bytes, did: str, until: int) -> bool:
        """Keep an issuer's dry run of an agreement, checked by the caller, if it is the newest.

        Raises:
            DryRunKeptError: Another one of the same or a later end is kept.
            StorageError: The database takes nothing at the moment.
        """
        with self._lock, _storage():
            return put_dry_run(self._store, body, digest=digest, did=did, until=until)


def put_dry_run(store: Store, body: bytes, *, digest: bytes, did: str, until: int) -> bool:
    """Keep an issuer's dry run of an agreement if it is the newest.

    Whoever read an older one could send it again, so the later end of the span decides. An issuer keeps at
    most ``MAX_DRY_RUNS`` of them; the oldest goes.

    Returns:
        Whether it was new.

    Raises:
        DryRunKeptError: Another one of the same or a later end is kept.
    """
    kept = store.dry_run(digest, did)
    if kept is not None and kept[1] == body:
        return False
    if kept is not None and kept[0] >= until:
        raise DryRunKeptError("counts of the same or a later end are kept: count anew")
    store.put_dry_run(digest, did, until=until, body=body)
    for older in store.dry_run_digests(did)[:-MAX_DRY_RUNS]:
        store.drop_dry_run(older, did)
    return True


@contextmanager
def _storage() -> Iterator[None]:
    """Turn what SQLite says of the file, a full disk or a block that takes long, into our errors."""
    try:
        yield
    except sqlite3.Error as error:
        raise as_ours(error) from error
