"""What a ledger node knows of itself, and the files in its home directory.

ledger.db       log, trees and state            receipt.key     the node's key, 0600, hot
pin             the first pin, for others       keys/           sealed governance keys (the command line's)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crypto import cbor
from crypto.errors import CryptoError
from crypto.keys import PrivateKey
from web.errors import SettingsError
from web.settings import Environment, ServiceSettings

DATABASE = "ledger.db"
RECEIPT_KEY = "receipt.key"
PIN = "pin"
KEYS = "keys"


@dataclass(frozen=True, kw_only=True)
class LedgerSettings(ServiceSettings):
    """The settings of a node; it signs nobody in, so it has no secret."""

    @property
    def database(self) -> Path:
        """The ledger's database."""
        return self.home / DATABASE


def read_settings(environ: Mapping[str, str]) -> LedgerSettings:
    """Read ``LEDGER_HOME``, ``LEDGER_URL``, ``LEDGER_INSECURE_LOOPBACK`` and ``LEDGER_PROXY_HOPS``.

    Raises:
        SettingsError: One is missing, wrong or unsafe.
    """
    env = Environment(environ, prefix="LEDGER")
    return LedgerSettings(**env.service(sessions=False))


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
