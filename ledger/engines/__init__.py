"""What drives a core: ``embedded`` in one process, ``cometbft`` among members.

A node's HTTP application uses either of them through ``Engine`` and does not ask which it is.

Spec: LEDGER.md, section 4.1.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ledger.core.genesis import Genesis
from ledger.core.reading import Reader
from ledger.proof.bundle import CheckpointSignature
from ledger.store import Head


@dataclass(frozen=True)
class EngineStatus:
    """How an engine is at this moment.

    Attributes:
        height: The newest block that it has.
        catching_up: Whether it still fetches blocks that others have.
        peers: How many nodes it is connected with; 0 for a single operator.
        power: Its voting power; 0 where it only follows.
    """

    height: int
    catching_up: bool
    peers: int
    power: int


class Engine(Protocol):
    """The engine of one node. Every method may be called by several threads."""

    @property
    def genesis(self) -> Genesis:
        """The ledger's first entry."""

    @property
    def chain_id(self) -> str:
        """The ledger's identifier."""

    @property
    def member(self) -> str | None:
        """The DID for which this node signs roots; None at a node that only follows."""

    @property
    def stopped(self) -> bool:
        """Whether the engine was closed or failed, so that the process should end."""

    @property
    def head(self) -> Head:
        """Where the log stands, as committed."""

    @property
    def confirmed(self) -> int:
        """The size of the newest root that may be signed: the consensus has agreed on it."""

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called after each block that was committed, in the engine's own thread.

        It must return at once, raise nothing and not call the engine: it sets an event.
        """

    def status(self) -> EngineStatus:
        """Tell how the engine is.

        Raises:
            EngineError: It does not answer.
        """

    def reader(self) -> AbstractContextManager[Reader]:
        """Open a reader over one committed state, for one request."""

    def submit(self, tx: bytes) -> int:
        """Bring a statement into the log and return its index when it is durable there.

        Raises:
            Reject: The rules refuse it.
            NoQuorumError: Too few members take part at the moment; the statement may still be taken later.
            EngineError: It cannot be written at the moment; whether it was taken is not known.
        """

    def receipt(self, size: int | None = None) -> CheckpointSignature:
        """Sign a root as this node's member.

        Raises:
            EngineError: The engine has stopped, or this node signs nothing.
            MerkleError: No block ends at that size, or the consensus has not confirmed it yet.
        """

    def put_document(self, document: bytes) -> bytes:
        """Keep an agreement's document beside the log and return its SHA-256."""

    def put_dry_run(self, body: bytes, *, digest: bytes, did: str, until: int) -> bool:
        """Keep an issuer's dry run of an agreement, checked by the caller, if it is the newest."""
