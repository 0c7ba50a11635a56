"""When a source is revoked: what rests on it is looked at again, and never silently deleted.

    reconcile    reads the issuers' status lists, by source: a revoked one opens a review for each conversion
    decide       keep      the conversion stands (an officer, a checker)
                 cancel    it ends, its CreditRecord is revoked (two officers)
                 reissue   likewise, because the certificate was corrected: the learner presents the new one
                           (two officers)

While it is under review a conversion counts: course and credits stay taken. A form that was withdrawn opens
nothing, since the certificate stands. The notice of a correction names what replaces the certificate; from
then on that is the same source.

Spec: CREDENTIALS.md, sections 7 and 10, "Bank".
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlite_utils import Database

from issuer import audit, four_eyes, officers
from issuer.audit import WORKER, Actor
from issuer.bank import credit_records, registry_keys, statuses, store
from issuer.bank.desk import Desk
from issuer.bank.errors import CannotCheckError
from issuer.bank.statuses import Finding
from issuer.errors import ConflictError, InvalidActError, UnknownError
from issuer.parts import Parts
from ledger.registry import issuer_key
from vc import dates
from vc.status import REVOCATION, StatusEntry
from web.database import transaction

logger = logging.getLogger(__name__)

KEEP, CANCEL, REISSUE = "keep", "cancel", "reissue"
DECISIONS = (KEEP, CANCEL, REISSUE)
ACT = "end-conversion"
"""The kind of act by which two officers end a conversion."""

_REASONS = {CANCEL: "机构撤销", REISSUE: "录入错误更正"}


@dataclass(frozen=True)
class Reconciled:
    """What a look at the sources found.

    Attributes:
        looked_at: Forms whose lists were read.
        revoked: Sources that were found revoked or corrected.
        withdrawn: Forms that were withdrawn while the certificate stands.
        opened: Reviews that were opened.
        unavailable: Issuers whose lists could not be read now; they are asked again.
    """

    looked_at: int
    revoked: int
    withdrawn: int
    opened: int
    unavailable: tuple[str, ...]


def reconcile(db: Database, desk: Desk, *, now: int, older_than: int = 0) -> Reconciled:
    """Look at every certificate on which a conversion rests.

    Args:
        db: The connection.
        desk: Whom the bank asks.
        now: Seconds since 1970.
        older_than: Leave out sources that were looked at within that many seconds.
    """
    looked_at = revoked = withdrawn = opened = 0
    unavailable: list[str] = []
    waiting = store.forms_to_look_at(db, before=now - older_than)
    for issuer_id, group in groupby(waiting, key=lambda form: str(form["issuer"])):
        forms = list(group)
        try:
            findings = _findings(issuer_id, forms, desk=desk, now=now)
        except CannotCheckError as error:
            logger.info("source not looked at issuer=%s detail=%s", issuer_id, error)
            unavailable.append(issuer_id)
            continue
        looked_at += len(forms)
        withdrawn += sum(finding.kind == "withdrawn" for finding in findings)
        for form, finding in zip(forms, findings, strict=True):
            found = _note(db, form, finding, now=now)
            revoked, opened = revoked + (found is not None), opened + (found or 0)
    return Reconciled(looked_at, revoked, withdrawn, opened, tuple(unavailable))


def revoked(db: Database, *, source_id: int, reason: str | None, replacement: str | None, now: int) -> int:
    """Open a review for each conversion that rests on a source, inside the caller's transaction.

    Args:
        db: The connection, in a transaction.
        source_id: The source that was revoked.
        reason: Why, as its issuer's notice says, or None where it could not be read.
        replacement: ``urn:uuid:…`` of the certificate that replaces it, or None.
        now: Seconds since 1970.

    Returns:
        How many were opened.
    """
    cause = "revoked" if replacement is None else "corrected"
    store.set_source_state(db, source_id, cause)
    if replacement is not None:
        # From now on the correction is this source too, under its own number and id.
        store.add_source_name(db, replacement, source_id)
    found = store.conversions_of_source(db, source_id, "active")
    for conversion in found:
        store.move_conversion(db, conversion["id"], before=("active",), after="review", at=now)
        store.add_review(
            db,
            {
                "conversion_id": conversion["id"],
                "cause": cause,
                "reason": reason,
                "replacement": replacement,
                "opened_at": now,
            },
        )
        audit.write(
            db,
            actor=WORKER,
            action="conversion under review",
            subject=conversion["application_id"],
            now=now,
            cause=cause,
            conversion=conversion["id"],
        )
    return len(found)


def keep(db: Database, *, review_id: int, actor: Actor, now: int) -> None:
    """Let a conversion stand although its source was revoked or corrected.

    Raises:
        ForbiddenError: The officer is no checker.
        ConflictError: The review is decided already.
    """
    with transaction(db):
        officers.require(db, actor, officers.CHECKER)
        review = get(db, review_id)
        _decide(db, review, KEEP, actor=actor, now=now)
        store.move_conversion(db, review["conversion_id"], before=("review",), after="active", at=now)
        _log(db, review, "kept", actor=actor, now=now)


def check(db: Database, subject: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check that ending a conversion may be submitted to a second officer: see ``issuer.four_eyes.Kind``.

    Raises:
        InvalidActError: No such decision, or a re-issue where nothing was corrected.
        UnknownError, ConflictError: No such review, or it is decided already.
    """
    decision = arguments.get("decision")
    review = get(db, int(subject) if subject.isascii() and subject.isdigit() else 0)
    if decision not in _REASONS:
        raise InvalidActError("a conversion is ended by cancel or reissue")
    if decision == REISSUE and review["cause"] != "corrected":
        raise InvalidActError("only what rests on a corrected certificate is issued anew")
    if review["decision"] is not None:
        raise ConflictError("this review is decided already")
    return {"decision": decision}


