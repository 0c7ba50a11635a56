"""Deterministic CBOR: a strict layer over cbor2, so that one value has one encoding.

Allowed: 64-bit integers, byte strings, text in NFC, arrays, maps with integer or text keys in bytewise order
of their encoding, false, true, null. Refused: tags, floats, indefinite lengths, anything else, and more than
twelve containers inside one another. cbor2's own ``canonical`` sorts by length first, and its decoder takes
tags and NaN; hence encoding again and comparing bytes.
"""

import unicodedata
from functools import lru_cache
from typing import Any, NoReturn

import cbor2

from crypto.errors import CborError, LimitError

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 12
MAX_INTEGER = 2**64 - 1
MIN_INTEGER = -(2**64)


def encode(value: Any, *, max_depth: int = MAX_DEPTH) -> bytes:
    """Encode a value deterministically.

    Args:
        value: int, bytes, str, list or tuple, dict with int or str keys, bool or None.
        max_depth: Most containers inside one another.

    Returns:
        The only encoding of that value.

    Raises:
        CborError: A value of another kind, text that is not NFC, or too deep.

    Spec: RFC 8949, section 4.2.1.
    """
    return cbor2.dumps(_ordered(value, max_depth))


def decode(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """Decode bytes that are the deterministic encoding of a value.

    Args:
        data: The encoding, with nothing after it.
        max_bytes: Longest input.
        max_depth: Most containers inside one another.

    Returns:
        int, bytes, str, list, dict, bool or None.

    Raises:
        LimitError: Longer than ``max_bytes``.
        CborError: Not CBOR, not the allowed types, or not the one encoding.

    Spec: RFC 8949, section 4.2.1.
    """
    if len(data) > max_bytes:
        raise LimitError(f"CBOR may have {max_bytes} bytes here")
    try:
        value = cbor2.loads(
            data,
            tag_hook=_refuse_tag,
            semantic_decoders=_REFUSED_TAGS,
            max_depth=max_depth + 1,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise CborError("not CBOR of the allowed types") from error
    if encode(value, max_depth=max_depth) != data:
        raise CborError("not the deterministic encoding")
    return value


def _ordered(value: Any, depth: int) -> Any:
    """Check a value and put the members of its maps in order."""
    kind = type(value)
    if value is None or kind is bool or kind is bytes:
        return value
    if kind is int:
        if not MIN_INTEGER <= value <= MAX_INTEGER:
            raise CborError("an integer has more than 64 bits")
        return value
    if kind is str:
        return _normal(value)
    if depth == 0:
        raise CborError("nested too deeply")
    if kind is list or kind is tuple:
        return [_ordered(item, depth - 1) for item in value]
    if kind is dict:
        members = sorted((_encoded_key(key), key) for key in value)
        return {key: _ordered(value[key], depth - 1) for _, key in members}
    raise CborError(f"a value of type {kind.__name__} has no place in our CBOR")


def _normal(text: str) -> str:
    if not text.isascii():
        if not unicodedata.is_normalized("NFC", text):
            raise CborError("a text is not in normal form C")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise CborError("a text holds a lone surrogate")
    return text


# The same few names and numbers come again in every map; typed, for 1 and True are one key to Python.
@lru_cache(maxsize=1024, typed=True)
def _encoded_key(key: Any) -> bytes:
    if type(key) is not int and type(key) is not str:
        raise CborError("a map's key is neither integer nor text")
    encoded: bytes = cbor2.dumps(_ordered(key, 0))
    return encoded


def _refuse_tag(*_: Any) -> NoReturn:
    raise CborError("a tag has no place in our CBOR")


# Tags that cbor2 would decode by itself. Some cost far more to decode than to send (a decimal fraction with a
# large exponent), so they are stopped before that; the rest arrive at the hook.
_REFUSED_TAGS = dict.fromkeys(
    (*range(40), 43, 52, 54, 100, *range(256, 270), 1004, 43000, 55799), _refuse_tag
)
