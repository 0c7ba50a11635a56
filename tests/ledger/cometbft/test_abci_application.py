"""What the application answers to CometBFT, asked over the real socket."""

import threading
import time

import pytest

from crypto.keys import PrivateKey
from ledger.engines.cometbft.application import RETAINED_BLOCKS, WINDOW
from ledger.engines.cometbft.home import POWER
from ledger.engines.cometbft.waiting import GAP_SECONDS, QUOTA
from ledger.statements import parse_statement
from tests.ledger.cometbft.paper_comet import paper_node
from tests.ledger.consortium import DAY
from tests.ledger.core_acts import joining, validator_of
from web.errors import StorageFullError

SNAPSHOT_ABORTED = 2
OTHER_CHAIN = "urn:vocred:ledger:" + "0" * 64


def anchors(node, count, *, party=None):
    """Return so many statements of one sender, numbers 1 to ``count``."""
    return [node.anchor(party or node.ledger.founder, number) for number in range(1, count + 1)]


def endpoint(node, party=None):
    body = {"node": "https://n.example", "mirror": None, "receipts": None}
    return node.sign(party or node.ledger.founder, "endpoint.put", body)


# Info and InitChain.


def test_info_tells_what_is_durable_and_nothing_else(node):
    before = node.engine.head
    node.comet.now += 1
    node.comet.finalize([endpoint(node)])
    assert node.engine.head == before
    info = node.restart()
    assert (info.last_block_height, info.last_block_app_hash) == (before.height, before.root)


def test_init_chain_is_asked_until_the_first_block_is_committed():
    with paper_node() as node:
        assert node.comet.height == 1
        assert node.restart().last_block_height == 1


@pytest.mark.parametrize("changes", [{"chain_id": "vocred-" + "0" * 40}, {"initial_height": 7}])
def test_another_ledgers_genesis_ends_the_process(node, changes):
    with pytest.raises(ConnectionError):
        node.comet.init_chain(**changes)
    assert node.ended
    assert node.engine.stopped


def test_blocks_of_an_earlier_engine_are_none_of_comets(node):
    node.comet.block([endpoint(node)])
    node.comet.hang_up()
    node.engine.close()
    head = node.engine.head
    node.home.write_genesis(
        chain_id=node.ledger.chain_id,
        time=node.clock,
        initial_height=head.height + 1,
        app_hash=head.root,
        validators={node.ledger.founder.did: node.home.validator},
    )
    node.comet.initial_height = head.height + 1
    node.open()
    assert node.comet.connect().last_block_height == 0
    assert node.comet.init_chain().app_hash == head.root
    node.comet.block([endpoint(node)])
    assert node.restart().last_block_height == head.height + 1


# CheckTx.


def test_numbers_of_a_sender_may_come_ahead_of_their_turn(node):
    last = anchors(node, WINDOW + 1)
    assert node.comet.check(last[WINDOW - 1]).code == 0
    refused = node.comet.check(last[WINDOW])
    assert (refused.code, refused.codespace) == (1, "TX_SEQUENCE")


def test_one_statement_waits_for_each_number(node):
    founder = node.ledger.founder
    first = node.anchor(founder, 1)
    founder.seq["submission"] = 0
    other = node.anchor(founder, 2)
    assert node.comet.check(first).code == 0
    assert node.comet.check(first).code == 0, "the same bytes again are no other statement"
    assert node.comet.check(other).codespace == "TX_SEQUENCE"


def test_a_sender_has_a_quota_of_bytes(node):
    entries = [
        {"list": bytes([i >> 8, i & 255]) * 16, "version": 1, "digest": bytes(32), "from": i, "until": i + 1}
        for i in range(560)
    ]
    accepted = 0
    while True:
        result = node.comet.check(node.sign(node.ledger.founder, "status", entries))
        if result.code:
            break
        accepted += 1
    size = len(node.sign(node.ledger.founder, "status", entries))
    assert result.codespace == "QUOTA"
    assert QUOTA // size - 1 <= accepted <= QUOTA // size


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda node: b"no statement", "TX_MALFORMED"),
        (
            lambda node: node.sign(node.ledger.founder, "anchor", {"root": bytes(32)}, chain_id=OTHER_CHAIN),
            "TX_WRONG_CHAIN",
        ),
        (
            lambda node: node.sign(
                node.ledger.founder, "anchor", {"root": bytes(32)}, key=PrivateKey.generate("Ed25519")
            ),
            "TX_UNKNOWN_KEY",
        ),
    ],
)
def test_what_no_block_could_take_is_not_gossiped(node, spoil, code):
    result = node.comet.check(spoil(node))
    assert result.code
    assert result.codespace == code


