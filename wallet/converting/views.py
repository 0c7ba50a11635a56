"""Pages of the credit bank: the wizard from certificate to credit, the applications, and the account.

Every step is a page of its own with an address, and works without script: choose a certificate; say where
one studies and see what each agreement gives, and why; agree to what the bank may see; see how it stands.
"""

import re
from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wallet import holding, session, stating, totals, words
from wallet.converting import agreements, conversions, kept, known, statement
from wallet.converting.agreements import Option
from wallet.converting.kept import Conversion
from wallet.errors import CannotCheckError, NothingThereError, WalletError
from wallet.holding import Held
from wallet.recognising import Situation
from wallet.words import Words, of_error
from web import database, i18n
from web.errors import WebError

Answer = str | Response | tuple[str, int]

pages = Blueprint("converting", __name__)

APPLICATIONS = "30/minute"
_PROGRAMME = re.compile(r"[0-9]{4,6}", re.ASCII)


@pages.get("/credits")
@session.holder_only
def overview() -> Answer:
    """Show what is registered, for each unit by itself, and every application with how it stands."""
    db, wallet = database.current(), session.wallet()
    return render_template(
        "wallet/converting/overview.html",
        credits=totals.by_unit(holding.held(db, wallet, now=session.now())),
        conversions=kept.every(db, wallet),
        stating=stating,
        state=state_words,
    )


@pages.post("/credits/refresh")
@session.holder_only
def refresh() -> Answer:
    """Ask the banks how every application stands, and take what they offer."""
    complete = conversions.refresh(
        database.current(), session.wallet(), parts=session.parts(), now=session.now()
    )
    if complete:
        flash(gettext("申请状态已更新。"), "done")
    else:
        flash(gettext("暂时联系不上学分银行，或记录还没有领完。什么都没有丢失，请稍后再更新。"), "warning")
    return redirect(url_for("converting.overview"), 303)


@pages.get("/credits/account")
@session.holder_only
def account() -> Answer:
    """Show the account as each bank keeps it."""
    return render_template(
        "wallet/converting/account.html",
        statements=statement.statements(database.current(), session.wallet(), parts=session.parts()),
        stating=stating,
        state=entry_words,
    )


@pages.get("/credits/<conversion_id>")
@session.holder_only
def detail(conversion_id: str) -> Answer:
    """Show one application."""
    item = kept.one(database.current(), session.wallet(), conversion_id)
    return render_template(
        "wallet/converting/detail.html",
        item=item,
        records=_records(item),
        stating=stating,
        told=state_words(item),
    )


@pages.get("/convert")
@session.holder_only
def choose() -> Answer:
    """Choose a certificate."""
    found, held = _situation(), _held()
    return render_template(
        "wallet/converting/choose.html",
        reachable=found is not None,
        convertible=agreements.convertible(held, found) if found else [],
        held=held,
        words=words,
    )


@pages.get("/convert/<credential_id>")
@session.holder_only
def preview(credential_id: str) -> Answer:
    """Say where one studies, and see what each agreement gives."""
    return _preview(credential_id)


@pages.post("/convert/<credential_id>")
@session.holder_only
def apply(credential_id: str) -> Answer:
    """Open an application, and go on to the bank's request."""
    session.count(APPLICATIONS, "apply")
    item, found = _current(credential_id), _situation()
    college, programme = _enrolment(request.form)
    rules = request.form.getlist("rule")
    option = None
    if found is not None:
        option = next(
            (
                option
                for option in _options(item, found, college, programme, chosen=rules)
                if option.agreement_id == request.form.get("agreement")
            ),
            None,
        )
    if not rules:
        return _preview(credential_id, error=gettext("请至少选一项，再申请。")), 422
    if option is None:
        told = gettext("这份协议现在不能给这份证书换学分。") if found is not None else ""
        return _preview(credential_id, error=told), 422
    # Whoever chose two learns here, and not from the bank, that only one of them would be registered.
    if option.granted and {result.rule for result in option.granted} != set(rules):
        return _preview(credential_id, error=gettext("所选的项目不能一起换，请只选其中能换的。")), 422
    try:
        asked = conversions.apply(
            database.current(),
            session.wallet(),
            item,
            option,
            college=college,
            programme=programme,
            rules=rules,
            parts=session.parts(),
            now=session.now(),
        )
    except (WalletError, WebError) as error:
        return _preview(credential_id, error=of_error(error).line), 422
    return redirect(url_for("answering.consent", request_id=asked.request_id), 303)


