"""The tables of this part, made by one migration of ``issuer.migrations``."""

SQL = ""
"""The member's votes, as remembered for its own log."""
