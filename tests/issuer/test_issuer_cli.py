"""``vocred issuer …`` without a ledger: it is silent, and nothing but anchoring waits for it."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlite_utils import Database

from issuer import audit, store
from issuer.cli import cli
from ledger.proof.pins import Pin
from tests.issuer.college import GRADUATION, NAME, environment
from tests.ledger.consortium import Consortium
from vocred.demo.places import SAMPLES
from web import database
from web.database import transaction

CLEAN = SAMPLES / "clean_graduates_2026_utf8bom.csv"
DIRTY = SAMPLES / "dirty_graduates_2026_gb18030.csv"


class Host:
    """A machine on which somebody types commands."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = folder / "issuer"
        self.home.mkdir()
        ledger = folder / "ledger"
        ledger.mkdir()
        consortium = Consortium(ledger, count=1)
        consortium.core.close()
        pin = folder / "consortium.pin"
        pin.write_bytes(Pin.from_genesis(consortium.genesis).to_bytes())
        settings = {
            **environment(self.home),
            "ISSUER_LEDGER_URL": "http://127.0.0.1:9",
            "ISSUER_LEDGER_PIN": str(pin),
            "ISSUER_DID": "did:web:yunling.edu.example",
            "ISSUER_NAME": NAME,
            "ISSUER_NAME_EN": "Yunling Model Polytechnic",
            "ISSUER_CREDIT_CODE": "12990000MB9999013F",
            "ISSUER_INSTITUTION_CODE": "99901",
            "ISSUER_PASSPHRASE_ZHANG": "correct horse battery",
            "ISSUER_PASSPHRASE_LI": "staple under the moon",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments)

    def json(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, (result.output, result.exception)
        return json.loads(result.stdout.splitlines()[-1])

    def refused(self, *arguments: str) -> str:
        """Return the code with which a command is refused."""
        result = self.run(*arguments)
        assert result.exit_code != 0
        return str(getattr(result.exception, "code", result.output))

    @property
    def db(self) -> Database:
        return database.connect(self.home / "issuer.db")


@pytest.fixture
def bare(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(folder, monkeypatch)


@pytest.fixture
def host(bare: Host) -> Iterator[Host]:
    result = bare.run("init", "--officer", "zhang", "--officer", "li")
    assert result.exit_code == 0, (result.output, result.exception)
    granted = {"documentDigest": None, "grants": {GRADUATION: [[0, None]]}, "stopped": False}
    with transaction(bare.db) as db:
        store.save_standing(db, number=7, standing=granted, at=0)
    return bare


def imported(host: Host) -> Any:
    return host.json("import", str(CLEAN), "--type", GRADUATION, "--as", "zhang", "--confirm")


def test_check_needs_no_issuer(bare: Host):
    found = bare.json(
        "import", str(DIRTY), "--type", GRADUATION, "--check", "--institution-name", NAME,
        "--institution-code", "99901",
    )  # fmt: skip
    assert found["findings"]
    assert not list(bare.home.iterdir())


def test_check_of_a_set_up_issuer_writes_nothing(host: Host):
    before = store.value(host.db, "SELECT count(*) FROM audit")
    found = host.json("import", str(CLEAN), "--type", GRADUATION, "--check")
    assert found["rowsWithErrors"] == 0
    assert store.value(host.db, "SELECT count(*) FROM batch") == 0
    assert store.value(host.db, "SELECT count(*) FROM audit") == before


def test_init_wants_two_officers_and_runs_once(bare: Host):
    assert bare.run("init", "--officer", "zhang").exit_code != 0
    assert bare.run("init", "--officer", "zhang", "--officer", "zhang").exit_code != 0
    assert bare.run("init", "--officer", "zhang", "--officer", "li").exit_code == 0
    assert bare.refused("init", "--officer", "zhang", "--officer", "li") == "CONFLICT"


def test_command_after_a_refused_init_says_what_to_run(bare: Host):
    assert bare.run("init", "--officer", "zhang", "--officer", "nobody").exit_code != 0
    result = bare.run("anchor")
    assert "vocred issuer init" in str(result.exception)


def test_officer_may_have_a_name_of_one_letter(bare: Host, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ISSUER_PASSPHRASE_O", "a third good passphrase")
    assert bare.run("init", "--officer", "zhang", "--officer", "o").exit_code == 0


def test_host_adds_an_officer_only_for_one_who_is_lost(host: Host, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ISSUER_PASSPHRASE_WANG", "a third good passphrase")
    assert host.refused("init", "--add-officer", "wang") == "FORBIDDEN"
    assert host.run("init", "--add-officer", "wang", "--lost", "li").exit_code == 0
    assert {entry.channel for entry in audit.entries(host.db, subject="wang")} == {"host"}


def test_registration_holds_what_the_consortium_needs(host: Host):
    found = host.json("registration")
    assert set(found) >= {"did", "document", "documentDigest", "submissionKey", "submissionKeyProof", "urls"}
    assert found["document"]["id"] == found["did"] == "did:web:yunling.edu.example"
    assert set(found["urls"]) == {"claims", "store", "lists"}


def test_batch_is_imported_by_one_and_approved_by_another(host: Host):
    made = imported(host)
    assert len(made["records"]) == made["rows"]["ready"] + made["rows"]["confirmed"]
    assert host.refused("approve", made["batch"], "--as", "zhang") == "SAME_OFFICER"
    signed = host.json("approve", made["batch"], "--as", "li")
    assert (signed["state"], signed["failed"]) == ("issued", 0)
    assert signed["signed"] == len(made["records"])
    assert {entry.channel for entry in audit.entries(host.db, subject=made["batch"])} == {
        "command line",
        "worker",
    }


def test_approving_again_goes_on_where_a_killed_command_stopped(host: Host, monkeypatch: pytest.MonkeyPatch):
    made = imported(host)
    with monkeypatch.context() as killed:
        killed.setattr("issuer.cli.issuance.run_all", lambda *_, **__: sys.exit(137))
        assert host.run("approve", made["batch"], "--as", "li").exit_code == 137
    assert store.value(host.db, "SELECT state FROM batch") == "approved"
    assert host.refused("approve", made["batch"], "--as", "zhang") == "SAME_OFFICER"
    signed = host.json("approve", made["batch"], "--as", "li")
    assert (signed["state"], signed["signed"]) == ("issued", len(made["records"]))


def test_file_uploaded_again_issues_nothing_new(host: Host):
    made = imported(host)
    pending = host.json("import", str(CLEAN), "--type", GRADUATION, "--check")
    assert pending["rowsIssuable"] == 0
    host.json("approve", made["batch"], "--as", "li")
    again = host.json("import", str(CLEAN), "--type", GRADUATION, "--check")
    assert (again["rowsIssuable"], again["rowsWithErrors"]) == (0, 0)
    repeated = host.json("import", str(CLEAN), "--type", GRADUATION, "--as", "zhang")
    assert (repeated["batch"], repeated["records"]) == (None, [])
    assert repeated["rows"]["skipped"] == len(made["records"])
    assert store.value(host.db, "SELECT count(*) FROM batch") == 1


def test_batch_whose_rows_all_wait_for_a_click_stays_a_draft(host: Host, tmp_path: Path):
    header, first, *_ = CLEAN.read_text("utf-8-sig").splitlines()
    file = tmp_path / "one.csv"
    file.write_text(f"{header}\n{first.replace(first.split(',')[23], '')}\n", "utf-8")
    made = host.json("import", str(file), "--type", GRADUATION, "--as", "zhang")
    assert (made["act"], made["rows"]["confirm"], made["records"]) == (None, 1, [])
    assert store.value(host.db, "SELECT state FROM batch") == "draft"


def test_file_without_a_row_to_sign_leaves_nothing_behind(host: Host, tmp_path: Path):
    header, first, *_ = CLEAN.read_text("utf-8-sig").splitlines()
    file = tmp_path / "one.csv"
    file.write_text(f"{header}\n{first.replace(first.split(',')[9], '1')}\n", "utf-8")
    assert host.refused("import", str(file), "--type", GRADUATION, "--as", "zhang") == "INVALID_ACT"
    assert store.value(host.db, "SELECT count(*) FROM batch") == 0


def test_no_document_number_is_kept(host: Host):
    made = imported(host)
    host.json("approve", made["batch"], "--as", "li")
    numbers = [line.split(",")[9] for line in CLEAN.read_text("utf-8-sig").splitlines()[1:]]
    kept = b"".join(file.read_bytes() for file in host.home.iterdir() if file.is_file())
    assert len(numbers[0]) == 18
    assert not any(number.encode() in kept for number in numbers)


@pytest.mark.parametrize("variable", ["", "wrong passphrase"])
def test_officer_without_the_right_passphrase_is_refused(
    host: Host, monkeypatch: pytest.MonkeyPatch, variable: str
):
    monkeypatch.setenv("ISSUER_PASSPHRASE_ZHANG", variable)
    code = host.refused("import", str(CLEAN), "--type", GRADUATION, "--as", "zhang")
    assert code in {"FORBIDDEN", "SIGN_IN_REFUSED"}
    assert store.value(host.db, "SELECT count(*) FROM batch") == 0


def test_offer_prints_offer_pin_and_slip_and_re_issuing_takes_two(host: Host):
    made = imported(host)
    host.json("approve", made["batch"], "--as", "li")
    number = made["records"][0]["number"]
    found = host.json("offer", number, "--as", "zhang")
    assert set(found) == {"offer", "tx_code", "slip"}
    assert found["offer"].startswith("openid-credential-offer://?credential_offer_uri=http")
    assert len(found["tx_code"]) == 6
    assert host.refused("offer", number, "--as", "zhang") == "FORBIDDEN"
    assert host.refused("offer", number, "--as", "zhang", "--approved-by", "zhang") == "SAME_OFFICER"
    again = host.json("offer", made["records"][0]["record"], "--as", "zhang", "--approved-by", "li")
    assert again["slip"] != found["slip"]


def test_revoking_takes_two_officers_and_a_reason_and_waits_for_no_ledger(host: Host):
    made = imported(host)
    host.json("approve", made["batch"], "--as", "li")
    record = made["records"][0]["record"]
    base = ("revoke", record, "--as", "zhang", "--approved-by")
    assert host.refused(*base, "zhang", "--reason", "机构撤销") == "SAME_OFFICER"
    assert host.refused(*base, "li", "--reason", "because") == "REASON_REQUIRED"
    done = host.json(*base, "li", "--reason", "机构撤销")
    assert (done["state"], done["anchored"], done["problem"]) == ("revoked", False, "LEDGER_UNAVAILABLE")


def test_anchor_says_that_the_ledger_is_silent(host: Host):
    result = host.run("anchor", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["problem"] == "LEDGER_UNAVAILABLE"


def test_migrate_has_nothing_left_to_do(host: Host):
    assert host.run("migrate").output.strip() == "applied 0 migrations"
