"""SQL of claim slips, offers, access tokens and nonces. Secrets stand here only as hashes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from issuer.store import insert, row, rows, value

_MOST_AT_ONCE = 20


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
    """End the open slip that was made for a record, its offers and its tokens."""
    _void(db, [found["id"] for found in rows(db, "SELECT id FROM slip WHERE record_id = ?", (record_id,))])


def void_slips_of_person(db: Database, record_id: str) -> None:
    """End every open slip of the person to whom a record belongs, with offers and tokens."""
    _void(db, slips_of_person(db, record_id))


def void_useless_slips(db: Database, record_id: str) -> None:
    """End the slips of a record's person through which nothing can be claimed any more."""
    for slip_id in slips_of_person(db, record_id):
        if not claimable(db, slip_id):
            _void(db, [slip_id])


def slips_of_person(db: Database, record_id: str) -> list[str]:
    """Return the slips of everything that the person of a record has here, used and void ones too."""
    found = rows(
        db,
        "SELECT slip.id FROM slip JOIN record ON record.id = slip.record_id WHERE slip.record_id = ?1 OR "
        "(record.holder_key <> '' AND record.holder_key = (SELECT holder_key FROM record WHERE id = ?1))",
        (record_id,),
    )
    return [each["id"] for each in found]


def claimable(db: Database, slip_id: str, *, alone: bool = False) -> list[dict[str, Any]]:
    """Return the records that a slip still opens: its own, then the person's others, oldest first.

    Its own was put on it by officers, so an earlier claim does not close it; another one is open until it is
    claimed for the first time, and none is while a slip of the person is locked.

    Args:
        db: The connection.
        slip_id: The slip.
        alone: Its own record only, for offers that were asked for with a proof about that record.
    """
    return rows(
        db,
        """
        SELECT record.* FROM record JOIN slip ON slip.id = ?1
        JOIN record AS own ON own.id = slip.record_id
        WHERE record.state = 'valid'
          AND NOT EXISTS (SELECT 1 FROM slip_use WHERE slip_id = ?1 AND slip_use.record_id = record.id)
          AND (record.id = own.id OR (
            NOT ?2 AND NOT slip.alone AND own.holder_key <> '' AND record.holder_key = own.holder_key
            AND NOT EXISTS (SELECT 1 FROM form WHERE form.record_id = record.id AND form.kind = 'ldp_vc')
            AND NOT EXISTS (SELECT 1 FROM slip AS other JOIN record AS theirs ON theirs.id = other.record_id
                            WHERE theirs.holder_key = own.holder_key AND other.state = 'locked')))
        ORDER BY record.id <> own.id, record.created_at, record.position LIMIT ?3
        """,
        (slip_id, int(alone), _MOST_AT_ONCE),
    )


def end_claims(db: Database, slip_id: str, record_id: str, *, but_token: bytes = b"") -> None:
    """End the offers of a slip, and of any that was made for a record, and their tokens but one."""
    found = rows(db, "SELECT id FROM slip WHERE id = ? OR record_id = ?", (slip_id, record_id))
    _end(db, [each["id"] for each in found], but_token=but_token)


def use_slip(db: Database, slip_id: str, record_id: str, *, at: int) -> bool:
    """Note that a record is claimed through an open slip; the slip ends with the last one that it opens.

    The person's other slips open that record no more either: each claim closes it everywhere.

    Returns:
        False when the slip is not open, or the record was claimed through it before.
    """
    claimed = db.execute(
        "INSERT INTO slip_use (slip_id, record_id, at) SELECT id, ?2, ?3 FROM slip "
        "WHERE id = ?1 AND state = 'open' ON CONFLICT DO NOTHING",
        (slip_id, record_id, at),
    )
    if claimed.rowcount != 1:
        return False
    for other in slips_of_person(db, record_id):
        db.execute(
            "INSERT INTO slip_use (slip_id, record_id, at) SELECT id, ?2, ?3 FROM slip "
            "WHERE id = ?1 AND state = 'open' ON CONFLICT DO NOTHING",
            (other, record_id, at),
        )
        if not claimable(db, other):
            db.execute(
                "UPDATE slip SET state = 'used', used_at = ?, wrapped = NULL WHERE id = ? AND state = 'open'",
                (at, other),
            )
    return True


