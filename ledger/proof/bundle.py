"""The proof bundle: one CBOR map that carries a form's receipt, or a checkpoint with values of the registry.

    {1: entry, 2: [size, index, path], 3: head block entry, 4: [size, size - 1, path],
     5: [[protected, signature], …], 6: [[block, key, value or null, proof], …],
     7: [batch size, index, path], 8: salt, 9: epoch links, 10: own block entry,
     11: [size, index, path], 12: [m, n, path]}

A receipt has 1, 2 and 6 and, once the issuer added them, 7 and 8; where its own block is not the head, 10
and 11. A checkpoint has 3, 4, 5 and perhaps 6, 9 and 12. Every bundle has exactly one encoding:
deterministic CBOR, lists sorted and without duplicates, an empty list left out. Decoding checks form and
limits only; what the fields say is checked in ``ledger.proof.verify``.

Spec: LEDGER.md, sections 4.5 and 4.12.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import cbor2

from crypto import cbor
from crypto.errors import CryptoError
from ledger.errors import MapProofError
from ledger.prefix_map import MapProof
from ledger.proof.errors import ProofMalformedError

MAX_BUNDLE_BYTES = 512 * 1024
MAX_PATH = 63
MAX_SIGNATURES = 256
MAX_STATES = 1024
MAX_LINKS = 256
MAX_SIGNERS = 256
MAX_PROTECTED_BYTES = 1024
MAX_BLOCK_BYTES = 1024
MAX_KEY_BYTES = 4096

HEAD = 0
OWN = 1

_VDP = 396
_INCLUSION_PROOFS = -1
_COSE_SIGN1_TAG = 18

T = TypeVar("T")


@dataclass(frozen=True)
class Inclusion:
    """An RFC 9942 inclusion proof: the entry ``index`` of a tree of ``size``, and its path."""

    size: int
    index: int
    path: tuple[bytes, ...]

    def to_cbor(self) -> list[Any]:
        """Return the array that RFC 9942, section 5.2, encodes."""
        return [self.size, self.index, list(self.path)]


@dataclass(frozen=True)
class Consistency:
    """An RFC 9942 consistency proof: the tree of ``first`` entries is a prefix of the tree of ``second``."""

    first: int
    second: int
    path: tuple[bytes, ...]

    def to_cbor(self) -> list[Any]:
        """Return the array that RFC 9942, section 5.3, encodes."""
        return [self.first, self.second, list(self.path)]


@dataclass(frozen=True)
class CheckpointSignature:
    """A member's signature over a log root: the protected header of its RFC 9942 receipt, and 64 bytes."""

    protected: bytes
    signature: bytes

    def to_cbor(self) -> list[Any]:
        """Return the pair that field 5 holds."""
        return [self.protected, self.signature]


@dataclass(frozen=True)
class StateProof:
    """A key of the state, its value or None where it is absent, and the way to the block's state root.

    Attributes:
        block: 0 for the head, 1 for the own block.
        key: The key's CBOR.
        value: The value's CBOR, or None.
        proof: The way to the state root of that block.
    """

    block: int
    key: bytes
    value: bytes | None
    proof: MapProof

    def to_cbor(self) -> list[Any]:
        """Return the array that field 6 holds."""
        return [self.block, self.key, self.value, self.proof.to_array()]


@dataclass(frozen=True)
class Signer:
    """A member that signs roots, with its receipt key as a COSE_Key."""

    member: str
    key: dict[int, Any]

    def to_cbor(self) -> list[Any]:
        """Return the pair that a signers' set holds."""
        return [self.member, self.key]


@dataclass(frozen=True)
class Link:
    """One change of epoch: the block that enacted it, signed by the old set, and the new set."""

    block: bytes
    inclusion: Inclusion
    signatures: tuple[CheckpointSignature, ...]
    next_signers: tuple[Signer, ...]

    def to_cbor(self) -> list[Any]:
        """Return the array that field 9 holds."""
        return [
            self.block,
            self.inclusion.to_cbor(),
            [signature.to_cbor() for signature in self.signatures],
            [signer.to_cbor() for signer in self.next_signers],
        ]


