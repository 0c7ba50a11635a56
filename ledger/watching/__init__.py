"""What a node learns from other nodes: their signatures, and whether they tell the same history.

``quorum`` pulls and keeps signatures (``running.quorum()`` of a node with the ``cometbft`` engine),
``comparing`` compares checkpoints with the other members' nodes once a minute, ``store`` is ``watch.db``.

Routes, beside those of ``ledger.api``:

    GET  /v1/checkpoints/<size>/signatures   CBOR: all known [protected, signature], sorted by member
    GET  /v1/evidence                        JSON: {"evidence": [{"id", "sizes", "doubleSigners", "signers",
                                             "received"}...]}
    GET  /v1/evidence/<id>                   CBOR: ``ledger.proof.evidence.Evidence``
    POST /v1/evidence                        the same; 201, or 200 where it is known; EVIDENCE_INVALID (422)
    GET  /v1/alarms                          JSON: {"alarms": [{"kind", "member", "since", "seen", "detail",
                                             "evidence"}...], "peers": [{"member", "url", "size", "time",
                                             "agrees", "seen", "error"}...]}
"""

from __future__ import annotations

import threading

from flask import Flask


def init_app(_app: Flask) -> None:
    """Register the routes."""


def start(_app: Flask, _stop: threading.Event) -> None:
    """Start the threads; each ends soon after ``_stop`` is set."""
