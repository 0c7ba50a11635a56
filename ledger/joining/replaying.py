"""The first block at which a log and the rules part: what ``vocred ledger replay`` finds.

A node that computed another root than the others stops. Its log, replayed by a sound program, says at which
block it went wrong; two logs compared say where they part.

Spec: LEDGER.md, section 4.9 (non-determinism).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ledger.core.blocks import Block, is_block, parse_block
from ledger.core.genesis import parse_genesis
from ledger.core.machine import BlockResult, Core
from ledger.errors import BlockError, HistoryError


@dataclass(frozen=True)
class Difference:
    """Where a log and the replay part.

    Attributes:
        height: The block's number; 0 where the log breaks off, or at the genesis.
        index: Index of the first log entry that differs.
        why: What differs, in words.
    """

    height: int
    index: int
    why: str


@dataclass(frozen=True)
class Replay:
    """What came of a replay.

    Attributes:
        blocks: How many blocks came out the same.
        size: How many entries they have.
        root: The root over them.
        state: The root of the state.
        difference: Where it ended, or None where the whole log came out.
    """

    blocks: int
    size: int
    root: bytes
    state: bytes
    difference: Difference | None

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "blocks": self.blocks,
            "size": self.size,
            "root": self.root.hex(),
            "state": self.state.hex(),
            "differs": None if self.difference is None else asdict(self.difference),
        }


def replay(entries: Iterable[bytes]) -> Replay:
    """Replay a log, block by block, in a database of its own that is thrown away.

    Raises:
        HistoryError: Entry 0 is no genesis.
    """
    log = iter(entries)
    genesis = parse_genesis(next(log, b""))
    with TemporaryDirectory(prefix="vocred-replay-") as folder:
        core = Core.create(Path(folder) / "ledger.db", genesis)
        try:
            with core.store.relaxed():
                blocks, difference = _blocks(core, log)
                head = core.head
        finally:
            core.close()
    return Replay(blocks, head.size, head.root, head.state, difference)


def compare(own: Iterable[bytes], others: Iterable[bytes]) -> Difference | None:
    """Return where two logs part, or None where one of them continues the other."""
    height = 0
    for index, (left, right) in enumerate(zip_longest(own, others)):
        if left is None or right is None:
            return None
        if left != right:
            return Difference(height + 1, index, "the two logs hold different entries here")
        height = parse_block(left).height if is_block(left) else height
    return None


def _blocks(core: Core, log: Iterable[bytes]) -> tuple[int, Difference | None]:
    blocks, statements = 0, list[bytes]()
    for entry in log:
        if not is_block(entry):
            statements.append(entry)
            continue
        difference = _apply(core, entry, statements)
        if difference is not None:
            return blocks, difference
        blocks, statements = blocks + 1, []
    if statements:
        return blocks, Difference(0, core.head.size, "the log breaks off within a block")
    return blocks, None


def _apply(core: Core, entry: bytes, statements: list[bytes]) -> Difference | None:
    """Apply one block; None where it comes out as the log has it."""
    end = core.head.size + len(statements)
    try:
        block = parse_block(entry)
        result = core.apply_block(block.height, block.time, statements)
    except HistoryError:
        return Difference(0, end, "this entry is no block")
    except BlockError as error:
        return Difference(block.height, end, str(error))
    difference = _difference(block, result, index=end, statements=statements)
    if difference is None:
        core.commit()
    else:
        core.rollback()
    return difference


def _difference(
    block: Block, result: BlockResult, *, index: int, statements: list[bytes]
) -> Difference | None:
    for offset, each in enumerate(result.results):
        if each.refusal is not None:
            at = index - len(statements) + offset
            return Difference(block.height, at, f"the rules refuse this statement: {each.refusal}")
    if result.block is None:
        return Difference(block.height, index, "the rules make no entry for this block")
    wrong = [name for name, value in asdict(block).items() if asdict(result.block)[name] != value]
    if wrong:
        return Difference(block.height, index, f"the block differs in {', '.join(wrong)}")
    return None
