"""Pages of corrections: what is wrong, what became of it, and the corrected certificate."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wallet import holding, session, words
from wallet.correcting import asking
from wallet.correcting.asking import Correction
from wallet.errors import WalletError
from wallet.holding import Held
from wallet.words import Words, of_error
from web import database
from web.errors import WebError

Answer = str | Response | tuple[str, int]

pages = Blueprint("correcting", __name__)

REQUESTS = "20/minute"


@pages.route("/certificates/<credential_id>/correction", methods=["GET", "POST"])
@session.holder_only
def ask(credential_id: str) -> Answer:
    """Say what is wrong."""
    item = _held(credential_id)
    if request.method == "GET":
        return _form(item)
    session.count(REQUESTS, "correction")
    text = request.form.get("text", "")
    try:
        asking.ask(
            database.current(),
            session.wallet(),
            item,
            text=text,
            parts=session.parts(),
            now=session.now(),
        )
    except (WalletError, WebError) as error:
        return _form(item, text=text[: asking.LONGEST_TEXT], error=_line(error)), 422
    flash(gettext("更正申请已发给发证单位，由老师核对处理。"), "done")
    return redirect(url_for("certificates.detail", credential_id=credential_id), 303)


@pages.post("/certificates/<credential_id>/correction/state")
@session.holder_only
def look(credential_id: str) -> Answer:
    """Ask what became of it."""
    item = _held(credential_id)
    session.count(REQUESTS, "correction")
    try:
        found = asking.look(
            database.current(), session.wallet(), item, parts=session.parts(), now=session.now()
        )
        flash(state_words(found).line, "info")
    except (WalletError, WebError) as error:
        flash(_line(error), "warning")
    return redirect(url_for("certificates.detail", credential_id=credential_id), 303)


@pages.post("/certificates/<credential_id>/replacement")
@session.holder_only
def replace(credential_id: str) -> Answer:
    """Claim the corrected certificate."""
    item = _held(credential_id)
    session.count(REQUESTS, "replacement")
    try:
        (new, *_) = asking.replace(
            database.current(), session.wallet(), item, parts=session.parts(), now=session.now()
        )
    except (WalletError, WebError) as error:
        flash(_line(error), "warning")
        return redirect(url_for("certificates.detail", credential_id=credential_id), 303)
    flash(gettext("更正后的证书已放进钱包。旧的一份已作废，可以删除。"), "done")
    return redirect(url_for("certificates.detail", credential_id=new), 303)


def state_words(item: Correction) -> Words:
    """Say what became of a correction that was asked for."""
    if item.state == "corrected":
        return Words(
            gettext("已更正"),
            item.answer or gettext("发证单位已经更正。更新状态后，可以领取更正后的证书。"),
        )
    if item.state == "declined":
        return Words(gettext("未更正"), item.answer or gettext("发证单位核对后没有更正。有疑问请直接联系。"))
    return Words(gettext("处理中"), gettext("更正申请已送达，发证单位还没有处理完。"))


def _line(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    if reason == "TEXT":
        return gettext("请用 1 至 %(n)s 个字写明哪里不对。", n=asking.LONGEST_TEXT)
    return of_error(error).line


def _form(item: Held, *, text: str = "", error: str = "") -> str:
    return render_template(
        "wallet/correcting/ask.html",
        item=item,
        text=text,
        error=error,
        longest=asking.LONGEST_TEXT,
        words=words,
    )


def _held(credential_id: str) -> Held:
    return holding.one(database.current(), session.wallet(), credential_id, now=session.now())
