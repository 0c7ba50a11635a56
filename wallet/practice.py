"""A teacher's practice in enterprises over the last five years, against the six months that are expected.

Counted are records of the kind 企业实践 that are good and whose enterprise has endorsed them: without the
enterprise's word the hours are only the school's. Hours become months at 8 hours a day and 21.75 days a
month, so the figure is an estimate and is called one. Of a stay that began earlier than five years ago the
part inside counts.

Spec: CREDENTIALS.md, section 6.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vc.dates import CHINA
from wallet.holding import Held

KIND = "企业实践"
YEARS = 5
MONTHS_WANTED = 6.0
HOURS_A_DAY = 8
DAYS_A_MONTH = 21.75

Reason = Literal["counted", "notEndorsed", "withdrawn", "notValid", "unchecked", "tooOld", "noHours"]


@dataclass(frozen=True)
class Stay:
    """One record of practice and what it counts.

    Attributes:
        item: The record.
        months: What it counts, in months.
        reason: Why it counts, or does not.
    """

    item: Held
    months: float
    reason: Reason


@dataclass(frozen=True)
class Practice:
    """The meter.

    Attributes:
        since: First day that counts.
        stays: Every record of practice, the newest first.
        others: The teacher's other records.
    """

    since: datetime
    stays: tuple[Stay, ...]
    others: tuple[Held, ...]

    @property
    def months(self) -> float:
        """The months that count, an estimate."""
        return sum(stay.months for stay in self.stays)

    @property
    def enough(self) -> bool:
        """Whether the expected months are reached."""
        return self.months >= MONTHS_WANTED


def measure(items: Iterable[Held], *, now: datetime) -> Practice:
    """Measure a teacher's practice.

    Args:
        items: What the wallet holds.
        now: The time.
    """
    since = _years_before(now.astimezone(CHINA))
    records = sorted(
        (item for item in items if item.facts.credential_type == "TeacherTrainingRecord"),
        key=lambda item: item.facts.ended or item.received_at,
        reverse=True,
    )
    stays = tuple(_stay(item, since=since) for item in records if item.facts.training_kind == KIND)
    return Practice(since, stays, tuple(item for item in records if item.facts.training_kind != KIND))


def _stay(item: Held, *, since: datetime) -> Stay:
    facts = item.facts
    if item.status.kind in {"revoked", "withdrawn"}:
        return Stay(item, 0.0, "notValid")
    if facts.practice_hours is None or facts.started is None or facts.ended is None:
        return Stay(item, 0.0, "noHours")
    if not item.complete:
        return Stay(item, 0.0, _unendorsed(item))
    share = _share_inside(facts.started, facts.ended, since=since)
    if share == 0:
        return Stay(item, 0.0, "tooOld")
    return Stay(item, facts.practice_hours * share / HOURS_A_DAY / DAYS_A_MONTH, "counted")


def _unendorsed(item: Held) -> Reason:
    kinds = {found.kind for found in item.countersigned or ()}
    if "withdrawn" in kinds:
        return "withdrawn"
    return "notEndorsed" if "missing" in kinds else "unchecked"


def _share_inside(started: datetime, ended: datetime, *, since: datetime) -> float:
    if ended < since:
        return 0.0
    if started >= since or ended <= started:
        return 1.0
    return (ended - since) / (ended - started)


def _years_before(now: datetime) -> datetime:
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return day.replace(year=day.year - YEARS)
    except ValueError:
        # 29 February has no counterpart five years earlier.
        return day.replace(year=day.year - YEARS, day=28)
