"""``vocred issuer agreement …``, as a script drives it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from issuer import officers, store_officers
from issuer.agreements import carrying
from issuer.cli import cli
from issuer.command_line import Outside
from ledger.settings import PIN
from tests.issuer.agreements.members import GOVERNANCE_PASSPHRASE, Member, Network, document
from tests.issuer.college import PASSPHRASES, new_row
from web.database import transaction


class Desk:
    """Runs commands for one member or the other."""

    def __init__(self, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
        self.network = network
        monkeypatch.setattr(carrying, "fetcher", lambda parts: network)

    def run(self, member: Member, *words: str, status: int = 0) -> Result:
        environ = {
            **member.environ,
            "ISSUER_LEDGER_PIN": str(member.node.home / PIN),
            "ISSUER_GOVERNANCE_PASSPHRASE": GOVERNANCE_PASSPHRASE,
            **{f"ISSUER_PASSPHRASE_{name.upper()}": value for name, value in PASSPHRASES.items()},
        }
        outside = Outside(clock=lambda: member.now, http=member.node.transport)
        result = CliRunner().invoke(cli, ["agreement", *words], env=environ, obj=outside)
        assert (result.exit_code == 0) is (status == 0), (result.output, result.exception)
        return result

    def json(self, member: Member, *words: str):
        return json.loads(self.run(member, *words, "--json").stdout)


@pytest.fixture
def desk(yunling: Member, xingheng: Member, network: Network, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for member in (yunling, xingheng):
        with transaction(member.db):
            for name, passphrase in PASSPHRASES.items():
                store_officers.set_passphrase(member.db, name, officers.hash_passphrase(passphrase))
    return Desk(network, monkeypatch)


@pytest.fixture
def file(folder: Path, yunling: Member) -> Path:
    place = folder / "agreement.json"
    place.write_text(json.dumps(document(yunling.now), ensure_ascii=False), "utf-8")
    return place


def test_commands_take_an_agreement_from_its_file_to_the_vote_and_to_its_end(
    desk: Desk, file: Path, yunling: Member, xingheng: Member
):
    yunling.issue(new_row(1), new_row(2))
    made = desk.json(yunling, "draft", str(file), "--as", "zhang")
    digest = made["digest"]
    assert [party["state"] for party in made["parties"]] == ["waiting", "waiting"]
    desk.json(yunling, "sign", digest, "--as", "zhang")
    desk.json(xingheng, "sign", digest[:12], "--as", "li")
    shown = desk.json(yunling, "show", digest)
    assert [party["state"] for party in shown["parties"]] == ["signed", "signed"]
    assert [section["section"] for section in shown["text"]][:2] == ["objective", "parties"]
    run = desk.json(yunling, "dry-run", digest, "--as", "zhang")
    assert (run["certificates"], run["accepted"], run["put"]) == (2, 2, True)
    proposal = desk.json(yunling, "propose", digest, "--as", "zhang")["proposal"]
    for party in yunling.node.consortium.parties:
        yunling.node.accept(party, "vote", {"proposal": bytes.fromhex(proposal), "yes": True})
    yunling.wait(6)
    (listed,) = desk.json(xingheng, "list")["agreements"]
    assert (listed["state"], listed["digest"], listed["proposal"]) == ("in-force", digest, proposal)
    ended = desk.json(xingheng, "end", listed["agreement"], "--as", "li")
    assert ended["agreement"] == "urn:vocred:agreement:YL-2026-0001"


def test_document_without_an_id_gets_the_next_free_one(
    desk: Desk, file: Path, yunling: Member, xingheng: Member
):
    found = document(yunling.now)
    del found["id"]
    file.write_text(json.dumps(found, ensure_ascii=False), "utf-8")
    assert desk.json(yunling, "draft", str(file), "--as", "zhang")["agreement"] == (
        "urn:vocred:agreement:YUNLING-2026-0001"
    )


def test_progress_of_a_dry_run_goes_to_standard_error(
    desk: Desk, file: Path, yunling: Member, xingheng: Member
):
    yunling.issue(new_row(1))
    digest = desk.json(yunling, "draft", str(file), "--as", "zhang")["digest"]
    result = desk.run(yunling, "dry-run", digest, "--as", "zhang", "--json")
    assert "1 of 1" in result.stderr
    assert json.loads(result.stdout)["state"] == "done"


def test_what_is_refused_ends_with_a_status(desk: Desk, file: Path, yunling: Member, xingheng: Member):
    digest = desk.json(yunling, "draft", str(file), "--as", "zhang")["digest"]
    desk.run(yunling, "propose", digest, "--as", "zhang", status=1)
    desk.run(yunling, "sign", "00", "--as", "zhang", status=1)
    file.write_text("{}", "utf-8")
    desk.run(yunling, "draft", str(file), "--as", "zhang", status=1)
