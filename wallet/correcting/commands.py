"""``vocred wallet replace``, ``ask-correction``, ``corrections`` and ``practice``."""

from typing import Any

import click

from wallet import commanding, holding
from wallet import practice as measuring
from wallet.commanding import as_json, described, line, of_account, open_session, print_json
from wallet.correcting import asking
from wallet.correcting.asking import Correction
from wallet.errors import WalletError
from web.errors import WebError


@click.command()
@click.argument("credential")
@of_account
@as_json
def replace(credential: str, account: str | None, as_json: bool) -> None:
    """Claim the record that took the place of CREDENTIAL."""
    with open_session() as session:
        wallet = session.open(account)
        item = commanding.find(session, wallet, credential)
        ids = asking.replace(session.db, wallet, item, parts=session.parts, now=session.now)
        found = [holding.one(session.db, wallet, one, now=session.now) for one in ids]
    if as_json:
        print_json({"account": wallet.name, "id": ids[0], "credentials": [described(one) for one in found]})
    else:
        for one in found:
            click.echo(line(one))


@click.command("ask-correction")
@click.argument("credential")
@click.argument("text")
@of_account
@as_json
def ask_correction(credential: str, text: str, account: str | None, as_json: bool) -> None:
    """Ask the issuer of CREDENTIAL to correct it; TEXT says what is wrong."""
    with open_session() as session:
        wallet = session.open(account)
        item = commanding.find(session, wallet, credential)
        found = asking.ask(session.db, wallet, item, text=text, parts=session.parts, now=session.now)
    if as_json:
        print_json(_correction(found))
    else:
        click.echo(f"{found.correction_id}  {found.state}")


@click.command()
@of_account
@as_json
def corrections(account: str | None, as_json: bool) -> None:
    """Ask what became of every correction that was asked for, and list them."""
    with open_session() as session:
        wallet = session.open(account)
        complete = True
        for known in asking.every(session.db, wallet):
            item = holding.one(session.db, wallet, known.credential_id, now=session.now)
            try:
                asking.look(session.db, wallet, item, parts=session.parts, now=session.now)
            except (WalletError, WebError):
                complete = False
        found = asking.every(session.db, wallet)
    if as_json:
        print_json({"complete": complete, "corrections": [_correction(one) for one in found]})
        return
    for one in found:
        click.echo(f"{one.correction_id}  {one.state:9}  {one.text}")


@click.command()
@of_account
@as_json
def practice(account: str | None, as_json: bool) -> None:
    """Measure a teacher's practice in enterprises over the last five years, in months: an estimate."""
    with open_session() as session:
        wallet = session.open(account)
        holding.refresh(session.db, wallet, parts=session.parts, now=session.now, force=True)
        held = holding.held(session.db, wallet, now=session.now)
        found = measuring.measure(held, now=session.now)
    if as_json:
        print_json(
            {
                "since": found.since.isoformat(),
                "months": round(found.months, 2),
                "wanted": measuring.MONTHS_WANTED,
                "enough": found.enough,
                "stays": [
                    {
                        "id": stay.item.credential_id,
                        "months": round(stay.months, 2),
                        "reason": stay.reason,
                    }
                    for stay in found.stays
                ],
            }
        )
        return
    click.echo(f"{found.months:.1f} of {measuring.MONTHS_WANTED:.0f} months (estimate)")


def _correction(item: Correction) -> dict[str, Any]:
    return {
        "id": item.correction_id,
        "credential": item.credential_id,
        "state": item.state,
        "text": item.text,
        "answer": item.answer,
        "askedAt": item.asked_at.isoformat(),
    }
