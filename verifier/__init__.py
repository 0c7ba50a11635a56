"""The verifier: open to all, no account, keeps nothing of what it is shown."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from verifier.answering import Collaborators


def create_app(
    environ: Mapping[str, str] | None = None,
    *,
    collaborators: Collaborators | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Flask:
    """Make the verifier's application.

    Args:
        environ: Its ``VERIFIER_*`` variables; the process's own when absent.
        collaborators: Ledger and fetcher; made from the settings when absent.
        clock: Tells the time, in UTC, once for each request.

    Raises:
        SettingsError: Something is missing, wrong or unsafe.
        PinError: The pin store is damaged, or belongs to another ledger.
    """
    from ledger import sight
    from verifier import agreement_pages, api, settings, views
    from web.app import create_service, register_api
    from web.rate import RateLimiter

    read = settings.read(os.environ if environ is None else environ)
    app = create_service("verifier", settings=read, import_name=__name__)
    shared = collaborators or settings.collaborators(read)
    app.extensions["verifier"] = api.Desk(collaborators=shared, limiter=RateLimiter(), clock=clock)
    app.register_blueprint(views.blueprint)
    app.register_blueprint(agreement_pages.blueprint)
    register_api(app, api.blueprint)
    sight.init_app(app, shared.ledger, clock=lambda: clock().timestamp())
    return app
