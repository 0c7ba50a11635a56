"""What a rule about credit gives one learner: all of its credits, or none and the reason."""

from collections.abc import Collection
from dataclasses import dataclass

from vc.recognition.model import Account, Names, Source
from vc.recognition.reckoning import credits_of, grade_of
from vc.recognition.refusals import Refused
from vc.recognition.tally import Tally
from vc.recognition.terms import DEPOSIT, Rule, Terms


@dataclass(frozen=True)
class Application:
    """What every rule of one evaluation is asked with.

    Attributes:
        source: The certificate.
        terms: The agreement.
        members: DIDs of the consortium's members.
        account: The learner's account, or nobody's.
        tally: The count of what the account holds and what was granted so far; None without an account.
        chosen: Ids of the rules that the learner wants; None: all.
        names: Names for the sentences.
    """

    source: Source
    terms: Terms
    members: Collection[str]
    account: Account | None
    tally: Tally | None
    chosen: Collection[str] | None
    names: Names


@dataclass(frozen=True)
class Credit:
    """What a rule gives.

    Attributes:
        credits: How many.
        grade: The course's grade, or None.
        conditional: True where nobody's account was asked.
    """

    credits: float
    grade: str | None
    conditional: bool


def credit_of(rule: Rule, *, party: str, application: Application) -> Credit:
    """Return the credit that a rule gives in the name of a party, and count it.

    Args:
        rule: A rule about credit that applies to the certificate.
        party: The college that speaks, or the credit bank.
        application: What is asked with; its tally is added to.

    Raises:
        Refused: Why there is none.

    Spec: CREDENTIALS.md, section 10, "Credit".
    """
    source, tally = application.source, application.tally
    assert rule.credits is not None
    _check_applicant(rule, party=party, application=application)
    if not source.anchored:
        raise Refused("not-anchored")
    if tally is None:
        # Possession is proved when somebody applies; nobody's account has limits.
        return Credit(credits_of(rule.credits, source.facts), grade_of(rule.grade, source.facts), True)
    if not source.possession:
        raise Refused("no-possession")
    college = None if rule.kind == DEPOSIT else party
    if college is None:
        tally.check_deposit()
    else:
        tally.check_course(rule, college=college)
    worth = credits_of(rule.credits, source.facts)
    tally.check_limits(rule, college=college, wanted=worth)
    grade = grade_of(rule.grade, source.facts)
    tally.add(rule, college=college, granted=worth)
    return Credit(worth, grade, False)


def _check_applicant(rule: Rule, *, party: str, application: Application) -> None:
    account, chosen = application.account, application.chosen
    if account is not None and rule.kind != DEPOSIT:
        if account.college != party:
            raise Refused("not-enrolled")
        _check_programme(rule, account)
    if chosen is not None and rule.rule_id not in chosen:
        raise Refused("not-chosen")


def _check_programme(rule: Rule, account: Account) -> None:
    programmes = () if rule.course is None else rule.course.programmes
    if not programmes or account.programme in programmes:
        return
    if account.programme is None:
        raise Refused("programme", sentence="programme-unknown")
    raise Refused("programme", x=account.programme)
