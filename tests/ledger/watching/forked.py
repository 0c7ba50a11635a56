"""A second history of a ledger, and whoever signs it."""

from collections.abc import Sequence
from pathlib import Path

from ledger.core.blocks import Block
from ledger.core.reading import Reader
from ledger.engines import Engine
from ledger.proof import assembly
from ledger.proof.bundle import Bundle, CheckpointSignature
from ledger.proof.receipts import sign_receipt
from ledger.settings import DATABASE
from tests.ledger.consortium import Party
from tests.ledger.watching.many_nodes import ManyNodes, Node, OrderedEngine, Told


def fork(world: ManyNodes, folder: Path, *, blocks: int = 1, before: int = 1) -> OrderedEngine:
    """Return an engine that executed the same blocks but for the last ones, and others in their place.

    Args:
        world: The ledger.
        folder: Where the second history goes.
        blocks: How many other blocks it has.
        before: How many of the true blocks it leaves out.
    """
    folder.mkdir(exist_ok=True)
    engine = OrderedEngine(folder / DATABASE, world.genesis, together=world)
    true = world.blocks[: len(world.blocks) - before]
    for height, time, txs in true:
        engine.execute(height, time, txs)
    party = world.parties[0]
    kept, party.seq = party.seq, {"governance": 0, "submission": 0}
    party.seq["governance"] = engine.core.reader.value("seq", party.did, "governance") or 0
    for number in range(blocks):
        body = {"id": f"https://forged.example/{number}", "digest": bytes(32)}
        engine.execute(len(true) + 1 + number, world.now, [world.sign(party.did, "schema.put", body)])
    party.seq = kept
    return engine


def signed(engine: Engine, signers: Sequence[Party], *, known: int | None = None) -> Bundle:
    """Return the head of a history under signatures of some members."""
    with engine.reader() as reader:
        return assembly.checkpoint(reader, sign=_by(reader, signers), known=known)


def show(node: Node, engine: Engine, signers: Sequence[Party]) -> None:
    """Have a node show another history to everybody who asks."""

    def lie(method: str, path: str) -> Told | None:
        if method != "GET" or path.startswith(("/v1/evidence", "/v1/alarms")):
            return None
        name, _, query = path.partition("?")
        given = dict(part.split("=") for part in query.split("&") if part and not part.startswith("key"))
        with engine.reader() as reader:
            return _answer(reader, name, given, signers)

    node.lie = lie


def _answer(reader: Reader, name: str, given: dict[str, str], signers: Sequence[Party]) -> Told | None:
    from crypto import cbor

    known = int(given["from"]) if "from" in given else None
    if name in ("/v1/checkpoint", "/v1/state"):
        return Told(assembly.checkpoint(reader, sign=_by(reader, signers), known=known).encode())
    if name.endswith("/inclusion"):
        index = int(name.split("/")[3])
        return Told(cbor.encode(assembly.inclusion(reader, index, int(given["at"])).to_cbor()))
    if name.startswith("/v1/entries/"):
        return Told(reader.entry(int(name.split("/")[3])))
    if name.endswith("/signatures"):
        block = reader.block(int(name.split("/")[3]))
        made = _by(reader, signers)(block, reader.root(block.size))
        return Told(cbor.encode([each.to_cbor() for each in made]))
    return Told(b"{}", 500)


def _by(reader: Reader, signers: Sequence[Party]):
    def sign(block: Block, root: bytes) -> list[CheckpointSignature]:
        return [
            sign_receipt(
                root,
                key=party.key("receipt"),
                member=party.did,
                chain_id=reader.chain_id,
                iat=block.time,
            )
            for party in sorted(signers, key=lambda party: party.did)
        ]

    return sign
