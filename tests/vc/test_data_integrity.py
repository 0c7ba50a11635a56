"""Data Integrity proofs: official vectors, and every way to change a signed document or its proof."""

import copy
import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest

import schemas
from crypto.errors import CryptoError
from crypto.keys import PrivateKey, PublicKey
from crypto.multibase import base58btc_decode, base58btc_encode
from vc import cryptosuites, data_integrity, did_key, documents, jsonld
from vc.errors import (
    ContextNotAllowedError,
    CryptographicError,
    InvalidChallengeError,
    InvalidDomainError,
    LossyDocumentError,
    ProofError,
    ProofExpiredError,
    ProofGenerationError,
    ProofMissingError,
    RequiredProofMissingError,
    UndefinedTermError,
    VcError,
)

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
KEY = PrivateKey.from_bytes("Ed25519", bytes(range(32)))
OTHER = PrivateKey.from_bytes("Ed25519", bytes(range(1, 33)))
METHOD = did_key.verification_method(KEY.public)
TYPES = ("GraduationCertificate", "SkillLevelCertificate")


def _resolve(method, purpose):
    return did_key.resolve_method(method)


def _sign(document, key=KEY, **options):
    method = did_key.verification_method(key.public)
    return data_integrity.sign(document, key=key, verification_method=method, created=NOW, **options)


def _verify(document, **options):
    expected = {"resolve": _resolve, "purpose": "assertionMethod", "now": NOW} | options
    return data_integrity.verify(document, **expected)


@pytest.fixture
def unsigned():
    return schemas.example("GraduationCertificate")


@pytest.fixture
def signed():
    return _sign(schemas.example("GraduationCertificate"))


# Official vectors


@pytest.fixture(scope="module")
def vectors(shared_data):
    return shared_data / "vectors" / "di-eddsa" / "TestVectors"


@pytest.fixture(scope="module")
def conformance(shared_data):
    """Return the profile of the W3C suites, with the context of their examples."""
    url = "https://www.w3.org/ns/credentials/examples/v2"
    content = (shared_data / "third-party" / "credentials-examples-v2.jsonld").read_bytes()
    engine = jsonld.Processor({**schemas.contexts(), url: content})
    return dataclasses.replace(documents.CONFORMANCE, engine=engine)


def _read(path):
    return json.loads(path.read_text("utf-8"))


def test_the_official_proof_verifies_and_is_reproduced(vectors, conformance):
    document = _read(vectors / "eddsa-rdfc-2022" / "signedDataInt.json")
    pair = _read(vectors / "keyPair.json")
    key = PrivateKey.from_bytes("Ed25519", base58btc_decode(pair["privateKeyMultibase"])[2:])
    resolve = {document["proof"]["verificationMethod"]: key.public}
    proofs = _verify(document, resolve=lambda method, _: resolve[method], profile=conformance)
    assert [proof.cryptosuite for proof in proofs] == ["eddsa-rdfc-2022"]
    again = data_integrity.sign(
        {name: member for name, member in document.items() if name != "proof"},
        key=key,
        verification_method=document["proof"]["verificationMethod"],
        created=datetime.fromisoformat(document["proof"]["created"]),
        profile=conformance,
    )
    assert again["proof"] == [document["proof"]]


def test_the_official_intermediate_values_are_reproduced(vectors, conformance):
    folder = vectors / "eddsa-rdfc-2022"
    unsigned = _read(vectors / "unsigned.json")
    options = _read(folder / "proofConfigDataInt.json")
    for document, name in ((unsigned, "doc"), (options, "proof")):
        canon = {"doc": "canonDocDataInt.txt", "proof": "proofCanonDataInt.txt"}[name]
        assert (
            jsonld.canonicalize(document, engine=conformance.engine).decode() == (folder / canon).read_text()
        )
        digest = cryptosuites.EDDSA_RDFC_2022.hash(document, engine=conformance.engine)
        assert digest.hex() == (folder / f"{name}HashDataInt.txt").read_text().strip()


def test_the_official_signature_over_the_employment_document_verifies(vectors):
    folder = vectors / "eddsa-rdfc-2022" / "employ"
    proof = _read(folder / "signedDataInt.json")["proof"]
    key = PublicKey.from_multibase(proof["verificationMethod"].partition("#")[2])
    signed = bytes.fromhex((folder / "combinedHashDataInt.txt").read_text())
    key.verify(base58btc_decode(proof["proofValue"]), signed)