def end(db: Database, _parts: Parts, act: four_eyes.Act, now: int) -> Mapping[str, Any]:
    """End a conversion and revoke its CreditRecord, inside the approval's transaction."""
    review = get(db, int(act.subject))
    decision = str(act.arguments["decision"])
    checker = Actor(act.decided_by or act.maker, "web")
    conversion = store.conversion(db, review["conversion_id"])
    assert conversion is not None  # foreign key
    _decide(db, review, decision, actor=checker, now=now)
    store.move_conversion(db, conversion["id"], before=("review",), after="cancelled", at=now)
    credit_records.end(db, conversion["record_id"], reason=_REASONS[decision], now=now)
    return {"conversion": conversion["id"], "state": "cancelled"}


KIND = four_eyes.Kind(officers.MAKER, officers.CHECKER, check, end)
"""Ending a conversion, as ``issuer.approval`` lists it."""


def get(db: Database, review_id: int) -> dict[str, Any]:
    """Return a review.

    Raises:
        UnknownError: There is none of that number.
    """
    found = store.review(db, review_id)
    if found is None:
        raise UnknownError("no review of that number")
    return found


def _findings(issuer_id: str, forms: list[dict[str, Any]], *, desk: Desk, now: int) -> list[Finding]:
    asked = [issuer_key(issuer_id), *statuses.keys(issuer_id, {form["list_url"] for form in forms})]
    snapshot = desk.snapshot(asked, now=now)
    record = snapshot.issuer(issuer_id)
    if record is None:
        raise CannotCheckError("the registry no longer knows the issuer")
    resolve = registry_keys.current(record, desk=desk, now=dates.from_seconds(now))
    held = statuses.Lists(
        issuer_id, resolve=resolve, snapshot=snapshot, desk=desk, now=dates.from_seconds(now)
    )
    return [held.read(_entry(form)) for form in forms]


def _entry(form: Mapping[str, Any]) -> StatusEntry:
    return StatusEntry(
        list_url=form["list_url"],
        index=form["status_index"],
        purpose=REVOCATION,
        entry_id=form["entry_id"],
    )


def _note(db: Database, form: Mapping[str, Any], finding: Finding, *, now: int) -> int | None:
    """Write down what a list said; returns how many reviews it opened, None where nothing was revoked."""
    notice = finding.notice
    with transaction(db):
        store.look_at_source(db, form["source_id"], at=now)
        if finding.kind == "none":
            return None
        store.set_form_state(db, bytes(form["digest"]), finding.kind)
        if finding.kind == "withdrawn":
            return None
        return revoked(
            db,
            source_id=form["source_id"],
            reason=None if notice is None else notice.reason,
            replacement=None if notice is None else notice.replacement,
            now=now,
        )


def _decide(db: Database, review: Mapping[str, Any], decision: str, *, actor: Actor, now: int) -> None:
    if not store.decide_review(db, review["id"], decision=decision, by=actor.name, at=now):
        raise ConflictError("this review is decided already")


def _log(db: Database, review: Mapping[str, Any], what: str, *, actor: Actor, now: int) -> None:
    audit.write(
        db,
        actor=actor,
        action=f"conversion {what}",
        subject=f"review {review['id']}",
        now=now,
        conversion=review["conversion_id"],
    )
