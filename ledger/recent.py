"""The last few values by key: what was checked a moment ago and may be used again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The last few values by key, shared by threads; the lock covers the order."""

    def __init__(self, most: int) -> None:
        """Keep ``most`` values; the one that was used longest ago goes first."""
        self._items: OrderedDict[K, V] = OrderedDict()
        self._most = most
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """Return the value of a key, or None."""
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
            return self._items.get(key)

    def put(self, key: K, value: V) -> None:
        """Remember a value, in place of the key's earlier one."""
        with self._lock:
            self._items[key] = value
            self._items.move_to_end(key)
            while len(self._items) > self._most:
                self._items.popitem(last=False)

    def drop(self, key: K) -> None:
        """Forget the value of a key."""
        with self._lock:
            self._items.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._items.clear()
