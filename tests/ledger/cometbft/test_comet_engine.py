"""The consortium's engine as the node's HTTP application uses it; consensus is on paper."""

import base64
import json
import shutil
import threading
from hashlib import sha256

import pytest

from crypto.keys import PrivateKey
from ledger.core.machine import Core
from ledger.engines.cometbft.engine import HALTED
from ledger.engines.cometbft.signing import confirmed_size
from ledger.engines.signed import signed_file
from ledger.errors import (
    EngineError,
    LedgerError,
    MerkleError,
    NoQuorumError,
    NotSignerError,
    Reject,
    RestoredBackupError,
    SelfCheckError,
    TakenError,
)
from ledger.proof.bundle import Signer
from ledger.proof.receipts import check_signature
from tests.ledger.cometbft.paper_comet import paper_node
from tests.ledger.cometbft.test_abci_application import decide, endpoint
from tests.ledger.consortium import key
from tests.ledger.core_acts import joining, signer_set
from tests.network.waiting import eventually

PATIENCE = 30.0
"""Seconds without a block where a test waits for one; the other tests wait for its end."""


@pytest.fixture
def running(node):
    """A node whose consensus makes a block of each statement."""
    node.restart(patience=PATIENCE)
    node.comet.automatic = True
    return node


# Submitting.


def test_a_statement_is_durable_when_its_index_comes_back(running):
    statement = endpoint(running)
    index = running.engine.submit(statement)
    with running.engine.reader() as reader:
        assert reader.entry(index) == statement


@pytest.mark.case("LEDG-010")
def test_a_statement_of_the_log_keeps_its_index(running):
    statement = endpoint(running)
    index = running.engine.submit(statement)
    assert running.engine.submit(statement) == index
    running.restart()
    assert running.engine.submit(statement) == index


@pytest.mark.case("LEDG-010")
def test_a_statement_that_waits_in_the_mempool_is_waited_for(node):
    statement = endpoint(node)
    with pytest.raises(NoQuorumError):
        node.engine.submit(statement)
    assert node.comet.mempool == [statement]
    node.restart(patience=PATIENCE)
    found = []
    again = threading.Thread(target=lambda: found.append(node.engine.submit(statement)))
    again.start()
    eventually("it is waited for", lambda: node.engine._app._expected)
    node.comet.propose()
    again.join()
    with node.engine.reader() as reader:
        assert found == [reader.position_of(statement)]


def test_the_reason_of_a_refusal_before_the_mempool_is_told(running):
    endpoint(running)
    running.ledger.founder.seq["governance"] += 600
    with pytest.raises(Reject) as refused:
        running.engine.submit(endpoint(running))
    assert refused.value.code == "TX_SEQUENCE"


def test_the_reason_of_a_refusal_in_a_block_is_told(running):
    outsider = running.ledger.parties[1]
    with pytest.raises(Reject) as refused:
        running.engine.submit(running.anchor(outsider))
    assert refused.value.code == "NOT_PERMITTED"


def test_what_another_statement_made_impossible_is_told_when_the_mempool_drops_it(node):
    node.restart(patience=PATIENCE)
    founder = node.ledger.founder
    first = node.anchor(founder, 1)
    founder.seq["submission"] = 0
    body = {"list": bytes(32), "version": 1, "digest": bytes(32), "from": node.clock, "until": node.clock + 9}
    other = node.sign(founder, "status", [body])
    refusals = []

    def submit():
        with pytest.raises(Reject) as refused:
            node.engine.submit(first)
        refusals.append(refused.value.code)

    waiting = threading.Thread(target=submit)
    waiting.start()
    while first not in node.comet.mempool:
        pass
    issuer = node.ledger.founder.issuer(
        node.ledger.chain_id, 7, possession=dict.fromkeys(("submission", "governance"))
    )
    node.comet.block([node.sign(founder, "issuer.put", issuer), other])
    waiting.join()
    assert refusals == ["TX_SEQUENCE"]


