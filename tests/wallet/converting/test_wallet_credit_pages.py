"""The wizard and the account as a holder sees them, without script."""

import re

import pytest

from tests.wallet.banks import BANK, BANK_URL, COLLEGE, UNIT, Bank, agreement
from tests.wallet.doubles import College

AGREEMENT = "urn:vocred:agreement:YL-2026-0012"
WHERE = {"college": COLLEGE, "programme": "460305"}


@pytest.fixture
def bank(registry, network):
    found = Bank(registry)
    network.hosts[found.url] = found
    return found


BODY_DID = "did:web:huaheng-skills.example"


@pytest.fixture
def body(registry, network):
    """A certificate body whose certificates the agreement accepts."""
    found = College(
        registry,
        did=BODY_DID,
        url="https://huaheng-skills.example",
        number=8,
        names={"zh": "华衡职业技能评价中心", "en": "Huaheng Skills"},
    )
    network.hosts[found.url] = found
    return found


@pytest.fixture
def document(registry, bank):
    return agreement(registry, issuer=BODY_DID)


@pytest.fixture
def certificate(holder, body, document, db):
    """Claim a certificate whose form is anchored by the time that it is looked at."""
    holder.claim(body.hand_out())
    (credential_id,) = holder.certificates()
    body.anchor(next(iter(body.slips.values())).form)
    holder.post("/certificates/refresh", page="/certificates")
    return credential_id


def preview(holder, certificate, **where):
    return holder.get(f"/convert/{certificate}", query_string=where or WHERE)


def apply(holder, certificate, **more):
    fields = {"agreement": AGREEMENT, "rule": ["R1"], **WHERE, **more}
    return holder.post(f"/convert/{certificate}", page="/settings", **fields)


def agree(holder, certificate):
    consent = apply(holder, certificate).headers["Location"]
    page = holder.get(consent).text
    chosen = dict(re.findall(r'name="(answer-[\w-]+)" value="([0-9a-f]+)"', page))
    return holder.post(consent, page="/settings", answer="agree", **chosen)


# --- choosing and seeing ----------------------------------------------------------------------------


def test_certificates_that_an_agreement_turns_into_credit_are_listed(holder, certificate):
    page = holder.get("/convert").text
    assert f"/convert/{certificate}" in page
    assert "可换学分" in page


def test_without_an_agreement_the_page_says_so(holder, college):
    holder.claim(college.hand_out())
    assert "没有可以换学分的证书" in holder.get("/convert").text


def test_empty_wallet_is_told_to_claim_first(holder):
    assert "领取证书之后，才能换学分" in holder.get("/convert").text


@pytest.mark.row("S54", "S55")
def test_preview_shows_course_credits_unit_grade_and_why(holder, certificate):
    page = preview(holder, certificate).text
    for shown in ("工业机器人操作与编程", "RB2104", f"8 {UNIT}", "成绩 91", "自动登记", "规则R1"):
        assert shown in page, shown
    assert "R2" in page


def test_preview_for_another_programme_says_why_not(holder, certificate):
    page = preview(holder, certificate, college=COLLEGE, programme="530302").text
    assert "现在不能换" in page
    assert "530302" in page


def test_programme_that_is_no_code_is_marked_at_its_field(holder, certificate):
    page = preview(holder, certificate, college=COLLEGE, programme="机器人").text
    assert 'aria-invalid="true"' in page
    assert "专业代码为 4 至 6 位数字" in page


def test_certificate_that_is_not_anchored_yet_is_looked_at_again(holder, body, document):
    holder.claim(body.hand_out())
    (certificate,) = holder.certificates()
    assert "尚未存证" in preview(holder, certificate).text
    body.anchor(next(iter(body.slips.values())).form)
    assert "成绩 91" in preview(holder, certificate).text


def test_silent_ledger_is_said_and_nothing_else(holder, certificate, registry):
    registry.silent = True
    assert "暂时查不到协议" in preview(holder, certificate).text
    assert "暂时查不到协议" in holder.get("/convert").text


# --- consent ----------------------------------------------------------------------------------------


def test_bank_hears_which_rule_and_nothing_about_who_before_consent(holder, certificate, bank, network):
    consent = apply(holder, certificate).headers["Location"]
    assert bank.wish == {
        "agreement": AGREEMENT,
        "version": 3,
        "rules": ["R1"],
        "credentialType": "SkillLevelCertificate",
        "issuer": BODY_DID,
        **WHERE,
    }
    assert bank.heard == []
    assert bank.bearers == [None]
    page = holder.get(consent).text
    assert bank.heard == []
    for shown in (
        "云岭学分银行",
        "联盟登记的单位",
        BANK,
        "申请学分",
        "证书编号",
        "姓名",
        "末四位",
        "同意并发送",
        "拒绝",
    ):
        assert shown in page, shown
    assert network.requests[-1][0] == "GET"