def _end(db: Database, slip_ids: Sequence[str], *, but_token: bytes = b"") -> None:
    for slip_id in slip_ids:
        db.execute("UPDATE offer SET state = 'ended' WHERE state = 'open' AND slip_id = ?", (slip_id,))
        db.execute("UPDATE access_token SET ended = 1 WHERE slip_id = ? AND hash <> ?", (slip_id, but_token))


def _void(db: Database, slip_ids: Sequence[str]) -> None:
    _end(db, slip_ids)
    for slip_id in slip_ids:
        db.execute(
            "UPDATE slip SET state = 'void', wrapped = NULL WHERE id = ? AND state IN ('open', 'locked')",
            (slip_id,),
        )


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
    """Return an access token's row: configuration by record id, and record id by credential identifier."""
    found = row(db, "SELECT * FROM access_token WHERE hash = ?", (token_hash,))
    if found is None:
        return None
    identifiers = found["identifiers"]
    return {
        **found,
        "configurations": json.loads(found["configurations"]),
        "identifiers": None if identifiers is None else json.loads(identifiers),
    }


def token_form(db: Database, token_hash: bytes, form_format: str, record_id: str) -> dict[str, Any] | None:
    """Return the form of a record and format that a token has signed, with its bytes, or None."""
    return row(
        db,
        "SELECT token_form.*, form.secured FROM token_form JOIN form ON form.id = token_form.form_id "
        "WHERE token_hash = ? AND format = ? AND token_form.record_id = ?",
        (token_hash, form_format, record_id),
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


def used_at(db: Database, slip_id: str, record_id: str) -> int | None:
    """Return when a record was claimed through a slip, or None."""
    found = value(db, "SELECT at FROM slip_use WHERE slip_id = ? AND record_id = ?", (slip_id, record_id))
    return None if found is None else int(found)


def claimed_at(db: Database, record_id: str) -> int | None:
    """Return when a record was claimed last, through whatever slip, or None."""
    found = value(db, "SELECT max(at) FROM slip_use WHERE record_id = ?", (record_id,))
    return None if found is None else int(found)


def records_without_slip(db: Database, batch_id: str, *, now: int) -> list[dict[str, Any]]:
    """Return the valid records of a batch for which a slip is to be made: none was, and none opens them."""
    return rows(
        db,
        """
        SELECT record.id, record.holder_key FROM record
        WHERE record.batch_id = ?1 AND record.state = 'valid'
          AND NOT EXISTS (SELECT 1 FROM slip WHERE slip.record_id = record.id)
          AND NOT EXISTS (SELECT 1 FROM slip_use WHERE slip_use.record_id = record.id)
          AND NOT EXISTS (
            SELECT 1 FROM slip JOIN record AS own ON own.id = slip.record_id
            WHERE slip.state = 'open' AND NOT slip.alone AND slip.expires_at > ?2
              AND own.holder_key <> '' AND own.holder_key = record.holder_key)
        ORDER BY record.position
        """,
        (batch_id, now),
    )


def records_on_other_slips(db: Database, batch_id: str) -> int:
    """Count the records of a batch that only a slip made for another one of the person opens."""
    return int(
        value(
            db,
            """
            SELECT count(*) FROM record
            WHERE record.batch_id = ?1 AND record.state = 'valid'
              AND NOT EXISTS (SELECT 1 FROM slip WHERE slip.record_id = record.id)
              AND EXISTS (
                SELECT 1 FROM slip JOIN record AS own ON own.id = slip.record_id
                WHERE slip.state = 'open' AND NOT slip.alone
                  AND own.holder_key <> '' AND own.holder_key = record.holder_key)
            """,
            (batch_id,),
        )
    )


def slip_for(db: Database, record_id: str) -> dict[str, Any] | None:
    """Return the slip by which a record is claimed: its own newest one, else the newest of its person."""
    return newest_slip(db, record_id) or row(
        db,
        """
        SELECT slip.* FROM slip JOIN record AS own ON own.id = slip.record_id
        JOIN record ON record.id = ?1 AND record.holder_key <> '' AND record.holder_key = own.holder_key
        WHERE (slip.state IN ('open', 'locked') AND NOT slip.alone)
           OR EXISTS (SELECT 1 FROM slip_use WHERE slip_id = slip.id AND slip_use.record_id = ?1)
        ORDER BY slip.created_at DESC, slip.rowid DESC LIMIT 1
        """,
        (record_id,),
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
