"""``POST /api/verify`` and ``POST /api/recognition-report``: the verifier for programs.

What is asked with is one of: a credential, a presentation, an opened share, a printed code. Once the front
door is passed the answer is 200 with a report, whatever the verdict; before it, a problem document.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any

from flask import Blueprint, Response, current_app, request

from vc import shares
from verifier import answering, report
from verifier.answering import Answer, Collaborators
from verifier.errors import UnreadableRequestError
from verifier.recognition_report import Verifier, recognition_report
from web import limits
from web.app import body_limit
from web.bodies import json_body
from web.errors import PayloadTooLargeError
from web.rate import RateLimiter, client_key

MATCHES = "20/minute"
"""How often one client may compare a name with a paper's."""

MAX_BODY_BYTES = shares.MAX_PACKAGE_BYTES + 64 * 1024
"""A share's package with what stands around it; anything else has to keep to the usual limit."""

blueprint = Blueprint("api", __name__)


@dataclass(frozen=True)
class Desk:
    """What the requests of one process share.

    Attributes:
        collaborators: Ledger, fetcher and memory.
        limiter: Counts comparisons of names.
        clock: Tells the time, in UTC.
    """

    collaborators: Collaborators
    limiter: RateLimiter
    clock: Callable[[], datetime]


@blueprint.post("/api/verify")
@body_limit(MAX_BODY_BYTES)
def verify() -> Response:
    """Verify what the body holds and answer with the report."""
    return _json(report.report(answer(posted())))


@blueprint.post("/api/recognition-report")
@body_limit(MAX_BODY_BYTES)
def file_report() -> Response:
    """Verify what the body holds and answer with the report that a recognising body files."""
    return _json(recognition_report(answer(posted()), verifier=verifier()))


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Describe the endpoint, with this service's own address."""
    text = resources.files("verifier").joinpath("openapi.json").read_text(encoding="utf-8")
    return _json({**json.loads(text), "servers": [{"url": current_app.config["PUBLIC_URL"]}]})


def posted() -> Mapping[str, Any]:
    """Return the request's JSON object, parsed strictly.

    Raises:
        PayloadTooLargeError: It is larger than the usual limit and no share.
        UnreadableRequestError: It is no object.
    """
    large = (request.content_length or len(request.get_data())) > limits.JSON_BODY_BYTES
    value = (
        json_body(
            max_bytes=MAX_BODY_BYTES,
            max_values=shares.MAX_PACKAGE_VALUES,
            max_string_bytes=shares.MAX_LIST_CHARACTERS,
        )
        if large
        else json_body()
    )
    if not isinstance(value, Mapping):
        raise UnreadableRequestError("the body has to be a JSON object")
    if large and not {"share", "package"} & value.keys():
        raise PayloadTooLargeError(f"at most {limits.JSON_BODY_BYTES} bytes")
    return value


def answer(body: Mapping[str, Any]) -> Answer:
    """Answer the question that the body asks.

    Raises:
        UnreadableRequestError: It asks none, or two.
    """
    asked = [
        name for name in ("verifiableCredential", "verifiablePresentation", "share", "code") if name in body
    ]
    if "@context" in body:
        return answer_document(body)
    if len(asked) != 1:
        raise UnreadableRequestError("give one of verifiableCredential, verifiablePresentation, share, code")
    value = body[asked[0]]
    if asked[0] == "code":
        return answer_code(value, body.get("name"))
    if not isinstance(value, Mapping):
        raise UnreadableRequestError(f"{asked[0]} has to be an object")
    if asked[0] == "share":
        return answer_share(value.get("id"), value.get("package"))
    return answer_document(value)


def answer_document(document: Mapping[str, Any]) -> Answer:
    """Verify a credential or presentation."""
    now = desk().clock()
    return answering.answer_document(document, collaborators=desk().collaborators, now=now)


def answer_share(share_id: Any, package: Any) -> Answer:
    """Verify an opened share."""
    return answering.answer_share(
        shares.parse_package(package),
        share_id=shares.check_id(share_id),
        collaborators=desk().collaborators,
        now=desk().clock(),
    )


def answer_code(code: Any, name: Any) -> Answer:
    """Verify what a printed code stands for; comparing a name is limited per client."""
    if not isinstance(code, str) or not isinstance(name, str | None):
        raise UnreadableRequestError("code and name have to be text")
    typed = limited_name(name)
    return answering.answer_code(code, collaborators=desk().collaborators, now=desk().clock(), name=typed)


def limited_name(name: str | None) -> str | None:
    """Return the typed name, None where none was typed.

    Raises:
        RateLimitedError: This client has compared too many.
    """
    if not name or not name.strip():
        return None
    desk().limiter.hit(MATCHES, "match", client_key(request.remote_addr))
    return name


def verifier() -> Verifier:
    """Return who answers here, for reports."""
    known = desk().collaborators
    return Verifier(origin=known.origin, chain_id=known.ledger.chain_id, node_url=known.node_url)


def desk() -> Desk:
    """Return what the requests of this process share."""
    return current_app.extensions["verifier"]


def _json(document: Mapping[str, Any]) -> Response:
    return Response(json.dumps(document, ensure_ascii=False), content_type="application/json")
