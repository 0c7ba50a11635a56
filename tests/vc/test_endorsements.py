"""Endorsements: what they cover, when they count, and where their own contexts may stand."""

import copy
import json
from datetime import timedelta

import pytest

from crypto.keys import PrivateKey
from schemas.building import Institution
from vc import data_integrity, dates, documents, endorsements, limits, status
from vc.errors import (
    ContextNotAllowedError,
    CryptographicError,
    DocumentError,
    EndorsementError,
    EndorsementMismatchError,
    EndorserError,
    LossyDocumentError,
    ProofMissingError,
    VerificationMethodError,
)

COLLEGE, ENTERPRISE = "did:web:yunling.edu.example", "did:web:xingheng.example"
COLLEGE_KEY = PrivateKey.from_bytes("Ed25519", bytes([1] * 32))
ENTERPRISE_KEY = PrivateKey.from_bytes("Ed25519", bytes([2] * 32))
SIGNED = dates.parse("2026-06-18T00:00:00+08:00")
NOW = dates.parse("2026-11-21T00:00:00Z")
XINGHENG = Institution(did=ENTERPRISE, name="星衡智能装备有限公司（虚构）")


@pytest.fixture
def record(shared_data):
    """Return the unsigned apprenticeship record of the examples, without its endorsement."""
    document = json.loads((shared_data / "examples" / "ApprenticeshipRecord.json").read_text("utf-8"))
    del document["endorsement"]
    return document


@pytest.fixture
def training(shared_data):
    """Return the unsigned record of a teacher's practice in an enterprise."""
    return json.loads((shared_data / "examples" / "TeacherTrainingRecord.json").read_text("utf-8"))


def endorse(record, *, key=ENTERPRISE_KEY, endorser=XINGHENG, method=f"{ENTERPRISE}#key-1", **changes):
    """Sign an endorsement of a record; ``changes`` replace members before it is signed."""
    unsigned = endorsements.build(
        endorser=endorser,
        endorsement_id="urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0055",
        credential_id=record["id"],
        subject=record["credentialSubject"],
        comment="确认学徒在本企业完成960学时岗位培养。",
        status_entry=status.entry(
            list_url="https://xingheng.example/status/1",
            index=31,
            entry_id="urn:uuid:6f1b8a52-3f4e-4a53-9d13-7f3f0d7d0031",
        ),
        valid_from=SIGNED,
    )
    return data_integrity.sign({**unsigned, **changes}, key=key, verification_method=method, created=SIGNED)


def signed(record, *listed):
    """Sign a record as the college does, with endorsements inside."""
    return data_integrity.sign(
        {**record, "endorsement": list(listed)},
        key=COLLEGE_KEY,
        verification_method=f"{COLLEGE}#key-1",
        created=SIGNED,
    )


def resolve(verification_method, _purpose):
    keys = {COLLEGE: COLLEGE_KEY, ENTERPRISE: ENTERPRISE_KEY}
    return keys[verification_method.partition("#")[0]].public


def verify(document):
    return data_integrity.verify(document, resolve=resolve, purpose="assertionMethod", now=NOW)


# What is covered


def test_digest_of_the_example_is_the_one_that_its_endorsement_states(shared_data):
    document = json.loads((shared_data / "examples" / "ApprenticeshipRecord.json").read_text("utf-8"))
    stated = document["endorsement"][0]["relatedResource"][0]["digestMultibase"]
    assert endorsements.endorsed_digest(document["credentialSubject"]) == stated


def test_digest_is_the_same_for_every_form_of_a_record(record):
    paper = copy.deepcopy(record["credentialSubject"])
    del paper["id"]
    paper["identifier"] = [{"type": ["IdentityObject"], "identityHash": "x"}]
    assert endorsements.endorsed_digest(paper) == endorsements.endorsed_digest(record["credentialSubject"])


