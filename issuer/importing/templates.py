"""Import templates: an empty workbook for each column map, so that a register is filled in without guessing.

The first sheet has the header and nothing else. Identifiers are text, days are dates, columns with a list of
values have a drop-down, columns of numbers a range: all of it from the tables that the check reads, so what
the workbook lets in, the check takes. The second sheet explains each column in Chinese and English; an import
leaves it out.
"""

import datetime
import io
from collections.abc import Mapping, Sequence
from typing import Any

from issuer.importing.columns import Column, ColumnMap, ColumnWords, column_words, maps_of
from issuer.importing.limits import MAX_ROWS
from issuer.importing.model import ImportInstitution
from issuer.importing.tables import TEMPLATE_HELP_SHEET
from issuer.importing.values import MARKS, range_of, suggestions_of, values_of
from schemas.catalogue import CATALOGUE

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

MAP_NAMES: Mapping[str, Mapping[str, str]] = {
    "SkillLevelCertificate_1X": {"zh-CN": "职业技能等级证书（1+X）", "en": "Skill level certificate (1+X)"},
    "SkillLevelCertificate_Vendor": {"zh-CN": "企业认证证书", "en": "Enterprise certification"},
}
"""What a map is called where its type has several; other maps are called as their type."""

_MOST_ROW = MAX_ROWS + 1
_TEXT, _DATE = "@", "yyyy-mm-dd"
_HEADER_FILLS = {True: "FFFCE8D5", False: "FFEFEFEF"}
_EARLIEST = datetime.date(1900, 1, 1)
_LATEST = datetime.date(2199, 12, 31)
_WIDTHS = {
    "name": 14,
    "idNumber": 24,
    "certNo": 26,
    "email": 30,
    "outcome": 48,
    "narrative": 48,
    "comment": 48,
}
_HELP_HEADER = (
    ("列", 20),
    ("必填", 8),
    ("填写说明", 52),
    ("可选值", 52),
    ("Column", 26),
    ("Required", 10),
    ("What belongs here", 60),
)


def template(credential_type: str, *, map: str | None = None, institution: ImportInstitution) -> bytes:
    """Return the empty workbook of a credential type.

    Args:
        credential_type: A type of the catalogue.
        map: One of its column maps; None for the only or first one.
        institution: The body whose certificates will be listed; its own name and code are offered in lists.

    Returns:
        The bytes of an XLSX file.

    Raises:
        KeyError: The type is unknown, or the map is none of its maps.
    """
    maps = {found.name: found for found in maps_of(credential_type)}
    return _workbook(maps[map] if map is not None else next(iter(maps.values())), institution)


def templates_of(credential_type: str) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """Return the templates of a type: the name of each map, and what it is called by language.

    Raises:
        KeyError: The type is unknown.
    """
    entry = CATALOGUE[credential_type]
    return tuple((name, MAP_NAMES.get(name, entry.display)) for name in entry.column_maps)


def _workbook(column_map: ColumnMap, institution: ImportInstitution) -> bytes:
    # Imported here because it takes long, and most commands write no workbook.
    import openpyxl

    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = "名册"
    sheet.freeze_panes = "A2"
    for position, column in enumerate(column_map.columns, start=1):
        words = column_words(column_map.name, column.key)
        _column(
            sheet, position, column=column, words=words, column_map=column_map.name, institution=institution
        )
    _help(workbook.create_sheet(TEMPLATE_HELP_SHEET), column_map, institution)
    output = io.BytesIO()
    workbook.save(output)
    return output.getvalue()


def _column(
    sheet: Any,
    position: int,
    *,
    column: Column,
    words: ColumnWords,
    column_map: str,
    institution: ImportInstitution,
) -> None:
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    letter = get_column_letter(position)
    header = sheet.cell(row=1, column=position, value=column.header)
    header.font = Font(bold=True)
    header.fill = PatternFill("solid", fgColor=_HEADER_FILLS[column.required])
    header.number_format = _TEXT
    style = sheet.column_dimensions[letter]
    style.width = _WIDTHS.get(column.key, max(12, 2 * len(column.header) + 4))
    style.number_format = _number_format(column, column_map)
    rule = _validation(column, column_map, institution)
    if rule is None:
        rule = _prompt_only()
    rule.promptTitle = column.header[:32]
    rule.prompt = f"{words.help['zh-CN']}\n{words.english}: {words.help['en']}"[:255]
    rule.showInputMessage = True
    sheet.add_data_validation(rule)
    rule.add(f"{letter}2:{letter}{_MOST_ROW}")


