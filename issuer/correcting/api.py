"""Where a wallet asks about a certificate that it holds.

    POST /corrections         {"proof"}  -> {"state", "answer"}
    POST /corrections/state   {"proof"}  -> {"state", "answer", "replacement"}
    POST /replacements        {"proof"}  -> {"credential_offer_uri", …}

The proof is ``vc.holder_requests``'; its nonce comes from the nonce endpoint of OpenID4VCI.
"""

from typing import Any

from flask import Blueprint, Response, current_app, json, request

from crypto import strict_json
from issuer.clock import now
from issuer.correcting import requests
from issuer.parts import Parts
from schemas.catalogue import CATALOGUE
from web.database import current
from web.errors import UnprocessableError, UnsupportedMediaTypeError
from web.rate import RateLimiter, client_key

holders = Blueprint("correcting_api", __name__)

RULE = "20/minute"


@holders.post("/corrections")
def ask() -> Response:
    """Take a holder's request for a correction."""
    return _json(requests.ask(current(), _parts(), proof=_proof(), now=now()), status=201)


@holders.post("/corrections/state")
def look() -> Response:
    """Tell what became of a request."""
    return _json(requests.look(current(), _parts(), proof=_proof(), now=now()))


@holders.post("/replacements")
def replace() -> Response:
    """Offer the record that took a certificate's place."""
    minted = requests.replace(current(), _parts(), proof=_proof(), now=now())
    entries = [CATALOGUE[name] for name in minted.credential_types]
    return _json(
        {
            "credential_offer_uri": minted.uri,
            "credential_issuer": _parts().settings.url,
            "credentials": [{"type": entry.name, "name": dict(entry.display)} for entry in entries],
            "expires_in": minted.expires_in,
        },
        status=201,
    )


def _proof() -> object:
    limiter: RateLimiter = current_app.extensions["issuer.limiter"]
    limiter.hit(RULE, "corrections", client_key(request.remote_addr))
    if request.mimetype != "application/json":
        raise UnsupportedMediaTypeError("the body has to be application/json")
    value = strict_json.parse(request.get_data(cache=False))
    if not isinstance(value, dict) or "proof" not in value:
        raise UnprocessableError("the body has to be a JSON object with a proof")
    return value["proof"]


def _json(document: dict[str, Any], *, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(json.dumps(document), status, content_type="application/json", headers=headers)


def _parts() -> Parts:
    parts: Parts = current_app.extensions["issuer"]
    return parts
