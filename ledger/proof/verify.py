"""Check what the ledger says, offline: the twelve steps of LEDGER.md 4.5, in their order.

``verify_receipt`` answers when a form was anchored and whether its issuer was entitled to issue it then;
``verify_snapshot`` answers what the registry says now; ``check_current`` joins the two: what is known *today*
about the key that anchored *then*. All of them take bytes, a pin and a second, open nothing, and raise.
Steps 2 to 6 are in ``ledger.proof.checkpoints``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crypto import cbor
from crypto.errors import CryptoError
from ledger import merkle, prefix_map
from ledger.core.blocks import SINGLE_OPERATOR, Block
from ledger.errors import LedgerError, MapProofError, MerkleError
from ledger.proof.batch import SMALLEST_BATCH, leaf_hash
from ledger.proof.bundle import HEAD, OWN, Bundle, Consistency
from ledger.proof.checkpoints import (
    Checkpoint,
    check_checkpoint,
    check_inclusion,
    read_block,
)
from ledger.proof.errors import (
    AnchorMismatchError,
    GrantMissingError,
    InclusionError,
    IssuerMismatchError,
    IssuerSuspendedError,
    KeyCompromisedError,
    NotProvenError,
    ProofMalformedError,
    ReceiptError,
    RollbackError,
    StateProofError,
)
from ledger.proof.pins import Pin
from ledger.registry import (
    AgreementRecord,
    Grant,
    IssuerRecord,
    MemberRecord,
    RecordError,
    StateKey,
    StatusRecord,
    WalletRecord,
    agreement_key,
    grant_key,
    issuer_key,
    member_key,
    number_key,
    seq_key,
    status_key,
    wallet_key,
)
from ledger.statements import parse_statement

__all__ = ["Checkpoint", "Receipt", "Snapshot", "check_current", "verify_receipt", "verify_snapshot"]


@dataclass(frozen=True)
class Receipt:
    """What a checked receipt shows about one form.

    Attributes:
        time_of_issue: Time of the form's own block, integer seconds.
        issuer: The issuer's record as it was at that block: its document digest is the one that counts.
        grant: A grant for the credential's type, in force at that block.
        single_operator: To be said beside everything that rests on this receipt.
        consistent: See ``Checkpoint``; a page says so where it is False.
        entry_index: The anchor's position in the log.
        own_size: Size of the log right after the form's own block.
        checkpoint: The checkpoint under which the receipt was proved.
        bundle: The receipt's bytes, so that a reader can keep them and check them elsewhere.
    """

    time_of_issue: int
    issuer: IssuerRecord
    grant: Grant
    single_operator: bool
    consistent: bool
    entry_index: int
    own_size: int
    checkpoint: Checkpoint
    bundle: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Snapshot:
    """Values of the registry, all proved under one checkpoint; absence is proved as well.

    Attributes:
        checkpoint: The checkpoint that the values rest on.
        values: The proved values by key; None where the key is proved absent.
    """

    checkpoint: Checkpoint
    values: Mapping[StateKey, Any] = field(repr=False)

    @property
    def time(self) -> int:
        """The checkpoint's time in integer seconds: the answers hold as of then."""
        return self.checkpoint.time

    @property
    def block_time(self) -> int:
        """The time of the head block in integer seconds: when the state last changed."""
        return self.checkpoint.head.time

    @property
    def size(self) -> int:
        """Number of entries of the log."""
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        """The log's root, 32 bytes."""
        return self.checkpoint.root

    @property
    def single_operator(self) -> bool:
        """To be said beside everything that rests on this snapshot."""
        return self.checkpoint.single_operator

    def value(self, key: StateKey) -> Any:
        """Return the decoded CBOR value of a key, or None where it is proved absent.

        Raises:
            NotProvenError: The bundle carried no proof about this key.
        """
        try:
            return self.values[key]
        except KeyError as error:
            raise NotProvenError(f"no proof about a key of kind {key[0]!r}") from error

    def issuer(self, did: str) -> IssuerRecord | None:
        """Return an issuer's current record."""
        value = self.value(issuer_key(did))
        return None if value is None else IssuerRecord.from_value(did, value)

    def issuer_by_number(self, number: int) -> str | None:
        """Return the DID of the issuer with a number, or None where no issuer has it."""
        did: str | None = self.value(number_key(number))
        return did

    def member(self, did: str) -> MemberRecord | None:
        """Return a member's record."""
        value = self.value(member_key(did))
        return None if value is None else MemberRecord.from_value(did, value)

    def grant(self, accreditor: str, issuer: str, credential_type: str) -> Grant | None:
        """Return one accreditor's grant, whether or not it is in force."""
        value = self.value(grant_key(accreditor, issuer, credential_type))
        return None if value is None else Grant.from_value(accreditor, issuer, credential_type, value)

    def status(self, did: str, url: str) -> StatusRecord | None:
        """Return the current version of what an issuer publishes at a URL."""
        value = self.value(status_key(did, url))
        return None if value is None else StatusRecord.from_value(value)

    def wallet(self, tag: str) -> WalletRecord | None:
        """Return a wallet by its tag."""
        value = self.value(wallet_key(tag))
        return None if value is None else WalletRecord.from_value(tag, value)

    def agreement(self, agreement_id: str, version: int | None = None) -> AgreementRecord | None:
        """Return the state of an agreement (without ``version``: of the one that started last)."""
        value = self.value(agreement_key(agreement_id, version))
        return None if value is None else AgreementRecord.from_value(agreement_id, value)

    def next_seq(self, did: str, role: str) -> int:
        """Return the next sequence number of a DID in a role."""
        return (self.value(seq_key(did, role)) or 0) + 1


