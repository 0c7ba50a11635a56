"""Acts of two officers: one submits, another approves, one act or a list of them.

    submit  ->  submitted  ->  approve  -> approved   (another officer; the act is done in that transaction)
                           ->  return_  -> returned   (another officer, with a note)
                           ->  withdraw -> withdrawn  (the officer who submitted)

What each kind of act asks and does is one ``Kind``; ``issuer.acts`` lists them. The table itself refuses an
act whose two officers are one. Four eyes bind officers, not whoever runs the host.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlite_utils import Database

from issuer import audit, officers, store_officers
from issuer.audit import Actor
from issuer.errors import ConflictError, InvalidActError, IssuerError, SameOfficerError, UnknownError
from issuer.parts import Parts
from web.database import transaction

logger = logging.getLogger(__name__)

_ID_BYTES = 10
_MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Act:
    """Something that takes two officers.

    Attributes:
        id: Its identifier.
        kind: What it is, a name in ``issuer.acts.KINDS``.
        subject: The identifier of what it is done to.
        arguments: What else the kind asks, such as a reason code; never a secret in the clear.
        maker: Who submitted it.
        made_at: When, in seconds.
        state: ``submitted``, ``approved``, ``returned`` or ``withdrawn``.
        decided_by: Who decided it, or None.
        decided_at: When, or None.
        note: What was said when it was returned, or None.
    """

    id: str
    kind: str
    subject: str
    arguments: Mapping[str, Any]
    maker: str
    made_at: int
    state: str
    decided_by: str | None
    decided_at: int | None
    note: str | None


@dataclass(frozen=True)
class Kind:
    """A kind of act.

    Attributes:
        maker_role: The role that submits it.
        checker_role: The role that approves it.
        check: Raises when the act cannot be submitted as it stands; returns the arguments to keep.
        do: Does it, inside the approval's transaction, and returns what the approver is shown once.
        returned: What a return changes, if anything.
    """

    maker_role: str
    checker_role: str
    check: Callable[[Database, str, Mapping[str, Any]], Mapping[str, Any]]
    do: Callable[[Database, Parts, Act, int], Mapping[str, Any]]
    returned: Callable[[Database, Act], None] | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one act of an approved list.

    Attributes:
        act_id: The act.
        error: Why it was refused, or None: it was done.
        result: What the approver is shown once, such as the new claim code of a slip.
    """

    act_id: str
    error: IssuerError | None
    result: Mapping[str, Any]


def submit(
    db: Database,
    kinds: Mapping[str, Kind],
    *,
    actor: Actor,
    kind: str,
    subject: str,
    arguments: Mapping[str, Any],
    act_id: str,
    now: int,
) -> str:
    """Submit an act for another officer to approve.

    Args:
        db: The connection.
        kinds: The kinds there are.
        actor: The officer.
        kind: The kind's name.
        subject: The identifier of what it is done to.
        arguments: What the kind asks.
        act_id: The identifier that the act gets, fresh and random.
        now: Seconds since 1970.

    Returns:
        The act's identifier.

    Raises:
        ForbiddenError: The officer's roles do not cover it.
        InvalidActError: It cannot be submitted as it stands.
        ConflictError: The same is waiting already.
    """
    known = _kind(kinds, kind)
    with transaction(db):
        officers.require(db, actor, known.maker_role)
        kept = known.check(db, subject, arguments)
        if store_officers.open_act(db, kind=kind, subject=subject) is not None:
            raise ConflictError("the same act is waiting for a second officer already")
        store_officers.add_act(
            db,
            {
                "id": act_id,
                "kind": kind,
                "subject": subject,
                "arguments": dict(kept),
                "maker": actor.name,
                "made_at": now,
                "state": "submitted",
            },
        )
        audit.write(db, actor=actor, action=f"{kind} submitted", subject=subject, now=now, act=act_id)
    return act_id


def approve(
    db: Database, parts: Parts, kinds: Mapping[str, Kind], *, actor: Actor, act_ids: Sequence[str], now: int
) -> list[Outcome]:
    """Approve acts of other officers, each in a transaction of its own: one refusal does not stop the rest.

    Args:
        db: The connection.
        parts: The collaborators.
        kinds: The kinds there are.
        actor: The officer, another one than each act's maker.
        act_ids: The acts, at most 500.
        now: Seconds since 1970.

    Returns:
        One outcome for each act, in order.

    Raises:
        InvalidActError: The list is too long.
    """
    if len(act_ids) > _MOST_AT_ONCE:
        raise InvalidActError(f"at most {_MOST_AT_ONCE} acts at a time")
    return [_approve_one(db, parts, kinds, actor=actor, act_id=act_id, now=now) for act_id in act_ids]


