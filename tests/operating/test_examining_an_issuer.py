"""Every way in which an issuer's database can be wrong is found, and a sound one passes."""

from collections.abc import Callable

import pytest
from sqlite_utils import Database

from issuer import examining, status_lists, store_ledger
from issuer.errors import AuditTamperedError, UnsoundError
from issuer.migrations import migrations
from tests.issuer.college import College, new_row
from vc.errors import VcError

DAY = 24 * 3600


def used(college: College) -> College:
    """Let a college issue, anchor, revoke and issue more, with something on its way."""
    batch = college.issue(*(new_row(serial) for serial in range(1, 6)))
    college.anchor()
    college.two("revoke", college.first_record(batch).id, reason="机构撤销")
    college.wait(DAY)
    college.anchor()
    college.issue(new_row(6))
    return college


def complaints(college: College) -> list[str]:
    """Return what the checks that need no ledger complain of."""
    db, secret = college.db, college.parts.secret
    checks: list[Callable[[], str]] = [
        *(
            lambda check=check: check(db)
            for check in (
                examining.check_rules,
                examining.check_digests,
                examining.check_receipts,
                examining.check_index,
                examining.check_bits,
                examining.check_audit,
            )
        ),
        lambda: examining.check_keys(db, secret),
        lambda: examining.check_codes(db, secret),
    ]
    found = []
    for check in checks:
        try:
            check()
        except (UnsoundError, VcError) as error:
            found.append(str(error))
    return found


def test_a_college_at_work_passes(college: College) -> None:
    assert complaints(used(college)) == []


def test_its_versions_are_the_ledgers(college: College) -> None:
    used(college)
    said = examining.check_published(
        college.db, college.parts.ledger, url=college.parts.settings.url, now=college.now
    )
    assert said == "4 published versions are the ledger's"


@pytest.mark.case("OPS-014")
@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE form SET list = 9 WHERE rowid = 1", "a list that there is not"),
        ("UPDATE form SET state = 'valid' WHERE state = 'revoked'", "not revoked"),
        ("UPDATE form SET anchor_id = 99 WHERE rowid = 2", "a batch that there is not"),
        ("UPDATE form SET anchored_at = NULL WHERE rowid = 2", "left out of its batch"),
        ("DELETE FROM sealed_form WHERE rowid = 2", "not in the store"),
        ("UPDATE sealed_form SET blob = substr(blob, 1, 8000) WHERE rowid = 2", "a length that none has"),
        ("DELETE FROM sealed_receipt WHERE rowid = 1", "no receipt"),
        ("UPDATE sealed_receipt SET blob = zeroblob(length(blob)) WHERE rowid = 1", "receipt does not open"),
        ("UPDATE sealed_form SET locator = zeroblob(16) WHERE rowid = 2", "those that the index names"),
        ("UPDATE document SET body = x'00'", "not what was signed"),
        ("UPDATE publication SET body = x'00' WHERE resource = 'store/index'", "not what was signed"),
        ("UPDATE statement SET seq = 1 WHERE id = 2", "number of a statement is used twice"),
        ("UPDATE statement SET state = 'refused' WHERE kind = 'anchor'", "without an accepted statement"),
        ("UPDATE signing_key SET sealed = zeroblob(length(sealed))", "does not open key-1"),
        ("UPDATE signing_key SET public = 'z6Mk'", "not the key"),
        ("UPDATE printed_code SET wrapped = zeroblob(length(wrapped)) WHERE rowid = 1", "does not open it"),
        ("UPDATE act SET decided_by = maker", "one officer"),
    ],
)
def test_damage_is_found(college: College, damage: str, says: str) -> None:
    used(college)
    college.db.execute("PRAGMA foreign_keys = OFF")
    college.db.execute("PRAGMA ignore_check_constraints = ON")
    college.db.execute(damage)
    assert any(says in found for found in complaints(college)), complaints(college)


def twin(college: College, number: int, *, kind: str, holder: str | None) -> None:
    """Write one more valid form of the first record that has one."""
    college.db.execute(
        "INSERT INTO form (id, record_id, kind, digest, list, status_index, entry_id, verification_method, "
        "signed_at, holder) SELECT 'twin-' || :n, record_id, :kind, randomblob(32), list, 100000 + :n, "
        "'urn:twin:' || :n, verification_method, signed_at, :holder FROM form WHERE state = 'valid' LIMIT 1",
        {"n": number, "kind": kind, "holder": holder},
    )


