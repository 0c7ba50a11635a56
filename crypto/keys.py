"""Ed25519 and P-256 keys in the shapes that standards carry them in, weak ones refused at the door.

``PublicKey`` is a value; every way to make one passes the same checks. An Ed25519 key of small order, a
non-canonical one or one that is no point of the curve is refused: under the identity point any message
verifies. A P-256 key is a point of the curve, never infinity.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from crypto import cbor, multibase
from crypto.errors import MalformedError, PrivateKeyExposedError, SignatureError, WeakKeyError

Algorithm = Literal["Ed25519", "P-256"]

ED25519: Algorithm = "Ed25519"
P256: Algorithm = "P-256"

SIGNATURE_BYTES = 64

_MULTICODEC = {ED25519: bytes.fromhex("ed01"), P256: bytes.fromhex("8024")}
_RAW_BYTES = {ED25519: 32, P256: 33}
_PRIVATE_JWK_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

# Curve25519's field, Edwards d, and the y coordinates of the eight points of small order.
_FIELD = 2**255 - 19
_EDWARDS_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
_ORDER_EIGHT_Y = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        _FIELD - 1,
        _ORDER_EIGHT_Y,
        _FIELD - _ORDER_EIGHT_Y,
    }
)
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class PublicKey:
    """A public key that passed the checks of its algorithm.

    Attributes:
        algorithm: "Ed25519" or "P-256".
        raw: 32 bytes (Ed25519), or the 33 bytes of a compressed point (P-256).
    """

    algorithm: Algorithm
    raw: bytes

    def __post_init__(self) -> None:
        """Refuse weak and malformed keys, however the key was made."""
        if self.algorithm not in _RAW_BYTES:
            raise MalformedError("an algorithm other than Ed25519 and P-256")
        if type(self.raw) is not bytes or len(self.raw) != _RAW_BYTES[self.algorithm]:
            raise MalformedError(f"a {self.algorithm} key has {_RAW_BYTES[self.algorithm]} bytes")
        _loaded(self.algorithm, self.raw)

    def verify(self, signature: bytes, message: bytes, *, low_s: bool = False) -> None:
        """Check a signature over a message.

        Args:
            signature: 64 bytes: Ed25519, or r and s of ECDSA with SHA-256.
            message: The signed bytes.
            low_s: Refuse the second ECDSA signature that anybody can make from a first one.

        Raises:
            SignatureError: The signature is not this key's over this message.

        Spec: RFC 8032, section 5.1.7; FIPS 186-5, section 6.4.2.
        """
        if len(signature) != SIGNATURE_BYTES:
            raise SignatureError("a signature has 64 bytes")
        key = _loaded(self.algorithm, self.raw)
        try:
            if isinstance(key, ed25519.Ed25519PublicKey):
                key.verify(signature, message)
            else:
                r, s = _split(signature)
                if low_s and s > _P256_ORDER // 2:
                    raise SignatureError("the signature's s is not the lower one")
                key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise SignatureError("the signature does not verify under this key") from error

    @cached_property
    def multibase(self) -> str:
        """The key as a Multikey: multicodec header and key in base58btc, ``z…``."""
        return multibase.base58btc_encode(_MULTICODEC[self.algorithm] + self.raw)

    @classmethod
    def from_multibase(cls, text: str) -> "PublicKey":
        """Read a Multikey.

        Args:
            text: ``publicKeyMultibase``, starting with ``z``.

        Raises:
            MalformedError: Another encoding, an unknown header or a wrong length.
            LimitError: More than 256 characters.
            WeakKeyError: The key is weak or no point of its curve.

        Spec: Controlled Identifiers 1.0, section 2.2.2.
        """
        data = multibase.base58btc_decode(text)
        for algorithm, header in _MULTICODEC.items():
            if data.startswith(header):
                return cls(algorithm, data[len(header) :])
        raise MalformedError("a key with an unknown multicodec header")

    @cached_property
    def jwk(self) -> dict[str, str]:
        """The key as a JSON Web Key with its required members only."""
        if self.algorithm == ED25519:
            return {"kty": "OKP", "crv": "Ed25519", "x": multibase.base64url_encode(self.raw)}
        x, y = self._coordinates
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": multibase.base64url_encode(x),
            "y": multibase.base64url_encode(y),
        }

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> "PublicKey":
        """Read a public JSON Web Key.

        Args:
            jwk: kty OKP with Ed25519, or EC with P-256. Members that describe the key are ignored.

        Raises:
            PrivateKeyExposedError: The private part is there too.
            MalformedError: Another kind of key, or coordinates of a wrong length.
            WeakKeyError: The key is weak or no point of its curve.

        Spec: RFC 7517; RFC 7518, section 6.2; RFC 8037.
        """
        if not isinstance(jwk, Mapping):
            raise MalformedError("a JWK is an object")
        if _PRIVATE_JWK_MEMBERS & set(jwk):
            raise PrivateKeyExposedError("the JWK holds private members")
        kind = (jwk.get("kty"), jwk.get("crv"))
        if kind == ("OKP", "Ed25519"):
            return cls(ED25519, multibase.base64url_decode(jwk.get("x", ""), max_chars=64))
        if kind == ("EC", "P-256"):
            x, y = (multibase.base64url_decode(jwk.get(name, ""), max_chars=64) for name in "xy")
            return cls._from_coordinates(x, y)
        raise MalformedError("a JWK of another kind than Ed25519 and P-256")

    @cached_property
    def cose_key(self) -> dict[int, Any]:
        """The key as a COSE_Key with its required members only."""
        if self.algorithm == ED25519:
            return {1: 1, -1: 6, -2: self.raw}
        x, y = self._coordinates
        return {1: 2, -1: 1, -2: x, -3: y}

    @classmethod
    def from_cose_key(cls, key: Mapping[Any, Any]) -> "PublicKey":
        """Read a COSE_Key that holds exactly the required members.

        Raises:
            MalformedError: Another kind of key, a member more or less.
            WeakKeyError: The key is weak or no point of its curve.

        Spec: RFC 9053, section 7.
        """
        if not isinstance(key, Mapping) or not all(type(label) is int for label in key):
            raise MalformedError("a COSE_Key is a map with integer labels")
        if -4 in key:
            raise PrivateKeyExposedError("the COSE_Key holds its private part")
        if set(key) == {1, -1, -2} and (key[1], key[-1]) == (1, 6):
            return cls(ED25519, key[-2])
        if set(key) == {1, -1, -2, -3} and (key[1], key[-1]) == (2, 1):
            return cls._from_coordinates(key[-2], key[-3])
        raise MalformedError("not a COSE_Key of Ed25519 or P-256 with the required members only")

    @property
    def thumbprint(self) -> bytes:
        """The key's identifier: SHA-256 of its COSE_Key in deterministic CBOR, 32 bytes.

        Spec: RFC 9679.
        """
        return _thumbprint(self)

    @property
    def _coordinates(self) -> tuple[bytes, bytes]:
        key = cast(ec.EllipticCurvePublicKey, _loaded(self.algorithm, self.raw))
        point = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        return point[1:33], point[33:]

    @classmethod
    def _from_coordinates(cls, x: Any, y: Any) -> "PublicKey":
        if not all(type(coordinate) is bytes and len(coordinate) == 32 for coordinate in (x, y)):
            raise MalformedError("a P-256 coordinate has 32 bytes")
        _load_p256(b"\x04" + x + y)
        return cls(P256, bytes([2 + (y[-1] & 1)]) + x)


@lru_cache(maxsize=4096)
def _thumbprint(key: PublicKey) -> bytes:
    return hashlib.sha256(cbor.encode(key.cose_key)).digest()


@dataclass(frozen=True, repr=False, eq=False)
class PrivateKey:
    """A private key. Its bytes leave only through ``to_bytes``; it never prints itself."""

    algorithm: Algorithm
    _key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey

    @classmethod
    def generate(cls, algorithm: Algorithm) -> "PrivateKey":
        """Make a new key from the operating system's randomness."""
        if algorithm == ED25519:
            return cls(algorithm, ed25519.Ed25519PrivateKey.generate())
        if algorithm == P256:
            return cls(algorithm, ec.generate_private_key(ec.SECP256R1()))
        raise MalformedError("an algorithm other than Ed25519 and P-256")

    @classmethod
    def from_bytes(cls, algorithm: Algorithm, data: bytes) -> "PrivateKey":
        """Read a private key.

        Args:
            algorithm: "Ed25519" or "P-256".
            data: 32 bytes: the Ed25519 seed, or the P-256 scalar, big-endian.

        Raises:
            MalformedError: Not 32 bytes, or no scalar of the curve.
        """
        if len(data) != 32:
            raise MalformedError("a private key has 32 bytes")
        if algorithm == ED25519:
            return cls(algorithm, ed25519.Ed25519PrivateKey.from_private_bytes(data))
        scalar = int.from_bytes(data, "big")
        if algorithm != P256 or not 0 < scalar < _P256_ORDER:
            raise MalformedError("not a private key of Ed25519 or P-256")
        return cls(algorithm, ec.derive_private_key(scalar, ec.SECP256R1()))

    def to_bytes(self) -> bytes:
        """Return the 32 bytes that ``from_bytes`` reads."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.private_bytes_raw()
        return self._key.private_numbers().private_value.to_bytes(32, "big")

    @cached_property
    def public(self) -> PublicKey:
        """The public key that belongs to this one."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return PublicKey(ED25519, self._key.public_key().public_bytes_raw())
        encoding, form = serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
        return PublicKey(P256, self._key.public_key().public_bytes(encoding, form))

    def sign(self, message: bytes) -> bytes:
        """Sign a message.

        Returns:
            64 bytes: Ed25519, or r and the lower s of deterministic ECDSA with SHA-256.

        Spec: RFC 8032; RFC 6979.
        """
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(message)
        der = self._key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(der)
        return r.to_bytes(32, "big") + min(s, _P256_ORDER - s).to_bytes(32, "big")

    def __repr__(self) -> str:
        """Name the public key only."""
        return f"PrivateKey({self.algorithm}, public={self.public.multibase})"


