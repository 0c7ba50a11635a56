"""The wallet's side of OpenID4VCI: the requests to an issuer, and its refusals in our words.

Every function here is one request, or the one retry that the standard allows. What an answer means for the
claim is decided in ``receiving``. No answer is believed further than its shape.

Spec: OpenID4VCI 1.0, sections 6, 7, 8 and appendix F.1; RFC 6749, section 5; RFC 9457.
"""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from crypto import jws, strict_json
from crypto.errors import CryptoError
from crypto.keys import PrivateKey
from vc import did_key
from vc.printed_code import PrintedCode
from wallet.errors import (
    ClaimDeniedError,
    IssuerUnreachableError,
    OfferError,
    OfferExpiredError,
    OfferLockedError,
    OfferUnknownError,
    OfferUsedError,
    OfferVoidError,
    UnreadableOfferError,
    WrongPinError,
)
from wallet.metadata import DETAILS_TYPE
from wallet.offers import MOST_CREDENTIALS, PRE_AUTHORIZED, OfferReference
from web import limits
from web.errors import FetchError, FetchLimitError, RateLimitedError
from web.fetcher import Fetch, Response

logger = logging.getLogger(__name__)

ANSWER_BYTES = 64 * 1024
LONGEST_TOKEN = 8 * 1024
LONGEST_IDENTIFIER = 512
TOKEN_SECONDS = 300
"""What a token's life is taken for where the issuer does not say it: five minutes, the longest of a
bearer's.
"""

PROOF_TYPE = "openid4vci-proof+jwt"

Prove = Callable[[], str]
"""Makes a key proof with a fresh nonce."""

_TRIES_LEFT = re.compile(r"(\d{1,2}) (?:tries|try|attempts?) left", re.ASCII)


@dataclass(frozen=True)
class AccessToken:
    """A bearer token, how many seconds it lives, and the names of the credentials that it fetches.

    ``identifiers`` are by configuration; None where the server named none, so that configurations are asked
    for.
    """

    value: str = field(repr=False)
    expires_in: int
    identifiers: dict[str, tuple[str, ...]] | None = None


def mint_offer(code: PrintedCode, *, claims_url: str, fetcher: Fetch) -> OfferReference:
    """Have the issuer mint an offer for a claim code.

    Raises:
        OfferError: The slip is unknown, used, expired, locked or void; its kind says which.
        IssuerUnreachableError: Nothing that counts came back.
    """
    answer = _post(f"{claims_url}/claims/offers", json={"claim_code": code.text}, fetcher=fetcher)
    document = _object(answer)
    if answer.status not in {200, 201}:
        raise _slip_refusal(answer.status, document)
    url = document.get("credential_offer_uri")
    if not isinstance(url, str) or len(url) > limits.URL_CHARS:
        raise IssuerUnreachableError("the issuer's answer names no offer")
    return OfferReference(url, _kinds(document.get("credentials")))


def redeem(
    endpoint: str,
    *,
    pre_authorized_code: str,
    pin: str | None,
    configuration_ids: tuple[str, ...] = (),
    fetcher: Fetch,
) -> AccessToken:
    """Trade a pre-authorized code, and the PIN where one is asked, for an access token.

    Args:
        endpoint: The token endpoint.
        pre_authorized_code: The offer's secret.
        pin: The PIN, where one is asked.
        configuration_ids: What is offered, where the server is to name each credential of it by itself.
        fetcher: The one way to ask another service.

    Raises:
        WrongPinError: The PIN is not right.
        OfferError: The code is used, expired or dead.
        IssuerUnreachableError: Nothing that counts came back.

    Spec: OpenID4VCI 1.0, section 6.
    """
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": pre_authorized_code}
    if pin is not None:
        form["tx_code"] = pin
    if configuration_ids:
        # Section 6.1.1: the answer then names credentials, of which one configuration may have several.
        details = [{"type": DETAILS_TYPE, "credential_configuration_id": name} for name in configuration_ids]
        form["authorization_details"] = json.dumps(details, separators=(",", ":"))
    answer = _post(
        endpoint,
        body=urlencode(form).encode(),
        content_type="application/x-www-form-urlencoded",
        fetcher=fetcher,
    )
    document = _object(answer)
    if answer.status != 200:
        raise _token_refusal(answer.status, document, with_pin=pin is not None)
    value, expires_in = document.get("access_token"), document.get("expires_in", TOKEN_SECONDS)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TOKEN or not value.isascii():
        raise IssuerUnreachableError("the issuer's answer holds no token")
    if str(document.get("token_type", "")).lower() != "bearer" or not isinstance(expires_in, int):
        raise IssuerUnreachableError("the issuer's token is of a kind that this wallet cannot use")
    return AccessToken(value, max(0, expires_in), _identifiers(document))