@dataclass(frozen=True)
class Bundle:
    """A decoded bundle. Field numbers as in the module's docstring."""

    head: bytes
    head_inclusion: Inclusion
    signatures: tuple[CheckpointSignature, ...]
    entry: bytes | None = None
    entry_inclusion: Inclusion | None = None
    states: tuple[StateProof, ...] = ()
    batch: Inclusion | None = None
    salt: bytes | None = None
    links: tuple[Link, ...] = ()
    own: bytes | None = None
    own_inclusion: Inclusion | None = None
    consistency: Consistency | None = None

    def encode(self) -> bytes:
        """Return the bundle's one encoding."""
        fields: dict[int, Any] = {
            1: self.entry,
            2: _cbor(self.entry_inclusion),
            3: self.head,
            4: self.head_inclusion.to_cbor(),
            5: [signature.to_cbor() for signature in self.signatures],
            6: [state.to_cbor() for state in self.states] or None,
            7: _cbor(self.batch),
            8: self.salt,
            9: [link.to_cbor() for link in self.links] or None,
            10: self.own,
            11: _cbor(self.own_inclusion),
            12: _cbor(self.consistency),
        }
        return cbor.encode({number: field for number, field in fields.items() if field is not None})

    @classmethod
    def decode(cls, data: bytes) -> Bundle:
        """Read a bundle in its strict form.

        Raises:
            ProofMalformedError: It is not CBOR in the one form, holds an unknown field, misses one that
                belongs to another, or exceeds a limit.

        Spec: LEDGER.md, section 4.5, step 1, and section 4.12.
        """
        try:
            fields = cbor.decode(data, max_bytes=MAX_BUNDLE_BYTES)
        except CryptoError as error:
            raise ProofMalformedError(f"the bundle is not strict CBOR: {error}") from error
        if not isinstance(fields, dict) or not {3, 4, 5} <= set(fields) <= set(range(1, 13)):
            raise ProofMalformedError("a bundle is a map of the fields 1 to 12, with at least 3, 4 and 5")
        for one, other in ((1, 2), (7, 8), (10, 11)):
            if (one in fields) != (other in fields):
                raise ProofMalformedError(f"the fields {one} and {other} belong together")
        if 1 not in fields and {7, 10} & set(fields):
            raise ProofMalformedError("a checkpoint has no batch and no block of its own")
        bundle = cls(
            head=_bytes(fields[3], most=MAX_BLOCK_BYTES),
            head_inclusion=_inclusion(fields[4]),
            signatures=_list(fields[5], _signature, most=MAX_SIGNATURES),
            entry=_optional(fields, 1, lambda value: _bytes(value, most=MAX_BUNDLE_BYTES)),
            entry_inclusion=_optional(fields, 2, _inclusion),
            states=_list(fields[6], _state, most=MAX_STATES) if 6 in fields else (),
            batch=_optional(fields, 7, _inclusion),
            salt=_optional(fields, 8, lambda value: _bytes(value, size=32)),
            links=_list(fields[9], _link, most=MAX_LINKS) if 9 in fields else (),
            own=_optional(fields, 10, lambda value: _bytes(value, most=MAX_BLOCK_BYTES)),
            own_inclusion=_optional(fields, 11, _inclusion),
            consistency=_optional(fields, 12, _consistency),
        )
        order = [(state.block, state.key) for state in bundle.states]
        if order != sorted(set(order)):
            raise ProofMalformedError("the state proofs are not sorted, or one is there twice")
        return bundle


def with_batch_path(bundle: Bundle, *, salt: bytes, size: int, index: int, path: Sequence[bytes]) -> Bundle:
    """Return the receipt of one form: the anchor's bundle with the form's salt and way to the batch root."""
    return replace(bundle, salt=salt, batch=Inclusion(size, index, tuple(path)))


def read_signatures(data: bytes) -> tuple[CheckpointSignature, ...]:
    """Read a list of signatures as a node serves them; what they say is not checked.

    Raises:
        ProofMalformedError: It is not deterministic CBOR of that form, or exceeds a limit.
    """
    try:
        value = cbor.decode(data, max_bytes=MAX_SIGNATURES * (MAX_PROTECTED_BYTES + 128))
    except CryptoError as error:
        raise ProofMalformedError(f"the signatures are not strict CBOR: {error}") from error
    return read_signature_pairs(value) if value != [] else ()


def read_signature_pairs(value: Any) -> tuple[CheckpointSignature, ...]:
    """Read what field 5 holds: 1 to 256 pairs."""
    return _list(value, _signature, most=MAX_SIGNATURES)


def read_inclusion(value: Any) -> Inclusion:
    """Read an RFC 9942 inclusion proof."""
    return _inclusion(value)


def read_signers(value: Any) -> tuple[Signer, ...]:
    """Read 1 to 256 pairs of a DID and a COSE_Key."""
    return _list(value, _signer, most=MAX_SIGNERS)