def test_both_answers_are_buttons_of_one_row(holder, certificate):
    page = holder.get(apply(holder, certificate).headers["Location"]).text
    row = re.search(r'<div class="actions pair">(.*?)</div>', page, re.S).group(1)
    assert len(re.findall(r"<button", row)) == 2


@pytest.mark.row("S54", "S64")
def test_agreeing_registers_and_the_record_is_in_the_wallet(holder, certificate, bank):
    answer = agree(holder, certificate)
    assert re.fullmatch(r"/credits/[0-9a-f]{32}", answer.headers["Location"])
    page = holder.get(answer.headers["Location"]).text
    assert "已登记" in page
    assert "在钱包里" in page
    listing = holder.get("/certificates").text
    assert "学分" in listing
    assert f"8 {UNIT}" in listing


def test_declining_sends_no_certificate(holder, certificate, bank):
    consent = apply(holder, certificate).headers["Location"]
    answer = holder.post(consent, page="/settings", answer="decline")
    assert "已放弃" in holder.get(answer.headers["Location"]).text
    assert set(bank.heard[0]) == {"error", "state"}


@pytest.mark.case("VP-031")
def test_going_back_and_agreeing_again_sends_nothing_more(holder, certificate, bank):
    consent = apply(holder, certificate).headers["Location"]
    page = holder.get(consent).text
    chosen = dict(re.findall(r'name="(answer-[\w-]+)" value="([0-9a-f]+)"', page))
    holder.post(consent, page="/settings", answer="agree", **chosen)
    again = holder.post(consent, page="/settings", answer="agree", **chosen)
    assert again.status_code == 303
    assert "这个请求已经回应过" in holder.get(again.headers["Location"]).text
    assert len(bank.applications) == 1


def test_choosing_nothing_is_told_beside_the_choice(holder, certificate, bank):
    answer = apply(holder, certificate, rule=[])
    assert answer.status_code == 422
    assert "请至少选一项" in answer.text
    assert bank.applications == {}


@pytest.fixture
def two_courses(document):
    """Let the agreement give either of two courses, and no more credit than for one of them."""
    (first,) = (rule for rule in document["rules"] if rule["id"] == "R1")
    target = {key: value for key, value in first["target"].items() if key != "programme"}
    document["rules"] = [
        {**first, "target": target},
        {**first, "id": "R2", "target": {**target, "courseCode": "RB3110"}},
    ]
    document["limits"] = {"maxCreditsPerLearner": first["credits"], "oncePerCourse": True}


def test_what_the_limit_keeps_out_can_be_chosen_instead(holder, certificate, two_courses, bank):
    page = preview(holder, certificate).text
    assert re.search(r'name="rule" value="R1" checked', page)
    assert re.search(r'name="rule" value="R2">', page)
    assert "可以换着选" in page
    assert apply(holder, certificate, rule=["R2"]).status_code == 303
    assert bank.wish["rules"] == ["R2"]


def test_two_that_are_not_granted_together_are_not_applied_for(holder, certificate, two_courses, bank):
    answer = apply(holder, certificate, rule=["R1", "R2"])
    assert answer.status_code == 422
    assert "所选的项目不能一起换" in answer.text
    assert bank.applications == {}


def test_agreement_that_ended_meanwhile_is_told_as_such(holder, certificate, bank):
    answer = apply(holder, certificate, agreement="urn:vocred:agreement:XX-2026-0001")
    assert answer.status_code == 422
    assert "这份协议现在不能给这份证书换学分" in answer.text
    assert "请至少选一项" not in answer.text


def test_bank_that_refuses_is_quoted_in_plain_words(holder, certificate, bank):
    bank.refuses = "NO_AGREEMENT"
    answer = apply(holder, certificate)
    assert answer.status_code == 422
    assert "协议已经终止或换了新版本" in answer.text


def test_bank_that_is_away_is_no_error_of_the_holders(holder, certificate, network):
    network.away.add(BANK_URL)
    answer = apply(holder, certificate)
    assert answer.status_code == 422
    assert "没有提交任何内容，请稍后再试" in answer.text


def test_made_up_agreement_is_refused(holder, certificate, bank):
    assert apply(holder, certificate, agreement="urn:vocred:agreement:X").status_code == 422
    assert bank.applications == {}


# --- afterwards -------------------------------------------------------------------------------------


