"""``vocred ledger propose``: the group, how its commands speak, and agreements that their parties signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from crypto import jcs
from ledger import desk, proposing
from ledger.client import LedgerClient
from ledger.proposal_commands import COMMANDS, DEFAULT_DAYS, F, Make, Proposals, proposal_options
from ledger.proposing import PartySignature
from ledger.statements import parse_statement


def tell(client: LedgerClient, proposal_id: bytes, as_json_: bool) -> None:
    """Say how a proposal stands."""
    found = client.listed(f"/v1/proposals/{proposal_id.hex()}")
    found.pop("singleOperator", None)
    desk.say(as_json_, line(found), **found)


def line(found: Mapping[str, Any]) -> str:
    """Return in one line how a proposal stands, out of what a node lists of it."""
    told = f"{found['id']} {found['action']} {found['status']}"
    if found["status"] == "open":
        told += f" ({len(found['yes'])} of {found['members']} yes, {found['missing']} more needed)"
    if found["status"] == "enacted" and found["due"] is not None:
        # Decided, and not in force before the ledger's delay is over.
        told += f" (in effect from {datetime.fromtimestamp(found['due'], UTC):%Y-%m-%d %H:%M:%S} UTC)"
    return told


def _speak(make: Make, *, member: str, expires: str | None, as_json_: bool) -> None:
    """Sign a proposal with the member's own key, and say how it stands."""
    client, now = desk.client(), desk.now()
    end = proposing.moment(expires) if expires else proposing.end_of_day(now, days=DEFAULT_DAYS)
    body = {"action": make(client, now), "expires": end}
    statement = desk.submit(client, member, "propose", body, at=now)
    tell(client, parse_statement(statement).proposal_id, as_json_)


propose = Proposals(
    "propose", speak=_speak, help="Propose something to the members; proposing is not voting."
)
for _command in COMMANDS:
    propose.add_command(_command)


def _agreement(command: F) -> F:
    """Add what the commands for a signed agreement have in common."""
    signatures = click.option(
        "--signature", "signatures", type=desk.a_file, multiple=True, required=True, help="One per party."
    )
    return click.argument("agreement", type=desk.a_file)(signatures(proposal_options(command)))


@propose.command("agreement.start")
@_agreement
def propose_start(agreement: Path, signatures: Sequence[Path], **common: Any) -> None:
    """Put AGREEMENT, signed by all its parties, in force; the node keeps its document."""
    _propose_agreement(agreement, signatures, make=proposing.start_agreement, **common)


@propose.command("agreement.amend")
@_agreement
def propose_amend(agreement: Path, signatures: Sequence[Path], **common: Any) -> None:
    """Put AGREEMENT, the next version of one in force, signed by all its parties, in its place."""
    _propose_agreement(agreement, signatures, make=proposing.amend_agreement, **common)


def _propose_agreement(
    agreement: Path, signatures: Sequence[Path], *, make: Callable[..., list[Any]], **common: Any
) -> None:
    document = desk.read_json(agreement)
    signed = [PartySignature.from_json(desk.read_json(path)) for path in signatures]
    end = proposing.moment(common["expires"]) if common["expires"] else signed[0].expires
    client = desk.client()
    terms = proposing.agreement_terms(document, chain_id=client.chain_id, expires=end)
    _speak(lambda _client, _now: make(terms, signed), **{**common, "expires": str(end)})
    # The node takes a document once the ledger names it; a crash before this line is mended by repeating it.
    client.put_document(jcs.canonicalize(document))