@pytest.mark.parametrize(
    "name", ["signedProofSet1", "signedProofSet2", "signedProofChain1", "signedProofChain2"]
)
def test_official_sets_and_chains_of_proofs_verify(vectors, conformance, name):
    document = _read(vectors / "proof-set-chain" / f"{name}.json")
    proofs = _verify(document, profile=conformance)
    proof = document["proof"]
    assert len(proofs) == (len(proof) if isinstance(proof, list) else 1)


@pytest.mark.case("CRED-054")
@pytest.mark.parametrize("previous", ["urn:uuid:nobody", 5, None, ["urn:uuid:nobody"], {}])
def test_a_chain_that_dangles_is_refused(vectors, conformance, previous):
    document = _read(vectors / "proof-set-chain" / "signedProofChain2.json")
    document["proof"][3]["previousProof"] = previous
    with pytest.raises(ProofError):
        _verify(document, profile=conformance)


@pytest.mark.case("CRED-054")
def test_a_chain_with_a_changed_link_is_refused(vectors, conformance):
    for index in range(4):
        document = _read(vectors / "proof-set-chain" / "signedProofChain2.json")
        document["proof"][index]["created"] = "2023-02-24T23:36:39Z"
        with pytest.raises(CryptographicError):
            _verify(document, profile=conformance)


@pytest.mark.case("CRED-054")
def test_a_proof_that_names_itself_as_previous_is_refused(signed):
    signed["proof"][0] |= {"id": "urn:uuid:1", "previousProof": "urn:uuid:1"}
    with pytest.raises(ProofError):
        _verify(signed)


# What a proof covers


