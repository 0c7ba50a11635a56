"""``vocred issuer …``: the institution's acts without a browser.

Every officer named gives the passphrase in ``ISSUER_PASSPHRASE_<NAME>`` or the act is refused; the audit
log says "command line". With ``--json`` a command prints one JSON object. The exit status is 0 only if the
act was done.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlite_utils import Database

from issuer import (
    anchoring,
    approval,
    batches,
    guard,
    institution,
    issuance,
    mirroring,
    offers,
    officers,
    printing,
    records,
    settings,
    standing,
)
from issuer.agreements.commands import COMMANDS as AGREEMENTS
from issuer.audit import Actor
from issuer.bank.commands import COMMANDS as BANK
from issuer.command_line import (
    LOOK_SECONDS,
    Session,
    approve_act,
    now,
    opened,
    passphrase_of,
    say,
    settle,
    two,
)
from issuer.correcting.commands import COMMANDS as CORRECTING
from issuer.cosigning.commands import COMMANDS as COSIGNING
from issuer.counting_commands import COMMANDS as COUNTING
from issuer.errors import ForbiddenError, InvalidActError, SameOfficerError
from issuer.governance.commands import COMMANDS as GOVERNANCE
from issuer.importing import ImportCheck, ImportInstitution, Pile, check, to_json
from issuer.importing.commands import COMMANDS as IMPORTING
from issuer.migrations import migrations
from issuer.parts import Parts, make_parts
from ledger.errors import LedgerError
from ledger.statements import SUBMISSION, key_possession
from schemas.catalogue import CATALOGUE
from vc.dates import CHINA
from vc.notices import REASONS
from web import database
from web.database import transaction
from web.errors import SettingsError
from web.migrations import migrate as apply_migrations


@click.group()
def cli() -> None:
    """Import, approve, sign, anchor, offer and revoke certificates."""


@cli.command()
@click.option("--officer", "names", multiple=True, help="One of the first two officers; give it twice.")
@click.option("--add-officer", "added", help="Add an officer while fewer than two can sign in.")
@click.option("--lost", help="With --add-officer: this officer cannot sign in any more.")
def init(names: tuple[str, ...], added: str | None, lost: str | None) -> None:
    """Make database, secret, keys and the first two officers from the ISSUER_ variables."""
    if added is not None:
        with opened() as session:
            if lost is not None:
                officers.declare_lost(session.db, name=lost, now=session.now)
            officers.add_from_host(session.db, name=added, passphrase=passphrase_of(added), now=session.now)
        click.echo(f"added officer {added}")
        return
    if len(set(names)) != 2:
        raise click.UsageError("two different officers are needed: --officer NAME --officer NAME")
    read = settings.read(os.environ, make_secret=True)
    hashes = {name: officers.hash_passphrase(passphrase_of(name)) for name in names}
    apply_migrations(read.database, migrations, once=True)
    db = database.connect(read.database)
    try:
        _found(db, make_parts(read), hashes, now=now())
    finally:
        db.close()
    click.echo(f"initialised {os.environ['ISSUER_DID']}")


@cli.command()
def migrate() -> None:
    """Apply pending migrations to the database."""
    read = settings.read(os.environ)
    names = apply_migrations(read.database, migrations, once=True)
    click.echo(f"applied {len(names)} migrations")


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def registration(as_json: bool) -> None:
    """Print what the consortium needs to register this issuer."""
    with opened(ledger=True) as session:
        document = _registration(session)
    click.echo(json.dumps(document, ensure_ascii=False, indent=None if as_json else 2))


@cli.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--type", "credential_type", required=True, type=click.Choice(sorted(CATALOGUE)))
@click.option("--check", "only_check", is_flag=True, help="Say what the file holds; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--institution-name", help="With --check: the body's name, where no issuer is set up.")
@click.option("--institution-code", help="With --check: the college's code, where its type has one.")
@click.option("--as", "maker", help="The officer who makes the batch.")
@click.option("--confirm", is_flag=True, help="Confirm the rows that wait for it.")
def import_(  # noqa: PLR0917 - click passes the options in this order
    file: Path,
    credential_type: str,
    only_check: bool,
    as_json: bool,
    institution_name: str | None,
    institution_code: str | None,
    maker: str | None,
    confirm: bool,
) -> None:
    """Check a registrar's FILE, and submit its rows as a batch for another officer to approve."""
    if only_check and institution_name is not None:
        body = ImportInstitution(name=institution_name, code=institution_code)
        found = check(
            file.read_bytes(),
            filename=file.name,
            credential_type=credential_type,
            institution=body,
            today=datetime.now(CHINA).date(),
        )
        say(to_json(found), as_json=as_json)
        return
    with opened() as session:
        known = institution.load(session.db)
        found = check(
            file.read_bytes(),
            filename=file.name,
            credential_type=credential_type,
            institution=known.registrar,
            today=datetime.now(CHINA).date(),
            issued=batches.lookup(session.db, session.parts, credential_type),
        )
        if only_check:
            say(to_json(found), as_json=as_json)
            return
        if maker is None:
            raise click.UsageError("name the officer who makes the batch: --as OFFICER")
        actor = session.officer(maker)
        if all(row.pile is Pile.SKIPPED for row in found.rows):
            say(_nothing_new(found), as_json=as_json)
            return
        if not found.counts.issuable:
            raise InvalidActError("no row of this file can be signed; --check says why")
        batch_id = batches.create(
            session.db,
            session.parts,
            actor=actor,
            credential_type=credential_type,
            rows=batches.new_rows(session.parts, found),
            source_name=found.filename,
            source=file.read_bytes(),
            report={"structure": to_json(found)["structure"]},
            now=session.now,
        )
        if confirm:
            batches.confirm(session.db, actor=actor, batch_id=batch_id, now=session.now)
        act = None
        counted = batches.counts(session.db, batch_id)
        # A draft in which every good row waits for a click stays one; the pages go on with it.
        if counted.total:
            act = approval.submit(
                session.db,
                session.parts,
                actor=actor,
                kind="approve-batch",
                subject=batch_id,
                now=session.now,
            )
        say(_batch_summary(session.db, batch_id, act), as_json=as_json)


