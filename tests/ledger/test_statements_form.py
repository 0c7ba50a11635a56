"""Signed statements: one form, and nothing else passes."""

import hashlib

import pytest

from crypto import cbor, cose
from crypto.keys import PrivateKey
from ledger import statements
from ledger.errors import Reject
from ledger.statements import (
    AgreementTerms,
    check_agreement_signature,
    check_key_possession,
    key_possession,
    parse_statement,
    sign_agreement,
    sign_statement,
)
from tests.ledger.consortium import key

CHAIN = "urn:vocred:ledger:" + "ab" * 32
DID = "did:web:m000.example"
KEY = key("signer")
ANCHOR = {"type": "anchor", "seq": 1, "body": {"root": bytes(32)}}
HEADER = {
    3: statements.CONTENT_TYPE,
    4: KEY.public.thumbprint,
    15: {1: DID, 2: CHAIN},
}
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def made(header: dict = HEADER, payload: object = None, signer: PrivateKey = KEY) -> bytes:
    content = cbor.encode(ANCHOR if payload is None else payload)
    return cose.sign1(content, protected=header, key=signer)


def refused(data: bytes) -> str:
    with pytest.raises(Reject) as caught:
        parse_statement(data)
    return caught.value.code


@pytest.mark.parametrize("algorithm", ["Ed25519", "P-256"])
def test_a_statement_reads_back_as_it_was_signed(algorithm):
    signer = key("either", algorithm)
    data = sign_statement("vote", {"x": 1}, seq=9, issuer=DID, chain_id=CHAIN, key=signer)
    statement = parse_statement(data)
    assert (statement.kind, statement.seq, statement.body) == ("vote", 9, {"x": 1})
    assert (statement.issuer, statement.chain_id, statement.kid) == (DID, CHAIN, signer.public.thumbprint)
    assert (statement.role, statement.entry) == ("governance", data)
    statement.verify(signer.public)


def test_another_key_did_not_sign_it():
    with pytest.raises(Reject) as caught:
        parse_statement(made()).verify(key("other").public)
    assert caught.value.code == "TX_SIGNATURE"


def test_the_same_bytes_are_read_and_checked_once_and_refused_for_another_key_all_the_same(monkeypatch):
    checked = []
    monkeypatch.setattr(cose.Sign1, "verify", lambda _self, key: checked.append(key))
    first, again = (parse_statement(made(payload={**ANCHOR, "seq": 77})) for _ in range(2))
    first.verify(KEY.public)
    again.verify(KEY.public)
    assert (first is again, checked) == (True, [KEY.public])
    monkeypatch.undo()
    with pytest.raises(Reject):
        again.verify(key("other").public)


def test_a_large_statement_is_not_kept():
    large = made(payload={**ANCHOR, "body": {"root": bytes(statements.REMEMBERED_BYTES)}})
    assert parse_statement(large) is not parse_statement(large)


def test_proposal_id_is_the_hash_of_what_was_signed():
    statement = parse_statement(made())
    structure = cbor.encode(["Signature1", cbor.encode({1: -8, **HEADER}), b"", cbor.encode(ANCHOR)])
    assert statement.proposal_id == hashlib.sha256(structure).digest()


def test_chain_id_is_the_hash_of_the_genesis():
    assert statements.chain_id(b"genesis") == (
        "urn:vocred:ledger:aeebad4a796fcc2e15dc4c6061b45ed9b373f26adfc798ca7d2d8cc58182718e"
    )


@pytest.mark.case("LEDG-010")
@pytest.mark.parametrize(
    "bend",
    [
        lambda data: b"\xd2" + data,  # tagged
        lambda data: data + b"\x00",
        lambda data: data[:-1],
        lambda data: b"\x9f" + data[1:] + b"\xff",  # indefinite length
        lambda data: data.replace(b"\xa0", b"\xa1\x01\x26", 1),  # something in the unprotected header
        lambda data: b"",
        lambda data: b"\x80",
        lambda data: cbor.encode([*cbor.decode(data)[:3], cbor.decode(data)[3][:63]]),
        lambda data: cbor.encode([*cbor.decode(data)[:2], None, cbor.decode(data)[3]]),
        lambda data: cbor.encode([cbor.decode(data)[0], {}, {}, cbor.decode(data)[3]]),
        lambda data: bytes([0x98, 4]) + data[1:],  # the same array, its length in two bytes
    ],
)
def test_another_encoding_is_refused(bend):
    assert refused(bend(made())) == "TX_MALFORMED"


@pytest.mark.parametrize(
    "header",
    [
        {**HEADER, 5: b"iv"},
        {name: HEADER[name] for name in (3, 4)},
        {name: HEADER[name] for name in (3, 15)},
        {**HEADER, 3: "application/cbor"},
        {**HEADER, 3: statements.AGREEMENT_CONTENT_TYPE},
        {**HEADER, 4: b"short"},
        {**HEADER, 15: {1: DID}},
        {**HEADER, 15: {1: DID, 2: CHAIN, 6: 1}},
        {**HEADER, 15: {1: "somebody", 2: CHAIN}},
        {**HEADER, 15: {1: DID, 2: "urn:vocred:ledger:ab"}},
        {**HEADER, 15: {1: DID, 2: CHAIN.upper()}},
        {**HEADER, 15: [DID, CHAIN]},
        {**HEADER, 15: [1, 2]},
        {**HEADER, 15: 5},
        {**HEADER, 15: None},
        {**HEADER, "crit": [3]},
    ],
)
def test_the_header_holds_exactly_its_members(header):
    assert refused(made(header)) == "TX_MALFORMED"


