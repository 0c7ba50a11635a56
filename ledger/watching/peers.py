"""The other members' nodes: where they are, and how they are asked without trusting or awaiting them.

A node that hangs costs one thread and nobody else's time: each is asked one thing at a time, and whoever
wants the answer goes on without it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode, urlsplit

from crypto import cbor
from crypto.errors import CryptoError
from ledger.core.reading import Reader
from ledger.proof.bundle import MAX_SIGNATURES, Bundle, CheckpointSignature, Inclusion, read_signatures
from ledger.proof.errors import ProofMalformedError, ReceiptError
from ledger.transport import LedgerUnavailableError, Transport, capped_transport, fetch
from web.settings import is_loopback

logger = logging.getLogger(__name__)

MAX_SIGNATURES_BYTES = MAX_SIGNATURES * 1200


@dataclass(frozen=True)
class Peer:
    """Another member's node.

    Attributes:
        member: The member's DID.
        url: The base URL of its node's API.
    """

    member: str
    url: str


def peers_of(reader: Reader, *, member: str | None, url: str, insecure_loopback: bool) -> list[Peer]:
    """Return the nodes that the members published, but for one's own.

    Args:
        reader: The ledger as committed.
        member: Whose node this is; None for one that only follows.
        url: This node's own address.
        insecure_loopback: Whether addresses on this machine, and http, are asked; never outside of a demo.
    """
    found = []
    for (_, did), urls in reader.values("endpoint", length=2):
        address = urls["receipts"] or urls["node"]
        if address is None or did == member or address.rstrip("/") == url:
            continue
        if not insecure_loopback and (is_loopback(address) or urlsplit(address).scheme != "https"):
            # A member that names an address on this machine would have us ask our own private services.
            continue
        found.append(Peer(did, address.rstrip("/")))
    return found


class Asking:
    """Asks nodes over HTTP; every answer is limited in time and size, and only its form is checked."""

    def __init__(self, http: Transport | None = None) -> None:
        """Keep the transport; None for one of our own."""
        self._http = http if http is not None else capped_transport()

    def signatures(self, peer: Peer, size: int) -> Sequence[CheckpointSignature]:
        """Return what a node knows of the signatures under a size; unchecked.

        Raises:
            LedgerUnavailableError: It is silent, or has no such checkpoint.
            ReceiptError: Its answer cannot be read.
        """
        body = self._get(peer, f"/v1/checkpoints/{size}/signatures", most=MAX_SIGNATURES_BYTES)
        return read_signatures(body)

    def checkpoint(self, peer: Peer, *, known: int) -> Bundle:
        """Return a node's newest checkpoint, with the consistency to a size; unchecked.

        Raises:
            LedgerUnavailableError: It is silent.
            ReceiptError: Its answer cannot be read.
        """
        return Bundle.decode(self._get(peer, "/v1/checkpoint", ("from", str(known))))

    def inclusion(self, peer: Peer, index: int, *, size: int) -> tuple[Inclusion, bytes]:
        """Return the entry of an index as a node has it, and the proof that it says is for it; unchecked.

        Raises:
            LedgerUnavailableError: It is silent, or has no such entry.
            ReceiptError: Its answer cannot be read.
        """
        entry = self._get(peer, f"/v1/entries/{index}")
        proof = self._get(peer, f"/v1/entries/{index}/inclusion", ("at", str(size)))
        try:
            tree_size, position, path = cbor.decode(proof)
            return Inclusion(tree_size, position, tuple(path)), entry
        except (CryptoError, TypeError, ValueError) as error:
            raise ProofMalformedError("the node's proof cannot be read") from error

    def _get(self, peer: Peer, path: str, *query: tuple[str, str], most: int | None = None) -> bytes:
        address = f"{peer.url}{path}?{urlencode(query)}" if query else peer.url + path
        body = fetch(self._http, address)
        if most is not None and len(body) > most:
            raise ProofMalformedError("the node's answer is too large")
        return body


Spawn = Callable[[Callable[[], None]], None]
"""Runs something without waiting for it."""


def in_a_thread(act: Callable[[], None]) -> None:
    """Run ``act`` in a thread that does not keep the process alive."""
    threading.Thread(target=act, name="ledger-peer", daemon=True).start()


class OneAtATime:
    """Lets each node be asked one thing at a time, and whoever asks not wait for it."""

    def __init__(self, spawn: Spawn = in_a_thread) -> None:
        """Keep how something is run beside the caller."""
        self._spawn = spawn
        # The members whose nodes are being asked at this moment; the lock covers the set.
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def each(self, peers: Iterable[Peer], act: Callable[[Peer], None]) -> None:
        """Run ``act`` for every node that nobody is asking now.

        A node that does not answer, or not what it should, is a line in the log.
        """
        for peer in peers:
            with self._lock:
                if peer.member in self._busy:
                    continue
                self._busy.add(peer.member)
            self._spawn(partial(self._run, peer, act))

    def _run(self, peer: Peer, act: Callable[[Peer], None]) -> None:
        try:
            act(peer)
        except (LedgerUnavailableError, ReceiptError) as error:
            logger.info("peer not understood member=%s reason=%s", peer.member, error)
        except Exception:
            # The outermost edge of its thread: one node's answer, or a full disk, ends nothing else.
            logger.exception("peer not asked member=%s", peer.member)
        finally:
            with self._lock:
                self._busy.discard(peer.member)
