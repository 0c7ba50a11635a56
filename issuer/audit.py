"""The audit log: who did what, when, and with whom; it only grows and never holds a claim.

A line is written in the same transaction as the act itself, so neither exists without the other. Its link is
the SHA-256 of the link before it and of the line, so that a line that is changed, removed or put elsewhere
breaks the chain there. Whoever has the file could make all links anew: so the last link goes to the ledger
once a day (``status_lists``), and what was written until then is out of reach of this machine.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlite_utils import Database

from crypto import jcs
from issuer import store
from issuer.errors import AuditTamperedError

_COLUMNS = ("id", "at", "actor", "second", "channel", "action", "subject", "detail")

Channel = Literal["web", "command line", "host", "worker"]


@dataclass(frozen=True)
class Actor:
    """An officer who signed in, and through what.

    Attributes:
        name: The officer's name; ``host`` for what whoever runs the machine does.
        channel: Where the act came from.
    """

    name: str
    channel: Channel


WORKER = Actor("issuer", "worker")
"""Who does what nobody asked for at that moment: anchoring, publishing, resuming."""


@dataclass(frozen=True)
class Entry:
    """One line of the log.

    Attributes:
        id: Running number.
        at: Seconds since 1970.
        actor: Who did it (who submitted it, for an act of two).
        second: Who approved it, or None.
        channel: Where it came from.
        action: A word in the past tense, such as ``revoked``.
        subject: The identifier of what it was done to.
        detail: Identifiers, codes and counts.
    """

    id: int
    at: int
    actor: str
    second: str | None
    channel: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def write(
    db: Database,
    *,
    actor: Actor,
    action: str,
    subject: str,
    now: int,
    second: str | None = None,
    **detail: str | int | None,
) -> None:
    """Add a line, inside the caller's transaction.

    Args:
        db: The connection, in a transaction.
        actor: Who acts.
        action: What was done.
        subject: The identifier of what it was done to.
        now: Seconds since 1970.
        second: The other officer of an act of two.
        **detail: Identifiers, reason codes and counts; never a name, number, code or text of a claim.
    """
    last, before = store.last_audit(db)
    line = {
        "id": last + 1,
        "at": now,
        "actor": actor.name,
        "second": second,
        "channel": actor.channel,
        "action": action,
        "subject": subject,
        "detail": json.dumps(detail, ensure_ascii=False, sort_keys=True),
    }
    store.add_audit(db, {**line, "link": link(before, line)})


def link(before: bytes, line: Mapping[str, Any]) -> bytes:
    """Return the link of a line: SHA-256 of the link before it, in hexadecimal, and of its columns.

    Args:
        before: The link of the line before; empty for the first.
        line: The columns by name; whatever else it holds is left out.
    """
    columns = {name: line[name] for name in _COLUMNS}
    return hashlib.sha256(jcs.canonicalize([before.hex(), columns])).digest()


def check_chain(db: Database) -> int:
    """Check that every line follows the one before it.

    Returns:
        The number of lines.

    Raises:
        AuditTamperedError: One does not; its number is in the message.
    """
    before, number = b"", 0
    for number, line in enumerate(store.whole_audit(db), start=1):
        if line["id"] != number:
            raise AuditTamperedError(f"line {number} of the audit log is missing")
        if bytes(line["link"]) != link(before, line):
            raise AuditTamperedError(f"line {number} of the audit log is not the one that was written")
        before = bytes(line["link"])
    return number


def check_head(db: Database, *, lines: int, head: bytes) -> None:
    """Check that the log still begins with what the ledger was once told.

    Args:
        db: The connection.
        lines: How many lines there were then.
        head: The link of the last of them.

    Raises:
        AuditTamperedError: The log ends before, or that line has another link.
    """
    found = store.audit_link(db, lines)
    if found is None:
        raise AuditTamperedError(f"the audit log ends before line {lines}, which the ledger vouches for")
    if found != head:
        raise AuditTamperedError(f"the first {lines} lines of the audit log are not those that were anchored")


def entries(db: Database, *, subject: str | None = None, offset: int = 0, limit: int = 50) -> list[Entry]:
    """Return lines of the log, newest first.

    Args:
        db: The connection.
        subject: Only lines about this identifier.
        offset: Lines to skip.
        limit: Most lines to return.
    """
    lines = store.audit_lines(db, subject=subject, offset=offset, limit=limit)
    return [
        Entry(**{**{name: line[name] for name in _COLUMNS}, "detail": json.loads(line["detail"])})
        for line in lines
    ]
