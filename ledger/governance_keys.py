"""A member's governance key in a file that only a passphrase opens.

The file holds, sealed under Argon2id and AES-256-GCM, the DID, the algorithm and the key. ``vocred ledger``
keeps ``<name>.key`` per member and takes the passphrase from the environment variable
``LEDGER_PASSPHRASE_<NAME>``, for one act; a member's own service (``issuer.governance``) keeps one such file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from crypto import cbor, sealing
from crypto.errors import PROBLEM_TYPES, CryptoError
from crypto.keys import PrivateKey
from ledger.errors import LedgerError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
SHORTEST_PASSPHRASE = 10


class GovernanceKeyError(LedgerError):
    """A governance key cannot be made or opened."""

    code = "GOVERNANCE_KEY"
    type = PROBLEM_TYPES + "GOVERNANCE_KEY"
    title = "The governance key cannot be used"


@dataclass(frozen=True)
class GovernanceKey:
    """An opened key.

    Attributes:
        did: The member for whom it signs.
        key: The private key.
    """

    did: str
    key: PrivateKey


def passphrase(name: str, environ: Mapping[str, str]) -> str:
    """Return the passphrase of a key from the environment.

    Raises:
        GovernanceKeyError: The name or the passphrase is missing or not of the form asked for.
    """
    if not _NAME.fullmatch(name):
        raise GovernanceKeyError("a key's name is small letters, digits and _, a letter first")
    variable = f"LEDGER_PASSPHRASE_{name.upper()}"
    given = environ.get(variable, "")
    if len(given) < SHORTEST_PASSPHRASE:
        raise GovernanceKeyError(
            f"set {variable} to a passphrase of at least {SHORTEST_PASSPHRASE} characters"
        )
    return given


def make(
    folder: Path,
    name: str,
    *,
    did: str,
    algorithm: str,
    environ: Mapping[str, str],
    random: Callable[[int], bytes],
) -> GovernanceKey:
    """Make a new key and seal it into ``folder``.

    Raises:
        GovernanceKeyError: There is a key of that name, or no passphrase.
    """
    secret = passphrase(name, environ)
    return make_file(_path(folder, name), did=did, algorithm=algorithm, passphrase=secret, random=random)


def make_file(
    path: Path, *, did: str, algorithm: str, passphrase: str, random: Callable[[int], bytes]
) -> GovernanceKey:
    """Make a new key and seal it into a file that only its owner may read.

    Args:
        path: The file; its folder is made if there is none.
        did: The member for whom it will sign.
        algorithm: ``Ed25519`` or ``P-256``.
        passphrase: What opens it.
        random: Returns that many unpredictable bytes.

    Raises:
        GovernanceKeyError: There is such a file, or the passphrase is too short.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise GovernanceKeyError(f"a passphrase has at least {SHORTEST_PASSPHRASE} characters")
    made = GovernanceKey(did, PrivateKey.generate("P-256" if algorithm == "P-256" else "Ed25519"))
    plain = cbor.encode({"did": did, "algorithm": made.key.algorithm, "key": made.key.to_bytes()})
    sealed = sealing.seal_with_passphrase(plain, passphrase=passphrase, salt=random(16), nonce=random(12))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise GovernanceKeyError(f"there is a key of the name {path.stem}; nothing was changed") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    return made


def open_key(folder: Path, name: str, *, environ: Mapping[str, str]) -> GovernanceKey:
    """Open a sealed key.

    Raises:
        GovernanceKeyError: There is no such key, the passphrase is another, or the file is damaged.
    """
    return open_file(_path(folder, name), passphrase=passphrase(name, environ))


def open_file(path: Path, *, passphrase: str) -> GovernanceKey:
    """Open the sealed key in a file.

    Raises:
        GovernanceKeyError: There is no such file, the passphrase is another, or the file is damaged.
    """
    try:
        plain = sealing.open_with_passphrase(path.read_bytes(), passphrase=passphrase)
        value = cbor.decode(plain)
        return GovernanceKey(value["did"], PrivateKey.from_bytes(value["algorithm"], value["key"]))
    except FileNotFoundError as error:
        raise GovernanceKeyError(f"there is no key of the name {path.stem}") from error
    except (CryptoError, KeyError, TypeError) as error:
        raise GovernanceKeyError("the passphrase is another, or the file is damaged") from error


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.key"
