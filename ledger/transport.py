"""How the client reaches a node: one attempt, with a limit on time and on bytes."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Mapping
from typing import Protocol

from crypto.errors import PROBLEM_TYPES
from ledger.errors import LedgerError

MAX_ANSWER_BYTES = 4 * 1024 * 1024
TIMEOUT = 5.0
BLOCK_TIMEOUT = 14.0
"""Seconds for an answer to what is submitted: a node waits ten for a block before it says that none comes."""

PATIENCE = 3
"""How many times ``TIMEOUT`` a whole answer may take: whoever sends byte by byte keeps nobody longer."""

_SUCCESS = 2


class LedgerUnavailableError(LedgerError):
    """The node did not answer, or cannot write at the moment. Nothing may be assumed; try again later."""

    code = "LEDGER_UNAVAILABLE"
    type = PROBLEM_TYPES + "LEDGER_UNAVAILABLE"
    title = "The ledger cannot be reached"


class LedgerNoQuorumError(LedgerUnavailableError):
    """Too few members take part: nothing can be written, or signatures are lacking. Try again later."""

    code = "LEDGER_NO_QUORUM"
    type = PROBLEM_TYPES + "LEDGER_NO_QUORUM"
    title = "Too few members of the ledger take part at the moment"


class NotThereError(LedgerUnavailableError):
    """The node answers, but not to this: it does not have it, or not yet."""


class StatementRefusedError(LedgerError):
    """The ledger's rules refuse the statement: repeating it will not help.

    Attributes:
        code: The rule's code as ``ledger.errors.Reject`` names it, such as ``TX_SEQUENCE``.
    """

    title = "The ledger refused the statement"

    def __init__(self, detail: str, *, code: str) -> None:
        super().__init__(detail)
        self.code = code
        self.type = PROBLEM_TYPES + code


class Answer(Protocol):
    """What a transport returns: the parts of ``httpx.Response`` that are used."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""

    @property
    def content(self) -> bytes:
        """The whole body."""


Transport = Callable[..., Answer]
"""Called as ``http(method, url, content=…, headers=…)``; ``httpx.Client(timeout=…).request`` is one."""


def capped_transport(*, timeout: float = TIMEOUT) -> Transport:
    """Return a transport that gives up after ``timeout`` seconds or too many bytes, and follows nothing.

    What is submitted waits for a block: ``BLOCK_TIMEOUT``.
    """
    # httpx takes long to import: whoever never asks a node does without.
    import httpx

    client = httpx.Client(
        timeout=timeout, follow_redirects=False, trust_env=False, headers={"Accept-Encoding": "identity"}
    )

    def once(method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Answer:
        wait = max(timeout, BLOCK_TIMEOUT) if method == "POST" else timeout
        end = time.monotonic() + wait + (PATIENCE - 1) * timeout
        limits = httpx.Timeout(timeout, read=wait)
        with client.stream(method, url, content=content, headers=headers, timeout=limits) as response:
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise LedgerUnavailableError("the ledger node's answer is too large")
                if time.monotonic() > end:
                    raise LedgerUnavailableError("the ledger node's answer takes too long")
            return httpx.Response(response.status_code, content=bytes(body))

    def send(method: str, url: str, *, content: bytes | None, headers: Mapping[str, str]) -> Answer:
        try:
            return once(method, url, content, headers)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            # A kept connection may have been closed meanwhile: once more, on a new one. Every request may
            # be repeated.
            return once(method, url, content, headers)

    # Its kept connections end with the transport, not whenever the collector finds them.
    weakref.finalize(send, client.close)
    return send


def fetch(http: Transport, url: str) -> bytes:
    """Return what a node answers to one question.

    Raises:
        NotThereError: It says that it does not have this.
        LedgerUnavailableError: It is silent, or answers anything else than success.
    """
    import httpx

    try:
        answer = http("GET", url, content=None, headers={})
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise LedgerUnavailableError("the ledger node does not answer") from error
    if answer.status_code // 100 != _SUCCESS:
        kind = NotThereError if answer.status_code == httpx.codes.NOT_FOUND else LedgerUnavailableError
        raise kind(f"the ledger node answers {answer.status_code}")
    return answer.content