def test_a_record_claimed_with_two_slips_is_sound_and_one_signed_twice_is_not(college: College) -> None:
    used(college)
    complaint = "two valid forms of one record"
    twin(college, 1, kind="ldp_vc", holder="did:key:one")
    twin(college, 2, kind="ldp_vc", holder="did:key:two")
    assert not any(complaint in found for found in complaints(college))
    twin(college, 3, kind="ldp_vc", holder="did:key:two")
    assert any(complaint in found for found in complaints(college))
    college.db.execute("DELETE FROM form WHERE id = 'twin-3'")
    twin(college, 4, kind="paper", holder=None)
    assert any(complaint in found for found in complaints(college))


@pytest.mark.case("OPS-038")
@pytest.mark.parametrize(
    ("hand", "says"),
    [
        ("UPDATE audit SET actor = 'nobody' WHERE id = 4", "line 4 of the audit log is not"),
        ("UPDATE audit SET at = at + 1 WHERE id = 2", "line 2 of the audit log is not"),
        ("UPDATE audit SET detail = '{}' WHERE id = 3", "line 3 of the audit log is not"),
        ("DELETE FROM audit WHERE id = 5", "line 5 of the audit log is missing"),
        ("DELETE FROM audit WHERE id = 1", "line 1 of the audit log is missing"),
        (
            "UPDATE audit SET (actor, action, subject, detail, at, second, channel) = "
            "(SELECT actor, action, subject, detail, at, second, channel FROM audit WHERE id = 3) "
            "WHERE id = 4",
            "line 4 of the audit log is not",
        ),
        ("UPDATE audit SET id = id - 1 WHERE id > 0", "is missing"),
    ],
)
def test_a_changed_audit_log_breaks_at_that_line(college: College, hand: str, says: str) -> None:
    used(college)
    _let_the_host_write(college.db)
    college.db.execute(hand)
    assert any(says in found for found in complaints(college)), complaints(college)


@pytest.mark.case("OPS-038")
def test_an_audit_log_that_lost_its_end_is_found_by_what_was_anchored(college: College) -> None:
    used(college)
    _let_the_host_write(college.db)
    anchored = store_ledger.anchored_publication(college.db, status_lists.AUDIT)
    lines, _ = status_lists.audit_head(anchored)
    assert lines > 3
    college.db.execute("DELETE FROM audit WHERE id > 3")
    with pytest.raises(AuditTamperedError, match=f"ends before line {lines}"):
        examining.check_audit(college.db)


@pytest.mark.case("OPS-038")
def test_an_audit_log_that_was_written_anew_is_found_by_what_was_anchored(college: College) -> None:
    used(college)
    _let_the_host_write(college.db)
    college.db.execute("UPDATE audit SET actor = 'nobody' WHERE id = 2")
    _make_links_anew(college.db)
    with pytest.raises(AuditTamperedError, match="not those that were anchored"):
        examining.check_audit(college.db)


@pytest.mark.case("OPS-038")
def test_the_head_of_the_audit_log_goes_to_the_ledger_once_a_day(college: College) -> None:
    def versions() -> int:
        found = store_ledger.anchored_publication(college.db, status_lists.AUDIT)
        return 0 if found is None else found["version"]

    college.issue(new_row(1))
    college.anchor()
    assert versions() == 0
    college.wait(DAY)
    for _ in range(3):
        college.anchor()
    assert versions() == 1
    college.wait(DAY)
    college.anchor()
    assert versions() == 1  # nothing was done meanwhile
    college.issue(new_row(2))
    college.anchor()
    assert versions() == 2


@pytest.mark.case("OPS-038")
def test_lines_from_before_the_chain_are_tied_by_the_migration(college: College) -> None:
    used(college)
    before = college.db.execute("SELECT id, link FROM audit ORDER BY id").fetchall()
    _let_the_host_write(college.db)
    college.db.execute("ALTER TABLE audit DROP COLUMN link")
    college.db.execute(
        "CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    college.db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm015_audit_chain'")
    migrations.apply(college.db)
    assert college.db.execute("SELECT id, link FROM audit ORDER BY id").fetchall() == before
    with pytest.raises(Exception, match="only grows"):
        college.db.execute("UPDATE audit SET actor = 'x'")


def test_a_restart_goes_on_with_the_chain(college: College) -> None:
    used(college)
    college.reopen()
    college.issue(new_row(7))
    assert complaints(college) == []


def _let_the_host_write(db: Database) -> None:
    for name in ("audit_is_never_changed", "audit_is_never_deleted"):
        db.execute(f"DROP TRIGGER IF EXISTS {name}")


def _make_links_anew(db: Database) -> None:
    from issuer import audit

    before = b""
    for line in list(db.query("SELECT * FROM audit ORDER BY id")):
        before = audit.link(before, line)
        db.execute("UPDATE audit SET link = ? WHERE id = ?", (before, line["id"]))
