"""SQL of the copies at the consortium's mirrors: which mirror keeps what, and when it is tried again."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlite_utils import Database

from issuer.store import row, rows, value

SQL = """
CREATE TABLE mirror (
    url TEXT PRIMARY KEY,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL DEFAULT 0,
    last_kept_at INTEGER
) STRICT;
CREATE TABLE mirror_copy (
    digest BLOB NOT NULL,
    url TEXT NOT NULL REFERENCES mirror (url) ON DELETE CASCADE,
    PRIMARY KEY (digest, url)
) STRICT, WITHOUT ROWID;
"""
"""The mirrors as they were known last, and which of our objects each of them acknowledged."""

# What others need of this issuer now: every list, notices document and index in its newest versions, as
# far as their bytes are kept, and every DID document.
_WANTED = (
    "SELECT digest FROM publication WHERE body IS NOT NULL AND (state <> 'anchored' OR version = "
    "(SELECT max(version) FROM publication AS newer WHERE newer.resource = publication.resource "
    "AND newer.state = 'anchored')) UNION SELECT digest FROM document"
)


def set_mirrors(db: Database, urls: Sequence[str]) -> None:
    """Note which mirrors there are; what is known of others is forgotten."""
    for url in urls:
        db.execute("INSERT OR IGNORE INTO mirror (url) VALUES (?)", (url,))
    marks = ", ".join("?" * len(urls))
    db.execute(f"DELETE FROM mirror WHERE url NOT IN ({marks})", tuple(urls))  # noqa: S608 - marks


def mirrors(db: Database) -> list[dict[str, Any]]:
    """Return the mirrors, each with how many objects wait for it."""
    return rows(
        db,
        f"SELECT *, (SELECT count(*) FROM ({_WANTED}) AS wanted WHERE NOT EXISTS (SELECT 1 FROM mirror_copy "  # noqa: S608
        "WHERE mirror_copy.url = mirror.url AND mirror_copy.digest = wanted.digest)) AS waiting "
        "FROM mirror ORDER BY url",
    )


def copies_wait(db: Database, *, now: int) -> bool:
    """Return whether an object waits for a mirror that may be tried now."""
    return bool(
        value(
            db,
            f"SELECT EXISTS (SELECT 1 FROM mirror, ({_WANTED}) AS wanted WHERE next_attempt_at <= ? "  # noqa: S608
            "AND NOT EXISTS (SELECT 1 FROM mirror_copy "
            "WHERE mirror_copy.url = mirror.url AND mirror_copy.digest = wanted.digest))",
            (now,),
        )
    )


def waiting_copies(db: Database, url: str, *, limit: int) -> list[bytes]:
    """Return the digests of objects that a mirror has not acknowledged."""
    found = db.execute(
        f"SELECT digest FROM ({_WANTED}) AS wanted WHERE NOT EXISTS "  # noqa: S608
        "(SELECT 1 FROM mirror_copy WHERE url = ? AND mirror_copy.digest = wanted.digest) LIMIT ?",
        (url, limit),
    )
    return [bytes(digest) for (digest,) in found]


def published_body(db: Database, digest: bytes) -> bytes | None:
    """Return the bytes of a version or DID document."""
    found = row(
        db,
        "SELECT body FROM publication WHERE digest = ? AND body IS NOT NULL "
        "UNION ALL SELECT body FROM document WHERE digest = ?",
        (digest, digest),
    )
    return None if found is None else bytes(found["body"])


def note_copies(db: Database, url: str, digests: Iterable[bytes], *, at: int) -> None:
    """Note what a mirror acknowledged."""
    for digest in digests:
        db.execute("INSERT OR IGNORE INTO mirror_copy VALUES (?, ?)", (digest, url))
        db.execute("UPDATE mirror SET last_kept_at = ? WHERE url = ?", (at, url))


def note_attempt(db: Database, url: str, *, attempts: int, next_attempt_at: int) -> None:
    """Note how often a mirror failed one after the other, and when it is tried again."""
    db.execute(
        "UPDATE mirror SET attempts = ?, next_attempt_at = ? WHERE url = ?", (attempts, next_attempt_at, url)
    )


def forget_copies(db: Database) -> None:
    """Forget copies of what nobody needs any more."""
    db.execute(f"DELETE FROM mirror_copy WHERE digest NOT IN ({_WANTED})")  # noqa: S608
