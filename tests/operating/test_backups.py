"""A backup is a whole copy of a running service, and is restored only where it belongs."""

import json
import os
import shutil
import sqlite3 as plain
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from issuer import anchoring, examining, guard, standing, store
from issuer.errors import StateBehindLedgerError
from ledger.core.reading import Reader
from ledger.engines.signed import signed_file
from tests.issuer.college import College, new_row
from tests.ledger.living_node import URL, LivingNode
from vocred.cli import cli
from vocred.operating import archive, backup, instances, restore
from vocred.operating.doctor import examine
from vocred.operating.errors import (
    BehindLedgerError,
    OperatingError,
    RecoveryRequiredError,
    RestoreRefusedError,
    RunningError,
)
from web import database
from web.database import transaction

ROUNDS = 100


@pytest.fixture
def issuer(college: College) -> College:
    """Return a college that has issued, with a pin of its own."""
    college.issue(*(new_row(serial) for serial in range(1, 4)))
    college.anchor()
    shutil.copy(college.node.home / "college-pins", college.home / "pin")
    return college


def back_up(college: College, name: str = "backup") -> Path:
    """Back a college up beside its home."""
    file = college.home.parent / name
    backup.make("issuer", college.environ, file, now=college.now)
    return file


def bring_back(college: College, file: Path, **how: bool) -> restore.Restored:
    """Restore a college, and open its database again."""
    college.db.close()
    try:
        return restore.put(
            "issuer", college.environ, file, now=college.now, http=college.node.transport, **how
        )
    finally:
        college.reopen()


def rows(college: College) -> dict[str, int]:
    """Return how many rows each table has."""
    return {name: college.db[name].count for name in college.db.table_names()}


def test_a_backup_says_what_it_is(issuer: College) -> None:
    file = back_up(issuer)
    secret = (issuer.home / "secret.key").read_bytes()
    with archive.opened(file, secret=secret) as (manifest, _):
        assert (manifest.service, manifest.url, manifest.made) == (
            "issuer",
            "http://127.0.0.1:8701",
            issuer.now,
        )
        assert manifest.schema[-1].startswith("m0")
        assert manifest.counts["form"] == 3
        assert [each["name"] for each in manifest.files] == ["issuer.db", "pin"]
        assert manifest.ledger is not None
        assert manifest.ledger["size"] > 1
    assert file.stat().st_mode & 0o077 == 0
    assert secret.hex().encode() not in file.read_bytes()


@pytest.mark.case("OPS-016")
def test_a_restored_backup_is_the_instance_as_it_was(issuer: College) -> None:
    file, before = back_up(issuer), rows(issuer)
    for path in issuer.home.glob("issuer.db*"):
        path.unlink()
    (issuer.home / "pin").unlink()
    done = bring_back(issuer, file)
    assert rows(issuer) == before
    assert done.compared
    outcomes = examine("issuer", issuer.environ, offline=False, now=issuer.now, http=issuer.node.transport)
    assert [each for each in outcomes if not each.passed] == []
    assert issuer.anchor().problem is None
    issuer.issue(new_row(9))
    assert issuer.anchor().pending == 0


@pytest.mark.case("OPS-016")
def test_a_hundred_backups_under_full_load_are_each_whole_and_of_one_moment(issuer: College) -> None:
    """Two rows always change together; a copy in which they differ is torn."""
    stop, written = threading.Event(), [0]
    writer = threading.Thread(target=_write_pairs, args=(issuer, stop, written))
    writer.start()
    seen = []
    try:
        for number in range(ROUNDS):
            acknowledged = written[0]
            folder = issuer.home.parent / f"copy-{number}"
            folder.mkdir()
            copy = backup.copy_databases(instances.read("issuer", issuer.environ), folder)["issuer.db"]
            left, right = _pair(copy)
            shutil.rmtree(folder)
            assert left == right >= acknowledged
            seen.append(left)
    finally:
        stop.set()
        writer.join()
    assert seen == sorted(seen)
    assert seen[-1] > seen[0]


def _write_pairs(college: College, stop: threading.Event, written: list[int]) -> None:
    db = database.connect(college.parts.settings.database)
    while not stop.is_set():
        with transaction(db):
            for side in ("left", "right"):
                store.save_preference(db, side, str(written[0] + 1))
        written[0] += 1
    db.close()


def _pair(path: Path) -> tuple[int, int]:
    db = plain.connect(path)
    query = "SELECT value FROM preference WHERE name = ?"
    left, right = (int((db.execute(query, (side,)).fetchone() or [0])[0]) for side in ("left", "right"))
    db.close()
    return left, right


