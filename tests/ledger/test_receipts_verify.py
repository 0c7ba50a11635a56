"""The twelve steps of a receipt, each with an attack that only this step stops."""

import hashlib
from dataclasses import replace

import pytest

from crypto import cbor
from ledger.proof.bundle import HEAD, OWN, Bundle, Inclusion, StateProof
from ledger.proof.errors import (
    AnchorMismatchError,
    CheckpointError,
    GrantMissingError,
    InclusionError,
    InconsistentError,
    IssuerMismatchError,
    IssuerSuspendedError,
    KeyCompromisedError,
    NotProvenError,
    ProofMalformedError,
    QuorumError,
    ReceiptError,
    RollbackError,
    StateProofError,
)
from ledger.proof.pins import Pin
from ledger.proof.verify import Receipt, check_current, verify_receipt, verify_snapshot
from ledger.registry import grant_key, issuer_key
from ledger.statements import sign_statement
from tests.ledger.paper_log import (
    ACCREDITOR,
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


@pytest.fixture(scope="module")
def world() -> Anchored:
    return anchored()


def check(world: Anchored, bundle: Bundle, **changes) -> Receipt:
    given = {
        "digest": world.digest,
        "issuer_id": ISSUER,
        "credential_type": TYPE,
        "pin": world.log.pin,
        "now": world.now,
    }
    return verify_receipt(bundle.encode(), **{**given, **changes})


def test_receipt_gives_the_time_of_its_own_block(world):
    receipt = check(world, world.receipt())
    assert receipt.time_of_issue == world.own_time
    assert receipt.issuer.number == 7
    assert receipt.grant.accreditor == ACCREDITOR
    assert receipt.own_size == world.own_size


def test_refreshing_a_receipt_changes_neither_time_nor_entitlement(world):
    early, late = check(world, world.receipt(size=world.own_size)), check(world, world.receipt())
    assert early.time_of_issue == late.time_of_issue
    assert early.grant == late.grant
    assert early.checkpoint.time < late.checkpoint.time


# Step 1


def test_step_1_refuses_bytes_after_the_bundle(world):
    with pytest.raises(ProofMalformedError):
        verify_receipt(
            world.receipt().encode() + b"\x00",
            digest=world.digest,
            issuer_id=ISSUER,
            credential_type=TYPE,
            pin=world.log.pin,
            now=world.now,
        )


# Step 2


@pytest.mark.case("LEDG-006")
def test_step_2_refuses_an_entry_of_a_tree_of_another_size(world):
    # Without equal sizes, a path of a smaller tree could give a late entry an early index.
    bundle = world.receipt()
    smaller = world.log.inclusion(world.index, world.own_size)
    with pytest.raises(InclusionError):
        check(world, replace(bundle, entry_inclusion=smaller))


@pytest.mark.case("LEDG-006")
@pytest.mark.parametrize("change", ["corrupted", "index", "shorter", "longer", "another leaf"])
def test_step_2_refuses_a_path_that_does_not_lead_to_the_root(world, change):
    bundle = world.receipt()
    proof = bundle.entry_inclusion
    path = proof.path
    changed = {
        "corrupted": replace(proof, path=(bytes(32), *path[1:])),
        "index": replace(proof, index=proof.index + 1),
        "shorter": replace(proof, path=path[:-1]),
        "longer": replace(proof, path=(*path, bytes(32))),
        "another leaf": proof,
    }[change]
    entry = world.log.entries[1] if change == "another leaf" else bundle.entry
    with pytest.raises(InclusionError):
        check(world, replace(bundle, entry_inclusion=changed, entry=entry))


@pytest.mark.case("LEDG-006")
def test_step_2_refuses_negative_indexes_and_endless_paths(world):
    fields = cbor.decode(world.receipt().encode())
    for proof in ([8, -1, []], [8, 3, [bytes(32)] * 64]):
        with pytest.raises(ProofMalformedError):
            check(world, _Raw(cbor.encode({**fields, 2: proof})))


@pytest.mark.case("LEDG-007")
def test_step_2_takes_no_inner_node_for_an_entry(world):
    # The two children of an inner node, 64 bytes, hash to that node only behind the byte of a node.
    log, bundle = world.log, world.receipt()
    leaves = [hashlib.sha256(b"\x00" + entry).digest() for entry in log.entries[:2]]
    proof = log.inclusion(0, len(log.entries))
    forged = Inclusion(proof.size, 0, proof.path[1:])
    with pytest.raises(InclusionError):
        check(world, replace(bundle, entry=b"".join(leaves), entry_inclusion=forged))


def test_step_2_refuses_a_head_that_is_not_the_last_entry(world):
    log = world.log
    bundle = world.receipt()
    size = len(log.entries)
    # The own block's entry, proved in the whole tree, offered as its head.
    with pytest.raises(InclusionError):
        check(
            world,
            replace(
                bundle,
                head=log.blocks[world.own_size].encode(),
                head_inclusion=log.inclusion(world.own_size - 1, size),
            ),
        )


# Step 3


def test_step_3_refuses_a_head_that_names_another_size():
    world = anchored()
    world.log.block(time=T0 + 320, size=40)
    with pytest.raises(CheckpointError):
        check(world, world.receipt())


# Step 4


@pytest.mark.case("LEDG-005")
def test_step_4_refuses_two_thirds_exactly(world):
    # 2 of 3 is not more than two thirds.
    bundle = world.receipt()
    with pytest.raises(QuorumError):
        check(world, replace(bundle, signatures=bundle.signatures[:2]))


@pytest.mark.case("LEDG-005")
def test_step_4_counts_no_member_twice(world):
    bundle = world.receipt()
    first, second, _ = bundle.signatures
    with pytest.raises(CheckpointError):
        check(world, replace(bundle, signatures=(first, second, second)))


@pytest.mark.case("LEDG-005", "LEDG-004")
def test_step_4_refuses_the_signature_of_a_stranger(world):
    bundle = world.receipt()
    stranger = world.log.sign(len(world.log.entries), iat=T0 + 305, nodes=make_nodes(1, first=9))
    with pytest.raises(CheckpointError):
        check(world, replace(bundle, signatures=(*bundle.signatures, *stranger)))


@pytest.mark.case("LEDG-004")
def test_step_4_refuses_one_false_signature_among_enough_right_ones():
    world = anchored(4)
    bundle = world.receipt()
    broken = replace(bundle.signatures[3], signature=bytes(64))
    with pytest.raises(CheckpointError):
        check(world, replace(bundle, signatures=(*bundle.signatures[:3], broken)))


@pytest.mark.case("LEDG-004")
def test_step_4_refuses_signatures_out_of_order(world):
    bundle = world.receipt()
    with pytest.raises(CheckpointError):
        check(world, replace(bundle, signatures=bundle.signatures[::-1]))


@pytest.mark.case("LEDG-004", "LEDG-011")
def test_step_4_refuses_another_ledgers_signatures(world):
    elsewhere = replace(world.log.pin, chain_id="urn:vocred:ledger:" + "0" * 64)
    with pytest.raises(CheckpointError):
        check(world, world.receipt(), pin=elsewhere)


@pytest.mark.case("LEDG-004")
@pytest.mark.parametrize("extra", [{395: 2}, {5: 1}, {15: {1: "did:web:node00.example", 6: T0 + 305}}])
def test_step_4_refuses_a_header_with_other_members(world, extra):
    bundle = world.receipt()
    header = {**cbor.decode(bundle.signatures[0].protected), **extra}
    changed = replace(bundle.signatures[0], protected=cbor.encode(header))
    with pytest.raises(CheckpointError):
        check(world, replace(bundle, signatures=(changed, *bundle.signatures[1:])))


@pytest.mark.case("LEDG-004")
def test_step_4_refuses_a_head_that_names_other_signers(world):
    others = tuple(node.signer for node in make_nodes(3, first=5))
    with pytest.raises(CheckpointError):
        check(world, world.receipt(), pin=replace(world.log.pin, signers=others))


def test_step_4_follows_a_link_to_the_next_set():
    world, link = _after_a_change(to=make_nodes(4, first=3))
    receipt = check(world, replace(world.receipt(), links=(link,)))
    assert receipt.checkpoint.epoch == 2
    assert receipt.checkpoint.next_pin.epoch == 2
    assert receipt.checkpoint.next_pin.earlier == {1: world.log.pin.signers}


def test_step_4_refuses_a_link_that_the_old_set_did_not_sign():
    world, link = _after_a_change(to=make_nodes(4, first=3), signed_by=make_nodes(4, first=3))
    with pytest.raises(CheckpointError):
        check(world, replace(world.receipt(), links=(link,)))


def test_step_4_refuses_a_link_to_a_set_that_its_block_does_not_name():
    world, link = _after_a_change(to=make_nodes(4, first=3))
    other = tuple(node.signer for node in make_nodes(4, first=8))
    with pytest.raises(CheckpointError):
        check(world, replace(world.receipt(), links=(replace(link, next_signers=other),)))


def test_step_4_refuses_a_head_of_an_epoch_that_no_link_leads_to():
    world, _ = _after_a_change(to=make_nodes(4, first=3))
    with pytest.raises(CheckpointError):
        check(world, world.receipt())


def test_step_4_refuses_a_link_that_is_not_needed():
    world, link = _after_a_change(to=make_nodes(4, first=3))
    later = replace(
        world.log.pin,
        epoch=2,
        signers=tuple(node.signer for node in make_nodes(4, first=3)),
        earlier={1: world.log.pin.signers},
    )
    assert check(world, world.receipt(), pin=later)
    with pytest.raises(CheckpointError):
        check(world, replace(world.receipt(), links=(link,)), pin=later)


# Step 5


@pytest.mark.case("LEDG-012")
def test_step_5_takes_the_smallest_time_among_the_signatures(world):
    log, size = world.log, len(world.log.entries)
    signatures = tuple(
        log.sign(size, iat=T0 + 300 + 10 * place, nodes=[node])[0] for place, node in enumerate(log.nodes)
    )
    assert check(world, replace(world.receipt(), signatures=signatures)).checkpoint.time == T0 + 300


@pytest.mark.case("LEDG-012")
@pytest.mark.parametrize("iat", [T0 + 299, T0 + 481])
def test_step_5_refuses_signatures_before_the_block_or_from_the_future(world, iat):
    signatures = world.log.sign(len(world.log.entries), iat=iat)
    with pytest.raises(CheckpointError):
        check(world, replace(world.receipt(), signatures=signatures))


@pytest.mark.case("LEDG-012")
def test_step_5_allows_two_minutes_of_clock_skew(world):
    signatures = world.log.sign(len(world.log.entries), iat=T0 + 480)
    assert check(world, replace(world.receipt(), signatures=signatures)).checkpoint.time == T0 + 480


def test_step_5_gives_a_head_of_an_earlier_epoch_its_own_time():
    world, later = _receipt_of_an_earlier_epoch()
    size, highest = world.own_size, len(world.log.entries)
    bundle = replace(
        world.receipt(size=size), signatures=world.log.sign(size, iat=T0 + 400, nodes=make_nodes(3))
    )
    pin = replace(later, size=highest, root=world.log.root(highest))
    receipt = check(world, bundle, pin=pin, now=T0 + 600, consistency=[world.log.consistency(size, highest)])
    assert receipt.checkpoint.time == world.own_time


# Step 6


@pytest.mark.case("LEDG-002")
def test_step_6_refuses_a_second_tree_of_the_same_size(world):
    size = len(world.log.entries)
    with pytest.raises(InconsistentError) as caught:
        check(world, world.receipt(), pin=replace(world.log.pin, size=size, root=bytes(32)))
    assert caught.value.evidence == world.receipt().encode()


@pytest.mark.case("LEDG-002")
@pytest.mark.parametrize("known", ["smaller", "larger"])
def test_step_6_refuses_a_tree_that_does_not_continue_the_known_one(world, known):
    log = world.log
    size = len(log.entries)
    at = world.own_size if known == "larger" else size
    other = world.own_size if known == "smaller" else size
    proof = log.consistency(world.own_size, size)
    pin = replace(log.pin, size=other, root=bytes(32))
    with pytest.raises(InconsistentError):
        check(world, world.receipt(size=at), pin=pin, consistency=[proof])


@pytest.mark.parametrize("known", ["smaller", "larger"])
def test_step_6_accepts_a_proved_tree_be_it_smaller_or_larger(world, known):
    log = world.log
    size = len(log.entries)
    at, other = (size, world.own_size) if known == "smaller" else (world.own_size, size)
    pin = replace(log.pin, size=other, root=log.root(other))
    receipt = check(
        world, world.receipt(size=at), pin=pin, consistency=[log.consistency(world.own_size, size)]
    )
    assert receipt.consistent
    assert receipt.checkpoint.next_pin.size == size


def test_step_6_says_when_an_offline_check_had_no_proof_of_consistency(world):
    pin = replace(world.log.pin, size=3, root=bytes(32))
    receipt = check(world, world.receipt(), pin=pin)
    assert not receipt.consistent
    assert receipt.checkpoint.next_pin.size == 3


def test_step_6_takes_no_earlier_epoch_without_consistency():
    # Whoever gets an old epoch's keys could sign a smaller tree with an earlier date.
    world, later = _receipt_of_an_earlier_epoch()
    with pytest.raises(CheckpointError):
        check(world, world.receipt(size=world.own_size), pin=later, now=T0 + 600)


# Step 7


def test_step_7_refuses_a_block_that_did_not_write_the_entry(world):
    # A later block of the same tree would move the time of issue.
    log, size = world.log, len(world.log.entries)
    later = size - 2
    bundle = replace(
        world.receipt(), own=log.blocks[later].encode(), own_inclusion=log.inclusion(later - 1, size)
    )
    with pytest.raises(InclusionError):
        check(world, bundle)


def test_step_7_refuses_an_own_block_of_another_tree(world):
    other = anchored(3, grant={"from": T0, "until": T0 + 99999})
    bundle = replace(world.receipt(), own=other.log.blocks[other.own_size].encode())
    with pytest.raises(InclusionError):
        check(world, bundle)


def test_step_7_refuses_an_own_block_at_another_place_than_it_says():
    world = anchored()
    log = world.log
    wrong = log.block(time=T0 + 310, first=world.index, size=world.index + 99)
    size = len(log.entries)
    log.blocks[size] = wrong
    log.block(time=T0 + 320)
    bundle = replace(world.receipt(), own=wrong.encode(), own_inclusion=log.inclusion(size - 1, size + 1))
    with pytest.raises(InclusionError):
        check(world, bundle)


def test_step_7_refuses_the_head_given_twice(world):
    log, size = world.log, world.own_size
    bundle = world.receipt(size=size)
    states = tuple(replace(state, block=OWN) for state in bundle.states)
    with pytest.raises(ProofMalformedError):
        check(
            world,
            replace(
                bundle,
                own=bundle.head,
                own_inclusion=log.inclusion(size - 1, size),
                states=states,
            ),
        )


def test_step_7_takes_no_block_for_a_statement(world):
    log, size = world.log, len(world.log.entries)
    at = world.own_size - 1
    bundle = replace(world.receipt(), entry=log.entries[at], entry_inclusion=log.inclusion(at, size))
    with pytest.raises(InclusionError):
        check(world, bundle)


# Step 8


def test_step_8_refuses_another_issuers_anchor(world):
    with pytest.raises(IssuerMismatchError):
        check(world, world.receipt(), issuer_id="did:web:other.example")


def test_step_8_refuses_an_anchor_signed_by_another_key():
    world = _anchored_by(key=make_key(9))
    with pytest.raises(IssuerMismatchError):
        check(world, world.receipt())


def test_step_8_refuses_a_statement_that_is_no_anchor():
    world = _anchored_by(kind="status")
    with pytest.raises(IssuerMismatchError):
        check(world, world.receipt())


@pytest.mark.case("LEDG-011")
def test_step_8_refuses_an_anchor_of_another_ledger():
    world = _anchored_by(chain="urn:vocred:ledger:" + "1" * 64)
    with pytest.raises(IssuerMismatchError):
        check(world, world.receipt())


def test_step_8_refuses_an_issuer_record_that_the_state_does_not_hold(world):
    forged = cbor.encode(issuer_value(submission=make_key(9).public.cose_key))
    states = tuple(
        replace(state, value=forged) if cbor.decode(state.key)[0] == "issuer" else state
        for state in world.receipt().states
    )
    with pytest.raises(StateProofError):
        check(world, replace(world.receipt(), states=states))


def test_step_8_takes_the_record_from_the_own_block_not_from_the_head(world):
    log, size = world.log, len(world.log.entries)
    states = tuple(
        log.prove(tuple(cbor.decode(state.key)), size=size, block=HEAD) for state in world.receipt().states
    )
    with pytest.raises(ProofMalformedError):
        check(world, replace(world.receipt(), states=states))


# Step 9


def test_step_9_refuses_a_type_without_grant(world):
    with pytest.raises(GrantMissingError):
        check(world, world.receipt(types=["SkillLevelCertificate"]))


@pytest.mark.parametrize("grant", [{"from": T0 + 101, "until": None}, {"from": T0, "until": T0 + 100}])
def test_step_9_refuses_a_grant_that_was_not_in_force_at_the_own_block(grant):
    world = anchored(grant=grant)
    with pytest.raises(GrantMissingError):
        check(world, world.receipt())


def test_step_9_accepts_a_grant_at_its_first_second():
    world = anchored(grant={"from": T0 + 100, "until": T0 + 101})
    assert check(world, world.receipt()).grant.start == T0 + 100


def test_step_9_refuses_a_proof_that_there_is_no_grant(world):
    log = world.log
    absent = log.prove(grant_key("did:web:nobody.example", ISSUER, TYPE), size=world.own_size, block=OWN)
    issuer = log.prove(issuer_key(ISSUER), size=world.own_size, block=OWN)
    states = tuple(sorted((absent, issuer), key=lambda state: state.key))
    with pytest.raises(GrantMissingError):
        check(world, replace(world.receipt(), states=states))


def test_a_receipt_with_a_proof_that_nobody_needs_is_refused(world):
    with pytest.raises(ProofMalformedError):
        check(world, world.receipt(types=[TYPE, "SkillLevelCertificate"]))


# Step 10


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"compromised": [[T0 + 100, T0 + 150]]}, KeyCompromisedError),
        ({"suspensions": [[T0 + 50, None]]}, IssuerSuspendedError),
        ({"closed": T0 + 100}, IssuerSuspendedError),
    ],
)
def test_step_10_knows_what_was_reported_after_the_own_block(change, error):
    world = anchored()
    world.log.put(issuer_key(ISSUER), issuer_value(**change))
    world.log.block(time=T0 + 350)
    receipt = check(world, world.receipt(), now=T0 + 400)
    with pytest.raises(error):
        check_current(receipt, current=_snapshot(world, issuer_key(ISSUER)))


