"""Every entry of the catalogue has all that a type needs."""

import json

import pytest

import schemas
from schemas.catalogue import CATALOGUE, GROUPS, credential_type_names, type_of_map

ENTRIES = list(CATALOGUE.values())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_type_has_a_schema_an_example_and_a_name_in_both_languages(entry):
    assert entry.schema["$id"] == entry.schema_url
    assert entry.name in entry.example()["type"]
    assert entry.display["zh-CN"]
    assert entry.display["en"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_type_is_a_term_of_our_context(entry):
    terms = json.loads(schemas.contexts()[schemas.VOCRED_CONTEXT])["@context"]
    assert terms[entry.name] == entry.iri


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_example_uses_the_contexts_in_their_order(entry):
    assert tuple(entry.example()["@context"]) == entry.contexts


def test_a_column_map_leads_to_its_type():
    assert type_of_map("SkillLevelCertificate_Vendor").name == "SkillLevelCertificate"


def test_an_unknown_column_map_is_a_mistake_of_the_caller():
    with pytest.raises(KeyError):
        type_of_map("Diploma")


def test_types_outside_the_catalogue_are_not_named():
    assert credential_type_names({"type": ["VerifiableCredential", "Diploma"]}) == ()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_example_carries_the_words_of_its_type_in_their_order(entry):
    assert tuple(entry.example()["type"]) == entry.types


def test_every_group_has_a_type_and_every_type_a_group():
    assert {entry.group for entry in ENTRIES} == set(GROUPS)


def test_all_nine_types_can_be_issued():
    assert len(ENTRIES) == 9
