"""``vocred issuer bank …``: the credit bank without a browser."""

import json
from pathlib import Path
from typing import Any

import click

from issuer.bank import accounts, confirming, listing, reviews, role, statements
from issuer.bank.desk import desk_of
from issuer.command_line import Session, opened, say, settle, two
from issuer.errors import ForbiddenError

as_officer = click.option("--as", "name", required=True, help="The officer.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def bank() -> None:
    """Keep learners' credit accounts: enrol, confirm conversions, reconcile, export."""


@bank.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_officer
@as_json
def enrol(file: Path, name: str, as_json: bool) -> None:
    """Take over a college's enrolment list (CSV): accounts, and who studies what where."""
    with opened(ledger=True) as session:
        actor = session.officer(name)
        found = accounts.enrol(
            session.db,
            session.parts,
            actor=actor,
            content=file.read_bytes(),
            colleges=listing.colleges(desk_of(session.parts), now=session.now),
            now=session.now,
        )
        refused = [{"line": line, "reason": reason} for line, reason in found.refused]
        answer = {"opened": found.opened, "added": found.added, "known": found.known, "refused": refused}
        say(answer, as_json=as_json)


@bank.command()
@click.option(
    "--state",
    type=click.Choice(["submitted", "registered", "returned", "declined"]),
    help="Only applications in this state.",
)
@as_json
def applications(state: str | None, as_json: bool) -> None:
    """List the applications, those that wait for an officer first."""
    with opened() as session:
        found = listing.applications(session.db, state)
    _say_list("applications", found, "id state name agreement", as_json=as_json)


@bank.command()
@click.argument("application")
@as_officer
@as_json
def confirm(application: str, name: str, as_json: bool) -> None:
    """Confirm APPLICATION: verified and evaluated anew, it is registered or returned."""
    with opened(ledger=True) as session:
        desk = desk_of(session.parts)
        role.require(session.db, desk, now=session.now)
        confirming.confirm(
            session.db,
            session.parts,
            desk,
            application_id=application,
            actor=session.officer(name),
            now=session.now,
        )
        _after(session, application, as_json=as_json)


@bank.command("return")
@click.argument("application")
@click.option("--reason", required=True, help="What the learner is told.")
@as_officer
@as_json
def return_(application: str, reason: str, name: str, as_json: bool) -> None:
    """Return APPLICATION to the learner, saying why."""
    with opened() as session:
        confirming.send_back(
            session.db, application_id=application, note=reason, actor=session.officer(name), now=session.now
        )
        say(listing.application(session.db, application), as_json=as_json)


@bank.command()
@as_json
def reconcile(as_json: bool) -> None:
    """Read the issuers' status lists now; a revoked source opens a review of what rests on it."""
    with opened(ledger=True) as session:
        found = reviews.reconcile(session.db, desk_of(session.parts), now=session.now)
        answer = {
            "lookedAt": found.looked_at,
            "revoked": found.revoked,
            "withdrawn": found.withdrawn,
            "opened": found.opened,
            "unavailable": list(found.unavailable),
        }
        say(answer, as_json=as_json)
    if found.unavailable:
        raise click.exceptions.Exit(1)


@bank.command("reviews")
@click.option("--all", "everything", is_flag=True, help="Decided ones too.")
@as_json
def reviews_(everything: bool, as_json: bool) -> None:
    """List the conversions whose source was revoked or corrected."""
    with opened() as session:
        found = listing.reviews(session.db, open_only=not everything)
    _say_list("reviews", found, "id cause account rule", as_json=as_json)


@bank.command("decide-review")
@click.argument("review", type=int)
@click.argument("decision", type=click.Choice(reviews.DECISIONS))
@as_officer
@click.option("--approved-by", "checker", help="The second officer, where the conversion ends.")
@as_json
def decide_review(review: int, decision: str, name: str, checker: str | None, as_json: bool) -> None:
    """Decide REVIEW: keep the conversion, cancel it, or have it issued anew for the corrected certificate."""
    with opened(ledger=decision != reviews.KEEP) as session:
        actor = session.officer(name)
        if decision == reviews.KEEP:
            reviews.keep(session.db, review_id=review, actor=actor, now=session.now)
        else:
            if checker is None:
                raise ForbiddenError("ending a conversion takes a second officer: --approved-by OFFICER")
            arguments = {"decision": decision}
            second = session.officer(checker)
            two(session, actor, second, kind=reviews.ACT, subject=str(review), arguments=arguments)
            settle(session)
        say(listing.review(session.db, review), as_json=as_json)


@bank.command("accounts")
@click.option("--find", "text", default="", help="Part of a name or number.")
@as_json
def accounts_(text: str, as_json: bool) -> None:
    """List the accounts."""
    with opened() as session:
        found = listing.accounts(session.db, text=text)
    _say_list("accounts", found, "account name conversions", as_json=as_json)


@bank.command()
@click.argument("account")
@as_json
def statement(account: str, as_json: bool) -> None:
    """Print the statement of ACCOUNT."""
    with opened() as session:
        say(statements.statement(session.db, account), as_json=as_json)


@bank.command()
@click.option("--csv", "as_csv", is_flag=True, help="CSV for outside credit-bank platforms.")
@click.option("--to", "target", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@as_json
def export(as_csv: bool, target: Path | None, as_json: bool) -> None:
    """Export every conversion, to be reconciled elsewhere."""
    if as_csv == as_json:
        raise click.UsageError("choose one of --csv and --json")
    with opened() as session:
        if as_csv:
            content = statements.export_csv(session.db)
        else:
            document = {"conversions": statements.export_rows(session.db)}
            content = (json.dumps(document, ensure_ascii=False) + "\n").encode()
    if target is None:
        click.echo(content, nl=False)
    else:
        target.write_bytes(content)
        click.echo(f"wrote {target}")


def _after(session: Session, application_id: str, *, as_json: bool) -> None:
    """Bring what was registered to the ledger, and say how it stands."""
    settle(session)
    say(listing.application(session.db, application_id), as_json=as_json)


def _say_list(name: str, found: list[dict[str, Any]], columns: str, *, as_json: bool) -> None:
    if as_json:
        say({name: found}, as_json=True)
        return
    for item in found:
        click.echo("  ".join(str(item[column]) for column in columns.split()))


COMMANDS = (bank,)
