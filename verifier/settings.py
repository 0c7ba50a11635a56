"""The verifier's settings: environment variables that start with ``VERIFIER_``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ledger.client import LedgerClient
from ledger.mirror.client import MirrorClient, fetcher
from ledger.proof.pins import PinStore
from verifier.answering import Collaborators
from web.errors import SettingsError
from web.fetcher import Fetcher
from web.settings import Environment, ServiceSettings

PIN_FILE = "pin"


@dataclass(frozen=True, kw_only=True)
class VerifierSettings(ServiceSettings):
    """What a verifier needs to know.

    Attributes:
        ledger_url: The nodes that it asks, with commas between them.
        ledger_pin: The pin file to start from; None once the home directory has its own.
    """

    ledger_url: str
    ledger_pin: Path | None = None

    @property
    def origin(self) -> str:
        """Scheme and authority of the public URL, in lower case."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}".lower()


def read(environ: Mapping[str, str]) -> VerifierSettings:
    """Read the settings.

    Raises:
        SettingsError: Something is missing, wrong or unsafe.
    """
    environment = Environment(environ, prefix="VERIFIER")
    return VerifierSettings(
        **environment.service(make_home=True, sessions=False),
        ledger_url=environment.urls("LEDGER_URL"),
        ledger_pin=environment.file("LEDGER_PIN"),
    )


def collaborators(settings: VerifierSettings) -> Collaborators:
    """Build what every verification of this process shares; nothing is fetched yet.

    Raises:
        SettingsError: There is no pin to start from.
        PinError: The pin store is damaged, or belongs to another ledger than the pin file.
    """
    path = settings.home / PIN_FILE
    if settings.ledger_pin is None and not path.exists():
        raise SettingsError("set VERIFIER_LEDGER_PIN to the file that the consortium gives out")
    pins = (
        PinStore(path) if settings.ledger_pin is None else PinStore.start(path, pin_file=settings.ledger_pin)
    )
    ledger = LedgerClient(settings.ledger_url, pins=pins)
    return Collaborators(
        ledger=ledger,
        fetch=Fetcher(insecure_loopback=settings.insecure_loopback),
        origin=settings.origin,
        nodes=ledger.nodes,
        mirrors=MirrorClient(
            ledger=ledger,
            fetch=fetcher(insecure_loopback=settings.insecure_loopback),
            nodes=[url.strip() for url in settings.ledger_url.split(",")],
        ),
    )
