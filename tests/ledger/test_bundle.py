"""The bundle has one encoding, and expands to receipts that others can check."""

from dataclasses import replace

import cbor2
import pytest
import scitt_cose
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crypto import cbor
from ledger.proof.bundle import MAX_BUNDLE_BYTES, Bundle, expand, transparent_statement
from ledger.proof.errors import ProofMalformedError
from tests.ledger.paper_log import T0, anchored, make_nodes


@pytest.fixture(scope="module")
def world():
    return anchored()


@pytest.fixture(scope="module")
def decoded(world):
    return cbor.decode(world.receipt().encode())


def accepted(receipt: bytes, node, entry: bytes) -> scitt_cose.ReceiptResult:
    key = Ed25519PublicKey.from_public_bytes(node.key.public.raw)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return scitt_cose.verify_receipt(receipt, leaf_entry_hex=entry.hex(), log_public_key_pem=pem)


def test_decoding_gives_back_what_was_encoded(world):
    for bundle in (world.receipt(), world.receipt(size=world.own_size), world.log.checkpoint()):
        assert Bundle.decode(bundle.encode()) == bundle


def test_links_and_consistency_survive_the_round_trip(world):
    log, size = world.log, world.own_size
    bundle = replace(
        world.receipt(),
        links=(log.link(size, signed_by=log.nodes, to=make_nodes(4, first=3)),),
        consistency=log.consistency(size, len(log.entries)),
    )
    assert Bundle.decode(bundle.encode()) == bundle


def test_inclusion_arrays_are_byte_for_byte_those_of_rfc_9942(world):
    (receipt, *_) = expand(world.receipt())
    proofs = cbor2.loads(receipt).value[1][396][-1]
    assert list(proofs) == [cbor.encode(cbor.decode(world.receipt().encode())[2])]


def test_an_independent_library_accepts_every_expanded_receipt(world):
    bundle = world.receipt()
    for node, receipt in zip(world.log.nodes, expand(bundle), strict=True):
        result = accepted(receipt, node, bundle.entry)
        assert result.ok, result.errors
        assert result.issuer == node.member
        assert result.subject == world.log.chain_id
        assert result.iat == T0 + 305
        assert result.root == world.log.root(len(world.log.entries)).hex()


def test_an_independent_library_refuses_an_expanded_receipt_for_another_entry(world):
    (receipt, *_) = expand(world.receipt())
    result = accepted(receipt, world.log.nodes[0], b"another")
    assert not result.ok


def test_a_checkpoint_expands_to_receipts_of_its_head_block(world):
    bundle = world.log.checkpoint()
    result = accepted(expand(bundle)[0], world.log.nodes[0], bundle.head)
    assert result.ok, result.errors


def test_an_independent_library_finds_the_receipts_attached_to_the_statement(world):
    found = scitt_cose.extract_receipts(transparent_statement(world.receipt()))
    assert [bytes(each) for each in found] == list(expand(world.receipt()))


def test_the_statements_own_signature_survives_expansion(world):
    statement = cbor2.loads(transparent_statement(world.receipt())).value
    assert [statement[0], statement[2], statement[3]] == [
        cbor.decode(world.receipt().entry)[place] for place in (0, 2, 3)
    ]


@pytest.mark.parametrize("missing", [3, 4, 5])
def test_the_head_is_never_missing(decoded, missing):
    refuse({key: value for key, value in decoded.items() if key != missing})


@pytest.mark.parametrize("missing", [1, 2, 7, 8, 10, 11])
def test_fields_that_belong_together_come_together(decoded, missing):
    refuse({key: value for key, value in decoded.items() if key != missing})


@pytest.mark.parametrize("number", [0, 13, -1, "1"])
def test_an_unknown_field_is_refused(decoded, number):
    refuse({**decoded, number: b""})


@pytest.mark.parametrize("number", [5, 6, 9])
def test_an_empty_list_is_left_out_not_written(decoded, number):
    refuse({**decoded, number: []})


def test_state_proofs_are_sorted_and_unique(decoded):
    refuse({**decoded, 6: decoded[6][::-1]})
    refuse({**decoded, 6: [decoded[6][0], *decoded[6]]})


def test_a_checkpoint_has_no_batch(world, decoded):
    checkpoint = cbor.decode(world.log.checkpoint().encode())
    refuse({**checkpoint, 7: decoded[7], 8: decoded[8]})


@pytest.mark.parametrize(
    "proof",
    [
        None,
        [],
        [8, 3],
        [8, 3, [], 0],
        [8, 8, []],
        [8, -1, []],
        [True, 0, []],
        [8, 3, [bytes(31)]],
        [8, 3, [""]],
        [8, 3, [bytes(32)] * 64],
        [1 << 63, 3, []],
        {"size": 8},
    ],
)
def test_a_malformed_inclusion_proof_is_refused(decoded, proof):
    refuse({**decoded, 2: proof})


@pytest.mark.parametrize(
    "signature", [None, [], [b"", bytes(63)], ["", bytes(64)], [bytes(1025), bytes(64)], [b"", bytes(64), 0]]
)
def test_a_malformed_signature_is_refused(decoded, signature):
    refuse({**decoded, 5: [signature]})


@pytest.mark.parametrize(
    "state",
    [
        None,
        [2, b"", None, [[], None]],
        [False, b"", None, [[], None]],
        [0, "", None, [[], None]],
        [0, b"", 1, [[], None]],
        [0, b"", None, [[bytes(32)] * 257, None]],
        [0, b"", None, [[], [bytes(32)]]],
        [0, b"", None, []],
    ],
)
def test_a_malformed_state_proof_is_refused(decoded, state):
    refuse({**decoded, 6: [state]})


@pytest.mark.parametrize(
    "link", [None, [], [b"", [1, 0, []], [], []], [b"", [1, 0, []], [[b"", bytes(64)]], [[1, {}]]]]
)
def test_a_malformed_link_is_refused(decoded, link):
    refuse({**decoded, 9: [link]})


@pytest.mark.parametrize("salt", [b"", bytes(31), bytes(33), "salt", None])
def test_a_salt_is_thirty_two_bytes(decoded, salt):
    refuse({**decoded, 8: salt})


def test_a_bundle_over_the_limit_is_refused_unread():
    with pytest.raises(ProofMalformedError):
        Bundle.decode(bytes(MAX_BUNDLE_BYTES + 1))


@pytest.mark.parametrize("data", [b"", b"\xa0", b"\xff", b"\xd8\x12\xa0", b"[]", bytes.fromhex("bf01ff")])
def test_anything_else_than_a_strict_map_is_refused(data):
    with pytest.raises(ProofMalformedError):
        Bundle.decode(data)


def test_a_second_encoding_of_the_same_map_is_refused(decoded):
    # The same fields in another order.
    body = b"".join(cbor2.dumps(key) + cbor.encode(decoded[key]) for key in sorted(decoded, reverse=True))
    with pytest.raises(ProofMalformedError):
        Bundle.decode(bytes([0xA0 + len(decoded)]) + body)


def test_a_typical_receipt_is_a_few_kilobytes(world):
    assert len(world.receipt().encode()) < 4096


def refuse(value: dict) -> None:
    with pytest.raises(ProofMalformedError):
        Bundle.decode(cbor.encode(value))
