"""Log files: whole or refused, byte by byte."""

import pytest

from crypto import cbor
from ledger import merkle
from ledger.joining import log_file
from ledger.joining.errors import LogFileError, OtherLedgerError
from ledger.joining.log_file import EXPORT, Header
from ledger.statements import chain_id

ENTRIES = [b"genesis", *(b"entry %d" % number for number in range(7))]


def root(entries) -> bytes:
    frontier = merkle.Frontier()
    for entry in entries:
        frontier.append(merkle.leaf_hash(entry))
    return frontier.root


def header(entries=ENTRIES, **changes) -> Header:
    given = {"domain": EXPORT, "chain_id": chain_id(entries[0]), "size": len(entries), "root": root(entries)}
    return Header(**{**given, "more": {}, **changes})


def read(path):
    with log_file.reading(path) as (found, entries):
        return found, list(entries)


def packed(head: Header, entries) -> bytes:
    return b"".join(cbor.encode(item) for item in [head.to_bytes(), *entries])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "log"
    log_file.write(path, header(), ENTRIES)
    return path


def test_what_was_written_is_read(file):
    assert read(file) == (header(), ENTRIES)


def test_a_file_torn_anywhere_is_refused(file):
    whole = file.read_bytes()
    for end in range(len(whole)):
        file.write_bytes(whole[:end])
        with pytest.raises(LogFileError):
            read(file)


def test_a_file_with_any_byte_changed_is_refused(file):
    whole = bytearray(file.read_bytes())
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1
        file.write_bytes(changed)
        with pytest.raises((LogFileError, OtherLedgerError)):
            read(file)


def test_nothing_may_follow_the_last_entry(file):
    file.write_bytes(file.read_bytes() + b"\x00")
    with pytest.raises(LogFileError, match="follows"):
        read(file)


def test_an_entry_longer_written_than_needed_is_refused(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(cbor.encode(header().to_bytes()) + b"\x58\x07genesis")
    with pytest.raises(LogFileError, match="something else"):
        read(path)


def test_a_length_that_nobody_could_hold_is_refused(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(cbor.encode(header().to_bytes()) + b"\x5b" + b"\x7f" * 8 + b"x")
    with pytest.raises(LogFileError):
        read(path)


def test_another_kind_of_file_is_refused(tmp_path):
    path = tmp_path / "log"
    log_file.write(path, header(domain="vocred/other/1"), ENTRIES)
    with pytest.raises(LogFileError, match="kind"):
        read(path)


def test_entry_0_of_another_ledger_is_refused(tmp_path):
    path = tmp_path / "log"
    entries = [b"another", *ENTRIES[1:]]
    path.write_bytes(packed(header(entries, chain_id=chain_id(ENTRIES[0])), entries))
    with pytest.raises(OtherLedgerError):
        read(path)


@pytest.mark.parametrize(
    "wrong", [{"size": 0}, {"size": True}, {"size": 1 << 40}, {"root": b"short"}, {"chain_id": 7}]
)
def test_a_header_of_no_log_is_refused(tmp_path, wrong):
    path = tmp_path / "log"
    path.write_bytes(packed(header(**wrong), ENTRIES))
    with pytest.raises(LogFileError):
        read(path)


def test_entries_that_are_not_the_promised_ones_leave_the_file_as_it_was(file):
    before = file.read_bytes()
    with pytest.raises(LogFileError):
        log_file.write(file, header(), ENTRIES[:-1])
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["log"]
