"""Recognition agreements as officers make them: drafts, signatures of the parties, dry runs, proposals.

    builder (form -> document)      no JSON and no code; what it cannot say, an agreement cannot say
    texts.fix                       a draft becomes a text: its digest is what everybody signs
    offers   offer -> confirm       handed to each other party's own service, and to the issuers it names
    signing  sign -> signature      each party's officer opens the governance key for one act
    dry_run                         what it would have recognised of the last 12 months, as signed counts
    proposing.propose / end         the members vote; start, amendment and end pass the same test

What leaves this service is written as an *errand* in the transaction that decides it, and carried by the
worker (``carrying``) with retries: a party that is out of reach delays nobody and loses nothing. Addresses
come from the registry alone. The text that people read is ``vc.recognition.describe``'s, which says exactly
what ``evaluate`` does.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: "Flask") -> None:
    """Register the pages and interfaces of this part."""
    from issuer.agreements import api, builder_pages, pages
    from web.app import register_api

    register_api(app, api.others)
    app.register_blueprint(builder_pages.pages)
    app.register_blueprint(pages.pages)
    app.jinja_env.globals["agreements_to_sign"] = pages.to_sign
