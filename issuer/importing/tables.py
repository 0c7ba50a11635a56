"""A table as it arrived: rows of text cells, with the kind of those cells that are not plain text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from issuer.importing.model import StructureFinding

TEMPLATE_HELP_SHEET = "填写说明"
"""Name of the sheet on which a template explains its columns; it never holds a register."""


class CellKind(StrEnum):
    """What a cell of a workbook holds, where it is not text."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    FORMULA = "formula"


@dataclass(frozen=True)
class Table:
    """Rows of cells.

    Attributes:
        encoding: How the bytes were read (see ``ImportCheck.encoding``).
        sheet: Name of the sheet, for a workbook.
        rows: Every row of the file from its first, blank ones included, as text.
        kinds: Kinds of the cells that are not text, by row and column, counted from 0.
        structure: What was found while reading.
        delimiter: What separates cells, for text.
        epoch_1904: Whether the workbook counts days from 1904.
    """

    encoding: str
    sheet: str | None
    rows: Sequence[Sequence[str]]
    kinds: Mapping[tuple[int, int], CellKind] = field(default_factory=lambda: MappingProxyType({}))
    structure: tuple[StructureFinding, ...] = ()
    delimiter: str = ","
    epoch_1904: bool = False


def is_blank(row: Sequence[str]) -> bool:
    """Whether a row holds nothing that can be seen."""
    return not any(cell and cell.strip("\u200b\ufeff \u3000\t\r\n\u00a0") for cell in row)
