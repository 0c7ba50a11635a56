"""``vocred wallet …``: claim, list and share certificates without a browser.

    WALLET_PASSPHRASE=… vocred wallet accept OFFER --tx-code 123456 --account A --json

The passphrase of the account comes from ``WALLET_PASSPHRASE`` and from nowhere else: a command line is seen
by others. ``accept`` makes the account if it is absent. A refusal is one line and exit status 1.
"""

import os

import click

from crypto import cbor
from ledger.statements import key_possession
from wallet import accounts, holding, looking_up, migrations, presenting, receiving, settings
from wallet.answering.commands import present, request
from wallet.commanding import as_json, described, line, of_account, open_session, print_json
from wallet.converting.commands import agreements, conversions, convert, statement
from wallet.correcting.commands import ask_correction, corrections, practice, replace
from wallet.errors import UnreadableOfferError
from web import migrations as web_migrations

WALLET_ROLE = "wallet"


@click.group()
def cli() -> None:
    """Claim, list and share certificates."""


@cli.command()
def migrate() -> None:
    """Bring the database up to date."""
    read = settings.read(os.environ)
    names = web_migrations.migrate(read.database, migrations.migrations, once=True)
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
    with open_session() as session:
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
        print_json({"account": wallet.name, "id": ids[0], "credentials": [described(item) for item in found]})
    else:
        for item in found:
            click.echo(line(item))


@cli.command("list")
@of_account
@as_json
def list_(account: str | None, as_json: bool) -> None:
    """List what the wallet holds, with the status as of now."""
    with open_session() as session:
        wallet = session.open(account)
        complete = holding.refresh(session.db, wallet, parts=session.parts, now=session.now, force=True)
        found = holding.held(session.db, wallet, now=session.now)
        waiting = receiving.unfinished(session.db, wallet)
    if as_json:
        print_json(
            {
                "account": wallet.name,
                "complete": complete,
                "credentials": [described(item) for item in found],
                "unfinished": [
                    {"id": claim.claim_id, "issuer": claim.offered.issuer_id, "missing": list(claim.missing)}
                    for claim in waiting
                ],
            }
        )
        return
    for item in found:
        click.echo(line(item))
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
    with open_session() as session:
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
        print_json(
            {"id": made.share_id, "link": made.link, "endsAt": made.ends_at.isoformat(), "label": made.label}
        )
    else:
        click.echo(made.link)


@cli.command()
@click.argument("share_id", metavar="SHARE")
@of_account
def close(share_id: str, account: str | None) -> None:
    """Close the share SHARE for good."""
    with open_session() as session:
        presenting.close(session.db, session.open(account), share_id, now=session.now)
    click.echo(f"{share_id} closed")


@cli.command()
@as_json
def registration(as_json: bool) -> None:
    """Print what the consortium needs to register this wallet: tag, URL, key, and proof of the key."""
    with open_session() as session:
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
        print_json(document)
    else:
        for name, value in document.items():
            click.echo(f"{name}: {value}")


for _command in (
    request,
    present,
    agreements,
    convert,
    conversions,
    statement,
    replace,
    ask_correction,
    corrections,
    practice,
):
    cli.add_command(_command)
