"""DCQL: the standard's semantics, on credentials as wallets hold them."""

import json
from copy import deepcopy

import pytest

from schemas import bundle
from vc import dcql
from vc.errors import AnswerError, QueryError

BASE = "https://www.w3.org/2018/credentials#VerifiableCredential"
GRADUATION = "https://w3id.org/vocred#GraduationCertificate"
SKILL = "https://w3id.org/vocred#SkillLevelCertificate"


@pytest.fixture
def graduation():
    return bundle.example("GraduationCertificate")


@pytest.fixture
def skill():
    return bundle.example("SkillLevelCertificate")


@pytest.fixture
def job():
    return bundle.example("JobRequirement")["dcql_query"]


def asked(**members):
    """Make a query for one credential."""
    return {"credentials": [{"id": "c", "format": "ldp_vc", "meta": {}, **members}]}


def fits(credential, **members):
    return dcql.fits(dcql.parse(asked(**members))["c"], credential)


def claim(*path, **members):
    return {"path": list(path), **members}


# --- types ----------------------------------------------------------------------------------------


def test_a_credential_fits_when_it_has_every_type_of_one_list(graduation):
    assert fits(graduation, meta={"type_values": [[SKILL], [BASE, GRADUATION]]})
    assert not fits(graduation, meta={"type_values": [[BASE, SKILL]]})


def test_types_are_compared_as_expanded_iris(graduation):
    assert not fits(graduation, meta={"type_values": [["GraduationCertificate"]]})


def test_an_empty_meta_asks_for_no_type(graduation):
    assert fits(graduation, meta={})


def test_a_type_that_no_context_defines_stays_as_it_is(graduation):
    graduation["type"].append("Undefined")
    assert fits(graduation, meta={"type_values": [["Undefined", BASE]]})


def test_a_document_with_contexts_that_nobody_pinned_has_no_types(graduation):
    graduation["@context"] = ["https://elsewhere.example/context"]
    assert dcql.type_iris(graduation) == frozenset()
    assert not fits(graduation, meta={"type_values": [[BASE]]})


def test_another_format_fits_nothing(graduation):
    assert not fits(graduation, format="dc+sd-jwt", meta={"vct_values": ["x"]})


def test_an_authority_that_cannot_be_checked_fits_nothing(graduation):
    assert not fits(graduation, trusted_authorities=[{"type": "aki", "values": ["s9tIpP7qrS9="]}])


# --- paths and values -----------------------------------------------------------------------------


def test_a_path_starts_at_the_credential(skill):
    level = ["credentialSubject", "achievement", "levelCode"]
    assert fits(skill, claims=[claim(*level, values=["1X-2"])])
    assert not fits(skill, claims=[claim(*level, values=["1X-3"])])


def test_null_in_a_path_means_every_element(graduation):
    path = ["credentialSubject", "achievement", "alignment", None, "targetCode"]
    assert fits(graduation, claims=[claim(*path, values=["ISCEDF2013:0714"])])
    assert not fits(graduation, claims=[claim(*path, values=["ISCEDF2013:0715"])])


def test_a_number_in_a_path_is_a_position(graduation):
    path = ["credentialSubject", "achievement", "alignment"]
    assert fits(graduation, claims=[claim(*path, 0, "targetCode", values=["ISCED2011:5"])])
    assert not fits(graduation, claims=[claim(*path, 1, "targetCode", values=["ISCED2011:5"])])
    assert not fits(graduation, claims=[claim(*path, 9)])


@pytest.mark.parametrize("path", [("name", "x"), ("credentialSubject", 0), ("credentialSubject", None)])
def test_a_step_on_the_wrong_kind_of_value_fits_nothing(graduation, path):
    assert not fits(graduation, claims=[claim(*path)])


def test_elements_without_the_member_are_dropped():
    credential = {"list": [{"a": 1}, {}, {"a": 2}]}
    assert fits(credential, claims=[claim("list", None, "a", values=[2])])
    assert not fits(credential, claims=[claim("list", None, "b")])