@pytest.mark.parametrize("member", ["practiceHours", "agreementNumber", "requiredEndorser", "result"])
def test_digest_changes_with_what_was_endorsed(record, member):
    before = endorsements.endorsed_digest(record["credentialSubject"])
    changed = {**record["credentialSubject"], member: "other"}
    assert endorsements.endorsed_digest(changed) != before


# The round trip


@pytest.mark.row("S48", "S75")
@pytest.mark.parametrize("kind", ["record", "training"])
def test_endorsement_is_verified_as_a_document_of_its_own_inside_a_signed_record(kind, request):
    unsigned = request.getfixturevalue(kind)
    document = json.loads(json.dumps(signed(unsigned, endorse(unsigned))))
    verify(document)
    (found,) = endorsements.embedded(document)
    endorsements.check_content(found, document)
    endorsements.check_period(found, now=NOW)
    (proved,) = endorsements.verify_proof(found, resolve=resolve, now=NOW)
    assert proved.controller == ENTERPRISE


def test_the_same_endorsement_stands_in_another_form_of_the_record(record):
    endorsement = endorse(record)
    other = copy.deepcopy(record)
    other["credentialSubject"]["id"] = "did:key:z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf"
    endorsements.check_content(endorsement, signed(other, endorsement))


def test_record_in_a_presentation_may_carry_its_endorsement(record):
    document = signed(record, endorse(record))
    documents.check(
        {
            "@context": [document["@context"][0]],
            "type": ["VerifiablePresentation"],
            "holder": record["credentialSubject"]["id"],
            "verifiableCredential": [document],
        }
    )


def test_two_bodies_may_endorse_one_record(record):
    other = Institution(did="did:web:lixin.example", name="立信检测有限公司（虚构）")
    second = endorse(
        record,
        endorser=other,
        method="did:web:lixin.example#key-1",
        id="urn:uuid:" + "7" * 8 + "-0000-4000-8000-" + "0" * 12,
    )
    verify(signed(record, endorse(record), second))


def test_endorser_that_the_record_describes_otherwise_is_named_by_its_did_alone(record):
    endorsement = endorse(record, endorser=Institution(did=ENTERPRISE, name="星衡公司"))
    assert endorsement["issuer"] == ENTERPRISE
    verify(signed(record, endorsement))


@pytest.mark.parametrize("comment", ["", "  ", "字" * (endorsements.MOST_COMMENT_CHARS + 1)])
def test_endorsement_needs_a_comment_of_sensible_length(record, comment):
    with pytest.raises(EndorsementError):
        endorsements.build(
            endorser=XINGHENG,
            endorsement_id="urn:uuid:1",
            credential_id=record["id"],
            subject=record["credentialSubject"],
            comment=comment,
            status_entry={},
            valid_from=SIGNED,
        )


# What does not count


def test_endorsement_of_another_record_does_not_count(record):
    replayed = endorse({**record, "id": "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0999"})
    with pytest.raises(EndorsementMismatchError, match="another record"):
        endorsements.check_content(replayed, record)


@pytest.mark.row("S48")
def test_endorsement_of_other_content_does_not_count(record):
    endorsement = endorse(record)
    record["credentialSubject"]["practiceHours"] = 961
    with pytest.raises(EndorsementMismatchError, match="other content"):
        endorsements.check_content(endorsement, record)


def test_digest_that_the_endorsement_states_of_another_resource_does_not_count(record):
    digest = endorsements.endorsed_digest(record["credentialSubject"])
    endorsement = endorse(
        record, relatedResource=[{"id": "https://example.org/other", "digestMultibase": digest}]
    )
    with pytest.raises(EndorsementMismatchError):
        endorsements.check_content(endorsement, record)


def test_a_body_does_not_endorse_its_own_credential(record):
    own = Institution(did=COLLEGE, name="云岭示范职业技术学院（虚构）")
    endorsement = endorse(record, key=COLLEGE_KEY, endorser=own, method=f"{COLLEGE}#key-1")
    with pytest.raises(EndorserError):
        endorsements.check_content(endorsement, record)


