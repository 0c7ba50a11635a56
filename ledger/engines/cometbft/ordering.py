"""The order of statements in a block: every honest proposer makes it, and nobody agrees to another.

Spec: LEDGER.md, sections 4.4 and 4.8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ledger import statements
from ledger.errors import Reject
from ledger.statements import Statement


def in_order(txs: Sequence[bytes]) -> list[Statement]:
    """Put statements into the order of a block; what is no statement, or stands twice, is left out.

    Governance comes before submission, and every sender's statements come by their numbers.
    """
    found: dict[bytes, Statement] = {}
    for tx in txs:
        try:
            found.setdefault(tx, statements.parse_statement(tx))
        except Reject:
            continue
    return sorted(found.values(), key=_place)


def _place(statement: Statement) -> tuple[bool, str, int, bytes]:
    return (statement.role != statements.GOVERNANCE, statement.issuer, statement.seq, statement.entry)


def without_gaps(
    ordered: Sequence[Statement], *, last_number: Callable[[Statement], int]
) -> Iterator[Statement]:
    """Leave out what a block would refuse for its number; a later one may take it.

    Args:
        ordered: What ``in_order`` returned.
        last_number: Returns the last number in the log of a statement's sender.
    """
    last: dict[tuple[str, str], int] = {}
    for statement in ordered:
        sender = (statement.issuer, statement.role)
        if sender not in last:
            last[sender] = last_number(statement)
        if statement.seq == last[sender] + 1:
            last[sender] = statement.seq
            yield statement
