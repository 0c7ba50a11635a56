"""Core: the state machine that engines drive with two calls, ``apply_block`` and ``commit``.

A block goes through in this order: effects that are due; the statements, governance before submission;
the changed keys into the map; the block entry as the last leaf. Everything is written in one transaction
that ``apply_block`` leaves open and ``commit`` closes, together with height and root: what ``head`` tells
is always durable.

Only ``Reject`` refuses a statement, and undoes it whole. Any other exception leaves ``apply_block`` and
is for the engine to stop on: a full disk must not look like a refused statement.

Spec: LEDGER.md, sections 4.1, 4.4 and 4.10.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from crypto import cbor
from crypto.keys import PublicKey
from ledger import merkle, prefix_map, statements
from ledger.core import (
    actions,
    anchoring,
    governance,
    keyring,
    mentions,
    registry,
    rotation,
    signing,
    versions,
)
from ledger.core.blocks import (
    CONSORTIUM,
    FIRST_EPOCH,
    SINGLE_OPERATOR,
    Block,
    is_block,
    parse_block,
    signers_digest,
)
from ledger.core.genesis import Genesis, parse_genesis
from ledger.core.reading import Reader
from ledger.core.state import State
from ledger.errors import BlockError, HistoryError, Reject, SelfCheckError, StoreError
from ledger.statements import Statement
from ledger.store import Head, Store


@dataclass(frozen=True)
class TxResult:
    """What became of one statement.

    Attributes:
        index: Index of its log entry, or None where it was refused.
        refusal: Why it was refused, or None.
    """

    index: int | None
    refusal: Reject | None


@dataclass(frozen=True)
class BlockResult:
    """What a block did.

    Attributes:
        results: One a statement, in their order.
        root: Root of the log after the block: the application hash.
        block: The block entry, or None where the block left the log as it was.
        signers: After this block, by DID, the raw 32-byte key by which each signer's node takes part in the
            consensus; None where the state has none, because the consensus' own genesis names it.
    """

    results: tuple[TxResult, ...]
    root: bytes
    block: Block | None
    signers: Mapping[str, bytes | None]


class Core:
    """The state machine over one store, which it alone writes to.

    Attributes:
        app_version: The newest version of the rules that this program knows; it knows all older ones.
    """

    app_version: ClassVar[int] = versions.NEWEST

    def __init__(self, store: Store) -> None:
        self.store = store
        self.reader = Reader(store)
        self.genesis: Genesis = self.reader.genesis
        self._head = store.head()
        self._last_block = self.reader.head_block()
        # The second path to the root: from the entries themselves, not from the stored tree.
        self._frontier = merkle.Frontier()
        for entry in store.entries():
            self._frontier.append(merkle.leaf_hash(entry))
        self._pending: tuple[Head, Block | None, merkle.Frontier] | None = None
        self.self_check()

    @classmethod
    def create(cls, path: Path, genesis: Genesis) -> "Core":
        """Begin a new ledger.

        Raises:
            StoreError: There is one at that path.
        """
        unfinished = _unfinished(path)
        _begin(cls, unfinished, genesis).close()
        os.replace(unfinished, path)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> "Core":
        """Open a ledger for writing; its log is hashed whole, and compared with the stored tree.

        Raises:
            StoreError: There is none, or the database is damaged.
            SelfCheckError: The stored tree is not that of the entries.
        """
        store = Store.open(path)
        if store.is_older:
            # One transaction: a kill before its end leaves the older database as it was.
            store.begin()
            store.upgrade()
            mentions.fill(store)
            store.commit()
        return cls(store)

    def close(self) -> None:
        """Close the store; a block that was not committed never was."""
        self.store.close()

    @property
    def head(self) -> Head:
        """Where the log stands, as committed."""
        return self._head

    @property
    def head_block(self) -> Block | None:
        """The newest block entry, as committed."""
        return self._last_block

    @property
    def signers(self) -> Mapping[str, bytes | None]:
        """The signers as committed, like ``BlockResult.signers``."""
        return signing.consensus_keys(State(self.store, genesis=self.genesis, time=self._head.time))

    def check(self, tx: bytes, *, window: int = 1) -> Statement:
        """Check a statement before it is put into a block: form, ledger, key, signature, number.

        Args:
            tx: The submitted bytes.
            window: How far its number may be ahead: 1 takes the next one only.

        Returns:
            The statement. Whether a block accepts it is decided there.

        Raises:
            Reject: It could not be accepted in any block soon.
        """
        statement = statements.parse_statement(tx)
        state = State(self.store, genesis=self.genesis, time=self._head.time)
        last = self._authenticate(state, statement)
        if statement.seq > last + window:
            raise Reject("TX_SEQUENCE", f"the next number is {last + 1}")
        return statement

    def apply_block(self, height: int, time: int, txs: Sequence[bytes]) -> BlockResult:
        """Apply a block; nothing is durable, or visible to readers, before ``commit``.

        Args:
            height: The block's number, above the last one's.
            time: The block's time in seconds, not before the last block entry's.
            txs: The statements in their order.

        Returns:
            One result a statement, the new root, and the block entry if there is one.

        Raises:
            BlockError: Height or time go back.
            UpgradeRequiredError: At this height the members want rules that this program does not know.
        """
        if self._pending is not None:
            raise BlockError("the last block was neither committed nor rolled back")
        if height <= self._head.height or time < self._head.time:
            raise BlockError("height and time of a block do not go back")
        state = State(self.store, genesis=self.genesis, time=time, height=height)
        versions.check(state, known=self.app_version)
        self.store.begin()
        try:
            return self._apply(state, txs)
        except BaseException:
            self.rollback()
            raise

    def commit(self) -> Head:
        """Make the applied block durable: entries, state, height and root in one transaction.

        Raises:
            BlockError: No block was applied.
        """
        if self._pending is None:
            raise BlockError("there is no block to commit")
        self.store.commit()
        self._head, self._last_block, self._frontier = self._pending
        self._pending = None
        return self._head

    def rollback(self) -> None:
        """Forget a block that was applied and not committed."""
        self.store.rollback()
        self._pending = None

    def effects_due(self, time: int) -> bool:
        """Return whether a block at ``time`` would begin with an effect, so that engines run one."""
        return governance.is_due(State(self.store, genesis=self.genesis, time=max(time, self._head.time)))

    def self_check(self) -> None:
        """Compare the root from the stored tree with the one from the entries, before anything is signed.

        Raises:
            SelfCheckError: They differ: a bit flipped on the disk or in memory.
        """
        head = self._head
        stored = merkle.root(self.store, size=head.size)
        if not stored == self._frontier.root == head.root or self._frontier.size != head.size:
            raise SelfCheckError("the stored tree is not that of the log's entries")
        last = self.reader.entry(head.size - 1)
        path = merkle.inclusion(self.store, index=head.size - 1, size=head.size)
        leaf = merkle.leaf_hash(last)
        if merkle.root_from_inclusion(leaf, index=head.size - 1, size=head.size, path=path) != head.root:
            raise SelfCheckError("the last entry does not lead to the root")

    def export(self) -> Iterator[bytes]:
        """Iterate over the whole log, entry 0 first: all that another ledger needs to go on from here."""
        return self.store.entries()

    @classmethod
    def import_(cls, path: Path, entries: Iterable[bytes], *, root: bytes | None = None) -> "Core":
        """Make a ledger by replaying a log: every rule is applied anew and every block entry compared.

        Args:
            path: Where the new database is to be.
            entries: What ``export`` gave.
            root: The root that the log has to end with, from a checkpoint that a quorum signed.

        Raises:
            HistoryError: A statement is refused, a block entry comes out differently, the log breaks off
                within a block, or another root comes out: the exporter's state is not what its log says.
            StoreError: There is a ledger at that path.
        """
        unfinished = _unfinished(path)
        core = _replay(cls, unfinished, entries)
        try:
            if root is not None and core.head.root != root:
                raise HistoryError("the log ends with another root")
        finally:
            core.close()
        os.replace(unfinished, path)
        return cls.open(path)

    def _apply(self, state: State, txs: Sequence[bytes]) -> BlockResult:
        signers = _signer_set(state)
        frontier = self._frontier.copy()
        first = self._head.size
        governance.run_due(state)
        results, submissions = [], False
        for tx in txs:
            try:
                statement = self._accept(state, tx, index=frontier.size, after_submission=submissions)
            except Reject as refusal:
                state.drop()
                results.append(TxResult(None, refusal))
                continue
            state.keep()
            mentions.remember(self.store, statement, index=frontier.size)
            submissions = submissions or statement.role == statements.SUBMISSION
            results.append(TxResult(frontier.size, None))
            self._append(frontier, tx)
        changes = state.changes()
        next_signers = _signer_set(state) if _may_change_signers(changes) else signers
        block = self._seal(
            state.time,
            frontier,
            height=state.height,
            first=first,
            changes=changes,
            signers=signers,
            next_signers=next_signers,
        )
        root = frontier.root
        head = (
            Head(frontier.size, root, block.state, state.height, state.time)
            if block
            else Head(self._head.size, root, self._head.state, state.height, self._head.time)
        )
        self.store.put_head(head)
        self._pending = (head, block or self._last_block, frontier)
        return BlockResult(tuple(results), root, block, signing.consensus_keys(state))

    def _authenticate(self, state: State, statement: Statement) -> int:
        """Check who speaks, and return the last number that they used.

        Raises:
            Reject: Another ledger, an unknown or wrong key, a wrong signature, or a number used before.
        """
        if statement.chain_id != self.genesis.chain_id:
            raise Reject("TX_WRONG_CHAIN", "the statement is for another ledger")
        statement.verify(keyring.speaker(state, statement))
        last: int = state.get("seq", statement.issuer, statement.role) or 0
        if statement.seq <= last:
            if self.store.position_of(merkle.leaf_hash(statement.entry)) is not None:
                raise Reject("TX_DUPLICATE", "the statement is in the log")
            raise Reject("TX_SEQUENCE", f"the next number is {last + 1}")
        return last

    def _accept(self, state: State, tx: bytes, *, index: int, after_submission: bool) -> Statement:
        """Apply one statement to the state, or raise the Reject that refuses it."""
        statement = statements.parse_statement(tx)
        if after_submission and statement.role == statements.GOVERNANCE:
            # An anchor and the end of its grant in one block could never be checked: both see one state.
            raise Reject("TX_ORDER", "in a block, governance comes before submission")
        last = self._authenticate(state, statement)
        if statement.seq != last + 1:
            raise Reject("TX_SEQUENCE", f"the next number is {last + 1}")
        if statement.kind == "propose":
            governance.propose(state, statement, index=index)
        else:
            _RULES[statement.kind](state, statement)
        state.put(("seq", statement.issuer, statement.role), statement.seq)
        return statement

    def _append(self, frontier: merkle.Frontier, entry: bytes) -> None:
        leaf = merkle.leaf_hash(entry)
        self.store.put_entry(frontier.size, entry, leaf)
        merkle.append(self.store, size=frontier.size, leaf=leaf)
        frontier.append(leaf)

    def _seal(
        self,
        time: int,
        frontier: merkle.Frontier,
        *,
        height: int,
        first: int,
        changes: Mapping[bytes, bytes | None],
        signers: Sequence[tuple[str, PublicKey]],
        next_signers: Sequence[tuple[str, PublicKey]],
    ) -> Block | None:
        """Write the changes and append the block entry, if this block has one.

        It has where statements or state changed, in block 1, and after the signers' set changed.
        """
        last = self._last_block
        changed = frontier.size > first or bool(changes)
        if not changed and last is not None and last.signers == last.next_signers:
            return None
        block = Block(
            height=height,
            time=time,
            epoch=FIRST_EPOCH if last is None else last.next_epoch,
            mode=SINGLE_OPERATOR if len(signers) == 1 else CONSORTIUM,
            first=first,
            size=frontier.size + 1,
            state=_write(self.store, changes, self._head.state),
            previous=self._head.root,
            signers=signers_digest(signers),
            next_signers=signers_digest(next_signers),
        )
        self.store.put_block(frontier.size, height)
        self._append(frontier, block.encode())
        return block


_SIGNERS_KEY = cbor.encode(["signers"])
_MEMBER_PREFIX = b"\x82" + cbor.encode("member")

_RULES = {
    "anchor": anchoring.anchor,
    "status": anchoring.status,
    "issuer.put": registry.issuer_put,
    "accredit": registry.accredit,
    "endpoint.put": registry.endpoint_put,
    "schema.put": registry.schema_put,
    "key.rotate": rotation.key_rotate,
    "vote": governance.vote,
    "withdraw": governance.withdraw,
}


def _begin(cls: type[Core], path: Path, genesis: Genesis) -> Core:
    """Make a database that holds the genesis and nothing else."""
    store = Store.create(path)
    store.begin()
    leaf = merkle.leaf_hash(genesis.entry)
    store.put_entry(0, genesis.entry, leaf)
    merkle.append(store, size=0, leaf=leaf)
    state = State(store, genesis=genesis, time=genesis.time)
    _enter_genesis(state)
    root = merkle.root(store, size=1)
    store.put_head(Head(1, root, _write(store, state.changes(), prefix_map.EMPTY), 0, genesis.time))
    store.commit()
    return cls(store)


def _enter_genesis(state: State) -> None:
    """Write the first members, their keys and the signers."""
    for member in state.genesis.members:
        actions.enter_member(state, member)
        for role in (statements.GOVERNANCE, statements.SUBMISSION, statements.RECEIPT):
            if member[role] is not None:
                keyring.enter(state, owner=member["did"], role=role, key=member[role])
    state.put(("signers",), list(state.genesis.signers))
    state.keep()


def _signer_set(state: State) -> list[tuple[str, PublicKey]]:
    """Return the DIDs and receipt keys of the signers, sorted by DID."""
    return [
        (did, PublicKey.from_cose_key(state.get("member", did)["receipt"])) for did in state.get("signers")
    ]


def _may_change_signers(changes: Mapping[bytes, bytes | None]) -> bool:
    """Return whether the signers, or a member's record with its receipt key, are among the changed keys."""
    return any(key.startswith((_SIGNERS_KEY, _MEMBER_PREFIX)) for key in changes)


