"""One Merkle root for many digests: what an issuer anchors, and what it tells nobody.

A batch is made in four moves (LEDGER.md 4.6): every digest becomes a leaf with a salt of its own, the
leaves are spread at random over a tree whose size is a power of two and at least 64, the places that stay
free are filled with random hashes, and the tree is hashed as in RFC 9162. The root alone goes to the
ledger; salt and path stay beside the form. Neither count, nor order, nor neighbours can be read from what
is anchored.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SMALLEST_BATCH = 64
"""A batch never has fewer leaves, so that one credential does not stand alone."""

LARGEST_BATCH = 1 << 20
"""A batch never has more leaves; an issuer with more digests makes several batches."""

DIGEST_SIZE = 32
SALT_SIZE = 32

# The deterministic CBOR of [salt, digest] has a fixed shape: array of two, two byte strings of 32.
_LEAF_PREFIX = b"\x00\x82\x58\x20"
_BYTES_OF_32 = b"\x58\x20"


@dataclass(frozen=True)
class Batch:
    """A salted, shuffled and padded tree over digests.

    Attributes:
        root: RFC 9162 root of the tree, 32 bytes: what the anchor statement carries.
        size: Number of leaves, padding included.
        salts: The salt of each digest, in the order in which the digests were given.
        order: The index of each digest's leaf in the tree, in the same order.
        levels: The tree's hashes, leaves first, root last.
    """

    root: bytes
    size: int
    salts: tuple[bytes, ...]
    order: tuple[int, ...]
    levels: tuple[Sequence[bytes], ...]

    def path(self, position: int) -> list[bytes]:
        """Return the sibling hashes from the leaf of the digest given at ``position`` up to the root."""
        index = self.order[position]
        return [level[(index >> depth) ^ 1] for depth, level in enumerate(self.levels[:-1])]


def leaf_hash(salt: bytes, digest: bytes) -> bytes:
    """Return the leaf of a digest: SHA-256 of a zero byte and the CBOR of [salt, digest].

    Args:
        salt: 32 random bytes, kept beside the form.
        digest: SHA-256 of the secured form.

    Raises:
        ValueError: One of them has another size.

    Spec: LEDGER.md, section 4.6; RFC 9162, section 2.1.1.
    """
    if len(salt) != SALT_SIZE or len(digest) != DIGEST_SIZE:
        raise ValueError("salt and digest are 32 bytes each")
    return hashlib.sha256(_LEAF_PREFIX + salt + _BYTES_OF_32 + digest).digest()


def batch_size(count: int) -> int:
    """Return the number of leaves of a batch for ``count`` digests: a power of two, at least 64."""
    return max(SMALLEST_BATCH, 1 << (count - 1).bit_length())


def make_batch(digests: Sequence[bytes], *, random: Callable[[int], bytes]) -> Batch:
    """Salt, shuffle, pad and hash digests into one tree.

    Args:
        digests: SHA-256 digests of secured forms, 32 bytes each, in any order.
        random: Returns that many unpredictable bytes; ``os.urandom`` outside of tests.

    Returns:
        The batch. Salts and paths are found by the position of a digest in ``digests``.

    Raises:
        ValueError: There is no digest, there are too many, or one is not 32 bytes.

    Spec: LEDGER.md, section 4.6.
    """
    if not 0 < len(digests) <= LARGEST_BATCH:
        raise ValueError(f"a batch takes 1 to {LARGEST_BATCH} digests")
    if any(len(digest) != DIGEST_SIZE for digest in digests):
        raise ValueError("a digest is 32 bytes")
    size = batch_size(len(digests))
    salts = _slices(random(SALT_SIZE * len(digests)))
    order = _shuffled(size, random=random)[: len(digests)]
    # Unfilled places keep random hashes: nobody can tell them from leaves, and nobody can open them.
    leaves = list(_slices(random(DIGEST_SIZE * size)))
    sha256 = hashlib.sha256
    for index, salt, digest in zip(order, salts, digests, strict=True):
        leaves[index] = sha256(_LEAF_PREFIX + salt + _BYTES_OF_32 + digest).digest()
    levels = _levels(leaves)
    return Batch(levels[-1][0], size, salts, tuple(order), levels)


def _slices(block: bytes) -> tuple[bytes, ...]:
    return tuple(block[start : start + 32] for start in range(0, len(block), 32))


def _shuffled(size: int, *, random: Callable[[int], bytes]) -> list[int]:
    # Sorting by independent 64-bit keys is a uniform shuffle but for equal keys, which 2^20 places never
    # meet.
    keys = array("Q", random(8 * size))
    return sorted(range(size), key=keys.__getitem__)


def _levels(leaves: Sequence[bytes]) -> tuple[Sequence[bytes], ...]:
    levels = [leaves]
    sha256 = hashlib.sha256
    while len(level := levels[-1]) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        levels.append([sha256(b"\x01" + left + right).digest() for left, right in pairs])
    return tuple(levels)
