"""Which requests to present a wallet answers, and that nobody hears of those that it refuses."""

import pytest

from crypto.keys import PrivateKey
from ledger.registry import issuer_key
from tests.wallet.asking import ASKER, NONCE, URL, Asker, link
from tests.wallet.doubles import NOW
from vc import openid4vp
from wallet.answering import requests
from wallet.answering.links import read_link
from wallet.errors import (
    CannotCheckError,
    RequestOverError,
    RequestRefusedError,
    UnknownVerifierError,
    UnreadableRequestError,
    VerifierUnreachableError,
)
from web.errors import FetchRedirectError

CLIENT = f"decentralized_identifier:{ASKER}"
REQUEST = f"{URL}/requests/1"


@pytest.fixture
def asker(registry, network):
    found = Asker(registry)
    network.hosts[found.url] = found
    network.requests.clear()
    return found


@pytest.fixture
def look(parts):
    return lambda text, **options: requests.look_up(text, parts=parts, now=NOW, **options)


@pytest.fixture
def refused(asker, network, look):
    """Look at the asker's request, and check that it is refused and that nobody was answered."""

    def check(text=None, *, error=None, kind=RequestRefusedError):
        with pytest.raises(kind) as caught:
            look(asker.link if text is None else text)
        assert asker.heard == []
        assert not [url for method, url in network.requests if method == "POST"]
        if error is not None:
            assert caught.value.error == error

    return check


def fetched(network):
    return [url for _, url in network.requests]


# --- what is answered -------------------------------------------------------------------------------


def test_request_of_a_registered_body_is_read(asker, look):
    asked = look(asker.link)
    assert (asked.did, asked.names["zh"]) == (ASKER, "星衡智能装备有限公司")
    assert asked.request.nonce == NONCE
    assert asked.request.response_uri == f"{URL}/responses"
    assert [item.query_id for item in asked.query.credentials] == ["certificate"]


@pytest.mark.parametrize(
    "scheme", ["openid4vp://", "haip-vp://", "https://wallet.example/present", "HTTPS://W.EXAMPLE/"]
)
def test_request_comes_by_any_scheme_that_opens_a_wallet(asker, look, scheme):
    assert look(link(CLIENT, REQUEST, scheme=scheme)).did == ASKER


def test_request_that_is_fetched_by_post_repeats_the_wallets_nonce(asker, look):
    by_post = link(CLIENT, REQUEST, request_uri_method="post")
    assert look(by_post).did == ASKER
    (told,) = asker.fetched
    assert set(told) == {"wallet_nonce", "wallet_metadata"}
    assert len(told["wallet_nonce"]) == 43
    asker.changes = {}
    look(by_post)
    assert asker.fetched[1]["wallet_nonce"] != told["wallet_nonce"]


@pytest.mark.parametrize("nonce", ["another", None])
def test_request_that_does_not_repeat_the_wallets_nonce_is_refused(asker, look, nonce):
    asker.changes = {"wallet_nonce": nonce}
    with pytest.raises(RequestRefusedError):
        look(link(CLIENT, REQUEST, request_uri_method="post"))
    assert asker.heard == []


@pytest.mark.case("VP-026")
def test_request_may_be_looked_at_twice(asker, look):
    assert look(asker.link) == look(asker.link)


def test_request_survives_being_kept(asker, look):
    asked = look(asker.link)
    again = requests.Asked.from_json(asked.to_json())
    assert again == asked


def test_unknown_parameters_of_the_link_are_ignored(asker, look):
    assert look(link(CLIENT, REQUEST, purpose="anything", state="x")).did == ASKER


# --- links ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "javascript:alert(1)",
        "openid4vp://",
        "openid-credential-offer://?credential_offer_uri=https://a.example",
        f"openid4vp://?client_id={CLIENT}&client_id={CLIENT}&request_uri={REQUEST}",
        "openid4vp://?request_uri=" + REQUEST,
        "openid4vp://[::1?client_id=a&request_uri=b",
        "x" * 5000,
    ],
)
def test_what_is_no_request_is_not_opened(text, network):
    with pytest.raises(UnreadableRequestError):
        read_link(text)
    assert network.requests == []


