"""Indexes and buckets of form stores, as far as a mirror has to understand them: never what is inside.

    index      JSON: {…, "prefixBits": 3, "buckets": {"5": "<hex SHA-256>"}}
    bucket     CBOR: [[locator of 16 bytes, sealed blob], …], sorted by locator
    digests    CBOR: {prefix: SHA-256 of the bucket's sorted locators}, what a store has at this moment

A bucket's digest is that of its sorted locators, one after the other. The issuers' and verifiers' own module
for the same formats belongs to credentials, which the ledger knows nothing of.

Spec: ARCHITECTURE.md, "The printed code".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby, pairwise
from typing import Any

from crypto import cbor, strict_json
from crypto.errors import PROBLEM_TYPES, CryptoError
from ledger.errors import LedgerError
from ledger.mirror.signing import BucketPlace
from ledger.mirror.store import LOCATOR_BITS, span
from web.limits import FETCH_LARGE_BYTES

MAX_PREFIX_BITS = 20
LOCATOR_BYTES = LOCATOR_BITS // 8
MAX_BLOB_BYTES = 1024 * 1024
_DIGEST_BYTES = sha256().digest_size

Entries = list[tuple[bytes, bytes]]
"""Locators and sealed blobs, sorted by locator."""


class SealedError(LedgerError):
    """The bytes are no index or bucket, or not the ones that were asked for."""

    code = "STORE_UNAVAILABLE"
    type = PROBLEM_TYPES + "STORE_UNAVAILABLE"
    title = "The form store's answer does not check"


@dataclass(frozen=True)
class Index:
    """What an anchored index says of the buckets.

    Attributes:
        bits: Length of the prefixes.
        buckets: SHA-256 of each bucket's sorted locators, by prefix.
    """

    bits: int
    buckets: Mapping[int, bytes]


def parse_index(document: bytes) -> Index:
    """Read an index.

    Raises:
        SealedError: It is malformed.
    """
    most = 2 * (1 << MAX_PREFIX_BITS)
    try:
        value = strict_json.parse(document, max_bytes=FETCH_LARGE_BYTES, max_values=most)
        bits, buckets = value["prefixBits"], value["buckets"]
        found = {int(prefix): bytes.fromhex(digest) for prefix, digest in buckets.items() if len(prefix) < 9}
    except (CryptoError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise SealedError("the index is malformed") from error
    return Index(_bits(bits), _checked(found, _bits(bits)))


def parse_digests(data: bytes, *, bits: int) -> Mapping[int, bytes]:
    """Read the digests of the buckets that a store has.

    Raises:
        SealedError: They are malformed.
    """
    try:
        value = cbor.decode(data, max_bytes=FETCH_LARGE_BYTES)
    except CryptoError as error:
        raise SealedError("the digests are no CBOR") from error
    if not isinstance(value, dict):
        raise SealedError("the digests are no map")
    return _checked(value, bits)


def digests(locators: Iterable[bytes], *, bits: int) -> dict[int, bytes]:
    """Return the digest of each bucket.

    Args:
        locators: All of a store, sorted.
        bits: Length of the prefixes.
    """
    shift = LOCATOR_BITS - bits
    by_prefix = groupby(locators, key=lambda locator: int.from_bytes(locator, "big") >> shift)
    return {prefix: sha256(b"".join(group)).digest() for prefix, group in by_prefix}


def parse_bucket(data: bytes, place: BucketPlace) -> Entries:
    """Read a bucket and check that everything in it belongs there.

    Raises:
        SealedError: It is malformed, unsorted, or holds locators of another prefix.
    """
    try:
        value = cbor.decode(data, max_bytes=FETCH_LARGE_BYTES)
    except CryptoError as error:
        raise SealedError("the bucket is no CBOR") from error
    if not isinstance(value, list) or not all(map(_is_entry, value)):
        raise SealedError("the bucket is no list of locators and blobs")
    first, last = span(place.bits, place.prefix)
    found = [(locator, blob) for locator, blob in value]
    if any(one >= other for (one, _), (other, _) in pairwise(found)):
        raise SealedError("the bucket is not sorted")
    if any(not first <= locator <= last for locator, _ in found):
        raise SealedError("the bucket holds locators of another prefix")
    return found


def encode_bucket(entries: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Encode locators and blobs, sorted by locator, as one bucket."""
    return cbor.encode([[locator, blob] for locator, blob in entries])


def bucket_digest(entries: Entries) -> bytes:
    """Return the SHA-256 of a bucket's sorted locators."""
    return sha256(b"".join(locator for locator, _ in entries)).digest()


def _bits(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MAX_PREFIX_BITS:
        raise SealedError("prefixBits is no length of a prefix")
    return value


def _checked(buckets: Mapping[Any, Any], bits: int) -> Mapping[int, bytes]:
    for prefix, digest in buckets.items():
        if type(prefix) is not int or not 0 <= prefix < 1 << bits:
            raise SealedError("a bucket is named by no prefix of this length")
        if type(digest) is not bytes or len(digest) != _DIGEST_BYTES:
            raise SealedError("a bucket's digest has 32 bytes")
    return buckets


def _is_entry(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    locator, blob = value
    sized = isinstance(locator, bytes) and len(locator) == LOCATOR_BYTES
    return sized and isinstance(blob, bytes) and len(blob) <= MAX_BLOB_BYTES
