"""SQL of what must hold in an issuer's database at any moment, whatever was killed when.

Each query returns the rows that break its rule, so that none is the answer of a sound database.
"""

from collections.abc import Iterator

from sqlite_utils import Database

from issuer.store import rows

BROKEN: dict[str, str] = {
    "a status index is used twice": (
        "SELECT list, status_index FROM (SELECT list, status_index FROM form "
        "UNION ALL SELECT list, status_index FROM cosign_given) "
        "GROUP BY list, status_index HAVING count(*) > 1"
    ),
    "a form is on a list that there is not": (
        "SELECT id FROM form WHERE list NOT IN (SELECT number FROM status_list)"
    ),
    "a holder, or paper, has two valid forms of one record": (
        "SELECT record_id FROM form WHERE state = 'valid' "
        "GROUP BY record_id, kind, holder HAVING count(*) > 1"
    ),
    "a revoked record has a form that is not revoked": (
        "SELECT form.id FROM form JOIN record ON record.id = form.record_id "
        "WHERE record.state = 'revoked' AND form.state <> 'revoked'"
    ),
    "an ended form does not say why or when": (
        "SELECT id FROM form WHERE state <> 'valid' AND (reason IS NULL OR ended_at IS NULL)"
    ),
    "a paper form is not in the store": (
        "SELECT form.id FROM form LEFT JOIN sealed_form ON sealed_form.form_id = form.id "
        "WHERE form.kind = 'paper' AND sealed_form.form_id IS NULL"
    ),
    "a sealed form has a length that none has": (
        # A nonce of 12 bytes, whole blocks of 8 KiB, a tag of 16 bytes.
        "SELECT form_id FROM sealed_form WHERE length(blob) < 8220 OR (length(blob) - 28) % 8192 <> 0"
    ),
    "a signed row has no record": (
        "SELECT batch_row.batch_id FROM batch_row LEFT JOIN record ON record.id = batch_row.record_id "
        "WHERE batch_row.state = 'signed' AND record.id IS NULL"
    ),
    "an issued batch has a row that waits": (
        "SELECT batch.id FROM batch JOIN batch_row ON batch_row.batch_id = batch.id "
        "WHERE batch.state = 'issued' AND batch_row.state = 'waiting' "
        "AND (batch_row.pile = 'ready' OR batch_row.confirmed)"
    ),
    "a form is in a batch that there is not": (
        "SELECT id FROM form WHERE anchor_id IS NOT NULL AND anchor_id NOT IN (SELECT id FROM anchor)"
    ),
    "a form was left out of its batch": (
        "SELECT form.id FROM form JOIN anchor ON anchor.id = form.anchor_id WHERE form.anchored_at IS NULL "
        "AND (anchor.state = 'receipted' OR NOT EXISTS (SELECT 1 FROM anchor_leaf "
        "WHERE anchor_leaf.anchor_id = anchor.id AND anchor_leaf.form_id = form.id))"
    ),
    "a form is anchored twice": "SELECT form_id FROM anchor_leaf GROUP BY form_id HAVING count(*) > 1",
    "two batches have one root": "SELECT root FROM anchor GROUP BY root HAVING count(*) > 1",
    "two batches are in one statement": (
        "SELECT statement_id FROM anchor WHERE statement_id IS NOT NULL "
        "GROUP BY statement_id HAVING count(*) > 1"
    ),
    "a batch is anchored without an accepted statement": (
        "SELECT anchor.id FROM anchor LEFT JOIN statement ON statement.id = anchor.statement_id "
        "WHERE anchor.state <> 'waiting' AND statement.state IS NOT 'accepted'"
    ),
    "a number of a statement is used twice": (
        "SELECT seq FROM statement WHERE state <> 'refused' GROUP BY seq HAVING count(*) > 1"
    ),
    "two statements are one entry": (
        "SELECT entry_index FROM statement WHERE entry_index IS NOT NULL "
        "GROUP BY entry_index HAVING count(*) > 1"
    ),
    "an accepted statement has no entry": (
        "SELECT id FROM statement WHERE state = 'accepted' AND entry_index IS NULL"
    ),
    "a version is anchored without an accepted statement": (
        "SELECT publication.resource FROM publication "
        "LEFT JOIN statement ON statement.id = publication.statement_id "
        "WHERE publication.state = 'anchored' AND statement.state IS NOT 'accepted'"
    ),
    "a slip was used and nothing was claimed with it": (
        "SELECT slip.id FROM slip LEFT JOIN slip_use ON slip_use.slip_id = slip.id "
        "WHERE slip.state = 'used' AND slip_use.slip_id IS NULL"
    ),
    "two keys sign in one role": (
        "SELECT role FROM signing_key WHERE retired_at IS NULL GROUP BY role HAVING count(*) > 1"
    ),
    "both sides of an act are one officer": (
        "SELECT id FROM act WHERE state = 'approved' AND decided_by = maker"
    ),
}
"""Complaint -> query."""


def broken(db: Database, complaint: str) -> int:
    """Return how many rows break a rule."""
    return len(rows(db, BROKEN[complaint]))


def stored(db: Database) -> Iterator[tuple[str, bytes, bytes]]:
    """Iterate over everything that is kept by its SHA-256: what it is, the digest, the bytes."""
    for table, column in (("form", "secured"), ("document", "body"), ("publication", "body")):
        query = f"SELECT digest, {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608 - constants
        for digest, body in db.execute(query):
            yield table, bytes(digest), bytes(body)


def anchored_digests(db: Database) -> Iterator[bytes]:
    """Iterate over the digests of the forms that have their receipt."""
    for (digest,) in db.execute("SELECT digest FROM form WHERE anchored_at IS NOT NULL"):
        yield bytes(digest)


def receipt_locators(db: Database) -> set[bytes]:
    """Return under which locators receipts lie."""
    return {bytes(locator) for (locator,) in db.execute("SELECT locator FROM sealed_receipt")}


def indexed_locators(db: Database, version: int) -> list[bytes]:
    """Return the locators that a version of the index names."""
    query = "SELECT locator FROM sealed_form WHERE index_version <= ?"
    return [bytes(locator) for (locator,) in db.execute(query, (version,))]


def kept_codes(db: Database) -> Iterator[tuple[str, bytes, bytes, bytes]]:
    """Iterate over the codes that are not printed yet: form, wrapped code, locator, sealed form."""
    query = (
        "SELECT printed_code.form_id, wrapped, locator, blob FROM printed_code "
        "JOIN sealed_form ON sealed_form.form_id = printed_code.form_id"
    )
    for form_id, wrapped, locator, blob in db.execute(query):
        yield form_id, bytes(wrapped), bytes(locator), bytes(blob)


def anchored_publications(db: Database) -> list[dict[str, object]]:
    """Return the newest version of each resource that the ledger holds, as this database has it."""
    return rows(
        db,
        "SELECT resource, max(version) AS version, digest, body FROM publication "
        "WHERE state = 'anchored' GROUP BY resource ORDER BY resource",
    )


def signing_keys(db: Database) -> list[dict[str, object]]:
    """Return every key, those that sign no more among them."""
    return rows(db, "SELECT * FROM signing_key ORDER BY role, created_at")
