"""``vocred ledger supervision``: fetch the supervisors' report and check it, or check one that was kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from crypto import jcs
from ledger import desk
from ledger.counts import read_month

_SUMS = ("issued", "revoked", "anchoredLate")


@click.command()
@click.option("--since", help="The first month, such as 2026-01; by default a year back.")
@click.option("--until", help="The last month; by default the present one.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Keep the report in FILE.")
@click.option("--check", "kept", type=desk.a_file, metavar="FILE", help="Check a kept report, offline.")
@desk.as_json
def supervision(
    *, since: str | None, until: str | None, out: Path | None, kept: Path | None, as_json_: bool
) -> None:
    """Say what each issuer issued, revoked and anchored late; every signature in the report is checked.

    The report holds a checkpoint that the quorum signed, and the counts that issuers signed. Without --check
    it comes from the node at LEDGER_URL; with --check only the pin is asked.
    """
    # Commands start faster without the pages around it.
    from ledger.explorer.reports import check_report

    report = _fetched(since, until) if kept is None else desk.read_json(kept)
    snapshot, counts = check_report(report, pin=desk.pin(desk.home()), now=desk.now())
    if out is not None:
        out.write_bytes(jcs.canonicalize(dict(report)))
    issuers = {issuer["did"]: {name: issuer[name] for name in _SUMS} for issuer in report["issuers"]}
    lines = [
        f"{did} issued {sums['issued']} revoked {sums['revoked']} late {sums['anchoredLate']}"
        for did, sums in issuers.items()
    ]
    desk.say(
        as_json_,
        "\n".join([f"checked: {len(counts)} signed counts, checkpoint of {snapshot.size} entries", *lines]),
        size=snapshot.size,
        time=snapshot.time,
        singleOperator=snapshot.single_operator,
        signed=list(snapshot.checkpoint.signed),
        counts=len(counts),
        issuers=issuers,
        since=report["since"],
        until=report["until"],
    )


def _fetched(since: str | None, until: str | None) -> Mapping[str, Any]:
    given = {"since": since, "until": until}
    query = [(name, read_month(month)) for name, month in given.items() if month is not None]
    return desk.client().listed("/supervision/report", query)
