"""A wallet and a real credit bank, a real certificate body and a real ledger: from certificate to credit."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from issuer import offers
from issuer.bank import confirming
from issuer.bank import store as bank_store
from tests.issuer.bank.creditbank import AGREEMENT, BANK, BANK_URL, BODY, Town
from tests.issuer.cosigning.bodies import CHECKER
from tests.wallet.learners import Learner
from wallet import holding, looking_up, receiving
from wallet.answering import answers, requests
from wallet.converting import conversions, kept, statement
from wallet.converting.bank import Application
from web.errors import FetchError

UNIT = "学分（16学时/学分）"
_MEMORY = Path("/dev/shm")


@pytest.fixture
def town():
    parent = str(_MEMORY) if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="vocred-", dir=parent) as name:
        found = Town(Path(name))
        found.agree()
        yield found
        found.close()


@pytest.fixture
def learner(town, tmp_path):
    found = Learner(town, tmp_path)
    yield found
    found.db.close()


@pytest.mark.row("S54", "S56", "S64")
def test_certificate_becomes_a_credit_record_in_the_wallet(learner, town):
    town.enrol()
    item = learner.certificate()
    assert item.receipt is not None
    option = learner.option(item)
    (granted,) = option.granted
    assert (granted.rule, granted.credits, granted.unit, granted.grade) == ("R1", 8, UNIT, "91")
    assert "工业机器人操作与编程" in granted.line["zh-CN"]

    asked = learner.apply(item)
    assert asked.asked.did == BANK
    assert asked.state == "waiting"
    sent, done = learner.agree(asked)
    assert sent.state == "sent"
    assert done.state == "registered"
    (record_id,) = done.records
    record = holding.one(learner.db, learner.wallet, record_id, now=learner.now)
    assert record.facts.credential_type == "CreditRecord"
    assert (record.facts.credits_earned, record.facts.credit_unit) == (8, UNIT)
    assert record.facts.source_credential == item.facts.credential_id
    assert record.facts.course_code == "RB2104"


def test_record_is_taken_once_however_often_the_wallet_looks(learner, town):
    town.enrol()
    _, done = learner.agree(learner.apply(learner.certificate()))
    assert conversions.refresh(learner.db, learner.wallet, **learner.at)
    again = kept.one(learner.db, learner.wallet, done.conversion_id)
    assert again.records == done.records
    assert len(holding.held(learner.db, learner.wallet, now=learner.now)) == 2


def test_record_whose_list_is_not_on_the_ledger_yet_is_taken_at_the_next_look(learner, town):
    town.enrol()
    asked = learner.apply(learner.certificate())
    _, done = learner.agree(asked, anchored=False)
    assert (done.state, done.records) == ("registered", ())
    town.bank.anchor()
    town.wait(10)
    assert conversions.refresh(learner.db, learner.wallet, **learner.at)
    assert len(kept.one(learner.db, learner.wallet, done.conversion_id).records) == 1


def test_preview_knows_what_was_converted_before(learner, town):
    town.enrol()
    item = learner.certificate()
    learner.agree(learner.apply(item))
    option = learner.option(item)
    assert not option.granted
    assert {result.reason for result in option.results} == {"source-used"}


def test_application_that_waits_for_an_officer_is_registered_later(learner, town):
    item = learner.certificate()
    _, waiting = learner.agree(learner.apply(item))
    assert waiting.state == "submitted"
    assert not learner.option(item).granted
    confirming.confirm(
        town.bank.db,
        town.bank.parts,
        town.desk,
        application_id=waiting.application_id,
        actor=CHECKER,
        now=town.now,
    )
    town.bank.anchor()
    assert conversions.refresh(learner.db, learner.wallet, **learner.at)
    done = kept.one(learner.db, learner.wallet, waiting.conversion_id)
    assert (done.state, len(done.records)) == ("registered", 1)
    assert done.account == "CB-00000001"


def test_returned_application_says_why(learner, town):
    item = learner.certificate()
    _, waiting = learner.agree(learner.apply(item))
    confirming.send_back(
        town.bank.db,
        application_id=waiting.application_id,
        note="请到学院窗口核对身份。",
        actor=CHECKER,
        now=town.now,
    )
    conversions.refresh(learner.db, learner.wallet, **learner.at)
    done = kept.one(learner.db, learner.wallet, waiting.conversion_id)
    assert done.state == "returned"
    assert done.reason["zh-CN"] == "学分银行退回了申请。"
    assert done.note == "请到学院窗口核对身份。"


def test_statement_is_the_banks_own_and_adds_up_unit_by_unit(learner, town):
    town.enrol()
    learner.agree(learner.apply(learner.certificate()))
    (found,) = statement.statements(learner.db, learner.wallet, parts=learner.parts)
    assert found.bank == BANK
    assert found.balances == [(UNIT, 8.0)]
    (entry,) = found.entries
    assert (entry.rule, entry.kind, entry.course_code, entry.grade) == ("R1", "免修", "RB2104", "91")
    assert entry.agreement == f"{AGREEMENT}#1"
    assert entry.line["en"]


def test_declined_request_registers_nothing(learner, town):
    town.enrol()
    asked = learner.apply(learner.certificate())
    answers.decline(learner.db, learner.wallet, asked.request_id, **learner.at)
    conversions.refresh(learner.db, learner.wallet, **learner.at)
    done = kept.one(learner.db, learner.wallet, asked.conversion)
    assert done.state == "declined"
    assert statement.statements(learner.db, learner.wallet, parts=learner.parts) == []


def test_another_programme_is_told_no_before_anything_is_sent(learner, town):
    item = learner.certificate()
    option = learner.option(item, programme="460301")
    assert not option.granted
    assert {result.reason for result in option.results} == {"programme"}


def test_bank_that_is_away_leaves_the_application_as_it_was(learner, town):
    town.enrol()
    asked = learner.apply(learner.certificate())
    learner.wire.away.add(town.bank.url)
    answers.decline(learner.db, learner.wallet, asked.request_id, **learner.at)
    assert answers.one(learner.db, learner.wallet, asked.request_id).state == "unsure"
    assert not conversions.refresh(learner.db, learner.wallet, **learner.at)
    assert kept.one(learner.db, learner.wallet, asked.conversion).state == "waiting"


def test_issuer_of_the_certificate_learns_nothing_of_the_conversion(learner, town):
    town.enrol()
    item = learner.certificate()
    before = len(town.wire.asked)
    learner.agree(learner.apply(item))
    asked = town.wire.asked[before:]
    assert not [url for url in asked if BODY in url or item.facts.number in url]


@pytest.mark.case("VP-014")
def test_stranger_who_had_this_wallet_answer_gets_no_credit(learner, town):
    town.enrol()
    item = learner.certificate()
    stranger = town.apply()
    link = Application(stranger.id, stranger.token, stranger.told["client_id"], stranger.told["request_uri"])
    asked = requests.look_up(link.link, **learner.at)
    waiting = answers.keep(learner.db, learner.wallet, asked, only=(item.credential_id,), **learner.at)
    done = answers.agree(
        learner.db, learner.wallet, waiting.request_id, {"certificate": item.credential_id}, **learner.at
    )
    # The holder's own browser may go on to the bank; the code is in nobody else's hands.
    assert done.state == "sent"
    assert done.next_url.startswith(f"{BANK_URL}/bank/answered?response_code=")
    assert stranger.state() == {"state": "registered", "results": []}
    assert town.http.get("/bank/account", headers=stranger.headers).status_code == 403


@pytest.mark.case("VP-014")
def test_response_code_is_kept_sealed_with_the_application(learner, town):
    town.enrol()
    sent, done = learner.agree(learner.apply(learner.certificate()))
    assert sent.next_url is None
    assert done.response_code == sent.response_code
    assert len(done.response_code) == 43
    assert done.response_code not in repr(done) + repr(done.key) + repr(sent)
    stored = b"".join(
        row["sealed"] for name in ("presentation", "conversion") for row in learner.db[name].rows
    )
    assert done.response_code.encode() not in stored


def test_wallet_killed_before_the_code_was_kept_with_the_application_finds_it(learner, town):
    town.enrol()
    asked = learner.apply(learner.certificate())
    answers.agree(learner.db, learner.wallet, asked.request_id, {"certificate": asked.only[0]}, **learner.at)
    assert kept.one(learner.db, learner.wallet, asked.conversion).response_code is None
    town.bank.anchor()
    assert conversions.refresh(learner.db, learner.wallet, **learner.at)
    assert len(kept.one(learner.db, learner.wallet, asked.conversion).records) == 1


def test_credit_whose_answer_was_lost_is_taken_by_an_officers_slip(learner, town):
    town.enrol()
    asked = learner.apply(learner.certificate())
    bank_answers = learner.wire.post

    def broken(url, **options):
        answer = bank_answers(url, **options)
        if url.endswith("/bank/responses"):
            raise FetchError("the line broke after the presentation had arrived")
        return answer

    learner.wire.post = broken
    sent, lost = learner.agree(asked)
    learner.wire.post = bank_answers
    assert (sent.state, lost.state, lost.records) == ("unsure", "registered", ())
    assert lost.answer_lost
    assert statement.statements(learner.db, learner.wallet, parts=learner.parts) == []

    (conversion,) = bank_store.conversions(town.bank.db, "CB-00000001")
    slip = town.bank.two("reissue-slip", conversion["record_id"]).result
    uri = offers.mint_for(town.bank.db, town.bank.parts, slip_id=slip["slip_id"], now=town.now).uri
    offered = looking_up.look_up(f"openid-credential-offer://?credential_offer_uri={uri}", **learner.at)
    receiving.receive(learner.db, learner.wallet, offered, pin=slip["pin"], **learner.at)
    assert conversions.refresh(learner.db, learner.wallet, **learner.at)
    done = kept.one(learner.db, learner.wallet, asked.conversion)
    assert (len(done.records), done.answer_lost) == (1, False)


def test_offer_that_lies_elsewhere_is_never_fetched(learner, town):
    town.enrol()
    asked = learner.apply(learner.certificate())
    bank_answers = learner.wire.get

    def elsewhere(url, **options):
        answer = bank_answers(url, **options)
        assert not url.startswith("http://169.254.169.254")
        if "/bank/applications/" not in url:
            return answer
        moved = answer.body.replace(f"{town.bank.url}/o".encode(), b"http://169.254.169.254/o")
        return replace(answer, body=moved)

    learner.wire.get = elsewhere
    _, done = learner.agree(asked)
    assert (done.state, done.records) == ("registered", ())
