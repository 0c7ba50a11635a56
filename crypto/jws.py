"""JWS in the compact form, for what wallets sign and what they are asked by (RFC 7515).

    sign(key, header={"typ": …, "kid": …}, payload={…})   the compact text; ``alg`` follows from the key
    parse(text)                                           the two objects, read strictly; nothing is verified
    Token.verify(key)                                     the signature, by the algorithm that ``alg`` names

Which ``typ`` and which algorithms are accepted, and where the key comes from, is the caller's to check.
jwcrypto makes and checks the signatures; it is shown nothing that our own parser has not read before.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from jwcrypto import jwk, jws
from jwcrypto.common import JWException

from crypto import strict_json
from crypto.errors import CryptoError, MalformedError, SignatureError
from crypto.keys import ED25519, P256, PrivateKey, PublicKey
from crypto.multibase import base64url_decode, base64url_encode

ALGORITHMS: Mapping[str, str] = MappingProxyType({"EdDSA": ED25519, "Ed25519": ED25519, "ES256": P256})
"""Signature algorithms by JOSE name, with the kind of key that each takes (RFC 8037, RFC 9864, RFC 7518)."""

_SIGNED_AS = {ED25519: "EdDSA", P256: "ES256"}


@dataclass(frozen=True)
class Token:
    """A compact JWS whose two objects were read, and whose signature was not checked yet.

    Attributes:
        header: The protected header.
        payload: The payload, a JSON object.
        text: The compact text.
    """

    header: Mapping[str, Any]
    payload: Mapping[str, Any]
    text: str = field(repr=False)

    def verify(self, key: PublicKey) -> None:
        """Check the signature.

        Raises:
            SignatureError: ``alg`` does not fit the key, or the signature is not that key's.
        """
        algorithm = self.header.get("alg")
        if not isinstance(algorithm, str) or ALGORITHMS.get(algorithm) != key.algorithm:
            raise SignatureError("alg does not fit the key")
        signed = jws.JWS()
        signed.allowed_algs = [algorithm]
        try:
            signed.deserialize(self.text)
            signed.verify(jwk.JWK(**key.jwk))
        except (JWException, ValueError) as error:
            raise SignatureError("the signature is not that key's") from error


def sign(key: PrivateKey, *, header: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    """Sign a JSON object.

    Args:
        key: Ed25519 signs as ``EdDSA``, P-256 as ``ES256``.
        header: The protected header; an ``alg`` in it stands for another name of the key's algorithm.
        payload: The object.

    Returns:
        The compact JWS.

    Spec: RFC 7515, section 7.1.
    """
    algorithm = header.get("alg", _SIGNED_AS[key.algorithm])
    token = jws.JWS(_compact(payload).encode())
    token.allowed_algs = [algorithm]
    private = jwk.JWK(**key.public.jwk, d=base64url_encode(key.to_bytes()))
    token.add_signature(private, protected=_compact({"alg": algorithm, **header}))
    return str(token.serialize(compact=True))


def parse(text: object, *, max_chars: int) -> Token:
    """Read the two objects of a compact JWS strictly, before any library sees them.

    Args:
        text: The compact text.
        max_chars: The most characters that it may have.

    Raises:
        MalformedError: It is no compact JWS of two JSON objects, or too long.
    """
    parts = text.split(".") if isinstance(text, str) and len(text) <= max_chars else []
    if not isinstance(text, str) or len(parts) != 3:
        raise MalformedError("this is no compact JWS of acceptable length")
    try:
        header, payload = (
            strict_json.parse(base64url_decode(part, max_chars=max_chars)) for part in parts[:2]
        )
        base64url_decode(parts[2], max_chars=max_chars)
    except CryptoError as error:
        raise MalformedError("this is no compact JWS of plain JSON") from error
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise MalformedError("this is no compact JWS of two objects")
    return Token(header, payload, text)


def _compact(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
