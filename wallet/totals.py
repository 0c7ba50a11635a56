"""How many credits a holder has: counted for each unit by itself, because units are never converted."""

from collections.abc import Iterable

from wallet.holding import Held


def by_unit(items: Iterable[Held]) -> list[tuple[str | None, float]]:
    """Add up the credits of the credit records that are good, for each unit by itself.

    Certificates that merely say what they are worth are not counted: their credits count once a credit bank
    has registered them.

    Returns:
        Units with their sums, the largest first; None is the unit of records that name none.
    """
    sums: dict[str | None, float] = {}
    for item in items:
        facts = item.facts
        if facts.credential_type != "CreditRecord" or item.status.kind in {"revoked", "withdrawn"}:
            continue
        if facts.credits_earned is not None:
            sums[facts.credit_unit] = sums.get(facts.credit_unit, 0.0) + facts.credits_earned
    return sorted(sums.items(), key=lambda entry: (-entry[1], entry[0] or ""))
