"""Recognition agreements as officers make them: drafts, signatures of the parties, dry runs, proposals."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: "Flask") -> None:
    """Register the pages and interfaces of this part."""
