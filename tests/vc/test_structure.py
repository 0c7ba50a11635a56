"""The data model's rules over the W3C suite's inputs, and our types' schemas."""

import copy
import json

import pytest

import schemas
from crypto.errors import CryptoError
from vc import documents, jsonld, structure
from vc.errors import (
    DocumentError,
    InvalidDatetimeError,
    SchemaNotAllowedError,
    SchemaViolationError,
    VcError,
)
from vc.jsonld import Processor

EXAMPLES_CONTEXT = "https://www.w3.org/ns/credentials/examples/v2"


@pytest.fixture(scope="module")
def engine(shared_data):
    """Return a processor that knows the suite's contexts as well."""
    suites = {
        EXAMPLES_CONTEXT: "credentials-examples-v2.jsonld",
        "https://w3id.org/security/suites/ed25519-2020/v1": "security-suites-ed25519-2020-v1.jsonld",
    }
    more = {url: (shared_data / "third-party" / name).read_bytes() for url, name in suites.items()}
    return Processor({**schemas.contexts(), **more})


def judge(document, engine):
    """Apply what the conformance profile applies: the strict parser, the rules, and expansion."""
    documents.check(document, documents.CONFORMANCE)
    types = document.get("type")
    if "VerifiablePresentation" in (types if isinstance(types, list) else [types]):
        structure.check_presentation(document)
    else:
        structure.check_credential(document)
    # What is expanded is the document without its proof, as when a proof is verified.
    jsonld.canonicalize({key: value for key, value in document.items() if key != "proof"}, engine=engine)


def completed(path):
    """Fill in what the suite's runner fills in: issuers, proofs of presented credentials, dates for words."""
    document = json.loads(
        path.read_text("utf-8")
        .replace('"FUTURE DATE"', '"2050-01-01T00:00:00Z"')
        .replace('"PAST DATE"', '"2020-01-01T00:00:00Z"')
    )
    if path.name.startswith(("credential", "issuer")) and "no-issuer" not in path.name:
        issuer = document.setdefault("issuer", "did:example:issuer")
        if isinstance(issuer, dict) and "null" not in path.name:
            issuer.setdefault("id", "did:example:issuer")
    if path.name.startswith("presentation") and "self-asserted" not in path.name:
        held = document.get("verifiableCredential", [])
        for credential in held if isinstance(held, list) else [held]:
            if isinstance(credential, dict) and "issuer" in credential:
                credential.setdefault("proof", {"type": "DataIntegrityProof"})
    return document


def inputs(shared_data):
    folder = shared_data / "vectors" / "vcdm2"
    return sorted([*folder.glob("*.json"), *(folder / "names-and-descriptions").glob("*.json")])


def test_every_input_of_the_suite_is_judged_as_it_is_named(shared_data, engine):
    wrong = []
    judged = 0
    for path in inputs(shared_data):
        expected = path.stem.endswith("-ok")
        named = path.stem.endswith(("-ok", "-fail", "-fail-or-inject"))
        if not named:
            continue
        judged += 1
        try:
            judge(completed(path), engine)
            accepted = True
        except (VcError, CryptoError):
            accepted = False
        if accepted is not expected:
            wrong.append(path.name)
    assert wrong == []
    assert judged > 100


@pytest.mark.parametrize(
    "name",
    [
        "presentation-self-asserted-vc-holder-mismatch",
        "presentation-self-asserted-vc-issuer-mismatch",
        "presentation-self-asserted-vc-no-holder",
    ],
)
def test_a_credential_that_only_the_presentation_secures_is_the_holders_own(shared_data, name):
    document = json.loads((shared_data / "vectors" / "vcdm2" / f"{name}.json").read_text("utf-8"))
    with pytest.raises(DocumentError):
        structure.check_presentation(document)


def example(name="GraduationCertificate"):
    return copy.deepcopy(schemas.example(name))


def test_our_examples_are_valid():
    for name in ("GraduationCertificate", "SkillLevelCertificate"):
        structure.validate(example(name))


@pytest.mark.case("CRED-036")
@pytest.mark.parametrize("types", [["OpenBadgeCredential"], "GraduationCertificate", [], None, [7]])
def test_a_document_that_is_not_called_a_credential_is_refused(types):
    with pytest.raises(DocumentError):
        structure.validate({**example(), "type": types})


