"""Nodes compare checkpoints over HTTP, take evidence from anybody, and raise alarms."""

import logging

import pytest

from ledger.proof import evidence
from ledger.proof.bundle import Bundle, Signer
from ledger.proof.errors import ReceiptError
from ledger.proof.evidence import Evidence, SignedTree
from ledger.proof.pins import PinStore
from ledger.proof.receipts import read_signature
from ledger.registry import members_key
from ledger.watching import views
from ledger.watching.peers import peers_of
from ledger.watching.store import MAX_EVIDENCE_EACH
from ledger.witnessing import kept
from tests.ledger.consortium import Party
from tests.ledger.watching.forked import fork, show, signed
from tests.ledger.watching.many_nodes import ManyNodes, Told


@pytest.fixture
def world(tmp_path):
    made = ManyNodes(tmp_path)
    made.collect(2)
    yield made
    made.close()


@pytest.fixture
def forked(world, tmp_path):
    engine = fork(world, tmp_path / "fork")
    yield engine
    engine.core.close()


def told(world, number=0):
    return world.nodes[number].get("/v1/alarms").json


def peers(world, number=0):
    return {peer["member"]: peer for peer in told(world, number)["peers"]}


def compare(world, number=0):
    world.nodes[number].watch.comparing.compare()


def dids(world, *numbers):
    return [world.parties[number].did for number in numbers]


def made_evidence(world, forked, *, ours=(0,), theirs=(0,)):
    true = world.nodes[0].engine
    found = evidence.find(
        SignedTree.of(signed(true, [world.parties[n] for n in ours])),
        SignedTree.of(signed(forked, [world.parties[n] for n in theirs])),
        chain_id=world.chain_id,
        signers=[Signer(each.did, each.key("receipt").public.cose_key) for each in world.parties],
        leaf=lambda _index, _size: None,
    )
    assert found is not None
    return found


def bring(node, data, content_type="application/cbor"):
    return node.app.test_client().post("/v1/evidence", data=data, content_type=content_type)


# Comparing


def test_nodes_that_tell_one_history_agree(world):
    compare(world)
    assert {member: peer["agrees"] for member, peer in peers(world).items()} == dict.fromkeys(
        dids(world, 1, 2, 3), True
    )
    assert told(world)["alarms"] == []


def test_a_node_that_is_behind_agrees(world):
    world.nodes[1].up = False
    world.accept(world.parties[0].did, "schema.put", {"id": "https://s.example/1", "digest": bytes(32)})
    world.nodes[1].up = True
    compare(world)
    peer = peers(world)[world.parties[1].did]
    assert peer["agrees"] is True
    assert peer["size"] < world.nodes[0].engine.head.size


def test_a_node_that_is_ahead_proves_that_it_continues(world):
    behind, ahead = world.nodes[0], world.nodes[1]
    behind.up = False
    world.order(
        world.sign(world.parties[0].did, "endpoint.put", {"node": None, "mirror": None, "receipts": None})
    )
    world.collect(2)
    behind.up = True
    compare(world)
    peer = peers(world)[ahead.did]
    assert (peer["agrees"], peer["size"] > behind.engine.head.size) == (True, True)


def test_a_node_that_is_silent_is_listed_with_what_it_last_showed(world):
    compare(world)
    world.nodes[1].up = False
    compare(world)
    peer = peers(world)[world.parties[1].did]
    assert peer["error"]
    assert (peer["agrees"], peer["size"]) == (True, world.nodes[0].engine.head.size)


def test_a_member_whose_endpoint_is_gone_is_listed_no_longer(world):
    compare(world)
    gone = world.parties[3].did
    world.accept(gone, "endpoint.put", {"node": None, "mirror": None, "receipts": None})
    compare(world)
    assert gone not in peers(world)


@pytest.mark.parametrize("blocks", [1, 3], ids=["same size", "larger"])
@pytest.mark.case("LEDG-002")
def test_a_signer_that_shows_another_history_is_convicted(world, tmp_path, caplog, blocks):
    engine = fork(world, tmp_path / "other", blocks=blocks)
    liar = world.parties[2]
    show(world.nodes[2], engine, [liar])
    with caplog.at_level(logging.ERROR):
        compare(world)
    (alarm,) = told(world)["alarms"]
    assert (alarm["kind"], alarm["member"]) == ("equivocation", liar.did)
    assert any("alarm raised kind=equivocation" in record.message for record in caplog.records)
    body = world.nodes[0].get(f"/v1/evidence/{alarm['evidence']}").data
    found = Evidence.decode(body)
    assert evidence.verify(found, known=lambda *_: True, chain_id=world.chain_id).double_signers == (
        liar.did,
    )
    assert peers(world)[liar.did]["agrees"] is False
    engine.core.close()


