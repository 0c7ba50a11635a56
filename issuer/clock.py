"""The one place where a request or command of the issuer reads the clock."""

import time
from collections.abc import Callable

from flask import current_app, has_app_context


def now() -> int:
    """Return the time in whole seconds since 1970, as the application's clock has it."""
    clock: Callable[[], float] = time.time
    if has_app_context():
        clock = current_app.config.get("CLOCK", clock)
    return int(clock())
