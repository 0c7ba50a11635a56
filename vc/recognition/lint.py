"""What an agreement's document has to be before anybody may vote on it.

First the schema, then what a schema cannot say: who may speak, that every rule can apply, one unit, one
credit bank, dates in order, and the version that it follows. A document that breaks any of it is never in
force. Nothing is refused for being unwise.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vc import dates
from vc.errors import AgreementError, InvalidDatetimeError
from vc.recognition.findings import AGREEMENT_SCHEMA, Finding, finding, schema_findings
from vc.recognition.terms import parties_by_kind

__all__ = ["AGREEMENT_SCHEMA", "Finding", "check_agreement", "lint"]


def check_agreement(document: Mapping[str, Any], *, earlier: Iterable[Mapping[str, Any]] = ()) -> None:
    """Check an agreement's document: its schema, then what a schema cannot say.

    Args:
        document: The document.
        earlier: Documents of earlier versions of the same agreement, as far as they are known.

    Raises:
        AgreementError: Which rule it breaks, the first of them.

    Spec: CREDENTIALS.md, section 10, "Beyond the schema a lint refuses".
    """
    for found in _findings(document, earlier):
        raise AgreementError(f"{found.where or 'the document'}: {found.text['en']}")


def lint(document: Mapping[str, Any], *, earlier: Iterable[Mapping[str, Any]] = ()) -> tuple[Finding, ...]:
    """Return everything that ``check_agreement`` would refuse, each with its place; empty if nothing.

    What the schema does not say is looked at only in a document that the schema accepts.
    """
    return tuple(_findings(document, earlier))


def _findings(document: Mapping[str, Any], earlier: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    broken = False
    for found in schema_findings(document):
        broken = True
        yield found
    if broken:
        return
    yield from _dates(document)
    yield from _parties(document["parties"])
    yield from _rules(document)
    yield from _credit(document)
    yield from _beneficiaries(document)
    yield from _succession(document, earlier)


def _dates(document: Mapping[str, Any]) -> Iterator[Finding]:
    moments = []
    for key in ("effectiveFrom", "effectiveUntil"):
        try:
            moments.append(dates.parse(document[key]))
        except InvalidDatetimeError:
            yield finding([key], "value", "没有这样的日期和时间。", "There is no such date and time.")
    if len(moments) == 2 and moments[0] > moments[1]:
        yield finding(
            ["effectiveUntil"], "dates", "终止日期早于生效日期。", "It ends before it takes effect."
        )
    first, last = (document["accepts"].get(key) for key in ("awardedFrom", "awardedUntil"))
    if first is not None and last is not None and first > last:
        yield finding(
            ["accepts", "awardedUntil"],
            "dates",
            "最晚发证日期早于最早发证日期。",
            "The last day of award lies before the first.",
        )


def _parties(parties: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    seen = set()
    for place, party in enumerate(parties):
        if (party["id"], party["role"]) in seen:
            yield finding(
                ["parties", place],
                "party-twice",
                "同一主体以同一角色出现两次。",
                "A party stands here twice in one role.",
            )
        seen.add((party["id"], party["role"]))
    if len({party["id"] for party in parties}) < 2:
        yield finding(
            ["parties"], "too-few", "协议至少有两个不同的主体。", "An agreement has two parties or more."
        )


def _rules(document: Mapping[str, Any]) -> Iterator[Finding]:
    speakers, seen = parties_by_kind(document["parties"]), set()
    for place, rule in enumerate(document["rules"]):
        if rule["id"] in seen:
            yield finding(["rules", place, "id"], "rule-twice", "规则编号重复。", "Two rules have this id.")
        seen.add(rule["id"])
        allowed = speakers[rule["kind"]]
        if not allowed or not set(rule.get("by", ())) <= set(allowed):
            yield finding(
                ["rules", place, "by"],
                "speaker",
                "规则代表的主体不是协议中可作此承认的一方。",
                "The rule speaks for a body that is no party in a role that may say so.",
            )
        for key, values in rule.get("when", {}).items():
            accepted = document["accepts"].get(key)
            if accepted is not None and not set(values) <= set(accepted):
                yield finding(
                    ["rules", place, "when", key],
                    "never",
                    "规则要求的内容不在协议承认的范围内，永远不会适用。",
                    "The rule asks for something that the agreement does not accept: it would never apply.",
                )
        yield from _bands(place, rule)


def _bands(place: int, rule: Mapping[str, Any]) -> Iterator[Finding]:
    bands = rule.get("grade", {}).get("bands", ())
    if max(Counter(band["min"] for band in bands).values(), default=1) > 1:
        yield finding(
            ["rules", place, "grade", "bands"],
            "bands",
            "两档成绩的下限相同。",
            "Two bands start at the same mark.",
        )


def _credit(document: Mapping[str, Any]) -> Iterator[Finding]:
    banks = _banks(document)
    if len(_units(document)) > 1:
        yield finding(
            ["rules"],
            "units",
            "一份协议只用一种学分单位。",
            "An agreement counts in one unit of credit.",
        )
    if len(banks) > 1 or (_units(document) and not banks):
        yield finding(
            ["parties"],
            "bank",
            "涉及学分的协议须有且只有一个学分银行。",
            "An agreement about credit has one credit bank, and no more.",
        )


def _beneficiaries(document: Mapping[str, Any]) -> Iterator[Finding]:
    named = {party["id"] for party in document["parties"]}
    for key in ("rewards", "penalties"):
        for place, clause in enumerate(document.get(key, ())):
            if clause["to"] not in named:
                yield finding(
                    [key, place, "to"],
                    "no-party",
                    "奖励或惩戒的对象不是协议的一方。",
                    "The reward or penalty goes to no party.",
                )


def _succession(document: Mapping[str, Any], earlier: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    named = document.get("supersedes")
    if named is not None:
        identifier, _, version = named.partition("#")
        # No agreement has a billion versions, and longer numbers are not read at all.
        later = len(version) > 9 or int(version) >= document["version"]
        if identifier != document["id"] or later:
            yield finding(
                ["supersedes"],
                "supersedes",
                "只能取代同一协议的更早版本。",
                "Only an earlier version of the same agreement can be superseded.",
            )
    # One account counts all versions together, so none may count otherwise or be kept elsewhere.
    for before in earlier:
        if len(_units(document) | _units(before)) > 1:
            yield finding(
                ["rules"],
                "units",
                "学分单位与本协议以前的版本不同；不同单位不做换算。",
                "An earlier version counts in another unit of credit; units are never converted.",
            )
        if len(_banks(document) | _banks(before)) > 1:
            yield finding(
                ["parties"],
                "bank",
                "学分银行与本协议以前的版本不同。",
                "An earlier version has another credit bank.",
            )


def _units(document: Mapping[str, Any]) -> set[str]:
    return {rule["creditUnit"] for rule in document["rules"] if "creditUnit" in rule}


def _banks(document: Mapping[str, Any]) -> set[str]:
    return {party["id"] for party in document["parties"] if party["role"] == "credit-bank"}
