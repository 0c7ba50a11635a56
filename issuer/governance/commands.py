"""``vocred issuer``: the member's governance key, proposals and votes without a browser.

The officer named by ``--as`` gives the passphrase in ``ISSUER_PASSPHRASE_<NAME>`` and, for one act, that of
the governance key in ``ISSUER_GOVERNANCE_PASSPHRASE``.
"""

from typing import Any

import click

from issuer.audit import Actor
from issuer.command_line import Session, governance_passphrase, opened, say
from issuer.governance import acting, keys, reading
from issuer.governance.acting import Done
from issuer.ledger_client import client_of
from ledger import proposing

as_officer = click.option("--as", "name", required=True, help="The officer; the role is governance.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command("governance-key")
@click.option("--as", "name", help="The officer who makes it; without, print the public half.")
@click.option("--algorithm", type=click.Choice(["Ed25519", "P-256"]), default="Ed25519", show_default=True)
@as_json
def governance_key(name: str | None, algorithm: str, as_json: bool) -> None:
    """Make the member's governance key, and print what the consortium needs to admit the member.

    It prints what `vocred ledger keygen --json` prints. The key is sealed under ISSUER_GOVERNANCE_PASSPHRASE.
    """
    with opened(ledger=True) as session:
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


@click.group()
def propose() -> None:
    """Propose something to the members in this member's name; proposing is not voting."""


@propose.command("agreement.end")
@click.argument("agreement")
@click.option("--expires", help="When the vote ends: a date, a time or seconds; else in seven days.")
@as_officer
@as_json
def propose_end(agreement: str, expires: str | None, name: str, as_json: bool) -> None:
    """Propose to end the AGREEMENT of that identifier, in all its versions."""
    with opened(ledger=True) as session:
        done = _propose(session, session.officer(name), proposing.end_agreement(agreement), expires)
        _tell(session, done, as_json=as_json)


@propose.command("remove")
@click.argument("did")
@click.option("--expires", help="When the vote ends: a date, a time or seconds; else in seven days.")
@as_officer
@as_json
def propose_remove(did: str, expires: str | None, name: str, as_json: bool) -> None:
    """Propose that the member DID leaves."""
    with opened(ledger=True) as session:
        done = _propose(session, session.officer(name), ["remove", {"member": did}], expires)
        _tell(session, done, as_json=as_json)


COMMANDS = (governance_key, proposals, vote, withdraw, propose)
"""What ``issuer.cli`` adds."""


def _propose(session: Session, actor: Actor, action: list[Any], expires: str | None) -> Done:
    return acting.propose(
        session.db,
        session.parts,
        actor=actor,
        passphrase=governance_passphrase(),
        action=action,
        expires=None if expires is None else proposing.moment(expires),
        now=session.now,
    )


def _tell(session: Session, done: Done, *, as_json: bool) -> None:
    """Print how the proposal stands after the act, and the act's own entry."""
    found = client_of(session.parts).proposal(done.proposal, now=session.now)
    assert found is not None  # the ledger took a statement about it
    say({**reading.as_json(found), "entry": done.entry_index}, as_json=as_json)
