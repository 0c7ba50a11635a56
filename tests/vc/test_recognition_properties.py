"""What holds for every agreement, certificate and account, whatever they say."""

import json
import random
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vc.recognition_cases import (
    AT,
    BANK,
    COLLEGE,
    HUAHENG,
    MINGJIANG,
    UNIT,
    XINGHENG,
    agreement,
    certificate,
)
from vc.facts import Mark
from vc.recognition import (
    Account,
    Agreement,
    Conversion,
    Evaluation,
    Source,
    check_agreement,
    evaluate,
    recognise,
    source_key,
)

SECOND = "did:web:second.edu.example"
COLLEGES, BODIES = (COLLEGE, SECOND), (HUAHENG, MINGJIANG, XINGHENG)
MEMBERS = (*COLLEGES, *BODIES, BANK)
LEVELS, CODES, COURSES = ("1X-1", "1X-2", "1X-3"), ("IROM-1", "IROM-2"), ("A", "B", "C")
TEXT = {"zh-CN": "文", "en": "text"}
COURSE_KINDS = ("免修", "学分置换", "成绩替代")

halves = st.integers(1, 20).map(lambda number: number / 2)


def some(values, **options):
    return st.lists(st.sampled_from(values), min_size=1, unique=True, **options)


amounts = st.one_of(
    halves,
    st.builds(lambda most: {"from": "creditsEarned", "max": most}, halves),
    st.builds(
        lambda most, hours: {"from": "learningHours", "hoursPerCredit": hours, "max": most},
        halves,
        st.integers(1, 40),
    ),
)
grades = st.sampled_from(
    [
        {"fixed": "合格"},
        {"from": "result:实操成绩", "map": "score"},
        {"from": "result:实操成绩", "bands": [{"min": 60, "grade": "C"}, {"min": 90, "grade": "A"}]},
    ]
)


@st.composite
def rules(draw, place: int) -> dict[str, Any]:
    kind = draw(st.sampled_from([*COURSE_KINDS, *COURSE_KINDS, "存入", "等级等效", "免于重复认证"]))
    rule: dict[str, Any] = {"id": f"R{place + 1}", "kind": kind}
    when = draw(st.fixed_dictionaries({}, optional={"levelCode": some(LEVELS), "humanCode": some(CODES)}))
    if when:
        rule["when"] = when
    if kind in COURSE_KINDS or kind == "存入":
        rule |= {"credits": draw(amounts), "creditUnit": UNIT}
    if kind in COURSE_KINDS:
        rule["target"] = {"courseCode": draw(st.sampled_from(COURSES)), "courseName": TEXT}
        if kind == "成绩替代" or draw(st.booleans()):
            rule["grade"] = draw(grades)
        if draw(st.booleans()):
            rule["by"] = draw(some(COLLEGES))
    if kind == "等级等效":
        rule["target"] = {
            "credentialType": "https://w3id.org/vocred#SkillLevelCertificate",
            "qualificationSystem": "1+X",
            "levelCode": draw(st.sampled_from(LEVELS)),
        }
        rule["by"] = draw(some(BODIES))
    return rule


def party(did: str, role: str) -> dict[str, Any]:
    return {"id": did, "role": role, "duties": [TEXT], "rights": [TEXT]}


@st.composite
def documents(draw, identifier: str = "urn:vocred:agreement:P-1") -> dict[str, Any]:
    stated = {
        "id": identifier,
        "type": "RecognitionAgreement",
        "version": 1,
        "title": TEXT,
        "objective": TEXT,
        "parties": [
            *(party(did, "recognising-college") for did in COLLEGES),
            *(party(did, "recognising-body") for did in BODIES),
            party(BANK, "credit-bank"),
        ],
        "accepts": {
            "credentialType": "https://w3id.org/vocred#SkillLevelCertificate",
            "issuer": draw(st.sampled_from([[HUAHENG], [HUAHENG, MINGJIANG], [MINGJIANG, XINGHENG]])),
            **draw(st.fixed_dictionaries({}, optional={"maxAgeMonths": st.integers(1, 36)})),
            **draw(st.sampled_from([{}, {"noSecondaryCertification": True}])),
        },
        "rules": [draw(rules(place)) for place in range(draw(st.integers(1, 5)))],
        "limits": draw(
            st.fixed_dictionaries(
                {}, optional={"maxCreditsPerLearner": halves, "maxCreditsPerSource": halves}
            )
        ),
        "effectiveFrom": "2026-03-01T00:00:00+08:00",
        "effectiveUntil": "2029-02-28T23:59:59+08:00",
    }
    check_agreement(stated)
    return stated


@st.composite
def sources(draw) -> Source:
    mark = draw(st.sampled_from([None, "30", "91", "91"]))
    return certificate(
        issuer_id=draw(st.sampled_from([HUAHENG, HUAHENG, HUAHENG, MINGJIANG])),
        level_code=draw(st.sampled_from(LEVELS)),
        human_code=draw(st.sampled_from(CODES)),
        number=draw(st.sampled_from(["N-1", "N-2"])),
        credits_earned=draw(st.sampled_from([None, 0.3, 2.7, 6.0])),
        learning_hours=draw(st.sampled_from([None, 7, 64])),
        marks=() if mark is None else (Mark("实操成绩", mark, "0", "100"),),
    )


