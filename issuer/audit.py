"""The audit log: who did what, when, and with whom; it only grows and never holds a claim.

A line is written in the same transaction as the act itself, so neither exists without the other.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlite_utils import Database

from issuer import store

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
    store.add_audit(
        db,
        at=now,
        actor=actor.name,
        second=second,
        channel=actor.channel,
        action=action,
        subject=subject,
        detail=detail,
    )


def entries(db: Database, *, subject: str | None = None, offset: int = 0, limit: int = 50) -> list[Entry]:
    """Return lines of the log, newest first.

    Args:
        db: The connection.
        subject: Only lines about this identifier.
        offset: Lines to skip.
        limit: Most lines to return.
    """
    lines = store.audit_lines(db, subject=subject, offset=offset, limit=limit)
    return [Entry(**{**line, "detail": json.loads(line["detail"])}) for line in lines]