def test_a_step_that_fails_for_one_element_fails_for_all():
    assert not fits({"list": [{"a": 1}, "text"]}, claims=[claim("list", None, "a")])


@pytest.mark.parametrize(("held", "wanted"), [(True, 1), (1, True), ("1", 1), (1, "1"), (0, False)])
def test_values_are_compared_with_their_type(held, wanted):
    assert not fits({"claim": held}, claims=[claim("claim", values=[wanted])])


def test_one_of_the_values_is_enough():
    assert fits({"claim": "b"}, claims=[claim("claim", values=["a", "b"])])


# --- sets -----------------------------------------------------------------------------------------


def test_without_claim_sets_every_claim_is_needed():
    assert not fits({"a": 1}, claims=[claim("a"), claim("b")])


def test_with_claim_sets_one_of_them_is_enough():
    claims = [claim("a", id="a"), claim("b", id="b"), claim("c", id="c")]
    assert fits({"a": 1}, claims=claims, claim_sets=[["b", "c"], ["a"]])
    assert not fits({"b": 1}, claims=claims, claim_sets=[["b", "c"], ["a"]])


def two(**members):
    return dcql.parse(
        {
            "credentials": [
                {"id": name, "format": "ldp_vc", "meta": {}, "claims": [claim(name)]} for name in "ab"
            ],
            **members,
        }
    )


def test_without_credential_sets_every_credential_is_needed():
    assert dcql.select(two(), [{"a": 1}]) is None
    assert dcql.select(two(), [{"b": 1}, {"a": 1}]) == {"a": [{"a": 1}], "b": [{"b": 1}]}


def test_the_first_option_that_can_be_met_is_chosen():
    query = two(credential_sets=[{"options": [["a", "b"], ["b"]]}])
    assert dcql.select(query, [{"b": 1}]) == {"b": [{"b": 1}]}


def test_an_optional_set_is_answered_where_it_can_be():
    query = two(credential_sets=[{"options": [["a"]]}, {"options": [["b"]], "required": False}])
    assert dcql.select(query, [{"a": 1}]) == {"a": [{"a": 1}]}
    assert dcql.select(query, [{"a": 1}, {"b": 1}]) == {"a": [{"a": 1}], "b": [{"b": 1}]}


def test_several_are_chosen_only_where_several_are_asked(skill):
    other = deepcopy(skill)
    assert dcql.select(dcql.parse(asked()), [skill, other]) == {"c": [skill]}
    assert dcql.select(dcql.parse(asked(multiple=True)), [skill, other]) == {"c": [skill, other]}


# --- the job requirement --------------------------------------------------------------------------


@pytest.mark.row("S39", "S40")
def test_a_graduate_with_a_skill_certificate_answers_the_job(job, graduation, skill):
    chosen = dcql.select(dcql.parse(job), [skill, graduation])
    assert chosen == {"grad": [graduation], "x1": [skill]}


def test_a_skill_certificate_alone_does_not_answer_the_job(job, skill):
    assert dcql.select(dcql.parse(job), [skill]) is None


def test_the_other_alternative_answers_the_job(job, graduation, skill):
    achievement = skill["credentialSubject"]["achievement"]
    achievement |= {"humanCode": "6-31-01-10", "qualificationSystem": "职业技能等级", "levelCode": "SL-3"}
    assert dcql.select(dcql.parse(job), [skill, graduation]) == {"grad": [graduation], "hr3": [skill]}


@pytest.mark.row("S40")
def test_a_bonus_is_shown_where_there_is_one(job, graduation, skill):
    award = bundle.example("CompetitionAward")
    chosen = dcql.select(dcql.parse(job), [award, skill, graduation])
    assert chosen["comp"] == [award]


# --- an answer ------------------------------------------------------------------------------------


def test_a_right_answer_is_taken(job, graduation, skill):
    dcql.check_answer(dcql.parse(job), {"grad": [graduation], "x1": [skill]})


