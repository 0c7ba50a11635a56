"""The credit bank's endpoints for wallets: apply, the request, the presentation, the state, the account.

Who asks about an application shows two secrets, each in a header of its own:

    Authorization: Bearer <token>      from the answer to ``POST /bank/applications``
    Response-Code: <response_code>     from the ``redirect_uri`` that answered the presentation

The token alone is told the bare state. With a wrong code, or without one where it is needed (the account, an
application for the same account), the answer is 403 ``RESPONSE_CODE_REQUIRED``.

Views parse and answer; ``applications`` decides. Where this institution is no credit bank they answer 404.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, json, request

from issuer.bank import applications, statements
from issuer.bank.desk import Desk, desk_of
from issuer.bank.errors import PresentationRefusedError
from issuer.clock import now
from issuer.errors import IssuerError, UnknownError
from issuer.parts import Parts
from vc import openid4vp
from web.bodies import json_body
from web.database import current
from web.errors import OAuthError, ParameterPollutionError, UnsupportedMediaTypeError
from web.rate import RateLimiter, client_key

wallets = Blueprint("bank_protocol", __name__, url_prefix="/bank")

APPLY_RULE, REQUEST_RULE, RESPONSE_RULE, STATE_RULE = "30/minute", "120/minute", "30/minute", "240/minute"
CODE_RULE = "60/minute"
"""How often one client may show a response code for one application, right or wrong."""
CODE_HEADER = "Response-Code"
_MOST_TOKEN_CHARS = 128
_MOST_FIELDS = 16


@wallets.post("/applications")
def apply() -> Response:
    """Open an application and say where its request is."""
    _limit(APPLY_RULE, "bank-applications")
    opened = applications.begin(
        current(),
        _parts(),
        desk(),
        wish=applications.read_wish(json_body(max_bytes=16 * 1024)),
        account_id=_account() if "Authorization" in request.headers else None,
        now=now(),
    )
    return _json(
        {
            "application": opened.id,
            "token": opened.token,
            "client_id": opened.client_id,
            "request_uri": opened.request_uri,
            "expires_in": opened.expires_in,
        },
        status=201,
    )


@wallets.get("/requests/<request_id>")
def request_object(request_id: str) -> Response:
    """Hand out the signed request. Spec: OpenID4VP 1.0, section 5.10."""
    _limit(REQUEST_RULE, "bank-requests")
    jwt = applications.request_object(current(), _parts(), request_id=request_id[:128], now=now())
    return Response(jwt, content_type=openid4vp.REQUEST_MEDIA_TYPE, headers={"Cache-Control": "no-store"})


@wallets.post("/responses")
def respond() -> Response:
    """Take a presentation or a refusal; who presented is told the response code.

    Spec: OpenID4VP 1.0, sections 8.2 and 13.3.
    """
    _limit(RESPONSE_RULE, "bank-responses")
    try:
        code = applications.respond(current(), _parts(), desk(), form=_form(), now=now())
    except (PresentationRefusedError, UnknownError) as error:
        return _refused(error)
    if code is None:
        return _json({})
    return _json({"redirect_uri": f"{_parts().settings.url}/bank/answered?response_code={code}"})


@wallets.get("/applications/<application_id>")
def state(application_id: str) -> Response:
    """Say what became of an application, and offer its CreditRecords to the wallet that answered."""
    _limit(STATE_RULE, "bank-state")
    found = applications.of_token(current(), application_id=application_id[:64], token=_token())
    code = _code(found)
    if code is None:
        return _json(applications.bare_state(found, now=now()))
    applications.check_code(_parts(), found, code)
    return _json(applications.told(current(), _parts(), found, now=now()))


@wallets.get("/account")
def account() -> Response:
    """Return the statement of the account in which the caller's application was registered."""
    _limit(STATE_RULE, "bank-state")
    return _json(statements.statement(current(), _account()))


def desk() -> Desk:
    """Return whom the bank asks; made at the first use, because a home may have no pin yet."""
    found: Desk | None = current_app.extensions.get("issuer.bank")
    if found is None:
        found = current_app.extensions["issuer.bank"] = desk_of(_parts())
    return found


def _form() -> dict[str, str]:
    if request.mimetype != "application/x-www-form-urlencoded":
        raise UnsupportedMediaTypeError("the body has to be form-encoded")
    if len(request.form) > _MOST_FIELDS:
        raise ParameterPollutionError("too many parameters")
    for name in request.form:
        if len(request.form.getlist(name)) > 1:
            raise ParameterPollutionError(f"{name[:32]} is given more than once")
    return {name: request.form[name] for name in request.form}


def _refused(error: IssuerError) -> Response:
    # Section 8.2 names no error format; OAuth's is what wallets read, with our own code beside it.
    described = str(error).encode("ascii", "replace").decode().replace('"', "'").replace("\\", "/")
    return _json({"error": "invalid_request", "error_description": described, "code": error.code}, status=400)


def _token() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= _MOST_TOKEN_CHARS:
        challenge = {"WWW-Authenticate": "Bearer"}
        raise OAuthError("invalid_token", "a bearer token is needed", status=401, headers=challenge)
    return token


def _code(application: Mapping[str, Any]) -> str | None:
    """Return the response code that came with a token; each one counts, so that trying them stays slow."""
    given = request.headers.get(CODE_HEADER)
    if given is not None:
        limiter: RateLimiter = current_app.extensions["issuer.limiter"]
        limiter.hit(CODE_RULE, "bank-codes", application["id"], client_key(request.remote_addr))
    return given


def _account() -> str:
    """Return the account of the holder who asks, by the secrets of one application that was registered."""
    found = applications.registered_of_token(current(), _token())
    applications.check_code(_parts(), found, _code(found))
    return str(found["account_id"])


def _json(document: dict[str, Any], *, status: int = 200) -> Response:
    return Response(
        json.dumps(document, ensure_ascii=False),
        status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _limit(rule: str, name: str) -> None:
    limiter: RateLimiter = current_app.extensions["issuer.limiter"]
    limiter.hit(rule, name, client_key(request.remote_addr))


def _parts() -> Parts:
    parts: Parts = current_app.extensions["issuer"]
    return parts
