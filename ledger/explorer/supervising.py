"""What a supervisor looks at: counters from the ledger, counts that issuers signed, votes; nobody's data.

From the ledger come anchors, versions of lists and votes of each month: nobody can add to them or take away
afterwards. How many certificates of which type is the issuers' own word, signed with the key by which they
anchor; the ledger cannot know it, since anchored batches are padded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ledger.core.reading import Reader
from ledger.counts import Row
from ledger.explorer.index import Activity
from ledger.explorer.kept import Kept
from ledger.registry import IssuerRecord

SILENT_DAYS = 35
"""After so many days without counts an issuer is named as silent."""

_DAY = 24 * 3600
_NOTHING = Row(0, 0, 0)


@dataclass(frozen=True)
class IssuerLine:
    """One issuer over the months that are looked at.

    Attributes:
        did: The issuer.
        names: Its names, ``zh`` and ``en``.
        closed: Whether it is closed.
        total: What it says it issued and revoked, all types together.
        types: The same by type.
        months: The same by month.
        anchors: Anchors in the ledger.
        lists: Versions of lists and indexes in the ledger.
        counted_at: When it last counted, seconds; None where it never did in these months.
        stale: Whether some counts are signed with a key that is no more its own.
        silent: Whether it anchors and has signed no counts for a while.
    """

    did: str
    names: Mapping[str, str]
    closed: bool
    total: Row
    types: Mapping[str, Row]
    months: Mapping[str, Row]
    anchors: int
    lists: int
    counted_at: int | None
    stale: bool
    silent: bool

    @property
    def rate(self) -> float | None:
        """Revoked certificates per issued one; None where none was issued."""
        return self.total.revoked / self.total.issued if self.total.issued else None


@dataclass(frozen=True)
class Supervision:
    """The whole view.

    Attributes:
        since: The first month, such as ``2026-01``.
        until: The last month.
        months: Every month from the first to the last.
        issuers: The issuers by number.
        by_month: What all issuers together say they did, by month.
        ledger: Statements of every kind by month, all DIDs together.
        late: Issuer and month with late anchors, and how many.
    """

    since: str
    until: str
    months: Sequence[str]
    issuers: Sequence[IssuerLine]
    by_month: Mapping[str, Row]
    ledger: Mapping[str, Mapping[str, int]]
    late: Sequence[tuple[str, str, int]] = field(default=())

    @property
    def total(self) -> Row:
        """All issuers together."""
        return _sum(self.by_month.values())


def supervise(
    reader: Reader,
    *,
    activity: Sequence[Activity],
    kept: Sequence[Kept],
    since: str,
    until: str,
    now: int,
) -> Supervision:
    """Put the view together.

    Args:
        reader: One committed state of the ledger.
        activity: The ledger's counters of these months.
        kept: The counts that issuers signed for these months.
        since: The first month.
        until: The last month.
        now: The current time in integer seconds.
    """
    months = months_between(since, until)
    records = [IssuerRecord.from_value(key[1], value) for key, value in reader.values("issuer", length=2)]
    lines = [
        _line(record, activity=activity, kept=kept, now=now)
        for record in sorted(records, key=lambda record: record.number)
    ]
    known = {line.did for line in lines}
    held = [each for each in kept if each.counts.did in known]
    return Supervision(
        since=since,
        until=until,
        months=months,
        issuers=lines,
        by_month={
            month: _sum(each.counts.total for each in held if each.counts.month == month) for month in months
        },
        ledger={month: _kinds(activity, month) for month in months},
        late=[
            (each.counts.did, each.counts.month, each.counts.total.anchored_late)
            for each in held
            if each.counts.total.anchored_late
        ],
    )


def months_between(since: str, until: str) -> list[str]:
    """Return every month from ``since`` to ``until``, both of the form ``2026-11``."""
    return [_month(number) for number in range(_number(since), _number(until) + 1)]


def month_before(month: str, count: int) -> str:
    """Return the month that lies ``count`` months before a month."""
    return _month(_number(month) - count)


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _month(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"


def _line(
    record: IssuerRecord, *, activity: Sequence[Activity], kept: Sequence[Kept], now: int
) -> IssuerLine:
    own = [each for each in kept if each.counts.did == record.did]
    wrote = [each for each in activity if each.did == record.did]
    types = sorted({name for each in own for name in each.counts.rows})
    counted_at = max((each.counts.at for each in own), default=None)
    anchors = sum(each.items for each in wrote if each.kind == "anchor")
    return IssuerLine(
        did=record.did,
        names=record.names,
        closed=record.closed(now),
        total=_sum(each.counts.total for each in own),
        types={name: _sum(each.counts.rows.get(name, _NOTHING) for each in own) for name in types},
        months={each.counts.month: each.counts.total for each in own},
        anchors=anchors,
        lists=sum(each.items for each in wrote if each.kind == "status"),
        counted_at=counted_at,
        stale=any(each.kid != record.submission_key.thumbprint for each in own),
        silent=anchors > 0
        and not record.closed(now)
        and (counted_at is None or now - counted_at > SILENT_DAYS * _DAY),
    )


def _kinds(activity: Iterable[Activity], month: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in activity:
        if each.month == month:
            found[each.kind] = found.get(each.kind, 0) + each.items
    return found


def _sum(rows: Iterable[Row]) -> Row:
    listed = list(rows)
    return Row(
        issued=sum(row.issued for row in listed),
        revoked=sum(row.revoked for row in listed),
        anchored_late=sum(row.anchored_late for row in listed),
    )
