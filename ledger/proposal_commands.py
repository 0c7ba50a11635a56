"""``vocred ledger propose ACTION``: whatever the members can decide, one command for each action.

A command makes the action's body from what people hand over, signs the proposal with one officer's key and
says how the proposal stands. Proposing is not voting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from crypto import jcs
from ledger import desk, proposing
from ledger.client import LedgerClient
from ledger.core.members import ACCREDITOR
from ledger.proposing import InputError, PartySignature
from ledger.registry import issuer_key, member_key
from ledger.statements import parse_statement

DEFAULT_DAYS = 7

F = TypeVar("F", bound=Callable[..., Any])


def tell(client: LedgerClient, proposal_id: bytes, as_json_: bool) -> None:
    """Say how a proposal stands."""
    found = client.listed(f"/v1/proposals/{proposal_id.hex()}")
    line = f"{found['id']} {found['action']} {found['status']}"
    if found["status"] == "open":
        line += f" ({len(found['yes'])} of {found['members']} yes, {found['missing']} more needed)"
    found.pop("singleOperator", None)
    desk.say(as_json_, line, **found)


@click.group()
def propose() -> None:
    """Propose something to the members; proposing is not voting."""


def _proposal(command: F) -> F:
    """Add the options that every proposal has."""
    expires = click.option("--expires", help="When the vote ends: a date, a time or seconds; else in 7 days.")
    return desk.as_member(expires(desk.as_json(command)))


@propose.command("admit")
@click.option(
    "--keys", type=desk.a_file, required=True, help="What the new member's keygen printed (--json)."
)
@click.option("--name-zh", required=True)
@click.option("--name-en", required=True)
@click.option("--credit-code", required=True, help="Its unified social credit code.")
@click.option("--role", "roles", multiple=True, required=True, help="Such as college, enterprise, body.")
@click.option("--type", "types", multiple=True, help="A type that it may grant, as an accreditor.")
@_proposal
def propose_admit(
    *,
    keys: Path,
    name_zh: str,
    name_en: str,
    credit_code: str,
    roles: Sequence[str],
    types: Sequence[str],
    **common: Any,
) -> None:
    """Admit a member."""
    names = {"zh": name_zh, "en": name_en}
    action = proposing.admit(
        desk.read_json(keys),
        names=names,
        credit_code=credit_code,
        roles=[*roles, *([ACCREDITOR] if types else [])],
        types=types,
    )
    _propose(action, **common)


@propose.command("remove")
@click.argument("did")
@_proposal
def propose_remove(did: str, **common: Any) -> None:
    """Remove the member DID."""
    _propose(proposing.remove(did), **common)


@propose.command("signer.set")
@click.option("--keys", type=desk.a_file, help="What the member's `vocred ledger join` printed (--json).")
@click.option("--stop", metavar="DID", help="Instead: this member's node stops signing.")
@_proposal
def propose_signer(keys: Path | None, stop: str | None, **common: Any) -> None:
    """Let a member's node sign, with these keys from now on, or stop signing."""
    if keys is not None and stop is None:
        action = proposing.set_signer(desk.read_json(keys))
    elif stop is not None and keys is None:
        action = proposing.stop_signing(stop)
    else:
        raise InputError("name --keys, or --stop, and not both")
    _propose(action, **common)


def rotated(command: F) -> F:
    """Add the options of whatever puts another key in the place of one."""
    keys = click.option(
        "--keys",
        type=desk.a_file,
        required=True,
        help="What keygen printed; for submission and document, `vocred issuer registration` (--json).",
    )
    role = click.option("--role", type=click.Choice(proposing.ROTATED_ROLES), required=True)
    theft = click.option(
        "--compromised-since", "theft", help="Since when another may have had the old one: a date or a time."
    )
    return keys(role(theft(command)))


def moment_or_none(text: str | None) -> int | None:
    """Read a date or a time, if one is given."""
    return None if text is None else proposing.moment(text)


@propose.command("rotate-lost-key")
@rotated
@click.option("--did", help="Whose; else the DID that the keys name.")
@_proposal
def propose_rotation(keys: Path, role: str, theft: str | None, did: str | None, **common: Any) -> None:
    """Give a member or issuer another key where its governance key is lost.

    A governance key that is not lost takes the proposal back: `vocred ledger withdraw`.
    """
    since = moment_or_none(theft)
    action = proposing.rotate_lost_key(desk.read_json(keys), role=role, did=did, compromised_since=since)
    _propose(action, **common)


@propose.command("suspend-issuer")
@click.argument("did")
@click.option("--from", "start", help="Since when: a date, a time or seconds; else from the effect on.")
@click.option("--until", help="The first moment that is no longer covered; else without end.")
@click.option("--lift", is_flag=True, help="End the suspension that runs, with the effect of the vote.")
@_proposal
def propose_suspension(did: str, start: str | None, until: str | None, lift: bool, **common: Any) -> None:
    """Suspend the issuer DID: it anchors nothing meanwhile. Or lift, or prolong, its suspension.

    To set another end, name the suspension's own begin with --from.
    """
    now = desk.now()
    if lift and (start or until):
        raise InputError("--lift goes with neither --from nor --until")
    if lift:
        begin = running_suspension(desk.client(), did, now=now)
        action = proposing.suspend_issuer(did, start=begin, end=begin)
    else:
        begin = proposing.moment(start) if start else now
        action = proposing.suspend_issuer(did, start=begin, end=moment_or_none(until))
    _propose(action, **common)


