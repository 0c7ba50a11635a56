"""The consistency of two checkpoints, step by step: what a proof is made of, recomputed and drawn.

The tree of the larger size is taken apart from its root down, as RFC 9162 does it: at every step it is two
halves, of which one is known by a hash that the proof brings, and the other is looked into. From the bottom
up again, every hash is computed from the two below it: once with everything, which gives the newer root, and
once with what was there already, which gives the older.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger import merkle
from ledger.core.reading import Reader
from ledger.errors import MerkleError


@dataclass(frozen=True)
class Subtree:
    """The hash over the entries ``start`` to ``end - 1``.

    Attributes:
        start: Index of the first entry.
        end: Index behind the last.
        value: The hash, as the proof brought it or as it was computed.
        given: Whether the proof brought it.
        part: ``old`` where all of it was there at the earlier checkpoint, ``new`` where none of it was,
            ``both`` otherwise.
    """

    start: int
    end: int
    value: bytes
    given: bool
    part: str


@dataclass(frozen=True)
class Step:
    """Two halves become one.

    Attributes:
        left: The left half.
        right: The right half.
        newer: The hash over both.
        older: The hash over what the earlier checkpoint had of them.
    """

    left: Subtree
    right: Subtree
    newer: bytes
    older: bytes


@dataclass(frozen=True)
class Comparison:
    """Two checkpoints and the way between them.

    Attributes:
        first: The earlier size.
        second: The later size.
        first_root: The root of the first ``first`` entries, as the log has it.
        second_root: The root of the first ``second`` entries, as the log has it.
        path: The proof: the hashes that it brings, deepest first.
        bottom: What the way begins with: the largest whole subtree at the earlier log's right edge.
        steps: From the bottom up; empty where the sizes are equal.
        holds: Whether the way led to both roots, by the check that every verifier makes.
    """

    first: int
    second: int
    first_root: bytes
    second_root: bytes
    path: tuple[bytes, ...]
    bottom: Subtree
    steps: tuple[Step, ...]
    holds: bool


def compare(reader: Reader, first: int, second: int) -> Comparison:
    """Prove that the first ``second`` entries continue the first ``first``, and take the proof apart.

    Raises:
        MerkleError: There are no such checkpoints, or they are in the wrong order.
    """
    path = tuple(reader.consistency(first, second))
    first_root, second_root = reader.root(first), reader.root(second)
    splits = _splits(first, second)
    start, end = splits[-1][1] if splits else (0, second)
    hashes = list(path)
    # Where the earlier log is one whole subtree of the later, its root is known and not sent.
    bottom = Subtree(start, end, first_root if start == 0 else hashes.pop(0), start != 0, "old")
    steps = _climb(bottom, splits, hashes)
    return Comparison(
        first=first,
        second=second,
        first_root=first_root,
        second_root=second_root,
        path=path,
        bottom=bottom,
        steps=steps,
        holds=_holds(first, second, first_root, second_root, path),
    )


def _splits(first: int, second: int) -> list[tuple[str, tuple[int, int], tuple[int, int]]]:
    """Return, from the root down, which side is looked into, its span, and the span of the other side."""
    found: list[tuple[str, tuple[int, int], tuple[int, int]]] = []
    start, end = 0, second
    while first != end:
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        if first <= middle:
            found.append(("left", (start, middle), (middle, end)))
            end = middle
        else:
            found.append(("right", (middle, end), (start, middle)))
            start = middle
    return found


def _climb(
    bottom: Subtree, splits: list[tuple[str, tuple[int, int], tuple[int, int]]], hashes: list[bytes]
) -> tuple[Step, ...]:
    steps: list[Step] = []
    inner, older = bottom, bottom.value
    for side, _, (start, end) in reversed(splits):
        beside = Subtree(start, end, hashes.pop(0), True, "new" if side == "left" else "old")
        left, right = (inner, beside) if side == "left" else (beside, inner)
        newer = merkle.node_hash(left.value, right.value)
        # What lies to the right of the earlier log's edge was not there yet.
        older = older if side == "left" else merkle.node_hash(beside.value, older)
        steps.append(Step(left, right, newer, older))
        inner = Subtree(left.start, right.end, newer, False, "both")
    return tuple(steps)


def _holds(first: int, second: int, first_root: bytes, second_root: bytes, path: tuple[bytes, ...]) -> bool:
    try:
        merkle.verify_consistency(
            first=first, second=second, first_root=first_root, second_root=second_root, path=path
        )
    except MerkleError:
        return False
    return True