@pytest.mark.case("LEDG-025")
def test_without_a_block_there_is_no_quorum_and_reads_go_on(node):
    before = node.engine.head
    with pytest.raises(NoQuorumError) as refused:
        node.engine.submit(endpoint(node))
    assert refused.value.code == "LEDGER_NO_QUORUM"
    with node.engine.reader() as reader:
        assert reader.head() == before


def test_without_a_quorum_a_second_statement_is_told_to_wait_and_taken_later(node):
    with pytest.raises(NoQuorumError):
        node.engine.submit(endpoint(node))
    node.ledger.founder.seq["governance"] -= 1
    other = node.sign(node.ledger.founder, "endpoint.put", {"node": None, "mirror": None, "receipts": None})
    with pytest.raises(NoQuorumError, match="send this one later"):
        node.engine.submit(other)
    node.comet.propose()
    with pytest.raises(Reject) as refused:
        node.engine.submit(other)
    assert refused.value.code == "TX_SEQUENCE"


def test_where_comet_is_not_there_the_ledger_is_unavailable(node):
    node.comet.hang_up()
    node.engine.close()
    node.open(rpc="127.0.0.1:9")
    node.comet.connect()
    with pytest.raises(EngineError) as refused:
        node.engine.submit(endpoint(node))
    assert refused.value.code == "LEDGER_UNAVAILABLE"


def test_a_node_that_catches_up_calls_nothing_refused(node):
    node.comet.catching_up = True
    node.ledger.founder.seq["governance"] += 600
    with pytest.raises(EngineError) as unavailable:
        node.engine.submit(endpoint(node))
    assert unavailable.value.code == "LEDGER_UNAVAILABLE"
    node.comet.peers = 0
    with pytest.raises(NoQuorumError):
        node.engine.submit(endpoint(node))


def test_many_submit_at_once(running):
    founder = running.ledger.founder
    statements = [
        running.sign(founder, "endpoint.put", dict.fromkeys(("node", "mirror", "receipts")))
        for _ in range(12)
    ]
    running.comet.automatic = False
    found = {}

    def submit(statement):
        found[statement] = running.engine.submit(statement)

    threads = [threading.Thread(target=submit, args=(each,)) for each in statements]
    for thread in threads:
        thread.start()
    eventually("all wait", lambda: len(running.comet.mempool) == len(statements))
    running.comet.propose()
    for thread in threads:
        thread.join()
    assert sorted(found.values()) == list(range(2, 14))
    assert [found[each] for each in statements] == sorted(found.values())


def test_a_closed_engine_takes_nothing_and_lets_others_open(node):
    node.comet.hang_up()
    node.engine.close()
    with pytest.raises(EngineError):
        node.engine.submit(endpoint(node))
    Core.open(node.path).close()
    node.open()
    node.comet.connect()


def test_one_process_has_the_ledger(node):
    first = node.engine
    with pytest.raises(TakenError):
        node.open()
    assert node.engine is first


# Signing.


def test_a_root_is_signed_once_the_next_header_shows_it(node):
    node.comet.gossiped(endpoint(node))
    node.comet.propose()
    size = node.engine.head.size
    assert node.engine.confirmed < size
    with pytest.raises(MerkleError, match="confirmed"):
        node.engine.receipt(size)
    node.comet.block()
    assert node.engine.confirmed == size
    assert node.engine.receipt(size) is not None


def test_what_is_confirmed_survives_a_restart(running):
    running.engine.submit(endpoint(running))
    running.comet.settle()
    before = running.engine.confirmed
    running.restart()
    assert running.engine.confirmed == before == running.engine.head.size


