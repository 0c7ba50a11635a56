"""The picture of a consistency proof: two halves in a row, and under them what one half is made of.

Plain numbers for an inline SVG; the template draws them. A tree of a million entries has twenty rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.explorer.trees import Comparison, Subtree

WIDTH = 340
BOX_WIDTH, BOX_HEIGHT = 156, 46
ROW = 78
LEFT, RIGHT, MIDDLE = 6, 178, 92
_TOP = 4


@dataclass(frozen=True)
class Box:
    """A subtree in the picture.

    Attributes:
        x: Left edge.
        y: Upper edge.
        entries: The entries that it covers, ``0–7``.
        digest: The first digits of its hash.
        part: old, new or both: what of it the earlier checkpoint had.
        given: Whether the proof brought its hash.
    """

    x: int
    y: int
    entries: str
    digest: str
    part: str
    given: bool


@dataclass(frozen=True)
class Picture:
    """Boxes, and lines from each half up to what they make together; all in SVG units."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[tuple[int, int, int, int], ...]


def draw(comparison: Comparison) -> Picture:
    """Lay a comparison out, the root on top."""
    root = comparison.steps[-1] if comparison.steps else None
    whole = Subtree(
        0,
        comparison.second,
        comparison.second_root if root is None else root.newer,
        False,
        "old" if root is None else "both",
    )
    boxes, lines = [_box(whole, MIDDLE, _TOP)], []
    x, y = MIDDLE, _TOP
    for step in reversed(comparison.steps):
        below = y + ROW
        for half, place in ((step.left, LEFT), (step.right, RIGHT)):
            boxes.append(_box(half, place, below))
            lines.append((place + BOX_WIDTH // 2, below, x + BOX_WIDTH // 2, y + BOX_HEIGHT))
        # The next row belongs to the half that the earlier checkpoint ends in.
        x, y = (LEFT if step.right.given and step.right.part == "new" else RIGHT), below
    return Picture(WIDTH, y + BOX_HEIGHT + _TOP, tuple(boxes), tuple(lines))


def _box(subtree: Subtree, x: int, y: int) -> Box:
    last = subtree.end - 1
    entries = f"{subtree.start}" if last == subtree.start else f"{subtree.start}–{last}"
    return Box(x, y, entries, subtree.value.hex()[:12], subtree.part, subtree.given)
