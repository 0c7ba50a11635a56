"""What a verification found: eleven checks, notes, and what the registry and the credential say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vc.credentials import CredentialFacts
from verifier.endorsements import Countersignature
from vc.recognition import Waiver
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
    """

    did: str
    names: Mapping[str, str]
    number: int
    since: datetime | None


@dataclass(frozen=True)
class RecognitionLine:
    """A party that asks for no second test.

    Attributes:
        waiver: The evaluated rule.
        names: The party's names from the registry, ``zh`` and ``en``.
    """

    waiver: Waiver
    names: Mapping[str, str]


@dataclass(frozen=True)
class Verification:
    """Every check, in order, whether or not it ran, and what follows.

    Attributes:
        checks: The eleven checks.
        notes: What there is to say beside the verdict.
        facts: What the credential states; None unless proof and issuer binding passed.
        issuer: Who issued; None unless the registry knows the body.
        recognition: Who asks for no second test.
        anchored: Time of issue: the time of the block in which this form was anchored.
        revocation: What the status said where a bit is set.
        endorsements: Who has to countersign, and whether they have.
        checked_at: When this was verified.
        as_of: Time of the checkpoint on which it rests, or None.
        single_operator: True where the ledger is run by one operator, or was when the form was anchored.
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
