"""JCS: the official outputs, and the fast way against the library."""

import hashlib
import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from crypto import jcs
from crypto.errors import InvalidNumberError, InvalidUnicodeError, JsonTooDeepError, MalformedError

_texts = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=12)
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=16,
)


def test_the_official_outputs_are_reproduced(shared_data):
    folder = shared_data / "vectors" / "jcs" / "testdata"
    names = sorted(path.name for path in (folder / "input").iterdir())
    assert len(names) >= 6
    for name in names:
        value = json.loads((folder / "input" / name).read_text("utf-8"))
        assert jcs.canonicalize(value) == (folder / "output" / name).read_bytes().rstrip(b"\n"), name


@given(_values)
def test_the_fast_way_writes_what_the_library_writes(value):
    assert jcs.canonicalize(value) == rfc8785.dumps(value)


@given(st.dictionaries(_texts, _texts, max_size=6))
def test_keys_are_sorted_as_utf_16_and_strings_escaped_alike(value):
    assert jcs.canonicalize(value) == rfc8785.dumps(value)


def test_a_key_beyond_the_basic_plane_sorts_by_its_surrogates():
    assert jcs.canonicalize({"\uffff": 1, "😀": 2}) == '{"😀":2,"\uffff":1}'.encode()


def test_the_digest_is_sha_256_of_the_canonical_form():
    assert jcs.digest({"b": 1, "a": 2}) == hashlib.sha256(b'{"a":2,"b":1}').digest()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, -(2**53), [1.5, 2**53]])
def test_numbers_without_a_canonical_form_are_refused(value):
    with pytest.raises(InvalidNumberError):
        jcs.canonicalize(value)


@pytest.mark.parametrize("value", ["\ud800", {"\udc00": 1}, {"\ud800": 1.5}, ["\udfff", 1.5]])
def test_lone_surrogates_are_refused(value):
    with pytest.raises(InvalidUnicodeError):
        jcs.canonicalize(value)


@pytest.mark.parametrize("value", [b"", {1: 2}, {None: 1}, {1, 2}, object(), [1.5, b""], {"a": {1.5: 1}}])
def test_what_is_not_json_is_refused(value):
    with pytest.raises(MalformedError):
        jcs.canonicalize(value)


def test_depth_is_limited_and_not_by_the_stack():
    def nested(levels, leaf):
        for _ in range(levels):
            leaf = [leaf]
        return leaf

    for leaf in (1, 1.5):
        jcs.canonicalize(nested(64, leaf))
        for levels in (65, 100_000):
            with pytest.raises(JsonTooDeepError):
                jcs.canonicalize(nested(levels, leaf))
    with pytest.raises(JsonTooDeepError):
        jcs.canonicalize([1.5, nested(70, 1)])