def _leaves(value, path=()):
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _leaves(member, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value


def _changed(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    middle = len(value) // 2
    return value[:middle] + ("x" if value[middle : middle + 1] != "x" else "y") + value[middle + 1 :]


def _replace(document, path, value):
    changed = copy.deepcopy(document)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


@pytest.mark.case("CRED-001")
@pytest.mark.parametrize(
    "name",
    [
        *("GraduationCertificate", "SkillLevelCertificate", "MicroCredential"),
        *("CompetitionAward", "CreditRecord", "TeacherTrainingRecord"),
    ],
)
def test_no_leaf_can_be_changed(name, shared_data, caplog):
    signed = _sign(_read(shared_data / "examples" / f"{name}.json"))
    leaves = list(_leaves(signed))
    assert len(leaves) > 40
    for path, value in leaves:
        with pytest.raises(VcError):
            _verify(_replace(signed, path, _changed(value)))
    assert not caplog.records


@pytest.mark.case("CRED-001")
def test_no_member_can_be_taken_away(signed):
    for path, _ in list(_leaves(signed)):
        changed = copy.deepcopy(signed)
        place = changed
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]
        with pytest.raises((VcError, KeyError)):
            _verify(changed)


@pytest.mark.case("CRED-035")
@pytest.mark.parametrize(
    "junk", [None, True, 0, -1, 1.5, "", "x", [], [None], [[]], {}, {"a": 1}, {"@value": 1}]
)
def test_any_value_of_any_wrong_type_is_a_refusal_and_never_a_crash(signed, junk):
    places = {path[:length] for path, _ in _leaves(signed) for length in range(1, len(path) + 1)}
    for path in sorted(places, key=str):
        changed = _replace(signed, path, junk)
        if changed == signed:
            continue
        with pytest.raises(VcError):
            _verify(changed)


@pytest.mark.case("CRED-035")
@pytest.mark.parametrize("document", [None, True, 0, "text", [], [{}], {}, {"proof": {}}, {"@context": []}])
def test_what_is_no_signed_document_is_refused(document):
    with pytest.raises(VcError):
        _verify(document)
    with pytest.raises(VcError):
        _sign(document)


@pytest.mark.case("CRED-004")
@pytest.mark.parametrize("place", ["credential", "subject", "issuer", "proof"])
def test_an_undefined_term_is_named_and_refused_though_the_graph_is_the_same(signed, place):
    target = {
        "credential": signed,
        "subject": signed["credentialSubject"],
        "issuer": signed["issuer"],
        "proof": signed["proof"][0],
    }[place]
    target["gradeOfHonour"] = "A"
    with pytest.raises(UndefinedTermError, match="gradeOfHonour") as refusal:
        _verify(signed)
    assert refusal.value.code == "UNDEFINED_TERM"


@pytest.mark.case("CRED-005")
def test_nothing_is_signed_that_the_signature_would_not_cover(unsigned):
    unsigned["credentialSubject"]["role"] = {"adminRights": "yes"}
    with pytest.raises(UndefinedTermError):
        _sign(unsigned)


def test_an_undefined_type_is_refused_when_signing_and_when_verifying(unsigned, signed):
    for document, act in ((unsigned, _sign), (signed, _verify)):
        document["type"].append("MasterOfEverything")
        with pytest.raises(UndefinedTermError, match="MasterOfEverything"):
            act(document)


@pytest.mark.parametrize("value", ["relative", "/path", "#fragment", "a b:c", ""])
def test_a_relative_reference_is_refused_when_signing_and_when_verifying(unsigned, signed, value):
    for document, act in ((unsigned, _sign), (signed, _verify)):
        document["credentialStatus"]["statusListCredential"] = value
        with pytest.raises(LossyDocumentError):
            act(document)


@pytest.mark.case("CRED-009", "CRED-010", "CRED-011", "CRED-012")
@pytest.mark.parametrize(
    "change",
    [
        lambda contexts: [*contexts, {"name": "https://schema.org/alternateName"}],
        lambda contexts: [*contexts, {"@vocab": "https://schema.org/"}],
        lambda contexts: contexts[::-1],
        lambda contexts: [contexts[0], contexts[2], contexts[1], contexts[3]],
        lambda contexts: [*contexts, contexts[0]],
        lambda contexts: contexts[1:],
        lambda contexts: [*contexts, "https://attacker.example/context"],
        lambda contexts: [*contexts[:3], "http://127.0.0.1:9/context"],
        lambda contexts: [*contexts[:3], "file:///etc/passwd"],
        lambda contexts: contexts[0],
        lambda contexts: [],
        lambda contexts: [[*contexts]],
        lambda contexts: {},
    ],
)
def test_only_known_lists_of_contexts_are_accepted_in_their_order(unsigned, signed, change):
    for document, act in ((unsigned, _sign), (signed, _verify)):
        document["@context"] = change(document["@context"])
        with pytest.raises(ContextNotAllowedError) as refusal:
            act(document)
        assert refusal.value.code == "CONTEXT_NOT_ALLOWED"


@pytest.mark.case("CRED-010")
def test_the_same_graph_under_a_renamed_member_is_refused(signed):
    # Moving the status to its full IRI keeps every statement, and hides it from readers of the JSON.
    signed["https://www.w3.org/2018/credentials#credentialStatus"] = signed.pop("credentialStatus")
    assert jsonld.canonicalize({k: v for k, v in signed.items() if k != "proof"})
    with pytest.raises(UndefinedTermError):
        _verify(signed)


def test_one_node_cannot_be_spread_over_two_objects(signed):
    achievement = signed["credentialSubject"]["achievement"]
    halves = [
        {"id": achievement["id"], "type": achievement["type"], "levelCode": achievement.pop("levelCode")}
    ]
    signed["credentialSubject"]["achievement"] = [achievement, *halves]
    with pytest.raises(LossyDocumentError):
        _verify(signed)


@pytest.mark.parametrize("tag", ["zh CN", "en .\n<urn:a> <urn:b> <urn:c>", "@none", ""])
def test_a_language_that_is_no_tag_is_refused(unsigned, tag):
    unsigned["credentialSubject"]["localizedName"] = {tag: "x"}
    with pytest.raises(VcError):
        _sign(unsigned)


# What a proof says about itself


@pytest.mark.case("CRED-042")
@pytest.mark.parametrize("proof", [{}, [], None, [{}]])
def test_a_document_without_a_proof_is_not_signed(signed, proof):
    for document in ({**signed, "proof": proof}, {k: v for k, v in signed.items() if k != "proof"}):
        with pytest.raises(ProofMissingError) as refusal:
            _verify(document)
        assert refusal.value.code == "PROOF_MISSING"


@pytest.mark.case("CRED-044")
@pytest.mark.parametrize(
    "purpose", ["authentication", "capabilityInvocation", None, "", 5, ["assertionMethod"]]
)
def test_a_proof_for_another_purpose_is_refused(signed, purpose):
    signed["proof"][0]["proofPurpose"] = purpose
    with pytest.raises(ProofError):
        _verify(signed)
    del signed["proof"][0]["proofPurpose"]
    with pytest.raises(ProofError):
        _verify(signed)


@pytest.mark.case("CRED-044")
def test_a_genuine_proof_for_another_purpose_is_refused(unsigned):
    with pytest.raises(ProofError):
        _verify(_sign(unsigned, purpose="authentication"))


@pytest.mark.case("CRED-045")
@pytest.mark.parametrize(
    "created", ["2026-11-21T04:02:01Z", "yesterday", "2026-11-21", "2026-11-21T04:00:00", 5, None]
)
def test_a_proof_from_the_future_or_without_a_time_that_can_be_read_is_refused(signed, created):
    signed["proof"][0]["created"] = created
    with pytest.raises(ProofError):
        _verify(signed)


@pytest.mark.case("CRED-067")
def test_a_clock_may_be_two_minutes_ahead_and_no_more(unsigned):
    signed = _sign(unsigned)
    assert _verify(signed, now=NOW - timedelta(seconds=120))
    with pytest.raises(ProofError):
        _verify(signed, now=NOW - timedelta(seconds=121))


def test_a_proof_need_not_say_when_it_was_made(unsigned):
    signed = _sign(unsigned)
    proof = {k: v for k, v in signed["proof"][0].items() if k not in ("created", "proofValue")}
    suite = cryptosuites.EDDSA_RDFC_2022
    signature = KEY.sign(suite.hash({"@context": unsigned["@context"], **proof}) + suite.hash(unsigned))
    unsigned["proof"] = {**proof, "proofValue": base58btc_encode(signature)}
    assert _verify(unsigned)[0].created is None


@pytest.mark.case("CRED-046")
def test_an_expired_proof_is_refused_from_its_end_on(unsigned):
    signed = _sign(unsigned, expires=NOW + timedelta(hours=1))
    assert _verify(signed, now=NOW + timedelta(minutes=59))[0].expires == NOW + timedelta(hours=1)
    with pytest.raises(ProofExpiredError) as refusal:
        _verify(signed, now=NOW + timedelta(hours=1))
    assert refusal.value.code == "PROOF_EXPIRED"


@pytest.mark.case("CRED-047")
def test_challenge_and_domain_have_to_be_the_expected_ones(unsigned):
    bound = {"challenge": "c-1", "domain": "https://verifier.example"}
    assert _verify(_sign(unsigned, **bound), **bound)
    for made, asked, error in [
        (bound, bound | {"challenge": "c-2"}, InvalidChallengeError),
        (bound, bound | {"domain": "https://other.example"}, InvalidDomainError),
        ({"domain": bound["domain"]}, bound, InvalidChallengeError),
        ({"challenge": "c-1"}, bound, InvalidDomainError),
        ({}, bound, InvalidChallengeError),
        (bound, {}, InvalidChallengeError),
        ({"domain": bound["domain"]}, {}, InvalidDomainError),
    ]:
        with pytest.raises(error):
            _verify(_sign(unsigned, **made), **asked)


@pytest.mark.case("CRED-048")
@pytest.mark.parametrize(
    "value",
    [
        *("", "z", "u" + "A" * 86, "f" + "00" * 64, "Z" + "1" * 64, "z0OIl", "z" + "1" * 63, "z" + "1" * 65),
        *("z" + "2" * 200_000, "z" + "1" * 64, None, 5, ["z1"], {}, "z 1", " z1", "zé"),
        *(base58btc_encode(bytes(63)), base58btc_encode(bytes(65)), base58btc_encode(b"\xff" * 65)),
    ],
)
def test_a_proof_value_that_is_no_signature_is_refused(signed, value):
    signed["proof"][0]["proofValue"] = value
    with pytest.raises(ProofError):
        _verify(signed)


@pytest.mark.case("CRED-048")
def test_the_length_of_a_proof_value_is_checked_before_it_is_decoded(signed, monkeypatch):
    decoded = []
    monkeypatch.setattr("base58.b58decode", lambda text: decoded.append(text) or b"")
    signed["proof"][0]["proofValue"] = "z" + "2" * 200_000
    with pytest.raises(ProofError):
        _verify(signed)
    assert not decoded


@pytest.mark.case("CRED-049")
def test_the_signature_of_another_credential_is_refused(signed):
    other = schemas.example("SkillLevelCertificate")
    signed["proof"] = _sign(other)["proof"]
    with pytest.raises(CryptographicError) as refusal:
        _verify(signed)
    assert refusal.value.code == "CRYPTOGRAPHIC_SECURITY_ERROR"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *(("type", "Ed25519Signature2020"), ("type", None)),
        *(("cryptosuite", "eddsa-jcs-2022"), ("cryptosuite", ["x"])),
        *(("verificationMethod", value) for value in ("", 5, "did:key:" + "z" * 600)),
    ],
)
def test_a_proof_of_another_kind_is_refused(signed, member, value):
    signed["proof"][0][member] = value
    with pytest.raises(ProofError):
        _verify(signed)


