"""What the issuer is told by its environment (``ISSUER_*``), checked once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from web.errors import SettingsError
from web.settings import Environment, ServiceSettings

DATABASE_FILE = "issuer.db"
PIN_FILE = "pin"


@dataclass(frozen=True, kw_only=True)
class IssuerSettings(ServiceSettings):
    """The settings of one institution's issuer.

    Attributes:
        ledger_url: The ledger nodes to talk to, with commas between them.
        ledger_pin: The pin file to start from, or None when the home has one already.
        verifier_url: The host that printed QR codes lead to.
        wallet_url: The web wallet that the landing page of a claim offers.
        anchor_seconds: How long digests are gathered before they are anchored together.
    """

    ledger_url: str
    ledger_pin: Path | None
    verifier_url: str
    wallet_url: str
    anchor_seconds: int

    @property
    def database(self) -> Path:
        """The database's file."""
        return self.home / DATABASE_FILE

    @property
    def pin(self) -> Path:
        """The file in which the ledger client remembers the highest checkpoint."""
        return self.home / PIN_FILE


def read(environ: Mapping[str, str], *, make_secret: bool = False) -> IssuerSettings:
    """Read the settings.

    Args:
        environ: The environment.
        make_secret: Make the instance's secret where there is none: only ``vocred issuer init`` does.

    Raises:
        SettingsError: Something is missing, wrong or unsafe; the message says what to set.
    """
    env = Environment(environ, prefix="ISSUER")
    service = env.service(make_secret=make_secret)
    # OpenID4VCI, 12.2.2: the metadata stands at the root of the host, so one host or port is one issuer.
    if urlsplit(service["url"]).path:
        raise SettingsError("ISSUER_URL must be scheme and host, without a path: one host or port per issuer")
    return IssuerSettings(
        **service,
        ledger_url=env.urls("LEDGER_URL"),
        ledger_pin=env.file("LEDGER_PIN"),
        verifier_url=env.url("VERIFIER_URL"),
        wallet_url=env.url("WALLET_URL"),
        anchor_seconds=env.integer("ANCHOR_SECONDS", default=60, least=1, most=3_600),
    )