def _number_format(column: Column, column_map: str) -> str:
    if "date" in column.normalise:
        return _DATE
    # Whatever is no number stays text: a spreadsheet drops the zeros at the front of an identifier, and all
    # digits of a document's number behind the fifteenth.
    numeric = column.key in MARKS or range_of(column_map, column.key) is not None
    return "General" if numeric or column.key == "seq" else _TEXT


def _validation(column: Column, column_map: str, institution: ImportInstitution) -> Any:
    from openpyxl.worksheet.datavalidation import DataValidation

    closed = values_of(column_map, column.key) or _own(column.key, column_map, institution)
    proposed = suggestions_of(column_map, column.key)
    numbers = range_of(column_map, column.key)
    if closed or proposed:
        rule = DataValidation(type="list", formula1=_list(closed or proposed), allow_blank=True)
        _refuse(rule, "请从列表选择 / Choose from the list", refuse=bool(closed))
        return rule
    if "date" in column.normalise:
        rule = DataValidation(
            type="date",
            operator="between",
            formula1=_serial(_EARLIEST),
            formula2=_serial(_LATEST),
            allow_blank=True,
        )
        _refuse(rule, "请写成 2026-06-30 / Write 2026-06-30")
        return rule
    if column.key in MARKS or numbers is not None:
        least, most = (0.0, 100.0) if numbers is None else (numbers.least, numbers.most)
        rule = DataValidation(
            type="whole" if numbers is not None and numbers.step == 1 else "decimal",
            operator="between",
            formula1=f"{least:g}",
            formula2=f"{most:g}",
            allow_blank=True,
        )
        _refuse(rule, f"{least:g} – {most:g}")
        return rule
    return None


def _prompt_only() -> Any:
    from openpyxl.worksheet.datavalidation import DataValidation

    return DataValidation(allow_blank=True)


def _refuse(rule: Any, sentence: str, *, refuse: bool = True) -> None:
    rule.showErrorMessage = refuse
    rule.error = sentence
    rule.errorTitle = "请核对 / Please check"


def _own(key: str, column_map: str, institution: ImportInstitution) -> tuple[str, ...]:
    """The institution's own name or code where the column has to hold it."""
    if key == "bodyName" or (key == "schoolName" and column_map == "GraduationCertificate"):
        return (institution.name,)
    own_code = key == "schoolCode" and column_map == "GraduationCertificate"
    return (institution.code,) if own_code and institution.code else ()


def _list(values: Sequence[str]) -> str:
    # A list inside the rule: a comma separates, and a quotation mark is written twice.
    return '"' + ",".join(value.replace('"', '""') for value in values) + '"'


def _serial(day: datetime.date) -> str:
    return str((day - datetime.date(1899, 12, 30)).days)


def _help(sheet: Any, column_map: ColumnMap, institution: ImportInstitution) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    for position, (word, width) in enumerate(_HELP_HEADER, start=1):
        sheet.cell(row=1, column=position, value=word).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(position)].width = width
    for row, column in enumerate(column_map.columns, start=2):
        for position, text in enumerate(_explained(column, column_map.name, institution), start=1):
            cell = sheet.cell(row=row, column=position, value=text)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.number_format = _TEXT
    sheet.freeze_panes = "A2"


def _explained(column: Column, column_map: str, institution: ImportInstitution) -> tuple[str, ...]:
    words = column_words(column_map, column.key)
    values = values_of(column_map, column.key) or _own(column.key, column_map, institution)
    return (
        column.header,
        "是" if column.required else "",
        words.help["zh-CN"],
        "、".join(values or suggestions_of(column_map, column.key)),
        words.english,
        "yes" if column.required else "",
        words.help["en"],
    )
