"""Blocks, epochs, the state root, replay: what every node and every verifier has to come to alike."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import cbor
from ledger import merkle, prefix_map, statements
from ledger.core import machine
from ledger.core.blocks import (
    CONSORTIUM,
    SINGLE_OPERATOR,
    Block,
    is_block,
    parse_block,
    signers_digest,
)
from ledger.core.genesis import make_genesis, parse_genesis
from ledger.core.machine import Core
from ledger.core.mentions import PROPOSALS, about_proposal
from ledger.core.reading import Reader
from ledger.core.state import State
from ledger.errors import (
    BlockError,
    HistoryError,
    MerkleError,
    Reject,
    SelfCheckError,
    StoreError,
)
from ledger.statements import sign_statement
from ledger.store import Store
from tests.ledger.consortium import START, Consortium, Party, members

ROOT = Path(__file__).resolve().parents[2]
ENDPOINTS = {"node": None, "mirror": None, "receipts": None}


def lived(ledger):
    """Let something of everything happen."""
    college = Party("college", algorithm="P-256")
    ledger.make_issuer(college)
    ledger.decide(Party("new").admission(ledger.chain_id))
    anchors = [ledger.sign(college, "anchor", {"root": bytes([n]) * 32}) for n in range(3)]
    vote = ledger.sign(ledger.founder, "endpoint.put", ENDPOINTS)
    ledger.block(vote, *anchors)
    ledger.block(after=600)
    ledger.decide(["remove", {"member": "did:web:m002.example"}])
    ledger.accept(college, "anchor", {"root": b"\x09" * 32})


# Block entries.


def test_the_first_block_has_an_entry_whatever_is_in_it(ledger):
    block = ledger.core.reader.block(2)
    assert (block.height, block.first, block.size, block.epoch) == (1, 1, 2, 1)
    assert block.previous == merkle.leaf_hash(ledger.genesis.entry)


def test_a_block_that_changes_nothing_leaves_the_log_alone(ledger):
    before = ledger.core.head
    result = ledger.block()
    assert result.block is None
    assert (ledger.core.head.root, ledger.core.head.size) == (before.root, before.size)
    assert ledger.core.head.height == before.height + 1


def test_a_blocks_entry_says_what_a_signature_over_the_root_does_not(ledger, college):
    before = ledger.core.head
    txs = [ledger.sign(college, "anchor", {"root": bytes([n]) * 32}) for n in range(3)]
    block = ledger.block(*txs).block
    assert (block.height, block.time) == (ledger.height, ledger.now)
    assert (block.first, block.size) == (before.size, before.size + 4)
    assert block.previous == before.root == ledger.core.reader.root(block.first)
    assert block.state == ledger.core.head.state
    assert parse_block(ledger.core.reader.entry(block.index)) == block


def test_a_block_of_effects_alone_names_itself_as_first(ledger):
    proposal = ledger.propose(["remove", {"member": ledger.parties[2].did}])
    ledger.vote(proposal, *ledger.parties[:2])
    block = ledger.block().block
    assert block.first == block.size - 1


def test_own_block_of_every_statement(ledger):
    lived(ledger)
    reader, size = ledger.core.reader, ledger.core.head.size
    for index in range(1, size):
        own = reader.own_block(index)
        assert own.first <= index <= own.index
    with pytest.raises(MerkleError):
        reader.own_block(0)
    with pytest.raises(MerkleError):
        reader.own_block(size)


def test_only_sizes_at_which_a_block_ends_are_blocks(ledger, college):
    txs = [ledger.sign(college, "anchor", {"root": bytes([n]) * 32}) for n in range(3)]
    block = ledger.block(*txs).block
    for size in range(block.first + 1, block.size):
        with pytest.raises(MerkleError):
            ledger.core.reader.block(size)


def test_governance_comes_before_submission(ledger, college):
    anchor = ledger.sign(college, "anchor", {"root": bytes(32)})
    ended = {"issuer": college.did, "type": "GraduationCertificate", "from": 0, "until": ledger.now}
    end = ledger.sign(ledger.founder, "accredit", ended)
    results = ledger.block(anchor, end).results
    assert results[0].refusal is None
    assert results[1].refusal.code == "TX_ORDER"
    assert ledger.block(end).results[0].refusal is None


def test_a_refused_submission_does_not_hold_governance_up(ledger, college):
    bad = ledger.sign(college, "anchor", {"root": b"short"})
    good = ledger.sign(ledger.founder, "endpoint.put", ENDPOINTS)
    results = ledger.block(bad, good).results
    assert results[0].refusal is not None
    assert results[1].refusal is None


@pytest.mark.case("LEDG-012", "LEDG-026")
def test_time_and_height_do_not_go_back(ledger, college):
    tx = ledger.sign(college, "anchor", {"root": bytes(32)})
    with pytest.raises(BlockError):
        ledger.core.apply_block(ledger.height + 1, ledger.now - 1, [tx])
    with pytest.raises(BlockError):
        ledger.core.apply_block(ledger.height, ledger.now, [tx])
    assert ledger.block(tx, after=0).block.time == ledger.core.head.time


def test_a_block_is_committed_once(ledger):
    with pytest.raises(BlockError):
        ledger.core.commit()
    ledger.core.apply_block(ledger.height + 1, ledger.now, [])
    with pytest.raises(BlockError):
        ledger.core.apply_block(ledger.height + 2, ledger.now, [])
    ledger.core.rollback()


@pytest.mark.parametrize(
    "change",
    [
        {"domain": "vocred/block/2"},
        {"height": 0},
        {"epoch": 0},
        {"mode": 3},
        {"first": 9},
        {"size": 1},
        {"state": b"short"},
        {"memo": "x"},
        {"time": -1},
        {"time": 1.0},
    ],
)
def test_a_block_entry_holds_exactly_its_members(ledger, change):
    value = {**cbor.decode(ledger.core.reader.entry(1)), **change}
    entry = cbor.encode(value) if "time" not in change else b"\xab" + b"\xfb" * 20
    with pytest.raises(HistoryError):
        parse_block(entry)


def test_a_statement_is_no_block_and_a_block_no_statement(ledger, college):
    index = ledger.accept(college, "anchor", {"root": bytes(32)})
    assert not is_block(ledger.core.reader.entry(index))
    assert is_block(ledger.core.reader.entry(index + 1))
    with pytest.raises(Reject):
        statements.parse_statement(ledger.core.reader.entry(index + 1))


# Epochs.


def test_mode_is_computed_from_the_number_of_signers(tmp_path):
    for signers, mode in ((1, SINGLE_OPERATOR), (2, CONSORTIUM)):
        folder = tmp_path / str(signers)
        folder.mkdir()
        ledger = Consortium(folder, signers=signers)
        assert ledger.core.head_block.mode == mode
        ledger.core.close()


def test_a_change_of_signers_ends_the_epoch(tmp_path):
    ledger = Consortium(tmp_path, count=4, signers=2)
    both = signers_digest(ledger.genesis.signer_set)
    one = signers_digest(ledger.genesis.signer_set[:1])
    ledger.decide(["remove", {"member": ledger.parties[1].did}])
    enacting = ledger.core.head_block
    assert (enacting.epoch, enacting.mode) == (1, CONSORTIUM)
    assert (enacting.signers, enacting.next_signers) == (both, one)
    first = ledger.block().block  # nothing happens, but an epoch begins
    assert (first.epoch, first.mode, first.signers, first.next_signers) == (2, SINGLE_OPERATOR, one, one)
    assert ledger.block().block is None
    ledger.core.close()


def test_a_member_that_signs_nothing_comes_and_goes_within_the_epoch(ledger):
    ledger.decide(Party("new").admission(ledger.chain_id))
    assert ledger.core.head_block.next_epoch == 1


# Refusals leave nothing behind.


@pytest.mark.case("LEDG-011")
def test_a_statement_for_another_ledger_is_refused(ledger, college):
    other = "urn:vocred:ledger:" + "00" * 32
    tx = ledger.sign(college, "anchor", {"root": bytes(32)}, chain_id=other)
    assert ledger.block(tx).results[0].refusal.code == "TX_WRONG_CHAIN"


@pytest.mark.case("LEDG-010")
def test_a_statement_is_accepted_once(ledger, college):
    tx = ledger.sign(college, "anchor", {"root": bytes(32)})
    first, second = ledger.block(tx, tx).results
    assert (first.refusal, second.refusal.code) == (None, "TX_DUPLICATE")
    assert ledger.block(tx).results[0].refusal.code == "TX_DUPLICATE"
    with pytest.raises(Reject) as caught:
        ledger.core.check(tx)
    assert caught.value.code == "TX_DUPLICATE"


@pytest.mark.parametrize("seq", [1, 2, 4, 2**53 - 1])
def test_numbers_have_no_gaps_and_no_repeats(ledger, college, seq):
    for n in range(2):
        ledger.accept(college, "anchor", {"root": bytes([n]) * 32})
    tx = ledger.sign(college, "anchor", {"root": b"\x09" * 32}, seq=seq)
    assert ledger.block(tx).results[0].refusal.code == "TX_SEQUENCE"


def test_the_two_rows_of_numbers_are_apart(ledger, college):
    ledger.accept(college, "anchor", {"root": bytes(32)})
    ledger.accept(college, "issuer.put", college.issuer(ledger.chain_id, 7))
    assert ledger.value("seq", college.did, "governance") == 1
    assert ledger.value("seq", college.did, "submission") == 1


def test_check_takes_a_window_of_numbers_and_a_block_none(ledger, college):
    ahead = ledger.sign(college, "anchor", {"root": bytes(32)}, seq=4)
    with pytest.raises(Reject):
        ledger.core.check(ahead)
    with pytest.raises(Reject):
        ledger.core.check(ahead, window=3)
    assert ledger.core.check(ahead, window=4).seq == 4
    assert ledger.block(ahead).results[0].refusal.code == "TX_SEQUENCE"


def test_garbage_is_refused_and_the_next_statement_goes_on(ledger, college):
    good = ledger.sign(college, "anchor", {"root": bytes(32)})
    outcomes = ledger.block(b"", b"\xff" * 99, good, b"\x84").results
    assert [outcome.refusal is None for outcome in outcomes] == [False, False, True, False]


def test_only_a_reject_refuses_anything_else_leaves_the_block(ledger, college, monkeypatch):
    def full_disk(_state, _statement):
        raise OSError("no space left")

    monkeypatch.setitem(machine._RULES, "anchor", full_disk)
    before = ledger.core.head
    tx = ledger.sign(college, "anchor", {"root": bytes(32)})
    with pytest.raises(OSError, match="no space"):
        ledger.core.apply_block(ledger.height + 1, ledger.now, [tx])
    monkeypatch.undo()
    assert ledger.core.head == before
    assert ledger.block(tx).results[0].refusal is None


# The state root and its proofs.


def test_the_state_root_commits_to_every_pair(ledger):
    lived(ledger)
    nodes, pairs = prefix_map.MemoryNodes(), dict(ledger.core.store.states(b""))
    hashes = {sha256(key).digest(): sha256(value).digest() for key, value in pairs.items()}
    assert prefix_map.update(nodes, prefix_map.EMPTY, hashes) == ledger.core.head_block.state
    assert len(pairs) > 30


def test_a_key_is_proved_at_every_past_block(ledger):
    lived(ledger)
    reader = ledger.core.reader
    keys = [("issuer", "did:web:college.example"), ("members",), ("member", "did:web:m002.example")]
    seen = []
    for size in range(2, reader.head().size + 1):
        try:
            block = reader.block(size)
        except MerkleError:
            continue
        proved = reader.prove(keys, size=size)
        for each in proved:
            prefix_map.verify(each.key, each.value, each.proof, root=block.state)
        seen.append([each.value is not None for each in proved])
    assert seen[0] == [False, True, True]
    assert seen[-1] == [True, True, False]


def test_a_proof_at_a_size_that_is_no_block_is_refused(ledger):
    with pytest.raises(MerkleError):
        ledger.core.reader.prove([("members",)], size=1)
    with pytest.raises(MerkleError):
        ledger.core.reader.root(ledger.core.head.size + 1)


def test_readers_see_committed_blocks_only(ledger, college):
    before = ledger.core.head
    tx = ledger.sign(college, "anchor", {"root": bytes(32)})
    ledger.height += 1
    ledger.core.apply_block(ledger.height, ledger.now, [tx])
    with Reader.open(ledger.path) as reader:
        assert reader.head() == before
    ledger.core.commit()
    with Reader.open(ledger.path) as reader:
        assert reader.head().size == before.size + 2
        assert reader.position_of(tx) == before.size


def test_a_reader_keeps_to_one_state_and_cannot_write(ledger, college):
    with Reader.open(ledger.path) as reader:
        before = reader.head()
        ledger.accept(college, "anchor", {"root": bytes(32)})
        assert reader.head() == before
        with pytest.raises(Exception, match="readonly"):
            reader.store.put_document(bytes(32), b"x")


def test_present_values_are_listed_in_a_fixed_order(ledger, college):
    listed = ledger.core.reader.values("member", length=2)
    assert [key[1] for key, _ in listed] == [party.did for party in ledger.parties]
    assert ledger.core.reader.values("issuer", length=2)[0][0] == ["issuer", college.did]


def test_state_lists_what_is_in_hand_over_what_is_stored(ledger):
    state = State(ledger.core.store, genesis=ledger.genesis, time=ledger.now)
    state.put(("member", "did:web:zz.example"), 1)
    state.keep()
    state.delete(("member", ledger.founder.did))
    dids = [key[1] for key, _ in state.under("member", length=2)]
    assert dids == ["did:web:zz.example", *(party.did for party in ledger.parties[1:])]  # shorter text first
    state.drop()
    assert len(state.under("member", length=2)) == 4


def test_setting_a_value_back_is_no_change(ledger):
    state = State(ledger.core.store, genesis=ledger.genesis, time=ledger.now)
    state.put(("members",), [])
    state.put(("members",), ledger.value("members"))
    state.keep()
    assert state.changes() == {}


# Genesis.


def test_a_genesis_reads_back(ledger):
    again = parse_genesis(ledger.genesis.entry)
    assert again == ledger.genesis
    assert [did for did, _ in again.signer_set] == [ledger.founder.did]


@pytest.mark.parametrize(
    "change",
    [
        {"members": []},
        {"signers": []},
        {"signers": ["did:web:stranger.example"]},
        {"delay": -1},
        {"delay": 366 * 24 * 3600},
        {"numbers": 2**20 + 1},
        {"time": -1},
        {"members": [party.record for party in members(2)] + [members(1)[0].record]},
        {"members": [{**members(1)[0].record, "receipt": None}]},
        {"members": [{**members(1)[0].record, "submission": members(1)[0].record["governance"]}]},
        {
            "members": [
                members(1)[0].record,
                {**members(2)[1].record, "code": members(1)[0].record["code"]},
            ]
        },
    ],
)
def test_a_genesis_that_no_ledger_could_begin_with_is_refused(change):
    given = {
        "time": START,
        "members": [party.record for party in members(2)],
        "signers": [members(1)[0].did],
        "delay": 0,
        "numbers": 5,
    }
    make_genesis(**given)
    with pytest.raises(HistoryError):
        make_genesis(**{**given, **change})


@pytest.mark.parametrize("entry", [b"", b"\xa0", b"\x80", b"\xff"])
def test_bytes_that_are_no_genesis_are_refused(entry):
    with pytest.raises(HistoryError):
        parse_genesis(entry)


def test_a_ledger_is_made_once(ledger):
    with pytest.raises(StoreError):
        Core.create(ledger.path, ledger.genesis)


def test_there_is_no_ledger_where_none_was_made(tmp_path):
    with pytest.raises(StoreError):
        Core.open(tmp_path / "none.db")
    (tmp_path / "text.db").write_bytes(b"not a database, however long it may be" * 100)
    with pytest.raises(StoreError):
        Core.open(tmp_path / "text.db")


def test_another_programs_database_is_refused(ledger, tmp_path):
    ledger.core.store._db.execute("PRAGMA user_version = 3")
    with pytest.raises(StoreError, match="version 3"):
        Store.open(ledger.path)


# Export, import, self-check.


@pytest.mark.case("LEDG-029")
def test_a_survivors_log_gives_the_whole_ledger_again(ledger, tmp_path):
    lived(ledger)
    copy = Core.import_(tmp_path / "copy.db", ledger.core.export(), root=ledger.core.head.root)
    assert (copy.head.root, copy.head.state) == (ledger.core.head.root, ledger.core.head.state)
    assert dict(copy.store.states(b"")) == dict(ledger.core.store.states(b""))
    assert list(copy.export()) == list(ledger.core.export())
    copy.close()
    assert not (tmp_path / "copy.db.unfinished").exists()


def test_an_imported_ledger_goes_on_where_the_other_stopped(ledger, college, tmp_path):
    ledger.accept(college, "anchor", {"root": bytes(32)})
    copy = Core.import_(tmp_path / "copy.db", ledger.core.export())
    tx = ledger.sign(college, "anchor", {"root": b"\x01" * 32})
    here = ledger.block(tx)
    there = copy.apply_block(ledger.height, ledger.now, [tx])
    copy.commit()
    assert there.root == here.root
    copy.close()


def tampered(log, case):
    statement = next(index for index, entry in enumerate(log) if index > 4 and not is_block(entry))
    if case == "statement missing":
        return log[:statement] + log[statement + 1 :]
    if case == "statement twice":
        return log[: statement + 1] + log[statement:]
    if case == "cut within a block":
        return log[:-1]
    if case == "no genesis":
        return log[1:]
    if case == "nothing":
        return []
    index, block = next((i, parse_block(entry)) for i, entry in enumerate(log) if is_block(entry) and i > 4)
    changed = {
        "state": {"state": bytes(32)},
        "time": {"time": block.time + 1},
        "epoch": {"epoch": 2},
        "height": {"height": 10**6},
        "mode": {"mode": CONSORTIUM},
        "early": {"time": 5},
    }[case]
    return [*log[:index], Block(**{**vars(block), **changed}).encode(), *log[index + 1 :]]


@pytest.mark.case("LEDG-029", "LEDG-002")
@pytest.mark.parametrize(
    "case",
    [
        "statement missing",
        "statement twice",
        "cut within a block",
        "no genesis",
        "nothing",
        "state",
        "time",
        "epoch",
        "height",
        "mode",
        "early",
    ],
)
def test_a_log_that_nobody_voted_for_is_not_taken_over(ledger, tmp_path, case):
    lived(ledger)
    with pytest.raises(HistoryError):
        Core.import_(tmp_path / "copy.db", tampered(list(ledger.core.export()), case)).close()
    assert not (tmp_path / "copy.db").exists()


def test_a_forged_vote_is_found_by_every_replay(ledger, tmp_path):
    proposal = ledger.propose(["remove", {"member": ledger.parties[2].did}])
    ledger.vote(proposal, *ledger.parties[:2])
    log = list(ledger.core.export())
    position = next(
        index
        for index, entry in enumerate(log)
        if not is_block(entry) and index and statements.parse_statement(entry).kind == "vote"
    )
    genuine = statements.parse_statement(log[position])
    log[position] = sign_statement(
        "vote",
        genuine.body,
        seq=genuine.seq,
        issuer=genuine.issuer,
        chain_id=ledger.chain_id,
        key=Party("operator").key("governance"),
    )
    with pytest.raises(HistoryError, match="refuse"):
        Core.import_(tmp_path / "copy.db", log)


def test_an_import_ends_with_the_root_that_a_quorum_signed(ledger, tmp_path):
    with pytest.raises(HistoryError, match="another root"):
        Core.import_(tmp_path / "copy.db", ledger.core.export(), root=bytes(32))
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.case("LEDG-028")
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE tree SET hash = zeroblob(32) WHERE level = (SELECT max(level) FROM tree)",
        "DELETE FROM tree WHERE level = (SELECT max(level) FROM tree)",
        "UPDATE entry SET entry = x'00' WHERE position = 3",
        "UPDATE head SET root = zeroblob(32)",
        "UPDATE head SET size = size - 1",
    ],
)
def test_a_flipped_bit_is_found_at_the_start(ledger, college, damage):
    for n in range(4):
        ledger.accept(college, "anchor", {"root": bytes([n]) * 32})
    ledger.core.store._db.execute(damage)
    ledger.core.close()
    with pytest.raises((SelfCheckError, MerkleError, StoreError)):
        Core.open(ledger.path)


# Determinism.


def test_the_first_version_of_the_rules_comes_to_the_root_that_it_always_came_to(ledger):
    lived(ledger)
    assert ledger.core.head.root.hex() == "c0957bee9b65d724b8fd2ce869e2f27928c61eb5e22cd62b3032d845390115dc"


def history_of(seed: str, folder: Path) -> str:
    """Run the same life in another process and return its roots."""
    program = (
        "import sys; from pathlib import Path;"
        "from tests.ledger.consortium import Consortium;"
        "from tests.ledger.core_acts import decided;"
        "from tests.ledger.test_core_blocks import lived;"
        "ledger = Consortium(Path(sys.argv[1])); decided(ledger); lived(ledger);"
        "print(ledger.core.head.root.hex(), ledger.core.head.state.hex())"
    )
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "TZ": "Asia/Shanghai" if seed == "1" else "America/New_York",
        "LC_ALL": "C" if seed == "2" else "C.UTF-8",
    }
    answer = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return answer.stdout


@pytest.mark.e2e
@pytest.mark.case("LEDG-021")
def test_the_same_history_under_every_hash_seed_zone_and_locale(tmp_path):
    roots = []
    for seed in ("0", "1", "2", "4294967295"):
        folder = tmp_path / seed
        folder.mkdir()
        roots.append(history_of(seed, folder))
    assert len(set(roots)) == 1
    assert len(roots[0].split()) == 2


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_any_mix_of_good_and_bad_statements_replays_to_the_same_root(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("mix")
    ledger = Consortium(folder)
    college = Party("college")
    ledger.make_issuer(college)
    for _ in range(data.draw(st.integers(1, 6))):
        txs = []
        for _ in range(data.draw(st.integers(0, 4))):
            kind = data.draw(st.sampled_from(["anchor", "bad anchor", "endpoint", "garbage", "status"]))
            if kind == "anchor":
                root = data.draw(st.binary(min_size=32, max_size=32))
                txs.append(ledger.sign(college, "anchor", {"root": root}))
            elif kind == "bad anchor":
                txs.append(ledger.sign(college, "anchor", {"root": b""}))
                college.seq["submission"] -= 1
            elif kind == "endpoint":
                txs.append(ledger.sign(ledger.founder, "endpoint.put", ENDPOINTS))
            elif kind == "garbage":
                txs.append(data.draw(st.binary(max_size=50)))
            else:
                txs.append(ledger.sign(college, "status", [], seq=10**6))
                college.seq["submission"] -= 1
        ledger.block(*txs, after=data.draw(st.integers(0, 5)))
        college.seq["submission"] = ledger.value("seq", college.did, "submission") or 0
        ledger.founder.seq["governance"] = ledger.value("seq", ledger.founder.did, "governance")
    copy = Core.import_(folder / "copy.db", ledger.core.export(), root=ledger.core.head.root)
    assert copy.head.state == ledger.core.head.state
    copy.close()
    ledger.core.close()


# A database of an earlier program.


def made_older(ledger):
    """Turn the ledger's database into one as the first version of the program made it."""
    store = ledger.core.store
    for name in ("mention", "dry_run"):
        store._db.execute(f"DROP TABLE {name}")
    store._db.execute("PRAGMA user_version = 1")
    ledger.core.close()


def test_an_older_database_is_given_what_it_lacks(ledger):
    proposal = ledger.propose(["remove", {"member": ledger.parties[2].did}])
    ledger.vote(proposal, ledger.parties[0])
    votes, made = about_proposal(proposal), ledger.core.store.mentions(PROPOSALS)
    expected, root = ledger.core.store.mentions(votes), ledger.core.head.root
    assert (len(made), len(expected)) == (1, 1)
    made_older(ledger)
    ledger.core = Core.open(ledger.path)
    assert ledger.core.store.mentions(votes) == expected
    assert ledger.core.store.mentions(PROPOSALS) == made
    assert ledger.core.store.dry_runs(bytes(32)) == []
    assert (ledger.core.head.root, ledger.core.store.is_older) == (root, False)


def test_a_reader_does_not_change_an_older_database(ledger):
    made_older(ledger)
    with pytest.raises(StoreError, match="version 1"):
        Store.open(ledger.path, read_only=True)


def test_a_refused_statement_is_mentioned_nowhere(ledger):
    ledger.refuse(ledger.founder, "vote", {"proposal": bytes(32), "yes": True})
    assert ledger.core.store.mentions(about_proposal(bytes(32))) == []
