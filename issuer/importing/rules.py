"""One row at a time: its cells are compared with one another.

A cell that already refuses the row, or is blank, is compared with nothing: one mistake gives one finding.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from issuer.importing.content import Note, Surroundings
from issuer.importing.row_checks import (
    PASS_MARK,
    Located,
    Row,
    award_after,
    award_day,
    day,
    identity,
    validity,
)
from issuer.importing.rules_awards import competition, micro
from issuer.importing.rules_others import credit, evaluation, member
from issuer.importing.rules_practice import apprenticeship, teacher
from issuer.importing.values import (
    APPRENTICESHIP,
    COMPETITION,
    CREDIT,
    EVALUATION,
    GRADUATION,
    MEMBER,
    MICRO,
    NOT_PASSED,
    ONE_PLUS_X,
    PASSED,
    TEACHER,
    VENDOR,
)

KNOWN_MAJORS: Mapping[str, str] = {
    "460301": "机电一体化技术",
    "460305": "工业机器人技术",
    "460702": "新能源汽车技术",
    "510203": "软件技术",
    "530701": "电子商务",
}
"""Names of majors by code; an institution adds its own. An unknown code is no finding."""

LEVEL_DIGITS: Mapping[str, str] = {
    "博士": "01",
    "硕士": "02",
    "二学位": "04",
    "本科": "05",
    "专科（高职）": "06",
}
"""Positions 11 and 12 of a graduation certificate's number by level."""

_KIND_DIGITS: Mapping[str, str] = {
    "普通全日制": "1",
    "成人脱产": "5",
    "业余": "5",
    "函授": "5",
    "网络教育": "7",
    "开放教育": "57",
}
_KINDS = "1567"
_SELF_STUDY = "自学考试"
_LEVEL_SUFFIXES: Mapping[str, str] = {"初级": "-1", "中级": "-2", "高级": "-3"}
_GRADUATION_LEAD = timedelta(days=60)


def check_row(row: Row, around: Surroundings) -> list[Located]:
    """Compare the cells of a row.

    Args:
        row: The readings by column key.
        around: What else matters.

    Returns:
        What is to be said, by column key.
    """
    return list(_RULES[around.column_map](row, around))


def is_not_passed(row: Row, column_map: str) -> bool:
    """Whether the row says that nothing was earned, so that nothing is issued."""
    conclusion = row.get("conclusion")
    return column_map != GRADUATION and conclusion is not None and conclusion.value == NOT_PASSED


def _graduation(row: Row, around: Surroundings) -> Iterator[Located]:
    yield from identity(row, around)
    yield from _major(row, around)
    yield from _study_dates(row, around)
    yield from _certificate_number(row, around)


def _one_plus_x(row: Row, around: Surroundings) -> Iterator[Located]:
    yield from identity(row, around)
    code, level = row["certCode"], row["level"]
    if code.usable and level.usable:
        by_code = next((name for name, end in _LEVEL_SUFFIXES.items() if code.value.endswith(end)), None)
        if by_code and by_code != level.value:
            yield "certCode", Note("E24_LEVEL_CODE_CONFLICT", {"by_code": by_code, "level": level.value})
    yield from _award_dates(row, around)
    yield from _mark(row, "practice")


def _vendor(row: Row, around: Surroundings) -> Iterator[Located]:
    yield from identity(row, around)
    yield from _award_dates(row, around)
    yield from validity(row)
    yield from _mark(row, "score")


def _major(row: Row, around: Surroundings) -> Iterator[Located]:
    code, name = row["majorCode"], row["majorName"]
    expected = around.institution.majors.get(code.value) or KNOWN_MAJORS.get(code.value)
    if code.usable and name.usable and expected and name.value != expected:
        yield "majorName", Note("W01_MAJOR_MISMATCH", {"code": code.value, "name": expected})


def _study_dates(row: Row, around: Surroundings) -> Iterator[Located]:
    enrolled, graduated = day(row["enrol"]), day(row["grad"])
    if graduated and graduated > around.today + _GRADUATION_LEAD:
        yield "grad", Note("E10_GRADUATION_FAR")
    if not enrolled or not graduated:
        return
    if enrolled >= graduated:
        yield "enrol", Note("E10_DATE_ORDER")
    elif row["years"].usable:
        span = (graduated - enrolled).days / 365.25
        # A course that starts in September and ends in June is some weeks short of whole years.
        if not -1.25 <= span - float(row["years"].value) <= 1:
            params = {"span": f"{span:.1f}", "years": row["years"].value}
            yield "grad", Note("W06_STUDY_SPAN", params)


def _certificate_number(row: Row, around: Surroundings) -> Iterator[Located]:
    """Positions 1-5 school, 6 kind, 7-10 year, 11-12 level; self-study examinations have their own layout."""
    number = row["certNo"]
    if not number.usable or row["mode"].value == _SELF_STUDY:
        return
    school, kind, year, level = (number.value[a:b] for a, b in ((0, 5), (5, 6), (6, 10), (10, 12)))
    expected_school = around.institution.code or (row["schoolCode"].value if row["schoolCode"].usable else "")
    kinds = _KIND_DIGITS.get(row["mode"].value, _KINDS) if row["mode"].usable else _KINDS
    graduated = day(row["grad"])
    stated = LEVEL_DIGITS.get(row["level"].value) if row["level"].usable else None
    levels = (stated,) if stated else tuple(LEVEL_DIGITS.values())
    compared = (
        ("1–5", school, (expected_school,) if expected_school else (school,)),
        ("6", kind, tuple(kinds)),
        ("7–10", year, (f"{graduated.year:04d}",) if graduated else (year,)),
        ("11–12", level, levels),
    )
    # Written in signs, so that the sentence around it can be said in any language.
    why = [f"{places}: {has} ≠ {'/'.join(wanted)}" for places, has, wanted in compared if has not in wanted]
    if why:
        yield "certNo", Note("E08_CERTNO_INCONSISTENT", {"why": "; ".join(why)})


def _award_dates(row: Row, around: Surroundings) -> Iterator[Located]:
    future = list(award_day(row, around))
    yield from future or award_after(row, "examDate", "E10_AWARD_BEFORE_EXAM")


def _mark(row: Row, key: str) -> Iterator[Located]:
    mark = row[key]
    if mark.usable and row["conclusion"].value == PASSED and float(mark.value) < PASS_MARK:
        yield key, Note("E23_CONCLUSION_CONFLICT")


_RULES: Mapping[str, Callable[[Row, Surroundings], Iterator[Located]]] = {
    GRADUATION: _graduation,
    ONE_PLUS_X: _one_plus_x,
    VENDOR: _vendor,
    MICRO: micro,
    COMPETITION: competition,
    APPRENTICESHIP: apprenticeship,
    TEACHER: teacher,
    CREDIT: credit,
    EVALUATION: evaluation,
    MEMBER: member,
}
