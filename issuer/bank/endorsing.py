"""Whether a certificate carries every endorsement that it requires.

Each required body's endorsement has to cover what the certificate says, to verify under a key of that body,
and not to be withdrawn. An endorsement inside an anchored form existed at that form's block, so the
endorser's key is looked up in its document of today, at that block's time.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crypto.errors import CryptoError
from issuer.bank import registry_keys, statuses
from issuer.bank.desk import Desk
from ledger.proof.verify import Receipt
from ledger.registry import issuer_key
from vc import dates, endorsements, status
from vc.errors import VcError


def complete(credential: Mapping[str, Any], *, receipt: Receipt | None, desk: Desk, now: int) -> bool:
    """Return whether every required endorsement is there and good.

    Args:
        credential: The secured form, whose own proof verified.
        receipt: Its receipt, or None: then keys are looked up as of now.
        desk: The collaborators.
        now: Seconds since 1970.

    Raises:
        CannotCheckError: An endorsement could not be looked at now.

    Spec: CREDENTIALS.md, section 5.
    """
    try:
        required = endorsements.required(credential)
        given = endorsements.embedded(credential) if required else ()
    except VcError:
        return False
    at = dates.from_seconds(now if receipt is None else receipt.time_of_issue)
    return all(_endorsed(credential, given, did, at=at, desk=desk, now=now) for did in required)


def _endorsed(
    credential: Mapping[str, Any],
    given: tuple[Mapping[str, Any], ...],
    did: str,
    *,
    at: datetime,
    desk: Desk,
    now: int,
) -> bool:
    return any(
        _good(credential, endorsement, at=at, desk=desk, now=now)
        for endorsement in given
        if _endorser(endorsement) == did
    )


def _endorser(endorsement: Mapping[str, Any]) -> str | None:
    try:
        return endorsements.endorser_id(endorsement)
    except VcError:
        return None


def _good(
    credential: Mapping[str, Any], endorsement: Mapping[str, Any], *, at: datetime, desk: Desk, now: int
) -> bool:
    moment = dates.from_seconds(now)
    try:
        endorsements.check_content(endorsement, credential)
        endorsements.check_period(endorsement, now=moment)
        (entry,) = status.entries(endorsement)
    except (VcError, CryptoError):
        return False
    did = endorsements.endorser_id(endorsement)
    snapshot = desk.snapshot([issuer_key(did), *statuses.keys(did, {entry.list_url})], now=now)
    record = snapshot.issuer(did)
    if record is None:
        return False
    try:
        resolve = registry_keys.key_ring(record, digest=record.document_digest, at=at, desk=desk)
        endorsements.verify_proof(endorsement, resolve=resolve, now=moment)
    except (VcError, CryptoError):
        return False
    current = registry_keys.current(record, desk=desk, now=moment)
    lists = statuses.Lists(did, resolve=current, snapshot=snapshot, desk=desk, now=moment)
    return lists.read(entry).kind == "none"
