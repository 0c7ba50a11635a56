"""The only place where errors become answers.

An error of ours has ``code``, ``type`` and ``title``; ``str(error)`` is its detail. It is answered

* as an OAuth error where it has ``oauth_error``;
* as a page where a browser asks and the blueprint is not marked as an API;
* as ``application/problem+json`` (RFC 9457) otherwise, with ``code`` and the sentences of the registry.

Anything else is a bug: it is logged once with its traceback and answered 500 without a word about it.
A refusal is logged at INFO with its code and nothing of the request.
"""

import logging
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, json, render_template, request
from flask_wtf.csrf import CSRFError
from sqlite_utils.utils import sqlite3
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from web import limits
from web.database import as_ours
from web.errors import CsrfError
from web.problem_codes import REGISTRY, Entry

__all__ = ["REGISTRY", "answer", "entry", "init_app", "mark_api", "problem", "wants_page"]

logger = logging.getLogger(__name__)

_HTTP_CODES = {
    400: "BAD_REQUEST",
    401: "SIGN_IN_REQUIRED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    410: "GONE",
    413: "PAYLOAD_TOO_LARGE",
    414: "URI_TOO_LONG",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
    431: "HEADERS_TOO_LARGE",
}
_API = "vocred_api_blueprints"


def mark_api(app: Flask, blueprint: Blueprint) -> None:
    """Let the blueprint's endpoints never answer an error with a page."""
    app.extensions.setdefault(_API, set()).add(blueprint.name)


def init_app(app: Flask) -> None:
    """Answer every error of the application from here."""
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _error)


def entry(code: str) -> Entry:
    """Return what ``code`` means; a code that nobody registered is a plain refusal."""
    return REGISTRY.get(code, REGISTRY["BAD_REQUEST"])


def problem(error: Exception) -> dict[str, Any]:
    """Return the problem document for one of our errors, for answers that carry it inside."""
    code = error.code
    known = entry(code)
    return {
        "type": error.type,
        "title": error.title,
        "status": getattr(error, "status", known.status),
        "detail": str(error) or error.title,
        "code": code,
        "messages": {"zh-CN": known.zh, "en": known.en},
    }


def answer(error: Exception) -> Response:
    """Return the answer for one of our errors."""
    if hasattr(error, "oauth_error"):
        return _oauth(error)
    document = problem(error)
    g.refused_with = document["code"]
    if wants_page():
        response = _page(document)
    else:
        response = Response(json.dumps(document), document["status"], content_type="application/problem+json")
    retry_after = getattr(error, "retry_after", None)
    if retry_after is None and document["status"] in {429, 503, 507}:
        retry_after = limits.RETRY_AFTER_SECONDS
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def wants_page() -> bool:
    """Return whether the client is a browser that opens a page, and not a caller of an API."""
    if set(request.blueprints) & current_app.extensions.get(_API, set()):
        return False
    offered = ["application/problem+json", "application/json", "text/html"]
    return "text/html" in str(request.accept_mimetypes) and (
        request.accept_mimetypes.best_match(offered) == "text/html"
    )


def _is_ours(error: BaseException) -> bool:
    return all(isinstance(getattr(error, name, None), str) for name in ("code", "type", "title"))


def _error(error: Exception) -> Response:
    if isinstance(error, sqlite3.Error):
        # A page that only reads meets a torn or failing file too.
        error = as_ours(error)
    if not _is_ours(error):
        logger.error("request_failed endpoint=%s", request.endpoint, exc_info=error)
        return answer(_Plain("INTERNAL_ERROR", 500))
    logger.info("request_refused endpoint=%s code=%s", request.endpoint, error.code)
    return answer(error)


def _csrf_error(_error: CSRFError) -> Response:
    return answer(CsrfError("the form's token is missing, expired or of another session"))


def _http_error(error: HTTPException) -> Any:
    if isinstance(error, RequestRedirect) or error.response is not None or error.code is None:
        return error
    response = answer(_Plain(_HTTP_CODES.get(error.code, "BAD_REQUEST"), error.code))
    if error.code == 405:
        response.headers.extend(error.get_headers(request.environ)[1:])
    return response


def _oauth(error: Any) -> Response:
    g.refused_with = error.oauth_error
    body = {"error": error.oauth_error}
    if error.description:
        body["error_description"] = error.description
    response = Response(json.dumps(body), error.status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(error.headers)
    return response


def _page(document: dict[str, Any]) -> Response:
    known = entry(document["code"])
    body = render_template("web/problem.html", problem=document, sentence={"zh-CN": known.zh, "en": known.en})
    return Response(body, document["status"], content_type="text/html; charset=utf-8")


class _Plain(Exception):
    """An answer for what the framework refused, or for a bug."""

    def __init__(self, code: str, status: int) -> None:
        known = REGISTRY[code]
        super().__init__(known.en)
        self.code, self.status, self.type, self.title = code, status, "about:blank", known.en.rstrip(".")
