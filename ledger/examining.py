"""Check a ledger's database from end to end, without writing to it: what ``vocred doctor ledger`` runs.

Every function takes a reader, which sees one committed state while the node goes on, and returns how much it
looked at or raises. Each goes a way of its own, so that one flipped bit anywhere is found by one of them:

    check_tree      the stored tree, node by node, against the entries, and the root a second time without it
    check_blocks    the chain of block entries: sizes, heights, times, epochs, sets of signers, roots before
    check_numbers   every statement once, the numbers of each speaker without a gap, every key known
    check_map       the state's map against the pairs that it stands for
    replay          the whole log, by every rule, into another database: the state that its statements make
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from crypto import cbor
from ledger import merkle, prefix_map
from ledger.core.blocks import FIRST_EPOCH, Block, is_block, parse_block
from ledger.core.machine import Core
from ledger.core.reading import Reader
from ledger.errors import HistoryError, SelfCheckError, StoreError
from ledger.statements import Statement, parse_statement


class _Compared(merkle.MemoryNodes):
    """Complete subtrees, each compared with the stored one as it is made."""

    def __init__(self, stored: merkle.Nodes) -> None:
        super().__init__()
        self._stored = stored

    def put_node(self, level: int, position: int, value: bytes) -> None:
        if self._stored.node(level, position) != value:
            raise SelfCheckError(f"node {position} of level {level} is not that of the entries below it")
        super().put_node(level, position, value)


def check_tree(reader: Reader) -> int:
    """Check every stored hash of the log against its entries, and the root by a second path.

    Returns:
        The number of entries.

    Raises:
        SelfCheckError: A hash or the root is another one.
        StoreError: Something is missing.
    """
    head, nodes, frontier = reader.head(), _Compared(reader.store), merkle.Frontier()
    for index, entry in enumerate(_log(reader, head.size)):
        leaf = merkle.leaf_hash(entry)
        if reader.store.position_of(leaf) != index:
            raise SelfCheckError(f"entry {index} stands under another hash, or twice")
        merkle.append(nodes, size=index, leaf=leaf)
        frontier.append(leaf)
    if frontier.size != head.size:
        raise StoreError(f"the head names {head.size} entries, the log has {frontier.size}")
    if not head.root == frontier.root == merkle.root(reader.store, size=head.size):
        raise SelfCheckError("the head's root is not that of the entries")
    return head.size


def check_blocks(reader: Reader) -> int:
    """Check that each block entry follows the one before.

    Returns:
        The number of block entries.

    Raises:
        HistoryError: One does not.
    """
    frontier, last, count, start = merkle.Frontier(), None, 0, 1
    roots = {}
    for index, entry in enumerate(_log(reader, reader.head().size)):
        roots[index] = frontier.root if index else b""
        if is_block(entry):
            block = parse_block(entry)
            _check_block(reader, block, last, index=index, start=start, before=roots)
            last, count, start, roots = block, count + 1, index + 1, {}
        frontier.append(merkle.leaf_hash(entry))
    if start != frontier.size and count:
        raise HistoryError("the log breaks off within a block")
    return count


def check_numbers(reader: Reader) -> int:
    """Check that nothing is doubled and nothing left out: numbers, statements, keys.

    Returns:
        The number of statements.

    Raises:
        HistoryError: A speaker's numbers have a gap or a repetition, or the state counts otherwise.
    """
    last: Counter[tuple[str, str]] = Counter()
    for index, statement in _statements(reader):
        speaker = (statement.issuer, statement.role)
        if statement.seq != last[speaker] + 1:
            raise HistoryError(f"entry {index} has number {statement.seq} after {last[speaker]}")
        last[speaker] += 1
        if reader.value("key", statement.kid) is None:
            raise HistoryError(f"entry {index} is signed with a key that the state does not know")
    kept = {(did, role): number for (_, did, role), number in reader.values("seq", length=3)}
    if kept != dict(last):
        raise HistoryError("the state counts other numbers than the log holds")
    return last.total()


def check_map(reader: Reader) -> int:
    """Check that the root of the state's map is that of the pairs kept beside it.

    Returns:
        The number of keys.

    Raises:
        SelfCheckError: It is another one.
    """
    pairs = dict(reader.store.states(b""))
    changes: dict[bytes, bytes | None] = {
        sha256(key).digest(): sha256(value).digest() for key, value in pairs.items()
    }
    if prefix_map.update(prefix_map.MemoryNodes(), prefix_map.EMPTY, changes) != reader.head().state:
        raise SelfCheckError("the state's root is not that of its keys and values")
    for key, value in pairs.items():
        _, digest = prefix_map.prove(reader.store, reader.head().state, sha256(key).digest())
        if digest != sha256(value).digest():
            raise SelfCheckError("the state's map leads to another value")
    return len(pairs)


def replay(reader: Reader, place: Path) -> int:
    """Replay the log into a new database at ``place`` and compare: every rule is applied anew.

    Returns:
        The number of keys that came out the same.

    Raises:
        HistoryError: A rule refuses a statement of the log, or another state comes out.
    """
    head = reader.head()
    core = Core.import_(place, _log(reader, head.size), root=head.root)
    try:
        if core.head.state != head.state:
            raise HistoryError("replaying the log makes another state")
        ours, theirs = dict(reader.store.states(b"")), dict(core.store.states(b""))
    finally:
        core.close()
    if ours != theirs:
        different = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
        raise HistoryError(f"replaying the log makes another value of {cbor.decode(different[0])[0]}")
    return len(ours)


def check_signed(reader: Reader, signed: tuple[int, bytes] | None) -> int:
    """Check that what was signed last is a root of this log.

    Args:
        reader: The reader.
        signed: Size and root that were signed last, or None where nothing tells.

    Returns:
        The size.

    Raises:
        HistoryError: It is of another log or a longer one.
    """
    if signed is None:
        raise HistoryError("nothing tells what was signed: is this the newest copy?")
    size, root = signed
    if size > reader.head().size:
        raise HistoryError(f"size {size} was signed, the database has {reader.head().size} entries")
    if reader.root(size) != root:
        raise HistoryError(f"another root of size {size} was signed")
    return size


def _check_block(
    reader: Reader, block: Block, last: Block | None, *, index: int, start: int, before: dict[int, bytes]
) -> None:
    """Check one block entry; ``before`` holds the roots of the log before each entry of the block."""
    if block.index != index or reader.store.block_from(index) != index:
        raise HistoryError(f"block entry {index} stands in another place than it says")
    without_statements = block.first == block.index == start
    if block.first != start or before[start] != block.previous:
        raise HistoryError(f"block entry {index} names another beginning")
    if last is None:
        if block.epoch != FIRST_EPOCH:
            raise HistoryError("the first block is of a later epoch")
        return
    if block.height <= last.height or block.time < last.time:
        raise HistoryError(f"block entry {index} goes back in height or time")
    if block.epoch != last.next_epoch or block.signers != last.next_signers:
        raise HistoryError(f"block entry {index} is of another epoch or set of signers")
    if without_statements and block.state == last.state and block.epoch == last.epoch:
        raise HistoryError(f"block entry {index} stands for a block that changed nothing")


def _log(reader: Reader, size: int) -> Iterator[bytes]:
    """Iterate over the entries, none left out."""
    for index, entry in enumerate(reader.store.entries(0, size)):
        if reader.store.entry(index) != entry:
            raise StoreError(f"entry {index} is missing")
        yield entry


def _statements(reader: Reader) -> Iterable[tuple[int, Statement]]:
    for index, entry in enumerate(_log(reader, reader.head().size)):
        if index and not is_block(entry):
            yield index, parse_statement(entry)
