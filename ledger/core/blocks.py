"""The block entry: the last leaf of a block, by which signatures over a root come to mean something.

    {domain, height, time, epoch, mode, first, size, state, previous, signers, next_signers}

A member signs only the root of the log. What size the tree has, what the state is, when it was and who
may sign, stands in the block entry that is the tree's last leaf.

Spec: LEDGER.md, section 4.4.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from dataclasses import fields as members_of
from typing import Any

from crypto import cbor
from crypto.errors import CborError
from crypto.keys import PublicKey
from ledger.core import fields
from ledger.errors import HistoryError, Reject

DOMAIN = "vocred/block/1"
SINGLE_OPERATOR = 1
CONSORTIUM = 2
FIRST_EPOCH = 1


@dataclass(frozen=True)
class Block:
    """A block entry.

    Attributes:
        height: The engine's number of the block, from 1; blocks that changed nothing have no entry.
        time: Time of the block in seconds.
        epoch: Counts the changes of the signers' set, from 1.
        mode: 1 where one operator signs, 2 where several members do.
        first: Index of the block's first statement; without statements the index of this entry.
        size: Number of entries of the log with this one.
        state: Root of the state's map after the block.
        previous: Root of the log of ``first`` entries.
        signers: Digest of the set that signs this block.
        next_signers: Digest of the set that signs the next one.
    """

    height: int
    time: int
    epoch: int
    mode: int
    first: int
    size: int
    state: bytes
    previous: bytes
    signers: bytes
    next_signers: bytes

    @property
    def index(self) -> int:
        """The index of this entry in the log."""
        return self.size - 1

    @property
    def next_epoch(self) -> int:
        """The epoch of the block that follows."""
        return self.epoch + (self.signers != self.next_signers)

    def encode(self) -> bytes:
        """Return the log entry."""
        return cbor.encode({"domain": DOMAIN, **asdict(self)})


_MEMBERS = ("domain", *(member.name for member in members_of(Block)))


def parse_block(entry: bytes) -> Block:
    """Read a block entry.

    Raises:
        HistoryError: The bytes are no block entry.
    """
    try:
        value = cbor.decode(entry, max_bytes=1024)
        return _read(fields.record(value, *_MEMBERS))
    except (CborError, Reject) as error:
        raise HistoryError("not a block entry") from error


def is_block(entry: bytes) -> bool:
    """Return whether a log entry is a block's: a statement is an array, the genesis another map.

    Says nothing about whether the entry is well formed.
    """
    return entry[:1] == bytes([0xA0 + len(_MEMBERS)])


def signers_digest(signers: Iterable[tuple[str, PublicKey]]) -> bytes:
    """Return what block entries call a set of signers.

    Args:
        signers: Each member's DID and receipt key.

    Returns:
        SHA-256 of the CBOR array of [member, receipt key], sorted by member.
    """
    rows = [[member, key.cose_key] for member, key in sorted(signers, key=lambda signer: signer[0])]
    return hashlib.sha256(cbor.encode(rows)).digest()


def _read(value: Any) -> Block:
    if value["domain"] != DOMAIN:
        raise fields.malformed("another domain")
    size = fields.integer(value["size"], least=2)
    return Block(
        height=fields.integer(value["height"], least=1),
        time=fields.time(value["time"]),
        epoch=fields.integer(value["epoch"], least=FIRST_EPOCH),
        mode=fields.integer(value["mode"], least=SINGLE_OPERATOR, most=CONSORTIUM),
        first=fields.integer(value["first"], least=1, most=size - 1),
        size=size,
        state=fields.digest(value["state"]),
        previous=fields.digest(value["previous"]),
        signers=fields.digest(value["signers"]),
        next_signers=fields.digest(value["next_signers"]),
    )
