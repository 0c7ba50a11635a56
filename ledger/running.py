"""The engine, the signatures and the clock of the running application, for its views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from flask import current_app

from ledger.core.blocks import SINGLE_OPERATOR, Block
from ledger.core.reading import Reader
from ledger.engines import Engine
from ledger.errors import NoQuorumError
from ledger.proof.bundle import CheckpointSignature
from ledger.proof.receipts import MemberSignature, read_signature

ENGINE = "ledger_engine"
QUORUM = "ledger_quorum"
CLOCK = "ledger_clock"
SETTINGS = "ledger_settings"
"""The node's ``LedgerSettings``: home, public address, whether loopback is allowed."""

Clock = Callable[[], int]


class Quorum(Protocol):
    """Knows who signed which root."""

    def newest(self, reader: Reader) -> int:
        """Return the size of the newest checkpoint that enough members signed; it may take a moment."""

    def signatures(self, head: Block) -> Sequence[CheckpointSignature]:
        """Return the signatures over the root of the log that ends with ``head``, sorted by member."""

    def known(self, head: Block) -> Sequence[MemberSignature]:
        """Return all that is known of who signed that root, sorted by member; waits for nothing."""


class OwnSignature:
    """The quorum of a single operator: it signs whatever is newest."""

    def __init__(self, engine: Engine) -> None:
        """Sign with the engine's key."""
        self._engine = engine

    def newest(self, reader: Reader) -> int:
        """Return the newest size that the operator signs alone; its block may be newer than the reader."""
        return min(reader.head().size, self._engine.confirmed)

    def signatures(self, head: Block) -> Sequence[CheckpointSignature]:
        """Return the operator's signature."""
        return [self._engine.receipt(head.size)]

    def known(self, head: Block) -> Sequence[MemberSignature]:
        """Return the operator's signature with its name and time."""
        return [read_signature(signature) for signature in self.signatures(head)]


def engine() -> Engine:
    """Return the current application's engine."""
    found: Engine = current_app.extensions[ENGINE]
    return found


def quorum() -> Quorum:
    """Return what the current application knows of signatures."""
    found: Quorum = current_app.extensions[QUORUM]
    return found


def now() -> int:
    """Return the current time in integer seconds, by the application's clock."""
    clock: Clock = current_app.extensions[CLOCK]
    return clock()


def sign(head: Block, _root: bytes) -> Sequence[CheckpointSignature]:
    """Return the signatures over the root of the log that ends with ``head``.

    Raises:
        NoQuorumError: None is known here yet.
    """
    found = quorum().signatures(head)
    if not found:
        raise NoQuorumError("no signature over this checkpoint is known here yet: ask again, or another node")
    return found


def is_single_operator(block: Block | None) -> bool:
    """Return whether one operator stands behind a block."""
    return block is None or block.mode == SINGLE_OPERATOR
