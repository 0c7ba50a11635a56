"""``vocred issuer agreement …``: agreements without a browser.

A document comes as JSON from a file; everything else is what the pages do. What others are owed is carried
at once, and by the worker from then on.
"""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from crypto import strict_json
from issuer import institution
from issuer.agreements import (
    carrying,
    dry_run,
    listing,
    naming,
    parties,
    proposing,
    shown,
    signing,
    store,
    texts,
)
from issuer.agreements.dry_run import DryRun
from issuer.agreements.texts import Text
from issuer.agreements.worker import LOCK
from issuer.command_line import Session, governance_passphrase, now, opened, say
from issuer.errors import InvalidActError
from ledger.proposing import end_of_day, moment
from vc.dates import CHINA

VOTE_DAYS = 14
_LOOK_SECONDS = 0.2
_A_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

as_officer = click.option("--as", "name", required=True, help="The officer.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
expires = click.option("--expires", help="When the vote ends: a date, a time or seconds; else in 14 days.")


@click.group()
def agreement() -> None:
    """Draft, sign, run dry, propose and end recognition agreements."""


@agreement.command("draft")
@click.argument("file", type=_A_FILE)
@expires
@as_officer
@as_json
def draft(file: Path, expires: str | None, name: str, as_json: bool) -> None:
    """Check the document in FILE, fix it as a text, and hand it to everybody whom it concerns.

    A document without an id gets the next free one. The same file again, with a later --expires, begins the
    signatures anew.
    """
    value = strict_json.parse(file.read_bytes())
    if not isinstance(value, dict):
        raise InvalidActError("the file holds no JSON object")
    with opened(ledger=True) as session:
        actor = session.officer(name)
        document = _named(session, value)
        version = document.get("version")
        before = listing.earlier(
            session.parts,
            str(document.get("id")),
            version=version if type(version) is int else 1,
            now=session.now,
        )
        text = texts.fix(
            session.db,
            actor=actor,
            document=document,
            expires=_end_of_vote(session, expires),
            earlier=before,
            now=session.now,
        )
        _carry(session, text.digest)
        say(_told(session, text.digest), as_json=as_json)


@agreement.command("list")
@click.option("--all", "everybody", is_flag=True, help="Also those that do not concern this institution.")
@as_json
def list_(everybody: bool, as_json: bool) -> None:
    """List the agreements, with how far each is."""
    with opened(ledger=True) as session:
        found = listing.overview(session.db, session.parts, everybody=everybody, now=session.now)
    items = found.items if everybody else found.mine
    if as_json:
        say({"agreements": [item.to_json() for item in items], "ledgerSilent": found.silent}, as_json=True)
        return
    for item in items:
        click.echo(f"{item.digest.hex()[:16]} {item.name} {item.state} {item.document['title']['zh-CN']}")


@agreement.command("show")
@click.argument("digest")
@as_json
def show(digest: str, as_json: bool) -> None:
    """Print the text with DIGEST (or its beginning) in words, and how far each party is."""
    with opened(ledger=True) as session:
        found = texts.find(session.db, digest)
        words = shown.describe(found.document, parties.directory(session.parts)).to_json()
        told = _told(session, found.digest)
    if as_json:
        say({**told, "text": words}, as_json=True)
        return
    for section in words:
        click.echo(f"{section['heading']['zh-CN']} / {section['heading']['en']}")
        for clause in section["clauses"]:
            click.echo(f"  {clause['zh-CN']}\n  {clause['en']}")
    say(told, as_json=False)


@agreement.command("sign")
@click.argument("digest")
@click.option("--signature", type=_A_FILE, help="Take in another party's signature from a file instead.")
@as_officer
@as_json
def sign(digest: str, signature: Path | None, name: str, as_json: bool) -> None:
    """Sign the text with DIGEST (or its beginning) with the governance key, and send the signature."""
    with opened(ledger=True) as session:
        actor, found = session.officer(name), _confirmed(session, digest)
        if signature is not None:
            brought = signing.read(strict_json.parse(signature.read_bytes()))
            signing.receive(
                session.db,
                session.parts,
                digest=found.digest,
                signature=brought,
                actor=actor,
                now=session.now,
            )
        else:
            signing.sign(
                session.db,
                session.parts,
                actor=actor,
                digest=found.digest,
                passphrase=governance_passphrase(),
                now=session.now,
            )
        _carry(session, found.digest)
        say(_told(session, found.digest), as_json=as_json)


@agreement.command("dry-run")
@click.argument("digest")
@as_officer
@as_json
def dry_run_(digest: str, name: str, as_json: bool) -> None:
    """Run the text with DIGEST over this issuer's own certificates of the last 12 months.

    Progress goes to standard error. A command that was killed goes on where it was.
    """
    with opened(ledger=True) as session:
        found = _confirmed(session, digest)
        run = dry_run.begin(session.db, actor=session.officer(name), digest=found.digest, now=session.now)
        while run.state != "done":
            run = _run(session, found.digest)
        _carry(session, found.digest)
        waiting = [each for each in store.errands(session.db, found.digest) if each["kind"] == "dry-run"]
        put = all(each["state"] == "done" for each in waiting)
        say({**run.to_json(), "put": put}, as_json=as_json)


@agreement.command("propose")
@click.argument("digest")
@as_officer
@as_json
def propose(digest: str, name: str, as_json: bool) -> None:
    """Put the text with DIGEST, signed by every party, before the members."""
    with opened(ledger=True) as session:
        found = texts.find(session.db, digest)
        proposal = proposing.propose(
            session.db,
            session.parts,
            actor=session.officer(name),
            digest=found.digest,
            passphrase=governance_passphrase(),
            now=session.now,
        )
        _carry(session, found.digest)
        say({"proposal": proposal.hex(), "digest": found.digest.hex()}, as_json=as_json)


@agreement.command("end")
@click.argument("name_of_agreement", metavar="URN")
@expires
@as_officer
@as_json
def end(name_of_agreement: str, expires: str | None, name: str, as_json: bool) -> None:
    """Propose to end the agreement URN; credit that was granted stays."""
    with opened(ledger=True) as session:
        proposal = proposing.end(
            session.db,
            session.parts,
            actor=session.officer(name),
            agreement_id=name_of_agreement,
            passphrase=governance_passphrase(),
            expires=_end_of_vote(session, expires),
            now=session.now,
        )
        say({"proposal": proposal.hex(), "agreement": name_of_agreement}, as_json=as_json)


COMMANDS = (agreement,)
"""What ``issuer.cli`` adds."""


def _run(session: Session, digest: bytes) -> DryRun:
    """Carry the run on here, or wait a moment for the worker that has begun to."""
    with session.parts.alone(LOCK) as alone:
        if alone:
            return dry_run.run(session.db, digest=digest, now=now(), tell=_progress)
    time.sleep(_LOOK_SECONDS)
    found = dry_run.current(session.db, digest)
    assert found is not None  # begun before
    _progress(found)
    return found


def _progress(found: DryRun) -> bool:
    click.echo(f"{found.examined:,} of {found.total:,}, {found.accepted:,} recognised", err=True)
    return True


def _named(session: Session, document: dict[str, Any]) -> dict[str, Any]:
    if "id" in document:
        return document
    did = institution.load(session.db).did
    year = datetime.fromtimestamp(session.now, CHINA).year
    name = naming.identifier(naming.short_name(did), year=year, known=store.known_ids(session.db))
    return {"id": name, **document}


def _end_of_vote(session: Session, text: str | None) -> int:
    return end_of_day(session.now, days=VOTE_DAYS) if text is None else moment(text)


def _confirmed(session: Session, digest: str) -> Text:
    """Return a text; one that nobody has confirmed yet is asked about now."""
    found = texts.find(session.db, digest)
    if found.state == "unconfirmed":
        _carry(session, found.digest)
    return texts.load(session.db, found.digest)


def _carry(session: Session, digest: bytes) -> None:
    carrying.carry(session.db, session.parts, carrying.fetcher(session.parts), digest=digest, now=now())


def _told(session: Session, digest: bytes) -> dict[str, Any]:
    text = texts.load(session.db, digest)
    own = institution.load(session.db).did
    told = [
        {"did": each.did, "roles": list(each.roles), "state": each.state, "problem": each.problem}
        for each in parties.standings(session.db, text, own=own)
    ]
    return {
        "digest": digest.hex(),
        "agreement": text.agreement_id,
        "version": text.version,
        "expires": text.expires,
        "state": text.state,
        "parties": [each for each in told if each["roles"]],
        "issuers": [each for each in told if not each["roles"]],
    }
