"""The bodies that ask for no second test: an older question, answered by ``recognise`` as well.

A waiver of part of a test (``scope`` 理论 or 实操) gives no line here, because its reader would still have to
test. Whether the credential verified is the caller's business: nothing is recognised unless it did.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from schemas.catalogue import VOCABULARY
from vc import dates
from vc.credentials import CredentialFacts
from vc.recognition.matching import last_day
from vc.recognition.model import Agreement
from vc.recognition.preparing import in_force
from vc.recognition.terms import NO_SECOND_TEST, parties_by_kind

IMPLIED_RULE = "R0"
WHOLE_TEST = "全部"

_MATCHED = {
    "issuer": "issuer_id",
    "achievement": "achievement_id",
    "humanCode": "human_code",
    "levelCode": "level_code",
}


@dataclass(frozen=True)
class Waiver:
    """One party that asks for no second test.

    Attributes:
        agreement_id: The agreement's URN.
        version: Its version.
        title: Its title by language.
        rule: Id of the rule, R0 for the implied one.
        party: DID of the party that recognises.
        purpose: What the certificate is accepted for, by language; None for everything.
        until: Last moment of the agreement.
    """

    agreement_id: str
    version: int
    title: Mapping[str, str]
    rule: str
    party: str
    purpose: Mapping[str, str] | None
    until: datetime


def waived(
    facts: CredentialFacts, *, agreements: Iterable[Agreement], members: Collection[str], at: datetime
) -> tuple[Waiver, ...]:
    """Return who accepts a valid credential without a second test.

    Args:
        facts: What the credential states.
        agreements: Every version that may be in force, in any order.
        members: DIDs of the consortium's members now.
        at: The moment, to the second.

    Returns:
        One waiver for each party and rule, in the order of agreements and rules. A document that is malformed
        or holds a member that is not understood gives none.

    Spec: CREDENTIALS.md, section 10.
    """
    moment = at.replace(microsecond=0)
    if facts.conclusion == "结业" or not _within(facts, moment):
        return ()
    found: list[Waiver] = []
    for agreement in in_force(agreements, at=moment):
        if _accepted(facts, agreement.document["accepts"], at=moment):
            found.extend(_waivers(facts, agreement, members))
    return tuple(found)


def _within(facts: CredentialFacts, at: datetime) -> bool:
    return (facts.valid_from is None or facts.valid_from <= at) and (
        facts.valid_until is None or at <= facts.valid_until
    )


def _accepted(facts: CredentialFacts, accepts: Mapping[str, Any], *, at: datetime) -> bool:
    if facts.credential_type is None or VOCABULARY + facts.credential_type != accepts["credentialType"]:
        return False
    return _matches(facts, accepts) and _age_accepted(facts, accepts, at=at)


def _matches(facts: CredentialFacts, wanted: Mapping[str, Any]) -> bool:
    # Keys join by AND, values by OR, equality of bytes: no order of levels, no wildcard.
    return all(
        getattr(facts, attribute) in wanted[key] for key, attribute in _MATCHED.items() if key in wanted
    )


def _age_accepted(facts: CredentialFacts, accepts: Mapping[str, Any], *, at: datetime) -> bool:
    asked = {"maxAgeMonths", "awardedFrom", "awardedUntil"} & set(accepts)
    if facts.awarded is None:
        return not asked
    if facts.awarded > at:
        return False
    # Days are calendar days in China, whatever offset the credential was written with.
    awarded, today = facts.awarded.astimezone(dates.CHINA).date(), at.astimezone(dates.CHINA).date()
    if "maxAgeMonths" in accepts and today > last_day(awarded, months=accepts["maxAgeMonths"]):
        return False
    earliest, latest = accepts.get("awardedFrom"), accepts.get("awardedUntil")
    return (earliest is None or date.fromisoformat(earliest) <= awarded) and (
        latest is None or awarded <= date.fromisoformat(latest)
    )


def _waivers(facts: CredentialFacts, agreement: Agreement, members: Collection[str]) -> Iterable[Waiver]:
    document = agreement.document
    parties = parties_by_kind(document["parties"])[NO_SECOND_TEST]
    for rule in _rules(document):
        if rule.get("scope", WHOLE_TEST) != WHOLE_TEST or not _matches(facts, rule.get("when", {})):
            continue
        for party in rule.get("by", parties):
            speaks = party in members and party in agreement.signed
            # A body does not recognise its own certificate.
            if speaks and party != facts.issuer_id:
                yield Waiver(
                    agreement_id=document["id"],
                    version=document["version"],
                    title=document["title"],
                    rule=rule["id"],
                    party=party,
                    purpose=rule.get("purpose"),
                    until=_moment(agreement, "effectiveUntil"),
                )


def _rules(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    written = [rule for rule in document["rules"] if rule["kind"] == NO_SECOND_TEST]
    if not written and document["accepts"].get("noSecondaryCertification"):
        return [{"id": IMPLIED_RULE, "kind": NO_SECOND_TEST}]
    return written


def _moment(agreement: Agreement, key: str) -> datetime:
    return dates.parse(agreement.document[key])
