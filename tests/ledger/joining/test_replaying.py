"""Replay finds the first block at which a log and the rules part."""

import pytest

from ledger.core.blocks import is_block, parse_block
from ledger.joining import replaying
from tests.ledger.consortium import Consortium
from tests.ledger.joining.operators import with_changed_statement


@pytest.fixture(scope="module")
def entries(tmp_path_factory) -> list[bytes]:
    ledger = Consortium(tmp_path_factory.mktemp("log"), delay=0)
    for party in ledger.parties:
        ledger.accept(party, "endpoint.put", {"node": None, "mirror": None, "receipts": None})
    log = list(ledger.core.export())
    ledger.core.close()
    return log


def test_a_sound_log_comes_out_whole(entries):
    found = replaying.replay(entries)
    assert found.difference is None
    assert (found.size, found.blocks) == (len(entries), sum(map(is_block, entries)))
    assert found.state == parse_block(entries[-1]).state


def test_the_block_that_differs_is_named(entries):
    place = next(index for index in range(len(entries) - 1, 0, -1) if is_block(entries[index]))
    block = parse_block(entries[place])
    from dataclasses import replace

    forged = [*entries[:place], replace(block, state=bytes(32)).encode()]
    found = replaying.replay(forged)
    assert (found.difference.height, found.difference.index) == (block.height, place)
    assert "state" in found.difference.why
    assert found.blocks == block.height - 1


def test_the_statement_that_the_rules_refuse_is_named(entries):
    place = next(index for index in range(1, len(entries)) if not is_block(entries[index]))
    found = replaying.replay(with_changed_statement(entries, place))
    assert found.difference.index == place
    assert "refuse" in found.difference.why


def test_a_log_that_breaks_off_within_a_block_is_said_so(entries):
    found = replaying.replay(entries[:-1])
    assert "breaks off" in found.difference.why


def test_a_block_out_of_order_is_said_so(entries):
    blocks = [entry for entry in entries if is_block(entry)]
    found = replaying.replay([entries[0], blocks[0], blocks[0]])
    assert found.difference.height == 1


def test_two_logs_part_at_an_entry(entries):
    other = with_changed_statement(entries, 2)
    parted = replaying.compare(entries, other)
    assert parted.index == 2
    assert replaying.compare(entries, entries[:3]) is None
