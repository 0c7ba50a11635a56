"""Multibase base58btc and base64url: one text for one value."""

import base58
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import multibase
from crypto.errors import LimitError, MalformedError


@given(st.binary(max_size=100))
def test_bytes_survive_both_encodings(data):
    assert multibase.base58btc_decode(multibase.base58btc_encode(data)) == data
    assert multibase.base64url_decode(multibase.base64url_encode(data)) == data


@given(st.text(alphabet="ABCabc012zZ-_=+/ \n", max_size=12))
def test_whatever_is_accepted_is_the_only_text_of_its_value(text):
    for decode, encode in (
        (multibase.base58btc_decode, multibase.base58btc_encode),
        (multibase.base64url_decode, multibase.base64url_encode),
    ):
        try:
            data = decode(text)
        except MalformedError:
            continue
        assert encode(data) == text


@pytest.mark.parametrize(
    "text", ["", "u", "Z1", "f00", "z0", "zO", "zI", "zl", "z1 ", " z1", "z1\n", "zé", 5, None, b"z1"]
)
def test_what_is_no_base58btc_is_refused(text):
    with pytest.raises(MalformedError):
        multibase.base58btc_decode(text)


@pytest.mark.parametrize(
    "text", ["A", "AB==", "AAA=", "A A", "AA\n", "A+", "A/", "AB", "é", "AAAAB", 5, None, b"AA"]
)
def test_what_is_no_canonical_base64url_is_refused(text):
    with pytest.raises(MalformedError):
        multibase.base64url_decode(text)


@pytest.mark.case("CRED-067")
def test_the_length_is_checked_before_anything_is_decoded(monkeypatch):
    assert len(multibase.base58btc_decode("z" + "1" * 255)) == 255
    monkeypatch.setattr(base58, "b58decode", lambda text: pytest.fail("decoded"))
    with pytest.raises(LimitError):
        multibase.base58btc_decode("z" + "1" * 256)


@pytest.mark.case("CRED-067")
def test_base64url_may_be_limited_too():
    assert multibase.base64url_decode("AAAA", max_chars=4) == bytes(3)
    with pytest.raises(LimitError):
        multibase.base64url_decode("AAAAAAAA", max_chars=4)
