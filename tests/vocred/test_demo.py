"""The demo: its story ends well only if every verdict was the expected one."""

import socket
import subprocess

import pytest
from click.testing import CliRunner

from tests.operating.examined import findings
from tests.ports import free_ports
from vocred.demo import CHAPTERS, demo, farewell
from vocred.demo.chapter import NOT_AUTHENTIC, VALID
from vocred.demo.places import places
from vocred.demo.recognition import Recognition
from vocred.demo.story import Story
from vocred.demo.world import DemoError, Place, World, prepare, require_free


@pytest.mark.e2e
@pytest.mark.timeout(1800)
@pytest.mark.case("OPS-043")
@pytest.mark.row("S24", "S25", "S54", "S57", "S58")
@pytest.mark.parametrize("story", CHAPTERS)
def test_demo_ends_well_when_every_verdict_is_the_expected_one(tmp_path, story):
    home = tmp_path / "a 演示 folder"
    words = ["--once", "--story", story, "--home", str(home), "--first-port", str(free_ports(8))]
    told = CliRunner().invoke(demo, words)
    assert (told.exit_code, "Every verdict was the expected one" in told.output) == (0, True), told.output
    assert findings(home) == []


def test_another_verdict_than_the_expected_one_ends_the_demo(tmp_path):
    world = World(tmp_path)
    world.places.update(places(tmp_path))
    story = Story(world, say=lambda *_: None)
    world.try_run = lambda *_, **__: (1, '{"verdict": "notAuthentic", "checks": []}', "")
    assert story.verify_link("https://v.example/S/X#k", NOT_AUTHENTIC)
    with pytest.raises(DemoError, match="notAuthentic"):
        story.verify_link("https://v.example/S/X#k", VALID)


def test_verdict_of_valid_with_a_failing_exit_status_ends_the_demo(tmp_path):
    story = Story(World(tmp_path), say=lambda *_: None)
    story.world.try_run = lambda *_, **__: (1, '{"verdict": "valid", "checks": []}', "")
    with pytest.raises(DemoError, match="exit status"):
        story.verify_link("https://v.example/S/X#k", VALID)


def test_demo_starts_nothing_where_somebody_listens(tmp_path):
    found = places(tmp_path, first_port=free_ports(6))
    with socket.socket() as other:
        other.bind(("127.0.0.1", found["wallet"].port))
        other.listen()
        with pytest.raises(DemoError, match="is taken"):
            require_free(found.values())


def test_directory_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(DemoError, match="something else"):
        prepare(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_failing_command_is_told_with_its_words(tmp_path):
    world = World(tmp_path)
    world.places.update(places(tmp_path))
    with pytest.raises(DemoError, match="no-such-command"):
        world.run("ledger", "no-such-command")


def test_settings_that_are_left_behind_can_be_sourced_by_a_shell(tmp_path):
    world = World(tmp_path)
    quoted = {"ISSUER_GOVERNANCE_PASSPHRASE": "the members' own hand", "ISSUER_PORT": "1"}
    world.places["college"] = Place("college", "issuer", 1, tmp_path, quoted)
    world.write_environments()
    told = subprocess.run(
        ["sh", "-ec", '. "$1"; printf %s "$ISSUER_GOVERNANCE_PASSPHRASE"', "sh", tmp_path / "college.env"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert told.stdout == "the members' own hand"


def test_last_lines_name_the_holders_and_the_governance_passphrase_of_the_chapter(tmp_path):
    told = "\n".join(farewell(Recognition(World(tmp_path / "here"), say=lambda *_: None)))
    assert "qian, ren / " in told
    assert "governance the members' own hand 2026" in told
    assert f". {tmp_path}/here/college.env" in told
    life = "\n".join(farewell(Story(World(tmp_path), say=lambda *_: None)))
    assert ("zheng, shi, qian / " in life, "governance" in life) == (True, False)
