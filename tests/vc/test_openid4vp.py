"""OpenID4VP request objects and responses: what is written can be read, and everything else is refused."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from jwcrypto import jwk, jws

from crypto.errors import CryptoError
from crypto.keys import PrivateKey
from crypto.multibase import base64url_encode
from vc import openid4vp
from vc.errors import PresentationRequestError, PresentationResponseError, VerificationMethodError

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
KEY = PrivateKey.from_bytes("Ed25519", bytes(range(32)))
DID = "did:web:bank.example"
METHOD = f"{DID}#key-1"
BASE = "https://bank.example"
QUERY = {"credentials": [{"id": "source", "format": "ldp_vc", "meta": {}}]}
NONCE, STATE = "n" * 22, "s" * 22


def resolve(method, purpose):
    if (method, purpose) != (METHOD, "assertionMethod"):
        raise VerificationMethodError("no such key")
    return KEY.public


def signed(change=(), *, header=(), key=KEY, drop=()):
    """Sign a request object that differs from an honest one in some members."""
    honest = openid4vp.make_request(
        key=KEY, verification_method=METHOD, response_uri=f"{BASE}/bank/responses", nonce=NONCE, state=STATE,
        dcql_query=QUERY, now=NOW,
    )  # fmt: skip
    read = jws.JWS()
    read.deserialize(honest)
    claims = json.loads(read.objects["payload"]) | dict(change)
    head = {"alg": "EdDSA", "typ": openid4vp.REQUEST_TYPE, "kid": METHOD} | dict(header)
    made = jws.JWS(json.dumps({name: value for name, value in claims.items() if name not in drop}))
    made.add_signature(
        jwk.JWK(**key.public.jwk, d=base64url_encode(key.to_bytes())), protected=json.dumps(head)
    )
    return made.serialize(compact=True)


def read(jwt, *, client_id=f"decentralized_identifier:{DID}", now=NOW):
    return openid4vp.read_request(jwt, client_id=client_id, base_url=BASE, resolve=resolve, now=now)


def test_request_that_was_made_can_be_read():
    request = read(signed())
    assert (request.client_id, request.did) == (f"decentralized_identifier:{DID}", DID)
    assert (request.nonce, request.state, request.dcql_query) == (NONCE, STATE, QUERY)
    assert request.response_uri == f"{BASE}/bank/responses"
    assert request.expires == NOW + timedelta(minutes=5)


def test_request_of_a_p256_key_can_be_read():
    key = PrivateKey.generate("P-256")
    jwt = openid4vp.make_request(
        key=key, verification_method=METHOD, response_uri=f"{BASE}/r", nonce=NONCE, state=STATE,
        dcql_query=QUERY, now=NOW,
    )  # fmt: skip
    request = openid4vp.read_request(
        jwt, client_id=openid4vp.client_id(DID), base_url=BASE, resolve=lambda *_: key.public, now=NOW
    )
    assert request.nonce == NONCE


@pytest.mark.case("VP-018")
def test_request_with_a_bad_signature_is_refused():
    with pytest.raises(PresentationRequestError):
        read(signed(key=PrivateKey.from_bytes("Ed25519", bytes(32))))


@pytest.mark.case("VP-019")
def test_request_of_another_client_than_the_link_names_is_refused():
    with pytest.raises(PresentationRequestError):
        read(signed({"client_id": "decentralized_identifier:did:web:other.example"}))
    with pytest.raises(PresentationRequestError):
        read(signed(), client_id="decentralized_identifier:did:web:other.example")


@pytest.mark.case("VP-020")
def test_request_without_a_nonce_is_refused():
    with pytest.raises(PresentationRequestError):
        read(signed(drop=("nonce",)))


@pytest.mark.case("VP-021")
def test_redirect_uri_beside_direct_post_is_refused():
    with pytest.raises(PresentationRequestError) as caught:
        read(signed({"redirect_uri": f"{BASE}/back"}))
    assert caught.value.error == "invalid_request"


@pytest.mark.case("VP-022")
@pytest.mark.parametrize(
    "address",
    ["https://evil.example/r", "https://bank.example.evil.example/r", "https://bank.example@evil.example/r"],
)
def test_response_uri_of_another_host_is_refused(address):
    with pytest.raises(PresentationRequestError):
        read(signed({"response_uri": address}))


@pytest.mark.case("VP-023")
def test_unknown_prefix_and_unknown_transaction_data_are_refused():
    for identifier in ("x509_hash:abc", "origin:https://bank.example", "bank.example"):
        with pytest.raises(PresentationRequestError):
            read(signed(), client_id=identifier)
    with pytest.raises(PresentationRequestError) as caught:
        read(signed({"transaction_data": ["e30"]}))
    assert caught.value.error == "invalid_transaction_data"


@pytest.mark.parametrize(
    ("change", "header"),
    [
        ({}, {"typ": "JWT"}),
        ({}, {"crit": ["typ"]}),
        ({}, {"jwk": {}}),
        ({}, {"kid": "did:web:other.example#key-1"}),
        ({}, {"kid": f"{DID}#key-2"}),
        ({"aud": "https://somebody.example"}, {}),
        ({"nonce": "short"}, {}),
        ({"state": ""}, {}),
        ({"scope": "openid"}, {}),
        ({"dcql_query": []}, {}),
        ({"response_mode": "direct_post.jwt"}, {}),
        ({"response_type": "id_token"}, {}),
        ({"iat": int(NOW.timestamp()) + 121}, {}),
        ({"exp": int(NOW.timestamp())}, {}),
        ({"exp": 2**53 - 1}, {}),
        ({"iat": True}, {}),
        ({"client_metadata": {"vp_formats_supported": {"dc+sd-jwt": {}}}}, {}),
        ({"client_metadata": None}, {}),
    ],
)
def test_request_that_breaks_one_rule_is_refused(change, header):
    with pytest.raises(PresentationRequestError):
        read(signed(change, header=header))


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "e30.e30.", "e30.W10.AA", "x" * 40_000])
def test_text_that_is_no_request_object_is_refused(text):
    with pytest.raises(PresentationRequestError):
        read(text)


def test_unsigned_request_is_refused():
    head, body, _ = signed().split(".")
    head = base64url_encode(
        json.dumps({"alg": "none", "typ": openid4vp.REQUEST_TYPE, "kid": METHOD}).encode()
    )
    with pytest.raises(PresentationRequestError):
        read(f"{head}.{body}.")


def test_expired_request_is_refused():
    with pytest.raises(PresentationRequestError):
        read(signed(), now=NOW + timedelta(minutes=5))


def test_weak_nonce_is_not_asked_for():
    with pytest.raises(ValueError, match="128 bits"):
        openid4vp.make_request(
            key=KEY, verification_method=METHOD, response_uri=BASE, nonce="1", state=STATE, dcql_query=QUERY,
            now=NOW,
        )  # fmt: skip


def test_response_that_was_written_can_be_read():
    request = read(signed())
    presentation = openid4vp.presentation([{"id": "urn:uuid:1"}], holder="did:key:z")
    form = openid4vp.response(request, token=openid4vp.vp_token({"source": [presentation], "none": []}))
    answer = openid4vp.read_response(form, asked=["source"])
    assert answer.state == STATE
    assert answer.presentations == {"source": (presentation,)}
    assert answer.error is None


def test_refusal_of_a_holder_is_an_answer():
    answer = openid4vp.read_response(openid4vp.refusal(read(signed())), asked=["source"])
    assert (answer.error, answer.presentations) == ("access_denied", {})


@pytest.mark.case("VP-010")
@pytest.mark.parametrize(
    "token",
    [
        "[]", "{}", '"x"', '{"other": [{}]}', '{"source": [{}], "more": [{}]}', '{"source": {}}',
        '{"source": []}', '{"source": [{}, {}]}', '{"source": ["x"]}', '{"source": null}',
    ],
)  # fmt: skip
def test_vp_token_of_another_shape_is_refused(token):
    with pytest.raises(PresentationResponseError):
        openid4vp.read_response({"state": STATE, "vp_token": token}, asked=["source"])


@pytest.mark.parametrize(
    "form",
    [
        {"vp_token": "{}"},
        {"state": STATE},
        {"state": "", "error": "access_denied"},
        {"state": STATE, "error": "access_denied", "vp_token": "{}"},
        {"state": STATE, "error": "line\nbreak"},
    ],
)
def test_response_without_exactly_one_answer_is_refused(form):
    with pytest.raises(PresentationResponseError):
        openid4vp.read_response(form, asked=["source"])


@pytest.mark.parametrize("token", ["", "{", '{"a":1,"a":2}', "[" * 50 + "]" * 50, '{"source": "\ud800"}'])
def test_vp_token_that_is_no_plain_json_is_refused(token):
    with pytest.raises(CryptoError):
        openid4vp.read_response({"state": STATE, "vp_token": token}, asked=["source"])
