"""Corrections without a browser.

correct RECORD --set key=value … --as O --approved-by P
corrections                                what holders asked
decline-correction ID TEXT --as O          answer one in words
"""

import click

from issuer import anchoring, offers, records
from issuer.command_line import opened, say, settle, two
from issuer.correcting import checking, replacing, requests
from issuer.errors import InvalidActError


@click.command()
@click.argument("record")
@click.option("--set", "wanted", multiple=True, required=True, help="key=value; give it once for each value.")
@click.option("--as", "maker", required=True, help="The officer.")
@click.option("--approved-by", "checker", required=True, help="The second officer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def correct(record: str, wanted: tuple[str, ...], maker: str, checker: str, as_json: bool) -> None:
    """Put a corrected record in the place of RECORD (id or certificate number), which is revoked."""
    with opened(ledger=True) as session:
        first, second = session.officer(maker), session.officer(checker)
        found, values = records.get(session.db, record), dict(map(_pair, wanted))
        wrong = checking.of_record(session.db, found, values, now=session.now)
        if wrong:
            said = "; ".join(f"{key}: {each['code']}" for key, each in sorted(wrong.items()))
            raise InvalidActError(f"an import would refuse these values: {said}")
        correction = replacing.prepare(session.db, session.parts, record_id=found.id, wanted=values)
        made = two(
            session,
            first,
            second,
            kind="correct",
            subject=found.id,
            arguments=correction.to_arguments(),
        )
        state = settle(session)
        minted = offers.mint_for(session.db, session.parts, slip_id=made["slip_id"], now=session.now)
        say(
            {
                "record": made["record"],
                "replaced": found.id,
                "changed": sorted(correction.changes),
                "slip": made["link"],
                "tx_code": made["pin"],
                "offer": minted.link,
                "anchored": not anchoring.lists_wait(session.db),
                "problem": state.problem,
            },
            as_json=as_json,
        )


@click.command()
@click.option("--state", type=click.Choice(["open", "corrected", "declined"]), default="open")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def corrections(state: str, as_json: bool) -> None:
    """List what holders asked to be corrected."""
    with opened() as session:
        found = [
            {
                "id": each.id,
                "record": each.record_id,
                "number": each.number,
                "text": each.text,
                "state": each.state,
                "answer": each.answer or None,
            }
            for each in requests.listing(session.db, state=state)
        ]
        say({"corrections": found}, as_json=as_json)


@click.command("decline-correction")
@click.argument("request_id")
@click.argument("text")
@click.option("--as", "name", required=True, help="The officer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def decline_correction(request_id: str, text: str, name: str, as_json: bool) -> None:
    """Answer what a holder asked in words; nothing is corrected."""
    with opened() as session:
        actor = session.officer(name)
        requests.answer(session.db, actor=actor, request_id=request_id, text=text, now=session.now)
        say({"id": request_id, "state": "declined"}, as_json=as_json)


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key.strip():
        raise click.UsageError("--set takes key=value, such as name=林晓雨")
    return key.strip(), value


COMMANDS = (correct, corrections, decline_correction)
"""What ``vocred issuer`` gets from this part."""
