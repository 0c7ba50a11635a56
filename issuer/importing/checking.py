"""The check of a whole file, step by step."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date

from issuer.importing.cells import CellReader, CellReading
from issuer.importing.codes import CODES, WHOLE_ROW
from issuer.importing.columns import ColumnMap, maps_of
from issuer.importing.comparing import (
    RowReading,
    compare_rows,
    compare_with_issued,
    row_keys,
    skip_repeated_rows,
)
from issuer.importing.content import Note, Surroundings
from issuer.importing.files import read_table
from issuer.importing.layout import Layout, find_layout
from issuer.importing.model import (
    CellChange,
    CheckedRow,
    Finding,
    ImportCheck,
    ImportInstitution,
    IssuedLookup,
    Pile,
    Severity,
    StructureFinding,
    content_digest,
)
from issuer.importing.rules import check_row, is_not_passed
from issuer.importing.tables import CellKind, Table
from schemas.builders.parts import ALIGNMENTS

_NAME_LIMIT = 120


def check(
    data: bytes,
    *,
    filename: str,
    credential_type: str,
    institution: ImportInstitution,
    today: date,
    issued: IssuedLookup | None = None,
) -> ImportCheck:
    """Check a registrar's file.

    Args:
        data: The file's bytes.
        filename: Its name; only shown, never opened.
        credential_type: A type of the catalogue.
        institution: The body whose certificates it lists.
        today: The day of the import, at +08:00.
        issued: Answers which certificates exist already; None leaves the comparison out.

    Returns:
        What the file holds, and what is to be done about each row.

    Raises:
        FileTooLargeError: More bytes, rows or columns than one import takes.
        ColumnsMissingError: Required columns are absent.
        FileRefusedError: The file is no table that can be read safely.
        KeyError: The credential type is unknown.
    """
    maps = maps_of(credential_type)
    table = read_table(data, filename, maps)
    layout = find_layout(table, maps)
    column_map = layout.match.column_map
    around = Surroundings(column_map.name, institution, today, table.epoch_1904)
    readings = _read_rows(table, layout, around)
    digests = [_digest(row, column_map) for row in readings]
    _compare(readings, column_map, issued, digests)
    return ImportCheck(
        filename=display_name(filename),
        source_digest=hashlib.sha256(data).digest(),
        credential_type=credential_type,
        column_map=column_map.name,
        encoding=table.encoding,
        sheet=table.sheet,
        header_line=layout.header_line,
        columns=layout.columns,
        structure=(*layout.structure, *table.structure, *_absent_columns(layout)),
        rows=tuple(_checked_row(row, layout, digest) for row, digest in zip(readings, digests, strict=True)),
        compared=issued is not None,
    )


def display_name(filename: str) -> str:
    """Return a file's name as it may be shown: short, without folders, control and direction characters."""
    last = re.split(r"[/\\]", filename)[-1]
    shown = "".join(c for c in last if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}).strip()
    if len(shown) > _NAME_LIMIT:
        shown = f"{shown[: _NAME_LIMIT - 20]}…{shown[-19:]}"
    return shown or "未命名"


def _read_rows(table: Table, layout: Layout, around: Surroundings) -> list[RowReading]:
    column_map = layout.match.column_map
    readers = {column.key: CellReader(column, around) for column in column_map.columns}
    places = {column.key: place for place, column in enumerate(layout.match.columns) if column}
    width = len(layout.match.columns)
    absent = {key: _absent(reader) for key, reader in readers.items() if key not in places}
    kinds = table.kinds
    readings = []
    for row in layout.rows:
        size = len(row.cells)
        cells = {}
        for key, reader in readers.items():
            place = places.get(key)
            if place is None:
                cells[key] = absent[key]
            else:
                kind = kinds.get((row.position, place), CellKind.TEXT) if kinds else CellKind.TEXT
                cells[key] = reader.read(row.cells[place] if place < size else "", kind)
        reading = RowReading(row, cells)
        # In text a surplus cell means that others may have moved; in a workbook it is a note in the margin.
        if table.sheet is None and size > width and any(cell.strip() for cell in row.cells[width:]):
            reading.notes.append((WHOLE_ROW, Note("E16_EXTRA_CELLS")))
        reading.notes.extend(check_row(cells, around))
        if is_not_passed(cells, column_map.name):
            reading.skipped = Note("I01_NOT_PASSED")
        readings.append(reading)
    return readings


