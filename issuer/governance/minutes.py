"""The minutes of a vote: what was asked, who voted how, what came of it, and a digest to cite.

Made from the proved proposal alone, so whoever asks any node gets the same bytes and the same digest.
"""

import hashlib
from typing import Any

from crypto import jcs
from issuer.governance.reading import as_json
from ledger.proposals import ENACTED, OPEN, Proposal

TYPE = "vocred/minutes/1"


def minutes(proposal: Proposal, *, chain_id: str) -> dict[str, Any] | None:
    """Return the minutes of a vote whose outcome will not change any more, or None before."""
    if proposal.status in {OPEN, ENACTED}:
        return None
    said = as_json(proposal)
    # How many members there are now, and need, is no part of what was decided then.
    decided = {name: said[name] for name in said if name not in {"members", "needed", "missing"}}
    return {"type": TYPE, "ledger": chain_id, **decided}


def encoded(document: dict[str, Any]) -> bytes:
    """Return the bytes that are digested: the JCS form."""
    return jcs.canonicalize(document)


def digest(document: dict[str, Any]) -> str:
    """Return the SHA-256 of the minutes, in hexadecimal."""
    return hashlib.sha256(encoded(document)).hexdigest()
