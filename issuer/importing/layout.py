"""Where the table stands in the file: titles above, header, data rows, totals and blank rows below.

Whatever is left out is said: a registrar must be able to see that nothing was lost.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from issuer.importing.columns import Column, ColumnMap, HeaderMatch, comparable, match_header
from issuer.importing.errors import ColumnsMissingError, FileRefusedError
from issuer.importing.limits import HEADER_SEARCH_ROWS, MIN_HEADER_WORDS
from issuer.importing.model import Mapped, StructureFinding
from issuer.importing.tables import Table, is_blank

_TOTAL_WORDS = re.compile(
    r"^(合计|总计|小计|共计|总人数|人数|合\s+计|总\s+计|小\s+计|共\s*\d+\s*(?:人|行|条|名))"
)
_SIGNATURE_WORDS = re.compile(
    r"^(审核|审批|复核|核对|制表|填表|填报|经办|负责人|主管|校长签|院长签|签字|盖章|单位|公章|日期|备注|说明|注|打印|联系|第\s*\d+\s*页)"
)
_IDENTIFYING = ("name", "idNumber", "certNo")


@dataclass(frozen=True)
class DataRow:
    """A row under the header.

    Attributes:
        number: Its place under the header, counted from 1.
        position: Its place in the table, counted from 0.
        cells: Its cells.
    """

    number: int
    position: int
    cells: Sequence[str]


@dataclass(frozen=True)
class Layout:
    """The parts of a table.

    Attributes:
        match: The header, and the columns that it names.
        header_line: The header's row, counted from 1.
        columns: How each column of the file was understood.
        rows: The data rows.
        structure: What was found around them.
    """

    match: HeaderMatch
    header_line: int
    columns: tuple[Mapped, ...]
    rows: tuple[DataRow, ...]
    structure: tuple[StructureFinding, ...]


def find_layout(table: Table, column_maps: Sequence[ColumnMap]) -> Layout:
    """Find the header and the data rows of a table.

    Args:
        table: The table.
        column_maps: The maps of the credential type; the header words choose.

    Returns:
        The layout.

    Raises:
        FileRefusedError: No row looks like a header, or two columns could be the same one.
        ColumnsMissingError: The header lacks required columns.
    """
    position, match = _find_header(table.rows, column_maps)
    _refuse_unusable(match)
    header = table.rows[position]
    rows, left_out = _data_rows(table.rows, position, match)
    structure = (
        *_titles(table.rows, position),
        *_unknown_columns(header, match),
        *_aliases(header, match),
        *left_out,
    )
    return Layout(match, position + 1, _mapped(header, match), rows, structure)


def header_score(cells: Sequence[str], column_maps: Sequence[ColumnMap]) -> int:
    """Return how many columns a row names, under the map that fits it best."""
    return max(match_header(cells, column_map).score for column_map in column_maps)


def _find_header(rows: Sequence[Sequence[str]], maps: Sequence[ColumnMap]) -> tuple[int, HeaderMatch]:
    best: tuple[int, HeaderMatch] | None = None
    seen = 0
    for position, row in enumerate(rows):
        if is_blank(row):
            continue
        seen += 1
        if seen > HEADER_SEARCH_ROWS:
            break
        for column_map in maps:
            match = match_header(row, column_map)
            if best is None or _fit(match) > _fit(best[1]):
                best = position, match
    if best is None:
        raise FileRefusedError("文件里没有内容；请核对是否选对了文件")
    if best[1].score < MIN_HEADER_WORDS:
        expected = "、".join(column.header for column in maps[0].columns if column.required)
        raise FileRefusedError(
            "前%(most)s行里没有找到表头；表头应含：%(expected)s。如是乱码，请另存为 .xlsx",
            most=HEADER_SEARCH_ROWS,
            expected=expected,
        )
    return best


def _fit(match: HeaderMatch) -> tuple[int, int]:
    return match.score, -len(match.missing)


def _refuse_unusable(match: HeaderMatch) -> None:
    important = [
        header
        for header in match.ambiguous
        if any(c.header == header and (c.required or c.issued) for c in match.column_map.columns)
    ]
    if important:
        raise FileRefusedError(
            "有两列都可能是“%(columns)s”，无法判断用哪一列；请删去或改名其中一列",
            columns="”“".join(important),
            column=important[0],
        )
    missing = tuple(column.header for column in match.missing)
    if missing:
        raise ColumnsMissingError(missing=missing)


def _data_rows(
    rows: Sequence[Sequence[str]], header: int, match: HeaderMatch
) -> tuple[tuple[DataRow, ...], list[StructureFinding]]:
    where = {column.key: place for place, column in enumerate(match.columns) if column}
    serial = where.get("seq")
    identifying = [where[key] for key in _IDENTIFYING if key in where]
    words = [comparable(cell) for cell in rows[header]]
    header_cells = {cell for cell in rows[header] if cell.strip()}
    data: list[DataRow] = []
    blank: list[int] = []
    totals: list[int] = []
    for position in range(header + 1, len(rows)):
        row = rows[position]
        if is_blank(row) or _only_serial(row, serial):
            blank.append(position)
        elif _is_total(row, identifying) or _repeats_header(row, header_cells, words):
            totals.append(position)
        else:
            data.append(DataRow(position - header, position, row))
    if not data:
        raise FileRefusedError("表头下面没有数据行；请核对是否选对了文件或工作表")
    return tuple(data), _left_out(blank, totals, last=data[-1].position)


def _only_serial(row: Sequence[str], serial: int | None) -> bool:
    """A template's prepared row: nothing but its running number."""
    return serial is not None and all(not cell.strip() or place == serial for place, cell in enumerate(row))