def _absent(reader: CellReader) -> CellReading:
    """The cell of a column that the file does not have: only a missing number is said in each row."""
    reading = reader.read("")
    return reading if reader.column.key == "certNo" else CellReading("", "", CellKind.TEXT, (), bad=False)


def _compare(
    readings: Sequence[RowReading],
    column_map: ColumnMap,
    issued: IssuedLookup | None,
    digests: Sequence[bytes],
) -> None:
    skip_repeated_rows(readings)
    headers = {column.key: column.header for column in column_map.columns}
    compare_rows([row for row in readings if row.skipped is None], column_map.name, headers)
    if issued is not None:
        pairs = [(row, digest) for row, digest in zip(readings, digests, strict=True) if row.skipped is None]
        compare_with_issued(
            [row for row, _ in pairs], column_map.name, issued, [digest for _, digest in pairs]
        )


def _digest(row: RowReading, column_map: ColumnMap) -> bytes:
    issued = {column.key: row.value(column.key) for column in column_map.columns if column.issued}
    for key in ALIGNMENTS:
        # These columns came later: without a value, a row is what it was before there were any.
        if not issued.get(key):
            issued.pop(key, None)
    return content_digest({**issued, "map": column_map.name})


def _absent_columns(layout: Layout) -> list[StructureFinding]:
    found = {column.key for column in layout.match.columns if column}
    said = {
        "email": "将全部用领取条发放",
        "certNo": "批准时按本单位的编号规则编号",
        "idNumber": "证书上没有证件末四位",
    }
    return [
        StructureFinding("S06_COLUMN_ABSENT", f"没有“{column.header}”列：{said[column.key]}")
        for column in layout.match.column_map.columns
        if column.key in said and column.key not in found
    ]


def _checked_row(reading: RowReading, layout: Layout, digest: bytes) -> CheckedRow:
    row, column_map = reading.row, layout.match.column_map
    line = reading.line
    findings = tuple(_findings(reading, line, column_map))
    present = {column.key for column in layout.match.columns if column}
    return CheckedRow(
        line=line,
        data_row=row.number,
        pile=_pile(reading, findings),
        values={key: cell.value for key, cell in reading.cells.items()},
        raw={key: cell.raw for key, cell in reading.cells.items() if key in present},
        findings=findings,
        changes=tuple(_changes(reading, column_map)),
        keys=row_keys(reading, column_map.name),
        content_digest=digest,
        record_id=reading.record_id,
    )


def _findings(reading: RowReading, line: int, column_map: ColumnMap) -> Iterator[Finding]:
    """What is said about a row, in the order of the codes; of a skipped row only why it is skipped."""
    number = reading.row.number
    if reading.skipped is not None:
        note = reading.skipped
        at = "conclusion" if note.code.startswith("I01") else WHOLE_ROW
        yield _finding(note, line, number, _header(column_map, at), reading.cells.get(at))
        return
    located = [(key, note) for key, cell in reading.cells.items() for note in cell.notes]
    order = {column.key: place for place, column in enumerate(column_map.columns)}
    located += reading.notes
    located.sort(key=lambda item: (item[1].code[:3], order.get(item[0], -1)))
    for key, note in located:
        yield _finding(note, line, number, _header(column_map, key), reading.cells.get(key))


def _finding(note: Note, line: int, number: int, header: str, cell: CellReading | None) -> Finding:
    code = CODES[note.code]
    return Finding(
        line=line,
        data_row=number,
        column=header,
        code=code.name,
        severity=code.severity,
        raw=cell.raw if cell else None,
        fixed=cell.value if cell and code.mends else None,
        message=code.text % note.params if note.params else code.text,
        params=note.params,
    )


def _header(column_map: ColumnMap, key: str) -> str:
    column = column_map.column(key)
    return column.header if column else key


def _pile(reading: RowReading, findings: Sequence[Finding]) -> Pile:
    if reading.skipped is not None:
        return Pile.SKIPPED
    severities = {finding.severity for finding in findings}
    if Severity.ERROR in severities:
        return Pile.REFUSED
    return Pile.CONFIRM if Severity.WARN in severities else Pile.READY


def _changes(reading: RowReading, column_map: ColumnMap) -> Iterator[CellChange]:
    for key, cell in reading.cells.items():
        if cell.value != cell.raw and cell.value and cell.raw and cell.kind is not CellKind.DATE:
            yield CellChange(key, _header(column_map, key), cell.raw, cell.value)
