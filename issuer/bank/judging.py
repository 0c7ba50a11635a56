"""What an application comes to, read in the transaction that decides it: whose it is, what it is worth.

Whose certificate it is decides before what it is worth. Nothing is written here; what keeps an application
from being registered ends the judgement with a reason for the learner.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from issuer.bank import accounts, registering, store
from issuer.bank.accounts import Person
from issuer.bank.reasons import PROBLEMS, reason
from issuer.bank.verifying import Verified
from issuer.bank.world import World
from issuer.parts import Parts
from vc import dates, recognition
from vc.recognition import Account, Conversion, Evaluation, Result

_NOT_THE_REASON = frozenset({"not-chosen", "when"})
_STATES = {"review": "underReview"}


@dataclass(frozen=True)
class Case:
    """One application under decision.

    Attributes:
        application: Its row.
        verified: The certificate and what verification found.
        world: The agreement's versions and the members.
        account: The account that it is for; None: the person has none yet.
        source: The certificate's row, where it was used before.
        person: Whom the certificate is about.
    """

    application: Mapping[str, Any]
    verified: Verified
    world: World
    account: Mapping[str, Any] | None
    source: Mapping[str, Any] | None
    person: Person


class ReturnedError(Exception):
    """Ends the judgement: the application goes back to the learner.

    Attributes:
        told: The reason, as the learner is told it.
    """

    def __init__(self, told: Mapping[str, str]) -> None:
        super().__init__(told["code"])
        self.told = told


def conversions_of(db: Database, account_id: str) -> tuple[Conversion, ...]:
    """Return every conversion that was ever registered in an account, as an evaluation takes them."""
    return tuple(_conversion(db, found) for found in store.conversions(db, account_id))


def case_of(
    db: Database,
    parts: Parts,
    application: Mapping[str, Any],
    verified: Verified,
    world: World,
) -> Case:
    """Find whose certificate it is, and whether it was used before.

    Raises:
        ReturnedError: It is not valid, or not of the person whose account it is for.
    """
    if verified.problem is not None:
        code = PROBLEMS.get(verified.problem, "could-not-check")
        raise ReturnedError(reason(code))
    facts = verified.source.facts
    person = accounts.person_of(facts)
    bound = None if application["account_id"] is None else accounts.get(db, application["account_id"])
    found = accounts.find(db, parts, person) if person.identified else bound
    if not person.identified and (bound is None or not accounts.same_name(bound["name"], person.name)):
        raise ReturnedError(reason("person-unknown"))
    if bound is not None and (found is None or found["id"] != bound["id"]):
        raise ReturnedError(reason("person-differs"))
    source = store.source_of_names(db, registering.names(facts))
    if source is not None and (found is None or source["account_id"] != found["id"]):
        raise ReturnedError(reason("source-elsewhere"))
    return Case(application, verified, world, found, source, person)


def granted(db: Database, case: Case, *, now: int) -> tuple[Evaluation, tuple[Result, ...]]:
    """Evaluate under the version in force, and return the credit that would be registered.

    Raises:
        ReturnedError: There is none; the reason that matters most says why.
    """
    application = case.application
    agreement = case.world.in_force(now=now)
    if agreement is None:
        raise ReturnedError(_why_not_in_force(case, now=now))
    evaluation = recognition.evaluate(
        case.verified.source,
        agreement,
        members=case.world.members,
        at=dates.from_seconds(now),
        account=Account(
            college=application["college"] or None,
            programme=application["programme"] or None,
            conversions=() if case.account is None else conversions_of(db, case.account["id"]),
        ),
        chosen=application["chosen"],
        names=case.world.names,
    )
    if not evaluation.granted:
        raise ReturnedError(_why_not(evaluation))
    return evaluation, evaluation.granted


def _why_not_in_force(case: Case, *, now: int) -> dict[str, str]:
    """Say what became of the version that the learner saw, where its text still tells."""
    for version in case.world.versions:
        if version.document["version"] == case.application["version"]:
            evaluation = recognition.evaluate(
                case.verified.source, version, members=case.world.members, at=dates.from_seconds(now)
            )
            if evaluation.reason in ("ended", "expired", "not-yet") and evaluation.lines:
                return reason(evaluation.reason, line=evaluation.lines[0])
    return reason("no-agreement")


def _why_not(evaluation: Evaluation) -> dict[str, str]:
    """Return the reason that matters most: the first rule about credit that speaks of this certificate."""
    if evaluation.reason is not None:
        return reason(evaluation.reason, line=evaluation.lines[0])
    refused = [result for result in evaluation.results if result.outcome == "no"]
    telling = [result for result in refused if result.reason not in _NOT_THE_REASON] or refused
    if not telling:
        return reason("no-agreement")
    return reason(telling[0].reason, line=telling[0].line)


def _conversion(db: Database, found: Mapping[str, Any]) -> Conversion:
    names = store.source_names(db, found["source_id"])
    numbered = [name for name in names if "|" in name]
    return Conversion(
        agreement_id=found["agreement_id"],
        version=found["version"],
        rule=found["rule"],
        kind=found["kind"],
        source=(numbered or names)[0],
        college=found["college"],
        course_code=found["course_code"],
        credits=found["credits"],
        unit=found["unit"],
        state=_STATES.get(found["state"], found["state"]),  # type: ignore[arg-type]
        source_ids=tuple(name for name in names if "|" not in name),
    )
