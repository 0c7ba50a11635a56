"""Registrars' files checked: bytes to rows, each cell mended and compared, findings and piles.

Without a database: the comparison with issued records is left out.
"""

from datetime import date

from benchmarks import registers
from benchmarks.college import CODE, GRADUATION, NAME
from benchmarks.measuring import rate
from issuer.importing import ImportInstitution, check

TODAY = date(2026, 11, 21)
GRADUATES, SKILLS = 2_000, 1_000
_BODY = "华衡职业技能评价中心（虚构）"


def run() -> None:
    """Measure CSV in two encodings, and XLSX."""
    text = registers.graduates(GRADUATES)
    recoded = text.decode("utf-8-sig").encode("gb18030")
    college = ImportInstitution(name=NAME, code=CODE)
    for what, data in (("CSV, UTF-8 with BOM", text), ("CSV, GB18030", recoded)):
        _measure(f"{what}, {GRADUATES:,} graduates", data, "register.csv", GRADUATION, college, GRADUATES)
    workbook = registers.skills(SKILLS)
    body = ImportInstitution(name=_BODY, code=None)
    _measure(f"XLSX, {SKILLS:,} 1+X results", workbook, "results.xlsx", "SkillLevelCertificate", body, SKILLS)


def _measure(
    what: str, data: bytes, filename: str, credential_type: str, institution: ImportInstitution, count: int
) -> None:
    def act() -> object:
        return check(
            data,
            filename=filename,
            credential_type=credential_type,
            institution=institution,
            today=TODAY,
        )

    rate(what, act, count=count, rounds=5, unit="rows/s")