def expand(bundle: Bundle) -> tuple[bytes, ...]:
    """Return the standard receipts that the bundle stands for: one RFC 9942 COSE_Sign1 per signature.

    Each is tagged, since libraries of today refuse untagged ones, and proves the bundle's statement, or the
    head block where the bundle is a checkpoint. The leaf is the untagged statement itself.

    Spec: RFC 9942, section 5.2; LEDGER.md, section 4.12.
    """
    inclusion = bundle.entry_inclusion or bundle.head_inclusion
    proofs = {_VDP: {_INCLUSION_PROOFS: [cbor.encode(inclusion.to_cbor())]}}
    return tuple(
        cbor2.dumps(cbor2.CBORTag(_COSE_SIGN1_TAG, [item.protected, proofs, None, item.signature]))
        for item in bundle.signatures
    )


def transparent_statement(bundle: Bundle) -> bytes:
    """Return the bundle's statement with its receipts attached under label 394, as RFC 9943 has it.

    Raises:
        ValueError: The bundle is a checkpoint and holds no statement.

    Spec: RFC 9943, section 6; RFC 9942, section 4.
    """
    if bundle.entry is None:
        raise ValueError("a checkpoint holds no statement")
    protected, _, payload, signature = cbor.decode(bundle.entry)
    statement = [protected, {394: list(expand(bundle))}, payload, signature]
    return cbor2.dumps(cbor2.CBORTag(_COSE_SIGN1_TAG, statement))


def _cbor(proof: Inclusion | Consistency | None) -> list[Any] | None:
    return None if proof is None else proof.to_cbor()


def _optional(fields: dict[int, Any], number: int, read: Callable[[Any], T]) -> T | None:
    return read(fields[number]) if number in fields else None


def _bytes(value: Any, *, size: int | None = None, most: int = 64) -> bytes:
    if type(value) is not bytes or (len(value) != size if size is not None else len(value) > most):
        raise ProofMalformedError("a byte string has another length, or something else stands in its place")
    return value


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise ProofMalformedError("a size or an index is no whole number below 2^63")
    return value


def _array(value: Any, *, size: int) -> list[Any]:
    if not isinstance(value, list) or len(value) != size:
        raise ProofMalformedError(f"an array of {size} is missing")
    return value


def _list(value: Any, read: Callable[[Any], T], *, most: int) -> tuple[T, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= most:
        raise ProofMalformedError(f"a list has 1 to {most} items")
    return tuple(read(item) for item in value)


def _path(value: Any, *, most: int = MAX_PATH) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > most:
        raise ProofMalformedError(f"a path has at most {most} hashes")
    return tuple(_bytes(item, size=32) for item in value)


def _inclusion(value: Any) -> Inclusion:
    size, index, path = _array(value, size=3)
    inclusion = Inclusion(_number(size), _number(index), _path(path))
    if inclusion.index >= inclusion.size:
        raise ProofMalformedError("an index lies outside its tree")
    return inclusion


def _consistency(value: Any) -> Consistency:
    first, second, path = _array(value, size=3)
    # RFC 9162, section 2.1.4: a consistency path is at most one hash longer than the tree is high.
    return Consistency(_number(first), _number(second), _path(path, most=MAX_PATH + 1))


def _signature(value: Any) -> CheckpointSignature:
    protected, signature = _array(value, size=2)
    return CheckpointSignature(_bytes(protected, most=MAX_PROTECTED_BYTES), _bytes(signature, size=64))


def _state(value: Any) -> StateProof:
    block, key, content, proof = _array(value, size=4)
    if type(block) is not int or block not in (HEAD, OWN):
        raise ProofMalformedError("a state proof names the head (0) or the own block (1)")
    try:
        map_proof = MapProof.from_array(proof)
    except MapProofError as error:
        raise ProofMalformedError(str(error)) from error
    value_bytes = None if content is None else _bytes(content, most=MAX_BUNDLE_BYTES)
    return StateProof(block, _bytes(key, most=MAX_KEY_BYTES), value_bytes, map_proof)


def _link(value: Any) -> Link:
    block, inclusion, signatures, next_signers = _array(value, size=4)
    return Link(
        _bytes(block, most=MAX_BLOCK_BYTES),
        _inclusion(inclusion),
        _list(signatures, _signature, most=MAX_SIGNATURES),
        _list(next_signers, _signer, most=MAX_SIGNERS),
    )


def _signer(value: Any) -> Signer:
    member, key = _array(value, size=2)
    if not isinstance(member, str) or not isinstance(key, dict):
        raise ProofMalformedError("a signer is a DID and a COSE_Key")
    return Signer(member, key)
