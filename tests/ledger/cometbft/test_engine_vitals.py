"""What a node says of its engine at /health and in its figures."""

import json

import pytest

from ledger.engines.cometbft import engine
from ledger.engines.vitals import Pulse
from ledger.errors import EngineError, NoQuorumError
from ledger.node import create_app, end_with
from ledger.running import ENGINE
from tests.ledger.cometbft.test_abci_application import decide, endpoint
from web.errors import SettingsError


@pytest.fixture
def http(node):
    environ = {
        "LEDGER_HOME": str(node.path.parent),
        "LEDGER_URL": "http://127.0.0.1:8700",
        "LEDGER_INSECURE_LOOPBACK": "1",
    }
    app = create_app(environ, clock=lambda: node.clock, engine=node.engine)
    assert app.extensions[ENGINE] is node.engine
    return app.test_client()


def reasons(http):
    found = json.loads(http.get("/health").data)
    return {reason["check"]: reason["code"] for reason in found["reasons"]}, found["status"]


def test_a_node_that_takes_statements_has_no_alarm(http):
    assert "consensus" not in reasons(http)[0]


def test_a_node_that_catches_up_raises_an_alarm_and_still_answers(node, http):
    node.comet.catching_up = True
    found, status = reasons(http)
    assert (found["consensus"], status) == ("LEDGER_UNAVAILABLE", "alarm")


def test_a_node_that_reaches_nobody_says_so(node, http):
    node.comet.catching_up, node.comet.peers = True, 0
    assert reasons(http)[0]["consensus"] == "LEDGER_NO_QUORUM"


def test_a_node_without_a_quorum_says_so_once_somebody_waited_in_vain(node, http):
    with pytest.raises(NoQuorumError):
        node.engine.submit(endpoint(node))
    found, status = reasons(http)
    assert (found["consensus"], status) == ("LEDGER_NO_QUORUM", "alarm")
    node.comet.block([endpoint(node)])
    assert "consensus" not in reasons(http)[0]


def test_a_node_to_which_no_block_comes_for_long_says_so(node, http, monkeypatch):
    monkeypatch.setattr(engine, "NO_HEARTBEAT", -1.0)
    assert reasons(http)[0]["consensus"] == "LEDGER_NO_QUORUM"


def test_the_embedded_engine_does_not_open_a_ledger_that_is_on_cometbft(node):
    environ = {
        "LEDGER_HOME": str(node.path.parent),
        "LEDGER_URL": "http://127.0.0.1:8700",
        "LEDGER_INSECURE_LOOPBACK": "1",
    }
    with pytest.raises(SettingsError, match="LEDGER_ENGINE=cometbft"):
        create_app(environ, clock=lambda: node.clock)


def test_a_stopped_engine_is_a_failure(node, http):
    node.engine.close()
    found, status = reasons(http)
    assert (found["engine"], status) == ("LEDGER_UNAVAILABLE", "failing")


def test_figures_tell_where_the_log_stands(node, http):
    node.comet.block([endpoint(node)])
    text = http.get("/metrics").get_data(as_text=True)
    assert "vocred_ledger_entries 4.0" in text
    assert "vocred_ledger_block_height 2.0" in text
    assert "vocred_ledger_confirmed_entries 2.0" in text
    assert "vocred_ledger_connected_nodes 3.0" in text


def test_comet_is_asked_once_in_a_while():
    asked = []

    def ask():
        asked.append(1)
        raise EngineError("not there")

    pulse = Pulse(ask)
    for _ in range(3):
        with pytest.raises(EngineError):
            pulse.status()
    assert len(asked) == 1


def test_rules_that_are_too_new_end_everything_and_sign_nothing(node, http):
    told = []
    end_with(http.application, told.append)
    decide(node, ["upgrade", {"app_version": 2, "height": node.comet.height + 7}])
    node.comet.block([endpoint(node)])
    assert not told
    with pytest.raises(ConnectionError):
        node.comet.block([endpoint(node)])
    assert [error.code for error in told] == ["LEDGER_UPGRADE_REQUIRED"]
    assert not node.ended, "a new start would not help"
    with pytest.raises(EngineError):
        node.engine.receipt()
