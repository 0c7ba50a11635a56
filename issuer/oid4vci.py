"""OpenID4VCI 1.0 for wallets: metadata, offers, token, nonce, credential, notification.

    GET  /.well-known/openid-credential-issuer      POST /oauth/token
    GET  /.well-known/oauth-authorization-server    POST /oauth/nonce
    POST /claims/offers  (a claim code)             POST /oauth/credential
    GET  /offers/<id>    (by reference)             POST /oauth/notification

Views parse and answer; ``claiming``, ``offers`` and ``key_proofs`` decide. Only the pre-authorized code is
offered, so the metadata names no authorization endpoint; response_types_supported may then be absent
(OpenID4VCI 1.0, section 3.5). Every address is the configured base URL with a path, never the Host header.
"""

from typing import Any

from flask import Blueprint, Response, current_app, json, request

from crypto import jws, strict_json
from crypto.errors import CryptoError
from issuer import claiming, institution, key_proofs, offers, standing
from issuer.clock import now
from issuer.errors import SlipUsedError
from issuer.parts import Parts
from schemas.catalogue import CATALOGUE, CredentialType
from web import problems
from web.database import current
from web.errors import OAuthError, UnprocessableError, UnsupportedMediaTypeError
from web.rate import RateLimiter, client_key

wallets = Blueprint("wallets", __name__)

JSON = "application/json"
OFFER_RULE, TOKEN_RULE, NONCE_RULE = "30/minute", "60/minute", "120/minute"
_MOST_TOKEN_CHARS = 512
_NAME = ("name", {"zh-CN": "姓名", "en": "Name"})
_NUMBER = ("licenseNumber", {"zh-CN": "证书编号", "en": "Certificate number"})
_ACHIEVEMENT = ("achievement", {"zh-CN": "证书内容", "en": "Achievement"})
_CLAIMS = {
    "ApprenticeshipRecord": (
        _NAME,
        ("agreementNumber", {"zh-CN": "协议编号", "en": "Agreement number"}),
        _ACHIEVEMENT,
    ),
    "TeacherTrainingRecord": (_NAME, ("trainingKind", {"zh-CN": "类别", "en": "Kind"}), _ACHIEVEMENT),
    "CreditRecord": (_NAME, ("creditsEarned", {"zh-CN": "学分", "en": "Credits"}), _ACHIEVEMENT),
    "EmployerEvaluation": (("rating", {"zh-CN": "评分", "en": "Ratings"}),),
    "MemberAccreditation": (
        ("name", {"zh-CN": "成员名称", "en": "Member"}),
        ("mayIssue", {"zh-CN": "可签发类型", "en": "May issue"}),
    ),
}
"""Claims that every credential of a type has; the others name holder, number and achievement."""


@wallets.after_request
def open_to_all(response: Response) -> Response:
    """Let wallets that run in a browser read the answers; no cookie is looked at."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response.headers["Access-Control-Max-Age"] = "600"
    return response


@wallets.get("/.well-known/openid-credential-issuer")
def issuer_metadata() -> Response:
    """Say what is issued here and how. Spec: OpenID4VCI 1.0, section 12.2."""
    url, known = _parts().settings.url, institution.load(current())
    return _json(
        {
            "credential_issuer": url,
            "credential_endpoint": f"{url}/oauth/credential",
            "nonce_endpoint": f"{url}/oauth/nonce",
            "notification_endpoint": f"{url}/oauth/notification",
            "display": [
                {
                    "name": name,
                    "locale": locale,
                    "logo": {"uri": f"{url}/static/web/icon.svg", "alt_text": name},
                }
                for locale, name in known.names.items()
            ],
            "credential_configurations_supported": {
                entry.configuration_id: _configuration(entry) for entry in _offered_types()
            },
        },
        cache="public, max-age=300",
    )


@wallets.get("/.well-known/oauth-authorization-server")
def server_metadata() -> Response:
    """Say where tokens are given. Spec: RFC 8414; OpenID4VCI 1.0, section 12.3."""
    url = _parts().settings.url
    return _json(
        {
            "issuer": url,
            "token_endpoint": f"{url}/oauth/token",
            "grant_types_supported": [offers.PRE_AUTHORIZED],
            "pre-authorized_grant_anonymous_access_supported": True,
            "token_endpoint_auth_methods_supported": ["none"],
            "authorization_details_types_supported": [claiming.AUTHORIZATION_DETAILS_TYPE],
        },
        cache="public, max-age=300",
    )


@wallets.post("/claims/offers")
def mint_offer() -> Response:
    """Mint an offer for a claim code that a page or a wallet sends."""
    _limit(OFFER_RULE, "offers")
    body = _body()
    code = body.get("claim_code")
    if not isinstance(code, str):
        raise UnprocessableError("claim_code is missing")
    try:
        minted = offers.mint(current(), _parts(), typed_code=code, now=now())
    except SlipUsedError as error:
        # The one refusal that tells more: whoever holds the slip may know when it was used.
        document = {**problems.problem(error), "claimed_at": error.claimed_at}
        return Response(json.dumps(document), error.status, content_type="application/problem+json")
    return _json(offer_answer(minted), status=201)


@wallets.get("/offers/<offer_id>")
def offer(offer_id: str) -> Response:
    """Return an offer by reference; fetching it redeems nothing. Spec: OpenID4VCI 1.0, section 4.1.3."""
    return _json(offers.fetch(current(), _parts(), offer_id=offer_id, now=now()))


@wallets.post("/oauth/token")
def token() -> Response:
    """Exchange a pre-authorized code and PIN for a token. Spec: OpenID4VCI 1.0, section 6."""
    _limit(TOKEN_RULE, "token")
    if request.mimetype != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "the body has to be form-encoded")
    repeated = [name for name in request.form if len(request.form.getlist(name)) > 1]
    if repeated:
        # RFC 6749, section 3.2: parameters must not be included more than once.
        raise OAuthError("invalid_request", "a parameter is given twice")
    grant = claiming.read_grant(request.form)
    return _json(claiming.redeem(current(), _parts(), grant=grant, now=now()))


@wallets.post("/oauth/nonce")
def nonce() -> Response:
    """Return a fresh nonce for a key proof. Spec: OpenID4VCI 1.0, section 7."""
    _limit(NONCE_RULE, "nonce")
    return _json({"c_nonce": key_proofs.new_nonce(_parts(), now=now())})


@wallets.post("/oauth/credential")
def credential() -> Response:
    """Sign the certificate to the wallet's key. Spec: OpenID4VCI 1.0, section 8."""
    access_token = _access_token()
    body = _oauth_body("invalid_credential_request")
    answer = claiming.issue(current(), _parts(), access_token=access_token, request=body, now=now())
    return _json(answer)


