"""Recognition: who, by an agreement in force, accepts a certificate without a second test.

An agreement (schemas/RecognitionAgreement) is closed, declarative JSON. Evaluating it is a pure function of
the credential's facts, the agreement with its state on the ledger, the members, and a moment. This module
reads the rules of kind 免于重复认证 and the implied one of ``noSecondaryCertification``. Credit and
equivalence of levels are not evaluated yet; a waiver of part of a test (``scope`` 理论 or 实操) gives no
line, because its reader would still have to test.

Whether the credential verified is the caller's business: nothing is recognised unless it did.
"""

import calendar
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from schemas.catalogue import VOCABULARY
from vc import dates, structure
from vc.credentials import CredentialFacts
from vc.errors import AgreementError, InvalidDatetimeError, SchemaViolationError

AGREEMENT_SCHEMA = "https://w3id.org/vocred/schemas/RecognitionAgreement-v1.json"
NO_SECOND_TEST = "免于重复认证"
IMPLIED_RULE = "R0"
WHOLE_TEST = "全部"

_MATCHED = {
    "issuer": "issuer_id",
    "achievement": "achievement_id",
    "humanCode": "human_code",
    "levelCode": "level_code",
}


@dataclass(frozen=True)
class Agreement:
    """One version of an agreement with its state on the ledger.

    Attributes:
        document: The document whose digest the ledger holds.
        started: Time of the block that put this version in force.
        ended: Time of the block that ended it, or None.
        signed: The parties that signed this version.
    """

    document: Mapping[str, Any]
    started: datetime
    ended: datetime | None
    signed: Collection[str]


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


def in_force(agreements: Iterable[Agreement], *, at: datetime) -> list[Agreement]:
    """Return the agreements in force: of each id the highest version that has started, if it still runs.

    An expired version revives no older one, and a document that is malformed is never in force.
    """
    highest: dict[str, Agreement] = {}
    for agreement in agreements:
        try:
            check_agreement(agreement.document)
        except AgreementError:
            continue
        known = highest.get(agreement.document["id"])
        newer = known is None or known.document["version"] < agreement.document["version"]
        if newer and max(agreement.started, _moment(agreement, "effectiveFrom")) <= at:
            highest[agreement.document["id"]] = agreement
    return [
        agreement
        for _, agreement in sorted(highest.items())
        if at <= _moment(agreement, "effectiveUntil") and (agreement.ended is None or at < agreement.ended)
    ]


def check_agreement(document: Mapping[str, Any]) -> None:
    """Check an agreement's document: its schema, then what a schema cannot say.

    Raises:
        AgreementError: Which rule it breaks.

    Spec: CREDENTIALS.md, section 10, "Beyond the schema a lint refuses".
    """
    try:
        structure.check_schema(document, schema_url=AGREEMENT_SCHEMA)
    except SchemaViolationError as error:
        raise AgreementError(str(error)) from error
    parties, rules, accepts = document["parties"], document["rules"], document["accepts"]
    _check_unique((rule["id"] for rule in rules), "a rule's id occurs twice")
    _check_unique(((party["id"], party["role"]) for party in parties), "a party occurs twice in one role")
    if len({party["id"] for party in parties}) < 2:
        raise AgreementError("an agreement has at least two parties")
    _check_dates(document)
    _check_speakers(parties, rules)
    for rule in rules:
        for key, values in rule.get("when", {}).items():
            if key in accepts and not set(values) <= set(accepts[key]):
                raise AgreementError("a rule asks for something that the agreement does not accept")
    _check_credit(parties, rules)
    named = {party["id"] for party in parties}
    if any(clause["to"] not in named for key in ("rewards", "penalties") for clause in document.get(key, ())):
        raise AgreementError("a reward or penalty goes to no party")
    _check_succession(document)


def last_day(awarded: date, *, months: int) -> date:
    """Return the last day on which a certificate of that day is at most ``months`` old.

    The corresponding day of the later month counts; where there is none, the month's last day.
    """
    year, month = divmod(awarded.year * 12 + awarded.month - 1 + months, 12)
    return date(year, month + 1, min(awarded.day, calendar.monthrange(year, month + 1)[1]))


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
    recognising = _recognising(document["parties"])
    for rule in _rules(document):
        if rule.get("scope", WHOLE_TEST) != WHOLE_TEST or not _matches(facts, rule.get("when", {})):
            continue
        for party in rule.get("by", recognising):
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


def _recognising(parties: Sequence[Mapping[str, Any]]) -> list[str]:
    found = [party["id"] for party in parties if party["role"].startswith("recognising-")]
    return list(dict.fromkeys(found))


def _moment(agreement: Agreement, key: str) -> datetime:
    return dates.parse(agreement.document[key])


def _check_unique(values: Iterable[object], message: str) -> None:
    listed = list(values)
    if len(set(listed)) != len(listed):
        raise AgreementError(message)


def _check_dates(document: Mapping[str, Any]) -> None:
    accepts = document["accepts"]
    try:
        if dates.parse(document["effectiveFrom"]) > dates.parse(document["effectiveUntil"]):
            raise AgreementError("effectiveUntil lies before effectiveFrom")
    except InvalidDatetimeError as error:
        raise AgreementError("the agreement's dates are malformed") from error
    if {"awardedFrom", "awardedUntil"} <= set(accepts) and accepts["awardedFrom"] > accepts["awardedUntil"]:
        raise AgreementError("awardedUntil lies before awardedFrom")


def _check_speakers(parties: Sequence[Mapping[str, Any]], rules: Sequence[Mapping[str, Any]]) -> None:
    by_role: dict[str, set[str]] = {}
    for party in parties:
        by_role.setdefault(party["role"], set()).add(party["id"])
    speakers = {
        "存入": by_role.get("credit-bank", set()),
        **{kind: by_role.get("recognising-college", set()) for kind in ("免修", "学分置换", "成绩替代")},
        **{kind: set(_recognising(parties)) for kind in ("等级等效", NO_SECOND_TEST)},
    }
    for rule in rules:
        if not speakers[rule["kind"]] or not set(rule.get("by", ())) <= speakers[rule["kind"]]:
            raise AgreementError("a rule speaks for somebody who is no party in that role")


def _check_credit(parties: Sequence[Mapping[str, Any]], rules: Sequence[Mapping[str, Any]]) -> None:
    units = {rule["creditUnit"] for rule in rules if "creditUnit" in rule}
    banks = [party["id"] for party in parties if party["role"] == "credit-bank"]
    if len(units) > 1:
        raise AgreementError("an agreement counts in one unit of credit")
    if len(banks) > 1 or (units and not banks):
        raise AgreementError("an agreement about credit has exactly one credit bank")


def _check_succession(document: Mapping[str, Any]) -> None:
    named = document.get("supersedes")
    if named is None:
        return
    identifier, _, version = named.partition("#")
    if identifier != document["id"] or int(version) >= document["version"]:
        raise AgreementError("supersedes names another agreement or a later version")
