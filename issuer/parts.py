"""The collaborators of the use cases, put together once at the edge: a request, a command, the worker."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from typing import Any, Protocol

from issuer.secret import Secret
from issuer.settings import IssuerSettings
from ledger.mirror.client import MirrorClient, Put
from ledger.proof.bundle import Bundle
from ledger.proof.verify import Snapshot
from ledger.registry import StateKey


class Ledger(Protocol):
    """What the issuer asks of the ledger; ``ledger.client.LedgerClient`` is one, and says more about each."""

    @property
    def chain_id(self) -> str:
        """The ledger's chain id."""

    def snapshot(self, keys: Iterable[StateKey], *, now: int) -> tuple[Snapshot, bytes]:
        """Return proved values of the registry."""

    def listed(self, path: str) -> dict[str, Any]:
        """Return one of the node's listings; not proved."""

    def submit(self, statement: bytes) -> int:
        """Submit a statement and return its entry's index; repeating it is harmless."""

    def next_seq(self, did: str, role: str, *, now: int) -> int:
        """Return the number that the next statement of a DID in a role has to carry."""

    def receipt(
        self, entry_index: int, *, credential_type: str, now: int, statement: bytes | None = None
    ) -> Bundle:
        """Return the proof of an anchor, which has to be exactly ``statement``, without a batch path."""


@dataclass(frozen=True)
class Mirrors:
    """How copies are left at the consortium's mirrors.

    Attributes:
        client: Knows which mirrors there are.
        put: The vetted fetcher.
        chain_id: The ledger, which every signature for a mirror names.
    """

    client: MirrorClient
    put: Put
    chain_id: str


@dataclass(frozen=True)
class Parts:
    """What the use cases need besides the database, the time and their arguments.

    Attributes:
        settings: The instance's settings.
        secret: The instance's secret.
        random: Returns that many unpredictable bytes.
        ledger: The client of the ledger, or None where a use case must do without (signing, claims).
        mirrors: The consortium's mirrors, or None where no copies are left.
    """

    settings: IssuerSettings
    secret: Secret
    random: Callable[[int], bytes]
    ledger: Ledger | None = None
    mirrors: Mirrors | None = None

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Hold the instance's lock of that name, if no other process does.

        The kernel lets go when the process dies, so a kill leaves nothing behind. Nothing rests on this lock:
        the database refuses what two processes may not both do; the lock only saves the work.

        Yields:
            Whether the lock was free.
        """
        descriptor = os.open(self.settings.home / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                flock(descriptor, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)


def make_parts(
    settings: IssuerSettings, *, ledger: Ledger | None = None, mirrors: Mirrors | None = None
) -> Parts:
    """Put the collaborators together, with the operating system's randomness."""
    assert settings.secret_key is not None  # Environment.service saw to it
    secret = Secret(settings.secret_key, random=os.urandom)
    return Parts(settings=settings, secret=secret, random=os.urandom, ledger=ledger, mirrors=mirrors)