def test_endorsement_signed_under_another_bodys_key_does_not_count(record):
    endorsement = endorse(record, key=COLLEGE_KEY, method=f"{COLLEGE}#key-1")
    with pytest.raises(VerificationMethodError):
        endorsements.verify_proof(endorsement, resolve=resolve, now=NOW)


def test_endorsement_with_a_broken_proof_does_not_count(record):
    endorsement = endorse(record)
    endorsement["credentialSubject"]["endorsementComment"] = "确认学徒在本企业完成9600学时岗位培养。"
    with pytest.raises(CryptographicError):
        endorsements.verify_proof(endorsement, resolve=resolve, now=NOW)


def test_endorsement_without_a_proof_does_not_count(record):
    endorsement = endorse(record)
    del endorsement["proof"]
    with pytest.raises(ProofMissingError):
        endorsements.verify_proof(endorsement, resolve=resolve, now=NOW)


def test_proof_for_another_purpose_does_not_count(record):
    unsigned = {name: member for name, member in endorse(record).items() if name != "proof"}
    endorsement = data_integrity.sign(
        unsigned,
        key=ENTERPRISE_KEY,
        verification_method=f"{ENTERPRISE}#key-1",
        created=SIGNED,
        purpose="authentication",
    )
    with pytest.raises(Exception, match="another purpose"):
        endorsements.verify_proof(endorsement, resolve=resolve, now=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"type": ["VerifiableCredential", "EndorsementCredential", "EmployerEvaluation"]},
        {"evidence": [{"type": ["Evidence"], "name": "x"}]},
        {"issuer": "https://xingheng.example"},
        {"credentialStatus": None},
        {"id": None},
    ],
    ids=["an employer's evaluation", "says more", "issuer without a DID", "cannot be withdrawn", "no id"],
)
def test_document_of_another_shape_endorses_nothing(record, changes):
    changed = {name: member for name, member in {**endorse(record), **changes}.items() if member is not None}
    with pytest.raises(EndorsementError):
        endorsements.check_content(changed, record)


def test_endorsement_under_other_contexts_does_not_count(record):
    endorsement = {**endorse(record), "@context": record["@context"]}
    with pytest.raises(EndorsementError):
        endorsements.check_content(endorsement, record)


def test_endorsement_counts_from_its_first_day_to_its_last(record):
    endorsement = endorse(record, validUntil="2026-11-20T00:00:00Z")
    endorsements.check_period(endorsement, now=dates.parse("2026-11-20T00:00:00Z"))
    with pytest.raises(EndorsementError):
        endorsements.check_period(endorsement, now=NOW)
    with pytest.raises(EndorsementError):
        endorsements.check_period(endorsement, now=SIGNED - timedelta(days=1))


# Who has to endorse


def test_the_enterprise_has_to_endorse(record, training):
    assert endorsements.required(record) == (ENTERPRISE,)
    assert endorsements.required(training) == (ENTERPRISE,)


@pytest.mark.row("S48")
def test_apprenticeship_record_that_leaves_its_enterprise_out_cannot_be_complete(record):
    record["credentialSubject"]["requiredEndorser"] = ["did:web:lixin.example"]
    with pytest.raises(EndorserError):
        endorsements.required(record)


@pytest.mark.row("S75")
@pytest.mark.parametrize("listed", [None, []])
def test_practice_in_an_enterprise_cannot_do_without_the_enterprise(training, listed):
    training["credentialSubject"]["requiredEndorser"] = listed
    with pytest.raises(EndorserError):
        endorsements.required(training)


def test_training_of_another_kind_needs_no_endorsement(training):
    subject = training["credentialSubject"]
    subject["trainingKind"] = "培训进修"
    del subject["requiredEndorser"], subject["enterprise"]
    assert endorsements.required(training) == ()


def test_college_does_not_name_itself_among_those_that_endorse(record):
    record["credentialSubject"]["requiredEndorser"] = [ENTERPRISE, COLLEGE]
    with pytest.raises(EndorserError):
        endorsements.required(record)


