"""What monitoring sees of an issuer: what waits for the ledger, and what keeps it from signing.

Everything is read from the database, where the worker leaves it, so that every web process says the same.
"""

from flask import Flask

from issuer import anchoring, guard
from issuer.clock import now
from issuer.errors import AnchoringStuckError
from web import health, metrics
from web.database import current

STUCK_SECONDS = 900
"""Digests that wait longer than this for their receipt raise an alarm."""


def init_app(app: Flask) -> None:
    """Register the issuer's figures and alarms."""
    metrics.gauge(
        app, "pending_anchors", "Forms without a receipt", lambda: anchoring.state(current()).pending
    )
    metrics.gauge(app, "oldest_pending_seconds", "Age of the oldest form without a receipt", _oldest)
    metrics.gauge(
        app,
        "failed_rounds",
        "Rounds with the ledger that failed in a row",
        lambda: anchoring.state(current()).attempts,
    )
    metrics.gauge(app, "checkpoint_age_seconds", "Age of the newest checkpoint seen", _checkpoint_age)
    metrics.gauge(
        app,
        "clock_skew_seconds",
        "How far this clock is ahead of the ledger's",
        lambda: guard.seen(current()).skew,
    )
    health.check(app, "clock_and_state", lambda: guard.require(current(), now=now()), alarm=True)
    health.check(app, "anchoring", _require_moving, alarm=True)


def _oldest() -> float | None:
    oldest = anchoring.state(current()).oldest_pending_at
    return None if oldest is None else max(0, now() - oldest)


def _checkpoint_age() -> float | None:
    seen = guard.seen(current()).checkpoint_at
    return None if seen is None else max(0, now() - seen)


def _require_moving() -> None:
    """Check that what waits for the ledger gets there.

    Raises:
        AnchoringStuckError: It waits too long; the last round's code is in the message.
    """
    state = anchoring.state(current())
    oldest = state.oldest_pending_at
    if oldest is not None and now() - oldest > STUCK_SECONDS:
        raise AnchoringStuckError(
            f"{state.pending} forms wait for the ledger, the oldest for {(now() - oldest) // 60} minutes"
            + (f" ({state.problem})" if state.problem else "")
        )
