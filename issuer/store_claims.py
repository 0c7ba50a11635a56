"""SQL of claim slips, offers, access tokens and nonces. Secrets stand here only as hashes."""

import json
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from issuer.store import insert, row, rows


def add_slip(db: Database, values: Mapping[str, Any]) -> None:
    """Write a slip."""
    insert(db, "slip", values)


def slip(db: Database, slip_id: str) -> dict[str, Any] | None:
    """Return a slip by its id."""
    return row(db, "SELECT * FROM slip WHERE id = ?", (slip_id,))


def slip_of_locator(db: Database, locator: bytes) -> dict[str, Any] | None:
    """Return the slip of a claim code by the code's locator."""
    return row(db, "SELECT * FROM slip WHERE locator = ?", (locator,))


def newest_slip(db: Database, record_id: str) -> dict[str, Any] | None:
    """Return the slip of a record that was made last."""
    return row(
        db,
        "SELECT * FROM slip WHERE record_id = ? ORDER BY created_at DESC, rowid DESC LIMIT 1",
        (record_id,),
    )


def set_pin(db: Database, slip_id: str, pin_hash: bytes) -> None:
    """Give a slip that is printed once more another PIN; earlier wrong tries keep counting."""
    db.execute("UPDATE slip SET pin_hash = ? WHERE id = ?", (pin_hash, slip_id))


def forget_claim_codes(db: Database, batch_id: str) -> int:
    """Forget the claim codes of a batch's slips; returns how many."""
    return db.execute(
        "UPDATE slip SET wrapped = NULL WHERE wrapped IS NOT NULL AND record_id IN "
        "(SELECT id FROM record WHERE batch_id = ?)",
        (batch_id,),
    ).rowcount


def void_slips(db: Database, record_id: str) -> None:
    """End a record's open slip, its offers and its tokens."""
    end_claims(db, record_id)
    db.execute(
        "UPDATE slip SET state = 'void', wrapped = NULL WHERE record_id = ? AND state IN ('open', 'locked')",
        (record_id,),
    )


def end_claims(db: Database, record_id: str, *, but_token: bytes = b"") -> None:
    """End the offers of a record's slips, and their tokens but one."""
    slips = "slip_id IN (SELECT id FROM slip WHERE record_id = ?)"
    db.execute(f"UPDATE offer SET state = 'ended' WHERE state = 'open' AND {slips}", (record_id,))  # noqa: S608
    db.execute(f"UPDATE access_token SET ended = 1 WHERE {slips} AND hash <> ?", (record_id, but_token))  # noqa: S608


def use_slip(db: Database, slip_id: str, *, at: int) -> bool:
    """Mark an open slip as used; False when it is not open."""
    cursor = db.execute(
        "UPDATE slip SET state = 'used', used_at = ?, wrapped = NULL WHERE id = ? AND state = 'open'",
        (at, slip_id),
    )
    return cursor.rowcount == 1


def count_wrong_pin(db: Database, slip_id: str, *, most: int) -> None:
    """Count a wrong PIN; with the last one the slip is locked and its offers end."""
    db.execute("UPDATE slip SET wrong_pins = wrong_pins + 1 WHERE id = ?", (slip_id,))
    locked = db.execute(
        "UPDATE slip SET state = 'locked' WHERE id = ? AND state = 'open' AND wrong_pins >= ?",
        (slip_id, most),
    )
    if locked.rowcount:
        db.execute("UPDATE offer SET state = 'ended' WHERE slip_id = ? AND state = 'open'", (slip_id,))


def add_offer(db: Database, values: Mapping[str, Any]) -> None:
    """Write an offer."""
    insert(db, "offer", values)


def end_oldest_offers(db: Database, slip_id: str, *, keep: int) -> None:
    """End all but the newest open offers of a slip."""
    db.execute(
        "UPDATE offer SET state = 'ended' WHERE slip_id = ?1 AND state = 'open' AND id_hash NOT IN "
        "(SELECT id_hash FROM offer WHERE slip_id = ?1 AND state = 'open' ORDER BY rowid DESC LIMIT ?2)",
        (slip_id, keep),
    )


