"""Who was to sign a block's root, and who did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crypto import cbor
from crypto.keys import PublicKey
from ledger.core.blocks import Block
from ledger.core.reading import Reader
from ledger.proof.bundle import CheckpointSignature, Signer
from ledger.proof.pins import signers_digest
from ledger.proof.receipts import signer_of

_CLAIMS, _IAT = 15, 6


@dataclass(frozen=True)
class Signing:
    """One of the epoch's signers.

    Attributes:
        did: The member.
        key: Its receipt key's thumbprint, in hexadecimal.
        at: When its node signed, seconds; None where no signature of it is known here.
    """

    did: str
    key: str
    at: int | None


def signers_of(reader: Reader, block: Block) -> tuple[Signer, ...]:
    """Return the set that signs a block: the one that the state named before it.

    Every set is compared with the digest in the block entry.
    """
    earlier = reader.store.block_before(block.first)
    sizes = [block.size, *([] if earlier is None else [earlier + 1])]
    for size in sizes:
        found = _set_at(reader, size)
        if signers_digest(found) == block.signers:
            return found
    return tuple(Signer(did, key.cose_key) for did, key in reader.genesis.signer_set)


def who_signed(reader: Reader, block: Block, signatures: Sequence[CheckpointSignature]) -> list[Signing]:
    """Return the signers of a block in the order of their DIDs, each with the time of its signature."""
    times = {signer_of(signature): _signed_at(signature) for signature in signatures}
    return [
        Signing(signer.member, _thumbprint(signer), times.get(signer.member))
        for signer in signers_of(reader, block)
    ]


def _set_at(reader: Reader, size: int) -> tuple[Signer, ...]:
    """Return the signers that the state names at a block: those who sign the next one."""
    members = reader.past_value("signers", size=size) or []
    records = {did: reader.past_value("member", did, size=size) for did in members}
    return tuple(Signer(did, record["receipt"]) for did, record in records.items() if record)


def _signed_at(signature: CheckpointSignature) -> int:
    at: int = cbor.decode(signature.protected)[_CLAIMS][_IAT]
    return at


def _thumbprint(signer: Signer) -> str:
    return PublicKey.from_cose_key(signer.key).thumbprint.hex()
