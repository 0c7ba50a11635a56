"""The keys of a member's node, each in a file of its own, and the beginning of a ledger.

    <home>/receipt.key                                 signs roots
    <home>/comet/config/priv_validator_key.json        signs CometBFT's blocks
    <home>/comet/config/node_key.json                  names the node
    <desk>/keys/<member>.key                           sealed; the desk is the home unless it is elsewhere

A key that is there is used, never replaced: a second call after a crash goes on where the first one ended.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from crypto.keys import ED25519, PrivateKey, PublicKey
from ledger.core.genesis import Genesis, make_genesis
from ledger.core.machine import Core
from ledger.core.reading import Reader
from ledger.engines.cometbft.home import CometHome
from ledger.errors import HistoryError
from ledger.joining.ceremony import GOVERNANCE, NODE, RECEIPT, VALIDATOR, MadeKey, Protocol
from ledger.joining.errors import JoiningError
from ledger.proof.pins import Pin
from ledger.settings import COMET, COMETBFT, DATABASE, PIN, RECEIPT_KEY, read_key, read_keys, write_key

CEREMONY = "ceremony.txt"
SETTINGS = "node.env"
_SEED_BYTES = 32
_NAME_DIGITS = 8
FIRST_HEIGHT = 1


@dataclass(frozen=True)
class NodeKeys:
    """The keys of one node.

    Attributes:
        receipt: Signs roots.
        validator: Signs CometBFT's blocks; None on a node of the embedded engine.
        comet: CometBFT's directory, or None.
    """

    receipt: PrivateKey
    validator: PrivateKey | None = None
    comet: CometHome | None = None

    def lines(self, home: Path) -> tuple[MadeKey, ...]:
        """Return their lines in a ceremony's protocol."""
        lines = [MadeKey(RECEIPT, self.receipt.public.thumbprint, str(home / RECEIPT_KEY))]
        if self.validator is not None and self.comet is not None:
            config = self.comet.config
            lines += [
                MadeKey(VALIDATOR, self.validator.public.thumbprint, str(config / "priv_validator_key.json")),
                MadeKey(NODE, bytes.fromhex(self.comet.node_id), str(config / "node_key.json")),
            ]
        return tuple(lines)


def comet_home(home: Path) -> CometHome:
    """Return CometBFT's directory in a node's home."""
    return CometHome(home / COMET)


def node_keys(home: Path, *, consensus: bool) -> NodeKeys:
    """Make the keys of a node, or read those that are there.

    Args:
        home: The node's home.
        consensus: Whether it runs CometBFT.
    """
    place = home / RECEIPT_KEY
    if not place.exists():
        write_key(place, PrivateKey.generate(ED25519))
    receipt = read_key(place)
    if not consensus:
        return NodeKeys(receipt)
    comet = comet_home(home)
    comet.make()
    return NodeKeys(receipt, validator_key(comet), comet)


def require_node(home: Path) -> None:
    """Refuse a home in which no node keeps a ledger.

    Raises:
        JoiningError: There is none.
    """
    if not (home / DATABASE).is_file():
        raise JoiningError(
            "there is no ledger in LEDGER_HOME: name a node's home, or make one with init, join or import"
        )


def comet_genesis(home: Path) -> bytes:
    """Return CometBFT's genesis.json in a node's home.

    Raises:
        JoiningError: There is none.
    """
    place = comet_home(home).config / "genesis.json"
    if not place.is_file():
        raise JoiningError(
            "this node does not run CometBFT: a ledger of one operator moves with `vocred ledger migrate`"
        )
    return place.read_bytes()


def require_own(home: Path, reader: Reader, *, did: str) -> None:
    """Refuse a member whose node cannot be the one in ``home``.

    A node whose keys nobody voted for, since its own were lost, may be any member's.

    Raises:
        JoiningError: The log names this node's receipt key for another member, or ``did`` is no member.
    """
    keys = [key.public.cose_key for key in read_keys(home)]
    owners = [
        member for (_, member), record in reader.values("member", length=2) if record["receipt"] in keys
    ]
    if owners and did not in owners:
        raise JoiningError(f"this node is {owners[0]}'s, not {did}'s: nothing was made; name its own member")
    if reader.value("member", did) is None:
        raise JoiningError(f"{did} is no member of this ledger: nothing was made; name the node's own member")


