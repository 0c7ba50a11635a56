"""What is known about what is held: status, reasons, receipts, and who recognises it."""

from datetime import timedelta

import pytest

from tests.wallet.doubles import NOW
from vc import credentials
from wallet import accounts, holding, looking_up, receiving


@pytest.fixture
def item(db, wallet, college, parts):
    offered = looking_up.look_up(college.hand_out(), parts=parts, now=NOW)
    (credential_id,) = receiving.receive(db, wallet, offered, pin="123456", parts=parts, now=NOW)
    return holding.one(db, wallet, credential_id, now=NOW)


@pytest.fixture
def refreshed(db, wallet, parts, item):
    def run(*, now=NOW + timedelta(minutes=6)):
        complete = holding.refresh(db, wallet, parts=parts, now=now)
        return complete, holding.one(db, wallet, item.credential_id, now=now)

    return run


def test_revocation_is_seen_with_its_reason_and_day(college, item, refreshed):
    college.revoke(item.credential, reason="冒名/作弊")
    _, found = refreshed()
    assert (found.status.kind, found.status.reason, found.status.day) == (
        "revoked",
        "冒名/作弊",
        "2026-11-20",
    )


def test_withdrawn_copy_is_not_called_revoked(college, item, refreshed):
    college.revoke(item.credential, kind="withdrawn")
    assert refreshed()[1].status.kind == "withdrawn"


def test_revocation_counts_also_when_the_notice_cannot_be_had(college, item, refreshed):
    college.revoke(item.credential)
    college.published["/status/1/notices"] += b" "
    assert refreshed()[1].status.kind == "revoked"


def test_revocation_of_another_form_changes_nothing(college, item, refreshed):
    other = college.sign_form(
        "SkillLevelCertificate", "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    )
    college.revoke(other)
    assert refreshed()[1].status.kind == "valid"


def test_silent_issuer_leaves_the_last_answer_standing_for_a_day_and_no_longer(
    db, wallet, college, network, item, refreshed
):
    network.away.add(college.url)
    complete, found = refreshed()
    assert not complete
    assert found.status.kind == "valid"
    assert holding.one(db, wallet, item.credential_id, now=NOW + timedelta(hours=25)).status.kind == "unknown"


def test_list_older_than_the_ledgers_is_not_believed(college, item, refreshed):
    old = dict(college.published)
    college.revoke(item.credential)
    college.published = old
    complete, found = refreshed()
    assert not complete
    assert found.status.kind == "valid"
    assert found.status.as_of == item.status.as_of


def test_receipt_is_fetched_by_bucket_once_the_form_is_anchored(college, item, network, refreshed):
    assert refreshed()[1].receipt is None
    bundle = college.anchor(item.credential)
    assert refreshed(now=NOW + timedelta(minutes=12))[1].receipt == bundle
    asked = " ".join(url for _, url in network.requests)
    assert credentials.digest(item.credential).hex() not in asked
    assert "/store/receipts/0/0" in asked


def test_receipt_that_does_not_check_counts_as_none(college, item, registry, refreshed):
    college.anchor(item.credential)
    registry.good_receipts.clear()
    complete, found = refreshed()
    assert complete
    assert found.receipt is None


def test_what_was_looked_at_a_moment_ago_is_not_looked_at_again(db, wallet, item, network, parts):
    network.requests.clear()
    holding.refresh(db, wallet, parts=parts, now=NOW + timedelta(minutes=1))
    assert network.requests == []
    holding.refresh(db, wallet, parts=parts, now=NOW + timedelta(minutes=1), force=True)
    assert network.requests


def test_anchoring_is_proved_again_each_time_it_is_shown(
    db, wallet, college, item, parts, refreshed, registry
):
    college.anchor(item.credential)
    _, found = refreshed()
    assert holding.anchoring(found, parts=parts, now=NOW).single_operator
    registry.good_receipts.clear()
    assert holding.anchoring(found, parts=parts, now=NOW) is None


def test_deleted_certificate_is_gone(db, wallet, item):
    holding.delete(db, wallet, item.credential_id, now=NOW)
    assert holding.held(db, wallet, now=NOW) == []
    assert db["credential"].count == 0


def test_database_holds_nothing_of_a_certificate_in_the_clear(db, path, item):
    db.execute("pragma wal_checkpoint(truncate)")
    stored = path.read_bytes()
    for text in (item.facts.name, item.facts.number, item.facts.credential_id, item.facts.holder):
        assert text.encode() not in stored
    assert item.key.to_bytes() not in stored


def test_row_of_one_account_opens_in_no_other(db, edge, item, wallet):
    other = accounts.create(db, name="别人", passphrase="another passphrase", **edge)
    db.execute("update credential set account = :id", {"id": other.account_id})
    with pytest.raises(Exception, match="does not open"):
        holding.held(db, other, now=NOW)
