"""JSON-LD contexts (pinned), JSON Schemas and one catalogue entry per credential type.

``contexts()`` gives the pinned contexts, ``schema(url)`` one of our JSON Schemas. ``schemas.catalogue``
names the types that can be issued, ``schemas.building`` makes an unsigned credential of a registrar's row.
Nothing here fetches or signs.
"""

from schemas.bundle import (
    CREDENTIAL_CONTEXTS,
    CREDENTIALS_V2,
    OPEN_BADGES,
    OPEN_BADGES_EXTENSIONS,
    SCHEMA_BASE,
    VOCRED_CONTEXT,
    contexts,
    example,
    schema,
)

__all__ = [
    "CREDENTIALS_V2",
    "CREDENTIAL_CONTEXTS",
    "OPEN_BADGES",
    "OPEN_BADGES_EXTENSIONS",
    "SCHEMA_BASE",
    "VOCRED_CONTEXT",
    "contexts",
    "example",
    "schema",
]
