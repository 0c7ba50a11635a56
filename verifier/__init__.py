"""The verifier: open to all, no account, keeps nothing of what it is shown."""

import os
from collections.abc import Mapping

from flask import Flask


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """Make the verifier's application from the environment's ``VERIFIER_*`` variables.

    Raises:
        SettingsError: Something is missing, wrong or unsafe.
        PinError: The pin store is damaged, or belongs to another ledger.
    """
    from verifier import api, settings, views
    from web.app import create_service, register_api
    from web.rate import RateLimiter

    read = settings.read(os.environ if environ is None else environ)
    app = create_service("verifier", settings=read, import_name=__name__)
    app.extensions["verifier"] = settings.collaborators(read)
    app.extensions["verifier_limits"] = RateLimiter()
    app.register_blueprint(views.blueprint)
    register_api(app, api.blueprint)
    return app
