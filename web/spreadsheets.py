"""Tables that people open in a spreadsheet: in the one form that all of them read, without a formula."""

import csv
import io
from collections.abc import Iterable

_FORMULA_START = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_ESCAPED_STARTS = ("\t", "\r", "\n")


def starts_formula(text: str) -> bool:
    """Whether a spreadsheet would take a text for a formula. A lone dash is a placeholder, not a formula."""
    return text.startswith(_FORMULA_START) and text.strip("-－—") != ""


def escaped(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if starts_formula(cell) or cell.startswith(_ESCAPED_STARTS) else cell


def csv_file(rows: Iterable[Iterable[object]]) -> bytes:
    """Return CSV in UTF-8 with a byte order mark, as spreadsheets here expect it; cells are escaped."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([escaped(str(cell)) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")