def offer(db: Database, id_hash: bytes) -> dict[str, Any] | None:
    """Return an offer by the hash of its id."""
    return row(db, "SELECT * FROM offer WHERE id_hash = ?", (id_hash,))


def offer_of_code(db: Database, code_hash: bytes) -> dict[str, Any] | None:
    """Return an offer by the hash of its pre-authorized code."""
    return row(db, "SELECT * FROM offer WHERE code_hash = ?", (code_hash,))


def fetch_offer(db: Database, id_hash: bytes, *, at: int) -> None:
    """Note that an offer was fetched."""
    db.execute("UPDATE offer SET fetched_at = coalesce(fetched_at, ?) WHERE id_hash = ?", (at, id_hash))


def redeem_offer(db: Database, id_hash: bytes) -> bool:
    """Mark an open offer as redeemed; False when somebody else was first."""
    cursor = db.execute(
        "UPDATE offer SET state = 'redeemed' WHERE id_hash = ? AND state = 'open'", (id_hash,)
    )
    return cursor.rowcount == 1


def add_token(db: Database, values: Mapping[str, Any]) -> None:
    """Write an access token's hash with what it is for."""
    identifiers = values["identifiers"]
    insert(
        db,
        "access_token",
        {
            **values,
            "configurations": json.dumps(values["configurations"]),
            "identifiers": None if identifiers is None else json.dumps(identifiers),
        },
    )


def token(db: Database, token_hash: bytes) -> dict[str, Any] | None:
    """Return an access token's row."""
    found = row(db, "SELECT * FROM access_token WHERE hash = ?", (token_hash,))
    if found is None:
        return None
    identifiers = found["identifiers"]
    return {
        **found,
        "configurations": json.loads(found["configurations"]),
        "identifiers": None if identifiers is None else json.loads(identifiers),
    }


def token_form(db: Database, token_hash: bytes, form_format: str) -> dict[str, Any] | None:
    """Return the form of a format that a token has signed, with its bytes, or None."""
    return row(
        db,
        "SELECT token_form.*, form.secured FROM token_form JOIN form ON form.id = token_form.form_id "
        "WHERE token_hash = ? AND format = ?",
        (token_hash, form_format),
    )


def add_token_form(db: Database, values: Mapping[str, Any]) -> None:
    """Write which form a token has signed, to which key."""
    insert(db, "token_form", values)


def note_event(db: Database, *, token_hash: bytes, notification_hash: bytes, event: str) -> bool:
    """Note what a wallet says became of a form; False when the id is not one of this token."""
    cursor = db.execute(
        "UPDATE token_form SET event = ? WHERE token_hash = ? AND notification_hash = ?",
        (event, token_hash, notification_hash),
    )
    return cursor.rowcount == 1


def use_nonce(db: Database, nonce_hash: bytes, *, expires_at: int) -> bool:
    """Mark a nonce as used; False when it was."""
    cursor = db.execute(
        "INSERT INTO used_nonce (hash, expires_at) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING",
        (nonce_hash, expires_at),
    )
    return cursor.rowcount == 1


def forget_expired(db: Database, *, before: int) -> None:
    """Forget nonces, and offers without a token, that ended before a moment."""
    db.execute("DELETE FROM used_nonce WHERE expires_at < ?", (before,))
    db.execute(
        "DELETE FROM offer WHERE expires_at < ? AND id_hash NOT IN (SELECT offer_hash FROM access_token)",
        (before,),
    )


def records_without_slip(db: Database, batch_id: str) -> list[dict[str, Any]]:
    """Return the valid records of a batch for which no slip was ever made."""
    return rows(
        db,
        "SELECT id FROM record WHERE batch_id = ? AND state = 'valid' AND NOT EXISTS "
        "(SELECT 1 FROM slip WHERE slip.record_id = record.id) ORDER BY position",
        (batch_id,),
    )


def slips_to_print(db: Database, batch_id: str) -> list[dict[str, Any]]:
    """Return the open slips of a batch whose codes are kept, in the order of class and file."""
    return rows(
        db,
        "SELECT slip.* FROM slip JOIN record ON record.id = slip.record_id "
        "WHERE record.batch_id = ? AND slip.state = 'open' AND slip.wrapped IS NOT NULL "
        "ORDER BY record.class_name, record.position",
        (batch_id,),
    )