def another_receipt_key(home: Path) -> tuple[PrivateKey, Path]:
    """Make a receipt key beside the present one, which signs until the members have voted for the new one.

    Returns:
        The key and its file.
    """
    key = PrivateKey.generate(ED25519)
    place = home / f"receipt-{key.public.thumbprint.hex()[:_NAME_DIGITS]}.key"
    write_key(place, key)
    return key, place


def validator_key(comet: CometHome) -> PrivateKey:
    """Read CometBFT's own file of the consensus key.

    Raises:
        JoiningError: It is damaged, or the key is kept elsewhere (a signer such as tmkms).
    """
    try:
        value = json.loads((comet.config / "priv_validator_key.json").read_bytes())
        return PrivateKey.from_bytes(
            ED25519, base64.b64decode(value["priv_key"]["value"], validate=True)[:_SEED_BYTES]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise JoiningError("priv_validator_key.json holds no key of CometBFT's") from error


def require_founder(member: Mapping[str, Any], *, delay: int, now: int) -> None:
    """Refuse what no ledger begins with, before any key is made: a key that is there is never made anew.

    Args:
        member: The member's did, names, code, roles and types.
        delay: Seconds between the vote on members or keys and its effect.
        now: The current time in integer seconds.

    Raises:
        JoiningError: Something is not of the form asked for.
    """
    governance, receipt = (PrivateKey.generate(ED25519).public.cose_key for _ in range(2))
    record = {**member, "governance": governance, "submission": None, "receipt": receipt}
    try:
        make_genesis(time=now, members=[record], signers=[member["did"]], delay=delay)
    except HistoryError as error:
        raise JoiningError(f"nothing was made: {error.__cause__ or error}") from error


def begin(
    home: Path,
    *,
    member: Mapping[str, Any],
    governance: PublicKey,
    keys: NodeKeys,
    delay: int,
    now: int,
) -> Genesis:
    """Begin a ledger with one member, which is its only signer.

    Args:
        home: The node's home.
        member: The member's did, names, code, roles and types.
        governance: Its governance key.
        keys: Its node's keys.
        delay: Seconds between the vote on members or keys and its effect.
        now: The current time in integer seconds.

    Returns:
        The first log entry; database, pin and, with a consensus key, CometBFT's genesis are written.
    """
    did = member["did"]
    record = {
        **member,
        "governance": governance.cose_key,
        "submission": None,
        "receipt": keys.receipt.public.cose_key,
    }
    genesis = make_genesis(time=now, members=[record], signers=[did], delay=delay)
    pin = Pin.from_genesis(genesis)
    if keys.comet is not None and keys.validator is not None:
        keys.comet.write_genesis(
            chain_id=genesis.chain_id,
            time=now,
            initial_height=FIRST_HEIGHT,
            app_hash=pin.root,
            validators={did: keys.validator.public.raw},
        )
    Core.create(home / DATABASE, genesis).close()
    write_file(home / PIN, pin.to_bytes())
    return genesis


def write_protocol(
    place: Path, *, did: str, chain_id: str, now: int, keys: Sequence[MadeKey]
) -> tuple[Protocol, Path]:
    """Write the protocol of a ceremony, which holds no secret, beside the keys; earlier ones stay.

    Returns:
        The protocol and its file.
    """
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    protocol = Protocol(moment, did, chain_id, tuple(keys))
    names = (f"ceremony-{number}.txt" for number in count(2))
    free = next(name for name in chain([CEREMONY], names) if not (place / name).exists())
    write_file(place / free, protocol.to_text().encode())
    return protocol, place / free


def write_settings(home: Path, *, peers: Sequence[str]) -> dict[str, str]:
    """Write the settings that follow from an invitation, one a line, and return them.

    The file is for whoever starts the node (systemd's EnvironmentFile, a shell); the program reads the
    environment alone.
    """
    settings = {"LEDGER_ENGINE": COMETBFT, "LEDGER_PEERS": ",".join(peers)}
    lines = "".join(f"{name}={value}\n" for name, value in settings.items())
    write_file(home / SETTINGS, lines.encode())
    return settings


def governance_line(key: PublicKey, file: Path) -> MadeKey:
    """Return a governance key's line in a ceremony's protocol."""
    return MadeKey(GOVERNANCE, key.thumbprint, str(file))


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
