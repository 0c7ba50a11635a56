"""Bitstrings, entries and list credentials, against generated vectors and hostile lists."""

import gzip
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.multibase import base64url_encode
from vc import bitstring, dates, status
from vc.errors import (
    MalformedStatusError,
    StatusExpiredError,
    StatusIssuerMismatchError,
    StatusListLengthError,
    StatusListLimitError,
    StatusRangeError,
    StatusTypeUnknownError,
    StatusVerificationError,
)

NOW = dates.parse("2026-11-20T06:03:00Z")
LIST = "https://issuer.example/status/1"
DID = "did:web:yunling.edu.example"


def encoded(content):
    return "u" + base64url_encode(content)


def test_the_generated_vectors_read_as_their_positions(shared_data):
    vectors = json.loads((shared_data / "vectors/bitstring-status-list/encodedList.json").read_text())
    assert vectors
    for vector in vectors:
        bits = bitstring.decode(vector["encodedList"])
        assert bits == bitstring.with_set(vector["set"], size=vector["length"])


@given(st.sets(st.integers(0, bitstring.MIN_ENTRIES - 1), max_size=40))
def test_what_is_encoded_reads_back(indexes):
    bits = bitstring.decode(bitstring.encode(bitstring.with_set(indexes)))
    assert all(bitstring.is_set(bits, index) for index in indexes)
    assert sum(byte.bit_count() for byte in bits) == len(indexes)


@pytest.mark.case("STAT-006", "STAT-017")
def test_a_list_that_is_one_byte_too_short_is_refused():
    with pytest.raises(StatusListLengthError):
        bitstring.decode(encoded(gzip.compress(bytes(16383))))
    assert len(bitstring.decode(encoded(gzip.compress(bytes(16384))))) == 16384


@pytest.mark.case("STAT-017")
def test_an_issuer_cannot_make_a_list_for_a_few():
    with pytest.raises(ValueError, match="131072"):
        bitstring.encode(bytes(16383))


@pytest.mark.case("STAT-007")
@pytest.mark.parametrize(
    ("content", "error"),
    [
        (gzip.compress(bytes(64 * 1024 * 1024)), StatusListLimitError),
        (gzip.compress(bytes(16384)) + gzip.compress(bytes(16384)), MalformedStatusError),
        (gzip.compress(bytes(16384)) + b"junk", MalformedStatusError),
        (gzip.compress(bytes(16384))[:-8], MalformedStatusError),
        (b"not gzip", MalformedStatusError),
    ],
    ids=["bomb", "members", "junk", "cut", "plain"],
)
def test_hostile_compression_is_stopped_at_the_limit(content, error):
    started = time.perf_counter()
    with pytest.raises(error):
        bitstring.decode(encoded(content))
    assert time.perf_counter() - started < 30


@pytest.mark.case("STAT-007")
def test_of_two_layers_only_the_outer_one_is_opened():
    inner = gzip.compress(bytes(64 * 1024 * 1024))
    assert bitstring.decode(encoded(gzip.compress(inner))) == inner


@pytest.mark.case("CRED-067")
def test_the_largest_list_is_read_and_one_byte_more_is_not():
    assert len(bitstring.decode(encoded(gzip.compress(bytes(bitstring.MAX_BYTES))))) == bitstring.MAX_BYTES
    with pytest.raises(StatusListLimitError):
        bitstring.decode(encoded(gzip.compress(bytes(bitstring.MAX_BYTES + 1))))


@pytest.mark.parametrize("text", [None, 7, "", "H4sI", "m" + "A" * 20, "u===", "u!"])
def test_what_is_no_multibase_base64url_is_refused(text):
    with pytest.raises(MalformedStatusError):
        bitstring.decode(text)


def test_a_list_too_long_to_look_at_is_refused():
    with pytest.raises(StatusListLimitError):
        bitstring.decode("u" + "A" * (bitstring.MAX_ENCODED_CHARS + 1))


@pytest.mark.case("STAT-005")
def test_an_index_outside_the_list_is_a_range_error():
    with pytest.raises(StatusRangeError):
        bitstring.is_set(bytes(16384), 131072)


def test_a_revocation_that_is_taken_back_is_seen():
    earlier, later = bitstring.with_set([3, 9]), bitstring.with_set([3])
    assert bitstring.clears_any(earlier, later)
    assert not bitstring.clears_any(later, earlier)


def entry(**changes):
    made = status.entry(list_url=LIST, index=7, entry_id="urn:uuid:1")
    made.update(changes)
    return {key: value for key, value in made.items() if value is not ...}


