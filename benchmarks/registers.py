"""Registrars' files of any length: the rows of a sample again and again, each with numbers of its own.

Majors repeat, as they do in a register; names are put together from common characters, so that few rows wait
to be confirmed. Identity numbers have a region that nobody has (99xxxx) and a check character as GB 11643 has
it; they agree with the row's gender and date of birth.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import cycle, islice
from typing import Any

import openpyxl

from issuer.importing.identity import check_character
from vocred.demo.places import SAMPLES

GRADUATES = SAMPLES / "clean_graduates_2026_utf8bom.csv"
SKILLS = SAMPLES / "clean_skill_1x_2026.xlsx"
_RESIDENT = "居民身份证"
_FIRST_BIRTHDAY = date(2004, 1, 1)
_BIRTHDAYS = 600
_REGIONS = 9_000
_GIVEN = "安邦承德恩芳光海和华嘉健静军康兰乐丽林玲梅敏明宁平清仁荣瑞诗思涛天婷伟文祥晓欣秀雅阳怡英宇云泽哲志"


def graduates(count: int) -> bytes:
    """Return a college's register of ``count`` graduates, as CSV with a byte order mark."""
    with GRADUATES.open(encoding="utf-8-sig", newline="") as file:
        header, *sample = csv.reader(file)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    for serial, row in _multiplied(header, sample, count):
        row |= {
            "序号": str(serial),
            "学号": f"2023{serial:07}",
            "考生号": f"23990{serial:09}",
            "出生日期": _birthday(serial).strftime("%Y%m%d"),
            "证书编号": f"999011202606{serial:06}",
            "电子邮箱": f"s{serial}@stu.yunling.edu.example",
        }
        writer.writerow(row.values())
    return text.getvalue().encode("utf-8-sig")


def skills(count: int) -> bytes:
    """Return a certificate body's workbook of ``count`` results, as XLSX."""
    sheet = openpyxl.load_workbook(SKILLS, read_only=True).active
    header, *sample = (list(row) for row in sheet.iter_rows(values_only=True))
    workbook = openpyxl.Workbook(write_only=True)
    written = workbook.create_sheet("考核结果")
    written.append(header)
    for serial, row in _multiplied(header, sample, count):
        row |= {"序号": serial, "证书编号": f"HH1X-2026-2-{serial:07}", "电子邮箱": f"s{serial}@stu.example"}
        written.append(list(row.values()))
    output = io.BytesIO()
    workbook.save(output)
    return output.getvalue()


def identity_number(serial: int, *, gender: str) -> str:
    """Return the identity number of nobody: another one for each serial."""
    region, order = 990_001 + serial % _REGIONS, serial // _REGIONS * 2 % 1_000
    born = _birthday(serial).strftime("%Y%m%d")
    body = f"{region}{born}{order + (gender == '男'):03}"
    return body + check_character(body)


def _multiplied(
    header: list[str], sample: list[list[Any]], count: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    usable = [row for row in sample if dict(zip(header, row, strict=True))["证件类型"] == _RESIDENT]
    for serial, cells in enumerate(islice(cycle(usable), count), start=1):
        row = dict(zip(header, cells, strict=True))
        row["姓名"] = (
            row["姓名"][0] + _GIVEN[serial // len(_GIVEN) % len(_GIVEN)] + _GIVEN[serial % len(_GIVEN)]
        )
        row["证件号码"] = identity_number(serial, gender=row["性别"])
        yield serial, row


def _birthday(serial: int) -> date:
    return _FIRST_BIRTHDAY + timedelta(days=serial % _BIRTHDAYS)