def test_what_a_block_took_leaves_the_mempool(node):
    statement = endpoint(node)
    node.comet.gossiped(statement)
    assert node.comet.mempool == [statement]
    node.comet.propose()
    assert node.comet.mempool == []
    assert node.comet.check(statement).codespace == "TX_DUPLICATE"


def test_a_statement_whose_predecessors_do_not_come_is_sent_away(node):
    first, second, third = (endpoint(node) for _ in range(3))
    node.comet.gossiped(second)
    node.comet.gossiped(third)
    node.comet.block()
    node.comet.block(after=GAP_SECONDS)
    assert node.comet.mempool == [second, third], "it waited no longer than it may"
    node.comet.block(after=1)
    assert node.comet.mempool == []
    assert first not in node.comet.mempool


def test_the_order_of_arrival_is_no_gap(node):
    first, second = endpoint(node), endpoint(node)
    node.comet.gossiped(second)
    node.comet.gossiped(first)
    node.comet.block()
    node.comet.block(after=GAP_SECONDS + 1)
    assert node.comet.mempool == [second, first]


# Proposals.


def test_governance_comes_first_and_numbers_in_their_order(node):
    one, two = anchors(node, 2)
    vote = endpoint(node)
    assert node.comet.prepare([two, one, vote]) == [vote, one, two]


def test_a_number_out_of_turn_stays_in_the_mempool(node):
    one, two, _three, four = anchors(node, 4)
    assert node.comet.prepare([four, two, one]) == [one, two]
    assert node.comet.prepare([two, four]) == []


def test_a_proposal_has_room_for_so_many_bytes(node):
    one, two = anchors(node, 2)
    assert node.comet.prepare([one, two], room=len(one) + 20) == [one]


@pytest.mark.case("LEDG-012")
@pytest.mark.parametrize(("lag", "count"), [(30, 1), (31, 0), (-31, 1)])
def test_nothing_is_proposed_while_the_blocks_time_lags(node, lag, count):
    assert len(node.comet.prepare([endpoint(node)], lag=lag)) == count


@pytest.mark.case("LEDG-012", "LEDG-026")
@pytest.mark.parametrize(("lag", "fine"), [(0, True), (120, True), (121, False), (600, False), (-600, True)])
def test_a_block_with_statements_that_lags_is_refused(node, lag, fine):
    assert node.comet.process([endpoint(node)], lag=lag) is fine


@pytest.mark.case("LEDG-026")
def test_an_empty_block_may_lag(node):
    assert node.comet.process([], lag=10 * DAY)


def test_another_order_is_refused(node):
    one, two = anchors(node, 2)
    vote = endpoint(node)
    assert node.comet.process([vote, one, two])
    for txs in ([one, vote], [two, one], [vote, vote], [vote, b"no statement"]):
        assert not node.comet.process(txs)


# Blocks.


def test_a_block_answers_with_the_root_of_the_log(node):
    before = node.engine.head
    result = node.comet.block([endpoint(node)])
    assert result.app_hash == node.engine.head.root != before.root
    assert [tx.code for tx in result.tx_results] == [0]


def test_a_refused_statement_has_its_code_in_the_block_and_changes_nothing(node):
    before = node.engine.head
    gap = [endpoint(node), endpoint(node)][1]
    result = node.comet.block([gap])
    assert [(tx.code, tx.data) for tx in result.tx_results] == [(1, b"TX_SEQUENCE")]
    assert result.app_hash == before.root


def test_a_block_is_visible_from_its_commit_on(node):
    statement = endpoint(node)
    node.comet.now += 1
    node.comet.finalize([statement])
    with node.engine.reader() as reader:
        assert reader.position_of(statement) is None
    node.comet.commit()
    with node.engine.reader() as reader:
        assert reader.position_of(statement) is not None


def test_a_block_decided_again_after_a_restart_gives_the_same_root(node):
    statement = endpoint(node)
    node.comet.now += 1
    first = node.comet.finalize([statement])
    node.comet.hang_up()  # CometBFT alone was killed: our process still holds the block
    node.comet.connect()
    second = node.comet.finalize([statement])
    assert first.app_hash == second.app_hash
    node.comet.commit()
    assert node.engine.head.root == second.app_hash


def test_a_commit_without_a_block_ends_the_process(node):
    with pytest.raises(ConnectionError):
        node.comet.commit()
    assert node.ended


def test_time_that_goes_back_ends_the_process(node):
    node.comet.block([endpoint(node)])
    with pytest.raises(ConnectionError):
        node.comet.finalize([endpoint(node)], lag=DAY)
    assert node.ended


def test_ordinary_nodes_keep_so_many_blocks_and_an_archive_all(node):
    node.comet.finalize()
    assert node.comet.commit().retain_height == 0
    node.comet.height = RETAINED_BLOCKS + 5
    node.comet.finalize()
    assert node.comet.commit().retain_height == 6
    node.comet.hang_up()
    node.engine.close()
    node.open(archive=True)
    node.comet.connect()
    node.comet.finalize()
    assert node.comet.commit().retain_height == 0


