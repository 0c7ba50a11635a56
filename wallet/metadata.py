"""An issuer's description of itself: OpenID4VCI issuer metadata and OAuth server metadata.

Both are untrusted until they fit one another, the offer, and the issuer that the registry knows. This
wallet is stricter than the standard in one thing: every endpoint has to lie at the credential issuer's own
origin. So the pre-authorized code and the PIN go to the body whose name the holder saw, and to nobody else
(RFC 9207's mix-up).

Spec: OpenID4VCI 1.0, sections 4.1, 12.2 and 12.3; RFC 8414.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from crypto import strict_json
from crypto.errors import CryptoError
from wallet.errors import IssuerMetadataError, IssuerUnreachableError, OfferExpiredError
from wallet.offers import PRE_AUTHORIZED, Offer, parse_offer
from web.errors import FetchError, FetchLimitError
from web.fetcher import Fetch, Response

OFFER_BYTES = 8 * 1024
METADATA_BYTES = 256 * 1024
JSON = "application/json"
FORMAT = "ldp_vc"
DETAILS_TYPE = "openid_credential"
"""The one type of ``authorization_details`` that OpenID4VCI defines."""
PROOF_ALGORITHMS = ("EdDSA", "Ed25519")
"""Names under which an issuer may accept proofs of an Ed25519 key, the common one first."""


@dataclass(frozen=True)
class Configuration:
    """One kind of credential that an issuer offers.

    Attributes:
        configuration_id: Its name in the issuer's metadata.
        types: The members of ``type`` that the credential will have.
        names: What the issuer calls it, by locale; shown only where our own catalogue has no name.
        proof_algorithm: The JOSE name under which the issuer accepts our key's proof.
    """

    configuration_id: str
    types: tuple[str, ...]
    names: dict[str, str]
    proof_algorithm: str


@dataclass(frozen=True)
class IssuerMetadata:
    """Where to send what, all of it at one origin, and what the offered configurations are.

    ``names_credentials`` tells whether the server, when asked, names each credential of an offer by itself:
    several may be of one configuration.
    """

    credential_issuer: str
    token_endpoint: str
    nonce_endpoint: str
    credential_endpoint: str
    notification_endpoint: str | None
    configurations: tuple[Configuration, ...]
    names_credentials: bool = False


def fetch_offer(url: str, *, fetcher: Fetch) -> Offer:
    """Fetch an offer that was given by reference.

    Raises:
        OfferExpiredError: The issuer has no such offer any more.
        IssuerUnreachableError: Nothing that counts came back.
        UnreadableOfferError: What came back is no offer.
    """
    answer = _get(url, fetcher=fetcher, max_bytes=OFFER_BYTES)
    if answer.status in {404, 410}:
        raise OfferExpiredError("the issuer has no such offer any more: it was used, or its time is over")
    return parse_offer(_json_body(answer))


def fetch_metadata(offer: Offer, *, fetcher: Fetch) -> IssuerMetadata:
    """Fetch the metadata that an offer points at, and check that all of it fits.

    Raises:
        IssuerMetadataError: An identifier differs, an endpoint lies elsewhere, or the offer names what is
            not there.
        IssuerUnreachableError: Nothing that counts came back.
    """
    issuer_url = offer.unverified_issuer_url
    document = _document(_well_known(issuer_url, "openid-credential-issuer"), fetcher=fetcher)
    if document.get("credential_issuer") != issuer_url:
        raise IssuerMetadataError("the issuer's metadata names another issuer")
    server = _authorization_server(document, offer)
    server_document = _document(_well_known(server, "oauth-authorization-server"), fetcher=fetcher)
    if server_document.get("issuer") != server:
        raise IssuerMetadataError("the authorization server's metadata names another server")
    if PRE_AUTHORIZED not in _list(server_document, "grant_types_supported", default=[PRE_AUTHORIZED]):
        raise IssuerMetadataError("the authorization server takes no pre-authorized codes")
    return IssuerMetadata(
        credential_issuer=issuer_url,
        token_endpoint=_endpoint(server_document, "token_endpoint", issuer_url),
        nonce_endpoint=_endpoint(document, "nonce_endpoint", issuer_url),
        credential_endpoint=_endpoint(document, "credential_endpoint", issuer_url),
        notification_endpoint=_endpoint(document, "notification_endpoint", issuer_url)
        if "notification_endpoint" in document
        else None,
        configurations=tuple(_configuration(document, name) for name in offer.configuration_ids),
        names_credentials=DETAILS_TYPE
        in _list(server_document, "authorization_details_types_supported", default=[]),
    )


def fetch_nonce_endpoint(issuer_url: str, *, fetcher: Fetch) -> str:
    """Find out where a known issuer gives nonces.

    Args:
        issuer_url: The credential issuer identifier that the registry holds.
        fetcher: The one way to ask another service.

    Raises:
        IssuerMetadataError: The metadata is another issuer's, or names an endpoint elsewhere.
        IssuerUnreachableError: Nothing that counts came back.
    """
    document = _document(_well_known(issuer_url, "openid-credential-issuer"), fetcher=fetcher)
    if document.get("credential_issuer") != issuer_url:
        raise IssuerMetadataError("the issuer's metadata names another issuer")
    return _endpoint(document, "nonce_endpoint", issuer_url)


def origin(url: str) -> str:
    """Give scheme, host and port of a URL.

    Raises:
        IssuerMetadataError: It is not a URL with a host.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise IssuerMetadataError("an address in the offer cannot be read") from error
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise IssuerMetadataError("an address in the offer is not a web address")
    return f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")


