"""What a verifier remembers of the ledger: who signs it, and the highest checkpoint seen.

A pin comes from outside once (the file that ``vocred ledger init`` writes, handed over by a person) and
then only moves forward: to a later epoch along a proved chain, to a higher checkpoint after a consistency
proof. It is what a node that lies would have to change, so it is written with fsync under a lock, and never
moved back.

Spec: LEDGER.md, section 4.5.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crypto import cbor
from crypto.errors import CryptoError
from ledger import merkle
from ledger.core.blocks import FIRST_EPOCH
from ledger.core.genesis import Genesis
from ledger.proof.bundle import Signer
from ledger.proof.errors import PinError
from ledger.statements import CHAIN_ID_PREFIX


@dataclass(frozen=True)
class Pin:
    """What is known of one ledger.

    Attributes:
        chain_id: ``urn:vocred:ledger:`` and the hash of log entry 0.
        epoch: The epoch of ``signers``.
        signers: The members that sign roots, with their receipt keys.
        single: One signer stands behind it or behind the way to it; only a new pin from outside lifts this.
        earlier: The sets of the epochs before, by epoch.
        size: Number of entries of the highest checkpoint seen.
        root: Its root.
    """

    chain_id: str
    epoch: int
    signers: tuple[Signer, ...]
    single: bool
    earlier: dict[int, tuple[Signer, ...]]
    size: int
    root: bytes

    @classmethod
    def from_genesis(cls, genesis: Genesis) -> Pin:
        """Return the first pin of a ledger: its first signers, and the tree of log entry 0 alone."""
        signers = tuple(Signer(member, key.cose_key) for member, key in genesis.signer_set)
        root = merkle.leaf_hash(genesis.entry)
        return cls(genesis.chain_id, FIRST_EPOCH, signers, len(signers) == 1, {}, 1, root)

    def to_bytes(self) -> bytes:
        """Return the content of a pin file: deterministic CBOR."""
        return cbor.encode(
            {
                "chain": self.chain_id,
                "epoch": self.epoch,
                "signers": [signer.to_cbor() for signer in self.signers],
                "single": self.single,
                "earlier": {
                    epoch: [signer.to_cbor() for signer in signers] for epoch, signers in self.earlier.items()
                },
                "highest": [self.size, self.root],
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Pin:
        """Read the content of a pin file.

        Raises:
            PinError: It is damaged.
        """
        try:
            fields = cbor.decode(data)
            size, root = fields["highest"]
            pin = cls(
                chain_id=fields["chain"],
                epoch=fields["epoch"],
                signers=_signers(fields["signers"]),
                single=fields["single"],
                earlier={epoch: _signers(signers) for epoch, signers in fields["earlier"].items()},
                size=size,
                root=root,
            )
        except (CryptoError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise PinError("the pin file is damaged") from error
        if not pin.chain_id.startswith(CHAIN_ID_PREFIX) or len(pin.root) != hashlib.sha256().digest_size:
            raise PinError("the pin file is damaged")
        return pin


def signers_digest(signers: tuple[Signer, ...]) -> bytes:
    """Return the hash by which a block entry names a set: SHA-256 of the CBOR array, sorted by member.

    Spec: LEDGER.md, section 4.4.
    """
    ordered = sorted(signers, key=lambda signer: signer.member)
    return hashlib.sha256(cbor.encode([signer.to_cbor() for signer in ordered])).digest()


class PinStore:
    """A pin in a file, shared by the processes of one service."""

    def __init__(self, path: Path | str) -> None:
        """Name the file; nothing is read yet."""
        self._path = Path(path)

    @classmethod
    def start(cls, path: Path | str, *, pin_file: Path | str) -> PinStore:
        """Return the store at ``path``, begun from ``pin_file`` if it is not there yet.

        Raises:
            PinError: The store belongs to another ledger than the file, or one of them is damaged.
        """
        store = cls(path)
        given = Pin.from_bytes(Path(pin_file).read_bytes())
        with store._lock():
            if not store._path.exists():
                store._write(given)
        if store.load().chain_id != given.chain_id:
            raise PinError("the pin store belongs to another ledger than the pin file")
        return store

    def load(self) -> Pin:
        """Return the pin.

        Raises:
            PinError: There is no pin yet, or it is damaged.
        """
        try:
            return Pin.from_bytes(self._path.read_bytes())
        except FileNotFoundError as error:
            raise PinError("there is no pin: start from the ledger's pin file") from error

    @property
    def evidence(self) -> Path:
        """The directory beside the pin in which evidence of two histories is kept."""
        return self._path.with_name(self._path.name + ".evidence")

    def signed(self) -> bytes | None:
        """Return the signed checkpoint behind the highest tree, a bundle; None where it was not kept."""
        try:
            return self._signed.read_bytes()
        except FileNotFoundError:
            return None

    def advance(self, *, to: Pin, signed: bytes | None = None) -> Pin:
        """Move the pin forward to what a whole check has shown.

        A concurrent process may have moved it further meanwhile; then the further one stays. Nothing moves
        it back.

        Args:
            to: The pin after a check that began from one that this store held.
            signed: The bundle that showed it. Should another history come up, its signatures convict those
                who signed both.

        Returns:
            The pin that is stored now.

        Raises:
            PinError: ``to`` is another ledger's, or contradicts what is stored.
        """
        with self._lock():
            held = self.load()
            if to.chain_id != held.chain_id:
                raise PinError("the pin belongs to another ledger")
            if to.size == held.size and to.root != held.root:
                raise PinError("the pin contradicts the highest checkpoint that is stored")
            further = held if held.epoch >= to.epoch else to
            highest = held if held.size >= to.size else to
            further = replace(further, single=held.single or to.single, size=highest.size, root=highest.root)
            if further == held:
                return held
            if signed is not None and highest is to and to.size > held.size:
                # A crash before the next line leaves signatures over a tree that is not the pinned one yet,
                # and of the same log: they convict just as well.
                _replace(self._signed, signed)
            self._write(further)
            return further

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with open(self._path.with_name(self._path.name + ".lock"), "ab") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    @property
    def _signed(self) -> Path:
        return self._path.with_name(self._path.name + ".signed")

    def _write(self, pin: Pin) -> None:
        _replace(self._path, pin.to_bytes())


def _replace(path: Path, content: bytes) -> None:
    # A crash leaves either the old file or the new one: the new bytes are durable before they get the
    # name, and the name is durable before the lock is released.
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    with open(fresh, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(fresh, path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _signers(value: Any) -> tuple[Signer, ...]:
    return tuple(Signer(member, key) for member, key in value)
