"""What a verification found: eleven checks, notes, and what the registry and the credential say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ledger.proof.checkpoints import Checkpoint
from ledger.proof.verify import Receipt
from vc.credentials import CredentialFacts
from verifier.endorsements import Countersignature
from verifier.recognising import RecognitionLine
from verifier.statuses import StatusFinding
from verifier.verdicts import Check, Note, Step, Verdict, decide, verified


@dataclass(frozen=True)
class IssuerLine:
    """Who issued, in the registry's words.

    Attributes:
        did: The issuer's DID.
        names: Its names, ``zh`` and ``en``.
        number: Its number, the first group of its printed codes.
        since: Begin of the accreditation that counts, or None.
        accreditor: DID of the member that lets it issue this type, the chain id where all members voted on
            it, or None.
        accreditor_names: What to call that, ``zh`` and ``en``; empty where nobody told a member's names.
    """

    did: str
    names: Mapping[str, str]
    number: int
    since: datetime | None
    accreditor: str | None = None
    accreditor_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Verification:
    """Every check, in order, whether or not it ran, and what follows.

    Attributes:
        checks: The eleven checks.
        notes: What there is to say beside the verdict.
        facts: What the credential states; None unless proof and issuer binding passed.
        issuer: Who issued; None unless the registry knows the body.
        recognition: Who recognises it, as what, by which agreement.
        anchored: Time of issue: the time of the block in which this form was anchored.
        revocation: What the status said where a bit is set.
        endorsements: Who has to countersign, and whether they have.
        checked_at: When this was verified.
        as_of: Time of the checkpoint on which it rests, or None.
        single_operator: True where the ledger is run by one operator, or was when the form was anchored.
        checkpoint: The ledger's head under which the registry was read, or None.
        receipt: The form's checked receipt, or None.
        names: Names of bodies that the credential speaks of, by DID, where the registry knows them.
        document: The verified document itself, for who may see it.
    """

    checks: tuple[Check, ...]
    checked_at: datetime
    notes: tuple[Note, ...] = ()
    facts: CredentialFacts | None = None
    issuer: IssuerLine | None = None
    recognition: tuple[RecognitionLine, ...] = ()
    anchored: datetime | None = None
    revocation: StatusFinding | None = None
    endorsements: tuple[Countersignature, ...] = ()
    as_of: datetime | None = None
    single_operator: bool = False
    checkpoint: Checkpoint | None = field(default=None, repr=False)
    receipt: Receipt | None = field(default=None, repr=False)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    document: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def verified(self) -> bool:
        """True only if something passed, and nothing did otherwise than pass or not apply."""
        return verified(self.checks)

    @property
    def verdict(self) -> Verdict:
        """What an employer is told."""
        return decide(self.checks, self.notes)

    def check(self, step: Step) -> Check:
        """Return the check of a step."""
        return next(check for check in self.checks if check.step is step)