def test_the_newest_root_gets_the_present_time_and_an_older_one_its_blocks(node):
    for _ in range(2):
        node.comet.block([endpoint(node)])
    node.comet.block()
    with node.engine.reader() as reader:
        newest, older = reader.block(confirmed_size(reader)), reader.block(4)
        node.comet.now += 50
        assert checked(node, reader, newest) == node.clock
        assert checked(node, reader, older) == older.time < node.clock


def test_the_default_is_the_newest_confirmed_root(node):
    node.comet.block([endpoint(node)])
    assert node.engine.receipt() == node.engine.receipt(node.engine.confirmed)


def checked(node, reader, block, *, key=None):
    """Check the node's receipt over a block and return its time."""
    signer = Signer(node.engine.member, (key or node.keys[0]).public.cose_key)
    made = node.engine.receipt(block.size)
    return check_signature(
        made,
        root=reader.root(block.size),
        signers=[signer],
        chain_id=node.ledger.chain_id,
        not_before=block.time,
        now=node.clock,
    ).time


def test_a_size_within_a_block_is_never_signed(node):
    node.comet.block([endpoint(node)])
    node.comet.block()
    for size in (0, 3, 10**6):
        with pytest.raises(MerkleError):
            node.engine.receipt(size)
    assert not node.ended


def test_a_node_without_a_key_follows_and_signs_nothing(node):
    node.comet.block()
    node.keys.clear()
    node.restart()
    assert node.engine.member is None
    with pytest.raises(NotSignerError):
        node.engine.receipt(2)


def test_a_member_that_joined_later_signs_its_epochs_only(node):
    second = node.ledger.parties[1]
    node.comet.block()
    before = node.engine.confirmed
    decide(node, joining(node.ledger, second))
    for _ in range(2):
        node.comet.block([endpoint(node)])
    node.keys[:] = [second.key("receipt")]
    node.restart()
    assert node.engine.member == second.did
    assert node.engine.receipt() is not None
    with pytest.raises(NotSignerError):
        node.engine.receipt(before)


def test_both_keys_sign_their_own_blocks_while_they_change(node):
    new = key("the founder's next receipt key")
    node.comet.block()
    old_size = node.engine.confirmed
    decide(node, signer_set(node.ledger, node.ledger.founder, receipt=new, validator=validator(node)))
    node.comet.block([endpoint(node)])
    node.comet.block()
    node.keys.append(new)
    node.restart()
    with node.engine.reader() as reader:
        for size, signer in ((old_size, node.keys[0]), (node.engine.confirmed, new)):
            checked(node, reader, reader.block(size), key=signer)


def validator(node):
    """Return the node's consensus key, whole."""
    value = json.loads((node.home.config / "priv_validator_key.json").read_bytes())
    return PrivateKey.from_bytes("Ed25519", base64.b64decode(value["priv_key"]["value"])[:32])


def test_size_and_root_are_on_the_disk_before_a_receipt_leaves(node):
    node.comet.block([endpoint(node)])
    node.comet.block()
    node.engine.receipt()
    assert node.engine.head.root in signed_file(node.path).read_bytes()


@pytest.mark.case("LEDG-031")
def test_a_restored_database_signs_nothing_before_it_has_caught_up(node, tmp_path):
    node.comet.block([endpoint(node)])
    node.comet.block()
    backup = copied(node, tmp_path)
    statement = endpoint(node)
    node.comet.block([statement])
    node.comet.block()
    node.engine.receipt()
    newest, height = node.engine.head, node.comet.height
    node.comet.hang_up()
    node.engine.close()
    restore(node, backup)
    node.open()
    node.comet.connect()
    with pytest.raises(RestoredBackupError) as refused:
        node.engine.receipt()
    assert refused.value.code == "DOUBLE_SIGN_GUARD"
    node.comet.now -= 2
    node.comet.block([statement])  # block sync brings what the others have
    node.comet.block()
    assert (node.engine.head.root, node.comet.height) == (newest.root, height)
    assert node.engine.receipt() is not None


