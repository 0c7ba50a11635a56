"""All SQL of the wallet.

Functions that write are called inside ``web.database.transaction``; what one call must do at once, such as
counting an opening, is one statement. Rows come back as dictionaries. Every query about an account's things
names the account, so that an id of another holder's thing finds nothing.
"""

from typing import Any

from sqlite_utils import Database

from wallet.errors import NothingThereError, ShareUnknownError

Row = dict[str, Any]


def _one(db: Database, sql: str, parameters: dict[str, Any]) -> Row | None:
    return next(iter(db.query(sql, parameters)), None)


# --- accounts and sessions ------------------------------------------------------------------------


def add_account(db: Database, row: Row) -> None:
    """Store a new account; ``name_key`` is unique."""
    db["account"].insert(row)


def account_by_name(db: Database, name_key: str) -> Row | None:
    """Find an account by the folded form of its name."""
    return _one(db, "select * from account where name_key = :name_key", {"name_key": name_key})


def account_names(db: Database) -> list[str]:
    """List the names of all accounts, the oldest first."""
    return [row["name"] for row in db.query("select name from account order by made_at, id")]


def account(db: Database, account_id: str) -> Row | None:
    """Find an account by its id."""
    return _one(db, "select * from account where id = :id", {"id": account_id})


def replace_account_key(db: Database, account_id: str, sealed_data_key: bytes) -> None:
    """Wrap the account's data key anew, under another passphrase."""
    db.execute(
        "update account set sealed_data_key = :key where id = :id", {"key": sealed_data_key, "id": account_id}
    )


def delete_account(db: Database, account_id: str, *, now: int) -> None:
    """Forget an account and everything in it; its shares stay as closed ids with nothing in them."""
    found = {"account": account_id, "now": now}
    db.execute("delete from share_item where share in (select id from share where account = :account)", found)
    db.execute(
        "update share set blob = null, sealed = x'', closed_at = coalesce(closed_at, :now), account = null"
        " where account = :account",
        found,
    )
    for table in ("session", "claim", "presentation", "conversion", "correction", "credential"):
        db[table].delete_where("account = :account", found)
    db.execute("delete from account where id = :account", found)


def add_session(db: Database, row: Row) -> None:
    """Store a session: the data key under a secret that only the cookie holds."""
    db["session"].insert(row)


def session(db: Database, session_id: bytes) -> Row | None:
    """Find a session together with its account's name."""
    return _one(
        db,
        "select session.*, account.name from session join account on account.id = session.account"
        " where session.id = :id",
        {"id": session_id},
    )


def touch_session(db: Database, session_id: bytes, now: int) -> None:
    """Note that the session was used."""
    db.execute("update session set seen_at = :now where id = :id", {"now": now, "id": session_id})


def delete_session(db: Database, session_id: bytes) -> None:
    """Delete one session; what its cookie holds opens nothing any more."""
    db.execute("delete from session where id = :id", {"id": session_id})


def delete_sessions_of(db: Database, account_id: str) -> None:
    """Delete every session of an account."""
    db.execute("delete from session where account = :account", {"account": account_id})


def delete_ended_sessions(db: Database, *, seen_before: int, made_before: int) -> None:
    """Delete sessions that were left alone, or open, for too long."""
    db.execute(
        "delete from session where seen_at < :seen or made_at < :made",
        {"seen": seen_before, "made": made_before},
    )


def failures(db: Database, subject: str, period: int) -> int:
    """Count the failed attempts of a subject in one period."""
    row = _one(
        db,
        "select failures from attempt where subject = :subject and period = :period",
        {"subject": subject, "period": period},
    )
    return row["failures"] if row else 0


def add_failure(db: Database, subject: str, period: int) -> None:
    """Count one failed attempt, and forget those of earlier periods."""
    db.execute("delete from attempt where period < :period", {"period": period})
    db.execute(
        "insert into attempt (subject, period, failures) values (:subject, :period, 1)"
        " on conflict (subject, period) do update set failures = failures + 1",
        {"subject": subject, "period": period},
    )


def forgive_failure(db: Database, subject: str, period: int) -> None:
    """Take back one counted attempt: it was right after all."""
    db.execute(
        "update attempt set failures = failures - 1 where subject = :subject and period = :period",
        {"subject": subject, "period": period},
    )


# --- offers and claims ----------------------------------------------------------------------------


def put_pending_offer(db: Database, row: Row, *, now: int) -> None:
    """Keep an offer that somebody looks at, and forget those that nobody took up."""
    db.execute("delete from pending_offer where ends_at < :now", {"now": now})
    db["pending_offer"].insert(row, replace=True)


def pending_offer(db: Database, offer_id: bytes, *, now: int) -> Row | None:
    """Find an offer that is being looked at and not too old."""
    return _one(
        db, "select * from pending_offer where id = :id and ends_at >= :now", {"id": offer_id, "now": now}
    )


def delete_pending_offer(db: Database, offer_id: bytes) -> None:
    """Forget an offer."""
    db.execute("delete from pending_offer where id = :id", {"id": offer_id})


def put_claim(db: Database, row: Row) -> None:
    """Write, or overwrite, how far a claim has come."""
    db["claim"].insert(row, replace=True)


def claims(db: Database, account_id: str) -> list[Row]:
    """List the claims that were begun and not finished, oldest first."""
    return list(
        db.query("select * from claim where account = :account order by made_at, id", {"account": account_id})
    )


