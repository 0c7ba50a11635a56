"""What a node of a consortium is set up with, and the directory that CometBFT gets."""

import json
import stat
import tomllib
from pathlib import Path

import pytest

from ledger.engines.cometbft.home import DOUBLE_SIGN_CHECK, POWER, Addresses, CometHome, chain_name
from ledger.engines.cometbft.process import binary, prepare
from ledger.errors import EngineError
from ledger.settings import read_keys, read_settings, write_key
from tests.ledger.consortium import Consortium, key
from web.errors import SettingsError

PEER = "a" * 40 + "@127.0.0.1:26656"


@pytest.fixture
def environ(tmp_path):
    return {
        "LEDGER_HOME": str(tmp_path),
        "LEDGER_URL": "http://127.0.0.1:8700",
        "LEDGER_INSECURE_LOOPBACK": "1",
        "LEDGER_ENGINE": "cometbft",
    }


@pytest.fixture
def home(tmp_path) -> CometHome:
    home = CometHome(tmp_path / "comet")
    home.make()
    home.write_genesis(
        chain_id="urn:vocred:ledger:" + "ab" * 32,
        time=1_700_000_000,
        initial_height=8,
        app_hash=bytes(32),
        validators={"did:web:a.example": home.validator, "did:web:b.example": bytes(32)},
    )
    return home


def test_without_an_engine_the_ledger_is_one_operators(environ):
    del environ["LEDGER_ENGINE"]
    settings = read_settings(environ)
    assert (settings.engine, settings.comet) == ("embedded", None)


def test_settings_are_read(environ):
    comet = read_settings({**environ, "LEDGER_PEERS": f"{PEER}, {PEER}", "LEDGER_ARCHIVE": "1"}).comet
    assert (comet.p2p, comet.rpc) == ("0.0.0.0:26656", "127.0.0.1:26657")
    assert comet.peers == [PEER, PEER]
    assert comet.archive


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEDGER_ENGINE", "raft"),
        ("LEDGER_RPC", "192.0.2.1:26657"),
        ("LEDGER_RPC", "0.0.0.0:26657"),
        ("LEDGER_P2P", "26656"),
        ("LEDGER_P2P", "host:0"),
        ("LEDGER_P2P", "host:99999"),
        ("LEDGER_PEERS", "127.0.0.1:26656"),
        ("LEDGER_PEERS", "A" * 40 + "@127.0.0.1:26656"),
        ("LEDGER_ARCHIVE", "perhaps"),
    ],
)
def test_a_wrong_setting_is_refused(environ, name, value):
    with pytest.raises(SettingsError, match=name):
        read_settings({**environ, name: value})


def test_a_home_too_long_for_a_socket_is_refused(environ, tmp_path):
    place = tmp_path / ("x" * 100)
    place.mkdir()
    with pytest.raises(SettingsError, match="too long"):
        read_settings({**environ, "LEDGER_HOME": str(place)})


def test_keys_are_the_present_one_first_and_others_while_it_changes(tmp_path):
    assert read_keys(tmp_path) == []
    for name in ("receipt-next.key", "receipt.key"):
        write_key(tmp_path / name, key(name))
    assert [each.public for each in read_keys(tmp_path)] == [
        key(name).public for name in ("receipt.key", "receipt-next.key")
    ]


def test_a_missing_program_is_told_with_the_command_that_brings_it(environ, tmp_path):
    comet = read_settings(environ).comet
    with pytest.raises(SettingsError, match="go install github"):
        binary(comet, interpreter=str(tmp_path / "python"), search=str(tmp_path))


@pytest.mark.parametrize("where", ["beside", "in PATH"])
def test_the_program_is_found_beside_the_interpreter_or_in_the_path(environ, tmp_path, where):
    program = tmp_path / "bin" / "cometbft"
    program.parent.mkdir()
    program.write_text("")
    program.chmod(0o700)
    beside = program.parent if where == "beside" else tmp_path
    found = binary(
        read_settings(environ).comet, interpreter=str(beside / "python"), search=str(program.parent)
    )
    assert found == program


def test_the_program_is_the_one_that_is_named(environ, tmp_path):
    program = tmp_path / "comet-of-ours"
    named = {**environ, "LEDGER_COMETBFT": str(program)}
    with pytest.raises(SettingsError, match="LEDGER_COMETBFT"):
        binary(read_settings(named).comet)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    assert binary(read_settings(named).comet) == program


def test_a_home_without_genesis_is_refused(environ, tmp_path):
    program = tmp_path / "cometbft"
    program.write_text("")
    program.chmod(0o700)
    with pytest.raises(EngineError, match="genesis"):
        prepare(read_settings({**environ, "LEDGER_COMETBFT": str(program)}), tell=print)


