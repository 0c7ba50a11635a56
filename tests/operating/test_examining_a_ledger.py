"""Every way in which a ledger's database can be wrong is found by one of the checks."""

from pathlib import Path

import pytest
from sqlite_utils.utils import sqlite3

from ledger import examining
from ledger.core.reading import Reader
from ledger.errors import HistoryError, LedgerError, SelfCheckError, StoreError
from tests.ledger.consortium import Consortium

CHECKS = (
    examining.check_tree,
    examining.check_blocks,
    examining.check_numbers,
    examining.check_map,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Return a ledger with an issuer, anchors and a vote."""
    consortium = Consortium(tmp_path, count=3)
    college = consortium.parties[1]
    consortium.decide(["issuer.put", college.issuer(consortium.chain_id, 7)])
    consortium.accept(
        consortium.founder,
        "accredit",
        {"issuer": college.did, "type": "GraduationCertificate", "from": 0, "until": None},
    )
    for number in range(5):
        consortium.accept(college, "anchor", {"root": bytes([number]) * 32})
    consortium.decide(["remove", {"member": consortium.parties[2].did}])
    consortium.core.close()
    return consortium.path


def complaints(path: Path) -> list[LedgerError]:
    """Return what the checks and the replay say."""
    found = []
    with Reader.open(path) as reader:
        for check in (*CHECKS, lambda reader: examining.replay(reader, path.with_name("replayed.db"))):
            try:
                check(reader)
            except LedgerError as error:
                found.append(error)
    path.with_name("replayed.db").unlink(missing_ok=True)
    return found


def write(path: Path, *statements: str) -> None:
    """Change the database as a bad disk or a bad person would."""
    db = sqlite3.connect(path)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def test_a_sound_ledger_passes_every_check(ledger: Path) -> None:
    assert complaints(ledger) == []


def test_the_checks_say_how_much_they_saw(ledger: Path) -> None:
    with Reader.open(ledger) as reader:
        size = reader.head().size
        statements = examining.check_numbers(reader)
        assert examining.check_tree(reader) == size
        assert statements + examining.check_blocks(reader) + 1 == size
        assert examining.check_map(reader) == examining.replay(reader, ledger.with_name("again.db"))


@pytest.mark.case("OPS-014")
@pytest.mark.parametrize(
    ("damage", "error", "says"),
    [
        ("UPDATE tree SET hash = zeroblob(32) WHERE level = 1 AND position = 2", SelfCheckError, "node 2"),
        ("DELETE FROM tree WHERE level = 0 AND position = 3", StoreError, "lacks node"),
        ("UPDATE entry SET entry = zeroblob(200) WHERE position = 6", SelfCheckError, "entry 6"),
        ("UPDATE entry SET leaf = zeroblob(32) WHERE position = 6", SelfCheckError, "entry 6"),
        ("DELETE FROM entry WHERE position = 6", StoreError, "entry 6"),
        ("UPDATE head SET root = zeroblob(32)", SelfCheckError, "head's root"),
        ("UPDATE head SET size = size - 2", HistoryError, ""),
        (
            "DELETE FROM block WHERE position = (SELECT min(position) FROM block WHERE position > 1)",
            HistoryError,
            "block entry",
        ),
        ("DELETE FROM state WHERE key = (SELECT min(key) FROM state)", SelfCheckError, "state's root"),
        ("UPDATE head SET state = zeroblob(32)", SelfCheckError, "state's root"),
        ("UPDATE map_node SET second = zeroblob(32) WHERE is_leaf = 1", SelfCheckError, "another value"),
        ("DELETE FROM map_node WHERE is_leaf = 0", StoreError, "lacks a node"),
    ],
)
def test_damage_is_found(ledger: Path, damage: str, error: type[LedgerError], says: str) -> None:
    write(ledger, damage)
    found = complaints(ledger)
    assert any(isinstance(each, error) and says in str(each) for each in found), found


@pytest.mark.case("OPS-014")
def test_a_state_that_no_statement_made_is_found_by_the_replay_alone(ledger: Path) -> None:
    _forge_state(ledger)
    found = complaints(ledger)
    assert [str(each) for each in found] == ["replaying the log makes another state"]


def _forge_state(path: Path) -> None:
    """Let the operator give itself something: pairs, map and head agree, and no vote did it."""
    from hashlib import sha256

    from crypto import cbor
    from ledger import prefix_map
    from ledger.store import Store

    store = Store.open(path)
    key, value = cbor.encode(["quota", "did:web:m000.example"]), cbor.encode(-1000)
    store.begin()
    store.put_state(key, value, sha256(value).digest())
    root = prefix_map.update(store, store.head().state, {sha256(key).digest(): sha256(value).digest()})
    store._db.execute("UPDATE head SET state = ?", (root,))
    store.commit()
    store.close()


def test_what_was_signed_is_compared(ledger: Path) -> None:
    with Reader.open(ledger) as reader:
        head = reader.head()
        assert examining.check_signed(reader, (head.size, head.root)) == head.size
        for signed in (None, (head.size + 1, head.root), (head.size, bytes(32))):
            with pytest.raises(HistoryError):
                examining.check_signed(reader, signed)
