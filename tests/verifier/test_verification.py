"""Eleven steps over a small consortium: what each failure is called, and what it keeps from being asked."""

import copy
import hashlib
from datetime import timedelta

import pytest

from crypto import jcs
from crypto.keys import PrivateKey
from ledger.registry import Interval
from schemas.building import Institution, build_credential
from vc import dates, did_key, did_web
from verifier import wording
from verifier.verdicts import Check, Outcome, Step, Verdict

NOW = dates.parse("2026-11-20T06:03:00Z")
ISSUED = dates.parse("2026-07-01T02:00:00Z")
DID = "did:web:yunling.edu.example"
LIST = "https://issuer.yunling.edu.example/status/1"


def seconds(text):
    return int(dates.parse(text).timestamp())


def found(verification, step):
    check = verification.check(step)
    return check.outcome, check.code


def notes(verification):
    return [note.code for note in verification.notes]


def reason(verification):
    return wording.reason(verification).code


def test_an_anchored_form_of_an_accredited_body_is_valid(world):
    verification = world.verify(world.issue())
    assert verification.verdict is Verdict.VALID
    assert verification.verified
    assert verification.anchored == ISSUED
    assert verification.facts.name == "林晓雨"
    assert verification.issuer.names["zh"] == "云岭示范职业技术学院"
    assert verification.notes == ()


def test_a_holder_bound_form_is_judged_by_the_same_steps(world):
    holder = did_key.did(PrivateKey.from_bytes("Ed25519", bytes([3] * 32)).public)
    verification = world.verify(world.issue(holder=holder))
    assert verification.verdict is Verdict.VALID
    assert found(verification, Step.HOLDER)[0] is Outcome.NOT_APPLICABLE


# Steps 1 and 2


@pytest.mark.parametrize("where", ["credentialSubject", None])
def test_a_term_that_no_context_defines_is_not_authentic(world, where):
    form = copy.deepcopy(world.issue())
    (form[where] if where else form)["nickname"] = "admin"
    verification = world.verify(form)
    assert verification.verdict is Verdict.NOT_AUTHENTIC
    assert verification.check(Step.STRUCTURE).code == "UNDEFINED_TERM"


def test_an_unknown_context_leaves_it_open_whether_anything_is_wrong(world):
    form = world.issue() | {"@context": ["https://www.w3.org/ns/credentials/v2", "https://x.example/ctx"]}
    verification = world.verify(form)
    assert verification.verdict is Verdict.COULD_NOT_CHECK
    assert world.asked == []


@pytest.mark.case("CRED-058")
def test_a_signed_form_that_breaks_its_schema_keeps_its_signature_and_is_not_relied_on(world):
    unsigned = world.unsigned()
    unsigned["credentialSubject"]["achievement"]["levelCode"] = "VI"
    form = world.sign(unsigned)
    world.anchor(form)
    verification = world.verify(form)
    assert found(verification, Step.PROOF)[0] is Outcome.PASSED
    assert found(verification, Step.STRUCTURE) == (Outcome.FAILED, "SCHEMA_VIOLATION")
    assert verification.verdict is Verdict.NOT_AUTHENTIC
    assert reason(verification) == "SCHEMA_VIOLATION"


def test_a_type_outside_the_catalogue_cannot_be_judged(world):
    form = world.issue()
    form["type"] = ["VerifiableCredential", "OpenBadgeCredential", "ContributionStatement"]
    assert world.verify(form).verdict is Verdict.COULD_NOT_CHECK


# Steps 3 and 4