@pytest.mark.parametrize(
    "change",
    [
        {"compromised": [[T0 + 101, T0 + 150]]},
        {"compromised": [[T0 + 50, T0 + 100]]},
        {"suspensions": [[T0 + 101, None]]},
        {"closed": T0 + 101},
    ],
)
def test_step_10_spares_forms_anchored_outside_the_interval(change):
    world = anchored()
    world.log.put(issuer_key(ISSUER), issuer_value(**change))
    world.log.block(time=T0 + 350)
    receipt = check(world, world.receipt(), now=T0 + 400)
    assert check_current(receipt, current=_snapshot(world, issuer_key(ISSUER))).did == ISSUER


def test_step_10_takes_no_registry_older_than_the_receipt(world):
    receipt = check(world, world.receipt())
    with pytest.raises(RollbackError):
        check_current(receipt, current=_snapshot(world, issuer_key(ISSUER), size=2))


def test_step_10_needs_the_issuers_record(world):
    receipt = check(world, world.receipt())
    with pytest.raises(NotProvenError):
        check_current(receipt, current=_snapshot(world))


# Step 11


@pytest.mark.case("LEDG-008")
def test_step_11_refuses_another_digest(world):
    with pytest.raises(AnchorMismatchError):
        check(world, world.receipt(), digest=bytes(32))


