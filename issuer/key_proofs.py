"""Key proofs: that a wallet holds the key to which a credential is to be bound.

    header   {"typ": "openid4vci-proof+jwt", "alg": "EdDSA", "kid": "did:key:z…#z…"}
    payload  {"aud": "<credential issuer>", "iat": 1767225600, "nonce": "<a c_nonce of ours>"}

The holder is the DID in ``kid``, whose key verified the signature; nothing else in the proof names it.
Nonces carry their own end and a keyed hash, so handing one out writes nothing; the first use is written down
in the transaction that signs the form, and a second use finds it there.

Spec: OpenID4VCI 1.0, section 7 (nonce endpoint), section 8.2.1.1 and appendix F.1 (jwt proof type).
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crypto import jws
from crypto.errors import CryptoError, MalformedError, SignatureError
from crypto.keys import PublicKey
from crypto.multibase import base64url_decode, base64url_encode
from issuer.parts import Parts
from vc import did_key
from vc.errors import VcError
from web.errors import OAuthError

PROOF_TYPE = "openid4vci-proof+jwt"
NONCE_SECONDS = 300
PROOF_AGE_SECONDS = 600
CLOCK_SKEW_SECONDS = 120
MOST_PROOF_CHARS = 8 * 1024

_NONCE_PURPOSE = "c_nonce"
_RANDOM_BYTES, _TIME_BYTES, _MAC_BYTES = 16, 8, 16


@dataclass(frozen=True)
class KeyProof:
    """A proof that was checked, but for its nonce's first use.

    Attributes:
        holder: The did:key whose key signed.
        nonce_hash: SHA-256 of the nonce, to be written down as used.
        nonce_expires_at: Until when it has to be remembered, in seconds.
    """

    holder: str
    nonce_hash: bytes
    nonce_expires_at: int


@dataclass(frozen=True)
class Nonce:
    """A nonce of ours that is not over: its SHA-256, and until when its use has to be remembered."""

    hash: bytes
    expires_at: int


def new_nonce(parts: Parts, *, now: int) -> str:
    """Return a fresh c_nonce, good for five minutes and one use."""
    body = parts.random(_RANDOM_BYTES) + (now + NONCE_SECONDS).to_bytes(_TIME_BYTES, "big")
    return base64url_encode(body + _mac(parts, body))


def check(parts: Parts, proofs: object, *, now: int) -> KeyProof:
    """Check the ``proofs`` of a credential request.

    Args:
        parts: The collaborators.
        proofs: The request's member.
        now: Seconds since 1970.

    Raises:
        OAuthError: ``invalid_proof`` or ``invalid_nonce``.
    """
    token = _token(_only_jwt(proofs))
    header, payload = token.header, token.payload
    if header.get("typ") != PROOF_TYPE or header.get("alg") not in jws.ALGORITHMS or "crit" in header:
        raise _invalid("typ or alg of the key proof is not accepted")
    holder, key = _holder(header)
    try:
        token.verify(key)
    except SignatureError as error:
        raise _invalid(str(error)) from error
    _check_claims(payload, issuer=parts.settings.url, now=now)
    return _with_nonce(parts, payload.get("nonce"), holder=holder, now=now)


def check_nonce(parts: Parts, nonce: object, *, now: int) -> Nonce:
    """Check that a nonce is one of ours and not over; whether it was used is for the caller to write down.

    Raises:
        OAuthError: ``invalid_nonce``.
    """
    try:
        raw = base64url_decode(nonce, max_chars=64) if isinstance(nonce, str) else b""
    except CryptoError:
        raw = b""
    body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if len(raw) != _RANDOM_BYTES + _TIME_BYTES + _MAC_BYTES or not hmac.compare_digest(
        mac, _mac(parts, body)
    ):
        raise OAuthError("invalid_nonce", "the nonce is none of ours")
    expires_at = int.from_bytes(body[_RANDOM_BYTES:], "big")
    if expires_at <= now:
        raise OAuthError("invalid_nonce", "the nonce has expired")
    return Nonce(hashlib.sha256(raw).digest(), expires_at)


def _only_jwt(proofs: object) -> str:
    # Section 8.2: exactly one proof type. One proof: no batch is announced in the metadata.
    if not isinstance(proofs, dict) or set(proofs) != {"jwt"}:
        raise _invalid("proofs holds exactly one proof type, jwt")
    listed = proofs["jwt"]
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], str):
        raise _invalid("proofs.jwt holds exactly one key proof")
    return listed[0]


def _token(text: str) -> jws.Token:
    try:
        return jws.parse(text, max_chars=MOST_PROOF_CHARS)
    except MalformedError as error:
        raise _invalid(f"the key proof is none: {error}") from error


def _holder(header: Mapping[str, Any]) -> tuple[str, PublicKey]:
    # Appendix F.1: exactly one of kid, jwk and x5c. The metadata offers did:key, so it is kid.
    kid = header.get("kid")
    if not isinstance(kid, str) or {"jwk", "x5c", "trust_chain"} & set(header):
        raise _invalid("the key proof names its key by kid, a did:key, and by nothing else")
    holder, hash_sign, fragment = kid.partition("#")
    if hash_sign and f"did:key:{fragment}" != holder:
        raise _invalid("the fragment of kid is not the key of its DID")
    try:
        return holder, did_key.public_key(holder)
    except (VcError, CryptoError) as error:
        raise _invalid("kid is no did:key of an accepted kind") from error


def _check_claims(payload: Mapping[str, Any], *, issuer: str, now: int) -> None:
    if payload.get("aud") != issuer:
        raise _invalid("aud is not this credential issuer")
    issued_at = payload.get("iat")
    if isinstance(issued_at, bool) or not isinstance(issued_at, int):
        raise _invalid("iat is missing")
    if not now - PROOF_AGE_SECONDS <= issued_at <= now + CLOCK_SKEW_SECONDS:
        raise _invalid("iat is not now")
    # RFC 7519, section 4.1.4: whoever sets an end means it.
    ends_at = payload.get("exp", now + 1)
    if isinstance(ends_at, bool) or not isinstance(ends_at, int | float) or ends_at <= now:
        raise _invalid("the key proof has expired")
    # Appendix F.1: iss is the client's id, and absent when the wallet is anonymous; ours always are.
    if "iss" in payload:
        raise _invalid("iss must be absent: the wallet is anonymous here")


def _with_nonce(parts: Parts, nonce: object, *, holder: str, now: int) -> KeyProof:
    if nonce is None:
        raise _invalid("the key proof holds no nonce")
    checked = check_nonce(parts, nonce, now=now)
    return KeyProof(holder, checked.hash, checked.expires_at)


def _mac(parts: Parts, body: bytes) -> bytes:
    return parts.secret.keyed_hash(body, purpose=_NONCE_PURPOSE)[:_MAC_BYTES]


def _invalid(description: str) -> OAuthError:
    return OAuthError("invalid_proof", description)
