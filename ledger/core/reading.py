"""Questions to a ledger and their proofs; nothing here writes.

A ``Reader`` stands on a store of its own, usually a read-only connection, and sees committed blocks only.
Proofs can be had at any past block entry: the trees keep every node.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from crypto import cbor
from ledger import merkle, prefix_map
from ledger.core.blocks import Block, parse_block
from ledger.core.genesis import Genesis, parse_genesis
from ledger.core.state import Key, State
from ledger.errors import MerkleError, StoreError
from ledger.prefix_map import MapProof
from ledger.store import Head, Store


@dataclass(frozen=True)
class Proved:
    """What the state holds for a key at a block, with its proof.

    Attributes:
        key: The key's bytes.
        value: The value's bytes, or None where the key is absent.
        proof: Leads to the ``state`` of the block entry that was asked.
    """

    key: bytes
    value: bytes | None
    proof: MapProof


class Reader:
    """Answers from the committed blocks of one store."""

    def __init__(self, store: Store, *, genesis: Genesis | None = None) -> None:
        self.store = store
        self.genesis = _genesis(store) if genesis is None else genesis

    @classmethod
    @contextmanager
    def open(cls, path: Path, *, genesis: Genesis | None = None) -> Iterator["Reader"]:
        """Open a database read-only, one committed state of it for as long as the context lasts.

        Args:
            path: The database.
            genesis: Its genesis, where the caller has read it before.
        """
        store = Store.open(path, read_only=True)
        try:
            with store.reading():
                yield cls(store, genesis=genesis)
        finally:
            store.close()

    @property
    def chain_id(self) -> str:
        """The ledger's identifier."""
        return self.genesis.chain_id

    def head(self) -> Head:
        """Return where the log stands: size, root, height, time."""
        return self.store.head()

    def entry(self, index: int) -> bytes:
        """Return a log entry.

        Raises:
            MerkleError: There is none of that index.
        """
        entry = self.store.entry(index)
        if entry is None:
            raise MerkleError(f"the log has no entry {index}")
        return entry

    def entries(self, start: int, end: int) -> list[bytes]:
        """Return the entries from ``start`` up to, not including, ``end``; fewer at the end of the log."""
        return list(self.store.entries(start, end))

    def position_of(self, entry: bytes) -> int | None:
        """Return the index of an entry with exactly these bytes, or None."""
        return self.store.position_of(merkle.leaf_hash(entry))

    def root(self, size: int) -> bytes:
        """Return the root of the first ``size`` entries."""
        self._check_size(size)
        return merkle.root(self.store, size=size)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the inclusion path of entry ``index`` in the first ``size`` entries."""
        self._check_size(size)
        return merkle.inclusion(self.store, index=index, size=size)

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Return the path that shows the first ``second`` entries to continue the first ``first``."""
        self._check_size(second)
        return merkle.consistency(self.store, first=first, second=second)

    def block(self, size: int) -> Block:
        """Return the block entry that is the last of the first ``size`` entries.

        Raises:
            MerkleError: No block ends there, so nobody signs that size.
        """
        if self.store.block_before(size) != size - 1:
            raise MerkleError(f"no block ends at size {size}")
        return parse_block(self.entry(size - 1))

    def head_block(self) -> Block | None:
        """Return the newest block entry, or None before the first block."""
        size = self.head().size
        return None if size == 1 else self.block(size)

    def own_block(self, index: int) -> Block:
        """Return the block that a statement was accepted in (a block entry's own is itself).

        Raises:
            MerkleError: There is no such entry, or it is the genesis.
        """
        found = self.store.block_from(index)
        if found is None or index < 1:
            raise MerkleError(f"entry {index} is in no block")
        return self.block(found + 1)

    def prove(self, keys: Sequence[bytes | Key], *, size: int | None = None) -> list[Proved]:
        """Prove what the state held for keys.

        Args:
            keys: Keys, encoded or as arrays.
            size: A size at which a block ends; the newest by default.

        Returns:
            One proof a key, in the same order, all to the ``state`` of ``block(size)``.

        Raises:
            MerkleError: No block ends at that size.
        """
        root = self.block(self.head().size if size is None else size).state
        return [self._prove(key if isinstance(key, bytes) else cbor.encode(key), root) for key in keys]

    def value(self, *key: str | int | bytes) -> Any:
        """Return the present value of a key, decoded, or None; without a proof."""
        value = self.store.state(cbor.encode(key))
        return None if value is None else cbor.decode(value)

    def values(self, *start: str, length: int) -> list[tuple[list[Any], Any]]:
        """Return every present key of ``length`` items that begins with ``start``, with its value.

        ``values("issuer", length=2)`` lists the issuers. Decoded, in the order of the encoded keys, no proof.
        """
        state = State(self.store, genesis=self.genesis, time=self.head().time)
        return state.under(*start, length=length)

    def past_value(self, *key: str | int | bytes, size: int) -> Any:
        """Return the value that a key had when the log had ``size`` entries, or None; without a proof.

        Raises:
            MerkleError: No block ends at that size.
        """
        value = self.prove([key], size=size)[0].value
        return None if value is None else cbor.decode(value)

    def document(self, digest: bytes) -> bytes | None:
        """Return an agreement's document by its SHA-256, if it was stored here."""
        return self.store.document(digest)

    def _prove(self, key: bytes, root: bytes) -> Proved:
        proof, digest = prefix_map.prove(self.store, root, sha256(key).digest())
        return Proved(key, None if digest is None else self.store.value(digest), proof)

    def _check_size(self, size: int) -> None:
        if not 0 < size <= self.head().size:
            raise MerkleError(f"the log never had {size} entries")


def _genesis(store: Store) -> Genesis:
    entry = store.entry(0)
    if entry is None:
        raise StoreError("the ledger's database holds no genesis")
    return parse_genesis(entry)
