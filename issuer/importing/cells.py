"""One cell at a time: its form is mended, and its content is checked as far as it stands alone.

A ``CellReader`` knows its column and remembers what it has read: a register repeats itself. Nothing but the
form of a value ever changes, and every change is said.
"""

from dataclasses import dataclass

from issuer.importing.codes import CODES
from issuer.importing.columns import Column
from issuer.importing.content import Cell, Note, Surroundings, check_content
from issuer.importing.dates import COMPACT, ISO, read_date
from issuer.importing.model import Severity
from issuer.importing.spelling import Speller
from issuer.importing.tables import CellKind
from issuer.importing.values import GRADUATION

_BLANK_WORDS = frozenset(
    {"-", "--", "---", "—", "——", "/", "\\", "//", "无", "暂无", "空", "N/A", "NA", "NULL", "NONE"}
)
_ENDLESS_WORDS = frozenset({"长期", "长期有效", "永久", "永久有效", "不限"})
_SAID_OF_BLANKS = {
    "email": "W04_EMAIL_MISSING",
    "certNo": "W08_NUMBER_BLANK",
    "idNumber": "W11_DOCUMENT_MISSING",
}
_KEEP_WORDS = frozenset({"name", "nameEn", "note", "ethnicity"})


@dataclass(frozen=True)
class CellReading:
    """A cell after reading.

    Attributes:
        raw: The cell as it arrived.
        value: The value that is taken; empty if there is none, or none that could be understood.
        kind: What the cell of a workbook was.
        notes: What is to be said about it.
        bad: Whether a note refuses the row: then nothing else is compared with this cell.
    """

    raw: str
    value: str
    kind: CellKind
    notes: tuple[Note, ...]
    bad: bool

    @property
    def usable(self) -> bool:
        """Whether there is a value with which others can be compared."""
        return bool(self.value) and not self.bad


class CellReader:
    """Reads the cells of one column.

    Args:
        column: The column.
        surroundings: What else matters.
    """

    def __init__(self, column: Column, surroundings: Surroundings) -> None:
        self.column = column
        self._surroundings = surroundings
        self._speller = Speller(column.key, column.normalise)
        self._known: dict[tuple[str, CellKind], CellReading] = {}

    def read(self, raw: str, kind: CellKind = CellKind.TEXT) -> CellReading:
        """Read one cell.

        Args:
            raw: The cell as it arrived.
            kind: What the cell of a workbook was.

        Returns:
            The reading; equal cells share one.
        """
        known = self._known.get((raw, kind))
        if known is None:
            known = self._known[raw, kind] = self._read(raw, kind)
        return known

    def _read(self, raw: str, kind: CellKind) -> CellReading:
        # A formula's text is no value: there is no form to mend in it.
        value, codes = (raw, ()) if kind is CellKind.FORMULA else self._speller.mend(raw)
        notes = tuple(Note(code) for code in codes)
        if value and self._is_blank_word(value):
            notes += (Note("A10_BLANK_WORD", {"word": value}),)
            value = ""
        if not value:
            missing = self._missing()
            # A cell of nothing but spaces is blank: there is nothing mended to show beside it.
            return _reading(raw, "", kind, missing or (notes if raw.strip() else ()))
        if "date" in self.column.normalise:
            value, dated = self._date(value, kind)
            return _reading(raw, value, kind, notes + dated)
        column = self.column
        cell = Cell(column.key, column.header, value, kind, column.issued)
        return _reading(raw, value, kind, notes + check_content(cell, self._surroundings))

    def _is_blank_word(self, value: str) -> bool:
        if self.column.key == "validUntil" and value in _ENDLESS_WORDS:
            return True
        return self.column.key not in _KEEP_WORDS and value.upper() in _BLANK_WORDS

    def _missing(self) -> tuple[Note, ...]:
        if self.column.required:
            return (Note("E01_MISSING", {"column": self.column.header}),)
        blank = _SAID_OF_BLANKS.get(self.column.key)
        return (Note(blank),) if blank else ()

    def _date(self, text: str, kind: CellKind) -> tuple[str, tuple[Note, ...]]:
        around = self._surroundings
        if kind is CellKind.FORMULA:
            return "", (Note("E12_FORMULA"),)
        reading = read_date(
            text,
            kind=kind,
            usual=COMPACT if around.column_map == GRADUATION else ISO,
            today=around.today,
            epoch_1904=around.epoch_1904,
        )
        notes = (Note(reading.code, {"date": reading.value}),) if reading.code else ()
        return reading.value, notes


def _reading(raw: str, value: str, kind: CellKind, notes: tuple[Note, ...]) -> CellReading:
    bad = any(CODES[note.code].severity is Severity.ERROR for note in notes)
    return CellReading(raw, value, kind, notes, bad)
