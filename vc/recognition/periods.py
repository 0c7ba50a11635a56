"""When an agreement is in force, and for how long a certificate is young enough."""

import calendar
from collections.abc import Iterable
from datetime import date, datetime

from vc import dates
from vc.errors import AgreementError
from vc.recognition.lint import check_agreement
from vc.recognition.model import Agreement


def in_force(agreements: Iterable[Agreement], *, at: datetime) -> list[Agreement]:
    """Return the agreements in force: of each id the highest version that has started, if it still runs.

    An expired version revives no older one, and a document that is malformed is never in force.
    """
    highest: dict[str, Agreement] = {}
    for agreement in agreements:
        try:
            check_agreement(agreement.document)
        except AgreementError:
            continue
        known = highest.get(agreement.document["id"])
        newer = known is None or known.document["version"] < agreement.document["version"]
        if newer and max(agreement.started, _moment(agreement, "effectiveFrom")) <= at:
            highest[agreement.document["id"]] = agreement
    return [
        agreement
        for _, agreement in sorted(highest.items())
        if at <= _moment(agreement, "effectiveUntil") and (agreement.ended is None or at < agreement.ended)
    ]


def last_day(awarded: date, *, months: int) -> date:
    """Return the last day on which a certificate of that day is at most ``months`` old.

    The corresponding day of the later month counts; where there is none, the month's last day.
    """
    year, month = divmod(awarded.year * 12 + awarded.month - 1 + months, 12)
    return date(year, month + 1, min(awarded.day, calendar.monthrange(year, month + 1)[1]))


def _moment(agreement: Agreement, key: str) -> datetime:
    return dates.parse(agreement.document[key])
