"""Compact JWS: read strictly, signed and verified by the algorithm that the key takes."""

import base64
import json

import pytest

from crypto import jws
from crypto.errors import MalformedError, SignatureError
from crypto.keys import PrivateKey

MOST = 4096


@pytest.fixture(params=["Ed25519", "P-256"])
def key(request) -> PrivateKey:
    return PrivateKey.generate(request.param)


def part(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_what_is_signed_is_read_and_verified(key):
    token = jws.parse(jws.sign(key, header={"typ": "a+jwt"}, payload={"name": "林晓雨"}), max_chars=MOST)
    token.verify(key.public)
    assert (token.header["typ"], token.payload) == ("a+jwt", {"name": "林晓雨"})


def test_another_key_does_not_verify(key):
    token = jws.parse(jws.sign(key, header={}, payload={}), max_chars=MOST)
    with pytest.raises(SignatureError):
        token.verify(PrivateKey.generate(key.algorithm).public)


def test_a_changed_payload_does_not_verify(key):
    header, _, signature = jws.sign(key, header={}, payload={"a": 1}).split(".")
    changed = jws.parse(f"{header}.{part(json.dumps({'a': 2}))}.{signature}", max_chars=MOST)
    with pytest.raises(SignatureError):
        changed.verify(key.public)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256K", None])
def test_an_algorithm_that_the_key_does_not_take_is_refused(key, algorithm):
    _, payload, signature = jws.sign(key, header={}, payload={}).split(".")
    header = part(json.dumps({"alg": algorithm}))
    with pytest.raises(SignatureError):
        jws.parse(f"{header}.{payload}.{signature}", max_chars=MOST).verify(key.public)


@pytest.mark.parametrize(
    "text",
    [
        None,
        b"e30.e30.AA",
        "e30.e30",
        "e30.e30.AA.AA",
        "e30.W10.AA",
        part('{"a":1,"a":2}') + ".e30.AA",
        "e30.e30.!",
        "e30.e30=.AA",
        "x" * (MOST + 1),
    ],
)
def test_what_is_no_compact_jws_of_two_objects_is_refused(text):
    with pytest.raises(MalformedError):
        jws.parse(text, max_chars=MOST)
