"""Evidence that somebody signed two histories: whoever holds it can convince anybody who knows the signers.

    {1: "vocred/evidence/1", 2: chain id, 3: one signed tree, 4: another, 5: [[member, receipt key]...],
     ? 6: [leaf, [size, index, path]] in the tree of 3, ? 7: [leaf, [size, index, path]] in the tree of 4}

A signed tree is [block entry, [size, size - 1, path], [[protected, signature]...]]: the block is the tree's
last entry and says its size, the signatures are over its root. Field 5 holds the keys of those who signed,
sorted by member; whoever checks finds out whether each was a signer's. The smaller tree comes first, of two
of one size the one with the smaller root.

Two trees of one size with different roots contradict each other by themselves. Of two sizes, fields 6 and 7
show a position at which the leaves differ; where 6 is absent the position is that of the first tree's block.

One signer's two signatures show that this signer lied. Signatures of different signers show that one of
them did.

Spec: LEDGER.md, sections 4.5 and 4.7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from crypto import cbor
from crypto.errors import PROBLEM_TYPES, CryptoError
from crypto.keys import PublicKey
from ledger import merkle
from ledger.core.blocks import Block
from ledger.errors import MerkleError
from ledger.proof.bundle import (
    MAX_BLOCK_BYTES,
    Bundle,
    CheckpointSignature,
    Inclusion,
    Signer,
    read_inclusion,
    read_signature_pairs,
    read_signers,
)
from ledger.proof.checkpoints import read_block, root_of_last
from ledger.proof.errors import CheckpointError, ReceiptError
from ledger.proof.receipts import MemberSignature, check_signature

DOMAIN = "vocred/evidence/1"
MAX_EVIDENCE_BYTES = 128 * 1024

MAX_COMPARED = 256
"""Statements of one block that are compared in search of the one that differs."""

_NEVER = (1 << 63) - 1

KnownSigner = Callable[[str, PublicKey], bool]
"""Returns whether a key was ever the receipt key of a member while it signed this ledger's roots."""

LeafAt = Callable[[int, int], tuple[bytes, Inclusion] | None]
"""Returns the leaf hash of an index in the tree of a size, with its proof; None where nobody tells."""


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
        return cls(bundle.head, bundle.head_inclusion, bundle.signatures)

    @property
    def root(self) -> bytes:
        """The root that the block's path leads to.

        Raises:
            InclusionError: It leads nowhere, or the block is not the tree's last leaf.
        """
        return root_of_last(self.block, self.inclusion)

    def to_cbor(self) -> list[Any]:
        """Return the array that the fields 3 and 4 hold."""
        return [
            self.block,
            self.inclusion.to_cbor(),
            [signature.to_cbor() for signature in self.signatures],
        ]


