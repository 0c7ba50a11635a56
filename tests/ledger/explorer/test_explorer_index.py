"""Counters of the log: right whatever the slices, counted once, begun anew for another log."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.core.blocks import is_block
from ledger.counts import month_of
from ledger.explorer.index import Index
from ledger.statements import parse_statement
from tests.ledger.consortium import DAY, Consortium, Party


class Busy(Consortium):
    """A consortium with a college that issues."""

    college: Party


@pytest.fixture
def consortium(tmp_path: Path) -> Iterator[Busy]:
    """Three months in which an issuer anchors and publishes lists, several statements in a block."""
    folder = tmp_path / "ledger"
    folder.mkdir()
    found = Busy(folder)
    party = Party("college")
    found.make_issuer(party)
    found.college = party
    for month in range(3):
        found.block(*[found.sign(party, "anchor", {"root": bytes([month, n]) * 16}) for n in range(4)])
        lists = [
            {
                "list": bytes([n]) * 32,
                "version": month + 1,
                "digest": bytes(32),
                "from": found.now,
                "until": found.now + DAY,
            }
            for n in range(3)
        ]
        found.accept(party, "status", lists)
        found.block(after=31 * DAY)
    yield found
    found.core.close()


def expected(consortium: Busy) -> Counter[tuple[str, str]]:
    """Count the slow way: every entry of the log."""
    counted: Counter[tuple[str, str]] = Counter()
    for index, entry in enumerate(consortium.core.reader.store.entries()):
        if index and not is_block(entry):
            statement = parse_statement(entry)
            month = month_of(consortium.core.reader.own_block(index).time)
            counted[statement.kind, month] += len(statement.body) if statement.kind == "status" else 1
    return counted


def counted(index: Index) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for row in index.activity():
        found[row.kind, row.month] += row.items
    return found


@pytest.mark.parametrize("most", [1, 3, 1000])
def test_the_counters_are_those_of_the_log_whatever_the_slices(consortium: Busy, tmp_path: Path, most: int):
    index = Index(tmp_path / "explorer.db")
    while index.advance(consortium.core.reader, most=most):
        pass
    assert counted(index) == expected(consortium)
    assert index.counted() == consortium.core.head.size


def test_counting_again_counts_nothing_twice(consortium: Busy, tmp_path: Path):
    for _ in range(2):
        index = Index(tmp_path / "explorer.db")
        assert not index.advance(consortium.core.reader)
    assert counted(index) == expected(consortium)


def test_what_is_new_is_added(consortium: Busy, tmp_path: Path):
    index = Index(tmp_path / "explorer.db")
    index.advance(consortium.core.reader)
    consortium.accept(consortium.college, "anchor", {"root": b"\x09" * 32})
    index.advance(consortium.core.reader)
    assert counted(index) == expected(consortium)


def test_another_ledger_is_counted_from_its_beginning(consortium: Busy, tmp_path: Path):
    index = Index(tmp_path / "explorer.db")
    index.advance(consortium.core.reader)
    folder = tmp_path / "other"
    folder.mkdir()
    other = Consortium(folder, count=2)
    index.advance(other.core.reader)
    other.core.close()
    assert index.activity() == []
    assert [epoch.number for epoch in index.epochs()] == [1]


def test_one_issuer_and_some_months_can_be_asked_for(consortium: Busy, tmp_path: Path):
    index = Index(tmp_path / "explorer.db")
    index.advance(consortium.core.reader)
    did = consortium.college.did
    months = sorted({row.month for row in index.activity(did=did)})
    assert len(months) >= 3
    one = index.activity(did=did, since=months[1], until=months[1])
    assert {row.month for row in one} == {months[1]}
    assert {row.kind for row in one} == {"anchor", "status"}
