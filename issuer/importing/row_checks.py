"""What the rules of several maps share: the holder's document, the order of dates, marks and hours.

A cell that already refuses the row, or is blank, is compared with nothing: one mistake gives one finding.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from issuer.importing.cells import CellReading
from issuer.importing.content import Note, Surroundings
from issuer.importing.identity import RESIDENT, document_problem, resident_facts, resident_problem

Row = Mapping[str, CellReading]
"""The readings of a row by column key; a column that the map does not have is absent."""

Located = tuple[str, Note]
"""The key of a column, and what is to be said about its cell."""

PASS_MARK = 60
_HOURS_A_DAY = 8


def identity(row: Row, around: Surroundings) -> Iterator[Located]:
    """Check the holder's document; gender and birth date against a resident identity number."""
    kind, number = row["idType"], row["idNumber"]
    resident = kind.value in {"", RESIDENT}
    if not resident and not kind.bad:
        yield "idType", Note("W07_FOREIGN_DOC")
    if not number.usable or kind.bad:
        return
    if resident:
        problem = resident_problem(number.value, kind=number.kind, today=around.today)
    else:
        problem = document_problem(number.value, kind=number.kind)
    if problem:
        yield "idNumber", Note(problem, {"length": str(len(number.value))})
    elif resident:
        yield from _holder(row, around)


def award_day(row: Row, around: Surroundings, *, key: str = "awardDate") -> Iterator[Located]:
    """Nothing is awarded in the future."""
    awarded = day(row[key])
    if awarded and awarded > around.today:
        yield key, Note("E10_AWARD_FUTURE")


def award_after(row: Row, earlier: str, code: str) -> Iterator[Located]:
    """Check that the award does not come before the day in another column."""
    before, awarded = day(row[earlier]), day(row["awardDate"])
    if before and awarded and awarded < before:
        yield "awardDate", Note(code)


def validity(row: Row) -> Iterator[Located]:
    """Check that the end of validity comes after the award."""
    until, awarded = day(row["validUntil"]), day(row["awardDate"])
    if until and awarded and until <= awarded:
        yield "validUntil", Note("E10_VALIDITY_ORDER")


def period(row: Row, *, start: str = "start", end: str = "end") -> Iterator[Located]:
    """Check that a period ends on or after the day on which it starts."""
    first, last = day(row[start]), day(row[end])
    if first and last and last < first:
        yield end, Note("E10_PERIOD_ORDER")


def hours_fit(row: Row, *keys: str) -> Iterator[Located]:
    """Check that the hours in some columns fit into the row's period, eight a day."""
    first, last = day(row["start"]), day(row["end"])
    if not first or not last or last < first:
        return
    hours = sum(int(row[key].value) for key in keys if row[key].usable)
    days = (last - first).days + 1
    if hours > days * _HOURS_A_DAY:
        yield keys[-1], Note("W14_HOURS_DENSE", {"hours": str(hours), "days": str(days)})


def day(reading: CellReading) -> date | None:
    """Return the date of a cell; None where there is none to compare with."""
    return date.fromisoformat(reading.value) if reading.usable else None


def missing(row: Row, key: str) -> bool:
    """Whether a cell is blank; one that is refused is not."""
    return not row[key].value and not row[key].bad


def _holder(row: Row, around: Surroundings) -> Iterator[Located]:
    facts = resident_facts(row["idNumber"].value)
    gender, born = row.get("gender"), row.get("birthDate")
    if gender and gender.usable and gender.value in {"男", "女"} and gender.value != facts.gender:
        yield "gender", Note("E20_GENDER_ID_CONFLICT")
    if born is None or not born.usable:
        return
    if born.value != facts.birth_date:
        yield "birthDate", Note("E21_BIRTH_ID_CONFLICT")
        return
    age = (around.today - date.fromisoformat(born.value)).days / 365.25
    if not 14 <= age <= 70:
        yield "birthDate", Note("E09_AGE")
