"""The explorer: every entry, every block, who signed, and that one checkpoint continues another.

Read-only, for everybody, without login. Every page reads a bounded number of rows, however long the log is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from crypto import cbor
from crypto.keys import PublicKey
from crypto.multibase import base64url_encode
from ledger import listing, merkle
from ledger.core.blocks import Block
from ledger.core.reading import Reader
from ledger.errors import LedgerError, MerkleError
from ledger.explorer import asking, entries, trees
from ledger.explorer.drawing import draw
from ledger.explorer.signing import who_signed
from ledger.page import names_of
from ledger.proof.bundle import CheckpointSignature
from ledger.registry import issuer_key
from ledger.running import engine, is_single_operator, now, quorum
from web.errors import NotFoundError

ROWS = 25
STATEMENTS = 100
SHOWN_BYTES = 4_096
LISTS = 100

blueprint = Blueprint("explorer", __name__)


@blueprint.get("/explorer")
def home() -> str | Response:
    """List the newest entries; ``before`` goes on with older ones, ``entry`` opens one."""
    wanted = asking.number("entry")
    if wanted is not None:
        return redirect(url_for("explorer.entry", index=wanted), code=303)
    with engine().reader() as reader:
        size = reader.head().size
        before = asking.number("before")
        before = size if before is None else max(1, min(before, size))
        names = names_of(reader)
        listed = entries.newest(reader, before=before, count=ROWS)
        return render_template(
            "ledger/explorer/entries.html",
            **_frame(reader, "entries"),
            rows=[(each, entries.sentence(each, names)) for each in listed],
            older=before - ROWS if before > ROWS else None,
            newer=min(size, before + ROWS) if before < size else None,
            size=size,
            root=reader.head().root.hex(),
            chain_id=reader.chain_id,
        )


@blueprint.get("/explorer/entries/<int(max=9007199254740991):index>")
def entry(index: int) -> str:
    """Show one entry: what it is, its bytes, its block, its proof, and what it changed."""
    with engine().reader() as reader, asking.found():
        found = entries.read_entry(reader, index)
        names = names_of(reader)
        return render_template(
            "ledger/explorer/entry.html",
            **_frame(reader, "entries"),
            entry=found,
            kind=entries.called(found),
            sentence=entries.sentence(found, names),
            content=entries.content(found),
            names=names,
            leaf=_leaf(found.data),
            shown=found.data[:SHOWN_BYTES].hex(),
            cut=len(found.data) > SHOWN_BYTES,
            touched=entries.touched(reader, found),
            value=_value,
            address=base64url_encode,
            last=reader.head().size - 1,
        )


@blueprint.get("/explorer/blocks")
def blocks() -> str:
    """List the newest blocks; ``before`` goes on with those that end below that size."""
    with engine().reader() as reader:
        size = reader.head().size
        before = asking.number("before")
        listed = list(islice(_blocks(reader, size if before is None else min(before, size)), ROWS + 1))
        return render_template(
            "ledger/explorer/blocks.html",
            **_frame(reader, "blocks"),
            blocks=listed[:ROWS],
            older=listed[ROWS].size if len(listed) > ROWS else None,
            first=before is None,
        )


@blueprint.get("/explorer/blocks/<int(max=9007199254740991):size>")
def block(size: int) -> str:
    """Show the checkpoint that a block ends with: what was in it, who signed it and who did not."""
    with engine().reader() as reader, asking.found():
        found = reader.block(size)
        names = names_of(reader)
        held = range(found.first, min(found.size - 1, found.first + STATEMENTS))
        rows = [entries.read_entry(reader, index) for index in held]
        earlier = reader.store.block_before(found.first)
        later = reader.store.block_from(size)
        return render_template(
            "ledger/explorer/block.html",
            **_frame(reader, "blocks"),
            block=found,
            root=reader.root(size).hex(),
            rows=[(each, entries.sentence(each, names)) for each in rows],
            left_out=found.size - 1 - found.first - len(rows),
            signings=who_signed(reader, found, _signatures(found)),
            names=names,
            earlier=None if earlier is None else earlier + 1,
            later=None if later is None else later + 1,
            head=reader.head().size,
        )


@blueprint.get("/explorer/consistency")
def consistency() -> str:
    """Show that a later checkpoint continues an earlier one, every hash recomputed and drawn."""
    first, second = asking.number("first"), asking.number("second")
    with engine().reader() as reader:
        size = reader.head().size
        comparison, problem = None, ""
        if first is not None and second is not None:
            try:
                comparison = trees.compare(reader, first, second)
            except MerkleError:
                problem = "sizes"
        earlier = reader.store.block_before(size - 1)
        return render_template(
            "ledger/explorer/consistency.html",
            **_frame(reader, "consistency"),
            comparison=comparison,
            picture=None if comparison is None else draw(comparison),
            problem=problem,
            first=first if first is not None else (earlier + 1 if earlier is not None else 1),
            second=second if second is not None else size,
            size=size,
        )


@blueprint.get("/explorer/epochs")
def epochs() -> str:
    """Show the epochs, today's signers with their validators, the members, and the issuers."""
    index = asking.index()
    with engine().reader() as reader:
        index.advance(reader)
        signers = reader.value("signers")
        listed = index.epochs(before=asking.number("before"))
        return render_template(
            "ledger/explorer/epochs.html",
            **_frame(reader, "epochs"),
            epochs=listed,
            older=listed[-1].number if listed and listed[-1].number > 1 else None,
            counted=index.counted(),
            size=reader.head().size,
            signers=[_signer(reader, did) for did in signers],
            members=listing.registry(reader)["members"],
            issuers=listing.issuers(reader),
            names=names_of(reader),
        )