@pytest.fixture
def ready(environ, home, tmp_path):
    """Settings of a node whose ledger stands at CometBFT's block 9, with a program to run."""
    program = tmp_path / "cometbft"
    program.write_text("")
    program.chmod(0o700)
    ledger = Consortium(tmp_path)
    while ledger.height < 9:
        ledger.block()
    ledger.core.close()
    return read_settings({**environ, "LEDGER_COMETBFT": str(program)})


def test_the_command_runs_comet_in_its_directory(ready, home):
    (home.path / "data" / "blockstore.db").mkdir()
    command = prepare(ready, tell=print)
    assert command == [ready.comet.binary, "start", "--home", str(home.path)]


@pytest.mark.parametrize("name", ["node_key.json", "priv_validator_key.json"])
def test_a_node_that_lost_a_key_does_not_make_itself_another(ready, home, name):
    (home.config / name).unlink()
    with pytest.raises(EngineError, match=name):
        prepare(ready, tell=print)
    assert not (home.config / name).exists()


def test_a_log_ahead_of_comet_is_told_what_to_do(ready, home):
    with pytest.raises(EngineError, match="before block 8 with `vocred ledger import`"):
        prepare(ready, tell=print)


@pytest.mark.case("LEDG-031")
def test_a_validator_that_remembers_less_is_told_in_a_line(ready, home):
    (home.path / "data" / "blockstore.db").mkdir()
    home.note_vote(3)
    lines = []
    prepare(ready, tell=lines.append)
    assert len(lines) == 1
    assert "[DOUBLE_SIGN_GUARD]" in lines[0]


def config(home: CometHome):
    home.write_config(Addresses(p2p="127.0.0.1:1", rpc="127.0.0.1:2", peers=[PEER]), moniker='a"b')
    return tomllib.loads((home.config / "config.toml").read_text())


def test_the_configuration_is_what_the_design_asks_for(home):
    written = config(home)
    assert written["proxy_app"] == f"unix://{home.socket}"
    assert written["abci"] == "socket"
    assert written["db_backend"] == "goleveldb"
    assert written["consensus"]["create_empty_blocks"] is False
    assert written["consensus"]["create_empty_blocks_interval"] == "600s"
    assert written["p2p"]["pex"] is False
    assert written["p2p"]["persistent_peers"] == PEER
    assert written["p2p"]["unconditional_peer_ids"] == "a" * 40
    assert written["rpc"]["laddr"] == "tcp://127.0.0.1:2"
    assert written["tx_index"]["indexer"] == "null"
    assert written["mempool"]["type"] == "flood"
    assert written["moniker"] == 'a"b'


@pytest.mark.case("LEDG-031")
def test_the_check_for_double_signing_is_on_while_memory_is_new_and_off_once_it_is_not(home):
    assert config(home)["consensus"]["double_sign_check_height"] == DOUBLE_SIGN_CHECK
    (home.path / "data" / "priv_validator_state.json").write_text('{"height": "12"}')
    assert config(home)["consensus"]["double_sign_check_height"] == 0
    with pytest.raises(EngineError):
        home.note_vote(13)
    assert config(home)["consensus"]["double_sign_check_height"] == DOUBLE_SIGN_CHECK
    home.note_vote(14)  # it goes on fetching blocks with the check
    (home.path / "data" / "priv_validator_state.json").write_text('{"height": "15"}')
    assert config(home)["consensus"]["double_sign_check_height"] == 0


def test_the_genesis_is_the_ledgers(home):
    written = json.loads((home.config / "genesis.json").read_text())
    assert written["initial_height"] == "8"
    assert len(written["chain_id"]) <= 50
    assert {each["power"] for each in written["validators"]} == {str(POWER)}
    assert written["consensus_params"]["abci"]["vote_extensions_enable_height"] == "0"
    read = home.read_genesis()
    assert (read.initial_height, read.validators["did:web:a.example"]) == (8, home.validator)
    assert read.chain_name == chain_name("urn:vocred:ledger:" + "ab" * 32) == "vocred-" + "ab" * 20


def test_keys_stay_and_are_their_owners_alone(home):
    before = home.node_id, home.validator
    home.make()
    assert (home.node_id, home.validator) == before
    for name in ("node_key.json", "priv_validator_key.json"):
        assert stat.S_IMODE((home.config / name).stat().st_mode) == 0o600


def test_a_fourth_of_the_power_is_less_than_a_third_in_whole_numbers():
    assert POWER < 4 * POWER // 3, "such a node would vote on blocks that it should fetch"


def test_every_node_writes_the_same_configuration_wherever_it_lies(home, tmp_path):
    other = CometHome(Path(tmp_path) / "other")
    other.make()
    mine, others = config(home), config(other)
    del mine["proxy_app"], others["proxy_app"]
    assert mine == others
