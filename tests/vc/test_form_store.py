"""The form store: what is sealed opens with its code alone, and absence is proved or not claimed."""

import secrets
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import cbor, jcs
from crypto.errors import SealError
from vc import dates, form_store, printed_code
from vc.errors import AbsenceNotProvenError, StoreError

NOW = dates.parse("2026-11-20T06:03:00Z")
CODE = printed_code.parse("7ZK0-1234-5678-9ABC-DEFG-HJK5")
OTHER = printed_code.parse("01AZ-YXWV-TSRQ-PNMK-JHGF-EDC7")
FORM = b'{"a":"form"}'
NONCE = bytes(12)


def locators(count):
    return [bytes([index % 256]) + index.to_bytes(15, "big") for index in range(count)]


def store(found, *, bits=None, until=NOW + timedelta(days=7)):
    bits = form_store.choose_prefix_bits(found) if bits is None else bits
    buckets = {
        prefix: form_store.bucket_digest(members)
        for prefix, members in form_store.into_buckets(found, bits=bits).items()
    }
    document = form_store.index(
        issuer="did:web:yunling.edu.example",
        version=1,
        valid_from=NOW,
        valid_until=until,
        prefix_bits=bits,
        buckets=buckets,
    )
    return form_store.parse_index(document)


def bucket(members):
    return form_store.decode_bucket(form_store.encode_bucket((locator, b"blob") for locator in members))


def test_a_form_opens_with_its_code():
    assert form_store.open_form(form_store.seal_form(FORM, code=CODE, nonce=NONCE), code=CODE) == FORM


def test_a_form_does_not_open_with_another_code():
    with pytest.raises(SealError):
        form_store.open_form(form_store.seal_form(FORM, code=CODE, nonce=NONCE), code=OTHER)


@pytest.mark.parametrize("length", [0, 1, 8187, 8188, 8189, 20_000])
def test_a_sealed_forms_length_tells_eight_kibibytes_and_no_more(length):
    blob = form_store.seal_form(bytes(length), code=CODE, nonce=NONCE)
    assert (len(blob) - 28) % 8192 == 0
    assert form_store.open_form(blob, code=CODE) == bytes(length)


def test_a_receipt_opens_for_who_holds_the_form():
    blob = form_store.seal_receipt(b"bundle", form_digest=bytes(32), nonce=NONCE)
    assert form_store.open_receipt(blob, form_digest=bytes(32)) == b"bundle"
    with pytest.raises(SealError):
        form_store.open_receipt(blob, form_digest=bytes([1] * 32))


def test_a_prefix_is_the_first_bits():
    assert form_store.prefix_of(bytes([0b10110000] + [0] * 15), 4) == 0b1011
    assert form_store.prefix_of(bytes(16), 0) == 0


@given(st.integers(0, 400))
def test_the_prefix_is_the_longest_that_leaves_sixteen_forms_in_every_bucket(count):
    found = [secrets.token_bytes(16) for _ in range(count)]
    bits = form_store.choose_prefix_bits(found)
    sizes = [len(members) for members in form_store.into_buckets(found, bits=bits).values()]
    assert bits == 0 or (len(sizes) == 2**bits and min(sizes) >= 16)
    longer = form_store.into_buckets(found, bits=bits + 1)
    assert len(longer) < 2 ** (bits + 1) or min(map(len, longer.values())) < 16


def test_buckets_are_one_encoding_sorted_by_locator():
    found = locators(20)
    assert form_store.encode_bucket((item, b"x") for item in reversed(found)) == form_store.encode_bucket(
        (item, b"x") for item in found
    )


@pytest.mark.parametrize(
    "value",
    [
        [[bytes(16), b"a"], [bytes(16), b"b"]],
        [[bytes([1] * 16), b"a"], [bytes(16), b"b"]],
        [[bytes(15), b"a"]],
        [[bytes(16), "a"]],
        [[bytes(16)]],
        {"a": 1},
    ],
    ids=["twice", "unsorted", "short", "text", "alone", "map"],
)
def test_a_bucket_of_another_shape_is_refused(value):
    with pytest.raises(StoreError):
        form_store.decode_bucket(cbor.encode(value))


def test_bytes_that_are_no_cbor_are_refused():
    with pytest.raises(StoreError):
        form_store.decode_bucket(b"\xff\x00")


def test_a_locator_that_occurs_twice_cannot_be_stored():
    with pytest.raises(ValueError, match="twice"):
        form_store.encode_bucket([(bytes(16), b"a"), (bytes(16), b"b")])


def test_absence_is_proved_by_a_bucket_that_matches_the_index():
    found = locators(40)
    form_store.absent(bytes([9] * 16), store_index=store(found, bits=0), bucket=bucket(found), now=NOW)


def test_a_prefix_that_the_index_does_not_list_is_an_empty_bucket():
    found = [bytes([0] * 15 + [index]) for index in range(16)]
    form_store.absent(bytes([255] * 16), store_index=store(found, bits=1), bucket=None, now=NOW)


@pytest.mark.parametrize("case", ["present", "missing", "shortened", "expired", "early"])
def test_absence_is_not_claimed_otherwise(case):
    found = locators(40)
    asked = found[7] if case == "present" else bytes([9] * 16)
    held = None if case == "missing" else bucket(found[:-1] if case == "shortened" else found)
    moments = {"expired": NOW + timedelta(days=8), "early": NOW - timedelta(seconds=1)}
    with pytest.raises(AbsenceNotProvenError):
        form_store.absent(asked, store_index=store(found, bits=0), bucket=held, now=moments.get(case, NOW))


def test_a_shortened_bucket_hides_nothing_that_the_index_names():
    """A store restored from an old backup lacks the form, and the index says so."""
    found = locators(40)
    with pytest.raises(AbsenceNotProvenError):
        form_store.absent(
            found[7], store_index=store(found, bits=0), bucket=bucket(found[:7] + found[8:]), now=NOW
        )


def test_a_bucket_of_another_prefix_is_not_the_named_one():
    found = [bytes([first] + [index] * 15) for first in (0, 255) for index in range(16)]
    with pytest.raises(StoreError):
        form_store.check_bucket(bucket(found), store_index=store(found, bits=1), prefix=0)


@pytest.mark.parametrize(
    "changes",
    [
        {"prefixBits": 21},
        {"prefixBits": True},
        {"prefixBits": -1},
        {"buckets": []},
        {"buckets": {"2": "00" * 32}},
        {"buckets": {"01": "00" * 32}},
        {"buckets": {"9" * 5000: "00" * 32}},
        {"buckets": {"0": "00" * 31}},
        {"buckets": {"0": "ZZ" * 32}},
        {"buckets": {"0": "AB" * 32}},
        {"buckets": {"0": None}},
        {"version": 0},
        {"version": True},
        {"issuer": None},
        {"validFrom": "2026-11-20"},
        {"more": 1},
    ],
)
def test_an_index_of_another_shape_is_refused(changes):
    members = {
        "issuer": "did:web:yunling.edu.example",
        "version": 1,
        "validFrom": "2026-11-20T00:00:00Z",
        "validUntil": "2026-11-27T00:00:00Z",
        "prefixBits": 1,
        "buckets": {},
    }
    form_store.parse_index(jcs.canonicalize(members))
    with pytest.raises(StoreError):
        form_store.parse_index(jcs.canonicalize({**members, **changes}))


def test_the_index_names_where_a_bucket_lies():
    index = store([bytes([0] * 15 + [number]) for number in range(16)], bits=3)
    assert index.path(bytes([0b01000000] + [0] * 15), kind="forms") == "forms/3/2"
