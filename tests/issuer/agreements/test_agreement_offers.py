"""What strangers may send about agreements, and what comes of it."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issuer.agreements import carrying, listing, offering, signing, store, texts
from ledger.proposing import end_of_day
from tests.issuer.agreements.members import NAMES, Member, Network, document
from tests.issuer.agreements.test_agreement_texts import fix, sign
from web.rate import RateLimiter

OFFERS = "/agreements/offers"
HUAHENG = NAMES["huaheng"][0]


def offer(member: Member, **changes):
    proposer = NAMES["yunling"][0]
    found = {
        "document": document(member.now),
        "expires": end_of_day(member.now, days=14),
        "proposer": proposer,
    }
    return {**found, **changes}


def send(member: Member, body, path: str = OFFERS, *, content_type: str = "application/json"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return member.app.test_client().post(path, data=data, content_type=content_type)


def texts_of(member: Member):
    return texts.listing(member.db)


def test_offer_is_kept_out_of_officers_sight_until_its_proposer_confirms_it(xingheng: Member):
    answer = send(xingheng, offer(xingheng))
    assert (answer.status_code, answer.json["state"]) == (202, "unconfirmed")
    assert listing.overview(xingheng.db, xingheng.parts, now=xingheng.now).items == ()


def test_offer_that_its_alleged_proposer_knows_nothing_of_is_dropped(
    yunling: Member, xingheng: Member, network: Network
):
    send(xingheng, offer(xingheng))
    network.settle(xingheng)
    assert texts_of(xingheng) == []
    xingheng.wait(offering.UNCONFIRMED_SECONDS + 1)
    offering.tidy(xingheng.db, now=xingheng.now)
    assert xingheng.db["agreement_text"].count == 0


def test_proposer_is_asked_at_the_address_that_the_registry_has(
    yunling: Member, xingheng: Member, network: Network
):
    send(xingheng, offer(xingheng))
    network.settle(xingheng)
    assert all(asked.startswith(f"GET {yunling.url}/agreements/offers/") for asked in network.asked)


def test_offer_of_a_proposer_without_a_service_waits(xingheng: Member, network: Network):
    found = document(xingheng.now)
    found["parties"][0]["id"] = "did:web:nobody.example"
    send(xingheng, offer(xingheng, document=found, proposer="did:web:nobody.example"))
    network.settle(xingheng)
    (text,) = texts_of(xingheng)
    (errand,) = store.errands(xingheng.db, text.digest)
    assert (text.state, errand["problem"]) == ("unconfirmed", carrying.NO_SERVICE)


def test_issuer_that_is_no_member_puts_nothing_before_an_officer(
    yunling: Member, xingheng: Member, network: Network
):
    text = fix(yunling)
    yunling.leave()
    network.settle(yunling, xingheng)
    assert texts.load(xingheng.db, text.digest).state == "unconfirmed"


def test_end_of_the_vote_is_the_one_that_the_proposer_names(
    yunling: Member, xingheng: Member, network: Network
):
    text = fix(yunling)
    send(xingheng, offer(xingheng, expires=end_of_day(xingheng.now, days=2)))
    network.settle(xingheng)
    assert texts.load(xingheng.db, text.digest).expires == text.expires


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expires": 0}, "INVALID_ACT"),
        ({"expires": 2**52}, "INVALID_ACT"),
        ({"expires": True}, "INVALID_ACT"),
        ({"proposer": "did:web:stranger.example"}, "INVALID_ACT"),
        ({"proposer": NAMES["xingheng"][0]}, "INVALID_ACT"),
        ({"proposer": 1}, "INVALID_ACT"),
        ({"document": []}, "INVALID_ACT"),
        ({"document": {}}, "AGREEMENT_MALFORMED"),
        ({"more": 1}, "INVALID_ACT"),
    ],
)
def test_offer_of_another_form_is_refused_with_a_code(xingheng: Member, changes, code: str):
    answer = send(xingheng, offer(xingheng, **changes))
    assert 400 <= answer.status_code < 500
    assert answer.json["code"] == code
    assert texts_of(xingheng) == []


@pytest.mark.row("S28")
def test_document_with_anything_like_code_is_refused(xingheng: Member):
    found = document(xingheng.now)
    found["rules"][0]["when"] = {"script": ["import os"]}
    assert send(xingheng, offer(xingheng, document=found)).json["code"] == "AGREEMENT_MALFORMED"


def test_offer_to_somebody_whom_it_does_not_concern_is_refused(xingheng: Member):
    found = document(xingheng.now)
    found["parties"][1]["id"] = HUAHENG
    assert send(xingheng, offer(xingheng, document=found)).json["code"] == "AGREEMENT_NOT_CONCERNED"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 422),
        (b'{"a": 1, "a": 2}', "application/json", 400),
        (b"{}", "text/plain", 415),
        (b'{"document": ' + b"[" * 200 + b"]" * 200 + b"}", "application/json", 400),
        (b" " * (600 * 1024), "application/json", 413),
    ],
)
def test_body_that_is_no_offer_is_refused(xingheng: Member, body: bytes, content_type: str, status: int):
    answer = send(xingheng, body, content_type=content_type)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_document_beyond_the_limit_is_refused(xingheng: Member):
    found = document(xingheng.now)
    words = {"zh-CN": "字" * 500, "en": "x" * 500}
    found["parties"][0]["duties"] = [words] * 40
    answer = send(xingheng, offer(xingheng, document=found))
    assert answer.json["code"] == "INVALID_ACT"


def test_unconfirmed_offers_are_limited_in_number(xingheng: Member, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(offering, "MOST_UNCONFIRMED", 2)
    codes = [
        send(
            xingheng, offer(xingheng, document=document(xingheng.now, id=f"urn:vocred:agreement:YL-{n}"))
        ).status_code
        for n in range(3)
    ]
    assert codes == [202, 202, 503]


def test_offers_are_limited_per_client(xingheng: Member):
    codes = [send(xingheng, b"{}").status_code for _ in range(22)]
    assert codes[-1] == 429


def test_what_is_handed_round_is_told_to_those_who_know_its_digest(yunling: Member, xingheng: Member):
    text = fix(yunling)
    client = yunling.app.test_client()
    found = client.get(f"{OFFERS}/{text.digest.hex()}")
    assert found.json == {
        "digest": text.digest.hex(),
        "expires": text.expires,
        "proposer": yunling.did,
        "state": "signing",
    }
    assert client.get(f"{OFFERS}/{'0' * 64}").status_code == 404
    assert client.get(f"{OFFERS}/not-a-digest").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"party": "did:web:xingheng.example", "expires": 1, "signature": "zz"},
        {"party": "did:web:xingheng.example", "expires": "1", "signature": "00"},
        {"party": "did:web:xingheng.example", "expires": 1, "signature": "00"},
        {"party": "did:web:m000.example", "expires": 1, "signature": "00"},
    ],
)
def test_signature_of_another_form_is_refused(yunling: Member, xingheng: Member, body):
    text = fix(yunling)
    body = {**body, **({"expires": text.expires} if body.get("expires") == 1 else {})}
    answer = send(yunling, body, f"/agreements/{text.digest.hex()}/signatures")
    assert (answer.status_code, answer.json["code"]) == (422, "AGREEMENT_SIGNATURE_INVALID")


def test_signature_is_taken_once_and_repeating_it_is_harmless(
    yunling: Member, xingheng: Member, network: Network
):
    text = fix(yunling)
    network.settle(yunling, xingheng)
    sign(xingheng, text)
    body = signing.own_signature(xingheng.db, text).to_json()
    place = f"/agreements/{text.digest.hex()}/signatures"
    assert [send(yunling, body, place).status_code for _ in range(2)] == [201, 200]


def test_signatures_go_to_the_party_that_hands_the_text_round(
    yunling: Member, xingheng: Member, network: Network
):
    text = fix(yunling)
    network.settle(yunling, xingheng)
    answer = send(xingheng, {}, f"/agreements/{text.digest.hex()}/signatures")
    assert answer.status_code == 403


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.sampled_from(["document", "expires", "proposer", "parties", "accepts", "rules"]), value=JSON)
def test_no_offer_brings_the_service_down(xingheng: Member, where: str, value):
    body = offer(xingheng)
    if where in body:
        body[where] = value
    else:
        body["document"][where] = value
    xingheng.app.extensions["issuer.limiter"] = RateLimiter()
    answer = send(xingheng, body)
    assert answer.status_code < 500 or answer.json["code"] == "AGREEMENT_OFFERS_FULL", answer.json
