"""OpenID4VP 1.0: ask a wallet for certificates by a signed request object, and read what it posts back.

    verifier   make_request(...)            a compact JWT, handed out under the request_uri
    wallet     read_request(jwt, ...)       every refusal; a request that is refused is answered to nobody
               presentation(...)            unsigned; data_integrity.sign with purpose ``authentication``,
                                            challenge = nonce, domain = the full client_id
               vp_token(...) -> response    form fields for the POST to response_uri
    verifier   read_response(form, ...)     the shape of the answer; proofs are the caller's next step

As little of the protocol as the credit bank needs, and that exactly: the client id prefix
``decentralized_identifier``, request objects by reference, ``direct_post``, DCQL, format
``ldp_vc``. Deliberately not here: other client id prefixes, requests by value, encrypted responses,
``transaction_data``, the Digital Credentials API.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crypto import jws
from crypto.errors import CryptoError, MalformedError, SignatureError
from crypto.keys import PrivateKey, PublicKey
from crypto.strict_json import parse as parse_json
from vc import limits
from vc.errors import (
    PresentationRequestError,
    PresentationRequestExpiredError,
    PresentationResponseError,
    VcError,
)

REQUEST_TYPE = "oauth-authz-req+jwt"
REQUEST_MEDIA_TYPE = "application/oauth-authz-req+jwt"
CLIENT_ID_PREFIX = "decentralized_identifier"
AUDIENCE = "https://self-issued.me/v2"
RESPONSE_TYPE, RESPONSE_MODE = "vp_token", "direct_post"
FORMAT = "ldp_vc"
FORMATS: Mapping[str, Any] = {
    FORMAT: {"proof_type_values": ["DataIntegrityProof"], "cryptosuite_values": ["eddsa-rdfc-2022"]}
}
"""What we read, as ``vp_formats_supported`` says it."""

REQUEST_LIFETIME = timedelta(minutes=5)
"""A request that a stranger relays is of little use to him after this. Spec: OpenID4VP 1.0, section 14.2."""

PRESENTATION_CONTEXT = "https://www.w3.org/ns/credentials/v2"
MAX_REQUEST_CHARS = 32 * 1024
# 128 bits in base64url take 22 characters. Spec: OpenID4VP 1.0, section 5.2 (URL-safe ASCII).
_NONCE = re.compile(r"[A-Za-z0-9._~-]{22,256}")
_STATE = re.compile(r"[\x21-\x7e]{1,256}")
_QUERY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ERROR = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,64}")

Resolve = Callable[[str, str], PublicKey]
"""Finds the key of a verification method for a purpose, or raises; see ``vc.data_integrity``."""


@dataclass(frozen=True)
class AuthorizationRequest:
    """A request object that was checked.

    Attributes:
        client_id: Who asks, with the prefix: the ``domain`` of the presentation.
        response_uri: Where the answer is posted.
        nonce: The ``challenge`` of the presentation.
        state: What the answer repeats, or None.
        dcql_query: What is asked for, still to be read by ``vc.dcql``.
        expires: When the request ends.
    """

    client_id: str
    response_uri: str
    nonce: str = field(repr=False)
    state: str | None = field(repr=False)
    dcql_query: Mapping[str, Any]
    expires: datetime

    @property
    def did(self) -> str:
        """The DID of who asks."""
        return self.client_id.partition(":")[2]


@dataclass(frozen=True)
class AuthorizationResponse:
    """What a wallet posted, its shape checked and nothing else.

    Attributes:
        state: The state that it repeats.
        presentations: By query id, what was presented; empty when the wallet declined.
        error: The error that the wallet names instead, such as ``access_denied``.
    """

    state: str = field(repr=False)
    presentations: Mapping[str, tuple[dict[str, Any], ...]] = field(repr=False)
    error: str | None = None


def client_id(did: str) -> str:
    """Return the client id of a body that signs its requests with a key of its DID.

    Spec: OpenID4VP 1.0, section 5.9.3.
    """
    return f"{CLIENT_ID_PREFIX}:{did}"


def make_request(
    *,
    key: PrivateKey,
    verification_method: str,
    response_uri: str,
    nonce: str,
    state: str,
    dcql_query: Mapping[str, Any],
    now: datetime,
    lifetime: timedelta = REQUEST_LIFETIME,
) -> str:
    """Sign a request object.

    Args:
        key: A key of the body that asks.
        verification_method: The DID URL under which its document names that key; the client id follows
            from it.
        response_uri: Where the answer is to be posted.
        nonce: At least 128 random bits in URL-safe ASCII, for this request alone.
        state: Likewise, and independent of the nonce.
        dcql_query: What is asked for.
        now: The time of signing, aware.
        lifetime: How long it may be answered.

    Returns:
        A compact JWT, to be served as ``application/oauth-authz-req+jwt``.

    Spec: OpenID4VP 1.0, sections 5 and 8.2; RFC 9101, section 4.
    """
    if not _NONCE.fullmatch(nonce) or not _NONCE.fullmatch(state):
        raise ValueError("nonce and state take at least 128 bits of URL-safe ASCII")
    issued_at = int(now.timestamp())
    claims = {
        "client_id": client_id(verification_method.partition("#")[0]),
        "aud": AUDIENCE,
        "iat": issued_at,
        "exp": issued_at + int(lifetime.total_seconds()),
        "response_type": RESPONSE_TYPE,
        "response_mode": RESPONSE_MODE,
        "response_uri": response_uri,
        "nonce": nonce,
        "state": state,
        "dcql_query": dcql_query,
        "client_metadata": {"vp_formats_supported": FORMATS},
    }
    return jws.sign(key, header={"typ": REQUEST_TYPE, "kid": verification_method}, payload=claims)


def read_request(
    jwt: str,
    *,
    client_id: str,
    base_url: str,
    resolve: Resolve,
    now: datetime,
    wallet_nonce: str | None = None,
) -> AuthorizationRequest:
    """Read a request object as a wallet does: use its parameters and no others, refuse the rest.

    Args:
        jwt: What the request_uri gave.
        client_id: The client id that came beside the request_uri; the request object must name the same.
        base_url: The address under which the registry knows that body, without a slash at the end; the
            response goes there and nowhere else.
        resolve: Finds the key of a verification method of the body's DID, from the registry's document. The
            purpose it is asked for is ``assertionMethod``: institutions list their keys under that one.
        now: The current time, aware.
        wallet_nonce: What was sent where the request object was fetched by POST, and has to come back in it.

    Raises:
        PresentationRequestError: Why it is refused; ``error`` is OpenID4VP's name for it. Nobody is answered.

    Spec: OpenID4VP 1.0, sections 5.8, 5.9, 5.10 and 8.5; OPENID4VC.md, section 2.2.
    """
    did = _client_did(client_id)
    token = _parse(jwt)
    claims = token.payload
    _check_header(token.header, did=did)
    _verify(token, resolve)
    if claims.get("client_id") != client_id:
        raise PresentationRequestError("the request object is of another client than the link")
    if claims.get("aud") not in (AUDIENCE, [AUDIENCE]):
        raise PresentationRequestError("aud is not that of a wallet")
    if wallet_nonce is not None and claims.get("wallet_nonce") != wallet_nonce:
        # Section 5.10.1: an older request object, served again.
        raise PresentationRequestError("the request object does not repeat wallet_nonce")
    expires = _check_times(claims, now)
    _check_parameters(claims, base_url=base_url)
    return AuthorizationRequest(
        client_id=client_id,
        response_uri=claims["response_uri"],
        nonce=claims["nonce"],
        state=claims.get("state"),
        dcql_query=claims["dcql_query"],
        expires=expires,
    )


def presentation(credentials: Sequence[Mapping[str, Any]], *, holder: str) -> dict[str, Any]:
    """Make the unsigned presentation that answers one query of a request.

    Sign it with purpose ``authentication``, the request's nonce as challenge, its full client id as domain.

    Args:
        credentials: The chosen credentials, secured and bound to ``holder``.
        holder: The holder's DID.

    Spec: OpenID4VP 1.0, appendix B.1.3.
    """
    return {
        "@context": [PRESENTATION_CONTEXT],
        "type": ["VerifiablePresentation"],
        "holder": holder,
        "verifiableCredential": [dict(credential) for credential in credentials],
    }


def vp_token(presentations: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Write the ``vp_token``: by query id, arrays of signed presentations; no entry for an unanswered query.

    Spec: OpenID4VP 1.0, section 8.1.
    """
    answered = {name: list(listed) for name, listed in presentations.items() if listed}
    return json.dumps(answered, ensure_ascii=False, separators=(",", ":"))


