"""Talk to a ledger node without trusting it.

Every answer is checked against the pin before anybody sees it: signatures, inclusion, consistency with the
highest checkpoint seen, state proofs. A node that shows two histories, or an older one, is refused with an
error that keeps what it signed. Retrying is the caller's: a call is one attempt, and says at once when the
node is silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from crypto.errors import PROBLEM_TYPES
from ledger.errors import LedgerError
from ledger.proof.bundle import Bundle
from ledger.proof.pins import PinStore
from ledger.proof.verify import Receipt, Snapshot
from ledger.registry import AgreementRecord, StateKey


class LedgerUnavailableError(LedgerError):
    """The node did not answer, or cannot write at the moment. Nothing may be assumed; try again later."""

    code = "LEDGER_UNAVAILABLE"
    type = PROBLEM_TYPES + "LEDGER_UNAVAILABLE"
    title = "The ledger cannot be reached"


class StatementRefusedError(LedgerError):
    """The ledger's rules refuse the statement: repeating it will not help.

    Attributes:
        code: The rule's code, such as ``TX_WRONG_CHAIN`` or ``SEQUENCE``.
    """

    title = "The ledger refused the statement"

    def __init__(self, detail: str, *, code: str) -> None:
        super().__init__(detail)
        self.code = code
        self.type = PROBLEM_TYPES + code


class LedgerClient:
    """One node's HTTP API, checked against a pin store. Safe to share between threads."""

    def __init__(self, url: str, *, pins: PinStore, http: Callable[..., Any]) -> None:
        """Keep the collaborators; nothing is fetched yet.

        Args:
            url: The node's base URL, without trailing slash.
            pins: The pin store of this service.
            http: ``httpx.Client.request`` or anything of that shape, with a timeout of its own.
        """

    @property
    def chain_id(self) -> str:
        """The ledger's chain id, from the pin."""

    def snapshot(self, keys: Iterable[StateKey], *, now: int) -> tuple[Snapshot, bytes]:
        """Fetch values of the registry under a head at most five seconds old.

        Args:
            keys: Keys built by ``ledger.registry``.
            now: The current time in integer seconds.

        Returns:
            The checked snapshot, and the bundle's bytes for stapling.

        Raises:
            LedgerUnavailableError: The node is silent.
            ReceiptError: Its answer does not check (``InconsistentError`` keeps the evidence).
        """

    def submit(self, statement: bytes) -> int:
        """Submit a signed statement; submitting the same bytes again is harmless.

        Returns:
            The index of its entry in the log.

        Raises:
            LedgerUnavailableError: The node is silent: whether it took the statement is not known.
            StatementRefusedError: The rules refuse it.
        """

    def next_seq(self, did: str, role: str, *, now: int) -> int:
        """Return the next sequence number for a DID in a role (``submission`` or ``governance``)."""

    def receipt(self, entry_index: int, *, credential_type: str, now: int) -> Bundle:
        """Fetch the proof of one's own anchor, with issuer record and a grant for the type at its block.

        Add the batch path with ``ledger.proof.bundle.with_batch_path`` and encode it with ``.encode()``.
        The signatures, paths and state proofs have been checked; the batch path is the issuer's own.
        """

    def verify_receipt(
        self, bundle: bytes, *, digest: bytes, issuer_id: str, credential_type: str, now: int
    ) -> Receipt:
        """Check a receipt as ``ledger.proof.verify.verify_receipt`` does, online.

        Where the receipt's tree is not yet known to be one with the highest checkpoint, the proof is fetched.
        """

    def agreements(self, *, now: int) -> list[tuple[AgreementRecord, dict[str, Any]]]:
        """Return the agreements that the members hold in force, each with its document, digests checked."""

    def agreement_keys(self, *, now: int) -> list[StateKey]:
        """Return the state keys of every agreement ever started, for stapling their state."""

    def registry(self) -> dict[str, Any]:
        """Return members, issuers, grants, wallets and agreements as the node lists them, for pages.

        A listing is not proved: decide nothing by it.
        """