def verify_receipt(
    bundle: bytes,
    *,
    digest: bytes,
    issuer_id: str,
    credential_type: str,
    pin: Pin,
    now: int,
    consistency: Sequence[Consistency] = (),
) -> Receipt:
    """Check that a form was anchored by its issuer, when, and that the issuer was accredited then.

    Steps 1 to 9, 11 and 12; step 10 needs the issuer's record of today, see ``check_current``.

    Args:
        bundle: The receipt's bytes as they travel beside the form, salt and batch path included.
        digest: SHA-256 of the secured form.
        issuer_id: The credential's issuer, a DID.
        credential_type: The credential's type by the short name that grants use, ``GraduationCertificate``.
        pin: What this verifier knows of the ledger.
        now: The current time in integer seconds.
        consistency: Proofs fetched for this receipt that its tree is one with the pin's highest checkpoint.
            Without any, a checkpoint of the pin's own epoch passes, and the result is not ``consistent``.

    Raises:
        ReceiptError: A step failed; the subclass says which.

    Spec: LEDGER.md, section 4.5.
    """
    parsed = Bundle.decode(bundle)  # step 1
    receipt, root = verify_anchor(
        parsed,
        issuer_id=issuer_id,
        credential_type=credential_type,
        pin=pin,
        now=now,
        consistency=consistency,
    )
    _check_batch(parsed, digest=digest, root=root)  # step 11
    return replace(receipt, bundle=bundle)


def verify_anchor(
    bundle: Bundle,
    *,
    issuer_id: str,
    credential_type: str,
    pin: Pin,
    now: int,
    consistency: Sequence[Consistency] = (),
) -> tuple[Receipt, bytes]:
    """Check a receipt up to its anchor: everything but the batch path, which an issuer adds per form.

    Returns:
        What the receipt shows, and the batch root that the anchor carries.

    Raises:
        ReceiptError: A step failed; the subclass says which.

    Spec: LEDGER.md, section 4.5, steps 2 to 9 and 12.
    """
    if bundle.entry is None or bundle.entry_inclusion is None:
        raise ProofMalformedError("a checkpoint is no receipt")
    checkpoint = check_checkpoint(bundle, pin=pin, now=now, consistency=consistency)  # steps 2 to 6
    check_inclusion(  # step 2, for the entry
        bundle.entry, bundle.entry_inclusion, size=checkpoint.size, root=checkpoint.root
    )
    own = _own_block(bundle, checkpoint)  # step 7
    issuer, grant = _entitlement(bundle, own, issuer_id=issuer_id, credential_type=credential_type)
    root = _anchored_root(bundle.entry, issuer=issuer, chain_id=pin.chain_id)  # step 8
    if not grant.in_force(own.time):  # step 9
        raise GrantMissingError("the grant that is proved was not in force at the form's own block")
    receipt = Receipt(
        time_of_issue=own.time,
        issuer=issuer,
        grant=grant,
        single_operator=checkpoint.single_operator or own.mode == SINGLE_OPERATOR,  # step 12
        consistent=checkpoint.consistent,
        entry_index=bundle.entry_inclusion.index,
        own_size=own.size,
        checkpoint=checkpoint,
    )
    return receipt, root


def verify_snapshot(
    bundle: bytes, *, pin: Pin, now: int, consistency: Sequence[Consistency] = ()
) -> Snapshot:
    """Check a checkpoint with state proofs under its head (steps 1 to 6 and 12).

    Args:
        bundle: A checkpoint: fields 3, 4, 5, 6, 9 and 12 only.
        pin: What this verifier knows of the ledger.
        now: The current time in integer seconds.
        consistency: See ``verify_receipt``.

    Raises:
        ReceiptError: A step failed; the subclass says which.

    Spec: LEDGER.md, sections 4.5 and 4.12.
    """
    parsed = Bundle.decode(bundle)
    if parsed.entry is not None:
        raise ProofMalformedError("a receipt is no checkpoint")
    checkpoint = check_checkpoint(parsed, pin=pin, now=now, consistency=consistency)
    return Snapshot(checkpoint, _values(parsed, checkpoint.head, number=HEAD))


