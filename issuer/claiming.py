"""A wallet claims a certificate: the PIN for a token, the token and a key for a form.

Both steps are one transaction in the order validate, consume, issue; each consumption is a compare-and-set
whose row count decides, so of any number of requests side by side exactly one wins. Nothing secret is
written: codes and tokens as SHA-256, the PIN as a keyed hash.

Spec: OpenID4VCI 1.0, sections 6 (token endpoint) and 8 (credential endpoint).
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from crypto.errors import CryptoError
from crypto.multibase import base64url_encode
from crypto.strict_json import parse as parse_json
from issuer import issuance, key_proofs, offers, signing, standing, store_claims, store_records
from issuer.audit import Actor
from issuer.audit import write as write_audit
from issuer.errors import IssuerError
from issuer.key_proofs import KeyProof
from issuer.parts import Parts
from schemas.catalogue import CATALOGUE
from schemas.errors import BundleError
from vc.errors import VcError
from web.database import transaction
from web.errors import OAuthError

logger = logging.getLogger(__name__)

TOKEN_SECONDS = 300
FORMAT = "ldp_vc"
AUTHORIZATION_DETAILS_TYPE = "openid_credential"
EVENTS = frozenset({"credential_accepted", "credential_failure", "credential_deleted"})
WALLET = Actor("holder", "web")

_NOTIFICATION_PURPOSE = "notification"
_SECRET_BYTES = 32
_MOST_DETAILS = 8


@dataclass(frozen=True)
class Grant:
    """A token request, read.

    Attributes:
        code: The pre-authorized code.
        tx_code: The PIN as sent, or None.
        details: The configuration ids that ``authorization_details`` asked for, or None: not sent.
    """

    code: str
    tx_code: str | None
    details: tuple[str, ...] | None


def read_grant(form: Mapping[str, str]) -> Grant:
    """Read the parameters of a token request; unknown ones are ignored.

    Raises:
        OAuthError: ``unsupported_grant_type``, ``invalid_request`` or ``invalid_authorization_details``.
    """
    grant_type = form.get("grant_type")
    if not grant_type:
        raise OAuthError("invalid_request", "grant_type is missing")
    if grant_type != offers.PRE_AUTHORIZED:
        raise OAuthError("unsupported_grant_type", "only the pre-authorized code is accepted")
    code = form.get("pre-authorized_code")
    if not code:
        raise OAuthError("invalid_request", "pre-authorized_code is missing")
    details = form.get("authorization_details")
    return Grant(code, form.get("tx_code"), None if details is None else _read_details(details))


def redeem(db: Database, parts: Parts, *, grant: Grant, now: int) -> dict[str, Any]:
    """Exchange a pre-authorized code and a PIN for an access token.

    A wrong PIN does not use the code up; five wrong ones, over all offers of the slip, lock the slip.

    Returns:
        The token response.

    Raises:
        OAuthError: ``invalid_grant`` or ``invalid_request``.
    """
    if store_claims.offer_of_code(db, _hash(grant.code)) is None:
        # Asked without the write lock: guesses must not keep honest claims waiting.
        raise OAuthError("invalid_grant", "the pre-authorized code is unknown, used or expired")
    refused: OAuthError | None = None
    answer: dict[str, Any] = {}
    with transaction(db):
        offer = store_claims.offer_of_code(db, _hash(grant.code))
        slip = None if offer is None else store_claims.slip(db, offer["slip_id"])
        if offer is None or slip is None or not _redeemable(offer, slip, now=now):
            raise OAuthError("invalid_grant", "the pre-authorized code is unknown, used or expired")
        if (grant.tx_code is None) != bool(offer["direct"]):
            # Section 6.3: missing where the offer asks for one, or present where it does not.
            raise OAuthError("invalid_request", "tx_code is missing, or sent where none was asked for")
        if grant.tx_code is None or hmac.compare_digest(
            offers.hash_pin(parts, slip["id"], grant.tx_code[:64]), bytes(slip["pin_hash"])
        ):
            answer = _issue_token(db, parts, offer, slip, grant, now=now)
        else:
            # Counted in the transaction that looked, and kept: the error is raised after the commit.
            store_claims.count_wrong_pin(db, slip["id"], most=offers.MOST_WRONG_PINS)
            left = max(offers.MOST_WRONG_PINS - slip["wrong_pins"] - 1, 0)
            refused = OAuthError("invalid_grant", f"the tx_code is wrong; {left} tries left")
    if refused is not None:
        logger.info("wrong pin slip=%s", slip["id"])
        raise refused
    return answer


def issue(
    db: Database, parts: Parts, *, access_token: str, request: Mapping[str, Any], now: int
) -> dict[str, Any]:
    """Sign the certificate that a token is for to the key that the request proves.

    The same key gets the same form again while the token lives; another key is refused. Signing ends the
    slip's other offers and tokens, and with the last certificate that it opens the slip.

    Args:
        db: The connection.
        parts: The collaborators.
        access_token: As sent in the Authorization header.
        request: The request's JSON object; unknown members are ignored.
        now: Seconds since 1970.

    Returns:
        The credential response.

    Raises:
        OAuthError: One of the errors of OpenID4VCI 1.0, section 8.3.1, or ``invalid_token``.
    """
    token_hash = _hash(access_token)
    token = _live_token(db, token_hash, now=now)
    record_id = _asked_record(request, token)
    proof = key_proofs.check(parts, request.get("proofs"), now=now)
    with transaction(db):
        token = _live_token(db, token_hash, now=now)
        slip = store_claims.slip(db, token["slip_id"])
        record = store_records.record(db, record_id)
        assert slip is not None and record is not None  # noqa: PT018 - foreign keys
        if record["state"] != "valid":
            raise OAuthError("credential_request_denied", "the certificate was revoked")
        if not store_claims.use_nonce(db, proof.nonce_hash, expires_at=proof.nonce_expires_at):
            raise OAuthError("invalid_nonce", "the nonce was used before")
        kept = store_claims.token_form(db, token_hash, FORMAT, record_id)
        if kept is not None:
            secured = _same_again(kept, proof)
        else:
            secured = _sign(db, parts, token_hash, slip=slip, record=record, proof=proof, now=now)
    return {
        "credentials": [{"credential": json.loads(secured)}],
        "notification_id": notification_id(parts, token_hash, record_id),
    }


def notify(db: Database, parts: Parts, *, access_token: str, request: Mapping[str, Any], now: int) -> None:
    """Note what a wallet says became of its credential; saying it twice is harmless.

    Raises:
        OAuthError: ``invalid_token``, ``invalid_notification_id`` or ``invalid_notification_request``.

    Spec: OpenID4VCI 1.0, section 11.
    """
    token_hash = _hash(access_token)
    _live_token(db, token_hash, now=now)
    identifier, event = request.get("notification_id"), request.get("event")
    if not isinstance(identifier, str) or event not in EVENTS:
        raise OAuthError("invalid_notification_request", "notification_id or event is missing or unknown")
    with transaction(db):
        known = store_claims.note_event(
            db, token_hash=token_hash, notification_hash=_hash(identifier), event=str(event)
        )
    if not known:
        raise OAuthError("invalid_notification_id", "no notification of that id belongs to the token")


def notification_id(parts: Parts, token_hash: bytes, record_id: str) -> str:
    """Return the notification id of a token's form of a record, the same each time."""
    named = token_hash + record_id.encode()
    return base64url_encode(parts.secret.keyed_hash(named, purpose=_NOTIFICATION_PURPOSE))


