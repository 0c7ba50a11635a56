"""CometBFT's own commits, checked without CometBFT: what ``vocred ledger audit`` does.

    1. the validators, all of one power, hash to the header's validators_hash
    2. the header's fourteen fields hash to the block id that the commit names
    3. more than 2/3 of the validators signed that block id, at this height and round
    4. the header's app_hash is the root of our log after the block before

The validators do not come from the block's bringer: the log names them. So a commit shows an auditor that
consensus, and not the node that answers, gave the log its root.

Spec: CometBFT v0.38, spec/core/data_structures.md and spec/light-client; LEDGER.md, section 4.5.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from google.protobuf.message import Message
from google.protobuf.proto import serialize_length_prefixed

from crypto.errors import CryptoError
from crypto.keys import ED25519, PublicKey
from ledger import merkle
from ledger.engines.cometbft import abci_pb2 as proto
from ledger.engines.cometbft.home import POWER
from ledger.joining.errors import AuditError

PRECOMMIT = 2
COMMIT_FLAG = 2
_NANOS = 9


@dataclass(frozen=True)
class CheckedCommit:
    """A block that more than 2/3 of the validators committed.

    Attributes:
        height: Its number.
        app_hash: What the application answered after the block before: the root of the log.
        signed: How many validators signed.
        validators: How many there are.
    """

    height: int
    app_hash: bytes
    signed: int
    validators: int


def check_commit(
    signed_header: Mapping[str, Any], *, chain_name: str, validators: Collection[bytes]
) -> CheckedCommit:
    """Check a header and its commit, as CometBFT's RPC (``/commit``) gives them.

    Args:
        signed_header: ``{"header", "commit"}``.
        chain_name: What CometBFT calls the ledger.
        validators: The raw consensus keys that count at this height, from the log.

    Raises:
        AuditError: A step failed, or something is missing.
    """
    try:
        header, commit = signed_header["header"], signed_header["commit"]
        ordered = sorted(validators, key=lambda key: sha256(key).digest()[:20])
        if header["chain_id"] != chain_name:
            raise AuditError("the header is of another ledger")
        if bytes.fromhex(header["validators_hash"]) != validators_hash(ordered):
            raise AuditError("the header names other validators than the log")
        block_id = _block_id(commit["block_id"])
        if commit["height"] != header["height"] or block_id.hash != header_hash(header):
            raise AuditError("the commit is of another header")
        signed = _count(commit, block_id, chain_name=chain_name, validators=ordered)
        if not 3 * signed > 2 * len(ordered):
            raise AuditError(f"{signed} of {len(ordered)} validators are not more than two thirds")
        return CheckedCommit(int(header["height"]), bytes.fromhex(header["app_hash"]), signed, len(ordered))
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise AuditError("the header or its commit cannot be read") from error


def validators_hash(ordered: Iterable[bytes]) -> bytes:
    """Return the hash of a set of validators of equal power, in CometBFT's order (by address)."""
    keys = (proto.ValidatorUpdate(pub_key=proto.PublicKey(ed25519=key), power=POWER) for key in ordered)
    return _merkle(key.SerializeToString() for key in keys)


def header_hash(header: Mapping[str, Any]) -> bytes:
    """Return a header's hash, which is the block's id."""
    version = header["version"]
    fields: list[Message] = [
        proto.HeaderVersion(block=int(version["block"]), app=int(version.get("app", 0))),
        proto.Text(value=header["chain_id"]),
        proto.Number(value=int(header["height"])),
        _time(header["time"]),
        _block_id(header["last_block_id"]),
        *(proto.Octets(value=bytes.fromhex(header[name])) for name in _HASHES),
    ]
    return _merkle(field.SerializeToString() for field in fields)


_HASHES = (
    "last_commit_hash",
    "data_hash",
    "validators_hash",
    "next_validators_hash",
    "consensus_hash",
    "app_hash",
    "last_results_hash",
    "evidence_hash",
    "proposer_address",
)


def _count(
    commit: Mapping[str, Any], block_id: proto.BlockId, *, chain_name: str, validators: list[bytes]
) -> int:
    """Return how many validators signed the block; one wrong signature refuses all."""
    if len(commit["signatures"]) != len(validators):
        raise AuditError("the commit has not one place for each validator")
    signed = 0
    for key, vote in zip(validators, commit["signatures"], strict=True):
        if vote["block_id_flag"] != COMMIT_FLAG:
            continue
        message = proto.CanonicalVote(
            type=PRECOMMIT,
            height=int(commit["height"]),
            round=int(commit["round"]),
            block_id=block_id,
            timestamp=_time(vote["timestamp"]),
            chain_id=chain_name,
        )
        try:
            signature = base64.b64decode(vote["signature"], validate=True)
            PublicKey(ED25519, key).verify(signature, _delimited(message))
        except CryptoError as error:
            raise AuditError("a validator's signature does not verify") from error
        signed += 1
    return signed


def _block_id(value: Mapping[str, Any]) -> proto.BlockId:
    parts = proto.PartSetHeader(
        total=int(value["parts"]["total"]), hash=bytes.fromhex(value["parts"]["hash"])
    )
    return proto.BlockId(hash=bytes.fromhex(value["hash"]), part_set_header=parts)


def _time(text: str) -> proto.Timestamp:
    """Read RFC 3339 in UTC with up to nine digits behind the point."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole + "+00:00").timestamp())
    return proto.Timestamp(seconds=seconds, nanos=int(fraction.ljust(_NANOS, "0") or "0"))


def _delimited(message: proto.CanonicalVote) -> bytes:
    """Return a message with its length in front, which is what a validator signs."""
    stream = io.BytesIO()
    serialize_length_prefixed(message, stream)
    return stream.getvalue()


def _merkle(items: Iterable[bytes]) -> bytes:
    """Return the root of RFC 6962's tree, which is CometBFT's as well."""
    frontier = merkle.Frontier()
    for item in items:
        frontier.append(merkle.leaf_hash(item))
    return frontier.root