def _is_total(row: Sequence[str], identifying: Sequence[int]) -> bool:
    """A row of totals or signatures: it says so in its first words, and names no person."""
    filled = [cell.strip() for cell in row if cell.strip()]
    if not filled:
        return False
    first = filled[0]
    named = [row[place].strip() for place in identifying if place < len(row) and row[place].strip()]
    if _TOTAL_WORDS.match(first) or _SIGNATURE_WORDS.match(first):
        return not named or named == [first]
    # A sentence under the table: one long cell and nothing else.
    return len(filled) == 1 and not named and len(first) > 1 and not first.isascii()


def _repeats_header(row: Sequence[str], header_cells: set[str], words: Sequence[str]) -> bool:
    """The header of a further printed page."""
    if header_cells.isdisjoint(row):
        return False
    return [comparable(cell) for cell in row] == list(words)


def _left_out(blank: Sequence[int], totals: Sequence[int], *, last: int) -> list[StructureFinding]:
    found: list[StructureFinding] = []
    if blank:
        inner = [position for position in blank if position < last]
        parts = []
        if inner:
            parts.append(f"中间{len(inner)}个空行（第{_lines(inner)}行）")
        if len(blank) > len(inner):
            parts.append(f"末尾{len(blank) - len(inner)}个空行")
        found.append(StructureFinding("S02_BLANK_ROW", "，".join(parts)))
    if totals:
        found.append(StructureFinding("S03_TOTAL_ROW", "合计行、审核行已跳过"))
    return found


def _lines(positions: Sequence[int]) -> str:
    shown = "、".join(str(position + 1) for position in positions[:10])
    return shown + ("等" if len(positions) > 10 else "")


def _titles(rows: Sequence[Sequence[str]], header: int) -> list[StructureFinding]:
    return [StructureFinding("S01_TITLE_ROWS", f"表头前有{header}行标题")] if header else []


def _unknown_columns(header: Sequence[str], match: HeaderMatch) -> list[StructureFinding]:
    unknown = [
        cell.strip()
        for cell, column in zip(header, match.columns, strict=True)
        if column is None and cell.strip()
    ]
    return [StructureFinding("S07_UNKNOWN_COLUMN", f"{'、'.join(unknown)}（忽略）")] if unknown else []


def _aliases(header: Sequence[str], match: HeaderMatch) -> list[StructureFinding]:
    renamed = {
        cell: column.header
        for cell, column in zip(header, match.columns, strict=True)
        if column is not None and cell != column.header
    }
    return [StructureFinding("S08_HEADER_ALIAS", renamed)] if renamed else []


def _mapped(header: Sequence[str], match: HeaderMatch) -> tuple[Mapped, ...]:
    def mapped(place: int, cell: str, column: Column | None) -> Mapped:
        return Mapped(place, cell.strip(), column.header if column else None, column.key if column else None)

    pairs = zip(header, match.columns, strict=True)
    return tuple(
        mapped(place, cell, column) for place, (cell, column) in enumerate(pairs) if cell.strip() or column
    )
