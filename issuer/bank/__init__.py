"""The credit bank: learners' accounts, applications by OpenID4VP, conversions and reconciliation."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: "Flask") -> None:
    """Register the pages and interfaces of this part."""
    from issuer.bank import answered, pages, protocol, words
    from web.app import register_api

    register_api(app, protocol.wallets)
    app.register_blueprint(pages.pages)
    app.register_blueprint(answered.public)
    app.jinja_env.globals.update(bank_words=words, bank_waiting=pages.waiting, at_bank=pages.at_bank)
