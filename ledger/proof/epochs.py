"""Who signed which part of the log: the signers' sets of its epochs, and the links between them.

An epoch ends with the block that enacts another set. That block is signed by the old set and names the
new one; a link carries both, so that whoever knows the old set comes to know the new one.

Spec: LEDGER.md, sections 4.4, 4.5 and 4.12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from crypto import cbor
from ledger.core.blocks import FIRST_EPOCH, Block
from ledger.core.reading import Reader
from ledger.errors import MerkleError, StoreError
from ledger.proof.bundle import MAX_LINKS, CheckpointSignature, Inclusion, Link, Signer
from ledger.proof.pins import Pin, signers_digest

Sign = Callable[[Block, bytes], Sequence[CheckpointSignature]]
"""Returns the signatures over the root (second argument) of the log that ends with a block."""

MAX_LINK_BYTES = 256 * 1024
"""What the links of one bundle may take: half of it. Whoever is further behind asks twice."""


def signers_of(reader: Reader, block: Block) -> tuple[Signer, ...]:
    """Return the set whose signatures count under a block's root, sorted by member.

    Raises:
        StoreError: The state does not give the set that the block names.
    """
    # The block that ends an epoch is signed by the set that it replaces: the one of the block before it.
    unchanged = block.signers == block.next_signers
    found = _set_after(reader, block.size if unchanged else block.first)
    if signers_digest(found) != block.signers:
        raise StoreError(f"the state at block {block.height} does not give the block's signers")
    return found


def next_signers(reader: Reader, block: Block) -> tuple[Signer, ...]:
    """Return the set that signs what follows a block, sorted by member."""
    return _set_after(reader, block.size)


def epoch_of(reader: Reader, number: int) -> tuple[Signer, ...]:
    """Return the signers of an epoch, by its number.

    Raises:
        MerkleError: The log has not come to that epoch.
    """
    if number == FIRST_EPOCH:
        return _set_after(reader, 1)
    before = last_block(reader, number - 1)
    if before is None:
        raise MerkleError(f"the log has not come to epoch {number}")
    return next_signers(reader, before)


def current_epoch(reader: Reader) -> int:
    """Return the epoch that the next block belongs to."""
    head = reader.head_block()
    return FIRST_EPOCH if head is None else head.next_epoch


def last_block(reader: Reader, epoch: int) -> Block | None:
    """Return the block that ended an epoch; None while it has not ended, or not begun."""
    if not FIRST_EPOCH <= epoch < current_epoch(reader):
        return None
    # Epochs never go back along the log, so the first block whose successor is later is found by halves.
    low, high = 1, reader.head().size - 1
    while low < high:
        middle = (low + high) // 2
        if _block_from(reader, middle).next_epoch > epoch:
            high = middle
        else:
            low = middle + 1
    found = _block_from(reader, low)
    return found if found.epoch == epoch and found.next_epoch > epoch else None


def ended_epochs(reader: Reader, *, start: int = FIRST_EPOCH) -> Iterator[Block]:
    """Return the last block of every epoch that has ended, from epoch ``start`` on."""
    for epoch in range(start, current_epoch(reader)):
        block = last_block(reader, epoch)
        if block is not None:
            yield block


def links(reader: Reader, *, start: int, end: int, sign: Sign) -> tuple[Link, ...]:
    """Return the links that lead from an epoch to a later one; as many as a bundle takes.

    Args:
        reader: One committed state of the ledger.
        start: The epoch whose signers the asker knows.
        end: The epoch that it should come to know.
        sign: Gives the signatures under each epoch's last block.
    """
    found: list[Link] = []
    room = MAX_LINK_BYTES
    for block in ended_epochs(reader, start=start):
        if block.epoch >= end or len(found) == MAX_LINKS:
            break
        link = _link(reader, block, sign=sign)
        room -= len(cbor.encode(link.to_cbor()))
        if room < 0:
            break
        found.append(link)
    return tuple(found)


def present_pin(reader: Reader) -> Pin:
    """Return what this ledger would be pinned as at its head: the newest set, and all sets before it."""
    epoch = current_epoch(reader)
    sets = {number: epoch_of(reader, number) for number in range(FIRST_EPOCH, epoch + 1)}
    signers = sets.pop(epoch)
    single = len(signers) == 1 or any(len(each) == 1 for each in sets.values())
    head = reader.head()
    return Pin(reader.chain_id, epoch, signers, single, sets, head.size, head.root)


def _link(reader: Reader, block: Block, *, sign: Sign) -> Link:
    path = tuple(reader.inclusion(block.index, block.size))
    signatures = tuple(sign(block, reader.root(block.size)))
    inclusion = Inclusion(block.size, block.index, path)
    return Link(block.encode(), inclusion, signatures, next_signers(reader, block))


def _set_after(reader: Reader, size: int) -> tuple[Signer, ...]:
    """Return the set in the state after the first ``size`` entries; a block ends there, or the genesis."""
    if size == 1:
        return tuple(Signer(member, key.cose_key) for member, key in reader.genesis.signer_set)
    members = reader.past_value("signers", size=size)
    return tuple(
        Signer(member, reader.past_value("member", member, size=size)["receipt"]) for member in members
    )


def _block_from(reader: Reader, index: int) -> Block:
    """Return the block that holds the entry of an index; the log ends with a block."""
    found = reader.store.block_from(index)
    assert found is not None
    return reader.block(found + 1)