def test_snapshots_are_none(node):
    assert node.comet.consensus.ask(list_snapshots={}) is not None
    assert node.comet.consensus.ask(offer_snapshot={}).result == SNAPSHOT_ABORTED
    assert node.comet.consensus.ask(query={"path": "/store"}).code


# Validators.


def decide(node, action):
    """Have all members agree on an action, one block a vote, and return every block's updates."""
    body = {"action": action, "expires": node.clock + DAY}
    proposing = node.sign(node.ledger.founder, "propose", body)
    blocks = [node.comet.block([proposing])]
    vote = {"proposal": parse_statement(proposing).proposal_id, "yes": True}
    for party in node.ledger.parties:
        blocks.append(node.comet.block([node.sign(party, "vote", vote)]))
    blocks.append(node.comet.block())
    return [(update.pub_key.ed25519, update.power) for block in blocks for update in block.validator_updates]


def test_a_new_signer_is_a_new_validator(node):
    second = node.ledger.parties[1]
    updates = decide(node, joining(node.ledger, second))
    assert updates == [(validator_of(second).public.raw, POWER)]


def test_a_signer_that_leaves_is_no_validator_any_more(node):
    second = node.ledger.parties[1]
    decide(node, joining(node.ledger, second))
    node.restart()
    assert decide(node, ["remove", {"member": second.did}]) == [(validator_of(second).public.raw, 0)]


def test_a_block_that_is_undone_changes_no_validator(node):
    second = node.ledger.parties[1]
    decide(node, joining(node.ledger, second))
    node.comet.now += 1
    node.comet.finalize([endpoint(node)])
    node.comet.hang_up()
    node.comet.connect()
    assert not node.comet.finalize().validator_updates
    node.comet.commit()


# Votes that the validator does not remember.


@pytest.mark.case("LEDG-031")
def test_an_own_vote_that_is_not_remembered_ends_the_process_and_is_guarded_against(node):
    remember(node, height=1)
    assert not node.home.is_guarded
    node.comet.finalize(voted=node.home.validator)
    assert not node.ended, "it signed at height 1, and remembers it"
    node.comet.height += 1
    with pytest.raises(ConnectionError):
        node.comet.finalize(voted=node.home.validator)
    assert node.ended
    assert node.home.is_guarded
    remember(node, height=9)
    assert not node.home.is_guarded


@pytest.mark.case("LEDG-031")
def test_a_new_memory_is_guarded_from_the_start(node):
    remember(node, height=0)
    assert node.home.is_guarded
    node.comet.height = 5
    node.comet.finalize(voted=node.home.validator)
    assert not node.ended, "it was started with the check already"


def test_others_votes_are_theirs_to_remember(node):
    remember(node, height=1)
    node.comet.height = 5
    node.comet.finalize(voted=bytes(32))
    assert not node.ended


def remember(node, *, height):
    (node.home.path / "data" / "priv_validator_state.json").write_text(f'{{"height": "{height}"}}')


# A full disk.


@pytest.mark.case("OPS-009")
def test_on_a_full_disk_a_block_waits_for_space_and_reads_go_on(node):
    database = node.engine._app.core.store._db
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages}")
    seen = []

    def make_space():
        deadline = time.monotonic() + 10
        while node.engine._app.full is None and time.monotonic() < deadline:
            time.sleep(0.01)
        with node.engine.reader() as reader:
            seen.append(reader.head().height)
        with node.engine._app.lock:
            database.execute("PRAGMA max_page_count = 1073741823")

    waiting = threading.Thread(target=make_space)
    waiting.start()
    txs = [endpoint(node) for _ in range(60)]
    node.comet.now += 1
    result = node.comet.finalize(txs)
    waiting.join()
    node.comet.commit()
    assert (seen, node.ended) == ([1], [])
    assert result.app_hash == node.engine.head.root
    with node.engine.reader() as reader:
        assert all(reader.position_of(tx) is not None for tx in txs)


@pytest.mark.case("OPS-009")
def test_whoever_submits_on_a_full_disk_is_told(node):
    node.engine._app.full = StorageFullError("no space")
    with pytest.raises(StorageFullError):
        node.engine.submit(endpoint(node))


def test_consensus_own_evidence_of_a_double_vote_is_told(node, caplog):
    node.comet.now += 1
    request = {"height": 2, "time": {"seconds": node.clock}}
    found = {"type": 1, "validator": {"address": b"\xab" * 20}, "height": 1}
    node.comet.consensus.ask(finalize_block={**request, "misbehavior": [found]})
    node.comet.commit()
    assert f"validator_misbehaved address={'ab' * 20} height=1" in caplog.text
