"""The issuer's client of the ledger, with the pin that its home keeps."""

from issuer.settings import IssuerSettings
from ledger.client import LedgerClient
from ledger.proof.pins import PinStore
from web.errors import SettingsError


def connect_ledger(settings: IssuerSettings) -> LedgerClient:
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
    return LedgerClient(settings.ledger_url, pins=pins)
