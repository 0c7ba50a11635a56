"""``vocred wallet agreements``, ``convert``, ``conversions`` and ``statement``: credit without a browser.

Typing ``convert`` is the holder's consent to show this one certificate to that credit bank.
"""

import time
from datetime import UTC, datetime
from typing import Any

import click

from wallet import commanding, holding, totals
from wallet.accounts import Wallet
from wallet.answering import answers
from wallet.answering.commands import usual
from wallet.commanding import Session, as_json, of_account, open_session, print_json
from wallet.converting import agreements as matching
from wallet.converting import conversions as applications
from wallet.converting import kept, known
from wallet.converting import statement as accounts
from wallet.converting.agreements import Option
from wallet.converting.kept import Conversion
from wallet.converting.statement import Statement
from wallet.errors import NoAgreementError
from wallet.holding import Held

of_college = click.option("--college", help="DID of the college where you study.")
of_programme = click.option("--programme", help="Code of your programme there.")


@click.command()
@click.argument("credential")
@of_college
@of_programme
@of_account
@as_json
def agreements(
    credential: str, college: str | None, programme: str | None, account: str | None, as_json: bool
) -> None:
    """List the agreements in force that turn CREDENTIAL into credit, with what each one gives."""
    with open_session() as session:
        wallet = session.open(account)
        holding.refresh(session.db, wallet, parts=session.parts, now=session.now, force=True)
        item = commanding.find(session, wallet, credential)
        found = _options(session, wallet, item, college=college, programme=programme)
    if as_json:
        print_json({"credential": item.credential_id, "agreements": [_option(option) for option in found]})
        return
    for option in found:
        for result in option.results:
            click.echo(f"{option.agreement_id}  {result.rule}  {result.outcome:11}  {result.line['zh-CN']}")


@click.command()
@click.argument("credential")
@click.option("--agreement", "agreement_id", required=True, help="The agreement's URN.")
@click.option("--rule", "rules", multiple=True, help="A rule that you want; else all that grant something.")
@of_college
@of_programme
@of_account
@as_json
def convert(
    credential: str,
    *,
    agreement_id: str,
    rules: tuple[str, ...],
    college: str | None,
    programme: str | None,
    account: str | None,
    as_json: bool,
) -> None:
    """Apply for credit for CREDENTIAL, and show it to the agreement's credit bank."""
    with open_session() as session:
        wallet = session.open(account)
        holding.refresh(session.db, wallet, parts=session.parts, now=session.now, force=True)
        item = commanding.find(session, wallet, credential)
        options = _options(session, wallet, item, college=college, programme=programme, rules=rules or None)
        option = next((one for one in options if one.agreement_id == agreement_id), None)
        if option is None:
            raise NoAgreementError("that agreement is not in force, or does not accept this certificate")
        if not option.granted:
            raise NoAgreementError("; ".join(result.line["zh-CN"] for result in option.results))
        asked = applications.apply(
            session.db,
            wallet,
            item,
            option,
            college=college,
            programme=programme,
            rules=rules or None,
            parts=session.parts,
            now=session.now,
        )
        chosen = usual(answers.choices(session.db, wallet, asked, now=session.now))
        sent = answers.agree(
            session.db, wallet, asked.request_id, chosen, parts=session.parts, now=session.now
        )
        assert asked.conversion is not None
        applications.refresh_one(session.db, wallet, asked.conversion, parts=session.parts, now=session.now)
        done = kept.one(session.db, wallet, asked.conversion)
    if as_json:
        print_json({**_conversion(done), "presentation": sent.state, "code": sent.code})
    else:
        click.echo(f"{done.conversion_id}  {done.state}")


@click.command()
@click.option("--wait", "seconds", default=10, help="Seconds to wait for a record that is being signed.")
@of_account
@as_json
def conversions(seconds: int, account: str | None, as_json: bool) -> None:
    """Ask how every application stands, take the credit records that are offered, and list them."""
    with open_session() as session:
        wallet = session.open(account)
        complete = _refresh(session, wallet, seconds=seconds)
        found = kept.every(session.db, wallet)
    if as_json:
        print_json(
            {
                "account": wallet.name,
                "complete": complete,
                "conversions": [_conversion(item) for item in found],
            }
        )
        return
    for item in found:
        click.echo(f"{item.conversion_id}  {item.state:10}  {item.agreement_id}")


@click.command()
@of_account
@as_json
def statement(account: str | None, as_json: bool) -> None:
    """Show the account as each credit bank keeps it, and what the wallet's own records come to."""
    with open_session() as session:
        wallet = session.open(account)
        found = accounts.statements(session.db, wallet, parts=session.parts)
        held = totals.by_unit(holding.held(session.db, wallet, now=session.now))
    if as_json:
        print_json(
            {
                "account": wallet.name,
                "held": [{"unit": unit, "credits": credits} for unit, credits in held],
                "statements": [_statement(item) for item in found],
            }
        )
        return
    for item in found:
        for unit, credits in item.balances:
            click.echo(f"{item.bank}  {item.account}  {credits:g} {unit}")


def _refresh(session: Session, wallet: Wallet, *, seconds: int) -> bool:
    """Look until everything that is offered is here: a list may take a moment to reach the ledger."""
    until = time.monotonic() + seconds
    while not (
        complete := applications.refresh(session.db, wallet, parts=session.parts, now=datetime.now(UTC))
    ):
        if time.monotonic() >= until:
            break
        time.sleep(1)
    return complete


def _options(
    session: Session,
    wallet: Wallet,
    item: Held,
    *,
    college: str | None,
    programme: str | None,
    rules: tuple[str, ...] | None = None,
) -> list[Option]:
    situation = matching.situation(parts=session.parts, now=session.now)
    learner = known.account_of(session.db, wallet, college=college, programme=programme, now=session.now)
    return matching.options(item, situation, account=learner, chosen=rules)


def _option(option: Option) -> dict[str, Any]:
    return {
        "agreement": option.agreement_id,
        "version": option.evaluation.version,
        "title": dict(option.evaluation.title),
        "bank": option.bank.did,
        "bankNames": option.bank.names,
        "colleges": [{"did": body.did, "names": body.names} for body in option.colleges],
        "programmes": list(option.programmes),
        "results": [result.to_json() for result in option.results],
        "granted": [result.rule for result in option.granted],
    }


def _conversion(item: Conversion) -> dict[str, Any]:
    return {
        "conversion": item.conversion_id,
        "application": item.application_id,
        "state": item.state,
        "answerLost": item.answer_lost,
        "credential": item.credential_id,
        "agreement": item.agreement_id,
        "version": item.version,
        "college": item.college,
        "programme": item.programme,
        "bank": item.bank,
        "results": [result.to_json() for result in item.results],
        "reason": {"code": item.reason_code, **item.reason} if item.reason_code or item.reason else None,
        "note": item.note,
        "records": list(item.records),
        "bankAccount": item.account,
    }


def _statement(item: Statement) -> dict[str, Any]:
    return {
        "bank": item.bank,
        "bankNames": item.bank_names,
        "account": item.account,
        "reachable": item.reachable,
        "balances": [{"unit": unit, "credits": credits} for unit, credits in item.balances],
        "entries": [entry.to_json() for entry in item.entries],
    }
