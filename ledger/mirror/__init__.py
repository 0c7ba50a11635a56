"""What a node keeps for others: lists, sealed forms, documents and schemas, by digest.

    signing   what issuers sign for mirrors          client    asking mirrors, for services
    naming    what the ledger says has to be kept    sources   whom a mirror pulls from, and when not
    store     ``mirror.db``                          pulling   one round: pull what is missing
    sealed    indexes and buckets of form stores     api       what a mirror answers

With an issuer gone for good, its certificates go on to be verified from here, and its final list holds.
Mirrors decide nothing: whoever asks compares what comes with what the ledger holds.

Spec: LEDGER.md, sections 4.2 and 4.7; ARCHITECTURE.md, "The printed code".
"""

from __future__ import annotations

import threading
from pathlib import Path

from flask import Flask

from ledger.mirror import api, store
from ledger.mirror.pulling import Puller
from ledger.mirror.sources import Sources
from ledger.mirror.store import Inventory
from ledger.running import CLOCK, ENGINE, SETTINGS
from ledger.settings import LedgerSettings
from web import metrics
from web.app import register_api
from web.fetcher import Fetch, Fetcher

__all__ = ["init_app", "inventory", "puller", "start"]


def init_app(app: Flask) -> None:
    """Register the routes and the figures."""
    settings: LedgerSettings = app.extensions[SETTINGS]
    path = settings.home / store.FILE
    app.extensions[api.PATH] = path
    register_api(app, api.blueprint)
    metrics.gauge(
        app,
        "mirror_objects",
        "What this mirror holds, by kind",
        lambda: _held(inventory(path)),
        ("kind",),
    )
    metrics.gauge(
        app,
        "mirror_missing_objects",
        "What the ledger names and this mirror lacks, by kind",
        lambda: _missing(inventory(path)),
        ("kind",),
    )
    metrics.gauge(app, "mirror_bytes", "Size of what this mirror holds", lambda: inventory(path).bytes)


def start(app: Flask, stop: threading.Event) -> None:
    """Start the thread that pulls; it ends soon after ``stop`` is set."""
    pulling = puller(app, stop=stop)
    threading.Thread(target=pulling.run, args=(stop,), name="ledger-mirror", daemon=True).start()


def puller(app: Flask, *, fetch: Fetch | None = None, stop: threading.Event | None = None) -> Puller:
    """Return what does an application's rounds.

    Args:
        app: The node.
        fetch: The fetcher; the vetted one when absent.
        stop: Once set, nobody is asked any more.
    """
    settings: LedgerSettings = app.extensions[SETTINGS]
    fetcher = Fetcher(insecure_loopback=settings.insecure_loopback) if fetch is None else fetch
    return Puller(
        path=settings.home / store.FILE,
        engine=app.extensions[ENGINE],
        sources=Sources(fetcher, stop=stop or threading.Event()),
        url=settings.url,
        clock=app.extensions[CLOCK],
    )


def inventory(path: Path) -> Inventory:
    """Return what a mirror holds and lacks, as its last round left it."""
    with store.opened(path) as db:
        return store.inventory(db)


def _held(found: Inventory) -> metrics.Reading:
    return {("objects",): found.objects, ("forms",): found.forms, ("receipts",): found.receipts}


def _missing(found: Inventory) -> metrics.Reading:
    return {
        ("objects",): found.missing_objects,
        ("agreements",): found.missing_agreements,
        ("buckets",): found.missing_buckets,
    }
