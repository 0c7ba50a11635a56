"""``vocred ledger``: what a member's governance officer does, and the beginning of a ledger.

A command opens the sealed key of ``--as MEMBER`` for one act, signs, and talks to the node at
``LEDGER_URL``; what the node answers is checked against the pin. Files lie in ``LEDGER_HOME``: ``pin`` (or
``LEDGER_PIN``), ``keys/``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from crypto import cbor, jcs
from ledger import desk, proposing
from ledger.client import LedgerClient
from ledger.core.members import ACCREDITOR
from ledger.desk import Outside
from ledger.joining import commands
from ledger.proposing import InputError, PartySignature
from ledger.registry import GOVERNANCE, member_key
from ledger.statements import key_possession, parse_statement, sign_agreement

__all__ = ["Outside", "cli"]

DEFAULT_DAYS = 7

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def cli() -> None:
    """Keep the consortium's ledger: keys, proposals, votes."""


for _command in commands.COMMANDS:
    cli.add_command(_command)


@cli.command()
@desk.as_member
@click.option("--did", required=True, help="The DID for which the key will speak.")
@click.option("--algorithm", type=click.Choice(["Ed25519", "P-256"]), default="Ed25519", show_default=True)
@desk.as_json
def keygen(member: str, did: str, algorithm: str, as_json_: bool) -> None:
    """Make a governance key, sealed under LEDGER_PASSPHRASE_<MEMBER>, and print its public half.

    The JSON is what a member of the consortium needs to propose the admission.
    """
    chain_id = desk.pin(desk.home(make=True)).chain_id
    made = desk.make_key(desk.home(), member, did=did, algorithm=algorithm)
    proof = key_possession(made.key, chain_id=chain_id, did=did, role=GOVERNANCE)
    public = cbor.encode(made.key.public.cose_key).hex()
    possession = {GOVERNANCE: proof.hex()}
    desk.say(
        as_json_, f"{member} {did} {public}", name=member, did=did, governance=public, possession=possession
    )


@cli.command()
@click.argument("agreement", type=desk.a_file)
@desk.as_member
@click.option("--expires", help="When the vote ends: a date, a time or seconds; else in seven days.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Else AGREEMENT.MEMBER.sig")
@desk.as_json
def sign(agreement: Path, member: str, expires: str | None, out: Path | None, as_json_: bool) -> None:
    """Sign AGREEMENT (JSON) as one of its parties.

    All parties sign for the same end of the vote, and the proposal ends then.
    """
    key, now = desk.open_key(member), desk.now()
    end = proposing.moment(expires) if expires else proposing.end_of_day(now, days=DEFAULT_DAYS)
    terms = proposing.agreement_terms(
        desk.read_json(agreement), chain_id=desk.pin(desk.home()).chain_id, expires=end
    )
    if key.did not in terms.parties:
        raise InputError(f"{key.did} is no party of this agreement")
    signed = PartySignature(key.did, end, sign_agreement(terms, party=key.did, key=key.key))
    place = out or agreement.with_name(f"{agreement.name}.{member}.sig")
    place.write_bytes(jcs.canonicalize(signed.to_json()))
    desk.say(as_json_, str(place), file=str(place), digest=terms.digest.hex(), **signed.to_json())


@cli.group()
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
    _propose(["remove", {"member": did}], **common)


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


@cli.command()
@click.argument("proposal")
@click.argument("answer", type=click.Choice(["yes", "no"]))
@desk.as_member
@desk.as_json
def vote(proposal: str, answer: str, member: str, as_json_: bool) -> None:
    """Vote yes or no on PROPOSAL (its id, or the beginning of it)."""
    client, now = desk.client(), desk.now()
    proposal_id = _find(client, proposal)
    desk.submit(client, member, "vote", {"proposal": proposal_id, "yes": answer == "yes"}, at=now)
    _tell(client, proposal_id, as_json_)


@cli.command()
@click.argument("proposal")
@desk.as_member
@desk.as_json
def withdraw(proposal: str, member: str, as_json_: bool) -> None:
    """Take one's own PROPOSAL back."""
    client, now = desk.client(), desk.now()
    proposal_id = _find(client, proposal)
    desk.submit(client, member, "withdraw", {"proposal": proposal_id}, at=now)
    _tell(client, proposal_id, as_json_)


def _propose(action: list[Any], *, member: str, expires: str | None, as_json_: bool) -> None:
    client, now = desk.client(), desk.now()
    end = proposing.moment(expires) if expires else proposing.end_of_day(now, days=DEFAULT_DAYS)
    statement = desk.submit(client, member, "propose", {"action": action, "expires": end}, at=now)
    _tell(client, parse_statement(statement).proposal_id, as_json_)


def _tell(client: LedgerClient, proposal_id: bytes, as_json_: bool) -> None:
    """Say how a proposal stands."""
    found = client.listed(f"/v1/proposals/{proposal_id.hex()}")
    line = f"{found['id']} {found['action']} {found['status']}"
    if found["status"] == "open":
        line += f" ({len(found['yes'])} of {found['members']} yes, {found['missing']} more needed)"
    found.pop("singleOperator", None)
    desk.say(as_json_, line, **found)


def _find(client: LedgerClient, text: str) -> bytes:
    """Return the id of the one proposal that begins with ``text``: the open ones, and the newest others."""
    listed = [proposal.id.hex() for proposal in client.proposals(now=desk.now())]
    found = [proposal_id for proposal_id in listed if proposal_id.startswith(text.lower())]
    if len(found) != 1:
        raise InputError(f"{len(found)} proposals begin with {text}")
    return bytes.fromhex(found[0])