def _kinds(listed: object) -> tuple[str, ...]:
    """Read the types of what is offered; they only say how many there are."""
    if not isinstance(listed, list) or len(listed) > MOST_CREDENTIALS:
        return ()
    found = [item.get("type") for item in listed if isinstance(item, dict)]
    return tuple(name for name in found if isinstance(name, str))


def _identifiers(document: dict[str, Any]) -> dict[str, tuple[str, ...]] | None:
    """Read which credentials the token fetches. Spec: OpenID4VCI 1.0, section 6.2."""
    listed = document.get("authorization_details")
    if listed is None:
        return None
    found: dict[str, tuple[str, ...]] = {}
    for item in listed if isinstance(listed, list) and len(listed) <= MOST_CREDENTIALS else [None]:
        names = item.get("credential_identifiers") if isinstance(item, dict) else None
        configuration = item.get("credential_configuration_id") if isinstance(item, dict) else None
        if not isinstance(configuration, str) or not isinstance(names, list) or not names:
            raise IssuerUnreachableError("the issuer's answer does not name what it offers")
        if not all(isinstance(name, str) and 0 < len(name) <= LONGEST_IDENTIFIER for name in names):
            raise IssuerUnreachableError("the issuer's answer does not name what it offers")
        found[configuration] = (*found.get(configuration, ()), *names)
    every = [name for names in found.values() for name in names]
    if not 0 < len(every) <= MOST_CREDENTIALS or len(set(every)) != len(every):
        raise IssuerUnreachableError("the issuer names too many certificates, or one twice")
    return found


def fetch_nonce(endpoint: str, *, fetcher: Fetch) -> str:
    """Fetch a fresh c_nonce.

    Raises:
        IssuerUnreachableError: Nothing that counts came back.

    Spec: OpenID4VCI 1.0, section 7.
    """
    answer = _post(endpoint, body=b"", fetcher=fetcher)
    nonce = _object(answer).get("c_nonce")
    if not 200 <= answer.status < 300 or not isinstance(nonce, str) or not 0 < len(nonce) <= LONGEST_TOKEN:
        raise IssuerUnreachableError("the issuer gives no nonce")
    return nonce


def key_proof(key: PrivateKey, *, algorithm: str, audience: str, nonce: str, issued_at: datetime) -> str:
    """Prove possession of a key to one issuer, once.

    Args:
        key: The holder's Ed25519 key; the proof names it by its did:key.
        algorithm: The JOSE name under which the issuer accepts it.
        audience: The credential issuer identifier.
        nonce: A fresh c_nonce.
        issued_at: The time.

    Returns:
        The JWT. It has no ``iss``: with a pre-authorized code the wallet is anonymous.

    Spec: OpenID4VCI 1.0, appendix F.1.
    """
    header = {"alg": algorithm, "typ": PROOF_TYPE, "kid": did_key.verification_method(key.public)}
    claims = {"aud": audience, "iat": int(issued_at.timestamp()), "nonce": nonce}
    return jws.sign(key, header=header, payload=claims)


@dataclass(frozen=True)
class Received:
    """One credential as it came, and the id under which the issuer wants to hear what became of it."""

    credential: dict[str, Any] = field(repr=False)
    notification_id: str | None = None


def fetch_credential(
    endpoint: str,
    *,
    configuration_id: str,
    prove: Prove,
    access_token: str,
    fetcher: Fetch,
    identifier: str | None = None,
) -> Received:
    """Fetch one credential; a stale nonce is replaced once.

    Args:
        endpoint: The credential endpoint.
        configuration_id: The configuration that was offered.
        prove: Makes a key proof with a fresh nonce.
        access_token: The claim's token.
        fetcher: The one way to ask another service.
        identifier: The credential's own name, where the token's answer gave one; then it must be used.

    Raises:
        OfferExpiredError: The token is over.
        ClaimDeniedError: The issuer signs nothing for it any more.
        OfferError: The issuer refused for another reason.
        IssuerUnreachableError: Nothing that counts came back.

    Spec: OpenID4VCI 1.0, section 8.
    """
    wanted = (
        {"credential_configuration_id": configuration_id}
        if identifier is None
        else {"credential_identifier": identifier}
    )
    for last in (False, True):
        answer = _post(
            endpoint,
            json={**wanted, "proofs": {"jwt": [prove()]}},
            headers={"authorization": f"Bearer {access_token}"},
            max_bytes=limits.JSON_BODY_BYTES,
            fetcher=fetcher,
        )
        document = _object(answer)
        if answer.status == 200:
            return Received(_only_credential(document), _notification_id(document))
        if document.get("error") != "invalid_nonce" or last:
            break
    raise _credential_refusal(answer.status, document)


