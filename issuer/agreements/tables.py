"""The tables of this part, made by one migration of ``issuer.migrations``."""

SQL = ""
"""Drafts of agreements and what parties signed."""
