"""A clock that is not the ledger's: an alarm, and nothing is signed until it is right."""

from dataclasses import dataclass
from typing import Any

import pytest

from issuer import anchoring, create_app, guard, issuance, standing
from issuer.errors import ClockSkewError
from ledger import timekeeping
from tests.issuer.college import College, new_row
from wallet.parts import LedgerClient

MINUTE, HOUR, DAY = 60, 3_600, 86_400
FAR = [121, -121, HOUR, -HOUR, DAY, -DAY, 2_145_916_800 - 1_795_000_000, 60 * 365 * DAY]
"""Two minutes and a second, an hour, a day, to the year 2038, to the end of the century."""


def look(college: College, *, ahead: int) -> anchoring.AnchoringState:
    """Do a round with the ledger on a clock that is ``ahead`` of it."""
    return anchoring.anchor_pending(college.db, college.parts, now=college.now + ahead, at_once=True)


@pytest.mark.case("OPS-021")
@pytest.mark.parametrize("ahead", FAR)
def test_a_clock_far_from_the_ledgers_blocks_signing_and_sending(college: College, ahead: int) -> None:
    _, act = college.submit_batch(new_row(1))
    college.approve(act)
    assert look(college, ahead=ahead).problem == "CLOCK_SKEW"
    with pytest.raises(ClockSkewError):
        standing.require(college.db, "GraduationCertificate", now=college.now + ahead)
    issuance.run_all(college.db, college.parts, now=college.now + ahead)
    assert college.db["form"].count == 0


@pytest.mark.case("OPS-021")
@pytest.mark.parametrize("ahead", [120, -120, 60, -60, 0])
def test_clocks_that_every_check_allows_for_block_nothing(college: College, ahead: int) -> None:
    assert look(college, ahead=ahead).problem is None
    standing.require(college.db, "GraduationCertificate", now=college.now + ahead)


@pytest.mark.case("OPS-021")
@pytest.mark.parametrize("ahead", [DAY, -DAY])
def test_all_goes_on_once_the_clock_is_set_right(college: College, ahead: int) -> None:
    look(college, ahead=ahead)
    college.wait(anchoring.STANDING_SECONDS)
    assert anchoring.due(college.db, college.parts, now=college.now)
    assert look(college, ahead=0).problem is None
    college.issue(new_row(1))
    assert college.anchor().pending == 0


@pytest.mark.case("OPS-021")
def test_a_clock_that_goes_back_is_noticed_without_the_ledger(college: College) -> None:
    look(college, ahead=0)
    with pytest.raises(ClockSkewError, match="went back"):
        guard.require(college.db, now=college.now - 121)
    guard.require(college.db, now=college.now - 10)


@pytest.mark.case("OPS-021")
def test_a_clock_that_steps_back_ten_seconds_each_minute_dates_no_list_before_the_last(
    college: College,
) -> None:
    record = college.first_record(college.issue(new_row(1), new_row(2)))
    college.anchor()
    starts = []
    for step in range(1, 4):
        college.db.execute("UPDATE status_list SET changed_at = 1")
        look(college, ahead=-10 * step)
        rows = college.db.execute(
            "SELECT valid_from FROM publication WHERE resource = 'status/1' ORDER BY version"
        )
        starts = [start for (start,) in rows]
    assert len(starts) == 4
    assert starts == sorted(set(starts))
    assert record.created_at <= college.now


@pytest.mark.case("OPS-021")
def test_the_alarm_is_seen_in_health_and_figures(college: College) -> None:
    look(college, ahead=HOUR)
    app = create_app(college.environ, parts=college.parts, clock=lambda: college.now + HOUR)
    health = app.test_client().get("/health")
    assert health.status_code == 200
    assert ("clock_and_state", "CLOCK_SKEW") in {
        (reason["check"], reason["code"]) for reason in health.json["reasons"]
    }
    figures = app.test_client().get("/metrics").text
    assert f"vocred_issuer_clock_skew_seconds {float(HOUR)}" in figures
    assert 'vocred_issuer_check_passed{check="clock_and_state"} 0.0' in figures


@dataclass
class StandingStill:
    """A ledger that signed nothing for an hour, and whose node says what time it is."""

    client: LedgerClient
    signed: int
    says: int | None

    def snapshot(self, keys: Any, *, now: int) -> Any:
        return self.client.snapshot(keys, now=self.signed)

    def listed(self, path: str) -> dict[str, Any]:
        assert path == "/health"
        return {"time": self.says}


@pytest.mark.case("OPS-021")
def test_a_ledger_that_stands_still_is_not_taken_for_a_wrong_clock(college: College) -> None:
    later = college.now + HOUR
    still = StandingStill(college.parts.ledger, signed=college.now, says=later + 3)
    assert timekeeping.skew(still, now=later) == -3
    assert timekeeping.skew(StandingStill(college.parts.ledger, college.now, None), now=later) is None
    college.wait(HOUR)
    wrong = StandingStill(college.parts.ledger, signed=later, says=later - DAY)
    assert timekeeping.skew(wrong, now=later + MINUTE) == MINUTE
