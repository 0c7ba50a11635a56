"""How many nodes agree: whose signatures stand under the head of the ledger on which a result rests.

Agreement means signatures that were checked, not answers that were counted: each of these members' nodes
signed the very root. Who is not among them may simply not have been heard yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.proof.checkpoints import Checkpoint
from vc import dates
from verifier.findings import Verification
from web.i18n import pick


@dataclass(frozen=True)
class Nodes:
    """Who signed the checkpoint, for the page.

    Attributes:
        agree: How many of the epoch's signers.
        of: How many signers the epoch has.
        signed: Their names.
        others: The names of those whose signature was not needed or not there.
        time: When the checkpoint was signed.
        size: How many entries the ledger had.
        link: The checkpoint in a node's explorer, or nothing where no node is known.
    """

    agree: int
    of: int
    signed: Sequence[str]
    others: Sequence[str]
    time: datetime
    size: int
    link: str


def nodes(verification: Verification, *, node_url: str) -> Nodes | None:
    """Say who signed what a result rests on; None where it rests on nothing, or nobody counted.

    Args:
        verification: What was found.
        node_url: A node whose explorer readers may open, or nothing.
    """
    checkpoint = verification.checkpoint
    if checkpoint is None or not checkpoint.signers:
        return None
    others = [did for did in checkpoint.signers if did not in checkpoint.signed]
    return Nodes(
        agree=len(checkpoint.signed),
        of=len(checkpoint.signers),
        signed=[_name(did, verification.names) for did in checkpoint.signed],
        others=[_name(did, verification.names) for did in others],
        time=dates.from_seconds(checkpoint.time),
        size=checkpoint.size,
        link=f"{node_url}/explorer/blocks/{checkpoint.size}" if node_url else "",
    )


def written(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return who signed a checkpoint, for the JSON report."""
    return {
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "epoch": checkpoint.epoch,
        "agree": len(checkpoint.signed),
        "of": len(checkpoint.signers),
        "signed": list(checkpoint.signed),
        "signers": list(checkpoint.signers),
    }


def entry_link(verification: Verification, *, node_url: str) -> str:
    """Return where a node shows the entry that anchored the form, or nothing."""
    receipt = verification.receipt
    return f"{node_url}/explorer/entries/{receipt.entry_index}" if receipt is not None and node_url else ""


def _name(did: str, names: Mapping[str, Mapping[str, str]]) -> str:
    found = names.get(did)
    return did if not found else pick({"zh-CN": found.get("zh", did), "en": found.get("en", did)})