@wallets.post("/oauth/notification")
def notification() -> Response:
    """Note what became of a credential in the wallet. Spec: OpenID4VCI 1.0, section 11."""
    access_token = _access_token()
    body = _oauth_body("invalid_notification_request")
    claiming.notify(current(), _parts(), access_token=access_token, request=body, now=now())
    return Response(status=204, headers={"Cache-Control": "no-store"})


def offer_answer(minted: offers.MintedOffer) -> dict[str, Any]:
    """Return what a page or wallet is told of a minted offer."""
    entries = [CATALOGUE[name] for name in minted.credential_types]
    described = offers.tx_code_description()
    return {
        "credential_offer_uri": minted.uri,
        "credential_issuer": _parts().settings.url,
        "issuer_name": institution.load(current()).names,
        "credentials": [{"type": entry.name, "name": dict(entry.display)} for entry in entries],
        "expires_in": minted.expires_in,
        "tx_code": {name: described[name] for name in ("input_mode", "length")},
    }


def _configuration(entry: CredentialType) -> dict[str, Any]:
    return {
        "format": claiming.FORMAT,
        "cryptographic_binding_methods_supported": ["did:key"],
        "credential_signing_alg_values_supported": ["eddsa-rdfc-2022"],
        "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": list(jws.ALGORITHMS)}},
        "credential_definition": {
            "@context": list(entry.contexts),
            "type": list(entry.types),
        },
        "credential_metadata": {
            "display": [{"name": name, "locale": locale} for locale, name in entry.display.items()],
            "claims": [
                {
                    "path": ["credentialSubject", member],
                    "mandatory": True,
                    "display": [{"name": name, "locale": locale} for locale, name in names.items()],
                }
                for member, names in _CLAIMS.get(entry.name, (_NAME, _NUMBER, _ACHIEVEMENT))
            ],
        },
    }


def _offered_types() -> list[CredentialType]:
    """Return the types that the consortium ever let this issuer sign; all while nobody has said."""
    granted = standing.current(current()).grants
    return [entry for name, entry in CATALOGUE.items() if name in granted or not granted]


def _access_token() -> str:
    if "access_token" in request.args:
        # RFC 6750, section 2.3 and OpenID4VCI: never in the query, where logs and referrers see it.
        raise OAuthError("invalid_request", "the access token does not belong into the address")
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value or len(value) > _MOST_TOKEN_CHARS:
        raise OAuthError("invalid_token", "a bearer token is needed", status=401, headers=_BEARER)
    return value.strip()


_BEARER = {"WWW-Authenticate": "Bearer"}


def _oauth_body(error_name: str) -> dict[str, Any]:
    try:
        return _body()
    except (CryptoError, UnprocessableError, UnsupportedMediaTypeError) as error:
        raise OAuthError(error_name, "the body is not a JSON object as it is read here") from error


def _body() -> dict[str, Any]:
    if request.mimetype != JSON:
        raise UnsupportedMediaTypeError("the body has to be application/json")
    value = strict_json.parse(request.get_data(cache=False))
    if not isinstance(value, dict):
        raise UnprocessableError("the body has to be a JSON object")
    return value


def _json(document: dict[str, Any], *, status: int = 200, cache: str = "no-store") -> Response:
    return Response(json.dumps(document), status, content_type=JSON, headers={"Cache-Control": cache})


def _limit(rule: str, name: str) -> None:
    limiter: RateLimiter = current_app.extensions["issuer.limiter"]
    limiter.hit(rule, name, client_key(request.remote_addr))


def _parts() -> Parts:
    parts: Parts = current_app.extensions["issuer"]
    return parts
