"""JSON text to values, refusing everything that two readers could read differently.

The order: bytes, UTF-8, depth (before the parser recurses), the parser with hooks for duplicate members and
numbers, and one walk over the values for counts, lengths and characters. The parser is the standard library's
own.
"""

import json
import math
import re
from typing import Any, NoReturn

from crypto.errors import (
    DuplicateKeyError,
    InvalidNumberError,
    InvalidUnicodeError,
    JsonTooDeepError,
    LimitError,
    ParsingError,
)

MAX_BYTES = 512 * 1024
MAX_DEPTH = 32
MAX_VALUES = 10_000
MAX_STRING_BYTES = 64 * 1024
MAX_DATA_URL_BYTES = 256 * 1024
MAX_INTEGER = 2**53 - 1

# Possessive and with an optional closing quote, so that one pass suffices whatever the input.
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)

# Tab and line ends are text; other controls, surrogates and the two non-characters that N-Quads writers
# escape differently are not.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def parse(
    data: bytes,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_values: int = MAX_VALUES,
    max_string_bytes: int = MAX_STRING_BYTES,
    max_data_url_bytes: int = MAX_DATA_URL_BYTES,
) -> Any:
    """Parse one JSON text.

    Args:
        data: UTF-8 without byte order mark.
        max_bytes: Longest text.
        max_depth: Most containers inside one another.
        max_values: Most values, containers included.
        max_string_bytes: Longest string, in UTF-8.
        max_data_url_bytes: Longest string that is a ``data:`` URL.

    Returns:
        dict, list, str, int, float, bool or None.

    Raises:
        LimitError: Too many bytes or values, or a string that is too long.
        JsonTooDeepError: Nested too deeply.
        DuplicateKeyError: One object names a member twice, escaped or not.
        InvalidNumberError: NaN, infinities, -0, overflow, underflow, or an integer beyond 2^53-1.
        InvalidUnicodeError: A control character, lone surrogate, U+FFFE or U+FFFF.
        ParsingError: Anything else that is not JSON.

    Spec: RFC 8259; RFC 7493 (I-JSON).
    """
    if len(data) > max_bytes:
        raise LimitError(f"a document may have {max_bytes} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParsingError("the text is not UTF-8") from error
    check_depth(data, max_depth=max_depth)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ParsingError(f"not JSON at line {error.lineno}, column {error.colno}") from error
    check_value(
        value,
        max_values=max_values,
        max_string_bytes=max_string_bytes,
        max_data_url_bytes=max_data_url_bytes,
    )
    return value


def check_depth(data: bytes, *, max_depth: int = MAX_DEPTH) -> None:
    """Refuse a JSON text that nests containers deeper than ``max_depth``, without parsing it.

    Raises:
        JsonTooDeepError: Nested too deeply.
    """
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(data):
        first = data[match.start()]
        if first in b"[{":
            depth += 1
            if depth > max_depth:
                raise JsonTooDeepError(f"nested deeper than {max_depth}")
        elif first in b"]}":
            depth -= 1


def check_value(
    value: Any,
    *,
    max_depth: int | None = None,
    max_values: int = MAX_VALUES,
    max_string_bytes: int = MAX_STRING_BYTES,
    max_data_url_bytes: int = MAX_DATA_URL_BYTES,
) -> None:
    """Apply the limits on values, strings, numbers and characters to a value that is already parsed.

    Args:
        value: A JSON value.
        max_depth: Most containers inside one another; None where the text was checked already.
        max_values: Most values, containers included.
        max_string_bytes: Longest string, in UTF-8.
        max_data_url_bytes: Longest string that is a ``data:`` URL.

    Raises:
        LimitError, JsonTooDeepError, InvalidNumberError, InvalidUnicodeError: See ``parse``.
        ParsingError: A value that JSON has no word for.
    """
    count = 0
    level, depth = [value], 0
    while level:
        count += len(level)
        if count > max_values:
            raise LimitError(f"a document may have {max_values} values")
        deeper: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is str:
                _check_string(item, max_string_bytes, max_data_url_bytes)
            elif kind is dict:
                for name in item:
                    _check_string(name, max_string_bytes, max_string_bytes)
                deeper.extend(item.values())
            elif kind is list:
                deeper.extend(item)
            else:
                _check_scalar(item)
        depth += any(type(item) in (dict, list) for item in level)
        if max_depth is not None and depth > max_depth:
            raise JsonTooDeepError(f"nested deeper than {max_depth}")
        level = deeper


def _check_string(text: Any, max_bytes: int, max_data_url_bytes: int) -> None:
    if type(text) is not str:
        raise ParsingError("a member's name is not a string")
    if _FORBIDDEN.search(text):
        raise InvalidUnicodeError("a string holds a control character, a lone surrogate or a non-character")
    # A character has one to four bytes: most strings need no encoding to be measured.
    if len(text) * 4 > max_bytes:
        limit = max_data_url_bytes if text.startswith("data:") else max_bytes
        if len(text) > limit or len(text.encode("utf-8")) > limit:
            raise LimitError(f"a string may have {limit} bytes")


def _check_scalar(value: Any) -> None:
    if value is None or type(value) is bool:
        return
    if type(value) is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise InvalidNumberError("an integer is beyond 2^53-1")
    elif type(value) is float:
        if (
            not math.isfinite(value)
            or abs(value) > MAX_INTEGER
            or (value == 0 and math.copysign(1, value) < 0)
        ):
            raise InvalidNumberError("a number is not finite, beyond 2^53-1 or minus zero")
    else:
        raise ParsingError("a value that JSON does not have")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dict of an object's members, which the parser has unescaped already."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DuplicateKeyError("an object names one member twice")
    return members


def _integer(text: str) -> int:
    # The length first: thousands of digits cost quadratic time.
    if len(text) > 17 or text == "-0":
        raise InvalidNumberError("an integer is beyond 2^53-1 or minus zero")
    value = int(text)
    _check_scalar(value)
    return value


def _fraction(text: str) -> float:
    if len(text) > 64:
        raise InvalidNumberError("a number has more than 64 characters")
    value = float(text)
    _check_scalar(value)
    if value == 0 and re.search("[1-9]", re.split("[eE]", text)[0]):
        raise InvalidNumberError("a number is too small to represent")
    return value


def _constant(text: str) -> NoReturn:
    raise InvalidNumberError(f"{text} is not a JSON number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
)