def test_an_entry_reads_back():
    read = status.parse_entry(entry())
    assert (read.list_url, read.index, read.purpose, read.entry_id) == (LIST, 7, "revocation", "urn:uuid:1")


@pytest.mark.case("STAT-005", "STAT-024")
@pytest.mark.parametrize(
    "changes",
    [
        {"statusListIndex": "-1"},
        {"statusListIndex": "1e3"},
        {"statusListIndex": "7 "},
        {"statusListIndex": "0x10"},
        {"statusListIndex": "7.0"},
        {"statusListIndex": "٧"},
        {"statusListIndex": ""},
        {"statusListIndex": 7},
        {"statusListIndex": ...},
        {"statusListCredential": ...},
        {"statusListCredential": 7},
        {"statusPurpose": ...},
        {"statusPurpose": ""},
        {"id": LIST},
        {"statusSize": 0},
        {"statusSize": 64},
        {"statusSize": 2, "statusMessage": [{"status": "0x0", "message": "x"}]},
        {"statusMessage": []},
    ],
)
def test_a_malformed_entry_is_refused(changes):
    with pytest.raises(MalformedStatusError):
        status.parse_entry(entry(**changes))


@pytest.mark.case("STAT-005")
def test_an_index_beyond_any_list_is_a_range_error():
    with pytest.raises(StatusRangeError):
        status.parse_entry(entry(statusListIndex=str(2**63)))


@pytest.mark.case("STAT-014")
def test_one_entry_that_is_not_understood_spoils_the_others():
    credential = {"credentialStatus": [entry(), entry(type="TokenStatusListEntry", id="urn:uuid:2")]}
    with pytest.raises(StatusTypeUnknownError):
        status.entries(credential)


def test_a_credential_without_status_has_no_entries():
    assert status.entries({}) == ()


def listed(**changes):
    made = status.list_credential(
        list_url=LIST,
        issuer=DID,
        encoded_list=bitstring.encode(bitstring.with_set([7])),
        valid_from=dates.parse("2026-11-20T00:00:00Z"),
        valid_until=dates.parse("2026-11-27T00:00:00Z"),
    )
    subject = changes.pop("subject", {})
    made.update(changes)
    made["credentialSubject"] = {**made["credentialSubject"], **subject}
    return made


def test_a_list_marks_its_entry():
    assert status.check(entry(), listed(), now=NOW)
    assert not status.check(entry(statusListIndex="8"), listed(), now=NOW)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"id": "https://issuer.example/status/2"}, StatusVerificationError),
        ({"subject": {"statusPurpose": "suspension"}}, StatusVerificationError),
        ({"validFrom": "2026-11-21T00:00:00Z"}, StatusVerificationError),
        ({"validUntil": "2026-11-20T06:02:59Z"}, StatusExpiredError),
        ({"type": ["VerifiableCredential"]}, MalformedStatusError),
        ({"type": "BitstringStatusListCredential"}, MalformedStatusError),
        ({"validFrom": "today"}, MalformedStatusError),
        ({"issuer": {}}, MalformedStatusError),
        ({"subject": {"type": "Other"}}, MalformedStatusError),
        ({"subject": {"statusPurpose": []}}, MalformedStatusError),
        ({"subject": {"ttl": -1}}, MalformedStatusError),
    ],
)
def test_a_list_that_may_not_answer_is_refused(changes, error):
    with pytest.raises(error):
        status.check(entry(), listed(**changes), now=NOW)


def test_a_list_of_another_issuer_does_not_answer_for_a_credential():
    with pytest.raises(StatusIssuerMismatchError):
        status.check_list(
            status.parse_list(listed()),
            status_entry=status.parse_entry(entry()),
            issuer_id="did:web:huaheng.example",
            now=NOW,
        )


@pytest.mark.case("STAT-011")
@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(0, 60), (120_000, 120), (315_360_000_000, 24 * 3600), (None, 300)]
)
def test_a_time_to_live_stays_between_a_minute_and_a_day(milliseconds, seconds):
    subject = {} if milliseconds is None else {"ttl": milliseconds}
    assert status.parse_list(listed(subject=subject)).seconds_to_live == seconds


def test_the_last_list_of_a_closed_issuer_has_no_end():
    made = status.list_credential(
        list_url=LIST,
        issuer=DID,
        encoded_list=bitstring.encode(bitstring.with_set([])),
        valid_from=NOW,
        valid_until=None,
    )
    assert status.parse_list(made).valid_until is None
