"""What agreements in force make of a certificate, sorted for a page: no second test, same level, credit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from vc.recognition import Evaluation, Result
from wallet.recognising import Situation

WHOLE_TEST = "全部"


@dataclass(frozen=True)
class Line:
    """One sentence of one agreement.

    Attributes:
        names: Names of the body that speaks.
        line: The sentence.
        title: The agreement's title.
        agreement: Its name with the version.
        purpose: What the certificate is accepted for, or None for everything.
        since: From when the agreement is in force.
        until: Its last moment.
    """

    names: Mapping[str, str]
    line: Mapping[str, str]
    title: Mapping[str, str]
    agreement: str
    purpose: Mapping[str, str] | None
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Recognition:
    """Everything that the agreements say.

    Attributes:
        reachable: Whether the ledger could be asked.
        waived: Who asks for no second test at all, each body once.
        equivalent: Who takes it for a level of their own or another's.
        credit: What credit is to be had for it, under its condition.
        lines: All of it, in the order of the agreements and rules.
    """

    reachable: bool
    waived: tuple[Line, ...] = ()
    equivalent: tuple[Line, ...] = ()
    credit: tuple[Line, ...] = ()
    lines: tuple[Line, ...] = ()

    @property
    def bodies(self) -> int:
        """How many bodies recognise it in one way or another."""
        return len({line.names.get("zh") or line.names.get("zh-CN") for line in self.lines})


def of(evaluations: tuple[Evaluation, ...], *, found: Situation | None) -> Recognition:
    """Sort what the agreements say.

    Args:
        evaluations: What each agreement makes of the certificate.
        found: The situation that they were evaluated in; None: the ledger could not be asked.
    """
    if found is None:
        return Recognition(reachable=False)
    said = [
        (result, _line(evaluation, result, found))
        for evaluation in evaluations
        for result in evaluation.recognising
    ]
    waived = {
        result.by: line
        for result, line in reversed(said)
        if result.reason == "waived" and result.scope in (None, WHOLE_TEST)
    }
    return Recognition(
        reachable=True,
        waived=tuple(line for _, line in reversed(waived.items())),
        equivalent=tuple(line for result, line in said if result.reason == "equivalent"),
        credit=tuple(line for result, line in said if result.outcome == "conditional"),
        lines=tuple(line for _, line in said),
    )


def _line(evaluation: Evaluation, result: Result, found: Situation) -> Line:
    return Line(
        names=found.names_of(result.by or ""),
        line=result.line,
        title=evaluation.title,
        agreement=evaluation.name,
        purpose=result.purpose,
        since=evaluation.since,
        until=evaluation.until,
    )
