"""How the program ends: scripts and timers go by its status."""

import sys

import click
import pytest

from vocred import cli


def ended(monkeypatch: pytest.MonkeyPatch, act) -> int | None:
    """Run a command as the program does and return the status that it ends with."""
    monkeypatch.setattr(cli, "cli", click.Command("command", callback=act))
    monkeypatch.setattr(sys, "argv", ["vocred"])
    with pytest.raises(SystemExit) as status:
        cli.main()
    return status.value.code


def test_a_command_that_ends_itself_with_a_status_ends_the_program_with_it(monkeypatch):
    def act() -> None:
        raise click.exceptions.Exit(1)

    assert ended(monkeypatch, act) == 1


def test_a_command_that_did_all_ends_with_0(monkeypatch):
    assert not ended(monkeypatch, lambda: None)
