"""Pages of a claim: the code, who offers what, the PIN, and what became of it.

The order is the holder's protection: nobody is asked for a PIN before the registry has said who will get it.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from wallet import looking_up, receiving, session
from wallet.errors import CannotCheckError, CredentialRejectedError, OfferError, WalletError, WrongPinError
from wallet.words import of_error
from web import database
from web.errors import WebError

Answer = str | Response | tuple[str, int]

pages = Blueprint("claim", __name__)

LOOK_UPS = "60/minute"
"""A class may sit behind one address; the issuer counts PIN tries itself."""


@pages.get("/O")
def code() -> Answer:
    """Take a claim code: a script reads it out of the link's fragment, and without script it is typed."""
    return render_template("wallet/claim_code.html", given="", error=None)


@pages.get("/offer")
def offer_link() -> Answer:
    """Take an offer that another page or app sends here as ``credential_offer`` or
    ``credential_offer_uri``.
    """
    query = request.query_string.decode("ascii", "replace")
    given = f"openid-credential-offer://?{query}" if query else ""
    return render_template("wallet/claim_code.html", given=given, error=None)


@pages.post("/claim")
def look_up() -> Answer:
    """Find out who offers what. Nothing is claimed by this."""
    session.count(LOOK_UPS, "look-up")
    given = request.form.get("given", "")
    parts = session.parts()
    try:
        unfinished = _interrupted(given)
        if unfinished:
            return _finish(unfinished)
        offered = looking_up.look_up(given, parts=parts, now=session.now())
    except (WalletError, WebError) as error:
        # What was typed is shown again for mending only if it was typed: an offer's secret is not echoed.
        shown = given if len(given) <= 40 else ""
        return render_template("wallet/claim_code.html", given=shown, error=of_error(error)), 422
    secret = looking_up.keep_looked_up(database.current(), offered, now=session.now(), random=parts.random)
    session.keep_offer(secret)
    return redirect(url_for("claim.offered"), 303)


@pages.get("/claim")
def offered() -> Answer:
    """Show who offers what, by the registry's name, and ask whether to go on."""
    return render_template("wallet/claim_offer.html", offered=_looked_up())


@pages.post("/claim/decline")
def decline() -> Answer:
    """Forget the offer; the slip stays as it is."""
    _forget()
    flash(gettext("没有领取。领取条仍然有效，以后可以再领。"), "info")
    return redirect(url_for("account.first"), 303)


@pages.route("/claim/pin", methods=["GET", "POST"])
@session.holder_only
def pin() -> Answer:
    """Ask for the PIN, and claim."""
    shown = _looked_up()
    if request.method == "GET":
        return render_template("wallet/claim_pin.html", offered=shown, error=None)
    typed = "".join(request.form.get("pin", "").split())
    if shown.pin and not _plausible(typed, shown.pin.length):
        words = gettext("PIN 为 %(n)s 位数字。", n=shown.pin.length or 6)
        return render_template("wallet/claim_pin.html", offered=shown, error=words), 422
    try:
        credential_ids = receiving.receive(
            database.current(),
            session.wallet(),
            shown,
            pin=typed,
            parts=session.parts(),
            now=session.now(),
        )
    except WrongPinError as error:
        words = gettext("PIN 不正确。%(line)s", line=of_error(error).line)
        return render_template("wallet/claim_pin.html", offered=shown, error=words), 422
    except (WalletError, WebError) as error:
        return _ended(error)
    _forget()
    return _received(credential_ids)


@pages.post("/claims/<claim_id>/resume")
@session.holder_only
def resume(claim_id: str) -> Answer:
    """Go on with a claim that was interrupted."""
    try:
        return _finish(claim_id)
    except (WalletError, WebError) as error:
        return _ended(error)


@pages.post("/claims/<claim_id>/discard")
@session.holder_only
def discard(claim_id: str) -> Answer:
    """Give up a claim that was interrupted."""
    receiving.give_up(database.current(), session.wallet(), claim_id)
    flash(gettext("已放弃这次领取。"), "info")
    return redirect(url_for("certificates.listing"), 303)


def _finish(claim_id: str) -> Response:
    return _received(
        receiving.complete(
            database.current(), session.wallet(), claim_id, parts=session.parts(), now=session.now()
        )
    )


def _interrupted(given: str) -> str | None:
    if not session.is_open():
        return None
    found = receiving.unfinished_for(database.current(), session.wallet(), given)
    return found.claim_id if found else None


def _looked_up() -> looking_up.Offered:
    return looking_up.looked_up(database.current(), session.offer_secret(), now=session.now())


def _forget() -> None:
    if session.offer_secret():
        looking_up.forget_looked_up(database.current(), session.offer_secret())
        session.keep_offer(None)


def _plausible(typed: str, length: int | None) -> bool:
    return bool(typed) and (length is None or len(typed) == length)


def _received(credential_ids: tuple[str, ...]) -> Response:
    count = len(credential_ids)
    flash(
        ngettext(
            "已领取 %(num)s 份证书，签名和状态都已核对。",
            "已领取 %(num)s 份证书，签名和状态都已核对。",
            count,
        ),
        "done",
    )
    return redirect(url_for("certificates.listing"), 303)


def _ended(error: Exception) -> Answer:
    """Say how a claim ended, and what can be done now."""
    if isinstance(error, (CredentialRejectedError, OfferError)):
        _forget()
    waits = isinstance(error, CannotCheckError)
    return render_template(
        "wallet/claim_ended.html", words=of_error(error), waits=waits, code=getattr(error, "code", "")
    ), 422


@pages.app_errorhandler(OfferError)
def _offer_gone(error: OfferError) -> Answer:
    session.keep_offer(None)
    return render_template(
        "wallet/claim_ended.html", words=of_error(error), waits=False, code=error.code
    ), 410
