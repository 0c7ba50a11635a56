"""Which certificates an agreement accepts, who speaks, and which agreement counts; beside the vectors."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from tests.vc.recognition_cases import (
    AT,
    HUAHENG,
    MEMBERS,
    MINGJIANG,
    XINGHENG,
    account,
    agreement,
    certificate,
    document,
)
from vc import dates
from vc.credentials import facts
from vc.recognition import evaluate, in_force, last_day, prepare, recognise, source_from, source_key

V1 = "urn:vocred:agreement:HM-2026-0001#1"


def judged(source=None, *, at=AT, members=MEMBERS, base="HM", **patch):
    return evaluate(source or certificate(), agreement(document(base, **patch)), members=members, at=at)


def newer(**patch):
    return document("HM", version=2, supersedes=V1, **patch)


def accepting(*agreements, source=None, at=AT):
    found = recognise(source or certificate(), agreements, members=MEMBERS, at=at)
    return [evaluation.name for evaluation in found]


# Days of award


@pytest.mark.parametrize(
    ("accepts", "reason"),
    [
        ({"awardedFrom": "2026-05-20"}, None),
        ({"awardedFrom": "2026-05-21"}, "awarded-too-early"),
        ({"awardedUntil": "2026-05-20"}, None),
        ({"awardedUntil": "2026-05-19"}, "awarded-too-late"),
        ({"awardedFrom": "2026-05-20", "awardedUntil": "2026-05-20"}, None),
    ],
)
def test_the_days_of_award_that_are_accepted_are_inclusive(accepts, reason):
    assert judged(accepts=accepts).reason == reason


def test_a_day_of_award_is_a_day_in_china():
    evening = certificate(awarded=dates.parse("2026-05-19T16:00:00Z"))
    assert judged(evening, accepts={"awardedFrom": "2026-05-20"}).accepted
    before = certificate(awarded=dates.parse("2026-05-19T15:59:59Z"))
    assert judged(before, accepts={"awardedFrom": "2026-05-20"}).reason == "awarded-too-early"


@pytest.mark.parametrize("key", ["awardedFrom", "awardedUntil"])
def test_where_a_day_of_award_is_asked_a_certificate_without_one_is_not_accepted(key):
    accepts = {"maxAgeMonths": None, key: "2026-05-20"}
    assert judged(certificate(awarded=None), accepts=accepts).reason == "no-award-date"


@pytest.mark.parametrize(
    ("awarded", "months", "last"),
    [("2026-08-31", 6, "2027-02-28"), ("2028-02-29", 12, "2029-02-28"), ("2026-12-15", 12, "2027-12-15")],
)
def test_where_the_later_month_lacks_the_day_its_last_day_counts(awarded, months, last):
    assert last_day(date.fromisoformat(awarded), months=months) == date.fromisoformat(last)


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-12)), timezone(timedelta(hours=14))])
def test_in_which_zone_the_moment_is_written_changes_nothing(zone):
    assert judged(at=AT.astimezone(zone)) == judged()


def test_fractions_of_a_second_do_not_count():
    until = dates.parse("2029-02-28T23:59:59+08:00")
    young = certificate(awarded=dates.parse("2028-05-20T00:00:00+08:00"))
    assert judged(young, at=until + timedelta(milliseconds=999)).accepted


def test_a_certificate_is_not_recognised_before_it_holds():
    ahead = certificate(valid_from=AT + timedelta(days=1))
    evaluation = judged(ahead)
    assert evaluation.reason == "outside-validity"
    assert "2026-06-06" in evaluation.lines[0]["zh-CN"]


def test_a_graduation_certificate_without_a_conclusion_is_not_accepted():
    accepts = {"credentialType": "https://w3id.org/vocred#GraduationCertificate"}
    source = certificate(credential_type="GraduationCertificate")
    assert judged(source, accepts=accepts).reason == "not-passed"
    passed = certificate(credential_type="GraduationCertificate", conclusion="毕业")
    assert judged(passed, accepts=accepts).accepted


# What is said


@pytest.mark.row("S58")
def test_no_second_test_is_said_with_its_purpose_and_party():
    said = [result for result in judged().recognising if result.reason == "waived"]
    assert [(result.by, result.purpose["zh-CN"], result.scope) for result in said] == [
        (MINGJIANG, "入职技能核验", "全部"),
        (XINGHENG, "入职技能核验", "全部"),
    ]
    assert "入职技能核验" in said[0].line["zh-CN"]
    assert "skill check at hiring" in said[0].line["en"]


@pytest.mark.parametrize(
    ("scope", "zh", "en"), [("理论", "理论部分", "theory"), ("实操", "实操部分", "practical")]
)
def test_a_waiver_of_part_of_a_test_says_which_part(scope, zh, en):
    stated = document("HM")
    stated["rules"][1]["scope"] = scope
    result = evaluate(certificate(), agreement(stated), members=MEMBERS, at=AT).results[2]
    assert (result.outcome, result.reason, result.scope) == ("yes", "waived", scope)
    assert zh in result.line["zh-CN"]
    assert en in result.line["en"]


def test_a_party_that_did_not_sign_this_version_is_not_spoken_for():
    stated = document("HM")
    found = evaluate(
        certificate(), agreement(stated, signed=[HUAHENG, MINGJIANG]), members=MEMBERS, at=AT
    ).results
    assert [(result.by, result.reason) for result in found if result.rule == "R2"] == [
        (HUAHENG, "own"),
        (MINGJIANG, "waived"),
        (XINGHENG, "not-signed"),
    ]


@pytest.mark.row("S58")
def test_an_equivalence_says_as_what_level_by_whom_and_since_when():
    evaluation = judged()
    result = evaluation.results[0]
    assert (result.by, result.target.level_code, result.target.qualification_system) == (
        MINGJIANG,
        "1X-2",
        "1+X",
    )
    assert evaluation.since == dates.parse("2026-03-01T00:00:00+08:00")
    assert "机器人装调与运维（中级）" in result.line["zh-CN"]


def test_an_agreement_voted_in_late_is_in_force_since_then():
    late = dates.parse("2026-04-01T00:00:00Z")
    evaluation = evaluate(certificate(), agreement(document("HM"), started=late), members=MEMBERS, at=AT)
    assert evaluation.since == late


@pytest.mark.row("S25")
def test_the_same_question_has_the_same_answer_as_json():
    assert judged().to_json() == judged().to_json()
    assert judged().to_json()["agreement"] == V1


# Which agreements count


def test_of_two_versions_the_newer_decides_even_where_it_accepts_less():
    less = newer(accepts={"levelCode": ["1X-3"]}, rules=[document("HM")["rules"][1]])
    assert accepting(agreement(document("HM")), agreement(less)) == []


def test_the_older_version_counts_until_the_newer_starts():
    later = agreement(newer(), started=AT + timedelta(seconds=1))
    assert accepting(agreement(document("HM")), later) == [V1]


def test_the_older_version_counts_until_the_newer_takes_effect():
    later = agreement(newer(effectiveFrom="2026-09-01T00:00:00+08:00"))
    assert accepting(agreement(document("HM")), later) == [V1]


def test_an_expired_newer_version_revives_no_older_one():
    over = agreement(newer(effectiveUntil="2026-05-31T23:59:59+08:00"))
    assert accepting(agreement(document("HM")), over) == []


def test_an_ended_newer_version_revives_no_older_one():
    assert accepting(agreement(document("HM")), agreement(newer(), ended=AT)) == []


def test_a_document_that_is_not_understood_recognises_nothing():
    assert accepting(agreement(document("HM", condition="only on Sundays"))) == []


def test_a_newer_version_that_is_not_understood_takes_the_older_one_s_place_all_the_same():
    strange = newer(condition="x")
    assert accepting(agreement(document("HM")), agreement(strange)) == []
    later = agreement(strange, started=AT + timedelta(seconds=1))
    assert accepting(agreement(document("HM")), later) == [V1]


def test_an_older_version_that_is_not_understood_leaves_the_newer_one_alone():
    assert accepting(agreement(document("HM", condition="x")), agreement(newer())) == [V1.replace("#1", "#2")]


def test_agreements_come_in_the_order_of_their_ids():
    both = [agreement(document("YL")), agreement(document("HM"))]
    assert accepting(*both) == accepting(*reversed(both)) == [V1, "urn:vocred:agreement:YL-2026-0012#3"]


def test_what_is_in_force_can_be_asked_without_a_certificate():
    known = [
        agreement(document("YL")),
        agreement(document("HM"), ended=AT),
        agreement(document("HM", id="x")),
    ]
    assert [one.document["id"] for one in in_force(known, at=AT)] == ["urn:vocred:agreement:YL-2026-0012"]


def test_prepared_agreements_answer_like_fresh_ones():
    known = [agreement(document("YL")), agreement(document("HM"))]
    arguments = {"members": MEMBERS, "at": AT, "account": account()}
    prepared = prepare(known)
    assert recognise(certificate(), prepared, **arguments) == recognise(certificate(), known, **arguments)
    assert [terms.agreement for terms in prepared.in_force(at=AT)] == in_force(known, at=AT)


def test_an_issuer_that_only_an_older_version_accepts_is_not_recognised():
    older = agreement(document("HM"))
    other = agreement(newer(accepts={"issuer": [MINGJIANG]}, rules=[document("HM")["rules"][2]]))
    assert accepting(older, other) == []


def test_a_foreign_credential_is_recognised_by_nobody():
    foreign = source_from(facts({}), verdict="valid", anchored=True, possession=True)
    assert accepting(agreement(document("HM")), source=foreign) == []


# Sources


def test_a_source_is_named_by_issuer_type_and_number():
    assert source_key(certificate().facts) == f"{HUAHENG}|SkillLevelCertificate|HH1X-2026-2-0000457"


@pytest.mark.parametrize(
    "number", ["ｈh1x-2026-2-0000457", " HH1X-2026\u30002-0000457".replace("\u3000", "-")]
)
def test_width_case_and_white_space_of_a_number_name_the_same_source(number):
    assert source_key(certificate(number=number).facts) == source_key(certificate().facts)


def test_an_apprenticeship_is_named_by_its_agreement_s_number():
    stated = certificate(number=None, agreement_number="xt 2026-1").facts
    assert source_key(stated).endswith("|XT2026-1")


@pytest.mark.parametrize("number", [None, "", " \u3000"])
def test_without_a_number_a_source_is_named_by_its_id(number):
    stated = certificate(number=number).facts
    assert source_key(stated) == stated.credential_id


@pytest.mark.row("S48")
def test_a_record_whose_endorsements_nobody_looked_at_is_complete_only_if_it_needs_none():
    needs = replace(certificate().facts, required_endorsers=(XINGHENG,))
    verified = {"verdict": "valid", "anchored": True, "possession": True}
    assert not source_from(needs, **verified).complete
    assert source_from(needs, **verified, complete=True).complete
    assert source_from(certificate().facts, **verified).complete


def test_a_moment_without_a_zone_is_a_mistake_of_the_caller():
    with pytest.raises(TypeError):
        judged(at=datetime(2026, 6, 5, 10))  # noqa: DTZ001
