"""Receipts forged by somebody who can sign: everything fits but the one thing that the step looks at."""

from dataclasses import replace

import pytest

from crypto import cbor, cose
from ledger.proof.bundle import CheckpointSignature
from ledger.proof.errors import (
    CheckpointError,
    InclusionError,
    IssuerMismatchError,
    ProofMalformedError,
    StateProofError,
)
from ledger.proof.verify import verify_receipt, verify_snapshot
from ledger.statements import CONTENT_TYPE, sign_statement
from tests.ledger.paper_log import (
    ISSUER,
    T0,
    TYPE,
    Anchored,
    PaperLog,
    anchored,
    issuer_value,
    make_key,
    make_nodes,
)

OLD, NEXT, LAST = make_nodes(3), make_nodes(4, first=3), make_nodes(4, first=8)
NOW = T0 + 600


def check(world: Anchored, bundle, **changes):
    given = {"issuer_id": ISSUER, "credential_type": TYPE, "pin": world.log.pin, "now": NOW, **changes}
    return verify_receipt(bundle.encode(), digest=world.digest, **given)


def signers(nodes):
    return tuple(node.signer for node in nodes)


@pytest.mark.case("LEDG-006")
def test_step_2_an_entrys_proof_names_the_heads_size():
    world = anchored()
    proof = world.receipt().entry_inclusion
    with pytest.raises(InclusionError):
        check(world, replace(world.receipt(), entry_inclusion=replace(proof, size=proof.size - 1)))


@pytest.mark.case("LEDG-004")
@pytest.mark.parametrize("wrong", [{"signers": bytes(32)}, {"mode": 1}, {"epoch": 2}])
def test_step_4_the_head_says_who_signs_it(wrong):
    world = anchored()
    world.log.block(time=T0 + 320, **wrong)
    with pytest.raises(CheckpointError):
        check(world, world.receipt())


@pytest.mark.case("LEDG-004")
@pytest.mark.parametrize(
    "change",
    [
        {4: bytes(32)},
        {395: 2},
        {395: True},
        {5: 0},
        {15: {1: OLD[0].member, 6: T0 + 305}},
        {15: {1: OLD[0].member, 2: "urn:vocred:ledger:" + "0" * 64, 6: T0 + 305}},
    ],
)
def test_step_4_a_signature_has_the_one_header_even_where_it_verifies(change):
    world = anchored()
    log, (first, *others) = world.log, world.receipt().signatures
    header = {**cbor.decode(first.protected), **change}
    root = log.root(len(log.entries))
    made = cose.parse_sign1(cose.sign1(root, protected=header, key=OLD[0].key, detached=True), detached=True)
    forged = CheckpointSignature(made.protected_bytes, made.signature)
    with pytest.raises(CheckpointError):
        check(world, replace(world.receipt(), signatures=(forged, *others)))


def change_of_epoch(world: Anchored, *, to, **wrong):
    """Write the block that enacts a new set, and return the link over it."""
    log, old = world.log, world.log.nodes
    log.block(time=T0 + 310, next_nodes=to, **wrong)
    size = len(log.entries)
    log.block(time=T0 + 320)
    return log.link(size, signed_by=old, to=to)


@pytest.mark.parametrize("wrong", [{"epoch": 7}, {"signers": bytes(32)}, {"size": 99}])
def test_step_4_a_link_is_the_last_block_of_the_epoch_before(wrong):
    world = anchored()
    link = change_of_epoch(world, to=NEXT, **wrong)
    with pytest.raises(CheckpointError):
        check(world, replace(world.receipt(), links=(link,)))


def test_step_4_a_links_block_names_the_next_set():
    world = anchored()
    log = world.log
    log.block(time=T0 + 310, next_nodes=NEXT)
    size = len(log.entries)
    # Somebody else goes on in the place of those whom the members named.
    log.nodes = LAST
    log.block(time=T0 + 320)
    link = log.link(size, signed_by=OLD, to=LAST)
    with pytest.raises(CheckpointError):
        check(world, replace(world.receipt(), links=(link,)))


def test_step_4_a_link_leads_to_another_set():
    world = anchored()
    log = world.log
    size = len(log.entries)
    log.epoch = 2
    log.block(time=T0 + 320)
    with pytest.raises(CheckpointError):
        check(world, replace(world.receipt(), links=(log.link(size, signed_by=OLD, to=OLD),)))