def test_the_same_alarm_is_raised_once(world, forked, caplog):
    show(world.nodes[2], forked, [world.parties[2]])
    compare(world)
    world.now += 60
    compare(world)
    (alarm,) = told(world)["alarms"]
    assert (alarm["since"], alarm["seen"]) == (world.now - 60, world.now)
    assert sum("alarm raised" in record.message for record in caplog.records) == 1


def test_another_history_that_no_signer_signed_is_an_alarm_without_evidence(world, forked):
    stranger = Party("stranger")
    show(world.nodes[2], forked, [stranger])
    compare(world)
    (alarm,) = told(world)["alarms"]
    assert (alarm["kind"], alarm["member"], alarm["evidence"]) == (
        "two-histories",
        world.parties[2].did,
        None,
    )


def test_an_alarm_without_evidence_ends_when_the_node_agrees_again(world, forked):
    show(world.nodes[2], forked, [Party("stranger")])
    compare(world)
    world.nodes[2].lie = None
    compare(world)
    assert told(world)["alarms"] == []


def test_an_alarm_with_evidence_stays(world, forked):
    show(world.nodes[2], forked, [world.parties[2]])
    compare(world)
    world.nodes[2].lie = None
    compare(world)
    assert [alarm["kind"] for alarm in told(world)["alarms"]] == ["equivocation"]


@pytest.mark.parametrize("body", [b"", b"\x00", b"{}", bytes(1 << 20)])
def test_a_node_that_answers_nonsense_is_only_listed(world, body):
    world.nodes[1].lie = lambda _method, _path: Told(body)
    compare(world)
    assert peers(world)[world.parties[1].did]["error"]
    assert told(world)["alarms"] == []


def test_addresses_on_this_machine_are_asked_in_a_demo_only(world):
    node = world.nodes[0]
    with node.engine.reader() as reader:
        asked = {"member": node.did, "url": node.url}
        assert len(peers_of(reader, **asked, insecure_loopback=True)) == 3
        assert peers_of(reader, **asked, insecure_loopback=False) == []


# Evidence over HTTP


def test_evidence_is_taken_once_and_listed(world, forked):
    node, found = world.nodes[1], made_evidence(world, forked)
    answer = bring(node, found.encode())
    assert (answer.status_code, answer.json["new"]) == (201, True)
    assert bring(node, found.encode()).status_code == 200
    (listed,) = node.get("/v1/evidence").json["evidence"]
    assert listed["id"] == found.digest.hex()
    assert listed["doubleSigners"] == dids(world, 0)
    assert node.get(f"/v1/evidence/{listed['id']}").data == found.encode()


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xa0", b"x" * 1000])
def test_what_is_no_evidence_is_refused(world, data):
    answer = bring(world.nodes[0], data)
    assert (answer.status_code, answer.json["code"]) == (422, "EVIDENCE_INVALID")
    assert world.nodes[0].get("/v1/evidence").json["evidence"] == []


def test_evidence_of_another_type_or_size_is_refused(world, forked):
    data = made_evidence(world, forked).encode()
    assert bring(world.nodes[0], data, "application/json").status_code == 415
    assert bring(world.nodes[0], bytes(evidence.MAX_EVIDENCE_BYTES + 1)).status_code == 413


def test_evidence_against_whoever_never_signed_is_refused(world, forked):
    stranger = Party("stranger")
    found = evidence.find(
        SignedTree.of(signed(world.nodes[0].engine, [stranger])),
        SignedTree.of(signed(forked, [stranger])),
        chain_id=world.chain_id,
        signers=[Signer(stranger.did, stranger.key("receipt").public.cose_key)],
        leaf=lambda _index, _size: None,
    )
    assert bring(world.nodes[0], found.encode()).status_code == 422


def test_one_member_cannot_fill_the_store_with_evidence_about_itself(world, tmp_path):
    node, engines = world.nodes[0], []
    for number in range(MAX_EVIDENCE_EACH + 2):
        world.now += 1
        engines.append(fork(world, tmp_path / f"fork{number}"))
        answer = bring(node, made_evidence(world, engines[-1], ours=(1,), theirs=(1,)).encode())
        assert answer.json["new"] is (number < MAX_EVIDENCE_EACH)
    assert bring(node, made_evidence(world, engines[0], ours=(2,), theirs=(2,)).encode()).json["new"]
    assert len(node.get("/v1/evidence").json["evidence"]) == MAX_EVIDENCE_EACH + 1
    for engine in engines:
        engine.core.close()


