"""What an agreement's document has to be before anybody may vote on it.

First the schema, then what a schema cannot say. A document that breaks either is never in force.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vc import dates, structure
from vc.errors import AgreementError, InvalidDatetimeError, SchemaViolationError

AGREEMENT_SCHEMA = "https://w3id.org/vocred/schemas/RecognitionAgreement-v1.json"
NO_SECOND_TEST = "免于重复认证"


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
        **{kind: set(recognising(parties)) for kind in ("等级等效", NO_SECOND_TEST)},
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


def recognising(parties: Sequence[Mapping[str, Any]]) -> list[str]:
    found = [party["id"] for party in parties if party["role"].startswith("recognising-")]
    return list(dict.fromkeys(found))
