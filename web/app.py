"""The skeleton of every service: limits, host check, headers, languages, layout, errors.

A service calls ``create_service``, then registers its blueprints: pages with ``app.register_blueprint``,
endpoints for machines with ``register_api``. What a request meets, in this order: the configured
address, the body's limit, CSRF (pages only), the view; on the way out the headers.

Deliberately not here: who is signed in (Flask-Login, set up by the services that have people), the
database (``web.database``), and any setting of a single service.
"""

import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, get_flashed_messages, request, url_for
from flask_babel import gettext
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from web import health, i18n, limits, metrics, problems
from web.errors import HostNotAllowedError
from web.settings import ServiceSettings

View = TypeVar("View", bound=Callable[..., Any])

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "font-src 'none'; manifest-src 'self'; worker-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex",
}
_MONITORING = {"health.show", "metrics.show"}
_HERE = Path(__file__).parent


def create_service(
    name: str, *, settings: ServiceSettings, import_name: str, catalogues: Iterable[Path] = ()
) -> Flask:
    """Make the Flask application of a service.

    Args:
        name: ``issuer``, ``wallet``, ``verifier`` or ``ledger``: its accent, and part of its cookies' names.
        settings: What the service knows of itself; without a secret it has no session and no CSRF.
        import_name: The service's package, whose ``templates``, ``static`` and ``translations`` are used.
        catalogues: More directories of translations.

    Returns:
        The application, ready for blueprints. ``app.config["SERVICE"]`` is ``name``.
    """
    app = Flask(import_name)
    public = urlsplit(settings.url)
    secure = public.scheme == "https"
    app.config.update(
        SERVICE=name,
        PUBLIC_URL=settings.url,
        SERVER_NAME=public.netloc,
        PREFERRED_URL_SCHEME=public.scheme,
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME=cookie_name(settings.url, name),
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=12 * 3600,
        MAX_CONTENT_LENGTH=limits.JSON_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=limits.JSON_BODY_BYTES,
        MAX_FORM_PARTS=limits.FORM_PARTS,
        WTF_CSRF_ENABLED=settings.secret_key is not None,
        WTF_CSRF_TIME_LIMIT=None,
        # The Referer that this check wants is never sent: Referrer-Policy is no-referrer. The token decides.
        WTF_CSRF_SSL_STRICT=False,
    )
    app.json.ensure_ascii = False
    # Nothing redirects for the sake of a slash: an address is right or it is not found.
    app.url_map.merge_slashes = False
    app.wsgi_app = _PublicAddress(app.wsgi_app, scheme=public.scheme)
    if settings.proxy_hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxy_hops, x_proto=0, x_host=0)
    app.before_request(_check_host)
    app.before_request(_apply_body_limit)
    app.after_request(_add_headers)
    i18n.init_app(app, directories=[*_catalogues(import_name), *catalogues])
    problems.init_app(app)
    CSRFProtect(app)
    app.register_blueprint(_shared_files())
    _watch(app, settings)
    app.jinja_env.globals.update(
        asset=asset,
        flashes=_flashes,
        public_host=public.netloc,
        service=name,
        service_title=_service_title,
        version=version("vocred"),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    return app


def register_api(app: Flask, blueprint: Blueprint, **options: Any) -> None:
    """Register endpoints for machines: no CSRF token, no session cookie to ride on, never an error page."""
    app.extensions["csrf"].exempt(blueprint)
    problems.mark_api(app, blueprint)
    app.register_blueprint(blueprint, **options)


def body_limit(size: int) -> Callable[[View], View]:
    """Let a view take bodies of up to ``size`` bytes instead of the usual ones.

    It stands under the route: ``@blueprint.post("/batches")``, then ``@body_limit(limits.UPLOAD_BYTES)``.
    """

    def mark(view: View) -> View:
        view.body_limit = size  # type: ignore[attr-defined]
        return view

    return mark


def cookie_name(url: str, name: str) -> str:
    """Return a cookie's name that no other service on the same host uses.

    Browsers tie cookies to a host and not to its ports, so the port is part of the name. On https the
    prefix makes browsers refuse the cookie unless it is secure, host-only and for the whole host.
    """
    parts = urlsplit(url)
    plain = f"vocred-{name}" + (f"-{parts.port}" if parts.port else "")
    return f"__Host-{plain}" if parts.scheme == "https" else plain


def asset(path: str) -> str:
    """Return the address of a static file, with its digest, so that it may be cached for long.

    Args:
        path: ``web/style.css`` for a shared file, ``verifier/open.js`` for one of the service.
    """
    shared = path.startswith("web/")
    folder = _HERE / "static" if shared else Path(current_app.static_folder or "")
    endpoint, filename = ("web.static", path[4:]) if shared else ("static", path)
    return url_for(endpoint, filename=filename, v=_digest(folder / path))


def _service_title() -> str:
    titles = {
        "issuer": gettext("签发端"),
        "wallet": gettext("证书钱包"),
        "verifier": gettext("证书核验"),
        "ledger": gettext("联盟账本"),
    }
    return titles[current_app.config["SERVICE"]]


def _flashes() -> list[tuple[str, str]]:
    """Return what the last act left to say; a service without sessions never leaves anything."""
    if current_app.config["SECRET_KEY"] is None:
        return []
    return list(get_flashed_messages(with_categories=True))


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _shared_files() -> Blueprint:
    return Blueprint(
        "web",
        __name__,
        static_folder=str(_HERE / "static" / "web"),
        static_url_path="/static/web",
        template_folder=str(_HERE / "templates"),
    )


def _catalogues(import_name: str) -> list[Path]:
    spec = find_spec(import_name)
    package = Path(spec.origin).parent if spec and spec.origin else _HERE
    return [_HERE / "translations", package / "translations"]


class _PublicAddress:
    """Makes every request look as the public sees it, whatever a proxy or a client says in headers."""

    def __init__(self, application: Any, *, scheme: str) -> None:
        self._application, self._scheme = application, scheme

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        environ["wsgi.url_scheme"] = self._scheme
        return self._application(environ, start_response)


def _watch(app: Flask, settings: ServiceSettings) -> None:
    """Count requests and answer monitoring, at this instance's own address and at any other."""
    database: Path | None = getattr(settings, "database", None)
    metrics.init_app(app, database=database, readers=settings.metrics_from)
    health.init_app(app, home=settings.home, database=database)
    for blueprint in (metrics.blueprint, health.blueprint):
        register_api(app, blueprint)


def _check_host() -> None:
    if request.endpoint in _MONITORING:
        # Monitoring asks each process at its own port; these answers hold no address of ours.
        return
    default = {"http": ":80", "https": ":443"}[request.scheme]
    host = request.headers.get("Host", "").lower().removesuffix(default)
    if host != current_app.config["SERVER_NAME"].lower().removesuffix(default):
        raise HostNotAllowedError("the Host header is not this service's own")


def _apply_body_limit() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    size = getattr(view, "body_limit", None)
    if size is not None:
        request.max_content_length = size


def _add_headers(response: Response) -> Response:
    for header, value in _HEADERS.items():
        response.headers.setdefault(header, value)
    if request.scheme == "https":
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if (request.endpoint or "").endswith("static") and response.status_code in {200, 304}:
        # An address that carries the file's digest belongs to these bytes for ever.
        age = "31536000, immutable" if "v" in request.args else "300"
        response.headers["Cache-Control"] = f"public, max-age={age}"
    elif "Cache-Control" not in response.headers:
        # A view that says how its answer is cached also says what it depends on: public lists on no cookie.
        response.headers["Cache-Control"] = "no-store"
        response.vary.update(("Cookie", "Accept-Language"))
    return response
