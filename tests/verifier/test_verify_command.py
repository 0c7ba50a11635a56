"""``vocred verify``: exit status 0 only for valid, and a plain word where there is nothing to verify."""

import json

import pytest
from click.testing import CliRunner

import schemas
from crypto.keys import PrivateKey
from tests.ledger.living_node import LivingNode
from vc import data_integrity, dates, printed_code, shares
from verifier import answering
from verifier.answering import Answer
from verifier.cli import verify
from verifier.verification import Verification

# Nobody listens on the discard port of this machine, so the ledger is silent.
SILENT = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def pin(tmp_path_factory):
    """Return the pin file of a ledger."""
    node = LivingNode(tmp_path_factory.mktemp("ledger"))
    node.close()
    return node.home / "pin"


@pytest.fixture
def run(tmp_path, pin):
    """Return a function that runs the command in a verifier's own home."""
    home = tmp_path / "verifier"
    home.mkdir()
    environ = {
        "VERIFIER_HOME": str(home),
        "VERIFIER_URL": "http://127.0.0.1:8705",
        "VERIFIER_LEDGER_URL": SILENT,
        "VERIFIER_LEDGER_PIN": str(pin),
        "VERIFIER_INSECURE_LOOPBACK": "1",
    }

    def invoke(*arguments, **changes):
        return CliRunner().invoke(verify, list(arguments), env={**environ, **changes})

    return invoke


def signed():
    return data_integrity.sign(
        schemas.example("GraduationCertificate"),
        key=PrivateKey.from_bytes("Ed25519", bytes(range(32))),
        verification_method="did:web:yunling.edu.example#key-1",
        created=dates.parse("2026-07-01T02:00:00Z"),
    )


def test_a_document_that_cannot_be_checked_does_not_exit_with_success(run, tmp_path):
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(signed()), "utf-8")
    result = run(str(path), "--json")
    assert result.exit_code == 1
    written = json.loads(result.stdout)
    assert (written["verdict"], written["verified"]) == ("couldNotCheck", False)
    assert written["reason"]["code"] == "LEDGER_UNAVAILABLE"
    assert [check["step"] for check in written["checks"]] == list(range(1, 12))
    assert written["credential"] is None


def test_a_code_whose_issuer_cannot_be_looked_up_could_not_be_checked(run):
    code = printed_code.make(7, random=bytes(12), purpose="certificate")
    result = run(code.grouped, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["verdict"] == "couldNotCheck"


def test_a_link_that_cannot_be_looked_up_could_not_be_checked(run):
    share_id = shares.new_id("DNJX", random=bytes(17))
    link = shares.make_link(verifier_url="http://127.0.0.1:8705", share_id=share_id, key=bytes(32))
    result = run(link, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["verdict"] == "couldNotCheck"


def test_a_line_for_people_says_the_verdict_in_both_languages(run):
    result = run(printed_code.make(7, random=bytes(12), purpose="certificate").grouped)
    assert "暂时无法核验 / Could not be checked" in result.stdout
    assert "这不代表证书有问题" in result.stdout


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("7ZK0-1234-5678-9ABC-DEFG-HJK4", "CODE_MISTYPED"),
        ("7ZK0-1234-5678-9ABC-DEFG-HJK6", "WRONG_CODE_KIND"),
        ("no such file", "CODE_MISTYPED"),
        ("certificat.json", "MALFORMED_VALUE_ERROR"),
        ("/no/such/file", "MALFORMED_VALUE_ERROR"),
        ("https://verify.example/S/x#y", "SHARE_MALFORMED"),
        ("https://verify.example/S/the-fragment-is-missing", "SHARE_MALFORMED"),
    ],
)
def test_what_cannot_be_verified_at_all_exits_with_two_and_a_code(run, subject, code):
    result = run(subject, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["code"] == code


def test_a_line_for_people_says_that_the_name_is_another(run, monkeypatch):
    found = Verification(checks=(), checked_at=dates.parse("2026-11-20T06:03:00Z"))
    monkeypatch.setattr(answering, "answer_code", lambda *_, **__: Answer("code", (found,), matched=False))
    result = run(printed_code.make(7, random=bytes(12), purpose="certificate").grouped, "--name", "王明")
    assert "姓名与证书不一致" in result.stdout


@pytest.mark.parametrize("content", ["", "{", '{"a":1,"a":2}', "[]", '{"type":"x"}', "{}"])
def test_a_file_that_is_no_credential_exits_with_two(run, tmp_path, content):
    path = tmp_path / "x.json"
    path.write_text(content, "utf-8")
    assert run(str(path)).exit_code == 2


def test_missing_settings_are_named(run):
    result = run("x", VERIFIER_LEDGER_URL="")
    assert result.exit_code == 2
    assert "VERIFIER_LEDGER_URL" in result.stderr


def test_the_report_that_a_body_files_is_printed_as_json(run, tmp_path):
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(signed()), "utf-8")
    result = run(str(path), "--recognition-report")
    assert result.exit_code == 1
    written = json.loads(result.stdout)
    assert (written["type"], written["conclusion"]["code"]) == ("RecognitionReport", "notConsidered")
    assert written["recognition"] == []
