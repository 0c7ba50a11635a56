"""All SQL about corrections that a holder asked for."""

from sqlite_utils import Database

from wallet.store import Row


def put(db: Database, row: Row) -> None:
    """Write, or overwrite, what was asked about a certificate."""
    db["correction"].insert(row, replace=True)


def of_credential(db: Database, account_id: str, credential_id: str) -> Row | None:
    """Find what was asked about a certificate, the newest first."""
    found = db.query(
        "select * from correction where account = :account and credential = :credential"
        " order by made_at desc, rowid desc",
        {"account": account_id, "credential": credential_id},
    )
    return next(iter(found), None)


def every(db: Database, account_id: str) -> list[Row]:
    """List what an account asked, newest first."""
    return list(
        db.query(
            "select * from correction where account = :account order by made_at desc, rowid desc",
            {"account": account_id},
        )
    )
