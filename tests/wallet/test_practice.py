"""A teacher's practice: which records count, and what they come to."""

from datetime import UTC, datetime

import pytest

from crypto.keys import PrivateKey
from tests.wallet.doubles import NOW
from tests.wallet.enterprises import ENTERPRISE, Enterprise, RecordingCollege
from vc.endorsements import embedded
from wallet import holding, looking_up, practice, receiving

RECORD = "TeacherTrainingRecord"


@pytest.fixture
def enterprise(registry, network):
    found = Enterprise(registry)
    network.hosts[found.url] = found
    return found


@pytest.fixture
def school(registry, network, enterprise):
    found = RecordingCollege(registry, enterprise=enterprise)
    found.register(types=(RECORD, "ApprenticeshipRecord"))
    network.hosts[found.url] = found
    return found


@pytest.fixture
def record(db, wallet, school, parts):
    """Claim a record and give it as the wallet holds it, looked at anew."""

    def record(kind=RECORD, *, now=NOW, **subject):
        school.subject_changes = subject
        offered = looking_up.look_up(school.hand_out(kind=kind), parts=parts, now=NOW)
        (credential_id,) = receiving.receive(db, wallet, offered, pin="123456", parts=parts, now=NOW)
        return holding.refresh_one(db, wallet, credential_id, parts=parts, now=now)

    return record


@pytest.fixture
def measure(db, wallet):
    return lambda now=NOW: practice.measure(holding.held(db, wallet, now=now), now=now)


@pytest.mark.row("S71", "S75")
def test_practice_that_the_enterprise_endorsed_counts_as_months(record, measure):
    item = record()
    assert item.complete
    found = measure()
    (stay,) = found.stays
    assert stay.reason == "counted"
    assert found.months == pytest.approx(320 / 8 / 21.75)
    assert not found.enough


@pytest.mark.row("S75")
def test_practice_without_the_enterprises_word_counts_nothing(record, measure, school):
    school.enterprise = None
    item = record()
    assert [entry.kind for entry in item.countersigned] == ["missing"]
    assert measure().months == 0
    assert measure().stays[0].reason == "notEndorsed"


@pytest.mark.row("S75")
def test_practice_counts_no_more_once_the_enterprise_withdrew(record, measure, enterprise, db, wallet, parts):
    item = record()
    (endorsement,) = embedded(item.credential)
    enterprise.revoke(dict(endorsement), kind="withdrawn", reason="机构撤销")
    holding.refresh(db, wallet, parts=parts, now=NOW, force=True)
    assert measure().months == 0
    assert measure().stays[0].reason == "withdrawn"


def test_endorsement_of_other_content_is_none(record, measure, school):
    school.altered_after = {"practiceHours": 3200}
    assert [entry.kind for entry in record().countersigned] == ["missing"]
    assert measure().months == 0


def test_endorsement_signed_by_somebody_else_is_none(record, enterprise):
    enterprise.signs_with = PrivateKey.generate("Ed25519")
    assert [entry.kind for entry in record().countersigned] == ["missing"]


def test_endorsement_that_cannot_be_looked_at_counts_nothing_and_is_not_called_missing(
    record, measure, network, enterprise
):
    network.away.add(enterprise.url)
    assert [entry.kind for entry in record().countersigned] == ["unknown"]
    assert measure().stays[0].reason == "unchecked"


def test_enterprise_that_the_registry_does_not_know_endorses_nothing(record, registry):
    from ledger.registry import issuer_key

    registry.values.pop(issuer_key(ENTERPRISE))
    assert [entry.kind for entry in record().countersigned] == ["missing"]


def test_revoked_record_counts_nothing(record, measure, school, db, wallet, parts):
    school.revoke(record().credential)
    holding.refresh(db, wallet, parts=parts, now=NOW, force=True)
    assert measure().stays[0].reason == "notValid"


@pytest.mark.row("S75")
def test_six_months_are_enough(record, measure):
    record(practiceHours=700)
    record(practiceHours=344)
    assert measure().months == pytest.approx(6)
    assert measure().enough


def test_practice_of_more_than_five_years_ago_counts_nothing(record, measure):
    record(activityStartDate="2021-01-04T00:00:00+08:00", activityEndDate="2021-06-30T00:00:00+08:00")
    assert measure().stays[0].reason == "tooOld"


def test_of_a_stay_across_the_line_the_part_inside_counts(record, measure):
    record(
        practiceHours=200,
        activityStartDate="2021-11-11T00:00:00+08:00",
        activityEndDate="2021-12-01T00:00:00+08:00",
    )
    # The line is 21 November 2021: half of the twenty days lie inside.
    assert measure().months == pytest.approx(100 / 8 / 21.75)


def test_other_kinds_of_training_are_listed_and_not_counted(record, measure):
    record(trainingKind="培训进修")
    assert measure().months == 0
    assert len(measure().others) == 1


def test_five_years_before_a_leap_day_is_the_day_before():
    found = practice.measure([], now=datetime(2028, 2, 29, 4, tzinfo=UTC))
    assert (found.since.year, found.since.month, found.since.day) == (2023, 2, 28)


@pytest.mark.row("S71", "S75")
def test_page_shows_the_meter_and_why_a_record_does_not_count(holder, school):
    holder.claim(school.hand_out(kind=RECORD))
    school.enterprise = None
    holder.claim(school.hand_out(kind=RECORD))
    page = holder.get("/practice").text
    assert "约 1.8 个月，要求 6 个月" in page
    assert "企业未会签，不计入" in page
    assert "<progress" in page
    assert "估算" in page
    assert "近五年企业实践" in holder.get("/certificates").text


def test_certificate_page_says_who_endorsed_and_who_did_not(holder, school):
    holder.claim(school.hand_out(kind="ApprenticeshipRecord"))
    (endorsed,) = holder.certificates()
    page = holder.get(f"/certificates/{endorsed}").text
    for shown in (
        "企业已会签",
        "星衡智能装备有限公司",
        "理论学时",
        "320 学时",
        "学校导师",
        "周明远 · 副教授",
        "企业导师评定",
    ):
        assert shown in page, shown
    school.enterprise = None
    holder.claim(school.hand_out(kind="ApprenticeshipRecord"))
    (other,) = set(holder.certificates()) - {endorsed}
    page = holder.get(f"/certificates/{other}").text
    assert "企业未会签" in page
    assert "不能换学分" in page


def test_practice_page_of_nobody_names_the_next_step(holder):
    assert "还没有企业实践记录" in holder.get("/practice").text
