"""Counts from node to node: every few minutes each asks the others for what is new there.

The others' addresses are in the state. What they answer is checked like what an issuer sends, so a node
that lies can only withhold; and it is asked for a bounded number of pages a round.
"""

from __future__ import annotations

import logging
from typing import Any

from crypto import strict_json
from crypto.errors import CryptoError
from crypto.multibase import base64url_decode
from ledger.core.reading import Reader
from ledger.counts import MAX_BYTES, CountsError, read_counts
from ledger.explorer.kept import PAGE, KeptCounts
from web.errors import FetchError
from web.fetcher import Fetch

logger = logging.getLogger(__name__)

PAGES = 10
"""Pages read from one node in a round."""

MAX_ANSWER_BYTES = 2 * 1024 * 1024


def peers(reader: Reader, *, without: str | None) -> list[str]:
    """Return the addresses of the other members' nodes, as the state names them."""
    return [
        url
        for key, value in reader.values("endpoint", length=2)
        if key[1] != without and (url := value["receipts"] or value["node"])
    ]


def exchange(reader: Reader, kept: KeptCounts, fetch: Fetch, *, without: str | None, now: int) -> int:
    """Ask every other node once for counts that are new there.

    Args:
        reader: One committed state of the ledger.
        kept: Where counts are kept.
        fetch: The vetted fetcher.
        without: This node's own member.
        now: The current time in integer seconds.

    Returns:
        How many counts were taken over.
    """
    taken = 0
    for url in peers(reader, without=without):
        try:
            taken += _read(reader, kept, fetch, url, now=now)
        except (FetchError, CryptoError, KeyError, TypeError, ValueError) as error:
            logger.info("counts not read from=%s error=%s", url, type(error).__name__)
    return taken


def _read(reader: Reader, kept: KeptCounts, fetch: Fetch, url: str, *, now: int) -> int:
    taken = 0
    for _ in range(PAGES):
        after = kept.read_up_to(url)
        answer = fetch.get(
            f"{url.rstrip('/')}/v1/counts?after={after}",
            max_bytes=MAX_ANSWER_BYTES,
            accept="application/json",
        )
        if answer.status != 200:
            return taken
        listed = strict_json.parse(answer.body)["counts"][:PAGE]
        for item in listed:
            taken += _take(reader, kept, item, now=now)
            after = max(after, int(item["seq"]))
        kept.note_read(url, after)
        if len(listed) < PAGE:
            return taken
    return taken


def _take(reader: Reader, kept: KeptCounts, item: Any, *, now: int) -> bool:
    """Keep one month if it counts here as well; what does not is left out."""
    data = base64url_decode(item["signed"], max_chars=2 * MAX_BYTES)
    try:
        counts = read_counts(data)
        return kept.put(reader, data, did=counts.did, month=counts.month, now=now)
    except CountsError:
        return False
