"""A ledger on paper: log, map, blocks and signatures built by hand, so that tests can also build wrong ones.

It has the trees and the formats of the real one and none of its rules: whatever a test writes, it signs.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from crypto import cbor
from crypto.keys import PrivateKey
from ledger import merkle, prefix_map
from ledger.core.blocks import Block
from ledger.proof.batch import Batch, make_batch
from ledger.proof.bundle import (
    HEAD,
    OWN,
    Bundle,
    CheckpointSignature,
    Consistency,
    Inclusion,
    Link,
    Signer,
    StateProof,
    with_batch_path,
)
from ledger.proof.pins import Pin, signers_digest
from ledger.proof.receipts import sign_receipt
from ledger.registry import StateKey, grant_key, issuer_key
from ledger.statements import chain_id, sign_statement

ISSUER = "did:web:college.example"
ACCREDITOR = "did:web:centre.example"
TYPE = "GraduationCertificate"
T0 = 1_790_000_000


def make_key(number: int, algorithm: str = "Ed25519") -> PrivateKey:
    """Return the key of a number, the same in every run."""
    return PrivateKey.from_bytes(algorithm, hashlib.sha256(b"key %d" % number).digest())


class Fixed:
    """Bytes that look random and are the same in every run."""

    def __init__(self, seed: int) -> None:
        self._seed, self._count = seed, 0

    def __call__(self, size: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(b"%d %d" % (self._seed, self._count)).digest(size)


@dataclass(frozen=True)
class Node:
    """A member that signs."""

    member: str
    key: PrivateKey

    @property
    def signer(self) -> Signer:
        return Signer(self.member, self.key.public.cose_key)


def make_nodes(count: int, *, first: int = 0) -> tuple[Node, ...]:
    """Return signers with keys and names of their own, sorted by member."""
    numbers = range(first, first + count)
    return tuple(Node(f"did:web:node{n:02}.example", make_key(100 + n)) for n in numbers)


class PaperLog:
    """The log, its state, and the members that sign it."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = tuple(nodes)
        self.epoch = 1
        self.entries: list[bytes] = []
        self.blocks: dict[int, Block] = {}
        self.state: dict[bytes, bytes] = {}
        self._states: dict[bytes, dict[bytes, bytes]] = {}
        self._nodes, self._map = merkle.MemoryNodes(), prefix_map.MemoryNodes()
        self.append(b"genesis of the paper ledger")
        self.chain_id = chain_id(self.entries[0])
        self.pin = Pin(
            self.chain_id,
            1,
            tuple(node.signer for node in self.nodes),
            len(self.nodes) == 1,
            {},
            1,
            self.root(1),
        )

    def append(self, entry: bytes) -> int:
        """Write an entry and return its index."""
        merkle.append(self._nodes, size=len(self.entries), leaf=merkle.leaf_hash(entry))
        self.entries.append(entry)
        return len(self.entries) - 1

    def put(self, key: StateKey, value: object) -> None:
        """Set a value of the state; it counts from the next block."""
        self.state[cbor.encode(key)] = cbor.encode(value)

    def root(self, size: int) -> bytes:
        return merkle.root(self._nodes, size=size)

    def block(
        self, *statements: bytes, time: int, next_nodes: Sequence[Node] | None = None, **wrong: object
    ) -> Block:
        """Write statements and their block entry; ``wrong`` replaces members of the block."""
        first = len(self.entries)
        for statement in statements:
            self.append(statement)
        following = self.nodes if next_nodes is None else tuple(next_nodes)
        block = Block(
            height=len(self.blocks) + 1,
            time=time,
            epoch=self.epoch,
            mode=1 if len(self.nodes) == 1 else 2,
            first=first,
            size=len(self.entries) + 1,
            state=self._state_root(),
            previous=self.root(first),
            signers=_digest(self.nodes),
            next_signers=_digest(following),
        )
        block = replace(block, **wrong)
        self.append(block.encode())
        self.blocks[len(self.entries)] = block
        if following != self.nodes:
            self.nodes, self.epoch = following, self.epoch + 1
        return block

    def _state_root(self) -> bytes:
        changes = {
            hashlib.sha256(key).digest(): hashlib.sha256(value).digest() for key, value in self.state.items()
        }
        root = prefix_map.update(self._map, prefix_map.EMPTY, changes)
        self._states[root] = dict(self.state)
        return root

    def inclusion(self, index: int, size: int) -> Inclusion:
        return Inclusion(size, index, tuple(merkle.inclusion(self._nodes, index=index, size=size)))

    def consistency(self, first: int, second: int) -> Consistency:
        path = merkle.consistency(self._nodes, first=first, second=second)
        return Consistency(first, second, tuple(path))

    def prove(self, key: StateKey, *, size: int, block: int = HEAD) -> StateProof:
        """Prove a key at the state of the block entry that ends the log of ``size`` entries."""
        root = self.blocks[size].state
        encoded = cbor.encode(key)
        proof, _ = prefix_map.prove(self._map, root, hashlib.sha256(encoded).digest())
        return StateProof(block, encoded, self._states[root].get(encoded), proof)

    def sign(
        self, size: int, *, iat: int, nodes: Sequence[Node] | None = None
    ) -> tuple[CheckpointSignature, ...]:
        return tuple(
            sign_receipt(self.root(size), key=node.key, member=node.member, chain_id=self.chain_id, iat=iat)
            for node in (self.nodes if nodes is None else nodes)
        )

    def checkpoint(
        self,
        *keys: StateKey,
        size: int | None = None,
        iat: int | None = None,
        nodes: Sequence[Node] | None = None,
    ) -> Bundle:
        """Return a signed checkpoint with proofs of keys."""
        size = len(self.entries) if size is None else size
        block = self.blocks[size]
        states = sorted((self.prove(key, size=size) for key in keys), key=lambda state: state.key)
        return Bundle(
            head=block.encode(),
            head_inclusion=self.inclusion(size - 1, size),
            signatures=self.sign(size, iat=block.time + 5 if iat is None else iat, nodes=nodes),
            states=tuple(states),
        )

    def link(self, size: int, *, signed_by: Sequence[Node], to: Sequence[Node]) -> Link:
        """Return the link over the block that ends the log of ``size`` entries."""
        block = self.blocks[size]
        return Link(
            block.encode(),
            self.inclusion(size - 1, size),
            self.sign(size, iat=block.time, nodes=signed_by),
            tuple(node.signer for node in to),
        )


