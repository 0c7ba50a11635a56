"""Epochs chain: whoever knows one set of signers comes to know the next, offline as well."""

from dataclasses import replace

import pytest

from ledger.proof import epochs
from ledger.proof.bundle import Bundle
from ledger.proof.checkpoints import check_checkpoint, read_block
from ledger.proof.errors import CheckpointError, InconsistentError, ProofMalformedError, ReceiptError
from ledger.proof.following import follow
from ledger.proof.pins import PinStore
from ledger.proof.receipts import sign_receipt
from ledger.proof.verify import verify_snapshot
from tests.ledger.consortium import key
from tests.ledger.watching.anchored_life import anchor, register
from tests.ledger.watching.many_nodes import ManyNodes


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    """A ledger of three epochs, with a form anchored in each."""
    world = ManyNodes(tmp_path_factory.mktemp("life"))
    issuer = register(world)
    client = world.client(name="issuer")
    world.collect(2)
    world.forms = [anchor(world, issuer, "first", client=client)]
    world.rotate_receipt_key(world.parties[3].did, "other key")
    world.collect(2)
    world.forms.append(anchor(world, issuer, "second", client=client))
    world.set_signer(world.parties[2].did, receipt=None, validator=None)
    world.collect(2)
    world.forms.append(anchor(world, issuer, "third", client=client))
    yield world
    world.close()


@pytest.fixture
def pins(life, tmp_path):
    """A pin as it was handed over on the first day."""
    (tmp_path / "given").write_bytes(life.first_pin().to_bytes())
    return PinStore.start(tmp_path / "pin", pin_file=tmp_path / "given")


def file_of(life, epoch=1, known=1):
    return life.nodes[0].get(f"/v1/checkpoint?epoch={epoch}&from={known}").data


def bundle_of(life, epoch=1, known=1):
    return Bundle.decode(file_of(life, epoch, known))


def refused(life, pins, bundle, error=ReceiptError):
    """See that a pin is led nowhere by a file."""
    before = pins.load()
    with pytest.raises(error):
        follow(pins, bundle.encode(), now=life.now)
    assert pins.load() == before


def changed(bundle, place, **wrong):
    """Return the bundle with one link changed."""
    links = list(bundle.links)
    links[place] = replace(links[place], **wrong)
    return replace(bundle, links=tuple(links))


def test_a_checkpoint_has_the_links_from_the_epoch_that_is_asked_for(life):
    assert [read_block(link.block).epoch for link in bundle_of(life).links] == [1, 2]
    assert [read_block(link.block).epoch for link in bundle_of(life, epoch=2).links] == [2]
    assert bundle_of(life, epoch=3).links == ()
    assert Bundle.decode(life.nodes[0].get("/v1/checkpoint").data).links == ()


def test_a_pin_of_the_first_epoch_follows_to_the_third_by_a_file(life, pins):
    follow(pins, file_of(life), now=life.now)
    pin = pins.load()
    assert pin.epoch == 3
    assert [signer.member for signer in pin.signers] == [life.parties[number].did for number in (0, 1, 3)]
    assert sorted(pin.earlier) == [1, 2]
    assert pin.earlier[1] == life.first_pin().signers
    assert pin.size == life.nodes[0].engine.head.size


def test_with_the_file_a_receipt_of_the_third_epoch_verifies_offline(life, pins):
    form = life.forms[2]
    with pytest.raises(CheckpointError):
        form.check(pins.load(), now=life.now)
    follow(pins, file_of(life), now=life.now)
    receipt = form.check(pins.load(), now=life.now)
    assert (receipt.checkpoint.epoch, receipt.single_operator) == (3, False)


def test_receipts_of_every_epoch_go_on_verifying(life, pins):
    follow(pins, file_of(life), now=life.now)
    client = life.client(name="somebody's")
    for epoch, form in enumerate(life.forms, start=1):
        receipt = form.ask(client, now=life.now)
        assert (receipt.checkpoint.epoch, receipt.consistent) == (epoch, True)


