"""SQL of what must hold in a wallet's database at any moment, whatever was killed when.

Each query returns the rows that break its rule. What is sealed stays sealed: only holders can open it.
"""

from sqlite_utils import Database

BROKEN: dict[str, str] = {
    "two accounts have one name": "SELECT name_key FROM account GROUP BY name_key HAVING count(*) > 1",
    "a certificate is held twice": (
        "SELECT account FROM credential GROUP BY account, fingerprint HAVING count(*) > 1"
    ),
    "something sealed is too short to be sealed": (
        # A nonce of 12 bytes and a tag of 16 bytes, and something between them.
        "SELECT id FROM credential WHERE length(sealed) <= 28 "
        "UNION ALL SELECT id FROM account WHERE length(sealed_data_key) <= 28 "
        "UNION ALL SELECT id FROM claim WHERE length(sealed) <= 28"
    ),
    "a share of nobody can still be opened": (
        "SELECT id FROM share WHERE account IS NULL AND (blob IS NOT NULL OR closed_at IS NULL)"
    ),
    "a session is older than its account": (
        "SELECT session.id FROM session JOIN account ON account.id = session.account "
        "WHERE session.made_at < account.made_at"
    ),
}
"""Complaint -> query."""


def broken(db: Database, complaint: str) -> int:
    """Return how many rows break a rule."""
    return len(db.execute(BROKEN[complaint]).fetchall())
