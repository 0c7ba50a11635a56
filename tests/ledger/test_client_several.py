"""A client of several nodes: the next one where one is silent, behind, without a quorum, or wrong."""

import threading
from dataclasses import replace

import httpx
import pytest

from crypto import cbor
from ledger.client import (
    FalseReceiptError,
    LedgerClient,
    LedgerNoQuorumError,
    LedgerUnavailableError,
    StatementRefusedError,
)
from ledger.errors import LedgerError
from ledger.nodes import REST, Nodes, split_urls
from ledger.proof.bundle import Bundle
from ledger.proof.errors import ReceiptError, RollbackError
from ledger.registry import members_key
from tests.ledger.watching.anchored_life import TYPE, register
from tests.ledger.watching.many_nodes import ManyNodes, Told


@pytest.fixture
def world(tmp_path):
    made = ManyNodes(tmp_path)
    made.collect(2)
    yield made
    made.close()


def schema(world, number=1):
    body = {"id": f"https://schemas.example/{number}", "digest": bytes(32)}
    return world.sign(world.parties[0].did, "schema.put", body)


def size(world):
    return world.nodes[0].engine.head.size


def read(client, world):
    return client.snapshot([members_key()], now=world.now, max_age=0)[0]


def test_the_next_node_answers_where_one_is_silent(world):
    world.nodes[0].up = False
    assert read(world.client(), world).size == size(world)


def test_a_silent_node_is_asked_last_for_half_a_minute(world):
    now = [0.0]
    nodes = Nodes(
        ["http://127.0.0.1:8700", "http://127.0.0.1:8701"], http=world.transport, clock=lambda: now[0]
    )
    world.nodes[0].up = False
    with pytest.raises(LedgerUnavailableError):
        nodes.send(nodes.urls[0], "GET", "/v1/registry")
    assert nodes.in_order() == ["http://127.0.0.1:8701", "http://127.0.0.1:8700"]
    now[0] = REST + 1
    assert nodes.in_order() == ["http://127.0.0.1:8700", "http://127.0.0.1:8701"]


def test_a_node_that_answers_again_rests_no_longer(world):
    nodes = world.client().nodes
    world.nodes[0].up = False
    with pytest.raises(LedgerUnavailableError):
        nodes.send(nodes.urls[0], "GET", "/v1/registry")
    world.nodes[0].up = True
    nodes.send(nodes.urls[0], "GET", "/v1/registry")
    assert nodes.in_order()[0] == world.nodes[0].url


def test_all_nodes_silent_is_said_at_once(world):
    for node in world.nodes:
        node.up = False
    with pytest.raises(LedgerUnavailableError):
        read(world.client(), world)


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_node_that_fails_is_left_for_another(world, status):
    world.nodes[0].lie = lambda _method, _path: Told(b"{}", status)
    assert read(world.client(), world).size == size(world)


def test_a_node_without_a_quorum_is_left_for_another(world):
    problem = b'{"code":"LEDGER_NO_QUORUM","title":"x","detail":"y","status":503,"type":"t"}'
    world.nodes[0].lie = lambda _method, _path: Told(problem, 503)
    assert read(world.client(), world).size == size(world)
    with pytest.raises(LedgerNoQuorumError):
        read(world.client(0, name="one"), world)


def test_a_node_that_is_behind_is_left_for_another(world):
    behind = world.nodes[0]
    client = world.client()
    behind.up = False
    world.order(schema(world))
    world.collect(2)
    newest = read(world.client(1), world).size
    behind.up = True
    client.pins.advance(to=world.client(1).pins.load())
    assert read(client, world).size == newest
    with pytest.raises(RollbackError):
        read(world.client(0), world)


def test_an_answer_that_does_not_check_is_left_for_another(world):
    world.nodes[0].lie = lambda _method, path: Told(b"\x00") if path.startswith("/v1/state") else None
    assert read(world.client(), world).size == size(world)
    with pytest.raises(ReceiptError):
        read(world.client(0, name="one"), world)


def test_the_gravest_answer_is_reported(world):
    world.nodes[0].lie = lambda _method, path: Told(b"\x00") if path.startswith("/v1/state") else None
    for node in world.nodes[1:]:
        node.up = False
    with pytest.raises(ReceiptError):
        read(world.client(), world)


def few_signatures(node, count=1):
    """Have a node serve its true checkpoints under too few signatures."""

    def lie(_method, path):
        if not path.startswith("/v1/state"):
            return None
        bundle = Bundle.decode(node.get(path).data)
        return Told(replace(bundle, signatures=bundle.signatures[:count]).encode())

    node.lie = lie


def test_a_client_completes_a_quorum_from_the_other_nodes(world):
    few_signatures(world.nodes[0])
    client = world.client()
    snapshot, staple = client.snapshot([members_key()], now=world.now)
    assert snapshot.size == size(world)
    assert len(Bundle.decode(staple).signatures) == 3
    assert any(path.endswith("/signatures") for path in world.nodes[1].asked)


def test_wrong_signatures_from_others_do_not_complete_a_quorum(world):
    few_signatures(world.nodes[0])
    client = world.client(0, 1)
    nonsense = [[b"\xa0", bytes(64)]]
    world.nodes[1].lie = lambda _method, path: Told(
        cbor.encode(nonsense) if path.endswith("/signatures") else b"", 200 if "/signatures" in path else 500
    )
    with pytest.raises(LedgerNoQuorumError):
        read(client, world)


