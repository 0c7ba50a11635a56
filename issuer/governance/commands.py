"""``vocred issuer``: the member's governance key, proposals and votes without a browser.

The officer named by ``--as`` gives the passphrase in ``ISSUER_PASSPHRASE_<NAME>`` and, for one act, that of
the governance key in ``ISSUER_GOVERNANCE_PASSPHRASE``.
"""

import hashlib
from pathlib import Path
from typing import Any

import click

from issuer.command_line import Session, governance_passphrase, opened, say
from issuer.errors import UnknownError
from issuer.governance import acting, keys, reading, rotating
from issuer.governance.acting import Done
from issuer.ledger_client import client_of
from ledger import proposal_commands, proposing
from ledger.proposal_commands import Make, Proposals

as_officer = click.option("--as", "name", required=True, help="The officer; the role is governance.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command("governance-key")
@click.option("--as", "name", help="The officer who makes it; without, print the public half.")
@click.option("--algorithm", type=click.Choice(["Ed25519", "P-256"]), default="Ed25519", show_default=True)
@click.option("--next", "following", is_flag=True, help="The key that is to follow, such as for a lost one.")
@as_json
def governance_key(name: str | None, algorithm: str, following: bool, as_json: bool) -> None:
    """Make the member's governance key, and print what the consortium needs to admit the member.

    It prints what `vocred ledger keygen --json` prints. The key is sealed under ISSUER_GOVERNANCE_PASSPHRASE.
    With --next it makes the one that another member proposes in the place of a lost one; without --as it asks
    the ledger whether that was decided.
    """
    with opened(ledger=True) as session:
        if following:
            say(_next_key(session, name, algorithm), as_json=as_json)
            return
        if name is not None and not keys.exists(session.db):
            keys.make(
                session.db,
                session.parts,
                actor=session.officer(name),
                passphrase=governance_passphrase(),
                algorithm=algorithm,
                now=session.now,
            )
        say(keys.public_half(session.db), as_json=as_json)


@click.command()
@click.option("--open", "only_open", is_flag=True, help="Only those that may be voted on.")
@as_json
def proposals(only_open: bool, as_json: bool) -> None:
    """List the proposals with their votes, proved by the ledger's state, newest first."""
    with opened(ledger=True) as session:
        found = client_of(session.parts).proposals(now=session.now)
        listed = [reading.as_json(each) for each in found if each.is_open or not only_open]
    if as_json:
        say({"proposals": listed}, as_json=True)
        return
    for item in listed:
        votes = f"{len(item['yes'])} yes, {len(item['no'])} no of {item['members']}"
        missing = f", {item['missing']} more needed" if item["status"] == "open" else ""
        click.echo(f"{item['id'][:16]} {item['action']} {item['status']} ({votes}{missing})")


@click.command()
@click.argument("proposal")
@click.argument("answer", type=click.Choice(["yes", "no"]))
@as_officer
@as_json
def vote(proposal: str, answer: str, name: str, as_json: bool) -> None:
    """Cast the member's vote on PROPOSAL (its id, or the beginning of it)."""
    with opened(ledger=True) as session:
        actor = session.officer(name)
        found = reading.find(client_of(session.parts), proposal, now=session.now)
        done = acting.vote(
            session.db,
            session.parts,
            actor=actor,
            passphrase=governance_passphrase(),
            proposal=found.id,
            yes=answer == "yes",
            now=session.now,
        )
        _tell(session, done, as_json=as_json)


@click.command("withdraw-proposal")
@click.argument("proposal")
@as_officer
@as_json
def withdraw(proposal: str, name: str, as_json: bool) -> None:
    """Take the member's own PROPOSAL (its id, or the beginning of it) back."""
    with opened(ledger=True) as session:
        actor = session.officer(name)
        found = reading.find(client_of(session.parts), proposal, now=session.now)
        done = acting.withdraw(
            session.db,
            session.parts,
            actor=actor,
            passphrase=governance_passphrase(),
            proposal=found.id,
            now=session.now,
        )
        _tell(session, done, as_json=as_json)


def _speak(make: Make, *, member: str, expires: str | None, as_json_: bool) -> None:
    """Sign a proposal with the member's own key; ``member`` is the officer who opens it."""
    with opened(ledger=True) as session:
        actor = session.officer(member)
        done = acting.propose(
            session.db,
            session.parts,
            actor=actor,
            passphrase=governance_passphrase(),
            action=make(client_of(session.parts), session.now),
            expires=None if expires is None else proposing.moment(expires),
            now=session.now,
        )
        _tell(session, done, as_json=as_json_)


propose = Proposals(
    "propose",
    speak=_speak,
    help="Propose something to the members in this member's name; proposing is not voting.",
)
for _command in proposal_commands.COMMANDS:
    propose.add_command(_command)


@click.command()
@click.option("--role", type=click.Choice(proposing.ROTATED_ROLES), required=True)
@click.option("--compromised-since", "theft", help="Since when another may have had it: a date or a time.")
@as_officer
@as_json
def rotate(role: str, theft: str | None, name: str, as_json: bool) -> None:
    """Put another key in the place of one of the member's own, or name its newest DID document.

    The next governance key is made here, and sealed under ISSUER_GOVERNANCE_PASSPHRASE_NEXT.
    """
    with opened(ledger=True) as session:
        given: dict[str, Any] = {
            "actor": session.officer(name),
            "passphrase": governance_passphrase(),
            "compromised_since": None if theft is None else proposing.moment(theft),
            "now": session.now,
        }
        if role == "governance":
            phrase = governance_passphrase(following=True)
            done = rotating.rotate_governance(session.db, session.parts, new_passphrase=phrase, **given)
        elif role == "submission":
            done = rotating.rotate_submission(session.db, session.parts, **given)
        else:
            done = rotating.rotate_document(session.db, session.parts, **given)
        say({"role": role, "entry": done.entry_index}, as_json=as_json)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--id", "schema_id", required=True, help="The URL that is the schema's id.")
@as_officer
@as_json
def schema(file: Path, schema_id: str, name: str, as_json: bool) -> None:
    """Name the schema in FILE under its id on the ledger; the id keeps the digest of these bytes for ever."""
    content = file.read_bytes()
    digest = hashlib.sha256(content)
    with opened(ledger=True) as session:
        done = rotating.put_schema(
            session.db,
            session.parts,
            actor=session.officer(name),
            passphrase=governance_passphrase(),
            schema_id=schema_id,
            digest=digest.digest(),
            now=session.now,
        )
        client_of(session.parts).put_object(content)
        say({"id": schema_id, "digest": digest.hexdigest(), "entry": done.entry_index}, as_json=as_json)


COMMANDS = (governance_key, proposals, vote, withdraw, propose, rotate, schema)
"""What ``issuer.cli`` adds."""


def _next_key(session: Session, name: str | None, algorithm: str) -> dict[str, Any]:
    """Make the key that is to follow, or say what became of it."""
    if name is not None:
        return keys.make_next(
            session.db,
            session.parts,
            actor=session.officer(name),
            passphrase=governance_passphrase(),
            algorithm=algorithm,
            now=session.now,
        )
    if keys.adopt(session.db, session.parts, now=session.now):
        return keys.public_half(session.db)
    waiting = keys.next_half(session.db)
    if waiting is None:
        raise UnknownError("no key is to follow; make it with --as")
    return waiting


def _tell(session: Session, done: Done, *, as_json: bool) -> None:
    """Print how the proposal stands after the act, and the act's own entry."""
    assert done.proposal is not None  # a proposal, a vote or a withdrawal
    found = client_of(session.parts).proposal(done.proposal, now=session.now)
    assert found is not None  # the ledger took a statement about it
    say({**reading.as_json(found), "entry": done.entry_index}, as_json=as_json)
