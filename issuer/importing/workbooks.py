"""Workbooks: from the bytes of an XLSX file to rows of cells.

A workbook is a zip archive of XML. What it declares is checked before anything is decompressed: the number of
entries, their sizes and ratios, macros, links to other workbooks, embedded files. Its XML may declare no
document type, so there are no entities. Formulas are never evaluated: their text is the cell.
"""

import io
import itertools
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import openpyxl
from defusedxml import DefusedXmlException
from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet._reader import CELL_TAG, INLINE_STRING, ROW_TAG, VALUE_TAG, WorkSheetParser
from openpyxl.xml.constants import SHEET_MAIN_NS

from issuer.importing.decoding import HeaderScore
from issuer.importing.errors import FileRefusedError, FileTooLargeError
from issuer.importing.limits import (
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    MAX_COMPRESSION_RATIO,
    MAX_ROWS,
    MAX_SHEET_ROWS,
    MAX_SHEETS,
    MAX_WORKBOOK_BYTES,
    MAX_WORKBOOK_ENTRIES,
    RATIO_FREE_BYTES,
)
from issuer.importing.model import StructureFinding
from issuer.importing.tables import TEMPLATE_HELP_SHEET, CellKind, Table

_MACROS = "工作簿含宏（.xlsm），不能导入；请另存为 .xlsx 后重试"
_LINKS = "工作簿链接了别的工作簿，不能导入；请在“数据 - 编辑链接”中断开链接，或粘贴为数值后另存"
_EMBEDDED = "工作簿里嵌入了别的文件，不能导入；请只保留名册后另存"
_UNREADABLE = "工作簿打不开，可能已损坏或不是 .xlsx；请用 WPS 或 Excel 打开后另存为 .xlsx"
_FORBIDDEN = (
    (re.compile(r"vbaproject|macrosheets|/ctrlprops/|activex", re.IGNORECASE), _MACROS),
    (re.compile(r"externallinks?/", re.IGNORECASE), _LINKS),
    (re.compile(r"embeddings/|\.(zip|xlsx|xlsm|xls|exe|dll|docm?)$", re.IGNORECASE), _EMBEDDED),
)
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_HIDDEN_ROW = re.compile(rb"<(?:\w+:)?row\b[^>]*\bhidden=\"(?:1|true)\"[^>]*>")
_HIDDEN_COLUMN = re.compile(rb"<(?:\w+:)?col\b[^>]*\bhidden=\"(?:1|true)\"[^>]*>")
_ROW_NUMBER = re.compile(rb"\br=\"(\d+)\"")
_COLUMN_SPAN = re.compile(rb"\b(min|max)=\"(\d+)\"")
_ZEROS = re.compile(r"(0+)(?:\.(0+))?")
_ENCODED_RETURN = "_x000D_"
_PEEK_ROWS = 30
_TEXT_TAG = f"{{{SHEET_MAIN_NS}}}t"
_RUN_TEXT = f"{{{SHEET_MAIN_NS}}}r/{_TEXT_TAG}"


@dataclass
class _Reading:
    """The rows of a sheet while it is read."""

    rows: list[list[str]] = field(default_factory=list)
    kinds: dict[tuple[int, int], CellKind] = field(default_factory=dict)

    def add(self, cells: Sequence[ReadOnlyCell]) -> None:
        """Add a row, with its cells where they stand and without empty ones at its end."""
        row: list[str] = []
        for cell in cells:
            text, kind = _text(cell)
            if not text or cell.column > MAX_COLUMNS:
                continue
            if cell.column <= len(row):
                raise FileRefusedError(_UNREADABLE)
            row.extend("" for _ in range(cell.column - 1 - len(row)))
            if kind is not CellKind.TEXT:
                self.kinds[len(self.rows), cell.column - 1] = kind
            row.append(text[:MAX_CELL_CHARACTERS])
        self.rows.append(row)


def read_workbook(data: bytes, *, score: HeaderScore) -> Table:
    """Read the sheet of a workbook whose rows fit a header best.

    Args:
        data: The file's bytes.
        score: Tells how well a row of words fits a header.

    Returns:
        The table; hidden rows and columns are read, other sheets are not, and both are said.

    Raises:
        FileRefusedError: Not a readable workbook, or one that carries more than cells.
        FileTooLargeError: Too many entries, bytes, sheets, rows or columns.
    """
    check_archive(data)
    try:
        return _read(data, score)
    except (
        InvalidFileException,
        DefusedXmlException,
        SyntaxError,  # the base of the XML parsers' errors
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        EOFError,
        OSError,
        OverflowError,
        NotImplementedError,
    ) as error:
        # openpyxl answers a malformed part with whatever its own code trips over.
        raise FileRefusedError(_UNREADABLE) from error


