"""The bank verifies a presented certificate itself: it relies on nobody's report, least of all the wallet's.

    1 limits, strict profile, the type's schema      5 its status list
    2 the issuer's record in the registry            6 what the issuer's record says today: stolen, suspended
    3 the form's receipt, by bucket                  7 every endorsement that it requires
    4 its proof, under a key of the receipt's block

What does not hold is refused or noted; what could not be looked at raises ``CannotCheckError`` and is never
taken for a yes. The validity period, age and levels are the agreement's business (``vc.recognition``).

Spec: ARCHITECTURE.md, "Verification, in order"; OPENID4VC.md, section 3.3.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crypto.errors import CryptoError
from issuer.bank import endorsing, registry_keys, statuses
from issuer.bank.desk import Desk
from issuer.bank.errors import CannotCheckError, PresentationRefusedError
from ledger.client import LedgerUnavailableError
from ledger.errors import LedgerError
from ledger.proof.errors import KeyCompromisedError, NotProvenError, ReceiptError
from ledger.proof.verify import Receipt, Snapshot, check_current
from ledger.registry import IssuerRecord, issuer_key
from vc import credentials, data_integrity, dates, documents, form_store, status, structure
from vc.errors import StoreError, VcError
from vc.recognition import Source, source_from
from vc.status import StatusEntry

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Verified:
    """A presented form and what was found out about it.

    Attributes:
        source: The facts and the verdict, as an evaluation takes them.
        digest: SHA-256 of the form.
        entry: Its place on a status list.
        problem: The code of what keeps it from being valid, or None.
    """

    source: Source
    digest: bytes
    entry: StatusEntry
    problem: str | None = None


def verify(credential: Mapping[str, Any], *, desk: Desk, now: int) -> Verified:
    """Verify a holder-bound form whose holder has proved possession of its key.

    Args:
        credential: The secured form.
        desk: The collaborators.
        now: Seconds since 1970.

    Raises:
        PresentationRefusedError: It is not a certificate of that issuer at all.
        CannotCheckError: Something could not be looked at now.
    """
    moment = dates.from_seconds(now)
    entry = _read(credential)
    issuer_id = credentials.issuer_id(credential)
    asked = [issuer_key(issuer_id), *statuses.keys(issuer_id, {entry.list_url})]
    snapshot = desk.snapshot(asked, now=now)
    record = snapshot.issuer(issuer_id)
    if record is None:
        raise PresentationRefusedError("the registry knows no such issuer", code="ISSUER_NOT_TRUSTED")
    receipt = _receipt(credential, record, desk=desk, now=now)
    if receipt is not None and receipt.own_size > snapshot.size:
        # Anchored after the head that was read, which may be some seconds old: read the present one.
        snapshot = desk.snapshot(asked, now=now, fresh=True)
    _check_proof(credential, record, receipt, desk=desk, now=moment)
    problem = _standing(receipt, snapshot) or _status(entry, record, snapshot, desk=desk, now=moment)
    return Verified(
        source=source_from(
            credentials.facts(credential),
            verdict="valid" if problem is None else "revoked",
            anchored=receipt is not None,
            possession=True,
            complete=endorsing.complete(credential, receipt=receipt, desk=desk, now=now),
        ),
        digest=credentials.digest(dict(credential)),
        entry=entry,
        problem=problem,
    )


def _read(credential: Mapping[str, Any]) -> StatusEntry:
    try:
        documents.check(credential)
        structure.validate(dict(credential))
        entries = status.entries(credential)
    except (VcError, CryptoError) as error:
        raise PresentationRefusedError("it is no certificate of its type", code=error.code) from error
    if len(entries) != 1 or entries[0].purpose != status.REVOCATION:
        raise PresentationRefusedError("a certificate has one status entry", code="STATUS_TYPE_UNKNOWN")
    return entries[0]


def _receipt(credential: Mapping[str, Any], record: IssuerRecord, *, desk: Desk, now: int) -> Receipt | None:
    """Find and check the form's receipt; one that does not check counts as none."""
    digest = credentials.digest(dict(credential))
    bundle = _stored_receipt(digest, record, desk=desk)
    if bundle is None:
        return None
    try:
        return desk.ledger.verify_receipt(
            bundle,
            digest=digest,
            issuer_id=record.did,
            credential_type=credentials.credential_type(credential),
            now=now,
        )
    except LedgerUnavailableError as error:
        raise CannotCheckError("the ledger cannot be asked about the receipt now") from error
    except (LedgerError, CryptoError) as error:
        logger.info("receipt refused form=%s code=%s", digest.hex(), error.code)
        return None


def _stored_receipt(digest: bytes, record: IssuerRecord, *, desk: Desk) -> bytes | None:
    # Only the prefix's length is taken from the index, and the receipt proves itself; so nothing is lost if
    # the index served is not the anchored one.
    content = desk.get(f"{record.store_url}/index")
    if content is None:
        return None
    locator, _ = form_store.receipt_locator(digest)
    try:
        path = form_store.parse_index(content).path(locator, kind="receipts")
        bucket = desk.get(f"{record.store_url}/{path}")
        blob = None if bucket is None else form_store.find(locator, bucket=form_store.decode_bucket(bucket))
        return None if blob is None else form_store.open_receipt(blob, form_digest=digest)
    except (StoreError, CryptoError) as error:
        raise CannotCheckError("the issuer's store of receipts cannot be read") from error


def _check_proof(
    credential: Mapping[str, Any], record: IssuerRecord, receipt: Receipt | None, *, desk: Desk, now: datetime
) -> None:
    held = record if receipt is None else receipt.issuer
    at = now if receipt is None else dates.from_seconds(receipt.time_of_issue)
    try:
        resolve = registry_keys.key_ring(record, digest=held.document_digest, at=at, desk=desk)
        data_integrity.verify(dict(credential), resolve=resolve, purpose="assertionMethod", now=now)
    except (VcError, CryptoError) as error:
        raise PresentationRefusedError(
            "the certificate's signature is not its issuer's", code=error.code
        ) from error


def _standing(receipt: Receipt | None, snapshot: Snapshot) -> str | None:
    """Return the code of what the issuer's record of today says against the form, or None."""
    if receipt is None:
        return None
    try:
        check_current(receipt, current=snapshot)
    except KeyCompromisedError as error:
        raise PresentationRefusedError("the issuer's key was stolen by then", code=error.code) from error
    except NotProvenError as error:
        raise CannotCheckError("the registry's answer does not say enough") from error
    except ReceiptError as error:
        return error.code
    return None


def _status(
    entry: StatusEntry, record: IssuerRecord, snapshot: Snapshot, *, desk: Desk, now: datetime
) -> str | None:
    resolve = registry_keys.current(record, desk=desk, now=now)
    lists = statuses.Lists(record.did, resolve=resolve, snapshot=snapshot, desk=desk, now=now)
    return {"none": None, "withdrawn": "WITHDRAWN", "revoked": "REVOKED"}[lists.read(entry).kind]
