"""What a node learns from other nodes: their signatures, and whether they tell the same history.

``quorum`` pulls and keeps signatures (``running.quorum()`` of a node with the ``cometbft`` engine),
``comparing`` compares checkpoints with the other members' nodes once a minute, ``peers`` asks them,
``alarms`` takes evidence, ``store`` is ``watch.db``, ``views`` has the routes:

    GET  /v1/evidence       JSON: {"evidence": [{"id", "sizes", "doubleSigners", "signers", "received"}...]}
    GET  /v1/evidence/<id>  CBOR: ``ledger.proof.evidence.Evidence``
    POST /v1/evidence       the same; 201, or 200 where it is known; EVIDENCE_INVALID (422)
    GET  /v1/alarms         JSON: {"alarms": [{"kind", "member", "members", "since", "seen", "detail",
                            "evidence"}...],
                            "peers": [{"member", "url", "size", "time", "agrees", "tried", "seen",
                            "error"}...]}

A single operator's node takes evidence as well; it has nobody to ask.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial

from flask import Flask

from ledger.core.reading import Reader
from ledger.engines import Engine
from ledger.running import CLOCK, ENGINE, QUORUM, SETTINGS, Clock
from ledger.settings import COMETBFT, LedgerSettings
from ledger.transport import Transport
from ledger.watching import views
from ledger.watching.alarms import EQUIVOCATION, TWO_HISTORIES, Alarms
from ledger.watching.comparing import Comparing
from ledger.watching.peers import Asking, Peer, Spawn, in_a_thread, peers_of
from ledger.watching.quorum import PATIENCE, QuorumOfSigners
from ledger.watching.store import WatchStore
from web import metrics
from web.app import register_api
from web.rate import RateLimiter

__all__ = ["Watch", "init_app", "start", "watch"]

FILE = "watch.db"
ALARMS = "ledger_alarms"
"""Under this extension lies what returns the alarms for pages."""

SILENT = "ledger_silent_nodes"
"""Under this extension lies what returns the members' nodes that did not answer when last asked."""

_WATCH = "ledger_watch"


@dataclass(frozen=True)
class Watch:
    """What a node of a consortium does about the others.

    Attributes:
        store: ``watch.db``.
        quorum: Collects signatures.
        comparing: Compares checkpoints.
    """

    store: WatchStore
    quorum: QuorumOfSigners
    comparing: Comparing


def init_app(app: Flask) -> None:
    """Register the routes and, in a consortium, let the quorum of its signers answer."""
    settings: LedgerSettings = app.extensions[SETTINGS]
    engine: Engine = app.extensions[ENGINE]
    clock: Clock = app.extensions[CLOCK]

    @cache
    def store() -> WatchStore:
        return WatchStore(settings.home / FILE, chain_id=engine.chain_id)

    app.extensions[views.STORE] = store
    app.extensions[views.TAKING] = cache(lambda: Alarms(engine, store(), clock=clock))
    app.extensions[views.LIMITER] = RateLimiter()
    app.extensions[ALARMS] = lambda: [views.alarm_value(alarm) for alarm in store().alarms()]
    app.extensions[SILENT] = lambda: [each for each in store().peers() if each.error is not None]
    register_api(app, views.blueprint)
    if settings.engine == COMETBFT:
        watch(app)


def watch(
    app: Flask, *, http: Transport | None = None, spawn: Spawn = in_a_thread, patience: float = PATIENCE
) -> Watch:
    """Let an application know who signed which root, and whether the others agree; nothing is asked yet.

    Args:
        app: A node's application.
        http: How other nodes are reached; None for a transport of our own.
        spawn: Runs what asks one node beside the rest.
        patience: Seconds that a reader waits for the head's quorum.
    """
    settings: LedgerSettings = app.extensions[SETTINGS]
    engine: Engine = app.extensions[ENGINE]
    clock: Clock = app.extensions[CLOCK]
    store: WatchStore = app.extensions[views.STORE]()
    peers, asking = partial(_peers, engine, settings), Asking(http)
    quorum = QuorumOfSigners(
        engine, store, peers=peers, asking=asking, clock=clock, spawn=spawn, patience=patience
    )
    comparing = Comparing(
        engine,
        store,
        quorum=quorum,
        alarms=app.extensions[views.TAKING](),
        peers=peers,
        asking=asking,
        clock=clock,
        spawn=spawn,
    )
    made = Watch(store, quorum, comparing)
    app.extensions[QUORUM], app.extensions[_WATCH] = quorum, made
    _measure(app, made, clock=clock)
    return made


def start(app: Flask, stop: threading.Event) -> None:
    """Start the threads; each ends soon after ``stop`` is set."""
    made: Watch | None = app.extensions.get(_WATCH)
    if made is None:
        return
    for name, run in (("signatures", made.quorum.run), ("comparing", made.comparing.run)):
        threading.Thread(target=run, args=(stop,), name=f"ledger-{name}", daemon=True).start()


def _measure(app: Flask, made: Watch, *, clock: Clock) -> None:
    """Show how fresh the newest checkpoint with a quorum is, how many nodes agree, and the alarms."""
    metrics.gauge(
        app,
        "checkpoint_age_seconds",
        "Age of the newest checkpoint with a quorum",
        lambda: None if (time := made.quorum.time()) is None else max(0, clock() - time),
    )
    metrics.gauge(
        app,
        "peers",
        "Other members' nodes, by what they last showed",
        lambda: _by_agreement(made.store),
        ("state",),
    )
    metrics.gauge(app, "alarms", "Alarms that stand, by kind", lambda: _by_kind(made.store), ("kind",))


def _by_agreement(store: WatchStore) -> dict[Sequence[str], float]:
    counted: dict[Sequence[str], float] = {
        ("agrees",): 0,
        ("disagrees",): 0,
        ("silent",): 0,
        ("unknown",): 0,
    }
    for peer in store.peers():
        state = "unknown" if peer.agrees is None else "agrees" if peer.agrees else "disagrees"
        counted["silent" if peer.error is not None and peer.agrees is not False else state,] += 1
    return counted


def _by_kind(store: WatchStore) -> dict[Sequence[str], float]:
    counted: dict[Sequence[str], float] = {(EQUIVOCATION,): 0, (TWO_HISTORIES,): 0}
    for alarm in store.alarms():
        counted[alarm.kind,] += 1
    return counted


def _peers(engine: Engine, settings: LedgerSettings, reader: Reader) -> list[Peer]:
    return peers_of(
        reader, member=engine.member, url=settings.url, insecure_loopback=settings.insecure_loopback
    )
