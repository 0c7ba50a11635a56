"""Every type of the catalogue passes the verifier's steps, and its report is plain JSON."""

import json
from dataclasses import replace

import pytest

import schemas
from schemas.catalogue import CATALOGUE
from tests.verifier.paper import PaperWorld
from vc import credentials, dates
from verifier import report, stated
from verifier.verdicts import Outcome, Step, Verdict

DID = "did:web:yunling.edu.example"
ANCHORED = dates.parse("2026-11-15T02:00:00Z")
CO_SIGNED = {"ApprenticeshipRecord", "TeacherTrainingRecord"}


def form_of(world, name):
    """Return the type's example as the world's college would have signed it, without endorsements."""
    unsigned = {**schemas.example(name), "credentialStatus": world.unsigned()["credentialStatus"]}
    unsigned["issuer"] = {**world.unsigned()["issuer"]}
    unsigned.pop("endorsement", None)
    if name == "CreditRecord":
        unsigned["credentialSubject"]["achievement"]["creator"]["id"] = "did:web:qinghe.edu.example"
    if name == "MemberAccreditation":
        unsigned["credentialSubject"]["id"] = "did:web:qinghe.edu.example"
        unsigned["credentialSchema"] = [{"id": CATALOGUE[name].schema_url, "type": "JsonSchema"}]
    return world.sign(unsigned, created=ANCHORED)


@pytest.fixture
def verified(world):
    def verify(name):
        world.granted = (replace(world.granted[0], credential_type=name),)
        form = form_of(world, name)
        world.anchor(form, at=ANCHORED)
        return world.verify(form)

    return verify


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_genuine_credential_of_every_type_is_valid(verified, name):
    verification = verified(name)
    outcomes = {check.step: check.outcome for check in verification.checks}
    for step in (Step.PARSE, Step.STRUCTURE, Step.PROOF, Step.STATUS, Step.ACCREDITATION, Step.ANCHORING):
        assert outcomes[step] is Outcome.PASSED
    assert verification.verdict is (Verdict.NOTE if name in CO_SIGNED else Verdict.VALID)


@pytest.mark.row("S70", "S71", "S80")
@pytest.mark.parametrize("name", CATALOGUE)
def test_the_report_of_every_type_is_plain_json(verified, name):
    document = json.loads(json.dumps(report.one(verified(name)), ensure_ascii=False))
    assert document["credential"]["type"] == name


@pytest.mark.row("S48", "S75")
@pytest.mark.parametrize("name", sorted(CO_SIGNED))
def test_a_record_that_needs_the_enterprise_is_not_complete_without_its_word(verified, name):
    noted = [note.code for note in verified(name).notes]
    assert noted == ["COUNTERSIGNATURE_MISSING"]


def test_unit_of_credit_is_said_in_the_readers_language(world, tmp_path):
    facts = credentials.facts(form_of(world, "CreditRecord"))
    with PaperWorld(world).app(tmp_path).test_request_context("/?lang=en"):
        assert "8 credits (16 hours each)" in [value for _, value in stated.lines(facts)]
