"""What a ledger node knows of itself, and the files in its home directory.

ledger.db       log, trees and state            receipt.key     the node's key, 0600, hot
pin             the first pin, for others       keys/           sealed governance keys (the command line's)
comet/          CometBFT's directory            receipt-*.key   its next or last receipt key, while it changes
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crypto import cbor
from crypto.errors import CryptoError
from crypto.keys import PrivateKey
from web.errors import SettingsError
from web.settings import Environment, ServiceSettings, is_loopback

DATABASE = "ledger.db"
RECEIPT_KEY = "receipt.key"
PIN = "pin"
KEYS = "keys"
COMET = "comet"

EMBEDDED = "embedded"
COMETBFT = "cometbft"
ENGINES = (EMBEDDED, COMETBFT)

_LONGEST_SOCKET = 107
"""Bytes in the name of a unix socket."""

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")
_PEER = re.compile(r"[0-9a-f]{40}@" + _ADDRESS.pattern)


@dataclass(frozen=True, kw_only=True)
class CometSettings:
    """How a node of a consortium runs CometBFT.

    Attributes:
        binary: Path of the program; empty where it is looked for beside the interpreter and in PATH.
        p2p: ``host:port`` at which other nodes find this one.
        rpc: ``host:port`` on loopback, for us alone.
        peers: ``<node id>@host:port`` of nodes that it stays connected with.
        archive: Whether it keeps every block.
    """

    binary: str
    p2p: str
    rpc: str
    peers: Sequence[str]
    archive: bool


@dataclass(frozen=True, kw_only=True)
class LedgerSettings(ServiceSettings):
    """The settings of a node; it signs nobody in, so it has no secret.

    Attributes:
        engine: ``embedded`` for a single operator, ``cometbft`` among members.
        comet: What the second needs; None for the first.
    """

    engine: str = EMBEDDED
    comet: CometSettings | None = None

    @property
    def database(self) -> Path:
        """The ledger's database."""
        return self.home / DATABASE

    @property
    def comet_home(self) -> Path:
        """CometBFT's directory."""
        return self.home / COMET


def read_settings(environ: Mapping[str, str]) -> LedgerSettings:
    """Read the settings of a node.

    ``LEDGER_HOME``, ``LEDGER_URL``, ``LEDGER_INSECURE_LOOPBACK``, ``LEDGER_PROXY_HOPS`` and
    ``LEDGER_ENGINE``; with the engine cometbft also ``LEDGER_COMETBFT``, ``LEDGER_P2P``, ``LEDGER_RPC``,
    ``LEDGER_PEERS`` and ``LEDGER_ARCHIVE``.

    Raises:
        SettingsError: One is missing, wrong or unsafe.
    """
    env = Environment(environ, prefix="LEDGER")
    engine = env.text("ENGINE", default=EMBEDDED)
    if engine not in ENGINES:
        raise SettingsError(f"LEDGER_ENGINE must be one of {', '.join(ENGINES)}")
    comet = _read_comet(env) if engine == COMETBFT else None
    settings = LedgerSettings(**env.service(sessions=False), engine=engine, comet=comet)
    if comet is not None and len(os.fsencode(settings.comet_home / "app.sock")) > _LONGEST_SOCKET:
        raise SettingsError(f"LEDGER_HOME is too long a path for a socket in it: {settings.home}")
    return settings


def read_keys(home: Path) -> list[PrivateKey]:
    """Read a node's receipt keys: the present one, and others while it changes; none where it only follows.

    Raises:
        SettingsError: One is damaged, or readable by others.
    """
    present = [home / RECEIPT_KEY] if (home / RECEIPT_KEY).exists() else []
    return [read_key(path) for path in [*present, *sorted(home.glob("receipt-*.key"))]]


def write_key(path: Path, key: PrivateKey) -> None:
    """Write a private key that its owner alone may read.

    Raises:
        FileExistsError: There is a file of that name.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(cbor.encode({"algorithm": key.algorithm, "key": key.to_bytes()}))
        file.flush()
        os.fsync(file.fileno())


def read_key(path: Path) -> PrivateKey:
    """Read what ``write_key`` wrote.

    Raises:
        SettingsError: It is missing, damaged, or readable by others.
    """
    try:
        data, mode = path.read_bytes(), path.stat().st_mode
        value = cbor.decode(data)
        key = PrivateKey.from_bytes(value["algorithm"], value["key"])
    except OSError as error:
        raise SettingsError(f"{path.name} is missing: run `vocred ledger init`") from error
    except (CryptoError, KeyError, TypeError) as error:
        raise SettingsError(f"{path.name} is damaged") from error
    if mode & 0o077:
        raise SettingsError(f"{path.name} must be readable by its owner only (chmod 600)")
    return key


def _read_comet(env: Environment) -> CometSettings:
    peers = [peer.strip() for peer in env.text("PEERS", default="").split(",") if peer.strip()]
    for peer in peers:
        if _PEER.fullmatch(peer) is None:
            raise SettingsError("LEDGER_PEERS names each node as <40 hexadecimal digits>@host:port")
    rpc = _address(env, "RPC", default="127.0.0.1:26657")
    if not is_loopback(f"http://{rpc}"):
        # Whoever reaches it could stop the node, and fill its mempool.
        raise SettingsError("LEDGER_RPC must be an address of this machine alone, such as 127.0.0.1:26657")
    return CometSettings(
        binary=env.text("COMETBFT", default=" ").strip(),
        p2p=_address(env, "P2P", default="0.0.0.0:26656"),
        rpc=rpc,
        peers=peers,
        archive=env.flag("ARCHIVE"),
    )


def _address(env: Environment, name: str, *, default: str) -> str:
    text = env.text(name, default=default)
    found = _ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found[2]) < 1 << 16:
        raise SettingsError(f"{env.prefix}_{name} must be host:port")
    return text
