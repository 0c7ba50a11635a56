"""What an issuer anchors: salted, shuffled, padded, and provable one by one."""

import hashlib

import pytest

from crypto import cbor
from ledger import merkle
from ledger.proof.batch import LARGEST_BATCH, batch_size, leaf_hash, make_batch
from tests.ledger.paper_log import Fixed


def digests(count: int) -> list[bytes]:
    return [hashlib.sha256(b"%d" % n).digest() for n in range(count)]


@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 200])
def test_every_digest_is_proved_in_its_batch(count):
    given = digests(count)
    batch = make_batch(given, random=Fixed(count))
    for position, digest in enumerate(given):
        merkle.verify_inclusion(
            leaf_hash(batch.salts[position], digest),
            index=batch.order[position],
            size=batch.size,
            path=batch.path(position),
            root=batch.root,
        )


def test_the_tree_is_the_one_of_rfc_9162():
    batch = make_batch(digests(3), random=Fixed(3))
    frontier = merkle.Frontier()
    for leaf in batch.levels[0]:
        frontier.append(leaf)
    assert frontier.root == batch.root


@pytest.mark.parametrize(
    ("count", "size"), [(1, 64), (64, 64), (65, 128), (128, 128), (129, 256), (100_000, 131_072)]
)
def test_a_batch_is_padded_to_a_power_of_two(count, size):
    assert batch_size(count) == size


def test_a_leaf_is_the_hash_of_the_cbor_of_salt_and_digest():
    salt, digest = bytes(range(32)), hashlib.sha256(b"form").digest()
    entry = cbor.encode([salt, digest])
    assert leaf_hash(salt, digest) == merkle.leaf_hash(entry)


def test_no_two_forms_share_a_salt_or_a_place():
    batch = make_batch(digests(500), random=Fixed(5))
    assert len(set(batch.salts)) == len(set(batch.order)) == 500


def test_the_order_of_the_leaves_is_not_the_order_of_the_forms():
    batch = make_batch(digests(500), random=Fixed(5))
    assert list(batch.order) != sorted(batch.order)
    assert max(batch.order) >= 500


@pytest.mark.case("LEDG-035")
def test_guessing_a_forms_content_finds_nothing_without_its_salt():
    # A register of name and mark is easily guessed; the salt is not, and never leaves the form's side.
    guesses = [hashlib.sha256(f"林晓雨,{mark}".encode()).digest() for mark in range(1000)]
    batch = make_batch([guesses[612]], random=Fixed(9))
    public = {*batch.levels[0], batch.root}
    found = [guess for guess in guesses if guess in public or leaf_hash(bytes(32), guess) in public]
    assert found == []


@pytest.mark.parametrize("given", [[], [b""], [bytes(31)], [bytes(33)]])
def test_what_is_no_digest_is_refused(given):
    with pytest.raises(ValueError):
        make_batch(given, random=Fixed(1))


def test_more_digests_than_a_batch_takes_are_refused():
    with pytest.raises(ValueError):
        make_batch([bytes(32)] * (LARGEST_BATCH + 1), random=Fixed(1))


def test_a_salt_of_another_size_makes_no_leaf():
    with pytest.raises(ValueError):
        leaf_hash(bytes(31), bytes(32))
