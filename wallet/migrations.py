"""The wallet's tables, as steps that are only ever added to.

Whatever says something about a holder is a ``sealed_…`` column (see ``vault``). In the clear stand random
ids, the holder's own name for the wallet, times and counts: what the service needs before, or without, a
log-in.
"""

from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from web.migrations import migrate, require_current

migrations = Migrations("wallet")


def prepare(path: Path) -> None:
    """Make the database where there never was one; an older one has to be migrated by hand.

    Raises:
        web.errors.MigrationPendingError: A migration is pending.
        web.errors.DatabaseDamagedError: The database is gone, or empty: it is not made anew.
    """
    if not path.exists():
        # Several worker processes may start at once; the first one makes the tables.
        migrate(path, migrations, once=True)
    require_current(path, migrations, command="vocred wallet migrate")


@migrations()
def m001_accounts(db: Database) -> None:
    """Create accounts, their sessions, and the counts of failed attempts that several processes share."""
    db["account"].create(
        {"id": str, "name": str, "name_key": str, "sealed_data_key": bytes, "made_at": int},
        pk="id",
        not_null={"name", "name_key", "sealed_data_key", "made_at"},
        strict=True,
    )
    db["account"].create_index(["name_key"], unique=True)
    db["session"].create(
        {"id": bytes, "account": str, "sealed_data_key": bytes, "made_at": int, "seen_at": int},
        pk="id",
        foreign_keys=[("account", "account", "id")],
        not_null={"account", "sealed_data_key", "made_at", "seen_at"},
        strict=True,
    )
    db["attempt"].create(
        {"subject": str, "period": int, "failures": int},
        pk=("subject", "period"),
        not_null={"failures"},
        strict=True,
    )


@migrations()
def m002_holdings(db: Database) -> None:
    """Create what is offered, what is being claimed, and what is held."""
    db["pending_offer"].create(
        {"id": bytes, "sealed": bytes, "ends_at": int}, pk="id", not_null={"sealed", "ends_at"}, strict=True
    )
    db["claim"].create(
        {"id": str, "account": str, "sealed": bytes, "made_at": int},
        pk="id",
        foreign_keys=[("account", "account", "id")],
        not_null={"account", "sealed", "made_at"},
        strict=True,
    )
    db["credential"].create(
        {
            "id": str,
            "account": str,
            "fingerprint": bytes,
            "sealed": bytes,
            "sealed_receipt": bytes,
            "sealed_state": bytes,
            "made_at": int,
        },
        pk="id",
        foreign_keys=[("account", "account", "id")],
        not_null={"account", "fingerprint", "sealed", "made_at"},
        strict=True,
    )
    db["credential"].create_index(["account", "fingerprint"], unique=True)


@migrations()
def m003_shares(db: Database) -> None:
    """Create shares: a blob that only the link opens, and which credentials each one holds."""
    db["share"].create(
        {
            "id": str,
            "account": str,
            "token_hash": bytes,
            "blob": bytes,
            "sealed": bytes,
            "made_at": int,
            "ends_at": int,
            "closed_at": int,
            "opened": int,
            "opened_at": int,
        },
        pk="id",
        foreign_keys=[("account", "account", "id")],
        not_null={
            "token_hash",
            "sealed",
            "made_at",
            "ends_at",
            "opened",
        },  # no account: its holder deleted the wallet
        strict=True,
    )
    db["share_item"].create(
        {"share": str, "credential": str},
        pk=("share", "credential"),
        foreign_keys=[("share", "share", "id"), ("credential", "credential", "id")],
        strict=True,
    )


@migrations()
def m004_requests_and_conversions(db: Database) -> None:
    """Create what is presented on request, what is converted into credit, and what was to be corrected."""
    for table in ("presentation", "conversion"):
        db[table].create(
            {"id": str, "account": str, "sealed": bytes, "state": str, "made_at": int},
            pk="id",
            foreign_keys=[("account", "account", "id")],
            not_null={"account", "sealed", "state", "made_at"},
            strict=True,
        )
    db["correction"].create(
        {"id": str, "account": str, "credential": str, "sealed": bytes, "made_at": int},
        pk="id",
        foreign_keys=[("account", "account", "id"), ("credential", "credential", "id")],
        not_null={"account", "credential", "sealed", "made_at"},
        strict=True,
    )
