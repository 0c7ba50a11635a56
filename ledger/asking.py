"""One question to several nodes: whose answer counts, and which failure is told when none does.

Each node is asked once at most, one after the other. Whether an answer is one, whoever asks decides: it
raises where it is not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeVar

from ledger.checked_node import FalseReceiptError
from ledger.errors import LedgerError
from ledger.nodes import Nodes
from ledger.proof.errors import (
    InconsistentError,
    NotProvenError,
    QuorumError,
    ReceiptError,
    RollbackError,
)
from ledger.transport import LedgerNoQuorumError, LedgerUnavailableError, StatementRefusedError

T = TypeVar("T")


def first(nodes: Nodes, act: Callable[[str], T], *, seconds: float = math.inf) -> T:
    """Return what the first node brings whose answer is one: checked, of the present, and found.

    Args:
        nodes: The nodes.
        act: Asks the node at an address.
        seconds: After so many seconds no further node is asked.

    Raises:
        LedgerError: The gravest of what the nodes answered: two histories, a proof that does not check, a
            refusal, silence, an older log.
    """
    failures: list[LedgerError] = []
    end = time.monotonic() + seconds
    for url in nodes.in_order():
        if failures and time.monotonic() > end:
            break
        try:
            return act(url)
        except QuorumError as error:
            failures.append(LedgerNoQuorumError(str(error)))
        except (LedgerUnavailableError, StatementRefusedError, ReceiptError, NotProvenError) as error:
            failures.append(error)
    raise max(failures, key=_gravity)


def leave(nodes: Nodes, path: str, content: bytes, *, content_type: str) -> None:
    """Leave something with every node; one that takes it is enough.

    Raises:
        LedgerUnavailableError: No node takes it, and none refuses.
        StatementRefusedError: No node takes it.
    """
    failures: list[LedgerError] = []
    for url in nodes.in_order():
        try:
            nodes.send(url, "PUT", path, content, content_type=content_type)
        except (LedgerUnavailableError, StatementRefusedError) as error:
            failures.append(error)
    if len(failures) == len(nodes.urls):
        raise max(failures, key=_gravity)


def _gravity(error: LedgerError) -> int:
    """Return how much an answer says: of several nodes' failures the gravest is reported."""
    if isinstance(error, RollbackError):
        return 0  # a node that is behind; the others said nothing better
    if isinstance(error, FalseReceiptError):
        return 1  # perhaps behind as well: it counts once no other node is silent
    if isinstance(error, LedgerNoQuorumError):
        return 3
    if isinstance(error, LedgerUnavailableError):
        return 2
    if isinstance(error, InconsistentError):
        return 6
    return 5 if isinstance(error, ReceiptError) else 4
