"""The protocol of a key ceremony: which key was made, by which mark it is known, where it lies, who keeps it.

It holds no secret and may be printed, signed and read out by telephone; marks come in groups of four.

    governance   speaks and votes for the member: sealed under a passphrase, opened for one act
    receipt      signs the log's roots: hot, on the node
    validator    signs CometBFT's blocks: hot, on the node, and on no other
    node         is the node's name among nodes; signs nothing of the ledger's
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

GOVERNANCE, RECEIPT, VALIDATOR, NODE = "governance", "receipt", "validator", "node"


@dataclass(frozen=True)
class MadeKey:
    """One line of the protocol.

    Attributes:
        role: ``governance``, ``receipt``, ``validator`` or ``node``.
        mark: The key's RFC 9679 thumbprint; of a node key the node id.
        file: Where the private half lies.
    """

    role: str
    mark: bytes
    file: str

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints of it."""
        return {
            "role": self.role,
            "fingerprint": in_fours(self.mark.hex()),
            "file": self.file,
            "keeper": KEEPERS[self.role],
        }


@dataclass(frozen=True)
class Protocol:
    """The protocol of one ceremony.

    Attributes:
        time: When it was held, RFC 3339.
        did: The member.
        chain_id: The ledger.
        keys: What was made.
    """

    time: str
    did: str
    chain_id: str
    keys: tuple[MadeKey, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "time": self.time,
            "did": self.did,
            "chainId": self.chain_id,
            "chain": in_fours(self.chain_id.rpartition(":")[2]),
            "keys": [key.to_json() for key in self.keys],
        }

    def to_text(self) -> str:
        """Return what is printed and kept."""
        lines = [
            "Protocol of a key ceremony",
            "",
            f"held       {self.time}",
            f"member     {self.did}",
            f"ledger     {in_fours(self.chain_id.rpartition(':')[2])}",
        ]
        for key in self.keys:
            lines += [
                "",
                f"{key.role} key",
                f"  fingerprint  {in_fours(key.mark.hex())}",
                f"  file         {key.file}",
                f"  kept         {KEEPERS[key.role]}",
            ]
        return "\n".join([*lines, "", _CLOSING, ""])


def in_fours(text: str) -> str:
    """Write a mark in groups of four characters, as it is read out."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


KEEPERS = {
    GOVERNANCE: "by a governance officer, on a medium apart from the node; a sealed copy and its passphrase "
    "in two other places, with two other people",
    RECEIPT: "by the node's operator, on the node alone; a new one is proposed (signer.set), never restored "
    "to a second node",
    VALIDATOR: "by the node's operator, on the node alone: two nodes with it would sign two blocks of one "
    "height, which is evidence against the member",
    NODE: "by the node's operator, on the node; losing it costs a new address, nothing else",
}

_CLOSING = (
    "Read the ledger's mark out to the other members over a second way before they trust a pin. "
    "This page holds no secret."
)
