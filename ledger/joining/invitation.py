"""An invitation: one file with what a newcomer needs to run a node.

The header of the file (``ledger.joining.log_file``) holds, beside the log's:

    pin          the ledger's first pin, as ``vocred ledger init`` wrote it
    genesis      CometBFT's genesis.json, byte for byte: it has to be the same at every node
    peers        ["<node id>@host:port", …]: nodes to stay connected with
    nodes        [URL, …]: the HTTP addresses of nodes
    checkpoint   null, or a checkpoint that a quorum of the members signed, with links from the first epoch

and the entries are the log up to CometBFT's initial_height; what follows, the newcomer's CometBFT fetches
from its peers. An invitation holds no secret, and is not to be believed: ``read`` compares it with itself,
``ledger.joining.importing`` replays it, and a person compares the chain id with other members.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.joining import log_file
from ledger.joining.errors import LogFileError, OtherLedgerError
from ledger.proof.bundle import Bundle
from ledger.proof.errors import PinError, ProofMalformedError
from ledger.proof.pins import Pin

DOMAIN = "vocred/invitation/1"
MAX_ADDRESSES = 200
MAX_ADDRESS = 300
_MEMBERS = {"pin", "genesis", "peers", "nodes", "checkpoint"}


@dataclass(frozen=True)
class Invitation:
    """What an invitation says beside the log.

    Attributes:
        chain_id: The ledger's identifier.
        size: Number of entries of the log that comes with it.
        root: The root over them.
        pin: The ledger's first pin.
        genesis: CometBFT's genesis.json, as bytes.
        peers: ``<node id>@host:port``.
        nodes: HTTP addresses.
        checkpoint: What a quorum signed, or None where the log is the genesis alone.
    """

    chain_id: str
    size: int
    root: bytes
    pin: Pin
    genesis: bytes
    peers: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    checkpoint: Bundle | None = None


def write(path: Path, invitation: Invitation, entries: Iterable[bytes]) -> None:
    """Write an invitation's file.

    Raises:
        LogFileError: The entries are not those that it names.
    """
    more = {
        "pin": invitation.pin.to_bytes(),
        "genesis": invitation.genesis,
        "peers": list(invitation.peers),
        "nodes": list(invitation.nodes),
        "checkpoint": None if invitation.checkpoint is None else invitation.checkpoint.encode(),
    }
    header = log_file.Header(DOMAIN, invitation.chain_id, invitation.size, invitation.root, more)
    log_file.write(path, header, entries)


@contextmanager
def reading(path: Path) -> Iterator[tuple[Invitation, Iterator[bytes]]]:
    """Open an invitation.

    Yields:
        What it says, and the log's entries (see ``log_file.reading``).

    Raises:
        LogFileError: The file is torn, changed, or no invitation.
        OtherLedgerError: Its pin belongs to another ledger.
    """
    with log_file.reading(path, domains=[DOMAIN]) as (header, entries):
        yield _read(header), entries


def _read(header: log_file.Header) -> Invitation:
    more = header.more
    if set(more) != _MEMBERS or type(more["genesis"]) is not bytes or type(more["pin"]) is not bytes:
        raise LogFileError("the invitation lacks something, or holds something unknown")
    try:
        pin = Pin.from_bytes(more["pin"])
        checkpoint = None if more["checkpoint"] is None else Bundle.decode(more["checkpoint"])
    except (PinError, ProofMalformedError, TypeError) as error:
        raise LogFileError(f"the invitation is damaged: {error}") from error
    if pin.chain_id != header.chain_id:
        raise OtherLedgerError("the invitation's pin belongs to another ledger")
    return Invitation(
        chain_id=header.chain_id,
        size=header.size,
        root=header.root,
        pin=pin,
        genesis=more["genesis"],
        peers=_addresses(more["peers"]),
        nodes=_addresses(more["nodes"]),
        checkpoint=checkpoint,
    )


def _addresses(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_ADDRESSES:
        raise LogFileError("the invitation's addresses are no list")
    if not all(isinstance(item, str) and 0 < len(item) <= MAX_ADDRESS for item in value):
        raise LogFileError("one of the invitation's addresses is none")
    return tuple(value)
