"""The form store: sealed forms and receipts in buckets, and the index that proves what is not there.

    <store>/index                      JCS: issuer, version, validFrom, validUntil, prefixBits,
                                       buckets {"12": "<hex SHA-256>"}
    <store>/forms/<bits>/<prefix>      deterministic CBOR: [[locator, sealed form], …], sorted by locator
    <store>/receipts/<bits>/<prefix>   the same, with receipts

1. A paper form lies under its printed code's locator, sealed with its key and padded to 8 KiB.
2. A receipt lies under a locator that only the digest of the signed form yields, sealed the same way.
3. A bucket holds everything whose locator starts with its **prefix**, so that asking tells nobody which one
   was meant.
4. The **index** names the prefix length and, for each bucket of forms, the SHA-256 of its sorted locators.
   It is anchored; so a code that is absent from a bucket which matches it was never printed. A prefix that
   it does not list is an empty bucket.

Here are formats and proofs of absence over bytes; fetching, and the index's digest and dates on the ledger,
are the verifier's.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from crypto import cbor, jcs, sealing
from crypto.errors import CryptoError
from crypto.strict_json import parse as parse_json
from vc.errors import AbsenceNotProvenError, StoreError
from vc.printed_code import PrintedCode
from vc.published import Head, head_members, parse_head

LOCATOR_BYTES = 16
MAX_BYTES = 4 * 1024 * 1024
"""Largest index or bucket that is read."""

FORM_BLOCK = 8 * 1024
RECEIPT_BLOCK = 2 * 1024
MIN_FORMS_PER_BUCKET = 16
MAX_PREFIX_BITS = 20

# Base ten without leading zero, and short: int() of a long text is work for nothing.
_PREFIX = re.compile(r"0|[1-9][0-9]{0,8}")

Bucket = tuple[tuple[bytes, bytes], ...]
"""Locators and sealed blobs, sorted by locator."""


def seal_form(secured: bytes, *, code: PrintedCode, nonce: bytes) -> bytes:
    """Seal a signed paper form under its printed code.

    Args:
        secured: The form's bytes.
        code: Its code.
        nonce: 12 random bytes.
    """
    return _seal(secured, locator=code.locator, key=code.key, nonce=nonce, block=FORM_BLOCK)


def open_form(blob: bytes, *, code: PrintedCode) -> bytes:
    """Open a sealed paper form.

    Raises:
        crypto.errors.SealError: It was not sealed under this code, or it was changed.
    """
    return _open(blob, locator=code.locator, key=code.key)


def receipt_locator(form_digest: bytes) -> tuple[bytes, bytes]:
    """Return locator (16 bytes) and key (32 bytes) of a form's receipt.

    Args:
        form_digest: SHA-256 of the form, as it is anchored.
    """
    derived = sealing.hkdf(form_digest, info="vocred/receipt/1", length=LOCATOR_BYTES + sealing.KEY_BYTES)
    return derived[:LOCATOR_BYTES], derived[LOCATOR_BYTES:]


def seal_receipt(bundle: bytes, *, form_digest: bytes, nonce: bytes) -> bytes:
    """Seal a proof bundle for who holds the form."""
    locator, key = receipt_locator(form_digest)
    return _seal(bundle, locator=locator, key=key, nonce=nonce, block=RECEIPT_BLOCK)


def open_receipt(blob: bytes, *, form_digest: bytes) -> bytes:
    """Open a sealed proof bundle.

    Raises:
        crypto.errors.SealError: It belongs to another form, or it was changed.
    """
    locator, key = receipt_locator(form_digest)
    return _open(blob, locator=locator, key=key)


def prefix_of(locator: bytes, bits: int) -> int:
    """Return the first ``bits`` bits of a locator as a number."""
    return int.from_bytes(locator, "big") >> (8 * len(locator) - bits)


def choose_prefix_bits(locators: Iterable[bytes]) -> int:
    """Return the longest prefix length that leaves every bucket at least 16 forms (0 for a small store)."""
    kept = list(locators)
    for bits in range(1, MAX_PREFIX_BITS + 1):
        sizes = Counter(prefix_of(locator, bits) for locator in kept)
        if len(sizes) < 1 << bits or min(sizes.values()) < MIN_FORMS_PER_BUCKET:
            return bits - 1
    return MAX_PREFIX_BITS


def into_buckets(locators: Iterable[bytes], *, bits: int) -> dict[int, list[bytes]]:
    """Sort locators into their buckets, each list sorted."""
    found: dict[int, list[bytes]] = {}
    for locator in sorted(locators):
        found.setdefault(prefix_of(locator, bits), []).append(locator)
    return found


def encode_bucket(entries: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Encode locators and blobs as one bucket.

    Raises:
        ValueError: A locator occurs twice.
    """
    ordered = sorted(entries)
    if len({locator for locator, _ in ordered}) != len(ordered):
        raise ValueError("a locator occurs twice")
    return cbor.encode([[locator, blob] for locator, blob in ordered])


def decode_bucket(data: bytes) -> Bucket:
    """Decode a bucket.

    Raises:
        StoreError: Not a bucket in its one encoding, or the locators are unsorted or repeated.
    """
    try:
        value = cbor.decode(data, max_bytes=MAX_BYTES)
    except CryptoError as error:
        raise StoreError("the bucket is not CBOR as we accept it") from error
    if not isinstance(value, list) or not all(map(_is_entry, value)):
        raise StoreError("the bucket is not a list of locators and blobs")
    locators = [entry[0] for entry in value]
    if any(first >= second for first, second in pairwise(locators)):
        raise StoreError("the bucket is not sorted")
    return tuple((entry[0], entry[1]) for entry in value)


