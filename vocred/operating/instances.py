"""What there is of a service on this machine: its settings, files, schema and client of the ledger.

Reading an instance makes nothing: no home, no secret, no pin. What is missing is said.
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlite_utils import Migrations

from ledger.client import LedgerClient
from ledger.proof.pins import Pin, PinStore
from ledger.settings import read_settings
from ledger.transport import Transport
from vocred.operating.errors import RecoveryRequiredError, RunningError
from web.errors import SettingsError
from web.settings import SECRET_FILE, ServiceSettings

SERVICES = ("issuer", "ledger", "verifier", "wallet")
PIN_FILE = "pin"
RUNNING_FILE = "running.lock"
_WITH_SECRET = {"issuer", "wallet"}


@dataclass(frozen=True)
class Instance:
    """One service's instance.

    Attributes:
        service: ``issuer``, ``ledger``, ``verifier`` or ``wallet``.
        settings: Its settings, read as the service reads them.
        http: How the ledger is asked; None for the usual way.
    """

    service: str
    settings: Any
    http: Transport | None = None

    @property
    def home(self) -> Path:
        """Its directory."""
        home: Path = self.settings.home
        return home

    @property
    def url(self) -> str:
        """Its public address."""
        url: str = self.settings.url
        return url

    @property
    def secret(self) -> bytes | None:
        """The instance's secret; None for a service without one."""
        secret: bytes | None = self.settings.secret_key
        return secret

    @property
    def database(self) -> Path | None:
        """The service's own database; None for the verifier, which has none."""
        return getattr(self.settings, "database", None)

    @property
    def pin(self) -> Path:
        """The file that remembers the highest checkpoint."""
        return self.home / PIN_FILE

    @property
    def migrations(self) -> Migrations | None:
        """The steps of its schema; None for the ledger, whose log is replayed instead, and the verifier."""
        if self.service not in _WITH_SECRET:
            return None
        found: Migrations = import_module(f"{self.service}.migrations").migrations
        return found

    def ledger(self, pins: "StillPins | None" = None) -> LedgerClient:
        """Return a client of the ledger that writes no pin.

        Args:
            pins: The pin to begin from; the instance's own when absent.

        Raises:
            PinError: There is no pin, or it is damaged.
        """
        return LedgerClient(self.settings.ledger_url, pins=pins or StillPins(self.pin), http=self.http)


class StillPins(PinStore):
    """A pin that is read from a file and moves forward in memory alone."""

    def __init__(self, path: Path, *, begin: Pin | None = None) -> None:
        """Begin with a pin that is given, or with the one at ``path``."""
        super().__init__(path)
        self._held = begin or super().load()

    def load(self) -> Pin:
        """Return the pin."""
        return self._held

    def advance(self, *, to: Pin, signed: bytes | None = None) -> Pin:
        """Move forward without writing."""
        del signed
        self._held = to if to.size >= self._held.size else self._held
        return self._held


def read(service: str, environ: Mapping[str, str], *, http: Transport | None = None) -> Instance:
    """Read an instance from the environment, as the service does.

    Raises:
        SettingsError: A setting is missing, wrong or unsafe.
        RecoveryRequiredError: The home is there, its secret is not.
    """
    home = environ.get(f"{service.upper()}_HOME", "").strip()
    if not home or not Path(home).is_dir():
        raise SettingsError(f"{service.upper()}_HOME must name the directory of the service")
    if service in _WITH_SECRET and not (Path(home) / SECRET_FILE).exists():
        raise RecoveryRequiredError(
            f"{SECRET_FILE} is missing in {service.upper()}_HOME: put its copy back first"
        )
    return Instance(service, _reader(service)(environ), http)


def present(environ: Mapping[str, str]) -> list[str]:
    """Return the services whose home the environment names."""
    return [service for service in SERVICES if environ.get(f"{service.upper()}_HOME", "").strip()]


@contextmanager
def running(home: Path) -> Iterator[None]:
    """Let it be known that a service runs in a home, for as long as the block lasts."""
    with _lock_file(home) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield


@contextmanager
def stopped(home: Path) -> Iterator[None]:
    """Keep services from starting in a home, for as long as the block lasts.

    Raises:
        RunningError: One runs.
    """
    with _lock_file(home) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RunningError("stop the service first: it still uses its files") from error
        yield


@contextmanager
def _lock_file(home: Path) -> Iterator[int]:
    descriptor = os.open(home / RUNNING_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _reader(service: str) -> Callable[[Mapping[str, str]], ServiceSettings]:
    if service == "ledger":
        return read_settings
    found: Callable[[Mapping[str, str]], ServiceSettings] = import_module(f"{service}.settings").read
    return found