def test_too_few_signatures_everywhere_is_no_quorum(world):
    for node in world.nodes:
        few_signatures(node)
    world.nodes[1].up = world.nodes[2].up = world.nodes[3].up = False
    with pytest.raises(LedgerNoQuorumError):
        read(world.client(), world)


def test_an_ambiguous_submission_goes_to_another_node_with_the_same_bytes(world):
    statement, first = schema(world), world.nodes[0]

    def lost(method, path):
        if method != "POST":
            return
        world.order(statement)  # it was taken, and then the answer was lost
        raise httpx.ReadTimeout("no answer")

    first.lie = lost
    index = world.client().submit(statement)
    assert world.nodes[1].engine.core.store.entry(index) == statement
    assert sum(path == "/v1/statements" for path in world.nodes[1].asked) == 1


def test_a_single_nodes_refusal_is_not_the_ledgers(world):
    problem = b'{"code":"TX_SEQUENCE","title":"x","detail":"y","status":409,"type":"t"}'
    world.nodes[0].lie = lambda method, _path: Told(problem, 409) if method == "POST" else None
    assert world.client().submit(schema(world)) > 0


def test_what_every_node_refuses_is_refused(world):
    world.parties[0].seq["governance"] += 5
    with pytest.raises(StatementRefusedError) as refusal:
        world.client().submit(schema(world))
    assert refusal.value.code == "TX_SEQUENCE"


def test_a_refusal_counts_though_another_node_is_down(world):
    world.nodes[0].up = False
    world.parties[0].seq["governance"] += 5
    with pytest.raises(StatementRefusedError):
        world.client().submit(schema(world))


def test_two_submissions_of_the_same_bytes_are_one(world):
    statement, client = schema(world), world.client()
    assert client.submit(statement) == client.submit(statement)


@pytest.mark.case("LEDG-033")
def test_an_acknowledgement_that_another_node_knows_nothing_of_is_no_receipt(world):
    issuer = register(world)
    world.collect(2)
    statement = world.sign(issuer, "anchor", {"root": bytes(32)})
    invented = size(world) + 3
    liar = world.nodes[0]
    liar.lie = lambda method, _path: Told(b'{"index":%d}' % invented) if method == "POST" else None
    client = world.client()
    assert client.submit(statement) == invented
    with pytest.raises(FalseReceiptError):
        client.receipt(invented, credential_type=TYPE, now=world.now, statement=statement)


def test_a_receipt_comes_from_a_node_that_has_the_entry(world):
    issuer = register(world)
    behind = world.nodes[0]
    behind.up = False
    statement = world.sign(issuer, "anchor", {"root": bytes(32)})
    index = world.client(1).submit(statement)
    behind.up = True
    world.nodes[1].collect()
    bundle = world.client().receipt(index, credential_type=TYPE, now=world.now, statement=statement)
    assert bundle.entry == statement


def test_an_entry_whose_block_lacks_signatures_is_no_false_receipt(world):
    issuer = register(world)
    world.collect(2)
    for node in world.nodes[2:]:
        node.up = False
    statement = world.sign(issuer, "anchor", {"root": bytes(32)})
    client = world.client(0, 1)
    index = client.submit(statement)
    world.collect(2)
    with pytest.raises(LedgerNoQuorumError):
        client.receipt(index, credential_type=TYPE, now=world.now, statement=statement)
    world.nodes[2].up = True
    world.catch_up(world.nodes[2])
    world.collect(2)
    assert client.receipt(index, credential_type=TYPE, now=world.now, statement=statement).entry == statement


def test_a_node_that_is_behind_accuses_nobody_while_another_is_silent(world):
    issuer = register(world)
    world.collect(2)
    world.nodes[0].up = False
    statement = world.sign(issuer, "anchor", {"root": bytes(32)})
    index = world.client(1).submit(statement)
    world.nodes[0].up, world.nodes[1].up = True, False
    with pytest.raises(LedgerUnavailableError):
        world.client(0, 1).receipt(index, credential_type=TYPE, now=world.now, statement=statement)


def test_documents_and_counts_are_left_with_every_node(world):
    asked = []
    client = LedgerClient(
        "http://127.0.0.1:1,http://127.0.0.1:2",
        pins=world.pins(),
        http=lambda method, url, **_: asked.append((method, url)) or Told(b"{}"),
    )
    client.put_document(b"{}")
    assert [url.split("/")[2] for _, url in asked] == ["127.0.0.1:1", "127.0.0.1:2"]


def test_one_node_that_keeps_a_document_is_enough(world):
    def http(_method, url, **_):
        if ":1/" in url:
            raise httpx.ConnectError("nobody")
        return Told(b"{}")

    client = LedgerClient("http://127.0.0.1:1,http://127.0.0.1:2", pins=world.pins(), http=http)
    client.put_document(b"{}")
    with pytest.raises(LedgerUnavailableError):
        LedgerClient("http://127.0.0.1:1", pins=world.pins(), http=http).put_document(b"{}")


def test_one_client_serves_many_threads(world):
    client, found, failed = world.client(), [], []

    def ask():
        try:
            found.extend(read(client, world).size for _ in range(3))
        except LedgerError as error:
            failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failed, set(found), len(found)) == ([], {size(world)}, 18)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("https://a.example", ("https://a.example",)),
        ("https://a.example/, https://b.example", ("https://a.example", "https://b.example")),
        ("https://a.example,,", ("https://a.example",)),
    ],
)
def test_addresses_are_separated_by_commas(text, urls):
    assert split_urls(text) == urls


def test_a_client_needs_an_address():
    with pytest.raises(ValueError, match="address"):
        Nodes(" , ")