def bucket_digest(locators: Iterable[bytes]) -> bytes:
    """Return the SHA-256 of the sorted locators, one after the other."""
    return hashlib.sha256(b"".join(sorted(locators))).digest()


def find(locator: bytes, *, bucket: Sequence[tuple[bytes, bytes]]) -> bytes | None:
    """Return the blob under a locator, or None."""
    return next((blob for known, blob in bucket if known == locator), None)


@dataclass(frozen=True)
class StoreIndex:
    """The index of a form store.

    Attributes:
        head: Issuer, version and dates.
        prefix_bits: Length of the prefixes.
        buckets: SHA-256 of each bucket's sorted locators, by prefix.
    """

    head: Head
    prefix_bits: int
    buckets: Mapping[int, bytes]

    def path(self, locator: bytes, *, kind: str) -> str:
        """Return where the bucket of a locator lies below the store's URL; ``kind`` is forms or receipts."""
        return f"{kind}/{self.prefix_bits}/{prefix_of(locator, self.prefix_bits)}"


def index(
    *,
    issuer: str,
    version: int,
    valid_from: datetime,
    valid_until: datetime | None,
    prefix_bits: int,
    buckets: Mapping[int, bytes],
) -> bytes:
    """Make the index.

    Args:
        issuer: The store's issuer.
        version: The version under which it is anchored.
        valid_from: Equal to the anchored ``from``.
        valid_until: Equal to the anchored ``until``.
        prefix_bits: See ``choose_prefix_bits``.
        buckets: ``bucket_digest`` of each bucket that is not empty, by prefix.

    Returns:
        The bytes to publish and to digest.
    """
    head = head_members(issuer=issuer, version=version, valid_from=valid_from, valid_until=valid_until)
    digests = {str(prefix): digest.hex() for prefix, digest in buckets.items()}
    return jcs.canonicalize({**head, "prefixBits": prefix_bits, "buckets": digests})


def parse_index(document: bytes) -> StoreIndex:
    """Read an index.

    Raises:
        StoreError: It is malformed.
    """
    try:
        value = parse_json(document, max_bytes=MAX_BYTES, max_values=2 * (1 << MAX_PREFIX_BITS))
    except CryptoError as error:
        raise StoreError("the index is not JSON as we accept it") from error
    head = parse_head(value, also=frozenset({"prefixBits", "buckets"}))
    bits, listed = value["prefixBits"], value["buckets"]
    if isinstance(bits, bool) or not isinstance(bits, int) or not 0 <= bits <= MAX_PREFIX_BITS:
        raise StoreError("prefixBits is no length of a prefix")
    if not isinstance(listed, dict):
        raise StoreError("buckets is not an object")
    return StoreIndex(head, bits, {_prefix(key, bits): _digest(text) for key, text in listed.items()})


def check_bucket(bucket: Bucket, *, store_index: StoreIndex, prefix: int) -> None:
    """Check that a bucket of forms is the one that the index names.

    Raises:
        StoreError: Another bucket, or one from which something was taken or to which it was
        added.
    """
    locators = [locator for locator, _ in bucket]
    if any(prefix_of(locator, store_index.prefix_bits) != prefix for locator in locators):
        raise StoreError("the bucket holds locators of another prefix")
    named = store_index.buckets.get(prefix)
    if named is None and not locators:
        return
    if named != bucket_digest(locators):
        raise StoreError("the bucket is not the one that the index names")


def absent(locator: bytes, *, store_index: StoreIndex, bucket: Bucket | None, now: datetime) -> None:
    """Check that nothing was ever stored under a locator.

    Args:
        locator: The locator asked for.
        store_index: The index whose digest is the ledger's current one.
        bucket: The bucket of the locator's prefix; None where the index lists none, or it cannot be had.
        now: The moment of the question; an expired index proves nothing.

    Raises:
        AbsenceNotProvenError: It may be there: the bucket is missing, does not match, or holds it.

    Spec: ARCHITECTURE.md, "When a code is not authentic".
    """
    head, prefix = store_index.head, prefix_of(locator, store_index.prefix_bits)
    if now < head.valid_from or (head.valid_until is not None and now > head.valid_until):
        raise AbsenceNotProvenError("the store's index is not valid now")
    if prefix not in store_index.buckets:
        return
    if bucket is None:
        raise AbsenceNotProvenError("the bucket could not be had")
    try:
        check_bucket(bucket, store_index=store_index, prefix=prefix)
    except StoreError as error:
        raise AbsenceNotProvenError("the bucket is not the one that the index names") from error
    if find(locator, bucket=bucket) is not None:
        raise AbsenceNotProvenError("there is a form under this locator")


def _seal(document: bytes, *, locator: bytes, key: bytes, nonce: bytes, block: int) -> bytes:
    padded = sealing.pad_to_multiple(document, block)
    return sealing.seal(padded, key=key, nonce=nonce, associated_data=locator)


def _open(blob: bytes, *, locator: bytes, key: bytes) -> bytes:
    return sealing.unpad(sealing.open_sealed(blob, key=key, associated_data=locator))


def _is_entry(value: object) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    locator, blob = value
    return isinstance(locator, bytes) and len(locator) == LOCATOR_BYTES and isinstance(blob, bytes)


def _prefix(text: str, bits: int) -> int:
    if not _PREFIX.fullmatch(text) or int(text) >= 1 << bits:
        raise StoreError("a bucket is named by no prefix of this length")
    return int(text)


def _digest(text: object) -> bytes:
    try:
        digest = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        digest = b""
    if len(digest) != 32 or digest.hex() != text:
        raise StoreError("a bucket's digest is not 32 bytes in hexadecimal")
    return digest
