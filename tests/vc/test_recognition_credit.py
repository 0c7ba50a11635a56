"""Credit that is newer than the vectors: reckoned from the certificate, capped per source, once and whole."""

from dataclasses import replace

import pytest

from tests.vc.recognition_cases import (
    AT,
    BANK,
    COLLEGE,
    MEMBERS,
    UNIT,
    account,
    agreement,
    certificate,
    conversion,
    document,
)
from vc.facts import Mark
from vc.recognition import Result, check_agreement, evaluate, source_key

OTHER_COLLEGE = "did:web:second.edu.example"


def course(rule_id: str, code: str, worth: object, **members: object) -> dict:
    return {
        "id": rule_id,
        "kind": "免修",
        "target": {"courseCode": code, "courseName": {"zh-CN": "课程", "en": "Course"}},
        "credits": worth,
        "creditUnit": UNIT,
        **members,
    }


def deposit(worth: object = 8, rule_id: str = "R7") -> dict:
    return {"id": rule_id, "kind": "存入", "credits": worth, "creditUnit": UNIT}


def asked(rules: list[dict], *, source=None, holder=None, limits=None, **options) -> list[Result]:
    stated = document(rules=rules, limits=limits, rewards=None, penalties=None)
    check_agreement(stated)
    evaluation = evaluate(
        source or certificate(), agreement(stated), members=MEMBERS, at=AT, account=holder, **options
    )
    return [result for result in evaluation.results if result.rule != "R0"]


def said(results: list[Result]) -> list[str]:
    return [result.reason for result in results]


# Credits out of the certificate


@pytest.mark.row("S55")
@pytest.mark.parametrize(
    ("stated", "granted"),
    [(3.0, 3.0), (3.4, 3.0), (3.5, 3.5), (3.999, 3.5), (0.5, 0.5), (10.0, 6.0), (2.3, 2.0), (6.0, 6.0)],
)
def test_credits_earned_are_rounded_down_to_halves_and_never_exceed_the_rule_s_most(stated, granted):
    rules = [course("R1", "A", {"from": "creditsEarned", "max": 6})]
    assert asked(rules, source=certificate(credits_earned=stated), holder=account())[0].credits == granted


@pytest.mark.parametrize(
    ("hours", "each", "granted"),
    [
        (160, 16, 10.0),
        (159, 16, 9.5),
        (8, 16, 0.5),
        (15, 16, 0.5),
        (24, 18, 1.0),
        (27, 18, 1.5),
        (40, 1, 40.0),
    ],
)
def test_learning_hours_become_credits_by_the_rule_s_own_measure(hours, each, granted):
    rules = [course("R1", "A", {"from": "learningHours", "hoursPerCredit": each, "max": 40})]
    assert asked(rules, source=certificate(learning_hours=hours), holder=account())[0].credits == granted


@pytest.mark.parametrize(
    ("amount", "stated"),
    [
        ({"from": "creditsEarned", "max": 6}, {"credits_earned": None}),
        ({"from": "creditsEarned", "max": 6}, {"credits_earned": 0.4}),
        ({"from": "creditsEarned", "max": 6}, {"credits_earned": 0.0}),
        ({"from": "creditsEarned", "max": 6}, {"credits_earned": -8.0}),
        ({"from": "creditsEarned", "max": 6}, {"credits_earned": float("inf")}),
        ({"from": "creditsEarned", "max": 6}, {"credits_earned": float("nan")}),
        ({"from": "creditsEarned", "max": 6}, {"credits_available": 6.0}),
        ({"from": "learningHours", "hoursPerCredit": 16, "max": 6}, {"learning_hours": 7}),
        ({"from": "learningHours", "hoursPerCredit": 16, "max": 6}, {"practice_hours": 160}),
    ],
)
def test_without_a_usable_number_of_at_least_half_a_credit_nothing_is_granted(amount, stated):
    results = asked([course("R1", "A", amount)], source=certificate(**stated), holder=account())
    assert said(results) == ["no-credits"]
    assert results[0].credits is None


def test_reckoned_credits_count_against_the_cap_like_any_others():
    rules = [course("R1", "A", {"from": "creditsEarned", "max": 6}), course("R2", "B", 2)]
    results = asked(
        rules,
        source=certificate(credits_earned=4.7),
        holder=account(),
        limits={"maxCreditsPerLearner": 6},
    )
    assert [result.credits for result in results] == [4.5, None]
    assert said(results) == ["granted", "cap"]


def test_nobody_s_account_is_told_what_the_certificate_is_worth():
    rules = [course("R1", "A", {"from": "creditsEarned", "max": 6})]
    result = asked(rules, source=certificate(credits_earned=4.7))[0]
    assert (result.outcome, result.credits) == ("conditional", 4.5)
    assert "4.5" in result.line["zh-CN"]


# One source


