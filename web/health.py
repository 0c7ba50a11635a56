"""``GET /health``: whether a service can do its work, and if not, why.

    200 {"status": "well"}                              everything
    200 {"status": "alarm", "reasons": [...]}           it answers, but somebody has to look
    503 {"status": "failing", "reasons": [...]}         it cannot do its work; send nobody here

A reason is {check, code, detail}, as in a problem document: never a value, a path or a trace. ``time`` is
what the service's clock shows. Anybody may ask, so a check is cheap: it reads a row or a file, and asks
nobody else.
"""

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, json

from web import database, limits, metrics
from web.errors import StorageFullError

FREE_BYTES = 256 * 1024 * 1024
"""Less free space than this raises an alarm."""

_EXTENSION = "vocred_health"

logger = logging.getLogger(__name__)
blueprint = Blueprint("health", __name__)


@dataclass(frozen=True)
class Check:
    """One thing that has to be so.

    Attributes:
        name: Its name in answers and figures.
        look: Returns nothing, or raises one of our errors.
        alarm: True when the service does its work without it, and somebody has to look all the same.
    """

    name: str
    look: Callable[[], None]
    alarm: bool = False


@dataclass(frozen=True)
class Reason:
    """Why a check did not pass."""

    check: Check
    code: str
    detail: str

    def document(self) -> dict[str, str]:
        """Return it as it is answered."""
        return {"check": self.check.name, "code": self.code, "detail": self.detail}


def init_app(app: Flask, *, home: Path, database: Path | None = None) -> None:
    """Begin with what every service needs: a database that can be read, and space.

    Args:
        app: The application, with ``web.metrics``.
        home: The directory on whose disk it writes.
        database: Its database, or None for a service without one.
    """
    app.extensions[_EXTENSION] = []
    if database is not None:
        check(app, "database", lambda: _read(database))
    check(app, "space", lambda: _check_space(home), alarm=True)
    metrics.gauge(
        app, "check_passed", "1 when the check of /health passes", lambda: _figures(app), ("check",)
    )


def check(app: Flask, name: str, look: Callable[[], None], *, alarm: bool = False) -> None:
    """Let ``/health`` look at one more thing.

    Args:
        app: The application.
        name: The check's name, a word or two joined by underscores.
        look: Returns nothing, or raises an error with ``code``, ``type`` and ``title``.
        alarm: True when the service does its work without it, and somebody has to look all the same.
    """
    app.extensions[_EXTENSION].append(Check(name, look, alarm))


def reasons(app: Any) -> list[Reason]:
    """Return why the application is not well; empty when it is."""
    found = [_look(each) for each in app.extensions[_EXTENSION]]
    return [reason for reason in found if reason is not None]


@blueprint.get("/health")
def show() -> Response:
    """Say how the service is."""
    found = reasons(current_app)
    failing = any(not reason.check.alarm for reason in found)
    document: dict[str, Any] = {
        "service": current_app.config["SERVICE"],
        "time": int(current_app.config.get("CLOCK", time.time)()),
        "status": "failing" if failing else "alarm" if found else "well",
        "reasons": [reason.document() for reason in found],
    }
    response = Response(json.dumps(document), 503 if failing else 200, content_type="application/json")
    if failing:
        response.headers["Retry-After"] = str(limits.RETRY_AFTER_SECONDS)
    return response


def _look(check: Check) -> Reason | None:
    try:
        check.look()
    except Exception as error:
        # Whatever it is, the answer is that this does not work.
        if isinstance(getattr(error, "code", None), str):
            return Reason(check, error.code, str(error) or error.title)  # type: ignore[attr-defined]
        logger.warning("health_check_broke name=%s", check.name, exc_info=True)
        return Reason(check, "INTERNAL_ERROR", "the check itself failed; the log says more")
    return None


def _figures(app: Flask) -> dict[tuple[str], float]:
    failed = {reason.check.name for reason in reasons(app)}
    return {(each.name,): float(each.name not in failed) for each in app.extensions[_EXTENSION]}


def _read(path: Path) -> None:
    db = database.connect(path)
    try:
        with database.reading():
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    finally:
        db.close()


def _check_space(home: Path) -> None:
    free = shutil.disk_usage(home).free
    if free < FREE_BYTES:
        raise StorageFullError(f"{free // 2**20} MiB are free, {FREE_BYTES // 2**20} is the least")
