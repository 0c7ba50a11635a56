"""The collaborators of the use cases, put together once at the edge: a request, a command."""

import os
from dataclasses import dataclass
from typing import Protocol

from ledger.client import LedgerClient
from ledger.mirror.client import MirrorClient, fetcher
from ledger.proof.pins import PinStore
from wallet.accounts import PassphraseGate
from wallet.settings import WalletSettings
from wallet.vault import Random
from web.fetcher import Fetch, Fetcher


class Ledger(Protocol):
    """What the wallet asks of the ledger; ``ledger.client.LedgerClient`` is one."""

    @property
    def chain_id(self) -> str:
        """The ledger's chain id, from the pin."""
        ...

    snapshot = LedgerClient.snapshot
    verify_receipt = LedgerClient.verify_receipt
    agreements = LedgerClient.agreements
    agreement_keys = LedgerClient.agreement_keys
    registry = LedgerClient.registry


@dataclass(frozen=True)
class Parts:
    """What the use cases need besides the database, the holder's wallet, the time and their arguments.

    Attributes:
        settings: The instance's settings.
        ledger: The consortium's registry, every answer of it proved.
        fetcher: The one way to ask another service.
        gate: Limits how many passphrases are worked on at once.
        random: Gives that many unpredictable bytes.
        mirrors: The consortium's mirrors, which are asked before an issuer; None: there are none.
    """

    settings: WalletSettings
    ledger: Ledger
    fetcher: Fetch
    gate: PassphraseGate
    random: Random
    mirrors: MirrorClient | None = None


def make_parts(settings: WalletSettings) -> Parts:
    """Put the collaborators together, with the network and the operating system's randomness.

    Raises:
        ledger.proof.errors.PinError: There is no pin to check the ledger by, or it is another ledger's.
    """
    pins = (
        PinStore.start(settings.pin, pin_file=settings.ledger_pin)
        if settings.ledger_pin
        else PinStore(settings.pin)
    )
    pins.load()
    ledger = LedgerClient(settings.ledger_url, pins=pins)
    return Parts(
        settings=settings,
        ledger=ledger,
        fetcher=Fetcher(insecure_loopback=settings.insecure_loopback),
        gate=PassphraseGate(),
        random=os.urandom,
        mirrors=MirrorClient(
            ledger=ledger,
            fetch=fetcher(insecure_loopback=settings.insecure_loopback),
            nodes=[url.strip() for url in settings.ledger_url.split(",")],
        ),
    )