def _redeemable(offer: Mapping[str, Any], slip: Mapping[str, Any], *, now: int) -> bool:
    open_ = offer["state"] == "open" and slip["state"] == "open"
    return open_ and offer["expires_at"] > now and slip["expires_at"] > now


def _issue_token(
    db: Database,
    parts: Parts,
    offer: Mapping[str, Any],
    slip: Mapping[str, Any],
    grant: Grant,
    *,
    now: int,
) -> dict[str, Any]:
    configurations = _offered(db, offer, grant)
    if not store_claims.redeem_offer(db, bytes(offer["id_hash"])):
        raise OAuthError("invalid_grant", "the pre-authorized code is unknown, used or expired")
    access_token = base64url_encode(parts.random(_SECRET_BYTES))
    # Section 6.2: with authorization_details in the request the answer names credential identifiers; so it
    # does where two certificates of one kind could not be told apart without.
    named = grant.details is not None or len(set(configurations.values())) < len(configurations)
    identifiers = (
        {base64url_encode(parts.random(_SECRET_BYTES)): record_id for record_id in configurations}
        if named
        else None
    )
    store_claims.add_token(
        db,
        {
            "hash": _hash(access_token),
            "offer_hash": bytes(offer["id_hash"]),
            "slip_id": slip["id"],
            "configurations": configurations,
            "identifiers": identifiers,
            "expires_at": now + TOKEN_SECONDS,
        },
    )
    answer: dict[str, Any] = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
    }
    if identifiers is not None:
        answer["authorization_details"] = [
            {
                "type": AUTHORIZATION_DETAILS_TYPE,
                "credential_configuration_id": configuration,
                "credential_identifiers": [
                    identifier
                    for identifier, record_id in identifiers.items()
                    if configurations[record_id] == configuration
                ],
            }
            for configuration in dict.fromkeys(configurations.values())
        ]
    return answer


def _offered(db: Database, offer: Mapping[str, Any], grant: Grant) -> dict[str, str]:
    """Return the configurations of what an offer is for, by record id; of those that were asked for."""
    opened = store_claims.claimable(db, offer["slip_id"], alone=bool(offer["direct"]))
    if not opened:
        raise OAuthError("invalid_grant", "the pre-authorized code is unknown, used or expired")
    found = {record["id"]: CATALOGUE[record["credential_type"]].configuration_id for record in opened}
    if grant.details is None:
        return found
    asked = {record_id: name for record_id, name in found.items() if name in grant.details}
    if not asked:
        raise OAuthError("invalid_authorization_details", "the offer is not for that configuration")
    return asked


