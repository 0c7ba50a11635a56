"""What the schema and the lint refuse, and where they say it; beside the refused documents of the vectors."""

import pytest

import schemas
from tests.vc.recognition_cases import BANK, HUAHENG, XINGHENG, document
from vc.errors import AgreementError
from vc.recognition import check_agreement, lint


def places(stated, **options):
    return [(found.where, found.code) for found in lint(stated, **options)]


@pytest.mark.row("S26", "S27", "S28")
@pytest.mark.parametrize("name", ["RecognitionAgreement", "RecognitionAgreement-bodies"])
def test_the_published_examples_are_accepted(name):
    check_agreement(schemas.example(name))


@pytest.mark.parametrize(
    ("patch", "place"),
    [
        ({"accepts": {"awardedFrom": "2026-05-02", "awardedUntil": "2026-05-01"}}, "accepts/awardedUntil"),
        ({"accepts": {"awardedFrom": "2026-02-30"}}, "accepts/awardedFrom"),
        ({"accepts": {"awardedFrom": "2026-05-02T00:00:00Z"}}, "accepts/awardedFrom"),
        ({"effectiveFrom": "2026-03-01"}, "effectiveFrom"),
        ({"effectiveFrom": "2026-03-01T24:00:00+08:00"}, "effectiveFrom"),
        ({"limits": {"maxCreditsPerSource": 0.3}}, "limits/maxCreditsPerSource"),
        ({"limits": {"maxCreditsPerSource": 0}}, "limits/maxCreditsPerSource"),
        ({"supersedes": "urn:vocred:agreement:YL-2026-0012#3"}, "supersedes"),
        ({"supersedes": f"urn:vocred:agreement:YL-2026-0012#{'9' * 5000}"}, "supersedes"),
        ({"version": 0}, "version"),
        ({"id": "urn:vocred:agreement:yl"}, "id"),
        ({"objective": None}, "objective"),
        ({"objective": {"zh-CN": ""}}, "objective/zh-CN"),
        ({"title": {"zh-CN": "长" * 501}}, "title/zh-CN"),
        ({"accepts": {"maxAgeMonths": 601}}, "accepts/maxAgeMonths"),
        ({"penalties": [{"to": "did:web:else.example"}]}, "penalties/0/kind"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_said_at_its_place(patch, place):
    assert place in [where for where, _ in places(document(**patch))]


def rules(*changes):
    stated = document()
    stated["rules"][0].update(changes[0])
    return stated


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"credits": {"from": "learningHours", "max": 4}}, "rules/0/credits/hoursPerCredit"),
        ({"credits": {"from": "creditsEarned", "hoursPerCredit": 16, "max": 4}}, "rules/0/credits"),
        ({"credits": {"from": "creditsEarned"}}, "rules/0/credits/max"),
        ({"credits": {"from": "practiceHours", "max": 4}}, "rules/0/credits/from"),
        ({"credits": {"from": "creditsEarned", "max": 4.2}}, "rules/0/credits/max"),
        ({"scope": "全部"}, "rules/0/scope"),
        (
            {"target": {"courseCode": "rb 1", "courseName": {"zh-CN": "课", "en": "C"}}},
            "rules/0/target/courseCode",
        ),
        ({"when": {}}, "rules/0/when"),
        ({"confirm": "never"}, "rules/0/confirm"),
        ({"grade": {"from": "result:", "map": "score"}}, "rules/0/grade/from"),
        ({"kind": "存入", "target": None}, "rules/0/target"),
        ({"kind": "积分"}, "rules/0/kind"),
        ({"by": [BANK]}, "rules/0/by"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_in_a_rule_is_said_of_the_rule_s_own_member(change, place):
    assert place in [where for where, _ in places(rules(change))]


def test_bands_that_start_at_the_same_mark_are_refused():
    bands = [{"min": 60, "grade": "C"}, {"min": 60.0, "grade": "B"}]
    assert places(rules({"grade": {"from": "result:实操成绩", "bands": bands}})) == [
        ("rules/0/grade/bands", "bands")
    ]


def test_a_deposit_speaks_for_the_credit_bank_and_nobody_else():
    deposit = {"id": "R3", "kind": "存入", "credits": 8, "creditUnit": "学分（16学时/学分）"}
    stated = document()
    stated["rules"].append({**deposit, "by": [BANK]})
    assert places(stated) == []
    stated["rules"][-1]["by"] = [HUAHENG]
    assert places(stated) == [("rules/2/by", "speaker")]


def test_credit_needs_a_bank():
    stated = document()
    stated["parties"] = stated["parties"][:2]
    assert ("parties", "bank") in places(stated)


def test_every_fault_is_found_not_only_the_first():
    stated = document(penalties=[{**document()["penalties"][0], "to": XINGHENG}])
    stated["rules"][1]["id"] = "R1"
    assert places(stated) == [("rules/1/id", "rule-twice"), ("penalties/0/to", "no-party")]


def test_the_refusal_names_the_place():
    with pytest.raises(AgreementError, match="rules/0/credits"):
        check_agreement(rules({"credits": -1}))


# Over versions


@pytest.mark.row("S55")
def test_a_new_version_counts_in_the_unit_of_the_earlier_ones():
    earlier = document()
    for rule in earlier["rules"]:
        rule["creditUnit"] = "学分（18学时/学分）"
    assert places(document(), earlier=[earlier]) == [("rules", "units")]
    assert places(document(), earlier=[document(version=2)]) == []


def test_a_new_version_keeps_the_credit_bank_that_holds_the_accounts():
    earlier = document()
    earlier["parties"][2]["id"] = XINGHENG
    assert places(document(), earlier=[earlier]) == [("parties", "bank")]


def test_a_first_rule_about_credit_may_come_with_a_later_version():
    earlier = document()
    earlier["rules"], earlier["parties"] = [], earlier["parties"][:2]
    assert places(document(), earlier=[earlier]) == []
