"""All SQL about requests to present certificates."""

from sqlite_utils import Database

from wallet.errors import NothingThereError
from wallet.store import Row


def add(db: Database, row: Row) -> None:
    """Store a request that waits for its holder's answer."""
    db["presentation"].insert(row)


def one(db: Database, account_id: str, request_id: str) -> Row:
    """Find one request of an account.

    Raises:
        NothingThereError: There is none of this id.
    """
    found = list(
        db.query(
            "select * from presentation where account = :account and id = :id",
            {"account": account_id, "id": request_id},
        )
    )
    if not found:
        raise NothingThereError("this wallet has no such request")
    return found[0]


def every(db: Database, account_id: str) -> list[Row]:
    """List the requests of an account, newest first."""
    return list(
        db.query(
            "select * from presentation where account = :account order by made_at desc, id",
            {"account": account_id},
        )
    )


def move(db: Database, account_id: str, request_id: str, *, was: str, state: str) -> bool:
    """Bring a request from one state to another, and tell whether it was in the first one.

    It is one statement: of two pages that answer at once, one finds the request in its old state.
    """
    done = db.execute(
        "update presentation set state = :state where account = :account and id = :id and state = :was",
        {"state": state, "account": account_id, "id": request_id, "was": was},
    )
    return bool(done.rowcount == 1)


def keep(db: Database, account_id: str, request_id: str, *, state: str, sealed: bytes) -> None:
    """Write down what became of a request."""
    db.execute(
        "update presentation set state = :state, sealed = :sealed where account = :account and id = :id",
        {"state": state, "sealed": sealed, "account": account_id, "id": request_id},
    )


def forget_unanswered(db: Database, account_id: str, *, made_before: int) -> None:
    """Forget requests that nobody answered in their time."""
    db.execute(
        "delete from presentation where account = :account and state = 'waiting' and made_at < :made",
        {"account": account_id, "made": made_before},
    )
