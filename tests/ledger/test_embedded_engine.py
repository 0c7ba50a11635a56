"""The embedded engine: what it acknowledged is there, what it signed is remembered, nobody else writes."""

import contextlib
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ledger.core.machine import Core
from ledger.engines.embedded import EmbeddedEngine, _Arrival
from ledger.engines.signed import adopt, signed_file
from ledger.errors import (
    EngineError,
    MerkleError,
    Reject,
    RestoredBackupError,
    SelfCheckError,
    StoreError,
)
from ledger.proof.bundle import Signer
from ledger.proof.receipts import check_quorum
from ledger.statements import parse_statement
from ledger.store import Store
from tests.ledger.consortium import DAY, START, Consortium, Party

ROOT = Path(__file__).resolve().parents[2]
ENDPOINTS = {"node": None, "mirror": None, "receipts": None}


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def ledger(tmp_path):
    """Return a consortium whose core the engine takes over."""
    consortium = Consortium(tmp_path)
    college = Party("college")
    consortium.make_issuer(college)
    consortium.college = college
    consortium.core.close()
    adopt(consortium.path)
    return consortium


@pytest.fixture
def clock(ledger):
    return Clock(ledger.now + 100)


@pytest.fixture
def engine(ledger, clock):
    running = EmbeddedEngine.open(ledger.path, key=ledger.founder.key("receipt"), clock=clock)
    yield running
    with contextlib.suppress(OSError):
        running.close()


def anchor(ledger, party, label=0):
    return ledger.sign(party, "anchor", {"root": label.to_bytes(32, "big")})


def opened(ledger, clock):
    return EmbeddedEngine.open(ledger.path, key=ledger.founder.key("receipt"), clock=clock)


# Submitting.


def test_a_statement_is_in_the_log_when_submit_returns(ledger, engine):
    tx = anchor(ledger, ledger.college)
    index = engine.submit(tx)
    with engine.reader() as reader:
        assert reader.entry(index) == tx
        assert reader.own_block(index).first == index


@pytest.mark.case("LEDG-010")
def test_submitting_twice_is_harmless(ledger, engine):
    tx = anchor(ledger, ledger.college)
    index = engine.submit(tx)
    size = engine.head.size
    assert engine.submit(tx) == index
    assert engine.head.size == size


def test_a_refusal_says_why_and_costs_no_block(ledger, engine):
    before = engine.head
    for tx, code in (
        (b"garbage", "TX_MALFORMED"),
        (ledger.sign(ledger.parties[2], "anchor", {"root": bytes(32)}), "NOT_PERMITTED"),
        (ledger.sign(Party("stranger"), "vote", {}), "TX_UNKNOWN_KEY"),
    ):
        with pytest.raises(Reject) as caught:
            engine.submit(tx)
        assert caught.value.code == code
    assert engine.head == before


