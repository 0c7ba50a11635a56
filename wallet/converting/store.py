"""All SQL about conversions."""

from sqlite_utils import Database

from wallet.errors import NothingThereError
from wallet.store import Row


def add(db: Database, row: Row) -> None:
    """Store an application."""
    db["conversion"].insert(row)


def keep(db: Database, account_id: str, conversion_id: str, *, state: str, sealed: bytes) -> None:
    """Write down how an application stands."""
    db.execute(
        "update conversion set state = :state, sealed = :sealed where account = :account and id = :id",
        {"state": state, "sealed": sealed, "account": account_id, "id": conversion_id},
    )


def every(db: Database, account_id: str) -> list[Row]:
    """List the applications of an account, newest first."""
    return list(
        db.query(
            "select * from conversion where account = :account order by made_at desc, rowid desc",
            {"account": account_id},
        )
    )


def one(db: Database, account_id: str, conversion_id: str) -> Row:
    """Find one application of an account.

    Raises:
        NothingThereError: There is none of this id.
    """
    found = list(
        db.query(
            "select * from conversion where account = :account and id = :id",
            {"account": account_id, "id": conversion_id},
        )
    )
    if not found:
        raise NothingThereError("this wallet has no such application")
    return found[0]
