"""Making invitations: of a ledger that runs on CometBFT, and of one that is about to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ledger.core.reading import Reader
from ledger.joining import auditing, consensus, founding, invitation
from ledger.joining.errors import JoiningError, UncoveredError
from ledger.joining.invitation import Invitation
from ledger.proof.bundle import Bundle
from ledger.proof.checkpoints import check_checkpoint
from ledger.proof.pins import Pin
from ledger.settings import DATABASE

GENESIS_ENTRY = 1


def peer_address(node_id: str, address: str) -> str:
    """Return how other nodes call one, from its id and ``host:port``.

    Raises:
        JoiningError: It listens on every address, so somebody has to say which one others reach.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or host in {"0.0.0.0", "[::]", "::"}:  # noqa: S104 - it is refused
        raise JoiningError("say with --peer host:port under which address other nodes reach this one")
    return f"{node_id}@{address}"


def first_size(home: Path, reader: Reader) -> int:
    """Return how many entries the log had before CometBFT's first block.

    Raises:
        JoiningError: There is no CometBFT here.
    """
    return auditing.size_at(reader, consensus.initial_height(founding.comet_genesis(home)) - 1)


def invite(
    home: Path,
    out: Path,
    *,
    peers: Sequence[str],
    nodes: Sequence[str],
    checkpoint: Bundle | None,
    now: int,
) -> Invitation:
    """Write an invitation to the ledger of a home; its node may be running.

    Args:
        home: The home of a node with CometBFT.
        out: The file.
        peers: ``<node id>@host:port``.
        nodes: HTTP addresses.
        checkpoint: What a quorum signed, with links from the first epoch, that continues or covers the log
            before CometBFT's first block; None where that log is the genesis alone.
        now: The current time in integer seconds.

    Raises:
        JoiningError: There is no CometBFT here.
        UncoveredError: Nobody would take the invitation: no quorum stands behind its log.
        ReceiptError: The checkpoint does not hold.
    """
    with Reader.open(home / DATABASE) as reader:
        size = first_size(home, reader)
        made = Invitation(
            chain_id=reader.chain_id,
            size=size,
            root=reader.root(size),
            pin=Pin.from_genesis(reader.genesis),
            genesis=founding.comet_genesis(home),
            peers=tuple(dict.fromkeys(peers)),
            nodes=tuple(dict.fromkeys(nodes)),
            checkpoint=None if size == GENESIS_ENTRY else checkpoint,
        )
        _check(made, reader, now=now)
        invitation.write(out, made, reader.store.entries(0, size))
    return made


def _check(made: Invitation, reader: Reader, *, now: int) -> None:
    """Check what a newcomer will check about the checkpoint, while it can still be mended."""
    if made.checkpoint is None:
        if made.size != GENESIS_ENTRY:
            raise UncoveredError("the log has a history: a checkpoint that a quorum signed has to go with it")
        return
    size = min(made.checkpoint.head_inclusion.size, made.size)
    known = replace(made.pin, size=size, root=reader.root(size))
    if not check_checkpoint(made.checkpoint, pin=known, now=now).consistent:
        raise UncoveredError("nothing shows that the checkpoint continues the log of the invitation")
