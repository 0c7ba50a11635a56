"""``vocred ledger checkpoint, follow, evidence, alarms``: what anybody may do to keep the ledger honest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ledger import desk, witnessing
from ledger.core.blocks import FIRST_EPOCH
from ledger.proof import evidence as proofs
from ledger.proof.bundle import Bundle
from ledger.proof.checkpoints import read_block
from ledger.proof.evidence import Contradiction, Evidence, EvidenceError
from ledger.proof.following import follow as follow_file
from ledger.proof.pins import Pin, PinStore
from ledger.transport import LedgerUnavailableError


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--epoch", type=click.IntRange(FIRST_EPOCH), default=FIRST_EPOCH, show_default=True)
@desk.as_json
def checkpoint(out: Path, epoch: int, as_json_: bool) -> None:
    """Save the newest checkpoint to OUT, with the links from --epoch: what `follow` and `verify` take."""
    client = desk.client()
    body = client.checkpoint(epoch=epoch, now=desk.now())
    out.write_bytes(body)
    bundle = Bundle.decode(body)
    head = read_block(bundle.head)
    line = f"{out} epoch {head.epoch}, {head.size} entries, {len(bundle.signatures)} signatures"
    desk.say(
        as_json_,
        line,
        file=str(out),
        epoch=head.epoch,
        size=head.size,
        links=len(bundle.links),
        signatures=len(bundle.signatures),
    )


@click.command()
@click.argument("file", type=desk.a_file)
@click.option(
    "--pin", "store", type=desk.a_file, help="The pin of a service, in its home; else that of LEDGER_HOME."
)
@desk.as_json
def follow(file: Path, store: Path | None, as_json_: bool) -> None:
    """Lead a pin along the members' changes by a checkpoint in FILE, without asking any node."""
    pins = PinStore(store) if store is not None else desk.pins()
    before = pins.load()
    follow_file(pins, file.read_bytes(), now=desk.now())
    after = pins.load()
    line = f"epoch {before.epoch} -> {after.epoch}, {before.size} -> {after.size} entries"
    desk.say(as_json_, line, epoch=after.epoch, size=after.size, moved=after != before)


@click.group()
def evidence() -> None:
    """Look at evidence that somebody signed two histories, and pass it on."""


@evidence.command("list")
@desk.as_json
def evidence_list(as_json_: bool) -> None:
    """List what the node keeps."""
    listed = desk.client().listed("/v1/evidence")["evidence"]
    lines = [f"{item['id']} {' '.join(item['doubleSigners'] or item['signers'])}" for item in listed]
    desk.say(as_json_, "\n".join(lines) or "no evidence", evidence=listed)


@evidence.command("check")
@click.argument("file", type=desk.a_file)
@desk.as_json
def evidence_check(file: Path, as_json_: bool) -> None:
    """Check FILE by the signers that the pin knows."""
    found = _read(file)
    shown = _checked(found, desk.pins().load())
    who = " ".join(shown.double_signers) or f"one of {' '.join(shown.signers)}"
    line = f"{who} signed two histories, of {shown.first.size} and {shown.second.size} entries"
    desk.say(as_json_, line, **_value(found, shown))


@evidence.command("publish")
@click.argument("file", type=desk.a_file)
@desk.as_json
def evidence_publish(file: Path, as_json_: bool) -> None:
    """Leave FILE with every node of LEDGER_URL."""
    client = desk.client()
    found = _read(file)
    shown = _checked(found, client.pins.load())
    taken = witnessing.publish(found, nodes=client.nodes)
    if not taken:
        raise LedgerUnavailableError("no node took the evidence")
    desk.say(as_json_, f"{taken} of {len(client.nodes.urls)} nodes", taken=taken, **_value(found, shown))


@click.command()
@desk.as_json
def alarms(as_json_: bool) -> None:
    """Say what the members have to look at, and whether their nodes tell one history."""
    told = desk.client().listed("/v1/alarms")
    lines = [f"ALARM {each['kind']} {' '.join(each['members'])}: {each['detail']}" for each in told["alarms"]]
    for peer in told["peers"]:
        lines.append(peer_line(peer))
    desk.say(as_json_, "\n".join(lines) or "no alarm", alarms=told["alarms"], peers=told["peers"])


COMMANDS = (checkpoint, follow, evidence, alarms)


def peer_line(peer: Mapping[str, Any]) -> str:
    """Return in one line what is known of a member's node; of one that is silent, what it told last."""
    agrees = "agreed" if peer["error"] else "agrees"
    state = {True: agrees, False: "DISAGREES", None: "not compared"}[peer["agrees"]]
    size = "" if peer["size"] is None else f", {peer['size']} entries"
    return f"{peer['member']} {state}{size}{_trouble(peer['error'])}"


def _trouble(error: Any) -> str:
    return f" ({error})" if error else ""


def _read(file: Path) -> Evidence:
    """Read evidence that somebody named, or say where evidence is found."""
    try:
        return Evidence.decode(file.read_bytes())
    except EvidenceError as error:
        raise EvidenceError(
            f"{file.name} holds none, or not all of it: take a file from pin.evidence/ beside a service's "
            "pin, or a node's /v1/evidence/ID (`vocred ledger evidence list` names them)"
        ) from error


def _checked(found: Evidence, pin: Pin) -> Contradiction:
    known = {(signer.member, proofs.thumbprint(signer)) for signer in witnessing.every_signer(pin)}
    return proofs.verify(
        found, known=lambda member, key: (member, key.thumbprint) in known, chain_id=pin.chain_id
    )


def _value(found: Evidence, shown: Contradiction) -> dict[str, Any]:
    return {
        "id": found.digest.hex(),
        "sizes": [shown.first.size, shown.second.size],
        "doubleSigners": list(shown.double_signers),
        "signers": list(shown.signers),
    }
