"""What the agreements in force make of a certificate, for one learner at one college."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vc import recognition
from vc.recognition import Account, Evaluation, Result
from wallet import recognising
from wallet.holding import Held
from wallet.parts import Parts
from wallet.recognising import Situation

COURSE_KINDS = ("免修", "学分置换", "成绩替代")
DEPOSIT = "存入"
CREDIT_KINDS = (*COURSE_KINDS, DEPOSIT)


@dataclass(frozen=True)
class Body:
    """A college or a credit bank, by the registry's names."""

    did: str
    names: dict[str, str]


@dataclass(frozen=True)
class Option:
    """One agreement that turns a certificate into credit.

    Attributes:
        evaluation: What it says about the certificate and this learner.
        bank: Where one applies.
        colleges: For whose students its rules about courses speak.
        programmes: Codes of the programmes that its rules name; empty where they name none.
        instead: What would be granted by itself, but not beside what is granted: a limit is reached, or the
            certificate is used. The learner may want it rather than the others.
    """

    evaluation: Evaluation
    bank: Body
    colleges: tuple[Body, ...]
    programmes: tuple[str, ...]
    instead: tuple[Result, ...] = ()

    @property
    def agreement_id(self) -> str:
        """The agreement's URN."""
        return self.evaluation.agreement_id

    @property
    def results(self) -> tuple[Result, ...]:
        """What its rules about credit say, in the order of the document."""
        return tuple(result for result in self.evaluation.results if result.kind in CREDIT_KINDS)

    @property
    def granted(self) -> tuple[Result, ...]:
        """The credit that would be registered."""
        return self.evaluation.granted


def options(
    item: Held, found: Situation, *, account: Account, chosen: Collection[str] | None = None
) -> list[Option]:
    """List the agreements that turn a certificate into credit, with what they say to this learner.

    Args:
        item: The certificate.
        found: The agreements and members now.
        account: The learner's college, programme and earlier conversions.
        chosen: Ids of the rules that the learner wants; None: all.

    Returns:
        One entry for each agreement that accepts the certificate and has a rule about credit; whether
        anything is granted stands in its results.
    """
    return [
        option
        for evaluation in recognising.recognised(item, found, account=account)
        if (option := _option(evaluation, item, found, account=account, chosen=chosen)) is not None
    ]


def convertible(held: list[Held], found: Situation) -> list[Held]:
    """List the certificates that some agreement in force turns into credit, for whoever may be asking."""
    nobody = Account(college=None, programme=None)
    return [item for item in held if item.status.kind == "valid" and options(item, found, account=nobody)]


def situation(*, parts: Parts, now: datetime) -> Situation:
    """Gather the agreements in force and their parties.

    Raises:
        CannotCheckError: The ledger could not be asked.
    """
    return recognising.situation(parts=parts, now=now)


def _option(
    evaluation: Evaluation,
    item: Held,
    found: Situation,
    *,
    account: Account,
    chosen: Collection[str] | None,
) -> Option | None:
    agreement = evaluation.agreement
    assert agreement is not None
    parties = agreement.document["parties"]
    bank = next((party["id"] for party in parties if party["role"] == "credit-bank"), None)
    rules = [rule for rule in agreement.document["rules"] if rule["kind"] in CREDIT_KINDS]
    if bank is None or not rules:
        return None

    def of(wanted: Collection[str]) -> Evaluation:
        return recognition.evaluate(
            recognising.source(item),
            agreement,
            members=found.members.keys(),
            at=found.at,
            account=account,
            chosen=wanted,
            names=found.names,
        )

    instead: tuple[Result, ...] = ()
    if chosen is not None:
        evaluation = of(chosen)
    elif evaluation.granted:
        refused = {rule["id"] for rule in rules} - {result.rule for result in evaluation.granted}
        instead = tuple(
            result for rule in rules if rule["id"] in refused for result in of([rule["id"]]).granted
        )
    colleges = [party["id"] for party in parties if party["role"] == "recognising-college"]
    return Option(
        evaluation=evaluation,
        bank=Body(bank, found.names_of(bank)),
        colleges=tuple(Body(did, found.names_of(did)) for did in colleges if did in found.members),
        programmes=_programmes(rules),
        instead=instead,
    )


def _programmes(rules: list[dict[str, Any]]) -> tuple[str, ...]:
    named = [code for rule in rules for code in rule.get("target", {}).get("programme", ())]
    return tuple(dict.fromkeys(named))
