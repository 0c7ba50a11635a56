"""``vocred issuer counts``: the monthly counts for supervisors, shown, or signed and left at a node."""

import click

from issuer import counting
from issuer.command_line import Session, opened, say


@click.command()
@click.option("--show", is_flag=True, help="Only count and print; nothing is signed or sent.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def counts(show: bool, as_json: bool) -> None:
    """Count issued, revoked and late-anchored certificates by month and type; sign and publish the counts."""
    with opened(ledger=not show) as session:
        figures = {month: _figures(session, month) for month in counting.months(session.db, now=session.now)}
        if show:
            say({"months": figures}, as_json=as_json)
            return
        done = counting.publish(session.db, session.parts, now=session.now)
        say(
            {
                "months": figures,
                "sent": list(done.sent),
                "unchanged": list(done.unchanged),
                "refused": [{"month": month, "code": code} for month, code in done.refused],
            },
            as_json=as_json,
        )


COMMANDS = (counts,)
"""What ``issuer.cli`` adds."""


def _figures(session: Session, month: str) -> dict[str, dict[str, int]]:
    rows = counting.month_counts(session.db, month, now=session.now)
    return {name: row.to_cbor() for name, row in rows.items()}
