"""Who an issuer is, by the consortium's registry: never by its own word, never by a name in a credential.

Everything rests on a proved snapshot of the ledger. The node's plain listing is used only to find *which*
record to ask a proof for. A DID document is accepted only if its SHA-256 is the one that the record holds;
where its bytes lie does not matter.
"""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from crypto.keys import PublicKey
from ledger.errors import LedgerError
from ledger.proof.verify import Snapshot
from ledger.registry import IssuerRecord, StateKey, grant_key, grants_key, issuer_key, number_key
from vc import controller_documents
from wallet.errors import CannotCheckError, UnknownIssuerError
from wallet.parts import Parts
from web.errors import FetchError

DOCUMENT_BYTES = 64 * 1024


@dataclass(frozen=True)
class KnownIssuer:
    """An issuer that the registry knows, with the proof of it.

    Attributes:
        record: Its current record.
        accredited: The types that it may issue at this moment, by the names of our catalogue.
        keys: The registry's keys that say so, for stapling.
        snapshot: What proves both.
    """

    record: IssuerRecord
    accredited: frozenset[str]
    keys: tuple[StateKey, ...]
    snapshot: Snapshot = field(repr=False)

    def may_issue(self, credential_type: str) -> bool:
        """Tell whether the issuer may issue a type at the snapshot's moment."""
        return credential_type in self.accredited


def by_number(number: int, *, parts: Parts, now: datetime) -> IssuerRecord:
    """Find the issuer whose claim codes start with a number.

    Raises:
        UnknownIssuerError: The registry proves that no issuer has it.
        CannotCheckError: The ledger could not be asked.
    """
    snapshot = _snapshot([number_key(number)], parts=parts, now=now)
    did = snapshot.issuer_by_number(number)
    if did is None:
        raise UnknownIssuerError("no body of the consortium has claim codes that start like this")
    return _record(did, parts=parts, now=now)


def by_claims_url(url: str, *, parts: Parts, now: datetime) -> KnownIssuer:
    """Find the issuer that receives claims at an address.

    Raises:
        UnknownIssuerError: No issuer of the registry does.
        CannotCheckError: The ledger could not be asked.
    """
    for did in _listed_dids(url, parts=parts):
        known = by_did(did, parts=parts, now=now)
        # The listing is the node's word. What counts is the record that was proved.
        if known.record.claims_url == url:
            return known
    raise UnknownIssuerError("no body of the consortium receives claims at this address")


def by_did(did: str, *, parts: Parts, now: datetime, also: tuple[StateKey, ...] = ()) -> KnownIssuer:
    """Find an issuer and what it may issue now.

    Args:
        did: The issuer's DID.
        parts: The collaborators.
        now: The time.
        also: Further keys that the snapshot shall prove.

    Raises:
        UnknownIssuerError: The registry proves that there is no such issuer.
        CannotCheckError: The ledger could not be asked.
    """
    first = _snapshot([issuer_key(did), grants_key(did)], parts=parts, now=now)
    if first.issuer(did) is None:
        raise UnknownIssuerError("the consortium's registry knows no such issuer")
    grants = [tuple(pair) for pair in first.value(grants_key(did)) or ()]
    keys = [grant_key(accreditor, did, kind) for accreditor, kind in grants]
    snapshot = _snapshot([issuer_key(did), *keys, *also], parts=parts, now=now)
    record = snapshot.issuer(did)
    if record is None:
        raise UnknownIssuerError("the consortium's registry knows no such issuer")
    moment = int(now.timestamp())
    in_force = {
        kind
        for accreditor, kind in grants
        if (grant := snapshot.grant(accreditor, did, kind)) is not None and grant.in_force(moment)
    }
    stopped = record.suspended(moment) or (record.closed_at is not None and record.closed_at <= moment)
    accredited = frozenset() if stopped else frozenset(in_force)
    return KnownIssuer(record, accredited, (issuer_key(did), grants_key(did), *keys), snapshot)


def fetch_document(record: IssuerRecord, *, parts: Parts, now: datetime) -> bytes:
    """Fetch the bytes of an issuer's DID document, the very ones whose digest the registry holds.

    Raises:
        CannotCheckError: Neither a mirror nor the issuer has them.
    """
    digest = record.document_digest
    mirrored = from_mirrors(digest, parts=parts, now=now, max_bytes=DOCUMENT_BYTES)
    if mirrored is not None:
        return mirrored
    places = (
        f"{record.store_url}/documents/{digest.hex()}",
        f"{record.claims_url}/.well-known/did.json",
    )
    for place in places:
        try:
            answer = parts.fetcher.get(place, max_bytes=DOCUMENT_BYTES)
        except FetchError:
            continue
        if answer.status == 200 and sha256(answer.body).digest() == digest:
            return answer.body
    raise CannotCheckError("the issuer's public keys cannot be had at this moment")


def from_mirrors(digest: bytes, *, parts: Parts, now: datetime, max_bytes: int) -> bytes | None:
    """Fetch a public document with a SHA-256 from the consortium's mirrors; None where none has it."""
    if parts.mirrors is None:
        return None
    return parts.mirrors.object(digest, now=int(now.timestamp()), max_bytes=max_bytes)


class KeyRing:
    """Finds the public key behind a verification method of one issuer; nothing else resolves."""

    def __init__(self, did: str, document: bytes, *, now: datetime) -> None:
        """Read a DID document whose digest was checked.

        Raises:
            vc.errors.VcError: The document is not one that keys may be taken from.
        """
        self._document: dict[str, Any] = controller_documents.parse(document, did=did)
        self._now = now

    def __call__(self, verification_method: str, purpose: str) -> PublicKey:
        """Give the key, for ``vc.data_integrity.verify``."""
        return controller_documents.verification_key(
            self._document, verification_method, purpose=purpose, at=self._now
        )


def _listed_dids(url: str, *, parts: Parts) -> list[str]:
    try:
        listed = parts.ledger.registry().get("issuers", [])
    except LedgerError as error:
        raise CannotCheckError("the consortium's registry cannot be asked at this moment") from error
    return [entry["did"] for entry in listed if (entry.get("urls") or {}).get("claims") == url]


def _record(did: str, *, parts: Parts, now: datetime) -> IssuerRecord:
    record = _snapshot([issuer_key(did)], parts=parts, now=now).issuer(did)
    if record is None:
        raise UnknownIssuerError("the consortium's registry knows no such issuer")
    return record


def _snapshot(keys: list[StateKey], *, parts: Parts, now: datetime) -> Snapshot:
    try:
        snapshot, _ = parts.ledger.snapshot(keys, now=int(now.timestamp()))
    except LedgerError as error:
        raise CannotCheckError("the consortium's registry cannot be asked at this moment") from error
    return snapshot
