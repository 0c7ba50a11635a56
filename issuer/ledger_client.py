"""The issuer's client of the ledger, with the pin that its home keeps."""

from functools import lru_cache
from typing import cast

from issuer.parts import Parts
from issuer.settings import IssuerSettings
from ledger.client import LedgerClient, Transport
from ledger.proof.pins import PinStore
from web.errors import SettingsError


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