def test_a_key_of_another_algorithm_signs_and_verifies_nothing(unsigned, signed):
    key = PrivateKey.from_bytes("P-256", bytes(range(32)))
    with pytest.raises(ProofGenerationError):
        _sign(unsigned, key=key)
    with pytest.raises(ProofError):
        _verify(signed, resolve=lambda *_: key.public)


def test_the_key_comes_from_the_resolver_and_not_from_the_document(signed):
    with pytest.raises(CryptographicError):
        _verify(signed, resolve=lambda *_: OTHER.public)


def test_no_key_is_looked_up_for_a_document_that_is_refused(signed):
    asked = []
    signed["credentialSubject"]["unknownTerm"] = "x"
    with pytest.raises(UndefinedTermError):
        _verify(signed, resolve=lambda *names: asked.append(names))
    assert not asked


# Several proofs


@pytest.mark.case("CRED-053")
def test_every_proof_of_a_set_has_to_verify(signed):
    both = _sign(signed, key=OTHER)
    assert [proof.public_key for proof in _verify(both)] == [KEY.public, OTHER.public]
    for index in (0, 1):
        changed = copy.deepcopy(both)
        changed["proof"][index]["proofValue"] = changed["proof"][1 - index]["proofValue"]
        with pytest.raises(CryptographicError):
            _verify(changed)