def response(request: AuthorizationRequest, *, token: str) -> dict[str, str]:
    """Return the form fields that a wallet posts to the request's response_uri.

    Args:
        request: The request that is answered.
        token: The ``vp_token``.

    Spec: OpenID4VP 1.0, section 8.2.
    """
    return {"vp_token": token} | ({} if request.state is None else {"state": request.state})


def refusal(request: AuthorizationRequest, *, error: str = "access_denied") -> dict[str, str]:
    """Return the form fields by which a wallet says, after its holder was asked, that it presents nothing."""
    return {"error": error} | ({} if request.state is None else {"state": request.state})


def read_response(form: Mapping[str, str], *, asked: Collection[str]) -> AuthorizationResponse:
    """Read the fields of a ``direct_post``.

    Args:
        form: The form's fields, each of which stood once.
        asked: The ids of the request's credential queries; every one of them has to be answered, with exactly
            one presentation.

    Raises:
        PresentationResponseError: It is not the answer to what was asked.
        crypto.errors.CryptoError: The ``vp_token`` is JSON that is refused.

    Spec: OpenID4VP 1.0, sections 8.1, 8.2 and 8.6, step 1.
    """
    state = form.get("state", "")
    if not _STATE.fullmatch(state):
        raise PresentationResponseError("state is missing or malformed")
    if ("error" in form) == ("vp_token" in form):
        raise PresentationResponseError("exactly one of vp_token and error is needed")
    if "error" in form:
        if not _ERROR.fullmatch(form["error"]):
            raise PresentationResponseError("error is malformed")
        return AuthorizationResponse(state, {}, form["error"])
    answered = parse_json(form["vp_token"].encode("utf-8", "surrogatepass"))
    if type(answered) is not dict or not answered:
        raise PresentationResponseError("vp_token is not an object that answers something")
    if set(answered) != set(asked):
        raise PresentationResponseError("vp_token does not answer exactly the queries that were asked")
    return AuthorizationResponse(state, {name: _presentations(answered[name]) for name in asked})


