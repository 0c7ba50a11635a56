"""The state's map: a prefix tree over hashed keys, with proofs of presence and of absence.

The bits of SHA-256(key), from the top, name a place. A subtree without keys is 32 zero bytes; with one key it
is that key's leaf, at whatever depth; otherwise it is a node over its two halves. So every set of pairs
has one root, whatever the order in which they came. A proof holds the siblings from the top down to where
the key's place ends, and, for an absent key, the leaf that stands there instead, if one does.

Nodes are never changed: an update writes new ones and leaves the old, so a proof at an older root is as
easy as at the present one. ``verify`` and ``root_from_proof`` need no store.

Spec: LEDGER.md, sections 4.4 and 4.12.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ledger.errors import MapProofError

HASH_SIZE = 32
EMPTY = bytes(HASH_SIZE)
MAX_DEPTH = 256

Pair = tuple[bytes, bytes]
"""SHA-256 of a key and SHA-256 of its value."""


@dataclass(frozen=True)
class Node:
    """What a hash in the tree stands for.

    Attributes:
        is_leaf: Whether ``first`` and ``second`` are the hashes of a key and its value, or the two halves.
        first: Hash of the key, or the half of the keys whose next bit is 0.
        second: Hash of the value, or the half of the keys whose next bit is 1.
    """

    is_leaf: bool
    first: bytes
    second: bytes


class Nodes(Protocol):
    """Keeps nodes by their hash, for ever."""

    def map_node(self, value: bytes) -> Node:
        """Return the node with that hash."""

    def put_map_node(self, value: bytes, node: Node) -> None:
        """Keep a node; keeping it again changes nothing."""


class MemoryNodes:
    """Nodes in memory."""

    def __init__(self) -> None:
        self._nodes: dict[bytes, Node] = {}

    def map_node(self, value: bytes) -> Node:
        """Return the node with that hash."""
        return self._nodes[value]

    def put_map_node(self, value: bytes, node: Node) -> None:
        """Keep a node."""
        self._nodes[value] = node


@dataclass(frozen=True)
class MapProof:
    """Shows what a root commits to for one key.

    Attributes:
        siblings: Hashes beside the way down, 32 bytes each, from the top.
        other: For an absent key whose place another key's leaf takes: that leaf. None for a key that is
            there, and for an absent one whose place is empty.
    """

    siblings: tuple[bytes, ...]
    other: Pair | None

    def to_array(self) -> list[Any]:
        """Return the proof as CBOR carries it: [siblings from the top, other leaf or null]."""
        return [list(self.siblings), None if self.other is None else list(self.other)]

    @classmethod
    def from_array(cls, value: Any) -> "MapProof":
        """Read the proof from its CBOR array.

        Raises:
            MapProofError: Another shape, a hash that is not 32 bytes, or too many of them.
        """
        if type(value) is not list or len(value) != 2 or type(value[0]) is not list:
            raise MapProofError("a map proof is an array of siblings and another leaf")
        siblings, other = value
        if len(siblings) > MAX_DEPTH or not all(_is_hash(sibling) for sibling in siblings):
            raise MapProofError("the siblings are at most 256 hashes of 32 bytes")
        if other is None:
            return cls(tuple(siblings), None)
        if type(other) is not list or len(other) != 2 or not all(_is_hash(part) for part in other):
            raise MapProofError("the other leaf is a pair of hashes")
        return cls(tuple(siblings), (other[0], other[1]))


def leaf_hash(key_hash: bytes, value_hash: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256(0 || H(key) || H(value))."""
    return hashlib.sha256(b"\x00" + key_hash + value_hash).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its halves: SHA-256(1 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def update(nodes: Nodes, root: bytes, changes: Mapping[bytes, bytes | None]) -> bytes:
    """Apply changes to the map with a root and return the new root; the old one stays usable.

    Args:
        nodes: Holds the nodes of the old root, and receives the new ones.
        root: Root hash before, 32 zero bytes for the empty map.
        changes: By SHA-256 of the key: SHA-256 of the new value, or None to remove the key.

    Returns:
        The root hash after.
    """
    return _update(nodes, root, sorted(changes.items()), 0)


def prove(nodes: Nodes, root: bytes, key_hash: bytes) -> tuple[MapProof, bytes | None]:
    """Prove what the map with a root holds for a key.

    Args:
        nodes: Holds the nodes of that root.
        root: Root hash, present or past.
        key_hash: SHA-256 of the key.

    Returns:
        The proof, and SHA-256 of the value or None where the key is absent.
    """
    siblings: list[bytes] = []
    place = root
    while place != EMPTY:
        node = nodes.map_node(place)
        if node.is_leaf:
            if node.first == key_hash:
                return MapProof(tuple(siblings), None), node.second
            return MapProof(tuple(siblings), (node.first, node.second)), None
        bit = _bit(key_hash, len(siblings))
        siblings.append(node.first if bit else node.second)
        place = node.second if bit else node.first
    return MapProof(tuple(siblings), None), None


def root_from_proof(key: bytes, value: bytes | None, proof: MapProof) -> bytes:
    """Return the root that holds ``value`` for ``key`` if the proof is right.

    Args:
        key: The key's bytes.
        value: The value's bytes, or None to show that the key is absent.
        proof: The proof.

    Raises:
        MapProofError: The proof cannot be one for this key: too deep, a leaf of another place, or another
            leaf beside a value.
    """
    key_hash = hashlib.sha256(key).digest()
    depth = len(proof.siblings)
    if depth > MAX_DEPTH:
        raise MapProofError("the proof is deeper than a key has bits")
    if value is not None:
        if proof.other is not None:
            raise MapProofError("a proof of presence names no other leaf")
        place = leaf_hash(key_hash, hashlib.sha256(value).digest())
    elif proof.other is None:
        place = EMPTY
    else:
        _check_in_the_way(key_hash, proof.other[0], depth)
        place = leaf_hash(*proof.other)
    for level in range(depth - 1, -1, -1):
        sibling = proof.siblings[level]
        place = node_hash(sibling, place) if _bit(key_hash, level) else node_hash(place, sibling)
    return place


def verify(key: bytes, value: bytes | None, proof: MapProof, *, root: bytes) -> None:
    """Check that the map with ``root`` holds ``value`` for ``key``, or nothing where ``value`` is None.

    Raises:
        MapProofError: The proof does not show that.
    """
    if root_from_proof(key, value, proof) != root:
        raise MapProofError("the proof does not lead to the state root")


def _check_in_the_way(key_hash: bytes, other: bytes, depth: int) -> None:
    """Refuse another leaf that could not stand in the key's place: it must share the way down to it."""
    if other == key_hash:
        raise MapProofError("the other leaf is the key's own")
    shared = int.from_bytes(key_hash, "big") ^ int.from_bytes(other, "big")
    if shared.bit_length() > MAX_DEPTH - depth:
        raise MapProofError("the other leaf belongs to another place")


def _update(nodes: Nodes, place: bytes, changes: Sequence[tuple[bytes, bytes | None]], depth: int) -> bytes:
    """Return the hash of a subtree after changes, all of which belong into it; sorted by key hash."""
    if not changes:
        return place
    if place == EMPTY:
        return _build(nodes, [pair for pair in changes if pair[1] is not None], depth)
    node = nodes.map_node(place)
    if node.is_leaf:
        pairs: dict[bytes, bytes | None] = {node.first: node.second, **dict(changes)}
        return _build(nodes, sorted((k, v) for k, v in pairs.items() if v is not None), depth)
    split = _split(changes, depth)
    left = _update(nodes, node.first, changes[:split], depth + 1)
    right = _update(nodes, node.second, changes[split:], depth + 1)
    return _join(nodes, left, right)


def _build(nodes: Nodes, pairs: Sequence[tuple[bytes, Any]], depth: int) -> bytes:
    """Return the hash of a subtree that holds exactly these pairs, sorted by key hash."""
    if not pairs:
        return EMPTY
    if len(pairs) == 1:
        key_hash, value_hash = pairs[0]
        value = leaf_hash(key_hash, value_hash)
        nodes.put_map_node(value, Node(True, key_hash, value_hash))
        return value
    split = _split(pairs, depth)
    left = _build(nodes, pairs[:split], depth + 1)
    return _join(nodes, left, _build(nodes, pairs[split:], depth + 1))


def _join(nodes: Nodes, left: bytes, right: bytes) -> bytes:
    """Return the hash over two halves: what is left of them if one is empty and the other a single key."""
    if EMPTY in (left, right):
        rest = right if left == EMPTY else left
        if rest == EMPTY or nodes.map_node(rest).is_leaf:
            return rest
    value = node_hash(left, right)
    nodes.put_map_node(value, Node(False, left, right))
    return value


def _split(pairs: Sequence[tuple[bytes, Any]], depth: int) -> int:
    """Return how many of the sorted pairs have a 0 at bit ``depth``; they share all bits above."""
    low, high = 0, len(pairs)
    while low < high:
        middle = (low + high) // 2
        if _bit(pairs[middle][0], depth):
            high = middle
        else:
            low = middle + 1
    return low


def _bit(key_hash: bytes, depth: int) -> int:
    return key_hash[depth >> 3] >> (7 - (depth & 7)) & 1


def _is_hash(value: Any) -> bool:
    return type(value) is bytes and len(value) == HASH_SIZE
