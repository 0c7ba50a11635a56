"""SQL of the credit bank: accounts, sources, applications, conversions and reviews. It decides nothing."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from issuer.store import insert, row, rows, value

# Accounts


def add_account(db: Database, values: Mapping[str, Any]) -> None:
    """Write an account."""
    insert(db, "bank_account", values)


def count_accounts(db: Database) -> int:
    """Count the accounts that were ever opened."""
    return int(value(db, "SELECT count(*) FROM bank_account"))


def account(db: Database, account_id: str) -> dict[str, Any] | None:
    """Return an account by its number."""
    return row(db, "SELECT * FROM bank_account WHERE id = ?", (account_id,))


def account_of_person(db: Database, person_key: str) -> dict[str, Any] | None:
    """Return the account of a person, or None."""
    return row(db, "SELECT * FROM bank_account WHERE person_key = ?", (person_key,))


def accounts(db: Database, *, text: str, offset: int, limit: int) -> list[dict[str, Any]]:
    """Return accounts whose number or name holds a text, with how much each holds."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return rows(
        db,
        """
        SELECT bank_account.*, (SELECT count(*) FROM bank_conversion
            WHERE account_id = bank_account.id AND state <> 'cancelled') AS conversions
        FROM bank_account
        WHERE id LIKE ?1 ESCAPE '\\' OR name LIKE ?1 ESCAPE '\\' ORDER BY id LIMIT ?2 OFFSET ?3
        """,
        (f"%{escaped}%", limit, offset),
    )


def confirm_account(db: Database, account_id: str, *, at: int) -> None:
    """Note that somebody who may do so has said that the account is this person's."""
    db.execute(
        "UPDATE bank_account SET confirmed_at = coalesce(confirmed_at, ?) WHERE id = ?", (at, account_id)
    )


def add_enrolment(db: Database, values: Mapping[str, Any]) -> bool:
    """Write where a learner studies; False when it is known."""
    cursor = db.execute(
        "INSERT INTO bank_enrolment (account_id, college, programme, student_number, added_at) "
        "VALUES (:account_id, :college, :programme, :student_number, :added_at) "
        "ON CONFLICT (account_id, college, programme) DO NOTHING",
        values,
    )
    return cursor.rowcount == 1


def enrolments(db: Database, account_id: str) -> list[dict[str, Any]]:
    """Return where a learner studies."""
    return rows(
        db, "SELECT * FROM bank_enrolment WHERE account_id = ? ORDER BY college, programme", (account_id,)
    )


# Sources


def source_of_names(db: Database, names: Sequence[str]) -> dict[str, Any] | None:
    """Return the source that goes by one of some names, the first that is known."""
    for name in names:
        found = row(
            db,
            "SELECT bank_source.* FROM bank_source JOIN bank_source_name ON source_id = bank_source.id "
            "WHERE name = ?",
            (name,),
        )
        if found is not None:
            return found
    return None


def source(db: Database, source_id: int) -> dict[str, Any] | None:
    """Return a source by its number."""
    return row(db, "SELECT * FROM bank_source WHERE id = ?", (source_id,))


def add_source(db: Database, values: Mapping[str, Any]) -> int:
    """Write a source and return its number."""
    facts = json.dumps(values["facts"], ensure_ascii=False)
    return insert(db, "bank_source", {**values, "facts": facts})


def add_source_name(db: Database, name: str, source_id: int) -> None:
    """Let a source go by one more name; a name that is taken stays where it is."""
    db.execute(
        "INSERT INTO bank_source_name (name, source_id) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
        (name, source_id),
    )


def source_names(db: Database, source_id: int) -> list[str]:
    """Return every name of a source."""
    found = rows(db, "SELECT name FROM bank_source_name WHERE source_id = ? ORDER BY name", (source_id,))
    return [each["name"] for each in found]


def set_source_state(db: Database, source_id: int, state: str) -> None:
    """Note what became of a source."""
    db.execute("UPDATE bank_source SET state = ? WHERE id = ?", (state, source_id))


def look_at_source(db: Database, source_id: int, *, at: int) -> None:
    """Note when a source's lists were read."""
    db.execute("UPDATE bank_source SET looked_at = ? WHERE id = ?", (at, source_id))


def add_form(db: Database, values: Mapping[str, Any]) -> None:
    """Remember a form of a source that was shown."""
    db.execute(
        "INSERT INTO bank_form (digest, source_id, list_url, status_index, entry_id) "
        "VALUES (:digest, :source_id, :list_url, :status_index, :entry_id) ON CONFLICT (digest) DO NOTHING",
        values,
    )


def set_form_state(db: Database, digest: bytes, state: str) -> None:
    """Note what became of a form."""
    db.execute("UPDATE bank_form SET state = ? WHERE digest = ?", (state, digest))