def test_a_source_gives_a_college_no_more_than_the_agreement_s_limit_per_source():
    rules = [course("R1", "A", 4), course("R2", "B", 3), course("R3", "C", 2)]
    results = asked(rules, holder=account(), limits={"maxCreditsPerSource": 6})
    assert said(results) == ["granted", "source-cap", "granted"]


def test_what_a_source_gave_under_an_earlier_version_counts_against_its_limit():
    mine = source_key(certificate().facts)
    earlier = conversion(version=2, rule="R8", source=mine, credits=3.5)
    results = asked(
        [course("R1", "A", 3), course("R2", "B", 2.5)],
        holder=account(earlier),
        limits={"maxCreditsPerSource": 6},
    )
    assert said(results) == ["source-cap", "granted"]


@pytest.mark.parametrize(
    "other",
    [
        {"source": "another"},
        {"agreement_id": "urn:vocred:agreement:ZZ-2026-0001"},
        {"college": OTHER_COLLEGE},
        {"state": "cancelled"},
    ],
)
def test_the_limit_per_source_counts_this_source_this_agreement_this_college_and_what_stands(other):
    mine = source_key(certificate().facts)
    earlier = conversion(**{"rule": "R8", "source": mine, "credits": 6.0, **other})
    results = asked([course("R1", "A", 3)], holder=account(earlier), limits={"maxCreditsPerSource": 6})
    assert said(results) == ["granted"]


def test_a_deposit_is_held_to_the_limit_per_source_as_well():
    assert said(asked([deposit(8)], holder=account(), limits={"maxCreditsPerSource": 6})) == ["source-cap"]


def test_a_source_is_deposited_once_whatever_the_agreement():
    mine = source_key(certificate().facts)
    earlier = conversion(
        agreement_id="urn:vocred:agreement:ZZ-2026-0001",
        rule="R1",
        kind="存入",
        source=mine,
        college=None,
        course_code=None,
    )
    assert said(asked([deposit()], holder=account(earlier))) == ["source-used"]


def test_two_rules_of_deposit_give_one_deposit():
    assert said(asked([deposit(2, "R7"), deposit(3, "R8")], holder=account())) == ["granted", "source-used"]


def test_a_source_that_served_a_course_anywhere_is_not_deposited():
    mine = source_key(certificate().facts)
    earlier = conversion(agreement_id="urn:vocred:agreement:ZZ-2026-0001", source=mine, college=OTHER_COLLEGE)
    assert said(asked([deposit()], holder=account(earlier))) == ["converted"]


@pytest.mark.parametrize("state", ["active", "underReview"])
def test_a_deposit_of_the_same_source_makes_room_for_the_course_that_takes_its_place(state):
    mine = source_key(certificate().facts)
    earlier = conversion(
        rule="R7", kind="存入", source=mine, college=None, course_code=None, credits=8.0, state=state
    )
    results = asked([course("R1", "A", 8)], holder=account(earlier), limits={"maxCreditsPerLearner": 8})
    assert said(results) == ["granted"]


def test_deposits_of_other_sources_count_against_the_cap():
    earlier = conversion(rule="R7", kind="存入", college=None, course_code=None, credits=8.0)
    results = asked([course("R1", "A", 8)], holder=account(earlier), limits={"maxCreditsPerLearner": 8})
    assert said(results) == ["cap"]


def test_where_the_course_is_refused_the_deposit_is_taken():
    rules = [deposit(), course("R1", "A", 8)]
    results = asked(rules, holder=account(conversion(course_code="A")), chosen=["R1", "R7"])
    assert said(results) == ["granted", "course-done"]


@pytest.mark.row("S54")
def test_one_source_serves_several_courses_each_once():
    mine = source_key(certificate().facts)
    earlier = conversion(rule="R1", source=mine, course_code="A")
    results = asked([course("R1", "A", 1), course("R2", "B", 1)], holder=account(earlier))
    assert said(results) == ["source-used", "granted"]


def test_a_rule_that_was_used_is_used_also_where_its_course_changed():
    earlier = conversion(version=2, rule="R1", source=source_key(certificate().facts), course_code="OLD")
    assert said(asked([course("R1", "A", 1)], holder=account(earlier))) == ["source-used"]


# Whose


def test_two_colleges_speak_each_for_its_own_students():
    stated = document(rules=[course("R1", "A", 1)], rewards=None, penalties=None)
    stated["parties"].append({**stated["parties"][0], "id": OTHER_COLLEGE})
    check_agreement(stated)
    evaluation = evaluate(
        certificate(), agreement(stated), members=[*MEMBERS, OTHER_COLLEGE], at=AT, account=account()
    )
    assert [(result.by, result.reason) for result in evaluation.results[:2]] == [
        (COLLEGE, "granted"),
        (OTHER_COLLEGE, "not-enrolled"),
    ]


