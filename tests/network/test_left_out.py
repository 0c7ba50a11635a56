"""A run without CometBFT says in one line what it left out; one that must have it does not begin."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "/nowhere/cometbft"


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    given = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LEDGER_COMETBFT": NOWHERE, **environ}
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False)


@pytest.mark.integration
def test_without_cometbft_one_line_says_what_was_left_out_and_how_to_get_it():
    done = run("tests/network/test_losing_nodes.py")
    lines = [line for line in done.stdout.splitlines() if "left out" in line]
    assert done.returncode == 0, done.stdout
    assert len(lines) == 1
    assert lines[0].endswith("tests left out: each needs cometbft: run `make cometbft`")


@pytest.mark.integration
def test_a_run_that_must_have_cometbft_does_not_begin_without():
    done = run("tests/network/test_losing_nodes.py", VOCRED_REQUIRE_COMETBFT="1")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "make cometbft" in done.stderr
