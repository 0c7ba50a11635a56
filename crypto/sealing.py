"""Sealing: AES-256-GCM under derived keys, padding that hides a length, and files under a passphrase.

A sealed blob starts with its 12-byte nonce. A blob under a passphrase is one version byte, 16 bytes of salt
and a sealed blob. Nonces and salts are arguments: whoever calls holds the source of randomness.
"""

import unicodedata

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto.errors import SealError

KEY_BYTES = 32
NONCE_BYTES = 12
SALT_BYTES = 16

# OWASP's profile with the most memory: 46 MiB, one pass, one lane.
ARGON2_MEMORY_KIB = 46 * 1024
ARGON2_PASSES = 1
ARGON2_LANES = 1

_PASSPHRASE_VERSION = b"\x01"
_LENGTH_BYTES = 4
_TAG_BYTES = 16


def hkdf(ikm: bytes, *, info: str | bytes, length: int) -> bytes:
    """Derive a key or identifier from secret material.

    Args:
        ikm: The secret, of full entropy.
        info: What the result is for; text is taken as UTF-8.
        length: Bytes wanted.

    Spec: RFC 5869 with SHA-256 and no salt.
    """
    label = info.encode("utf-8") if isinstance(info, str) else info
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=label).derive(ikm)


def seal(plaintext: bytes, *, key: bytes, nonce: bytes, associated_data: bytes = b"") -> bytes:
    """Encrypt and authenticate.

    Args:
        plaintext: What to hide.
        key: 32 bytes.
        nonce: 12 random bytes, never used twice with one key.
        associated_data: What the blob belongs to; whoever opens it has to name the same.

    Returns:
        Nonce, ciphertext and tag.

    Spec: NIST SP 800-38D.
    """
    _check_length("a key", key, KEY_BYTES)
    _check_length("a nonce", nonce, NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, associated_data)


def open_sealed(blob: bytes, *, key: bytes, associated_data: bytes = b"") -> bytes:
    """Decrypt what ``seal`` made.

    Raises:
        SealError: Another key, another label, or a changed or shortened blob.
    """
    _check_length("a key", key, KEY_BYTES)
    if len(blob) < NONCE_BYTES + _TAG_BYTES:
        raise SealError("the sealed blob is too short")
    try:
        return AESGCM(key).decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], associated_data)
    except InvalidTag as error:
        raise SealError("the sealed blob does not open") from error


def pad_to_multiple(document: bytes, size: int) -> bytes:
    """Hide a document's length: 4-byte big-endian length, document, zeros up to a multiple of ``size``."""
    framed = len(document).to_bytes(_LENGTH_BYTES, "big") + document
    return framed + bytes(-len(framed) % size)


def unpad(padded: bytes) -> bytes:
    """Take the document out of its padding.

    Raises:
        SealError: The length is wrong, or the padding is not zeros.
    """
    length = int.from_bytes(padded[:_LENGTH_BYTES], "big")
    document = padded[_LENGTH_BYTES : _LENGTH_BYTES + length]
    if len(padded) < _LENGTH_BYTES or len(document) != length or any(padded[_LENGTH_BYTES + length :]):
        raise SealError("the padding is malformed")
    return document


def passphrase_key(passphrase: str, *, salt: bytes) -> bytes:
    """Derive 32 bytes from a passphrase, slowly.

    Args:
        passphrase: As typed; NFKC makes one of the ways to type it.
        salt: 16 random bytes, kept beside what the key protects.

    Spec: RFC 9106, Argon2id.
    """
    _check_length("a salt", salt, SALT_BYTES)
    return hash_secret_raw(
        unicodedata.normalize("NFKC", passphrase).encode("utf-8"),
        salt,
        time_cost=ARGON2_PASSES,
        memory_cost=ARGON2_MEMORY_KIB,
        parallelism=ARGON2_LANES,
        hash_len=KEY_BYTES,
        type=Type.ID,
    )


def seal_with_passphrase(plaintext: bytes, *, passphrase: str, salt: bytes, nonce: bytes) -> bytes:
    """Seal under a passphrase.

    Args:
        plaintext: What to hide.
        passphrase: As typed.
        salt: 16 random bytes.
        nonce: 12 random bytes.
    """
    head = _PASSPHRASE_VERSION + salt
    key = passphrase_key(passphrase, salt=salt)
    return head + seal(plaintext, key=key, nonce=nonce, associated_data=head)


def open_with_passphrase(blob: bytes, *, passphrase: str) -> bytes:
    """Open what ``seal_with_passphrase`` made.

    Raises:
        SealError: Another passphrase, or a changed, shortened or unknown blob.
    """
    head = blob[: 1 + SALT_BYTES]
    if len(head) != 1 + SALT_BYTES or head[:1] != _PASSPHRASE_VERSION:
        raise SealError("not a blob sealed under a passphrase")
    key = passphrase_key(passphrase, salt=head[1:])
    return open_sealed(blob[1 + SALT_BYTES :], key=key, associated_data=head)


def _check_length(name: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise ValueError(f"{name} has {length} bytes")
