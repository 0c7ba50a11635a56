"""What goes out again: counts and findings as JSON, and the refused rows as the same kind of file."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any

from issuer.importing.columns import maps_of
from issuer.importing.files import read_table
from issuer.importing.model import CheckedRow, ImportCheck, Pile, Severity
from issuer.importing.tables import CellKind, Table
from web.spreadsheets import escaped

PROBLEM_HEADER = "问题/修改建议"
"""Header of the column that says what is wrong with a row; an import takes no notice of it."""


def to_json(check: ImportCheck) -> dict[str, Any]:
    """Return what ``vocred issuer import --check --json`` prints.

    Args:
        check: The check.

    Returns:
        Plain values; the keys of the sample oracle, and the comparison with issued records.
    """
    counts = check.counts
    return {
        "file": check.filename,
        "encoding": check.encoding,
        "sheet": check.sheet,
        "credentialType": check.credential_type,
        "columnMap": check.column_map,
        "headerLine": check.header_line,
        "dataRows": counts.rows,
        "rowsWithErrors": counts.refused,
        "rowsSkipped": counts.skipped,
        "rowsIssuable": counts.issuable,
        "rowsReady": counts.ready,
        "rowsToConfirm": counts.confirm,
        "comparison": "run" if check.compared else "not run",
        "structure": [{"code": f.code, "detail": _plain(f.detail)} for f in check.structure],
        "findings": [
            {
                "line": finding.line,
                "dataRow": finding.data_row,
                "column": finding.column,
                "code": finding.code,
                "severity": str(finding.severity),
                "raw": finding.raw,
                "fixed": finding.fixed,
                "message": finding.message,
            }
            for finding in check.findings
        ],
    }


def problem_file(check: ImportCheck, data: bytes) -> tuple[bytes, str]:
    """Return the refused rows as the same kind of file, with a column that says what to do.

    Titles and header stay, so that the mended file can be imported as it is. Cells that a spreadsheet would
    take for formulas are escaped.

    Args:
        check: The check of ``data``.
        data: The file that was checked.

    Returns:
        The file's bytes (CSV in the encoding and with the delimiter that it came in, or XLSX) and its media
        type.
    """
    table = read_table(data, check.filename, maps_of(check.credential_type))
    rows = _problem_rows(check, table)
    if check.encoding == "xlsx":
        return _workbook(rows, check, table), (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        )
    return _text_file(rows, table), "text/csv"


def problem_text(row: CheckedRow) -> str:
    """Return everything that refuses a row, as one cell."""
    errors = (finding for finding in row.findings if finding.severity is Severity.ERROR)
    return "；".join(f"{finding.column}：{finding.message}".removeprefix("*：") for finding in errors)


def _plain(detail: object) -> object:
    return detail if isinstance(detail, str) else dict(detail)  # type: ignore[call-overload]


def _problem_rows(check: ImportCheck, table: Table) -> list[tuple[int, list[str]]]:
    """Titles, header and refused rows with their place in the table."""
    header = check.header_line - 1
    width = max(len(table.rows[header]), max((mapped.position + 1 for mapped in check.columns), default=0))
    rows = [(place, list(table.rows[place])) for place in range(header)]
    rows.append((header, [*_padded(table.rows[header], width), PROBLEM_HEADER]))
    for row in check.pile(Pile.REFUSED):
        place = header + row.data_row
        # A row with more cells than the header keeps them, behind the sentence that says so.
        cells = table.rows[place]
        rows.append((place, [*_padded(cells[:width], width), problem_text(row), *cells[width:]]))
    return rows


def _padded(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *([""] * (width - len(cells)))]


def _text_file(rows: Sequence[tuple[int, list[str]]], table: Table) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=table.delimiter, lineterminator="\r\n")
    writer.writerows([escaped(cell) for cell in cells] for _, cells in rows)
    return text.getvalue().encode(table.encoding)


def _workbook(rows: Sequence[tuple[int, list[str]]], check: ImportCheck, table: Table) -> bytes:
    # Imported here because it takes long, and most commands write no workbook.
    import openpyxl
    from openpyxl.utils import get_column_letter

    workbook = openpyxl.Workbook(write_only=False)
    sheet = workbook.active
    assert sheet is not None
    sheet.title = (check.sheet or "名册")[:31]
    width = max(len(cells) for _, cells in rows)
    for number, (place, cells) in enumerate(rows, start=1):
        for position, cell in enumerate(cells):
            written = sheet.cell(row=number, column=position + 1)
            if table.kinds.get((place, position)) is CellKind.DATE:
                written.value = _date_or_text(cell)
                written.number_format = "yyyy-mm-dd"
            else:
                written.value = escaped(cell)
                written.data_type = "s"
                written.number_format = "@"
    sheet.column_dimensions[get_column_letter(width)].width = 60
    output = io.BytesIO()
    workbook.save(output)
    return output.getvalue()


def _date_or_text(cell: str) -> date | str:
    try:
        return date.fromisoformat(cell)
    except ValueError:
        return cell
