"""The wallet over HTTP: pages, sessions across processes, and what strangers send."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

import wallet as wallet_package
from tests.wallet.browser import BASE, Browser
from tests.wallet.conftest import PASSPHRASE
from vc import shares
from wallet import accounts, create_app
from web.database import connect
from web.i18n import catalogues, read_catalogue


def open_share(app, link, *, token=None, share_id=None):
    return app.test_client().post(
        f"/shares/{share_id or link.share_id}/open",
        base_url=BASE,
        json={"token": link.token if token is None else token},
    )


# --- claiming -----------------------------------------------------------------------------------------------


def test_issuer_is_shown_before_a_pin_is_asked(holder, college):
    assert holder.post("/claim", page="/O", given=college.hand_out()).headers["Location"] == "/claim"
    page = holder.get("/claim").text
    assert "云岭示范职业技术学院" in page
    assert 'name="pin"' not in page
    assert 'name="pin"' in holder.get("/claim/pin").text


@pytest.mark.case("VCI-010")
def test_looking_at_an_offer_stores_nothing(holder, college, db):
    holder.post("/claim", page="/O", given=college.hand_out())
    holder.get("/claim")
    assert db["credential"].count == 0
    holder.post("/claim/decline", page="/claim")
    assert db["pending_offer"].count == 0


def test_claim_survives_the_making_of_the_wallet(browser, college):
    browser.post("/claim", page="/O", given=college.hand_out())
    assert browser.set_up().headers["Location"] == "/claim/pin"
    assert browser.post("/claim/pin", page="/claim/pin", pin="123456").headers["Location"] == "/certificates"
    assert len(browser.certificates()) == 1


def test_wrong_pin_says_how_many_tries_are_left(holder, college):
    answer = holder.claim(college.hand_out(), pin="000000")
    assert answer.status_code == 422
    assert "还可以再试 4 次" in answer.text


def test_typed_pin_may_have_spaces_and_a_short_one_costs_no_try(holder, college):
    code = college.hand_out()
    assert holder.claim(code, pin="12").status_code == 422
    assert college.slips[code].tries == 5
    assert holder.post("/claim/pin", page="/claim/pin", pin="123 456").status_code == 303


@pytest.mark.case("VCI-034")
def test_rejected_certificate_is_not_kept_and_the_page_says_why(holder, college, db):
    college.binds_to = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    answer = holder.claim(college.hand_out())
    assert answer.status_code == 422
    assert "CREDENTIAL_REJECTED" in answer.text
    assert "不是你的" in answer.text
    assert db["credential"].count == 0


def test_used_slip_says_so_in_plain_words(holder, college):
    code = college.hand_out()
    holder.claim(code)
    answer = holder.post("/claim", page="/O", given=code)
    assert "这张领取条已经用过" in answer.text


def test_interrupted_claim_waits_in_the_list_and_goes_on(holder, college):
    college.dies_after_signing = True
    assert holder.claim(college.hand_out()).status_code == 422
    college.dies_after_signing = False
    page = holder.get("/certificates").text
    claim_id = re.search(r"/claims/([0-9a-f]+)/resume", page).group(1)
    assert holder.post(f"/claims/{claim_id}/resume", page="/certificates").status_code == 303
    assert len(holder.certificates()) == 1


def test_page_of_the_claim_link_reads_the_fragment_by_a_script_of_its_own(browser):
    page = browser.get("/O").text
    assert re.search(r'<script src="/static/claim\.js', page)
    assert "onload" not in page


@pytest.mark.parametrize("given", ["javascript:alert(1)", "7ZK0-1234", "{", "https://x.example/", "\x00"])
def test_what_is_no_offer_is_answered_with_a_page_and_a_refusal(holder, hostile, given):
    hostile.refused(lambda: holder.post("/claim", page="/O", given=given), status=422, page=True)


def test_offers_secret_is_not_echoed(holder, college, registry):
    secret = "s3cr3t-pre-authorized-code-of-an-offer"
    offer = college.offer_document(college.offer(college.hand_out()).rpartition("/")[2])
    grant = offer["grants"]["urn:ietf:params:oauth:grant-type:pre-authorized_code"]
    grant["pre-authorized_code"] = secret
    registry.silent = True
    assert secret not in holder.post("/claim", page="/O", given=json.dumps(offer)).text


# --- sessions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/certificates", "/share", "/shares", "/settings", "/claim/pin"])
def test_pages_of_a_holder_ask_a_stranger_to_log_in(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login"


def test_log_in_leads_back_to_where_the_holder_wanted_to_go(holder):
    holder.post("/logout")
    holder.get("/shares")
    answer = holder.post("/login", page="/login", name="晓雨", passphrase=PASSPHRASE)
    assert answer.headers["Location"] == "/shares"


@pytest.mark.case("SHARE-012")
@pytest.mark.parametrize("wish", ["//evil.example", "/\\evil.example", "https:evil.example", "@evil.example"])
def test_nothing_in_an_address_leads_off_the_site(holder, wish):
    holder.post("/logout")
    holder.get("/certificates", query_string={"next": wish, "lang": wish})
    answer = holder.post(
        f"/login?next={wish}", page=f"/login?next={wish}", name="晓雨", passphrase=PASSPHRASE
    )
    assert answer.headers["Location"] == "/certificates"


def test_wrong_passphrase_is_refused_in_plain_words(holder):
    holder.post("/logout")
    answer = holder.post("/login", page="/login", name="晓雨", passphrase="something else")
    assert answer.status_code == 401
    assert "钱包名称或口令不正确" in answer.text
    assert "something else" not in answer.text


def test_eleven_wrong_passphrases_have_to_wait_in_every_process(make_app, holder, clock):
    holder.post("/logout")
    for _ in range(accounts.FAILURES_PER_PERIOD):
        holder.post("/login", page="/login", name="晓雨", passphrase="something else")
    other = Browser(make_app())
    assert other.post("/login", page="/login", name="晓雨", passphrase=PASSPHRASE).status_code == 429
    clock.now += timedelta(minutes=15)
    assert other.post("/login", page="/login", name="晓雨", passphrase=PASSPHRASE).status_code == 303


def test_another_worker_process_serves_the_same_session(make_app, holder, college):
    holder.claim(college.hand_out())
    (certificate,) = holder.certificates()
    other = Browser(make_app())
    other.client._cookies = holder.client._cookies
    assert other.certificates() == [certificate]
    other.post("/logout")
    assert holder.get("/certificates").headers["Location"] == "/login"


def test_session_left_alone_is_locked_and_its_row_is_gone(holder, clock, db):
    clock.now += accounts.IDLE + timedelta(seconds=1)
    assert holder.get("/certificates").headers["Location"] == "/login"
    assert db["session"].count == 0
    assert "已自动锁上" in holder.get("/login").text


def test_staying_is_asked_for_before_the_wallet_locks(holder, clock):
    page = holder.get("/certificates").text
    assert re.search(r'id="locking"[^>]* hidden data-seconds="900"', page)
    clock.now += timedelta(minutes=14)
    assert holder.post("/session/extend").status_code == 204
    clock.now += timedelta(minutes=14)
    assert holder.get("/certificates").status_code == 200


def test_logged_out_cookie_opens_nothing_even_when_replayed(make_app, holder):
    replayed = Browser(make_app())
    replayed.client._cookies = dict(holder.client._cookies)
    answer = holder.post("/logout")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert replayed.get("/certificates").headers["Location"] == "/login"


def test_logging_in_gives_a_cookie_of_its_own(browser, db):
    browser.get("/login")
    browser.set_up()
    first = db.execute("select id from session").fetchone()
    browser.post("/login", page="/settings", name="晓雨", passphrase=PASSPHRASE)
    assert db["session"].count == 1
    assert db.execute("select id from session").fetchone() != first


def test_cookie_is_for_this_host_alone_and_no_script_reads_it(browser):
    cookie = browser.get("/login").headers["Set-Cookie"]
    assert cookie.startswith("__Host-")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def test_form_without_its_token_changes_nothing(holder, db):
    answer = holder.client.post("/logout", base_url=BASE, headers={"Accept": "text/html"})
    assert answer.status_code == 403
    assert db["session"].count == 1


# --- shares -------------------------------------------------------------------------------------------------


@pytest.fixture
def link(holder, college):
    holder.claim(college.hand_out())
    return holder.share(*holder.certificates())


def test_verifier_gets_the_sealed_bytes_by_the_links_token(app, link):
    answer = open_share(app, link)
    assert answer.mimetype == "application/octet-stream"
    package = shares.open_package(answer.data, key=link.key, share_id=link.share_id)
    assert shares.decode_package(package).presentation["type"] == ["VerifiablePresentation"]


@pytest.mark.case("SHARE-001")
def test_guessed_ids_and_tokens_are_all_the_same_404(app, hostile, link, database_digest, path):
    bodies = set()
    for share_id in (link.share_id, "W4T0" + "0" * 26, link.share_id[:8], "x", "W4T0" + "0" * 25 + "U"):
        answer = hostile.refused(
            lambda share_id=share_id: open_share(app, link, share_id=share_id, token="A" * 43),
            code="NOT_FOUND",
            status=404,
            state=lambda: database_digest(path),
            honest=lambda: app.test_client().get("/", base_url=BASE),
            secrets=[link.token],
        )
        bodies.add(answer.data)
    assert len(bodies) == 1


@pytest.mark.case("SHARE-001")
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"token": 1}', b'{"token": null}', b"\xff" * 100]
)
def test_body_that_is_no_token_is_a_404_too(app, hostile, link, body):
    hostile.refused(
        lambda: app.test_client().post(f"/shares/{link.share_id}/open", base_url=BASE, data=body),
        code="NOT_FOUND",
        status=404,
    )


@pytest.mark.case("SHARE-002")
def test_expired_share_is_gone(app, hostile, link, clock):
    clock.now += timedelta(days=31)
    hostile.refused(lambda: open_share(app, link), code="LINK_EXPIRED", status=410)


@pytest.mark.case("SHARE-002")
def test_closed_share_is_gone(app, hostile, link, holder):
    holder.post(f"/shares/{link.share_id}/close", page="/shares")
    hostile.refused(lambda: open_share(app, link), code="LINK_REVOKED", status=410, secrets=["林晓雨"])


@pytest.mark.case("SHARE-002")
def test_share_of_a_deleted_certificate_is_gone(app, hostile, link, holder):
    (certificate,) = holder.certificates()
    page = f"/certificates/{certificate}/delete"
    assert "1 个分享链接会同时关闭" in holder.get(page).text
    holder.post(page, page=page)
    hostile.refused(lambda: open_share(app, link), code="LINK_REVOKED", status=410)
    assert holder.certificates() == []


@pytest.mark.case("SHARE-004")
def test_looking_at_a_share_without_posting_counts_nothing(app, link, holder):
    client = app.test_client()
    assert client.get(f"/shares/{link.share_id}/open", base_url=BASE).status_code == 405
    assert client.head(f"/shares/{link.share_id}/open", base_url=BASE).status_code == 405
    assert "已打开 0 次" in holder.get("/shares").text
    open_share(app, link)
    assert "已打开 1 次" in holder.get("/shares").text


@pytest.mark.case("SHARE-006")
def test_key_and_token_of_a_share_stand_in_no_log(app, link, caplog, path):
    with caplog.at_level("DEBUG"):
        open_share(app, link)
    assert link.token not in caplog.text
    assert shares.make_link(verifier_url="", share_id="", key=link.key)[4:] not in caplog.text


@pytest.mark.case("SHARE-008")
def test_nothing_of_a_holder_is_kept_by_caches(app, link, holder):
    (certificate,) = holder.certificates()
    paths = ["/certificates", f"/certificates/{certificate}", f"/certificates/{certificate}/file", "/shares"]
    answers = [*(holder.get(path) for path in paths), open_share(app, link)]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Cookie" in answer.headers["Vary"]


def test_share_form_without_a_certificate_is_refused(holder, college):
    holder.claim(college.hand_out())
    answer = holder.post("/share", page="/share", days="30")
    assert answer.status_code == 422
    assert "请至少选一份证书" in answer.text


@pytest.mark.parametrize("days", ["0", "2", "-1", "x", "9" * 30, "١"])
def test_days_that_are_not_offered_are_refused(holder, college, days):
    holder.claim(college.hand_out())
    fields = {"certificate": holder.certificates(), "days": days}
    assert holder.post("/share", page="/share", **fields).status_code == 422


# --- one holder and another ---------------------------------------------------------------------------------


def test_nobody_reaches_what_another_holder_has(make_app, holder, link):
    (certificate,) = holder.certificates()
    other = Browser(make_app())
    other.set_up("别人")
    assert other.certificates() == []
    for path in (
        f"/certificates/{certificate}",
        f"/certificates/{certificate}/file",
        f"/shares/{link.share_id}",
    ):
        assert other.get(path).status_code == 404
    for path in (f"/certificates/{certificate}/delete", f"/shares/{link.share_id}/close"):
        assert other.post(path).status_code == 404
    assert holder.certificates() == [certificate]


def test_file_of_a_certificate_is_the_signed_form_itself(holder, college):
    code = college.hand_out()
    holder.claim(code)
    answer = holder.get(f"/certificates/{holder.certificates()[0]}/file")
    assert answer.mimetype == "application/vc"
    assert json.loads(answer.data) == college.slips[code].form


def test_claims_in_a_certificate_are_shown_as_text(holder, college):
    code = college.hand_out()
    college.alters = {"name": "<script>alert(1)</script>{{ 7 * 7 }}"}
    holder.claim(code)
    page = holder.get(f"/certificates/{holder.certificates()[0]}").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;" in page
    assert "{{ 7 * 7 }}" in page


def test_revoked_certificate_cannot_be_chosen_and_says_why(holder, college):
    code = college.hand_out()
    holder.claim(code)
    college.revoke(college.slips[code].form, reason="录入错误更正")
    holder.post("/certificates/refresh", page="/certificates")
    page = holder.get(f"/certificates/{holder.certificates()[0]}").text
    assert "已撤销" in page
    assert "录入错误更正" in page
    assert re.search(r'name="certificate"[^>]* disabled', holder.get("/share").text)


# --- settings -----------------------------------------------------------------------------------------------


def test_passphrase_is_changed_only_with_the_old_one(holder):
    fields = {"new": "another passphrase", "again": "another passphrase"}
    assert holder.post("/settings/passphrase", current="wrong wrong", **fields).status_code == 422
    assert holder.post("/settings/passphrase", current=PASSPHRASE, **fields).status_code == 303
    holder.post("/logout")
    assert holder.post("/login", page="/login", name="晓雨", passphrase=PASSPHRASE).status_code == 401
    assert (
        holder.post("/login", page="/login", name="晓雨", passphrase="another passphrase").status_code == 303
    )


def test_wallet_is_deleted_only_with_its_passphrase(holder, link, app, db):
    assert holder.post("/settings/delete", passphrase="wrong wrong").status_code == 422
    assert holder.post("/settings/delete", passphrase=PASSPHRASE).status_code == 303
    assert db["account"].count == db["credential"].count == 0
    assert open_share(app, link).status_code == 410


# --- both languages -----------------------------------------------------------------------------------------


def test_every_sentence_of_the_pages_has_its_english():
    paths = catalogues(Path(wallet_package.__file__).parent / "translations")
    messages = [message for path in paths for message in read_catalogue(path)]
    assert all(all(message.string) if message.pluralizable else message.string for message in messages)


def test_english_pages_hold_no_chinese_of_ours(holder, college):
    holder.claim(college.hand_out())
    certificate = holder.certificates()[0]
    for path in (
        "/certificates",
        "/share",
        "/shares",
        "/settings",
        f"/certificates/{certificate}/delete",
        "/O",
    ):
        text = re.sub(r"<[^>]+>|中文", " ", holder.get(path, query_string={"lang": "en"}).text)
        # What the issuer wrote stays in its own language; nothing else is Chinese.
        left = re.sub(r"工业机器人操作与运维职业技能等级证书（中级）|中级|林晓雨|晓雨", "", text)
        assert not re.search(r"[\u4e00-\u9fff]", left), re.findall(r"[\u4e00-\u9fff]+", left)


def test_database_of_an_older_release_is_not_touched(environ, parts, path):
    create_app(environ, parts=parts)
    db = connect(path)
    db.execute("delete from _sqlite_migrations where name = 'm003_shares'")
    db.close()
    with pytest.raises(Exception, match="vocred wallet migrate"):
        create_app(environ, parts=parts)


# --- whatever strangers send --------------------------------------------------------------------------------

ODD = [
    "",
    "\x00",
    "\x00" * 200,
    "é" * 3000,
    "𫖮䶮㛃" * 50,
    "\u202e",
    "' or 1=1 --",
    "{{ 7 * 7 }}",
    "../../etc",
]


@pytest.mark.parametrize("odd", ODD)
def test_odd_text_in_any_field_is_refused_or_ignored_but_never_a_fault(browser, odd):
    for path in ("/login", "/setup"):
        answer = browser.post(path, page=path, name=odd, passphrase=odd, again=odd)
        assert 400 <= answer.status_code < 500, path
    assert browser.post("/claim", page="/O", given=odd).status_code == 422


@pytest.mark.parametrize("odd", ODD)
def test_odd_text_in_a_holders_fields_is_refused_or_ignored_but_never_a_fault(holder, odd):
    assert holder.post("/share", page="/share", certificate=odd, label=odd, days=odd).status_code in {
        404,
        422,
    }
    assert holder.post("/settings/passphrase", current=odd, new=odd, again=odd).status_code == 422
    assert holder.get("/certificates", query_string={"q": odd, "lang": odd}).status_code == 200
    assert holder.post("/claim/pin", page="/settings", pin=odd).status_code in {410, 422}
    for path in (f"/claims/{odd}/resume", f"/shares/{odd}/close", f"/certificates/{odd}/delete"):
        assert holder.post(path, page="/settings").status_code in {303, 308, 404, 405, 422}


@pytest.mark.parametrize(
    "path", ["/login", "/setup", "/claim", "/claim/pin", "/share", "/settings/delete", "/session/extend"]
)
def test_body_that_is_no_form_is_refused(holder, hostile, path):
    def send():
        return holder.client.post(
            path,
            base_url=BASE,
            headers={"Accept": "text/html"},
            data=b"\xff{",
            content_type="application/json",
        )

    hostile.refused(send, page=True)


def test_tampered_cookie_is_a_strangers(app):
    client = app.test_client()
    client.set_cookie("__Host-vocred-wallet", "eyJ3YWxsZXQiOiJBQUFBIn0.aaaaaa.bbbb", domain="wallet.example")
    answer = client.get("/certificates", base_url=BASE, headers={"Accept": "text/html"})
    assert answer.headers["Location"] == "/login"
