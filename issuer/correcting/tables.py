"""The tables of this part, made by one migration of ``issuer.migrations``."""

SQL = ""
"""Corrections and what holders asked for."""
