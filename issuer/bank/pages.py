"""The credit bank's pages for officers: what waits, what was registered today, reviews, accounts, the export.

They are shown where the registry makes this institution a credit bank, and answer 404 elsewhere. Confirming
asks the ledger and the certificate's issuer while the officer waits; everything else is read from the books.
"""

import json
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from issuer import approval, officers
from issuer.bank import accounts, confirming, listing, protocol, reviews, role, statements, store
from issuer.bank.errors import NotACreditBankError
from issuer.clock import now
from issuer.errors import IssuerError
from issuer.views import session
from issuer.views.session import actor, db, officer, officer_file, officer_only, parts
from schemas.catalogue import CATALOGUE
from vc import dates
from web.app import body_limit
from web.database import current

pages = Blueprint("bank", __name__, url_prefix="/credit-bank")

PER_PAGE = 50
LIST_BYTES = 4 * 1024 * 1024
_DAY = 24 * 3600
_TABS = ("waiting", "today", "reviews", "decided")


@pages.before_request
def only_at_a_bank() -> None:
    """Answer nowhere but at a credit bank."""
    if not role.is_bank(current()):
        raise NotACreditBankError("the registry names this institution no credit bank")


@pages.get("")
@officer_only
def show() -> str:
    """Show what waits for an officer, today's conversions, the reviews, or what was decided lately."""
    tab = request.args.get("tab", "waiting")
    tab = tab if tab in _TABS else "waiting"
    open_reviews = listing.reviews(db(), open_only=True)
    return render_template(
        "issuer/bank/show.html",
        tab=tab,
        waiting=listing.applications(db(), "submitted", limit=PER_PAGE),
        waiting_total=store.count_applications(db(), "submitted"),
        today=today(),
        reviews=open_reviews,
        submitted={act.subject: act for act in approval.listing(db(), kind=reviews.ACT)},
        decided=_decided() if tab == "decided" else [],
        types=CATALOGUE,
        can_make=officers.MAKER in officer().roles,
        can_check=officers.CHECKER in officer().roles,
    )


@pages.get("/applications/<application_id>")
@officer_only
def application(application_id: str) -> str:
    """Show one application: whose it is, the certificate, and each conversion with its rule as a sentence."""
    found = listing.application(db(), application_id)
    enrolments = [] if found["account"] is None else store.enrolments(db(), found["account"])
    return render_template(
        "issuer/bank/application.html",
        application=found,
        enrolled=any(
            # A learner who names no programme is asked for none: the college's list has the person.
            each["college"] == found["college"]
            and (found["programme"] or each["programme"]) == each["programme"]
            for each in enrolments
        ),
        names=listing.names(protocol.desk(), now=now()),
        types=CATALOGUE,
        can_check=officers.CHECKER in officer().roles,
    )


@pages.post("/applications/<application_id>/confirm")
@officer_only
def confirm(application_id: str) -> Any:
    """Verify and evaluate anew, and register what is still as the learner agreed to."""
    try:
        decision = confirming.confirm(
            db(), parts(), protocol.desk(), application_id=application_id, actor=actor(), now=now()
        )
    except IssuerError as error:
        session.say(error)
    else:
        if decision.state == "registered":
            flash(gettext("已登记，学分记录已签发，学生的钱包可以领取。"), "done")
        else:
            flash(gettext("核验或协议的结果与申请时不同，已退回给学生。"), "warning")
    return redirect(url_for("bank.application", application_id=application_id), 303)


@pages.post("/applications/<application_id>/return")
@officer_only
def return_(application_id: str) -> Any:
    """Send an application back to the learner with a word."""
    note = request.form.get("note", "").strip()
    if not note:
        flash(gettext("请写明退回的原因。"), "warning")
        return redirect(url_for("bank.application", application_id=application_id), 303)
    try:
        confirming.send_back(db(), application_id=application_id, note=note, actor=actor(), now=now())
    except IssuerError as error:
        session.say(error)
    else:
        flash(gettext("已退回给学生。"), "done")
    return redirect(url_for("bank.show"), 303)


@pages.post("/reviews/<int:review_id>")
@officer_only
def decide(review_id: int) -> Any:
    """Keep a conversion, or ask a second officer to end it."""
    decision = request.form.get("decision", "")
    try:
        if decision == reviews.KEEP:
            reviews.keep(db(), review_id=review_id, actor=actor(), now=now())
            flash(gettext("已保留。"), "done")
        else:
            approval.submit(
                db(),
                parts(),
                actor=actor(),
                kind=reviews.ACT,
                subject=str(review_id),
                arguments={"decision": decision},
                now=now(),
            )
            flash(gettext("已提交，等待另一位人员复核。"), "done")
    except IssuerError as error:
        session.say(error)
    return redirect(url_for("bank.show", tab="reviews"), 303)