def test_submitted_application_is_registered_after_an_update(holder, certificate, bank):
    bank.decides = "submitted"
    detail = agree(holder, certificate).headers["Location"]
    assert "已提交" in holder.get(detail).text
    bank.confirm("app-0")
    holder.post("/credits/refresh", page="/credits")
    assert "已登记" in holder.get(detail).text


def test_returned_application_shows_its_reason_and_the_way_back(holder, certificate, bank):
    bank.decides = "returned"
    page = holder.get(agree(holder, certificate).headers["Location"]).text
    assert "被退回" in page
    assert "这份证书已登记在另一个账户中" in page
    assert f"/convert/{certificate}" in page


@pytest.mark.row("S55", "S64")
def test_account_adds_up_each_unit_by_itself(holder, certificate):
    agree(holder, certificate)
    page = holder.get("/credits/account").text
    assert f"8 {UNIT}" in page
    assert "2 学分（18学时/学分）" in page
    assert "单位不同的学分不相加，也不换算" in page
    assert "10 学分" not in page
    assert "复核中" in page
    assert "已取消" in page


def test_application_whose_answer_was_lost_says_where_to_go(holder, certificate, bank):
    bank.silent = True
    agree(holder, certificate)
    holder.post("/credits/refresh", page="/credits")
    (link,) = set(re.findall(r'href="(/credits/[0-9a-f]{32})"', holder.get("/credits").text))
    assert "学分银行的回执没有传回这个钱包" in holder.get(link).text
    assert "claim slip" in holder.get(link, query_string={"lang": "en"}).text


def test_account_calls_the_college_as_the_registry_does(holder, certificate):
    agree(holder, certificate)
    page = holder.get("/credits/account").text
    assert "云岭示范职业技术学院 · " in page
    assert COLLEGE not in page


def test_codes_and_purposes_stand_in_english_brackets_on_an_english_page(holder, certificate):
    agree(holder, certificate)
    page = holder.get("/credits/account", query_string={"lang": "en"}).text
    assert " (RB2104)</td>" in page
    assert "（" not in re.sub(r"学分（[^）]*）", "", page)


def test_empty_account_names_the_next_step(holder):
    assert "还没有学分" in holder.get("/credits").text
    assert "还没有账户" in holder.get("/credits/account").text


def test_credit_pages_hold_no_chinese_of_ours_in_english(holder, certificate):
    agree(holder, certificate)
    (detail,) = set(re.findall(r'href="(/credits/[0-9a-f]{32})"', holder.get("/credits").text))
    request = re.search(r'href="(/requests/[0-9a-f]{32})"', holder.get("/shares").text).group(1)
    issued = (
        r"工业机器人操作与(运维|编程)(职业技能等级证书)?|（中级）|中级|林晓雨|晓雨|职业技能等级证书|（课程学分）"
        r"|云岭[^<\s]*|居民身份证|理论成绩|实操成绩|合格|学分银行转换记录|考核站点?[^<\s]*|工业机器人[^<\s]*|线下|机考[^<\s]*"
    )
    for path in (
        "/convert",
        f"/convert/{certificate}?college={COLLEGE}&programme=460305",
        "/credits",
        "/credits/account",
        detail,
        request,
        "/present",
    ):
        html = holder.get(path, query_string=None if "?" in path else {"lang": "en"}).text
        if "?" in path:
            html = holder.get(path + "&lang=en").text
        text = re.sub(r"<[^>]+>|中文", " ", html)
        left = re.sub(issued, "", text)
        found = re.findall(r"[\u4e00-\u9fff]+", left)
        assert not found, (path, found)


@pytest.mark.parametrize("path", ["/credits", "/credits/account", "/convert", "/present", "/practice"])
def test_credit_pages_ask_a_stranger_to_log_in(browser, path):
    assert browser.get(path).headers["Location"] == "/login"


def test_request_that_opened_the_wallet_waits_for_the_log_in(holder, bank):
    holder.post("/logout")
    query = (
        "client_id=decentralized_identifier%3Adid%3Aweb%3Ax.example&request_uri=https%3A%2F%2Fx.example%2F1"
    )
    holder.get(f"/present?{query}")
    answer = holder.post("/login", page="/login", name="晓雨", passphrase="correct horse battery")
    assert answer.headers["Location"].startswith("/present?client_id=")
    assert "openid4vp://?client_id=" in holder.get(answer.headers["Location"]).text


def test_made_up_ids_find_nothing(holder):
    for path in ("/credits/" + "0" * 32, "/convert/" + "0" * 32, "/requests/" + "0" * 32):
        assert holder.get(path).status_code == 404


def test_application_is_kept_sealed(holder, certificate, db):
    agree(holder, certificate)
    (row,) = db["conversion"].rows
    assert b"token-of" not in row["sealed"]
    assert BANK.encode() not in row["sealed"]
