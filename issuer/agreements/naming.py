"""Identifiers of agreements: proposed automatically, and free."""

import re
from collections.abc import Sequence

_SHORT = re.compile(r"[A-Z0-9]{2,12}")


def identifier(short: str, *, year: int, known: Sequence[str]) -> str:
    """Return the next free identifier: ``urn:vocred:agreement:<short>-<year>-<nnnn>``.

    Args:
        short: Letters and digits of the institution's choice, such as ``YL``.
        year: The calendar year.
        known: Identifiers that were ever used.
    """
    head = f"urn:vocred:agreement:{short}-{year}-"
    used = {
        int(name.removeprefix(head))
        for name in known
        if name.startswith(head) and name[len(head) :].isdigit()
    }
    return f"{head}{max(used, default=0) + 1:04}"


def short_name(did: str) -> str:
    """Return letters that stand for an institution until it chooses others: of its DID's first label."""
    label = re.sub(r"[^A-Z0-9]", "", did.removeprefix("did:web:").partition(".")[0].upper())[:12]
    return label if _SHORT.fullmatch(label) else "VC"


def valid_short(short: str) -> bool:
    """Return whether letters can stand in an identifier."""
    return _SHORT.fullmatch(short) is not None
