"""A ledger out of a file: the whole log is replayed, and a quorum has to have signed what it says.

    1. the file names the pinned ledger, and its entries are whole (``log_file``)
    2. every statement passes the rules again, and every block entry comes out the same (``Core.import_``)
    3. the log goes through the highest checkpoint of the pin
    4. a checkpoint that a quorum signed, linked from the pin's epoch, lies in the log or continues it
    5. every statement is under that checkpoint; blocks behind it hold none, they come out of the replay

Only so does nobody go on from a state for which the members did not vote. The database grows in a folder
beside its place and is moved there at the end: what is refused, or cut off, leaves nothing behind.

Spec: LEDGER.md, section 4.8, last part.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ledger.core.blocks import is_block
from ledger.core.machine import Core
from ledger.core.reading import Reader
from ledger.errors import HistoryError
from ledger.joining.errors import JoiningError, OtherLedgerError, UncoveredError
from ledger.proof.bundle import Bundle
from ledger.proof.checkpoints import Checkpoint, check_checkpoint
from ledger.proof.errors import RollbackError
from ledger.proof.pins import Pin
from ledger.store import Head

_FRESH = 1


@dataclass(frozen=True)
class Replayed:
    """A ledger that was replayed and is vouched for.

    Attributes:
        head: Where its log stands.
        checkpoint: What a quorum signed, or None where the log is the genesis alone.
    """

    head: Head
    checkpoint: Checkpoint | None


def import_log(
    path: Path,
    entries: Iterable[bytes],
    *,
    pin: Pin,
    checkpoint: Bundle | None,
    now: int,
    may_be_a_beginning: bool = False,
) -> Replayed:
    """Make a ledger's database from a log.

    Args:
        path: Where the database is to be.
        entries: The log, entry 0 first.
        pin: What is known of the ledger; its chain id was compared by a person.
        checkpoint: What a quorum signed; None is enough for entry 0 alone, which the chain id names.
        now: The current time in integer seconds.
        may_be_a_beginning: Whether the log may end before what was signed, because peers bring the rest.

    Raises:
        JoiningError: There is a database already; or see the steps: OtherLedgerError, UncoveredError.
        HistoryError: The log does not replay, or leaves what is known of it.
        RollbackError: It ends before what is known to be signed.
        ReceiptError: The checkpoint does not hold.
    """
    if path.exists():
        raise JoiningError("there is a ledger here already; nothing was changed")
    aside = path.with_name(f"{path.name}.import-{os.getpid()}")
    aside.mkdir(mode=0o700)
    try:
        grown = aside / path.name
        Core.import_(grown, entries).close()
        with Reader.open(grown) as reader:
            replayed = Replayed(reader.head(), check_covered(reader, pin=pin, checkpoint=checkpoint, now=now))
        if not may_be_a_beginning:
            _require_newest(replayed, pin=pin)
        os.replace(grown, path)
    finally:
        shutil.rmtree(aside)
    return replayed


def check_covered(reader: Reader, *, pin: Pin, checkpoint: Bundle | None, now: int) -> Checkpoint | None:
    """Check that a quorum stands behind every statement of a log that was replayed: steps 3 to 5.

    Raises:
        OtherLedgerError, RollbackError, HistoryError, UncoveredError, ReceiptError: See ``import_log``.
    """
    if reader.chain_id != pin.chain_id:
        raise OtherLedgerError("the log is another ledger's than the pin's")
    head = reader.head()
    if pin.size <= head.size and reader.root(pin.size) != pin.root:
        raise HistoryError("the log leaves the checkpoint that the pin remembers")
    if checkpoint is None:
        if head.size != _FRESH:
            raise UncoveredError("a log with a history needs a checkpoint that a quorum signed")
        return None
    signed = _check(reader, head, pin=pin, checkpoint=checkpoint, now=now)
    if not all(is_block(entry) for entry in reader.store.entries(signed.size, head.size)):
        raise UncoveredError(f"statements follow the signed checkpoint of {signed.size} entries")
    return signed


def _require_newest(replayed: Replayed, *, pin: Pin) -> None:
    """Refuse a log that ends before something which a quorum is known to have signed.

    Raises:
        RollbackError: It does: going on from it would make a second history.
    """
    signed = 0 if replayed.checkpoint is None else replayed.checkpoint.size
    if max(signed, pin.size) > replayed.head.size:
        raise RollbackError("the log ends before a checkpoint that was signed: take a newer export")


def _check(reader: Reader, head: Head, *, pin: Pin, checkpoint: Bundle, now: int) -> Checkpoint:
    """Check the checkpoint against the replayed log itself, as if it were the highest that is known."""
    size = min(checkpoint.head_inclusion.size, head.size)
    known = replace(pin, size=size, root=reader.root(size))
    signed = check_checkpoint(checkpoint, pin=known, now=now)
    if not signed.consistent:
        raise UncoveredError("nothing shows that the signed checkpoint continues this log")
    return signed
