"""What other members' services ask of this one about agreements.

    POST /agreements/offers               a text to be signed, or to be run dry
    GET  /agreements/offers/<digest>      is this institution handing that text round, and until when?
    POST /agreements/<digest>/signatures  a party's signature under a text that this institution hands round

Views parse and answer; ``offering`` and ``signing`` decide. Nobody signs in: an offer counts once the
proposer's own address confirms it, a signature by the registry's key.
"""

from typing import Any

from flask import Blueprint, Response, current_app, json, request

from crypto import strict_json
from issuer.agreements import offering, signing, texts
from issuer.clock import now
from issuer.errors import ForbiddenError
from issuer.institution import load
from issuer.parts import Parts
from web.database import current
from web.errors import UnprocessableError, UnsupportedMediaTypeError
from web.rate import RateLimiter, client_key

others = Blueprint("agreements_of_others", __name__, url_prefix="/agreements")

OFFER_RULE, ASK_RULE, SIGNATURE_RULE = "20/minute", "120/minute", "30/minute"
_JSON = "application/json"


@others.post("/offers")
def offer() -> Response:
    """Take in a text that its proposer hands round."""
    _limit(OFFER_RULE, "offers")
    text = offering.receive(current(), _body(), now=now())
    return _answer({"digest": text.digest.hex(), "state": text.state}, status=202)


@others.get("/offers/<digest>")
def handed_round(digest: str) -> Response:
    """Say whether this institution hands a text round, to those who know its digest."""
    _limit(ASK_RULE, "asked")
    return _answer(offering.handed_round(current(), texts.read_digest(digest)))


@others.post("/<digest>/signatures")
def signature(digest: str) -> Response:
    """Keep a party's signature."""
    _limit(SIGNATURE_RULE, "signatures")
    db, parts = current(), _parts()
    known = texts.load(db, texts.read_digest(digest))
    if known.proposer != load(db).did:
        raise ForbiddenError("signatures are gathered by the party that hands the text round")
    new = signing.receive(db, parts, digest=known.digest, signature=signing.read(_body()), now=now())
    return _answer({"digest": digest, "state": "signed"}, status=201 if new else 200)


def _body() -> dict[str, Any]:
    if request.mimetype != _JSON:
        raise UnsupportedMediaTypeError("the body has to be application/json")
    value = strict_json.parse(request.get_data(cache=False))
    if not isinstance(value, dict):
        raise UnprocessableError("the body has to be a JSON object")
    return value


def _answer(document: dict[str, Any], *, status: int = 200) -> Response:
    return Response(json.dumps(document), status, content_type=_JSON, headers={"Cache-Control": "no-store"})


def _limit(rule: str, name: str) -> None:
    limiter: RateLimiter = current_app.extensions["issuer.limiter"]
    limiter.hit(rule, f"agreements-{name}", client_key(request.remote_addr))


def _parts() -> Parts:
    parts: Parts = current_app.extensions["issuer"]
    return parts
