"""The node's web application: the engine behind the HTTP API and the read-only page.

The engine alone writes, so a node is one process with several threads. Every request reads one committed
state of the database through a reader of its own. The block timer is a thread that the server starts.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping

from flask import Flask

from ledger import api, explorer, mirror, page, watching
from ledger.engines.embedded import EmbeddedEngine
from ledger.running import CLOCK, ENGINE, QUORUM, SETTINGS, Clock, OwnSignature
from ledger.settings import RECEIPT_KEY, read_key, read_settings
from web.app import create_service, register_api

PARTS = (watching, mirror, explorer)
"""What a node does beside its engine; each names its routes and starts its threads."""


def create_app(environ: Mapping[str, str] | None = None, *, clock: Clock | None = None) -> Flask:
    """Make the application of a node with the embedded engine.

    Args:
        environ: The settings; the process's environment by default.
        clock: Returns the time in integer seconds.

    Returns:
        The application, its engine open; no thread runs yet.

    Raises:
        SettingsError: A setting is missing or unsafe.
        LedgerError: The ledger cannot be opened: there is none, another process has it, or a backup was
            restored.
    """
    settings = read_settings(os.environ if environ is None else environ)
    now = clock or (lambda: int(time.time()))
    engine = EmbeddedEngine.open(settings.database, key=read_key(settings.home / RECEIPT_KEY), clock=now)
    app = create_service("ledger", settings=settings, import_name="ledger")
    app.extensions[ENGINE] = engine
    app.extensions[QUORUM] = OwnSignature(engine)
    app.extensions[CLOCK] = now
    app.extensions[SETTINGS] = settings
    register_api(app, api.blueprint)
    app.register_blueprint(page.blueprint)
    for part in PARTS:
        part.init_app(app)
    return app


def start_background(app: Flask) -> None:
    """Start the parts' threads, and the one that runs a block every ten minutes and whatever has become due.

    They end with the process: a block is one transaction, so there is nothing to finish.
    """
    engine: EmbeddedEngine = app.extensions[ENGINE]
    stop = threading.Event()
    threading.Thread(target=engine.run, args=(stop,), name="ledger-block-timer", daemon=True).start()
    for part in PARTS:
        part.start(app, stop)
