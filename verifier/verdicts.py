"""Outcomes of checks, and the one verdict that follows from them.

Eleven numbered checks, five outcomes, five verdicts. ``verified`` is the AND of all checks, computed in one
place; the verdict is decided from the same checks and the notes, and is never better than they are. Wording
is in ``verifier.wording``.
"""

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """What came of one check."""

    PASSED = "passed"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"
    NOT_APPLICABLE = "notApplicable"
    NOT_RUN = "notRun"


class Step(Enum):
    """The checks, in the order in which they are reported."""

    PARSE = 1
    STRUCTURE = 2
    PROOF = 3
    ISSUER = 4
    PERIOD = 5
    STATUS = 6
    ACCREDITATION = 7
    ANCHORING = 8
    HOLDER = 9
    ENDORSEMENTS = 10
    RECOGNITION = 11


class Verdict(Enum):
    """What an employer is told, from best to worst for ``worst``."""

    VALID = "valid"
    NOTE = "note"
    COULD_NOT_CHECK = "couldNotCheck"
    REVOKED = "revoked"
    NOT_AUTHENTIC = "notAuthentic"


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        step: Which.
        outcome: What came of it.
        code: The registry's code where it did not simply pass.
        detail: A sentence for technical readers; holds no claim's value.
    """

    step: Step
    outcome: Outcome
    code: str | None = None
    detail: str | None = None


@dataclass(frozen=True)
class Note:
    """Something to say beside the verdict.

    Attributes:
        code: Which sentence of ``verifier.wording``.
        values: What is put into it: dates, reason codes, names from the registry.
        weighs: True where it turns "valid" into "valid, please note".
    """

    code: str
    values: tuple[tuple[str, str], ...] = ()
    weighs: bool = False


_AUTHENTICITY = (Step.PARSE, Step.STRUCTURE, Step.PROOF, Step.ISSUER)
_SETTLED = (Outcome.PASSED, Outcome.NOT_APPLICABLE)

SUSPENDED_CODES = frozenset({"ISSUER_SUSPENDED"})
"""Failures of accreditation that read as "suspended", not as "do not rely on this"."""


def verified(checks: tuple[Check, ...]) -> bool:
    """Return True only if something passed, and nothing did otherwise than pass or not apply."""
    outcomes = {check.outcome for check in checks}
    return Outcome.PASSED in outcomes <= set(_SETTLED)


def decide(checks: tuple[Check, ...], notes: tuple[Note, ...]) -> Verdict:
    """Decide the verdict.

    The order: what shows that it is not authentic; what leaves that open; what revokes it; what could not be
    checked; what there is to note. Only a document of which every check passed or did not apply is valid.

    Args:
        checks: All checks, each step at most once.
        notes: What there is to say beside them.
    """
    by_step = {check.step: check for check in checks}
    if _not_authentic(by_step):
        return Verdict.NOT_AUTHENTIC
    if any(_open(by_step, step) for step in _AUTHENTICITY):
        return Verdict.COULD_NOT_CHECK
    if _failed(by_step, Step.STATUS) or _failed(by_step, Step.ACCREDITATION):
        return Verdict.REVOKED
    decisive = (Step.PERIOD, Step.STATUS, Step.ACCREDITATION, Step.ANCHORING, Step.HOLDER, Step.ENDORSEMENTS)
    if any(_open(by_step, step) for step in decisive):
        return Verdict.COULD_NOT_CHECK
    if not verified(checks) or any(note.weighs for note in notes):
        return Verdict.NOTE
    return Verdict.VALID


def worst(verdicts: tuple[Verdict, ...]) -> Verdict:
    """Return the worst of several verdicts; nothing at all could not be checked."""
    order = list(Verdict)
    return max(verdicts, key=order.index, default=Verdict.COULD_NOT_CHECK)


def _not_authentic(by_step: dict[Step, Check]) -> bool:
    if any(_failed(by_step, step) for step in (*_AUTHENTICITY, Step.ANCHORING, Step.HOLDER)):
        return True
    accreditation = by_step.get(Step.ACCREDITATION)
    failed = accreditation is not None and accreditation.outcome is Outcome.FAILED
    return failed and accreditation is not None and accreditation.code not in SUSPENDED_CODES


def _failed(by_step: dict[Step, Check], step: Step) -> bool:
    check = by_step.get(step)
    return check is not None and check.outcome is Outcome.FAILED


def _open(by_step: dict[Step, Check], step: Step) -> bool:
    check = by_step.get(step)
    return check is None or check.outcome in (Outcome.UNAVAILABLE, Outcome.NOT_RUN)
