"""What a schema cannot say about an agreement, named beside the field of the form that is to blame.

``vc.recognition.check_agreement`` decides; this only says it where somebody can mend it.

Spec: CREDENTIALS.md, section 10, "Beyond the schema a lint refuses".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from issuer.agreements.reading import Reading

COURSE_KINDS = ("免修", "学分置换", "成绩替代")
DEPOSIT = "存入"
WHEN = {
    "issuer": "when_issuer",
    "humanCode": "when_codes",
    "levelCode": "when_levels",
    "achievement": "when_achievement",
}
"""Conditions of a rule, and the fields in which they are chosen."""


def speakers(parties: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    """Return the DIDs of the parties for which a rule of a kind may speak (CREDENTIALS.md 10)."""
    wanted = "credit-bank" if kind == DEPOSIT else "recognising-"
    if kind in COURSE_KINDS:
        wanted = "recognising-college"
    found = [party["id"] for party in parties if party["id"] and party["role"].startswith(wanted)]
    return list(dict.fromkeys(found))


def lint(found: Reading, document: Mapping[str, Any]) -> None:
    """Name beside its field what the lint of section 10 would refuse.

    Args:
        found: Where problems are remembered; a field that has one keeps it.
        document: The document as far as it goes.
    """
    if not document["rules"]:
        found.wrong("rules", "rules")
    _lint_parties(found, document["parties"], document["rules"])
    accepts = document["accepts"]
    for place, rule in enumerate(document["rules"]):
        allowed = speakers(document["parties"], rule["kind"])
        if not allowed:
            found.wrong(f"rules-{place}-kind", "speaker")
        elif not set(rule.get("by", ())) <= set(allowed):
            found.wrong(f"rules-{place}-by", "by")
        for key, name in WHEN.items():
            asked = rule.get("when", {}).get(key, ())
            if key in accepts and not set(asked) <= set(accepts[key]):
                found.wrong(f"rules-{place}-{name}", "when")
    _lint_units(found, document["rules"])
    named = {party["id"] for party in document["parties"]}
    for key in ("rewards", "penalties"):
        for place, clause in enumerate(document.get(key, ())):
            if clause["to"] and clause["to"] not in named:
                found.wrong(f"{key}-{place}-to", "party")
    if document["effectiveUntil"] and document["effectiveFrom"] > document["effectiveUntil"]:
        found.wrong("until", "order")
    if {"awardedFrom", "awardedUntil"} <= set(accepts) and accepts["awardedFrom"] > accepts["awardedUntil"]:
        found.wrong("awarded_until", "order")


def _lint_parties(
    found: Reading, parties: Sequence[Mapping[str, Any]], rules: Sequence[Mapping[str, Any]]
) -> None:
    if len({party["id"] for party in parties if party["id"]}) < 2:
        found.wrong("parties", "two")
    seen: set[tuple[str, str]] = set()
    banks = 0
    for place, party in enumerate(parties):
        key = (party["id"], party["role"])
        if party["id"] and key in seen:
            found.wrong(f"parties-{place}-role", "twice")
        seen.add(key)
        banks += party["role"] == "credit-bank"
        if banks > 1:
            found.wrong(f"parties-{place}-role", "banks")
    if any("creditUnit" in rule for rule in rules) and not banks:
        found.wrong("parties", "bank")


def _lint_units(found: Reading, rules: Sequence[Mapping[str, Any]]) -> None:
    units = [(place, rule["creditUnit"]) for place, rule in enumerate(rules) if "creditUnit" in rule]
    for place, unit in units[1:]:
        if unit != units[0][1]:
            found.wrong(f"rules-{place}-unit", "unit")
