"""The head that every document published beside a status list carries: issuer, version and dates.

Notices and the index of a form store start with it. The dates equal the anchored ones, so that old bytes
cannot be anchored anew as a later version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vc import dates
from vc.errors import InvalidDatetimeError, StoreError

_MEMBERS = frozenset({"issuer", "version", "validFrom", "validUntil"})


@dataclass(frozen=True)
class Head:
    """Who published which version, and when it holds; ``valid_until`` is None once the issuer is closed."""

    issuer: str
    version: int
    valid_from: datetime
    valid_until: datetime | None


def head_members(
    *, issuer: str, version: int, valid_from: datetime, valid_until: datetime | None
) -> dict[str, Any]:
    """Return the head's members as they stand in the JSON document."""
    end = {} if valid_until is None else {"validUntil": dates.write(valid_until)}
    return {"issuer": issuer, "version": version, "validFrom": dates.write(valid_from), **end}


def parse_head(value: object, *, also: frozenset[str]) -> Head:
    """Read the head of a document that must hold exactly these members and ``also``.

    Raises:
        StoreError: A member is missing, unknown or malformed.
    """
    members = _MEMBERS | also
    if not isinstance(value, Mapping) or not members - {"validUntil"} <= set(value) <= members:
        raise StoreError("the document does not have exactly the members that it should")
    issuer, version = value["issuer"], value["version"]
    if not isinstance(issuer, str) or type(version) is not int or version < 1:
        raise StoreError("the issuer is not text, or the version no positive number")
    try:
        until = value.get("validUntil")
        return Head(
            issuer=issuer,
            version=version,
            valid_from=dates.parse(value["validFrom"]),
            valid_until=None if until is None else dates.parse(until),
        )
    except InvalidDatetimeError as error:
        raise StoreError("the document's dates are malformed") from error
