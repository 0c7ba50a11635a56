"""What monitoring sees of a service's view of the ledger: how old the newest checkpoint is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from web import metrics


def init_app(app: Flask, ledger: Any, *, clock: Callable[[], float]) -> None:
    """Register the age of the newest checkpoint; there is none before the first question to the ledger.

    Args:
        app: The application, with ``web.metrics``.
        ledger: The service's client; one without ``newest_checkpoint_time`` shows nothing.
        clock: Returns the time in seconds since 1970.
    """

    def age() -> float | None:
        newest = getattr(ledger, "newest_checkpoint_time", None)
        return None if newest is None else max(0.0, clock() - newest)

    metrics.gauge(app, "checkpoint_age_seconds", "Age of the newest checkpoint that was checked", age)