def test_nobody_is_accused_of_having_signed_our_own_history(world, forked):
    honest, liar = 0, 3
    found = made_evidence(world, forked, ours=(honest,), theirs=(liar,))
    assert bring(world.nodes[1], found.encode()).status_code == 201
    assert [alarm["members"] for alarm in told(world, 1)["alarms"]] == [dids(world, liar)]


def test_evidence_is_taken_slowly(world):
    rule = int(views.RULE.split("/")[0])
    answers = [bring(world.nodes[0], b"\xa0").status_code for _ in range(rule + 1)]
    assert answers == [422] * rule + [429]


@pytest.mark.parametrize("name", ["00", "zz", "0" * 64])
def test_unknown_evidence_is_not_found(world, name):
    assert world.nodes[0].get(f"/v1/evidence/{name}").status_code == 404


def test_figures_tell_alarms_and_nodes(world, forked):
    show(world.nodes[2], forked, [world.parties[2]])
    compare(world)
    text = world.nodes[0].get("/metrics").text
    assert 'vocred_ledger_alarms{kind="equivocation"} 1.0' in text
    assert 'vocred_ledger_peers{state="agrees"} 2.0' in text
    assert 'vocred_ledger_peers{state="disagrees"} 1.0' in text
    assert "vocred_ledger_checkpoint_age_seconds 0.0" in text


# A client that sees it


@pytest.mark.case("LEDG-002")
def test_a_client_keeps_and_publishes_what_convicts_a_quorum(world, forked):
    before = world.client(1, name="client").pins.load()
    client = world.client(1, 3, name="client")
    client.snapshot([members_key()], now=world.now)
    head = client.pins.load()
    show(world.nodes[1], forked, world.parties[:3])
    world.nodes[3].up = False
    with pytest.raises(ReceiptError) as error:
        client.snapshot([members_key()], now=world.now, max_age=0)
    assert error.value.code == "LEDGER_INCONSISTENT"
    assert client.pins.load() == head != before
    (found,) = kept(client.pins)
    shown = evidence.verify(found, known=lambda *_: True, chain_id=world.chain_id)
    assert set(shown.double_signers) <= set(dids(world, 0, 1, 2))
    assert shown.double_signers
    listed = world.nodes[1].get("/v1/evidence").json["evidence"]
    assert [item["id"] for item in listed] == [found.digest.hex()]


def test_a_client_keeps_what_convicts_one_signer_though_it_is_no_quorum(world, forked):
    client = world.client(0, 1, name="client")
    client.snapshot([members_key()], now=world.now)
    signer = next(p for p in world.parties if p.did in _signed_members(client.pins))
    show(world.nodes[0], forked, [signer])
    snapshot, _ = client.snapshot([members_key()], now=world.now, max_age=0)  # the other node answers
    assert snapshot.size == world.nodes[1].engine.head.size
    (found,) = kept(client.pins)
    shown = evidence.verify(found, known=lambda *_: True, chain_id=world.chain_id)
    assert shown.double_signers == (signer.did,)


def test_a_client_publishes_to_every_node_that_takes_it(world, forked):
    client = world.client(0, 1, 2, name="client")
    client.snapshot([members_key()], now=world.now)
    signer = next(p for p in world.parties if p.did in _signed_members(client.pins))
    show(world.nodes[0], forked, [signer])
    client.snapshot([members_key()], now=world.now, max_age=0)
    for number in (0, 1, 2):
        assert len(world.nodes[number].get("/v1/evidence").json["evidence"]) == 1
        assert told(world, number)["alarms"][0]["member"] == signer.did


def test_a_node_that_is_merely_wrong_leaves_no_evidence(world):
    client = world.client(0, 1, name="client")
    client.snapshot([members_key()], now=world.now)
    world.nodes[0].lie = lambda _method, path: Told(b"\xa0") if path.startswith("/v1/state") else None
    client.snapshot([members_key()], now=world.now, max_age=0)
    assert kept(client.pins) == []


def _signed_members(pins: PinStore) -> list[str]:
    held = Bundle.decode(pins.signed() or b"")
    return [read_signature(signature).member for signature in held.signatures]
