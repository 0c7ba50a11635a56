"""The nodes that a client may ask: which one next, and what their answers mean.

A node that did not answer rests for half a minute: it is asked last meanwhile. Which node answers does not
matter, since every answer is checked; so the order is the one that was set, and nobody is preferred.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from crypto import strict_json
from crypto.errors import CryptoError
from ledger.transport import (
    MAX_ANSWER_BYTES,
    LedgerNoQuorumError,
    LedgerUnavailableError,
    StatementRefusedError,
    Transport,
    capped_transport,
)

REST = 30.0
"""Seconds for which a node that was silent is asked last."""

_SUCCESS = 2
_REFUSED = 4


def split_urls(text: str) -> tuple[str, ...]:
    """Return the addresses that a setting names, separated by commas, without trailing slashes."""
    return tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())


class Nodes:
    """Several nodes' HTTP APIs. Safe to share between threads."""

    def __init__(
        self,
        urls: str | Iterable[str],
        *,
        http: Transport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the addresses; nothing is fetched yet.

        Args:
            urls: Base URLs; a text names several with commas between them.
            http: A transport with a timeout of its own; None for one of our own.
            clock: Seconds that only grow.

        Raises:
            ValueError: There is no address.
        """
        self.urls: Sequence[str] = split_urls(urls if isinstance(urls, str) else ",".join(urls))
        if not self.urls:
            raise ValueError("a client of the ledger needs the address of a node")
        self.http: Transport = http if http is not None else capped_transport()
        self._clock = clock
        # Until when each silent node rests; the lock covers the map.
        self._resting: dict[str, float] = {}
        self._lock = threading.Lock()

    def in_order(self) -> list[str]:
        """Return all nodes, those that rest last."""
        now = self._clock()
        with self._lock:
            return sorted(self.urls, key=lambda url: self._resting.get(url, 0.0) > now)

    def others(self, url: str) -> list[str]:
        """Return all nodes but one, those that rest last."""
        return [other for other in self.in_order() if other != url]

    def send(
        self, url: str, method: str, path: str, content: bytes = b"", *, content_type: str | None = None
    ) -> bytes:
        """Ask one node one thing and return the body of its answer.

        Raises:
            LedgerNoQuorumError: It answers that too few members take part.
            LedgerUnavailableError: It is silent, or its answer cannot be read; it rests.
            StatementRefusedError: It refuses.
        """
        import httpx

        headers = {} if content_type is None else {"Content-Type": content_type}
        try:
            answer = self.http(method, url + path, content=content or None, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            self._rest(url)
            raise LedgerUnavailableError("the ledger node does not answer") from error
        except LedgerUnavailableError:
            self._rest(url)
            raise
        if answer.status_code // 100 == _SUCCESS:
            with self._lock:
                self._resting.pop(url, None)
            return answer.content
        if answer.status_code // 100 == _REFUSED and answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
            raise _refusal(answer.content)
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and _code(answer.content) in _NO_QUORUM:
            raise LedgerNoQuorumError("too few members of the ledger take part at the moment")
        raise LedgerUnavailableError(f"the ledger node answers {answer.status_code}")

    def _rest(self, url: str) -> None:
        with self._lock:
            self._resting[url] = self._clock() + REST


_NO_QUORUM = {LedgerNoQuorumError.code}


def read_json(body: bytes) -> dict[str, Any]:
    """Return the JSON object of an answer.

    Raises:
        LedgerUnavailableError: It is none.
    """
    try:
        value = strict_json.parse(body, max_bytes=MAX_ANSWER_BYTES)
    except CryptoError as error:
        raise LedgerUnavailableError("the node's answer cannot be read") from error
    if not isinstance(value, dict):
        raise LedgerUnavailableError("the node's answer cannot be read")
    return value


def _code(body: bytes) -> object:
    try:
        return read_json(body).get("code")
    except LedgerUnavailableError:
        return None


def _refusal(body: bytes) -> StatementRefusedError:
    problem = read_json(body)
    code, detail = problem.get("code"), problem.get("detail")
    if not isinstance(code, str) or not code.isascii():
        raise LedgerUnavailableError("the node's answer cannot be read")
    return StatementRefusedError(str(detail or problem.get("title", "refused")), code=code)