@dataclass(frozen=True)
class Anchored:
    """A paper ledger with one anchored batch.

    Attributes:
        log: The ledger; its head is two blocks after the anchor's.
        batch: The batch; the first digest is ``digest``.
        digest: The form's digest.
        index: Index of the anchor.
        own_size: Size of the log at the anchor's block.
        own_time: Its time.
        now: A minute after the head.
    """

    log: PaperLog
    batch: Batch
    digest: bytes
    index: int
    own_size: int
    own_time: int
    now: int

    def receipt(self, *, size: int | None = None, types: Sequence[str] = (TYPE,)) -> Bundle:
        """Return the form's receipt under the head, or under the own block where ``size`` says so."""
        log = self.log
        size = len(log.entries) if size is None else size
        at_head = size == self.own_size
        keys = [issuer_key(ISSUER), *(grant_key(ACCREDITOR, ISSUER, kind) for kind in types)]
        number = HEAD if at_head else OWN
        states = sorted((log.prove(key, size=self.own_size, block=number) for key in keys), key=_by_key)
        bundle = replace(
            log.checkpoint(size=size),
            entry=log.entries[self.index],
            entry_inclusion=log.inclusion(self.index, size),
            states=tuple(states),
            own=None if at_head else log.blocks[self.own_size].encode(),
            own_inclusion=None if at_head else log.inclusion(self.own_size - 1, size),
        )
        return with_batch_path(
            bundle,
            salt=self.batch.salts[0],
            size=self.batch.size,
            index=self.batch.order[0],
            path=self.batch.path(0),
        )


def issuer_value(**changes: object) -> dict[str, object]:
    """Return an issuer's record as the state holds it."""
    value: dict[str, object] = {
        "number": 7,
        "document": hashlib.sha256(b"did document").digest(),
        "submission": make_key(1).public.cose_key,
        "governance": make_key(2).public.cose_key,
        "names": {"zh": "示范学院", "en": "Model College"},
        "urls": {
            "claims": "https://college.example",
            "store": "https://college.example/store",
            "lists": "https://college.example/status",
        },
        "since": T0,
        "suspensions": [],
        "compromised": [],
        "closed": None,
    }
    return {**value, **changes}


def anchored(nodes: int = 3, *, grant: dict[str, object] | None = None) -> Anchored:
    """Build a ledger in which the college anchored a batch of three forms."""
    log = PaperLog(make_nodes(nodes))
    log.put(issuer_key(ISSUER), issuer_value())
    log.put(grant_key(ACCREDITOR, ISSUER, TYPE), grant or {"from": T0, "until": None})
    log.put(grant_key(ACCREDITOR, ISSUER, "SkillLevelCertificate"), {"from": T0, "until": None})
    log.block(time=T0 + 10)
    digests = [hashlib.sha256(b"form %d" % n).digest() for n in range(3)]
    batch = make_batch(digests, random=Fixed(1))
    anchor = sign_statement(
        "anchor", {"root": batch.root}, seq=1, issuer=ISSUER, chain_id=log.chain_id, key=make_key(1)
    )
    index = len(log.entries)
    own = log.block(anchor, time=T0 + 100)
    log.block(b"something else", time=T0 + 200)
    log.block(b"and more", time=T0 + 300)
    return Anchored(log, batch, digests[0], index, own.size, own.time, T0 + 360)


def _by_key(state: StateProof) -> bytes:
    return state.key


def _digest(nodes: Sequence[Node]) -> bytes:
    return signers_digest(tuple(node.signer for node in nodes))