def test_a_learner_of_no_college_may_deposit():
    nowhere = replace(account(), college=None, programme=None)
    assert said(asked([deposit(), course("R1", "A", 1)], holder=nowhere)) == ["granted", "not-enrolled"]


def test_without_a_programme_a_rule_for_programmes_says_so():
    target = {**course("R1", "A", 1)["target"], "programme": ["460305"]}
    results = asked([course("R1", "A", 1, target=target)], holder=replace(account(), programme=None))
    assert said(results) == ["programme"]
    assert "None" not in results[0].line["en"]


def test_a_college_may_credit_its_own_certificates():
    stated = document(
        accepts={"issuer": [COLLEGE]}, rules=[course("R1", "A", 1)], rewards=None, penalties=None
    )
    evaluation = evaluate(
        certificate(issuer_id=COLLEGE), agreement(stated), members=MEMBERS, at=AT, account=account()
    )
    assert [result.reason for result in evaluation.results] == ["granted", "own"]


def test_a_bank_that_did_not_sign_this_version_keeps_no_credit():
    stated = document(rules=[course("R1", "A", 1), deposit()], rewards=None, penalties=None)
    signed = [party["id"] for party in stated["parties"] if party["id"] != BANK]
    evaluation = evaluate(
        certificate(), agreement(stated, signed=signed), members=MEMBERS, at=AT, account=account()
    )
    assert [result.reason for result in evaluation.results[:2]] == ["no-keeper", "not-signed"]


def test_nobody_s_account_is_told_of_an_anchor_that_is_missing():
    source = replace(certificate(), anchored=False, possession=False)
    assert said(asked([course("R1", "A", 1)], source=source)) == ["not-anchored"]


def test_nobody_s_account_is_not_asked_for_possession():
    assert said(asked([course("R1", "A", 1)], source=replace(certificate(), possession=False))) == [
        "available"
    ]


def test_without_a_usable_mark_nobody_is_invited_to_apply():
    rules = [course("R1", "A", 1, grade={"from": "result:实操成绩", "map": "score"})]
    assert said(asked(rules, source=certificate(marks=()))) == ["no-mark"]


# Grades


@pytest.mark.parametrize(
    "mark",
    [
        Mark("实操成绩", "91"),
        Mark("实操成绩", "91", "0", None),
        Mark("实操成绩", "91", "1", "100"),
        Mark("实操成绩", "-1", "0", "100"),
        Mark("实操成绩", "100.5", "0", "100"),
        Mark("实操成绩", "9１", "0", "100"),
        Mark("实操成绩", "091", "0", "100"),
        Mark("实操成绩", "9e1", "0", "100"),
        Mark("实操成绩", "91%", "0", "100"),
        Mark("实操成绩", "", "0", "100"),
        Mark("实操成绩", "NaN", "0", "100"),
    ],
    ids=lambda mark: f"{mark.value} of {mark.minimum} to {mark.maximum}",
)
def test_a_mark_that_does_not_say_that_it_counts_from_0_to_100_is_not_usable(mark):
    rules = [course("R1", "A", 1, grade={"from": "result:实操成绩", "map": "score"})]
    assert said(asked(rules, source=certificate(marks=(mark,)), holder=account())) == ["no-mark"]


@pytest.mark.parametrize("value", ["0", "100", "100.0", "59.999"])
def test_a_mark_is_taken_over_as_it_is_written(value):
    rules = [course("R1", "A", 1, grade={"from": "result:实操成绩", "map": "score"})]
    marks = (Mark("实操成绩", value, "0", "100.0"),)
    assert asked(rules, source=certificate(marks=marks), holder=account())[0].grade == value


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_bands_may_stand_in_any_order(order):
    bands = [{"min": 60, "grade": "C"}, {"min": 80, "grade": "B"}, {"min": 90.5, "grade": "A"}]
    rules = [course("R1", "A", 1, grade={"from": "result:实操成绩", "bands": [bands[i] for i in order]})]
    assert asked(rules, holder=account())[0].grade == "A"
    eighty = certificate(marks=(Mark("实操成绩", "80", "0", "100"),))
    assert asked(rules, source=eighty, holder=account())[0].grade == "B"


def test_a_refused_grade_leaves_course_and_cap_free_for_the_next_rule():
    rules = [
        course("R1", "A", 4, grade={"from": "result:没有", "map": "score"}),
        course("R2", "A", 4),
    ]
    results = asked(rules, holder=account(), limits={"maxCreditsPerLearner": 4})
    assert said(results) == ["no-mark", "granted"]


# Words


@pytest.mark.parametrize(
    ("worth", "words"), [(1, "1 credit (16 hours each)"), (1.5, "1.5 credits (16 hours each)")]
)
def test_credits_are_told_with_their_unit(worth, words):
    line = asked([course("R1", "A", worth)], holder=account())[0].line
    assert words in line["en"]
    assert f"{worth}{UNIT}" in line["zh-CN"]
