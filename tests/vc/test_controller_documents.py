"""Controller documents: whose key it is, what it may be used for, and until when."""

import copy
import json
from datetime import UTC, datetime, timedelta

import pytest

from crypto.errors import LimitError, PrivateKeyExposedError, WeakKeyError
from crypto.keys import PrivateKey
from vc import controller_documents, did_key, did_web, limits
from vc.errors import (
    InvalidDidDocumentError,
    InvalidDidUrlError,
    KeyRevokedError,
    VcError,
    VerificationMethodError,
    VerificationRelationshipError,
)

DID = "did:web:a.example"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
SIGNING = PrivateKey.from_bytes("Ed25519", bytes(range(1, 33))).public
LOGIN = PrivateKey.from_bytes("P-256", bytes(range(1, 33))).public


@pytest.fixture
def document():
    return did_web.document(
        DID,
        keys=[
            did_web.KeyEntry("sign", SIGNING),
            did_web.KeyEntry("login", LOGIN, purposes=("authentication",)),
            did_web.KeyEntry("old", SIGNING, expires=NOW),
            did_web.KeyEntry("lost", SIGNING, revoked=NOW),
        ],
    )


def _key(document, fragment="sign", purpose="assertionMethod", at=NOW):
    return controller_documents.verification_key(document, f"{DID}#{fragment}", purpose=purpose, at=at)


def test_a_key_is_found_for_its_purpose(document):
    assert _key(document) == SIGNING
    assert _key(document, "login", "authentication") == LOGIN


def test_a_key_may_be_given_as_a_jwk_or_inside_a_relationship(document):
    method = document["verificationMethod"][0]
    method |= {"type": "JsonWebKey", "publicKeyJwk": SIGNING.jwk}
    del method["publicKeyMultibase"]
    assert _key(document) == SIGNING
    document["assertionMethod"].remove(f"{DID}#sign")
    document["verificationMethod"].remove(method)
    document["assertionMethod"].append(method)
    assert _key(document) == SIGNING
    with pytest.raises(VerificationRelationshipError):
        _key(document, purpose="authentication")


def test_the_document_of_a_did_key_works_too():
    identifier = did_key.did(LOGIN)
    method = did_key.verification_method(LOGIN)
    found = controller_documents.verification_key(
        did_key.document(identifier), method, purpose="authentication", at=NOW
    )
    assert found == LOGIN


@pytest.mark.case("KEY-001")
def test_a_key_of_another_controller_is_refused(document):
    document["verificationMethod"][0]["controller"] = "did:web:b.example"
    with pytest.raises(VerificationMethodError) as refusal:
        _key(document)
    assert refusal.value.code == "INVALID_VERIFICATION_METHOD"


@pytest.mark.case("KEY-001")
def test_a_method_is_looked_for_in_its_own_controllers_document_only(document):
    foreign = {**document["verificationMethod"][0], "id": "did:web:b.example#sign"}
    document["verificationMethod"].append(foreign)
    document["assertionMethod"].append(foreign["id"])
    with pytest.raises(VerificationMethodError):
        controller_documents.verification_key(document, foreign["id"], purpose="assertionMethod", at=NOW)


@pytest.mark.case("KEY-002")
@pytest.mark.parametrize(
    "purpose", ["assertionMethod", "keyAgreement", "verificationMethod", "id", "", "@context"]
)
def test_a_key_for_signing_in_signs_no_credentials(document, purpose):
    with pytest.raises(VerificationRelationshipError) as refusal:
        _key(document, "login", purpose)
    assert refusal.value.code == "INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD"


@pytest.mark.case("KEY-004")
@pytest.mark.parametrize("fragment", ["old", "lost"])
def test_a_key_counts_up_to_its_end_and_no_longer(document, fragment):
    assert _key(document, fragment, at=NOW - timedelta(seconds=1)) == SIGNING
    for at in (NOW, NOW + timedelta(days=1)):
        with pytest.raises(KeyRevokedError) as refusal:
            _key(document, fragment, at=at)
        assert refusal.value.code == "KEY_REVOKED"


@pytest.mark.parametrize("moment", ["yesterday", None, 5, "2026-11-21", ""])
def test_a_period_that_cannot_be_read_is_no_period(document, moment):
    for name in ("expires", "revoked"):
        changed = copy.deepcopy(document)
        changed["verificationMethod"][0][name] = moment
        with pytest.raises(InvalidDidDocumentError):
            _key(changed)