@st.composite
def conversions(draw, *, key: str) -> Conversion:
    deposit = draw(st.integers(0, 3)) == 0
    return Conversion(
        agreement_id=draw(st.sampled_from(["urn:vocred:agreement:P-1", "urn:vocred:agreement:P-2"])),
        version=1,
        rule=f"R{draw(st.integers(1, 6))}",
        kind="存入" if deposit else draw(st.sampled_from(COURSE_KINDS)),
        source=draw(st.sampled_from([key, "other"])),
        college=None if deposit else draw(st.sampled_from(COLLEGES)),
        course_code=None if deposit else draw(st.sampled_from(COURSES)),
        credits=draw(halves),
        unit=UNIT,
        state=draw(st.sampled_from(["active", "active", "underReview", "cancelled"])),
    )


@st.composite
def applications(draw) -> tuple[Source, dict[str, Any], Account]:
    source = draw(sources())
    held = draw(st.lists(conversions(key=source_key(source.facts)), max_size=4))
    return source, draw(documents()), Account(draw(st.sampled_from(COLLEGES)), None, tuple(held))


def asked(source: Source, stated: dict[str, Any], held: Account | None, **options: Any) -> Evaluation:
    arguments = {"members": MEMBERS, "at": AT, "account": held, **options}
    return evaluate(source, agreement(stated), **arguments)


def registered(source: Source, held: Account, evaluation: Evaluation) -> Account:
    """Register what was granted as the bank does: a deposit ends where its source is used for a course."""
    key = source_key(source.facts)
    added = [
        Conversion(
            agreement_id=evaluation.agreement_id,
            version=evaluation.version,
            rule=result.rule,
            kind=result.kind,
            source=key,
            college=result.college,
            course_code=None if result.course is None else result.course.code,
            credits=result.credits,
            unit=result.unit,
            state="active",
        )
        for result in evaluation.granted
    ]
    used = any(entry.kind != "存入" for entry in added)
    kept = [
        replace(entry, state="cancelled") if used and entry.kind == "存入" and entry.source == key else entry
        for entry in held.conversions
    ]
    return replace(held, conversions=(*kept, *added))


def counted(held: Account) -> list[Conversion]:
    return [entry for entry in held.conversions if entry.state != "cancelled"]


@given(applications())
def test_nothing_is_granted_beyond_the_limit_per_learner(application):
    source, stated, held = application
    evaluation = asked(source, stated, held)
    cap = stated["limits"].get("maxCreditsPerLearner")
    if cap is None or not evaluation.granted:
        return
    after = counted(registered(source, held, evaluation))
    assert sum(entry.credits for entry in after if entry.agreement_id == stated["id"]) <= cap


@given(applications())
def test_nothing_is_granted_beyond_the_limit_per_source(application):
    source, stated, held = application
    evaluation = asked(source, stated, held)
    cap = stated["limits"].get("maxCreditsPerSource")
    if cap is None:
        return
    after = counted(registered(source, held, evaluation))
    for result in evaluation.granted:
        drawn = [
            entry.credits
            for entry in after
            if (entry.agreement_id, entry.source, entry.college)
            == (stated["id"], source_key(source.facts), result.college)
        ]
        assert sum(drawn) <= cap


@given(applications())
def test_a_course_is_taken_once(application):
    source, stated, held = application
    granted = [result for result in asked(source, stated, held).granted if result.course is not None]
    courses = [(result.college, result.course.code) for result in granted]
    before = {(entry.college, entry.course_code) for entry in counted(held)}
    assert len(set(courses)) == len(courses)
    assert before.isdisjoint(courses)


@given(applications())
def test_a_source_is_a_deposit_or_a_course_and_never_both(application):
    source, stated, held = application
    after = counted(registered(source, held, asked(source, stated, held)))
    mine = [entry for entry in after if entry.source == source_key(source.facts)]
    new = [entry for entry in mine if entry not in held.conversions]
    if new:
        deposits = [entry for entry in mine if entry.kind == "存入"]
        assert len(deposits) <= 1
        assert not deposits or len(mine) == 1


@given(applications())
def test_a_rule_gives_all_of_its_credits_or_none(application):
    source, stated, held = application
    worth = {
        result.rule: result.credits
        for result in asked(source, stated, None).results
        if result.credits is not None
    }
    for result in asked(source, stated, held).results:
        if result.reason == "granted":
            assert result.credits == worth[result.rule]
            assert (result.credits * 2).is_integer()
        elif result.outcome == "no":
            assert result.credits is None


@given(applications())
def test_what_was_registered_is_not_granted_again(application):
    source, stated, held = application
    first = asked(source, stated, held)
    second = asked(source, stated, registered(source, held, first))
    assert not {result.rule for result in first.granted} & {result.rule for result in second.granted}


