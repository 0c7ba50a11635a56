"""A node collects the signatures of the epoch's signers from the other members' nodes."""

import pytest

from crypto import cbor
from ledger.proof import epochs
from ledger.proof.bundle import Bundle, read_signatures
from ledger.proof.receipts import freshest_quorum, read_signature, sign_receipt
from ledger.proof.verify import verify_snapshot
from ledger.transport import MAX_ANSWER_BYTES
from tests.ledger.watching.many_nodes import ManyNodes, Told


@pytest.fixture
def world(tmp_path):
    made = ManyNodes(tmp_path)
    yield made
    made.close()


def head_of(node):
    with node.engine.reader() as reader:
        return reader.head_block()


def members_known(node):
    return [each.member for each in node.quorum.known(head_of(node))]


def newest(node):
    with node.engine.reader() as reader:
        return node.quorum.newest(reader)


def test_a_node_knows_its_own_signature_before_it_asked_anybody(world):
    node = world.nodes[1]
    assert members_known(node) == [node.did]


def test_after_collecting_a_node_knows_every_signer(world):
    node = world.nodes[0]
    node.collect()
    assert members_known(node) == [party.did for party in world.parties]


def test_a_checkpoint_carries_a_quorum_that_the_pin_accepts(world):
    world.nodes[0].collect()
    body = world.nodes[0].get("/v1/checkpoint?from=1").data
    snapshot = verify_snapshot(body, pin=world.first_pin(), now=world.now)
    assert len(Bundle.decode(body).signatures) == 3
    assert (snapshot.single_operator, snapshot.checkpoint.consistent) == (False, True)


@pytest.mark.parametrize(("signers", "needed"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5)])
def test_a_bundle_takes_as_few_signatures_as_make_a_quorum(signers, needed):
    made = [
        sign_receipt(bytes(32), key=party.key("receipt"), member=party.did, chain_id="urn:x", iat=100 + n)
        for n, party in enumerate(_parties(signers))
    ]
    chosen = freshest_quorum(map(read_signature, made), signers=signers)
    assert len(chosen) == needed
    assert 3 * needed > 2 * signers >= 3 * (needed - 1)
    assert min(read_signature(each).time for each in chosen) == 100 + signers - needed


def _parties(count):
    from tests.ledger.consortium import members

    return members(count)


def test_the_head_answers_once_it_has_a_quorum(world):
    node = world.nodes[0]
    node.collect()
    assert newest(node) == node.engine.head.size


def test_reads_go_on_under_the_newest_complete_checkpoint_when_signers_are_down(tmp_path):
    world = ManyNodes(tmp_path, count=5)
    world.collect()
    complete = world.nodes[0].engine.head.size
    time = verify_snapshot(
        world.nodes[0].get("/v1/checkpoint").data, pin=world.first_pin(), now=world.now
    ).time
    world.block(
        world.sign(world.parties[0].did, "schema.put", {"id": "https://s.example/1", "digest": bytes(32)})
    )
    world.nodes[3].up = world.nodes[4].up = False
    world.now += 3600
    world.nodes[0].collect(3)
    body = world.nodes[0].get("/v1/checkpoint?from=1")
    snapshot = verify_snapshot(body.data, pin=world.first_pin(), now=world.now)
    assert (body.status_code, snapshot.size) == (200, complete)
    assert snapshot.time == time < world.now - 3000  # its age is shown, and grows
    world.nodes[3].up = True
    world.nodes[0].collect()
    assert newest(world.nodes[0]) == world.nodes[0].engine.head.size > complete
    world.close()


def test_the_newest_root_gets_fresh_times_again(world):
    world.collect(2)
    world.now += 300
    world.collect(2)
    body = world.nodes[2].get("/v1/checkpoint").data
    assert verify_snapshot(body, pin=world.first_pin(), now=world.now).time == world.now


def test_an_older_checkpoint_that_somebody_asks_for_is_signed_with_its_blocks_time(world):
    node = world.nodes[0]
    with node.engine.reader() as reader:
        older = reader.block(4)
    world.now += 50
    body = cbor.decode(node.get("/v1/checkpoints/4/signatures").data)
    assert [read_signature(each).time for each in read_signatures(cbor.encode(body))] == [older.time]


def test_an_older_checkpoint_is_completed_when_somebody_asks(world):
    node = world.nodes[0]
    node.collect()
    assert len(Bundle.decode(node.get("/v1/checkpoint?at=4").data).signatures) == 1
    node.collect()
    assert len(Bundle.decode(node.get("/v1/checkpoint?at=4").data).signatures) == 3


