"""A wallet and a real credit bank, a real certificate body and a real ledger: from certificate to credit."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from issuer.bank import confirming
from tests.issuer.bank.creditbank import AGREEMENT, BANK, BODY, Town
from tests.issuer.cosigning.bodies import CHECKER
from tests.wallet.learners import Learner
from wallet import holding
from wallet.answering import answers
from wallet.converting import conversions, kept, statement

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
