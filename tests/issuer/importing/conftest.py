"""Registers to import: the clean samples, with single cells changed."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from issuer.importing import Finding, ImportCheck, ImportInstitution, check
from vocred.demo.places import SAMPLES

TODAY = date(2026, 11, 21)
COLLEGE = ImportInstitution(name="云岭示范职业技术学院", code="99901")
BODY = ImportInstitution(name="华衡职业技能评价中心（虚构）")
ENTERPRISE = ImportInstitution(name="星衡智能装备有限公司（虚构）")


def _csv_rows(name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO((SAMPLES / name).read_text("utf-8-sig"))))


def _workbook_rows(name: str) -> list[list[str]]:
    sheet = openpyxl.load_workbook(SAMPLES / name).active
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    return [
        [str(c.date()) if hasattr(c, "date") else "" if c is None else str(c) for c in row] for row in rows
    ]


@dataclass(frozen=True)
class Register:
    """A clean register of one kind, whose rows can be changed before it is checked."""

    credential_type: str
    institution: ImportInstitution
    header: list[str]
    rows: list[list[str]] = field(repr=False)

    def lines(self, *changes: Mapping[str, Any], header: Sequence[str] | None = None) -> list[list[Any]]:
        """Return the header and one clean row for each mapping of column to new cell."""
        body = [
            [change.get(column, cell) for column, cell in zip(self.header, self.rows[number], strict=True)]
            for number, change in enumerate(changes)
        ]
        return [list(header or self.header), *body]

    def csv(self, lines: Sequence[Sequence[Any]], *, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
        """Write lines as text."""
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(lines)
        return text.getvalue().encode(encoding)

    def xlsx(self, lines: Sequence[Sequence[Any]], edit: Callable[[Any, Any], None] | None = None) -> bytes:
        """Write lines as a workbook; ``edit`` may change it before it is saved."""
        workbook = openpyxl.Workbook()
        sheet = workbook.active
        for row in lines:
            sheet.append(list(row))
        if edit:
            edit(workbook, sheet)
        output = io.BytesIO()
        workbook.save(output)
        return output.getvalue()

    def check(self, data: bytes, *, filename: str = "名册.csv", **named: Any) -> ImportCheck:
        """Check a file of this kind."""
        named.setdefault("institution", self.institution)
        named.setdefault("today", TODAY)
        return check(data, filename=filename, credential_type=self.credential_type, **named)

    def found(self, *changes: Mapping[str, Any]) -> list[tuple[int, str, str, str, str | None]]:
        """Check changed rows; return data row, column, code (three characters), severity and fixed value."""
        return [brief(f) for f in self.check(self.csv(self.lines(*changes))).findings]


def brief(finding: Finding) -> tuple[int, str, str, str, str | None]:
    """Return what tests compare of a finding."""
    return finding.data_row, finding.column, finding.code[:3], str(finding.severity), finding.fixed


@pytest.fixture(scope="session")
def samples() -> Path:
    """Return the folder of sample files."""
    return SAMPLES


@pytest.fixture(scope="session")
def graduates() -> Register:
    """Return the college's register."""
    header, *rows = _csv_rows("clean_graduates_2026_utf8bom.csv")
    return Register("GraduationCertificate", COLLEGE, header, rows)


@pytest.fixture(scope="session")
def candidates() -> Register:
    """Return the certificate body's register (1+X)."""
    header, *rows = _workbook_rows("clean_skill_1x_2026.xlsx")
    return Register("SkillLevelCertificate", BODY, header, rows)


@pytest.fixture(scope="session")
def certified() -> Register:
    """Return the enterprise's register (企业认证)."""
    header, *rows = _csv_rows("clean_enterprise_2026_utf8.csv")
    return Register("SkillLevelCertificate", ENTERPRISE, header, rows)