@pytest.mark.case("LEDG-031")
def test_another_history_is_refused_at_the_start(node, tmp_path):
    backup = live_another_history(node, tmp_path)
    node.comet.hang_up()
    node.engine.close()
    with pytest.raises(RestoredBackupError, match="another history"):
        node.open()
    restore(node, backup)
    node.open()
    node.comet.connect()


def copied(node, folder):
    """Copy the database as a careful operator would."""
    place = folder / "backup.db"
    with node.engine.reader() as reader:
        reader.store._db.execute("COMMIT")
        reader.store._db.execute("VACUUM INTO ?", (str(place),))
        reader.store._db.execute("BEGIN")
    return place


def live_another_history(node, folder):
    """Sign a root, go back to a backup from before, and let the log go on otherwise; return the backup."""
    backup = copied(node, folder)
    node.comet.block([endpoint(node)])
    node.comet.block()
    node.engine.receipt()
    node.comet.hang_up()
    node.engine.close()
    restore(node, backup)
    node.open()
    node.comet.connect()
    node.ledger.founder.seq["governance"] -= 1
    other = node.sign(node.ledger.founder, "endpoint.put", dict.fromkeys(("node", "mirror", "receipts")))
    node.comet.block([other])
    node.comet.block()
    return backup


def restore(node, backup):
    for suffix in ("-wal", "-shm"):
        node.path.with_name(node.path.name + suffix).unlink(missing_ok=True)
    shutil.copy(backup, node.path)


@pytest.mark.case("LEDG-031")
def test_a_log_that_grows_into_another_history_signs_nothing(node, tmp_path):
    node.comet.block()
    live_another_history(node, tmp_path)
    with pytest.raises(RestoredBackupError, match="another history"):
        node.engine.receipt()


@pytest.mark.case("LEDG-028")
def test_a_flipped_bit_ends_the_process_and_signs_nothing(node):
    node.comet.block([endpoint(node)])
    node.comet.block()
    damage = "UPDATE tree SET hash = zeroblob(32) WHERE level = (SELECT max(level) FROM tree)"
    node.engine._app.core.store._db.execute(damage)
    with pytest.raises(SelfCheckError):
        node.engine.receipt()
    assert node.ended
    with pytest.raises(EngineError):
        node.engine.receipt()


# Around it.


def test_watchers_hear_of_every_block(node):
    heard = threading.Event()
    node.engine.on_commit(heard.set)
    node.comet.block()
    assert heard.is_set()


def test_the_status_is_comets(node):
    status = node.engine.status()
    assert (status.height, status.catching_up, status.peers, status.power) == (1, False, 3, 10)


def test_documents_wait_for_a_block_and_stay_when_it_is_undone(node):
    node.comet.now += 1
    node.comet.finalize([endpoint(node)])
    putting = threading.Thread(target=node.engine.put_document, args=(b"{}",))
    putting.start()
    node.comet.hang_up()
    node.comet.connect()
    putting.join()
    with node.engine.reader() as reader:
        assert reader.document(sha256(b"{}").digest()) == b"{}"
        assert reader.head().height == 1


def test_a_ledger_of_several_signers_begins_with_all_their_keys():
    with paper_node(signers=3) as node:
        assert node.engine.member == node.ledger.founder.did
        node.home.write_genesis(
            chain_id=node.ledger.chain_id,
            time=node.clock,
            initial_height=1,
            app_hash=bytes(32),
            validators={node.ledger.founder.did: node.home.validator},
        )
        node.comet.hang_up()
        node.engine.close()
        with pytest.raises(LedgerError, match="consensus key"):
            node.open()
        Core.open(node.path).close()


def test_after_a_halt_nobody_waits_long_until_a_block_comes(node):
    node.restart(patience=3.5)
    with pytest.raises(NoQuorumError):
        node.engine.submit(endpoint(node))
    assert node.engine._patience_now() == HALTED
    node.comet.block()
    assert node.engine._patience_now() == 3.5
