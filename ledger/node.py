"""The node's web application: the engine behind the HTTP API and the read-only page.

The engine alone writes, so a node is one process with several threads. Every request reads one committed
state of the database through a reader of its own. The block timer is a thread that the server starts.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping

from flask import Flask

from ledger import api, explorer, mirror, page, watching
from ledger.engines import Engine, vitals
from ledger.engines.cometbft.engine import CometEngine
from ledger.engines.cometbft.home import CometHome
from ledger.engines.embedded import EmbeddedEngine
from ledger.running import CLOCK, ENGINE, QUORUM, SETTINGS, Clock, OwnSignature
from ledger.settings import RECEIPT_KEY, LedgerSettings, read_key, read_keys, read_settings
from web.app import create_service, register_api
from web.errors import SettingsError

PARTS = (watching, mirror, explorer)
"""What a node does beside its engine; each names its routes and starts its threads."""


def create_app(
    environ: Mapping[str, str] | None = None, *, clock: Clock | None = None, engine: Engine | None = None
) -> Flask:
    """Make the application of a node, with the engine that its settings name.

    Args:
        environ: The settings; the process's environment by default.
        clock: Returns the time in integer seconds.
        engine: An engine that is open already; by default the one that the settings name is opened.

    Returns:
        The application, its engine open; no thread runs yet.

    Raises:
        SettingsError: A setting is missing or unsafe.
        LedgerError: The ledger cannot be opened: there is none, another process has it, or a backup was
            restored.
    """
    settings = read_settings(os.environ if environ is None else environ)
    now = clock or (lambda: int(time.time()))
    engine = engine or open_engine(settings, clock=now)
    app = create_service("ledger", settings=settings, import_name="ledger")
    app.extensions[ENGINE] = engine
    app.extensions[QUORUM] = OwnSignature(engine)
    app.extensions[CLOCK] = app.config["CLOCK"] = now
    app.extensions[SETTINGS] = settings
    vitals.init_app(app, engine)
    register_api(app, api.blueprint)
    app.register_blueprint(page.blueprint)
    for part in PARTS:
        part.init_app(app)
    return app


def open_engine(settings: LedgerSettings, *, clock: Clock) -> Engine:
    """Open the engine that the settings name.

    Raises:
        SettingsError: A key is missing or unsafe.
        LedgerError: The ledger cannot be opened.
    """
    if settings.comet is None:
        if CometHome(settings.comet_home).has_genesis:
            # One block of the operator alone, and this log would part from the members'.
            raise SettingsError("the ledger in LEDGER_HOME is on CometBFT: set LEDGER_ENGINE=cometbft")
        key, others = read_key(settings.home / RECEIPT_KEY), read_keys(settings.home)[1:]
        return EmbeddedEngine.open(settings.database, key=key, others=others, clock=clock)
    return CometEngine.open(
        settings.database,
        keys=read_keys(settings.home),
        home=CometHome(settings.comet_home),
        rpc=settings.comet.rpc,
        clock=clock,
        archive=settings.comet.archive,
    )


def end_with(app: Flask, end: Callable[[Exception], None]) -> None:
    """Have ``end`` called with an error of the engine against which a new start would not help."""
    engine: Engine = app.extensions[ENGINE]
    if isinstance(engine, CometEngine):
        engine.refuse = end


def start_background(app: Flask) -> None:
    """Start the parts' threads, and the embedded engine's timer: a block every ten minutes.

    They end with the process: a block is one transaction, so there is nothing to finish.
    """
    engine: Engine = app.extensions[ENGINE]
    stop = threading.Event()
    if isinstance(engine, EmbeddedEngine):
        threading.Thread(target=engine.run, args=(stop,), name="ledger-block-timer", daemon=True).start()
    for part in PARTS:
        part.start(app, stop)
