"""An agreement's document read once: dates parsed, parties sorted by what they may say, rules as values.

``evaluate`` reads the terms anew for every agreement that it is given as a document; who evaluates many
certificates or many agreements keeps them (``vc.recognition.prepared``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from schemas.catalogue import VOCABULARY
from vc import dates
from vc.recognition.model import Agreement, Course, Target, Text
from vc.recognition.results import Confirmation

DEPOSIT = "存入"
COURSE_KINDS = ("免修", "学分置换", "成绩替代")
EQUIVALENCE = "等级等效"
NO_SECOND_TEST = "免于重复认证"
IMPLIED_RULE = "R0"
WHOLE_TEST = "全部"

_MATCHED = {
    "issuer": "issuer_id",
    "achievement": "achievement_id",
    "humanCode": "human_code",
    "levelCode": "level_code",
}
"""Keys of ``accepts`` and ``when``, in the order in which they are compared, and the facts that they name."""

Wanted = tuple[tuple[str, frozenset[str]], ...]


@dataclass(frozen=True)
class Rule:
    """One rule as it is evaluated.

    Attributes:
        rule_id: Its id.
        kind: Its kind.
        by: The parties in whose name it speaks, in order.
        when: Facts that it wants, and their values.
        credits: A number, or from what of the certificate it is reckoned; None unless it is about credit.
        unit: The unit of credit.
        course: The course, unless it is a deposit.
        grade: Where the grade comes from.
        confirm: Whether the bank may register it at once.
        target: The level that is equivalent.
        purpose: What a certificate is accepted for.
        scope: Which part of the test is waived.
    """

    rule_id: str
    kind: str
    by: tuple[str, ...]
    when: Wanted = ()
    credits: float | Mapping[str, Any] | None = None
    unit: str | None = None
    course: Course | None = None
    grade: Mapping[str, Any] | None = None
    confirm: Confirmation = "officer"
    target: Target | None = None
    purpose: Text | None = None
    scope: str | None = None


@dataclass(frozen=True)
class Terms:
    """One version of an agreement as it is evaluated.

    Attributes:
        agreement: What was read.
        agreement_id: Its URN.
        version: Its version.
        title: Its title.
        since: From when it is in force.
        until: Its last moment.
        credential_type: The one type that it accepts, without the vocabulary.
        issuers: Whose certificates it accepts.
        wanted: Further facts that it wants, and their values.
        max_age_months: How old a certificate may be, or None.
        awarded_from: First day of award that is accepted, or None.
        awarded_until: Last day, or None.
        rules: The rules in order, the implied one last.
        bank: DID of the credit bank, or None.
        max_per_learner: Most credits of one learner, or None.
        max_per_source: Most credits out of one certificate at one college, or None.
    """

    agreement: Agreement
    agreement_id: str
    version: int
    title: Text
    since: datetime
    until: datetime
    credential_type: str
    issuers: frozenset[str]
    wanted: Wanted
    max_age_months: int | None
    awarded_from: date | None
    awarded_until: date | None
    rules: tuple[Rule, ...]
    bank: str | None
    max_per_learner: float | None
    max_per_source: float | None


def read(agreement: Agreement) -> Terms:
    """Read an agreement whose document ``check_agreement`` accepts."""
    document = agreement.document
    accepts, limits = document["accepts"], document.get("limits", {})
    speakers = parties_by_kind(document["parties"])
    return Terms(
        agreement=agreement,
        agreement_id=document["id"],
        version=int(document["version"]),
        title=document["title"],
        since=max(agreement.started, dates.parse(document["effectiveFrom"])),
        until=dates.parse(document["effectiveUntil"]),
        credential_type=accepts["credentialType"].removeprefix(VOCABULARY),
        issuers=frozenset(accepts["issuer"]),
        wanted=tuple(pair for pair in _wanted(accepts) if pair[0] != "issuer_id"),
        max_age_months=accepts.get("maxAgeMonths"),
        awarded_from=_day(accepts.get("awardedFrom")),
        awarded_until=_day(accepts.get("awardedUntil")),
        rules=tuple(_rule(rule, speakers[rule["kind"]]) for rule in written_rules(document)),
        bank=next(iter(speakers[DEPOSIT]), None),
        max_per_learner=limits.get("maxCreditsPerLearner"),
        max_per_source=limits.get("maxCreditsPerSource"),
    )


def parties_by_kind(parties: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return who may speak in a rule of each kind, in the order of the parties."""
    bank = _in_role(parties, "credit-bank")
    colleges = _in_role(parties, "recognising-college")
    recognising = _in_role(parties, "recognising-")
    return {
        DEPOSIT: bank,
        **dict.fromkeys(COURSE_KINDS, colleges),
        EQUIVALENCE: recognising,
        NO_SECOND_TEST: recognising,
    }


def written_rules(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the rules as written, and the implied one where ``noSecondaryCertification`` adds it."""
    rules = list(document["rules"])
    written = any(rule["kind"] == NO_SECOND_TEST for rule in rules)
    if document["accepts"].get("noSecondaryCertification") and not written:
        rules.append({"id": IMPLIED_RULE, "kind": NO_SECOND_TEST})
    return rules


def _in_role(parties: Sequence[Mapping[str, Any]], role: str) -> tuple[str, ...]:
    found = [party["id"] for party in parties if party["role"].startswith(role)]
    return tuple(dict.fromkeys(found))


def _rule(rule: Mapping[str, Any], speakers: tuple[str, ...]) -> Rule:
    kind = rule["kind"]
    target = rule.get("target")
    return Rule(
        rule_id=rule["id"],
        kind=kind,
        by=tuple(rule.get("by", speakers)),
        when=_wanted(rule.get("when", {})),
        credits=rule.get("credits"),
        unit=rule.get("creditUnit"),
        course=None if target is None or kind not in COURSE_KINDS else _course(target),
        grade=rule.get("grade"),
        confirm=rule.get("confirm", "officer"),
        target=None if target is None or kind != EQUIVALENCE else _target(target),
        purpose=rule.get("purpose"),
        scope=rule.get("scope", WHOLE_TEST) if kind == NO_SECOND_TEST else None,
    )


def _course(target: Mapping[str, Any]) -> Course:
    return Course(
        code=target["courseCode"],
        name=target["courseName"],
        url=target.get("course"),
        programmes=tuple(target.get("programme", ())),
    )


def _target(target: Mapping[str, Any]) -> Target:
    return Target(
        credential_type=target["credentialType"],
        qualification_system=target["qualificationSystem"],
        level_code=target["levelCode"],
        achievement=target.get("achievement"),
        name=target.get("name"),
    )


def _wanted(clause: Mapping[str, Any]) -> Wanted:
    return tuple((fact, frozenset(clause[key])) for key, fact in _MATCHED.items() if key in clause)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
