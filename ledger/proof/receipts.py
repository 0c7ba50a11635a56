"""A member's signature over a log root, and whether a set of them is a quorum.

A member receipt is an untagged RFC 9942 COSE_Sign1 with the protected header {1: alg, 4: kid, 395: 1, 15:
{1: iss, 2: sub, 6: iat}}, iss the member's DID and sub the chain id; its payload is the log root, detached.
Bundles keep the protected header and the signature only.

Spec: LEDGER.md, sections 4.5 and 4.12; RFC 9942.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from crypto import cbor, cose
from crypto.errors import CryptoError
from crypto.keys import PrivateKey, PublicKey
from ledger.proof.bundle import CheckpointSignature, Signer
from ledger.proof.errors import CheckpointError, QuorumError

CLOCK_SKEW = 120
"""Seconds that a member's clock may be ahead of the verifier's."""

_ALG, _KID, _CLAIMS, _VDS = 1, 4, 15, 395
_ISS, _SUB, _IAT = 1, 2, 6
_RFC9162_SHA256 = 1


@dataclass(frozen=True)
class MemberSignature:
    """A checked signature over a root.

    Attributes:
        member: Who signed.
        time: The time that the signature gives, integer seconds.
        signature: The signature.
    """

    member: str
    time: int
    signature: CheckpointSignature


def sign_receipt(
    root: bytes, *, key: PrivateKey, member: str, chain_id: str, iat: int
) -> CheckpointSignature:
    """Sign a log root as a member.

    Args:
        root: RFC 9162 root of the log, 32 bytes; the head block inside says which size it has.
        key: The member's receipt key.
        member: The member's DID.
        chain_id: The ledger's chain id.
        iat: The time of signing in integer seconds.

    Spec: RFC 9942, section 5.2; LEDGER.md, section 4.5.
    """
    protected = {
        _KID: key.public.thumbprint,
        _VDS: _RFC9162_SHA256,
        _CLAIMS: {_ISS: member, _SUB: chain_id, _IAT: iat},
    }
    message = cose.parse_sign1(cose.sign1(root, protected=protected, key=key, detached=True), detached=True)
    return CheckpointSignature(message.protected_bytes, message.signature)


def check_quorum(
    signatures: Sequence[CheckpointSignature],
    *,
    root: bytes,
    signers: Sequence[Signer],
    chain_id: str,
    not_before: int,
    now: int,
) -> int:
    """Check that more than 2/3 of a set of signers signed a root (steps 4 and 5).

    Args:
        signatures: Sorted by member, each member once, every one valid.
        root: The log root.
        signers: The epoch's whole set.
        chain_id: The ledger's chain id.
        not_before: Time of the head block; no honest signature is older.
        now: The current time in integer seconds.

    Returns:
        The smallest time among the signatures.

    Raises:
        CheckpointError: A signature is of another shape, of another ledger or time, or does not verify.
        QuorumError: There are too few.

    Spec: LEDGER.md, section 4.5, steps 4 and 5.
    """
    keys = _keys(signers)
    members, times = [], []
    for signature in signatures:
        member, iat = _check_signature(signature, root=root, keys=keys, chain_id=chain_id)
        if not not_before <= iat <= now + CLOCK_SKEW:
            raise CheckpointError("a signature is older than its block, or from the future")
        members.append(member)
        times.append(iat)
    if members != sorted(set(members)):
        raise CheckpointError("the signatures are not sorted by member, or a member signed twice")
    if not is_quorum(len(members), of=len(keys)):
        raise QuorumError(f"{len(members)} of {len(keys)} signers are not more than two thirds")
    return min(times)


def signer_of(signature: CheckpointSignature) -> str:
    """Return the member that a signature names, which is its signer only once the signature was checked.

    Raises:
        CheckpointError: Its header is none of a receipt's.
    """
    member: str = _header(signature.protected)[_CLAIMS][_ISS]
    return member


def check_signature(
    signature: CheckpointSignature,
    *,
    root: bytes,
    signers: Sequence[Signer],
    chain_id: str,
    not_before: int,
    now: int,
) -> MemberSignature:
    """Check one signature over a root by one of a set of signers.

    Args:
        signature: The signature.
        root: The log root.
        signers: The epoch's whole set.
        chain_id: The ledger's chain id.
        not_before: Time of the head block; no honest signature is older.
        now: The current time in integer seconds.

    Raises:
        CheckpointError: It is of another shape, of another ledger or time, or does not verify.

    Spec: LEDGER.md, section 4.5, steps 4 and 5.
    """
    said = read_signature(signature)
    named = [signer for signer in signers if signer.member == said.member]
    _check_signature(signature, root=root, keys=_keys(named), chain_id=chain_id)
    if not not_before <= said.time <= now + CLOCK_SKEW:
        raise CheckpointError("a signature is older than its block, or from the future")
    return said


def read_signature(signature: CheckpointSignature) -> MemberSignature:
    """Return who a signature says made it, and when; nothing is checked but its form.

    Raises:
        CheckpointError: It is of another shape.
    """
    claims = _header(signature.protected)[_CLAIMS]
    return MemberSignature(claims[_ISS], claims[_IAT], signature)


def is_quorum(count: int, *, of: int) -> bool:
    """Return whether so many signers of a set are more than two thirds of it."""
    return 3 * count > 2 * of


def freshest_quorum(
    signatures: Iterable[MemberSignature], *, signers: int
) -> tuple[CheckpointSignature, ...]:
    """Choose the signatures for a bundle: as few as make a quorum, those with the latest times.

    A checkpoint's time is the smallest among its signatures, so an old one more would make it older.

    Args:
        signatures: Checked ones, one a member.
        signers: How many signers the epoch has.

    Returns:
        Sorted by member; all of them where they are no quorum.
    """
    newest = sorted(signatures, key=lambda each: (-each.time, each.member))
    chosen = sorted(newest[: 2 * signers // 3 + 1], key=lambda each: each.member)
    return tuple(each.signature for each in chosen)


def _keys(signers: Sequence[Signer]) -> dict[str, PublicKey]:
    return {signer.member: _public_key(signer) for signer in signers}


def _check_signature(
    signature: CheckpointSignature, *, root: bytes, keys: dict[str, PublicKey], chain_id: str
) -> tuple[str, int]:
    """Check one signature and return its member and time."""
    header = _header(signature.protected)
    claims = header[_CLAIMS]
    if claims[_SUB] != chain_id:
        raise CheckpointError("a signature belongs to another ledger")
    key = keys.get(claims[_ISS])
    if key is None or header[_KID] != key.thumbprint:
        raise CheckpointError("a signature is by nobody in the epoch's set")
    message = cose.Sign1(header, signature.protected, None, signature.signature)
    try:
        message.verify(key, root)
    except CryptoError as error:
        raise CheckpointError("a member's signature over the root does not verify") from error
    return claims[_ISS], claims[_IAT]


def _header(protected: bytes) -> dict[Any, Any]:
    """Read a protected header that holds exactly the members of a receipt's."""
    try:
        header = cbor.decode(protected)
    except CryptoError as error:
        raise CheckpointError("a signature's header is not strict CBOR") from error
    if not isinstance(header, dict) or set(header) != {_ALG, _KID, _VDS, _CLAIMS}:
        raise CheckpointError("a signature's header holds other members than a receipt's")
    claims = header[_CLAIMS]
    if header[_VDS] != _RFC9162_SHA256 or not isinstance(claims, dict) or set(claims) != {_ISS, _SUB, _IAT}:
        raise CheckpointError("a signature's header holds other claims than a receipt's")
    if type(claims[_ISS]) is not str or type(claims[_IAT]) is not int or type(header[_VDS]) is not int:
        raise CheckpointError("a signature's claims are of another type")
    return header


def _public_key(signer: Signer) -> PublicKey:
    try:
        return PublicKey.from_cose_key(signer.key)
    except CryptoError as error:
        raise CheckpointError("a signer's key is none that we accept") from error
