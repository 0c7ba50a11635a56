"""Who asks for what: from a link to a request object that may be shown to the holder.

In this order, and each step only after the one before: the client id is a DID that the registry knows as an
issuer of the consortium; the request object lies at the address that the registry holds for it; it is
signed with a key of the DID document whose digest the registry holds; it is made for a wallet, for now, and
is to be answered at that same address; its query can be read. Redirects are followed nowhere.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from crypto.errors import CryptoError
from crypto.multibase import base64url_encode
from vc import dcql, openid4vp
from vc.dcql import Query
from vc.errors import PresentationRequestError, PresentationRequestExpiredError, QueryError, VcError
from vc.openid4vp import AuthorizationRequest
from wallet import issuers
from wallet.answering.links import RequestLink, read_link
from wallet.errors import (
    RequestOverError,
    RequestRefusedError,
    UnknownIssuerError,
    UnknownVerifierError,
    VerifierUnreachableError,
)
from wallet.issuers import KnownIssuer
from wallet.parts import Parts
from web.errors import FetchError, FetchNotAllowedError, FetchRedirectError

REQUEST_BYTES = 64 * 1024
NONCE_BYTES = 32
WALLET_METADATA = json.dumps({"vp_formats_supported": dict(openid4vp.FORMATS)}, separators=(",", ":"))


@dataclass(frozen=True)
class Asked:
    """A request that may be answered, as the holder sees it.

    Attributes:
        did: Who asks.
        names: Their names, from the registry and from nowhere else.
        url: Their address in the registry.
        request: What has to come back, and where.
    """

    did: str
    names: dict[str, str]
    url: str
    request: AuthorizationRequest

    @property
    def query(self) -> Query:
        """What is asked for; it was read once already, when the request came."""
        return dcql.parse(self.request.dcql_query)

    @property
    def expires(self) -> datetime:
        """When the request ends."""
        return self.request.expires

    def to_json(self) -> dict[str, Any]:
        """Give the request as JSON, to be sealed."""
        request = self.request
        return {
            "did": self.did,
            "names": self.names,
            "url": self.url,
            "client_id": request.client_id,
            "response_uri": request.response_uri,
            "nonce": request.nonce,
            "state": request.state,
            "dcql_query": request.dcql_query,
            "expires": int(request.expires.timestamp()),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Asked":
        """Read what :meth:`to_json` gave."""
        request = AuthorizationRequest(
            client_id=value["client_id"],
            response_uri=value["response_uri"],
            nonce=value["nonce"],
            state=value["state"],
            dcql_query=value["dcql_query"],
            expires=datetime.fromtimestamp(value["expires"], UTC),
        )
        return cls(value["did"], value["names"], value["url"], request)


def look_up(text: str, *, parts: Parts, now: datetime, expected: str | None = None) -> Asked:
    """Find out who asks for what.

    Args:
        text: A link of a request.
        parts: The collaborators.
        now: The time.
        expected: The DID of who has to be asking, where the wallet itself started this.

    Raises:
        UnreadableRequestError: It is no link of a request.
        UnknownVerifierError: The registry does not know who asks; nothing was fetched.
        RequestRefusedError: The request breaks a rule; nobody was answered.
        RequestOverError: There is no such request any more.
        VerifierUnreachableError: Nothing that counts came back.
        CannotCheckError: The registry could not be asked.
    """
    link = read_link(text)
    did = _did(link)
    if expected is not None and did != expected:
        raise RequestRefusedError("the request is of another body than the one that was to ask")
    known = _known(did, parts=parts, now=now)
    url = known.record.claims_url
    if not link.request_uri.startswith(url + "/"):
        raise RequestRefusedError("request_uri is not an address of the client")
    wallet_nonce = base64url_encode(parts.random(NONCE_BYTES)) if link.method == "post" else None
    jwt = _fetch(link.request_uri, wallet_nonce=wallet_nonce, parts=parts)
    request = _read(jwt, link, known, wallet_nonce=wallet_nonce, parts=parts, now=now)
    try:
        dcql.parse(request.dcql_query)
    except QueryError as error:
        raise RequestRefusedError(str(error)) from error
    return Asked(did, dict(known.record.names), url, request)


def _did(link: RequestLink) -> str:
    # OpenID4VP, section 5.9.1: the prefix is the text before the first colon; who has none would have to be
    # registered with this wallet beforehand, and nobody is.
    prefix, _, did = link.client_id.partition(":")
    if prefix != openid4vp.CLIENT_ID_PREFIX or not did.startswith("did:"):
        raise RequestRefusedError("the client id prefix is not supported", error="invalid_client")
    return did


def _known(did: str, *, parts: Parts, now: datetime) -> KnownIssuer:
    try:
        known = issuers.by_did(did, parts=parts, now=now)
    except UnknownIssuerError as error:
        raise UnknownVerifierError("the consortium's registry does not know who asks") from error
    moment = int(now.timestamp())
    if known.record.closed(moment) or known.record.suspended(moment):
        raise UnknownVerifierError("the consortium's registry has suspended who asks")
    return known


def _fetch(url: str, *, wallet_nonce: str | None, parts: Parts) -> str:
    """Fetch a request object; where POST is offered, with a nonce that a replayed one cannot repeat.

    Nothing else of the wallet is told but what every wallet of this kind can read.

    Spec: OpenID4VP 1.0, section 5.10.
    """
    accept = openid4vp.REQUEST_MEDIA_TYPE
    try:
        if wallet_nonce is None:
            answer = parts.fetcher.get(url, max_bytes=REQUEST_BYTES, accept=accept)
        else:
            form = {"wallet_nonce": wallet_nonce, "wallet_metadata": WALLET_METADATA}
            answer = parts.fetcher.post(
                url,
                body=urlencode(form).encode(),
                content_type="application/x-www-form-urlencoded",
                accept=accept,
                max_bytes=REQUEST_BYTES,
            )
    except (FetchNotAllowedError, FetchRedirectError) as error:
        raise RequestRefusedError("request_uri is not an address that is fetched") from error
    except FetchError as error:
        raise VerifierUnreachableError("who asks does not answer") from error
    if answer.status in {404, 410}:
        raise RequestOverError("there is no such request any more")
    if answer.status != 200 or answer.media_type != openid4vp.REQUEST_MEDIA_TYPE:
        raise VerifierUnreachableError(f"who asks answered {answer.status}, and not with a request")
    try:
        return answer.body.decode("ascii")
    except UnicodeDecodeError as error:
        raise RequestRefusedError("the request object is not a compact JWT") from error


def _read(
    jwt: str,
    link: RequestLink,
    known: KnownIssuer,
    *,
    wallet_nonce: str | None,
    parts: Parts,
    now: datetime,
) -> AuthorizationRequest:
    document = issuers.fetch_document(known.record, parts=parts, now=now)
    try:
        resolve = issuers.KeyRing(known.record.did, document, now=now)
        return openid4vp.read_request(
            jwt,
            client_id=link.client_id,
            base_url=known.record.claims_url,
            resolve=resolve,
            now=now,
            wallet_nonce=wallet_nonce,
        )
    except PresentationRequestExpiredError as error:
        raise RequestOverError(str(error)) from error
    except PresentationRequestError as error:
        raise RequestRefusedError(str(error), error=error.error) from error
    except (VcError, CryptoError) as error:
        raise RequestRefusedError("the client's public keys cannot be read") from error
