"""What an institution has told its issuer to remember: column maps, pairs of majors, and the like."""

import json
from typing import Any

from sqlite_utils import Database

from issuer import audit, officers, store
from issuer.audit import Actor
from web.database import transaction

_PREFIX = "officer."


def get(db: Database, name: str, default: Any = None) -> Any:
    """Return a preference, or ``default`` where nobody has set it."""
    text = store.preference(db, _PREFIX + name)
    return default if text is None else json.loads(text)


def put(db: Database, name: str, value: Any, *, actor: Actor, now: int) -> None:
    """Set a preference.

    Args:
        db: The connection.
        name: Its name.
        value: Anything that JSON can hold, without personal data.
        actor: The officer, a maker.
        now: Seconds since 1970.

    Raises:
        ForbiddenError: The officer is no maker.
    """
    with transaction(db):
        officers.require(db, actor, officers.MAKER)
        store.save_preference(db, _PREFIX + name, json.dumps(value, ensure_ascii=False))
        audit.write(db, actor=actor, action="preference set", subject=name, now=now)
