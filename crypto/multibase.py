"""Multibase base58btc (``z…``) and base64url without padding, both strict: one text for one value."""

import base64
import binascii
import re

import base58

from crypto.errors import LimitError, MalformedError

MAX_MULTIBASE_CHARS = 256

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


def base58btc_encode(data: bytes) -> str:
    """Write ``data`` as multibase base58btc, the prefix ``z`` included."""
    return "z" + base58.b58encode(data).decode("ascii")


def base58btc_decode(text: str, *, max_chars: int = MAX_MULTIBASE_CHARS) -> bytes:
    """Read multibase base58btc, the prefix ``z`` included.

    Args:
        text: The encoded value.
        max_chars: Longest text that is decoded at all. Base58 costs quadratic time, so the length is
            looked at first.

    Returns:
        The bytes; exactly one text stands for them.

    Raises:
        LimitError: The text is longer than ``max_chars``.
        MalformedError: The prefix or the alphabet is another one.
    """
    if not isinstance(text, str):
        raise MalformedError("a multibase value is a string")
    if len(text) > max_chars:
        raise LimitError(f"a multibase value may have {max_chars} characters")
    if not text.startswith("z") or not text.isascii():
        raise MalformedError("not multibase base58btc")
    # base58 strips white space silently, which would give one value several texts.
    if any(character.isspace() for character in text):
        raise MalformedError("not multibase base58btc")
    try:
        return base58.b58decode(text[1:])
    except ValueError as error:
        raise MalformedError("not multibase base58btc") from error


def base64url_encode(data: bytes) -> str:
    """Write ``data`` as base64url without padding and without a multibase prefix."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def base64url_decode(text: str, *, max_chars: int | None = None) -> bytes:
    """Read base64url without padding.

    Args:
        text: The encoded value, without a multibase prefix.
        max_chars: Longest text that is decoded at all.

    Returns:
        The bytes; exactly one text stands for them.

    Raises:
        LimitError: The text is longer than ``max_chars``.
        MalformedError: Padding, another alphabet, or unused bits that are not zero.

    Spec: RFC 4648, sections 3.5 and 5.
    """
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text):
        raise MalformedError("not base64url without padding")
    if max_chars is not None and len(text) > max_chars:
        raise LimitError(f"a base64url value may have {max_chars} characters here")
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise MalformedError("not base64url without padding") from error
    if base64url_encode(decoded) != text:
        raise MalformedError("base64url whose unused bits are not zero")
    return decoded