def _leaves(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path


@pytest.mark.case("CRED-001")
def test_no_changed_claim_is_ever_valid(world):
    form = world.issue()
    paths = list(_leaves(form["credentialSubject"]))
    assert len(paths) > 30
    for path in paths:
        changed = copy.deepcopy(form)
        place = changed["credentialSubject"]
        for key in path[:-1]:
            place = place[key]
        value = place[path[-1]]
        place[path[-1]] = not value if isinstance(value, bool) else f"{value}x"
        verification = world.verify(changed)
        assert verification.verdict not in (Verdict.VALID, Verdict.NOTE), path
        assert not verification.verified


def test_after_a_failed_proof_nothing_is_fetched_that_the_document_names(world):
    form = world.issue()
    form["credentialSubject"]["name"] = "林小雨"
    world.asked.clear()
    verification = world.verify(form)
    assert verification.verdict is Verdict.NOT_AUTHENTIC
    assert reason(verification) == "CHANGED"
    assert "list" not in world.asked
    assert found(verification, Step.STATUS)[0] is Outcome.NOT_RUN
    assert found(verification, Step.PERIOD)[0] is Outcome.PASSED
    assert verification.facts is None


@pytest.mark.case("STAT-003")
def test_a_list_address_put_into_the_form_is_never_asked(world):
    form = world.issue()
    form["credentialStatus"]["statusListCredential"] = "https://attacker.example/status/1"
    world.asked.clear()
    verification = world.verify(form)
    assert verification.verdict is Verdict.NOT_AUTHENTIC
    assert "list" not in world.asked


@pytest.mark.case("KEY-001")
def test_a_key_of_another_controller_does_not_sign_for_the_issuer(world):
    stranger = PrivateKey.from_bytes("Ed25519", bytes([5] * 32))
    form = world.sign(world.unsigned(), key=stranger, method=did_key.verification_method(stranger.public))
    verification = world.verify(form)
    assert found(verification, Step.ISSUER) == (Outcome.FAILED, "INVALID_VERIFICATION_METHOD")
    assert verification.verdict is Verdict.NOT_AUTHENTIC


@pytest.mark.case("KEY-002")
def test_a_key_for_another_purpose_does_not_sign_certificates(world, change):
    entry = did_web.KeyEntry("key-1", world.key.public, purposes=("authentication",))
    content = jcs.canonicalize(did_web.document(DID, keys=[entry]))
    digest = hashlib.sha256(content).digest()
    world.record = change(world.record, document_digest=digest)
    world.documents[digest] = content
    verification = world.verify(world.issue())
    assert found(verification, Step.ISSUER)[1] == "INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD"
    assert verification.verdict is Verdict.NOT_AUTHENTIC


def test_the_document_of_the_forms_own_block_counts_and_not_todays(world, change):
    form = world.issue()
    new = PrivateKey.from_bytes("Ed25519", bytes([8] * 32))
    content = jcs.canonicalize(did_web.document(DID, keys=[did_web.KeyEntry("key-2", new.public)]))
    digest = hashlib.sha256(content).digest()
    world.documents[digest] = content
    world.record = change(world.record, document_digest=digest)
    world.lists.clear()
    verification = world.verify(form)
    assert found(verification, Step.ISSUER)[0] is Outcome.PASSED


def test_a_document_that_cannot_be_had_leaves_it_open(world):
    form = world.issue()
    world.documents.clear()
    verification = world.verify(form)
    assert found(verification, Step.ISSUER) == (Outcome.UNAVAILABLE, "DID_UNAVAILABLE")
    assert verification.verdict is Verdict.COULD_NOT_CHECK


@pytest.mark.case("KEY-004")
def test_a_form_anchored_while_the_key_was_in_other_hands_fails_and_an_earlier_one_stands(world, change):
    stolen = Interval(seconds("2026-06-30T00:00:00Z"), seconds("2026-07-15T00:00:00Z"))
    form, earlier = world.issue(), world.issue(certNo="999011202606000124")
    world.anchor(earlier, at=dates.parse("2026-06-29T00:00:00Z"))
    world.record = change(world.record, compromised=(stolen,))
    assert world.verify(form).verdict is Verdict.NOT_AUTHENTIC
    assert found(world.verify(form), Step.ISSUER) == (Outcome.FAILED, "ISSUER_KEY_COMPROMISED")
    assert reason(world.verify(form)) == "ISSUER_KEY_COMPROMISED"
    assert world.verify(earlier).verdict is Verdict.VALID


def test_a_code_of_one_body_does_not_open_the_form_of_another(world):
    verification = world.verify(world.issue(), expected_issuer="did:web:huaheng.example")
    assert found(verification, Step.ISSUER) == (Outcome.FAILED, "ISSUER_MISMATCH")
    assert verification.verdict is Verdict.NOT_AUTHENTIC


# Step 5


@pytest.mark.parametrize(
    ("change_of", "code"),
    [
        ({"validUntil": "2026-11-19T23:59:59+08:00"}, "EXPIRED"),
        ({"validFrom": "2026-12-01T00:00:00+08:00"}, "NOT_YET_VALID"),
    ],
)
def test_a_form_outside_its_period_is_noted_and_not_verified(world, change_of, code):
    form = world.sign({**world.unsigned(), **change_of})
    world.anchor(form)
    verification = world.verify(form)
    assert (verification.verdict, reason(verification)) == (Verdict.NOTE, code)
    assert not verification.verified
    assert found(verification, Step.RECOGNITION)[0] is Outcome.NOT_RUN


def test_the_last_second_of_validity_counts(world):
    form = world.sign({**world.unsigned(), "validUntil": "2026-11-20T14:03:00+08:00"})
    world.anchor(form)
    assert world.verify(form).verdict is Verdict.VALID


# Step 7


@pytest.mark.case("CRED-060")
def test_a_right_signature_by_a_body_that_nobody_knows_is_not_called_changed(world):
    stranger = PrivateKey.from_bytes("Ed25519", bytes([5] * 32))
    did = did_key.did(stranger.public)
    unsigned = world.unsigned()
    unsigned["issuer"] = {**unsigned["issuer"], "id": did}
    form = world.sign(unsigned, key=stranger, method=did_key.verification_method(stranger.public))
    verification = world.verify(form)
    assert found(verification, Step.PROOF)[0] is Outcome.PASSED
    assert found(verification, Step.ACCREDITATION) == (Outcome.FAILED, "ISSUER_NOT_TRUSTED")
    assert verification.verdict is Verdict.NOT_AUTHENTIC
    assert reason(verification) == "NOT_RECOGNISED"
    assert verification.issuer is None


def test_the_address_of_an_unregistered_body_is_not_fetched(world):
    unsigned = build_credential(
        {**_graduate(), "certNo": "999021202606000001"},
        issuer=Institution(did="did:web:fake.edu.example", name="云岭示范职业技术学院"),
        credential_id="urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0009",
        status_entry=world.unsigned()["credentialStatus"],
    )
    form = world.sign(unsigned, method="did:web:fake.edu.example#key-1")
    verification = world.verify(form)
    assert verification.verdict is Verdict.NOT_AUTHENTIC
    assert reason(verification) == "NOT_RECOGNISED_UNSIGNED"
    assert "document" not in world.asked


def _graduate():
    return {
        "type": "GraduationCertificate",
        "map": "GraduationCertificate",
        "name": "林晓雨",
        "gender": "女",
        "birthDate": "2005-03-14",
        "idNumber": "990101200503140027",
        "majorCode": "460305",
        "majorName": "工业机器人技术",
        "level": "专科（高职）",
        "years": "3",
        "mode": "普通全日制",
        "enrol": "2023-09-01",
        "grad": "2026-06-30",
        "conclusion": "毕业",
    }


@pytest.mark.case("CRED-061")
def test_a_registered_body_that_was_never_accredited_for_the_type_is_not_relied_on(world, change):
    world.granted = (change(world.granted[0], credential_type="SkillLevelCertificate"),)
    verification = world.verify(world.issue(anchored=False))
    assert found(verification, Step.PROOF)[0] is Outcome.PASSED
    assert found(verification, Step.ACCREDITATION) == (Outcome.FAILED, "ISSUER_NOT_AUTHORIZED_FOR_TYPE")
    assert (verification.verdict, reason(verification)) == (Verdict.NOT_AUTHENTIC, "NOT_RECOGNISED")
    assert wording.notes(verification) == []


@pytest.mark.case("CRED-062")
def test_an_accreditation_that_ended_after_the_forms_block_is_a_line_under_valid(world, change):
    form = world.issue()
    world.granted = (change(world.granted[0], end=seconds("2026-08-01T00:00:00Z")),)
    verification = world.verify(form)
    assert verification.verdict is Verdict.VALID
    assert notes(verification) == ["ACCREDITATION_ENDED"]


@pytest.mark.case("CRED-062")
def test_a_form_made_after_the_accreditation_ended_is_not_relied_on(world, change):
    world.granted = (change(world.granted[0], end=seconds("2026-06-01T00:00:00Z")),)
    verification = world.verify(world.issue(anchored=False))
    assert found(verification, Step.ACCREDITATION) == (Outcome.FAILED, "ISSUER_NOT_AUTHORIZED_AT_TIME")
    assert verification.verdict is Verdict.NOT_AUTHENTIC


def test_a_form_without_receipt_of_a_body_that_was_accredited_once_could_not_be_checked(world, change):
    world.granted = (change(world.granted[0], end=seconds("2026-08-01T00:00:00Z")),)
    verification = world.verify(world.issue(anchored=False))
    assert verification.verdict is Verdict.COULD_NOT_CHECK


def test_awarded_before_the_accreditation_is_noted_as_retrospective(world, change):
    form = world.issue()
    grant = change(world.granted[0], start=seconds("2026-07-01T00:00:00Z"))
    world.granted = (grant,)
    world.anchor(form, grant=grant)
    verification = world.verify(form)
    assert (verification.verdict, reason(verification)) == (Verdict.NOTE, "RETROSPECTIVE")
    assert verification.verified


def test_a_form_anchored_while_its_issuer_was_suspended_reads_suspended(world, change):
    form = world.issue()
    span = Interval(seconds("2026-06-30T00:00:00Z"), seconds("2026-07-15T00:00:00Z"))
    world.record = change(world.record, suspensions=(span,))
    verification = world.verify(form)
    assert verification.verdict is Verdict.REVOKED
    assert wording.title(verification) == ("已暂停", "Suspended")
    assert reason(verification) == "ISSUER_SUSPENDED"


def test_suspension_leaves_forms_alone_that_were_anchored_before(world, change):
    form = world.issue()
    world.record = change(world.record, suspensions=(Interval(seconds("2026-07-02T00:00:00Z"), None),))
    assert world.verify(form).verdict is Verdict.VALID


# Step 8


def test_a_form_of_the_last_day_without_receipt_is_judged_as_of_now(world):
    form = world.issue(anchored=False, created=NOW - timedelta(hours=24))
    verification = world.verify(form)
    assert (verification.verdict, reason(verification)) == (Verdict.NOTE, "NOT_YET_ANCHORED")
    assert found(verification, Step.ANCHORING) == (Outcome.NOT_APPLICABLE, "NOT_YET_ANCHORED")
    assert verification.anchored is None


def test_an_older_form_without_receipt_could_not_be_checked(world):
    form = world.issue(anchored=False, created=NOW - timedelta(hours=24, seconds=1))
    verification = world.verify(form)
    assert (verification.verdict, reason(verification)) == (Verdict.COULD_NOT_CHECK, "NOT_ANCHORED")


def test_a_form_without_receipt_and_with_a_retired_key_could_not_be_checked(world, change):
    new = PrivateKey.from_bytes("Ed25519", bytes([8] * 32))
    content = jcs.canonicalize(did_web.document(DID, keys=[did_web.KeyEntry("key-2", new.public)]))
    digest = hashlib.sha256(content).digest()
    world.documents[digest] = content
    world.record = change(world.record, document_digest=digest)
    verification = world.verify(world.issue(anchored=False, created=NOW))
    assert found(verification, Step.ISSUER)[0] is Outcome.UNAVAILABLE
    assert verification.verdict is Verdict.COULD_NOT_CHECK


def test_a_store_that_does_not_answer_leaves_it_open_whether_there_is_a_receipt(world):
    form = world.issue(anchored=False, created=NOW)
    world.down.add("receipt")
    verification = world.verify(form)
    assert verification.verdict is Verdict.COULD_NOT_CHECK


def test_award_and_anchoring_over_a_year_apart_are_both_said(world):
    form = world.sign({**world.unsigned(), "awardedDate": "2025-06-30T00:00:00+08:00"})
    world.anchor(form)
    verification = world.verify(form)
    assert verification.verdict is Verdict.VALID
    assert notes(verification) == ["ANCHORED_LATER"]
    line = wording.note_sentence(verification.notes[0])
    assert "2025-06-30" in line.en
    assert "2026-07-01" in line.en


def test_a_registry_older_than_the_receipt_decides_nothing(world):
    form = world.issue()
    world.size = 11
    verification = world.verify(form)
    assert verification.verdict is Verdict.COULD_NOT_CHECK


def test_a_silent_ledger_without_a_last_word_leaves_everything_open(world):
    form = world.issue()
    world.down.add("registry")
    verification = world.verify(form)
    assert verification.verdict is Verdict.COULD_NOT_CHECK
    assert reason(verification) == "LEDGER_UNAVAILABLE"
    assert "这不代表证书有问题" in wording.reason(verification).zh


# Steps 9 and 10


def test_a_required_countersignature_that_is_missing_is_noted(world):
    unsigned = world.unsigned()
    unsigned["credentialSubject"]["requiredEndorser"] = ["did:web:xingheng.example"]
    form = world.sign(unsigned)
    world.anchor(form)
    verification = world.verify(form)
    assert (verification.verdict, reason(verification)) == (Verdict.NOTE, "COUNTERSIGNATURE_MISSING")
    assert not verification.verified


def test_a_failed_presentation_proof_is_never_valid(world):
    failed = Check(Step.HOLDER, Outcome.FAILED, "INVALID_CHALLENGE_ERROR")
    verification = world.verify(world.issue(), possession=failed)
    assert (verification.verdict, reason(verification)) == (Verdict.NOT_AUTHENTIC, "HOLDER")


# Step 11


def test_recognition_that_cannot_be_asked_is_noted_and_gives_no_line(world):
    form = world.issue()
    world.down.add("recognitions")
    verification = world.verify(form)
    assert (verification.verdict, reason(verification)) == (Verdict.NOTE, "RECOGNITION_UNAVAILABLE")
    assert verification.recognition == ()
    assert not verification.verified


def test_a_revoked_form_is_recognised_by_nobody(world):
    form = world.issue()
    world.publish([4021])
    verification = world.verify(form)
    assert verification.verdict is Verdict.REVOKED
    assert "recognitions" not in world.asked


def test_the_single_operator_is_said(world):
    assert world.verify(world.issue()).single_operator


# Whatever is handed in


def _places(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from _places(item, (*path, key))


@pytest.mark.case("CRED-035")
@pytest.mark.parametrize("wrong", [None, True, 7, "x", [], {}, [[]], {"id": 7}], ids=repr)
def test_any_member_of_any_wrong_type_is_a_finding_and_never_a_crash(world, wrong):
    form = world.issue()
    for path in _places(form):
        changed = copy.deepcopy(form)
        place = changed
        for key in path[:-1]:
            place = place[key]
        if place[path[-1]] == wrong:
            continue
        place[path[-1]] = wrong
        assert world.verify(changed).verdict not in (Verdict.VALID, Verdict.NOTE), path


@pytest.mark.case("CRED-042")
@pytest.mark.parametrize("proof", [..., {}, [], None, [{}]], ids=repr)
def test_a_form_without_its_proof_is_not_authentic(world, proof):
    form = world.issue()
    if proof is ...:
        del form["proof"]
    else:
        form["proof"] = proof
    verification = world.verify(form)
    assert verification.verdict is Verdict.NOT_AUTHENTIC
    assert not verification.verified