@pytest.mark.case("CRED-052")
def test_a_missing_co_signer_is_named(signed):
    signers = [did_key.did(KEY.public), did_key.did(OTHER.public)]
    data_integrity.require_signers(_verify(_sign(signed, key=OTHER)), signers)
    with pytest.raises(RequiredProofMissingError, match=signers[1]) as refusal:
        data_integrity.require_signers(_verify(signed), signers)
    assert refusal.value.code == "REQUIRED_PROOF_MISSING"


@pytest.mark.case("CRED-055")
def test_two_proofs_by_one_key_count_as_one_signer(unsigned):
    twice = _sign(unsigned)
    twice = data_integrity.sign(twice, key=KEY, verification_method="did:web:b.example#k", created=NOW)
    proofs = _verify(twice, resolve=lambda *_: KEY.public)
    assert len(proofs) == 2
    with pytest.raises(RequiredProofMissingError):
        data_integrity.require_signers(proofs, [did_key.did(KEY.public), "did:web:b.example"])


@pytest.mark.case("CRED-067")
def test_eight_proofs_are_the_most(unsigned):
    document = unsigned
    for _ in range(8):
        document = _sign(document)
    assert len(_verify(document)) == 8
    with pytest.raises(ProofGenerationError):
        _sign(document)
    document["proof"].append(document["proof"][0])
    with pytest.raises(ProofError):
        _verify(document)


# Presentations


def test_a_presentation_is_signed_over_the_credentials_that_it_holds(signed):
    presentation = {
        "@context": [schemas.CREDENTIALS_V2],
        "type": ["VerifiablePresentation"],
        "holder": did_key.did(OTHER.public),
        "verifiableCredential": [signed],
    }
    bound = {"challenge": "c", "domain": "https://verifier.example", "purpose": "authentication"}
    secured = _sign(presentation, key=OTHER, **bound)
    assert _verify(secured, **bound)
    for path, value in list(_leaves(secured)):
        with pytest.raises((VcError, CryptoError)):
            _verify(_replace(secured, path, _changed(value)), **bound)


def test_signing_leaves_the_given_document_alone(unsigned):
    before = copy.deepcopy(unsigned)
    _sign(unsigned)
    assert unsigned == before


@pytest.mark.parametrize("name", TYPES)
def test_the_proof_is_an_array_of_one(name):
    proof = _sign(schemas.example(name))["proof"]
    assert [sorted(item) for item in proof] == [
        ["created", "cryptosuite", "proofPurpose", "proofValue", "type", "verificationMethod"]
    ]