def notify(endpoint: str, *, notification_id: str, event: str, access_token: str, fetcher: Fetch) -> None:
    """Tell the issuer what became of a credential.

    It is a courtesy: that the issuer does not take it changes nothing for the holder, so nothing is raised.

    Args:
        endpoint: The notification endpoint.
        notification_id: What came with the credential.
        event: ``credential_accepted`` or ``credential_failure``.
        access_token: The claim's token.
        fetcher: The one way to ask another service.

    Spec: OpenID4VCI 1.0, section 11.
    """
    try:
        answer = fetcher.post(
            endpoint,
            json={"notification_id": notification_id, "event": event},
            headers={"authorization": f"Bearer {access_token}"},
            max_bytes=ANSWER_BYTES,
        )
    except FetchError:
        logger.info("notification_lost event=%s", event)
        return
    logger.info("notification_sent event=%s status=%s", event, answer.status)


def _notification_id(document: dict[str, Any]) -> str | None:
    found = document.get("notification_id")
    return found if isinstance(found, str) and 0 < len(found) <= LONGEST_TOKEN else None


def _only_credential(document: dict[str, Any]) -> dict[str, Any]:
    listed = document.get("credentials")
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], dict):
        raise IssuerUnreachableError("the issuer's answer holds no credential, or several")
    credential = listed[0].get("credential")
    if not isinstance(credential, dict):
        raise IssuerUnreachableError("the issuer's credential is not of the format that was offered")
    return credential


def _slip_refusal(status: int, problem: dict[str, Any]) -> Exception:
    code = problem.get("code")
    if code == "SLIP_USED":
        return OfferUsedError("the slip was used", claimed_at=_moment(problem.get("claimed_at")))
    if code == "CODE_MISTYPED":
        return UnreadableOfferError("the claim code is mistyped: it has 24 characters in six groups")
    if status == 429:
        return RateLimitedError("the issuer asks to wait a moment")
    kinds: dict[Any, type[OfferError]] = {
        "SLIP_EXPIRED": OfferExpiredError,
        "SLIP_LOCKED": OfferLockedError,
        "SLIP_VOID": OfferVoidError,
        "CLAIM_CODE_UNKNOWN": OfferUnknownError,
    }
    if code in kinds:
        return kinds[code]("the issuer says so")
    return IssuerUnreachableError(f"the issuer answered {status} to the claim code")


def _token_refusal(status: int, document: dict[str, Any], *, with_pin: bool) -> Exception:
    error, code = document.get("error"), document.get("code")
    if code in {"SLIP_USED", "SLIP_EXPIRED", "SLIP_LOCKED", "SLIP_VOID"}:
        return _slip_refusal(status, document)
    if status == 429:
        return RateLimitedError("the issuer asks to wait a moment")
    if error not in {"invalid_grant", "invalid_tx_code", "invalid_request"}:
        return IssuerUnreachableError(f"the issuer answered {status} to the offer")
    described = str(document.get("error_description", ""))
    tries_left = _tries_left(document, described)
    if with_pin and (error == "invalid_tx_code" or tries_left is not None or "tx_code" in described):
        if tries_left == 0:
            return OfferLockedError("that was the last try")
        return WrongPinError("the PIN is not right", tries_left=tries_left)
    return OfferExpiredError("the offer is used, expired or withdrawn")


def _tries_left(document: dict[str, Any], described: str) -> int | None:
    told = document.get("tries_left")
    if isinstance(told, int) and not isinstance(told, bool):
        return max(0, told)
    found = _TRIES_LEFT.search(described)
    return int(found.group(1)) if found else None


def _credential_refusal(status: int, document: dict[str, Any]) -> Exception:
    error = document.get("error")
    if status == 401:
        return OfferExpiredError("the claim took too long")
    if error == "credential_request_denied":
        return ClaimDeniedError("the issuer signs nothing for this claim any more")
    return IssuerUnreachableError(f"the issuer answered {status} to the request for the certificate")


def _post(
    url: str,
    *,
    fetcher: Fetch,
    json: Any = None,
    body: bytes | None = None,
    content_type: str | None = None,
    headers: dict[str, str] | None = None,
    max_bytes: int = ANSWER_BYTES,
) -> Response:
    try:
        return fetcher.post(
            url,
            json=json,
            body=body,
            content_type=content_type,
            accept="application/json",
            headers=headers,
            max_bytes=max_bytes,
        )
    except FetchLimitError:
        raise
    except FetchError as error:
        raise IssuerUnreachableError("the issuer does not answer") from error


def _object(answer: Response) -> dict[str, Any]:
    try:
        document = strict_json.parse(answer.body, max_bytes=limits.JSON_BODY_BYTES)
    except CryptoError as error:
        raise IssuerUnreachableError(
            f"the issuer answered {answer.status} with something unreadable"
        ) from error
    if not isinstance(document, dict):
        raise IssuerUnreachableError(f"the issuer answered {answer.status} with something unreadable")
    return document


def _moment(value: Any) -> str | None:
    """Read when a slip was used: seconds, or a date-time; anything else is not shown."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC).isoformat()
        return datetime.fromisoformat(str(value)).isoformat() if value else None
    except (ValueError, OverflowError, OSError):
        return None