def test_a_receipt_of_an_epoch_before_the_pin_counts_only_in_the_known_tree(life, pins):
    follow(pins, file_of(life), now=life.now)
    with pytest.raises(CheckpointError, match="earlier epoch"):
        life.forms[0].check(pins.load(), now=life.now)


def test_a_file_from_the_first_epoch_serves_a_pin_that_is_further(life, pins):
    follow(pins, file_of(life, epoch=1), now=life.now)
    moved = pins.load()
    follow(pins, file_of(life, epoch=1), now=life.now)
    assert pins.load() == moved


def test_a_file_of_an_epoch_that_is_over_tells_nothing_new(life, pins):
    with life.nodes[0].engine.reader() as reader:
        end = epochs.last_block(reader, 1)
    old = life.nodes[0].get(f"/v1/checkpoint?at={end.size}").data
    follow(pins, file_of(life), now=life.now)
    moved = pins.load()
    assert follow(pins, old, now=life.now) is None
    assert pins.load() == moved


def test_links_are_from_the_pin_on_and_no_earlier(life, pins):
    follow(pins, file_of(life), now=life.now)
    with pytest.raises(CheckpointError, match="does not continue"):
        check_checkpoint(bundle_of(life), pin=pins.load(), now=life.now)


def test_a_receipt_is_no_file_to_follow(life, pins):
    with pytest.raises(ProofMalformedError):
        follow(pins, life.forms[0].receipt, now=life.now)


def test_a_skipped_link_is_refused(life, pins):
    bundle = bundle_of(life)
    refused(life, pins, replace(bundle, links=bundle.links[1:]), CheckpointError)
    refused(life, pins, replace(bundle, links=bundle.links[:1]), CheckpointError)
    refused(life, pins, replace(bundle, links=()), CheckpointError)


def test_a_repeated_link_is_refused(life, pins):
    first, second = bundle_of(life).links
    refused(life, pins, replace(bundle_of(life), links=(first, first, second)), CheckpointError)
    refused(life, pins, replace(bundle_of(life), links=(first, second, second)), CheckpointError)


def test_links_in_another_order_are_refused(life, pins):
    bundle = bundle_of(life)
    refused(life, pins, replace(bundle, links=bundle.links[::-1]), CheckpointError)


def test_a_link_with_too_few_signatures_is_refused(life, pins):
    bundle = bundle_of(life)
    few = changed(bundle, 0, signatures=bundle.links[0].signatures[:2])
    refused(life, pins, few, CheckpointError)


def test_a_link_that_strangers_signed_is_refused(life, pins):
    bundle = bundle_of(life)
    with life.nodes[0].engine.reader() as reader:
        root = reader.root(read_block(bundle.links[0].block).size)
    forged = tuple(
        sign_receipt(root, key=key(f"stranger {n}"), member=p.did, chain_id=life.chain_id, iat=life.now)
        for n, p in enumerate(life.parties)
    )
    refused(life, pins, changed(bundle, 0, signatures=forged), CheckpointError)


def test_a_link_to_another_set_than_its_block_names_is_refused(life, pins):
    bundle = bundle_of(life)
    mine = replace(bundle.links[1].next_signers[0], key=key("mine").public.cose_key)
    refused(life, pins, changed(bundle, 1, next_signers=(mine,)), CheckpointError)


def test_a_link_over_a_block_that_ends_no_epoch_is_refused(life, pins):
    bundle = bundle_of(life)
    life.nodes[0].get("/v1/checkpoint?at=4")
    life.collect()
    inside = Bundle.decode(life.nodes[0].get("/v1/checkpoint?at=4").data)
    wrong = changed(
        bundle, 0, block=inside.head, inclusion=inside.head_inclusion, signatures=inside.signatures
    )
    refused(life, pins, wrong, CheckpointError)