def _read_details(text: str) -> tuple[str, ...]:
    try:
        listed = parse_json(text.encode())
    except CryptoError as error:
        raise OAuthError("invalid_request", "authorization_details is not JSON") from error
    if not isinstance(listed, list) or not 0 < len(listed) <= _MOST_DETAILS:
        raise OAuthError("invalid_authorization_details", "authorization_details is no short list")
    found = []
    for item in listed:
        wanted = item.get("credential_configuration_id") if isinstance(item, dict) else None
        if wanted is None or item.get("type") != AUTHORIZATION_DETAILS_TYPE:
            raise OAuthError("invalid_authorization_details", "only openid_credential is understood")
        found.append(str(wanted))
    return tuple(found)


def _live_token(db: Database, token_hash: bytes, *, now: int) -> dict[str, Any]:
    token = store_claims.token(db, token_hash)
    if token is None or token["expires_at"] <= now:
        raise invalid_token("the access token is unknown or expired")
    if token["ended"]:
        slip = store_claims.slip(db, token["slip_id"])
        record = None if slip is None else store_records.record(db, slip["record_id"])
        if record is not None and record["state"] != "valid":
            raise OAuthError("credential_request_denied", "the certificate was revoked")
        raise invalid_token("the certificate was claimed with another token, or its slip was re-issued")
    return token


def invalid_token(description: str) -> OAuthError:
    """Return the error for a token that does not hold. Spec: RFC 6750, section 3.1."""
    challenge = f'Bearer error="invalid_token", error_description="{description}"'
    return OAuthError("invalid_token", description, status=401, headers={"WWW-Authenticate": challenge})


def _asked_record(request: Mapping[str, Any], token: Mapping[str, Any]) -> str:
    """Return the record that a credential request is about."""
    # Section 8.2: exactly one of the two; the identifier where the token response named some.
    identifier, configuration = (
        request.get("credential_identifier"),
        request.get("credential_configuration_id"),
    )
    if (identifier is None) == (configuration is None):
        raise OAuthError(
            "invalid_credential_request",
            "exactly one of credential_identifier and credential_configuration_id is needed",
        )
    if "credential_response_encryption" in request:
        raise OAuthError("invalid_encryption_parameters", "encryption is not offered")
    if identifier is not None:
        known = token["identifiers"] or {}
        if not isinstance(identifier, str) or identifier not in known:
            raise OAuthError("unknown_credential_identifier", "the token has no such credential identifier")
        return str(known[identifier])
    if token["identifiers"] is not None:
        raise OAuthError("invalid_credential_request", "this token asks for credential_identifier")
    for record_id, name in token["configurations"].items():
        if name == configuration:
            return str(record_id)
    raise OAuthError("unknown_credential_configuration", "the token is not for that configuration")


def _same_again(kept: Mapping[str, Any], proof: KeyProof) -> bytes:
    if kept["holder"] != proof.holder:
        raise OAuthError("credential_request_denied", "the certificate is bound to another key already")
    return bytes(kept["secured"])


def _sign(
    db: Database,
    parts: Parts,
    token_hash: bytes,
    *,
    slip: Mapping[str, Any],
    record: Mapping[str, Any],
    proof: KeyProof,
    now: int,
) -> bytes:
    """Sign the holder's form; everything here commits together or not at all."""
    # Asked before it is used: another wallet may have claimed this record since the token was given.
    opened = {each["id"] for each in store_claims.claimable(db, slip["id"])}
    if record["id"] not in opened or not store_claims.use_slip(db, slip["id"], record["id"], at=now):
        raise OAuthError("credential_request_denied", "it was claimed, or its slip used, re-issued or locked")
    try:
        standing.require(db, record["credential_type"], now=now)
        form = _holder_form(db, parts, record, holder=proof.holder, now=now)
        issuance.store_form(db, record_id=record["id"], form=form, now=now, keep=True)
    except (IssuerError, VcError, CryptoError, BundleError) as error:
        logger.warning("claim refused record=%s code=%s", record["id"], error.code)
        raise OAuthError(
            "credential_request_denied", "the issuer cannot sign this certificate now"
        ) from error
    store_claims.add_token_form(
        db,
        {
            "token_hash": token_hash,
            "format": FORMAT,
            "record_id": record["id"],
            "holder": proof.holder,
            "form_id": form.id,
            "notification_hash": _hash(notification_id(parts, token_hash, record["id"])),
        },
    )
    store_claims.end_claims(db, slip["id"], record["id"], but_token=token_hash)
    write_audit(db, actor=WALLET, action="certificate claimed", subject=record["id"], now=now, form=form.id)
    return form.secured


def _holder_form(
    db: Database, parts: Parts, record: Mapping[str, Any], *, holder: str, now: int
) -> signing.SignedForm:
    (slot,) = signing.draw_slots(db, count=1, random=parts.random, now=now)
    return issuance.press(db, parts, now=now).sign(
        store_records.fields_of(record),
        credential_type=record["credential_type"],
        record_id=record["id"],
        slot=slot,
        holder=holder,
    )


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
