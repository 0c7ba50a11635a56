"""The evaluation against the vectors of CREDENTIALS.md section 10: every one, with its sentences."""

import re

import pytest

from tests.vc.recognition_cases import (
    VECTORS,
    document,
    merged,
    vector_account,
    vector_agreement,
    vector_source,
)
from vc import dates
from vc.errors import AgreementError
from vc.recognition import Evaluation, check_agreement, evaluate, lint, recognise

NAMES = {
    "did:web:yunling.edu.example": {"zh": "云岭示范职业技术学院", "en": "Yunling College"},
    "did:web:huaheng-skills.example": {"zh": "华衡职业技能评价中心", "en": "Huaheng Centre"},
    "did:web:mingjiang-skills.example": {"zh": "明匠职业技能评价中心", "en": "Mingjiang Centre"},
    "did:web:xingheng.example": {"zh": "星衡智能装备有限公司", "en": "Xingheng Ltd."},
    "did:web:creditbank.yunling.example": {"zh": "云岭学分银行", "en": "Yunling Credit Bank"},
}


def evaluated(vector: dict) -> Evaluation:
    agreement, members = vector_agreement(vector)
    return evaluate(
        vector_source(vector),
        agreement,
        members=members,
        at=dates.parse(vector["at"]),
        account=vector_account(vector),
        chosen=vector.get("want"),
        names=NAMES,
    )


def rows(evaluation: Evaluation) -> list[list]:
    return [
        [result.rule, result.by, result.outcome, result.reason]
        + ([] if result.credits is None else [result.credits])
        for result in evaluation.results
    ]


every_vector = pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["id"])


@pytest.mark.row("S25")
@every_vector
def test_every_rule_says_what_its_vector_says(vector):
    evaluation, expected = evaluated(vector), vector["expected"]
    assert (evaluation.accepted, evaluation.reason) == (expected["accepted"], expected.get("reason"))
    assert rows(evaluation) == expected.get("results", [])


@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS["vectors"] if "check" in vector["expected"]],
    ids=lambda v: v["id"],
)
def test_what_a_rule_gives_beside_credits_is_what_its_vector_says(vector):
    given = {result.rule: result.to_json() for result in evaluated(vector).recognising}
    for rule, key, value in vector["expected"]["check"]:
        assert {**given[rule], **given[rule].get("target", {})}[key] == value


@every_vector
def test_every_answer_is_explained_in_both_languages(vector):
    evaluation = evaluated(vector)
    assert len(evaluation.lines) == len(evaluation.results) or not evaluation.accepted
    assert evaluation.lines
    for line in evaluation.lines:
        assert list(line) == ["zh-CN", "en"]
        assert re.search("[\u4e00-\u9fff]", line["zh-CN"])
        assert not re.search("[{}]|None|did:", line["zh-CN"] + line["en"])
        # Chinese stands in an English sentence only where the agreement or the certificate has it so.
        assert not re.search("[。，（）]", line["en"])


@pytest.mark.parametrize("reason", sorted(VECTORS["reasons"]))
def test_every_reason_of_the_vectors_is_given_by_one_of_them(reason):
    evaluations = [evaluated(vector) for vector in VECTORS["vectors"]]
    given = {evaluation.reason for evaluation in evaluations}
    assert reason in given | {result.reason for found in evaluations for result in found.results}


@every_vector
def test_over_many_agreements_the_answer_is_the_same(vector):
    agreement, members = vector_agreement(vector)
    found = recognise(
        vector_source(vector),
        [agreement],
        members=members,
        at=dates.parse(vector["at"]),
        account=vector_account(vector),
        names=NAMES,
    )
    expected = evaluated({**vector, "want": None})
    assert list(found) == ([expected] if expected.accepted else [])


@pytest.mark.row("S28")
@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["id"])
def test_a_document_that_breaks_a_rule_is_refused(vector):
    with pytest.raises(AgreementError):
        check_agreement(merged(document(vector["base"]), vector["patch"]))


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["id"])
def test_what_a_refused_document_breaks_is_said_at_its_place(vector):
    found = lint(merged(document(vector["base"]), vector["patch"]))
    places = {finding.where for finding in found}
    changed = next(iter(vector["patch"]))
    related = {"N08": "rules", "N18": "parties", "N19": "parties", "N20": "supersedes"}
    assert any(place.startswith(related.get(vector["id"], changed)) for place in places)
    assert all(finding.text["zh-CN"] and finding.text["en"] for finding in found)
