"""The values that an evaluation takes: an agreement, a certificate, a learner's account, courses, levels.

All of them are frozen: an evaluation reads its arguments and nothing else, so that anybody who has the same
ones comes to the same results. Sentences are pairs, ``zh-CN`` and ``en``.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from vc.credentials import CredentialFacts

Text = Mapping[str, str]
"""A sentence or a name in both languages, ``zh-CN`` and ``en``."""

Names = Mapping[str, Mapping[str, str]]
"""Names of bodies by DID and language, ``zh-CN`` or ``zh`` and ``en``; a body without one goes by its DID."""

Verdict = Literal["valid", "note", "revoked", "notAuthentic", "couldNotCheck"]
State = Literal["active", "underReview", "cancelled"]


@dataclass(frozen=True)
class Agreement:
    """One version of an agreement with its state on the ledger.

    Attributes:
        document: The document whose digest the ledger holds.
        started: Time of the block that put this version in force.
        ended: Time of the block that ended it, or None.
        signed: The parties that signed this version.
    """

    document: Mapping[str, Any]
    started: datetime
    ended: datetime | None
    signed: Collection[str]


@dataclass(frozen=True)
class Source:
    """A certificate and what was verified about the form that was shown; made by ``source_from``.

    Attributes:
        facts: What it states.
        verdict: What verification said; only ``valid`` and ``note`` may be recognised. A withdrawn form and
            a suspended issuer are ``revoked``.
        anchored: True if the form's receipt proves that it is anchored.
        possession: True if its holder proved possession of the key to which it is bound.
        complete: True unless an endorsement that it requires is missing, withdrawn or could not be checked.
    """

    facts: CredentialFacts
    verdict: Verdict
    anchored: bool
    possession: bool
    complete: bool


@dataclass(frozen=True)
class Conversion:
    """One entry of a learner's account: what a certificate was already used for.

    Attributes:
        agreement_id: URN of the agreement.
        version: Its version then.
        rule: Id of the rule.
        kind: 存入, 免修, 学分置换 or 成绩替代.
        source: ``source_key`` of the certificate.
        college: DID of the course's college; None for a deposit.
        course_code: The course's code at that college; None for a deposit.
        credits: How many, in multiples of 0.5.
        unit: The unit in which they are counted.
        state: ``underReview`` still counts, ``cancelled`` does not.
        source_ids: Ids of the credential and of those that replaced it (a correction may change the number).
    """

    agreement_id: str
    version: int
    rule: str
    kind: str
    source: str
    college: str | None
    course_code: str | None
    credits: float
    unit: str
    state: State
    source_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """What the credit bank knows of one learner.

    Attributes:
        college: DID of the college where the learner is enrolled, or None.
        programme: Six-digit code of the programme there, or None.
        conversions: Every entry of the account, cancelled ones too, in any order.
    """

    college: str | None
    programme: str | None
    conversions: tuple[Conversion, ...] = ()


@dataclass(frozen=True)
class Course:
    """The course that a rule speaks of.

    Attributes:
        code: Its code at its college.
        name: Its name.
        url: Where it is described, or None.
        programmes: Codes of the programmes to which the rule is limited; empty: all.
    """

    code: str
    name: Text
    url: str | None = None
    programmes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """The level to which a rule declares a certificate equivalent.

    Attributes:
        credential_type: Type IRI of the certificate that the recognising body would give.
        qualification_system: Its system, as 1+X.
        level_code: Its level, prefixed by its system.
        achievement: IRI of its standard, or None.
        name: What it is called, or None.
    """

    credential_type: str
    qualification_system: str
    level_code: str
    achievement: str | None = None
    name: Text | None = None