@cli.command()
@click.argument("batch")
@click.option("--as", "checker", required=True, help="The officer who approves; not the one who made it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def approve(batch: str, checker: str, as_json: bool) -> None:
    """Approve BATCH and sign it; ends when every row is signed or refused."""
    with opened(ledger=True) as session:
        actor = session.officer(checker)
        _ask_registry(session)
        waiting = approval.listing(session.db, kind="approve-batch", subject=batch)
        if waiting:
            approve_act(session, actor, waiting[0].id)
        else:
            _require_approved(session, actor, batch)
        progress = _sign(session, batch)
        answer = {
            "batch": batch,
            "state": progress.state,
            "total": progress.total,
            "signed": progress.signed,
            "failed": progress.failed,
            "problem": progress.problem,
        }
        say(answer, as_json=as_json)
    if progress.state != "issued":
        raise click.exceptions.Exit(1)


@cli.command("print")
@click.argument("batch")
@click.option("--as", "name", required=True, help="The officer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def print_(batch: str, name: str, as_json: bool) -> None:
    """Print the codes and links of BATCH, for a print shop's own layout; open once it is anchored."""
    with opened() as session:
        sheets = printing.certificates(
            session.db,
            session.parts,
            batch_id=batch,
            actor=session.officer(name),
            now=session.now,
            limit=batches.MOST_ROWS,
        )
        verifier = session.parts.settings.verifier_url
    rows = [
        {
            "record": sheet.record.id,
            "number": sheet.record.number,
            "name": sheet.record.holder_name,
            "code": sheet.code.grouped,
            "link": f"{verifier}/C#{sheet.code.text}",
        }
        for sheet in sheets
    ]
    say({"batch": batch, "certificates": rows}, as_json=as_json)


@cli.command()
@click.argument("record")
@click.option("--as", "maker", required=True, help="The officer.")
@click.option("--approved-by", "checker", help="The second officer, where a slip is re-issued.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def offer(record: str, maker: str, checker: str | None, as_json: bool) -> None:
    """Make the claim slip of RECORD (id or certificate number) and mint an offer for it."""
    with opened() as session:
        actor = session.officer(maker)
        found = records.get(session.db, record)
        if not offers.had_slip(session.db, found.id):
            slip = printing.single_slip(
                session.db, session.parts, record_id=found.id, actor=actor, now=session.now
            )
        else:
            if checker is None:
                raise ForbiddenError("this record has a slip: re-issuing takes --approved-by OFFICER")
            slip = two(session, actor, session.officer(checker), kind="reissue-slip", subject=found.id)
        minted = offers.mint_for(session.db, session.parts, slip_id=slip["slip_id"], now=session.now)
        answer = {
            "offer": minted.link,
            "tx_code": slip["pin"],
            "slip": slip["link"],
        }
        say(answer, as_json=as_json)


@cli.command()
@click.argument("record")
@click.option("--reason", required=True, help="One of: " + ", ".join(REASONS))
@click.option("--as", "maker", required=True, help="The officer.")
@click.option("--approved-by", "checker", required=True, help="The second officer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def revoke(record: str, reason: str, maker: str, checker: str, as_json: bool) -> None:
    """Revoke RECORD (id or certificate number), with all its forms, for good."""
    with opened(ledger=True) as session:
        first, second = session.officer(maker), session.officer(checker)
        found = records.get(session.db, record)
        two(session, first, second, kind="revoke", subject=found.id, arguments={"reason": _reason(reason)})
        state = settle(session)
        answer = {"record": found.id, "state": "revoked", "anchored": not anchoring.lists_wait(session.db)}
        say({**answer, "problem": state.problem}, as_json=as_json)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def anchor(as_json: bool) -> None:
    """Bring everything that waits to the ledger now, and fetch the receipts."""
    with opened(ledger=True) as session:
        state = settle(session)
        say({"pending": state.pending, "problem": state.problem}, as_json=as_json)
    if state.problem is not None or state.pending:
        raise click.exceptions.Exit(1)


@cli.command()
@click.option(
    "--now", "at_once", is_flag=True, help="First leave what waits at every mirror that may be tried."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def mirrors(at_once: bool, as_json: bool) -> None:
    """Say which mirrors keep copies of the lists, notices, index and documents, and what waits for them."""
    with opened(ledger=at_once) as session:
        if at_once:
            mirroring.bring_copies(session.db, session.parts, now=session.now)
        say(mirroring.report(session.db), as_json=as_json)


def _found(db: Database, parts: Parts, hashes: Mapping[str, str], *, now: int) -> None:
    wanted = ("DID", "NAME", "NAME_EN", "CREDIT_CODE")
    missing = [f"ISSUER_{name}" for name in wanted if not os.environ.get(f"ISSUER_{name}", "").strip()]
    if missing:
        raise SettingsError("set " + ", ".join(missing))
    given = {name: os.environ[f"ISSUER_{name}"].strip() for name in wanted}
    # Everything in one transaction: a kill leaves either nothing to repeat or all of it.
    with transaction(db):
        institution.found(
            db,
            parts,
            did=given["DID"],
            names={"zh-CN": given["NAME"], "en": given["NAME_EN"]},
            codes={
                "credit": given["CREDIT_CODE"],
                "institution": os.environ.get("ISSUER_INSTITUTION_CODE", "").strip(),
            },
            now=now,
        )
        for name, hashed in hashes.items():
            officers.add(
                db, actor=officers.HOST, name=name, roles=officers.ROLES, passphrase_hash=hashed, now=now
            )


def _registration(session: Session) -> dict[str, Any]:
    if session.parts.ledger is None:
        raise ValueError("registering needs the ledger's pin")
    known = institution.load(session.db)
    key = institution.submission_key(session.db, session.parts.secret)
    body = institution.document(session.db)
    digest = hashlib.sha256(body).hexdigest()
    url = session.parts.settings.url
    chain_id = session.parts.ledger.chain_id
    return {
        "did": known.did,
        "document": json.loads(body),
        "documentDigest": digest,
        "submissionKey": institution.cose_key_hex(key),
        "submissionKeyProof": key_possession(key, chain_id=chain_id, did=known.did, role=SUBMISSION).hex(),
        "credentialDocumentUrl": f"{url}/store/documents/{digest}",
        "names": {"zh": known.name_zh, "en": known.name_en},
        "creditCode": known.credit_code,
        "urls": {"claims": url, "store": f"{url}/store", "lists": f"{url}/status"},
    }


def _ask_registry(session: Session) -> None:
    """Ask the registry how it sees this issuer; when it is silent, its last answer stands."""
    assert session.parts.ledger is not None  # opened with the ledger
    try:
        standing.refresh(session.db, session.parts.ledger, now=session.now)
    except LedgerError as error:
        click.echo(f"the ledger was not asked: {error}", err=True)


def _require_approved(session: Session, actor: Actor, batch_id: str) -> None:
    """Check that a batch was approved and is not signed to its end: a command that was killed left it so."""
    batch = batches.get(session.db, batch_id)
    if batch.state != "approved":
        raise click.ClickException("this batch is not waiting for approval")
    if batch.maker == actor.name:
        raise SameOfficerError("another officer than the one who submitted it goes on")


def _sign(session: Session, batch_id: str) -> batches.Progress:
    """Sign the batch here, or wait for the worker that has begun to."""
    while True:
        issuance.run_all(session.db, session.parts, now=now())
        progress = batches.progress(session.db, batch_id)
        if progress.state != "approved":
            return progress
        # What the clock or an old backup holds up would be waited for in vain.
        guard.require(session.db, now=now())
        time.sleep(LOOK_SECONDS)


def _reason(text: str) -> str:
    """Return the reason's code; its English name is taken too."""
    english = {name.lower(): code for code, name in REASONS.items()}
    return english.get(text.strip().lower(), text)


def _nothing_new(found: ImportCheck) -> dict[str, Any]:
    """The summary of a file whose rows all exist already: no batch is made for it."""
    counts = found.counts
    rows = {"ready": 0, "confirm": 0, "confirmed": 0, "refused": 0, "skipped": counts.skipped}
    return {"batch": None, "act": None, "rows": rows, "records": []}


def _batch_summary(db: Database, batch_id: str, act: str | None) -> dict[str, Any]:
    counted = batches.counts(db, batch_id)
    rows = [
        {"record": row.record_id, "number": row.number, "line": row.line}
        for row in batches.rows(db, batch_id, limit=batches.MOST_ROWS)
        if row.pile == Pile.READY or (row.pile == Pile.CONFIRM and row.confirmed)
    ]
    return {
        "batch": batch_id,
        "act": act,
        "rows": {
            "ready": counted.ready,
            "confirm": counted.confirm,
            "confirmed": counted.confirmed,
            "refused": counted.refused,
            "skipped": counted.skipped,
        },
        "records": rows,
    }


# Each part of the issuer brings its own commands.
for _command in (
    *COUNTING,
    *GOVERNANCE,
    *AGREEMENTS,
    *COSIGNING,
    *BANK,
    *IMPORTING,
    *CORRECTING,
):
    cli.add_command(_command)
