"""``vocred ledger export, import, replay, audit``: a log in a file, replayed, held against the consensus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ledger import desk
from ledger.errors import HistoryError
from ledger.settings import COMETBFT, DATABASE, CometSettings

a_place = click.Path(dir_okay=False, path_type=Path)


@click.command("export")
@click.argument("file", type=a_place)
@desk.as_json
def export_(file: Path, as_json_: bool) -> None:
    """Write the whole log of LEDGER_HOME to FILE; a running node may go on meanwhile."""
    from ledger.core.reading import Reader
    from ledger.joining import exporting, founding

    founding.require_node(desk.home())
    with Reader.open(desk.home() / DATABASE) as reader:
        header = exporting.export_log(reader, file)
    line = f"{file}: {header.size} entries, root {header.root.hex()}"
    say_log(as_json_, line, header.chain_id, header.size, header.root, file=str(file))


@click.command("import")
@click.argument("file", type=desk.a_file)
@click.option("--checkpoint", type=desk.a_file, required=True, help="A checkpoint that a quorum signed.")
@click.option(
    "--newest",
    is_flag=True,
    help="It is the newest copy there is: let the embedded engine sign on from it.",
)
@desk.as_json
def import_(file: Path, checkpoint: Path, newest: bool, as_json_: bool) -> None:
    """Make the ledger of LEDGER_HOME from FILE by replaying the whole log.

    Every rule is applied anew, every block compared, and the log has to lead to the checkpoint, which has to
    be signed by a quorum that the pin (LEDGER_PIN) knows or is led to. --newest after comparing the root
    with members and verifiers: two nodes that sign on from one log make two histories.
    """
    from ledger.engines.signed import adopt
    from ledger.joining import importing, log_file
    from ledger.proof.bundle import Bundle

    home, now = desk.home(make=True), desk.now()
    pin = desk.pin(home)
    with log_file.reading(file) as (_, entries):
        replayed = importing.import_log(
            home / DATABASE,
            entries,
            pin=pin,
            checkpoint=Bundle.decode(checkpoint.read_bytes()),
            now=now,
        )
    if newest:
        adopt(home / DATABASE)
    head = replayed.head
    line = f"{head.size} entries replayed, root {head.root.hex()}"
    say_log(as_json_, line, pin.chain_id, head.size, head.root, height=head.height)


@click.command()
@click.option("--against", type=desk.a_file, help="Another node's export: say where the two logs part.")
@desk.as_json
def replay(against: Path | None, as_json_: bool) -> None:
    """Replay the log of LEDGER_HOME, and find the first block that differs; exit status 1 if one does."""
    from ledger.core.reading import Reader
    from ledger.joining import founding, log_file, replaying

    founding.require_node(desk.home())
    with Reader.open(desk.home() / DATABASE) as reader:
        size = reader.head().size
        found = replaying.replay(reader.store.entries(0, size))
        parted = None
        if against is not None:
            with log_file.reading(against) as (_, others):
                parted = replaying.compare(reader.store.entries(0, size), others)
    difference = found.difference or parted
    line = f"{found.blocks} blocks come out the same: {found.size} entries, root {found.root.hex()}"
    if difference is not None:
        line += f"\nblock {difference.height}, entry {difference.index}: {difference.why}"
    told = {**found.to_json(), "parts": None if parted is None else vars(parted)}
    desk.say(as_json_, line, **told)
    if difference is not None:
        raise HistoryError(f"block {difference.height}, entry {difference.index}: {difference.why}")


@click.command()
@click.argument("height", type=click.IntRange(1), required=False)
@click.option("--saved", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Saved commits.")
@desk.as_json
def audit(height: int | None, saved: Path | None, as_json_: bool) -> None:
    """Check CometBFT's commit of block HEIGHT (else the newest) against the log of LEDGER_HOME.

    Header hash, validators, votes and the root of the log, without CometBFT's own code; asked of LEDGER_RPC,
    or read from a folder of saved answers, <height>.json.
    """
    from ledger.core.reading import Reader
    from ledger.joining import auditing, founding

    home = desk.home()
    founding.require_node(home)
    genesis = founding.comet_genesis(home)
    fetch = auditing.from_folder(saved) if saved else auditing.from_rpc(comet_settings().rpc)
    with Reader.open(home / DATABASE) as reader:
        at = height or reader.head().height
        checked = auditing.audit(reader, at, genesis=genesis, fetch=fetch)
    line = (
        f"block {checked.height}: {checked.signed} of {checked.validators} validators signed the log's root"
    )
    told = {"height": checked.height, "signed": checked.signed, "validators": checked.validators}
    desk.say(as_json_, f"{line} {checked.app_hash.hex()}", root=checked.app_hash.hex(), **told)


def comet_settings() -> CometSettings:
    """Return how the node of LEDGER_HOME runs CometBFT."""
    from ledger.settings import read_settings

    # A desk may name several nodes; a node is one.
    url = next(iter(urls()), "")
    settings = read_settings({**desk.outside().environ, "LEDGER_ENGINE": COMETBFT, "LEDGER_URL": url})
    assert settings.comet is not None
    return settings.comet


def urls() -> list[str]:
    """Return the nodes that ``LEDGER_URL`` names."""
    return [url.strip() for url in desk.setting("LEDGER_URL").split(",") if url.strip()]


def say_log(as_json_: bool, line: str, chain_id: str, size: int, root: bytes, **more: Any) -> None:
    """Print where a log stands."""
    desk.say(as_json_, line, chainId=chain_id, size=size, root=root.hex(), **more)


COMMANDS = (export_, import_, replay, audit)
"""The commands of this module."""
