"""What an issuer's host submits: anchors of batches, and versions of the lists that it publishes.

Spec: LEDGER.md, sections 4.2, 4.6 and 4.7.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.core import fields
from ledger.core.state import State
from ledger.errors import Reject
from ledger.statements import Statement

MAX_STATUS_ENTRIES = 1000
MAX_LISTS = 10_000
CLOCK_SKEW = 120
"""Seconds by which an issuer's clock may be ahead of the block's time."""


def anchor(state: State, statement: Statement) -> None:
    """Accept the root of a batch: that it stands in the log is all that happens.

    Raises:
        Reject: The issuer is unknown, has no grant in force, is suspended or closed.
    """
    fields.digest(fields.record(statement.body, "root")["root"])
    record = _issuer(state, statement.issuer)
    if record["closed"] is not None or _inside(record["suspensions"], state.time):
        raise Reject("NOT_ACCREDITED", "the issuer is suspended or closed")
    grants = state.get("grants", statement.issuer) or []
    if not any(_in_force(state, statement.issuer, grant) for grant in grants):
        raise Reject("NOT_ACCREDITED", "the issuer has no grant in force at this block")


def status(state: State, statement: Statement) -> None:
    """Take the next version of each of the issuer's lists.

    Raises:
        Reject: A version is not the next one, its time is not later than the last one's or lies ahead of the
            block, it has no end although the issuer is not closed, or the last one had none; too many lists.
    """
    record = _issuer(state, statement.issuer)
    entries = fields.array(statement.body, least=1, most=MAX_STATUS_ENTRIES)
    seen: set[bytes] = set()
    for value in entries:
        entry = _read_entry(value)
        if entry["list"] in seen:
            raise fields.malformed("a statement brings one version of a list")
        seen.add(entry["list"])
        _put_version(state, statement.issuer, entry, closed=record["closed"] is not None)


def _read_entry(value: Any) -> Mapping[str, Any]:
    entry = fields.record(value, "list", "version", "digest", "from", "until")
    fields.digest(entry["list"])
    fields.integer(entry["version"], least=1)
    fields.digest(entry["digest"])
    start, end = fields.time(entry["from"]), fields.optional(entry["until"], fields.time)
    if end is not None and end <= start:
        raise fields.malformed("a version ends after it begins")
    return entry


def _put_version(state: State, issuer: str, entry: Mapping[str, Any], *, closed: bool) -> None:
    key = ("status", issuer, entry["list"])
    last = state.get(*key)
    if last is None:
        _count_list(state, issuer)
        last = {"version": 0, "from": -1, "until": 0}
    if entry["version"] != last["version"] + 1:
        raise Reject("STATUS_VERSION", f"the list's next version is {last['version'] + 1}")
    if last["until"] is None:
        raise Reject("STATUS_VERSION", "nothing follows the final version of a list")
    if not last["from"] < entry["from"] <= state.time + CLOCK_SKEW:
        raise Reject("TX_TIME", "a version begins after the last one and not ahead of the block")
    if entry["until"] is None and not closed:
        raise Reject("STATUS_VERSION", "a version has an end unless its issuer is closed")
    state.put(key, {name: entry[name] for name in ("version", "digest", "from", "until")})


def _count_list(state: State, issuer: str) -> None:
    count = (state.get("lists", issuer) or 0) + 1
    if count > MAX_LISTS:
        raise Reject("QUOTA", f"an issuer has at most {MAX_LISTS} lists")
    state.put(("lists", issuer), count)


def _issuer(state: State, did: str) -> Mapping[str, Any]:
    record: Mapping[str, Any] | None = state.get("issuer", did)
    if record is None:
        raise Reject("NOT_PERMITTED", "the signer is no registered issuer")
    return record


def _in_force(state: State, issuer: str, grant: Sequence[str]) -> bool:
    accreditor, credential_type = grant
    span = state.get("grant", accreditor, issuer, credential_type)
    return _inside([[span["from"], span["until"]]], state.time)


def _inside(intervals: Sequence[Sequence[int | None]], at: int) -> bool:
    """Return whether one of the intervals holds a time: from <= at < until, which may be open."""
    return any(start is not None and start <= at and (end is None or at < end) for start, end in intervals)
