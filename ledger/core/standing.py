"""Whether an issuer may anchor: suspended for a time, or closed for good, by vote.

A suspension never reaches back: it begins with its effect at the earliest, and what has passed of it stays.
What was anchored before is untouched.

Spec: LEDGER.md, sections 4.2 and 4.12.
"""

from collections.abc import Mapping
from typing import Any

from ledger.core import fields
from ledger.core.state import State
from ledger.errors import Reject

Interval = list[int | None]


def suspend(state: State, body: Any) -> None:
    """Suspend an issuer, or set another end to a suspension that is not over.

    A suspension is named by its begin; the one that runs also by any time that has passed. An end that has
    passed lifts it at once.

    Raises:
        Reject: UNKNOWN, NOT_PERMITTED: closed; TX_TIME: a new suspension would be over before it begins.
    """
    content = fields.record(body, "issuer", "from", "until")
    did, start = fields.did(content["issuer"]), fields.time(content["from"])
    end = fields.optional(content["until"], fields.time)
    record = _open_issuer(state, did)
    suspensions = [list(interval) for interval in record["suspensions"]]
    named = next((each for each in suspensions if _is_named(each, start, now=state.time)), None)
    if named is not None:
        named[1] = None if end is None else max(end, named[0] or 0, state.time)
    else:
        begin = max(start, state.time)
        if end is not None and end <= begin:
            raise Reject("TX_TIME", "a suspension ends after it begins")
        suspensions.append([begin, end])
    state.put(("issuer", did), {**record, "suspensions": suspensions})


def close(state: State, body: Any) -> None:
    """Close an issuer for good: it anchors nothing more, and may publish final lists without an end.

    Raises:
        Reject: UNKNOWN, NOT_PERMITTED: it is closed already.
    """
    did = fields.did(fields.record(body, "issuer")["issuer"])
    state.put(("issuer", did), {**_open_issuer(state, did), "closed": state.time})


def _open_issuer(state: State, did: str) -> Mapping[str, Any]:
    record: Mapping[str, Any] | None = state.get("issuer", did)
    if record is None:
        raise Reject("UNKNOWN", "there is no such issuer")
    if record["closed"] is not None:
        raise Reject("NOT_PERMITTED", "the issuer is closed")
    return record


def _is_named(interval: Interval, start: int, *, now: int) -> bool:
    """Return whether a proposal that says ``start`` means this suspension, which must not be over."""
    begin, end = interval
    assert begin is not None  # every suspension begins
    if end is not None and end <= max(begin, now):
        return False
    return start == begin or (begin <= now and start <= now)
