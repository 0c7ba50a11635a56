"""The public keys of bodies of the consortium, from the documents whose digests the registry holds."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from crypto.errors import CryptoError
from crypto.keys import PublicKey
from issuer.bank.desk import Desk
from issuer.bank.errors import CannotCheckError
from ledger.registry import IssuerRecord
from vc import controller_documents, limits
from vc.errors import VcError, VerificationMethodError

Resolve = Callable[[str, str], PublicKey]


def key_ring(record: IssuerRecord, *, digest: bytes, at: datetime, desk: Desk) -> Resolve:
    """Return what finds the keys of one body, in the document with a digest.

    Args:
        record: The body's record; its addresses say where the document may lie.
        digest: SHA-256 of the document that counts: that of a receipt's block, or the current one.
        at: The time at which the keys have to be in force.
        desk: The collaborators.

    Raises:
        CannotCheckError: Nobody serves those bytes now.
        VcError: The document is not one that keys may be taken from.
    """
    document = controller_documents.parse(_document(record, digest, desk=desk), did=record.did)

    def resolve(verification_method: str, purpose: str) -> PublicKey:
        if verification_method.partition("#")[0] != record.did:
            raise VerificationMethodError("the key belongs to another body")
        return controller_documents.verification_key(document, verification_method, purpose=purpose, at=at)

    return resolve


def current(record: IssuerRecord, *, desk: Desk, now: datetime) -> Resolve:
    """Return what finds a body's keys of today: lists are signed anew all the time.

    Raises:
        CannotCheckError: They cannot be had.
    """
    try:
        return key_ring(record, digest=record.document_digest, at=now, desk=desk)
    except (VcError, CryptoError) as error:
        raise CannotCheckError("a body's DID document cannot be used") from error


def _document(record: IssuerRecord, digest: bytes, *, desk: Desk) -> bytes:
    places = (
        f"{record.store_url}/documents/{digest.hex()}",
        f"{record.claims_url}/.well-known/did.json",
    )
    for place in places:
        try:
            found = desk.get(place, max_bytes=limits.CONTROLLER_DOCUMENT_BYTES)
        except CannotCheckError:
            continue
        if found is not None and sha256(found).digest() == digest:
            return found
    raise CannotCheckError("a body's DID document cannot be had now")
