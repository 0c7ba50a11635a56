"""Dates and times as credentials write them: XSD dateTimeStamp in, aware UTC datetimes out."""

import re
from datetime import UTC, datetime, timedelta, timezone

from vc.errors import InvalidDatetimeError

CHINA = timezone(timedelta(hours=8))
"""The zone in which calendar days of certificates are counted."""

# XML Schema 1.1, dateTimeStamp, without the forms that readers disagree about: 24:00:00, second 60 and years
# beyond four digits. Python's own parser is laxer, so the pattern decides and the parser only converts.
_STAMP = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})T(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?"
    r"(?P<zone>Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)"
)


def parse(text: object) -> datetime:
    """Read a date and time with its offset.

    Args:
        text: For example ``2026-06-30T00:00:00+08:00``; more than six digits of a second are cut off.

    Returns:
        The moment, in UTC.

    Raises:
        InvalidDatetimeError: Anything that is not an XSD dateTimeStamp.

    Spec: VCDM 2.0, section 4.9 and the regular expression of XML Schema 1.1 dateTimeStamp.
    """
    match = _STAMP.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise InvalidDatetimeError("a date and time with an offset is needed, as 2026-06-30T00:00:00+08:00")
    fraction = (match["fraction"] or "0")[:6].ljust(6, "0")
    zone = "+00:00" if match["zone"] == "Z" else match["zone"]
    try:
        return datetime.fromisoformat(f"{match['date']}T{match['time']}.{fraction}{zone}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidDatetimeError("there is no such date and time") from error


def write(moment: datetime) -> str:
    """Write a moment in UTC to the second, as ``2026-06-30T00:00:00Z``.

    Raises:
        ValueError: The datetime is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_seconds(seconds: int) -> datetime:
    """Return the moment of integer seconds since 1970, as the ledger counts them."""
    return datetime.fromtimestamp(seconds, UTC)
