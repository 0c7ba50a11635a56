"""JSON-LD contexts (pinned), JSON Schemas and one catalogue entry per credential type."""
