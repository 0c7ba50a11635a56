"""What an issuer counts for supervisors: right by month and type, signed, sent once a day, and harmless."""

import json
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

from issuer import counting, institution, revocation
from issuer.cli import cli
from issuer.command_line import Outside
from ledger.counts import Row, month_of, read_counts, verify_counts
from tests.issuer.college import DID, GRADUATION, College, new_row
from tests.issuer.test_issuer_ledger import SilentLedger
from web.database import transaction

DAY = 24 * 3600


def published(college: College, month: str) -> Any:
    answer = college.node.http.get(f"/v1/counts/{DID}/{month}")
    assert answer.status_code == 200, answer.json
    return answer.data


def publish(college: College) -> counting.Published:
    return counting.publish(college.db, college.parts, now=college.now)


def test_certificates_are_counted_once_whatever_the_number_of_their_forms(college: College):
    college.issue(new_row(1), new_row(2))
    month = month_of(college.now)
    assert counting.month_counts(college.db, month, now=college.now) == {GRADUATION: Row(2, 0, 0)}


def test_a_revocation_counts_in_the_month_in_which_it_happened(college: College):
    batch_id = college.issue(new_row(1))
    first = month_of(college.now)
    college.wait(40 * DAY)
    with transaction(college.db):
        record = college.first_record(batch_id)
        revocation.revoke(college.db, record_id=record.id, reason="issued-in-error", now=college.now)
    assert counting.month_counts(college.db, first, now=college.now)[GRADUATION].revoked == 0
    second = counting.month_counts(college.db, month_of(college.now), now=college.now)
    assert second == {GRADUATION: Row(0, 1, 0)}


def test_a_form_that_waited_more_than_a_day_is_anchored_late(college: College):
    month = month_of(college.now)
    college.issue(new_row(1))
    college.wait(DAY)
    assert counting.month_counts(college.db, month, now=college.now)[GRADUATION].anchored_late == 0
    college.wait(1)
    assert counting.month_counts(college.db, month, now=college.now)[GRADUATION].anchored_late == 1
    college.anchor()
    assert counting.month_counts(college.db, month, now=college.now)[GRADUATION].anchored_late == 1


def test_a_form_anchored_in_time_is_never_late(college: College):
    month = month_of(college.now)
    college.issue(new_row(1))
    college.anchor()
    college.wait(3 * DAY)
    assert counting.month_counts(college.db, month, now=college.now) == {GRADUATION: Row(1, 0, 0)}


def test_the_counts_are_signed_with_the_submission_key_and_kept_by_the_node(college: College):
    college.issue(new_row(1))
    month = month_of(college.now)
    assert publish(college).sent == (month,)
    key = institution.submission_key(college.db, college.parts.secret).public
    chain = college.node.consortium.chain_id
    counts = verify_counts(published(college, month), chain_id=chain, did=DID, month=month, key=key)
    assert counts.rows == {GRADUATION: Row(1, 0, 0)}


@pytest.mark.row("S38")
def test_nothing_but_counts_leaves_the_issuer(college: College):
    college.issue(new_row(1))
    publish(college)
    signed = published(college, month_of(college.now))
    for secret in ("林", "99901120260600", "机电2301"):
        assert secret.encode() not in signed


def test_a_month_that_did_not_change_is_not_sent_again_but_the_present_one_is(college: College):
    college.issue(new_row(1))
    first = month_of(college.now)
    publish(college)
    college.wait(40 * DAY)
    # What waits since then became late: the first month changed once more.
    assert publish(college).sent[0] == first
    college.wait(DAY)
    again = publish(college)
    assert first in again.unchanged
    assert again.sent == (month_of(college.now),)
    assert read_counts(published(college, month_of(college.now))).at == college.now


def test_after_a_change_of_the_key_every_month_is_signed_anew(college: College):
    college.issue(new_row(1))
    college.anchor()
    publish(college)
    college.wait(40 * DAY)
    publish(college)
    college.db.execute(
        "UPDATE preference SET value = json_set(value, '$.kid', 'another') WHERE name = 'counts.state'"
    )
    college.wait(1)
    assert len(publish(college).sent) == 2


def test_the_round_is_due_once_a_day_and_only_for_a_registered_issuer(unregistered: College):
    assert not counting.due(unregistered.db, now=unregistered.now)
    unregistered.register()
    assert counting.due(unregistered.db, now=unregistered.now)
    counting.look(unregistered.db, unregistered.parts, now=unregistered.now)
    assert not counting.due(unregistered.db, now=unregistered.now + DAY - 1)
    assert counting.due(unregistered.db, now=unregistered.now + DAY)


def test_a_silent_node_is_asked_again_ten_minutes_later(college: College):
    silent = replace(college.parts, ledger=SilentLedger())
    counting.look(college.db, silent, now=college.now)
    assert not counting.due(college.db, now=college.now + 599)
    assert counting.due(college.db, now=college.now + 600)


def test_the_command_shows_and_publishes_the_same_figures(college: College, monkeypatch: pytest.MonkeyPatch):
    college.issue(new_row(1))
    pin = college.node.home / "pin"
    for name, value in {**college.environ, "ISSUER_LEDGER_PIN": str(pin)}.items():
        monkeypatch.setenv(name, value)
    outside = Outside(clock=lambda: college.now, http=college.node.transport)
    shown, sent = (
        json.loads(CliRunner().invoke(cli, ["counts", *options, "--json"], obj=outside).stdout)
        for options in (["--show"], [])
    )
    month = month_of(college.now)
    assert shown["months"][month] == {GRADUATION: {"issued": 1, "revoked": 0, "anchoredLate": 0}}
    assert sent["months"] == shown["months"]
    assert sent["sent"] == [month]
    assert published(college, month)
