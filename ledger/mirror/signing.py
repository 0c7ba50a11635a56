"""What issuers sign for mirrors: that an object may be left there, and that a bucket is theirs.

Both are untagged COSE_Sign1 in deterministic CBOR by the issuer's submission key, and travel in a header,
base64url without padding:

    protected  {1: alg, 3: content type, 4: kid, 15: {1: did, 2: chain id}}
    upload     ["vocred/mirror/1", chain id, SHA-256 of the object, seconds since 1970], attached
    bucket     ["vocred/bucket/1", chain id, did, kind, bits, prefix, SHA-256 of the bucket], detached

An upload's signature counts for an hour around its time. A bucket's is kept and passed on: the anchored
index names only which locators a bucket holds, so without it whoever passes a bucket on could put other
bytes under them. Neither is a statement, and neither changes anything on the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from crypto import cbor, cose
from crypto.errors import PROBLEM_TYPES, CryptoError
from crypto.keys import PrivateKey, PublicKey
from crypto.multibase import base64url_decode, base64url_encode
from ledger.errors import LedgerError, Reject
from ledger.headers import is_header, make_header, read_header

UPLOAD_HEADER = "Vocred-Upload"
BUCKET_HEADER = "Vocred-Bucket"
UPLOAD_TYPE = "application/vnd.vocred.upload+cbor"
BUCKET_TYPE = "application/vnd.vocred.bucket+cbor"
UPLOAD_SECONDS = 3600
"""How far an upload's time may be from the mirror's."""

Kind = Literal["forms", "receipts"]

_UPLOAD, _BUCKET = "vocred/mirror/1", "vocred/bucket/1"
_MAX_BYTES = 1024


class UploadError(LedgerError):
    """No issuer of the registry signed for this object, or not now."""

    code = "MIRROR_NOT_PERMITTED"
    type = PROBLEM_TYPES + "MIRROR_NOT_PERMITTED"
    title = "The mirror does not take this object"


@dataclass(frozen=True)
class Upload:
    """Who asks that an object be kept. Nothing of it is checked before ``verify_upload``.

    Attributes:
        did: The issuer.
        digest: SHA-256 of the object.
        signed_at: Seconds since 1970.
    """

    did: str
    digest: bytes
    signed_at: int


def sign_upload(digest: bytes, *, did: str, chain_id: str, key: PrivateKey, now: int) -> str:
    """Sign that an object be kept for the issuer.

    Args:
        digest: SHA-256 of the object.
        did: The issuer.
        chain_id: The ledger whose mirrors are asked.
        key: The issuer's submission key.
        now: Seconds since 1970.

    Returns:
        The value of the header ``Vocred-Upload``.
    """
    payload = cbor.encode([_UPLOAD, chain_id, digest, now])
    header = make_header(UPLOAD_TYPE, did=did, chain_id=chain_id, key=key.public)
    return base64url_encode(cose.sign1(payload, protected=header, key=key))


def read_upload(text: str) -> Upload:
    """Read a header's value without checking its signature.

    Raises:
        UploadError: It has another form.
    """
    sign1 = _parse(text, detached=False)
    try:
        assert sign1.payload is not None
        domain, _, digest, signed_at = cbor.decode(sign1.payload)
        did, _, _ = read_header(sign1.protected, UPLOAD_TYPE)
    except (CryptoError, Reject, TypeError, ValueError) as error:
        raise UploadError("the signature for the upload has another form") from error
    if domain != _UPLOAD or (type(digest), type(signed_at)) != (bytes, int):
        raise UploadError("the signature for the upload has another form")
    return Upload(did, digest, signed_at)


def verify_upload(text: str, *, digest: bytes, did: str, chain_id: str, key: PublicKey, now: int) -> None:
    """Check that an issuer asks that this object be kept, at about this time.

    Args:
        text: The header's value.
        digest: SHA-256 of the object that came with it.
        did: The issuer, as ``read_upload`` found it.
        chain_id: This ledger.
        key: Its submission key by the registry.
        now: Seconds since 1970.

    Raises:
        UploadError: It does not.
    """
    upload, sign1 = read_upload(text), _parse(text, detached=False)
    payload = cbor.encode([_UPLOAD, chain_id, digest, upload.signed_at])
    if upload.digest != digest:
        raise UploadError("the signature is for another object")
    if abs(now - upload.signed_at) > UPLOAD_SECONDS:
        raise UploadError("the signature is too old, or the clocks differ")
    named = is_header(sign1.protected, UPLOAD_TYPE, did=did, chain_id=chain_id, key=key)
    if sign1.payload != payload or not named:
        raise UploadError("the signature names another issuer, key or ledger")
    try:
        sign1.verify(key)
    except CryptoError as error:
        raise UploadError("the signature does not hold") from error


def sign_bucket(bucket: bytes, *, place: BucketPlace, chain_id: str, key: PrivateKey) -> str:
    """Sign a bucket of sealed forms or receipts.

    Args:
        bucket: Its exact bytes.
        place: Whose bucket it is, and which.
        chain_id: The ledger.
        key: The issuer's submission key.

    Returns:
        The value of the header ``Vocred-Bucket``.
    """
    header = make_header(BUCKET_TYPE, did=place.did, chain_id=chain_id, key=key.public)
    payload = place.payload(bucket, chain_id)
    return base64url_encode(cose.sign1(payload, protected=header, key=key, detached=True))


def is_signed_bucket(
    text: str | None, bucket: bytes, *, place: BucketPlace, chain_id: str, key: PublicKey
) -> bool:
    """Return whether the issuer signed a bucket with exactly these bytes for this place.

    Args:
        text: The header's value, or None where there was none.
        bucket: The bytes that came with it.
        place: Whose bucket it should be, and which.
        chain_id: The ledger.
        key: The issuer's submission key by the registry.
    """
    if text is None:
        return False
    try:
        sign1 = _parse(text, detached=True)
        sign1.verify(key, place.payload(bucket, chain_id))
    except (UploadError, CryptoError):
        return False
    return is_header(sign1.protected, BUCKET_TYPE, did=place.did, chain_id=chain_id, key=key)


@dataclass(frozen=True)
class BucketPlace:
    """Where a bucket belongs.

    Attributes:
        did: The issuer.
        kind: ``forms`` or ``receipts``.
        bits: Length of the prefix.
        prefix: The prefix as a number.
    """

    did: str
    kind: Kind
    bits: int
    prefix: int

    def payload(self, bucket: bytes, chain_id: str) -> bytes:
        """Return what the issuer signs for these bytes at this place."""
        digest = sha256(bucket).digest()
        return cbor.encode([_BUCKET, chain_id, self.did, self.kind, self.bits, self.prefix, digest])


def _parse(text: str, *, detached: bool) -> cose.Sign1:
    try:
        data = base64url_decode(text, max_chars=2 * _MAX_BYTES)
        return cose.parse_sign1(data, detached=detached, max_bytes=_MAX_BYTES)
    except CryptoError as error:
        raise UploadError("the signature is no COSE_Sign1") from error