def forms_to_look_at(db: Database, *, before: int) -> list[dict[str, Any]]:
    """Return the forms of valid sources on which something rests, not looked at since a moment."""
    return rows(
        db,
        "SELECT bank_form.*, bank_source.issuer FROM bank_form "
        "JOIN bank_source ON bank_source.id = bank_form.source_id "
        "WHERE bank_source.state = 'valid' AND bank_form.state <> 'revoked' "
        "AND bank_source.looked_at <= ? AND EXISTS "
        "(SELECT 1 FROM bank_conversion WHERE bank_conversion.source_id = bank_source.id "
        "AND bank_conversion.state = 'active') ORDER BY bank_source.issuer, list_url, status_index",
        (before,),
    )


# Applications


def add_application(db: Database, values: Mapping[str, Any]) -> None:
    """Write an application."""
    chosen = values["chosen"]
    insert(db, "bank_application", {**values, "chosen": None if chosen is None else json.dumps(chosen)})


def application(db: Database, application_id: str) -> dict[str, Any] | None:
    """Return an application by its id."""
    return _application(row(db, "SELECT * FROM bank_application WHERE id = ?", (application_id,)))


def application_of_hash(db: Database, column: str, hashed: bytes) -> dict[str, Any] | None:
    """Return an application by the hash of one of its secrets; ``column`` is this package's own constant."""
    found = row(db, f"SELECT * FROM bank_application WHERE {column} = ?", (hashed,))  # noqa: S608 - a constant
    return _application(found)


def applications(
    db: Database, states: Sequence[str], *, limit: int, offset: int = 0, application_id: str | None = None
) -> list[dict[str, Any]]:
    """Return applications in some states, the ones presented last first."""
    marks = ", ".join("?" * len(states))
    found = rows(
        db,
        "SELECT bank_application.*, bank_account.name, bank_account.document_kind, "  # noqa: S608 - marks
        "bank_account.document_tail, bank_account.confirmed_at, bank_source.facts FROM bank_application "
        "LEFT JOIN bank_account ON bank_account.id = bank_application.account_id "
        "LEFT JOIN bank_source ON bank_source.id = bank_application.source_id "
        f"WHERE bank_application.state IN ({marks}) AND (? IS NULL OR bank_application.id = ?) "
        "ORDER BY presented_at DESC, created_at DESC, bank_application.id LIMIT ? OFFSET ?",
        (*states, application_id, application_id, limit, offset),
    )
    return [application for each in found if (application := _application(each)) is not None]


def count_applications(db: Database, state: str) -> int:
    """Count the applications in a state."""
    return int(value(db, "SELECT count(*) FROM bank_application WHERE state = ?", (state,)))


def count_open(db: Database, *, now: int) -> int:
    """Count the applications that wait for a presentation."""
    sql = "SELECT count(*) FROM bank_application WHERE state = 'waiting' AND expires_at > ?"
    return int(value(db, sql, (now,)))


def count_try(db: Database, application_id: str) -> None:
    """Count a presentation that was refused."""
    db.execute("UPDATE bank_application SET tries = tries + 1 WHERE id = ?", (application_id,))


def move_application(
    db: Database, application_id: str, *, before: Sequence[str], after: str, **columns: Any
) -> bool:
    """Move an application to another state, if it is in one of ``before``; False when it is not."""
    if "results" in columns:
        columns["results"] = json.dumps(columns["results"], ensure_ascii=False)
    sets = "".join(f", {name} = ?" for name in columns)
    marks = ", ".join("?" * len(before))
    cursor = db.execute(
        f"UPDATE bank_application SET state = ?{sets} WHERE id = ? AND state IN ({marks})",  # noqa: S608
        (after, *columns.values(), application_id, *before),
    )
    return cursor.rowcount == 1


def forget_applications(db: Database, *, before: int) -> int:
    """Delete applications to which nobody ever presented anything; returns how many."""
    return db.execute(
        "DELETE FROM bank_application WHERE state = 'waiting' AND expires_at < ?", (before,)
    ).rowcount


