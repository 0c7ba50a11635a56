"""What is wrong with a proof.

ReceiptError                      the base: a proof that does not check counts as none
├── ProofMalformedError           not the one strict form, or beyond a limit
├── InclusionError                a path does not lead to the root
├── CheckpointError               the head, its signers or its times do not fit
│   └── QuorumError               not more than 2/3 of the epoch's signers signed
├── InconsistentError             two trees that cannot both be the log's
│   └── RollbackError             a smaller tree is shown as the newest one
├── StateProofError               a key's value is not what the state root commits to
├── AnchorMismatchError           the batch does not hold this form
├── IssuerMismatchError           the anchor is not this issuer's
├── GrantMissingError             the issuer was not accredited for the type at its own block
├── KeyCompromisedError           anchored in an interval in which the key was in other hands
└── IssuerSuspendedError          anchored while the issuer was suspended or after it closed
NotProvenError                    a snapshot was asked for a key that it carries no proof of
PinError                          the pin file is damaged, or belongs to another ledger
"""

from __future__ import annotations

from crypto.errors import PROBLEM_TYPES
from ledger.errors import LedgerError


class ReceiptError(LedgerError):
    """The proof does not show what it is asked to show."""

    code = "LEDGER_PROOF_INVALID"
    type = PROBLEM_TYPES + "LEDGER_PROOF_INVALID"
    title = "The ledger proof does not check"


class ProofMalformedError(ReceiptError):
    """The bundle is not in its one strict form, or exceeds a limit."""


class InclusionError(ReceiptError):
    """An inclusion path does not lead from its leaf to the root."""


class CheckpointError(ReceiptError):
    """The head block, its signers' set or its times do not fit together."""

    code = "LEDGER_CHECKPOINT_INVALID"
    type = PROBLEM_TYPES + "LEDGER_CHECKPOINT_INVALID"
    title = "The ledger checkpoint does not check"


class QuorumError(CheckpointError):
    """Not more than two thirds of the epoch's signers signed the checkpoint."""

    code = "LEDGER_QUORUM"
    type = PROBLEM_TYPES + "LEDGER_QUORUM"
    title = "Too few members signed the ledger checkpoint"


class InconsistentError(ReceiptError):
    """The tree is not one with the tree that was seen before; ``evidence`` holds the signed bytes."""

    code = "LEDGER_INCONSISTENT"
    type = PROBLEM_TYPES + "LEDGER_INCONSISTENT"
    title = "The ledger shows two histories"

    def __init__(self, detail: str, *, evidence: bytes = b"") -> None:
        super().__init__(detail)
        self.evidence = evidence


class RollbackError(InconsistentError):
    """A checkpoint older than one already seen was served as the newest."""

    code = "LEDGER_ROLLBACK"
    type = PROBLEM_TYPES + "LEDGER_ROLLBACK"
    title = "The ledger was rolled back"


class StateProofError(ReceiptError):
    """The state proof does not lead to the block's state root."""


class AnchorMismatchError(ReceiptError):
    """The anchored batch does not hold the digest of this form."""

    code = "ANCHOR_MISMATCH"
    type = PROBLEM_TYPES + "ANCHOR_MISMATCH"
    title = "The receipt belongs to another document"


class IssuerMismatchError(ReceiptError):
    """The anchor was not signed by the issuer of the credential."""

    code = "ANCHOR_ISSUER_MISMATCH"
    type = PROBLEM_TYPES + "ANCHOR_ISSUER_MISMATCH"
    title = "The receipt is another issuer's"


class GrantMissingError(ReceiptError):
    """The issuer had no grant in force for the type when the form was anchored."""

    code = "ISSUER_NOT_ACCREDITED"
    type = PROBLEM_TYPES + "ISSUER_NOT_ACCREDITED"
    title = "The issuer was not accredited for this type when the form was anchored"


class KeyCompromisedError(ReceiptError):
    """The form was anchored while the issuer's key may have been in other hands."""

    code = "ISSUER_KEY_COMPROMISED"
    type = PROBLEM_TYPES + "ISSUER_KEY_COMPROMISED"
    title = "The form was anchored while the issuer's key was in other hands"


class IssuerSuspendedError(ReceiptError):
    """The form was anchored while the issuer was suspended, or after it closed."""

    code = "ISSUER_SUSPENDED"
    type = PROBLEM_TYPES + "ISSUER_SUSPENDED"
    title = "The form was anchored while its issuer was suspended"


class NotProvenError(LedgerError):
    """The snapshot carries no proof about that key: fetch one that does."""

    code = "LEDGER_STATE_NOT_PROVEN"
    type = PROBLEM_TYPES + "LEDGER_STATE_NOT_PROVEN"
    title = "The ledger's state was not proved for this key"


class PinError(LedgerError):
    """The pin is damaged, or belongs to another ledger."""

    code = "LEDGER_PIN_INVALID"
    type = PROBLEM_TYPES + "LEDGER_PIN_INVALID"
    title = "The ledger's pin cannot be used"
