"""One entry of the log for people: what it is, in plain words, and which keys of the state it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from crypto import cbor
from ledger import listing
from ledger.core.blocks import Block, is_block, parse_block
from ledger.core.reading import Reader
from ledger.registry import StateKey, proposal_key, seq_key
from ledger.statements import Statement, parse_statement
from ledger.wording import kinds, question

GENESIS, STATEMENT, BLOCK = "genesis", "statement", "block"
MAX_KEYS = 64
"""Keys shown of one entry; a status statement may be about a thousand lists."""


@dataclass(frozen=True)
class Entry:
    """One entry.

    Attributes:
        index: Its place in the log.
        data: Its bytes.
        sort: genesis, statement or block.
        block: The block that it belongs to; None for the genesis.
        statement: What it says, where it is a statement.
    """

    index: int
    data: bytes
    sort: str
    block: Block | None
    statement: Statement | None

    @property
    def kind(self) -> str:
        """The statement's type, or the sort."""
        return self.sort if self.statement is None else self.statement.kind


@dataclass(frozen=True)
class Touched:
    """A key of the state that an entry is about, before its block and after it.

    Attributes:
        key: The key's CBOR.
        name: The key, to read.
        before: The value before the block, or None.
        after: The value after it, or None.
    """

    key: bytes
    name: str
    before: bytes | None
    after: bytes | None

    @property
    def changed(self) -> bool:
        """Whether the block changed it."""
        return self.before != self.after


def read_entry(reader: Reader, index: int) -> Entry:
    """Return one entry with its block.

    Raises:
        MerkleError: There is none of that index.
    """
    data = reader.entry(index)
    if index == 0:
        return Entry(0, data, GENESIS, None, None)
    if is_block(data):
        return Entry(index, data, BLOCK, parse_block(data), None)
    return Entry(index, data, STATEMENT, reader.own_block(index), parse_statement(data))


def newest(reader: Reader, *, before: int, count: int) -> list[Entry]:
    """Return ``count`` entries below ``before``, newest first, each with its block."""
    start = max(0, before - count)
    listed = reader.entries(start, before)
    found: list[Entry] = []
    block: Block | None = None
    for index in range(start + len(listed) - 1, start - 1, -1):
        data = listed[index - start]
        if index == 0:
            found.append(Entry(0, data, GENESIS, None, None))
        elif is_block(data):
            block = parse_block(data)
            found.append(Entry(index, data, BLOCK, block, None))
        else:
            # Only the newest ones of a slice can belong to a block above it.
            block = block or reader.own_block(index)
            found.append(Entry(index, data, STATEMENT, block, parse_statement(data)))
    return found


def touched(reader: Reader, entry: Entry) -> list[Touched]:
    """Return the keys that a statement is about, with their values before and after its block."""
    if entry.statement is None or entry.block is None:
        return []
    keys = list(dict.fromkeys(_keys(entry.statement, reader.chain_id)))[:MAX_KEYS]
    after = reader.prove(keys, size=entry.block.size)
    earlier = reader.store.block_before(entry.block.first)
    before: list[bytes | None] = [None] * len(keys)
    if earlier is not None:
        before = [proved.value for proved in reader.prove(keys, size=earlier + 1)]
    return [
        Touched(proved.key, name_of(key), was, proved.value)
        for key, was, proved in zip(keys, before, after, strict=True)
    ]


def name_of(key: StateKey) -> str:
    """Write a key of the state for people: its parts with slashes, byte strings in hexadecimal."""
    return " / ".join(part.hex() if isinstance(part, bytes) else str(part) for part in key)


