"""A check and what came of it, alike for every service."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from web.database import reading

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Check:
    """One thing that has to be so.

    Attributes:
        name: Its name, in a few words.
        look: Returns a sentence on what it saw, or raises one of our errors.
        advice: What to do where it does not pass.
    """

    name: str
    look: Callable[[], str]
    advice: str


@dataclass(frozen=True)
class Outcome:
    """What came of a check.

    Attributes:
        check: Its name.
        passed: Whether it passed.
        said: What was seen, or what is wrong.
        code: The code of what is wrong; None where it passed.
        advice: What to do; None where it passed.
    """

    check: str
    passed: bool
    said: str
    code: str | None = None
    advice: str | None = None

    def document(self) -> dict[str, Any]:
        """Return it for ``--json``."""
        return asdict(self)


def run(checks: Iterable[Check]) -> Iterator[Outcome]:
    """Run checks one after another; none keeps the others from running."""
    for check in checks:
        yield _run(check)


def _run(check: Check) -> Outcome:
    try:
        with reading():
            return Outcome(check.name, True, check.look())
    except Exception as error:
        code = getattr(error, "code", None)
        if not isinstance(code, str):
            # Damage shows in many ways: rows that no code of ours would have written break that code.
            logger.warning("check_broke name=%s", check.name, exc_info=True)
            said = f"the check broke ({type(error).__name__}): the data are not as this program writes them"
            return Outcome(check.name, False, said, "INTERNAL_ERROR", check.advice)
        said = str(error) or getattr(error, "title", code)
        return Outcome(check.name, False, said, code, check.advice)
