"""Records signed by college and enterprise together: drafts, endorsements, and their withdrawal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: "Flask") -> None:
    """Register the pages and interfaces of this part."""
    from issuer.cosigning import api, network
    from web import app as web_app

    # Made at a request, not now: a home may have no pin of the ledger yet.
    app.extensions.setdefault("issuer.cosigning", network.network_of)
    web_app.register_api(app, api.enterprises)
