"""The spellings of dates that registers use.

A spelling is never guessed between two readings: day-first and month-first dates are refused, and a two-digit
year waits for a click.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from issuer.importing.tables import CellKind

_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_SEPARATED = re.compile(r"(\d{4}|\d{2})\s*[-/.年_]\s*(\d{1,2})\s*[-/.月_]\s*(\d{1,2})\s*[日号.]?")
_CLOCK = re.compile(r"[T\s]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?$")
_INCOMPLETE = re.compile(r"\d{4}\s*[-/.年]\s*\d{1,2}\s*月?|\d{4}年?|(?:19|20)\d{2}(?:0[1-9]|1[0-2])")
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_SERIALS = range(20_000, 60_001)
_SERIAL_DAY_ZERO = {False: date(1899, 12, 30), True: date(1904, 1, 1)}


@dataclass(frozen=True)
class DateReading:
    """What a cell says as a date.

    Attributes:
        value: ``YYYY-MM-DD``; empty if it says none.
        code: Code of the finding; None where nothing is to be said.
    """

    value: str
    code: str | None


def read_date(
    text: str, *, kind: CellKind, usual: re.Pattern[str], today: date, epoch_1904: bool
) -> DateReading:
    """Read one cell.

    Args:
        text: The trimmed cell, without full-width characters.
        kind: What the cell of a workbook was.
        usual: The spelling in which nothing is to be said, ``COMPACT`` or ``ISO``.
        today: The day of the import; it decides the century of a two-digit year.
        epoch_1904: Whether serial numbers count from 1904.

    Returns:
        The date and the finding's code, if any.
    """
    if kind is CellKind.DATE:
        return DateReading(text, None)
    plain = _CLOCK.sub("", text)
    serial = _SERIAL.fullmatch(plain)
    if serial and int(serial[1]) in _SERIALS:
        day = _SERIAL_DAY_ZERO[epoch_1904] + timedelta(days=int(serial[1]))
        return DateReading(day.isoformat(), "A05_DATE_EXCEL_SERIAL")
    parts = _COMPACT.fullmatch(plain) or _SEPARATED.fullmatch(plain)
    if parts is None:
        incomplete = _INCOMPLETE.fullmatch(plain)
        return DateReading("", "E09_DATE_INCOMPLETE" if incomplete else "E09_DATE_INVALID")
    year, month, day_of_month = (int(part) for part in parts.groups())
    short = len(parts[1]) == 2
    if short:
        year += _century(year, today)
    try:
        value = date(year, month, day_of_month).isoformat()
    except ValueError:
        return DateReading("", "E09_DATE_INVALID")
    if short:
        return DateReading(value, "A05_DATE_TWO_DIGIT_YEAR")
    return DateReading(value, None if usual.fullmatch(text) else "A05_DATE_FORMAT")


COMPACT = _COMPACT
"""20260630, as the ministry's files have it."""

ISO = _ISO
"""2026-06-30, as everybody else writes it."""


def _century(year: int, today: date) -> int:
    """A year of two digits lies in this century up to ten years from now, else in the last one."""
    century = today.year - today.year % 100
    return century if century + year <= today.year + 10 else century - 100
