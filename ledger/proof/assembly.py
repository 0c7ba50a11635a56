"""Put bundles together from a ledger's reader: what a node serves and a verifier then takes apart.

Nothing is decided here; a wrong answer would not verify. ``sign`` is how the node gets signatures over a
root: its own, and in a consortium those that it pulled from other members.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from crypto import cbor
from ledger.core.blocks import Block
from ledger.core.reading import Reader
from ledger.errors import MerkleError
from ledger.proof.bundle import (
    HEAD,
    OWN,
    Bundle,
    Consistency,
    Inclusion,
    Link,
    StateProof,
)
from ledger.proof.epochs import Sign, last_block, links
from ledger.proof.errors import GrantMissingError
from ledger.registry import StateKey, grant_key, grants_key, issuer_key
from ledger.statements import parse_statement

__all__ = ["Sign", "checkpoint", "consistency", "inclusion", "receipt", "step"]


def checkpoint(
    reader: Reader,
    *,
    sign: Sign,
    keys: Iterable[bytes] = (),
    size: int | None = None,
    known: int | None = None,
    epoch: int | None = None,
) -> Bundle:
    """Return a checkpoint with proofs of keys.

    Args:
        reader: One committed state of the ledger.
        sign: Gives the signatures.
        keys: Encoded state keys.
        size: A size at which a block ends; the newest by default.
        known: Size of a checkpoint that the asker holds: the consistency with it is added.
        epoch: An epoch whose signers the asker knows: the links from it are added, unless there are too many
            for one bundle; then ``step`` comes first.

    Raises:
        MerkleError: There is no such checkpoint.
    """
    at = reader.head().size if size is None else size
    head = reader.block(at)
    return Bundle(
        head=head.encode(),
        head_inclusion=inclusion(reader, at - 1, at),
        signatures=tuple(sign(head, reader.root(at))),
        states=_states(reader, keys, size=at, number=HEAD),
        links=_links(reader, head, start=epoch, sign=sign),
        consistency=_consistency(reader, at, known),
    )


def step(
    reader: Reader, *, sign: Sign, epoch: int, size: int | None = None, known: int | None = None
) -> Bundle:
    """Return a checkpoint that leads an asker from its epoch to the newest, or as far as a bundle goes.

    Args:
        reader: One committed state of the ledger.
        sign: Gives the signatures.
        epoch: The epoch whose signers the asker knows.
        size: A size at which a block ends; the newest by default.
        known: Size of a checkpoint that the asker holds: the consistency with it is added.

    Raises:
        MerkleError: There is no such checkpoint.
    """
    at = reader.head().size if size is None else size
    head = reader.block(at)
    found = links(reader, start=epoch, end=head.epoch, sign=sign)
    if epoch + len(found) < head.epoch:
        # The end of the epoch that the links lead to is signed by the set that they bring.
        end = last_block(reader, epoch + len(found))
        assert end is not None
        at = end.size
    return replace(checkpoint(reader, sign=sign, size=at, known=known), links=found)


def receipt(
    reader: Reader,
    index: int,
    *,
    sign: Sign,
    credential_type: str | None = None,
    size: int | None = None,
    known: int | None = None,
    epoch: int | None = None,
) -> Bundle:
    """Return the proof of an entry, under the newest head or another.

    Args:
        reader: One committed state of the ledger.
        index: The entry's index.
        sign: Gives the signatures.
        credential_type: For an anchor: add the issuer's record and a grant for this type, both at the own
            block.
        size: A size at which a block ends, not before the own block's; the newest by default.
        known: Size of a checkpoint that the asker holds: the consistency with it is added.
        epoch: An epoch whose signers the asker knows: the links from it are added, unless there are too many
            for one bundle; then ``step`` comes first.

    Raises:
        MerkleError: There is no such entry or checkpoint.
        GrantMissingError: The issuer had no grant for the type at the entry's block.
    """
    bundle = checkpoint(reader, sign=sign, size=size, known=known, epoch=epoch)
    at = bundle.head_inclusion.size
    own = reader.own_block(index)
    if own.size > at:
        raise MerkleError(f"entry {index} is not in a log of {at} entries")
    if own.index == index:
        raise MerkleError(f"entry {index} is a block")
    at_head = own.size == at
    entry = reader.entry(index)
    keys = [] if credential_type is None else _entitlement(reader, entry, own, credential_type)
    return Bundle(
        head=bundle.head,
        head_inclusion=bundle.head_inclusion,
        signatures=bundle.signatures,
        entry=entry,
        entry_inclusion=inclusion(reader, index, at),
        states=_states(reader, keys, size=own.size, number=HEAD if at_head else OWN),
        own=None if at_head else own.encode(),
        own_inclusion=None if at_head else inclusion(reader, own.index, at),
        links=bundle.links,
        consistency=bundle.consistency,
    )


def inclusion(reader: Reader, index: int, size: int) -> Inclusion:
    """Return the proof that entry ``index`` is in the first ``size`` entries."""
    return Inclusion(size, index, tuple(reader.inclusion(index, size)))


def consistency(reader: Reader, first: int, second: int) -> Consistency:
    """Return the proof that the first ``second`` entries continue the first ``first``."""
    return Consistency(first, second, tuple(reader.consistency(first, second)))


def _consistency(reader: Reader, size: int, known: int | None) -> Consistency | None:
    # A size beyond our log is somebody else's history: nothing can be proved about it, and the asker will
    # see.
    if known is None or known == size or not 0 < known <= reader.head().size:
        return None
    return consistency(reader, min(known, size), max(known, size))


def _links(reader: Reader, head: Block, *, start: int | None, sign: Sign) -> tuple[Link, ...]:
    """Return the links from an epoch to the head's, or none: half of the way proves nothing."""
    if start is None or start >= head.epoch:
        return ()
    found = links(reader, start=start, end=head.epoch, sign=sign)
    return found if start + len(found) == head.epoch else ()


def _states(reader: Reader, keys: Iterable[bytes], *, size: int, number: int) -> tuple[StateProof, ...]:
    proved = reader.prove(sorted(set(keys)), size=size)
    return tuple(StateProof(number, item.key, item.value, item.proof) for item in proved)


def _entitlement(reader: Reader, entry: bytes, own: Block, credential_type: str) -> list[bytes]:
    """Return the keys that show an issuer's right at its own block: its record, and one grant in force."""
    issuer = parse_statement(entry).issuer
    for accreditor, granted in _grants(reader, issuer, size=own.size):
        if granted != credential_type:
            continue
        key: StateKey = grant_key(accreditor, issuer, credential_type)
        value = _at(reader, key, size=own.size)
        if (
            value is not None
            and value["from"] <= own.time
            and (value["until"] is None or own.time < value["until"])
        ):
            return [cbor.encode(issuer_key(issuer)), cbor.encode(key)]
    raise GrantMissingError("the issuer had no grant for this type at the entry's block")


def _grants(reader: Reader, issuer: str, *, size: int) -> list[tuple[str, str]]:
    listed = _at(reader, grants_key(issuer), size=size) or []
    return [(accreditor, granted) for accreditor, granted in listed]


def _at(reader: Reader, key: StateKey, *, size: int) -> Any:
    (proved,) = reader.prove([key], size=size)
    return None if proved.value is None else cbor.decode(proved.value)
