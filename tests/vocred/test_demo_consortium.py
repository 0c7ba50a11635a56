"""The life of a credential on four nodes, one of which stops in the middle."""

import pytest
from click.testing import CliRunner

from tests.ports import free_ports
from vocred.demo import demo
from vocred.demo.consortium import ConsortiumStory
from vocred.demo.places import DESK, NODES, STOPPED, consortium_places
from vocred.demo.world import DemoError, World, require_free


@pytest.mark.e2e
@pytest.mark.consortium
@pytest.mark.timeout(1800)
def test_the_same_story_ends_well_on_four_nodes_of_which_one_stops(tmp_path):
    words = ["--once", "--consortium", "--home", str(tmp_path / "h"), "--first-port", str(free_ports(17))]
    told = CliRunner().invoke(demo, words)
    assert (told.exit_code, "Every verdict was the expected one" in told.output) == (0, True), told.output
    assert "three of four members signed" in told.output
    assert "has caught up" in told.output


def test_every_service_asks_all_four_nodes(tmp_path):
    places = consortium_places(tmp_path)
    nodes = {places[name].url for name in NODES.values()}
    assert len(nodes) == 4
    for name, place in places.items():
        if place.kind not in {"ledger", ""}:
            assert set(place.environment[f"{place.kind.upper()}_LEDGER_URL"].split(",")) == nodes, name
    assert set(places[DESK].environment["LEDGER_URL"].split(",")) == nodes


def test_a_members_service_asks_its_own_node_first_and_others_the_one_that_stops(tmp_path):
    places = consortium_places(tmp_path)
    for service, node in {"college": "college-node", "verifier": NODES[STOPPED]}.items():
        prefix = places[service].kind.upper()
        assert places[service].environment[f"{prefix}_LEDGER_URL"].startswith(places[node].url)


def test_no_two_services_share_a_port(tmp_path):
    ports = [
        port for place in consortium_places(tmp_path).values() for port in (place.port, *place.more_ports)
    ]
    used = [port for port in ports if port]
    assert len(set(used)) == len(used) == 17


def test_a_port_between_nodes_that_is_taken_starts_nothing(tmp_path):
    import socket

    places = consortium_places(tmp_path, first_port=free_ports(17))
    with socket.socket() as other:
        other.bind(("127.0.0.1", places["ledger"].more_ports[1]))
        other.listen()
        with pytest.raises(DemoError, match="is taken"):
            require_free(places.values())


def test_the_governance_keys_lie_on_a_desk_apart_from_every_node(tmp_path):
    places = consortium_places(tmp_path)
    homes = {place.environment.get("LEDGER_HOME") for name, place in places.items() if name in NODES.values()}
    assert places[DESK].environment["LEDGER_HOME"] not in homes


def test_without_cometbft_the_demo_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("LEDGER_COMETBFT", str(tmp_path / "nothing"))
    story = ConsortiumStory(World(tmp_path), say=lambda *_: None)
    with pytest.raises(DemoError, match="make cometbft"):
        story.places(first_port=9000)


def test_another_chapter_is_not_acted_out_on_four_nodes(tmp_path):
    words = ["--consortium", "--story", "recognition", "--home", str(tmp_path / "home")]
    told = CliRunner().invoke(demo, words)
    assert told.exit_code == 2
    assert not (tmp_path / "home").exists()
