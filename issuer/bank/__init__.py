"""The credit bank: learners' accounts, applications by OpenID4VP, conversions and reconciliation."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: "Flask") -> None:
    """Register the pages and interfaces of this part."""
    from issuer.bank import protocol
    from web.app import register_api

    register_api(app, protocol.wallets)
