"""Whether an agreement accepts a certificate at all: in force, valid, of the right kind, and young enough.

Keys are joined by AND, their values by OR, and compared as bytes: levels have no order, and there is no
wildcard. The checks are made in the order in which a reader would ask.
"""

import calendar
from datetime import date, datetime
from functools import lru_cache

from vc import dates
from vc.credentials import CredentialFacts
from vc.recognition.model import Source
from vc.recognition.refusals import Refused
from vc.recognition.terms import Terms, Wanted

GRADUATION = "GraduationCertificate"
PASSED = "毕业"
NOT_PASSED = "结业"

_REASONS = {"achievement_id": "achievement", "human_code": "code", "level_code": "level"}


def check_accepted(source: Source, terms: Terms, *, at: datetime) -> None:
    """Check that an agreement is in force and accepts a certificate.

    Args:
        source: The certificate.
        terms: The agreement.
        at: The moment, in whole seconds.

    Raises:
        Refused: The first reason why not.

    Spec: CREDENTIALS.md, section 10, "Moment" and "Matching".
    """
    _check_in_force(terms, at=at)
    _check_form(source, at=at)
    facts = source.facts
    if facts.credential_type != terms.credential_type:
        raise Refused("type")
    if facts.issuer_id not in terms.issuers:
        raise Refused("issuer")
    for fact, values in terms.wanted:
        if getattr(facts, fact) not in values:
            raise Refused(_REASONS[fact], x=getattr(facts, fact) or "—")
    _check_age(facts, terms, at=at)


def matches(facts: CredentialFacts, wanted: Wanted) -> bool:
    """Return whether a certificate has what a rule's ``when`` asks."""
    for fact, values in wanted:  # noqa: SIM110 - asked thousands of times; a generator costs as much again
        if getattr(facts, fact) not in values:
            return False
    return True


@lru_cache(maxsize=1_024)  # one certificate is asked of many agreements with the same age
def last_day(awarded: date, *, months: int) -> date:
    """Return the last day on which a certificate of that day is at most ``months`` old.

    The corresponding day of the later month counts; where there is none, the month's last day.
    """
    year, month = divmod(awarded.year * 12 + awarded.month - 1 + months, 12)
    return date(year, month + 1, min(awarded.day, calendar.monthrange(year, month + 1)[1]))


def _check_in_force(terms: Terms, *, at: datetime) -> None:
    # The first and the last second are inside; an ended agreement is out at its block's second itself.
    if at < terms.since:
        raise Refused("not-yet", d=terms.since)
    ended = terms.agreement.ended
    if ended is not None and at >= ended:
        raise Refused("ended", d=ended)
    if at > terms.until:
        raise Refused("expired", d=terms.until)


def _check_form(source: Source, *, at: datetime) -> None:
    if source.verdict not in ("valid", "note"):
        raise Refused("verdict")
    facts = source.facts
    if facts.valid_until is not None and at > facts.valid_until:
        raise Refused("outside-validity", sentence="validity-over", d=facts.valid_until)
    if facts.valid_from is not None and at < facts.valid_from:
        raise Refused("outside-validity", sentence="validity-ahead", d=facts.valid_from)
    if not source.complete:
        raise Refused("incomplete")
    graduated = facts.conclusion == PASSED or facts.credential_type != GRADUATION
    if facts.conclusion == NOT_PASSED or not graduated:
        raise Refused("not-passed")


def _check_age(facts: CredentialFacts, terms: Terms, *, at: datetime) -> None:
    if facts.awarded is None:
        # The date from which this version holds never stands in for the date of award.
        if (terms.max_age_months, terms.awarded_from, terms.awarded_until) != (None, None, None):
            raise Refused("no-award-date")
        return
    if facts.awarded > at:
        raise Refused("not-yet-awarded", d=facts.awarded)
    # Days are calendar days in China, whatever offset the certificate was written with.
    awarded, today = facts.awarded.astimezone(dates.CHINA).date(), at.astimezone(dates.CHINA).date()
    if terms.max_age_months is not None:
        last = last_day(awarded, months=terms.max_age_months)
        if today > last:
            raise Refused("too-old", n=terms.max_age_months, d=last)
    if terms.awarded_from is not None and awarded < terms.awarded_from:
        raise Refused("awarded-too-early", d=terms.awarded_from)
    if terms.awarded_until is not None and awarded > terms.awarded_until:
        raise Refused("awarded-too-late", d=terms.awarded_until)
