"""From a place in a document to the field of the form in which it was filled in."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

COURSE_KINDS: Final = ("免修", "学分置换", "成绩替代")
DEPOSIT: Final = "存入"
WHEN: Final[Mapping[str, str]] = {
    "issuer": "when_issuer",
    "humanCode": "when_codes",
    "levelCode": "when_levels",
    "achievement": "when_achievement",
}
"""Conditions of a rule, and the fields in which they are chosen."""

_ACCEPTS: Final = {
    "credentialType": "type",
    "issuer": "issuer",
    "humanCode": "codes",
    "levelCode": "levels",
    "achievement": "achievement",
    "maxAgeMonths": "months",
    "awardedFrom": "awarded_from",
    "awardedUntil": "awarded_until",
    "noSecondaryCertification": "waive",
}
_LIMITS: Final = {"maxCreditsPerLearner": "learner_cap", "maxCreditsPerSource": "source_cap"}
_TOP: Final = {"effectiveFrom": "from", "effectiveUntil": "until", "id": "short"}
_RULE: Final = {
    "": "kind",
    "id": "kind",
    "creditUnit": "unit",
    "target/course": "course",
    "target/courseCode": "course_code",
    "target/courseName": "course_zh",
    "target/programme": "programme",
    "target/credentialType": "target_type",
    "target/qualificationSystem": "target_system",
    "target/levelCode": "target_level",
    "target/achievement": "target_achievement",
    "target/name": "target_zh",
    "purpose": "purpose_zh",
    "grade/fixed": "grade_fixed",
    "grade/from": "grade_result",
    "grade/bands": "grade_bands",
    "credits/hoursPerCredit": "hours",
    **{f"when/{key}": name for key, name in WHEN.items()},
}
_ROW: Final = {
    "parties": {"": "id", "duties": "duties_zh", "rights": "rights_zh"},
    "rules": _RULE,
    "rewards": {"": "to", "perConversion": "points"},
    "penalties": {"": "to", "overPercent": "percent"},
    "occupation": {"": "name"},
}
_LANGUAGES: Final = {"zh-CN": "zh", "en": "en"}


def field_of(where: str) -> str:
    """Return the name of the form's field for a place such as ``rules/0/target/courseCode``.

    The name of a part stands for the whole of it (``parties``); empty: no field is to blame.
    """
    head, _, rest = where.partition("/")
    number, _, inside = rest.partition("/")
    if head in _ROW and number.isdecimal():
        return f"{head}-{number}-{_inside(_ROW[head], inside)}"
    if head in {"title", "objective"}:
        return f"{head}_{_LANGUAGES.get(rest, 'zh')}"
    if head == "accepts":
        return _ACCEPTS.get(number, "type")
    if head == "limits":
        return _LIMITS.get(number, "learner_cap")
    return _TOP.get(head, head)


def speakers(parties: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    """Return the DIDs of the parties in whose name a rule of a kind may speak (CREDENTIALS.md 10).

    Args:
        parties: Rows of a sheet, or parties of a document.
        kind: The rule's kind.
    """
    wanted = "credit-bank" if kind == DEPOSIT else "recognising-"
    if kind in COURSE_KINDS:
        wanted = "recognising-college"
    found = [party["id"] for party in parties if party["id"] and party["role"].startswith(wanted)]
    return list(dict.fromkeys(found))


def _inside(names: Mapping[str, str], inside: str) -> str:
    """Return the field for a place inside a row: the longest known beginning of it."""
    steps = inside.split("/")
    for count in range(len(steps), 0, -1):
        known = names.get("/".join(steps[:count]))
        if known is not None:
            language = _LANGUAGES.get(steps[-1], "")
            return f"{known.removesuffix('_zh')}_{language}" if known.endswith("_zh") and language else known
    return steps[0] if steps[0].isalpha() and steps[0] != "target" else names.get("", "kind")
