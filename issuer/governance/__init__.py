"""What a member decides in its own service: its governance key, proposals and votes.

    keys       one sealed key, opened by a passphrase for one act
    acting     propose, vote, withdraw, sign an agreement: signed, written down, submitted, noted
    matters    what stands behind a proposal: the agreement's text, counts, names, all proved
    questions  each proposal as one question in plain words, and what follows; wording has a part of them
    forms      what an officer fills in to propose
    rotating   the member's own keys and schemas: signed without a vote
    board      the list; pages and commands show it

The members decide by votes on the shared ledger; nothing here decides anything for them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: "Flask") -> None:
    """Register the pages."""
    # Their views stand on the same blueprint.
    from issuer.governance import own_pages, proposing_pages  # noqa: F401
    from issuer.governance.pages import pages

    app.register_blueprint(pages)
