"""The builder: what is filled in becomes a document, and what is wrong stands beside its field."""

import pytest

from issuer.agreements import building, levels, naming, sheet, unbuilding
from schemas.bundle import example
from vc.recognition import check_agreement

EXAMPLES = ("RecognitionAgreement", "RecognitionAgreement-bodies")
OWN = "did:web:huaheng.example"


def filled(name="RecognitionAgreement", **changes):
    return {**unbuilding.sheet_of(example(name)), **changes}


def problems(found, **rows):
    """Build a sheet after changing rows: ``rules={0: {...}}``."""
    for name, changed in rows.items():
        for place, values in changed.items():
            found[name][place].update(values)
    built = building.build(found)
    return {**built.problems, **dict.fromkeys(built.findings, "lint")}


@pytest.mark.row("S28")
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_member_of_an_agreement_can_be_filled_in(name):
    document = example(name)
    for rule in document["rules"]:
        if rule["kind"] == "免于重复认证":
            rule.setdefault("scope", "全部")  # the form always says which part of the test
    built = building.build(unbuilding.sheet_of(document))
    assert built.complete
    assert built.document == document


def test_credits_taken_from_the_certificate_and_bands_of_grades_survive_the_form():
    document = example("RecognitionAgreement")
    rule = document["rules"][0]
    rule["credits"] = {"from": "learningHours", "hoursPerCredit": 16, "max": 6.5}
    bands = [{"min": 90, "grade": "优秀"}, {"min": 59.5, "grade": "合格"}]
    rule["grade"] = {"from": "result:实操成绩", "bands": bands}
    document["limits"]["maxCreditsPerSource"] = 8.5
    document["accepts"].update(awardedFrom="2025-01-01", awardedUntil="2028-12-31")
    built = building.build(unbuilding.sheet_of(document))
    assert built.complete, (built.problems, built.findings)
    assert built.document == document


def test_posted_form_is_read_row_by_row_and_strange_names_are_left_out():
    found = sheet.read(
        [
            ("title_zh", " 互认协议 "),
            ("parties-1-id", "did:web:b.example"),
            ("parties-0-id", "did:web:a.example"),
            ("rules-0-by", "did:web:a.example"),
            ("rules-0-by", "did:web:b.example"),
            ("rules-0-__class__", "x"),
            ("script", "x"),
            ("issuer", "did:web:c.example"),
        ]
    )
    assert found["title_zh"] == "互认协议"
    assert [party["id"] for party in found["parties"]] == ["did:web:a.example", "did:web:b.example"]
    assert found["rules"][0]["by"] == ["did:web:a.example", "did:web:b.example"]
    assert "script" not in found
    assert "__class__" not in found["rules"][0]


def test_rows_are_added_and_removed_by_buttons():
    found = sheet.change(sheet.blank(own=OWN), "add-party")
    assert len(found["parties"]) == 3
    found = sheet.change(found, "remove-parties-1")
    assert len(found["parties"]) == 2
    assert found["parties"][0]["id"] == OWN


def test_and_above_writes_the_codes_out():
    found = sheet.change(sheet.blank(own=OWN), "up", lowest="SL-2")
    assert found["levels"] == ["SL-2", "SL-1", "SL-S", "SL-C"]
    assert levels.and_above("1X-2") == ["1X-2", "1X-3"]


def test_number_of_a_rule_is_never_given_twice():
    found = unbuilding.amendment(example("RecognitionAgreement"))
    found = sheet.change(sheet.change(found, "remove-rules-1"), "add-credit")
    assert [row["rule"] for row in found["rules"]] == ["R1", "R3"]
    found = sheet.change(sheet.change(found, "remove-rules-1"), "add-waiver")
    assert [row["rule"] for row in found["rules"]] == ["R1", "R4"]


def test_amendment_names_the_version_that_it_supersedes():
    built = building.build(unbuilding.amendment(example("RecognitionAgreement")))
    assert built.complete
    assert built.document["version"] == 4
    assert built.document["supersedes"] == "urn:vocred:agreement:YL-2026-0012#3"


