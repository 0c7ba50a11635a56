"""Rules of micro-credentials and of awards in contests. Spec: CREDENTIALS.md, sections 3 and 4."""

import re
from collections.abc import Iterator

from issuer.importing.content import Note, Surroundings
from issuer.importing.row_checks import (
    Located,
    Row,
    award_after,
    award_day,
    identity,
    missing,
    validity,
)
from issuer.importing.spelling import HAN

# Padding stands between single characters; two longer parts are more often two people.
_TWO_NAMES = re.compile(rf"\s*[{HAN}]{{2,}}(?:\s+|和)[{HAN}]{{2,}}\s*")


def micro(row: Row, around: Surroundings) -> Iterator[Located]:
    """Practice is a part of the whole, and a piece of work comes with its digest."""
    yield from identity(row, around)
    future = list(award_day(row, around))
    yield from future or award_after(row, "examDate", "E10_AWARD_BEFORE_EXAM")
    yield from validity(row)
    practice, whole = row["practiceHours"], row["learningHours"]
    if practice.usable and whole.usable and int(practice.value) > int(whole.value):
        yield "practiceHours", Note("E28_HOURS_PART")
    if row["evidence"].usable and missing(row, "evidenceDigest"):
        yield "evidenceDigest", Note("E29_EVIDENCE_DIGEST")


def competition(row: Row, around: Surroundings) -> Iterator[Located]:
    """One certificate for each contestant."""
    yield from identity(row, around)
    future = list(award_day(row, around))
    yield from future or award_after(row, "contestDate", "E10_AWARD_BEFORE_CONTEST")
    if row["name"].usable and _TWO_NAMES.fullmatch(row["name"].raw):
        yield "name", Note("W12_TWO_NAMES")
