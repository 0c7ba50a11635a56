"""A new pin, from the one that a desk holds: what is handed over once several members sign.

A pin that began with a single operator keeps saying so however far it moves, since that operator alone
vouched for the way. A person who has compared the new pin with several members may hand it to others: only
then "single operator" is gone, from what was written since.

Spec: LEDGER.md, section 4.5 (single is sticky; only a new pin from outside lifts it).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from ledger.client import LedgerClient
from ledger.joining.ceremony import in_fours
from ledger.proof.pins import Pin
from ledger.registry import signers_key


def present_pin(client: LedgerClient, *, now: int) -> Pin:
    """Return the pin of the present signers, to which the client's own pin was led link by link.

    Args:
        client: The desk's client.
        now: The current time in integer seconds.
    """
    client.snapshot([signers_key()], now=now, max_age=0)
    known = client.pins.load()
    return replace(known, single=len(known.signers) == 1)


def mark(pin: Pin) -> str:
    """Return the mark by which members compare a pin over another way: SHA-256 in groups of four."""
    return in_fours(hashlib.sha256(pin.to_bytes()).hexdigest())
