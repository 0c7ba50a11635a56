"""A holder's service: claims, keeps and shares credentials that nobody reads while the holder is away."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from wallet.parts import Parts


def create_app(
    environ: Mapping[str, str] | None = None,
    *,
    parts: "Parts | None" = None,
    clock: Callable[[], datetime] | None = None,
) -> "Flask":
    """Make the wallet's WSGI application.

    Args:
        environ: The settings (``WALLET_*``); the process's environment when absent.
        parts: The collaborators; made from the settings when absent.
        clock: Tells the time in UTC; the system's when absent.

    Raises:
        web.errors.SettingsError: A setting is missing, wrong or unsafe.
        web.errors.MigrationPendingError: The database is older than the code.
        ledger.proof.errors.PinError: There is no pin to check the ledger by.
    """
    from ledger import sight
    from wallet import session, settings, views_account, views_certificates, views_claim, views_shares
    from wallet.answering import views as answering
    from wallet.converting import views as converting
    from wallet.correcting import views as correcting
    from wallet.migrations import prepare
    from wallet.parts import make_parts
    from web import app as web_app
    from web import database

    read = settings.read(os.environ if environ is None else environ)
    prepare(read.database)
    app = web_app.create_service("wallet", settings=read, import_name=__name__)
    database.init_app(app, read.database)
    parts, clock = parts or make_parts(read), clock or session.system_clock
    session.init_app(app, parts=parts, clock=clock)
    sight.init_app(app, parts.ledger, clock=lambda: clock().timestamp())
    claimed = (views_account, views_claim, views_certificates, views_shares)
    for module in (*claimed, answering, converting, correcting):
        app.register_blueprint(module.pages)
    web_app.register_api(app, views_shares.api)
    return app