@pytest.mark.case("KEY-008")
def test_a_weak_key_is_refused_when_it_is_looked_up(document):
    weak = {"kty": "OKP", "crv": "Ed25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
    method = document["verificationMethod"][0]
    del method["publicKeyMultibase"]
    method |= {"type": "JsonWebKey", "publicKeyJwk": weak}
    with pytest.raises(WeakKeyError):
        _key(document)


@pytest.mark.case("KEY-010")
@pytest.mark.parametrize(
    "secret", ["secretKeyMultibase", "secretKeyJwk", "privateKeyJwk", "privateKeyMultibase"]
)
def test_a_document_with_a_secret_key_is_refused_whole(document, secret):
    document["verificationMethod"][1][secret] = "x"
    with pytest.raises(PrivateKeyExposedError):
        _key(document)


@pytest.mark.case("KEY-010")
def test_a_private_jwk_makes_the_document_refused(document):
    document["verificationMethod"][1]["publicKeyJwk"] = {**LOGIN.jwk, "d": "AAAA"}
    del document["verificationMethod"][1]["publicKeyMultibase"]
    with pytest.raises(PrivateKeyExposedError):
        _key(document)


@pytest.mark.case("KEY-016")
@pytest.mark.parametrize(
    "identifier", ["did:web:b.example", None, "", "did:web:a.example#", ["did:web:a.example"]]
)
def test_the_document_is_that_of_the_identifier_asked_for(document, identifier):
    document["id"] = identifier
    with pytest.raises(InvalidDidDocumentError) as refusal:
        controller_documents.parse(json.dumps(document).encode(), did=DID)
    assert refusal.value.code == "INVALID_DID_DOCUMENT"


@pytest.mark.case("KEY-018")
@pytest.mark.parametrize(
    "method", ["", DID, f"{DID}#", f"{DID}?versionTime=1#sign", f"{DID}/p#sign", f"{DID}#a#b", None, 5]
)
def test_a_verification_method_is_a_did_url_with_a_fragment_only(document, method):
    with pytest.raises(InvalidDidUrlError):
        controller_documents.verification_key(document, method, purpose="assertionMethod", at=NOW)


@pytest.mark.case("KEY-020", "CRED-067")
def test_the_number_of_keys_is_limited(document):
    most = [did_web.KeyEntry(f"k{index}", SIGNING) for index in range(limits.VERIFICATION_METHODS)]
    controller_documents.check(did_web.document(DID, keys=most), did=DID)
    with pytest.raises(LimitError):
        controller_documents.check(
            did_web.document(DID, keys=[*most, did_web.KeyEntry("k", SIGNING)]), did=DID
        )


@pytest.mark.case("KEY-020", "CRED-067")
def test_the_size_of_a_document_is_limited(document):
    text = json.dumps(document).encode()
    controller_documents.parse(text.ljust(limits.CONTROLLER_DOCUMENT_BYTES), did=DID)
    with pytest.raises(LimitError):
        controller_documents.parse(text.ljust(limits.CONTROLLER_DOCUMENT_BYTES + 1), did=DID)


@pytest.mark.case("KEY-021")
def test_two_methods_of_one_id_are_refused(document):
    other = PrivateKey.from_bytes("Ed25519", bytes(range(2, 34))).public
    document["verificationMethod"].append(
        {**document["verificationMethod"][0], "publicKeyMultibase": other.multibase}
    )
    with pytest.raises(InvalidDidDocumentError):
        _key(document)


def test_a_method_that_gives_its_key_twice_is_refused(document):
    document["verificationMethod"][0]["publicKeyJwk"] = SIGNING.jwk
    with pytest.raises(InvalidDidDocumentError):
        _key(document)


def test_a_method_of_another_type_is_refused(document):
    for change in (
        {"type": "Ed25519VerificationKey2020"},
        {"publicKeyMultibase": "zzz"},
        {"publicKeyMultibase": 5},
    ):
        changed = copy.deepcopy(document)
        changed["verificationMethod"][0] |= change
        with pytest.raises(VerificationMethodError):
            _key(changed)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b'{"id":1}', b'{"id":"a","id":"b"}', b"\xff"])
def test_what_is_no_document_is_refused(data):
    with pytest.raises(InvalidDidDocumentError):
        controller_documents.parse(data, did=DID)


@pytest.mark.case("CRED-035")
@pytest.mark.parametrize("junk", [None, True, 0, 1.5, "", "x", [], [None], [[]], [{}], {}, {"a": 1}])
def test_any_value_of_any_wrong_type_is_a_refusal_and_never_a_crash(document, junk):
    for name in ("id", "verificationMethod", "assertionMethod"):
        with pytest.raises(VcError):
            _key({**document, name: junk})
    for name in ("id", "type", "controller", "publicKeyMultibase"):
        changed = copy.deepcopy(document)
        changed["verificationMethod"][0][name] = junk
        with pytest.raises(VcError):
            _key(changed)
