"""Where an enterprise's service asks and answers: the drafts of this college.

    POST /cosigning/drafts/<id>               {"secret"}                  -> {"draft", "state", "credential"?}
    POST /cosigning/drafts/<id>/endorsement   {"secret", "endorsement"}   -> {"draft", "state"}
    POST /cosigning/drafts/<id>/return        {"secret", "reason"}        -> {"draft", "state"}

Whoever has a draft's link may read and decide it; an unknown id and a wrong secret look alike.
"""

from typing import Any

from flask import Blueprint, Response, current_app, json, request

from crypto import strict_json
from issuer.clock import now
from issuer.cosigning import drafting
from issuer.cosigning.network import Network
from issuer.parts import Parts
from web.database import current
from web.errors import UnprocessableError, UnsupportedMediaTypeError
from web.rate import RateLimiter, client_key

enterprises = Blueprint("cosigning_api", __name__, url_prefix="/cosigning/drafts")

RULE = "60/minute"
_MOST_SECRET_CHARS = 100


@enterprises.post("/<draft_id>")
def show(draft_id: str) -> Response:
    """Show a draft to the service of whoever has its link."""
    message = _message("secret")
    return _json(drafting.show(current(), _parts(), draft_id=draft_id, secret=message["secret"]))


@enterprises.post("/<draft_id>/endorsement")
def receive(draft_id: str) -> Response:
    """Take an endorsement, once it checks."""
    message = _message("secret")
    if not isinstance(message.get("endorsement"), dict):
        raise UnprocessableError("endorsement is missing")
    state = drafting.receive(
        current(),
        _parts(),
        network(),
        draft_id=draft_id,
        secret=message["secret"],
        endorsement=message["endorsement"],
        now=now(),
    )
    return _json({"draft": draft_id, "state": state})


@enterprises.post("/<draft_id>/return")
def take_back(draft_id: str) -> Response:
    """Take a draft back that the enterprise does not endorse."""
    message = _message("secret", "reason")
    state = drafting.take_back(
        current(), draft_id=draft_id, secret=message["secret"], note=message["reason"], now=now()
    )
    return _json({"draft": draft_id, "state": state})


def network() -> Network:
    """Return the registry and the fetcher of this application."""
    make = current_app.extensions["issuer.cosigning"]
    found: Network = make(_parts())
    return found


def _message(*texts: str) -> dict[str, Any]:
    limiter: RateLimiter = current_app.extensions["issuer.limiter"]
    limiter.hit(RULE, "cosigning", client_key(request.remote_addr))
    if request.mimetype != "application/json":
        raise UnsupportedMediaTypeError("the body has to be application/json")
    value = strict_json.parse(request.get_data(cache=False))
    if not isinstance(value, dict):
        raise UnprocessableError("the body has to be a JSON object")
    for name in texts:
        if not isinstance(value.get(name), str):
            raise UnprocessableError(f"{name} is missing")
    if len(value["secret"]) > _MOST_SECRET_CHARS:
        raise UnprocessableError("secret is too long")
    return value


def _parts() -> Parts:
    parts: Parts = current_app.extensions["issuer"]
    return parts


def _json(document: dict[str, Any]) -> Response:
    return Response(
        json.dumps(document), content_type="application/json", headers={"Cache-Control": "no-store"}
    )
