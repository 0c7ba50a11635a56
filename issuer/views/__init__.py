"""The officers' pages: sign in, import, approve, follow, print, look up, revoke, and read the log.

Views parse a request into plain values, call one use case, and render; each file holds the pages of one
matter. Every page but the sign-in asks for an officer, and every use case asks again for the role. Pages work
without script; the scripts only follow progress, put a slip's code into its field and call the printer.
"""

from flask import Flask

from issuer.views import (
    approvals_pages,
    batches_pages,
    officers_pages,
    printing_pages,
    records_pages,
    session,
    workbench,
)


def init_app(app: Flask) -> None:
    """Register the officers' pages and who is signed in."""
    session.init_app(app)
    for module in (
        workbench,
        batches_pages,
        approvals_pages,
        records_pages,
        printing_pages,
        officers_pages,
    ):
        app.register_blueprint(module.pages)