def _application(found: dict[str, Any] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    chosen = found["chosen"]
    return {
        **found,
        "chosen": None if chosen is None else json.loads(chosen),
        "results": json.loads(found["results"]),
    }


# Conversions


def add_conversion(db: Database, values: Mapping[str, Any]) -> int:
    """Write a conversion and return its number."""
    names = {
        name: json.dumps(values[name], ensure_ascii=False) if values[name] is not None else None
        for name in ("course_name", "line")
    }
    return insert(db, "bank_conversion", {**values, **names})


def conversion(db: Database, conversion_id: int) -> dict[str, Any] | None:
    """Return a conversion by its number."""
    return _conversion(row(db, "SELECT * FROM bank_conversion WHERE id = ?", (conversion_id,)))


def conversions(db: Database, account_id: str) -> list[dict[str, Any]]:
    """Return every conversion of an account, cancelled ones too, in the order of registration."""
    found = rows(db, "SELECT * FROM bank_conversion WHERE account_id = ? ORDER BY id", (account_id,))
    return [conversion for each in found if (conversion := _conversion(each)) is not None]


def conversions_of_application(db: Database, application_id: str) -> list[dict[str, Any]]:
    """Return what an application registered."""
    found = rows(db, "SELECT * FROM bank_conversion WHERE application_id = ? ORDER BY id", (application_id,))
    return [conversion for each in found if (conversion := _conversion(each)) is not None]


def conversions_of_source(db: Database, source_id: int, state: str) -> list[dict[str, Any]]:
    """Return the conversions in a state that rest on a source."""
    found = rows(
        db,
        "SELECT * FROM bank_conversion WHERE source_id = ? AND state = ? ORDER BY id",
        (source_id, state),
    )
    return [conversion for each in found if (conversion := _conversion(each)) is not None]


def registered_between(db: Database, *, start: int, end: int) -> list[dict[str, Any]]:
    """Return what was registered from ``start`` and before ``end``, newest first, with whose it is."""
    found = rows(
        db,
        "SELECT bank_conversion.*, bank_account.name, bank_account.document_tail, bank_source.facts "
        "FROM bank_conversion JOIN bank_account ON bank_account.id = bank_conversion.account_id "
        "JOIN bank_source ON bank_source.id = bank_conversion.source_id "
        "WHERE registered_at >= ? AND registered_at < ? ORDER BY bank_conversion.id DESC",
        (start, end),
    )
    return [conversion for each in found if (conversion := _conversion(each)) is not None]


def move_conversion(db: Database, conversion_id: int, *, before: Sequence[str], after: str, at: int) -> bool:
    """Move a conversion to another state, if it is in one of ``before``; False when it is not."""
    marks = ", ".join("?" * len(before))
    cursor = db.execute(
        "UPDATE bank_conversion SET state = ?, ended_at = CASE WHEN ? = 'cancelled' THEN ? END "  # noqa: S608
        f"WHERE id = ? AND state IN ({marks})",
        (after, after, at, conversion_id, *before),
    )
    return cursor.rowcount == 1


def replaced_by(db: Database, conversion_id: int, *, rule: str, agreement_id: str, source_id: int) -> None:
    """Say that a conversion takes the place of the one that was cancelled to be issued anew."""
    db.execute(
        "UPDATE bank_conversion SET replaced_by = ?1 WHERE id = (SELECT bank_conversion.id "
        "FROM bank_conversion JOIN bank_review ON conversion_id = bank_conversion.id "
        "WHERE source_id = ?2 AND agreement_id = ?3 AND rule = ?4 AND decision = 'reissue' "
        "AND bank_conversion.replaced_by IS NULL AND bank_conversion.id <> ?1 "
        "ORDER BY bank_conversion.id DESC LIMIT 1)",
        (conversion_id, source_id, agreement_id, rule),
    )


def _conversion(found: dict[str, Any] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    name = found["course_name"]
    return {
        **found,
        "course_name": None if name is None else json.loads(name),
        "line": json.loads(found["line"]),
    }


# Reviews


def add_review(db: Database, values: Mapping[str, Any]) -> int:
    """Open a review and return its number."""
    return insert(db, "bank_review", values)


def review(db: Database, review_id: int) -> dict[str, Any] | None:
    """Return a review by its number."""
    return row(db, "SELECT * FROM bank_review WHERE id = ?", (review_id,))


def reviews(db: Database, *, open_only: bool) -> list[dict[str, Any]]:
    """Return reviews with what they are about, the oldest open one first."""
    return rows(
        db,
        "SELECT bank_review.*, bank_conversion.account_id, bank_conversion.kind, bank_conversion.credits, "
        "bank_conversion.unit, bank_conversion.course_code, bank_conversion.course_name, "
        "bank_conversion.agreement_id, bank_conversion.version, bank_conversion.rule, "
        "bank_conversion.record_id, bank_conversion.line, bank_conversion.state, "
        "bank_account.name, bank_account.document_tail, "
        "bank_source.facts, bank_source.issuer FROM bank_review "
        "JOIN bank_conversion ON bank_conversion.id = bank_review.conversion_id "
        "JOIN bank_account ON bank_account.id = bank_conversion.account_id "
        "JOIN bank_source ON bank_source.id = bank_conversion.source_id "
        "WHERE ?1 = 0 OR bank_review.decision IS NULL ORDER BY decision IS NOT NULL, bank_review.id",
        (int(open_only),),
    )


def decide_review(db: Database, review_id: int, *, decision: str, by: str, at: int) -> bool:
    """Decide an open review; False when it was decided already."""
    cursor = db.execute(
        "UPDATE bank_review SET decision = ?, decided_by = ?, decided_at = ? "
        "WHERE id = ? AND decision IS NULL",
        (decision, by, at, review_id),
    )
    return cursor.rowcount == 1


# Export


def export_rows(db: Database) -> list[dict[str, Any]]:
    """Return every conversion with its account and source, for outside platforms, in order."""
    found = rows(
        db,
        "SELECT bank_conversion.*, bank_account.name, bank_account.document_tail, bank_source.facts, "
        "bank_source.issuer, record.state AS record_state FROM bank_conversion "
        "JOIN bank_account ON bank_account.id = bank_conversion.account_id "
        "JOIN bank_source ON bank_source.id = bank_conversion.source_id "
        "JOIN record ON record.id = bank_conversion.record_id ORDER BY bank_conversion.id",
    )
    return [conversion for each in found if (conversion := _conversion(each)) is not None]
