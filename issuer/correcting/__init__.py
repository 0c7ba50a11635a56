"""Corrections: a new record takes an old one's place, and what holders ask to be corrected."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: "Flask") -> None:
    """Register the pages and interfaces of this part."""