@pytest.mark.parametrize(
    "listed",
    ["星衡", [ENTERPRISE, 7], [f"did:web:e{n}.example" for n in range(limits.ENDORSEMENTS + 1)]],
    ids=["no DID", "no string", "too many"],
)
def test_list_of_endorsers_that_makes_no_sense_is_refused(training, listed):
    training["credentialSubject"]["requiredEndorser"] = listed
    with pytest.raises(EndorserError):
        endorsements.required(training)


def test_as_many_endorsers_as_the_limit_are_read(training):
    subject = training["credentialSubject"]
    subject["requiredEndorser"] = [
        ENTERPRISE,
        *(f"did:web:e{n}.example" for n in range(limits.ENDORSEMENTS - 1)),
    ]
    assert len(endorsements.required(training)) == limits.ENDORSEMENTS


def test_more_endorsements_than_the_limit_are_not_looked_at(record):
    with pytest.raises(EndorsementError):
        endorsements.embedded({**record, "endorsement": [{}] * (limits.ENDORSEMENTS + 1)})
    assert (
        len(endorsements.embedded({**record, "endorsement": [{}] * limits.ENDORSEMENTS}))
        == limits.ENDORSEMENTS
    )


# The front door


def test_example_with_its_endorsement_passes_the_front_door(shared_data):
    documents.load((shared_data / "examples" / "ApprenticeshipRecord.json").read_bytes())


@pytest.mark.case("CRED-014")
@pytest.mark.parametrize(
    "contexts",
    [
        None,
        ["https://www.w3.org/ns/credentials/v2"],
        ["https://www.w3.org/ns/credentials/v2", {"endorsementComment": "https://example.org/x"}],
        "https://www.w3.org/ns/credentials/v2",
    ],
    ids=["absent", "another list", "inline", "a string"],
)
def test_only_the_contexts_of_endorsements_may_stand_in_one(record, contexts):
    endorsement = {**endorse(record), "@context": contexts}
    if contexts is None:
        del endorsement["@context"]
    with pytest.raises(ContextNotAllowedError):
        documents.check({**record, "endorsement": [endorsement]})


@pytest.mark.case("CRED-014")
@pytest.mark.parametrize("place", ["credentialSubject", "issuer"])
def test_an_endorsements_contexts_may_stand_nowhere_else(record, place):
    record[place]["endorsement"] = [endorse(record)]
    with pytest.raises(ContextNotAllowedError):
        documents.check(record)


def test_an_endorsement_carries_no_endorsement_of_its_own(record):
    outer = {**endorse(record), "endorsement": [endorse(record)]}
    with pytest.raises(ContextNotAllowedError):
        documents.check({**record, "endorsement": [outer]})


@pytest.mark.parametrize("member", [[], "urn:uuid:1", [None]])
def test_endorsement_is_an_object_or_several(record, member):
    with pytest.raises(DocumentError):
        documents.check({**record, "endorsement": member})


def test_members_of_the_record_cannot_move_into_its_endorsement(record):
    document = signed(record, endorse(record))
    subject = document["endorsement"][0]["credentialSubject"]
    subject["type"] = ["EndorsementSubject", "VerifiableCredential"]
    subject["credentialStatus"] = document.pop("credentialStatus")
    with pytest.raises(LossyDocumentError):
        documents.check(document)


def test_comment_of_the_endorsement_cannot_move_into_the_record(record):
    document = signed(record, endorse(record))
    document["type"].append("EndorsementSubject")
    document["endorsementComment"] = document["endorsement"][0]["credentialSubject"].pop("endorsementComment")
    with pytest.raises(LossyDocumentError):
        documents.check(document)


def test_what_record_and_endorsement_say_of_the_enterprise_cannot_move_between_them(record):
    document = signed(record, endorse(record))
    del document["credentialSubject"]["enterprise"]["url"]
    with pytest.raises(LossyDocumentError):
        documents.check(document)
