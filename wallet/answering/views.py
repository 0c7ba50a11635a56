"""Pages of presenting on request: the link, who asks for what, and what was sent.

The consent page comes before anything about the holder leaves. Its two buttons are of one size, and going
away is an answer to nobody.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wallet import session, stating, words
from wallet.answering import answers, requests
from wallet.answering.answers import Presentation
from wallet.converting import conversions
from wallet.errors import AnsweredError, ChoiceError, NothingThereError, RequestOverError, WalletError
from wallet.words import of_error
from web import database
from web.errors import WebError

Answer = str | Response | tuple[str, int]

pages = Blueprint("answering", __name__)

LOOK_UPS = "30/minute"
NOTHING = ""
"""What is chosen where an optional part is left out."""


@pages.route("/present", methods=["GET", "POST"])
@session.holder_only
def new() -> Answer:
    """Take a request's link: pasted, or out of the address that opened this page."""
    if request.method == "GET":
        query = request.query_string.decode("ascii", "replace")
        # Another app or page opened the wallet with a request; it is looked at when the holder says so.
        given = f"openid4vp://?{query}" if "request_uri=" in query else ""
        return render_template("wallet/answering/paste.html", given=given, error=None)
    session.count(LOOK_UPS, "request")
    given = request.form.get("given", "")
    try:
        asked = requests.look_up(given, parts=session.parts(), now=session.now())
    except (WalletError, WebError) as error:
        return render_template("wallet/answering/paste.html", given="", error=of_error(error)), 422
    item = answers.keep(database.current(), session.wallet(), asked, parts=session.parts(), now=session.now())
    return redirect(url_for("answering.consent", request_id=item.request_id), 303)


@pages.get("/requests/<request_id>")
@session.holder_only
def consent(request_id: str) -> Answer:
    """Show who asks for what, and what would leave; afterwards, what became of it."""
    item = _one(request_id)
    return _consent(item) if item.state == "waiting" else _done(item)


@pages.post("/requests/<request_id>")
@session.holder_only
def answer(request_id: str) -> Answer:
    """Send what was chosen, or a no."""
    item = _one(request_id)
    try:
        if request.form.get("answer") != "agree":
            answers.decline(
                database.current(), session.wallet(), request_id, parts=session.parts(), now=session.now()
            )
        else:
            answers.agree(
                database.current(),
                session.wallet(),
                request_id,
                _chosen(),
                parts=session.parts(),
                now=session.now(),
            )
    except ChoiceError as error:
        return _consent(item, error=of_error(error).line), 422
    except (AnsweredError, RequestOverError) as error:
        flash(of_error(error).line, "info")
    return redirect(_next(item), 303)


def _one(request_id: str) -> Presentation:
    return answers.one(database.current(), session.wallet(), request_id)


def _chosen() -> dict[str, str]:
    """Read which certificate was chosen for which part of the query."""
    return {
        name.removeprefix("answer-"): value
        for name, value in request.form.items()
        if name.startswith("answer-") and value != NOTHING
    }


def _consent(item: Presentation, *, error: str = "") -> str:
    return render_template(
        "wallet/answering/consent.html",
        item=item,
        choices=answers.choices(database.current(), session.wallet(), item, now=session.now()),
        over=item.asked.expires <= session.now(),
        error=error,
        stating=stating,
        words=words,
    )


def _done(item: Presentation) -> str:
    return render_template("wallet/answering/done.html", item=item, told=told(item))


def _next(item: Presentation) -> str:
    """Say where to go on: an application shows how it stands now, anything else what was sent."""
    if item.conversion is None:
        return url_for("answering.consent", request_id=item.request_id)
    try:
        conversions.refresh_one(
            database.current(),
            session.wallet(),
            item.conversion,
            parts=session.parts(),
            now=session.now(),
        )
    except NothingThereError:
        return url_for("answering.consent", request_id=item.request_id)
    return url_for("converting.detail", conversion_id=item.conversion)


def told(item: Presentation) -> words.Words:
    """Say what became of a request."""
    return {
        "sent": words.Words(gettext("已发送"), gettext("对方已经收到。是否认可由对方决定。")),
        "declined": words.Words(gettext("已拒绝"), gettext("没有发送任何证书。")),
        "refused": words.Words(
            gettext("对方没有接受"), gettext("证书已经送到，但对方没有接受。可以请对方重新发起一次。")
        ),
    }.get(
        item.state,
        words.Words(
            gettext("不确定是否送达"),
            gettext("发送时连接中断。为避免重复，不会自动再发。请向对方核实，需要时请对方重新发起。"),
        ),
    )
