"""``vocred ledger``: what a member's governance officer does, and the beginning of a ledger.

A command opens the sealed key of ``--as MEMBER`` for one act, signs, and talks to the node at
``LEDGER_URL``; what the node answers is checked against the pin. Files lie in ``LEDGER_HOME``: ``pin`` (or
``LEDGER_PIN``), ``keys/``.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from crypto import cbor, jcs
from crypto.keys import PublicKey
from ledger import desk, proposal_commands, proposal_desk, proposing, supervision_commands, watch_commands
from ledger.client import LedgerClient
from ledger.desk import Outside
from ledger.joining import commands
from ledger.mirror import commands as mirror_commands
from ledger.proposal_commands import DEFAULT_DAYS
from ledger.proposing import InputError, PartySignature
from ledger.registry import GOVERNANCE
from ledger.statements import key_possession, sign_agreement

__all__ = ["Outside", "cli"]


@click.group()
def cli() -> None:
    """Keep the consortium's ledger: keys, proposals, votes."""


cli.add_command(proposal_desk.propose)
cli.add_command(supervision_commands.supervision)
for _command in (*commands.COMMANDS, *watch_commands.COMMANDS, *mirror_commands.COMMANDS):
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
    proposal_desk.tell(client, proposal_id, as_json_)


@cli.command()
@click.argument("proposal")
@desk.as_member
@desk.as_json
def withdraw(proposal: str, member: str, as_json_: bool) -> None:
    """Take one's own PROPOSAL back."""
    client, now = desk.client(), desk.now()
    proposal_id = _find(client, proposal)
    desk.submit(client, member, "withdraw", {"proposal": proposal_id}, at=now)
    proposal_desk.tell(client, proposal_id, as_json_)


@cli.command()
@proposal_commands.rotated
@desk.as_member
@desk.as_json
def rotate(keys: Path, role: str, theft: str | None, member: str, as_json_: bool) -> None:
    """Put another key, or another DID document, in the place of MEMBER's own.

    The governance key decides it, also about itself: make the next one with `keygen` under another name.
    """
    since = proposal_commands.moment_or_none(theft)
    body = proposing.rotate_key(desk.read_json(keys), role=role, compromised_since=since)
    client, now = desk.client(), desk.now()
    desk.submit(client, member, "key.rotate", body, at=now)
    new = (
        body["value"]
        if isinstance(body["value"], bytes)
        else PublicKey.from_cose_key(body["value"]).thumbprint
    )
    desk.say(as_json_, f"{role} {new.hex()}", role=role, new=new.hex(), compromisedSince=since)


@cli.command()
@click.argument("schema", type=desk.a_file)
@click.option("--id", "schema_id", required=True, help="The URL that is the schema's id.")
@desk.as_member
@desk.as_json
def schema(schema: Path, schema_id: str, member: str, as_json_: bool) -> None:
    """Name SCHEMA (a file) under its id, and leave it with the mirrors; the id keeps its digest for ever."""
    content = schema.read_bytes()
    digest = hashlib.sha256(content).digest()
    client, now = desk.client(), desk.now()
    desk.submit(client, member, "schema.put", proposing.put_schema(schema_id, digest), at=now)
    client.put_object(content)
    desk.say(as_json_, f"{schema_id} {digest.hex()}", id=schema_id, digest=digest.hex())


def _find(client: LedgerClient, text: str) -> bytes:
    """Return the id of the one proposal that begins with ``text``: the open ones, and the newest others."""
    listed = [proposal.id.hex() for proposal in client.proposals(now=desk.now())]
    found = [proposal_id for proposal_id in listed if proposal_id.startswith(text.lower())]
    if len(found) != 1:
        raise InputError(f"{len(found)} proposals begin with {text}")
    return bytes.fromhex(found[0])
