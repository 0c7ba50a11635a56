"""One node's answers, each checked against the pin before anybody sees it.

In order: the question says up to where the pin goes; where the node is further on than one answer's links
lead, the pin follows it first; the answer is checked, with the other nodes' signatures where it brings too
few; it has to continue the known log; then the pin advances. Which node is asked, and what becomes of a
failure, is ``ledger.asking``'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import urlencode

from crypto import cbor
from crypto.errors import PROBLEM_TYPES, CryptoError
from crypto.multibase import base64url_encode
from ledger import witnessing
from ledger.errors import Reject
from ledger.nodes import Nodes
from ledger.proof import verify
from ledger.proof.bundle import Bundle, CheckpointSignature, Consistency, read_signatures
from ledger.proof.checkpoints import Checkpoint, complete, read_block
from ledger.proof.errors import (
    CheckpointError,
    GrantMissingError,
    InconsistentError,
    ProofMalformedError,
    QuorumError,
    ReceiptError,
    RollbackError,
)
from ledger.proof.pins import Pin, PinStore
from ledger.proof.verify import Receipt, Snapshot
from ledger.registry import StateKey
from ledger.statements import parse_statement
from ledger.transport import LedgerUnavailableError, StatementRefusedError

_KEYS_IN_ADDRESS = 24
_MOST_STEPS = 64

T = TypeVar("T")


class FalseReceiptError(ReceiptError):
    """The node acknowledged a statement and then has none, or another one, in its place."""

    code = "LEDGER_RECEIPT_FALSE"
    type = PROBLEM_TYPES + "LEDGER_RECEIPT_FALSE"
    title = "The ledger node acknowledged what it did not write"


@dataclass(frozen=True)
class CheckedNode:
    """A node that is asked, and what its answers are checked with.

    Attributes:
        url: The node's base URL.
        nodes: All nodes, the asked one among them: for signatures that it lacks, and for evidence.
        pins: The pin store of this service.
    """

    url: str
    nodes: Nodes
    pins: PinStore

    def get(self, path: str, query: Iterable[tuple[str, str]] = ()) -> bytes:
        """Return what the node answers; unchecked."""
        return _get(self.nodes, self.url, path, query)

    def snapshot(self, wanted: frozenset[StateKey], *, now: int) -> tuple[Snapshot, bytes]:
        """Return the present values of some keys, and the bundle that proves them.

        Raises:
            LedgerUnavailableError: The node is silent.
            ReceiptError: The answer does not check.
            NotProvenError: A key was left out.
        """
        keys = sorted(cbor.encode(key) for key in wanted)
        body, pin = self._led(lambda pin: self._state(keys, pin=pin), now=now)
        body, snapshot = self._completed(
            body, lambda each: verify.verify_snapshot(each, pin=pin, now=now), pin=pin, now=now
        )
        if snapshot.size < pin.size:
            raise RollbackError("the node serves an older log than one already seen", evidence=body)
        _require_known_log(snapshot.checkpoint)
        for key in wanted:
            snapshot.value(key)
        bundle = self._advance(snapshot.checkpoint, body)
        # The links spoke to this pin alone, which has followed them; a staple travels to others.
        return snapshot, replace(bundle, links=()).encode() if bundle.links else body

    def checkpoint(self, *, size: int, pin: Pin, now: int) -> tuple[bytes, Checkpoint]:
        """Return the newest checkpoint with the links from the pin's epoch on, and what it says.

        Args:
            size: The size of an earlier tree, to which the node is to join its own.
            pin: What the answer is checked against.
            now: The current time in integer seconds.

        Raises:
            LedgerUnavailableError: The node is silent.
            ReceiptError: The answer does not check.
        """
        body = self.get("/v1/checkpoint", _since(size, epoch=pin.epoch))
        return body, verify.verify_snapshot(body, pin=pin, now=now).checkpoint

    def receipt(self, entry_index: int, *, credential_type: str, now: int, statement: bytes | None) -> Bundle:
        """Return the proof of an entry, with issuer record and a grant for the type at its block.

        Raises:
            LedgerUnavailableError: The node is silent.
            FalseReceiptError: The entry is not there, or is not ``statement``.
            ReceiptError: The proof does not check, or there is no grant for the type.
        """
        body, pin = self._led(lambda pin: self._proof(entry_index, credential_type, pin=pin), now=now)
        bundle = Bundle.decode(body)
        if bundle.entry is None or bundle.entry_inclusion is None:
            raise ProofMalformedError("the node's proof lacks the entry")
        if bundle.entry_inclusion.index != entry_index or statement not in (None, bundle.entry):
            raise FalseReceiptError(f"entry {entry_index} is not the statement that was submitted")
        issuer_id = _speaker(bundle.entry)

        def check(each: bytes) -> Receipt:
            return verify.verify_anchor(
                Bundle.decode(each),
                issuer_id=issuer_id,
                credential_type=credential_type,
                pin=pin,
                now=now,
            )[0]

        body, receipt = self._completed(body, check, pin=pin, now=now)
        _require_known_log(receipt.checkpoint)
        bundle = self._advance(receipt.checkpoint, body)
        # Fields 9 and 12 spoke to this pin alone; the receipt travels to others.
        return replace(bundle, links=(), consistency=None)

    def joined(self, check: Callable[..., Receipt], first: int, second: int) -> Receipt:
        """Check somebody's receipt with the proof that its tree and the known one are both the log's.

        Args:
            check: Checks it, given ``consistency`` proofs.
            first: The smaller tree's size.
            second: The larger one's.

        Raises:
            LedgerUnavailableError: The node is silent.
            InconsistentError: The node has no tree of that size, or another one.
            ReceiptError: The receipt does not check.
        """
        receipt = check(consistency=[self._consistency(first, second)])
        if not receipt.consistent:
            raise CheckpointError("the node withholds the proof that the receipt's tree is the log's")
        return receipt

    def document(self, digest: bytes) -> bytes:
        """Return the agreement document with a digest.

        Raises:
            LedgerUnavailableError: The node is silent, or serves other bytes.
        """
        body = self.get(f"/v1/agreements/{digest.hex()}")
        if hashlib.sha256(body).digest() != digest:
            raise LedgerUnavailableError("the node serves other bytes than those agreed upon")
        return body

    def _led(self, fetch: Callable[[Pin], bytes], *, now: int) -> tuple[bytes, Pin]:
        """Return an answer, and a pin from which it can be checked: its epoch or one that links lead to."""
        for _ in range(_MOST_STEPS):
            pin = self.pins.load()
            body = fetch(pin)
            bundle = Bundle.decode(body)
            if read_block(bundle.head).epoch <= pin.epoch + len(bundle.links):
                return body, pin
            # Too many epochs for one bundle: first to the end of as many as one takes.
            step, reached = self.checkpoint(size=pin.size, pin=pin, now=now)
            if reached.next_pin.epoch <= pin.epoch:
                break
            self._advance(reached, step)
        raise CheckpointError("the node does not lead from the pinned epoch to its own")

    def _advance(self, checkpoint: Checkpoint, body: bytes) -> Bundle:
        """Move the pin forward to what an answer showed, and return the answer."""
        bundle = Bundle.decode(body)
        self.pins.advance(to=checkpoint.next_pin, signed=_signed_part(bundle))
        return bundle

    def _completed(self, body: bytes, check: Callable[[bytes], T], *, pin: Pin, now: int) -> tuple[bytes, T]:
        """Check an answer; where it lacks signatures, with those that the other nodes know."""
        try:
            try:
                return body, check(body)
            except QuorumError:
                bundle = Bundle.decode(body)
                more = self._signatures(bundle.head_inclusion.size)
                body = complete(bundle, pin=pin, now=now, more=more).encode()
                return body, check(body)
        except (QuorumError, InconsistentError):
            witnessing.witness(body, url=self.url, nodes=self.nodes, pins=self.pins)
            raise

    def _signatures(self, size: int) -> list[CheckpointSignature]:
        """Return what the other nodes know of the signatures under a size; unchecked."""
        found: list[CheckpointSignature] = []
        for url in self.nodes.others(self.url):
            try:
                found += read_signatures(_get(self.nodes, url, f"/v1/checkpoints/{size}/signatures"))
            except (LedgerUnavailableError, StatementRefusedError, ReceiptError):
                continue
        return found

    def _state(self, keys: list[bytes], *, pin: Pin) -> bytes:
        """Ask for the state; many keys go in the body, since an address is of limited length."""
        pinned = _since(pin.size, epoch=pin.epoch)
        if len(keys) > _KEYS_IN_ADDRESS:
            path, body = f"/v1/state?{urlencode(pinned)}", cbor.encode(keys)
            return self.nodes.send(self.url, "POST", path, body, content_type="application/cbor")
        return self.get("/v1/state", [*(("key", base64url_encode(key)) for key in keys), *pinned])

    def _proof(self, entry_index: int, credential_type: str, *, pin: Pin) -> bytes:
        query = [("type", credential_type), *_since(pin.size, epoch=pin.epoch)]
        try:
            return self.get(f"/v1/entries/{entry_index}/proof", query)
        except StatementRefusedError as error:
            if error.code == GrantMissingError.code:
                raise GrantMissingError(
                    "the issuer had no grant for the type at the entry's block"
                ) from error
            if error.code == "NOT_FOUND":
                raise FalseReceiptError(f"the node does not have the entry {entry_index}") from error
            raise

    def _consistency(self, first: int, second: int) -> Consistency:
        try:
            body = self.get("/v1/consistency", [("first", str(first)), ("second", str(second))])
            value = cbor.decode(body)
            return Consistency(value[0], value[1], tuple(value[2]))
        except StatementRefusedError as error:
            raise InconsistentError(f"the node's log never had {second} entries") from error
        except (CryptoError, TypeError, ValueError, IndexError, KeyError) as error:
            raise ProofMalformedError("the node's consistency proof cannot be read") from error


def _get(nodes: Nodes, url: str, path: str, query: Iterable[tuple[str, str]] = ()) -> bytes:
    encoded = urlencode(list(query))
    return nodes.send(url, "GET", f"{path}?{encoded}" if encoded else path)


def _since(size: int, *, epoch: int) -> list[tuple[str, str]]:
    """Return the part of a question that says what is known already: a tree's size, and an epoch."""
    return [("from", str(size)), ("epoch", str(epoch))]


def _speaker(entry: bytes) -> str:
    """Return the DID that an entry claims to be by; whether it is, its signature tells later."""
    try:
        return parse_statement(entry).issuer
    except Reject as error:
        raise ProofMalformedError("the node's proof is about no statement") from error


def _require_known_log(checkpoint: Checkpoint) -> None:
    if not checkpoint.consistent:
        raise CheckpointError("the node withholds the proof that its log continues the known one")


def _signed_part(bundle: Bundle) -> bytes:
    """Return what convicts those who signed a head, should they sign another history."""
    return Bundle(
        head=bundle.head, head_inclusion=bundle.head_inclusion, signatures=bundle.signatures
    ).encode()
