"""What every command of the wallet shares: an open database and account, and how things are printed."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click
from sqlite_utils import Database

from vc import dates
from wallet import accounts, holding, migrations, settings
from wallet.accounts import Wallet
from wallet.errors import NothingThereError
from wallet.holding import Held
from wallet.parts import Parts, make_parts
from web import database
from web.errors import SettingsError

PASSPHRASE = "WALLET_PASSPHRASE"  # noqa: S105 - the name of a variable


@dataclass(frozen=True)
class Session:
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


@contextmanager
def open_session() -> Iterator[Session]:
    """Open what a command works with; the database is made at first use."""
    read = settings.read(os.environ)
    migrations.prepare(read.database)
    db = database.connect(read.database)
    try:
        yield Session(db, make_parts(read), datetime.now(UTC))
    finally:
        db.close()


def _passphrase() -> str:
    found = os.environ.get(PASSPHRASE, "")
    if not found:
        raise SettingsError(f"set {PASSPHRASE} to the passphrase of the account")
    return found


def described(item: Held) -> dict[str, Any]:
    """Give a certificate as the commands print it."""
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
        "replacement": status.replacement,
        "group": facts.group,
        "credits": facts.credits_earned,
        "creditUnit": facts.credit_unit,
        "countersigned": None
        if item.countersigned is None
        else [{"did": found.did, "state": found.kind} for found in item.countersigned],
        "anchored": item.receipt is not None,
        "receivedAt": item.received_at.isoformat(),
        "credential": item.credential,
    }


def line(item: Held) -> str:
    """Give a certificate in one line."""
    return f"{item.credential_id}  {item.status.kind:9}  {item.facts.title}  {item.facts.number or ''}"


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON object."""
    click.echo(json.dumps(document, ensure_ascii=False))


def find(session: Session, wallet: Wallet, credential: str) -> Held:
    """Find a certificate by the wallet's id of it, or by its own ``urn:uuid:…``; of forms the newest.

    Raises:
        NothingThereError: The wallet holds no such certificate.
    """
    if not credential.startswith("urn:"):
        return holding.one(session.db, wallet, credential, now=session.now)
    held = holding.held(session.db, wallet, now=session.now)
    found = next((item for item in held if item.facts.credential_id == credential), None)
    if found is None:
        raise NothingThereError("this wallet holds no such certificate")
    return found
