"""What a mirror keeps, in ``mirror.db`` beside the ledger: all SQL of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Inventory:
    """What this mirror holds and lacks of what the ledger names.

    Attributes:
        objects: Documents, lists, notices, indexes and schemas that are here.
        forms: Sealed forms that are here.
        receipts: Sealed receipts that are here.
        bytes: All of it together.
        missing_objects: Objects that the ledger names and that nobody gave yet.
        missing_buckets: Buckets that an anchored index names and that are not here as it says.
        checked_at: When the last round ended, seconds since 1970; None before the first.
    """

    objects: int
    forms: int
    receipts: int
    bytes: int
    missing_objects: int
    missing_buckets: int
    checked_at: int | None
