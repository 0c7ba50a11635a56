"""The issuer's client of the ledger, with the pin that its home keeps."""

from functools import lru_cache
from typing import cast

from issuer.parts import Mirrors, Parts
from issuer.settings import IssuerSettings
from ledger.client import LedgerClient, Transport
from ledger.mirror.client import MirrorClient, fetcher
from ledger.proof.pins import PinStore
from web.errors import SettingsError
from web.fetcher import Fetcher


def connect_ledger(settings: IssuerSettings, *, http: Transport | None = None) -> LedgerClient:
    """Return a client that checks every answer against the pin; nothing is fetched yet.

    Raises:
        SettingsError: The home has no pin, and ``ISSUER_LEDGER_PIN`` names none.
    """
    if settings.ledger_pin is not None:
        pins = PinStore.start(settings.pin, pin_file=settings.ledger_pin)
    elif settings.pin.exists():
        pins = PinStore(settings.pin)
    else:
        raise SettingsError("set ISSUER_LEDGER_PIN to the pin file that the consortium gave you")
    return LedgerClient(settings.ledger_url, pins=pins, http=http)


def connect_mirrors(settings: IssuerSettings, ledger: LedgerClient) -> Mirrors:
    """Return how copies are left at mirrors: those of the registry, and the nodes of the settings."""
    fetch = fetcher(insecure_loopback=settings.insecure_loopback)
    nodes = [url.strip() for url in settings.ledger_url.split(",")]
    return Mirrors(
        client=MirrorClient(ledger=ledger, fetch=fetch, nodes=nodes),
        put=Fetcher(insecure_loopback=settings.insecure_loopback),
        chain_id=ledger.chain_id,
    )


def client_of(parts: Parts) -> LedgerClient:
    """Return the ledger's client of an instance, made at its first use: a home may have no pin yet.

    Raises:
        SettingsError: The home has no pin.
    """
    if parts.ledger is not None:
        return cast(LedgerClient, parts.ledger)
    return _connected(parts.settings)


@lru_cache(maxsize=4)
def _connected(settings: IssuerSettings) -> LedgerClient:
    """Keep the client of an instance: it remembers what it checked, and its connections."""
    return connect_ledger(settings)
