"""What a cell may hold, as far as it stands alone: one check for each column that has one.

A check takes the mended value and answers with notes. Blank cells never get here.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from issuer.importing.identity import is_scientific
from issuer.importing.model import ImportInstitution
from issuer.importing.spelling import HAN
from issuer.importing.tables import CellKind
from issuer.importing.values import (
    APPRENTICESHIP,
    COMPETITION,
    CREDIT,
    EVALUATION,
    GRADUATION,
    MARKS,
    MEMBER,
    MICRO,
    ONE_PLUS_X,
    TEACHER,
    range_of,
    values_of,
)
from schemas.builders.parts import ALIGNMENTS
from schemas.catalogue import CATALOGUE
from web.spreadsheets import starts_formula

_MISSING_GLYPHS = re.compile(r"[□■◻◼▯▢�〓█?？*＊]|[\ue000-\uf8ff\U000f0000-\U0010fffd]")
_EXCEL_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!)|#{3,}", re.IGNORECASE)
_HAN_NAME = re.compile(rf"[{HAN}·]{{1,50}}")
_NAME_MARKS = frozenset(" ·'’ʼ.-‐,")
_SCORE = re.compile(r"\d{1,3}(?:\.\d{1,2})?")
_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_MAJOR_CODE = re.compile(r"\d{6}[A-Z]{0,2}")
_SCHOOL_CODE = re.compile(r"\d{5}")
_EXAMINEE = re.compile(r"[0-9A-Za-z]{14,18}")
_CERTIFICATE_NUMBER = re.compile(r"[^\s<>\"=]{1,100}")
_CREDIT_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")
_DID_WEB = re.compile(r"did:web:[A-Za-z0-9.-]+(?:%3A\d{1,5})?(?::[A-Za-z0-9._-]+)*")
_ABOUT = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|did:[a-z0-9]+:\S+")
_AGREEMENT = re.compile(r"urn:vocred:agreement:[A-Z0-9-]+#[1-9]\d*")
_HTTPS = re.compile(r"https://[^\s/]+\.[^\s/]+(?:/\S*)?")
_LISTED = re.compile(r"\s*[、；;，\n]\s*")
_ALIGNED = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:-]*(?: +\S.*)?")
_SEVERAL_NAMES = re.compile(r"[、，,；;/&＆]")
_TEXT_LIMIT = 200
_LONG_TEXT_LIMIT = 300  # what a printed certificate has room for


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
    check = _CHECKS.get((around.column_map, cell.key)) or _CHECKS.get(("", cell.key))
    return (check or _usual_check(cell.key, around.column_map))(cell, around)


def _usual_check(key: str, column_map: str) -> Check:
    """The check of a column that has none of its own: by its values, its range, or as free text."""
    if values_of(column_map, key):
        return _check_listed
    if range_of(column_map, key):
        return _check_range
    return _check_score if key in MARKS else _check_text


def _check_text(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    """Free text: what is issued must be printable and no formula; the rest is only made harmless."""
    del around
    return _text_notes(cell, limit=_TEXT_LIMIT)


def _check_long_text(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    """Sentences about what somebody did: as free text, but longer."""
    del around
    return _text_notes(cell, limit=_LONG_TEXT_LIMIT)


def _text_notes(cell: Cell, *, limit: int) -> tuple[Note, ...]:
    if starts_formula(cell.value):
        return (Note("E12_FORMULA" if cell.issued else "A17_FORMULA_NEUTRALISED"),)
    if not cell.issued:
        return ()
    found = _missing_glyph(cell.value, marks=False)
    if found:
        return (Note("E14_REPLACEMENT_CHAR", {"found": found}),)
    printable = all(unicodedata.category(c)[0] != "C" for c in cell.value)
    return () if printable and len(cell.value) <= limit else (Note("E13_TEXT_CHARACTERS"),)


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


def _check_listed(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    values = values_of(around.column_map, cell.key)
    if cell.value in values:
        return ()
    return (Note("E11_ENUM_UNKNOWN", {"column": cell.header, "expected": "、".join(values)}),)


def _check_range(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    wanted = range_of(around.column_map, cell.key)
    if wanted is None or wanted.holds(cell.value):
        return ()
    code = "E25_NUMBER_WHOLE" if wanted.step == 1 else "E25_NUMBER_STEP"
    return (Note(code, {"column": cell.header, **wanted.shown}),)


def _formatted(pattern: re.Pattern[str], code: str) -> Check:
    def check(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
        if starts_formula(cell.value):
            return _check_text(cell, around)
        if pattern.fullmatch(cell.value):
            return ()
        return (Note(code, {"column": cell.header}),)

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


def _check_contestant(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    """One contestant a row: a list of names is a team, and a team has no certificate."""
    if _SEVERAL_NAMES.search(cell.value):
        return (Note("E13_SEVERAL_NAMES"),)
    return _check_name(cell, around)


def _check_enterprise(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    """A co-signer is named by its DID, and nobody signs for itself."""
    if not _DID_WEB.fullmatch(cell.value):
        return (Note("E26_DID", {"column": cell.header}),)
    own = around.institution.did is not None and cell.value == around.institution.did
    return (Note("E26_OWN_ENTERPRISE"),) if own else ()


def _check_aligned(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    """A code, a space and a name, several of them with 、: the code is what machines compare."""
    if starts_formula(cell.value):
        return _check_text(cell, around)
    entries = [entry.strip() for entry in _LISTED.split(cell.value) if entry.strip()]
    if all(_ALIGNED.fullmatch(entry) for entry in entries):
        return _check_text(cell, around)
    return (Note("E29_ALIGNMENT", {"column": cell.header}),)


def _check_addresses(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    del around
    if all(_HTTPS.fullmatch(entry) for entry in _LISTED.split(cell.value) if entry):
        return ()
    return (Note("E29_ADDRESS", {"column": cell.header}),)


def _check_type_names(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    del around
    known = [name for name in CATALOGUE if name != MEMBER]
    if all(name in known for name in cell.value.split("、")):
        return ()
    expected = "、".join(CATALOGUE[name].display["zh-CN"] for name in known)
    return (Note("E11_ENUM_UNKNOWN", {"column": cell.header, "expected": expected}),)


def _in_row(cell: Cell, around: Surroundings) -> tuple[Note, ...]:
    """Columns that are checked with the row: document numbers with their type, dates when they are read."""
    del cell, around
    return ()


_check_urn = _formatted(re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "E29_URN")
_check_digest = _formatted(re.compile(r"uEi[A-Za-z0-9_-]{44}"), "E29_DIGEST")

_CHECKS: Mapping[tuple[str, str], Check] = {
    ("", "name"): _check_name,
    ("", "idNumber"): _in_row,
    ("", "bodyName"): _check_body_name,
    ("", "email"): _check_email,
    ("", "certNo"): _check_number,
    ("", "studentNo"): _check_student_number,
    ("", "staffNo"): _check_student_number,
    ("", "examineeNo"): _formatted(_EXAMINEE, "W10_EXAMINEE_NUMBER"),
    **{("", key): _check_aligned for key in ALIGNMENTS},
    (GRADUATION, "schoolCode"): _check_school_code,
    (GRADUATION, "schoolName"): _check_body_name,
    (GRADUATION, "majorCode"): _formatted(_MAJOR_CODE, "E03_MAJOR_CODE"),
    (GRADUATION, "certNo"): _check_graduation_number,
    (ONE_PLUS_X, "schoolCode"): _formatted(_SCHOOL_CODE, "W10_SCHOOL_CODE"),
    (MICRO, "related"): _check_addresses,
    (MICRO, "evidenceDigest"): _check_digest,
    (MICRO, "outcome"): _check_long_text,
    (COMPETITION, "name"): _check_contestant,
    (APPRENTICESHIP, "schoolTutor"): _check_name,
    (APPRENTICESHIP, "enterpriseTutor"): _check_name,
    (APPRENTICESHIP, "enterpriseDid"): _check_enterprise,
    (TEACHER, "enterpriseDid"): _check_enterprise,
    (TEACHER, "narrative"): _check_long_text,
    (CREDIT, "accountNumber"): _check_number,
    (CREDIT, "sourceCredential"): _check_urn,
    (CREDIT, "sourceDigest"): _check_digest,
    (CREDIT, "agreement"): _formatted(_AGREEMENT, "E29_AGREEMENT"),
    (CREDIT, "ruleId"): _formatted(re.compile(r"R[1-9]\d{0,2}"), "E29_RULE"),
    (CREDIT, "creditUnit"): _formatted(re.compile(r"学分（[1-9]\d?学时/学分）|学时"), "E29_UNIT"),
    (CREDIT, "courseUrl"): _check_addresses,
    (CREDIT, "college"): _formatted(_DID_WEB, "E26_DID"),
    (EVALUATION, "about"): _formatted(_ABOUT, "E29_ABOUT"),
    (EVALUATION, "consent"): _check_urn,
    (EVALUATION, "comment"): _check_long_text,
    (MEMBER, "name"): _check_text,
    (MEMBER, "memberDid"): _formatted(_DID_WEB, "E26_DID"),
    (MEMBER, "institutionCode"): _formatted(_SCHOOL_CODE, "E22_SCHOOL_CODE"),
    (MEMBER, "creditCode"): _formatted(_CREDIT_CODE, "E03_CREDIT_CODE"),
    (MEMBER, "mayIssue"): _check_type_names,
}
"""Checks by column map and key; the empty name stands for every map. Other columns are checked by their
values or range (``issuer.importing.values``) or are free text."""
