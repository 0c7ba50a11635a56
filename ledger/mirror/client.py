"""Asking the consortium's mirrors: for an object by its digest, for a bucket by its prefix.

Whoever asks compares what comes with a digest or a signature, so a mirror need not be trusted: one that
serves other bytes is passed over. Several are asked one after the other with short times, the one that
answered last first; one that was silent rests for a while. Nobody learns from the question which
certificate it is about: objects are whole lists and documents, buckets hold many forms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from ledger.mirror.signing import BucketPlace
from ledger.proof.verify import Snapshot
from ledger.registry import StateKey
from web import limits
from web.fetcher import Fetch


class RegistryReader(Protocol):
    """What is asked of the ledger; ``ledger.client.LedgerClient`` is one."""

    @property
    def chain_id(self) -> str:
        """The ledger's chain id."""

    def snapshot(self, keys: Iterable[StateKey], *, now: int) -> tuple[Snapshot, bytes]:
        """Return proved values of the registry."""


class MirrorClient:
    """The mirrors that the registry names, and the nodes that the service was set up with."""

    def __init__(self, *, ledger: RegistryReader, fetch: Fetch, nodes: Sequence[str] = ()) -> None:
        """Keep the collaborators; nothing is fetched yet.

        Args:
            ledger: Proves which mirrors there are.
            fetch: The one vetted fetcher.
            nodes: Base URLs of nodes that serve as mirrors whatever the registry says.
        """
        raise NotImplementedError

    def urls(self, *, now: int) -> tuple[str, ...]:
        """Return the mirrors' base URLs, configured nodes first; a silent ledger's last known."""
        raise NotImplementedError

    def object(self, digest: bytes, *, now: int, max_bytes: int = limits.FETCH_LARGE_BYTES) -> bytes | None:
        """Return the object with that SHA-256, or None where no mirror that answers has it."""
        raise NotImplementedError

    def bucket(
        self, place: BucketPlace, *, now: int, accept: Callable[[bytes, str | None], bool]
    ) -> bytes | None:
        """Return the first bucket that ``accept(body, signature header)`` takes, or None."""
        raise NotImplementedError
