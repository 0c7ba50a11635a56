"""What a client does when two signed histories come before it: keep the evidence, and publish it.

The client remembers the signed checkpoint behind its highest tree. Where a node shows another history, the
two are put together (``ledger.proof.evidence``); what convicts somebody goes to a directory beside the pin
and to every node. Where no signer's signature shows it, nothing is kept: the node is merely wrong.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from functools import partial

from crypto import cbor
from crypto.errors import CryptoError
from ledger import merkle
from ledger.nodes import Nodes
from ledger.proof import evidence
from ledger.proof.bundle import Bundle, Inclusion, Signer, read_inclusion
from ledger.proof.errors import PinError, ReceiptError
from ledger.proof.evidence import Evidence, SignedTree
from ledger.proof.pins import Pin, PinStore
from ledger.transport import LedgerUnavailableError, StatementRefusedError

logger = logging.getLogger(__name__)

MOST_KEPT = 64


def witness(body: bytes, *, url: str, nodes: Nodes, pins: PinStore) -> Evidence | None:
    """Look whether a node's answer and what was seen before convict somebody; if so, keep and publish it.

    Args:
        body: The bundle that did not check.
        url: The node that served it.
        nodes: All nodes.
        pins: The pin, with the signed checkpoint behind its highest tree.

    Returns:
        The evidence; None where there is none, which is the rule.
    """
    try:
        held, shown = pins.signed(), Bundle.decode(body)
        if held is None:
            return None
        pin, known = pins.load(), Bundle.decode(held)
    except (ReceiptError, PinError):
        return None
    trees = SignedTree.of(known), SignedTree.of(shown)
    found = evidence.find(
        *trees,
        chain_id=pin.chain_id,
        signers=every_signer(pin),
        leaf=partial(_leaf, nodes, url, shown.head_inclusion.size),
    )
    if found is not None:
        keep(found, pins=pins)
        publish(found, nodes=nodes)
    return found


def every_signer(pin: Pin) -> list[Signer]:
    """Return everybody whom a pin knows as a signer of some epoch, each key once."""
    found = {
        (signer.member, cbor.encode(signer.key)): signer
        for signers in [pin.signers, *pin.earlier.values()]
        for signer in signers
    }
    return [found[name] for name in sorted(found)]


def keep(found: Evidence, *, pins: PinStore) -> None:
    """Write evidence to the directory beside the pin."""
    folder = pins.evidence
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{found.digest.hex()}.cbor"
    if path.exists() or sum(1 for _ in folder.glob("*.cbor")) >= MOST_KEPT:
        return
    # A crash leaves a file of another ending, or the whole one.
    fresh = path.with_suffix(f".{os.getpid()}.new")
    with fresh.open("wb") as file:
        file.write(found.encode())
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    logger.error("two histories were signed evidence=%s", path.stem)


def kept(pins: PinStore) -> list[Evidence]:
    """Return the evidence in the directory beside the pin, by digest."""
    return [Evidence.decode(path.read_bytes()) for path in sorted(pins.evidence.glob("*.cbor"))]


def publish(found: Evidence, *, nodes: Nodes) -> int:
    """Leave evidence with every node that takes it; return how many did."""
    taken = 0
    for url in nodes.in_order():
        try:
            nodes.send(url, "POST", "/v1/evidence", found.encode(), content_type="application/cbor")
        except (LedgerUnavailableError, StatementRefusedError) as error:
            logger.warning("evidence not taken node=%s reason=%s", url, error)
        else:
            taken += 1
    return taken


def _leaf(nodes: Nodes, url: str, shown: int, index: int, size: int) -> tuple[bytes, Inclusion] | None:
    """Ask for a leaf: of the tree that was shown, whoever showed it; of the known one, the others first."""
    asked: Sequence[str] = [url] if size == shown else [*nodes.others(url), url]
    for each in asked:
        try:
            entry = nodes.send(each, "GET", f"/v1/entries/{index}")
            proof = nodes.send(each, "GET", f"/v1/entries/{index}/inclusion?at={size}")
            return merkle.leaf_hash(entry), read_inclusion(cbor.decode(proof))
        except (LedgerUnavailableError, StatementRefusedError, ReceiptError, CryptoError):
            continue
    return None
