"""What a holder asks of an issuer, signed with the key of the certificate."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from crypto.keys import PrivateKey
from vc import did_key, holder_requests
from vc.errors import HolderRequestError

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
ISSUER = "https://issue.yunling.edu.example"
RECORD = "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0001"
KEY = PrivateKey.from_bytes("Ed25519", b"\x07" * 32)


def signed(**changed: object) -> str:
    asked = {
        "act": "correction",
        "record": RECORD,
        "audience": ISSUER,
        "nonce": "n-1",
        "now": NOW,
        "text": "姓名有误",
    }
    return holder_requests.sign(KEY, **{**asked, **changed})  # type: ignore[arg-type]


def read(text: object, act: str = "correction", now: datetime = NOW) -> holder_requests.HolderRequest:
    return holder_requests.read(text, act=act, audience=ISSUER, now=now)  # type: ignore[arg-type]


def test_a_request_says_who_asks_what_about_which_certificate():
    found = read(signed())
    assert found.holder == did_key.did(KEY.public)
    assert (found.act, found.record, found.nonce, found.text) == ("correction", RECORD, "n-1", "姓名有误")


def test_a_key_of_the_other_kind_signs_as_well():
    key = PrivateKey.from_bytes("P-256", b"\x07" * 32)
    text = holder_requests.sign(key, act="replacement", record=RECORD, audience=ISSUER, nonce="n", now=NOW)
    assert read(text, "replacement").holder == did_key.did(key.public)


def test_lines_of_a_text_area_are_lines_of_the_text():
    assert read(signed(text="姓名有误\r\n应为林晓雨")).text == "姓名有误\n应为林晓雨"


@pytest.mark.parametrize("act", ["replacement", "correction-state"])
def test_a_proof_for_one_request_is_not_taken_for_another(act: str):
    with pytest.raises(HolderRequestError):
        read(signed(), act)


def test_a_proof_for_another_issuer_is_refused():
    with pytest.raises(HolderRequestError):
        read(signed(audience="https://issue.other.example"))


@pytest.mark.parametrize("late", [timedelta(minutes=11), -timedelta(minutes=3)])
def test_a_proof_that_is_not_of_now_is_refused(late: timedelta):
    with pytest.raises(HolderRequestError):
        read(signed(), now=NOW + late)


def test_a_changed_request_is_not_signed_by_its_key():
    header, payload, signature = signed().split(".")
    held = json.loads(base64.urlsafe_b64decode(payload + "=="))
    held["text"] = "专业有误"
    changed = base64.urlsafe_b64encode(json.dumps(held).encode()).decode().rstrip("=")
    with pytest.raises(HolderRequestError):
        read(f"{header}.{changed}.{signature}")


def test_an_algorithm_that_is_none_is_refused():
    _, payload, _ = signed().split(".")
    header = {"typ": holder_requests.TYPE, "alg": "none", "kid": did_key.verification_method(KEY.public)}
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    with pytest.raises(HolderRequestError):
        read(f"{head}.{payload}.")


@pytest.mark.parametrize("text", ["", "  ", "字" * 501, "a\x00b"])
def test_a_correction_says_what_is_wrong_in_few_plain_words(text: str):
    with pytest.raises(HolderRequestError):
        read(signed(text=text))


def test_asking_for_the_state_says_nothing_else():
    with pytest.raises(HolderRequestError):
        read(signed(act="correction-state"), "correction-state")


@pytest.mark.parametrize("junk", [None, 7, "", "a.b", "é.é.é", "x" * 9000, "e30.e30.AA"])
def test_what_is_no_request_is_refused(junk: object):
    with pytest.raises(HolderRequestError):
        read(junk)
