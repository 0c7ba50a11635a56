"""The credit bank's pages, as a browser without script uses them."""

import io

import pytest

from issuer import officers, store_officers
from issuer.bank import reviews, role, store
from tests.issuer.bank.creditbank import COLLEGE, LIST, Applied, Town
from tests.issuer.cosigning.bodies import Body
from tests.issuer.test_officer_pages import Officer
from web.database import transaction

PASSPHRASE = "correct horse battery"


def signed_in(body: Body, name: str) -> Officer:
    with transaction(body.db):
        store_officers.set_passphrase(body.db, name, officers.hash_passphrase(PASSPHRASE))
    officer = Officer(body.app, name)
    assert officer.sign_in(PASSPHRASE) == 303
    return officer


@pytest.fixture
def maker(town: Town) -> Officer:
    role.refresh(town.bank.db, town.desk, now=town.now)
    return signed_in(town.bank, "zhang")


@pytest.fixture
def checker(town: Town) -> Officer:
    role.refresh(town.bank.db, town.desk, now=town.now)
    return signed_in(town.bank, "li")


@pytest.fixture
def applied(town: Town) -> Applied:
    """Return an application that waits for an officer."""
    found = town.apply()
    found.present(town.certificate())
    return found


def test_every_page_of_the_bank_is_for_officers_only(town: Town):
    assert [
        name
        for name, view in town.bank.app.view_functions.items()
        if name.partition(".")[0] == "bank" and not getattr(view, "officers_only", False)
    ] == []


def test_navigation_leads_to_the_bank_only_where_there_is_one(town: Town, maker: Officer):
    assert 'href="/credit-bank"' in maker.page("/")
    elsewhere = signed_in(town.body, "zhang")
    assert 'href="/credit-bank"' not in elsewhere.page("/")
    assert elsewhere.client.get("/credit-bank").status_code == 404


def test_empty_bank_says_what_will_appear(maker: Officer):
    assert "没有等待确认的申请" in maker.page("/credit-bank")
    assert "今天还没有登记。" in maker.page("/credit-bank?tab=today")
    assert "没有待复核的来源" in maker.page("/credit-bank?tab=reviews")
    assert "还没有账户" in maker.page("/credit-bank/accounts")
    assert "No application waits for you" in maker.page("/credit-bank?lang=en")


@pytest.mark.row("S56")
def test_officer_reads_the_rule_as_a_sentence_and_confirms(town: Town, checker: Officer, applied: Applied):
    assert "林晓雨" in checker.page("/credit-bank")
    assert "1 项学分申请或来源复核等待处理" in checker.page("/")
    page = checker.page(f"/credit-bank/applications/{applied.id}")
    for shown in (
        "工业机器人操作与编程 · RB2104",
        "8 学分（16学时/学分）",
        "首次申请",
        "HH1X-2026-2-0000001",
    ):
        assert shown in page, shown
    answer = checker.post(f"/credit-bank/applications/{applied.id}/confirm")
    assert answer.status_code == 303
    assert applied.state()["state"] == "registered"
    page = checker.page(f"/credit-bank/applications/{applied.id}")
    assert "已登记，学分记录已签发" in page
    assert "再确认" not in page, "nothing is left to be checked before"
    assert "8 credits (16 hours each)" in checker.page(f"/credit-bank/applications/{applied.id}", lang="en")
    for page in ("/credit-bank?tab=today", "/credit-bank/accounts/CB-00000001"):
        assert "credits (16 hours each)" in checker.page(page, lang="en")
        assert "学分（16学时" not in checker.page(page, lang="en")
    today = checker.page("/credit-bank?tab=today")
    assert "按规则R1" in today
    assert "…4821" in today


@pytest.mark.parametrize(("listed", "named", "missing"), [("460305", "", False), ("510203", "460305", True)])
def test_officer_is_sent_to_the_college_only_where_its_list_lacks_the_learner(
    town: Town, checker: Officer, listed: str, named: str, missing: bool
):
    roll = LIST.format(college=COLLEGE).replace("460305", listed).encode()
    checker.post("/credit-bank/accounts", file=(io.BytesIO(roll), "students.csv"))
    found = town.apply(programme=named)
    found.present(town.certificate())
    page = checker.page(f"/credit-bank/applications/{found.id}")
    assert ("学校的名册里没有" in page) is missing


