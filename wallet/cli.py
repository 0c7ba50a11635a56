"""``vocred wallet …``: claim, list and share certificates without a browser.

    WALLET_PASSPHRASE=… vocred wallet accept OFFER --tx-code 123456 --account A --json

The passphrase of the account comes from ``WALLET_PASSPHRASE`` and from nowhere else: a command line is seen
by others. ``accept`` makes the account if it is absent. A refusal is one line and exit status 1.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click
from sqlite_utils import Database

from crypto import cbor
from ledger.statements import key_possession
from vc import dates
from wallet import accounts, holding, looking_up, migrations, presenting, receiving, settings
from wallet.accounts import Wallet
from wallet.errors import UnreadableOfferError
from wallet.holding import Held
from wallet.parts import Parts, make_parts
from web import database
from web import migrations as web_migrations
from web.errors import SettingsError

PASSPHRASE = "WALLET_PASSPHRASE"  # noqa: S105 - the name of a variable
WALLET_ROLE = "wallet"


@dataclass(frozen=True)
class _Session:
    """An open database, the collaborators, and the moment of the command."""

    db: Database
    parts: Parts
    now: datetime

    def open(self, account: str | None) -> Wallet:
        """Open an account, else the only one, with the passphrase from the environment."""
        return accounts.open_wallet(
            self.db,
            name=account or self._only_account(),
            passphrase=_passphrase(),
            gate=self.parts.gate,
            now=self.now,
            random=self.parts.random,
        )

    def open_or_make(self, account: str | None) -> Wallet:
        """Open an account, making it first if no wallet has its name."""
        account = account or self._only_account()
        if accounts.exists(self.db, account):
            return self.open(account)
        return accounts.create(
            self.db,
            name=account,
            passphrase=_passphrase(),
            gate=self.parts.gate,
            now=self.now,
            random=self.parts.random,
        )

    def _only_account(self) -> str:
        names = accounts.names(self.db)
        if len(names) != 1:
            raise click.UsageError(f"there are {len(names)} wallets here: name one with --account")
        return names[0]


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
of_account = click.option(
    "--account", envvar="WALLET_ACCOUNT", help="The wallet's name; else WALLET_ACCOUNT, else the only one."
)


@click.group()
def cli() -> None:
    """Claim, list and share certificates."""


@cli.command()
def migrate() -> None:
    """Bring the database up to date."""
    read = settings.read(os.environ)
    names = web_migrations.migrate(read.database, migrations.migrations)
    click.echo(f"{len(names)} migrations applied")


@cli.command()
@click.argument("offer")
@click.option("--tx-code", "pin", help="The PIN that came by another way.")
@of_account
@as_json
def accept(offer: str, pin: str | None, account: str | None, as_json: bool) -> None:
    """Claim what OFFER offers: an offer, a claim link or a claim code.

    The account is made if it is absent. An OFFER whose claim was interrupted is taken up where it stopped.
    """
    with _session() as session:
        wallet = session.open_or_make(account)
        waiting = receiving.unfinished_for(session.db, wallet, offer)
        if waiting:
            ids = receiving.complete(
                session.db, wallet, waiting.claim_id, parts=session.parts, now=session.now
            )
        else:
            offered = looking_up.look_up(offer, parts=session.parts, now=session.now)
            if offered.pin and not pin:
                raise UnreadableOfferError(f"{offered.issuer_names['zh']} asks for a PIN: give --tx-code")
            ids = receiving.receive(
                session.db, wallet, offered, pin=pin, parts=session.parts, now=session.now
            )
        found = [holding.one(session.db, wallet, one, now=session.now) for one in ids]
    if as_json:
        # An offer is nearly always for one certificate, whose id the next command needs.
        _print({"account": wallet.name, "id": ids[0], "credentials": [_described(item) for item in found]})
    else:
        for item in found:
            click.echo(_line(item))


@cli.command("list")
@of_account
@as_json
def list_(account: str | None, as_json: bool) -> None:
    """List what the wallet holds, with the status as of now."""
    with _session() as session:
        wallet = session.open(account)
        complete = holding.refresh(session.db, wallet, parts=session.parts, now=session.now, force=True)
        found = holding.held(session.db, wallet, now=session.now)
        waiting = receiving.unfinished(session.db, wallet)
    if as_json:
        _print(
            {
                "account": wallet.name,
                "complete": complete,
                "credentials": [_described(item) for item in found],
                "unfinished": [
                    {"id": claim.claim_id, "issuer": claim.offered.issuer_id, "missing": list(claim.missing)}
                    for claim in waiting
                ],
            }
        )
        return
    for item in found:
        click.echo(_line(item))
    for claim in waiting:
        click.echo(f"{claim.claim_id}  unfinished claim from {claim.offered.issuer_id}")


@cli.command()
@click.argument("credential_ids", metavar="ID...", nargs=-1, required=True)
@of_account
@click.option("--days", type=click.Choice([str(days) for days in presenting.DAYS]), default="30")
@click.option("--label", default="", help="For whom; only you see it.")
@as_json
def share(credential_ids: tuple[str, ...], account: str | None, days: str, label: str, as_json: bool) -> None:
    """Make a link that shows the certificates ID to whoever has it.

    Where no wallet is named, the one that holds the first of them is meant.
    """
    with _session() as session:
        wallet = session.open(account or accounts.holder_of(session.db, credential_ids[0]))
        holding.refresh(session.db, wallet, parts=session.parts, now=session.now)
        made = presenting.present(
            session.db,
            wallet,
            list(credential_ids),
            label=label,
            days=int(days),
            parts=session.parts,
            now=session.now,
        )
    if as_json:
        _print(
            {"id": made.share_id, "link": made.link, "endsAt": made.ends_at.isoformat(), "label": made.label}
        )
    else:
        click.echo(made.link)


@cli.command()
@click.argument("share_id", metavar="SHARE")
@of_account
def close(share_id: str, account: str | None) -> None:
    """Close the share SHARE for good."""
    with _session() as session:
        presenting.close(session.db, session.open(account), share_id, now=session.now)
    click.echo(f"{share_id} closed")


@cli.command()
@as_json
def registration(as_json: bool) -> None:
    """Print what the consortium needs to register this wallet: tag, URL, key, and proof of the key."""
    with _session() as session:
        read, ledger = session.parts.settings, session.parts.ledger
        proof = key_possession(
            read.registry_key,
            chain_id=ledger.chain_id,
            did=f"urn:vocred:wallet:{read.tag}",
            role=WALLET_ROLE,
        )
        document = {
            "tag": read.tag,
            "url": read.url,
            "key": cbor.encode(read.registry_key.public.cose_key).hex(),
            "keyProof": proof.hex(),
        }
    if as_json:
        _print(document)
    else:
        for name, value in document.items():
            click.echo(f"{name}: {value}")


@contextmanager
def _session() -> Iterator[_Session]:
    """Open what a command works with; the database is made at first use."""
    read = settings.read(os.environ)
    migrations.prepare(read.database)
    db = database.connect(read.database)
    try:
        yield _Session(db, make_parts(read), datetime.now(UTC))
    finally:
        db.close()


def _passphrase() -> str:
    found = os.environ.get(PASSPHRASE, "")
    if not found:
        raise SettingsError(f"set {PASSPHRASE} to the passphrase of the account")
    return found


def _described(item: Held) -> dict[str, Any]:
    facts, status = item.facts, item.status
    return {
        "id": item.credential_id,
        "credentialId": facts.credential_id,
        "type": facts.credential_type,
        "title": facts.title,
        "name": facts.name,
        "number": facts.number,
        "issuer": facts.issuer_id,
        "issuerNames": item.issuer_names,
        # A day that somebody wrote: in UTC its midnight would read as the day before.
        "awarded": facts.awarded.astimezone(dates.CHINA).isoformat() if facts.awarded else None,
        "status": status.kind,
        "statusAsOf": status.as_of.isoformat() if status.as_of else None,
        "reason": status.reason,
        "anchored": item.receipt is not None,
        "receivedAt": item.received_at.isoformat(),
        "credential": item.credential,
    }


def _line(item: Held) -> str:
    return f"{item.credential_id}  {item.status.kind:9}  {item.facts.title}  {item.facts.number or ''}"


def _print(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, ensure_ascii=False))