def test_statements_from_many_threads_share_blocks(ledger, engine):
    colleges = []
    for number in range(8):
        party = Party(f"c{number}")
        engine.submit(ledger.sign(ledger.founder, "issuer.put", party.issuer(ledger.chain_id, 100 + number)))
        body = {"issuer": party.did, "type": "GraduationCertificate", "from": 0, "until": None}
        engine.submit(ledger.sign(ledger.founder, "accredit", body))
        colleges.append(party)
    txs = [[anchor(ledger, party, n) for n in range(5)] for party in colleges]
    found: dict[int, bytes] = {}

    def submit(mine):
        for tx in mine:
            found[engine.submit(tx)] = tx

    threads = [threading.Thread(target=submit, args=(mine,)) for mine in txs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40
    with engine.reader() as reader:
        assert all(reader.entry(index) == tx for index, tx in found.items())


def test_a_batch_puts_governance_first(ledger, engine):
    first, second = anchor(ledger, ledger.college, 1), anchor(ledger, ledger.college, 2)
    put = ledger.sign(ledger.founder, "endpoint.put", ENDPOINTS)
    engine._arrivals = [
        _Arrival(first, "submission"),
        _Arrival(put, "governance"),
        _Arrival(second, "submission"),
    ]
    batch = engine._next_batch()
    assert [arrival.tx for arrival in batch] == [put, first, second]
    engine._run(batch)
    assert all(arrival.index is not None for arrival in batch)
    with engine.reader() as reader:
        assert len({reader.own_block(arrival.index).index for arrival in batch}) == 1


def test_effects_come_without_another_statement(ledger, engine):
    body = {"action": ["remove", {"member": ledger.parties[2].did}], "expires": ledger.now + 10 * DAY}
    tx = ledger.sign(ledger.founder, "propose", body)
    engine.submit(tx)
    proposal = parse_statement(tx).proposal_id
    for party in ledger.parties[:2]:
        engine.submit(ledger.sign(party, "vote", {"proposal": proposal, "yes": True}))
    with engine.reader() as reader:
        assert reader.value("proposal", proposal)["status"] == "done"
        assert reader.value("members") == [party.did for party in ledger.parties[:2]]


def test_the_timer_runs_what_has_become_due(tmp_path):
    ledger = Consortium(tmp_path, delay=7 * DAY)
    proposal = ledger.decide(["remove", {"member": ledger.parties[2].did}])
    ledger.core.close()
    adopt(ledger.path)
    clock = Clock(ledger.now + 7 * DAY - 2)
    engine = EmbeddedEngine.open(ledger.path, key=ledger.founder.key("receipt"), clock=clock)
    with engine.reader() as reader:
        assert reader.value("proposal", proposal)["status"] == "enacted"
    size = engine.head.size
    clock.now += 1000
    engine.tick()
    with engine.reader() as reader:
        assert reader.value("proposal", proposal)["status"] == "done"
    assert engine.head.size == size + 1
    engine.tick()
    assert engine.head.size == size + 1  # an idle block leaves no trace
    engine.close()


def test_the_first_start_makes_block_one(tmp_path):
    ledger = Consortium(tmp_path)
    ledger.core.close()
    path = tmp_path / "fresh.db"
    Core.create(path, ledger.genesis).close()
    engine = EmbeddedEngine.open(path, key=ledger.founder.key("receipt"), clock=Clock(START))
    assert (engine.head.height, engine.head.size) == (1, 2)
    assert engine.receipt() is not None
    engine.close()


@pytest.mark.case("LEDG-026", "LEDG-012")
def test_a_clock_that_jumps_back_does_not_take_the_ledger_along(ledger, engine, clock):
    engine.submit(anchor(ledger, ledger.college, 1))
    before = engine.head.time
    clock.now -= 600
    engine.submit(anchor(ledger, ledger.college, 2))
    assert engine.head.time == before


# Receipts.


def checked(engine, receipt, root, *, now):
    signer = Signer(engine.member, engine.genesis.signer_set[0][1].cose_key)
    return check_quorum(
        [receipt], root=root, signers=[signer], chain_id=engine.chain_id, not_before=0, now=now
    )


def test_the_newest_root_is_signed_with_the_present_time(ledger, engine, clock):
    engine.submit(anchor(ledger, ledger.college))
    clock.now += 50
    assert checked(engine, engine.receipt(), engine.head.root, now=clock.now) == clock.now


def test_an_older_root_keeps_its_blocks_time(ledger, engine, clock):
    engine.submit(anchor(ledger, ledger.college, 1))
    old = engine.head
    clock.now += 500
    engine.submit(anchor(ledger, ledger.college, 2))
    assert checked(engine, engine.receipt(old.size), old.root, now=clock.now) == old.time


def test_a_size_within_a_block_is_never_signed(ledger, engine):
    index = engine.submit(anchor(ledger, ledger.college))
    for size in (index + 1, 10**6, 0):
        with pytest.raises(MerkleError):
            engine.receipt(size)
    assert not engine.stopped


def test_root_and_size_are_on_the_disk_before_a_receipt_leaves(ledger, engine):
    engine.submit(anchor(ledger, ledger.college))
    before = signed_file(ledger.path).read_bytes()
    engine.receipt()
    after = signed_file(ledger.path).read_bytes()
    assert before != after
    assert engine.head.root in after


@pytest.mark.case("LEDG-028")
def test_a_flipped_bit_stops_the_signing(ledger, engine):
    engine.submit(anchor(ledger, ledger.college))
    damage = "UPDATE tree SET hash = zeroblob(32) WHERE level = (SELECT max(level) FROM tree)"
    engine._core.store._db.execute(damage)
    with pytest.raises(SelfCheckError):
        engine.receipt()
    assert engine.stopped
    with pytest.raises(EngineError):
        engine.submit(anchor(ledger, ledger.college, 2))


# Backups and second writers.


def backup(ledger, folder):
    """Copy the database as a careful operator would."""
    source = Store.open(ledger.path, read_only=True)
    copy = folder / "backup.db"
    source._db.execute("VACUUM INTO ?", (str(copy),))
    source.close()
    return copy


@pytest.mark.case("LEDG-031")
def test_a_restored_backup_is_refused(ledger, engine, clock, tmp_path):
    engine.submit(anchor(ledger, ledger.college, 1))
    copy = backup(ledger, tmp_path)
    engine.submit(anchor(ledger, ledger.college, 2))
    engine.receipt()
    engine.close()
    newest = tmp_path / "newest.db"
    shutil.move(ledger.path, newest)
    shutil.copy(copy, ledger.path)
    with pytest.raises(RestoredBackupError, match="restore a newer copy"):
        opened(ledger, clock)
    with pytest.raises(RestoredBackupError):
        adopt(ledger.path)  # even by hand nobody goes back behind what was signed
    shutil.copy(newest, ledger.path)
    opened(ledger, clock).close()


@pytest.mark.case("LEDG-031")
def test_another_history_of_the_same_size_is_refused(ledger, engine, clock, tmp_path):
    copy = backup(ledger, tmp_path)
    engine.submit(anchor(ledger, ledger.college, 1))
    engine.receipt()
    engine.close()
    shutil.copy(copy, ledger.path)
    core = Core.open(ledger.path)
    ledger.college.seq["submission"] -= 1
    core.apply_block(core.head.height + 1, clock.now + 5, [anchor(ledger, ledger.college, 2)])
    core.commit()
    core.close()
    with pytest.raises(RestoredBackupError, match="another history"):
        opened(ledger, clock)


def test_a_copy_without_its_file_starts_only_when_declared_the_newest(ledger, engine, clock):
    engine.close()
    signed_file(ledger.path).unlink()
    with pytest.raises(RestoredBackupError, match="missing"):
        opened(ledger, clock)
    adopt(ledger.path)
    opened(ledger, clock).close()


def test_an_unreadable_file_is_no_permission(ledger, engine, clock):
    engine.close()
    signed_file(ledger.path).write_bytes(b"")
    with pytest.raises(RestoredBackupError):
        opened(ledger, clock)


def test_one_process_has_the_ledger(ledger, engine, clock):
    with pytest.raises(EngineError, match="another process"):
        opened(ledger, clock)
    with pytest.raises(EngineError, match="another process"):
        adopt(ledger.path)
    engine.close()
    opened(ledger, clock).close()


def test_another_key_than_the_operators_is_refused(ledger, clock):
    with pytest.raises(EngineError, match="receipt key"):
        EmbeddedEngine.open(ledger.path, key=ledger.founder.key("governance"), clock=clock)


def test_a_consortium_of_signers_is_not_for_this_engine(tmp_path):
    ledger = Consortium(tmp_path, signers=2)
    ledger.core.close()
    with pytest.raises(EngineError, match="one operator"):
        EmbeddedEngine.open(ledger.path, key=ledger.founder.key("receipt"), clock=Clock(START))


def test_no_ledger_no_engine(tmp_path):
    with pytest.raises(StoreError, match="vocred ledger init"):
        EmbeddedEngine.open(tmp_path / "none.db", key=Party("x").key("receipt"), clock=Clock(START))


# Failures.


def test_a_failing_disk_stops_the_engine_and_is_no_refusal(ledger, engine):
    tx = anchor(ledger, ledger.college)
    before = engine.head
    engine._core.store._db.execute("PRAGMA query_only = ON")
    with pytest.raises(EngineError):
        engine.submit(tx)
    assert engine.stopped
    engine._core.store._db.execute("PRAGMA query_only = OFF")
    for call in (lambda: engine.submit(tx), engine.receipt, engine.tick):
        with pytest.raises(EngineError):
            call()
    assert engine.head == before


def test_after_a_failure_a_new_start_takes_the_statement(ledger, engine, clock):
    tx = anchor(ledger, ledger.college)
    engine._core.store._db.execute("PRAGMA query_only = ON")
    with pytest.raises(EngineError):
        engine.submit(tx)
    engine.close()
    again = opened(ledger, clock)
    assert again.submit(tx) > 0
    again.close()


def test_a_closed_engine_takes_nothing(ledger, engine):
    engine.close()
    with pytest.raises(EngineError):
        engine.submit(anchor(ledger, ledger.college))


def test_the_timer_ends_with_the_engine(ledger, engine):
    engine.close()
    engine.run(threading.Event(), interval=0)  # returns instead of ticking for ever


def test_documents_are_kept_by_their_digest(ledger, engine):
    digest = engine.put_document(b"{}")
    assert engine.put_document(b"{}") == digest
    with engine.reader() as reader:
        assert reader.document(digest) == b"{}"
        assert reader.document(bytes(32)) is None


CHILD = """
import os, sys, time
from pathlib import Path
from ledger.engines.embedded import EmbeddedEngine
from ledger.store import Store
from tests.ledger.consortium import Party, key
from ledger.statements import sign_statement

path, first, kill_at = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
engine = EmbeddedEngine.open(path, key=key("m000/receipt"), clock=lambda: 1_800_000_000)
college, real = Party("college"), Store.commit
def commit(store):
    if engine.head.size >= kill_at > 0:
        os.kill(os.getpid(), 9)
    real(store)
Store.commit = commit
print("ready", flush=True)
for number in range(first, first + 100_000):
    root = number.to_bytes(32, "big")
    tx = sign_statement("anchor", {"root": root}, seq=number, issuer=college.did,
                        chain_id=engine.chain_id, key=college.key("submission"))
    print(number, engine.submit(tx), flush=True)
    if number % 5 == 0:
        engine.receipt()
"""


def child(ledger, first, kill_at=0):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(ledger.path), str(first), str(kill_at)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def acknowledged(lines):
    # A line that the kill cut off was not yet an answer.
    return {
        int(n): int(i) for n, i in (line.split() for line in lines if line.endswith("\n") and " " in line)
    }


@pytest.mark.e2e
def test_a_kill_between_apply_and_commit_loses_nothing_acknowledged(ledger, clock):
    size = Core.open(ledger.path).head.size
    process = child(ledger, 1, kill_at=size + 10)
    lines, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    acked = acknowledged(lines.splitlines(keepends=True))
    assert len(acked) == 5
    clock.now = 1_800_000_000
    engine = opened(ledger, clock)
    with engine.reader() as reader:
        assert engine.head.size == size + 10
        assert all(reader.entry(index) is not None for index in acked.values())
        assert reader.value("seq", ledger.college.did, "submission") == 5
    ledger.college.seq["submission"] = 5
    assert engine.submit(anchor(ledger, ledger.college, 6)) == size + 10
    engine.close()


@pytest.mark.e2e
@pytest.mark.case("LEDG-023")
def test_kills_at_any_moment_lose_and_double_nothing(ledger, clock):
    pause = random.Random(7)
    acked: dict[int, int] = {}
    first = 1
    for _ in range(6):
        process = child(ledger, first)
        assert process.stdout.readline() == "ready\n"
        time.sleep(pause.uniform(0.0, 0.4))
        process.send_signal(signal.SIGKILL)
        lines, _ = process.communicate(timeout=60)
        acked |= acknowledged(lines.splitlines(keepends=True))
        core = Core.open(ledger.path)
        first = (core.reader.value("seq", ledger.college.did, "submission") or 0) + 1
        core.close()
    assert len(acked) > 10
    assert max(acked) < first
    clock.now = 1_800_000_000
    engine = opened(ledger, clock)
    with engine.reader() as reader:
        for number, index in acked.items():
            assert parse_statement(reader.entry(index)).seq == number
        numbers = [
            parse_statement(entry).seq
            for entry in reader.entries(1, engine.head.size)
            if entry[:1] == b"\x84" and parse_statement(entry).kind == "anchor"
        ]
    assert numbers == list(range(1, first))
    engine.close()
    assert signed_file(ledger.path).exists()
