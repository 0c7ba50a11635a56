"""Pages about the account: the first page, logging in and out, a new wallet, settings."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wallet import accounts, holding, session
from wallet.accounts import Wallet
from wallet.converting import conversions
from wallet.errors import AccountError, WalletError
from wallet.words import of_error
from web import database

Answer = str | Response | tuple[str, int]

pages = Blueprint("account", __name__)

LOG_INS = "60/minute"
"""A class may sit behind one address; what counts per wallet is counted in the database."""


@pages.get("/")
def first() -> Answer:
    """Show what this is, the box for a claim code, and the way in; or the certificates of who is in."""
    if session.is_open():
        return redirect(url_for("certificates.listing"))
    return render_template("wallet/first.html")


@pages.route("/login", methods=["GET", "POST"])
def log_in() -> Answer:
    """Open a wallet with its name and passphrase."""
    if request.method == "GET":
        return render_template("wallet/log_in.html", name="", error=None)
    session.count(LOG_INS, "log-in")
    name = request.form.get("name", "")
    try:
        opened = accounts.open_wallet(
            database.current(),
            name=name,
            passphrase=request.form.get("passphrase", ""),
            gate=session.parts().gate,
            now=session.now(),
            random=session.parts().random,
        )
    except AccountError as error:
        return render_template("wallet/log_in.html", name=name, error=of_error(error)), _status(error)
    return _enter(opened)


@pages.route("/setup", methods=["GET", "POST"])
def set_up() -> Answer:
    """Make a wallet."""
    if request.method == "GET":
        return render_template("wallet/set_up.html", name="", errors={})
    session.count(LOG_INS, "set-up")
    name, passphrase = request.form.get("name", ""), request.form.get("passphrase", "")
    errors = {}
    if passphrase != request.form.get("again", ""):
        errors["again"] = gettext("两次输入的口令不一样。")
    try:
        accounts.check_name(name)
        accounts.check_passphrase(passphrase, name=name)
        if errors:
            return render_template("wallet/set_up.html", name=name, errors=errors), 422
        opened = accounts.create(
            database.current(),
            name=name,
            passphrase=passphrase,
            gate=session.parts().gate,
            now=session.now(),
            random=session.parts().random,
        )
    except AccountError as error:
        field = "passphrase" if error.code == "WEAK_PASSPHRASE" else "name"
        errors[field] = of_error(error).line
        return render_template("wallet/set_up.html", name=name, errors=errors), _status(error)
    return _enter(opened)


@pages.post("/logout")
def log_out() -> Answer:
    """Lock the wallet."""
    session.lock()
    flash(gettext("钱包已锁上。"), "done")
    response = redirect(url_for("account.first"), 303)
    # Nothing of ours lies in the browser; not "cookies", which other services of this host have as well.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@pages.post("/session/extend")
@session.holder_only
def extend() -> Answer:
    """Keep the session open: whoever is asked says that they are still there."""
    return Response(status=204)


@pages.get("/settings")
@session.holder_only
def settings() -> Answer:
    """Show language, passphrase and the way out."""
    return _settings()


@pages.post("/settings/passphrase")
@session.holder_only
def change_passphrase() -> Answer:
    """Change the passphrase; every other session of the wallet ends."""
    new = request.form.get("new", "")
    errors = {}
    if new != request.form.get("again", ""):
        errors["again"] = gettext("两次输入的口令不一样。")
    try:
        opened = _reopened("current", errors)
        accounts.check_passphrase(new, name=opened.name)
    except AccountError as error:
        errors.setdefault("new" if error.code == "WEAK_PASSPHRASE" else "current", of_error(error).line)
    if errors:
        return _settings(errors), 422
    parts = session.parts()
    accounts.change_passphrase(
        database.current(), opened, passphrase=new, gate=parts.gate, random=parts.random
    )
    session.log_in(opened)
    flash(gettext("口令已更换。其他设备上的登录已全部退出。"), "done")
    return redirect(url_for("account.settings"), 303)


@pages.post("/settings/delete")
@session.holder_only
def delete() -> Answer:
    """Delete the wallet with everything in it."""
    errors: dict[str, str] = {}
    try:
        opened = _reopened("passphrase", errors)
    except AccountError as error:
        errors["passphrase"] = of_error(error).line
        return _settings(errors), 422
    accounts.delete(database.current(), opened, now=session.now())
    session.lock()
    flash(gettext("钱包和其中的证书已删除，分享链接已全部关闭。"), "done")
    return redirect(url_for("account.first"), 303)


def _reopened(field: str, errors: dict[str, str]) -> Wallet:
    """Ask for the passphrase once more before something that cannot be taken back."""
    parts = session.parts()
    return accounts.open_wallet(
        database.current(),
        name=session.wallet().name,
        passphrase=request.form.get(field, ""),
        gate=parts.gate,
        now=session.now(),
        random=parts.random,
    )


def _enter(opened: Wallet) -> Response:
    """Log in, bring what is held up to date, and go where the holder wanted to go."""
    target = url_for("claim.pin") if session.offer_secret() else session.wanted()
    session.log_in(opened)
    holding.refresh(database.current(), opened, parts=session.parts(), now=session.now())
    conversions.refresh(database.current(), opened, parts=session.parts(), now=session.now())
    return redirect(target, 303)


def _settings(errors: dict[str, str] | None = None) -> str:
    return render_template(
        "wallet/settings.html",
        errors=errors or {},
        count=len(holding.held(database.current(), session.wallet(), now=session.now())),
    )


def _status(error: WalletError) -> int:
    return {"TOO_MANY_ATTEMPTS": 429, "BUSY": 503, "WRONG_PASSPHRASE": 401}.get(error.code, 422)
