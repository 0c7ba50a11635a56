"""The consortium's shared log: its registry, agreements and votes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """Make the node's WSGI application; see ``ledger.node``."""
    from ledger import node

    return node.create_app(environ)


def start_background(app: Flask) -> None:
    """Start the node's block timer; the server calls it once in the process that serves ``app``."""
    from ledger import node

    node.start_background(app)


def end_with(app: Flask, end: Callable[[Exception], None]) -> None:
    """Have ``end`` called with a failure against which a new start of the node would not help."""
    from ledger import node

    node.end_with(app, end)