def delete_claim(db: Database, account_id: str, claim_id: str) -> None:
    """Forget a claim: finished, refused or given up."""
    db.execute(
        "delete from claim where account = :account and id = :id", {"account": account_id, "id": claim_id}
    )


# --- credentials ----------------------------------------------------------------------------------


def add_credential(db: Database, row: Row) -> None:
    """Store a credential; the same one (by fingerprint) a second time changes nothing."""
    db["credential"].insert(row, ignore=True)


def credentials(db: Database, account_id: str) -> list[Row]:
    """List what an account holds, newest first."""
    return list(
        db.query(
            "select * from credential where account = :account order by made_at desc, id",
            {"account": account_id},
        )
    )


def credential(db: Database, account_id: str, credential_id: str) -> Row:
    """Find one credential of an account.

    Raises:
        NothingThereError: The account holds no credential of this id.
    """
    row = _one(
        db,
        "select * from credential where account = :account and id = :id",
        {"account": account_id, "id": credential_id},
    )
    if row is None:
        raise NothingThereError("this wallet holds no such certificate")
    return row


def holder_of(db: Database, credential_id: str) -> str | None:
    """Return the name of the account that holds a credential, or None; it opens nothing."""
    row = _one(
        db,
        "select account.name from credential join account on account.id = credential.account "
        "where credential.id = :id",
        {"id": credential_id},
    )
    return None if row is None else str(row["name"])


def credential_by_fingerprint(db: Database, account_id: str, fingerprint: bytes) -> Row | None:
    """Find a credential by the tag that only the account's key can compute."""
    return _one(
        db,
        "select * from credential where account = :account and fingerprint = :fingerprint",
        {"account": account_id, "fingerprint": fingerprint},
    )


def set_receipt(db: Database, account_id: str, credential_id: str, sealed: bytes) -> None:
    """Keep the ledger's receipt of a credential."""
    db.execute(
        "update credential set sealed_receipt = :sealed where account = :account and id = :id",
        {"sealed": sealed, "account": account_id, "id": credential_id},
    )


def set_state(db: Database, account_id: str, credential_id: str, sealed: bytes) -> None:
    """Keep what was last found out about a credential's status."""
    db.execute(
        "update credential set sealed_state = :sealed where account = :account and id = :id",
        {"sealed": sealed, "account": account_id, "id": credential_id},
    )


def delete_credential(db: Database, account_id: str, credential_id: str, *, now: int) -> None:
    """Delete a credential and close every share that holds it."""
    found = {"account": account_id, "id": credential_id, "now": now}
    db.execute(
        "update share set blob = null, closed_at = :now where account = :account and closed_at is null"
        " and id in (select share from share_item where credential = :id)",
        found,
    )
    db.execute(
        "delete from share_item where credential = :id"
        " and share in (select id from share where account = :account)",
        found,
    )
    db.execute("delete from correction where account = :account and credential = :id", found)
    db.execute("delete from credential where account = :account and id = :id", found)


# --- shares ---------------------------------------------------------------------------------------


def add_share(db: Database, row: Row, credential_ids: list[str]) -> None:
    """Store a share and which credentials it holds."""
    db["share"].insert(row)
    db["share_item"].insert_all({"share": row["id"], "credential": item} for item in credential_ids)


def shares(db: Database, account_id: str) -> list[Row]:
    """List an account's shares, newest first, without their blobs."""
    return list(
        db.query(
            "select id, sealed, made_at, ends_at, closed_at, opened, opened_at from share"
            " where account = :account order by made_at desc, id",
            {"account": account_id},
        )
    )


def shares_of(db: Database, account_id: str, credential_id: str) -> list[Row]:
    """List the shares that hold one credential, newest first, without their blobs."""
    return list(
        db.query(
            "select id, sealed, made_at, ends_at, closed_at, opened, opened_at from share"
            " join share_item on share_item.share = share.id"
            " where account = :account and share_item.credential = :credential order by made_at desc, id",
            {"account": account_id, "credential": credential_id},
        )
    )


def share(db: Database, account_id: str, share_id: str) -> Row:
    """Find one share of an account.

    Raises:
        NothingThereError: The account made no share of this id.
    """
    row = _one(
        db,
        "select id, sealed, made_at, ends_at, closed_at, opened, opened_at from share"
        " where account = :account and id = :id",
        {"account": account_id, "id": share_id},
    )
    if row is None:
        raise NothingThereError("this wallet made no such share")
    return row


def close_share(db: Database, account_id: str, share_id: str, *, now: int) -> None:
    """Close a share for good: its blob is erased, its id goes on answering that it is closed."""
    db.execute(
        "update share set blob = null, closed_at = :now"
        " where account = :account and id = :id and closed_at is null",
        {"now": now, "account": account_id, "id": share_id},
    )


def erase_ended_shares(db: Database, *, now: int) -> None:
    """Erase the blobs of shares whose end has come: nobody may open them any more."""
    db.execute("update share set blob = null where ends_at < :now and blob is not null", {"now": now})


def share_to_open(db: Database, share_id: str) -> Row:
    """Find a share for whoever claims to have its link.

    Raises:
        ShareUnknownError: There is no share of this id.
    """
    row = _one(
        db, "select id, token_hash, blob, ends_at, closed_at from share where id = :id", {"id": share_id}
    )
    if row is None:
        raise ShareUnknownError("there is no such share")
    return row


def count_opening(db: Database, share_id: str, *, now: int) -> None:
    """Count one opening of a share."""
    db.execute(
        "update share set opened = opened + 1, opened_at = :now where id = :id", {"now": now, "id": share_id}
    )
