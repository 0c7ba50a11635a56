"""Talk to ledger nodes without trusting them.

Every answer is checked against the pin before anybody sees it: signatures, inclusion, consistency with the
highest checkpoint seen, state proofs. The pin's epoch goes along with each question, so that an answer of a
later epoch brings the links to it. Where a node brings too few signatures, they are asked from the others.

With several nodes the next one is asked where one is silent, has no quorum, does not have something yet,
serves an older log than one already seen, or gives an answer that does not check; what then convicts a
signer of two histories is kept and published (``ledger.witnessing``). Retrying is the caller's: a call is
one attempt at each node at most, and says at once when all of them are silent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from ledger import asking, reading
from ledger.checked_node import CheckedNode, FalseReceiptError
from ledger.dry_runs import DryRun
from ledger.nodes import Nodes, read_json
from ledger.proof import verify
from ledger.proof.bundle import Bundle
from ledger.proof.checkpoints import read_block
from ledger.proof.errors import CheckpointError
from ledger.proof.pins import Pin, PinStore
from ledger.proof.verify import Receipt, Snapshot
from ledger.proposals import AgreementHistory, Ballot, Proposal
from ledger.recent import Recent
from ledger.registry import AgreementRecord, StateKey, seq_key
from ledger.transport import (
    MAX_ANSWER_BYTES,
    LedgerNoQuorumError,
    LedgerUnavailableError,
    StatementRefusedError,
    Transport,
    capped_transport,
)

__all__ = [
    "MAX_ANSWER_BYTES",
    "MAX_HEAD_AGE",
    "FalseReceiptError",
    "LedgerClient",
    "LedgerNoQuorumError",
    "LedgerUnavailableError",
    "StatementRefusedError",
    "Transport",
    "capped_transport",
]

MAX_HEAD_AGE = 5
"""Seconds for which a head that was fetched counts as the present one."""

SUBMIT_SECONDS = 15.0
"""Seconds after which a statement that nobody answered for is not tried at one more node."""

_KEPT = 512
_DOCUMENTS_KEPT = 4096

T = TypeVar("T")


class LedgerClient:
    """The HTTP API of one node or several, checked against a pin store. Safe to share between threads."""

    def __init__(self, url: str | Iterable[str], *, pins: PinStore, http: Transport | None = None) -> None:
        """Keep the collaborators; nothing is fetched yet.

        Args:
            url: The nodes' base URLs; a text names several with commas between them.
            pins: The pin store of this service.
            http: A transport with a timeout of its own; None for one of our own with ``transport.TIMEOUT``.
        """
        self.nodes = Nodes(url, http=http)
        self.pins = pins
        self.newest_checkpoint_time: int | None = None
        """Time of the newest checkpoint that was checked, for monitoring; None before the first."""
        # The three caches below may be filled twice by two threads; they hold only what was checked.
        self._snapshots: Recent[frozenset[StateKey], tuple[int, Snapshot, bytes]] = Recent(_KEPT)
        self._trees: Recent[int, bytes] = Recent(_KEPT)
        self._documents: Recent[bytes, dict[str, Any]] = Recent(_DOCUMENTS_KEPT)

    @property
    def chain_id(self) -> str:
        """The ledger's chain id, from the pin."""
        return self.pins.load().chain_id

    def snapshot(
        self, keys: Iterable[StateKey], *, now: int, max_age: int = MAX_HEAD_AGE
    ) -> tuple[Snapshot, bytes]:
        """Fetch values of the registry under a head at most five seconds old.

        Args:
            keys: Keys built by ``ledger.registry``; none for the checkpoint alone.
            now: The current time in integer seconds.
            max_age: How many seconds an earlier answer may be used again; 0 asks the node in any case.

        Returns:
            The checked snapshot, and the bundle's bytes for stapling.

        Raises:
            LedgerUnavailableError: No node answers; ``LedgerNoQuorumError`` where too few members signed.
            ReceiptError: The answers do not check (``InconsistentError`` and ``RollbackError`` keep the
                evidence).
            NotProvenError: A key was left out.
        """
        wanted = frozenset(keys)
        held = self._snapshots.get(wanted)
        if held is not None and 0 <= now - held[0] < max_age:
            return held[1], held[2]
        snapshot, body = self._ask(lambda node: node.snapshot(wanted, now=now))
        self.newest_checkpoint_time = max(snapshot.time, self.newest_checkpoint_time or 0)
        self._snapshots.put(wanted, (now, snapshot, body))
        return snapshot, body

    def checkpoint(self, *, epoch: int, now: int) -> bytes:
        """Fetch the newest checkpoint with the links from an epoch, for others: to be saved as a file.

        Args:
            epoch: An epoch that the pin knows, such as 1.
            now: The current time in integer seconds.

        Raises:
            LedgerUnavailableError: No node answers.
            ReceiptError: The answers do not check from that epoch on.
        """
        # The pin first goes to the present, so that whatever links the file lacks come to light.
        self.snapshot((), now=now, max_age=0)
        pin = _as_of(self.pins.load(), epoch)
        return self._ask(lambda node: node.checkpoint(size=1, pin=pin, now=now)[0])

    def submit(self, statement: bytes) -> int:
        """Submit a signed statement; submitting the same bytes again is harmless.

        Returns:
            The index of its entry in the log. ``receipt`` proves it.

        Raises:
            LedgerUnavailableError: Whether any node took the statement is not known.
            StatementRefusedError: The rules refuse it, as every node says that answers.
        """

        def hand_in(url: str) -> bytes:
            return self.nodes.send(url, "POST", "/v1/statements", statement, content_type="application/cose")

        # Where a node is silent, nobody knows whether it took the statement; the same bytes at another node
        # are harmless, since a number is used once. One node's refusal is not the ledger's: it may be behind.
        answer = asking.first(self.nodes, hand_in, seconds=SUBMIT_SECONDS)
        index = read_json(answer).get("index")
        if type(index) is not int:
            raise LedgerUnavailableError("the node's answer cannot be read")
        # What was fetched a moment ago is no longer the present state.
        self._snapshots.clear()
        return index

    def next_seq(self, did: str, role: str, *, now: int) -> int:
        """Return the next sequence number for a DID in a role (``submission`` or ``governance``)."""
        self._snapshots.clear()
        snapshot, _ = self.snapshot([seq_key(did, role)], now=now)
        return snapshot.next_seq(did, role)

    def receipt(
        self, entry_index: int, *, credential_type: str, now: int, statement: bytes | None = None
    ) -> Bundle:
        """Fetch the proof of one's own anchor, with issuer record and a grant for the type at its block.

        Add the batch path with ``ledger.proof.bundle.with_batch_path`` and encode it with ``.encode()``.
        Signatures, paths and state proofs have been checked; the batch path is the issuer's own.

        Args:
            entry_index: What ``submit`` returned.
            credential_type: The type whose grant the receipt proves, ``GraduationCertificate``.
            now: The current time in integer seconds.
            statement: The submitted bytes: the entry has to be exactly these.

        Raises:
            LedgerUnavailableError: The node is silent.
            FalseReceiptError: The entry is another statement than the submitted one.
            ReceiptError: The proof does not check, or there is no grant for the type.
        """
        return self._ask(
            lambda node: node.receipt(
                entry_index, credential_type=credential_type, now=now, statement=statement
            )
        )

    def verify_receipt(
        self, bundle: bytes, *, digest: bytes, issuer_id: str, credential_type: str, now: int
    ) -> Receipt:
        """Check a receipt as ``ledger.proof.verify.verify_receipt`` does, online.

        Where the receipt's tree is not yet known to be one with the highest checkpoint, the proof is fetched.

        Raises:
            LedgerUnavailableError: The node is silent: check offline, against ``pins.load()``.
            ReceiptError: The receipt does not check.
        """
        check = partial(
            verify.verify_receipt,
            bundle,
            digest=digest,
            issuer_id=issuer_id,
            credential_type=credential_type,
            now=now,
        )
        pin, parsed = self.pins.load(), Bundle.decode(bundle)
        size, epoch = parsed.head_inclusion.size, read_block(parsed.head).epoch
        if epoch > pin.epoch:
            # Its signers are not known yet: whoever asks for the present state is led to them.
            self.snapshot((), now=now, max_age=0)
            pin = self.pins.load()
        known = self._trees.get(size)
        if known is not None:
            # This tree was proved to be one with a checkpoint that the present one continues.
            return check(pin=replace(pin, size=size, root=known))
        # Everything else first: a forged receipt costs the ledger nothing. A head of an earlier epoch does
        # not pass without the proof, so there it is asked for at once.
        receipt = None if epoch < pin.epoch else check(pin=pin)
        if receipt is None or not receipt.consistent:
            join = partial(check, pin=pin)
            receipt = self._ask(lambda node: node.joined(join, *sorted([size, pin.size])))
        self._trees.put(size, receipt.checkpoint.root)
        self.pins.advance(to=receipt.checkpoint.next_pin)
        return receipt

    def agreements(
        self, *, now: int, max_age: int = MAX_HEAD_AGE
    ) -> list[tuple[AgreementRecord, dict[str, Any]]]:
        """Return the agreements that the members hold in force, each with its document, digests checked.

        Of an agreement that was amended every version is returned: the document of a newer one may start
        later than its vote, and the older one runs until then. Where the node has no document of a version,
        or one that calls itself another agreement, version or set of parties than those voted on, neither
        that version nor an older one is returned.

        A node can leave an agreement out, and so hide a recognition; it can invent or prolong none: between
        the newest version, which is proved, and the oldest that it names, every version is asked for.
        """
        return reading.agreements(self, now=now, max_age=max_age)

    def agreement_keys(self, *, now: int) -> list[StateKey]:
        """Return the state keys of every agreement ever started and of its older versions, for stapling.

        Under an agreement's own key lies the version that started last.

        Args:
            now: The current time in integer seconds.
        """
        return reading.agreement_keys(self, now=now)

    def agreement_versions(self, agreement_id: str, *, now: int) -> list[AgreementRecord]:
        """Return every version of an agreement that was in force, oldest first, proved."""
        return reading.versions(self, agreement_id, now=now)

    def agreement_history(self, agreement_id: str, *, now: int) -> AgreementHistory:
        """Return how an agreement came about, version by version.

        Records and proposals are proved; which entry holds which vote is as the node lists it, and each entry
        can be proved by itself.

        Raises:
            LedgerUnavailableError: The node is silent.
            StatementRefusedError: NOT_FOUND: no agreement of that id was ever in force.
        """
        return reading.agreement_history(self, agreement_id, now=now)

    def document(self, digest: bytes) -> dict[str, Any]:
        """Return the agreement document with a digest.

        Raises:
            LedgerUnavailableError: The node is silent, or serves other bytes.
        """
        held = self._documents.get(digest)
        if held is None:
            held = read_json(self._ask(lambda node: node.document(digest)))
            self._documents.put(digest, held)
        return held

    def put_document(self, document: bytes) -> None:
        """Leave an agreement's document, in its JCS form, with the node, which serves it by its digest.

        Raises:
            StatementRefusedError: No proposal or agreement names this document.
        """
        path = f"/v1/agreements/{hashlib.sha256(document).hexdigest()}"
        asking.leave(self.nodes, path, document, content_type="application/json")

    def put_object(self, content: bytes) -> None:
        """Leave an object that the ledger names, such as a schema, with the nodes' mirrors.

        Raises:
            StatementRefusedError: The ledger names no such object.
        """
        path = f"/v1/mirror/objects/{hashlib.sha256(content).hexdigest()}"
        asking.leave(self.nodes, path, content, content_type="application/octet-stream")

    def registry(self) -> dict[str, Any]:
        """Return members, issuers, grants, wallets and agreements as the node lists them, for pages.

        A listing is not proved: decide nothing by it.
        """
        return self.listed("/v1/registry")

    def proposals(self, *, now: int, limit: int = 100, before: int | None = None) -> list[Proposal]:
        """Return the proposals that are open or wait for their effect, and the newest others; all proved.

        A node can neither hide an open proposal nor change what it says; how far the others go back is its
        listing.

        Args:
            now: The current time in integer seconds.
            limit: How many of the newest to ask for, at most 200.
            before: Only older ones: those whose log entry has a smaller index.

        Returns:
            Newest first.
        """
        return reading.proposals(self, now=now, limit=limit, before=before)

    def proposal(self, proposal_id: bytes, *, now: int) -> Proposal | None:
        """Return one proposal, proved; None where the ledger has none of that id."""
        return reading.proposal(self, proposal_id, now=now)

    def ballots(self, proposal_id: bytes) -> tuple[tuple[Ballot, ...], int | None]:
        """Return the votes on a proposal with their entries, and how many members there were; as listed."""
        return reading.ballots(self, proposal_id)

    def dry_runs(self, digest: bytes, *, now: int) -> list[DryRun]:
        """Return what issuers counted for the agreement with a digest; each signature is checked.

        Counts whose signature is not of the issuer's submission key, as the registry has it now, are left
        out.
        """
        return reading.dry_runs(self, digest, now=now)

    def put_dry_run(self, signed: bytes, *, digest: bytes, did: str) -> None:
        """Leave an issuer's counts with the node; the newest of each issuer and agreement is kept.

        Args:
            signed: What ``ledger.dry_runs.sign_dry_run`` returned.
            digest: SHA-256 of the agreement's document.
            did: The issuer.

        Raises:
            LedgerUnavailableError: The node is silent.
            StatementRefusedError: DRY_RUN_INVALID, or CONFLICT: a later one is kept.
        """
        path = f"/v1/agreements/{digest.hex()}/dry-runs/{quote(did, safe=':')}"
        asking.leave(self.nodes, path, signed, content_type="application/cose")

    def put_counts(self, signed: bytes, *, did: str, month: str) -> None:
        """Leave an issuer's signed month with the node; the newest of each month is kept and handed on.

        Args:
            signed: What ``ledger.counts.sign_counts`` returned.
            did: The issuer.
            month: Such as ``2026-11``.

        Raises:
            LedgerUnavailableError: The node is silent.
            StatementRefusedError: COUNTS_INVALID, or CONFLICT: a later one is kept.
        """
        path = f"/v1/counts/{quote(did, safe=':')}/{month}"
        asking.leave(self.nodes, path, signed, content_type="application/cose")

    def listed(self, path: str, query: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
        """Return one of the node's listings; not proved: decide nothing by it."""
        asked = list(query)
        return self._ask(lambda node: read_json(node.get(path, asked)))

    def _ask(self, act: Callable[[CheckedNode], T]) -> T:
        return asking.first(self.nodes, lambda url: act(CheckedNode(url, self.nodes, self.pins)))


def _as_of(pin: Pin, epoch: int) -> Pin:
    """Return what the pin would be, had it stayed in an epoch that it knows."""
    signers = pin.signers if epoch == pin.epoch else pin.earlier.get(epoch)
    if signers is None:
        raise CheckpointError(f"the pin knows no epoch {epoch}")
    earlier = {number: each for number, each in pin.earlier.items() if number < epoch}
    return replace(pin, epoch=epoch, signers=signers, earlier=earlier)
