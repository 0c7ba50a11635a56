"""Resident identity numbers: GB 11643, and what the other documents' numbers look like.

The region code is not checked: codes change over time, and the sample files use one that nobody has.
"""

import operator
import re
from dataclasses import dataclass
from datetime import date

from issuer.importing.tables import CellKind

RESIDENT = "居民身份证"
DOCUMENTS = (RESIDENT, "护照", "港澳居民来往内地通行证", "台湾居民来往大陆通行证", "外国人永久居留身份证")
"""Kinds of documents that a certificate can name."""

DOCUMENT_ALIASES = {
    "身份证": RESIDENT,
    "二代身份证": RESIDENT,
    "第二代居民身份证": RESIDENT,
    "居民身份证件": RESIDENT,
    "中国护照": "护照",
    "外国护照": "护照",
    "港澳通行证": "港澳居民来往内地通行证",
    "回乡证": "港澳居民来往内地通行证",
    "港澳居民通行证": "港澳居民来往内地通行证",
    "台胞证": "台湾居民来往大陆通行证",
    "台湾通行证": "台湾居民来往大陆通行证",
    "外国人永久居留证": "外国人永久居留身份证",
}
"""Everyday words for them."""

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_SCIENTIFIC = re.compile(r"\d+(?:\.\d+)?[Ee]\+?\d+")
_RESIDENT_FORM = re.compile(r"\d{17}[\dX]")
_DOCUMENT_FORM = re.compile(r"[0-9A-Z]{5,20}")


@dataclass(frozen=True)
class ResidentFacts:
    """What a resident identity number says about its holder."""

    birth_date: str
    gender: str


def is_scientific(text: str) -> bool:
    """Whether a number was written as 9.90102E+17: its last digits are lost."""
    return _SCIENTIFIC.fullmatch(text) is not None


def check_character(body: str) -> str:
    """Return the check character of the first 17 digits.

    Spec: GB 11643-1999, section 4.2.4 (ISO 7064 MOD 11-2).
    """
    return _CHECK_CHARACTERS[sum(map(operator.mul, _WEIGHTS, map(int, body))) % 11]


def resident_facts(number: str) -> ResidentFacts:
    """Return what a well-formed number says.

    Args:
        number: 18 characters that ``resident_problem`` accepted.
    """
    return ResidentFacts(
        birth_date=f"{number[6:10]}-{number[10:12]}-{number[12:14]}",
        gender="男" if int(number[16]) % 2 else "女",
    )


def resident_problem(number: str, *, kind: CellKind, today: date) -> str | None:
    """Return the code of what is wrong with a resident identity number.

    Args:
        number: The number, normalised in form only.
        kind: What the cell of a workbook was: a number cell has 15 exact digits at most.
        today: The day of the import; nobody was born after it.

    Returns:
        A finding's code, or None.
    """
    if len(number) == 15 and number.isdecimal():
        return "E17_ID_15"
    if kind is CellKind.NUMBER or is_scientific(number):
        return "E04_ID_PRECISION_LOST"
    if len(number) != 18:
        return "E03_ID_LENGTH"
    if not _RESIDENT_FORM.fullmatch(number):
        return "E03_ID_CHARACTERS"
    if check_character(number[:17]) != number[17]:
        # Excel keeps 15 digits and writes zeros for the rest.
        return "E04_ID_PRECISION_LOST" if number.endswith("000") else "E02_ID_CHECKSUM"
    return None if _is_past_day(number[6:14], today) else "E09_ID_DATE"


def document_problem(number: str, *, kind: CellKind) -> str | None:
    """Return the code of what is wrong with the number of another document.

    Args:
        number: The number, normalised in form only.
        kind: What the cell of a workbook was: a number cell loses leading zeros.

    Returns:
        A finding's code, or None.
    """
    if kind is CellKind.NUMBER or is_scientific(number):
        return "E04_ID_PRECISION_LOST"
    return None if _DOCUMENT_FORM.fullmatch(number) else "E03_DOCUMENT_FORMAT"


def _is_past_day(digits: str, today: date) -> bool:
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return date(1900, 1, 1) <= day <= today
