"""``vocred ledger checkpoint, follow, evidence, alarms`` and ``vocred verify --checkpoint``."""

import json

import pytest
from click.testing import CliRunner

from ledger.cli import Outside, cli
from ledger.proof.evidence import EvidenceError
from ledger.proof.pins import PinStore
from ledger.transport import LedgerUnavailableError
from tests.ledger.consortium import Party
from tests.ledger.watching.forked import fork, show
from tests.ledger.watching.many_nodes import ManyNodes
from tests.ledger.watching.test_comparing_nodes import compare, made_evidence
from verifier.cli import cli as verifier_cli


@pytest.fixture
def world(tmp_path):
    made = ManyNodes(tmp_path)
    made.rotate_receipt_key(made.parties[3].did, "other key")
    made.accept(made.parties[0].did, "schema.put", {"id": "https://s.example/1", "digest": bytes(32)})
    made.collect(2)
    yield made
    made.close()


@pytest.fixture
def desk(world, tmp_path):
    """Where somebody types commands: a home with the first pin."""
    home = tmp_path / "desk"
    home.mkdir()
    (home / "pin").write_bytes(world.first_pin().to_bytes())

    def run(*arguments, failing=None):
        environ = {"LEDGER_HOME": str(home), "LEDGER_URL": ",".join(node.url for node in world.nodes)}
        outside = Outside(environ=environ, clock=lambda: world.now, http=world.transport)
        result = CliRunner().invoke(cli, [*map(str, arguments), "--json"], obj=outside)
        if failing is not None:
            assert isinstance(result.exception, failing), result.output
            return None
        assert result.exit_code == 0, result.output or result.exception
        return json.loads(result.output)

    run.home = home
    return run


def test_a_checkpoint_is_saved_with_its_links(desk, tmp_path):
    said = desk("checkpoint", tmp_path / "file")
    assert (said["epoch"], said["links"], said["signatures"]) == (2, 1, 3)
    assert (tmp_path / "file").stat().st_size > 1000


def test_a_services_pin_follows_a_file_without_a_node(world, desk, tmp_path):
    desk("checkpoint", tmp_path / "file")
    pins = world.pins("service")
    for node in world.nodes:
        node.up = False
    said = desk("follow", tmp_path / "file", "--pin", tmp_path / "service")
    assert (said["epoch"], said["moved"]) == (2, True)
    assert pins.load().epoch == 2
    assert desk("follow", tmp_path / "file", "--pin", tmp_path / "service")["moved"] is False


def test_the_desks_own_pin_follows_a_file(world, desk, tmp_path):
    (tmp_path / "file").write_bytes(world.nodes[0].get("/v1/checkpoint?epoch=1&from=1").data)
    assert desk("follow", tmp_path / "file")["epoch"] == 2
    assert PinStore(desk.home / "pin.seen").load().epoch == 2


def test_vocred_verify_follows_a_file_and_answers(world, desk, tmp_path, monkeypatch):
    desk("checkpoint", tmp_path / "file")
    home = tmp_path / "verifier"
    monkeypatch.setenv("VERIFIER_HOME", str(home))
    monkeypatch.setenv("VERIFIER_URL", "http://127.0.0.1:8790")
    monkeypatch.setenv("VERIFIER_LEDGER_URL", "http://127.0.0.1:1, http://127.0.0.1:2")
    monkeypatch.setenv("VERIFIER_LEDGER_PIN", str(desk.home / "pin"))
    monkeypatch.setenv("VERIFIER_INSECURE_LOOPBACK", "1")
    (tmp_path / "form.json").write_text("{}")
    arguments = ["verify", str(tmp_path / "form.json"), "--checkpoint", str(tmp_path / "file")]
    CliRunner().invoke(verifier_cli, arguments)
    assert PinStore(home / "pin").load().epoch == 2


def test_vocred_verify_refuses_a_file_that_does_not_check(world, desk, tmp_path, monkeypatch):
    test_vocred_verify_follows_a_file_and_answers(world, desk, tmp_path, monkeypatch)
    (tmp_path / "torn").write_bytes((tmp_path / "file").read_bytes()[:-1])
    arguments = ["verify", str(tmp_path / "form.json"), "--checkpoint", str(tmp_path / "torn")]
    result = CliRunner().invoke(verifier_cli, arguments)
    assert result.exit_code == 2
    assert "ledger proof" in result.output


def test_evidence_is_checked_published_and_listed(world, desk, tmp_path):
    engine = fork(world, tmp_path / "fork")
    path = tmp_path / "evidence.cbor"
    path.write_bytes(made_evidence(world, engine).encode())
    said = desk("evidence", "check", path)
    assert said["doubleSigners"] == [world.parties[0].did]
    assert desk("evidence", "publish", path)["taken"] == 4
    (listed,) = desk("evidence", "list")["evidence"]
    assert listed["id"] == said["id"]
    engine.core.close()


def test_what_is_no_evidence_is_not_published(world, desk, tmp_path):
    path = tmp_path / "evidence.cbor"
    path.write_bytes(b"nonsense")
    desk("evidence", "publish", path, failing=EvidenceError)


def test_evidence_that_nobody_takes_is_said(world, desk, tmp_path):
    engine = fork(world, tmp_path / "fork")
    path = tmp_path / "evidence.cbor"
    path.write_bytes(made_evidence(world, engine).encode())
    for node in world.nodes:
        node.up = False
    desk("evidence", "publish", path, failing=LedgerUnavailableError)
    engine.core.close()


def test_alarms_are_told(world, desk, tmp_path):
    assert desk("alarms")["alarms"] == []
    engine = fork(world, tmp_path / "fork")
    show(world.nodes[2], engine, [Party("stranger")])
    compare(world)
    said = desk("alarms")
    assert [alarm["kind"] for alarm in said["alarms"]] == ["two-histories"]
    assert len(said["peers"]) == 3
    engine.core.close()
