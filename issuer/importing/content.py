"""What a cell may hold, as far as it stands alone: one check for each column that has one.

A check takes the mended value and answers with notes. Blank cells never get here.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from issuer.importing.identity import DOCUMENTS, is_scientific
from issuer.importing.model import ImportInstitution
from issuer.importing.spelling import HAN
from issuer.importing.tables import CellKind

GRADUATION = "GraduationCertificate"
ONE_PLUS_X = "SkillLevelCertificate_1X"
VENDOR = "SkillLevelCertificate_Vendor"

LEVELS = ("专科（高职）", "本科", "二学位", "硕士", "博士")
YEARS = ("1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5", "5.5", "6", "7", "8")
MODES = ("普通全日制", "成人脱产", "业余", "函授", "网络教育", "开放教育", "自学考试")
PASSED, NOT_PASSED = "合格", "不合格"

_MISSING_GLYPHS = re.compile(r"[□■◻◼▯▢�〓█?？*＊]|[\ue000-\uf8ff\U000f0000-\U0010fffd]")
_EXCEL_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!)|#{3,}", re.IGNORECASE)
_FORMULA_START = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_HAN_NAME = re.compile(rf"[{HAN}·]{{1,50}}")
_NAME_MARKS = frozenset(" ·'’ʼ.-‐,")
_SCORE = re.compile(r"\d{1,3}(?:\.\d{1,2})?")
_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_MAJOR_CODE = re.compile(r"\d{6}[A-Z]{0,2}")
_SCHOOL_CODE = re.compile(r"\d{5}")
_EXAMINEE = re.compile(r"[0-9A-Za-z]{14,18}")
_CERTIFICATE_NUMBER = re.compile(r"[^\s<>\"=]{1,100}")
_TEXT_LIMIT = 200


@dataclass(frozen=True)
class Note:
    """A finding before it knows its row: its code, and what its sentence names."""

    code: str
    params: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Surroundings:
    """What the reading of a cell may depend on, beside the cell.

    Attributes:
        column_map: Name of the column map.
        institution: The body whose certificates the file lists.
        today: The day of the import.
        epoch_1904: Whether serial numbers of days count from 1904.
    """

    column_map: str
    institution: ImportInstitution
    today: date
    epoch_1904: bool = False


@dataclass(frozen=True)
class Cell:
    """A mended cell, on its way through the checks."""

    key: str
    header: str
    value: str
    kind: CellKind
    issued: bool


Check = Callable[[Cell, Surroundings], tuple[Note, ...]]


def check_content(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    """Check a cell that is not blank.

    Args:
        cell: The cell.
        around: What else matters.

    Returns:
        What is to be said, most important first.
    """
    if cell.key == "seq":
        return ()
    error = _EXCEL_ERROR.fullmatch(cell.value)
    if error and cell.key != "note":
        return (Note("E14_EXCEL_ERROR", {"found": cell.value}),)
    if cell.kind is CellKind.FORMULA and cell.issued:
        return (Note("E12_FORMULA"),)
    check = _CHECKS.get((around.column_map, cell.key)) or _CHECKS.get(("", cell.key), _check_text)
    return check(cell, around)


def starts_formula(text: str) -> bool:
    """Whether a spreadsheet would take a text for a formula. A lone dash is a placeholder, not a formula."""
    return text.startswith(_FORMULA_START) and text.strip("-－—") != ""


def _check_text(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    """Free text: what is issued must be printable and no formula; the rest is only made harmless."""
    del around
    if starts_formula(cell.value):
        return (Note("E12_FORMULA" if cell.issued else "A17_FORMULA_NEUTRALISED"),)
    if not cell.issued:
        return ()
    found = _missing_glyph(cell.value, marks=False)
    if found:
        return (Note("E14_REPLACEMENT_CHAR", {"found": found}),)
    printable = all(unicodedata.category(c)[0] != "C" for c in cell.value)
    return () if printable and len(cell.value) <= _TEXT_LIMIT else (Note("E13_TEXT_CHARACTERS"),)


def _check_name(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    del around
    name = cell.value
    if starts_formula(name):
        return (Note("E12_FORMULA"),)
    found = _missing_glyph(name, marks=True)
    if found:
        return (Note("E14_REPLACEMENT_CHAR", {"found": found}),)
    if len(name) > 50:
        return (Note("E13_NAME_LENGTH"),)
    letters = any(unicodedata.category(character)[0] == "L" for character in name)
    if not letters or not (_HAN_NAME.fullmatch(name) or all(_fits_name(character) for character in name)):
        return (Note("E13_NAME_CHARACTERS"),)
    return (Note("W03_RARE_CHAR"),) if _has_rare_character(name) else ()


def _fits_name(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM" or character in _NAME_MARKS


def _missing_glyph(text: str, *, marks: bool) -> str:
    """Return a character that stands for one which is missing; question marks and stars only in names."""
    for found in _MISSING_GLYPHS.findall(text):
        if marks or found not in "?？*＊":
            return str(found)
    return ""


def _has_rare_character(name: str) -> bool:
    return any(c > "\uffff" or (c > "\x7f" and _is_han(c) and len(c.encode("gb18030")) == 4) for c in name)


def _is_han(character: str) -> bool:
    return re.fullmatch(f"[{HAN}]", character) is not None


def _one_of(*values: str) -> Check:
    expected = "、".join(values)

    def check(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
        del around
        if cell.value in values:
            return ()
        return (Note("E11_ENUM_UNKNOWN", {"column": cell.header, "expected": expected}),)

    return check


def _formatted(pattern: re.Pattern[str], code: str) -> Check:
    def check(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
        if starts_formula(cell.value):
            return _check_text(cell, around)
        if pattern.fullmatch(cell.value):
            return ()
        return (Note(code),)

    return check


def _check_school_code(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    expected = around.institution.code
    if expected is None:
        return () if _SCHOOL_CODE.fullmatch(cell.value) else (Note("E22_SCHOOL_CODE"),)
    if cell.value == expected:
        return ()
    return (Note("E22_SCHOOL_MISMATCH", {"column": cell.header, "expected": expected}),)


def _check_body_name(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    known = {_comparable_name(name) for name in (around.institution.name, *around.institution.variants)}
    if _comparable_name(cell.value) in known:
        return ()
    return (Note("E22_SCHOOL_MISMATCH", {"column": cell.header, "expected": around.institution.name}),)


def _comparable_name(name: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name))


def _check_student_number(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    lost = is_scientific(cell.value) or (cell.kind is CellKind.NUMBER and len(cell.value) > 15)
    return (Note("E04_ID_PRECISION_LOST"),) if lost else _check_text(cell, around)


def _check_graduation_number(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    del around
    if cell.kind is CellKind.NUMBER or is_scientific(cell.value):
        return (Note("E04_ID_PRECISION_LOST"),)
    if len(cell.value) == 18 and cell.value.isdecimal() and cell.value.isascii():
        return ()
    return (Note("E07_CERTNO_FORMAT", {"length": str(len(cell.value))}),)


def _check_number(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    if cell.kind is CellKind.NUMBER or is_scientific(cell.value):
        return (Note("E04_ID_PRECISION_LOST"),)
    notes = _check_text(cell, around)
    if notes or _CERTIFICATE_NUMBER.fullmatch(cell.value):
        return notes
    return (Note("E07_CERTNO_CHARACTERS"),)


def _check_score(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    del around
    return () if _SCORE.fullmatch(cell.value) and float(cell.value) <= 100 else (Note("E15_SCORE"),)


def _check_email(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    if starts_formula(cell.value):
        return _check_text(cell, around)
    return () if _EMAIL.fullmatch(cell.value) and len(cell.value) <= 254 else (Note("W05_EMAIL_SYNTAX"),)


def _in_row(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    """Columns that are checked with the row: document numbers with their type, dates when they are read."""
    del cell, around
    return ()


_CHECKS: Mapping[tuple[str, str], Check] = {
    ("", "name"): _check_name,
    ("", "gender"): _one_of("男", "女", "未说明"),
    ("", "idType"): _one_of(*DOCUMENTS),
    ("", "idNumber"): _in_row,
    ("", "bodyName"): _check_body_name,
    ("", "email"): _check_email,
    ("", "theory"): _check_score,
    ("", "practice"): _check_score,
    ("", "score"): _check_score,
    ("", "certNo"): _check_number,
    ("", "studentNo"): _check_student_number,
    ("", "examineeNo"): _formatted(_EXAMINEE, "W10_EXAMINEE_NUMBER"),
    ("", "conclusion"): _one_of(PASSED, NOT_PASSED),
    (GRADUATION, "schoolCode"): _check_school_code,
    (GRADUATION, "schoolName"): _check_body_name,
    (GRADUATION, "majorCode"): _formatted(_MAJOR_CODE, "E03_MAJOR_CODE"),
    (GRADUATION, "level"): _one_of(*LEVELS),
    (GRADUATION, "years"): _one_of(*YEARS),
    (GRADUATION, "mode"): _one_of(*MODES),
    (GRADUATION, "conclusion"): _one_of("毕业", "结业"),
    (GRADUATION, "certNo"): _check_graduation_number,
    (ONE_PLUS_X, "schoolCode"): _formatted(_SCHOOL_CODE, "W10_SCHOOL_CODE"),
    (ONE_PLUS_X, "level"): _one_of("初级", "中级", "高级"),
}
"""Checks by column map and key; the empty name stands for every map. Other columns are free text."""
