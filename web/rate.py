"""Limits on tries per client, so that guessing stays slow.

Counters live in the process that counts: with several workers a client may get that many times the
figure, which is why figures are set low. What must hold exactly (PIN tries, sign-in tries per account)
is counted in the service's database instead.
"""

import ipaddress
import time
from collections.abc import Callable

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from web.errors import RateLimitedError


class RateLimiter:
    """Counts tries in a moving window.

    Args:
        clock: Seconds since the epoch, to say when to come back.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._clock = clock

    def hit(self, rule: str, *key: str) -> None:
        """Count one try.

        Args:
            rule: Such as ``10/minute``.
            key: What is counted: the name of the act, then the client.

        Raises:
            RateLimitedError: It is one too many; says when to come back.
        """
        limit = parse(rule)
        if self._limiter.hit(limit, *key):
            return
        reset = self._limiter.get_window_stats(limit, *key).reset_time
        raise RateLimitedError(f"at most {rule}", retry_after=max(1, round(reset - self._clock())))


def client_key(address: str | None) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 that one customer of IPv6 gets."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
