"""The commands: a key ceremony without a secret on paper, and the way from one operator to an invitation."""

import json
import shutil

import pytest
from click.testing import CliRunner

from crypto import cbor
from ledger import proposing
from ledger.cli import Outside, cli
from ledger.engines.embedded import EmbeddedEngine
from ledger.errors import HistoryError
from ledger.joining import log_file
from ledger.joining.errors import JoiningError, LogFileError, OtherLedgerError, UncoveredError
from ledger.proof.pins import Pin
from ledger.settings import read_key, read_keys
from tests.ledger.consortium import START
from tests.ledger.joining.operators import Operator
from tests.ledger.paper_log import Fixed
from web.errors import SettingsError

DID = "did:web:centre.example"
INIT = [
    *("init", "--as", "operator", "--did", DID, "--name-zh", "运营中心", "--name-en", "Centre"),
    *("--credit-code", "91530000MA0000000X", "--delay", "0"),
]


class Host:
    """Where an operator types commands; no node answers."""

    def __init__(self, home, **environ: str) -> None:
        self.home, self.now = home, START + 100
        self.environ = {
            "LEDGER_HOME": str(home),
            "LEDGER_URL": "http://127.0.0.1:8700",
            "LEDGER_INSECURE_LOOPBACK": "1",
            "LEDGER_PASSPHRASE_OPERATOR": "correct horse",
            **environ,
        }

    def type(self, *words: str):
        outside = Outside(environ=self.environ, clock=lambda: self.now, random=Fixed(len(words)))
        return CliRunner().invoke(cli, list(words), obj=outside)

    def ask(self, *words: str) -> dict:
        result = self.type(*words, "--json")
        assert result.exit_code == 0, (result.output, result.exception)
        return json.loads(result.output)

    def refused(self, error, *words: str) -> Exception:
        result = self.type(*words)
        assert isinstance(result.exception, error), (result.output, result.exception)
        return result.exception

    def files(self) -> dict:
        return {path: path.read_bytes() for path in self.home.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def founded(tmp_path_factory) -> Host:
    host = Host(tmp_path_factory.mktemp("founded"))
    host.told = host.ask(*INIT, "--engine", "cometbft", "--desk", str(host.home / "desk"))
    return host


@pytest.fixture(scope="module")
def operator(tmp_path_factory) -> Operator:
    operator = Operator(tmp_path_factory.mktemp("operator"))
    operator.engine().close()
    return operator


@pytest.fixture
def host(operator, tmp_path):
    """The operator's host, where nothing has been moved yet."""
    shutil.copytree(operator.home, tmp_path / "home")
    host = Host(tmp_path / "home", LEDGER_P2P="10.0.0.1:26656")
    host.now = operator.now
    return host


def test_the_ceremony_makes_four_keys_each_in_a_file_of_its_own(founded):
    keys = {key["role"]: key for key in founded.told["keys"]}
    assert set(keys) == {"governance", "receipt", "validator", "node"}
    assert len({key["file"] for key in keys.values()}) == 4
    for key in keys.values():
        assert (founded.home / key["file"]).stat().st_mode & 0o077 == 0
        assert key["keeper"]


def test_the_protocol_names_every_key_in_groups_of_four(founded):
    protocol = (founded.home / "ceremony.txt").read_text()
    for key in founded.told["keys"]:
        assert key["fingerprint"] in protocol
        assert all(len(group) <= 4 for group in key["fingerprint"].split())
    thumbprint = read_key(founded.home / "receipt.key").public.thumbprint.hex()
    assert thumbprint in protocol.replace(" ", "")
    assert founded.told["chainId"].rpartition(":")[2] in protocol.replace(" ", "")


def test_the_protocol_holds_no_secret(founded):
    protocol = (founded.home / "ceremony.txt").read_bytes() + json.dumps(founded.told).encode()
    validator = json.loads((founded.home / "comet" / "config" / "priv_validator_key.json").read_bytes())
    assert read_key(founded.home / "receipt.key").to_bytes().hex().encode() not in protocol
    assert validator["priv_key"]["value"].encode() not in protocol
    assert b"correct horse" not in protocol


def test_the_governance_key_goes_to_the_desk_with_a_pin(founded):
    assert (founded.home / "desk" / "keys" / "operator.key").exists()
    assert not (founded.home / "keys").exists()
    assert (founded.home / "desk" / "pin").read_bytes() == (founded.home / "pin").read_bytes()


def test_cometbft_begins_with_one_validator_whose_name_is_the_member(founded):
    genesis = json.loads((founded.home / "comet" / "config" / "genesis.json").read_bytes())
    assert [each["name"] for each in genesis["validators"]] == [DID]
    assert genesis["initial_height"] == "1"


def test_the_embedded_engine_needs_two_keys_only(tmp_path):
    host = Host(tmp_path / "home")
    told = host.ask(*INIT)
    assert [key["role"] for key in told["keys"]] == ["governance", "receipt"]
    assert not (host.home / "comet").exists()


def test_the_engine_may_be_named_by_the_environment(tmp_path):
    host = Host(tmp_path / "home", LEDGER_ENGINE="cometbft")
    assert len(host.ask(*INIT)["keys"]) == 4
    assert isinstance(Host(tmp_path / "x", LEDGER_ENGINE="raft").refused(JoiningError, *INIT), JoiningError)


def test_invite_and_join_from_the_command_line(founded, tmp_path):
    file = tmp_path / "invitation"
    invited = founded.ask("invite", "--out", str(file), "--peer", "10.0.0.1:26656")
    newcomer = Host(tmp_path / "new")
    made = newcomer.ask("join", str(file), "--did", "did:web:new.example", "--ledger", invited["mark"])
    assert set(made["possession"]) == {"receipt", "validator"}
    assert made["settings"]["LEDGER_PEERS"] == invited["peers"][0]
    assert "LEDGER_PEERS=" in (newcomer.home / "node.env").read_text()
    assert made["signs"] is False


def test_join_for_another_ledger_is_refused_and_leaves_nothing(founded, tmp_path):
    file = tmp_path / "invitation"
    founded.ask("invite", "--out", str(file), "--peer", "10.0.0.1:26656")
    newcomer = Host(tmp_path / "new")
    words = ("join", str(file), "--did", "did:web:new.example")
    newcomer.refused(OtherLedgerError, *words, "--ledger", "00" * 32)
    newcomer.refused(JoiningError, *words)
    file.write_bytes(file.read_bytes()[:-1])
    newcomer.refused(LogFileError, *words, "--ledger", founded.told["chain"])
    assert newcomer.files() == {}


def test_join_with_another_members_keys_makes_nothing(founded, tmp_path):
    file, keys = tmp_path / "invitation", tmp_path / "keys.json"
    founded.ask("invite", "--out", str(file), "--peer", "10.0.0.1:26656")
    newcomer = Host(tmp_path / "new")
    words = ("join", str(file), "--did", "did:web:new.example", "--ledger", founded.told["chain"])
    keys.write_text('{"did": "did:web:other.example"}')
    newcomer.refused(JoiningError, *words, "--keys", str(keys))
    keys.write_text("not JSON")
    assert newcomer.type(*words, "--keys", str(keys)).exit_code != 0
    assert newcomer.files() == {}


@pytest.mark.parametrize("words", [("--did", "centre"), ("--credit-code", "123"), ("--name-zh", "")])
def test_init_makes_no_key_of_what_no_ledger_begins_with(tmp_path, words):
    host = Host(tmp_path / "home")
    host.refused(JoiningError, *INIT, *words)
    assert host.files() == {}


def test_keys_can_be_made_before_there_is_an_invitation(operator, tmp_path):
    newcomer = Host(tmp_path)
    newcomer.refused(SettingsError, "join", "--did", "did:web:new.example")
    newcomer.environ["LEDGER_PIN"] = str(operator.home / "pin")
    first = newcomer.ask("join", "--did", "did:web:new.example")
    again = newcomer.ask("join", "--did", "did:web:new.example")
    changing = {"ceremony", "protocol"}
    assert {name: first[name] for name in first.keys() - changing} == {
        name: again[name] for name in again.keys() - changing
    }
    assert first["protocol"] != again["protocol"]  # the paper of the first ceremony stays


def test_migrate_writes_the_invitation_for_every_signer(operator, host, tmp_path):
    file = tmp_path / "invitation"
    moved = host.ask("migrate", "--out", str(file))
    assert moved["peers"][0].endswith("@10.0.0.1:26656")
    member = operator.consortium.parties[2]
    home = tmp_path / "member"
    shutil.copytree(operator.home_of(member), home)
    there = Host(home, LEDGER_PIN=str(operator.home / "pin"))
    there.now = host.now
    joined = there.ask("join", str(file), "--did", member.did)
    assert joined["signs"] is True
    assert joined["root"] == moved["root"]


def test_export_and_import_give_the_same_ledger(operator, host, tmp_path):
    host.ask("export", str(tmp_path / "log"))
    (tmp_path / "checkpoint").write_bytes(operator.checkpoint().encode())
    other = Host(tmp_path / "other", LEDGER_PIN=str(operator.home / "pin"))
    other.now = host.now
    words = ("import", str(tmp_path / "log"), "--checkpoint", str(tmp_path / "checkpoint"))
    told = other.ask(*words)
    with log_file.reading(tmp_path / "log") as (header, _):
        assert (told["size"], told["root"]) == (header.size, header.root.hex())
    before = other.files()
    other.refused(JoiningError, *words)
    assert other.files() == before


def test_an_import_under_too_old_a_checkpoint_leaves_nothing(operator, host, tmp_path):
    host.ask("export", str(tmp_path / "log"))
    (tmp_path / "old").write_bytes(operator.checkpoint(2).encode())
    other = Host(tmp_path / "other", LEDGER_PIN=str(operator.home / "pin"))
    other.now = host.now
    words = ("import", str(tmp_path / "log"), "--checkpoint", str(tmp_path / "old"))
    other.refused(UncoveredError, *words)
    assert other.files() == {}


def test_the_newest_copy_may_be_signed_on_from(operator, host, tmp_path):
    host.ask("export", str(tmp_path / "log"))
    (tmp_path / "checkpoint").write_bytes(operator.checkpoint().encode())
    other = Host(tmp_path / "other", LEDGER_PIN=str(operator.home / "pin"))
    other.now = host.now
    words = ("import", str(tmp_path / "log"), "--checkpoint", str(tmp_path / "checkpoint"), "--newest")
    other.ask(*words)
    key = operator.consortium.founder.key("receipt")
    EmbeddedEngine.open(other.home / "ledger.db", key=key, clock=lambda: other.now).close()


def test_replay_says_how_much_comes_out_the_same(host, tmp_path):
    told = host.ask("replay")
    assert told["differs"] is None
    host.ask("export", str(tmp_path / "log"))
    assert host.ask("replay", "--against", str(tmp_path / "log"))["parts"] is None


def test_replay_ends_with_a_failure_where_two_logs_part(host, founded, tmp_path):
    founded.ask("export", str(tmp_path / "log"))
    error = host.refused(HistoryError, "replay", "--against", str(tmp_path / "log"))
    assert "entry 0" in str(error)


def test_a_pin_needs_a_node(host):
    host.environ["LEDGER_URL"] = ""
    host.refused(SettingsError, "pin", str(host.home / "new"))
    assert Pin.from_bytes((host.home / "pin").read_bytes()).single


def test_another_receipt_key_stands_beside_the_present_one(host, operator):
    before = (host.home / "receipt.key").read_bytes()
    first, second = read_keys(host.home)[0], operator.consortium.founder.did
    made = host.ask("renew", "--did", second)
    assert (host.home / "receipt.key").read_bytes() == before
    keys = read_keys(host.home)
    assert keys[0].to_bytes() == first.to_bytes()
    assert made["receipt"] == cbor.encode(keys[1].public.cose_key).hex()
    assert proposing.set_signer(made)[1]["validator"] is None


def test_a_home_without_a_ledger_renews_nothing(operator, tmp_path):
    there = Host(tmp_path, LEDGER_PIN=str(operator.home / "pin"))
    there.refused(JoiningError, "renew", "--did", DID)
    assert there.files() == {}


@pytest.mark.parametrize("command", [["export", "log"], ["replay"], ["audit"], ["invite", "--out", "file"]])
def test_a_home_without_a_ledger_is_not_called_damaged(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    assert "no ledger in LEDGER_HOME" in str(Host(tmp_path).refused(JoiningError, *command))


@pytest.mark.parametrize("command", [["audit"], ["invite", "--out", "file"]])
def test_a_node_without_cometbft_says_so(host, monkeypatch, command):
    shutil.rmtree(host.home / "comet", ignore_errors=True)
    monkeypatch.chdir(host.home)
    assert "does not run CometBFT" in str(host.refused(JoiningError, *command))


def test_no_key_is_made_for_another_members_node(host, operator):
    for did in (operator.consortium.parties[1].did, "did:web:stranger.example"):
        assert "this node is did:" in str(host.refused(JoiningError, "renew", "--did", did))
    assert len(read_keys(host.home)) == 1


def test_no_key_is_made_for_somebody_who_is_no_member(host):
    (host.home / "receipt.key").unlink()
    assert "no member" in str(host.refused(JoiningError, "renew", "--did", "did:web:stranger.example"))
    assert read_keys(host.home) == []


def test_a_node_whose_keys_were_lost_renews_for_its_member(host, operator):
    (host.home / "receipt.key").unlink()
    host.ask("renew", "--did", operator.consortium.founder.did)
