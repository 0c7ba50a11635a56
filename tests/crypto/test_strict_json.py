"""The one parser of JSON from outside: what two readers could read differently is refused."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import strict_json
from crypto.errors import (
    DuplicateKeyError,
    InvalidNumberError,
    InvalidUnicodeError,
    JsonTooDeepError,
    LimitError,
    ParsingError,
)


def test_an_honest_document_is_read_as_the_standard_library_reads_it():
    text = '{"a": [1, -2.5, true, null, "\\u4e2d 文\\n"], "b": {"c": []}}'
    assert strict_json.parse(text.encode()) == json.loads(text)


@pytest.mark.case("CRED-022")
@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 33 + b"]" * 33])
def test_deep_nesting_is_refused_before_the_parser_recurses(text):
    with pytest.raises(JsonTooDeepError):
        strict_json.parse(text)


@pytest.mark.case("CRED-067")
def test_thirty_two_containers_inside_one_another_are_the_most():
    strict_json.parse(b"[" * 32 + b"]" * 32)
    with pytest.raises(JsonTooDeepError) as refusal:
        strict_json.parse(b"[" * 33 + b"]" * 33)
    assert refusal.value.code == "JSON_TOO_DEEP"


def test_brackets_inside_strings_are_not_nesting():
    text = json.dumps(["[" * 100, '"' * 100 + "{" * 100, "\\" * 3 + "[" * 100]).encode()
    assert strict_json.parse(text) == json.loads(text)


@given(st.text(max_size=60))
def test_depth_is_counted_as_the_parser_nests(text):
    document = [[text, {"[": text}]]
    strict_json.check_depth(
        json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass"), max_depth=3
    )


@pytest.mark.parametrize("text", [b'"' + b'\\"' * 200_000, b'"' * 200_001, b'"\\' * 100_000])
def test_unterminated_strings_cost_one_pass(text):
    with pytest.raises(ParsingError):
        strict_json.parse(text)


@pytest.mark.case("CRED-024")
@pytest.mark.parametrize(
    "text",
    [
        b'{"issuer":"did:a","issuer":"did:b"}',
        b'{"issuer":"did:a","iss\\u0075er":"did:b"}',
        b'{"proof":{"type":"a","type":"a"}}',
        b'{"credentialSubject":[{"x":{"id":1,"id":1}}]}',
    ],
)
def test_a_member_named_twice_is_refused(text):
    with pytest.raises(DuplicateKeyError) as refusal:
        strict_json.parse(text)
    assert refusal.value.code == "DUPLICATE_KEY"


@pytest.mark.case("CRED-026", "CRED-028")
@pytest.mark.parametrize(
    "number",
    [
        *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1E400", "-0", "-0.0", "-0e1", "1e-400"),
        *("9007199254740992", "-9007199254740992", "9007199254740993", "9007199254740993.0", "1e17"),
        *("1" * 5000, "0." + "1" * 5000),
    ],
)
def test_numbers_that_lose_their_value_are_refused(number):
    with pytest.raises(InvalidNumberError) as refusal:
        strict_json.parse(f'{{"claim": {number}}}'.encode())
    assert refusal.value.code == "INVALID_NUMBER"


@pytest.mark.case("CRED-067")
def test_the_largest_safe_integers_are_accepted():
    assert strict_json.parse(b"[9007199254740991, -9007199254740991]") == [2**53 - 1, -(2**53) + 1]


@pytest.mark.parametrize("number", ["0", "0.0", "0e5", "1.5", "-2.5e3", "140"])
def test_ordinary_numbers_are_accepted(number):
    assert strict_json.parse(number.encode()) == json.loads(number)


@pytest.mark.case("CRED-030")
@pytest.mark.parametrize(
    "character",
    [
        "\\u0000",
        "\\u0008",
        "\\u000b",
        "\\u001f",
        "\x7f",
        "\x80",
        "\x85",
        "\\ud800",
        "\\udc00\\ud800",
        "\uffff",
        "\ufffe",
    ],
)
def test_controls_surrogates_and_noncharacters_are_refused_in_values_and_names(character):
    for text in (f'["a{character}b"]', f'{{"a{character}b": 1}}'):
        with pytest.raises(InvalidUnicodeError):
            strict_json.parse(text.encode())


def test_line_ends_and_pairs_of_surrogates_are_text():
    assert strict_json.parse(b'"\\t\\n\\r \\ud83d\\ude00"') == "\t\n\r 😀"


@pytest.mark.case("CRED-032")
@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        '{"a":"é"}'.encode("latin-1"),
        b'"\xc0\xaf"',
        b'"\xed\xa0\x80"',
    ],
)
def test_only_utf_8_without_a_mark_is_read(data):
    with pytest.raises(ParsingError):
        strict_json.parse(data)


@pytest.mark.case("CRED-033")
@pytest.mark.parametrize(
    "text",
    [
        b"[1,]",
        b'{"a":1,}',
        b"[1] // x",
        b"/* */[]",
        b"{'a':1}",
        b"[] []",
        b"[]x",
        b"",
        b" ",
        b"[01]",
        b"[+1]",
        b"[.5]",
        b"[1.]",
        b"tru",
        b"\x00",
    ],
)
def test_what_is_nearly_json_is_refused(text):
    with pytest.raises(ParsingError):
        strict_json.parse(text)


@pytest.mark.case("CRED-067")
def test_the_limit_on_bytes_is_exact():
    largest = b'"' + b" " * 10 + b'"' + b" " * (strict_json.MAX_BYTES - 12)
    strict_json.parse(largest)
    with pytest.raises(LimitError):
        strict_json.parse(largest + b" ")


@pytest.mark.case("CRED-067")
def test_the_limit_on_values_is_exact():
    strict_json.parse(json.dumps([0] * 9_999).encode())
    with pytest.raises(LimitError):
        strict_json.parse(json.dumps([0] * 10_000).encode())


@pytest.mark.case("CRED-067")
@pytest.mark.parametrize(("character", "size"), [("a", 1), ("中", 3)])
def test_the_limit_on_strings_counts_utf_8_bytes(character, size):
    most = strict_json.MAX_STRING_BYTES // size
    strict_json.parse(json.dumps(character * most, ensure_ascii=False).encode())
    with pytest.raises(LimitError):
        strict_json.parse(json.dumps(character * (most + 1), ensure_ascii=False).encode())


@pytest.mark.case("CRED-067")
def test_image_data_may_be_longer_than_other_strings():
    image = "data:image/png;base64,".ljust(strict_json.MAX_DATA_URL_BYTES, "A")
    strict_json.parse(json.dumps(image).encode())
    with pytest.raises(LimitError):
        strict_json.parse(json.dumps(image + "A").encode())
    with pytest.raises(LimitError):
        strict_json.parse(json.dumps({image: 1}).encode())


def test_a_parsed_value_can_be_checked_with_its_depth():
    strict_json.check_value([[{"a": 1}]], max_depth=3)
    with pytest.raises(JsonTooDeepError):
        strict_json.check_value([[{"a": []}]], max_depth=3)


@pytest.mark.parametrize("value", [{1: 2}, {"a": b""}, [object()], [(1,)]])
def test_a_value_that_json_does_not_have_is_refused(value):
    with pytest.raises(ParsingError):
        strict_json.check_value(value)


@given(st.binary(max_size=200))
def test_no_input_raises_anything_but_a_refusal(data):
    with contextlib.suppress(ParsingError, LimitError):
        strict_json.parse(data)
