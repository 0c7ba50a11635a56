"""The one evaluation: a certificate, an agreement, an account or nobody's, a moment; results and sentences.

The order is that of a reader's questions: does the agreement accept the certificate (``matching``); does a
rule apply to it; for whom does the rule speak (``speaking``); and for credit: may this learner have it, how
much is it, and does it fit under the limits (``crediting``). A "no" is a result with its reason.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from vc.recognition import matching
from vc.recognition.crediting import Application, credit_of
from vc.recognition.explanations import Line
from vc.recognition.model import Account, Agreement, Names, Source
from vc.recognition.refusals import Refused
from vc.recognition.results import Evaluation, Result
from vc.recognition.speaking import check_speaker
from vc.recognition.tally import Tally
from vc.recognition.terms import DEPOSIT, EQUIVALENCE, NO_SECOND_TEST, WHOLE_TEST, Rule, Terms, read
from vc.recognition.wording import body

NOBODY: Names = MappingProxyType({})
"""No names: every body goes by its DID."""


def evaluate(
    source: Source,
    agreement: Agreement | Terms,
    *,
    members: Collection[str],
    at: datetime,
    account: Account | None = None,
    chosen: Collection[str] | None = None,
    names: Names = NOBODY,
) -> Evaluation:
    """Say what one agreement makes of one certificate.

    Args:
        source: The certificate and what was verified about it.
        agreement: One version with its state on the ledger, its document accepted by ``check_agreement``.
            Which version of an id counts is decided by ``recognise`` and ``in_force``.
        members: DIDs of the consortium's members at that moment.
        at: The moment; only whole seconds count.
        account: The learner's account; None: nobody's, so that credit is conditional and no limit is applied.
        chosen: Ids of the rules about credit that the learner wants; None: all.
        names: Names for the sentences.

    Returns:
        The evaluation. It depends on nothing but the arguments.

    Spec: CREDENTIALS.md, section 10.
    """
    terms = agreement if isinstance(agreement, Terms) else read(agreement)
    try:
        matching.check_accepted(source, terms, at=at.replace(microsecond=0))
    except Refused as refused:
        return _evaluation(terms, reason=refused.reason, lines=(Line(refused.sentence, refused.values),))
    application = Application(
        source=source,
        terms=terms,
        members=members,
        account=account,
        tally=None if account is None else Tally(account, source=source, terms=terms),
        chosen=chosen,
        names=names,
    )
    results = tuple(_in_order(application))
    return _evaluation(terms, reason=None, lines=tuple(result.line for result in results), results=results)


def _evaluation(
    terms: Terms,
    *,
    reason: str | None,
    lines: tuple[Mapping[str, str], ...],
    results: tuple[Result, ...] = (),
) -> Evaluation:
    return Evaluation(
        agreement_id=terms.agreement_id,
        version=terms.version,
        title=terms.title,
        since=terms.since,
        until=terms.until,
        accepted=reason is None,
        reason=reason,
        lines=lines,
        results=results,
        agreement=terms.agreement,
    )


def _in_order(application: Application) -> Iterator[Result]:
    """Ask the rules, deposits last, and give their results in the order of the document."""
    rules = application.terms.rules
    places = sorted(range(len(rules)), key=lambda place: rules[place].kind == DEPOSIT)
    found = {place: tuple(_of_rule(rules[place], application)) for place in places}
    for place in range(len(rules)):
        yield from found[place]


def _of_rule(rule: Rule, application: Application) -> Iterator[Result]:
    if not matching.matches(application.source.facts, rule.when):
        yield _refusal(rule, None, application, Refused("when"))
        return
    for party in rule.by:
        try:
            yield _of_party(rule, party, application)
        except Refused as refused:
            yield _refusal(rule, party, application, refused)


def _of_party(rule: Rule, party: str, application: Application) -> Result:
    check_speaker(
        party,
        rule=rule,
        terms=application.terms,
        members=application.members,
        issuer=application.source.facts.issuer_id,
    )
    said = {"rule": rule.rule_id, "by": body(party, application.names)}
    if rule.kind == EQUIVALENCE:
        line = Line("equivalent", {**said, "target": rule.target})
        return Result(rule.rule_id, party, "yes", "equivalent", rule.kind, line, target=rule.target)
    if rule.kind == NO_SECOND_TEST:
        part = None if rule.scope == WHOLE_TEST else rule.scope
        line = Line("waived", {**said, "purpose": rule.purpose, "scope": part})
        return Result(
            rule.rule_id, party, "yes", "waived", rule.kind, line, purpose=rule.purpose, scope=rule.scope
        )
    return _credited(rule, party, application, said)


def _credited(rule: Rule, party: str, application: Application, said: Mapping[str, Any]) -> Result:
    credit = credit_of(rule, party=party, application=application)
    reason = "available" if credit.conditional else "granted"
    course = rule.course
    values = {**said, "kind": rule.kind, "credits": credit.credits, "unit": rule.unit, "grade": credit.grade}
    if course is not None:
        values |= {"course": course.name, "programmes": course.programmes}
    return Result(
        rule=rule.rule_id,
        by=party,
        outcome="conditional" if credit.conditional else "yes",
        reason=reason,
        kind=rule.kind,
        line=Line(reason if course is not None else f"{reason}-deposit", values),
        credits=credit.credits,
        unit=rule.unit,
        course=course,
        college=None if course is None else party,
        grade=credit.grade,
        confirm=rule.confirm,
    )


def _refusal(rule: Rule, party: str | None, application: Application, refused: Refused) -> Result:
    values = {"rule": rule.rule_id, **refused.values}
    if party is not None:
        values["by"] = body(party, application.names)
    if values.get("bank") is not None:
        values["bank"] = body(values["bank"], application.names)
    if rule.course is not None:
        values["course"] = rule.course.name
    return Result(
        rule=rule.rule_id,
        by=party,
        outcome="no",
        reason=refused.reason,
        kind=rule.kind,
        line=Line(refused.sentence, values),
        course=rule.course,
        college=None if rule.course is None else party,
        target=rule.target,
        purpose=rule.purpose,
        scope=rule.scope,
    )