def test_step_4_links_lead_to_the_head_and_no_further():
    world = anchored()
    log = world.log
    change_of_epoch(world, to=NEXT)
    link = change_of_epoch(world, to=LAST)
    highest, size = len(log.entries), world.own_size
    log.nodes = OLD
    pin = replace(
        log.pin,
        epoch=2,
        signers=signers(NEXT),
        earlier={1: signers(OLD)},
        size=highest,
        root=log.root(highest),
    )
    bundle = replace(world.receipt(size=size), consistency=log.consistency(size, highest))
    assert check(world, bundle, pin=pin)
    with pytest.raises(CheckpointError):
        check(world, replace(bundle, links=(link,)), pin=pin)


def test_step_6_a_consistency_proof_is_about_this_tree():
    world = anchored()
    log = world.log
    with pytest.raises(ProofMalformedError):
        check(world, replace(world.receipt(size=world.own_size), consistency=log.consistency(2, 6)))


def anchored_by(statement_of) -> Anchored:
    """Return a world in which the batch was anchored by what ``statement_of`` makes for its chain id."""
    world = anchored()
    log = PaperLog(OLD)
    log.state = dict(world.log.state)
    log.block(time=T0 + 10)
    log.block(statement_of(log.chain_id, world.batch.root), time=T0 + 100)
    log.block(b"something else", time=T0 + 200)
    return replace(world, log=log)


def test_step_8_an_anchor_of_another_did_under_the_same_key_is_not_the_issuers():
    world = anchored_by(
        lambda chain, root: sign_statement(
            "anchor",
            {"root": root},
            seq=1,
            issuer="did:web:other.example",
            chain_id=chain,
            key=make_key(1),
        )
    )
    with pytest.raises(IssuerMismatchError):
        check(world, world.receipt())


def test_step_8_an_anchor_names_the_key_that_signed_it():
    def signed(chain, root):
        header = {3: CONTENT_TYPE, 4: make_key(9).public.thumbprint, 15: {1: ISSUER, 2: chain}}
        payload = cbor.encode({"type": "anchor", "seq": 1, "body": {"root": root}})
        return cose.sign1(payload, protected=header, key=make_key(1))

    world = anchored_by(signed)
    with pytest.raises(IssuerMismatchError):
        check(world, world.receipt())


@pytest.mark.parametrize("signature", [bytes(64), b"\x01" * 64])
def test_step_8_an_anchors_signature_verifies(signature):
    def unsigned(chain, root):
        statement = sign_statement(
            "anchor", {"root": root}, seq=1, issuer=ISSUER, chain_id=chain, key=make_key(1)
        )
        return cbor.encode([*cbor.decode(statement)[:3], signature])

    world = anchored_by(unsigned)
    with pytest.raises(IssuerMismatchError):
        check(world, world.receipt())


def test_step_12_a_checkpoint_of_one_signer_says_so():
    world = anchored(1)
    bundle = world.log.checkpoint().encode()
    # Even a pin that claims otherwise does not lift it.
    pin = replace(world.log.pin, single=False)
    assert verify_snapshot(bundle, pin=pin, now=NOW).single_operator
    assert not verify_snapshot(
        anchored(3).log.checkpoint().encode(), pin=anchored(3).log.pin, now=NOW
    ).single_operator


def test_step_12_a_checkpoint_reached_through_one_signer_says_so():
    world = anchored(1)
    link = change_of_epoch(world, to=NEXT)
    bundle = replace(world.log.checkpoint(), links=(link,)).encode()
    pin = replace(world.log.pin, single=False)
    assert verify_snapshot(bundle, pin=pin, now=NOW).single_operator


def test_an_issuer_record_of_an_unknown_shape_is_no_record():
    world = anchored()
    value = issuer_value()
    assert value.pop("urls")
    log = PaperLog(OLD)
    log.state = dict(world.log.state)
    log.put(("issuer", ISSUER), value)
    log.block(time=T0 + 10)
    log.block(world.log.entries[world.index], time=T0 + 100)
    log.block(b"something else", time=T0 + 200)
    with pytest.raises(StateProofError):
        check(replace(world, log=log), replace(world, log=log).receipt())
