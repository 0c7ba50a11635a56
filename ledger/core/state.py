"""What a block may read and write: the state at its start under a layer of its own changes.

``State`` keeps two layers over the store: what the block has changed so far, and what the statement (or
effect) in hand has changed. ``keep`` moves the second into the first; ``drop`` forgets it, which is how a
refused statement is undone whole. Nothing is written to the store before the block is complete.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Protocol

import cbor2

from crypto import cbor
from ledger.core.genesis import Genesis

Key = tuple[str | int | bytes, ...]


class Pairs(Protocol):
    """The committed state below a block."""

    def state(self, key: bytes) -> bytes | None:
        """Return the value of a key, or None."""

    def states(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Iterate over the pairs whose key starts with ``prefix``, in the order of the keys."""


class State:
    """The state as one block sees and changes it.

    Attributes:
        genesis: What never changes: chain id, delay, quota.
        time: The block's time in seconds, the only clock there is.
        height: The block's number.
    """

    def __init__(self, pairs: Pairs, *, genesis: Genesis, time: int, height: int = 0) -> None:
        self.genesis = genesis
        self.time = time
        self.height = height
        self._pairs = pairs
        self._block: dict[bytes, bytes | None] = {}
        self._hand: dict[bytes, bytes | None] = {}

    def get(self, *key: str | int | bytes) -> Any:
        """Return the value of a key, or None; the caller may change it and put it back."""
        encoded = _encoded(key)
        for layer in (self._hand, self._block):
            if encoded in layer:
                value = layer[encoded]
                break
        else:
            value = self._pairs.state(encoded)
        return None if value is None else _decoded(value)

    def put(self, key: Key, value: Any) -> None:
        """Set the value of a key."""
        self._hand[_encoded(key)] = cbor.encode(value)

    def delete(self, key: Key) -> None:
        """Remove a key."""
        self._hand[_encoded(key)] = None

    def under(self, *start: str, length: int) -> list[tuple[list[Any], Any]]:
        """Return the keys of ``length`` items that begin with ``start``, and their values.

        The order is that of the encoded keys.
        """
        prefix = _prefix(start, length)
        found: dict[bytes, bytes | None] = dict(self._pairs.states(prefix))
        for layer in (self._block, self._hand):
            found.update((key, value) for key, value in layer.items() if key.startswith(prefix))
        return [(_decoded(key), _decoded(value)) for key, value in sorted(found.items()) if value is not None]

    def keep(self) -> None:
        """Let what the statement in hand changed belong to the block."""
        self._block.update(self._hand)
        self._hand = {}

    def drop(self) -> None:
        """Undo what the statement in hand changed."""
        self._hand = {}

    def mark(self) -> Mapping[bytes, bytes | None]:
        """Return the changes in hand, to go back to with ``back_to``."""
        return dict(self._hand)

    def back_to(self, mark: Mapping[bytes, bytes | None]) -> None:
        """Undo what was changed in hand since the mark."""
        self._hand = dict(mark)

    def changes(self) -> dict[bytes, bytes | None]:
        """Return what the block changed: the new value by key, None where it is gone.

        A key that was set back to its former value is no change: the block's entry depends on that.
        """
        return {key: value for key, value in sorted(self._block.items()) if self._pairs.state(key) != value}


@lru_cache(maxsize=4096)
def _encoded(key: Key) -> bytes:
    return cbor.encode(key)


def _decoded(value: bytes) -> Any:
    """Decode what this program encoded; nothing of it comes from outside, so it is not checked again."""
    return cbor2.loads(value)


def _prefix(start: tuple[str, ...], length: int) -> bytes:
    """Return the first bytes of every array of ``length`` items that begins with ``start``."""
    return bytes([0x80 + length]) + b"".join(cbor.encode(item) for item in start)