def test_request_by_value_is_refused():
    with pytest.raises(RequestRefusedError):
        read_link(f"openid4vp://?client_id={CLIENT}&response_type=vp_token")


def test_unknown_method_of_fetching_is_refused():
    with pytest.raises(RequestRefusedError) as caught:
        read_link(link(CLIENT, REQUEST, request_uri_method="put"))
    assert caught.value.error == "invalid_request_uri_method"


# --- who asks ---------------------------------------------------------------------------------------


@pytest.mark.case("VP-023")
@pytest.mark.parametrize(
    "client_id",
    [
        ASKER,
        f"redirect_uri:{URL}/responses",
        "x509_san_dns:xingheng.example",
        "x509_hash:abc",
        "origin:https://xingheng.example",
        "verifier_attestation:x",
        "openid_federation:https://xingheng.example",
        "xingheng",
        "decentralized_identifier:",
        "decentralized_identifier:https://xingheng.example",
    ],
)
def test_unknown_prefix_of_the_client_id_is_refused_before_anything_is_fetched(refused, network, client_id):
    refused(link(client_id, REQUEST), error="invalid_client")
    assert network.requests == []


def test_body_that_the_registry_does_not_know_is_refused_before_anything_is_fetched(refused, network):
    stranger = "decentralized_identifier:did:web:evil.example"
    refused(link(stranger, "https://evil.example/requests/1"), kind=UnknownVerifierError)
    assert network.requests == []


def test_body_that_is_suspended_is_refused(refused, registry, asker):
    registry.values[issuer_key(ASKER)]["suspensions"] = [[1, None]]
    refused(kind=UnknownVerifierError)


def test_body_that_closed_is_refused(refused, registry, asker):
    registry.values[issuer_key(ASKER)]["closed"] = 1
    refused(kind=UnknownVerifierError)


def test_another_body_than_the_expected_one_is_refused(asker, look, network):
    with pytest.raises(RequestRefusedError):
        look(asker.link, expected="did:web:creditbank.yunling.example")
    assert REQUEST not in fetched(network)


def test_silent_ledger_is_no_reason_to_answer(registry, refused, network):
    registry.silent = True
    refused(kind=CannotCheckError)
    assert network.requests == []


# --- where the request lies -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/requests/1",
        "https://xingheng.example.evil.example/requests/1",
        "https://xingheng.example@evil.example/1",
        "http://xingheng.example/requests/1",
        "https://127.0.0.1/requests/1",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "//xingheng.example/requests/1",
    ],
)
def test_address_that_the_registry_does_not_hold_is_never_fetched(refused, network, address):
    refused(link(CLIENT, address))
    assert address not in fetched(network)


def test_redirects_are_not_followed(asker, refused, network, monkeypatch):
    def redirected(url, **options):
        network.requests.append(("GET", url))
        raise FetchRedirectError("the answer points elsewhere")

    monkeypatch.setattr(network, "get", redirected)
    refused()


def test_request_that_is_gone_is_called_over(asker, refused):
    asker.gone = True
    refused(kind=RequestOverError)


def test_answer_that_is_no_request_object_is_refused(asker, refused):
    asker.media_type = "text/html"
    refused(kind=VerifierUnreachableError)


def test_body_that_does_not_answer_is_called_away(asker, refused, network):
    network.away.add(URL)
    refused(kind=VerifierUnreachableError)


# --- the request object -----------------------------------------------------------------------------


@pytest.mark.case("VP-018")
def test_request_signed_with_another_key_is_refused(asker, refused):
    asker.request_key = PrivateKey.generate("Ed25519")
    refused(error="invalid_request")


@pytest.mark.case("VP-018")
def test_request_changed_after_signing_is_refused(asker, refused, monkeypatch):
    honest = asker.request_object()
    head, payload, signature = honest.split(".")
    monkeypatch.setattr(asker, "request_object", lambda: f"{head}.{payload}.{signature[:-4]}AAAA")
    refused(error="invalid_request")


def test_request_whose_key_is_no_longer_in_the_registered_document_is_refused(asker, refused, registry):
    registry.values[issuer_key(ASKER)]["document"] = bytes(32)
    refused(kind=CannotCheckError)


