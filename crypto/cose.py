"""COSE_Sign1 as the ledger uses it: untagged, in deterministic CBOR, everything in the protected header.

[protected: bstr, {}, payload: bstr or null, signature: bstr of 64 bytes]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crypto import cbor
from crypto.errors import CborError, CoseError, SignatureError
from crypto.keys import ED25519, P256, PrivateKey, PublicKey

HEADER_ALG = 1

# RFC 9053: EdDSA and ES256. The algorithm belongs to the key; a message only repeats it.
ALGORITHMS = {ED25519: -8, P256: -7}


@dataclass(frozen=True)
class Sign1:
    """A parsed COSE_Sign1 whose signature nobody has checked yet.

    Attributes:
        protected: The protected header.
        protected_bytes: Its encoding, which is what was signed.
        payload: The content, or None when it is detached.
        signature: 64 bytes.
    """

    protected: dict[Any, Any]
    protected_bytes: bytes
    payload: bytes | None
    signature: bytes

    def verify(self, public_key: PublicKey, payload: bytes | None = None) -> None:
        """Check the signature.

        Args:
            public_key: The key that the caller trusts for this message.
            payload: The content, exactly when it is detached.

        Raises:
            SignatureError: Another key's, another content's, another algorithm, or ES256 with the higher s.

        Spec: RFC 9052, section 4.4.
        """
        if (self.payload is None) == (payload is None):
            raise SignatureError("the content is either attached or given, not both")
        if self.protected.get(HEADER_ALG) != ALGORITHMS[public_key.algorithm]:
            raise SignatureError("the header names another algorithm than the key's")
        content = self.payload if payload is None else payload
        assert content is not None
        public_key.verify(self.signature, sig_structure(self.protected_bytes, content), low_s=True)


def sign1(payload: bytes, *, protected: Mapping[int, Any], key: PrivateKey, detached: bool = False) -> bytes:
    """Sign a payload.

    Args:
        payload: The content.
        protected: The header's members; the algorithm (1) is added, or must be the key's.
        key: The signing key.
        detached: Leave the content out of the result.

    Returns:
        The COSE_Sign1 in deterministic CBOR.

    Raises:
        CoseError: The header names another algorithm.

    Spec: RFC 9052, section 4.4.
    """
    header = {HEADER_ALG: ALGORITHMS[key.algorithm], **protected}
    if header[HEADER_ALG] != ALGORITHMS[key.algorithm]:
        raise CoseError("the header names another algorithm than the key's")
    protected_bytes = cbor.encode(header)
    signature = key.sign(sig_structure(protected_bytes, payload))
    return cbor.encode([protected_bytes, {}, None if detached else payload, signature])


def parse_sign1(data: bytes, *, detached: bool = False, max_bytes: int = cbor.MAX_BYTES) -> Sign1:
    """Read a COSE_Sign1 without checking its signature.

    Args:
        data: Untagged, deterministic CBOR, the unprotected header empty.
        detached: Whether the content has to be absent; otherwise it has to be there.
        max_bytes: Longest input.

    Raises:
        CoseError: Not of that shape.
        LimitError: Longer than ``max_bytes``.

    Spec: RFC 9052, section 4.2.
    """
    try:
        message = cbor.decode(data, max_bytes=max_bytes)
        if not isinstance(message, list) or len(message) != 4:
            raise CoseError("a COSE_Sign1 is an array of four")
        protected_bytes, unprotected, payload, signature = message
        if type(protected_bytes) is not bytes or type(signature) is not bytes or len(signature) != 64:
            raise CoseError("the protected header or the signature is not a byte string of its length")
        protected = cbor.decode(protected_bytes)
    except CborError as error:
        raise CoseError(str(error)) from error
    if type(unprotected) is not dict or unprotected:
        raise CoseError("the unprotected header has to be an empty map")
    if type(protected) is not dict:
        raise CoseError("the protected header is a map")
    if (payload is None) != detached or not isinstance(payload, bytes | None):
        raise CoseError("the content is not where it belongs")
    return Sign1(protected, protected_bytes, payload, signature)


def sig_structure(protected_bytes: bytes, payload: bytes) -> bytes:
    """Return the bytes that a COSE_Sign1 signature covers; there is no external data.

    Spec: RFC 9052, section 4.4.
    """
    return cbor.encode(["Signature1", protected_bytes, b"", payload])