def _write(store: Store, changes: Mapping[bytes, bytes | None], root: bytes) -> bytes:
    """Write what a block changed and return the new root of the map."""
    hashes: dict[bytes, bytes | None] = {}
    for key, value in changes.items():
        key_hash = sha256(key).digest()
        if value is None:
            hashes[key_hash] = None
            store.delete_state(key)
        else:
            hashes[key_hash] = sha256(value).digest()
            store.put_state(key, value, sha256(value).digest())
    return prefix_map.update(store, root, hashes)


def _replay(cls: type[Core], path: Path, entries: Iterable[bytes]) -> Core:
    """Replay a log into a new database and return it, everything committed."""
    log = iter(entries)
    core = _begin(cls, path, parse_genesis(next(log, b"")))
    try:
        with core.store.relaxed():
            txs: list[bytes] = []
            for entry in log:
                if not is_block(entry):
                    txs.append(entry)
                    continue
                _replay_block(core, parse_block(entry), txs)
                txs = []
        if txs:
            raise HistoryError("the log breaks off within a block")
    except BaseException:
        core.close()
        raise
    return core


def _replay_block(core: Core, block: Block, txs: Sequence[bytes]) -> None:
    try:
        result = core.apply_block(block.height, block.time, txs)
    except BlockError as error:
        raise HistoryError(f"block {block.height} cannot follow the one before") from error
    refused = next((each.refusal for each in result.results if each.refusal is not None), None)
    if refused is not None:
        raise HistoryError(f"block {block.height} holds a statement that the rules refuse: {refused}")
    if result.block != block:
        raise HistoryError(f"block {block.height} comes out differently")
    core.commit()


def _unfinished(path: Path) -> Path:
    """Return where a new database grows, so that a crash leaves nothing that looks complete."""
    if path.exists():
        raise StoreError("there is a ledger here already")
    place = path.with_name(path.name + ".unfinished")
    for suffix in ("", "-wal", "-shm"):
        place.with_name(place.name + suffix).unlink(missing_ok=True)
    return place
