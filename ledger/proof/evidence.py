"""Evidence that somebody signed two histories: whoever holds it can convince anybody who knows the signers.

    {1: "vocred/evidence/1", 2: chain id, 3: one signed tree, 4: another, 5: [[member, receipt key]...],
     ? 6: [[size, index, path], leaf] in the tree of 3, ? 7: [[size, index, path], leaf] in the tree of 4}

A signed tree is [block entry, [size, size - 1, path], [[protected, signature]...]]: the block is the tree's
last entry and says its size, the signatures are over its root. Field 5 holds the keys of those who signed,
sorted by member; a key's thumbprint is its identifier, so whoever checks finds out whether it was a
signer's. The smaller tree comes first.

Two trees of one size with different roots contradict each other by themselves. Of two sizes, fields 6 and 7
show a position at which the leaves differ; where 6 is absent the position is that of the first tree's block.

One signer's two signatures show that this signer lied. Signatures of different signers show that one of
them did.

Spec: LEDGER.md, sections 4.5 and 4.7.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from crypto.errors import PROBLEM_TYPES
from crypto.keys import PublicKey
from ledger.core.blocks import Block
from ledger.proof.bundle import Bundle, CheckpointSignature, Inclusion, Signer
from ledger.proof.errors import ReceiptError

DOMAIN = "vocred/evidence/1"
MAX_EVIDENCE_BYTES = 64 * 1024
MAX_EVIDENCE_SIGNATURES = 100

KnownSigner = Callable[[str, PublicKey], bool]
"""Returns whether a key was ever the receipt key of a member while it signed this ledger's roots."""


class EvidenceError(ReceiptError):
    """The bytes do not show that anybody signed two histories."""

    code = "EVIDENCE_INVALID"
    type = PROBLEM_TYPES + "EVIDENCE_INVALID"
    title = "This is no evidence of two histories"


@dataclass(frozen=True)
class SignedTree:
    """A root that somebody signed, with the block that says which tree it is of.

    Attributes:
        block: The block entry that is the tree's last leaf.
        inclusion: [size, size - 1, path], which leads to the root.
        signatures: Over the root, sorted by member.
    """

    block: bytes
    inclusion: Inclusion
    signatures: tuple[CheckpointSignature, ...]

    @classmethod
    def of(cls, bundle: Bundle) -> SignedTree:
        """Return the tree under a bundle's head."""
        raise NotImplementedError


@dataclass(frozen=True)
class Leaf:
    """A leaf of a tree, with its way to the root."""

    inclusion: Inclusion
    leaf: bytes


@dataclass(frozen=True)
class Evidence:
    """Two signed trees that cannot both be one log's. Field numbers as in the module's docstring."""

    chain_id: str
    first: SignedTree
    second: SignedTree
    signers: tuple[Signer, ...]
    first_leaf: Leaf | None = None
    second_leaf: Leaf | None = None

    def encode(self) -> bytes:
        """Return the evidence's one encoding."""
        raise NotImplementedError

    @property
    def digest(self) -> bytes:
        """SHA-256 of the encoding: the evidence's name."""
        return sha256(self.encode()).digest()

    @classmethod
    def decode(cls, data: bytes) -> Evidence:
        """Read evidence in its strict form.

        Raises:
            EvidenceError: It is not deterministic CBOR of this form, or exceeds a limit.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Contradiction:
    """What checked evidence shows.

    Attributes:
        first: The block of the first tree.
        second: The block of the second tree.
        double_signers: The members that signed both; sorted, perhaps none.
        signers: All members that signed one of them, sorted.
    """

    first: Block
    second: Block
    double_signers: tuple[str, ...]
    signers: tuple[str, ...]


def verify(evidence: Evidence, *, known: KnownSigner, chain_id: str) -> Contradiction:
    """Check evidence: forms, paths, that the trees contradict each other, every signature.

    Args:
        evidence: Decoded.
        known: Whether a key was a signer's.
        chain_id: The ledger that it should be about.

    Raises:
        EvidenceError: A step failed.

    Spec: LEDGER.md, section 4.7.
    """
    raise NotImplementedError


def find(
    one: SignedTree,
    other: SignedTree,
    *,
    chain_id: str,
    signers: Sequence[Signer],
    leaf: Callable[[int, int], Leaf | None],
) -> Evidence | None:
    """Look for the evidence in two signed trees.

    Args:
        one: A signed tree, its signatures checked.
        other: Another.
        chain_id: The ledger's.
        signers: Everybody whose signatures are on them.
        leaf: Returns the leaf of an index in the larger tree (of the size given second), or None where
            whoever serves that tree does not tell.

    Returns:
        The evidence, or None where the two can be one log's, or nobody shows where they differ.
    """
    raise NotImplementedError