@pytest.mark.case("CRED-036")
def test_a_type_outside_the_catalogue_is_refused():
    with pytest.raises(DocumentError):
        structure.validate({**example(), "type": ["VerifiableCredential", "OpenBadgeCredential", "Diploma"]})


def test_two_types_of_the_catalogue_in_one_document_are_refused():
    types = ["VerifiableCredential", "OpenBadgeCredential", "GraduationCertificate", "SkillLevelCertificate"]
    with pytest.raises(DocumentError):
        structure.validate({**example(), "type": types})


@pytest.mark.case("CRED-037")
@pytest.mark.parametrize("issuer", [None, [], {}, {"id": None}, "fake-issuer", {"id": "x y"}, 7])
def test_an_issuer_that_is_no_url_is_refused(issuer):
    with pytest.raises(DocumentError):
        structure.validate({**example(), "issuer": issuer})


@pytest.mark.case("CRED-040")
@pytest.mark.parametrize("subject", [None, {}, [], [{}], "x", [7]])
def test_a_subject_without_claims_is_refused(subject):
    with pytest.raises(DocumentError):
        structure.validate({**example(), "credentialSubject": subject})


@pytest.mark.case("CRED-040")
def test_a_subject_bound_to_nobody_and_naming_nobody_is_refused():
    document = example()
    del document["credentialSubject"]["id"]
    structure.validate(document)
    del document["credentialSubject"]["identifier"]
    with pytest.raises(SchemaViolationError):
        structure.validate(document)


@pytest.mark.case("CRED-039")
@pytest.mark.parametrize(
    "text",
    [
        "2026-06-30",
        "2026-06-30T00:00:00",
        "2026-W47-5",
        "20261120",
        "2026-06-30 00:00:00Z",
        "2026-06-30T24:00:00Z",
        "2026-06-30T23:59:60Z",
        "2026-06-30T00:00:00+23:59",
        "99999-06-30T00:00:00Z",
        "２０２６-06-30T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "Tue, 30 Jun 2026 00:00:00 GMT",
        "0000-01-01T00:00:00Z",
        20260630,
        None,
    ],
)
def test_only_a_full_date_and_time_with_its_offset_is_a_date(text):
    with pytest.raises(InvalidDatetimeError):
        structure.validate({**example(), "validFrom": text})


def test_a_period_that_ends_before_it_begins_is_refused():
    with pytest.raises(DocumentError, match="validUntil"):
        structure.validate({**example(), "validUntil": "2020-01-01T00:00:00Z"})


@pytest.mark.case("CRED-058")
@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("achievement", "levelCode"), "VI"),
        (("achievement", "studyYears"), "99"),
        (("licenseNumber",), "123"),
        (("conclusion",), "肄业"),
        (("idNumberTail",), "990101200503140027"),
        (("birthDate",), "2005-02-30"),
    ],
)
def test_a_value_outside_its_list_breaks_the_schema_and_is_not_repeated(path, value):
    document = example()
    place = document["credentialSubject"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(SchemaViolationError) as refused:
        structure.validate(document)
    assert path[-1] in str(refused.value)
    assert value not in str(refused.value)


def test_a_full_identity_number_breaks_the_schema():
    document = example()
    document["credentialSubject"]["idNumber"] = "990101200503140027"
    with pytest.raises(SchemaViolationError):
        structure.validate(document)


def test_a_1x_certificate_has_a_1x_level():
    document = example("SkillLevelCertificate")
    document["credentialSubject"]["achievement"]["levelCode"] = "SL-3"
    with pytest.raises(SchemaViolationError):
        structure.validate(document)


def test_a_credential_that_does_not_name_our_schema_is_refused():
    document = example()
    document["credentialSchema"] = document["credentialSchema"][:1]
    with pytest.raises(SchemaNotAllowedError):
        structure.validate(document)


@pytest.mark.case("CRED-035")
@pytest.mark.parametrize("wrong", [None, True, 7, "x", [], {}, [[]], [None]], ids=repr)
def test_every_member_of_every_wrong_type_is_a_refusal_and_never_a_crash(wrong):
    def places(value, path=()):
        if isinstance(value, dict):
            for key, item in value.items():
                yield (*path, key)
                yield from places(item, (*path, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from places(item, (*path, index))

    for path in places(example()):
        document = example()
        place = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = wrong
        try:
            structure.validate(document)
        except VcError:
            continue
