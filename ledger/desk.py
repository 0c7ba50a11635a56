"""What every command of ``vocred ledger`` stands on: settings, pin, keys for one act, the way to a node."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from crypto import jcs, strict_json
from ledger import governance_keys
from ledger.client import LedgerClient, StatementRefusedError, Transport
from ledger.governance_keys import GovernanceKey
from ledger.proof.pins import Pin, PinStore
from ledger.proposing import InputError
from ledger.registry import GOVERNANCE
from ledger.settings import KEYS, PIN
from ledger.statements import sign_statement
from web.errors import SettingsError

PIN_STORE = "pin.seen"
_SEQUENCE_TRIES = 5


@dataclass(frozen=True)
class Outside:
    """What a command takes from outside: settings, time, the way to the node, randomness, opened keys."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Callable[[], float] = time.time
    http: Transport | None = None
    random: Callable[[int], bytes] = os.urandom
    open_key: Callable[..., GovernanceKey] = governance_keys.open_key


as_member = click.option("--as", "member", required=True, metavar="MEMBER", help="Whose key signs.")
as_json = click.option("--json", "as_json_", is_flag=True, help="Print JSON.")
a_file = click.Path(exists=True, dir_okay=False, path_type=Path)


def say(as_json_: bool, line: str, **values: Any) -> None:
    """Print a line, or the values as JSON."""
    click.echo(jcs.canonicalize(values).decode() if as_json_ else line)


def outside() -> Outside:
    """Return what the running command takes from outside."""
    return click.get_current_context().find_object(Outside) or Outside()


def now() -> int:
    """Return the current time in integer seconds."""
    return int(outside().clock())


def setting(name: str) -> str:
    """Return an environment variable without white space around it, or the empty string."""
    return outside().environ.get(name, "").strip()


def home(*, make: bool = False) -> Path:
    """Return ``LEDGER_HOME``.

    Raises:
        SettingsError: It names no directory.
    """
    text = setting("LEDGER_HOME")
    if text and make:
        Path(text).mkdir(mode=0o700, parents=True, exist_ok=True)
    if not text or not Path(text).is_dir():
        raise SettingsError("LEDGER_HOME must name an existing directory")
    return Path(text)


def pin_file(folder: Path) -> Path:
    """Return where the pin that a person handed over lies: ``LEDGER_PIN``, else in the home."""
    return Path(setting("LEDGER_PIN") or folder / PIN)


def pin(folder: Path) -> Pin:
    """Return the pin that a person handed over.

    Raises:
        SettingsError: There is none.
    """
    place = pin_file(folder)
    if not place.is_file():
        raise SettingsError("set LEDGER_PIN to the pin file that the operator handed over")
    return Pin.from_bytes(place.read_bytes())


def client() -> LedgerClient:
    """Return a client of the nodes that ``LEDGER_URL`` names.

    Raises:
        SettingsError: It names none, or there is no pin.
    """
    url = setting("LEDGER_URL")
    if not url:
        raise SettingsError("set LEDGER_URL to the address of a ledger node, or of several")
    return LedgerClient(url, pins=pins(), http=outside().http)


def pins() -> PinStore:
    """Return what the desk remembers of the ledger, begun from the pin that a person handed over.

    Raises:
        SettingsError: There is none.
    """
    folder = home()
    pin(folder)
    return PinStore.start(folder / PIN_STORE, pin_file=pin_file(folder))


def make_key(folder: Path, member: str, *, did: str, algorithm: str) -> GovernanceKey:
    """Make a governance key, sealed under the member's passphrase."""
    return governance_keys.make(
        folder / KEYS,
        member,
        did=did,
        algorithm=algorithm,
        environ=outside().environ,
        random=outside().random,
    )


def open_key(member: str) -> GovernanceKey:
    """Open a member's governance key for one act."""
    return outside().open_key(home() / KEYS, member, environ=outside().environ)


def submit(ledger: LedgerClient, member: str, kind: str, body: Any, *, at: int) -> bytes:
    """Sign a governance statement and bring it into the log; return its bytes."""
    key = open_key(member)
    for _ in range(_SEQUENCE_TRIES):
        seq = ledger.next_seq(key.did, GOVERNANCE, now=at)
        statement = sign_statement(kind, body, seq=seq, issuer=key.did, chain_id=ledger.chain_id, key=key.key)
        try:
            ledger.submit(statement)
        except StatementRefusedError as error:
            # The same member's other command was a moment earlier and took the number.
            if error.code != "TX_SEQUENCE":
                raise
            refusal = error
        else:
            return statement
    raise refusal


def read_json(path: Path) -> Mapping[str, Any]:
    """Return the JSON object in a file.

    Raises:
        InputError: It holds none.
    """
    value = strict_json.parse(path.read_bytes())
    if not isinstance(value, Mapping):
        raise InputError(f"{path.name} holds no JSON object")
    return value
