"""Who is signed in, and what the views of this package share.

Flask-Login keeps the officer's name and the generation of the passphrase in the signed cookie: a new
passphrase ends every older session. A session also ends after an hour without a request and twelve hours
after signing in. Where somebody wanted to go is kept in the cookie and never in an address, so nobody can
make the sign-in page redirect elsewhere.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, current_app, flash, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlite_utils import Database
from werkzeug.wrappers import Response

from issuer import audit, four_eyes, institution, officers
from issuer.audit import Actor
from issuer.clock import now
from issuer.errors import ForbiddenError, IssuerError
from issuer.officers import Officer
from issuer.parts import Parts
from issuer.views import words
from web import problems
from web.database import current, transaction

View = TypeVar("View", bound=Callable[..., Any])

IDLE_SECONDS = 3600
LONGEST_SECONDS = 12 * 3600
_LAST_PAGE = 1_000_000
_WANTED, _SINCE, _SEEN = "wanted", "since", "seen"
_FOR_MENTORS = frozenset({"endorsing"})
_FOR_EVERYBODY = frozenset({"workbench.sign_out", "officers.listing", "officers.change_passphrase"})


class SignedIn(UserMixin):
    """An officer, as Flask-Login knows one."""

    def __init__(self, officer: Officer) -> None:
        self.officer = officer

    def get_id(self) -> str:
        """Return what the cookie carries."""
        return f"{self.officer.name}|{self.officer.generation}"


def init_app(app: Flask) -> None:
    """Set up sessions of officers, and what their templates may call."""
    manager = LoginManager(app)
    # The cookie is bound to its host, Secure and HttpOnly; an address that changes on a phone ends nothing.
    manager.session_protection = None
    manager.user_loader(_load)
    manager.unauthorized_handler(_sign_in_first)
    app.context_processor(_for_templates)
    app.jinja_env.globals["words"] = words
    app.jinja_env.filters.update(visible=words.visible, china_day=words.china_day, day_of=words.day_of)


def parts() -> Parts:
    """Return the collaborators of the use cases."""
    found: Parts = current_app.extensions["issuer"]
    return found


def db() -> Database:
    """Return the connection of this request."""
    return current()


def officer() -> Officer:
    """Return who is signed in; only behind ``officer_only``."""
    found: Officer = current_user.officer
    return found


def actor() -> Actor:
    """Return who acts, for the use cases and the log."""
    return Actor(officer().name, "web")


def officer_only(view: View) -> View:
    """Let a view be called by officers only."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not current_user.is_authenticated:
            return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
        if request.endpoint == "workbench.show" and only_endorses():
            return redirect(url_for("endorsing.listing"), 303)
        _check_reach()
        return view(*args, **kwargs)

    guarded.officers_only = True  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def officer_file(view: View) -> View:
    """Let a file, or an answer to a script, go to officers only: anybody else is refused, not redirected.

    Raises:
        ForbiddenError: Nobody is signed in.
    """

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not current_user.is_authenticated:
            raise ForbiddenError("this is for signed-in officers only")
        _check_reach()
        return view(*args, **kwargs)

    guarded.officers_only = True  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def only_endorses() -> bool:
    """Return whether whoever is signed in is a mentor and nothing else, who does not read the register."""
    return officer().roles == {officers.MENTOR}


def _check_reach() -> None:
    allowed = request.blueprint in _FOR_MENTORS or request.endpoint in _FOR_EVERYBODY
    if not allowed and only_endorses():
        raise ForbiddenError("mentors endorse drafts, and see nothing of the register")


def require_role(role: str) -> None:
    """Refuse whoever is signed in without a role; use cases that write ask again.

    Raises:
        ForbiddenError: The officer does not have it.
    """
    if role not in officer().roles:
        raise ForbiddenError(f"this takes an officer with the role {role}")


def begin(found: Officer) -> None:
    """Begin a session in a fresh cookie, and note it in the log; what the old cookie carried is gone."""
    session.clear()
    login_user(SignedIn(found))
    session[_SINCE] = session[_SEEN] = now()
    with transaction(current()):
        audit.write(
            current(), actor=Actor(found.name, "web"), action="signed in", subject=found.name, now=now()
        )


def end() -> None:
    """End the session."""
    logout_user()
    session.clear()


def wanted() -> str:
    """Return, once, where the officer wanted to go before signing in."""
    target: str = session.pop(_WANTED, None) or url_for("workbench.show")
    return target


def page_number() -> int:
    """Return the page of a list that the address asks for: the first one where it makes no sense."""
    page = request.args.get("page", 1, type=int)
    return page if 1 <= page <= _LAST_PAGE else 1


def say(error: IssuerError) -> None:
    """Leave a refusal for the next page, in words."""
    known = problems.entry(error.code)
    flash(words.refusal(error, known), "warning")


def _load(cookie: str) -> SignedIn | None:
    name, _, generation = cookie.partition("|")
    seen, since = session.get(_SEEN, 0), session.get(_SINCE, 0)
    at = now()
    if at - seen > IDLE_SECONDS or at - since > LONGEST_SECONDS:
        return None
    found = officers.load(current(), name)
    if found is None or not found.able or str(found.generation) != generation:
        return None
    if at - seen > 60:
        session[_SEEN] = at
    return SignedIn(found)


def _sign_in_first() -> Response:
    if request.method == "GET":
        session[_WANTED] = request.full_path.rstrip("?")
    return redirect(url_for("workbench.sign_in"), 303)


def _for_templates() -> dict[str, Any]:
    """What every page of an officer shows: the name, the roles, and how much waits for a second officer."""
    if not current_user or not current_user.is_authenticated:
        return {"me": None}
    waiting = [act for act in four_eyes.listing(current()) if act.maker != officer().name]
    return {"me": officer(), "waiting_count": len(waiting), "issuer_names": institution.load(current()).names}