def test_questions_about_old_checkpoints_do_not_grow_without_bound(world):
    node = world.nodes[0]
    for size in range(2, node.engine.head.size):
        node.get(f"/v1/checkpoint?at={size}")
    assert sum(goal.passing for goal in node.quorum._goals.values()) <= 4


def test_signatures_reach_a_node_through_another(world):
    far, between, near = world.nodes[0], world.nodes[1], world.nodes[2]
    between.collect()
    near.up = world.nodes[3].up = False
    far.collect()
    assert near.did in members_known(far)


def test_what_was_collected_is_there_after_a_restart(world):
    from ledger.watching.store import WatchStore

    node = world.nodes[0]
    node.collect()
    size = node.engine.head.size
    again = WatchStore(node.home / "watch.db", chain_id=world.chain_id)
    assert again.is_complete(size)
    again.close()


def test_what_was_collected_of_another_ledger_is_forgotten(world):
    from ledger.watching.store import WatchStore

    node = world.nodes[0]
    node.collect()
    again = WatchStore(node.home / "watch.db", chain_id="urn:vocred:ledger:" + 64 * "0")
    assert again.signatures(node.engine.head.size) == []
    again.close()


def test_a_node_that_only_follows_collects_without_signing(world):
    follower = world.add(None)
    assert members_known(follower) == []
    follower.collect()
    assert len(members_known(follower)) == 4


def test_a_node_that_comes_back_pulls_what_it_lacks(world):
    away = world.nodes[3]
    away.up = False
    world.accept(world.parties[0].did, "schema.put", {"id": "https://s.example/2", "digest": bytes(32)})
    world.collect(2)
    away.up = True
    world.catch_up(away)
    away.collect()
    assert newest(away) == world.nodes[0].engine.head.size


def hostile(world, answer):
    """Let node 1 say whatever it likes about signatures."""
    world.nodes[1].lie = lambda _method, path: answer(path) if path.endswith("/signatures") else None
    world.nodes[0].collect()
    return members_known(world.nodes[0])


def wrong_signatures(world):
    """Return signatures of every kind that must not be kept."""
    node, party = world.nodes[1], world.parties[1]
    size = node.engine.head.size
    with node.engine.reader() as reader:
        root, time = reader.root(size), reader.block(size).time
    good = {"key": party.key("receipt"), "member": party.did, "chain_id": world.chain_id, "iat": time}
    stranger = _parties(9)[8]
    return {
        "of another root": sign_receipt(bytes(32), **good),
        "in another's name": sign_receipt(root, **{**good, "member": world.parties[2].did}),
        "of another ledger": sign_receipt(root, **{**good, "chain_id": "urn:vocred:ledger:" + 64 * "0"}),
        "from the future": sign_receipt(root, **{**good, "iat": world.now + 1000}),
        "older than its block": sign_receipt(root, **{**good, "iat": time - 1}),
        "by nobody": sign_receipt(root, **{**good, "key": stranger.key("receipt"), "member": stranger.did}),
        "by a governance key": sign_receipt(root, **{**good, "key": party.key("governance")}),
    }


@pytest.mark.parametrize(
    "kind",
    [
        "of another root",
        "in another's name",
        "of another ledger",
        "from the future",
        "older than its block",
        "by nobody",
        "by a governance key",
    ],
)
def test_a_wrong_signature_is_not_kept(world, kind):
    wrong = wrong_signatures(world)[kind]
    known = hostile(world, lambda _path: Told(cbor.encode([wrong.to_cbor()])))
    assert known == [world.nodes[0].did, world.nodes[2].did, world.nodes[3].did]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not cbor",
        cbor.encode({}),
        cbor.encode([[b"x"]]),
        cbor.encode([[b"x", bytes(64)]] * 257),
        bytes(MAX_ANSWER_BYTES),
    ],
    ids=["empty", "text", "map", "short", "many", "huge"],
)
def test_an_answer_that_is_no_list_of_signatures_does_no_harm(world, body):
    assert len(hostile(world, lambda _path: Told(body))) == 3


def test_a_peer_that_is_an_error_page_does_no_harm(world):
    assert len(hostile(world, lambda _path: Told(b"<html>", 500))) == 3


def test_a_peer_is_asked_one_thing_at_a_time(tmp_path):
    waiting = []
    world = ManyNodes(tmp_path, spawn=waiting.append)
    node = world.nodes[0]
    node.collect(5)
    assert len(waiting) == 3
    for act in waiting:
        act()
    node.collect()
    assert len(waiting) == 6
    world.close()


def test_the_signers_of_an_epoch_are_told(world):
    node = world.nodes[0]
    with node.engine.reader() as reader:
        assert [each.member for each in node.quorum.signers(reader, 1)] == [p.did for p in world.parties]
        assert epochs.current_epoch(reader) == 1