@pages.post("/reconcile")
@officer_only
def reconcile() -> Any:
    """Read the issuers' status lists now."""
    session.require_role(officers.CHECKER)
    found = reviews.reconcile(db(), protocol.desk(), now=now())
    if found.unavailable:
        flash(gettext("有 %(n)s 个发证机构暂时连不上，稍后会再查。", n=len(found.unavailable)), "warning")
    else:
        said = gettext("已核对 %(n)s 份来源证书，新的复核 %(m)s 项。", n=found.looked_at, m=found.opened)
        flash(said, "done")
    return redirect(url_for("bank.show", tab="reviews"), 303)


@pages.get("/accounts")
@officer_only
def account_list() -> str:
    """Search the accounts by number or name."""
    return _accounts()


@pages.post("/accounts")
@body_limit(LIST_BYTES)
@officer_only
def enrol() -> Any:
    """Take over a college's enrolment list."""
    file = request.files.get("file")
    content = b"" if file is None else file.read()
    if not content:
        return _accounts(error=gettext("请选择名册文件。"))
    try:
        found = accounts.enrol(
            db(),
            parts(),
            actor=actor(),
            content=content,
            colleges=listing.colleges(protocol.desk(), now=now()),
            now=now(),
        )
    except IssuerError as error:
        if error.code != "INVALID_ACT":
            session.say(error)
            return redirect(url_for("bank.account_list"), 303)
        return _accounts(error=gettext("这不是可以读取的名册。请按说明的列名准备 CSV 文件。"))
    return _accounts(enrolled=found)


@pages.get("/accounts/<account_id>")
@officer_only
def account(account_id: str) -> str:
    """Show an account's statement."""
    return render_template(
        "issuer/bank/account.html",
        account=accounts.get(db(), account_id),
        statement=statements.statement(db(), account_id),
        enrolments=store.enrolments(db(), account_id),
        names=listing.names(protocol.desk(), now=now()),
        types=CATALOGUE,
    )


@pages.get("/export.csv")
@officer_file
def export() -> Response:
    """Return every conversion as CSV, for outside credit-bank platforms."""
    answer = Response(statements.export_csv(db()), mimetype="text/csv")
    day = dates.from_seconds(now()).astimezone(dates.CHINA).strftime("%Y%m%d")
    answer.headers["Content-Disposition"] = f'attachment; filename="credit-bank-{day}.csv"'
    return answer


def today() -> list[dict[str, Any]]:
    """Return what was registered today, by China's calendar."""
    morning = dates.from_seconds(now()).astimezone(dates.CHINA).replace(hour=0, minute=0, second=0)
    start = int(morning.timestamp())
    found = store.registered_between(db(), start=start, end=start + _DAY)
    return [{**each, "facts": json.loads(each["facts"]), "state": statements.state(each)} for each in found]


def waiting() -> int:
    """Return how much waits for an officer of the bank, for the workbench; 0 where this is no bank."""
    if not role.is_bank(current()):
        return 0
    return store.count_applications(current(), "submitted") + len(store.reviews(current(), open_only=True))


def at_bank() -> bool:
    """Return whether the navigation leads to the bank."""
    return role.is_bank(current())


def _decided() -> list[dict[str, Any]]:
    found = listing.applications(db(), limit=2 * PER_PAGE)
    return [each for each in found if each["state"] != "submitted"][:PER_PAGE]


def _accounts(*, error: str = "", enrolled: accounts.Enrolled | None = None) -> Any:
    text, page = request.args.get("q", "").strip()[:60], session.page_number()
    found = listing.accounts(db(), text=text, offset=(page - 1) * PER_PAGE, limit=PER_PAGE + 1)
    body = render_template(
        "issuer/bank/accounts.html",
        rows=found[:PER_PAGE],
        more=len(found) > PER_PAGE,
        page=page,
        text=text,
        error=error,
        enrolled=enrolled,
        columns=list(accounts.COLUMNS),
        can_make=officers.MAKER in officer().roles,
    )
    return Response(body, 422 if error else 200, mimetype="text/html")
