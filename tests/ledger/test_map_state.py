"""The state's map against its definition, with proofs of presence and absence that cannot be bent."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import prefix_map
from ledger.errors import MapProofError
from ledger.prefix_map import EMPTY, MapProof, MemoryNodes, leaf_hash, node_hash

KEYS = [b"key %d" % number for number in range(64)]
PAIRS = {key: b"value of " + key for key in KEYS[:40]}


def hashed(key: bytes) -> bytes:
    return sha256(key).digest()


def bits(key: bytes) -> str:
    return f"{int.from_bytes(hashed(key), 'big'):0256b}"


def naive_root(pairs: dict[bytes, bytes], prefix: str = "") -> bytes:
    """LEDGER.md 4.12, word by word: no key, one key, or two halves."""
    here = {key: value for key, value in pairs.items() if bits(key).startswith(prefix)}
    if not here:
        return EMPTY
    if len(here) == 1:
        ((key, value),) = here.items()
        return leaf_hash(hashed(key), hashed(value))
    return node_hash(naive_root(here, prefix + "0"), naive_root(here, prefix + "1"))


def built(pairs: dict[bytes, bytes], nodes: MemoryNodes | None = None) -> tuple[MemoryNodes, bytes]:
    nodes = nodes or MemoryNodes()
    changes = {hashed(key): hashed(value) for key, value in pairs.items()}
    return nodes, prefix_map.update(nodes, EMPTY, changes)


def test_root_is_that_of_the_definition():
    for count in range(len(PAIRS)):
        pairs = dict(list(PAIRS.items())[:count])
        assert built(pairs)[1] == naive_root(pairs)


def test_order_of_arrival_does_not_matter():
    nodes, root = MemoryNodes(), EMPTY
    for key in reversed(PAIRS):
        root = prefix_map.update(nodes, root, {hashed(key): hashed(PAIRS[key])})
    assert root == built(PAIRS)[1]


Changes = st.lists(
    st.dictionaries(st.sampled_from(KEYS[:24]), st.none() | st.binary(max_size=3), max_size=8), max_size=8
)


@settings(max_examples=150, deadline=None)
@given(Changes)
def test_any_history_gives_the_root_of_its_present_and_keeps_its_past(history):
    nodes, root, model = MemoryNodes(), EMPTY, {}
    past = []
    for changes in history:
        model = {**model, **changes}
        model = {key: value for key, value in model.items() if value is not None}
        hashes = {hashed(k): None if v is None else hashed(v) for k, v in changes.items()}
        root = prefix_map.update(nodes, root, hashes)
        assert root == naive_root(model)
        past.append((root, model))
    for old_root, old in past:
        for key in KEYS[:24]:
            proof, value_hash = prefix_map.prove(nodes, old_root, hashed(key))
            assert value_hash == (hashed(old[key]) if key in old else None)
            prefix_map.verify(key, old.get(key), proof, root=old_root)


def test_removing_what_was_added_gives_the_former_root():
    nodes, root = built(PAIRS)
    more = prefix_map.update(nodes, root, {hashed(KEYS[50]): hashed(b"x")})
    assert more != root
    assert prefix_map.update(nodes, more, {hashed(KEYS[50]): None}) == root
    assert prefix_map.update(nodes, root, dict.fromkeys(map(hashed, PAIRS))) == EMPTY


def test_removing_what_is_not_there_changes_nothing():
    nodes, root = built(PAIRS)
    assert prefix_map.update(nodes, root, {hashed(KEYS[50]): None}) == root


def test_every_key_is_proved_present_or_absent():
    nodes, root = built(PAIRS)
    for key in KEYS:
        proof, _ = prefix_map.prove(nodes, root, hashed(key))
        prefix_map.verify(key, PAIRS.get(key), proof, root=root)


def test_a_proof_is_for_one_value_and_one_key():
    nodes, root = built(PAIRS)
    present, _ = prefix_map.prove(nodes, root, hashed(KEYS[0]))
    for key, value in ((KEYS[0], b"another"), (KEYS[1], PAIRS[KEYS[0]]), (KEYS[0], None)):
        with pytest.raises(MapProofError):
            prefix_map.verify(key, value, present, root=root)


def test_absence_cannot_be_turned_into_presence():
    nodes, root = built(PAIRS)
    for key in KEYS[40:]:
        proof, _ = prefix_map.prove(nodes, root, hashed(key))
        with pytest.raises(MapProofError):
            prefix_map.verify(key, b"invented", proof, root=root)


def test_another_leaf_proves_absence_only_where_it_stands_in_the_way():
    nodes, root = built(PAIRS)
    present, value = prefix_map.prove(nodes, root, hashed(KEYS[0]))
    # The path of a key that is there, offered as proof that some other key is not.
    forged = MapProof(present.siblings, (hashed(KEYS[0]), value))
    for key in KEYS[40:]:
        if bits(key)[: len(present.siblings)] != bits(KEYS[0])[: len(present.siblings)]:
            with pytest.raises(MapProofError, match="another place"):
                prefix_map.verify(key, None, forged, root=root)


def test_a_present_key_cannot_be_proved_absent_by_its_own_leaf():
    nodes, root = built(PAIRS)
    present, value = prefix_map.prove(nodes, root, hashed(KEYS[0]))
    with pytest.raises(MapProofError, match="own"):
        prefix_map.verify(KEYS[0], None, MapProof(present.siblings, (hashed(KEYS[0]), value)), root=root)


def test_presence_names_no_other_leaf():
    nodes, root = built(PAIRS)
    present, _ = prefix_map.prove(nodes, root, hashed(KEYS[0]))
    bent = MapProof(present.siblings, (hashed(KEYS[1]), hashed(b"x")))
    with pytest.raises(MapProofError):
        prefix_map.verify(KEYS[0], PAIRS[KEYS[0]], bent, root=root)


def test_leaf_and_node_are_told_apart():
    nodes, root = built(PAIRS)
    assert not nodes.map_node(root).is_leaf
    node = nodes.map_node(root)
    assert leaf_hash(node.first, node.second) != root


def test_proofs_survive_their_array():
    nodes, root = built(PAIRS)
    for key in KEYS:
        proof, _ = prefix_map.prove(nodes, root, hashed(key))
        assert MapProof.from_array(proof.to_array()) == proof


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        [[]],
        [[], None, None],
        [[b"short"], None],
        [[bytes(32)] * 257, None],
        [[], [bytes(32)]],
        [[], [bytes(32), bytes(31)]],
        [[], "leaf"],
        [[], 5],
        [5, None],
        [None, None],
    ],
)
def test_malformed_proofs_are_refused(value):
    with pytest.raises(MapProofError):
        MapProof.from_array(value)


def test_a_proof_deeper_than_a_key_is_refused():
    with pytest.raises(MapProofError):
        prefix_map.root_from_proof(KEYS[0], None, MapProof((EMPTY,) * 257, None))