def test_step_11_refuses_another_salt(world):
    with pytest.raises(AnchorMismatchError):
        check(world, replace(world.receipt(), salt=bytes(32)))


def test_step_11_refuses_a_receipt_without_its_batch_path(world):
    with pytest.raises(AnchorMismatchError):
        check(world, replace(world.receipt(), salt=None, batch=None))


@pytest.mark.parametrize("size", [32, 63, 65, 96])
def test_step_11_refuses_a_batch_of_another_size(world, size):
    batch = replace(world.receipt().batch, size=size, index=0)
    with pytest.raises(ProofMalformedError):
        check(world, replace(world.receipt(), batch=batch))


# Step 12


@pytest.mark.parametrize(("nodes", "single"), [(1, True), (3, False)])
def test_step_12_says_single_operator_where_one_signs(nodes, single):
    world = anchored(nodes)
    assert check(world, world.receipt()).single_operator is single


def test_step_12_stays_single_after_a_migration():
    world, link = _after_a_change(nodes=1, to=make_nodes(4, first=3))
    receipt = check(world, replace(world.receipt(), links=(link,)))
    assert receipt.single_operator
    assert receipt.checkpoint.next_pin.single


def test_step_12_says_single_for_an_own_block_of_one_signer_whatever_the_pin():
    world, _ = _after_a_change(nodes=1, to=make_nodes(4, first=3))
    nodes = tuple(node.signer for node in make_nodes(4, first=3))
    outside = Pin(
        world.log.chain_id,
        2,
        nodes,
        False,
        {},
        len(world.log.entries),
        world.log.root(len(world.log.entries)),
    )
    assert check(world, world.receipt(), pin=outside).single_operator