def test_a_link_of_another_ledger_is_refused(life, pins, tmp_path):
    (tmp_path / "other").mkdir()
    # The same four sign it with the same keys; its fifth member makes it another ledger.
    other = ManyNodes(tmp_path / "other", count=5, signers=4)
    other.rotate_receipt_key(other.parties[3].did, "other key")
    other.block()
    other.collect(2)
    foreign = Bundle.decode(other.nodes[0].get("/v1/checkpoint?epoch=1").data)
    bundle = bundle_of(life)
    refused(life, pins, replace(bundle, links=(foreign.links[0], *bundle.links[1:])), ReceiptError)
    refused(life, pins, foreign, ReceiptError)
    other.close()


def test_whoever_left_signs_no_later_epoch(life):
    with life.nodes[0].engine.reader() as reader:
        signers = [signer.member for signer in epochs.epoch_of(reader, 3)]
    left = life.parties[2].did
    assert left not in signers
    life.nodes[0].collect()
    head = Bundle.decode(life.nodes[0].get("/v1/checkpoint").data)
    known = life.nodes[0].quorum.known(read_block(head.head))
    assert left not in [each.member for each in known]


def test_a_former_signer_still_signs_its_own_epochs(life):
    with life.nodes[0].engine.reader() as reader:
        end = epochs.last_block(reader, 2)
    answer = life.nodes[2].get(f"/v1/checkpoints/{end.size}/signature")
    assert answer.status_code == 200


def test_a_clients_pin_moves_along_the_links(life):
    client = life.client(name="late")
    snapshot, staple = client.snapshot([], now=life.now)
    assert (client.pins.load().epoch, snapshot.checkpoint.epoch) == (3, 3)
    # What travels to others is of the present epoch and has no links of ours.
    assert Bundle.decode(staple).links == ()
    verify_snapshot(staple, pin=client.pins.load(), now=life.now)


def test_a_client_follows_before_it_checks_a_receipt_of_a_later_epoch(life):
    client = life.client(name="verifier's")
    assert client.pins.load().epoch == 1
    assert life.forms[2].ask(client, now=life.now).consistent


def test_whoever_is_too_far_behind_for_one_bundle_goes_in_steps(life, monkeypatch):
    # Three links take about three kilobytes; a bundle takes 256. Two of them is as many as go here.
    monkeypatch.setattr(epochs, "MAX_LINK_BYTES", 2000)
    assert len(bundle_of(life).links) == 1
    step = bundle_of(life)
    assert (read_block(step.head).epoch, read_block(step.head).next_epoch) == (2, 3)
    client = life.client(name="far behind")
    client.snapshot([], now=life.now)
    assert client.pins.load().epoch == 3


def test_a_checkpoint_for_others_is_checked_from_their_epoch(life, tmp_path):
    client = life.client(name="desk")
    body = client.checkpoint(epoch=1, now=life.now)
    assert len(Bundle.decode(body).links) == 2
    with pytest.raises(CheckpointError):
        client.checkpoint(epoch=9, now=life.now)


@pytest.mark.parametrize("epoch", ["0", "-1", "x", "1&epoch=2"])
def test_an_epoch_that_is_no_number_is_refused(life, epoch):
    assert life.nodes[0].get(f"/v1/checkpoint?epoch={epoch}").status_code == 400


def test_an_epoch_that_is_not_there_yet_brings_no_links(life):
    assert bundle_of(life, epoch=900).links == ()


def test_the_last_block_of_each_epoch_is_found(life):
    with life.nodes[0].engine.reader() as reader:
        ends = list(epochs.ended_epochs(reader))
        assert [(block.epoch, block.next_epoch) for block in ends] == [(1, 2), (2, 3)]
        assert epochs.last_block(reader, 3) is None
        assert epochs.last_block(reader, 0) is None
        for block in ends:
            assert epochs.signers_of(reader, block) == epochs.epoch_of(reader, block.epoch)
            assert epochs.next_signers(reader, block) == epochs.epoch_of(reader, block.epoch + 1)


def test_a_file_that_contradicts_the_pins_tree_is_refused(life, pins):
    follow(pins, file_of(life), now=life.now)
    pin = pins.load()
    elsewhere = replace(pin, root=bytes(32))
    with pytest.raises(InconsistentError):
        check_checkpoint(replace(bundle_of(life), links=()), pin=elsewhere, now=life.now)
