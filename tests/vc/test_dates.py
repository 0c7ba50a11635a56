"""Dates and times as credentials write them."""

from datetime import UTC, datetime, timedelta

import pytest

from vc import dates
from vc.errors import InvalidDatetimeError


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-06-30T00:00:00+08:00", datetime(2026, 6, 29, 16, tzinfo=UTC)),
        ("2026-06-30T00:00:00Z", datetime(2026, 6, 30, tzinfo=UTC)),
        ("2026-06-30T00:00:00.5-06:00", datetime(2026, 6, 30, 6, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-06-30T00:00:00.123456789Z", datetime(2026, 6, 30, 0, 0, 0, 123_456, tzinfo=UTC)),
        ("2024-02-29T23:59:59+14:00", datetime(2024, 2, 29, 9, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_date_with_its_offset_is_a_moment(text, moment):
    assert dates.parse(text) == moment


@pytest.mark.case("CRED-039")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-06-30T00:00:00",
        "2026-06-30T00:00:00+0800",
        "2026-06-30t00:00:00z",
        "2026-06-30T00:00Z",
        "2026-06-30T00:00:00Z ",
        "2026-06-30T00:00:00Z\n",
        "2026-06-30T00:00:00+14:30",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        None,
        7,
    ],
)
def test_everything_else_is_refused(text):
    with pytest.raises(InvalidDatetimeError):
        dates.parse(text)


def test_a_moment_is_written_in_utc_to_the_second():
    moment = datetime(2026, 6, 30, 0, 0, 0, 999, tzinfo=dates.CHINA)
    assert dates.write(moment) == "2026-06-29T16:00:00Z"


def test_a_moment_without_its_zone_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="zone"):
        dates.write(datetime(2026, 6, 30))  # noqa: DTZ001 - a naive datetime is the case


def test_seconds_of_the_ledger_are_moments():
    assert dates.from_seconds(0) + timedelta(days=1) == datetime(1970, 1, 2, tzinfo=UTC)