@pytest.mark.case("LEDG-015")
@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        {**ANCHOR, "time": 1},
        {name: ANCHOR[name] for name in ("type", "seq")},
        {**ANCHOR, "type": "mint"},
        {**ANCHOR, "type": ["anchor"]},
        {**ANCHOR, "type": 1},
        {**ANCHOR, "seq": 0},
        {**ANCHOR, "seq": -1},
        {**ANCHOR, "seq": True},
        {**ANCHOR, "seq": 2**53},
        {**ANCHOR, "seq": "1"},
    ],
)
def test_the_payload_holds_exactly_its_members(payload):
    assert refused(made(payload=payload)) == "TX_MALFORMED"


def test_a_payload_that_is_not_deterministic_is_refused():
    # The same map with its keys in another order: another byte string for the same statement.
    payload = b"\xa3" + b"".join(
        cbor.encode(name) + cbor.encode(ANCHOR[name]) for name in ("type", "seq", "body")
    )
    assert payload != cbor.encode(ANCHOR)
    assert refused(cose.sign1(payload, protected=HEADER, key=KEY)) == "TX_MALFORMED"


def test_floats_and_tags_are_refused():
    payload = cbor.encode(ANCHOR).replace(cbor.encode(bytes(32)), b"\xfb" + bytes(8))
    assert refused(cose.sign1(payload, protected=HEADER, key=KEY)) == "TX_MALFORMED"


def test_a_statement_has_a_largest_size():
    body = {"root": bytes(statements.MAX_BYTES)}
    assert refused(made(payload={**ANCHOR, "body": body})) == "TX_MALFORMED"
    room = {"root": bytes(statements.MAX_BYTES - 400)}
    assert parse_statement(made(payload={**ANCHOR, "body": room})).body == room


def test_a_second_es256_signature_of_the_same_statement_is_refused():
    signer = key("ec", "P-256")
    header = {**HEADER, 4: signer.public.thumbprint}
    first, _, payload, signature = cbor.decode(made(header, signer=signer))
    s = P256_ORDER - int.from_bytes(signature[32:], "big")
    twin = cbor.encode([first, {}, payload, signature[:32] + s.to_bytes(32, "big")])
    with pytest.raises(Reject) as caught:
        parse_statement(twin).verify(signer.public)
    assert caught.value.code == "TX_SIGNATURE"


def test_the_algorithm_is_the_keys_not_the_messages():
    signer = key("ec", "P-256")
    first, _, payload, signature = cbor.decode(made({**HEADER, 4: signer.public.thumbprint}, signer=signer))
    lying = cbor.encode({**cbor.decode(first), 1: -8})
    with pytest.raises(Reject):
        parse_statement(cbor.encode([lying, {}, payload, signature])).verify(signer.public)


def test_a_new_key_signs_for_one_ledger_owner_and_role():
    new = key("new")
    given = {"chain_id": CHAIN, "did": DID, "role": "submission"}
    proof = key_possession(new, **given)
    check_key_possession(proof, key=new.public, **given)
    for change in (
        {"chain_id": CHAIN.replace("ab", "cd")},
        {"did": "did:web:thief.example"},
        {"role": "governance"},
    ):
        with pytest.raises(Reject) as caught:
            check_key_possession(proof, key=new.public, **{**given, **change})
        assert caught.value.code == "KEY_POSSESSION"
    with pytest.raises(Reject):
        check_key_possession(proof, key=key("thief").public, **given)


TERMS = {
    "chain_id": CHAIN,
    "agreement_id": "urn:vocred:agreement:A-1",
    "version": 1,
    "digest": bytes(32),
    "parties": ("did:web:a.example", DID),
    "expires": 1000,
}


def test_a_party_signs_everything_that_its_agreement_says():
    signed = sign_agreement(AgreementTerms(**TERMS), party=DID, key=KEY)
    check_agreement_signature(signed, AgreementTerms(**TERMS), party=DID, key=KEY.public)
    for change in (
        {"agreement_id": "urn:vocred:agreement:A-2"},
        {"version": 2},
        {"digest": b"\x01" * 32},
        {"parties": (DID,)},
        {"expires": 1001},
        {"chain_id": CHAIN.replace("ab", "cd")},
    ):
        terms = AgreementTerms(**{**TERMS, **change})
        with pytest.raises(Reject):
            check_agreement_signature(signed, terms, party=DID, key=KEY.public)


def test_a_partys_signature_is_nobody_elses():
    terms = AgreementTerms(**TERMS)
    signed = sign_agreement(terms, party=DID, key=KEY)
    with pytest.raises(Reject):
        check_agreement_signature(signed, terms, party="did:web:a.example", key=KEY.public)
    with pytest.raises(Reject):
        check_agreement_signature(signed, terms, party=DID, key=key("other").public)
    with pytest.raises(Reject):
        check_agreement_signature(made(), terms, party=DID, key=KEY.public)


def test_an_agreements_signature_is_no_statement():
    signed = sign_agreement(AgreementTerms(**TERMS), party=DID, key=KEY)
    assert refused(signed) == "TX_MALFORMED"
