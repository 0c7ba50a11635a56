"""Corrections: a new record takes an old one's place, and what holders ask to be corrected."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: "Flask") -> None:
    """Register the pages and interfaces of this part."""
    from issuer.correcting import api, pages
    from web import app as web_app

    web_app.register_api(app, api.holders)
    app.register_blueprint(pages.pages)
    app.jinja_env.globals.update(
        corrections_waiting=pages.waiting,
        corrections_in_batch=pages.in_batch,
        correction_differences=pages.differences,
    )
