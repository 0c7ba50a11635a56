"""Is this head of the log to be believed: the steps that receipts and snapshots share.

Steps 2 to 6 of LEDGER.md 4.5, for the head alone: the way from the head block to the root, the signers' set
and the links to it, the quorum and its time, and consistency with what was seen before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ledger import merkle
from ledger.core.blocks import CONSORTIUM, SINGLE_OPERATOR, Block, parse_block
from ledger.errors import HistoryError, MerkleError
from ledger.proof.bundle import Bundle, CheckpointSignature, Consistency, Inclusion, Link, Signer
from ledger.proof.errors import (
    CheckpointError,
    InclusionError,
    InconsistentError,
    ProofMalformedError,
    QuorumError,
)
from ledger.proof.pins import Pin, signers_digest
from ledger.proof.receipts import MemberSignature, check_quorum, check_signature, freshest_quorum, signer_of


@dataclass(frozen=True)
class Checkpoint:
    """A head of the log that more than 2/3 of its epoch's signers signed.

    Attributes:
        size: Number of entries of the log.
        root: RFC 9162 root over them.
        time: The smallest time that a counted signature gives, seconds; of a head of an epoch before the
            pin's, the head's own time.
        epoch: The epoch of the signers.
        single_operator: One signer stands behind it, or behind the way to it.
        consistent: The tree was proved to be one with the highest checkpoint known. False only offline.
        head: The head block.
        next_pin: The pin after this check: what a pin store may advance to.
        signed: The members whose signatures over it were checked, sorted.
        signers: The epoch's whole set, sorted: so many could have signed.
    """

    size: int
    root: bytes
    time: int
    epoch: int
    single_operator: bool
    consistent: bool
    head: Block = field(repr=False)
    next_pin: Pin = field(repr=False)
    signed: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Era:
    """A pinned or linked set of signers."""

    epoch: int
    signers: tuple[Signer, ...]
    single: bool
    earlier: dict[int, tuple[Signer, ...]]


def check_checkpoint(
    bundle: Bundle, *, pin: Pin, now: int, consistency: Sequence[Consistency] = ()
) -> Checkpoint:
    """Check a bundle's head: steps 2 (the head's part) to 6.

    Args:
        bundle: Any bundle.
        pin: What is known of the ledger.
        now: The current time in integer seconds.
        consistency: Proofs beside the bundle's own field 12.

    Raises:
        ReceiptError: A step failed; the subclass says which.

    Spec: LEDGER.md, section 4.5.
    """
    head = read_block(bundle.head)
    root = root_of_last(bundle.head, bundle.head_inclusion)  # step 2
    if head.size != bundle.head_inclusion.size:  # step 3
        raise CheckpointError("the head block belongs to a log of another size")
    era = _era(bundle, head, pin=pin, now=now)  # step 4
    if signers_digest(era.signers) != head.signers:
        raise CheckpointError("the head block names other signers than the epoch's")
    if head.mode != (SINGLE_OPERATOR if len(era.signers) == 1 else CONSORTIUM):
        raise CheckpointError("the head block's mode does not fit its signers")
    time = check_quorum(
        bundle.signatures,
        root=root,
        signers=era.signers,
        chain_id=pin.chain_id,
        not_before=head.time,
        now=now,
    )
    earlier = head.epoch < pin.epoch
    consistent = _consistent(bundle, root, pin=pin, proofs=consistency)  # step 6
    if earlier and not consistent:
        # Whoever got hold of an old epoch's keys could sign a smaller tree with an earlier date.
        raise CheckpointError("a checkpoint of an earlier epoch counts only in the tree that is known")
    checkpoint = Checkpoint(
        size=head.size,
        root=root,
        time=head.time if earlier else time,  # step 5
        epoch=head.epoch,
        single_operator=era.single or head.mode == SINGLE_OPERATOR,  # step 12
        consistent=consistent,
        head=head,
        next_pin=pin,
        signed=tuple(signer_of(signature) for signature in bundle.signatures),
        signers=tuple(sorted(signer.member for signer in era.signers)),
    )
    return replace(checkpoint, next_pin=_moved(pin, era, checkpoint))


def complete(bundle: Bundle, *, pin: Pin, now: int, more: Iterable[CheckpointSignature]) -> Bundle:
    """Return a bundle with the freshest quorum from its own signatures and others; wrong ones are left out.

    Args:
        bundle: Any bundle, with too few signatures under its head.
        pin: What is known of the ledger.
        now: The current time in integer seconds.
        more: Signatures over the same root, from whomever.

    Raises:
        ReceiptError: The head's signers cannot be told, or none of the signatures is one of theirs.
    """
    head = read_block(bundle.head)
    root = root_of_last(bundle.head, bundle.head_inclusion)
    signers = _era(bundle, head, pin=pin, now=now).signers
    found: dict[str, MemberSignature] = {}
    for signature in [*bundle.signatures, *more]:
        try:
            checked = check_signature(
                signature,
                root=root,
                signers=signers,
                chain_id=pin.chain_id,
                not_before=head.time,
                now=now,
            )
        except CheckpointError:
            continue
        if checked.member not in found or found[checked.member].time < checked.time:
            found[checked.member] = checked
    if not found:
        raise QuorumError("none of the signatures is a signer's")
    return replace(bundle, signatures=freshest_quorum(found.values(), signers=len(signers)))


def read_block(entry: bytes) -> Block:
    """Return the block that an entry of the log holds.

    Raises:
        ProofMalformedError: It holds none.
    """
    try:
        return parse_block(entry)
    except HistoryError as error:
        raise ProofMalformedError("an entry that should be a block is none") from error


def check_inclusion(entry: bytes, inclusion: Inclusion, *, size: int, root: bytes) -> None:
    """Check that an entry is in the tree of ``size`` entries with ``root``.

    Raises:
        InclusionError: It is not, or the proof is for a tree of another size: without equal sizes a late
            entry could take an early index.
    """
    if inclusion.size != size:
        raise InclusionError("an inclusion proof is for a tree of another size than the head's")
    try:
        merkle.verify_inclusion(
            merkle.leaf_hash(entry), index=inclusion.index, size=size, path=inclusion.path, root=root
        )
    except MerkleError as error:
        raise InclusionError(str(error)) from error


def root_of_last(entry: bytes, inclusion: Inclusion) -> bytes:
    """Return the root of the tree whose last entry is ``entry``.

    Raises:
        InclusionError: The path leads nowhere, or the entry is not the last one.
    """
    if inclusion.index != inclusion.size - 1:
        raise InclusionError("the head block is not the last entry of its tree")
    try:
        return merkle.root_from_inclusion(
            merkle.leaf_hash(entry), index=inclusion.index, size=inclusion.size, path=inclusion.path
        )
    except MerkleError as error:
        raise InclusionError(str(error)) from error


def _era(bundle: Bundle, head: Block, *, pin: Pin, now: int) -> _Era:
    """Return the signers of the head's epoch: the pinned ones, earlier ones, or those that links lead to."""
    era = _Era(pin.epoch, pin.signers, pin.single or len(pin.signers) == 1, dict(pin.earlier))
    for link in bundle.links:
        era = _follow(link, era, chain_id=pin.chain_id, now=now)
    if head.epoch == era.epoch:
        return era
    if bundle.links or head.epoch not in pin.earlier:
        raise CheckpointError("the head block's epoch is not one that the pin or the links lead to")
    signers = pin.earlier[head.epoch]
    return replace(era, epoch=head.epoch, signers=signers)