def readable(value: Any) -> Any:
    """Return a decoded CBOR value as JSON may hold it: byte strings in hexadecimal."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {str(key): readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [readable(item) for item in value]
    return value


def content(entry: Entry) -> Any:
    """Return what an entry says, as JSON may hold it."""
    if entry.statement is not None:
        return readable(entry.statement.body)
    return readable(cbor.decode(entry.data))


def called(entry: Entry) -> str:
    """Return what this sort of entry is called, with its name in the log."""
    words = {**kinds(), GENESIS: _("创世记录"), BLOCK: _("区块收尾")}
    return f"{words[entry.kind]} ({entry.kind})" if entry.kind in words else entry.kind


def sentence(entry: Entry, names: Mapping[str, str]) -> str:
    """Say in one sentence what an entry is."""
    said: str
    if entry.sort == GENESIS:
        said = _("账本的第一条记录：最初的成员和签名方")
        return said
    statement = entry.statement
    if statement is None:
        assert entry.block is not None
        said = _("第 %(n)s 号区块的收尾", n=entry.block.height)
        return said
    who = names.get(statement.issuer, statement.issuer)
    if statement.kind == "propose":
        action, body = statement.body["action"]
        asked = question(action, listing.about(action, body), names)
        said = _("%(who)s提出了提案：%(action)s", who=who, action=asked)
        return said
    say = _SENTENCES.get(statement.kind)
    return say(who, statement.body) if say else f"{who}: {statement.kind}"


_SENTENCES: Mapping[str, Callable[[str, Any], str]] = {
    "anchor": lambda who, _body: _("%(who)s存证了一批证书的摘要", who=who),
    "status": lambda who, body: _("%(who)s发布了 %(n)s 份状态列表或索引的新版本", who=who, n=len(body)),
    "issuer.put": lambda who, body: _("%(who)s登记或更新了发证机构 %(did)s", who=who, did=body["did"]),
    "accredit": lambda who, body: _(
        "%(who)s认可 %(did)s 签发 %(type)s", who=who, did=body["issuer"], type=body["type"]
    ),
    "endpoint.put": lambda who, _body: _("%(who)s公布了自己的服务地址", who=who),
    "schema.put": lambda who, body: _("%(who)s公布了模式 %(id)s 的摘要", who=who, id=body["id"]),
    "key.rotate": lambda who, body: _("%(who)s更换了密钥：%(role)s", who=who, role=body["role"]),
    "vote": lambda who, body: (
        _("%(who)s投了赞成票", who=who) if body["yes"] else _("%(who)s投了反对票", who=who)
    ),
    "withdraw": lambda who, _body: _("%(who)s撤回了提案", who=who),
}


def _keys(statement: Statement, chain_id: str) -> Iterator[StateKey]:
    """Return the keys that the rules read or write for a statement, those of its own first."""
    yield from _OWN_KEYS.get(statement.kind, _none)(statement, chain_id)
    yield seq_key(statement.issuer, statement.role)


def _none(_statement: Statement, _chain_id: str) -> Sequence[StateKey]:
    return ()


def _status_keys(statement: Statement, _chain_id: str) -> Sequence[StateKey]:
    listed: list[StateKey] = [("status", statement.issuer, item["list"]) for item in statement.body]
    return [*listed, ("lists", statement.issuer)]


def _issuer_keys(statement: Statement, _chain_id: str) -> Sequence[StateKey]:
    did, number = statement.body["did"], statement.body["number"]
    return [("issuer", did), ("number", number), ("keys", did), ("quota", statement.issuer)]


def _accredit_keys(statement: Statement, _chain_id: str) -> Sequence[StateKey]:
    issuer = statement.body["issuer"]
    return [("grant", statement.issuer, issuer, statement.body["type"]), ("grants", issuer)]


def _rotate_keys(statement: Statement, _chain_id: str) -> Sequence[StateKey]:
    did = statement.issuer
    return [("keys", did), ("issuer", did), ("member", did)]


_OWN_KEYS: Mapping[str, Callable[[Statement, str], Sequence[StateKey]]] = {
    "status": _status_keys,
    "issuer.put": _issuer_keys,
    "accredit": _accredit_keys,
    "endpoint.put": lambda statement, _chain: [("endpoint", statement.issuer)],
    "schema.put": lambda statement, _chain: [("schema", statement.body["id"])],
    "key.rotate": _rotate_keys,
    "propose": lambda statement, _chain: [proposal_key(statement.proposal_id), ("open",)],
    "vote": lambda statement, _chain: [proposal_key(statement.body["proposal"]), ("open",), ("due",)],
    "withdraw": lambda statement, _chain: [proposal_key(statement.body["proposal"]), ("open",)],
}