def running_suspension(client: LedgerClient, did: str, *, now: int) -> int:
    """Return when the suspension began that an issuer is under.

    Raises:
        InputError: It is under none.
    """
    snapshot, _ = client.snapshot([issuer_key(did)], now=now, max_age=0)
    record = snapshot.issuer(did)
    running = [] if record is None else [span.start for span in record.suspensions if now in span]
    if not running:
        raise InputError(f"{did} is not suspended")
    return running[-1]


@propose.command("close-issuer")
@click.argument("did")
@_proposal
def propose_closing(did: str, **common: Any) -> None:
    """Close the issuer DID for good; what it anchored stays, and its final lists hold without an end."""
    _propose(proposing.close_issuer(did), **common)


@propose.command("params")
@click.option("--numbers", type=click.IntRange(0, 1 << 20), required=True, help="Per accreditor.")
@_proposal
def propose_params(numbers: int, **common: Any) -> None:
    """Change how many issuer numbers each accreditor may give."""
    _propose(proposing.change_params(numbers=numbers), **common)


@propose.command("upgrade")
@click.option("--app-version", type=click.IntRange(2), required=True, help="The next version of the rules.")
@click.option("--height", type=click.IntRange(1), required=True, help="From this block on.")
@_proposal
def propose_upgrade(app_version: int, height: int, **common: Any) -> None:
    """Let the rules of a newer program be in force from a block on; every node has to run it by then."""
    _propose(proposing.upgrade(app_version=app_version, height=height), **common)


@propose.command("issuer.put")
@click.option(
    "--registration", type=desk.a_file, required=True, help="What `vocred issuer registration` printed."
)
@click.option("--number", type=click.IntRange(0, (1 << 20) - 1), help="Else the smallest free one.")
@click.option("--keys", type=desk.a_file, help="For an issuer that is no member: what its keygen printed.")
@_proposal
def propose_issuer(registration: Path, number: int | None, keys: Path | None, **common: Any) -> None:
    """Register an issuer, or bring its record up to date."""
    client, now, given = desk.client(), desk.now(), desk.read_json(registration)
    did = str(given.get("did"))
    snapshot, _ = client.snapshot([member_key(did)], now=now)
    member = snapshot.member(did)
    action = proposing.put_issuer(
        given,
        number=proposing.free_number(client, did=did, now=now) if number is None else number,
        governance=None if member is None else member.governance_key.cose_key,
        keys=None if keys is None else desk.read_json(keys),
    )
    _propose(action, **common)


@propose.command("accredit")
@click.option("--issuer", required=True, help="The issuer's DID.")
@click.option("--type", "credential_type", required=True, help="Such as GraduationCertificate.")
@click.option("--from", "start", required=True, help="Since when: a date, a time or seconds.")
@click.option("--until", help="The first moment that is no longer covered; else without end.")
@_proposal
def propose_accredit(issuer: str, credential_type: str, start: str, until: str | None, **common: Any) -> None:
    """Let an issuer issue a type."""
    end = None if until is None else proposing.moment(until)
    action = proposing.accredit(
        issuer, credential_type=credential_type, start=proposing.moment(start), end=end
    )
    _propose(action, **common)


@propose.command("wallet.put")
@click.option("--registration", type=desk.a_file, required=True, help="JSON: tag, url, key, keyProof.")
@_proposal
def propose_wallet(registration: Path, **common: Any) -> None:
    """Register a wallet that share links may name."""
    _propose(proposing.put_wallet(desk.read_json(registration)), **common)


def _agreement(command: F) -> F:
    """Add what the commands for a signed agreement have in common."""
    signatures = click.option(
        "--signature", "signatures", type=desk.a_file, multiple=True, required=True, help="One per party."
    )
    return click.argument("agreement", type=desk.a_file)(signatures(_proposal(command)))


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
    _propose(make(terms, signed), **{**common, "expires": str(end)})
    # The node takes a document once the ledger names it; a crash before this line is mended by repeating it.
    client.put_document(jcs.canonicalize(document))


@propose.command("agreement.end")
@click.argument("agreement_id")
@_proposal
def propose_end(agreement_id: str, **common: Any) -> None:
    """End the agreement with that identifier, in all its versions."""
    _propose(proposing.end_agreement(agreement_id), **common)


def _propose(action: list[Any], *, member: str, expires: str | None, as_json_: bool) -> None:
    client, now = desk.client(), desk.now()
    end = proposing.moment(expires) if expires else proposing.end_of_day(now, days=DEFAULT_DAYS)
    statement = desk.submit(client, member, "propose", {"action": action, "expires": end}, at=now)
    tell(client, parse_statement(statement).proposal_id, as_json_)
