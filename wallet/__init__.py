"""A holder's service: it receives, keeps and presents credentials."""
