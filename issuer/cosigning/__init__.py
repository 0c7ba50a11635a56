"""Records signed by college and enterprise together: drafts, endorsements, and their withdrawal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: "Flask") -> None:
    """Register the pages and interfaces of this part."""
