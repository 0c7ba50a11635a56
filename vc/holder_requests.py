"""What a holder asks of an issuer about a certificate, signed with the key that it is bound to.

    header   {"typ": "vocred-holder+jwt", "alg": "EdDSA", "kid": "did:key:z…#z…"}
    payload  {"aud": "<the issuer's claims URL>", "iat": 1767225600, "nonce": "<a nonce of the issuer's>",
              "act": "correction", "record": "urn:uuid:…", "text": "…"}

1. **act** is ``correction`` (something stated is wrong; **text** says what), ``correction-state`` (what
   became of that) or ``replacement`` (the record that took this one's place is to be offered).
2. **record** is the certificate's id, the same in every form of it.
3. **nonce** comes from the issuer's nonce endpoint, and is used once.

Reading checks the shape, the signature, whom it is for and its age. Whether the nonce is the issuer's and
fresh, and whether the record's form was signed to this key, is the issuer's business.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from crypto import jws
from crypto.errors import CryptoError, MalformedError, SignatureError
from crypto.keys import PrivateKey, PublicKey
from vc import did_key
from vc.errors import HolderRequestError, VcError

Act = Literal["correction", "correction-state", "replacement"]

TYPE = "vocred-holder+jwt"
ACTS: tuple[Act, ...] = ("correction", "correction-state", "replacement")
ALGORITHMS: Mapping[str, str] = {"EdDSA": "Ed25519", "ES256": "P-256"}
"""Signature algorithms by JOSE name, with the kind of key that each takes."""

MAX_CHARS = 8 * 1024
MAX_TEXT_CHARS = 500
MAX_NONCE_CHARS = 128
MAX_AGE = timedelta(minutes=10)
CLOCK_SKEW = timedelta(minutes=2)

_RECORD = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MEMBERS = frozenset({"aud", "iat", "nonce", "act", "record"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class HolderRequest:
    """What a holder asks, its signature checked.

    Attributes:
        holder: The did:key whose key signed.
        act: What is asked.
        record: The certificate's ``urn:uuid:…``.
        nonce: To be compared with what the issuer gave out, and used up.
        text: What is wrong, in the holder's words; empty but for a correction.
    """

    holder: str
    act: Act
    record: str
    nonce: str
    text: str = ""


def sign(
    key: PrivateKey, *, act: Act, record: str, audience: str, nonce: str, now: datetime, text: str = ""
) -> str:
    """Sign a request with the holder's key.

    Args:
        key: The key that the certificate's holder-bound form was signed to.
        act: What is asked.
        record: The certificate's id, ``urn:uuid:…``.
        audience: The issuer's claims URL.
        nonce: From the issuer's nonce endpoint.
        now: The time.
        text: What is wrong, at most 500 characters, for a correction.

    Returns:
        The compact JWS.
    """
    header = {"typ": TYPE, "kid": did_key.verification_method(key.public)}
    payload = {"aud": audience, "iat": int(now.timestamp()), "nonce": nonce, "act": act, "record": record}
    if text:
        # Browsers send the lines of a text area with carriage returns.
        payload["text"] = text.replace("\r\n", "\n")
    return jws.sign(key, header=header, payload=payload)


def read(text: object, *, act: Act, audience: str, now: datetime) -> HolderRequest:
    """Check a request's shape and signature.

    Args:
        text: The compact JWS as it was sent.
        act: What this endpoint answers; a proof for another act is refused.
        audience: Our own claims URL.
        now: The time.

    Raises:
        HolderRequestError: It is malformed, for somebody else, too old, or not signed by its key.
    """
    token = _token(text)
    header, payload = token.header, token.payload
    holder, key = _signer(header)
    try:
        token.verify(key)
    except SignatureError as error:
        raise HolderRequestError("the signature is not that key's") from error
    if payload.get("aud") != audience:
        raise HolderRequestError("the proof is made for another issuer")
    if payload.get("act") != act:
        raise HolderRequestError("the proof is made for another request")
    _check_age(payload.get("iat"), now=now)
    return HolderRequest(
        holder=holder,
        act=act,
        record=_record(payload.get("record")),
        nonce=_nonce(payload.get("nonce")),
        text=_text(payload, act=act),
    )


def _token(text: object) -> jws.Token:
    try:
        token = jws.parse(text, max_chars=MAX_CHARS)
    except MalformedError as error:
        raise HolderRequestError(f"the proof is none: {error}") from error
    if set(token.header) != {"typ", "alg", "kid"} or not _MEMBERS <= set(token.payload) <= _MEMBERS | {
        "text"
    }:
        raise HolderRequestError("the proof lacks a member, or holds one that is not understood")
    return token


def _signer(header: Mapping[str, Any]) -> tuple[str, PublicKey]:
    if header["typ"] != TYPE or header["alg"] not in ALGORITHMS:
        raise HolderRequestError("typ or alg of the proof is not accepted")
    method = header["kid"]
    try:
        key = did_key.resolve_method(method) if isinstance(method, str) else None
    except (VcError, CryptoError) as error:
        raise HolderRequestError("kid is no did:key of an accepted kind") from error
    if key is None or key.algorithm != ALGORITHMS[header["alg"]]:
        raise HolderRequestError("kid and alg do not go together")
    return did_key.did(key), key


def _check_age(issued_at: object, *, now: datetime) -> None:
    if isinstance(issued_at, bool) or not isinstance(issued_at, int):
        raise HolderRequestError("iat is no number of seconds")
    seconds = now.timestamp() - issued_at
    if not -CLOCK_SKEW.total_seconds() <= seconds <= MAX_AGE.total_seconds():
        raise HolderRequestError("iat is not now")


def _record(value: object) -> str:
    if not isinstance(value, str) or not _RECORD.fullmatch(value):
        raise HolderRequestError("record is no urn:uuid")
    return value


def _nonce(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NONCE_CHARS:
        raise HolderRequestError("nonce is no short text")
    return value


def _text(payload: Mapping[str, Any], *, act: Act) -> str:
    text = payload.get("text", "")
    if not isinstance(text, str) or len(text) > MAX_TEXT_CHARS or _CONTROL.search(text):
        raise HolderRequestError(f"text holds at most {MAX_TEXT_CHARS} plain characters")
    if bool(text.strip()) != (act == "correction"):
        raise HolderRequestError("a correction says what is wrong, and nothing else says anything")
    return text.strip()
