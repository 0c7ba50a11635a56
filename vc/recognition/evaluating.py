"""The one evaluation: a certificate, an agreement, an account or nobody's, a moment; results and sentences.

The order is that of a reader's questions: does the agreement accept the certificate (``matching``); does a
rule apply to it; for whom does the rule speak (``speaking``); and for credit: may this learner have it, how
much is it, and does it fit under the limits (``crediting``). A "no" is a result with its reason.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from functools import lru_cache

from vc.recognition import matching
from vc.recognition.crediting import Application, credit_of
from vc.recognition.model import Account, Agreement, Names, Source
from vc.recognition.refusals import Refused
from vc.recognition.results import NOBODY, Evaluation, Result
from vc.recognition.speaking import check_speaker
from vc.recognition.tally import Tally
from vc.recognition.terms import DEPOSIT, EQUIVALENCE, NO_SECOND_TEST, Rule, Terms, read


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
        return _evaluation(terms, refused=refused)
    application = Application(
        source=source,
        terms=terms,
        members=members,
        account=account,
        tally=None if account is None else Tally(account, source=source, terms=terms),
        chosen=chosen,
        names=names,
    )
    return _evaluation(terms, results=tuple(_in_order(application)))


def _evaluation(
    terms: Terms, *, results: tuple[Result, ...] = (), refused: Refused | None = None
) -> Evaluation:
    return Evaluation(
        agreement_id=terms.agreement_id,
        version=terms.version,
        title=terms.title,
        since=terms.since,
        until=terms.until,
        accepted=refused is None,
        reason=None if refused is None else refused.reason,
        results=results,
        agreement=terms.agreement,
        sentence=None if refused is None else refused.sentence,
        details=None if refused is None else refused.values,
    )


def _in_order(application: Application) -> Iterable[Result]:
    """Ask the rules, deposits last, and give their results in the order of the document."""
    rules = application.terms.rules
    deposits = [place for place, rule in enumerate(rules) if rule.kind == DEPOSIT]
    if not deposits:
        return [result for rule in rules for result in _of_rule(rule, application)]
    places = [place for place in range(len(rules)) if place not in deposits] + deposits
    found = {place: list(_of_rule(rules[place], application)) for place in places}
    return [result for place in range(len(rules)) for result in found[place]]


def _of_rule(rule: Rule, application: Application) -> Iterator[Result]:
    if not matching.matches(application.source.facts, rule.when):
        yield _not_meant(rule.rule_id, rule.kind)
        return
    for party in rule.by:
        try:
            yield _of_party(rule, party, application)
        except Refused as refused:
            yield _refusal(rule, party, application, refused)


@lru_cache(maxsize=256)  # most rules of most agreements mean other certificates
def _not_meant(rule_id: str, kind: str) -> Result:
    return Result(rule=rule_id, by=None, outcome="no", reason="when", kind=kind)


def _of_party(rule: Rule, party: str, application: Application) -> Result:
    check_speaker(
        party,
        rule=rule,
        terms=application.terms,
        members=application.members,
        issuer=application.source.facts.issuer_id,
    )
    if rule.kind not in (EQUIVALENCE, NO_SECOND_TEST):
        return _credited(rule, party, application)
    reason = "equivalent" if rule.kind == EQUIVALENCE else "waived"
    return Result(
        rule=rule.rule_id,
        by=party,
        outcome="yes",
        reason=reason,
        kind=rule.kind,
        target=rule.target,
        purpose=rule.purpose,
        scope=rule.scope,
        sentence=reason,
        names=application.names,
    )


def _credited(rule: Rule, party: str, application: Application) -> Result:
    credit = credit_of(rule, party=party, application=application)
    reason = "available" if credit.conditional else "granted"
    return Result(
        rule=rule.rule_id,
        by=party,
        outcome="conditional" if credit.conditional else "yes",
        reason=reason,
        kind=rule.kind,
        credits=credit.credits,
        unit=rule.unit,
        course=rule.course,
        college=None if rule.course is None else party,
        grade=credit.grade,
        confirm=rule.confirm,
        sentence=reason if rule.course is not None else f"{reason}-deposit",
        names=application.names,
    )


def _refusal(rule: Rule, party: str, application: Application, refused: Refused) -> Result:
    return Result(
        rule=rule.rule_id,
        by=party,
        outcome="no",
        reason=refused.reason,
        kind=rule.kind,
        course=rule.course,
        college=None if rule.course is None else party,
        target=rule.target,
        purpose=rule.purpose,
        scope=rule.scope,
        sentence=refused.sentence,
        details=refused.values,
        names=application.names,
    )
