"""What a node learns from other nodes: their signatures, and whether they tell the same history.

``quorum`` pulls and keeps signatures (``running.quorum()`` of a node with the ``cometbft`` engine),
``comparing`` compares checkpoints with the other members' nodes once a minute, ``peers`` asks them,
``store`` is ``watch.db``, ``views`` has the routes:

    GET  /v1/evidence       JSON: {"evidence": [{"id", "sizes", "doubleSigners", "signers", "received"}...]}
    GET  /v1/evidence/<id>  CBOR: ``ledger.proof.evidence.Evidence``
    POST /v1/evidence       the same; 201, or 200 where it is known; EVIDENCE_INVALID (422)
    GET  /v1/alarms         JSON: {"alarms": [{"kind", "subject", "since", "seen", "detail", "evidence"}...],
                            "peers": [{"member", "url", "size", "time", "agrees", "tried", "seen",
                            "error"}...]}
"""

from __future__ import annotations

import threading
from functools import partial

from flask import Flask

from ledger.core.reading import Reader
from ledger.engines import Engine
from ledger.running import CLOCK, ENGINE, QUORUM, SETTINGS, Clock
from ledger.settings import COMETBFT, LedgerSettings
from ledger.transport import Transport
from ledger.watching.peers import Asking, Peer, Spawn, in_a_thread, peers_of
from ledger.watching.quorum import PATIENCE, QuorumOfSigners
from ledger.watching.store import WatchStore

__all__ = ["init_app", "start", "watch"]

FILE = "watch.db"


def init_app(app: Flask) -> None:
    """Register the routes and, in a consortium, let the quorum of its signers answer."""
    settings: LedgerSettings = app.extensions[SETTINGS]
    if settings.engine == COMETBFT:
        watch(app)


def watch(
    app: Flask, *, http: Transport | None = None, spawn: Spawn = in_a_thread, patience: float = PATIENCE
) -> QuorumOfSigners:
    """Let an application know who signed which root; nothing is asked yet.

    Args:
        app: A node's application.
        http: How other nodes are reached; None for a transport of our own.
        spawn: Runs what asks one node beside the rest.
        patience: Seconds that a reader waits for the head's quorum.
    """
    settings: LedgerSettings = app.extensions[SETTINGS]
    engine: Engine = app.extensions[ENGINE]
    clock: Clock = app.extensions[CLOCK]
    quorum = QuorumOfSigners(
        engine,
        WatchStore(settings.home / FILE, chain_id=engine.chain_id),
        peers=partial(_peers, engine, settings),
        asking=Asking(http),
        clock=clock,
        spawn=spawn,
        patience=patience,
    )
    app.extensions[QUORUM] = quorum
    return quorum


def start(app: Flask, stop: threading.Event) -> None:
    """Start the threads; each ends soon after ``stop`` is set."""
    quorum = app.extensions[QUORUM]
    if isinstance(quorum, QuorumOfSigners):
        threading.Thread(target=quorum.run, args=(stop,), name="ledger-signatures", daemon=True).start()


def _peers(engine: Engine, settings: LedgerSettings, reader: Reader) -> list[Peer]:
    return peers_of(
        reader, member=engine.member, url=settings.url, insecure_loopback=settings.insecure_loopback
    )