def test_officer_returns_an_application_with_a_word(checker: Officer, applied: Applied):
    address = f"/credit-bank/applications/{applied.id}"
    checker.post(f"{address}/return", note=" ")
    assert "请写明退回的原因" in checker.page(address)
    checker.post(f"{address}/return", note="请到教务处核对学号。")
    assert applied.state()["reason"]["note"] == "请到教务处核对学号。"
    assert "请到教务处核对学号。" in checker.page(address)
    assert "已退回给学生" in checker.page("/credit-bank?tab=decided")


def test_refusal_to_check_is_told_and_the_application_goes_on_waiting(
    town: Town, checker: Officer, applied: Applied
):
    town.wire.down.add(town.body.url)
    checker.post(f"/credit-bank/applications/{applied.id}/confirm")
    page = checker.page(f"/credit-bank/applications/{applied.id}")
    assert "暂时无法核验，这不代表证书有问题。" in page
    assert applied.state()["state"] == "submitted"


def test_review_is_kept_by_one_officer_and_cancelled_by_two(
    town: Town, maker: Officer, checker: Officer, applied: Applied
):
    checker.post(f"/credit-bank/applications/{applied.id}/confirm")
    with transaction(town.bank.db):
        reviews.revoked(town.bank.db, source_id=1, reason="冒名/作弊", replacement=None, now=town.now)
    assert "来源证书已撤销" in maker.page("/credit-bank?tab=reviews")
    maker.post("/credit-bank/reviews/1", decision="cancel")
    assert "zhang 提交于" in maker.page("/credit-bank?tab=reviews")
    (act,) = [found.id for found in _acts(town)]
    assert "林晓雨 · 8 学分" in checker.page("/approvals")
    assert "学分已取消" in checker.post("/approvals/approve", act=act).get_data(as_text=True)
    assert store.conversions(town.bank.db, "CB-00000001")[0]["state"] == "cancelled"
    assert "已取消" in checker.page("/credit-bank/accounts/CB-00000001")


def test_kept_review_leaves_the_queue(town: Town, checker: Officer, applied: Applied):
    checker.post(f"/credit-bank/applications/{applied.id}/confirm")
    with transaction(town.bank.db):
        reviews.revoked(town.bank.db, source_id=1, reason=None, replacement=None, now=town.now)
    checker.post("/credit-bank/reviews/1", decision="keep")
    assert "没有待复核的来源" in checker.page("/credit-bank?tab=reviews")


def test_sources_are_checked_at_the_press_of_a_button(town: Town, checker: Officer, applied: Applied):
    checker.post(f"/credit-bank/applications/{applied.id}/confirm")
    checker.post("/credit-bank/reconcile")
    assert "已核对 1 份来源证书，新的复核 0 项。" in checker.page("/credit-bank?tab=reviews")


def test_list_is_imported_and_refused_lines_are_named(maker: Officer):
    content = (LIST.format(college=COLLEGE) + "王一,居民身份证,1,无名学院,460305,2\n").encode()
    answer = maker.post("/credit-bank/accounts", file=(io.BytesIO(content), "students.csv"))
    page = answer.get_data(as_text=True)
    assert "新开账户 1 个" in page
    assert "未收的行：3" in page
    assert "CB-00000001" in maker.page("/credit-bank/accounts?q=林晓雨")


def test_file_that_is_no_list_is_refused_beside_its_field(maker: Officer):
    answer = maker.post("/credit-bank/accounts", file=(io.BytesIO(b"\xff\xff"), "students.csv"))
    assert answer.status_code == 422
    assert "这不是可以读取的名册" in answer.get_data(as_text=True)


def test_export_is_downloaded_as_a_file(checker: Officer, applied: Applied):
    checker.post(f"/credit-bank/applications/{applied.id}/confirm")
    answer = checker.client.get("/credit-bank/export.csv")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="credit-bank-')
    assert "CB-00000001" in answer.data.decode("utf-8-sig")


def test_unknown_account_or_application_is_not_found(checker: Officer):
    assert checker.client.get("/credit-bank/accounts/CB-9").status_code == 404
    assert checker.client.get("/credit-bank/applications/app-9").status_code == 404


def _acts(town: Town):
    from issuer import approval

    return approval.listing(town.bank.db, kind=reviews.ACT)
