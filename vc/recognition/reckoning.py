"""Credits and grades that a rule takes from the certificate: exactly, or not at all."""

import re
from collections.abc import Mapping
from decimal import Decimal
from math import floor, isfinite
from typing import Any

from vc.credentials import CredentialFacts
from vc.recognition.refusals import Refused

_MARK = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,6})?")
_LOWEST, _HIGHEST = Decimal(0), Decimal(100)
_SOURCES: Mapping[str, str] = {"creditsEarned": "credits_earned", "learningHours": "learning_hours"}


def credits_of(amount: float | Mapping[str, Any], facts: CredentialFacts) -> float:
    """Return how many credits a rule is worth for a certificate.

    Args:
        amount: A number, or ``{from, hoursPerCredit?, max}``.
        facts: What the certificate states.

    Returns:
        A multiple of 0.5; what is reckoned is rounded down to one, and never more than ``max``.

    Raises:
        Refused: The certificate does not state the number, or it is worth less than half a credit.
    """
    if not isinstance(amount, Mapping):
        return float(amount)
    stated = getattr(facts, _SOURCES[amount["from"]])
    if stated is None or not isfinite(stated):
        raise Refused("no-credits", x=amount["from"])
    # As decimals: 2.3 / 0.1 is 23 and not a little less.
    worth = Decimal(str(stated)) / amount.get("hoursPerCredit", 1)
    halves: int = min(floor(worth * 2), round(amount["max"] * 2))
    if halves < 1:
        raise Refused("no-credits", x=amount["from"])
    return halves / 2


def grade_of(asked: Mapping[str, Any] | None, facts: CredentialFacts) -> str | None:
    """Return the grade that a rule gives, None where it gives none.

    Args:
        asked: ``{fixed}``, ``{from: "result:<name>", map: "score"}`` or ``{from, bands}``.
        facts: What the certificate states.

    Raises:
        Refused: There is not exactly one usable mark of that name, or it lies below every band.
    """
    if asked is None:
        return None
    if "fixed" in asked:
        return str(asked["fixed"])
    name = asked["from"].partition(":")[2]
    mark = _mark(name, facts)
    if "bands" not in asked:
        return mark
    reached = [band for band in asked["bands"] if Decimal(str(band["min"])) <= Decimal(mark)]
    if not reached:
        raise Refused("no-mark", x=name)
    return str(max(reached, key=lambda band: band["min"])["grade"])


def _mark(name: str, facts: CredentialFacts) -> str:
    """Return the one mark of that name, as it is written; it has to say that it counts from 0 to 100."""
    named = [mark for mark in facts.marks if mark.name == name]
    if len(named) != 1:
        raise Refused("no-mark", x=name)
    mark = named[0]
    plain = (mark.minimum, mark.maximum) == ("0", "100")
    if not plain and (_number(mark.minimum) != _LOWEST or _number(mark.maximum) != _HIGHEST):
        raise Refused("no-mark", x=name)
    value = _number(mark.value)
    if value is None or value > _HIGHEST:
        raise Refused("no-mark", x=name)
    return mark.value


def _number(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None and _MARK.fullmatch(text) else None
