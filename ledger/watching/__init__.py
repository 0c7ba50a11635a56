"""What a node learns from other nodes: their signatures, and whether they tell the same history."""

from __future__ import annotations

import threading

from flask import Flask


def init_app(_app: Flask) -> None:
    """Register the routes."""


def start(_app: Flask, _stop: threading.Event) -> None:
    """Start the threads; each ends soon after ``_stop`` is set."""
