"""Check what the ledger says, offline: the twelve steps of LEDGER.md 4.5, in their order.

``verify_receipt`` answers when a form was anchored and whether its issuer was entitled to issue it then;
``verify_snapshot`` answers what the registry says now; ``check_current`` joins the two: what is known *today*
about the key that anchored *then*. All of them take bytes, a pin and a second, open nothing, and raise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ledger.proof.bundle import Consistency
from ledger.proof.pins import Pin
from ledger.registry import (
    AgreementRecord,
    Grant,
    IssuerRecord,
    MemberRecord,
    StateKey,
    StatusRecord,
    WalletRecord,
)


@dataclass(frozen=True)
class Checkpoint:
    """A head of the log that more than 2/3 of its epoch's signers signed (steps 1 to 6).

    Attributes:
        size: Number of entries of the log.
        root: RFC 9162 root over them.
        time: The smallest time that a counted signature gives, seconds.
        epoch: The epoch of the signers.
        single_operator: One signer stands behind it, or behind the way to it.
        consistent: The tree was proved to be one with the highest checkpoint known. False only offline.
    """

    size: int
    root: bytes
    time: int
    epoch: int
    single_operator: bool
    consistent: bool


@dataclass(frozen=True)
class Receipt:
    """What a checked receipt shows about one form.

    Attributes:
        time_of_issue: Time of the form's own block, integer seconds.
        issuer: The issuer's record as it was at that block: its document digest is the one that counts.
        grant: A grant for the credential's type, in force at that block.
        single_operator: To be said beside everything that rests on this receipt.
        consistent: See ``Checkpoint``; a page says so where it is False.
        entry_index: The anchor's position in the log.
        own_size: Size of the log right after the form's own block.
        checkpoint: The checkpoint under which the receipt was proved.
    """

    time_of_issue: int
    issuer: IssuerRecord
    grant: Grant
    single_operator: bool
    consistent: bool
    entry_index: int
    own_size: int
    checkpoint: Checkpoint


@dataclass(frozen=True)
class Snapshot:
    """Values of the registry, all proved under one checkpoint; absence is proved as well.

    Attributes:
        checkpoint: The checkpoint that the values rest on.
        block_time: Time of its head block, seconds.
        values: The proved values by key; None where the key is proved absent.
    """

    checkpoint: Checkpoint
    block_time: int
    values: dict[StateKey, Any] = field(repr=False)

    @property
    def time(self) -> int:
        """The checkpoint's time in integer seconds: the answers hold as of then."""

    @property
    def size(self) -> int: ...
    @property
    def root(self) -> bytes: ...
    @property
    def single_operator(self) -> bool: ...

    def value(self, key: StateKey) -> Any:
        """Return the decoded CBOR value of a key, or None where it is proved absent.

        Raises:
            NotProvenError: The bundle carried no proof about this key.
        """

    def issuer(self, did: str) -> IssuerRecord | None:
        """Return an issuer's current record."""

    def issuer_by_number(self, number: int) -> str | None:
        """Return the DID of the issuer with a number, or None where no issuer has it."""

    def member(self, did: str) -> MemberRecord | None:
        """Return a member's record."""

    def grant(self, accreditor: str, issuer: str, credential_type: str) -> Grant | None:
        """Return one accreditor's grant, whether or not it is in force."""

    def status(self, did: str, url: str) -> StatusRecord | None:
        """Return the current version of what an issuer publishes at a URL."""

    def wallet(self, tag: str) -> WalletRecord | None:
        """Return a wallet by its tag."""

    def agreement(self, agreement_id: str, version: int | None = None) -> AgreementRecord | None:
        """Return the state of an agreement (without ``version``: of its latest version)."""


def verify_receipt(
    bundle: bytes,
    *,
    digest: bytes,
    issuer_id: str,
    credential_type: str,
    pin: Pin,
    now: int,
    consistency: Sequence[Consistency] = (),
) -> Receipt:
    """Check that a form was anchored by its issuer, when, and that the issuer was accredited then.

    Steps 1 to 9, 11 and 12; step 10 needs the issuer's record of today, see ``check_current``.

    Args:
        bundle: The receipt's bytes as they travel beside the form, salt and batch path included.
        digest: SHA-256 of the secured form.
        issuer_id: The credential's issuer, a DID.
        credential_type: The credential's type, the vocabulary IRI that grants name.
        pin: What this verifier knows of the ledger.
        now: The current time in integer seconds.
        consistency: Proofs fetched for this receipt that its tree is one with the pin's highest checkpoint.
            Without any, a checkpoint of the pin's own epoch passes, and the result is not ``consistent``.

    Raises:
        ReceiptError: A step failed; the subclass says which.

    Spec: LEDGER.md, section 4.5.
    """


def verify_snapshot(
    bundle: bytes, *, pin: Pin, now: int, consistency: Sequence[Consistency] = ()
) -> Snapshot:
    """Check a checkpoint with state proofs under its head (steps 1 to 6 and 12).

    Args:
        bundle: A checkpoint: fields 3, 4, 5, 6, 9 and 12 only.
        pin: What this verifier knows of the ledger.
        now: The current time in integer seconds.
        consistency: See ``verify_receipt``.

    Raises:
        ReceiptError: A step failed; the subclass says which.

    Spec: LEDGER.md, sections 4.5 and 4.12.
    """


def check_current(receipt: Receipt, *, current: Snapshot) -> IssuerRecord:
    """Check a receipt against what the registry knows today about its issuer (step 10).

    Args:
        receipt: A checked receipt.
        current: The snapshot that the status list is judged by; it carries the issuer's record.

    Returns:
        The issuer's current record.

    Raises:
        KeyCompromisedError: The form was anchored in an interval in which the key was in other hands.
        IssuerSuspendedError: It was anchored while the issuer was suspended, or after it closed.
        RollbackError: The snapshot is older than the receipt's own block.
        NotProvenError: The snapshot does not carry the issuer's record.

    Spec: LEDGER.md, section 4.5, step 10.
    """