@lru_cache(maxsize=4096)
def _loaded(algorithm: Algorithm, raw: bytes) -> ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey:
    """Check a key once and keep the library's object for it."""
    if algorithm == P256:
        return _load_p256(raw)
    _check_ed25519(raw)
    return ed25519.Ed25519PublicKey.from_public_bytes(raw)


def _load_p256(point: bytes) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise WeakKeyError("not a point of P-256") from error


def _check_ed25519(raw: bytes) -> None:
    """Refuse keys of small order, non-canonical ones, and bytes that are no point.

    Spec: RFC 8032, section 5.1.3.
    """
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _FIELD:
        raise WeakKeyError("the Ed25519 key is not in canonical form")
    if y in _SMALL_ORDER_Y:
        raise WeakKeyError("the Ed25519 key has small order")
    # x^2 = (y^2 - 1) / (d y^2 + 1) has a root only if numerator times denominator is a square (Euler).
    square = y * y % _FIELD
    if pow((square - 1) * (_EDWARDS_D * square + 1), (_FIELD - 1) // 2, _FIELD) != 1:
        raise WeakKeyError("the Ed25519 key is no point of the curve")


def _split(signature: bytes) -> tuple[int, int]:
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    if not (0 < r < _P256_ORDER and 0 < s < _P256_ORDER):
        raise SignatureError("r or s is out of range")
    return r, s