# Snapshots


def test_snapshot_gives_values_and_proved_absence(world):
    snapshot = _snapshot(world, issuer_key(ISSUER), issuer_key("did:web:nobody.example"))
    assert snapshot.issuer(ISSUER).names["en"] == "Model College"
    assert snapshot.issuer("did:web:nobody.example") is None


def test_snapshot_answers_nothing_that_was_not_proved(world):
    with pytest.raises(NotProvenError):
        _snapshot(world).member("did:web:nobody.example")


def test_absence_cannot_be_claimed_for_a_key_that_is_there(world):
    bundle = world.log.checkpoint(issuer_key(ISSUER))
    hidden = StateProof(HEAD, bundle.states[0].key, None, bundle.states[0].proof)
    with pytest.raises(StateProofError):
        verify_snapshot(replace(bundle, states=(hidden,)).encode(), pin=world.log.pin, now=world.now)


def test_a_receipt_is_no_checkpoint_and_a_checkpoint_no_receipt(world):
    with pytest.raises(ProofMalformedError):
        verify_snapshot(world.receipt().encode(), pin=world.log.pin, now=world.now)
    with pytest.raises(ProofMalformedError):
        check(world, world.log.checkpoint())


def test_every_single_byte_of_a_receipt_counts(world):
    data = world.receipt().encode()
    for place in range(0, len(data), 7):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(ReceiptError):
            check(world, _Raw(changed))