def check_current(receipt: Receipt, *, current: Snapshot) -> IssuerRecord:
    """Check a receipt against what the registry knows today about its issuer (step 10).

    Args:
        receipt: A checked receipt.
        current: The snapshot that the status list is judged by; it carries the issuer's record.

    Returns:
        The issuer's current record.

    Raises:
        KeyCompromisedError: The form was anchored in an interval in which the key was in other hands.
        IssuerSuspendedError: It was anchored while the issuer was suspended, or after it closed.
        RollbackError: The snapshot is older than the receipt's own block.
        NotProvenError: The snapshot does not carry the issuer's record.

    Spec: LEDGER.md, section 4.5, step 10.
    """
    if current.size < receipt.own_size:
        raise RollbackError("the registry that is shown is older than the receipt")
    issuer = current.issuer(receipt.issuer.did)
    if issuer is None:
        raise StateProofError("the issuer was registered when the form was anchored, and is not now")
    if issuer.key_compromised(receipt.time_of_issue):
        raise KeyCompromisedError("the form was anchored while the key was in other hands")
    if issuer.suspended(receipt.time_of_issue) or issuer.closed(receipt.time_of_issue):
        raise IssuerSuspendedError("the form was anchored while its issuer was suspended or closed")
    return issuer


def _own_block(bundle: Bundle, checkpoint: Checkpoint) -> Block:
    """Return the block that the entry was written by: the time of issue comes from here alone."""
    assert bundle.entry_inclusion is not None
    own, index = checkpoint.head, checkpoint.size - 1
    if bundle.own is not None and bundle.own_inclusion is not None:
        own, index = read_block(bundle.own), bundle.own_inclusion.index
        check_inclusion(bundle.own, bundle.own_inclusion, size=checkpoint.size, root=checkpoint.root)
        if index == checkpoint.size - 1:
            raise ProofMalformedError("a head that is the own block is not given twice")
    if own.size - 1 != index:
        raise InclusionError("the own block does not stand where it says")
    if not own.first <= bundle.entry_inclusion.index < own.size - 1:
        raise InclusionError("the entry does not belong to the own block")
    return own


def _entitlement(
    bundle: Bundle, own: Block, *, issuer_id: str, credential_type: str
) -> tuple[IssuerRecord, Grant]:
    """Return the issuer's record and the grant that are proved at the own block, and nothing else is."""
    values = _values(bundle, own, number=HEAD if bundle.own is None else OWN)
    record = values.pop(issuer_key(issuer_id), None)
    if record is None:
        raise IssuerMismatchError("the receipt does not prove a record of the credential's issuer")
    if len(values) != 1:
        raise ProofMalformedError("a receipt proves the issuer's record and one grant, nothing else")
    ((key, value),) = values.items()
    if len(key) != 4 or key != grant_key(str(key[1]), issuer_id, credential_type) or value is None:
        raise GrantMissingError("the receipt proves no grant to this issuer for this type")
    try:
        issuer = IssuerRecord.from_value(issuer_id, record)
        return issuer, Grant.from_value(str(key[1]), issuer_id, credential_type, value)
    except RecordError as error:
        raise StateProofError(str(error)) from error


def _anchored_root(entry: bytes, *, issuer: IssuerRecord, chain_id: str) -> bytes:
    """Return the batch root of an anchor, once its signature is the issuer's own."""
    try:
        statement = parse_statement(entry)
        if statement.kind != "anchor" or statement.chain_id != chain_id:
            raise IssuerMismatchError("the entry is no anchor of this ledger")
        if statement.issuer != issuer.did or statement.kid != issuer.submission_key.thumbprint:
            raise IssuerMismatchError("the anchor is not signed as the credential's issuer")
        statement.verify(issuer.submission_key)
        root = statement.body["root"]
    except (CryptoError, LedgerError, KeyError, TypeError) as error:
        if isinstance(error, ReceiptError):
            raise
        raise IssuerMismatchError("the anchor's signature does not verify") from error
    if type(root) is not bytes:
        raise IssuerMismatchError("the anchor carries no root")
    return root


def _check_batch(bundle: Bundle, *, digest: bytes, root: bytes) -> None:
    """Check that the digest is a leaf of the anchored batch."""
    if bundle.batch is None or bundle.salt is None:
        raise AnchorMismatchError("the receipt lacks the form's place in its batch")
    size = bundle.batch.size
    if size < SMALLEST_BATCH or size & (size - 1):
        raise ProofMalformedError("a batch's size is a power of two, at least 64")
    try:
        merkle.verify_inclusion(
            leaf_hash(bundle.salt, digest),
            index=bundle.batch.index,
            size=size,
            path=bundle.batch.path,
            root=root,
        )
    except MerkleError as error:
        raise AnchorMismatchError("the anchored batch does not hold this form") from error


def _values(bundle: Bundle, block: Block, *, number: int) -> dict[StateKey, Any]:
    """Return the values that the bundle proves, all under one block."""
    values: dict[StateKey, Any] = {}
    for state in bundle.states:
        if state.block != number:
            raise ProofMalformedError("a state proof names a block that it does not belong to")
        try:
            prefix_map.verify(state.key, state.value, state.proof, root=block.state)
            key, value = cbor.decode(state.key), None if state.value is None else cbor.decode(state.value)
        except (MapProofError, CryptoError) as error:
            raise StateProofError("a state proof does not lead to the block's state root") from error
        if not isinstance(key, list) or not key or any(type(part) not in (str, int, bytes) for part in key):
            raise StateProofError("a state key is an array of texts, numbers and byte strings")
        values[tuple(key)] = value
    return values