def check_archive(data: bytes) -> None:
    """Check what the archive declares, then that its XML declares no entities.

    Args:
        data: The file's bytes.

    Raises:
        FileRefusedError: Encrypted, carrying macros, links, embedded files or entities, or no archive.
        FileTooLargeError: Too many entries, or too much once it is decompressed.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise FileRefusedError(_UNREADABLE) from error
    with archive:
        entries = archive.infolist()
        _check_sizes(entries)
        for entry in entries:
            if entry.flag_bits & 0x1:
                raise FileRefusedError("工作簿有打开密码，请取消密码后另存为 .xlsx")
            for pattern, sentence in _FORBIDDEN:
                if pattern.search(entry.filename):
                    raise FileRefusedError(sentence)
        for entry in entries:
            if entry.filename.lower().endswith((".xml", ".rels", ".vml")):
                _check_xml(archive, entry)


def _check_sizes(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_WORKBOOK_ENTRIES:
        raise FileTooLargeError("工作簿内部的文件太多，不能导入；请把名册复制到新工作簿后另存")
    if sum(entry.file_size for entry in entries) > MAX_WORKBOOK_BYTES:
        raise FileTooLargeError("工作簿解压后太大，不能导入；请分成几个文件，并删去图片")
    for entry in entries:
        ratio = entry.file_size / max(entry.compress_size, 1)
        if entry.file_size > RATIO_FREE_BYTES and ratio > MAX_COMPRESSION_RATIO:
            raise FileTooLargeError("工作簿的压缩比异常，不能导入；请把名册复制到新工作簿后另存")
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names):
        raise FileRefusedError(_UNREADABLE)


def _check_xml(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Refuse document types, and encodings in which they could hide from this check."""
    try:
        content = archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise FileRefusedError(_UNREADABLE) from error
    declaration = content[:200].split(b"?>")[0].lower()
    foreign = b"encoding=" in declaration and b"utf-8" not in declaration and b"us-ascii" not in declaration
    if foreign or b"\0" in content[:200] or _DOCTYPE.search(content):
        raise FileRefusedError(_UNREADABLE)


def _read(data: bytes, score: HeaderScore) -> Table:
    with warnings.catch_warnings():
        # openpyxl warns of parts that it leaves out (validation lists, themes): none of them holds a value.
        warnings.simplefilter("ignore")
        workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            return _read_sheets(workbook, score)
        finally:
            workbook.close()


def _read_sheets(workbook: Workbook, score: HeaderScore) -> Table:
    sheets = workbook.worksheets
    if not sheets:
        raise FileRefusedError(_UNREADABLE)
    if len(sheets) > MAX_SHEETS:
        raise FileTooLargeError("工作簿超过%(most)s张工作表，请只保留名册后另存", most=MAX_SHEETS)
    if len(sheets) > 1:
        sheets = [sheet for sheet in sheets if sheet.title != TEMPLATE_HELP_SHEET] or sheets
    visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"] or sheets
    best = visible[0]
    if len(visible) > 1:
        best = max(visible, key=lambda sheet: _best_score(sheet, score))
    reading = _read_sheet(best)
    structure = _hidden(best)
    others = [sheet.title for sheet in sheets if sheet is not best]
    if others:
        structure.append(
            StructureFinding("S05_EXTRA_SHEETS", f"只读取工作表“{best.title}”，忽略：{'、'.join(others)}")
        )
    return Table(
        encoding="xlsx",
        sheet=best.title,
        rows=reading.rows,
        kinds=reading.kinds,
        structure=tuple(structure),
        epoch_1904=workbook.epoch == CALENDAR_MAC_1904,
    )


def _best_score(sheet: ReadOnlyWorksheet, score: HeaderScore) -> int:
    rows = itertools.islice(_cells(sheet), _PEEK_ROWS)
    return max((score(_texts(cells)) for _, cells in rows), default=0)


def _texts(cells: Sequence[ReadOnlyCell]) -> list[str]:
    return [_text(cell)[0] for cell in cells]


