"""The builder's form as a value: what somebody has filled in so far, complete or not.

A sheet is plain JSON: texts under the names of the form's fields, lists of texts where several may be chosen,
and rows (parties, rules, …) as lists of such. ``building`` makes a document of it, ``unbuilding`` a sheet of
a document. Every change of shape is a button that posts the whole form, so the page needs no script.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from issuer.agreements import levels

Sheet = dict[str, Any]

MOST_ROWS = 24
MOST_CHARS = 4_000

PLAIN: Final = (
    "short",
    "title_zh",
    "title_en",
    "objective_zh",
    "objective_en",
    "type",
    "codes",
    "achievement",
    "more_levels",
    "months",
    "awarded_from",
    "awarded_until",
    "waive",
    "learner_cap",
    "source_cap",
    "from",
    "until",
    "id",
    "version",
    "supersedes",
    "last_rule",
)
"""Fields of one text each."""

SEVERAL: Final = ("issuer", "levels")
"""Fields of which several values may be chosen."""

_WHEN = ("when_issuer", "when_codes", "when_levels", "when_achievement")
ROWS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "parties": (("id", "role", "duties_zh", "duties_en", "rights_zh", "rights_en"), ()),
    "rules": (
        (
            "rule",
            "family",
            "kind",
            "course",
            "course_code",
            "course_zh",
            "course_en",
            "programme",
            "credits_from",
            "credits",
            "hours",
            "unit",
            "unit_hours",
            "grade",
            "grade_fixed",
            "grade_result",
            "grade_bands",
            "confirm",
            "target_type",
            "target_system",
            "target_level",
            "target_achievement",
            "target_zh",
            "target_en",
            "purpose_zh",
            "purpose_en",
            "scope",
        ),
        ("by", *_WHEN),
    ),
    "rewards": (("to", "points"), ()),
    "penalties": (("to", "kind", "measure", "percent", "months"), ()),
    "occupation": (("framework", "edition", "code", "name"), ()),
}
"""Rows: the fields of one text each, and those of several."""

CREDIT, EQUIVALENCE, WAIVER = "credit", "equivalence", "waiver"
FAMILIES: Final = (CREDIT, EQUIVALENCE, WAIVER)
_NEW: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "add-party": ("parties", {}),
    "add-credit": (
        "rules",
        {"family": CREDIT, "kind": "免修", "unit": "credits", "unit_hours": "16", "confirm": "officer"},
    ),
    "add-equivalence": ("rules", {"family": EQUIVALENCE}),
    "add-waiver": ("rules", {"family": WAIVER, "scope": "全部"}),
    "add-reward": ("rewards", {"points": "1"}),
    "add-penalty": ("penalties", {}),
    "add-occupation": ("occupation", {"framework": "中华人民共和国职业分类大典", "edition": "2022"}),
}
ADDING: Final = tuple(_NEW)
_ROW_FIELD = re.compile(r"(parties|rules|rewards|penalties|occupation)-([0-9]{1,2})-([a-z_]+)")
_RULE = re.compile(r"[1-9][0-9]{0,4}")
_REMOVING = re.compile(r"remove-(parties|rules|rewards|penalties|occupation)-([0-9]{1,2})")


def blank(*, own: str) -> Sheet:
    """Return an empty sheet: this institution is a party, and there is room for another.

    Args:
        own: The institution's DID.
    """
    empty = read([])
    empty["parties"] = [_row("parties", {"id": own}), _row("parties", {})]
    empty["type"], empty["issuer"] = "SkillLevelCertificate", []
    return empty


def read(pairs: Iterable[tuple[str, str]]) -> Sheet:
    """Read a posted form; a name that the form does not have is left out, a long text cut.

    Args:
        pairs: Names and values in the order in which they were sent.
    """
    sheet: Sheet = {**dict.fromkeys(PLAIN, ""), **{name: [] for name in SEVERAL}}
    found: dict[str, dict[int, list[tuple[str, str]]]] = {name: {} for name in ROWS}
    for name, value in pairs:
        text = value.strip()[:MOST_CHARS].replace("\r\n", "\n")
        matched = _ROW_FIELD.fullmatch(name)
        if name in PLAIN:
            sheet[name] = text
        elif name in SEVERAL:
            sheet[name] = _added(sheet[name], text)
        elif matched:
            found[matched[1]].setdefault(int(matched[2]), []).append((matched[3], text))
    for name, numbered in found.items():
        sheet[name] = [_read_row(name, numbered[number]) for number in sorted(numbered)][:MOST_ROWS]
    return sheet


def change(sheet: Sheet, act: str, *, lowest: str = "") -> Sheet:
    """Return the sheet after a button: a row more, a row less, levels written out; else the sheet itself.

    Args:
        sheet: The sheet.
        act: The button's value.
        lowest: The level from which upwards ``up`` writes the codes out.
    """
    if act in _NEW:
        name, values = _NEW[act]
        if name == "rules":
            # A rule's number is never given twice, also over versions: a certificate may serve it once.
            number = last_rule(sheet) + 1
            sheet, values = {**sheet, "last_rule": str(number)}, {**values, "rule": f"R{number}"}
        return {**sheet, name: [*sheet[name], _row(name, values)][:MOST_ROWS]}
    matched = _REMOVING.fullmatch(act)
    if matched:
        name, number = matched[1], int(matched[2])
        return {**sheet, name: [row for place, row in enumerate(sheet[name]) if place != number]}
    if act == "up" and lowest in levels.CODES:
        return {**sheet, "levels": list(dict.fromkeys([*sheet["levels"], *levels.and_above(lowest)]))}
    return sheet


def last_rule(sheet: Sheet) -> int:
    """Return the highest number that a rule of this sheet, or of a version before it, ever had."""
    numbers = [sheet["last_rule"], *(row["rule"].removeprefix("R") for row in sheet["rules"])]
    return max((int(number) for number in numbers if _RULE.fullmatch(number)), default=0)


def split(text: str) -> list[str]:
    """Return the codes in a line of codes, each once: blanks, commas of both widths and 、 part them."""
    return list(dict.fromkeys(code for code in re.split(r"[\s,，、;；]+", text) if code))


def lines(text: str) -> list[str]:
    """Return the lines of a text that say something."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _row(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    plain, several = ROWS[name]
    return {**dict.fromkeys(plain, ""), **{each: [] for each in several}, **values}


def _read_row(name: str, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    plain, several = ROWS[name]
    row = _row(name, {})
    for field, text in pairs:
        if field in plain:
            row[field] = text
        elif field in several:
            row[field] = _added(row[field], text)
    return row


def _added(known: list[str], text: str) -> list[str]:
    return known if not text or text in known else [*known, text]
