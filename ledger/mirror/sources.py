"""Where a mirror pulls from: one vetted fetcher, times that are short, and rest for whoever is silent.

A source that does not answer rests for five seconds, then twice as long each time, up to ten minutes. A
round gives each source a few seconds: whoever answers slowly keeps nobody else waiting. An object that
nobody has is asked for less and less often. All of it is memory: after a restart everything is tried anew.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from web import limits
from web.errors import FetchError
from web.fetcher import Fetch, Response

logger = logging.getLogger(__name__)

FIRST_REST_SECONDS = 5.0
LONGEST_REST_SECONDS = 600.0
SECONDS_EACH_ROUND = 10.0
"""Time for one source in one round."""

_Key = TypeVar("_Key")
_OK = 200


class Rests(Generic[_Key]):
    """Who or what is not asked for a while: longer after every failure, at once after a success."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, longest: float = LONGEST_REST_SECONDS
    ) -> None:
        self._clock, self._longest = clock, longest
        self._resting: dict[_Key, tuple[float, float]] = {}

    def rests(self, key: _Key) -> bool:
        """Return whether it is too early to ask again."""
        return self._resting.get(key, (0.0, 0.0))[0] > self._clock()

    def failed(self, key: _Key) -> None:
        """Let it rest, twice as long as the last time."""
        last = self._resting.get(key, (0.0, FIRST_REST_SECONDS / 2))[1]
        pause = min(2 * last, self._longest)
        self._resting[key] = (self._clock() + pause, pause)

    def answered(self, key: _Key) -> None:
        """Forget that it ever failed."""
        self._resting.pop(key, None)


@dataclass
class Sources:
    """Issuers' stores and other mirrors, by base URL.

    Attributes:
        fetch: The vetted fetcher.
        clock: Seconds that only grow.
        stop: Once set, nobody is asked any more.
    """

    fetch: Fetch
    clock: Callable[[], float] = time.monotonic
    stop: threading.Event = field(default_factory=threading.Event)
    _rests: Rests[str] = field(init=False)
    _spent: dict[str, float] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._rests = Rests(self.clock)

    def begin_round(self) -> None:
        """Give every source its time anew."""
        self._spent.clear()

    def get(self, base: str, path: str, *, max_bytes: int = limits.FETCH_LARGE_BYTES) -> Response | None:
        """Return a source's answer 200, or None: it has not what was asked for, is silent, or rests.

        Args:
            base: The source's base URL.
            path: What to ask for, with its leading slash.
            max_bytes: Largest answer to read.
        """
        if self.stop.is_set() or self._rests.rests(base):
            return None
        if self._spent.get(base, 0.0) > SECONDS_EACH_ROUND:
            return None
        begun = self.clock()
        try:
            answer = self.fetch.get(base + path, max_bytes=max_bytes)
        except FetchError as error:
            self._rests.failed(base)
            logger.info("source silent url=%s code=%s", base, error.code)
            return None
        finally:
            self._spent[base] = self._spent.get(base, 0.0) + self.clock() - begun
        self._rests.answered(base)
        return answer if answer.status == _OK else None
