"""Sealing: what opens, and everything that does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import sealing
from crypto.errors import SealError

KEY, NONCE, SALT = bytes(range(32)), bytes(range(12)), bytes(range(16))


def test_hkdf_reproduces_rfc_5869():
    # Appendix A.3: neither salt nor info.
    derived = sealing.hkdf(b"\x0b" * 22, info=b"", length=42)
    assert derived.hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


def test_hkdf_takes_its_label_as_text():
    assert sealing.hkdf(b"secret", info="a", length=16) == sealing.hkdf(b"secret", info=b"a", length=16)
    assert sealing.hkdf(b"secret", info="a", length=16) != sealing.hkdf(b"secret", info="b", length=16)


@given(st.binary(max_size=60), st.binary(max_size=10))
def test_what_was_sealed_opens_under_the_same_key_and_label(plaintext, label):
    blob = sealing.seal(plaintext, key=KEY, nonce=NONCE, associated_data=label)
    assert blob[:12] == NONCE
    assert sealing.open_sealed(blob, key=KEY, associated_data=label) == plaintext
    for key, other in ((bytes(32), label), (KEY, label + b"x")):
        with pytest.raises(SealError):
            sealing.open_sealed(blob, key=key, associated_data=other)


def test_no_byte_of_a_sealed_blob_can_be_changed_or_left_out():
    blob = sealing.seal(b"plaintext", key=KEY, nonce=NONCE)
    for index in range(len(blob)):
        changed = bytearray(blob)
        changed[index] ^= 1
        for hostile in (bytes(changed), blob[:index], blob[index + 1 :]):
            with pytest.raises(SealError):
                sealing.open_sealed(hostile, key=KEY)


@pytest.mark.parametrize(
    ("key", "nonce"), [(bytes(16), NONCE), (bytes(33), NONCE), (KEY, bytes(11)), (KEY, b"")]
)
def test_keys_and_nonces_of_another_length_are_a_bug(key, nonce):
    with pytest.raises(ValueError, match="bytes"):
        sealing.seal(b"", key=key, nonce=nonce)


@given(st.binary(max_size=100), st.integers(4, 64))
def test_padding_comes_off_again(document, size):
    padded = sealing.pad_to_multiple(document, size)
    assert len(padded) % size == 0
    assert len(padded) - len(document) < size + 4
    assert sealing.unpad(padded) == document


def test_documents_of_many_lengths_become_one_length():
    assert {len(sealing.pad_to_multiple(bytes(length), 8192)) for length in range(0, 8189, 13)} == {8192}
    assert len(sealing.pad_to_multiple(bytes(8189), 8192)) == 16384


@pytest.mark.parametrize(
    "padded", [b"", b"\x00", bytes(3), b"\x00\x00\x00\x05abcd", b"\x00\x00\x00\x01a\x00\x01", b"\xff" * 8]
)
def test_malformed_padding_is_refused(padded):
    with pytest.raises(SealError):
        sealing.unpad(padded)


def test_a_passphrase_opens_what_it_sealed_and_no_other_does():
    blob = sealing.seal_with_passphrase(b"key", passphrase="密码 ①", salt=SALT, nonce=NONCE)
    assert (
        sealing.open_with_passphrase(blob, passphrase="密码 1") == b"key"
    )  # NFKC: one of the ways to type it
    for passphrase, hostile in (
        ("密码 2", blob),
        ("密码 1", blob[:-1]),
        ("密码 1", b"\x02" + blob[1:]),
        ("密码 1", blob[:1] + bytes(16) + blob[17:]),
        ("密码 1", blob[:5]),
        ("密码 1", b""),
    ):
        with pytest.raises(SealError):
            sealing.open_with_passphrase(hostile, passphrase=passphrase)


def test_the_passphrase_profile_is_at_least_what_owasp_asks_for():
    assert sealing.ARGON2_MEMORY_KIB >= 46 * 1024
    assert sealing.ARGON2_PASSES >= 1
