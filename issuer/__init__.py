"""An institution's service: imports, approves, signs, prints, offers, anchors and revokes certificates."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from issuer.parts import Parts


def create_app(
    environ: Mapping[str, str] | None = None,
    *,
    parts: "Parts | None" = None,
    clock: Callable[[], float] | None = None,
) -> "Flask":
    """Make the issuer's WSGI application.

    Args:
        environ: The settings (``ISSUER_*``); the process's environment when absent.
        parts: The collaborators; made from the settings when absent.
        clock: Tells the time in seconds since 1970; the system's when absent.

    Raises:
        web.errors.SettingsError: A setting is missing, wrong or unsafe.
        web.errors.MigrationPendingError: The database is older than the code, or absent.
    """
    from issuer import (
        agreements,
        bank,
        correcting,
        cosigning,
        governance,
        landing,
        monitoring,
        oid4vci,
        publishing,
        settings,
        views,
    )
    from issuer.migrations import migrations
    from issuer.parts import make_parts
    from web import app as web_app
    from web import database
    from web.migrations import require_current
    from web.rate import RateLimiter

    read = settings.read(os.environ if environ is None else environ)
    require_current(read.database, migrations, command="vocred issuer migrate")
    app = web_app.create_service("issuer", settings=read, import_name=__name__)
    app.session_interface = publishing.PagesOnlySessions()
    database.init_app(app, read.database)
    app.extensions["issuer"] = parts or make_parts(read)
    app.extensions["issuer.limiter"] = RateLimiter()
    if clock is not None:
        app.config["CLOCK"] = clock
    web_app.register_api(app, publishing.public)
    web_app.register_api(app, oid4vci.wallets)
    app.register_blueprint(landing.landing)
    views.init_app(app)
    for part in (governance, agreements, cosigning, bank, correcting, monitoring):
        part.init_app(app)
    return app
