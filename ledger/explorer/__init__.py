"""The node's pages for people who check, and the counts that issuers sign for those who supervise.

    pages       /explorer: entries, blocks and who signed them, consistency, epochs, issuers and their lists
    supervision /supervision: counters by issuer and month, revocation rates, late anchors, votes, alarms
    checking    /check: a browser checks a receipt itself, and the same page as one file to keep
    api         PUT, GET /v1/counts/<did>/<month> and GET /v1/counts: what issuers counted and signed
    index       counters of the log by issuer and month, and the beginnings of epochs
    kept        the signed counts, newest of each month; ``exchange`` asks other nodes for theirs
    reports     the supervision report, which carries the signatures under which it is checked
    commands    the same at the command line

All of it is read-only for people, and nothing of it is part of the log: the side data lies in
``explorer.db``.
"""

from __future__ import annotations

import logging
import threading

from flask import Flask

from ledger.explorer import api, checking, exchange, pages, supervision
from ledger.explorer.asking import COUNTS, INDEX
from ledger.explorer.index import Index
from ledger.explorer.kept import KeptCounts
from ledger.running import CLOCK, ENGINE, SETTINGS
from web.app import register_api
from web.errors import StorageError
from web.fetcher import Fetcher

logger = logging.getLogger(__name__)

DATABASE = "explorer.db"
COUNT_SECONDS = 5.0
EXCHANGE_SECONDS = 60
_PAUSE = 0.02


def init_app(app: Flask) -> None:
    """Make the side data and register the routes."""
    path = app.extensions[SETTINGS].home / DATABASE
    app.extensions[INDEX] = Index(path)
    app.extensions[COUNTS] = KeptCounts(path)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(supervision.blueprint)
    app.register_blueprint(checking.blueprint)
    register_api(app, api.blueprint)


def start(app: Flask, stop: threading.Event) -> None:
    """Start the thread that counts the log and exchanges counts; it ends soon after ``stop`` is set."""
    threading.Thread(target=_run, args=(app, stop), name="ledger-explorer", daemon=True).start()


def _run(app: Flask, stop: threading.Event) -> None:
    fetch = Fetcher(insecure_loopback=app.extensions[SETTINGS].insecure_loopback)
    exchanged: int | None = None
    while not stop.wait(COUNT_SECONDS):
        now = app.extensions[CLOCK]()
        try:
            _count(app, stop)
            if exchanged is None or now - exchanged >= EXCHANGE_SECONDS:
                _exchange(app, fetch, now=now)
                exchanged = now
        except StorageError as error:
            # Side data: the node goes on without, and tries again.
            logger.warning("side data not written code=%s", error.code)


def _count(app: Flask, stop: threading.Event) -> None:
    more = True
    while more and not stop.wait(_PAUSE):
        with app.extensions[ENGINE].reader() as reader:
            more = app.extensions[INDEX].advance(reader)


def _exchange(app: Flask, fetch: Fetcher, *, now: int) -> None:
    engine = app.extensions[ENGINE]
    with engine.reader() as reader:
        exchange.exchange(reader, app.extensions[COUNTS], fetch, without=engine.member, now=now)
