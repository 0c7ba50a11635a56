"""Bitstrings of status lists: gzip and base64url around one bit per credential, index 0 left-most.

Decoding is capped before it allocates: two kilobytes can name a gigabyte. Order: length of the text,
base64url, one gzip member and nothing behind it, length of the result.
"""

import gzip
import zlib
from collections.abc import Iterable

from crypto.errors import MalformedError
from crypto.multibase import base64url_decode, base64url_encode
from vc.errors import MalformedStatusError, StatusListLengthError, StatusListLimitError, StatusRangeError

MIN_ENTRIES = 131_072
"""No list is shorter, so that an entry hides among many (section 2.2)."""

MAX_BYTES = 4 * 1024 * 1024
MAX_ENCODED_CHARS = 1024 * 1024

_GZIP_WINDOW = 31


def with_set(indexes: Iterable[int], *, size: int = MIN_ENTRIES) -> bytes:
    """Return a bitstring of ``size`` bits in which exactly ``indexes`` are set.

    Args:
        indexes: Zero-based positions.
        size: Bits, a multiple of eight.

    Raises:
        ValueError: The size is no multiple of eight, or an index lies outside.
    """
    if size % 8:
        raise ValueError("a bitstring has whole bytes")
    bits = bytearray(size // 8)
    for index in indexes:
        if not 0 <= index < size:
            raise ValueError(f"index {index} is outside a list of {size} entries")
        bits[index >> 3] |= 0x80 >> (index & 7)
    return bytes(bits)


def encode(bits: bytes) -> str:
    """Compress a bitstring to an ``encodedList``.

    Raises:
        ValueError: The list has fewer entries than the specification allows, or more than we read back.

    Spec: Bitstring Status List 1.0, section 3.3.
    """
    if not MIN_ENTRIES <= len(bits) * 8 <= MAX_BYTES * 8:
        raise ValueError(f"a list has {MIN_ENTRIES} to {MAX_BYTES * 8} entries")
    return "u" + base64url_encode(gzip.compress(bits, mtime=0))


def decode(text: object) -> bytes:
    """Expand an ``encodedList``.

    Returns:
        The bitstring.

    Raises:
        MalformedStatusError: Not multibase base64url, not gzip, or something stands behind the gzip member.
        StatusListLimitError: More than 4 MiB when expanded, or too long to look at.
        StatusListLengthError: Fewer than 131,072 entries.

    Spec: Bitstring Status List 1.0, section 3.4.
    """
    if not isinstance(text, str) or not text.startswith("u"):
        raise MalformedStatusError("encodedList is not multibase base64url")
    if len(text) > MAX_ENCODED_CHARS:
        raise StatusListLimitError(f"encodedList has more than {MAX_ENCODED_CHARS} characters")
    try:
        compressed = base64url_decode(text[1:])
    except MalformedError as error:
        raise MalformedStatusError("encodedList is not base64url") from error
    bits = _expand(compressed)
    if len(bits) * 8 < MIN_ENTRIES:
        raise StatusListLengthError(f"a list of {len(bits) * 8} entries, not {MIN_ENTRIES} or more")
    return bits


def is_set(bits: bytes, index: int) -> bool:
    """Return whether the bit at ``index`` is set, counting from the left-most bit of the first byte.

    Raises:
        StatusRangeError: The list is shorter.
    """
    if not 0 <= index < len(bits) * 8:
        raise StatusRangeError(f"index {index} is outside a list of {len(bits) * 8} entries")
    return bool(bits[index >> 3] & 0x80 >> (index & 7))


def clears_any(earlier: bytes, later: bytes) -> bool:
    """Return whether ``later`` has a zero where ``earlier`` has a one: a revocation taken back."""
    width = max(len(earlier), len(later))
    before = int.from_bytes(earlier.ljust(width, b"\0"), "big")
    after = int.from_bytes(later.ljust(width, b"\0"), "big")
    return bool(before & ~after)


def _expand(compressed: bytes) -> bytes:
    reader = zlib.decompressobj(_GZIP_WINDOW)
    try:
        bits = reader.decompress(compressed, MAX_BYTES + 1)
    except zlib.error as error:
        raise MalformedStatusError("encodedList is not gzip") from error
    if len(bits) > MAX_BYTES:
        raise StatusListLimitError(f"the list has more than {MAX_BYTES} bytes when expanded")
    if not reader.eof or reader.unused_data:
        raise MalformedStatusError("encodedList is not exactly one gzip member")
    return bits
