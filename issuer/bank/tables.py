"""The tables of this part, made by one migration of ``issuer.migrations``."""

SQL = ""
"""Accounts, applications and conversions."""
