"""The other bodies, as the registry names them: who they are, which keys they sign with, where they answer.

Everything is asked of a proved snapshot of the registry, and a DID document counts only under the digest that
the registry holds. Addresses come from the registry; documents and people name none.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crypto import strict_json
from crypto.errors import CryptoError
from crypto.keys import PublicKey
from issuer.cosigning.errors import NeighbourUnavailableError
from issuer.errors import UnknownError
from issuer.ledger_client import client_of
from issuer.parts import Ledger, Parts
from ledger.errors import LedgerError
from ledger.proof.verify import Snapshot
from ledger.registry import IssuerRecord, StateKey, issuer_key, number_key
from vc import controller_documents, dates
from vc.data_integrity import Resolve
from web import limits
from web.errors import FetchError
from web.fetcher import Fetch, Fetcher, Response


@dataclass(frozen=True)
class Network:
    """What the use cases ask beyond this instance.

    Attributes:
        ledger: The client of the ledger.
        fetch: The one vetted fetcher.
    """

    ledger: Ledger
    fetch: Fetch

    def snapshot(self, keys: list[StateKey], *, now: int) -> Snapshot:
        """Return proved values of the registry.

        Raises:
            NeighbourUnavailableError: The ledger is silent, or its answer does not check.
        """
        try:
            snapshot, _ = self.ledger.snapshot(keys, now=now)
        except LedgerError as error:
            raise NeighbourUnavailableError("the registry cannot be asked at this moment") from error
        return snapshot

    def issuer(self, did: str, *, now: int) -> IssuerRecord:
        """Return a body's current record.

        Raises:
            UnknownError: The registry proves that there is no such body.
            NeighbourUnavailableError: The registry cannot be asked.
        """
        record = self.snapshot([issuer_key(did)], now=now).issuer(did)
        if record is None:
            raise UnknownError("the consortium's registry knows no such body")
        return record

    def issuer_by_number(self, number: int, *, now: int) -> IssuerRecord:
        """Return the record of the body with a number.

        Raises:
            UnknownError, NeighbourUnavailableError: See ``issuer``.
        """
        did = self.snapshot([number_key(number)], now=now).issuer_by_number(number)
        if did is None:
            raise UnknownError("the consortium's registry knows no body with that number")
        return self.issuer(did, now=now)

    def keys(self, record: IssuerRecord, *, at: datetime) -> Resolve:
        """Return what finds a body's keys, in the one DID document that the registry holds for it.

        Raises:
            NeighbourUnavailableError: Nobody has the document.
            IdentifierError: It is not one that keys may be taken from.
        """
        document = controller_documents.parse(self._document(record), did=record.did)

        def resolve(verification_method: str, purpose: str) -> PublicKey:
            return controller_documents.verification_key(
                document, verification_method, purpose=purpose, at=at
            )

        return resolve

    def get(self, url: str, *, accept: str = "*/*", max_bytes: int = limits.FETCH_BYTES) -> Response:
        """Fetch something public.

        Raises:
            NeighbourUnavailableError: There is no answer.
        """
        try:
            return self.fetch.get(url, accept=accept, max_bytes=max_bytes)
        except FetchError as error:
            raise NeighbourUnavailableError("the other body's service does not answer") from error

    def post(self, url: str, message: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Send a message to another body's service.

        Returns:
            The status and the answer's JSON object; empty where it is none.

        Raises:
            NeighbourUnavailableError: There is no answer, or the service is not able to give one.
        """
        try:
            answer = self.fetch.post(url, json=message, accept="application/json")
        except FetchError as error:
            raise NeighbourUnavailableError("the other body's service does not answer") from error
        if answer.status >= 500 or answer.status == 429:
            raise NeighbourUnavailableError(f"the other body's service answers {answer.status}")
        try:
            value = strict_json.parse(answer.body)
        except CryptoError:
            value = None
        return answer.status, value if isinstance(value, dict) else {}

    def _document(self, record: IssuerRecord) -> bytes:
        digest = record.document_digest
        for url in (
            f"{record.store_url}/documents/{digest.hex()}",
            f"{record.claims_url}/.well-known/did.json",
        ):
            try:
                answer = self.fetch.get(url)
            except FetchError:
                continue
            if answer.status == 200 and hashlib.sha256(answer.body).digest() == digest:
                return answer.body
        raise NeighbourUnavailableError("the body's public keys cannot be had at this moment")


def network_of(parts: Parts) -> Network:
    """Return the network of an instance; nothing is asked yet.

    Raises:
        SettingsError: The home has no pin of the ledger.
    """
    return Network(client_of(parts), Fetcher(insecure_loopback=parts.settings.insecure_loopback))


def moment(now: int) -> datetime:
    """Return seconds since 1970 as an aware moment."""
    return dates.from_seconds(now)
