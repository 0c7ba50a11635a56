"""``vocred ledger mirror``: what this node keeps for others, and what it still lacks."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from ledger import desk
from ledger.mirror import store


@click.command()
@desk.as_json
def mirror(as_json_: bool) -> None:
    """Say what this node's mirror holds, and what of all that the ledger names it still lacks."""
    path = desk.home() / store.FILE
    if not path.is_file():
        raise click.ClickException(f"{path.name} is not there yet: the node makes it in its first round")
    with store.opened(path) as db:
        found = store.inventory(db)
        missing = store.missing(db)
    lacking = [f"{one.kind} {one.owner} {one.digest.hex()}" for one in missing]
    if as_json_:
        click.echo(json.dumps({**asdict(found), "lacking": lacking}))
        return
    held = f"{found.objects} objects, {found.forms} forms, {found.receipts} receipts"
    lacks = f"{found.missing_objects} objects, {found.missing_agreements} agreements"
    click.echo(f"holds {held}, {found.bytes // 2**20} MiB; lacks {lacks}, {found.missing_buckets} buckets")
    for line in lacking:
        click.echo(f"lacks {line}")


COMMANDS = (mirror,)
