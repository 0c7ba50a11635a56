"""Keys in every shape that standards carry them in, and the ones under which signatures prove nothing."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import multibase
from crypto.errors import (
    CryptoError,
    LimitError,
    MalformedError,
    PrivateKeyExposedError,
    SignatureError,
    WeakKeyError,
)
from crypto.keys import PrivateKey, PublicKey

ALGORITHMS = ("Ed25519", "P-256")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
FIELD = 2**255 - 19


@pytest.fixture(params=ALGORITHMS)
def key(request):
    return PrivateKey.from_bytes(request.param, bytes(range(1, 33)))


def test_a_key_survives_every_shape(key):
    public = key.public
    assert PublicKey.from_multibase(public.multibase) == public
    assert PublicKey.from_jwk(public.jwk) == public
    assert PublicKey.from_cose_key(public.cose_key) == public
    assert PublicKey(public.algorithm, public.raw) == public
    assert PrivateKey.from_bytes(key.algorithm, key.to_bytes()).public == public
    assert len(public.thumbprint) == 32


def test_two_generated_keys_differ():
    for algorithm in ALGORITHMS:
        assert PrivateKey.generate(algorithm).to_bytes() != PrivateKey.generate(algorithm).to_bytes()


def test_a_private_key_does_not_print_itself(key):
    assert key.to_bytes().hex() not in repr(key)
    assert repr(key.to_bytes()) not in repr(key)


def test_a_signature_holds_for_its_key_and_message_only(key):
    signature = key.sign(b"message")
    key.public.verify(signature, b"message", low_s=True)
    other = PrivateKey.from_bytes(key.algorithm, bytes(range(2, 34))).public
    for public, text in ((key.public, b"massage"), (key.public, b""), (other, b"message")):
        with pytest.raises(SignatureError):
            public.verify(signature, text)


def test_no_bit_of_a_signature_can_be_changed(key):
    signature = key.sign(b"message")
    for position in range(512):
        changed = bytearray(signature)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(SignatureError):
            key.public.verify(bytes(changed), b"message")


@pytest.mark.parametrize("length", [0, 1, 63, 65, 128])
def test_a_signature_has_64_bytes(key, length):
    with pytest.raises(SignatureError):
        key.public.verify(bytes(length), b"message")
    with pytest.raises(SignatureError):
        key.public.verify((key.sign(b"message") * 2)[:length], b"message")


def test_an_ed25519_signature_with_a_larger_scalar_is_refused():
    key = PrivateKey.from_bytes("Ed25519", bytes(range(1, 33)))
    signature = key.sign(b"message")
    order = 2**252 + 27742317777372353535851937790883648493
    scalar = int.from_bytes(signature[32:], "little") + order
    with pytest.raises(SignatureError):
        key.public.verify(signature[:32] + scalar.to_bytes(32, "little"), b"message")


@pytest.mark.case("CRED-051", "KEY-029")
def test_the_second_ecdsa_signature_verifies_unless_the_lower_one_is_asked_for():
    key = PrivateKey.from_bytes("P-256", bytes(range(1, 33)))
    signature = key.sign(b"message")
    assert key.sign(b"message") == signature  # RFC 6979
    s = int.from_bytes(signature[32:], "big")
    assert s <= P256_ORDER // 2
    twin = signature[:32] + (P256_ORDER - s).to_bytes(32, "big")
    key.public.verify(twin, b"message")
    with pytest.raises(SignatureError):
        key.public.verify(twin, b"message", low_s=True)


@pytest.mark.parametrize("value", [0, P256_ORDER, 2**256 - 1])
def test_r_and_s_are_in_range(value):
    key = PrivateKey.from_bytes("P-256", bytes(range(1, 33)))
    part, signature = value.to_bytes(32, "big"), key.sign(b"m")
    for forged in (part + signature[32:], signature[:32] + part):
        with pytest.raises(SignatureError):
            key.public.verify(forged, b"m")


def _ed25519_key(y, sign=0):
    return (y | sign << 255).to_bytes(32, "little")


@pytest.mark.case("KEY-008")
@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize(
    "y",
    [
        *(0, 1, FIELD - 1, FIELD, FIELD + 1, 2**255 - 1),
        2707385501144840649318225287225658788936804267575313519463743609750303402022,
        55188659117513257062467267217118295137698188065244968500265048394206261417927,
    ],
)
def test_ed25519_keys_of_small_order_and_non_canonical_ones_are_refused(y, sign):
    raw = _ed25519_key(y, sign)
    multikey = multibase.base58btc_encode(b"\xed\x01" + raw)
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": multibase.base64url_encode(raw)}
    for make in (
        lambda: PublicKey("Ed25519", raw),
        lambda: PublicKey.from_multibase(multikey),
        lambda: PublicKey.from_jwk(jwk),
        lambda: PublicKey.from_cose_key({1: 1, -1: 6, -2: raw}),
    ):
        with pytest.raises(WeakKeyError) as refusal:
            make()
        assert refusal.value.code == "WEAK_KEY"


def test_ed25519_bytes_that_are_no_point_are_refused_and_points_are_not():
    refused = 0
    for y in range(2, 202):
        square = pow((y * y - 1) * pow(-121665 * pow(121666, -1, FIELD) * y * y + 1, -1, FIELD), 1, FIELD)
        if pow(square, (FIELD - 1) // 2, FIELD) == 1:
            PublicKey("Ed25519", _ed25519_key(y))
        else:
            refused += 1
            with pytest.raises(WeakKeyError):
                PublicKey("Ed25519", _ed25519_key(y))
    assert 60 < refused < 140


@settings(max_examples=50)
@given(st.binary(min_size=32, max_size=32))
def test_every_honest_ed25519_key_is_accepted(seed):
    assert PrivateKey.from_bytes("Ed25519", seed).public.algorithm == "Ed25519"


@pytest.mark.parametrize(
    "point",
    [
        b"\x02" + b"\xff" * 32,
        b"\x00" * 33,
        b"\x05" + bytes(32),
        b"\x04" + bytes(32),
        b"\x02" + bytes(31) + b"\x01",
    ],
)
def test_p256_bytes_that_are_no_point_are_refused(point):
    with pytest.raises(WeakKeyError):
        PublicKey("P-256", point)


def test_p256_coordinates_off_the_curve_are_refused(key):
    if key.algorithm != "P-256":
        return
    jwk, cose = dict(key.public.jwk), dict(key.public.cose_key)
    jwk["y"] = jwk["x"]
    cose[-3] = cose[-2]
    for make in (lambda: PublicKey.from_jwk(jwk), lambda: PublicKey.from_cose_key(cose)):
        with pytest.raises(WeakKeyError):
            make()


@pytest.mark.parametrize("raw", [b"", bytes(31), bytes(33), "x" * 32, bytearray(32)])
def test_a_key_has_the_bytes_of_its_algorithm(raw):
    with pytest.raises(MalformedError):
        PublicKey("Ed25519", raw)
    with pytest.raises(MalformedError):
        PublicKey("P-384", bytes(49))


@pytest.mark.case("KEY-006")
@pytest.mark.parametrize(
    "text",
    [
        *("", "z", "u7QE", "mAAAA", "z6Mk", "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2do"),
        *("z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doKK", " z6Mk", "z6Mk\n", "z6MkO0Il", 5, None),
        multibase.base58btc_encode(b"\xed\x81\x00" + bytes(32)),  # the header as a longer varint
        multibase.base58btc_encode(b"\xec\x01" + bytes(32)),  # X25519
        multibase.base58btc_encode(b"\x81\x24" + bytes(49)),  # P-384
        multibase.base58btc_encode(b"\x80\x24\x04" + bytes(64)),  # not compressed
    ],
)
def test_what_is_no_multikey_is_refused(text):
    with pytest.raises(MalformedError):
        PublicKey.from_multibase(text)


@pytest.mark.case("KEY-006")
def test_an_over_long_multikey_is_not_decoded():
    with pytest.raises(LimitError):
        PublicKey.from_multibase("z" + "2" * 10_000)


@pytest.mark.case("KEY-010")
@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_private_jwk_is_refused_as_a_public_one(key, member):
    with pytest.raises(PrivateKeyExposedError) as refusal:
        PublicKey.from_jwk({**key.public.jwk, member: "AAAA"})
    assert refusal.value.code == "PRIVATE_KEY_EXPOSED"


@pytest.mark.case("KEY-010")
def test_a_private_cose_key_is_refused_as_a_public_one(key):
    with pytest.raises(PrivateKeyExposedError):
        PublicKey.from_cose_key({**key.public.cose_key, -4: bytes(32)})


@pytest.mark.case("KEY-011")
@pytest.mark.parametrize(
    "jwk",
    [
        *(
            {},
            [],
            None,
            {"kty": "RSA", "n": "AQAB", "e": "AQ"},
            {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        ),
        *({"kty": "OKP", "crv": "X25519", "x": "A" * 43}, {"kty": "OKP", "crv": "Ed25519"}, {"kty": "oct"}),
        *({"kty": "OKP", "crv": "Ed25519", "x": 5}, {"kty": "OKP", "crv": "Ed25519", "x": "A" * 44}),
        {"kty": "EC", "crv": "P-256", "x": "A" * 42, "y": "A" * 43},
        {"kty": ["OKP"], "crv": "Ed25519", "x": "A"},
    ],
)
def test_other_jwks_are_refused(jwk):
    with pytest.raises(MalformedError):
        PublicKey.from_jwk(jwk)


def test_a_cose_key_has_the_required_members_only(key):
    cose = key.public.cose_key
    for changed in (
        {**cose, 2: b"kid"},
        {**cose, 3: -8},
        {**cose, "x": 1},
        dict(list(cose.items())[:-1]),
        {},
        [],
        None,
    ):
        with pytest.raises(MalformedError):
            PublicKey.from_cose_key(changed)


def test_the_thumbprint_is_that_of_rfc_9679():
    # RFC 9679, section 6: the example's key and its SHA-256 thumbprint.
    key = {
        1: 2,
        -1: 1,
        -2: bytes.fromhex("65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d"),
        -3: bytes.fromhex("1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c"),
    }
    thumbprint = PublicKey.from_cose_key(key).thumbprint
    assert thumbprint.hex() == "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec"


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(33)])
def test_a_private_key_has_32_bytes(data):
    for algorithm in ALGORITHMS:
        with pytest.raises(MalformedError):
            PrivateKey.from_bytes(algorithm, data)


@pytest.mark.parametrize("scalar", [0, P256_ORDER, 2**256 - 1])
def test_a_p256_private_key_is_a_scalar_of_the_curve(scalar):
    with pytest.raises(MalformedError):
        PrivateKey.from_bytes("P-256", scalar.to_bytes(32, "big"))


def test_other_algorithms_are_not_made():
    for make in (
        lambda: PrivateKey.generate("P-384"),
        lambda: PrivateKey.from_bytes("P-384", bytes(range(32))),
    ):
        with pytest.raises(MalformedError):
            make()


def test_the_keys_of_the_did_key_vectors_are_read(shared_data):
    folder = shared_data / "vectors" / "did-key" / "test-vectors"
    curves = json.loads((folder / "nist-curves.json").read_text("utf-8"))
    found = 0
    for did, vector in curves.items():
        method = vector["verificationMethod"]
        jwk = method.get("publicKeyJwk")
        if jwk and jwk["crv"] == "P-256":
            found += 1
            public = PublicKey.from_jwk(jwk)
            assert f"did:key:{public.multibase}" == did
            secret = vector["verificationMethod"]["privateKeyJwk"]["d"]
            assert PrivateKey.from_bytes("P-256", multibase.base64url_decode(secret)).public == public
    assert found
    for did, vector in json.loads((folder / "ed25519-x25519.json").read_text("utf-8")).items():
        public = PrivateKey.from_bytes("Ed25519", bytes.fromhex(vector["seed"])).public
        assert f"did:key:{public.multibase}" == did


@given(st.binary(max_size=80))
def test_no_bytes_raise_anything_but_a_refusal(data):
    for read in (PublicKey.from_multibase, lambda text: PublicKey.from_multibase("z" + text)):
        try:
            read(data.decode("latin-1"))
        except CryptoError:
            continue
