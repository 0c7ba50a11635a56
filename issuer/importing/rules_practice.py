"""Rules of the records that a college and an enterprise make together: apprentices and teachers.

Spec: CREDENTIALS.md, sections 5 and 6; DOMAIN.md, S48, S52, S75.
"""

from collections.abc import Iterator

from issuer.importing.content import Note, Surroundings
from issuer.importing.row_checks import (
    PASS_MARK,
    Located,
    Row,
    award_after,
    award_day,
    hours_fit,
    identity,
    missing,
    period,
)
from schemas.builders.teacher_training import DUAL_QUALIFIED, ENTERPRISE_PRACTICE


def apprenticeship(row: Row, around: Surroundings) -> Iterator[Located]:
    """Both tutors, both assessments and the split of hours are required columns; here they are compared."""
    yield from identity(row, around)
    yield from _period_and_award(row, around)
    yield from hours_fit(row, "theoryHours", "practiceHours")
    for key in ("schoolMark", "enterpriseMark"):
        if row[key].usable and float(row[key].value) < PASS_MARK:
            yield key, Note("W13_MARK_BELOW")
    school, enterprise = row["schoolTutor"], row["enterpriseTutor"]
    if school.usable and school.value == enterprise.value:
        yield "enterpriseTutor", Note("W12_SAME_TUTOR")


def teacher(row: Row, around: Surroundings) -> Iterator[Located]:
    """Practice in an enterprise needs the enterprise, its DID and the hours; a certified teacher a level."""
    yield from identity(row, around)
    yield from _period_and_award(row, around)
    yield from hours_fit(row, "practiceHours")
    kind = row["kind"].value
    if kind == ENTERPRISE_PRACTICE:
        needed: tuple[str, ...] = ("enterprise", "enterpriseDid", "practiceHours")
    elif kind == DUAL_QUALIFIED:
        needed = ("level",)
    else:
        needed = ()
    for key in needed:
        if missing(row, key):
            yield key, Note("E27_NEEDED_BY_KIND", {"kind": kind})
    yield from _half_named(row, needed)


def _half_named(row: Row, needed: tuple[str, ...]) -> Iterator[Located]:
    """An enterprise is named by both its columns or by neither."""
    for key, other in (("enterprise", "enterpriseDid"), ("enterpriseDid", "enterprise")):
        if key not in needed and missing(row, key) and row[other].usable:
            yield key, Note("E27_ENTERPRISE_HALF")


def _period_and_award(row: Row, around: Surroundings) -> Iterator[Located]:
    yield from period(row)
    future = list(award_day(row, around))
    yield from future or award_after(row, "end", "E10_AWARD_BEFORE_END")