def _well_known(identifier: str, name: str) -> str:
    # OpenID4VCI, section 12.2.2: the well-known string stands between host and path.
    parts = urlsplit(identifier)
    if parts.query or parts.fragment:
        raise IssuerMetadataError("an issuer's identifier has neither query nor fragment")
    return f"{origin(identifier)}/.well-known/{name}{parts.path.rstrip('/')}"


def _authorization_server(document: dict[str, Any], offer: Offer) -> str:
    servers = _list(document, "authorization_servers", default=[offer.unverified_issuer_url])
    chosen = offer.authorization_server or (servers[0] if servers else None)
    if chosen not in servers or not isinstance(chosen, str):
        raise IssuerMetadataError("the offer names an authorization server that the issuer does not")
    if origin(chosen) != origin(offer.unverified_issuer_url):
        raise IssuerMetadataError("the authorization server belongs to another party")
    return chosen


def _endpoint(document: dict[str, Any], name: str, issuer_url: str) -> str:
    url = document.get(name)
    if not isinstance(url, str):
        raise IssuerMetadataError(f"the metadata has no {name}")
    if origin(url) != origin(issuer_url):
        raise IssuerMetadataError(f"the {name} belongs to another party")
    return url


def _configuration(document: dict[str, Any], name: str) -> Configuration:
    supported = document.get("credential_configurations_supported")
    entry = supported.get(name) if isinstance(supported, dict) else None
    if not isinstance(entry, dict):
        raise IssuerMetadataError("the offer names a certificate that the issuer's metadata lacks")
    if entry.get("format") != FORMAT:
        raise IssuerMetadataError("the certificate is offered in a format that this wallet does not read")
    definition = entry.get("credential_definition")
    types = _list(definition, "type") if isinstance(definition, dict) else []
    if not types or not all(isinstance(item, str) for item in types):
        raise IssuerMetadataError("the issuer's metadata does not say what type of certificate it offers")
    return Configuration(name, tuple(types), _names(entry), _proof_algorithm(entry))


def _proof_algorithm(entry: dict[str, Any]) -> str:
    methods = _list(entry, "cryptographic_binding_methods_supported")
    if "did:key" not in methods:
        raise IssuerMetadataError(
            "the issuer does not bind this certificate to the keys that this wallet has"
        )
    proofs = entry.get("proof_types_supported")
    jwt = proofs.get("jwt") if isinstance(proofs, dict) else None
    accepted = _list(jwt, "proof_signing_alg_values_supported") if isinstance(jwt, dict) else []
    for algorithm in PROOF_ALGORITHMS:
        if algorithm in accepted:
            return algorithm
    raise IssuerMetadataError("the issuer accepts no proof that this wallet can make")


def _names(entry: dict[str, Any]) -> dict[str, str]:
    described = entry.get("credential_metadata")
    display = _list(described, "display") if isinstance(described, dict) else []
    return {
        item.get("locale", ""): item["name"][:100]
        for item in display[:20]
        if isinstance(item, dict)
        and isinstance(item.get("name"), str)
        and isinstance(item.get("locale", ""), str)
    }


def _list(document: dict[str, Any], name: str, *, default: list[Any] | None = None) -> list[Any]:
    value = document.get(name, default if default is not None else [])
    if not isinstance(value, list):
        raise IssuerMetadataError(f"the metadata's {name} is not a list")
    return value


def _document(url: str, *, fetcher: Fetch) -> dict[str, Any]:
    answer = _get(url, fetcher=fetcher, max_bytes=METADATA_BYTES)
    try:
        document = strict_json.parse(_json_body(answer), max_bytes=METADATA_BYTES)
    except CryptoError as error:
        raise IssuerMetadataError("the issuer's metadata cannot be read") from error
    if not isinstance(document, dict):
        raise IssuerMetadataError("the issuer's metadata is not an object")
    return document


def _get(url: str, *, fetcher: Fetch, max_bytes: int) -> Response:
    try:
        return fetcher.get(url, max_bytes=max_bytes, accept=JSON)
    except FetchLimitError:
        raise
    except FetchError as error:
        raise IssuerUnreachableError("the issuer does not answer") from error


def _json_body(answer: Response) -> bytes:
    if answer.status != 200 or answer.media_type != JSON:
        raise IssuerUnreachableError(f"the issuer answered {answer.status}, not what was asked for")
    return answer.body
