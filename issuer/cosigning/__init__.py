"""Records signed by college and enterprise together: drafts, endorsements, and their withdrawal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: "Flask") -> None:
    """Register the pages and interfaces of this part."""
    from issuer.cosigning import api, college_pages, enterprise_pages, form_pages, network, words
    from web import app as web_app

    # Made at a request, not now: a home may have no pin of the ledger yet.
    app.extensions.setdefault("issuer.cosigning", network.network_of)
    web_app.register_api(app, api.enterprises)
    for module in (college_pages, form_pages, enterprise_pages):
        app.register_blueprint(module.pages)
    app.jinja_env.globals.update(
        cosign_words=words,
        cosigning_of_batch=college_pages.of_batch,
        cosigning_of_record=college_pages.of_record,
        cosigning_waiting=college_pages.waiting,
    )
