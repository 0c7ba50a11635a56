"""The tables of this part, made by one migration of ``issuer.migrations``."""

SQL = ""
"""Drafts to be endorsed and the endorsements given."""
