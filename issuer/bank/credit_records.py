"""A conversion becomes a CreditRecord: a record like any other, with its forms, status and anchor.

Everything is written inside the caller's transaction, the paper form signed in it: a conversion never exists
without its record, nor a record without its conversion. The records of one day are rows of one batch, which
is issued from the start; the worker anchors the forms as it finds them.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from issuer import issuance, offers, records, revocation, signing, standing, store_records
from issuer.bank import store
from issuer.batches import new_id
from issuer.errors import ClaimError, ConflictError
from issuer.parts import Parts
from vc import dates

CREDIT_RECORD = "CreditRecord"
HOLDER = "holder"


def issue(db: Database, parts: Parts, *, fields: Mapping[str, str], checker: str, now: int) -> str:
    """Sign a CreditRecord and write it, inside the caller's transaction.

    Args:
        db: The connection, in a transaction.
        parts: The collaborators.
        fields: The record's values, for ``schemas.builders.credit``.
        checker: Who confirmed it: an officer, or the rule.
        now: Seconds since 1970.

    Returns:
        The record's id.

    Raises:
        NotAccreditedError: The registry lets this institution sign no CreditRecord now.
        VcError, BundleError: The record breaks a rule of its type; nothing is kept.
    """
    standing.require(db, CREDIT_RECORD, now=now)
    press = issuance.press(db, parts, now=now)
    batch_id, position = _place(db, checker=checker, signer=press.key.verification_method, now=now)
    record_id = new_id(parts.random)
    (slot,) = signing.draw_slots(db, count=1, random=parts.random, now=now)
    form = press.sign(fields, credential_type=CREDIT_RECORD, record_id=record_id, slot=slot)
    row = {
        "batch_id": batch_id,
        "position": position,
        "number": fields["certNo"],
        "person_key": "",
        "content_digest": hashlib.sha256(json.dumps(dict(fields), sort_keys=True).encode()).digest(),
        "class_name": "",
        "fields": dict(fields),
    }
    store_records.add_batch_row(
        db,
        {
            **row,
            "line": position + 1,
            "pile": "ready",
            "findings": [],
            "state": "signed",
            "record_id": record_id,
        },
    )
    store_records.add_record(
        db,
        {
            **row,
            "id": record_id,
            "credential_type": CREDIT_RECORD,
            # Once per course is the bank's own rule; a record that was cancelled may be followed by another.
            "achievement": signing.achievement_key(json.loads(form.secured)),
            "holder_name": fields["name"],
            "created_at": now,
        },
    )
    issuance.store_sealed(db, parts, record_id=record_id, sealed=press.seal(form), now=now)
    return record_id


def end(db: Database, record_id: str, *, reason: str, now: int) -> None:
    """Revoke the CreditRecord of a conversion that ends, inside the caller's transaction.

    The record may have been revoked by itself before; then there is nothing to do.
    """
    if records.get(db, record_id).state == "valid":
        revocation.revoke(db, record_id=record_id, reason=reason, now=now)


def offer(db: Database, parts: Parts, *, record_id: str, now: int) -> str | None:
    """Mint an offer of a record for the bearer of its application's token; None where it gives none any more.

    Returns:
        The ``credential_offer_uri``.
    """
    try:
        return offers.mint_direct(db, parts, record_id=record_id, now=now).uri
    except (ClaimError, ConflictError):
        return None


def next_number(db: Database, account_id: str) -> str:
    """Return the number of an account's next CreditRecord."""
    return f"{account_id}-{len(store.conversions(db, account_id)) + 1:04}"


def _place(db: Database, *, checker: str, signer: str, now: int) -> tuple[str, int]:
    """Return the batch of the day and the next free place in it; a batch that was printed takes no more."""
    day = _day(now)
    serial = 1
    while True:
        batch_id = f"credit-{day:%Y%m%d}-{serial}"
        found = store_records.batch(db, batch_id)
        if found is None:
            _open_batch(db, batch_id, day, checker=checker, signer=signer, now=now)
            return batch_id, 0
        if found["printed_at"] is None and found["slips_printed_at"] is None:
            return batch_id, store_records.counts(db, batch_id)["ready"]
        serial += 1


def _open_batch(db: Database, batch_id: str, day: datetime, *, checker: str, signer: str, now: int) -> None:
    values: dict[str, Any] = {
        "id": batch_id,
        "credential_type": CREDIT_RECORD,
        "source_name": f"学分银行登记 {day:%Y-%m-%d}",
        "source_digest": hashlib.sha256(batch_id.encode()).digest(),
        "report": {},
        # The learner asks, by an application; whoever confirms it is the second pair of eyes.
        "maker": HOLDER,
        "checker": checker,
        "created_at": now,
        "approved_at": now,
        "issued_at": now,
        "signer": signer,
        "state": "issued",
    }
    store_records.add_batch(db, values)


def _day(now: int) -> datetime:
    return dates.from_seconds(now).astimezone(dates.CHINA)