@dataclass(frozen=True)
class Leaf:
    """A leaf of a tree, 32 bytes, with its way to the root."""

    leaf: bytes
    inclusion: Inclusion

    def to_cbor(self) -> list[Any]:
        """Return the array that the fields 6 and 7 hold."""
        return [self.leaf, self.inclusion.to_cbor()]


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
        fields: dict[int, Any] = {
            1: DOMAIN,
            2: self.chain_id,
            3: self.first.to_cbor(),
            4: self.second.to_cbor(),
            5: [signer.to_cbor() for signer in self.signers],
            6: None if self.first_leaf is None else self.first_leaf.to_cbor(),
            7: None if self.second_leaf is None else self.second_leaf.to_cbor(),
        }
        return cbor.encode({number: field for number, field in fields.items() if field is not None})

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
        try:
            fields = cbor.decode(data, max_bytes=MAX_EVIDENCE_BYTES)
            if (
                not isinstance(fields, dict)
                or fields[1] != DOMAIN
                or not set(fields) <= set(range(1, 8))
                or type(fields[2]) is not str
            ):
                raise EvidenceError("evidence is a map of the fields 1 to 7 under its own domain")
            return cls(
                chain_id=fields[2],
                first=_tree(fields[3]),
                second=_tree(fields[4]),
                signers=read_signers(fields[5]),
                first_leaf=_leaf(fields[6]) if 6 in fields else None,
                second_leaf=_leaf(fields[7]) if 7 in fields else None,
            )
        except (CryptoError, ReceiptError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise EvidenceError(f"the evidence cannot be read: {error}") from error


@dataclass(frozen=True)
class Contradiction:
    """What checked evidence shows.

    Attributes:
        first: The block of the first tree.
        second: The block of the second tree.
        first_signers: Who signed the first, sorted.
        second_signers: Who signed the second, sorted.
    """

    first: Block
    second: Block
    first_signers: tuple[str, ...]
    second_signers: tuple[str, ...]

    @property
    def double_signers(self) -> tuple[str, ...]:
        """The members that signed both; sorted, perhaps none."""
        return tuple(member for member in self.first_signers if member in self.second_signers)

    @property
    def signers(self) -> tuple[str, ...]:
        """All members that signed one of them, sorted."""
        return tuple(sorted({*self.first_signers, *self.second_signers}))


def thumbprint(signer: Signer) -> bytes:
    """Return the identifier of a signer's key."""
    return PublicKey.from_cose_key(signer.key).thumbprint


def verify(evidence: Evidence, *, known: KnownSigner, chain_id: str) -> Contradiction:
    """Check evidence: that the trees contradict each other, and every signature.

    Args:
        evidence: Decoded.
        known: Whether a key was a signer's.
        chain_id: The ledger that it should be about.

    Raises:
        EvidenceError: A step failed.

    Spec: LEDGER.md, section 4.7.
    """
    try:
        if evidence.chain_id != chain_id:
            raise EvidenceError("the evidence is about another ledger")
        blocks = _check_contradiction(evidence)
        _check_keys(evidence.signers, known=known)
        one, other = (
            _signed_by(tree, block, evidence)
            for tree, block in zip((evidence.first, evidence.second), blocks, strict=True)
        )
    except EvidenceError:
        raise
    except (ReceiptError, MerkleError, CryptoError) as error:
        raise EvidenceError(str(error)) from error
    if {signer.member for signer in evidence.signers} != one | other:
        raise EvidenceError("a key is given that signed nothing")
    return Contradiction(*blocks, tuple(sorted(one)), tuple(sorted(other)))


def find(
    one: SignedTree,
    other: SignedTree,
    *,
    chain_id: str,
    signers: Iterable[Signer],
    leaf: LeafAt,
) -> Evidence | None:
    """Look for the evidence in two trees that somebody signed.

    Signatures that are not by one of ``signers`` over the tree's root are left out.

    Args:
        one: A tree with signatures.
        other: Another.
        chain_id: The ledger's.
        signers: Everybody who ever signed, as far as is known.
        leaf: Gives leaves of either tree.

    Returns:
        The evidence, or None where the two can be one log's, nobody shows where they differ, or one of them
        is signed by nobody known.
    """
    known = list(signers)
    try:
        first, second = sorted((one, other), key=lambda tree: (tree.inclusion.size, tree.root))
        kept = [_only_valid(tree, known, chain_id=chain_id) for tree in (first, second)]
        first_leaf, second_leaf = _differing(first, second, leaf=leaf)
        named = {signature.member for _, signatures in kept for signature in signatures}
        evidence = Evidence(
            chain_id=chain_id,
            first=kept[0][0],
            second=kept[1][0],
            signers=_used(kept, known),
            first_leaf=first_leaf,
            second_leaf=second_leaf,
        )
        verify(evidence, known=lambda member, _key: member in named, chain_id=chain_id)
    except ReceiptError:
        return None
    return evidence


def _differing(first: SignedTree, second: SignedTree, *, leaf: LeafAt) -> tuple[Leaf | None, Leaf | None]:
    """Return the leaves at which a larger tree leaves the smaller one; none where the sizes are equal."""
    sizes = first.inclusion.size, second.inclusion.size
    if sizes[0] == sizes[1]:
        return None, None
    block = read_block(first.block)
    found = leaf(block.index, sizes[1])
    if found is None or found[0] != merkle.leaf_hash(first.block):
        return None, None if found is None else Leaf(*found)
    # The same block on other statements: it names the root before them, so the difference is among them.
    for index in range(block.first, min(block.index, block.first + MAX_COMPARED)):
        one, other = leaf(index, sizes[0]), leaf(index, sizes[1])
        if one is None or other is None:
            break
        if one[0] != other[0]:
            return Leaf(*one), Leaf(*other)
    return None, None


def _check_contradiction(evidence: Evidence) -> tuple[Block, Block]:
    """Check that the two trees cannot both be prefixes of one log, and return their blocks."""
    first, second = evidence.first, evidence.second
    blocks = read_block(first.block), read_block(second.block)
    if any(block.size != tree.inclusion.size for block, tree in zip(blocks, (first, second), strict=True)):
        raise EvidenceError("a block stands at another place than it says")
    if (blocks[0].size, first.root) >= (blocks[1].size, second.root):
        raise EvidenceError("the trees are the same, or not in their order")
    if blocks[0].size == blocks[1].size:
        if evidence.first_leaf is not None or evidence.second_leaf is not None:
            raise EvidenceError("two roots of one size need no leaf")
        return blocks
    if evidence.second_leaf is None:
        raise EvidenceError("nothing shows where the larger tree differs")
    index = blocks[0].size - 1 if evidence.first_leaf is None else evidence.first_leaf.inclusion.index
    mine = merkle.leaf_hash(first.block)
    if evidence.first_leaf is not None:
        mine = evidence.first_leaf.leaf
        _check_leaf(evidence.first_leaf, first, index=index)
    _check_leaf(evidence.second_leaf, second, index=index)
    if mine == evidence.second_leaf.leaf:
        raise EvidenceError("the larger tree has the same leaf there: it may continue the smaller one")
    return blocks


def _check_leaf(leaf: Leaf, tree: SignedTree, *, index: int) -> None:
    found = leaf.inclusion
    if found.size != tree.inclusion.size or found.index != index:
        raise EvidenceError("a leaf is shown at another place, or in another tree")
    merkle.verify_inclusion(leaf.leaf, index=index, size=found.size, path=found.path, root=tree.root)


def _check_keys(signers: Sequence[Signer], *, known: KnownSigner) -> None:
    names = [(signer.member, cbor.encode(signer.key)) for signer in signers]
    if names != sorted(set(names)):
        raise EvidenceError("the signers are not sorted, or one is there twice")
    for signer in signers:
        if not known(signer.member, PublicKey.from_cose_key(signer.key)):
            raise EvidenceError(f"the key given for {signer.member} was never a signer's")


def _signed_by(tree: SignedTree, block: Block, evidence: Evidence) -> set[str]:
    """Return who signed a tree; every signature has to be valid, and each member stands once."""
    found = [
        _check(signature, tree, block, evidence.signers, chain_id=evidence.chain_id)
        for signature in tree.signatures
    ]
    members = [each.member for each in found]
    if members != sorted(set(members)):
        raise EvidenceError("the signatures are not sorted, or a member stands twice under one tree")
    return set(members)


def _check(
    signature: CheckpointSignature,
    tree: SignedTree,
    block: Block,
    signers: Sequence[Signer],
    *,
    chain_id: str,
) -> MemberSignature:
    """Check a signature by any of a member's keys: one that it had earlier convicts it as well."""
    refusal: ReceiptError = CheckpointError("there is no key to check a signature by")
    for signer in signers:
        try:
            # Whatever time a liar put into it, the signature is one.
            return check_signature(
                signature, root=tree.root, signers=[signer], chain_id=chain_id, not_before=0, now=_NEVER
            )
        except CheckpointError as error:
            refusal = error
    raise refusal


def _only_valid(
    tree: SignedTree, signers: Sequence[Signer], *, chain_id: str
) -> tuple[SignedTree, list[MemberSignature]]:
    """Return a tree with those signatures alone that are a known signer's."""
    block = read_block(tree.block)
    found = {}
    for signature in tree.signatures:
        try:
            checked = _check(signature, tree, block, signers, chain_id=chain_id)
        except CheckpointError:
            continue
        found[checked.member] = checked
    if not found:
        raise EvidenceError("nobody who is known signed this tree")
    kept = [found[member] for member in sorted(found)]
    return replace(tree, signatures=tuple(each.signature for each in kept)), kept


def _used(
    kept: Sequence[tuple[SignedTree, Sequence[MemberSignature]]], signers: Sequence[Signer]
) -> tuple[Signer, ...]:
    """Return the keys that made the signatures, sorted."""
    used: dict[tuple[str, bytes], Signer] = {}
    for tree, signatures in kept:
        for each in signatures:
            for signer in signers:
                if signer.member == each.member and _made_by(each, tree, signer):
                    used[signer.member, cbor.encode(signer.key)] = signer
    return tuple(used[name] for name in sorted(used))


def _made_by(each: MemberSignature, tree: SignedTree, signer: Signer) -> bool:
    header = cbor.decode(each.signature.protected)
    return bool(header[4] == thumbprint(signer))


def _tree(value: Any) -> SignedTree:
    block, inclusion, signatures = value
    if type(block) is not bytes or len(block) > MAX_BLOCK_BYTES:
        raise EvidenceError("a block entry is a byte string")
    return SignedTree(block, read_inclusion(inclusion), read_signature_pairs(signatures))


def _leaf(value: Any) -> Leaf:
    leaf, inclusion = value
    if type(leaf) is not bytes or len(leaf) != sha256().digest_size:
        raise EvidenceError("a leaf is 32 bytes")
    return Leaf(leaf, read_inclusion(inclusion))
