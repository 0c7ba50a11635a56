"""Which roots a node may sign, and as whom: both follow from the committed log alone.

Spec: LEDGER.md, sections 4.4 and 4.5.
"""

from __future__ import annotations

from collections.abc import Sequence

from crypto.keys import PrivateKey, PublicKey
from ledger.core.blocks import Block
from ledger.core.reading import Reader
from ledger.errors import MerkleError, NotSignerError


def confirmed_size(reader: Reader) -> int:
    """Return the size of the newest root that stood in a header of the chain.

    The header of a block holds the root that the block before left. So a block without an entry confirms
    all of the log, and one with an entry what was there before it.
    """
    head, block = reader.head(), reader.head_block()
    if block is None or head.height > block.height:
        return head.size
    return block.first


def signer_set(reader: Reader, size: int) -> list[tuple[str, PublicKey]]:
    """Return the DIDs and receipt keys of those that sign the block after the first ``size`` entries."""
    if size == 1:
        return reader.genesis.signer_set
    members: list[str] = reader.past_value("signers", size=size)
    return [
        (did, PublicKey.from_cose_key(reader.past_value("member", did, size=size)["receipt"]))
        for did in members
    ]


def confirmed_block(reader: Reader, size: int | None) -> Block:
    """Return the block that ends at a size, or the newest one, if its root is confirmed.

    Raises:
        MerkleError: No block ends there, or the consensus has not confirmed it yet.
    """
    newest = confirmed_size(reader)
    if size is None and newest == 1:
        raise MerkleError("the consensus has confirmed no block yet")
    block = reader.block(newest if size is None else size)
    if block.size > newest:
        raise MerkleError(f"the consensus has not confirmed size {block.size} yet")
    return block


def signer(reader: Reader, block: Block, *, keys: Sequence[PrivateKey]) -> tuple[str, PrivateKey]:
    """Return as whom, and with which of its keys, a node signs a block.

    Raises:
        NotSignerError: None of the keys signs in that epoch.
    """
    ours = {key.public.thumbprint: key for key in keys}
    for member, key in signer_set(reader, block.first):
        if key.thumbprint in ours:
            return member, ours[key.thumbprint]
    raise NotSignerError(f"this node does not sign in epoch {block.epoch}")
