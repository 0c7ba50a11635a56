"""COSE_Sign1: what is signed, and every shape that is not the one we accept."""

import cbor2
import pytest

from crypto import cbor, cose
from crypto.errors import CoseError, LimitError, SignatureError
from crypto.keys import PrivateKey

KEYS = [PrivateKey.from_bytes(algorithm, bytes(range(1, 33))) for algorithm in ("Ed25519", "P-256")]


@pytest.mark.parametrize("key", KEYS, ids=["Ed25519", "P-256"])
def test_a_signed_message_verifies_attached_and_detached(key):
    attached = cose.parse_sign1(cose.sign1(b"payload", protected={4: b"kid"}, key=key))
    assert attached.payload == b"payload"
    assert attached.protected == {1: {"Ed25519": -8, "P-256": -7}[key.algorithm], 4: b"kid"}
    attached.verify(key.public)
    detached = cose.parse_sign1(cose.sign1(b"payload", protected={}, key=key, detached=True), detached=True)
    assert detached.payload is None
    detached.verify(key.public, b"payload")


def test_signing_is_deterministic():
    for key in KEYS:
        assert cose.sign1(b"p", protected={4: b"k"}, key=key) == cose.sign1(
            b"p", protected={4: b"k"}, key=key
        )


def test_the_signature_covers_header_and_payload():
    signed = cose.parse_sign1(cose.sign1(b"payload", protected={4: b"kid"}, key=KEYS[0]))
    other_header = cbor.encode({1: -8, 4: b"kit"})
    for protected_bytes, payload in ((other_header, b"payload"), (signed.protected_bytes, b"payloaf")):
        forged = cbor.encode([protected_bytes, {}, payload, signed.signature])
        with pytest.raises(SignatureError):
            cose.parse_sign1(forged).verify(KEYS[0].public)


def test_the_sig_structure_is_that_of_rfc_9052():
    assert cbor2.loads(cose.sig_structure(b"\xa0", b"p")) == ["Signature1", b"\xa0", b"", b"p"]


def test_a_payload_is_attached_or_given_and_never_both():
    attached = cose.parse_sign1(cose.sign1(b"p", protected={}, key=KEYS[0]))
    detached = cose.parse_sign1(cose.sign1(b"p", protected={}, key=KEYS[0], detached=True), detached=True)
    for message, payload in ((attached, b"p"), (detached, None)):
        with pytest.raises(SignatureError):
            message.verify(KEYS[0].public, payload)


def test_the_algorithm_is_the_keys():
    with pytest.raises(CoseError):
        cose.sign1(b"p", protected={1: -7}, key=KEYS[0])
    header = cbor.encode({1: -7})
    forged = cbor.encode([header, {}, b"p", KEYS[0].sign(cose.sig_structure(header, b"p"))])
    with pytest.raises(SignatureError):
        cose.parse_sign1(forged).verify(KEYS[0].public)
    with pytest.raises(SignatureError):
        cose.parse_sign1(cose.sign1(b"p", protected={}, key=KEYS[0])).verify(KEYS[1].public)


def test_the_higher_s_is_refused():
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    header, _, payload, signature = cbor.decode(cose.sign1(b"p", protected={}, key=KEYS[1]))
    twin = signature[:32] + (order - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    with pytest.raises(SignatureError):
        cose.parse_sign1(cbor.encode([header, {}, payload, twin])).verify(KEYS[1].public)


HEADER = cbor.encode({1: -8})


@pytest.mark.parametrize(
    "message",
    [
        *(
            [],
            {},
            None,
            [HEADER, {}, b"p"],
            [HEADER, {}, b"p", bytes(64), 0],
            [HEADER, {1: -8}, b"p", bytes(64)],
        ),
        *([HEADER, [], b"p", bytes(64)], [HEADER, None, b"p", bytes(64)], [HEADER, {}, None, bytes(64)]),
        *([HEADER, {}, "p", bytes(64)], [HEADER, {}, b"p", bytes(63)], [HEADER, {}, b"p", bytes(65)]),
        *([HEADER, {}, b"p", None], [{1: -8}, {}, b"p", bytes(64)], [b"", {}, b"p", bytes(64)]),
        *(
            [b"\x80", {}, b"p", bytes(64)],
            [b"\xa1\x18\x01\x27", {}, b"p", bytes(64)],
            [b"\xff", {}, b"p", bytes(64)],
        ),
    ],
)
def test_other_shapes_are_refused(message):
    with pytest.raises(CoseError):
        cose.parse_sign1(cbor.encode(message))


def test_tags_trailing_bytes_and_other_encodings_are_refused():
    signed = cose.sign1(b"p", protected={}, key=KEYS[0])
    for data in (b"\xd2" + signed, signed + b"\x00", b"\x98\x04" + signed[1:], b"", b"\xff"):
        with pytest.raises(CoseError):
            cose.parse_sign1(data)


def test_an_attached_payload_is_refused_where_it_is_detached():
    signed = cose.sign1(b"p", protected={}, key=KEYS[0])
    with pytest.raises(CoseError):
        cose.parse_sign1(signed, detached=True)


@pytest.mark.case("CRED-067")
def test_the_limit_on_bytes_is_exact():
    signed = cose.sign1(b"p", protected={}, key=KEYS[0])
    cose.parse_sign1(signed, max_bytes=len(signed))
    with pytest.raises(LimitError):
        cose.parse_sign1(signed, max_bytes=len(signed) - 1)