def _presentations(listed: object) -> tuple[dict[str, Any], ...]:
    # multiple is false for every query of ours, so one presentation each.
    if type(listed) is not list or len(listed) != 1 or type(listed[0]) is not dict:
        raise PresentationResponseError("a query is answered with an array of one presentation")
    return tuple(listed)


def _client_did(identifier: str) -> str:
    # Section 5.9: the prefix is the text before the first colon; without one the client would have to be
    # registered beforehand, and nobody is.
    prefix, colon, did = identifier.partition(":")
    if not colon or prefix != CLIENT_ID_PREFIX or not did.startswith("did:"):
        raise PresentationRequestError("the client id prefix is not supported")
    return did


def _parse(jwt: str) -> jws.Token:
    try:
        return jws.parse(jwt, max_chars=MAX_REQUEST_CHARS)
    except MalformedError as error:
        raise PresentationRequestError(f"the request object is no JWT: {error}") from error


def _check_header(header: Mapping[str, Any], *, did: str) -> None:
    if header.get("typ") != REQUEST_TYPE or "crit" in header:
        raise PresentationRequestError("typ of the request object is not oauth-authz-req+jwt")
    if header.get("alg") not in jws.ALGORITHMS:
        raise PresentationRequestError("the request object is unsigned or signed by another algorithm")
    # The key comes from the DID's document; a key in the header would be the sender's own word.
    if {"jwk", "jku", "x5c", "x5u", "trust_chain"} & set(header):
        raise PresentationRequestError("the request object names its key otherwise than by kid")
    kid = header.get("kid")
    if type(kid) is not str or len(kid) > limits.DID_CHARS or kid.partition("#")[0] != did:
        raise PresentationRequestError("kid is not a key of the client's DID")


def _verify(token: jws.Token, resolve: Resolve) -> None:
    try:
        key = resolve(token.header["kid"], "assertionMethod")
    except (VcError, CryptoError) as error:
        raise PresentationRequestError("the client's DID document has no such key") from error
    try:
        token.verify(key)
    except SignatureError as error:
        raise PresentationRequestError(f"the request object: {error}") from error


def _check_times(claims: Mapping[str, Any], now: datetime) -> datetime:
    issued_at, expires_at = claims.get("iat"), claims.get("exp")
    if type(issued_at) is not int or type(expires_at) is not int:
        raise PresentationRequestError("iat and exp are whole seconds")
    seconds = now.timestamp()
    if expires_at <= seconds:
        raise PresentationRequestExpiredError("the request has expired")
    if issued_at > seconds + limits.CLOCK_SKEW.total_seconds():
        raise PresentationRequestError("the request was made in the future")
    try:
        return datetime.fromtimestamp(expires_at, now.tzinfo)
    except (OverflowError, ValueError, OSError) as error:
        raise PresentationRequestError("exp is no time") from error


def _check_parameters(claims: Mapping[str, Any], *, base_url: str) -> None:
    if claims.get("response_type") != RESPONSE_TYPE or claims.get("response_mode") != RESPONSE_MODE:
        raise PresentationRequestError("only vp_token by direct_post is answered")
    if "redirect_uri" in claims:
        raise PresentationRequestError("redirect_uri stands beside direct_post")
    address = claims.get("response_uri")
    if type(address) is not str or not address.startswith(base_url + "/") or not address.isascii():
        raise PresentationRequestError("response_uri is not an address of the client")
    nonce, state = claims.get("nonce"), claims.get("state")
    if type(nonce) is not str or not _NONCE.fullmatch(nonce):
        raise PresentationRequestError("nonce is missing or too weak")
    if state is not None and (type(state) is not str or not _STATE.fullmatch(state)):
        raise PresentationRequestError("state is malformed")
    if "scope" in claims or type(claims.get("dcql_query")) is not dict:
        raise PresentationRequestError("dcql_query is needed, and scope is not known")
    if "transaction_data" in claims:
        raise PresentationRequestError(
            "no type of transaction data is known", error="invalid_transaction_data"
        )
    _check_formats(claims.get("client_metadata"))


def _check_formats(metadata: object) -> None:
    formats = metadata.get("vp_formats_supported") if type(metadata) is dict else None
    if type(formats) is not dict or FORMAT not in formats:
        raise PresentationRequestError("ldp_vc is not asked for", error="vp_formats_not_supported")
