"""Evidence convicts whoever signed two histories, and nobody else."""

from dataclasses import replace

import pytest

from crypto import cbor
from ledger import merkle
from ledger.proof import assembly, evidence
from ledger.proof.bundle import Inclusion, Signer
from ledger.proof.evidence import Evidence, EvidenceError, Leaf, SignedTree
from ledger.proof.receipts import sign_receipt
from tests.ledger.consortium import key
from tests.ledger.paper_log import T0, PaperLog, make_nodes
from tests.ledger.watching.forked import fork, signed
from tests.ledger.watching.many_nodes import ManyNodes


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = ManyNodes(tmp_path_factory.mktemp("evidence"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def forked(world, tmp_path_factory):
    """Another history of the same size."""
    engine = fork(world, tmp_path_factory.mktemp("fork"))
    yield engine
    engine.core.close()


@pytest.fixture(scope="module")
def longer(world, tmp_path_factory):
    """Another history that is longer."""
    engine = fork(world, tmp_path_factory.mktemp("longer"), blocks=3)
    yield engine
    engine.core.close()


def signers(world):
    return [Signer(party.did, party.key("receipt").public.cose_key) for party in world.parties]


def leaf_of(*engines):
    """Return leaves of whichever history has a tree of that size, the last one first."""

    def leaf(index, size):
        for engine in reversed(engines):
            with engine.reader() as reader:
                if reader.head().size == size:
                    return merkle.leaf_hash(reader.entry(index)), assembly.inclusion(reader, index, size)
        return None

    return leaf


def find(world, other, *, ours=(0, 1, 2), theirs=(2, 3), leaf=None):
    true = world.nodes[0].engine
    return evidence.find(
        SignedTree.of(signed(true, [world.parties[n] for n in ours])),
        SignedTree.of(signed(other, [world.parties[n] for n in theirs])),
        chain_id=world.chain_id,
        signers=signers(world),
        leaf=leaf or leaf_of(true, other),
    )


def check(world, found):
    known = {(signer.member, evidence.thumbprint(signer)) for signer in signers(world)}
    return evidence.verify(
        found, known=lambda member, each: (member, each.thumbprint) in known, chain_id=world.chain_id
    )


def refused(world, found):
    with pytest.raises(EvidenceError):
        check(world, found)


@pytest.mark.case("LEDG-002")
def test_two_roots_of_one_size_convict_who_signed_both(world, forked):
    found = find(world, forked)
    shown = check(world, found)
    assert shown.double_signers == (world.parties[2].did,)
    assert shown.signers == tuple(party.did for party in world.parties)
    assert shown.first.size == shown.second.size
    assert found.first_leaf is found.second_leaf is None


@pytest.mark.case("LEDG-002")
def test_a_larger_tree_with_another_leaf_convicts_who_signed_both(world, longer):
    found = find(world, longer)
    shown = check(world, found)
    assert shown.double_signers == (world.parties[2].did,)
    assert shown.first.size < shown.second.size
    assert found.second_leaf.inclusion.index == shown.first.size - 1


def test_one_double_signature_is_enough(world, longer):
    assert check(world, find(world, longer, ours=(1,), theirs=(1,))).signers == (world.parties[1].did,)


def test_signatures_of_different_members_show_two_histories_and_convict_nobody(world, forked):
    shown = check(world, find(world, forked, ours=(0, 1), theirs=(3,)))
    assert shown.double_signers == ()


def test_evidence_has_one_encoding_that_reads_back(world, longer):
    found = find(world, longer)
    assert Evidence.decode(found.encode()) == found
    assert len(found.digest) == 32


def test_a_tree_that_continues_another_is_no_evidence(world):
    node = world.nodes[0]
    with node.engine.reader() as reader:
        block = reader.block(4)
        made = assembly.inclusion(reader, 3, 4)
        root = reader.root(4)
    by = world.parties[0]
    signature = sign_receipt(
        root, key=by.key("receipt"), member=by.did, chain_id=world.chain_id, iat=block.time
    )
    found = evidence.find(
        SignedTree(block.encode(), made, (signature,)),
        SignedTree.of(signed(node.engine, [by])),
        chain_id=world.chain_id,
        signers=signers(world),
        leaf=leaf_of(node.engine),
    )
    assert found is None


def test_the_same_tree_twice_is_no_evidence(world):
    assert find(world, world.nodes[1].engine) is None


def test_nobody_tells_the_leaf_so_there_is_no_evidence(world, longer):
    assert find(world, longer, leaf=lambda _index, _size: None) is None


def test_a_tree_that_nobody_known_signed_is_no_evidence(world, forked):
    true = world.nodes[0].engine
    stranger = sign_receipt(
        forked.head.root, key=key("stranger"), member="did:web:x.example", chain_id=world.chain_id, iat=1
    )
    other = replace(SignedTree.of(signed(forked, [world.parties[0]])), signatures=(stranger,))
    one = SignedTree.of(signed(true, [world.parties[0]]))
    found = evidence.find(
        one, other, chain_id=world.chain_id, signers=signers(world), leaf=leaf_of(true, forked)
    )
    assert found is None


def test_wrong_signatures_are_left_out_of_what_is_found(world, forked):
    true = world.nodes[0].engine
    wrong = sign_receipt(
        bytes(32),
        key=world.parties[3].key("receipt"),
        member=world.parties[3].did,
        chain_id=world.chain_id,
        iat=1,
    )
    one = SignedTree.of(signed(true, [world.parties[0]]))
    other = SignedTree.of(signed(forked, [world.parties[0]]))
    other = replace(other, signatures=(*other.signatures, wrong))
    found = evidence.find(
        one, other, chain_id=world.chain_id, signers=signers(world), leaf=leaf_of(true, forked)
    )
    assert check(world, found).signers == (world.parties[0].did,)


def test_the_same_block_over_another_statement_is_found_too():
    nodes = make_nodes(3)
    logs = PaperLog(nodes), PaperLog(nodes)
    blocks = [log.block(statement, time=T0) for log, statement in zip(logs, (b"one", b"two"), strict=True)]
    assert blocks[0] == blocks[1]  # the state tells no difference between two anchors
    logs[1].block(b"three", time=T0 + 5)

    def leaf(index, size):
        log = logs[0] if size == len(logs[0].entries) else logs[1]
        return merkle.leaf_hash(log.entries[index]), log.inclusion(index, size)

    found = evidence.find(
        SignedTree.of(logs[0].checkpoint()),
        SignedTree.of(logs[1].checkpoint()),
        chain_id=logs[0].chain_id,
        signers=[node.signer for node in nodes],
        leaf=leaf,
    )
    shown = evidence.verify(found, known=lambda _member, _key: True, chain_id=logs[0].chain_id)
    assert len(shown.double_signers) == 3
    assert found.first_leaf is not None


# What must not pass


def test_evidence_about_another_ledger_is_refused(world, forked):
    refused(world, replace(find(world, forked), chain_id="urn:vocred:ledger:" + 64 * "0"))


def test_a_key_that_was_never_a_signers_is_refused(world, forked):
    found = find(world, forked)
    with pytest.raises(EvidenceError, match="never"):
        evidence.verify(found, known=lambda _member, _key: False, chain_id=world.chain_id)


def test_a_signature_over_another_root_is_refused(world, forked):
    found = find(world, forked)
    refused(world, replace(found, second=replace(found.second, signatures=found.first.signatures)))


def test_a_tree_without_signatures_is_refused(world, forked):
    found = find(world, forked)
    bare = replace(found, first=replace(found.first, signatures=()))
    refused(world, bare)
    with pytest.raises(EvidenceError):
        Evidence.decode(bare.encode())


def test_trees_in_another_order_are_refused(world, longer):
    found = find(world, longer)
    refused(world, replace(found, first=found.second, second=found.first))


def test_the_same_leaf_in_the_larger_tree_is_refused(world, longer):
    found = find(world, longer)
    with longer.reader() as reader:
        index, size = 1, reader.head().size
        same = Leaf(merkle.leaf_hash(reader.entry(index)), assembly.inclusion(reader, index, size))
    with world.nodes[0].engine.reader() as reader:
        mine = Leaf(same.leaf, assembly.inclusion(reader, 1, reader.head().size))
    refused(world, replace(found, first_leaf=mine, second_leaf=same))


def test_a_leaf_of_another_place_is_refused(world, longer):
    found = find(world, longer)
    with longer.reader() as reader:
        size = reader.head().size
        other = Leaf(merkle.leaf_hash(reader.entry(1)), assembly.inclusion(reader, 1, size))
    refused(world, replace(found, second_leaf=other))


def test_a_leaf_that_leads_elsewhere_is_refused(world, longer):
    found = find(world, longer)
    refused(world, replace(found, second_leaf=replace(found.second_leaf, leaf=bytes(32))))


def test_a_larger_tree_without_a_leaf_is_refused(world, longer):
    refused(world, replace(find(world, longer), second_leaf=None))


def test_a_leaf_beside_two_roots_of_one_size_is_refused(world, forked, longer):
    leaf = find(world, longer).second_leaf
    refused(world, replace(find(world, forked), second_leaf=leaf))


def test_a_key_that_signed_nothing_is_refused(world, forked):
    found = find(world, forked, ours=(0,), theirs=(0,))
    refused(world, replace(found, signers=tuple(signers(world))))


def test_a_member_twice_under_one_tree_is_refused(world, forked):
    found = find(world, forked)
    twice = (found.first.signatures[0], *found.first.signatures)
    refused(world, replace(found, first=replace(found.first, signatures=twice)))


def test_keys_out_of_order_are_refused(world, forked):
    found = find(world, forked)
    refused(world, replace(found, signers=found.signers[::-1]))


def test_a_block_at_another_place_than_it_says_is_refused(world, forked):
    found = find(world, forked)
    moved = Inclusion(found.first.inclusion.size, 0, found.first.inclusion.path)
    refused(world, replace(found, first=replace(found.first, inclusion=moved)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        cbor.encode({}),
        cbor.encode([]),
        cbor.encode({1: "vocred/evidence/1"}),
        cbor.encode({1: "vocred/evidence/1", 2: "x", 3: 1, 4: 2, 5: []}),
        cbor.encode({1: "vocred/evidence/1", 2: "x", 3: [b"", [1, 0, []], []], 4: [], 5: [], 9: 1}),
        bytes(evidence.MAX_EVIDENCE_BYTES + 1),
    ],
)
def test_what_is_not_of_the_form_is_refused(data):
    with pytest.raises(EvidenceError):
        Evidence.decode(data)


def test_evidence_with_any_byte_changed_is_refused_and_does_no_other_harm(world, longer):
    data = find(world, longer).encode()
    for place in range(0, len(data), 3):
        for flip in (0x01, 0x20, 0x80):
            wrong = bytearray(data)
            wrong[place] ^= flip
            with pytest.raises(EvidenceError):
                check(world, Evidence.decode(bytes(wrong)))


@pytest.mark.parametrize(
    "key_",
    [{}, {1: 1}, {1: 1, -1: 6, -2: b""}, {1: "x", -1: 6, -2: 7}, {"a": None}, {1: 1, -1: 6, -2: bytes(32)}],
)
def test_a_key_that_is_none_is_refused(world, forked, key_):
    found = find(world, forked, ours=(0,), theirs=(0,))
    refused(world, replace(found, signers=(Signer(world.parties[0].did, key_),)))