@blueprint.get("/explorer/issuers/<did>")
def issuer(did: str) -> str:
    """Show an issuer's record, its lists with their versions, and what it wrote in each month."""
    index = asking.index()
    page = asking.number("page") or 0
    with engine().reader() as reader:
        record = reader.value(*issuer_key(did))
        if record is None:
            raise NotFoundError("no issuer of that DID is registered")
        index.advance(reader)
        lists = list(islice(_lists(reader, did), page * LISTS, (page + 1) * LISTS + 1))
        return render_template(
            "ledger/explorer/issuer.html",
            **_frame(reader, "epochs"),
            did=did,
            record=record,
            lists=[(cbor.decode(key)[2], cbor.decode(value)) for key, value in lists[:LISTS]],
            following=page + 1 if len(lists) > LISTS else None,
            count=reader.value("lists", did) or 0,
            months=_months(index.activity(did=did)),
            kinds=sorted({row.kind for row in index.activity(did=did)}),
            state_key=base64url_encode(cbor.encode(issuer_key(did))),
            thumbprint=PublicKey.from_cose_key(record["submission"]).thumbprint.hex(),
        )


def _signatures(head: Block) -> Sequence[CheckpointSignature]:
    """Return all signatures under a block that are known here; where the node watches, more than a quorum."""
    known = getattr(quorum(), "known", None)
    try:
        return quorum().signatures(head) if known is None else [each.signature for each in known(head)]
    except LedgerError:
        # This node signs nothing at present, or not this block: the page shows what there is.
        return []


def _frame(reader: Reader, current: str) -> dict[str, Any]:
    """Return what the frame of every page of the explorer shows."""
    return {"current": current, "now": now(), "single_operator": is_single_operator(reader.head_block())}


def _blocks(reader: Reader, size: int) -> Iterator[Block]:
    """Return the blocks that end at ``size`` or before it, newest first."""
    position = reader.store.block_before(size)
    while position is not None:
        yield reader.block(position + 1)
        position = reader.store.block_before(position)


def _lists(reader: Reader, did: str) -> Iterator[tuple[bytes, bytes]]:
    """Return the lists that an issuer publishes, as the state holds them."""
    prefix = bytes([0x83]) + cbor.encode("status") + cbor.encode(did)
    return reader.store.states(prefix)


def _signer(reader: Reader, did: str) -> Mapping[str, Any]:
    """Return a signer with the thumbprints of its keys; an older ledger names no validator."""
    receipt = reader.value("member", did)["receipt"]
    validator = reader.value("validator", did)
    return {
        "did": did,
        "receipt": PublicKey.from_cose_key(receipt).thumbprint.hex(),
        "validator": None if validator is None else PublicKey.from_cose_key(validator).thumbprint.hex(),
        "urls": reader.value("endpoint", did) or {},
    }


def _months(activity: Any) -> dict[str, dict[str, int]]:
    months: dict[str, dict[str, int]] = {}
    for row in activity:
        months.setdefault(row.month, {})[row.kind] = row.items
    return months


def _leaf(data: bytes) -> str:
    return merkle.leaf_hash(data).hex()


def _value(data: bytes | None) -> Any:
    return None if data is None else entries.readable(cbor.decode(data))
