"""The values that an evaluation gives: one result for each rule and party, and the agreement's own answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from vc.recognition.explanations import explained
from vc.recognition.model import Agreement, Course, Names, Target, Text

Outcome = Literal["yes", "no", "conditional"]
Confirmation = Literal["automatic", "officer"]

NOBODY: Names = MappingProxyType({})
"""No names: every body goes by its DID."""


@dataclass(frozen=True)
class Result:
    """What one rule says in the name of one party.

    Attributes:
        rule: The rule's id; R0 is the implied one of ``noSecondaryCertification``.
        by: DID of the party that speaks; None where the rule does not apply to the certificate at all.
        outcome: ``conditional`` is a credit rule that nobody's account was asked about.
        reason: Code of the sentence, as granted, available, equivalent, waived, cap.
        kind: The rule's kind, as 免修.
        credits: For rules about credit that do not say no: how many.
        unit: Their unit.
        course: The course, unless it is a deposit.
        college: DID of the course's college.
        grade: The course's grade, where the rule gives one.
        confirm: For rules about credit that do not say no: whether the bank may register it at once.
        target: For 等级等效: the level.
        purpose: For 免于重复认证: what the certificate is accepted for; None for everything.
        scope: For 免于重复认证: 全部, 理论 or 实操.
        sentence: Which sentence says it.
        details: What the sentence needs beside the rest, or None.
        names: Names of bodies for it, or None.
    """

    rule: str
    by: str | None
    outcome: Outcome
    reason: str
    kind: str
    credits: float | None = None
    unit: str | None = None
    course: Course | None = None
    college: str | None = None
    grade: str | None = None
    confirm: Confirmation | None = None
    target: Target | None = None
    purpose: Text | None = None
    scope: str | None = None
    sentence: str = "when"
    details: Mapping[str, Any] | None = field(default=None, repr=False)
    names: Names | None = field(default=None, repr=False, compare=False)

    @property
    def line(self) -> Text:
        """The sentence, put together when it is read: there are many more results than readers."""
        course, whole = self.course, self.scope == "全部"
        values = {
            "rule": self.rule,
            "by": self.by,
            "kind": self.kind,
            "credits": self.credits,
            "unit": self.unit,
            "course": None if course is None else course.name,
            "programmes": () if course is None else course.programmes,
            "grade": self.grade,
            "target": self.target,
            "purpose": self.purpose,
            "scope": None if whole else self.scope,
            **(self.details or {}),
        }
        return explained(self.sentence, values, names=self.names or NOBODY)

    def to_json(self) -> dict[str, Any]:
        """Return the result as reports and protocols write it, without members that say nothing."""
        course, target = self.course, self.target
        members = {
            "rule": self.rule,
            "by": self.by,
            "outcome": self.outcome,
            "reason": self.reason,
            "kind": self.kind,
            "credits": self.credits,
            "unit": self.unit,
            "course": None if course is None else _course(course),
            "college": self.college,
            "grade": self.grade,
            "confirm": self.confirm,
            "target": None if target is None else _target(target),
            "purpose": None if self.purpose is None else dict(self.purpose),
            "scope": self.scope,
            "line": dict(self.line),
        }
        return {key: value for key, value in members.items() if value is not None}


@dataclass(frozen=True)
class Evaluation:
    """What one agreement says about one certificate.

    Attributes:
        agreement_id: The agreement's URN.
        version: Its version.
        title: Its title.
        since: From when this version is in force: its first day, or its enactment if that came later.
        until: Its last moment.
        accepted: True if the agreement is in force and accepts the certificate; rules may still say no.
        reason: Why it is not accepted; None if it is.
        results: In the order of the rules, then of the parties; empty unless accepted.
        agreement: What was evaluated.
        sentence: Which sentence says why it is not accepted.
        details: What that sentence needs, or None.
    """

    agreement_id: str
    version: int
    title: Text
    since: datetime
    until: datetime
    accepted: bool
    reason: str | None
    results: tuple[Result, ...] = ()
    agreement: Agreement | None = field(default=None, repr=False, compare=False)
    sentence: str | None = None
    details: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def lines(self) -> tuple[Text, ...]:
        """The sentences: why it is not accepted, or one for each result."""
        if self.sentence is not None:
            return (explained(self.sentence, self.details or {}, names=NOBODY),)
        return tuple(result.line for result in self.results)

    @property
    def name(self) -> str:
        """The version's name, as ``urn:vocred:agreement:HM-2026-0001#1``."""
        return f"{self.agreement_id}#{self.version}"

    @property
    def recognising(self) -> tuple[Result, ...]:
        """The results that say more than no."""
        return tuple(result for result in self.results if result.outcome != "no")

    @property
    def granted(self) -> tuple[Result, ...]:
        """The credit that would be registered now."""
        return tuple(result for result in self.results if result.reason == "granted")

    def to_json(self) -> dict[str, Any]:
        """Return the evaluation as reports write it; moments are left to the caller."""
        members = {
            "agreement": self.name,
            "title": dict(self.title),
            "accepted": self.accepted,
            "results": [result.to_json() for result in self.results],
            "lines": [dict(line) for line in self.lines],
        }
        return members if self.reason is None else {**members, "reason": self.reason}


def _course(course: Course) -> dict[str, Any]:
    found: dict[str, Any] = {"code": course.code, "name": dict(course.name)}
    if course.url is not None:
        found["url"] = course.url
    return found


def _target(target: Target) -> dict[str, Any]:
    found: dict[str, Any] = {
        "credentialType": target.credential_type,
        "qualificationSystem": target.qualification_system,
        "levelCode": target.level_code,
    }
    if target.achievement is not None:
        found["achievement"] = target.achievement
    if target.name is not None:
        found["name"] = dict(target.name)
    return found
