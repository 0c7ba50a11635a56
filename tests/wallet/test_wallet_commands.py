"""Every act of the credit pages from the command line, as the demo drives it."""

import json

import pytest
from click.testing import CliRunner

from tests.wallet.asking import Asker
from tests.wallet.banks import BANK, COLLEGE, UNIT, Bank, agreement
from tests.wallet.browser import PASSPHRASE
from tests.wallet.doubles import NOW, College
from tests.wallet.enterprises import Enterprise, RecordingCollege
from wallet import commanding, holding, looking_up, receiving
from wallet.cli import cli

AGREEMENT = "urn:vocred:agreement:YL-2026-0012"
BODY = "did:web:huaheng-skills.example"
WHERE = ("--college", COLLEGE, "--programme", "460305")


@pytest.fixture
def bank(registry, network):
    found = Bank(registry)
    network.hosts[found.url] = found
    agreement(registry, issuer=BODY)
    return found


@pytest.fixture
def body(registry, network):
    found = College(registry, did=BODY, url="https://huaheng-skills.example", number=8)
    network.hosts[found.url] = found
    return found


@pytest.fixture
def run(environ, parts, wallet, monkeypatch):
    """Run a command against the doubles, at their time."""

    class Clock(commanding.datetime):
        @classmethod
        def now(cls, _zone=None):
            return NOW

    monkeypatch.setattr(commanding, "make_parts", lambda _settings: parts)
    monkeypatch.setattr(commanding, "datetime", Clock)
    monkeypatch.setattr("wallet.converting.commands.datetime", Clock)

    def run(*words, code=0):
        answer = CliRunner().invoke(cli, [*words, "--json"], env={**environ, "WALLET_PASSPHRASE": PASSPHRASE})
        assert answer.exit_code == code, answer.output + repr(answer.exception)
        return json.loads(answer.output) if code == 0 else answer

    return run


@pytest.fixture
def claim(db, wallet, parts):
    def claim(issuer, kind="SkillLevelCertificate"):
        offered = looking_up.look_up(issuer.hand_out(kind=kind), parts=parts, now=NOW)
        (found,) = receiving.receive(db, wallet, offered, pin="123456", parts=parts, now=NOW)
        issuer.anchor(holding.one(db, wallet, found, now=NOW).credential)
        return found

    return claim


@pytest.mark.row("S54", "S64")
def test_certificate_is_converted_by_two_commands(run, bank, body, claim):
    credential = claim(body)
    (option,) = run("agreements", credential, *WHERE)["agreements"]
    assert (option["agreement"], option["version"], option["granted"]) == (AGREEMENT, 3, ["R1"])
    assert option["results"][0]["line"]["en"]
    done = run("convert", credential, "--agreement", AGREEMENT, "--rule", "R1", *WHERE)
    assert (done["state"], done["presentation"], done["bank"]) == ("registered", "sent", BANK)
    assert done["results"][0]["course_code"] == "RB2104"
    listed = run("conversions")
    assert listed["complete"]
    (record,) = listed["conversions"][0]["records"]
    described = next(item for item in run("list")["credentials"] if item["id"] == record)
    assert (described["group"], described["credits"], described["creditUnit"]) == ("credit", 8, UNIT)


def test_certificate_may_be_named_by_its_own_id(run, bank, body, claim, db, wallet):
    credential = claim(body)
    own = holding.one(db, wallet, credential, now=NOW).facts.credential_id
    assert run("agreements", own, *WHERE)["credential"] == credential


def test_converting_what_grants_nothing_is_refused_with_the_reason(run, bank, body, claim):
    credential = claim(body)
    refused = run(
        "convert", credential, "--agreement", AGREEMENT, "--college", COLLEGE, "--programme", "530302", code=1
    )
    assert "530302" in str(refused.exception)
    refused = run("convert", credential, "--agreement", "urn:vocred:agreement:none", *WHERE, code=1)
    assert refused.exception.code == "NO_AGREEMENT"
    assert bank.applications == {}


def test_statement_keeps_units_apart(run, bank, body, claim):
    credential = claim(body)
    run("convert", credential, "--agreement", AGREEMENT, *WHERE)
    found = run("statement")
    assert found["held"] == [{"unit": UNIT, "credits": 8.0}]
    (statement,) = found["statements"]
    assert statement["balances"] == [
        {"unit": UNIT, "credits": 8.0},
        {"unit": "学分（18学时/学分）", "credits": 2.0},
    ]
    assert len(statement["entries"]) == 3


def test_request_is_looked_at_and_then_answered(run, body, claim, registry, network):
    asker = Asker(registry)
    network.hosts[asker.url] = asker
    credential = claim(body)
    shown = run("request", asker.link)
    assert shown["verifier"] == asker.did
    assert shown["choices"][0]["usual"] == credential
    assert asker.heard == []
    assert run("present", asker.link)["state"] == "sent"
    asker.shown()


def test_request_is_declined(run, registry, network):
    asker = Asker(registry)
    network.hosts[asker.url] = asker
    assert run("present", asker.link, "--decline")["state"] == "declined"
    assert asker.heard[0]["error"] == "access_denied"


def test_request_that_nothing_answers_is_refused(run, registry, network):
    asker = Asker(registry)
    network.hosts[asker.url] = asker
    assert run("present", asker.link, code=1).exception.code == "CHOICE_INVALID"
    assert asker.heard == []


@pytest.mark.row("S71", "S75")
def test_practice_is_measured(run, registry, network, claim):
    enterprise = Enterprise(registry)
    school = RecordingCollege(registry, enterprise=enterprise)
    school.register(types=("TeacherTrainingRecord",))
    network.hosts |= {enterprise.url: enterprise, school.url: school}
    claim(school, "TeacherTrainingRecord")
    found = run("practice")
    assert (found["months"], found["wanted"], found["enough"]) == (1.84, 6.0, False)
    assert found["stays"][0]["reason"] == "counted"


@pytest.mark.row("S53", "S57")
def test_two_certificates_go_into_one_link(run, body, college, claim, db):
    first, second = claim(body), claim(college, "GraduationCertificate")
    assert "/S/" in run("share", first, second)["link"]
    assert db["share_item"].count == 2
