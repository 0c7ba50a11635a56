"""``vocred doctor``: a finding for every kind of damage, none for sound data, and never a write."""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from crypto import cbor
from crypto.keys import ED25519, PrivateKey
from ledger import proposing
from ledger.engines.signed import signed_file
from ledger.joining import founding, registration
from ledger.settings import RECEIPT_KEY, write_key
from tests.issuer.college import College, new_row
from tests.ledger.living_node import URL, LivingNode
from vocred.cli import cli, main
from vocred.operating.checks import Outcome
from vocred.operating.doctor import examine

Examine = Callable[[], list[Outcome]]


def findings(outcomes: list[Outcome]) -> dict[str, str]:
    """Return the codes of what did not pass, by the check's name."""
    return {outcome.check: str(outcome.code) for outcome in outcomes if not outcome.passed}


def content(home: Path) -> dict[str, str]:
    """Return the digest of every file but SQLite's own shared memory."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in home.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


@pytest.fixture
def issuer(college: College) -> tuple[College, Examine]:
    """Return a college that has issued and revoked, and its examination."""
    batch = college.issue(*(new_row(serial) for serial in range(1, 4)))
    college.anchor()
    college.two("revoke", college.first_record(batch).id, reason="机构撤销")
    college.anchor()
    pin = college.home / "pin"
    pin.write_bytes((college.node.home / "college-pins").read_bytes())

    def look() -> list[Outcome]:
        return examine("issuer", college.environ, offline=False, now=college.now, http=college.node.transport)

    return college, look


@pytest.fixture
def node(tmp_path: Path) -> LivingNode:
    """Return a node whose ledger holds an issuer and anchors."""
    node = LivingNode(tmp_path, count=2)
    college = node.consortium.parties[1]
    node.make_issuer(college)
    for number in range(3):
        node.accept(college, "anchor", {"root": bytes([number]) * 32})
    return node


def look_at(node: LivingNode) -> list[Outcome]:
    """Examine a node."""
    environ = {"LEDGER_HOME": str(node.home), "LEDGER_URL": URL, "LEDGER_INSECURE_LOOPBACK": "1"}
    return examine("ledger", environ, offline=False, now=node.now, http=node.transport)


def test_an_issuer_at_work_is_well(issuer: tuple[College, Examine]) -> None:
    _, look = issuer
    outcomes = look()
    assert findings(outcomes) == {}
    assert len(outcomes) > 12


def test_a_node_at_work_is_well(node: LivingNode) -> None:
    assert findings(look_at(node)) == {}
    node.close()


def test_nothing_is_written(issuer: tuple[College, Examine], node: LivingNode) -> None:
    college, look = issuer
    before = content(college.home), content(node.home)
    look()
    look_at(node)
    assert (content(college.home), content(node.home)) == before
    node.close()


@pytest.mark.case("OPS-014")
def test_flipped_bytes_are_found(issuer: tuple[College, Examine]) -> None:
    college, look = issuer
    college.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database = college.parts.settings.database
    whole = bytearray(database.read_bytes())
    for start in range(4096, len(whole), 997):
        whole[start] ^= 0xFF
    college.db.close()
    database.write_bytes(whole)
    assert findings(look())["issuer.db is whole"] == "DB_CORRUPT"
    college.reopen = lambda: None  # type: ignore[method-assign]


@pytest.mark.case("OPS-014")
def test_another_instances_database_is_found(issuer: tuple[College, Examine]) -> None:
    college, look = issuer
    secret = college.home / "secret.key"
    secret.unlink()
    secret.write_bytes(os.urandom(32))
    secret.chmod(0o600)
    assert findings(look())["secret opens the keys"] == "DB_CORRUPT"


@pytest.mark.case("OPS-014", "OPS-017")
def test_an_older_copy_is_found(issuer: tuple[College, Examine]) -> None:
    college, look = issuer
    college.db.execute("DELETE FROM publication WHERE statement_id = (SELECT max(id) FROM statement)")
    college.db.execute("DELETE FROM statement WHERE id = (SELECT max(id) FROM statement)")
    found = findings(look())
    assert found["the ledger holds no statement that is not here"] == "STATE_BEHIND_LEDGER"
    assert found["published versions are the ledger's"] == "DB_CORRUPT"


@pytest.mark.case("OPS-014")
def test_another_schema_is_found(issuer: tuple[College, Examine]) -> None:
    college, look = issuer
    college.db.execute("UPDATE _sqlite_migrations SET name = 'm099_later' WHERE name LIKE 'm015%'")
    assert findings(look())["schema is this program's"] == "MIGRATION"


def test_a_key_that_others_can_read_is_found(issuer: tuple[College, Examine], node: LivingNode) -> None:
    college, look = issuer
    (college.home / "governance.key").write_bytes(b"sealed")
    (college.home / "governance.key").chmod(0o644)
    assert findings(look())["secrets are their owner's alone"] == "CONFIG_REFUSED"
    (node.home / RECEIPT_KEY).chmod(0o640)
    assert "secrets are their owner's alone" in findings(look_at(node))
    node.close()


@pytest.mark.parametrize("folder", [".", "keys"])
def test_a_directory_of_keys_that_others_can_look_into_is_found(node: LivingNode, folder: str) -> None:
    (node.home / "keys").mkdir(mode=0o700)
    write_key(node.home / "keys" / "sealed.key", PrivateKey.generate(ED25519))
    assert findings(look_at(node)) == {}
    (node.home / folder).chmod(0o755)
    (outcome,) = (each for each in look_at(node) if not each.passed)
    assert outcome.said == f"others can look into {node.home / folder}"
    assert "chmod 700" in str(outcome.advice)
    node.close()


@pytest.mark.case("OPS-029")
def test_a_lost_secret_is_named_and_not_made_anew(issuer: tuple[College, Examine]) -> None:
    college, look = issuer
    (college.home / "secret.key").unlink()
    (outcome,) = look()
    assert outcome.code == "RECOVERY_REQUIRED"
    assert not (college.home / "secret.key").exists()


@pytest.mark.case("OPS-021", "OPS-022")
def test_a_wrong_clock_is_found(issuer: tuple[College, Examine]) -> None:
    college, _ = issuer
    outcomes = examine(
        "issuer", college.environ, offline=False, now=college.now + 3600, http=college.node.transport
    )
    assert findings(outcomes) == {"clock is the ledger's": "CLOCK_SKEW"}


def test_a_node_whose_key_nobody_voted_for_has_signed_nothing(node: LivingNode) -> None:
    node.close()
    signed_file(node.home / "ledger.db").unlink()
    assert findings(look_at(node))["what was signed is in the log"] == "LEDGER_INCONSISTENT"
    (node.home / RECEIPT_KEY).unlink()
    write_key(node.home / RECEIPT_KEY, PrivateKey.generate(ED25519))
    assert "what was signed is in the log" not in findings(look_at(node))


def _announce(node: LivingNode) -> None:
    """Have the signer say that its node is this one."""
    node.accept(node.founder, "endpoint.put", {"node": URL, "mirror": None, "receipts": None})


def test_a_signer_whose_receipt_key_was_lost_is_found(node: LivingNode) -> None:
    _announce(node)
    node.close()
    assert findings(look_at(node)) == {}
    (node.home / RECEIPT_KEY).unlink()
    write_key(node.home / RECEIPT_KEY, PrivateKey.generate(ED25519))
    signed_file(node.home / "ledger.db").unlink()
    (outcome,) = (each for each in look_at(node) if not each.passed)
    assert outcome.code == "RECOVERY_REQUIRED"
    assert (
        f"{node.founder.did} is registered as a signer with keys that are not in this home (receipt)"
        in outcome.said
    )
    assert "propose signer.set" in str(outcome.advice)


def test_a_signer_whose_validator_key_was_lost_is_found(node: LivingNode) -> None:
    keys = founding.node_keys(node.home, consensus=True)
    chain_id, did = node.consortium.chain_id, node.founder.did
    node.decide(proposing.set_signer(registration.of_node(keys, did=did, chain_id=chain_id)))
    node.close()
    assert findings(look_at(node)) == {}
    shutil.rmtree(node.home / "comet")
    founding.node_keys(node.home, consensus=True)
    (outcome,) = (each for each in look_at(node) if not each.passed)
    assert f"{did} is registered as a signer with keys that are not in this home (validator)" in outcome.said


def test_a_home_without_its_database_is_one_finding(node: LivingNode) -> None:
    node.close()
    (node.home / "ledger.db").unlink()
    (outcome,) = (each for each in look_at(node) if not each.passed)
    assert "no ledger.db in" in outcome.said


def test_a_finding_ends_the_program_itself_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_HOME", str(tmp_path / "nowhere"))
    monkeypatch.setattr(sys, "argv", ["vocred", "doctor", "ledger"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1


def test_a_node_that_signed_more_than_it_holds_is_found(node: LivingNode) -> None:
    node.close()
    signed_file(node.home / "ledger.db").write_bytes(cbor.encode([999, bytes(32)]))
    assert findings(look_at(node))["what was signed is in the log"] == "LEDGER_INCONSISTENT"


def test_a_command_tells_each_check_and_ends_with_1_on_a_finding(
    issuer: tuple[College, Examine], monkeypatch: pytest.MonkeyPatch
) -> None:
    college, _ = issuer
    for name, value in college.environ.items():
        monkeypatch.setenv(name, value)
    good = CliRunner().invoke(cli, ["doctor", "issuer", "--offline"])
    assert good.exit_code == 0, good.output
    assert "nothing is wrong" in good.output
    college.db.execute("UPDATE form SET list = 9 WHERE rowid = 1")
    bad = CliRunner().invoke(cli, ["doctor", "--offline", "--json"])
    assert bad.exit_code == 1
    document = json.loads(bad.output)
    assert document["sound"] is False
    wrong = [each for each in document["services"]["issuer"] if not each["passed"]]
    assert "a form is on a list that there is not" in {each["said"].partition(" (")[0] for each in wrong}
    assert all(each["advice"] for each in wrong)


def test_without_a_service_it_says_what_to_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ISSUER_HOME", "LEDGER_HOME", "VERIFIER_HOME", "WALLET_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert CliRunner().invoke(cli, ["doctor"]).exit_code == 2
