"""What a node keeps for others: lists, sealed forms, documents and schemas, by digest."""

from __future__ import annotations

import threading

from flask import Flask


def init_app(_app: Flask) -> None:
    """Register the routes."""


def start(_app: Flask, _stop: threading.Event) -> None:
    """Start the threads; each ends soon after ``_stop`` is set."""
