"""What pages and rules read out of a credential, and what they do when it is not there."""

import pytest

import schemas
from crypto import jcs
from vc import credentials, dates
from vc.errors import DocumentError


def graduate():
    return credentials.facts(schemas.example("GraduationCertificate"))


def test_the_facts_are_what_the_example_states():
    facts = graduate()
    assert (facts.name, facts.id_tail, facts.level_code) == ("林晓雨", "4821", "CN-EDU-06")
    assert facts.awarded == dates.parse("2026-06-30T00:00:00+08:00")


def test_marks_are_read_by_the_names_that_describe_them():
    facts = credentials.facts(schemas.example("SkillLevelCertificate"))
    assert facts.results == (("理论成绩", "86"), ("实操成绩", "91"), ("评定结论", "合格"))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"credentialSubject": []},
        {"credentialSubject": {"achievement": 7, "result": [7, {"value": 1, "resultDescription": []}]}},
        {"issuer": [], "awardedDate": "yesterday"},
    ],
)
def test_what_is_missing_or_malformed_is_left_out(document):
    facts = credentials.facts(document)
    assert facts.name is None
    assert facts.awarded is None
    assert facts.results == ()


def test_the_digest_is_over_the_whole_secured_document():
    document = schemas.example("GraduationCertificate")
    assert credentials.digest(document) == jcs.digest(document)
    assert credentials.digest({**document, "proof": []}) != credentials.digest(document)


def test_an_issuer_is_a_url_or_an_object_with_one():
    assert credentials.issuer_id({"issuer": "did:web:a.example"}) == "did:web:a.example"
    assert credentials.issuer_id({"issuer": {"id": "did:web:a.example"}}) == "did:web:a.example"
    with pytest.raises(DocumentError):
        credentials.issuer_id({"issuer": {"name": "A"}})


@pytest.mark.parametrize(
    ("name", "masked"),
    [("林晓雨", "林＊＊"), ("Lin Xiaoyu", "L＊＊ X＊＊＊＊＊"), ("买买提·艾力", "买＊＊＊＊＊"), ("", "")],
)
def test_a_masked_name_shows_the_first_character_of_each_word(name, masked):
    assert credentials.masked_name(name) == masked


@pytest.mark.case("SHARE-013")
@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("林晓雨", True),
        (" 林 晓 雨　", True),
        ("lin xiaoyu", True),
        ("LINXIAOYU", True),
        ("林小雨", False),
        ("林晓", False),
        ("", False),
        ("＊", False),
    ],
)
def test_the_name_on_the_paper_is_told_same_or_different(typed, same):
    assert credentials.same_name(typed, graduate()) is same
