"""Drafts: sheets that somebody is filling in, kept so that a phone may be put down."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from issuer import audit, institution, officers
from issuer.agreements import building, naming, store
from issuer.agreements.building import Built
from issuer.agreements.sheet import Sheet
from issuer.audit import Actor
from issuer.errors import InvalidActError, UnknownError
from issuer.parts import Parts
from vc.dates import CHINA
from web.database import transaction

MOST_DRAFTS = 200
_ID_BYTES = 8


@dataclass(frozen=True)
class Draft:
    """A sheet, who began it, and when it was touched last (seconds)."""

    id: str
    sheet: Sheet
    maker: str
    changed_at: int


def load(db: Database, draft_id: str) -> Draft:
    """Return a draft.

    Raises:
        UnknownError: There is none of that id.
    """
    found = store.draft(db, draft_id)
    if found is None:
        raise UnknownError("no draft of that id")
    return Draft(found["id"], json.loads(found["form"]), found["maker"], found["changed_at"])


def listing(db: Database) -> list[Draft]:
    """Return every draft, the one touched last first."""
    return [load(db, found["id"]) for found in store.drafts(db)]


def create(db: Database, parts: Parts, *, actor: Actor, sheet: Sheet, now: int) -> str:
    """Keep a sheet as a new draft; its agreement gets the next free identifier unless it amends one.

    Returns:
        The draft's id.

    Raises:
        ForbiddenError: The officer is no maker.
        InvalidActError: There are too many drafts.
    """
    draft_id = parts.random(_ID_BYTES).hex()
    with transaction(db):
        officers.require(db, actor, officers.MAKER)
        if len(store.drafts(db)) >= MOST_DRAFTS:
            raise InvalidActError("there are too many drafts: give some up first")
        _save(db, draft_id, sheet, actor=actor, now=now)
        audit.write(db, actor=actor, action="agreement draft begun", subject=draft_id, now=now)
    return draft_id


def save(db: Database, *, actor: Actor, draft_id: str, sheet: Sheet, now: int) -> None:
    """Keep what a draft holds now; what a form must not change is taken from the draft itself.

    Raises:
        ForbiddenError: The officer is no maker.
        UnknownError: There is no such draft.
    """
    with transaction(db):
        officers.require(db, actor, officers.MAKER)
        known = load(db, draft_id).sheet
        fixed = {name: known[name] for name in ("id", "version", "supersedes")}
        if not known["supersedes"] and sheet["short"] != known["short"]:
            fixed["id"] = ""
        _save(db, draft_id, {**sheet, **fixed}, actor=actor, now=now)


def give_up(db: Database, *, actor: Actor, draft_id: str, now: int) -> None:
    """Forget a draft.

    Raises:
        ForbiddenError: The officer is no maker.
        UnknownError: There is no such draft.
    """
    with transaction(db):
        officers.require(db, actor, officers.MAKER)
        load(db, draft_id)
        store.delete_draft(db, draft_id)
        audit.write(db, actor=actor, action="agreement draft given up", subject=draft_id, now=now)


def build(draft: Draft, *, earlier: Iterable[Mapping[str, Any]] = ()) -> Built:
    """Make the document that a draft describes so far.

    Args:
        draft: The draft.
        earlier: Documents of earlier versions of the agreement.
    """
    built = building.build(draft.sheet, earlier=earlier)
    if draft.sheet["supersedes"] or naming.valid_short(draft.sheet["short"]):
        return built
    return building.Built(built.document, {"short": "short", **built.problems}, {})


def _save(db: Database, draft_id: str, sheet: Sheet, *, actor: Actor, now: int) -> None:
    short = sheet["short"] or naming.short_name(institution.load(db).did)
    named = {**sheet, "short": short, "version": sheet["version"] or "1"}
    if not named["id"] and naming.valid_short(short):
        year = datetime.fromtimestamp(now, CHINA).year
        named["id"] = naming.identifier(short, year=year, known=_used(db, draft_id))
    values = {"id": draft_id, "form": named, "maker": actor.name, "at": now}
    store.save_draft(db, values)


def _used(db: Database, draft_id: str) -> list[str]:
    """Return identifiers that are taken: by texts, and by other drafts."""
    others = [json.loads(found["form"])["id"] for found in store.drafts(db) if found["id"] != draft_id]
    return [*store.known_ids(db), *others]
