"""What a holder scans, opens or types, read into one of three things.

==========================================================  ===========================================
given                                                       read as
==========================================================  ===========================================
``7ZK0-1234-5678-9ABC-DEFG-HJK6``                           a claim code
``https://anywhere.example/O#7ZK0123456789ABCDEFGHJK6``     the claim code in the fragment
``openid-credential-offer://?credential_offer_uri=https…``  an offer to fetch
``openid-credential-offer://?credential_offer={…}``         an offer
``https://…?credential_offer_uri=…`` or ``credential_offer``  likewise (an https offer endpoint)
``{"credential_issuer": …}``                                an offer
==========================================================  ===========================================

The host of a claim link plays no part: the code's first group leads to the issuer through the registry. An
offer is untrusted text from anybody; here it is only read, by OpenID4VCI 1.0, section 4.1.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from crypto import strict_json
from crypto.errors import CryptoError
from vc import printed_code
from vc.errors import CodeMistypedError, WrongCodeKindError
from vc.printed_code import PrintedCode
from wallet.errors import UnreadableOfferError, UnwelcomeLinkError

OFFER_SCHEMES = {"openid-credential-offer", "haip-vci"}
PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
LONGEST_TEXT = 8 * 1024
LONGEST_CODE = 1024
MOST_CREDENTIALS = 16
LONGEST_PIN = 32


@dataclass(frozen=True)
class PinRule:
    """What kind of PIN the issuer asks for: ``numeric`` or ``text``, and its length where it is known."""

    input_mode: str = "numeric"
    length: int | None = None


@dataclass(frozen=True)
class Offer:
    """An offer with a pre-authorized code, as its issuer wrote it; nothing in it is verified.

    Attributes:
        unverified_issuer_url: The credential issuer identifier.
        configuration_ids: What is offered, by the names of the issuer's metadata.
        pre_authorized_code: The secret that, with the PIN, fetches it once.
        pin: What PIN is asked for, or None where none is.
        authorization_server: Which of the issuer's authorization servers to use, where it names one.
    """

    unverified_issuer_url: str
    configuration_ids: tuple[str, ...]
    pre_authorized_code: str
    pin: PinRule | None
    authorization_server: str | None = None


@dataclass(frozen=True)
class OfferReference:
    """An offer that has to be fetched from this address first.

    ``kinds`` are the types of the certificates in it, one for each, where the issuer said them beforehand: an
    offer itself names each kind once.
    """

    url: str
    kinds: tuple[str, ...] = ()


def read(text: str) -> PrintedCode | OfferReference | Offer:
    """Tell what somebody scanned, opened or typed.

    Raises:
        UnreadableOfferError: It is nothing that certificates are claimed with, or a claim code with a slip
            of the pen.
        UnwelcomeLinkError: It is a link that no claim slip carries.
    """
    given = text.strip()
    if len(given) > LONGEST_TEXT:
        raise UnwelcomeLinkError("this is longer than any claim link")
    if given.startswith("{"):
        return parse_offer(given.encode())
    if "://" not in given and ":" not in given:
        return _claim_code(given)
    try:
        parts = urlsplit(given)
    except ValueError as error:
        raise UnwelcomeLinkError("this is not a link") from error
    if parts.scheme.lower() in OFFER_SCHEMES:
        return _offer_in_query(parts.query)
    if parts.scheme.lower() not in {"https", "http"}:
        raise UnwelcomeLinkError("only claim links are opened here")
    if parts.fragment:
        return _claim_code(parts.fragment)
    return _offer_in_query(parts.query)


def parse_offer(data: bytes) -> Offer:
    """Read the JSON of an offer.

    Raises:
        UnreadableOfferError: It is not an offer that this wallet can take up.

    Spec: OpenID4VCI 1.0, section 4.1.1. Unknown members are ignored.
    """
    try:
        document = strict_json.parse(data, max_bytes=LONGEST_TEXT, max_depth=8)
    except CryptoError as error:
        raise UnreadableOfferError("the offer cannot be read") from error
    grant = _member(_member(document, "grants", dict), PRE_AUTHORIZED, dict)
    return Offer(
        unverified_issuer_url=_short(document, "credential_issuer"),
        configuration_ids=_configuration_ids(document),
        pre_authorized_code=_short(grant, "pre-authorized_code"),
        pin=_pin_rule(grant.get("tx_code")),
        authorization_server=_short(grant, "authorization_server")
        if "authorization_server" in grant
        else None,
    )


def _claim_code(text: str) -> PrintedCode:
    try:
        return printed_code.parse(text, purpose="claim")
    except WrongCodeKindError as error:
        raise UnreadableOfferError(
            "this is the code printed on a certificate; the claim code stands on the claim slip"
        ) from error
    except CodeMistypedError as error:
        raise UnreadableOfferError(
            "the claim code is mistyped: it has 24 characters in six groups"
        ) from error


def _offer_in_query(query: str) -> OfferReference | Offer:
    # RFC 6749, section 3.1: a parameter stands at most once.
    parameters = parse_qs(query, keep_blank_values=True)
    by_value = parameters.get("credential_offer", [])
    by_reference = parameters.get("credential_offer_uri", [])
    if len(by_value) + len(by_reference) != 1:
        raise UnreadableOfferError("the link carries no offer")
    if by_value:
        return parse_offer(by_value[0].encode())
    return OfferReference(by_reference[0])


def _member(document: Any, name: str, kind: type) -> Any:
    value = document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, kind):
        raise UnreadableOfferError(f"the offer has no usable {name}")
    return value


def _short(document: dict[str, Any], name: str) -> str:
    value: str = _member(document, name, str)
    if not 0 < len(value) <= LONGEST_CODE:
        raise UnreadableOfferError(f"the offer has no usable {name}")
    return value


def _configuration_ids(document: dict[str, Any]) -> tuple[str, ...]:
    found = _member(document, "credential_configuration_ids", list)
    if not 0 < len(found) <= MOST_CREDENTIALS or not all(isinstance(name, str) and name for name in found):
        raise UnreadableOfferError("the offer names no certificates, or too many")
    if len(set(found)) != len(found):
        raise UnreadableOfferError("the offer names a certificate twice")
    return tuple(found)


def _pin_rule(tx_code: Any) -> PinRule | None:
    if tx_code is None:
        return None
    if not isinstance(tx_code, dict):
        raise UnreadableOfferError("the offer's PIN rule cannot be read")
    mode, length = tx_code.get("input_mode", "numeric"), tx_code.get("length")
    # The issuer's own description of the PIN is not shown: it is unverified text beside a box for a secret.
    return PinRule(
        input_mode=mode if mode in {"numeric", "text"} else "text",
        length=length if isinstance(length, int) and 0 < length <= LONGEST_PIN else None,
    )
