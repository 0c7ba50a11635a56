"""What the instance's secret protects: keys, codes that wait for the printer, and keyed hashes.

One 32-byte secret (``secret.key``, beside the database) gives a key for each purpose. Whoever has the
database alone can open nothing and guess no PIN; a backup needs both files.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from crypto import sealing

_WRAP = "vocred/issuer/1/wrap/"
_HASH = "vocred/issuer/1/hash/"


@dataclass(frozen=True)
class Secret:
    """The instance's secret, with the purposes that it serves.

    Attributes:
        random: Returns that many unpredictable bytes.
    """

    _secret: bytes = field(repr=False)
    random: Callable[[int], bytes]

    def wrap(self, plaintext: bytes, *, purpose: str, owner: str) -> bytes:
        """Encrypt something that only this instance may read again.

        Args:
            plaintext: What to hide.
            purpose: What kind of thing it is, such as ``code``.
            owner: The row it belongs to; it cannot be moved to another one.
        """
        key = sealing.hkdf(self._secret, info=_WRAP + purpose, length=32)
        return sealing.seal(
            plaintext, key=key, nonce=self.random(sealing.NONCE_BYTES), associated_data=owner.encode()
        )

    def unwrap(self, wrapped: bytes, *, purpose: str, owner: str) -> bytes:
        """Decrypt what ``wrap`` made.

        Raises:
            SealError: Another secret, purpose or owner, or changed bytes.
        """
        key = sealing.hkdf(self._secret, info=_WRAP + purpose, length=32)
        return sealing.open_sealed(wrapped, key=key, associated_data=owner.encode())

    def keyed_hash(self, message: bytes, *, purpose: str) -> bytes:
        """Return HMAC-SHA-256 of a message: recognises what is too easily guessed to be hashed bare."""
        key = sealing.hkdf(self._secret, info=_HASH + purpose, length=32)
        return hmac.digest(key, message, hashlib.sha256)

    def person_key(self, key: str) -> str:
        """Return what recognises a person and achievement in a later file; the document's number is not kept.

        Args:
            key: What importing calls the row's person key, the document's number among it.
        """
        return self.keyed_hash(key.encode(), purpose="person").hex()[:32]
