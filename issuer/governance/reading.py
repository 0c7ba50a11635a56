"""Proposals as officers look for them and as commands print them."""

from typing import Any

from issuer.errors import UnknownError
from ledger.client import LedgerClient
from ledger.proposals import Proposal

_SECRET_OR_LONG = frozenset({"governance", "submission", "receipt", "possession", "signatures", "key"})


def find(ledger: LedgerClient, text: str, *, now: int) -> Proposal:
    """Return the one proposal whose id begins with ``text``.

    Args:
        ledger: The ledger.
        text: An id in hexadecimal, or its beginning.
        now: Seconds since 1970.

    Raises:
        UnknownError: None does, or several.
    """
    wanted = text.strip().lower()
    found = [each for each in ledger.proposals(now=now) if each.id.hex().startswith(wanted)]
    if not wanted or len(found) != 1:
        raise UnknownError(f"{len(found) if wanted else 'no'} proposals begin with this")
    return found[0]


def as_json(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal as a JSON value, without keys and signatures."""
    return {
        "id": proposal.id.hex(),
        "action": proposal.action,
        "about": _plain(proposal.body),
        "proposer": proposal.proposer,
        "opened": proposal.opened,
        "expires": proposal.expires,
        "status": proposal.status,
        "yes": list(proposal.yes),
        "no": list(proposal.no),
        "members": proposal.members,
        "needed": proposal.needed,
        "missing": proposal.missing,
        "decided": proposal.decided,
        "due": proposal.due,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if name not in _SECRET_OR_LONG}
    return value
