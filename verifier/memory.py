"""What one process remembers between verifications: public things only, each with a bound on its number."""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ledger.proof.verify import Snapshot
from ledger.registry import StateKey
from vc.data_integrity import VerifiedProof
from verifier.evidence import Recognitions

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Recent(Generic[_Key, _Value]):
    """The last few values by key, shared by threads; the lock covers order and size."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[_Key, _Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: _Key) -> _Value | None:
        """Return what was kept under ``key``, or None."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def put(self, key: _Key, value: _Value) -> None:
        """Keep ``value``; the value that was not used for longest goes."""
        with self._lock:
            self._held[key] = value
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)

    def drop(self, key: _Key) -> None:
        """Forget what was kept under ``key``."""
        with self._lock:
            self._held.pop(key, None)


@dataclass
class Memory:
    """What one process remembers between verifications: public documents by digest, and the ledger's last
    word.

    Nothing in it names a person; sealed forms and what was typed are never kept.
    """

    documents: Recent[bytes, bytes] = field(default_factory=lambda: Recent(512))
    lists: Recent[str, tuple[int, Mapping[str, Any]]] = field(default_factory=lambda: Recent(128))
    proved_lists: Recent[bytes, tuple[VerifiedProof, ...]] = field(default_factory=lambda: Recent(128))
    stores: Recent[bytes, bytes] = field(default_factory=lambda: Recent(64))
    receipts: Recent[bytes, bytes] = field(default_factory=lambda: Recent(4096))
    snapshots: Recent[frozenset[StateKey], Snapshot] = field(default_factory=lambda: Recent(512))
    recognitions: Recent[str, tuple[int, Recognitions]] = field(default_factory=lambda: Recent(1))
    names: Recent[str, Mapping[str, str]] = field(default_factory=lambda: Recent(512))
    silent_issuers: Recent[str, int] = field(default_factory=lambda: Recent(512))
    """When an issuer's site did not answer last, by its origin."""
