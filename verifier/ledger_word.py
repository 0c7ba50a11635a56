"""The ledger's word for one verification: now, or, while it is silent, the newest that somebody kept."""

import logging
from collections.abc import Sequence

from crypto.errors import CryptoError
from ledger.client import MAX_HEAD_AGE, LedgerClient, LedgerUnavailableError
from ledger.errors import LedgerError
from ledger.proof import verify as proof
from ledger.proof.errors import ReceiptError
from ledger.proof.verify import Receipt, Snapshot
from ledger.registry import StateKey
from vc.shares import Package
from verifier.errors import EvidenceUnavailableError
from verifier.evidence import Source
from verifier.memory import Memory

logger = logging.getLogger(__name__)


class LedgerWord:
    """Asks the ledger until it was silent once; from then on memory and staples answer."""

    def __init__(self, *, ledger: LedgerClient, memory: Memory, now: int, staples: Package | None) -> None:
        """Keep the collaborators; nothing is asked yet."""
        self.client = ledger
        self._memory = memory
        self._now = now
        self._staples = staples
        self.silent = False

    def ask(self) -> LedgerClient:
        """Return the client, unless the ledger was silent before: each try may take seconds.

        Raises:
            LedgerUnavailableError: It was.
        """
        if self.silent:
            raise LedgerUnavailableError("the ledger node did not answer before")
        return self.client

    def snapshot(self, keys: Sequence[StateKey], *, max_age: int = MAX_HEAD_AGE) -> tuple[Snapshot, Source]:
        """Return proved values of the registry, and whether the ledger, memory or a staple gave them.

        Args:
            keys: What is asked for.
            max_age: How many seconds old an answer of the ledger may be.

        Raises:
            EvidenceUnavailableError: None of them did.
        """
        wanted = frozenset(keys)
        try:
            snapshot, _ = self.ask().snapshot(keys, now=self._now, max_age=max_age)
        except LedgerUnavailableError as error:
            self.silent = True
            return self._last(wanted, error)
        except LedgerError as error:
            # Two histories, a rollback, a quorum that is missing: nothing of it may be believed.
            logger.error("ledger answer refused code=%s", error.code)
            raise EvidenceUnavailableError("the ledger's answer does not check", code=error.code) from error
        self._memory.snapshots.put(wanted, snapshot)
        return snapshot, "ledger"

    def stapled(self, wanted: frozenset[StateKey]) -> Snapshot | None:
        """Return what travelled with a share, if it proves all of ``wanted``."""
        if self._staples is None or self._staples.snapshot is None:
            return None
        try:
            pin = self.client.pins.load()
            snapshot = proof.verify_snapshot(self._staples.snapshot, pin=pin, now=self._now)
            for key in wanted:
                snapshot.value(key)
        except (LedgerError, CryptoError) as error:
            logger.info("staple refused code=%s", error.code)
            return None
        return snapshot

    def receipt(
        self, bundle: bytes | None, *, digest: bytes, issuer_id: str, credential_type: str
    ) -> Receipt | None:
        """Return a form's receipt where it checks, by the ledger or offline by the pin; else None."""
        if bundle is None:
            return None
        asked = {"digest": digest, "issuer_id": issuer_id, "credential_type": credential_type}
        try:
            try:
                return self.ask().verify_receipt(bundle, now=self._now, **asked)  # type: ignore[arg-type]
            except LedgerUnavailableError:
                pin = self.client.pins.load()
                return proof.verify_receipt(bundle, pin=pin, now=self._now, **asked)  # type: ignore[arg-type]
        except (ReceiptError, CryptoError) as error:
            logger.info("receipt refused form=%s code=%s", digest.hex(), error.code)
            return None

    def _last(self, wanted: frozenset[StateKey], error: LedgerError) -> tuple[Snapshot, Source]:
        remembered, stapled = self._memory.snapshots.get(wanted), self.stapled(wanted)
        held: list[tuple[Snapshot, Source]] = []
        if remembered is not None:
            held.append((remembered, "remembered"))
        if stapled is not None:
            held.append((stapled, "staple"))
        if not held:
            raise EvidenceUnavailableError("the ledger cannot be reached", code=error.code) from error
        return max(held, key=lambda pair: pair[0].time)
