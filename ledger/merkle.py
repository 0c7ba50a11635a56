"""The log's Merkle tree: roots, inclusion and consistency, as RFC 9162 defines them.

Verifying needs only the functions ``verify_*`` and ``root_from_inclusion``. Whoever keeps a log keeps the
hashes of its complete subtrees in a ``Nodes`` (``MemoryNodes`` here, SQLite in ``ledger.store``), appends
with ``append``, and asks ``root``, ``inclusion`` and ``consistency`` for any size up to the present one.
``Frontier`` computes the same root from the leaves alone and shares nothing with the stored hashes: the
second path that a root is checked by before it is signed.

A leaf is the hash of an entry behind a zero byte, an inner node that of two hashes behind a one byte, so that
neither can pass for the other.
"""

import hashlib
from collections.abc import Sequence
from typing import Protocol

from ledger.errors import MerkleError

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

MAX_SIZE = 1 << 63
"""No log has more entries; a path therefore never has more than 63 hashes."""


class Nodes(Protocol):
    """Keeps the root hashes of complete subtrees."""

    def node(self, level: int, position: int) -> bytes:
        """Return the hash over the ``2**level`` leaves that start at leaf ``position * 2**level``."""

    def put_node(self, level: int, position: int, value: bytes) -> None:
        """Keep such a hash."""


class MemoryNodes:
    """Complete subtrees in memory."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[int, int], bytes] = {}

    def node(self, level: int, position: int) -> bytes:
        """Return the hash of a complete subtree."""
        return self._nodes[level, position]

    def put_node(self, level: int, position: int, value: bytes) -> None:
        """Keep the hash of a complete subtree."""
        self._nodes[level, position] = value


class Frontier:
    """The complete subtrees at the right edge of a growing tree, largest first."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add the leaf hash of the next entry."""
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(self._peaks.pop(), node)
            size >>= 1
        self._peaks.append(node)
        self.size += 1

    def copy(self) -> "Frontier":
        """Return a frontier that grows on its own."""
        other = Frontier()
        other.size, other._peaks = self.size, list(self._peaks)
        return other

    @property
    def root(self) -> bytes:
        """The root hash over all leaves so far, 32 bytes."""
        return _fold(self._peaks)


