"""Lead a pin along the members' changes without a network, by a checkpoint that somebody brought as a file.

``GET /v1/checkpoint?epoch=1`` saved to a file has the links from the first epoch to the present one. Nobody
has to trust whoever brings it: each link is signed by the quorum of the epoch before.

Spec: LEDGER.md, sections 4.5 and 4.12.
"""

from __future__ import annotations

from dataclasses import replace

from ledger.proof.bundle import Bundle
from ledger.proof.checkpoints import Checkpoint, check_checkpoint, read_block
from ledger.proof.errors import ProofMalformedError
from ledger.proof.pins import PinStore


def follow(pins: PinStore, data: bytes, *, now: int) -> Checkpoint | None:
    """Check a checkpoint from where a pin stands, and move the pin to it.

    Links between epochs that the pin has behind it are passed over: one file serves everybody.

    Args:
        pins: The pin.
        data: The checkpoint, a bundle.
        now: The current time in integer seconds.

    Returns:
        The checkpoint; None where it is of an epoch before the pin's, and so tells nothing new.

    Raises:
        ReceiptError: A step failed; the pin stays where it is.
        PinError: The pin is damaged.
    """
    pin, bundle = pins.load(), Bundle.decode(data)
    if bundle.entry is not None:
        raise ProofMalformedError("a receipt is no checkpoint")
    if read_block(bundle.head).epoch < pin.epoch:
        return None
    ahead = tuple(link for link in bundle.links if read_block(link.block).epoch >= pin.epoch)
    checkpoint = check_checkpoint(replace(bundle, links=ahead), pin=pin, now=now)
    signed = Bundle(bundle.head, bundle.head_inclusion, bundle.signatures)
    pins.advance(to=checkpoint.next_pin, signed=signed.encode())
    return checkpoint
