"""How a node's engine is, for ``/health`` and ``/metrics``.

An engine that stopped is a failure. That CometBFT is not there, fetches blocks, reaches nobody or makes no
blocks is an alarm: reads and receipts go on. What CometBFT says is asked once in a while, however often
somebody looks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from flask import Flask

from ledger.engines import Engine, EngineStatus
from ledger.engines.cometbft.engine import CometEngine
from ledger.engines.embedded import EmbeddedEngine
from ledger.errors import EngineError, MovedError, NoQuorumError
from web import health, metrics

SECONDS = 2.0
"""How long an answer of the engine about itself is good."""


class Pulse:
    """What the engine last said of itself."""

    def __init__(self, ask: Callable[[], EngineStatus]) -> None:
        """Ask by ``ask``, which raises an EngineError where the engine does not answer."""
        self._ask = ask
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._said: EngineStatus | EngineError = EngineError("the engine was not asked yet")

    def status(self) -> EngineStatus:
        """Return how the engine is, as of a moment ago.

        Raises:
            EngineError: It does not answer.
        """
        with self._lock:
            if time.monotonic() - self._asked > SECONDS:
                self._said = self._now()
                self._asked = time.monotonic()
        if isinstance(self._said, EngineError):
            raise self._said
        return self._said

    def _now(self) -> EngineStatus | EngineError:
        try:
            return self._ask()
        except EngineError as error:
            return error


def init_app(app: Flask, engine: Engine) -> None:
    """Register the checks and the figures of a node's engine."""
    pulse = Pulse(engine.status)
    health.check(app, "engine", lambda: _check_running(engine))
    health.check(app, "consensus", lambda: _check_writable(engine, pulse), alarm=True)
    metrics.gauge(app, "entries", "Entries of the log", lambda: engine.head.size)
    metrics.gauge(app, "block_height", "Number of the newest block", lambda: engine.head.height)
    metrics.gauge(
        app, "confirmed_entries", "Entries under the newest root that may be signed", lambda: engine.confirmed
    )
    metrics.gauge(
        app, "connected_nodes", "Nodes that this one is connected with", lambda: pulse.status().peers
    )
    metrics.gauge(
        app, "voting_power", "This node's power in the consensus; 0 follows", lambda: pulse.status().power
    )


def _check_running(engine: Engine) -> None:
    if engine.stopped:
        raise EngineError("the engine has stopped")


def _check_writable(engine: Engine, pulse: Pulse) -> None:
    """Look whether this node takes statements.

    Raises:
        EngineError: It does not, and why.
    """
    if isinstance(engine, EmbeddedEngine):
        if engine.moved:
            raise MovedError("the ledger goes on with several signers")
        return
    status = pulse.status()
    if not status.peers and status.catching_up:
        raise NoQuorumError("this node reaches no other one")
    if status.catching_up:
        raise EngineError("this node fetches the blocks that it missed")
    if isinstance(engine, CometEngine) and engine.halted:
        raise NoQuorumError("no block comes: too few members' nodes take part, nothing is written meanwhile")