def leaf_hash(entry: bytes) -> bytes:
    """Return the leaf hash of an entry.

    Spec: RFC 9162, section 2.1.1.
    """
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node.

    Spec: RFC 9162, section 2.1.1.
    """
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(nodes: Nodes, *, size: int, leaf: bytes) -> None:
    """Add a leaf to a tree of ``size`` leaves: it and every subtree that it completes are kept.

    Args:
        nodes: Holds the complete subtrees of the first ``size`` leaves.
        size: Number of leaves before.
        leaf: The leaf hash, 32 bytes.
    """
    level, position, node = 0, size, leaf
    nodes.put_node(level, position, node)
    while position & 1:
        node = node_hash(nodes.node(level, position - 1), node)
        level, position = level + 1, position >> 1
        nodes.put_node(level, position, node)


def root(nodes: Nodes, *, size: int) -> bytes:
    """Return the root hash of the first ``size`` leaves.

    Spec: RFC 9162, section 2.1.1.
    """
    return subtree(nodes, start=0, end=size)


def subtree(nodes: Nodes, *, start: int, end: int) -> bytes:
    """Return the hash over the leaves ``start`` to ``end - 1``, which have to be a subtree of the tree."""
    peaks, position, left = [], start, end - start
    while left:
        level = left.bit_length() - 1
        peaks.append(nodes.node(level, position >> level))
        position, left = position + (1 << level), left - (1 << level)
    return _fold(peaks)


def inclusion(nodes: Nodes, *, index: int, size: int) -> list[bytes]:
    """Return the path that proves leaf ``index`` to be in the tree of the first ``size`` leaves.

    Returns:
        Sibling hashes, the leaf's own sibling first.

    Raises:
        MerkleError: There is no such leaf.

    Spec: RFC 9162, section 2.1.3.1.
    """
    if not 0 <= index < size:
        raise MerkleError(f"index {index} is outside a log of {size} entries")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _largest_power_below(end - start)
        if index < middle:
            path.append(subtree(nodes, start=middle, end=end))
            end = middle
        else:
            path.append(subtree(nodes, start=start, end=middle))
            start = middle
    return path[::-1]


def consistency(nodes: Nodes, *, first: int, second: int) -> list[bytes]:
    """Return the path that proves the tree of ``first`` leaves to be the beginning of that of ``second``.

    Returns:
        Hashes, deepest first; none where the sizes are equal.

    Raises:
        MerkleError: There are no such trees: sizes start at 1 and ``first`` is not above ``second``.

    Spec: RFC 9162, section 2.1.4.1.
    """
    if not 0 < first <= second:
        raise MerkleError(f"no consistency between sizes {first} and {second}")
    path: list[bytes] = []
    start, end = 0, second
    # The subtree that the older root itself is needs no hash: whoever checks holds that root.
    whole = True
    while first != end:
        middle = start + _largest_power_below(end - start)
        if first <= middle:
            path.append(subtree(nodes, start=middle, end=end))
            end = middle
        else:
            path.append(subtree(nodes, start=start, end=middle))
            start, whole = middle, False
    if not whole:
        path.append(subtree(nodes, start=start, end=end))
    return path[::-1]


def root_from_inclusion(leaf: bytes, *, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root hash to which a path leads from a leaf.

    Args:
        leaf: The entry's leaf hash, 32 bytes.
        index: Zero-based position of the entry.
        size: Number of entries of the tree.
        path: Sibling hashes, 32 bytes each, the leaf's sibling first.

    Raises:
        MerkleError: The path has another length than this place in this tree, or a hash is not 32 bytes.

    Spec: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise MerkleError(f"index {index} is outside a log of {size} entries")
    _check_hashes([leaf, *path])
    node, position, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            raise MerkleError("the path is longer than the tree is high")
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise MerkleError("the path is shorter than the tree is high")
    return node


def verify_inclusion(leaf: bytes, *, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that ``leaf`` is entry ``index`` of the log of ``size`` entries.

    Args:
        leaf: The entry's leaf hash, 32 bytes.
        index: Zero-based position of the entry.
        size: Number of entries the checkpoint commits to.
        path: Sibling hashes, 32 bytes each, the leaf's sibling first.
        root: The checkpoint's root hash, 32 bytes.

    Raises:
        MerkleError: The path does not lead from the leaf to the root.

    Spec: RFC 9162, section 2.1.3.2.
    """
    if root_from_inclusion(leaf, index=index, size=size, path=path) != root:
        raise MerkleError("the path does not lead to the root hash")


def verify_consistency(
    *, first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the log of ``second`` entries continues the log of ``first`` entries.

    Args:
        first: Size of the older tree, at least 1.
        second: Size of the newer tree, not below ``first``.
        first_root: Root hash of the older tree, 32 bytes.
        second_root: Root hash of the newer tree, 32 bytes.
        path: What ``consistency`` returns.

    Raises:
        MerkleError: The path does not lead to both roots, or a size is impossible. An empty tree is
            consistent with everything, so a proof for it would prove nothing and is refused.

    Spec: RFC 9162, section 2.1.4.2.
    """
    if not 0 < first <= second <= MAX_SIZE:
        raise MerkleError(f"no consistency between sizes {first} and {second}")
    _check_hashes([first_root, second_root, *path])
    if first == second:
        if path or first_root != second_root:
            raise MerkleError("two roots of one size differ, or come with a path")
        return
    hashes = list(path)
    if first & (first - 1) == 0:
        hashes.insert(0, first_root)
    if not hashes:
        raise MerkleError("the path is empty")
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    older = newer = hashes[0]
    for value in hashes[1:]:
        if last == 0:
            raise MerkleError("the path is longer than the tree is high")
        if position & 1 or position == last:
            older, newer = node_hash(value, older), node_hash(value, newer)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            newer = node_hash(newer, value)
        position, last = position >> 1, last >> 1
    if last or (older, newer) != (first_root, second_root):
        raise MerkleError("the path does not lead to both roots")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(type(value) is not bytes or len(value) != HASH_SIZE for value in hashes):
        raise MerkleError("a hash is not 32 bytes")


def _largest_power_below(count: int) -> int:
    """Return the largest power of two that is smaller than ``count`` (at least 2)."""
    return 1 << ((count - 1).bit_length() - 1)


def _fold(peaks: Sequence[bytes]) -> bytes:
    """Join the complete subtrees of a tree, largest first, into its root."""
    if not peaks:
        return EMPTY_ROOT
    node = peaks[-1]
    for peak in reversed(peaks[:-1]):
        node = node_hash(peak, node)
    return node