@pytest.mark.row("S26")
def test_duties_and_rights_of_every_party_are_asked_for():
    found = problems(filled(), parties={0: {"duties_zh": "", "rights_en": ""}})
    assert found["parties-0-duties_zh"] == found["parties-0-rights_en"] == "required"


def test_lines_of_both_languages_belong_together():
    assert problems(filled(), parties={1: {"duties_en": "only one"}}) == {"parties-1-duties_en": "lines"}


@pytest.mark.row("S27")
def test_objective_is_asked_for_in_both_languages():
    assert problems(filled(objective_en="")) == {"objective_en": "required"}
    assert problems(filled(objective_zh="")) == {"objective_zh": "required"}


@pytest.mark.row("S29")
def test_penalty_is_one_of_a_list_and_never_an_expression():
    penalty = {"to": "did:web:huaheng-skills.example", "kind": "罚款", "measure": "撤销率>2%"}
    found = filled(penalties=[{**penalty, "percent": "2", "months": "12"}])
    assert problems(found) == {"penalties-0-kind": "choose", "penalties-0-measure": "choose"}


@pytest.mark.parametrize(
    ("changes", "rows", "expected"),
    [
        ({"until": "2026-01-01"}, {}, {"until": "lint"}),
        ({"awarded_from": "2027-01-01", "awarded_until": "2026-01-01"}, {}, {"awarded_until": "lint"}),
        ({"from": "soon"}, {}, {"from": "date"}),
        ({"months": "0"}, {}, {"months": "whole"}),
        ({"learner_cap": "12.3"}, {}, {"learner_cap": "half"}),
        ({"issuer": []}, {}, {"issuer": "choose"}),
        ({"rules": []}, {}, {"rules": "lint"}),
        ({}, {"rules": {1: {"unit_hours": "18"}}}, {"rules": "lint"}),
        ({}, {"rules": {0: {"course_code": "rb 1"}}}, {"rules-0-course_code": "course"}),
        ({}, {"rules": {0: {"programme": "4603"}}}, {"rules-0-programme": "programme"}),
        ({}, {"rules": {0: {"by": ["did:web:huaheng-skills.example"]}}}, {"rules-0-by": "lint"}),
        ({}, {"rules": {1: {"when_levels": ["1X-1"]}}}, {"rules-1-when_levels": "lint"}),
        ({}, {"rules": {1: {"kind": "成绩替代", "grade": ""}}}, {"rules-1-grade": "choose"}),
        ({}, {"parties": {0: {"role": "credit-bank"}}}, {"parties": "lint"}),
        ({}, {"parties": {2: {"role": "supervisor"}}}, {"parties": "lint"}),
        ({}, {"rewards": {0: {"to": "did:web:xingheng.example"}}}, {"rewards-0-to": "lint"}),
    ],
)
def test_what_the_lint_refuses_stands_beside_its_field(changes, rows, expected):
    found = problems(filled(**changes), **rows)
    assert expected.items() <= found.items(), found


def test_party_twice_in_one_role_stands_beside_the_second():
    found = filled()
    found["parties"].append(dict(found["parties"][0]))
    assert problems(found) == {"parties-3-id": "lint"}


def test_what_comes_out_complete_is_an_agreement():
    for name in EXAMPLES:
        check_agreement(building.build(filled(name)).document)


def test_identifier_is_the_next_free_one_of_its_year():
    known = ["urn:vocred:agreement:YL-2026-0012", "urn:vocred:agreement:YL-2025-0099"]
    assert naming.identifier("YL", year=2026, known=known) == "urn:vocred:agreement:YL-2026-0013"
    assert naming.identifier("HH", year=2026, known=known) == "urn:vocred:agreement:HH-2026-0001"


def test_letters_of_an_identifier_come_from_the_institution_until_it_chooses_others():
    assert naming.short_name("did:web:huaheng-skills.example") == "HUAHENGSKILL"
    assert naming.short_name("did:web:x.example") == "VC"