@pytest.mark.case("OPS-015")
@pytest.mark.parametrize("lost", ["wal", "main", "half"])
def test_a_copy_made_with_cp_is_told_from_a_backup(issuer: College, lost: str) -> None:
    file = issuer.home.parent / "copied"
    content = issuer.parts.settings.database.read_bytes()
    file.write_bytes({"wal": content, "main": b"", "half": content[: len(content) // 2]}[lost])
    with pytest.raises(RestoreRefusedError):
        bring_back(issuer, file)


@pytest.mark.case("OPS-015")
@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_a_deleted_log_loses_no_rule_silently(issuer: College, suffix: str) -> None:
    """Without its log a database is an older one: the ledger tells, and nothing is signed."""
    issuer.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    older = issuer.parts.settings.database.read_bytes()
    issuer.issue(new_row(4))
    issuer.anchor()
    issuer.db.close()
    issuer.parts.settings.database.write_bytes(older)
    for path in issuer.home.glob(f"issuer.db{suffix}"):
        path.unlink()
    if suffix == "-shm":
        for path in issuer.home.glob("issuer.db-wal"):
            path.unlink()
    issuer.reopen()
    issuer.wait(60)
    issuer.anchor()
    with pytest.raises(StateBehindLedgerError):
        standing.require(issuer.db, "GraduationCertificate", now=issuer.now)


@pytest.mark.case("OPS-017")
def test_an_old_backup_is_refused_with_what_to_do(issuer: College) -> None:
    file = back_up(issuer)
    issuer.issue(new_row(4))
    issuer.anchor()
    before = rows(issuer)
    with pytest.raises(BehindLedgerError, match="--behind"):
        bring_back(issuer, file)
    assert rows(issuer) == before


@pytest.mark.case("OPS-017")
def test_an_old_backup_that_is_wanted_all_the_same_signs_nothing(issuer: College) -> None:
    file = back_up(issuer)
    record = issuer.first_record(issuer.issue(new_row(4)))
    issuer.anchor()
    issuer.two("revoke", record.id, reason="机构撤销")
    issuer.anchor()
    done = bring_back(issuer, file, behind=True)
    assert done.aside is not None
    assert (done.aside / "issuer.db").is_file()
    issuer.anchor()
    assert guard.seen(issuer.db).behind > 0
    with pytest.raises(StateBehindLedgerError):
        standing.require(issuer.db, "GraduationCertificate", now=issuer.now)
    # The list that the ledger holds is never replaced by one without the revoked form's bit.
    issuer.db.execute("UPDATE status_list SET changed_at = 1")
    issuer.wait(60)
    assert issuer.anchor().problem == "LEDGER_AHEAD"


@pytest.mark.case("OPS-017")
def test_where_the_ledger_is_silent_it_is_asked_before_anything_is_signed(issuer: College) -> None:
    file = back_up(issuer)
    issuer.issue(new_row(4))
    issuer.anchor()

    def silent(*_: object, **__: object) -> None:
        raise OSError("no route")

    issuer.db.close()
    done = restore.put("issuer", issuer.environ, file, now=issuer.now, http=silent)
    issuer.reopen()
    assert not done.compared
    assert standing.current(issuer.db).checked_at is None
    anchoring.anchor_pending(issuer.db, issuer.parts, now=issuer.now, at_once=True)
    with pytest.raises(StateBehindLedgerError):
        standing.require(issuer.db, "GraduationCertificate", now=issuer.now)


@pytest.mark.case("OPS-018")
@pytest.mark.parametrize("part", [0.01, 0.3, 0.6, 0.9])
def test_part_of_a_backup_is_refused(issuer: College, part: float) -> None:
    file, before = back_up(issuer), rows(issuer)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(RestoreRefusedError):
        bring_back(issuer, file)
    assert rows(issuer) == before


def _flip(content: bytearray) -> None:
    content[len(content) // 2] ^= 1


def _another_count(content: bytearray) -> None:
    start = content.index(b'"form":3')
    content[start : start + 8] = b'"form":4'


def _another_url(content: bytearray) -> None:
    start = content.index(b"127.0.0.1:8701")
    content[start : start + 14] = b"127.0.0.1:8799"


@pytest.mark.case("OPS-018")
@pytest.mark.parametrize("change", [_flip, _another_count, _another_url])
def test_a_changed_backup_is_refused(issuer: College, change: Callable[[bytearray], None]) -> None:
    file = back_up(issuer)
    content = bytearray(file.read_bytes())
    change(content)
    file.write_bytes(content)
    with pytest.raises(RestoreRefusedError):
        bring_back(issuer, file)


@pytest.mark.case("OPS-018")
def test_another_instances_backup_is_refused(issuer: College) -> None:
    file = back_up(issuer)
    secret = issuer.home / "secret.key"
    secret.unlink()
    with pytest.raises(RecoveryRequiredError):
        bring_back(issuer, file)
    secret.write_bytes(os.urandom(32))
    secret.chmod(0o600)
    with pytest.raises(RestoreRefusedError, match="another secret"):
        bring_back(issuer, file)


@pytest.mark.case("OPS-018")
def test_a_backup_of_another_address_or_service_is_refused(issuer: College) -> None:
    file = back_up(issuer)
    issuer.environ["ISSUER_URL"] = "http://127.0.0.1:8799"
    with pytest.raises(RestoreRefusedError, match="this is http://127"):
        bring_back(issuer, file)
    wallet = issuer.home.parent / "wallet"
    wallet.mkdir()
    shutil.copy(issuer.home / "secret.key", wallet)
    environ = {
        "WALLET_HOME": str(wallet),
        "WALLET_URL": "http://127.0.0.1:8701",
        "WALLET_LEDGER_URL": URL,
        "WALLET_VERIFIER_URL": "http://127.0.0.1:8705",
        "WALLET_INSECURE_LOOPBACK": "1",
    }
    with pytest.raises(RestoreRefusedError, match="of the service issuer"):
        restore.put("wallet", environ, file, now=issuer.now)


@pytest.mark.case("OPS-018")
def test_a_backup_of_a_newer_program_is_refused(issuer: College) -> None:
    issuer.db.execute("INSERT INTO _sqlite_migrations VALUES (99, 'issuer', 'm099_later', 'now')")
    file = back_up(issuer)
    issuer.db.execute("DELETE FROM _sqlite_migrations WHERE id = 99")
    with pytest.raises(RestoreRefusedError, match="m099_later"):
        bring_back(issuer, file)


def test_a_service_that_runs_is_not_restored(issuer: College) -> None:
    file = back_up(issuer)
    with instances.running(issuer.home), pytest.raises(RunningError):
        bring_back(issuer, file)


def test_a_backup_is_not_written_over_another(issuer: College) -> None:
    back_up(issuer)
    with pytest.raises(OperatingError, match="exists"):
        back_up(issuer)


def test_what_was_here_is_moved_aside(issuer: College) -> None:
    file = back_up(issuer)
    with transaction(issuer.db):
        issuer.db.execute("INSERT INTO preference (name, value) VALUES ('later', '1')")
    done = bring_back(issuer, file)
    assert done.aside is not None
    kept = plain.connect(done.aside / "issuer.db")
    assert kept.execute("SELECT value FROM preference WHERE name = 'later'").fetchone() == ("1",)
    kept.close()
    assert issuer.db.execute("SELECT 1 FROM preference WHERE name = 'later'").fetchone() is None
    examining.check_rules(issuer.db)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[LivingNode]:
    """Return a node that has signed something."""
    node = LivingNode(tmp_path, count=2)
    node.make_issuer(node.consortium.parties[1])
    node.http.get("/v1/checkpoint")
    yield node
    node.close()


def of_node(node: LivingNode) -> dict[str, str]:
    """Return a node's settings."""
    return {"LEDGER_HOME": str(node.home), "LEDGER_URL": URL, "LEDGER_INSECURE_LOOPBACK": "1"}


@pytest.mark.case("OPS-017")
def test_a_ledgers_old_backup_would_sign_a_second_history_and_is_refused(node: LivingNode) -> None:
    file = node.home / "backup"
    backup.make("ledger", of_node(node), file, now=node.now)
    node.accept(node.consortium.parties[1], "anchor", {"root": bytes(32)})
    node.http.get("/v1/checkpoint")
    node.close()
    with pytest.raises(BehindLedgerError, match="was signed"):
        restore.put("ledger", of_node(node), file, now=node.now)
    node.start()


def test_a_ledger_comes_back_on_another_machine_once_its_root_was_compared(node: LivingNode) -> None:
    file = node.home / "backup"
    backup.make("ledger", of_node(node), file, now=node.now)
    node.close()
    with Reader.open(node.home / "ledger.db") as reader:
        head = reader.head()
    for path in (node.home / "ledger.db", signed_file(node.home / "ledger.db")):
        path.unlink()
    with pytest.raises(BehindLedgerError, match="--newest"):
        restore.put("ledger", of_node(node), file, now=node.now)
    restore.put("ledger", of_node(node), file, newest=True, now=node.now)
    node.start()
    with Reader.open(node.home / "ledger.db") as reader:
        assert reader.head() == head


def test_the_commands_say_what_they_did(
    issuer: College, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in issuer.environ.items():
        monkeypatch.setenv(name, value)
    made = CliRunner().invoke(cli, ["backup", "issuer", str(tmp_path / "b"), "--json"])
    assert made.exit_code == 0, made.output
    document = json.loads(made.output)
    assert document["bytes"] == (tmp_path / "b").stat().st_size
    assert document["manifest"]["counts"]["form"] == 3
    issuer.db.close()
    done = CliRunner().invoke(cli, ["restore", "issuer", str(tmp_path / "b")])
    issuer.reopen()
    assert done.exit_code == 0, done.output
    assert "the ledger was not asked" in done.output  # nobody listens at its address here
