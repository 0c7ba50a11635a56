"""What becomes of a presented certificate: waits for an officer, is registered, or goes back with a reason.

    submit    waiting   -> submitted | registered | returned     as soon as the certificate was verified
    confirm   submitted -> registered | returned                 an officer; verified and evaluated anew
    return_   submitted -> returned                              an officer, with a reason

Every decision is one transaction that holds the write lock from the start: it reads the account, evaluates,
and writes what follows, so that of two applications for one course, one source or the last credits under a
limit exactly one is registered. What was verified is looked up before, outside of it.

How the four-eyes rule fits: what is registered was asked for by the learner, who proved possession of the
certificate, and every value in it comes from that certificate and from an agreement that the members voted
in; nobody types anything. The officer who confirms is the second pair of eyes and needs the role ``checker``.
Without an officer it is registered only if every rule says ``confirm: automatic``, somebody who knows the
learner has vouched for the account, and the college's list says that the learner studies there. What ends a
record that was registered takes two officers, as everywhere (``issuer.bank.reviews``); only a deposit that is
used for a course ends by the learner's own wish, in the same transaction.

Spec: CREDENTIALS.md, section 10, "Bank"; the flows of recognition-vectors.json.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlite_utils import Database

from issuer import audit, officers
from issuer.audit import WORKER, Actor
from issuer.bank import accounts, credit_records, judging, registering, store
from issuer.bank.errors import PresentationReplayedError
from issuer.bank.judging import Case, ReturnedError
from issuer.bank.reasons import reason
from issuer.bank.verifying import Verified
from issuer.bank.world import World
from issuer.errors import ConflictError, UnknownError
from issuer.parts import Parts
from vc.recognition import Evaluation, Result
from web.database import transaction

logger = logging.getLogger(__name__)

RULE = Actor("rule", "worker")
"""Who confirms where the agreement leaves it to the rule."""


@dataclass(frozen=True)
class Decision:
    """What became of an application.

    Attributes:
        state: ``submitted``, ``registered`` or ``returned``.
        results: The credit, as it was or would be registered, in the JSON of ``Result``.
        reason: Why it was returned, with its ``code`` and a sentence by language; else None.
    """

    state: str
    results: tuple[Mapping[str, Any], ...] = ()
    reason: Mapping[str, str] | None = None


def submit(
    db: Database,
    parts: Parts,
    *,
    application_id: str,
    form: bytes,
    verified: Verified,
    world: World,
    now: int,
) -> Decision:
    """Decide what becomes of an application whose certificate was presented and verified.

    Args:
        db: The connection.
        parts: The collaborators.
        application_id: The application.
        form: The presented form's bytes; kept sealed until an officer has decided.
        verified: What verification found.
        world: The agreement's versions and the members.
        now: Seconds since 1970.

    Raises:
        PresentationReplayedError: The application was answered already.
        NotAccreditedError: The registry lets this institution sign no CreditRecord now; nothing is changed.
    """
    with transaction(db):
        application = get(db, application_id)
        if application["state"] != "waiting":
            raise PresentationReplayedError("the request was answered already")
        try:
            case = judging.case_of(db, parts, application, verified, world)
            evaluation, granted = judging.granted(db, case, now=now)
        except ReturnedError as returned:
            return _turn_down(db, application, returned.told, presented_at=now, now=now)
        account = case.account or accounts.open_account(db, parts, case.person, confirmed=False, now=now)
        case = replace(case, account=account)
        source_id = registering.keep_source(db, account, case.source, verified, now=now)
        if _automatic(db, case, granted):
            return _register(db, parts, case, evaluation, granted, source_id=source_id, actor=RULE, now=now)
        results = _told(granted)
        store.move_application(
            db,
            application_id,
            before=("waiting",),
            after="submitted",
            results=results,
            form_digest=verified.digest,
            sealed=registering.seal(parts, application_id, form),
            account_id=account["id"],
            source_id=source_id,
            presented_at=now,
        )
        _note(db, application_id, "submitted", actor=holder(), now=now)
    return Decision("submitted", tuple(results))


def confirm(
    db: Database,
    parts: Parts,
    *,
    application_id: str,
    verified: Verified,
    world: World,
    actor: Actor,
    now: int,
) -> Decision:
    """Register what an officer confirms, if it is still what the learner agreed to.

    Args:
        db: The connection.
        parts: The collaborators.
        application_id: The application.
        verified: What verification found just now.
        world: The agreement's versions and the members, just now.
        actor: The officer, a checker.
        now: Seconds since 1970; it becomes the record's award date.

    Raises:
        ForbiddenError: The officer is no checker.
        ConflictError: The application does not wait for an officer.
        NotAccreditedError: The registry lets this institution sign no CreditRecord now; it goes on waiting.
    """
    with transaction(db):
        officers.require(db, actor, officers.CHECKER)
        application = _waiting(db, application_id)
        try:
            case = judging.case_of(db, parts, application, verified, world)
            assert case.account is not None  # linked when it was submitted
            evaluation, granted = judging.granted(db, case, now=now)
            if _essence(_told(granted)) != _essence(application["results"]):
                raise ReturnedError(reason("changed"))
        except ReturnedError as returned:
            return _turn_down(db, application, returned.told, actor=actor, now=now)
        store.confirm_account(db, case.account["id"], at=now)
        source_id = registering.keep_source(db, case.account, case.source, verified, now=now)
        return _register(db, parts, case, evaluation, granted, source_id=source_id, actor=actor, now=now)


def return_(
    db: Database, *, application_id: str, told: Mapping[str, str], actor: Actor, now: int
) -> Decision:
    """Send an application back to the learner, saying why.

    Args:
        db: The connection.
        application_id: The application.
        told: The reason with its sentences, and perhaps the officer's own words under ``note``.
        actor: The officer, a checker.
        now: Seconds since 1970.

    Raises:
        ForbiddenError: The officer is no checker.
        ConflictError: The application does not wait for an officer.
    """
    with transaction(db):
        officers.require(db, actor, officers.CHECKER)
        return _turn_down(db, _waiting(db, application_id), told, actor=actor, now=now)


def put_back(db: Database, *, application_id: str, why: str, now: int) -> Decision:
    """Return an application that could not be decided, such as one whose checks could not run."""
    with transaction(db):
        application = get(db, application_id)
        if application["state"] != "waiting":
            raise PresentationReplayedError("the request was answered already")
        return _turn_down(db, application, reason(why), presented_at=now, now=now)


def get(db: Database, application_id: str) -> dict[str, Any]:
    """Return an application.

    Raises:
        UnknownError: There is none of that id.
    """
    found = store.application(db, application_id)
    if found is None:
        raise UnknownError("no application of that id")
    return found


def holder() -> Actor:
    """Return who acts when a learner does."""
    return Actor(credit_records.HOLDER, "web")


def _automatic(db: Database, case: Case, granted: Sequence[Result]) -> bool:
    application = case.application
    return (
        case.person.identified
        and case.account is not None
        and case.account["confirmed_at"] is not None
        and all(result.confirm == "automatic" for result in granted)
        and accounts.is_enrolled(
            db, case.account["id"], college=application["college"], programme=application["programme"]
        )
    )


def _register(
    db: Database,
    parts: Parts,
    case: Case,
    evaluation: Evaluation,
    granted: Sequence[Result],
    *,
    source_id: int,
    actor: Actor,
    now: int,
) -> Decision:
    assert case.account is not None
    results = _told(granted)
    for result in granted:
        registering.register(
            db,
            parts,
            registering.Entry(case.application["id"], case.account, source_id, case.verified, case.world),
            evaluation=evaluation,
            result=result,
            checker=actor.name,
            now=now,
        )
    moved = store.move_application(
        db,
        case.application["id"],
        before=(case.application["state"],),
        after="registered",
        results=results,
        version=evaluation.version,
        form_digest=case.verified.digest,
        sealed=None,
        decided_at=now,
        decided_by=actor.name,
        account_id=case.account["id"],
        source_id=source_id,
        presented_at=case.application["presented_at"] or now,
    )
    assert moved  # the write lock has been held since the state was read
    _note(db, case.application["id"], "registered", actor=actor, now=now, conversions=len(granted))
    return Decision("registered", tuple(results))


def _turn_down(
    db: Database,
    application: Mapping[str, Any],
    told: Mapping[str, str],
    *,
    actor: Actor = WORKER,
    now: int,
    **columns: Any,
) -> Decision:
    store.move_application(
        db,
        application["id"],
        before=(application["state"],),
        after="returned",
        reason=json.dumps(told, ensure_ascii=False),
        sealed=None,
        decided_at=now,
        decided_by=actor.name,
        **columns,
    )
    _note(db, application["id"], "returned", actor=actor, now=now, reason=told["code"])
    return Decision("returned", (), told)


def _waiting(db: Database, application_id: str) -> dict[str, Any]:
    application = get(db, application_id)
    if application["state"] != "submitted":
        raise ConflictError("this application does not wait for an officer")
    return application


def _told(granted: Sequence[Result]) -> list[dict[str, Any]]:
    return [result.to_json() for result in granted]


def _essence(results: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Return what the learner agreed to: rule, party, kind, credits, course and grade; wording may differ."""
    names = ("rule", "by", "kind", "credits", "unit", "college", "grade")
    return [
        (*(result.get(name) for name in names), (result.get("course") or {}).get("code"))
        for result in results
    ]


def _note(
    db: Database, application_id: str, what: str, *, actor: Actor, now: int, **detail: str | int | None
) -> None:
    audit.write(db, actor=actor, action=f"conversion {what}", subject=application_id, now=now, **detail)
    logger.info("application %s application=%s", what, application_id)
