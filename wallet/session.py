"""Who is logged in, as far as Flask is concerned.

The cookie is Flask's own signed one (its name, Secure, HttpOnly and SameSite are set in ``web.app``). It
carries the secret of the session, which ``accounts`` turns into an open wallet, and the secret of an offer
that is being looked at. Where somebody wanted to go before logging in is kept there too, and never in an
address: nobody can make this service redirect elsewhere.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, current_app, flash, g, redirect, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wallet import accounts
from wallet.accounts import Wallet
from wallet.errors import SessionEndedError
from wallet.parts import Parts
from web import database, i18n
from web.rate import RateLimiter, client_key

View = TypeVar("View", bound=Callable[..., Any])

_SECRET = "wallet"  # noqa: S105 - the name of a member of the cookie
_OFFER = "offer"
_WANTED = "wanted"
_LONGEST_WANTED = 1_500
"""Longest address that is remembered over a log-in: a cookie holds no more than 4 KB in all."""


def init_app(app: Flask, *, parts: Parts, clock: Callable[[], datetime]) -> None:
    """Give the application's views their collaborators and the pages the name of who is logged in."""
    app.extensions["wallet_parts"] = parts
    app.extensions["wallet_clock"] = clock
    app.extensions["wallet_limiter"] = RateLimiter()
    app.register_error_handler(SessionEndedError, _log_in_first)
    app.jinja_env.filters["titled"] = i18n.pick
    app.context_processor(lambda: {"holder": _name(), "idle_seconds": int(accounts.IDLE.total_seconds())})


def parts() -> Parts:
    """Return the collaborators of the use cases."""
    found: Parts = current_app.extensions["wallet_parts"]
    return found


def now() -> datetime:
    """Return the time of this request, read once."""
    if "now" not in g:
        g.now = current_app.extensions["wallet_clock"]()
    moment: datetime = g.now
    return moment


def count(rule: str, act: str) -> None:
    """Count one try of an act by this client.

    Args:
        rule: Such as ``60/minute``.
        act: What is tried.

    Raises:
        web.errors.RateLimitedError: It is one too many.
    """
    current_app.extensions["wallet_limiter"].hit(rule, act, client_key(request.remote_addr))


def system_clock() -> datetime:
    """Return the system's time in UTC."""
    return datetime.now(UTC)


def wallet() -> Wallet:
    """Return the open wallet of this request.

    Raises:
        SessionEndedError: Nobody is logged in.
    """
    if "holder_wallet" not in g:
        g.holder_wallet = accounts.continue_session(database.current(), session.get(_SECRET), now=now())
    found: Wallet = g.holder_wallet
    return found


def is_open() -> bool:
    """Return whether somebody is logged in."""
    return _name() is not None


def log_in(opened: Wallet) -> None:
    """Begin a session in a fresh cookie; what the old one carried is gone, but for the offer being looked
    at.
    """
    offer = session.get(_OFFER)
    lock()
    session[_SECRET] = accounts.begin_session(database.current(), opened, now=now(), random=parts().random)
    if offer is not None:
        session[_OFFER] = offer
    g.holder_wallet = opened


def lock() -> None:
    """Log out: the session's row goes, and with it everything that the cookie could open."""
    accounts.end_session(database.current(), session.get(_SECRET))
    session.clear()
    g.pop("holder_wallet", None)


def offer_secret() -> str | None:
    """Return the secret of the offer that is being looked at."""
    return session.get(_OFFER)


def keep_offer(secret: str | None) -> None:
    """Remember, or with None forget, the secret of the offer that is being looked at."""
    if secret is None:
        session.pop(_OFFER, None)
    else:
        session[_OFFER] = secret


def wanted() -> str:
    """Return, once, where the holder wanted to go before logging in."""
    target: str = session.pop(_WANTED, None) or url_for("certificates.listing")
    return target


def holder_only(view: View) -> View:
    """Let a view be called only while somebody is logged in."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        wallet()
        return view(*args, **kwargs)

    return guarded  # type: ignore[return-value]


def _log_in_first(error: SessionEndedError) -> Response:
    was_open = session.pop(_SECRET, None) is not None
    if was_open:
        flash(gettext("离开太久，钱包已自动锁上。请重新登录。"), "info")
    if request.method == "GET":
        # A request that another page opened the wallet with is in the address, and goes on after log-in.
        opened = request.endpoint == "answering.new" and len(request.full_path) <= _LONGEST_WANTED
        session[_WANTED] = request.full_path if opened else request.path
    return redirect(url_for("account.log_in"), 303)


def _name() -> str | None:
    try:
        return wallet().name if session.get(_SECRET) else None
    except SessionEndedError:
        return None
