"""Deterministic CBOR: what is written, and everything that is refused when read."""

import unicodedata

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import cbor
from crypto.errors import CborError, LimitError

_integers = st.integers(min_value=-(2**64), max_value=2**64 - 1)
_texts = st.text(alphabet=st.characters(categories=("L", "N", "P")), max_size=20).map(
    lambda text: unicodedata.normalize("NFC", text)
)
_values = st.recursive(
    st.none() | st.booleans() | _integers | st.binary(max_size=40) | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_integers | _texts, inner, max_size=4),
    max_leaves=12,
)


@given(_values)
def test_every_value_survives_its_encoding(value):
    try:
        encoded = cbor.encode(value)
    except CborError:  # deeper than twelve
        return
    assert cbor.decode(encoded) == value
    assert cbor.encode(cbor.decode(encoded)) == encoded


@given(st.binary(max_size=60))
def test_whatever_is_accepted_is_the_only_encoding_of_its_value(data):
    try:
        value = cbor.decode(data)
    except CborError:
        return
    assert cbor.encode(value) == data


def test_keys_are_in_bytewise_order_of_their_encoding_not_by_length():
    # RFC 8949, section 4.2.1: 10, 100, -1, "z", "aa" ; by length first -1 would come before 100.
    encoded = cbor.encode({"aa": 0, "z": 0, -1: 0, 100: 0, 10: 0})
    assert list(cbor2.loads(encoded)) == [10, 100, -1, "z", "aa"]


@pytest.mark.parametrize("tag", [*range(64), 100, 256, 258, 260, 261, 1004, 43000, 55799, 70000])
def test_no_tag_is_accepted(tag):
    with pytest.raises(CborError):
        cbor.decode(cbor2.dumps(cbor2.CBORTag(tag, b"\x01"))[:-2] + b"\x01")


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("half float", "f93c00"),
        ("NaN", "f97e00"),
        ("double", "fb3ff0000000000000"),
        ("undefined", "f7"),
        ("simple value", "f0"),
        ("indefinite array", "9f01ff"),
        ("indefinite map", "bf0101ff"),
        ("indefinite text", "7f6161ff"),
        ("long integer", "1817"),
        ("longer integer", "190001"),
        ("long length", "580161"),
        ("repeated key", "a201010102"),
        ("keys out of order", "a202010101"),
        ("byte string as key", "a1416101"),
        ("boolean as key", "a1f501"),
        ("null as key", "a1f601"),
        ("array as key", "a1810101"),
        ("big integer", "c249010000000000000000"),
        ("decimal fraction with a large exponent", "c4821b00000000ffffffff01"),
        ("text not in NFC", "6365cc81"),
        ("text not UTF-8", "62c328"),
        ("surrogate", "63eda080"),
        ("something after the value", "0101"),
        ("nothing", ""),
        ("an end too early", "8201"),
    ],
)
def test_what_is_not_deterministic_cbor_is_refused(what, data):
    with pytest.raises(CborError):
        cbor.decode(bytes.fromhex(data))


@pytest.mark.parametrize(
    "value", [1.0, 2**64, -(2**64) - 1, {1.5: 0}, {True: 0}, {None: 0}, {b"": 0}, {1, 2}, "e\u0301"]
)
def test_what_has_no_place_is_not_encoded(value):
    with pytest.raises(CborError):
        cbor.encode(value)


@pytest.mark.parametrize("key", [True, 1.0])
def test_a_key_that_equals_another_to_python_is_not_taken_for_it(key):
    assert cbor.encode({1: 0}) == bytes.fromhex("a10100")
    with pytest.raises(CborError):
        cbor.encode({key: 0})


@pytest.mark.case("CRED-067")
def test_twelve_containers_inside_one_another_are_the_most():
    twelve = b"\x81" * 11 + b"\x80"
    assert cbor.encode(cbor.decode(twelve)) == twelve
    for depth in (13, 14, 100_000):
        with pytest.raises(CborError):
            cbor.decode(b"\x81" * (depth - 1) + b"\x80")


@pytest.mark.case("CRED-067")
def test_the_limit_on_bytes_is_exact():
    assert cbor.decode(b"\x42ab", max_bytes=3) == b"ab"
    with pytest.raises(LimitError):
        cbor.decode(b"\x42ab", max_bytes=2)
