"""What other nodes' clocks show."""

import json
from collections.abc import Iterable

import httpx

from ledger.errors import LedgerError
from ledger.transport import Transport


def times_of(urls: Iterable[str], *, http: Transport) -> list[int]:
    """Return the times that nodes say it is, sorted; a node that is silent says nothing.

    Args:
        urls: Base URLs of nodes.
        http: How they are asked.
    """
    found = [_time(url, http) for url in urls]
    return sorted(time for time in found if time is not None)


def _time(url: str, http: Transport) -> int | None:
    try:
        body = json.loads(http("GET", f"{url}/health", content=None, headers={}).content)
    except (httpx.HTTPError, OSError, LedgerError, ValueError):
        return None
    time = body.get("time") if isinstance(body, dict) else None
    return time if type(time) is int else None
