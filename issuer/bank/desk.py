"""Whom the credit bank asks: the ledger, every answer proved, and other services through the one fetcher."""

from dataclasses import dataclass
from typing import Any, Protocol

from issuer.bank.errors import CannotCheckError
from issuer.ledger_client import client_of
from issuer.parts import Parts
from ledger.client import LedgerClient
from ledger.errors import LedgerError
from ledger.proof.verify import Snapshot
from ledger.registry import StateKey
from web import limits
from web.errors import FetchError
from web.fetcher import Fetch, Fetcher


class Ledger(Protocol):
    """What the bank asks of the ledger; ``ledger.client.LedgerClient`` is one."""

    snapshot = LedgerClient.snapshot
    verify_receipt = LedgerClient.verify_receipt
    document = LedgerClient.document


@dataclass(frozen=True)
class Desk:
    """The collaborators of the bank's use cases.

    Attributes:
        ledger: The consortium's registry.
        fetch: The one way to ask another service.
    """

    ledger: Ledger
    fetch: Fetch

    def snapshot(self, keys: list[StateKey], *, now: int, fresh: bool = False) -> Snapshot:
        """Return proved values of the registry.

        Args:
            keys: What is asked for.
            now: Seconds since 1970.
            fresh: Ask the node in any case, whatever it said a moment ago.

        Raises:
            CannotCheckError: The ledger is silent, or its answer does not check.
        """
        more: dict[str, Any] = {"max_age": 0} if fresh else {}
        try:
            found, _ = self.ledger.snapshot(keys, now=now, **more)
        except LedgerError as error:
            raise CannotCheckError("the consortium's registry cannot be asked now") from error
        return found

    def get(self, url: str, *, max_bytes: int = limits.FETCH_LARGE_BYTES) -> bytes | None:
        """Fetch what another service publishes; None where it says that there is no such thing.

        Raises:
            CannotCheckError: It does not answer as it should.
        """
        try:
            answer = self.fetch.get(url, max_bytes=max_bytes)
        except FetchError as error:
            raise CannotCheckError("another service does not answer now") from error
        if answer.status in (404, 410):
            return None
        if answer.status != 200:
            raise CannotCheckError(f"another service answered {answer.status}")
        return answer.body


def desk_of(parts: Parts) -> Desk:
    """Put the collaborators together from the instance's settings; nothing is asked yet.

    Raises:
        SettingsError: The home has no pin.
    """
    return Desk(client_of(parts), Fetcher(insecure_loopback=parts.settings.insecure_loopback))
