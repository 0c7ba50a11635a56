"""The pages of presenting on request: pasting, choosing, agreeing, declining."""

import re
from datetime import timedelta

import pytest

from tests.wallet.asking import ASKER, Asker


@pytest.fixture
def asker(registry, network):
    found = Asker(registry)
    network.hosts[found.url] = found
    return found


def paste(holder, link):
    return holder.post("/present", page="/present", given=link)


def test_pasted_link_leads_to_who_asks_and_what_would_leave(holder, college, asker):
    holder.claim(college.hand_out())
    page = holder.get(paste(holder, asker.link).headers["Location"]).text
    for shown in (
        "星衡智能装备有限公司请你出示证书",
        ASKER,
        "请求里没有写",
        "离开钱包的全部内容",
        "你眼前这家单位",
    ):
        assert shown in page, shown
    assert asker.heard == []


@pytest.mark.parametrize(
    "given", ["", "javascript:alert(1)", "https://evil.example/", "openid4vp://?client_id=x"]
)
def test_what_is_no_acceptable_request_is_answered_with_a_page(holder, hostile, asker, given):
    hostile.refused(lambda: paste(holder, given), status=422, page=True)


@pytest.mark.case("VP-018")
def test_refused_request_says_that_nobody_was_answered(holder, asker):
    asker.changes = {"nonce": "short"}
    answer = paste(holder, asker.link)
    assert answer.status_code == 422
    assert "也没有回应对方" in answer.text
    assert asker.heard == []


def test_several_that_fit_are_offered_with_the_choice_of_none(holder, college, asker):
    holder.claim(college.hand_out())
    holder.claim(college.hand_out())
    consent = paste(holder, asker.link).headers["Location"]
    page = holder.get(consent).text
    assert len(re.findall(r'type="radio" name="answer-certificate"', page)) == 3
    assert "<legend>选一份</legend>" in page
    answer = holder.post(consent, page="/settings", answer="agree", **{"answer-certificate": ""})
    assert answer.status_code == 422
    assert "还不能回应这个请求" in answer.text
    assert asker.heard == []
    chosen = re.search(r'name="answer-certificate" value="([0-9a-f]{32})"', page).group(1)
    holder.post(consent, page="/settings", answer="agree", **{"answer-certificate": chosen})
    asker.shown()
    assert "已发送" in holder.get(consent).text
    assert "已发送" in holder.get("/shares").text


def test_wallet_without_anything_that_fits_can_only_decline(holder, college, asker):
    holder.claim(college.hand_out(kind="GraduationCertificate"))
    consent = paste(holder, asker.link).headers["Location"]
    page = holder.get(consent).text
    assert "没有符合的证书" in page
    assert "同意并发送" not in page
    holder.post(consent, page="/settings", answer="decline")
    assert asker.heard[0]["error"] == "access_denied"
    assert "没有发送任何证书" in holder.get(consent).text


def test_request_that_ran_out_cannot_be_agreed_to(holder, college, asker, clock):
    holder.claim(college.hand_out())
    consent = paste(holder, asker.link).headers["Location"]
    clock.now += timedelta(minutes=6)
    page = holder.get(consent).text
    assert "请求已过期" in page
    assert re.search(r"<button[^>]* disabled", page)
    chosen = dict(re.findall(r'name="(answer-[\w-]+)" value="([0-9a-f]+)"', page))
    answer = holder.post(consent, page="/settings", answer="agree", **chosen)
    assert "没有发送任何内容" in holder.get(answer.headers["Location"]).text
    assert asker.heard == []


def test_holder_goes_on_where_the_verifier_says(holder, college, asker):
    holder.claim(college.hand_out())
    asker.response_body = {"redirect_uri": f"{asker.url}/done?response_code=abc"}
    consent = paste(holder, asker.link).headers["Location"]
    chosen = dict(re.findall(r'name="(answer-[\w-]+)" value="([0-9a-f]+)"', holder.get(consent).text))
    holder.post(consent, page="/settings", answer="agree", **chosen)
    page = holder.get(consent).text
    assert "继续到对方网站" in page
    assert f"{asker.url}/done?response_code=abc" in page