def _preview(credential_id: str, *, error: str = "") -> str:
    item, found = _current(credential_id), _situation()
    given = request.form if request.method == "POST" else request.args
    college, programme = _enrolment(given)
    options = _options(item, found, college, programme) if found else []
    problem = ""
    if given.get("programme") and programme is None:
        problem = gettext("专业代码为 4 至 6 位数字，例如 460305。")
    return render_template(
        "wallet/converting/preview.html",
        item=item,
        reachable=found is not None,
        options=options,
        colleges=_colleges(options),
        programmes=sorted({code for option in options for code in option.programmes}),
        college=college or "",
        programme=given.get("programme", "")[:20],
        asked="college" in given,
        same_account=_same_account(item, options),
        error=error,
        problem=problem,
        stating=stating,
        words=words,
    )


def _options(
    item: Held,
    found: Situation,
    college: str | None,
    programme: str | None,
    *,
    chosen: list[str] | None = None,
) -> list[Option]:
    learner = known.account_of(
        database.current(), session.wallet(), college=college, programme=programme, now=session.now()
    )
    return agreements.options(item, found, account=learner, chosen=chosen)


def _enrolment(given: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Read where one says to study; the bank knows better, and compares."""
    college, programme = given.get("college", "").strip(), given.get("programme", "").strip()
    return (
        college if college.startswith("did:") and len(college) <= 512 else None,
        programme if _PROGRAMME.fullmatch(programme) else None,
    )


def _same_account(item: Held, options: list[Option]) -> bool:
    """Tell whether some bank would be told whose account it is, because the certificate does not say it."""
    db, wallet = database.current(), session.wallet()
    return any(conversions.earlier(db, wallet, item, bank_did=option.bank.did) for option in options)


def _colleges(options: list[Option]) -> list[tuple[str, str]]:
    """List the colleges for whose students the agreements speak, to choose from."""
    found = {body.did: i18n.pick(body.names) for option in options for body in option.colleges}
    return [*sorted(found.items()), ("", gettext("不在这些学校"))]


def _situation() -> Situation | None:
    try:
        return agreements.situation(parts=session.parts(), now=session.now())
    except CannotCheckError:
        return None


def _held() -> list[Held]:
    return holding.held(database.current(), session.wallet(), now=session.now())


def _one(credential_id: str) -> Held:
    return holding.one(database.current(), session.wallet(), credential_id, now=session.now())


def _current(credential_id: str) -> Held:
    """Give a certificate; without a receipt no credit, so one that lacks it is looked at again."""
    item = _one(credential_id)
    if item.receipt is not None:
        return item
    return holding.refresh_one(
        database.current(), session.wallet(), credential_id, parts=session.parts(), now=session.now()
    )


def _records(item: Conversion) -> list[Held]:
    found = []
    for credential_id in item.records:
        try:
            found.append(_one(credential_id))
        except NothingThereError:
            # Its holder deleted it; the account at the bank is not touched by that.
            continue
    return found


def state_words(item: Conversion) -> Words:
    """Say how an application stands: the word, and what happens next."""
    told = _stands(item)
    if not item.answer_lost:
        return told
    return Words(
        told.title,
        gettext(
            "证书已送达，但学分银行的回执没有传回这个钱包，所以看不到详情。"
            "登记了的学分不会丢失：请到学分银行窗口，工作人员核对身份后会给你一张领取条。"
        ),
    )


def _stands(item: Conversion) -> Words:
    if item.state == "registered" and len(item.records) < len(item.results):
        return Words(gettext("已登记"), gettext("学分记录正在签发，稍后更新状态时会自动放进钱包。"))
    return {
        "waiting": Words(gettext("待你确认"), gettext("还没有出示证书。请求几分钟后失效，可以重新申请。")),
        "submitted": Words(gettext("已提交"), gettext("学分银行已收到，等待工作人员确认。")),
        "registered": Words(gettext("已登记"), gettext("学分已登记，学分记录在你的钱包里。")),
        "returned": Words(gettext("被退回"), gettext("没有登记学分。看清原因后可以重新申请。")),
        "declined": Words(gettext("已放弃"), gettext("你没有同意出示证书，申请没有提交。")),
        "gone": Words(gettext("已失效"), gettext("学分银行没有这项申请了，可以重新申请。")),
    }.get(item.state, Words(item.state, ""))


def entry_words(state: str) -> str:
    """Say how an entry of the account stands."""
    return {
        "active": gettext("已登记"),
        "underReview": gettext("复核中"),
        "cancelled": gettext("已取消"),
    }.get(state, state)