def return_(
    db: Database, kinds: Mapping[str, Kind], *, actor: Actor, act_id: str, note: str, now: int
) -> None:
    """Send an act back to whoever submitted it, saying why.

    Raises:
        SameOfficerError: It is the officer's own; withdraw it instead.
        ForbiddenError, UnknownError, ConflictError: As for approving.
    """
    with transaction(db):
        act = _waiting(db, act_id)
        _require_second(db, kinds, act, actor)
        _decide(db, act, state="returned", actor=actor, note=note.strip()[:500], now=now)
        if (undo := _kind(kinds, act.kind).returned) is not None:
            undo(db, act)
        audit.write(db, actor=actor, action=f"{act.kind} returned", subject=act.subject, now=now, act=act_id)


def withdraw(db: Database, kinds: Mapping[str, Kind], *, actor: Actor, act_id: str, now: int) -> None:
    """Take back an act of one's own that nobody has decided yet.

    Raises:
        SameOfficerError: It is another officer's.
        UnknownError, ConflictError: There is none, or it is decided.
    """
    with transaction(db):
        act = _waiting(db, act_id)
        if act.maker != actor.name:
            raise SameOfficerError("only the officer who submitted an act withdraws it")
        _decide(db, act, state="withdrawn", actor=actor, note="", now=now)
        if (undo := _kind(kinds, act.kind).returned) is not None:
            undo(db, act)
        audit.write(db, actor=actor, action=f"{act.kind} withdrawn", subject=act.subject, now=now, act=act_id)


def listing(
    db: Database, *, state: str | None = "submitted", kind: str | None = None, subject: str | None = None
) -> list[Act]:
    """Return acts, oldest first; without arguments those that wait for a second officer."""
    return [_act(row) for row in store_officers.acts(db, state=state, kind=kind, subject=subject)]


def get(db: Database, act_id: str) -> Act:
    """Return an act.

    Raises:
        UnknownError: There is none of that id.
    """
    row = store_officers.act(db, act_id)
    if row is None:
        raise UnknownError("no act of that id")
    return _act(row)


def new_id(random: Callable[[int], bytes]) -> str:
    """Return a fresh identifier for an act."""
    return f"act-{random(_ID_BYTES).hex()}"


def _approve_one(
    db: Database, parts: Parts, kinds: Mapping[str, Kind], *, actor: Actor, act_id: str, now: int
) -> Outcome:
    try:
        with transaction(db):
            act = _waiting(db, act_id)
            _require_second(db, kinds, act, actor)
            act = replace(act, decided_by=actor.name, decided_at=now)
            result = _kind(kinds, act.kind).do(db, parts, act, now)
            # The approval and what it does are one transaction: a kill leaves both or neither.
            _decide(db, act, state="approved", actor=actor, note="", now=now)
            audit.write(
                db,
                actor=Actor(act.maker, actor.channel),
                second=actor.name,
                action=f"{act.kind} approved",
                subject=act.subject,
                now=now,
                act=act_id,
            )
    except IssuerError as error:
        logger.info("act refused act=%s code=%s", act_id, error.code)
        return Outcome(act_id, error, {})
    return Outcome(act_id, None, result)


def _require_second(db: Database, kinds: Mapping[str, Kind], act: Act, actor: Actor) -> None:
    officers.require(db, actor, _kind(kinds, act.kind).checker_role)
    if actor.name == act.maker:
        raise SameOfficerError("another officer than the one who submitted it has to decide")


def _waiting(db: Database, act_id: str) -> Act:
    act = get(db, act_id)
    if act.state != "submitted":
        raise ConflictError("this act is decided already")
    return act


def _decide(db: Database, act: Act, *, state: str, actor: Actor, note: str, now: int) -> None:
    # A hashed passphrase has done its work once the act is decided, whichever way.
    arguments = {name: value for name, value in act.arguments.items() if name != "passphrase_hash"}
    decided = store_officers.decide_act(
        db, act.id, state=state, by=actor.name, at=now, note=note, arguments=arguments
    )
    if not decided:
        raise ConflictError("this act is decided already")


def _kind(kinds: Mapping[str, Kind], name: str) -> Kind:
    try:
        return kinds[name]
    except KeyError:
        raise InvalidActError("no such kind of act") from None


def _act(row: Mapping[str, Any]) -> Act:
    return Act(**{**row, "arguments": json.loads(row["arguments"])})