@pytest.mark.parametrize(
    "header", [{"typ": "JWT"}, {"typ": None}, {"alg": "none"}, {"kid": "did:web:evil.example#key-1"}]
)
def test_request_of_another_type_or_key_is_refused(asker, refused, header):
    if header.get("alg") == "none":
        asker.request_object = lambda: "eyJhbGciOiJub25lIn0.e30."
    else:
        asker.header = header
    refused(error="invalid_request")


@pytest.mark.case("VP-019")
@pytest.mark.parametrize(
    "client_id", [ASKER, "decentralized_identifier:did:web:evil.example", f"redirect_uri:{URL}/responses"]
)
def test_client_id_inside_that_differs_from_the_one_outside_is_refused(asker, refused, client_id):
    asker.changes = {"client_id": client_id}
    refused(error="invalid_request")


@pytest.mark.case("VP-020")
@pytest.mark.parametrize("nonce", [None, "", "short", "ü" * 30, 7])
def test_request_without_a_nonce_of_128_bits_is_refused(asker, refused, nonce):
    asker.changes = {"nonce": nonce}
    refused(error="invalid_request")


@pytest.mark.case("VP-020")
def test_request_without_nonce_is_refused(asker, refused):
    asker.dropped = ("nonce",)
    refused(error="invalid_request")


@pytest.mark.case("VP-021")
def test_redirect_uri_together_with_direct_post_is_refused(asker, refused):
    asker.changes = {"redirect_uri": f"{URL}/back"}
    refused(error="invalid_request")


@pytest.mark.case("VP-022")
@pytest.mark.parametrize(
    "address",
    ["https://evil.example/responses", f"{URL}.evil.example/responses", "http://xingheng.example/r", None],
)
def test_answer_goes_only_to_the_registered_address(asker, refused, address):
    asker.changes = {"response_uri": address}
    refused(error="invalid_request")


@pytest.mark.case("VP-023")
def test_transaction_data_is_never_passed_over(asker, refused):
    asker.changes = {"transaction_data": ["eyJ0eXBlIjoicGF5bWVudCJ9"]}
    refused(error="invalid_transaction_data")


@pytest.mark.parametrize("aud", ["https://wallet.example", None, URL])
def test_request_for_another_audience_is_refused(asker, refused, aud):
    asker.changes = {"aud": aud}
    refused(error="invalid_request")


def test_expired_request_is_called_over(asker, refused):
    asker.changes = {"exp": int(NOW.timestamp()) - 1}
    refused(kind=RequestOverError)


def test_request_from_the_future_is_refused(asker, refused):
    asker.changes = {"iat": int(NOW.timestamp()) + 600, "exp": int(NOW.timestamp()) + 900}
    refused()


@pytest.mark.parametrize(
    "changes",
    [
        {"response_mode": "fragment"},
        {"response_mode": "direct_post.jwt"},
        {"response_type": "code"},
        {"scope": "x"},
    ],
)
def test_other_modes_and_scopes_are_refused(asker, refused, changes):
    asker.changes = changes
    refused(error="invalid_request")


def test_other_formats_are_refused(asker, refused):
    asker.changes = {"client_metadata": {"vp_formats_supported": {"dc+sd-jwt": {}}}}
    refused(error="vp_formats_not_supported")


@pytest.mark.parametrize("query", [None, [], {}, {"credentials": []}, {"credentials": [{"id": "a b"}]}])
def test_query_that_cannot_be_read_is_refused(asker, refused, query):
    asker.changes = {"dcql_query": query}
    refused()


@pytest.mark.parametrize("body", [b"", b"a.b", b"\xff.\xff.\xff", b"." * 100_000])
def test_garbage_is_refused(asker, refused, monkeypatch, body):
    answer = asker.answer

    def garbage(method, path, content, headers):
        if path == "/requests/1":
            return 200, openid4vp.REQUEST_MEDIA_TYPE, body
        return answer(method, path, content, headers)

    monkeypatch.setattr(asker, "answer", garbage)
    refused(kind=(RequestRefusedError, VerifierUnreachableError))
