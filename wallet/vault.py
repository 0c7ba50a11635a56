"""What a holder keeps, sealed under the data key of that holder's account.

One account has one random 32-byte data key. It exists in the clear only in the memory of a request, or of a
command: at rest it is wrapped under the passphrase (``accounts``) and, while somebody is logged in, under a
secret that only the browser's cookie holds. Everything else is sealed here with AES-256-GCM, under a key of
its own per kind of row and with the row's id as associated data, so that no row can be put in another's
place.
"""

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from crypto.sealing import hkdf, open_sealed, seal

NONCE_BYTES = 12
KEY_BYTES = 32

Random = Callable[[int], bytes]
"""Gives that many unpredictable bytes; ``secrets.token_bytes`` outside tests."""


@dataclass(frozen=True)
class Vault:
    """The data key of one account, and what may be done with it."""

    data_key: bytes = field(repr=False)

    def seal(self, value: Any, *, kind: str, row: str, random: Random) -> bytes:
        """Seal a JSON value as the content of one row.

        Args:
            value: Anything that JSON can say.
            kind: The kind of row, such as ``credential``.
            row: The row's id; the sealed bytes open under no other.
            random: Source of the nonce.

        Returns:
            The nonce followed by the ciphertext.
        """
        plaintext = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return seal(plaintext, key=self._key(kind), nonce=random(NONCE_BYTES), associated_data=row.encode())

    def open(self, blob: bytes, *, kind: str, row: str) -> Any:
        """Open what :meth:`seal` made for this kind and row.

        Raises:
            crypto.errors.SealError: The bytes are not what was sealed for this row of this account.
        """
        return json.loads(open_sealed(blob, key=self._key(kind), associated_data=row.encode()))

    def fingerprint(self, value: bytes) -> bytes:
        """Give a 32-byte tag of ``value`` that means nothing to whoever lacks the data key.

        It lets the database refuse the same credential twice without holding the digest of anything.
        """
        return hmac.digest(self._key("fingerprint"), value, sha256)

    def _key(self, kind: str) -> bytes:
        return hkdf(self.data_key, info=f"vocred/wallet/1/{kind}", length=KEY_BYTES)
