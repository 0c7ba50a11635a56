"""The application's process is killed wherever it hurts; the consensus plays the block again."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.core.machine import Core
from tests.ledger.cometbft.test_abci_application import endpoint

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def another_process(node) -> Iterator[subprocess.Popen]:
    """Run the node's engine in a process of its own and talk to that."""
    node.comet.hang_up()
    node.engine.close()
    command = [sys.executable, "-m", "tests.ledger.cometbft.engine_process", str(node.path), str(node.clock)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert process.stdout.readline() == b"ready\n"
        node.comet.connect()
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def back(node):
    """Open the engine here again, as after a restart, and return what Info says."""
    node.comet.hang_up()
    node.open()
    return node.comet.connect()


@pytest.mark.parametrize("committed", [False, True])
def test_a_kill_around_the_commit_loses_nothing_that_was_committed(node, committed):
    statements = [endpoint(node) for _ in range(3)]
    before = node.engine.head
    node.comet.now += 1
    with another_process(node) as process:
        decided = node.comet.finalize(statements)
        if committed:
            node.comet.commit()
        process.kill()
    info = back(node)
    assert info.last_block_height == before.height + committed
    if not committed:
        assert info.last_block_app_hash == before.root
        assert node.comet.finalize(statements).app_hash == decided.app_hash
        node.comet.commit()
    assert node.engine.head.root == decided.app_hash
    with node.engine.reader() as reader:
        assert [reader.position_of(tx) for tx in statements] == [2, 3, 4]


def test_a_kill_after_every_block_leaves_the_log_of_one_that_was_never_killed(node, tmp_path):
    blocks = [[endpoint(node) for _ in range(count)] for count in (1, 0, 2)]
    for statements in blocks:
        node.comet.now += 1
        with another_process(node) as process:
            node.comet.finalize(statements)
            process.kill()
        back(node)
        node.comet.finalize(statements)
        node.comet.commit()
    with node.engine.reader() as reader:
        entries = reader.entries(0, reader.head().size)
    replayed = Core.import_(tmp_path / "replayed.db", entries, root=node.engine.head.root)
    assert replayed.head.size == node.engine.head.size
    replayed.close()


def test_what_nobody_expected_ends_the_process_for_real(node):
    with another_process(node) as process:
        with pytest.raises(ConnectionError):
            node.comet.commit()
        assert process.wait(20) == 70
    back(node)