def _read_sheet(sheet: ReadOnlyWorksheet) -> _Reading:
    reading = _Reading()
    last = 0
    for count, (number, cells) in enumerate(_cells(sheet), start=1):
        if count > MAX_SHEET_ROWS or number > MAX_SHEET_ROWS:
            raise FileTooLargeError("工作表的行数超过 Excel 的上限")
        if number <= last:
            raise FileRefusedError(_UNREADABLE)
        last = number
        if not any(cell.value is not None for cell in cells):
            continue
        if number > MAX_ROWS:
            raise FileTooLargeError("超过%(most)s行，请分成几个文件导入", line=number, most=MAX_ROWS)
        reading.rows.extend([] for _ in range(number - 1 - len(reading.rows)))
        reading.add(cells)
    return reading


def _cells(sheet: ReadOnlyWorksheet) -> Iterator[tuple[int, list[ReadOnlyCell]]]:
    """Return the rows that the sheet's XML has, each with its number and the cells that it has.

    openpyxl understands cells and rows; the XML is walked here, by the parser written in C. (openpyxl walks
    it with defusedxml's, several times slower; ``check_archive`` has seen that there are no entities.)
    What the sheet says about its own dimensions is not believed.
    """
    workbook = sheet.parent
    parser = WorkSheetParser(
        None,
        sheet._shared_strings,
        data_only=False,
        epoch=workbook.epoch,
        date_formats=workbook._date_formats,
        timedelta_formats=workbook._timedelta_formats,
    )
    with sheet._get_source() as source:
        for _, element in ElementTree.iterparse(source):  # noqa: S314 - see above
            if element.tag == CELL_TAG and element.get("t") == "inlineStr":
                _flatten(element)
            elif element.tag == ROW_TAG:
                number, cells = parser.parse_row(element)
                element.clear()
                yield number, [ReadOnlyCell(sheet, **cell) for cell in cells]


def _flatten(cell: ElementTree.Element) -> None:
    """Make a plain text of an inline string: its runs but for the phonetic ones; the rest is formatting."""
    inline = cell.find(INLINE_STRING)
    if inline is None:
        return
    texts = (*inline.findall(_TEXT_TAG), *inline.findall(_RUN_TEXT))
    cell.set("t", "str")
    ElementTree.SubElement(cell, VALUE_TAG).text = "".join(text.text or "" for text in texts)


def _text(cell: ReadOnlyCell) -> tuple[str, CellKind]:
    """Return a cell's value as text, and what it was."""
    value = cell.value
    if cell.data_type == "f":
        return str(getattr(value, "text", value)), CellKind.FORMULA
    if isinstance(value, str):
        return value.replace(_ENCODED_RETURN, ""), CellKind.TEXT
    if isinstance(value, bool):
        return str(value).upper(), CellKind.TEXT
    if isinstance(value, int | float):
        return _number(value, cell.number_format), CellKind.NUMBER
    if isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
        return day.isoformat(), CellKind.DATE
    return "" if value is None else str(value), CellKind.TEXT


def _number(value: float, number_format: str) -> str:
    """Write a number as its cell shows it, where the format only adds zeros (00123, 2.0)."""
    zeros = _ZEROS.fullmatch(number_format or "")
    if zeros and abs(value) < 10**15:
        decimals = len(zeros.group(2) or "")
        width = len(zeros.group(1)) + (decimals + 1 if decimals else 0)
        return f"{value:0{width}.{decimals}f}"
    # A spreadsheet keeps and shows fifteen digits; more of a float would be invented ones.
    shown = Decimal(f"{value:.15g}") if isinstance(value, float) else Decimal(value)
    return f"{shown:f}" if abs(shown) < 10**21 else str(shown)


def _hidden(sheet: ReadOnlyWorksheet) -> list[StructureFinding]:
    """Say which rows and columns are hidden; they are read like the others."""
    with sheet._get_source() as source:
        content = source.read()
    rows = [match for tag in _HIDDEN_ROW.findall(content) for match in _ROW_NUMBER.findall(tag)]
    spans = [dict(_COLUMN_SPAN.findall(tag)) for tag in _HIDDEN_COLUMN.findall(content)]
    columns = [
        get_column_letter(number)
        for span in spans
        if {b"min", b"max"} <= span.keys()
        for number in range(int(span[b"min"]), min(int(span[b"max"]), MAX_COLUMNS) + 1)
    ]
    said = []
    if rows:
        named = "、".join(row.decode() for row in rows[:10]) + ("等" if len(rows) > 10 else "")
        said.append(f"隐藏的行已一并读取：第{named}行，共{len(rows)}行")
    if columns:
        said.append(f"隐藏的列已一并读取：{'、'.join(columns[:10])}，共{len(columns)}列")
    return [StructureFinding("S04_HIDDEN", "；".join(said))] if said else []