def _follow(link: Link, era: _Era, *, chain_id: str, now: int) -> _Era:
    """Check one link: the last block of an epoch, signed by its set, names the set of the next.

    Spec: LEDGER.md, section 4.5 (changes of the set chain like TUF roots) and section 4.12.
    """
    block = read_block(link.block)
    root = root_of_last(link.block, link.inclusion)
    digest = signers_digest(era.signers)
    if block.size != link.inclusion.size or block.epoch != era.epoch or block.signers != digest:
        raise CheckpointError("a link does not continue the epoch before it")
    if block.next_signers == digest or block.next_signers != signers_digest(link.next_signers):
        raise CheckpointError("a link's block names another next set")
    check_quorum(
        link.signatures, root=root, signers=era.signers, chain_id=chain_id, not_before=block.time, now=now
    )
    return _Era(
        epoch=era.epoch + 1,
        signers=link.next_signers,
        single=era.single or len(link.next_signers) == 1,
        earlier={**era.earlier, era.epoch: era.signers},
    )


def _consistent(bundle: Bundle, root: bytes, *, pin: Pin, proofs: Sequence[Consistency]) -> bool:
    """Check the tree against the highest one known; False where no proof is at hand."""
    size = bundle.head_inclusion.size
    own = bundle.consistency
    if own is not None and size not in (own.first, own.second):
        raise ProofMalformedError("the consistency proof is about other trees")
    if size == pin.size:
        if root != pin.root:
            raise InconsistentError("two roots of one size", evidence=bundle.encode())
        return True
    (first, first_root), (second, second_root) = sorted([(size, root), (pin.size, pin.root)])
    for proof in [*([] if own is None else [own]), *proofs]:
        if (proof.first, proof.second) != (first, second):
            continue
        try:
            merkle.verify_consistency(
                first=first,
                second=second,
                first_root=first_root,
                second_root=second_root,
                path=proof.path,
            )
        except MerkleError as error:
            raise InconsistentError(
                "the tree does not continue the one that is known", evidence=bundle.encode()
            ) from error
        return True
    return False


def _moved(pin: Pin, era: _Era, checkpoint: Checkpoint) -> Pin:
    """Return the pin moved forward; never the highest checkpoint without consistency, never back."""
    moved = replace(pin, single=pin.single or checkpoint.single_operator)
    if era.epoch > pin.epoch:
        moved = replace(moved, epoch=era.epoch, signers=era.signers, earlier=era.earlier)
    if checkpoint.consistent and checkpoint.size > pin.size:
        moved = replace(moved, size=checkpoint.size, root=checkpoint.root)
    return moved
