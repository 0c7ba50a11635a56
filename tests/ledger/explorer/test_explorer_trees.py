"""A consistency proof taken apart: every step right for every pair of sizes, and the picture of it."""

import pytest

from ledger import merkle
from ledger.errors import MerkleError
from ledger.explorer.drawing import BOX_WIDTH, WIDTH, draw
from ledger.explorer.trees import Comparison, compare

MOST = 33


class Log:
    """A tree of made-up leaves, as far as ``compare`` asks for one."""

    def __init__(self, size: int) -> None:
        self.nodes = merkle.MemoryNodes()
        for index in range(size):
            merkle.append(self.nodes, size=index, leaf=merkle.leaf_hash(b"%d" % index))

    def root(self, size: int) -> bytes:
        return merkle.root(self.nodes, size=size)

    def consistency(self, first: int, second: int) -> list[bytes]:
        return merkle.consistency(self.nodes, first=first, second=second)


LOG = Log(MOST)


@pytest.mark.parametrize("second", range(1, MOST + 1))
def test_the_steps_lead_to_both_roots_for_every_pair_of_sizes(second: int):
    for first in range(1, second + 1):
        found = compare(LOG, first, second)
        assert found.holds
        newer, older = found.bottom.value, found.bottom.value
        for step in found.steps:
            assert newer in (step.left.value, step.right.value)
            assert step.newer == merkle.node_hash(step.left.value, step.right.value)
            newer, older = step.newer, step.older
        assert (older, newer) == (LOG.root(first), LOG.root(second))


def test_given_hashes_are_exactly_the_proof():
    for first in range(1, MOST):
        found = compare(LOG, first, MOST)
        halves = [half for step in found.steps for half in (step.left, step.right)]
        given = [half.value for half in halves if half.given]
        # The bottom is a half of the first step, so it is counted there.
        assert sorted(given) == sorted(found.path)


def test_what_was_there_and_what_was_added_is_told_apart():
    found = compare(LOG, 6, 8)
    assert [
        (half.start, half.end, half.part) for step in found.steps for half in (step.left, step.right)
    ] == [
        (4, 6, "old"),
        (6, 8, "new"),
        (0, 4, "old"),
        (4, 8, "both"),
    ]


def test_a_log_that_was_changed_does_not_hold():
    class Changed(Log):
        def consistency(self, first: int, second: int) -> list[bytes]:
            return [bytes(32), *LOG.consistency(first, second)[1:]]

    assert not compare(Changed(MOST), 5, MOST).holds


@pytest.mark.parametrize(("first", "second"), [(0, 5), (6, 5)])
def test_there_is_nothing_before_the_first_entry_and_nothing_backwards(first: int, second: int):
    with pytest.raises(MerkleError):
        compare(LOG, first, second)


@pytest.mark.parametrize(("first", "second"), [(1, 1), (4, 4), (1, 33), (32, 33), (7, 29)])
def test_every_box_of_the_picture_lies_inside_and_over_no_other(first: int, second: int):
    found: Comparison = compare(LOG, first, second)
    picture = draw(found)
    assert len(picture.boxes) == 1 + 2 * len(found.steps)
    places = [(box.x, box.y) for box in picture.boxes]
    assert len(set(places)) == len(places)
    for box in picture.boxes:
        assert box.x >= 0
        assert box.x + BOX_WIDTH <= WIDTH
        assert box.y < picture.height
    assert picture.boxes[0].digest == LOG.root(second).hex()[:12]