@given(applications(), documents(identifier="urn:vocred:agreement:P-2"))
def test_agreements_never_chain(application, other):
    source, stated, held = application
    arguments = {"members": MEMBERS, "at": AT, "account": held}
    alone = [recognise(source, [agreement(each)], **arguments) for each in (stated, other)]
    together = recognise(source, [agreement(stated), agreement(other)], **arguments)
    assert together == (*alone[0], *alone[1])
    for evaluation in together:
        assert source.facts.issuer_id in evaluation.agreement.document["accepts"]["issuer"]


@given(applications(), st.sampled_from(LEVELS))
def test_an_equivalent_level_opens_no_other_rule(application, level):
    source, stated, held = application
    changed = json.loads(json.dumps(stated))
    for rule in changed["rules"]:
        if rule["kind"] == "等级等效":
            rule["target"]["levelCode"] = level
    here, there = asked(source, stated, held), asked(source, changed, held)
    assert [(result.rule, result.by, result.reason) for result in here.results] == [
        (result.rule, result.by, result.reason) for result in there.results
    ]


def shuffled(value: Any, chance: random.Random) -> Any:
    """Write the same document otherwise: members of objects, and lists that are sets, in another order."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {
            key: chance.sample(value[key], len(value[key]))
            if key in ("issuer", "levelCode", "humanCode") and isinstance(value[key], list)
            else shuffled(value[key], chance)
            for key in keys
        }
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


@pytest.mark.row("S25")
@given(applications(), st.randoms(use_true_random=False), st.integers(-12, 14))
def test_the_answer_is_the_same_anywhere(application, chance, offset):
    source, stated, held = application
    expected = asked(source, stated, held)
    entries = list(held.conversions)
    chance.shuffle(entries)
    elsewhere = asked(
        source,
        shuffled(json.loads(json.dumps(stated)), chance),
        replace(held, conversions=tuple(entries)),
        members=set(chance.sample(MEMBERS, len(MEMBERS))),
        at=AT.astimezone(timezone(timedelta(hours=offset))),
    )
    assert elsewhere == expected
    assert elsewhere.to_json() == expected.to_json()


@given(applications(), st.randoms(use_true_random=False), documents(identifier="urn:vocred:agreement:P-2"))
def test_the_order_of_agreements_changes_nothing(application, chance, other):
    source, stated, held = application
    known = [agreement(stated), agreement(other)]
    arguments = {"members": MEMBERS, "at": AT, "account": held}
    expected = recognise(source, known, **arguments)
    chance.shuffle(known)
    assert recognise(source, known, **arguments) == expected


@given(
    applications(),
    st.sampled_from(
        [
            {"ended": AT},
            {"ended": AT - timedelta(days=1)},
            {"started": AT + timedelta(seconds=1)},
        ]
    ),
)
def test_what_is_ended_or_has_not_begun_grants_nothing(application, state):
    source, stated, held = application
    over: Agreement = agreement(stated, **state)
    evaluation = evaluate(source, over, members=MEMBERS, at=AT, account=held)
    assert not evaluation.accepted
    assert evaluation.results == ()
    assert recognise(source, [over], members=MEMBERS, at=AT, account=held) == ()


@given(applications(), st.integers(1, 10**9))
def test_what_is_expired_grants_nothing(application, later):
    source, stated, held = application
    moment = AT.replace(year=2029, month=3, day=1) + timedelta(seconds=later)
    evaluation = asked(source, stated, held, at=moment)
    assert (evaluation.accepted, evaluation.results) == (False, ())


@given(applications(), st.sampled_from(["revoked", "notAuthentic", "couldNotCheck", "", "Valid"]))
def test_only_a_good_verdict_is_recognised(application, verdict):
    source, stated, held = application
    assert not asked(replace(source, verdict=verdict), stated, held).accepted
    assert not asked(replace(source, complete=False), stated, held).accepted


@given(applications(), st.sampled_from(["anchored", "possession"]))
def test_credit_needs_an_anchor_and_possession(application, missing):
    source, stated, held = application
    assert asked(replace(source, **{missing: False}), stated, held).granted == ()


@given(applications(), some(MEMBERS))
def test_nothing_is_said_for_a_body_that_left(application, left):
    source, stated, held = application
    stay = [did for did in MEMBERS if did not in left]
    for options in ({"account": held}, {"account": None}):
        evaluation = evaluate(source, agreement(stated), members=stay, at=AT, **options)
        assert not {result.by for result in evaluation.recognising} & set(left)
        if BANK in left:
            assert all(result.credits is None for result in evaluation.results)


@given(applications())
def test_a_body_never_recognises_its_own_certificates(application):
    source, stated, held = application
    said = [result for result in asked(source, stated, held).recognising if result.credits is None]
    assert source.facts.issuer_id not in {result.by for result in said}


@given(applications())
def test_every_rule_answers_in_both_languages(application):
    source, stated, held = application
    evaluation = asked(source, stated, held)
    assert {result.rule for result in evaluation.results} >= (
        {rule["id"] for rule in stated["rules"]} if evaluation.accepted else set()
    )
    for line in evaluation.lines:
        assert line["zh-CN"]
        assert line["en"]
        assert "None" not in line["zh-CN"] + line["en"]
