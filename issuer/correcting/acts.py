"""The act of this part that takes two officers.

correct   subject: record   {"changes", "holder_key"?, "batch"?, "position"?}   a new record in its place
"""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from issuer import officers, store_records
from issuer.correcting import replacing
from issuer.errors import ConflictError, InvalidActError, UnknownError
from issuer.four_eyes import Act, Kind
from issuer.parts import Parts

Arguments = Mapping[str, Any]


def _check(db: Database, subject: str, arguments: Arguments) -> Arguments:
    record = store_records.record(db, subject)
    if record is None:
        raise UnknownError("no record of that id")
    if record["state"] != "valid":
        raise ConflictError("this record is revoked already")
    changes = arguments.get("changes")
    if not isinstance(changes, Mapping) or not 0 < len(changes) <= replacing.MOST_CHANGES:
        raise InvalidActError("say what is to be changed")
    return arguments


def _correct(db: Database, parts: Parts, act: Act, now: int) -> Arguments:
    return replacing.replace(
        db, parts, record_id=act.subject, arguments=act.arguments, by=act.decided_by or "", now=now
    )


KINDS: Mapping[str, Kind] = {"correct": Kind(officers.MAKER, officers.CHECKER, _check, _correct)}
"""Every kind of act of this part."""
