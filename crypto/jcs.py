"""JSON Canonicalization Scheme: one byte string for one JSON value."""

import hashlib
import json
from typing import Any

import rfc8785

from crypto.errors import InvalidNumberError, InvalidUnicodeError, JsonTooDeepError, MalformedError

MAX_DEPTH = 64
MAX_INTEGER = 2**53 - 1


def canonicalize(value: Any) -> bytes:
    """Write a JSON value in its canonical form.

    Args:
        value: dict (text keys), list, tuple, str, int, float, bool or None.

    Returns:
        UTF-8 bytes.

    Raises:
        InvalidNumberError: NaN, infinity, or an integer beyond 2^53-1.
        InvalidUnicodeError: A lone surrogate.
        JsonTooDeepError: Nested deeper than 64.
        MalformedError: A value that is not JSON.

    Spec: RFC 8785.
    """
    try:
        if _is_plain(value, MAX_DEPTH):
            # Without floats and with keys of the basic plane (where UTF-16 order is code point order)
            # the standard library writes the same bytes, ten times faster.
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
            return text.encode("utf-8")
        return rfc8785.dumps(value)
    except UnicodeEncodeError as error:
        raise InvalidUnicodeError("a string holds a lone surrogate") from error
    except (rfc8785.FloatDomainError, rfc8785.IntegerDomainError) as error:
        raise InvalidNumberError("a number has no canonical form") from error
    except rfc8785.CanonicalizationError as error:
        if isinstance(error.__cause__, UnicodeEncodeError):
            raise InvalidUnicodeError("a string holds a lone surrogate") from error
        raise MalformedError("not a JSON value") from error


def digest(value: Any) -> bytes:
    """Hash the canonical form of a JSON value with SHA-256, 32 bytes."""
    return hashlib.sha256(canonicalize(value)).digest()


def _is_plain(value: Any, depth: int) -> bool:
    """Say whether a value has neither floats nor keys beyond the basic plane.

    Raises:
        JsonTooDeepError, InvalidNumberError, MalformedError: See ``canonicalize``.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise InvalidNumberError("an integer is beyond 2^53-1")
        return True
    if kind is float:
        return False
    if depth == 0:
        raise JsonTooDeepError(f"nested deeper than {MAX_DEPTH}")
    if kind is dict:
        # Lists, so that every member is looked at: what is not plain still has to keep the limits.
        plain = [_is_plain_key(name) for name in value]
        plain += [_is_plain(member, depth - 1) for member in value.values()]
        return all(plain)
    if kind is list or kind is tuple:
        plain = [_is_plain(item, depth - 1) for item in value]
        return all(plain)
    raise MalformedError("not a JSON value")


def _is_plain_key(key: Any) -> bool:
    if type(key) is not str:
        raise MalformedError("a member's name is a string")
    return not key or max(key) <= "\uffff"
