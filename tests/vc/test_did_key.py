"""did:key: the identifier is the key, in one spelling."""

import json

import pytest

from crypto import multibase
from crypto.errors import WeakKeyError
from crypto.keys import PrivateKey
from vc import did_key
from vc.errors import InvalidDidError, InvalidDidUrlError

KEYS = [PrivateKey.from_bytes(algorithm, bytes(range(1, 33))).public for algorithm in ("Ed25519", "P-256")]


@pytest.mark.parametrize("key", KEYS, ids=["Ed25519", "P-256"])
def test_a_key_survives_its_identifier(key):
    identifier = did_key.did(key)
    assert did_key.public_key(identifier) == key
    assert did_key.resolve_method(did_key.verification_method(key)) == key


def test_the_document_is_that_of_the_specification(shared_data):
    vectors = json.loads((shared_data / "vectors" / "did-key" / "current-spec.json").read_text("utf-8"))
    expected = vectors["ed25519+x25519"]["didDocument"]
    found = did_key.document(expected["id"])
    # The key agreement key that a document may add is left out: nothing is encrypted to holders' keys.
    for name in ("id", "verificationMethod", "authentication", "assertionMethod"):
        assert found[name] == expected[name]
    for name in ("capabilityDelegation", "capabilityInvocation"):
        assert found[name] == expected[name]


def test_the_identifiers_of_the_specification_are_read(shared_data):
    vectors = json.loads((shared_data / "vectors" / "did-key" / "current-spec.json").read_text("utf-8"))
    for name, vector in vectors.items():
        if name.startswith("ed25519") or name in ("p256", "p-256"):
            assert did_key.did(did_key.public_key(vector["did"])) == vector["did"]


@pytest.mark.case("KEY-006")
@pytest.mark.parametrize(
    "identifier",
    [
        *("", "did:key:", "did:key", "did:web:a.example", "DID:key:z6Mk", None, 5),
        *("did:key:1:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", "did:key:z6Mkha"),
        *("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK?x=1", "did:key:z" + "2" * 10_000),
        "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK#a",
        "did:key:" + multibase.base58btc_encode(b"\xed\x81\x00" + bytes(32)),
        "did:key:" + multibase.base58btc_encode(b"\x12\x00" + bytes(32)),
    ],
)
def test_what_is_no_did_key_is_refused(identifier):
    with pytest.raises(InvalidDidError) as refusal:
        did_key.public_key(identifier)
    assert refusal.value.code == "INVALID_DID"


@pytest.mark.case("KEY-008")
def test_the_identity_point_is_refused_as_an_identifier():
    weak = "did:key:" + multibase.base58btc_encode(b"\xed\x01\x01" + bytes(31))
    with pytest.raises(WeakKeyError):
        did_key.public_key(weak)


@pytest.mark.case("KEY-018")
@pytest.mark.parametrize("fragment", ["", "#", "#key-1", "#z6Mk", "?versionTime=1#z6Mk"])
def test_the_fragment_repeats_the_key(fragment):
    with pytest.raises((InvalidDidUrlError, InvalidDidError)):
        did_key.resolve_method(did_key.did(KEYS[0]) + fragment)
