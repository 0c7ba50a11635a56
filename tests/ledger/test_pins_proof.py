"""What a verifier remembers moves forward only, and survives a crash."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from crypto import cbor
from ledger.proof.errors import PinError
from ledger.proof.pins import Pin, PinStore
from tests.ledger.paper_log import PaperLog, make_nodes


@pytest.fixture
def pin() -> Pin:
    return replace(PaperLog(make_nodes(3)).pin, size=10, root=bytes(32))


@pytest.fixture
def store(tmp_path, pin) -> PinStore:
    given = tmp_path / "given"
    given.write_bytes(pin.to_bytes())
    return PinStore.start(tmp_path / "store", pin_file=given)


def test_a_pin_survives_its_file(store, pin):
    assert store.load() == pin


def test_a_pin_with_earlier_epochs_survives_its_file(pin):
    later = replace(pin, epoch=2, earlier={1: pin.signers})
    assert Pin.from_bytes(later.to_bytes()) == later


def test_the_highest_checkpoint_moves_forward(store, pin):
    higher = replace(pin, size=11, root=bytes([1]) * 32)
    assert store.advance(to=higher) == higher
    assert store.load() == higher


def test_the_highest_checkpoint_never_moves_back(store, pin):
    store.advance(to=replace(pin, size=9, root=bytes([9]) * 32))
    assert store.load() == pin


def test_a_second_root_of_the_same_size_is_refused(store, pin):
    with pytest.raises(PinError):
        store.advance(to=replace(pin, root=bytes([1]) * 32))


def test_a_later_epoch_keeps_the_highest_checkpoint(store, pin):
    nodes = tuple(node.signer for node in make_nodes(4, first=3))
    store.advance(
        to=replace(pin, epoch=2, signers=nodes, earlier={1: pin.signers}, size=4, root=bytes([4]) * 32)
    )
    assert (store.load().epoch, store.load().size) == (2, 10)


def test_an_earlier_epoch_takes_nothing_back(store, pin):
    later = replace(pin, epoch=2, earlier={1: pin.signers})
    store.advance(to=later)
    store.advance(to=replace(pin, size=12, root=bytes([2]) * 32))
    assert (store.load().epoch, store.load().size) == (2, 12)


def test_single_operator_is_never_lifted_by_an_update(store, pin):
    store.advance(to=replace(pin, single=True, size=11))
    store.advance(to=replace(pin, single=False, size=12))
    assert store.load().single


def test_another_ledgers_pin_is_refused(store, pin, tmp_path):
    other = replace(pin, chain_id="urn:vocred:ledger:" + "0" * 64, size=99)
    with pytest.raises(PinError):
        store.advance(to=other)
    (tmp_path / "other").write_bytes(other.to_bytes())
    with pytest.raises(PinError):
        PinStore.start(tmp_path / "store", pin_file=tmp_path / "other")


def test_starting_again_keeps_what_was_remembered(store, pin, tmp_path):
    store.advance(to=replace(pin, size=20))
    assert PinStore.start(tmp_path / "store", pin_file=tmp_path / "given").load().size == 20


def test_parallel_updates_end_at_the_highest(store, pin):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda size: store.advance(to=replace(pin, size=size)), range(11, 60)))
    assert store.load().size == 59


@pytest.mark.parametrize("data", [b"", b"\xa0", b"junk", cbor.encode({"chain": 1}), cbor.encode([])])
def test_a_damaged_pin_is_refused(store, tmp_path, data):
    (tmp_path / "store").write_bytes(data)
    with pytest.raises(PinError):
        store.load()


def test_a_missing_pin_is_refused(tmp_path):
    with pytest.raises(PinError):
        PinStore(tmp_path / "absent").load()
