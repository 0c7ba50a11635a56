"""The tables of ``watch.db``."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("watch")


@migrations()
def m001_signatures(db: Database) -> None:
    """Create the checkpoints whose signatures are kept, and the signatures."""
    db.table("ledger").create({"chain_id": str}, pk="chain_id", strict=True)
    db.table("checkpoint").create(
        {"size": int, "root": bytes, "signers": int, "ends_epoch": int},
        pk="size",
        not_null={"root", "signers", "ends_epoch"},
        strict=True,
    )
    db.table("signature").create(
        {"size": int, "member": str, "time": int, "protected": bytes, "signature": bytes},
        pk=("size", "member"),
        not_null={"time", "protected", "signature"},
        foreign_keys=[("size", "checkpoint")],
        strict=True,
    )


@migrations()
def m002_evidence(db: Database) -> None:
    """Create the evidence of two histories; it outlives everything else here."""
    db.table("evidence").create(
        {"id": bytes, "body": bytes, "about": str, "received": int},
        pk="id",
        not_null={"body", "about", "received"},
        strict=True,
    )


@migrations()
def m003_peers(db: Database) -> None:
    """Create what the other members' nodes last showed, and the alarms that this raised."""
    db.table("peer").create(
        {
            "member": str,
            "url": str,
            "tried": int,
            "seen": int,
            "size": int,
            "time": int,
            "agrees": int,
            "error": str,
        },
        pk="member",
        not_null={"url", "tried"},
        strict=True,
    )
    db.table("alarm").create(
        {
            "kind": str,
            "subject": str,
            "members": str,
            "since": int,
            "seen": int,
            "detail": str,
            "evidence": bytes,
        },
        pk=("kind", "subject"),
        not_null={"members", "since", "seen", "detail"},
        strict=True,
    )
