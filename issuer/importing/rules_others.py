"""Rules of credit records, employers' evaluations and members' accreditations.

Spec: CREDENTIALS.md, sections 7 to 9.
"""

from collections.abc import Iterator

from issuer.importing.content import Note, Surroundings
from issuer.importing.row_checks import (
    Located,
    Row,
    award_after,
    award_day,
    identity,
    missing,
    period,
    validity,
)
from schemas.builders.credit import DEPOSIT
from schemas.builders.evaluation import DIMENSIONS

_COURSE = ("courseCode", "courseName", "college", "collegeName")


def credit(row: Row, around: Surroundings) -> Iterator[Located]:
    """Whatever is not a deposit is credited to a course of a college."""
    yield from identity(row, around)
    yield from award_day(row, around, key="awarded")
    kind = row["conversionKind"]
    if not kind.usable or kind.value == DEPOSIT:
        return
    for key in _COURSE:
        if missing(row, key):
            yield key, Note("E27_NEEDED_BY_KIND", {"kind": kind.value})


def evaluation(row: Row, around: Surroundings) -> Iterator[Located]:
    """At least one dimension is rated, after the period that the rating is about."""
    yield from period(row, start="periodStart", end="periodEnd")
    future = list(award_day(row, around))
    yield from future or award_after(row, "periodEnd", "E10_AWARD_BEFORE_END")
    if all(missing(row, key) for key in DIMENSIONS):
        yield next(iter(DIMENSIONS)), Note("E29_RATING_MISSING")


def member(row: Row, around: Surroundings) -> Iterator[Located]:
    """An accreditation ends after it starts; it may start later."""
    del around
    yield from validity(row)