@pytest.mark.case("VP-010")
@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"grad": ["graduation"]},
        {"grad": ["graduation"], "x1": []},
        {"grad": ["graduation"], "x1": ["skill"], "other": ["skill"]},
        {"grad": ["graduation"], "x1": ["skill", "skill"]},
        {"grad": ["graduation"], "x1": ["graduation"]},
    ],
)
def test_an_answer_that_was_not_asked_for_is_refused(job, graduation, skill, answer):
    credentials = {"graduation": graduation, "skill": skill}
    named = {name: [credentials[item] for item in items] for name, items in answer.items()}
    with pytest.raises(AnswerError):
        dcql.check_answer(dcql.parse(job), named)


def test_values_are_checked_again_in_an_answer(job, graduation, skill):
    skill["credentialSubject"]["achievement"]["humanCode"] = "IROM-1"
    with pytest.raises(AnswerError):
        dcql.check_answer(dcql.parse(job), {"grad": [graduation], "x1": [skill]})


# --- reading --------------------------------------------------------------------------------------


def test_a_query_for_one_type_asks_for_it_alone(graduation, skill):
    query = dcql.parse(dcql.for_type("SkillLevelCertificate"))
    assert dcql.select(query, [graduation, skill]) == {"certificate": [skill]}


def test_a_query_for_one_type_may_ask_for_claims(skill):
    number = claim("credentialSubject", "licenseNumber", values=["none"])
    query = dcql.parse(dcql.for_type("SkillLevelCertificate", claims=[number]))
    assert dcql.select(query, [skill]) is None


def test_unknown_members_are_ignored(graduation):
    assert fits(graduation, something_new=1)


def test_the_job_requirement_is_read_whole(job):
    query = dcql.parse(json.loads(json.dumps(job)))
    assert [item.query_id for item in query.credentials] == ["grad", "x1", "hr3", "comp", "app"]
    assert [item.required for item in query.credential_sets] == [True, True, False]
    with pytest.raises(KeyError):
        query["nothing"]


MALFORMED = {
    "no object": [],
    "no credentials": {},
    "empty credentials": {"credentials": []},
    "too many credentials": {
        "credentials": [{"id": f"c{n}", "format": "ldp_vc", "meta": {}} for n in range(17)]
    },
    "an id twice": {"credentials": [{"id": "c", "format": "ldp_vc", "meta": {}}] * 2},
    "an id with a space": asked(id="c d"),
    "no format": {"credentials": [{"id": "c", "meta": {}}]},
    "no meta": {"credentials": [{"id": "c", "format": "ldp_vc"}]},
    "types as a flat list": asked(meta={"type_values": [BASE]}),
    "an empty list of types": asked(meta={"type_values": [[]]}),
    "multiple as a text": asked(multiple="true"),
    "empty claims": asked(claims=[]),
    "an empty path": asked(claims=[{"path": []}]),
    "a negative position": asked(claims=[{"path": [-1]}]),
    "true in a path": asked(claims=[{"path": [True]}]),
    "a fraction in a path": asked(claims=[{"path": [1.5]}]),
    "empty values": asked(claims=[{"path": ["a"], "values": []}]),
    "an object as value": asked(claims=[{"path": ["a"], "values": [{}]}]),
    "null as value": asked(claims=[{"path": ["a"], "values": [None]}]),
    "claim sets without claims": asked(claim_sets=[["a"]]),
    "claim sets without ids": asked(claims=[{"path": ["a"]}], claim_sets=[["a"]]),
    "a claim set with an unknown id": asked(claims=[{"id": "a", "path": ["a"]}], claim_sets=[["b"]]),
    "a claim's id twice": asked(claims=[{"id": "a", "path": ["a"]}, {"id": "a", "path": ["b"]}]),
    "a credential set with an unknown id": asked() | {"credential_sets": [{"options": [["x"]]}]},
    "a credential set without options": asked() | {"credential_sets": [{}]},
    "empty credential sets": asked() | {"credential_sets": []},
    "required as a number": asked() | {"credential_sets": [{"options": [["c"]], "required": 1}]},
}


@pytest.mark.parametrize("document", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_query_is_refused(document):
    with pytest.raises(QueryError):
        dcql.parse(document)
