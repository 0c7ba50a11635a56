"""Who applied is told what became of it only together with the wallet that answered."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from issuer import offers, printing
from issuer.bank import confirming, role, store
from issuer.bank.protocol import CODE_RULE
from tests.issuer.bank.creditbank import BANK_URL, Applied, Town
from tests.issuer.cosigning.bodies import CHECKER, MAKER
from vc import openid4vp


@pytest.fixture
def registered(town: Town) -> Applied:
    """Return an application by which credit was registered, as the wallet that did both knows it."""
    town.enrol()
    applied = town.apply()
    assert applied.present(town.certificate()).status_code == 200
    return applied


def ask(applied: Applied, code: str | None, **environ: str) -> Any:
    headers = applied.bearer | ({} if code is None else {"Response-Code": code})
    return applied.town.http.get(
        f"/bank/applications/{applied.id}", headers=headers, environ_overrides=environ
    )


def everything(town: Town) -> dict[str, list[Any]]:
    return {name: list(town.bank.db[name].rows) for name in town.bank.db.table_names()}


def count(town: Town, table: str) -> int:
    return int(town.bank.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


# What the wallet that answered is given


@pytest.mark.case("VP-014")
def test_presentation_that_was_taken_is_answered_with_a_code_of_its_own(town: Town):
    codes, certificate = set(), town.certificate()
    for _ in range(2):
        applied = town.apply()
        answer = applied.present(certificate)
        assert answer.headers["Cache-Control"] == "no-store"
        code = answer.json["redirect_uri"].removeprefix(f"{BANK_URL}/bank/answered?response_code=")
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", code)
        assert code not in (applied.token, applied.request.state, applied.request.nonce)
        codes.add(code)
    assert len(codes) == 2


def test_holder_who_declines_is_given_no_code(town: Town):
    applied = town.apply()
    assert applied.post(openid4vp.refusal(applied.request)).json == {}
    assert applied.state() == {"state": "declined", "results": []}


def test_presentation_that_was_refused_is_given_no_code(town: Town):
    applied = town.apply()
    answer = applied.present(town.certificate(), challenge="x" * 43)
    assert (answer.status_code, "redirect_uri" in answer.json) == (400, False)


# What the token alone is told


@pytest.mark.case("VP-014")
def test_stranger_with_the_token_of_a_registered_application_sees_the_state_and_nothing_else(
    town: Town, registered: Applied
):
    before = count(town, "offer")
    assert ask(registered, None).json == {"state": "registered", "results": []}
    assert count(town, "offer") == before
    account = town.http.get("/bank/account", headers=registered.bearer)
    assert (account.status_code, account.json["code"]) == (403, "RESPONSE_CODE_REQUIRED")
    for told in ("林晓雨", "CB-0000", "RB2104"):
        assert told not in account.text
    assert registered.state()["offers"]
    assert town.statement(registered)["balance"] == 8


@pytest.mark.case("VP-014")
def test_stranger_with_the_token_binds_no_application_to_the_account(town: Town, registered: Applied):
    before = count(town, "bank_application")
    answer = town.http.post("/bank/applications", json=town.wish(), headers=registered.bearer)
    assert (answer.status_code, answer.json["code"]) == (403, "RESPONSE_CODE_REQUIRED")
    assert count(town, "bank_application") == before
    again = town.apply(earlier=registered)
    assert store.application(town.bank.db, again.id)["account_id"] == "CB-00000001"  # type: ignore[index]


@pytest.mark.case("VP-014")
def test_stranger_with_the_token_sees_neither_preview_nor_reason(town: Town):
    applied = town.apply()
    applied.present(town.certificate())
    assert ask(applied, None).json == {"state": "submitted", "results": []}
    confirming.send_back(
        town.bank.db, application_id=applied.id, note="请到教务处。", actor=CHECKER, now=town.now
    )
    assert ask(applied, None).json == {"state": "returned", "results": []}
    assert applied.state()["reason"]["note"] == "请到教务处。"


# A code that is none


@pytest.mark.case("VP-014")
def test_wrong_code_is_refused_everywhere(town: Town, registered: Applied):
    other = town.apply()
    other.present(town.certificate(level="高级", certCode="IROM-3"))
    right = str(registered.code)
    wrong = ("", "x", "x" * 43, right[:-1], right + "A", right.swapcase(), str(other.code), registered.token)
    before = count(town, "offer")
    for code in (*wrong, registered.request.state, registered.request.nonce):
        assert ask(registered, code).json["code"] == "RESPONSE_CODE_REQUIRED"
        for answer in (
            town.http.get("/bank/account", headers={**registered.bearer, "Response-Code": code}),
            town.http.post(
                "/bank/applications",
                json=town.wish(),
                headers={**registered.bearer, "Response-Code": code},
            ),
        ):
            assert (answer.status_code, answer.json["code"]) == (403, "RESPONSE_CODE_REQUIRED")
    assert count(town, "offer") == before


def test_code_without_the_token_opens_nothing(town: Town, registered: Applied):
    for bearer, status in (({}, 401), ({"Authorization": "Bearer " + "x" * 43}, 404)):
        headers = {**bearer, "Response-Code": str(registered.code)}
        for path in (f"/bank/applications/{registered.id}", "/bank/account"):
            assert town.http.get(path, headers=headers).status_code == status


@pytest.mark.case("VP-014")
def test_trying_codes_is_slow_for_one_client_and_stops_nobody_else(town: Town, registered: Applied):
    limit = int(CODE_RULE.partition("/")[0])
    for _ in range(limit):
        assert ask(registered, "x" * 43).status_code == 403
    # Even the right code says nothing any more to whoever tried that often.
    refused = ask(registered, registered.code)
    assert (refused.status_code, refused.json["code"]) == (429, "RATE_LIMITED")
    assert refused.headers["Retry-After"]
    assert ask(registered, registered.code, REMOTE_ADDR="192.0.2.7").status_code == 200


# An answer that was lost on the way


@pytest.mark.case("VP-001")
def test_second_answer_is_a_replay_and_is_given_no_code(town: Town):
    applied = town.apply()
    presentation = applied.presentation(town.certificate())
    assert applied.answer(presentation).status_code == 200
    again = applied.answer(presentation)
    assert (again.status_code, again.json["code"]) == (400, "PRESENTATION_REPLAYED")
    assert "redirect_uri" not in again.json


def test_record_whose_code_was_lost_is_handed_out_by_an_ordinary_slip(town: Town, registered: Applied):
    registered.code = None
    assert registered.state() == {"state": "registered", "results": []}
    (conversion,) = store.conversions(town.bank.db, "CB-00000001")
    db, parts = town.bank.db, town.bank.parts
    slip = printing.single_slip(db, parts, record_id=conversion["record_id"], actor=MAKER, now=town.now)
    minted = offers.mint_for(db, parts, slip_id=slip["slip_id"], now=town.now)
    record = town.take(town.bank, minted.uri, pin=slip["pin"])
    assert record["id"] == f"urn:uuid:{conversion['record_id']}"
    assert record["credentialSubject"]["creditsEarned"] == 8


# The page at the address


@pytest.mark.parametrize(
    ("language", "sentence"), [("zh-CN", "请回到您的钱包"), ("en", "Go back to your wallet")]
)
def test_page_says_in_both_languages_to_go_back_to_the_wallet(town: Town, language: str, sentence: str):
    role.refresh(town.bank.db, town.desk, now=town.now)
    answer = town.http.get("/bank/answered", query_string={"lang": language})
    assert answer.status_code == 200
    assert sentence in answer.text
    assert "<script" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_institution_that_is_no_credit_bank_has_no_such_page(town: Town):
    assert town.body.app.test_client().get("/bank/answered").status_code == 404


def test_page_tells_right_codes_from_wrong_ones_to_nobody(town: Town, registered: Applied):
    right = f"{BANK_URL}/bank/answered?response_code={registered.code}"
    before = everything(town)
    pages = set()
    for url in (right, right[:-2] + "xx", f"{BANK_URL}/bank/answered?response_code="):
        answer = town.http.get("/bank/answered?" + urlsplit(url).query)
        code = urlsplit(url).query.partition("=")[2]
        pages.add(answer.text.replace(code, "") if code else answer.text)
    assert len(pages) == 1
    assert everything(town) == before