class _Raw:
    """Bytes in the place of a bundle."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def encode(self) -> bytes:
        return self._data


def _snapshot(world: Anchored, *keys, size: int | None = None):
    bundle = world.log.checkpoint(*keys, size=size)
    return verify_snapshot(bundle.encode(), pin=world.log.pin, now=T0 + 400)


def _after_a_change(*, nodes: int = 3, to, signed_by=None):
    """Return a world whose signers changed after the anchor, and the link over the change."""
    world = anchored(nodes)
    log = world.log
    old = log.nodes
    log.block(time=T0 + 310, next_nodes=to)
    size = len(log.entries)
    log.block(time=T0 + 320)
    return world, log.link(size, signed_by=signed_by or old, to=to)


def _receipt_of_an_earlier_epoch():
    """Return a world, and a pin that already is in the epoch after the receipt's."""
    nodes = make_nodes(4, first=3)
    world, _ = _after_a_change(to=nodes)
    world.log.nodes = make_nodes(3)
    later = replace(
        world.log.pin,
        epoch=2,
        signers=tuple(node.signer for node in nodes),
        earlier={1: world.log.pin.signers},
    )
    return world, later


def _anchored_by(*, key=None, kind: str = "anchor", chain: str | None = None) -> Anchored:
    """Return a world whose batch was anchored by a wrong statement."""
    world = anchored()
    old = world.log
    log = PaperLog(make_nodes(3))
    log.state = dict(old.state)
    log.block(time=T0 + 10)
    statement = sign_statement(
        kind,
        {"root": world.batch.root},
        seq=1,
        issuer=ISSUER,
        chain_id=chain or log.chain_id,
        key=key or make_key(1),
    )
    log.block(statement, time=T0 + 100)
    log.block(b"something else", time=T0 + 200)
    return replace(world, log=log)
