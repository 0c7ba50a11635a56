"""``vocred wallet request`` and ``present``: see who asks for what, and answer it.

Typing ``present`` is the holder's consent, as pressing the button is on the page; ``request`` only looks.
"""

from typing import Any

import click

from wallet import commanding
from wallet.answering import answers, requests
from wallet.answering.answers import Choice, Presentation
from wallet.answering.requests import Asked
from wallet.commanding import as_json, of_account, open_session, print_json
from wallet.errors import ChoiceError


@click.command()
@click.argument("link")
@of_account
@as_json
def request(link: str, account: str | None, as_json: bool) -> None:
    """Show who asks for what by LINK, and which certificates would answer it; nothing is sent."""
    with open_session() as session:
        wallet = session.open(account)
        asked = requests.look_up(link, parts=session.parts, now=session.now)
        item = answers.keep(session.db, wallet, asked, parts=session.parts, now=session.now)
        found = answers.choices(session.db, wallet, item, now=session.now)
    if as_json:
        print_json({**_asked(asked), "choices": [_choice(choice) for choice in found]})
    else:
        click.echo(f"{asked.names.get('zh', asked.did)} {'can' if found else 'cannot'} be answered")


@click.command()
@click.argument("link")
@click.option("--certificate", "wanted", multiple=True, help="What to present; else what fits, newest first.")
@click.option("--decline", is_flag=True, help="Say no.")
@of_account
@as_json
def present(link: str, wanted: tuple[str, ...], decline: bool, account: str | None, as_json: bool) -> None:
    """Answer the request LINK."""
    with open_session() as session:
        wallet = session.open(account)
        asked = requests.look_up(link, parts=session.parts, now=session.now)
        only = None
        if wanted:
            only = tuple(commanding.find(session, wallet, one).credential_id for one in wanted)
        item = answers.keep(session.db, wallet, asked, parts=session.parts, now=session.now, only=only)
        if decline:
            done = answers.decline(session.db, wallet, item.request_id, parts=session.parts, now=session.now)
        else:
            found = answers.choices(session.db, wallet, item, now=session.now)
            done = answers.agree(
                session.db,
                wallet,
                item.request_id,
                usual(found),
                parts=session.parts,
                now=session.now,
            )
    if as_json:
        print_json({**_asked(asked), **_done(done)})
    else:
        click.echo(f"{done.request_id}  {done.state}")


def usual(choices: list[Choice]) -> dict[str, str]:
    """Choose what is proposed for each part of a request.

    Raises:
        ChoiceError: Nothing answers it.
    """
    if not choices:
        raise ChoiceError("no certificate in this wallet answers the request")
    return {choice.query_id: choice.usual for choice in choices if choice.usual is not None}


def _asked(asked: Asked) -> dict[str, Any]:
    return {
        "verifier": asked.did,
        "verifierNames": asked.names,
        "responseUri": asked.request.response_uri,
        "expires": asked.expires.isoformat(),
    }


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "query": choice.query_id,
        "usual": choice.usual,
        "fitting": [{"id": held.credential_id, "title": held.facts.title} for held in choice.fitting],
    }


def _done(item: Presentation) -> dict[str, Any]:
    return {"id": item.request_id, "state": item.state, "code": item.code, "nextUrl": item.next_url}
