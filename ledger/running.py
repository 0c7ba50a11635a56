"""The engine and the clock of the running application, for its views."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import current_app

from ledger.core.blocks import SINGLE_OPERATOR, Block
from ledger.engines.embedded import EmbeddedEngine
from ledger.proof.bundle import CheckpointSignature

ENGINE = "ledger_engine"
CLOCK = "ledger_clock"

Clock = Callable[[], int]


def engine() -> EmbeddedEngine:
    """Return the current application's engine."""
    found: EmbeddedEngine = current_app.extensions[ENGINE]
    return found


def now() -> int:
    """Return the current time in integer seconds, by the application's clock."""
    clock: Clock = current_app.extensions[CLOCK]
    return clock()


def sign(head: Block, _root: bytes) -> Sequence[CheckpointSignature]:
    """Return the signatures over the root of the log that ends with ``head``: here the operator's alone."""
    return [engine().receipt(head.size)]


def is_single_operator(block: Block | None) -> bool:
    """Return whether one operator stands behind a block."""
    return block is None or block.mode == SINGLE_OPERATOR
