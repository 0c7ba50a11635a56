"""OpenID4VCI as a wallet sees it: metadata, offers, token, nonce, credential, notification."""

import threading
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from issuer import create_app, institution, offers, records, store
from issuer.offers import PRE_AUTHORIZED
from tests.issuer.college import URL, College, WalletKey, new_row
from vc import data_integrity, dates

CONFIGURATION = "GraduationCertificate_ldp_vc"


class Desk:
    """A college's endpoints, with one issued certificate and its claim slip."""

    def __init__(self, college: College) -> None:
        self.college = college
        self.batch_id = college.issue(new_row(1), new_row(2))
        self.record = college.first_record(self.batch_id)
        slip = college.slip(self.record.id)
        self.slip_id, self.pin, self.link = slip["slip_id"], slip["pin"], slip["link"]
        self.app: Flask = create_app(college.environ, parts=college.parts, clock=lambda: college.now)
        self.wallet = WalletKey()

    @property
    def http(self) -> FlaskClient:
        return self.app.test_client()

    def code(self) -> str:
        return self.college.offer(self.slip_id)

    def ask_token(self, **form: str | None) -> Any:
        fields = {"grant_type": PRE_AUTHORIZED, "tx_code": self.pin, **form}
        sent = {name: value for name, value in fields.items() if value is not None}
        return self.http.post("/oauth/token", data=sent)

    def token(self) -> str:
        answer = self.ask_token(**{"pre-authorized_code": self.code()})
        assert answer.status_code == 200, answer.json
        return answer.json["access_token"]

    def nonce(self) -> str:
        return self.http.post("/oauth/nonce").json["c_nonce"]

    def request(self, proof: str | None = None, **changes: Any) -> dict[str, Any]:
        body: dict[str, Any] = {
            "credential_configuration_id": CONFIGURATION,
            "proofs": {"jwt": [proof or self.prove()]},
            **changes,
        }
        return {name: value for name, value in body.items() if value is not None}

    def prove(self, *, wallet: WalletKey | None = None, **changes: Any) -> str:
        given = {"nonce": self.nonce(), **changes}
        return (wallet or self.wallet).proof(now=self.college.now, **given)

    def ask_credential(self, token: str, body: dict[str, Any]) -> Any:
        return self.http.post("/oauth/credential", json=body, headers={"Authorization": f"Bearer {token}"})

    def claim(self, token: str | None = None, wallet: WalletKey | None = None) -> Any:
        return self.ask_credential(token or self.token(), self.request(self.prove(wallet=wallet)))

    def slips(self) -> list[tuple[Any, ...]]:
        return list(self.college.db.execute("SELECT * FROM slip"))

    def forms(self) -> list[records.Form]:
        return [form for form in records.forms(self.college.db, self.record.id) if form.kind == "ldp_vc"]


@pytest.fixture
def desk(college: College) -> Desk:
    return Desk(college)


def refused(answer: Any, error: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json["error"]) == (status, error), answer.json
    assert answer.headers["Cache-Control"] == "no-store"
    described = answer.json.get("error_description", "")
    assert described.isascii()
    assert not {'"', "\\"} & set(described)


def in_parallel(app: Flask, count: int, send: Any) -> list[Any]:
    """Send requests from that many threads that start together."""
    barrier, answers = threading.Barrier(count), []

    def run() -> None:
        with app.test_client() as http:
            barrier.wait()
            answers.append(send(http))

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


# Metadata and offers


def test_issuer_metadata_names_what_is_accepted(desk: Desk):
    metadata = desk.http.get("/.well-known/openid-credential-issuer").json
    assert metadata["credential_issuer"] == URL
    assert metadata["nonce_endpoint"] == f"{URL}/oauth/nonce"
    configuration = metadata["credential_configurations_supported"][CONFIGURATION]
    assert configuration["cryptographic_binding_methods_supported"] == ["did:key"]
    algorithms = configuration["proof_types_supported"]["jwt"]["proof_signing_alg_values_supported"]
    assert algorithms == ["EdDSA", "Ed25519", "ES256"]
    assert {entry["locale"] for entry in configuration["credential_metadata"]["display"]} == {"zh-CN", "en"}


def test_only_types_that_were_granted_are_offered(desk: Desk):
    metadata = desk.http.get("/.well-known/openid-credential-issuer").json
    assert list(metadata["credential_configurations_supported"]) == [CONFIGURATION]


def test_server_metadata_names_the_one_grant_that_is_accepted(desk: Desk):
    metadata = desk.http.get("/.well-known/oauth-authorization-server").json
    assert metadata["issuer"] == URL
    assert metadata["grant_types_supported"] == [PRE_AUTHORIZED]
    assert metadata["pre-authorized_grant_anonymous_access_supported"] is True
    assert metadata["authorization_details_types_supported"] == ["openid_credential"]
    assert "authorization_endpoint" not in metadata


def test_metadata_may_be_read_by_pages_of_any_origin(desk: Desk):
    answer = desk.http.get("/.well-known/openid-credential-issuer")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    preflight = desk.http.options("/oauth/credential")
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]


def test_claim_code_mints_an_offer_that_says_who_offers_what(desk: Desk):
    answer = desk.http.post("/claims/offers", json={"claim_code": desk.link.partition("#")[2]})
    assert answer.status_code == 201
    assert answer.json["credential_issuer"] == URL
    assert answer.json["credentials"][0]["type"] == "GraduationCertificate"
    assert answer.json["tx_code"] == {"input_mode": "numeric", "length": 6}
    offer = desk.http.get(answer.json["credential_offer_uri"].removeprefix(URL))
    assert offer.headers["Cache-Control"] == "no-store"
    assert offer.json["credential_configuration_ids"] == [CONFIGURATION]
    assert set(offer.json["grants"]) == {PRE_AUTHORIZED}


@pytest.mark.case("VCI-008")
def test_fetching_an_offer_twice_gives_the_same_and_redeems_nothing(desk: Desk):
    minted = offers.mint_for(desk.college.db, desk.college.parts, slip_id=desk.slip_id, now=desk.college.now)
    path = minted.uri.removeprefix(URL)
    first, second = desk.http.get(path), desk.http.get(path)
    assert first.data == second.data
    assert "林" not in first.get_data(as_text=True)
    code = first.json["grants"][PRE_AUTHORIZED]["pre-authorized_code"]
    assert desk.ask_token(**{"pre-authorized_code": code}).status_code == 200


@pytest.mark.case("VCI-008")
def test_guessed_offer_is_not_found(desk: Desk):
    assert desk.http.get(f"/offers/{'A' * 43}").status_code == 404


@pytest.mark.parametrize(
    ("code", "status", "name"),
    [
        ("0007-0000-0000-0000-0000-0007", 422, "CODE_MISTYPED"),
        ("7ZK0-1234-5678-9ABC-DEFG-HJK5", 422, "WRONG_CODE_KIND"),
        ("7ZK0-1234-5678-9ABC-DEFG-HJK6", 404, "CLAIM_CODE_UNKNOWN"),
    ],
)
def test_code_that_claims_nothing_is_refused_by_name(desk: Desk, code: str, status: int, name: str):
    answer = desk.http.post("/claims/offers", json={"claim_code": code})
    assert (answer.status_code, answer.json["code"]) == (status, name)


def test_used_slip_says_when_it_was_used(desk: Desk):
    assert desk.claim().status_code == 200
    answer = desk.http.post("/claims/offers", json={"claim_code": desk.link.partition("#")[2]})
    assert (answer.status_code, answer.json["code"]) == (410, "SLIP_USED")
    assert answer.json["claimed_at"] == desk.college.now


def test_expired_slip_gives_no_offer(desk: Desk):
    desk.college.wait(offers.SLIP_SECONDS)
    answer = desk.http.post("/claims/offers", json={"claim_code": desk.link.partition("#")[2]})
    assert (answer.status_code, answer.json["code"]) == (410, "SLIP_EXPIRED")


def test_reissued_slip_voids_the_old_one(desk: Desk):
    outcome = desk.college.two("reissue-slip", desk.record.id)
    assert outcome.error is None
    answer = desk.http.post("/claims/offers", json={"claim_code": desk.link.partition("#")[2]})
    assert (answer.status_code, answer.json["code"]) == (410, "SLIP_VOID")
    fresh = desk.http.post("/claims/offers", json={"claim_code": outcome.result["claim_code"]})
    assert fresh.status_code == 201


def test_no_secret_of_a_claim_stands_in_the_database(desk: Desk):
    code, token = desk.code(), desk.token()
    kept = b"".join(file.read_bytes() for file in desk.college.home.glob("issuer.db*"))
    for secret in (code, token, desk.link.partition("#")[2]):
        assert secret.encode() not in kept
    assert not any(desk.pin in str(value) for row in desk.slips() for value in row)


# Token


@pytest.mark.case("VCI-001")
def test_code_is_redeemed_once(desk: Desk):
    code = desk.code()
    assert desk.ask_token(**{"pre-authorized_code": code}).status_code == 200
    refused(desk.ask_token(**{"pre-authorized_code": code}), "invalid_grant")


@pytest.mark.case("VCI-002")
def test_of_fifty_parallel_redemptions_one_succeeds(desk: Desk):
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": desk.code(), "tx_code": desk.pin}
    answers = in_parallel(desk.app, 50, lambda http: http.post("/oauth/token", data=form))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49
    assert {answer.json.get("error") for answer in answers} == {None, "invalid_grant"}
    assert store.value(desk.college.db, "SELECT count(*) FROM access_token") == 1


@pytest.mark.case("VCI-003", "VCI-009")
def test_wrong_pin_does_not_use_the_code_up(desk: Desk):
    code = desk.code()
    wrong = f"{(int(desk.pin) + 1) % 10**6:06}"
    refused(desk.ask_token(**{"pre-authorized_code": code}, tx_code=wrong), "invalid_grant")
    assert desk.ask_token(**{"pre-authorized_code": code}).status_code == 200


@pytest.mark.case("VCI-004")
def test_five_wrong_pins_over_several_offers_and_restarts_lock_the_slip(desk: Desk):
    wrong = f"{(int(desk.pin) + 1) % 10**6:06}"
    for _ in range(5):
        refused(desk.ask_token(**{"pre-authorized_code": desk.code()}, tx_code=wrong), "invalid_grant")
        desk.college.reopen()
        desk.app = create_app(desk.college.environ, parts=desk.college.parts, clock=lambda: desk.college.now)
    answer = desk.http.post("/claims/offers", json={"claim_code": desk.link.partition("#")[2]})
    assert (answer.status_code, answer.json["code"]) == (410, "SLIP_LOCKED")


@pytest.mark.case("VCI-004")
def test_parallel_guesses_get_five_tries_in_total(desk: Desk):
    code = desk.code()
    guesses = iter(range(10**6))

    def guess(http: FlaskClient) -> Any:
        pin = f"{(int(desk.pin) + 1 + next(guesses)) % 10**6:06}"
        form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code, "tx_code": pin}
        return http.post("/oauth/token", data=form)

    answers = in_parallel(desk.app, 50, guess)
    assert {answer.json["error"] for answer in answers} == {"invalid_grant"}
    assert store.value(desk.college.db, "SELECT wrong_pins FROM slip") == 5
    refused(desk.ask_token(**{"pre-authorized_code": code}), "invalid_grant")


@pytest.mark.case("VCI-007")
def test_code_of_another_issuer_is_an_invalid_grant(desk: Desk):
    foreign = offers.pre_authorized_code(desk.college.parts, "an offer that this issuer never made")
    refused(desk.ask_token(**{"pre-authorized_code": foreign}), "invalid_grant")


def test_expired_code_is_an_invalid_grant(desk: Desk):
    code = desk.code()
    desk.college.wait(offers.OFFER_SECONDS)
    refused(desk.ask_token(**{"pre-authorized_code": code}), "invalid_grant")


def test_missing_pin_is_an_invalid_request_and_no_try(desk: Desk):
    refused(desk.ask_token(**{"pre-authorized_code": desk.code()}, tx_code=None), "invalid_request")
    assert store.value(desk.college.db, "SELECT wrong_pins FROM slip") == 0


def test_missing_code_is_an_invalid_request(desk: Desk):
    refused(desk.ask_token(), "invalid_request")


def test_other_grants_are_unsupported(desk: Desk):
    refused(desk.ask_token(grant_type="authorization_code"), "unsupported_grant_type")


def test_parameter_given_twice_is_an_invalid_request(desk: Desk):
    body = f"grant_type={quote(PRE_AUTHORIZED)}&tx_code=1&tx_code=2&pre-authorized_code=x"
    answer = desk.http.post("/oauth/token", data=body, content_type="application/x-www-form-urlencoded")
    refused(answer, "invalid_request")


def test_token_request_as_json_is_an_invalid_request(desk: Desk):
    refused(desk.http.post("/oauth/token", json={"grant_type": PRE_AUTHORIZED}), "invalid_request")


def test_unknown_parameters_are_ignored(desk: Desk):
    answer = desk.ask_token(**{"pre-authorized_code": desk.code()}, user_pin="1", resource=URL, client_id="x")
    assert answer.status_code == 200
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] <= 300
    assert "authorization_details" not in answer.json
    assert answer.headers["Cache-Control"] == "no-store"


def test_authorization_details_are_answered_with_an_identifier_that_must_be_used(desk: Desk):
    details = f'[{{"type":"openid_credential","credential_configuration_id":"{CONFIGURATION}"}}]'
    answer = desk.ask_token(**{"pre-authorized_code": desk.code()}, authorization_details=details)
    (identifier,) = answer.json["authorization_details"][0]["credential_identifiers"]
    token = answer.json["access_token"]
    refused(desk.ask_credential(token, desk.request()), "invalid_credential_request")
    body = desk.request(credential_configuration_id=None, credential_identifier=identifier)
    assert desk.ask_credential(token, body).status_code == 200


# Nonce and credential


def test_nonce_is_fresh_and_never_cached(desk: Desk):
    first, second = desk.http.post("/oauth/nonce"), desk.http.post("/oauth/nonce")
    assert first.json["c_nonce"] != second.json["c_nonce"]
    assert first.headers["Cache-Control"] == "no-store"


def test_claimed_form_is_bound_to_the_proved_key_and_verifies(desk: Desk):
    answer = desk.claim()
    assert answer.status_code == 200, answer.json
    (issued,) = answer.json["credentials"]
    credential = issued["credential"]
    assert credential["credentialSubject"]["id"] == desk.wallet.did
    assert credential["id"] == f"urn:uuid:{desk.record.id}"
    public = institution.signing_key(desk.college.db, desk.college.parts.secret).private.public
    (proof,) = data_integrity.verify(
        credential,
        resolve=lambda _method, _purpose: public,
        purpose="assertionMethod",
        now=dates.from_seconds(desk.college.now),
    )
    assert proof.verification_method.startswith("did:web:yunling.edu.example#")
    assert len(desk.forms()) == 1


def test_p256_wallets_are_accepted(desk: Desk):
    wallet = WalletKey("p256", "P-256")
    answer = desk.claim(wallet=wallet)
    assert answer.json["credentials"][0]["credential"]["credentialSubject"]["id"] == wallet.did


def test_same_key_gets_the_same_form_again_and_another_key_is_denied(desk: Desk):
    token = desk.token()
    first, second = desk.claim(token), desk.claim(token)
    assert first.json == second.json
    refused(desk.claim(token, WalletKey("other")), "credential_request_denied")
    assert len(desk.forms()) == 1


def test_signing_ends_the_other_offers_and_tokens_of_the_slip(desk: Desk):
    code, other = desk.code(), desk.token()
    assert desk.claim().status_code == 200
    refused(desk.ask_token(**{"pre-authorized_code": code}), "invalid_grant")
    refused(desk.claim(other), "invalid_token", 401)


def test_unfinished_claim_leaves_the_slip_open(desk: Desk):
    desk.token()
    assert desk.claim().status_code == 200


@pytest.mark.case("VCI-013")
def test_token_in_the_query_is_refused(desk: Desk):
    token = desk.token()
    answer = desk.http.post(f"/oauth/credential?access_token={token}", json=desk.request())
    refused(answer, "invalid_request")


@pytest.mark.parametrize("header", ["", "Bearer ", "Basic abc", "DPoP abc", "Bearer unknown"])
def test_request_without_a_good_token_is_challenged(desk: Desk, header: str):
    answer = desk.http.post("/oauth/credential", json=desk.request(), headers={"Authorization": header})
    refused(answer, "invalid_token", 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_expired_token_is_invalid(desk: Desk):
    token = desk.token()
    desk.college.wait(300)
    refused(desk.claim(token), "invalid_token", 401)


@pytest.mark.case("VCI-018")
def test_nonce_that_is_not_ours_is_refused(desk: Desk):
    proof = desk.prove(nonce="A" * 54)
    refused(desk.ask_credential(desk.token(), desk.request(proof)), "invalid_nonce")


@pytest.mark.case("VCI-018")
def test_expired_nonce_is_refused(desk: Desk):
    nonce = desk.nonce()
    desk.college.wait(301)
    token = desk.token()
    refused(desk.ask_credential(token, desk.request(desk.prove(nonce=nonce))), "invalid_nonce")


@pytest.mark.case("VCI-018")
def test_replayed_nonce_is_refused(desk: Desk):
    token, proof = desk.token(), desk.prove()
    assert desk.ask_credential(token, desk.request(proof)).status_code == 200
    refused(desk.ask_credential(token, desk.request(proof)), "invalid_nonce")


@pytest.mark.case("VCI-018", "VCI-032")
def test_one_nonce_in_twenty_parallel_requests_is_used_once(desk: Desk):
    token, body = desk.token(), desk.request()
    headers = {"Authorization": f"Bearer {token}"}
    answers = in_parallel(
        desk.app, 20, lambda http: http.post("/oauth/credential", json=body, headers=headers)
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
    assert {answer.json.get("error") for answer in answers} == {None, "invalid_nonce"}
    assert len(desk.forms()) == 1


@pytest.mark.case("VCI-032")
def test_twenty_parallel_requests_with_one_token_sign_one_form(desk: Desk):
    token = desk.token()
    bodies = [desk.request() for _ in range(20)]
    headers = {"Authorization": f"Bearer {token}"}
    answers = in_parallel(
        desk.app, 20, lambda http: http.post("/oauth/credential", json=bodies.pop(), headers=headers)
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == 1
    assert len(desk.forms()) == 1
    paper = 2
    assert store.value(desk.college.db, "SELECT count(*) FROM form") == paper + 1


BAD_PROOFS: dict[str, dict[str, Any]] = {
    "typ": {"header_typ": "JWT"},
    "alg none": {"header_alg": "none"},
    "alg HS256": {"header_alg": "HS256"},
    "alg of another key": {"header_alg": "ES256"},
    "crit": {"header_crit": ["exp"]},
    "jwk beside kid": {"header_jwk": {"kty": "OKP"}},
    "no kid": {"header_kid": None},
    "kid of did:web": {"header_kid": "did:web:yunling.edu.example#key-1"},
    "kid of a third party": {"header_kid": WalletKey("third").kid},
    "kid with another fragment": {"header_kid": f"{WalletKey().did}#{WalletKey('third').did[8:]}"},
    "aud of another issuer": {"aud": "https://other.example"},
    "aud of the endpoint": {"aud": f"{URL}/oauth/credential"},
    "aud as an array": {"aud": [URL]},
    "no aud": {"aud": None},
    "no iat": {"iat": None},
    "iat as text": {"iat": "now"},
    "iat long ago": {"iat": 1},
    "iat in the future": {"iat": 4_000_000_000},
    "exp in the past": {"exp": 1},
    "exp as text": {"exp": "never"},
    "iss of a third party": {"iss": "did:web:other.example"},
    "no nonce": {"nonce": None},
}


@pytest.mark.case("VCI-019", "VCI-020", "VCI-021")
@pytest.mark.parametrize("name", BAD_PROOFS)
def test_bad_key_proof_is_refused_and_signs_nothing(desk: Desk, name: str):
    proof = desk.prove(**BAD_PROOFS[name])
    refused(desk.ask_credential(desk.token(), desk.request(proof)), "invalid_proof")
    assert not desk.forms()


@pytest.mark.case("VCI-019")
def test_key_proof_with_a_changed_signature_is_refused(desk: Desk):
    proof = desk.prove()
    changed = proof[:-2] + ("AA" if not proof.endswith("AA") else "BB")
    refused(desk.ask_credential(desk.token(), desk.request(changed)), "invalid_proof")


@pytest.mark.parametrize(
    "proofs",
    [
        None,
        {},
        {"jwt": []},
        {"jwt": "x"},
        {"jwt": [1]},
        {"jwt": ["x"], "di_vp": []},
        {"jwt": ["a.b"]},
        {"jwt": ["é.é.é"]},
    ],
)
def test_malformed_proofs_are_refused(desk: Desk, proofs: Any):
    body = {"credential_configuration_id": CONFIGURATION, "proofs": proofs}
    refused(desk.ask_credential(desk.token(), body), "invalid_proof")


@pytest.mark.case("VCI-027")
def test_more_than_one_proof_is_refused(desk: Desk):
    body = desk.request(proofs={"jwt": [desk.prove()] * 1000})
    refused(desk.ask_credential(desk.token(), body), "invalid_proof")


@pytest.mark.case("VCI-025")
def test_identifier_of_another_token_is_unknown(desk: Desk):
    body = desk.request(credential_configuration_id=None, credential_identifier="somebody-else")
    refused(desk.ask_credential(desk.token(), body), "unknown_credential_identifier")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"credential_configuration_id": None}, "invalid_credential_request"),
        ({"credential_identifier": "x"}, "invalid_credential_request"),
        ({"credential_configuration_id": "SkillLevelCertificate_ldp_vc"}, "unknown_credential_configuration"),
        ({"credential_configuration_id": ["x"]}, "unknown_credential_configuration"),
        ({"credential_response_encryption": {"enc": "A256GCM"}}, "invalid_encryption_parameters"),
    ],
)
def test_wrong_credential_request_is_refused_by_name(desk: Desk, changes: dict[str, Any], error: str):
    refused(desk.ask_credential(desk.token(), desk.request(**changes)), error)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a":1,"a":2}', b"\xff", b"null"])
def test_malformed_body_is_an_invalid_credential_request(desk: Desk, body: bytes):
    headers = {"Authorization": f"Bearer {desk.token()}"}
    answer = desk.http.post("/oauth/credential", data=body, content_type="application/json", headers=headers)
    refused(answer, "invalid_credential_request")


def test_unknown_members_are_ignored(desk: Desk):
    assert desk.ask_credential(desk.token(), desk.request(format="ldp_vc", other=1)).status_code == 200


def test_revoked_record_is_denied_to_a_token_that_was_given_before(desk: Desk):
    token = desk.token()
    assert desk.college.two("revoke", desk.record.id, reason="录入错误更正").error is None
    refused(desk.claim(token), "credential_request_denied")


def test_issuer_without_a_grant_signs_no_form(desk: Desk):
    token = desk.token()
    desk.college.grant("GraduationCertificate", until=desk.college.now)
    desk.college.wait(10)
    desk.college.anchor()
    refused(desk.claim(token), "credential_request_denied")


@pytest.mark.case("VCI-031")
def test_notification_is_idempotent_and_belongs_to_its_token(desk: Desk):
    token, other = desk.token(), desk.token()
    identifier = desk.claim(token).json["notification_id"]
    body = {"notification_id": identifier, "event": "credential_accepted"}

    def notify(bearer: str, sent: dict[str, Any]) -> Any:
        return desk.http.post("/oauth/notification", json=sent, headers={"Authorization": f"Bearer {bearer}"})

    assert [notify(token, body).status_code for _ in range(2)] == [204, 204]
    refused(notify(other, body), "invalid_token", 401)
    refused(notify(token, {**body, "notification_id": "unknown"}), "invalid_notification_id")
    refused(notify(token, {**body, "event": "lost"}), "invalid_notification_request")


# The page behind the slip's link


def test_landing_page_says_who_offers_what_and_asks_for_no_pin(desk: Desk):
    code = desk.link.partition("#")[2]
    with desk.http as http:
        page = http.get("/O").get_data(as_text=True)
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        answer = http.post("/O", data={"claim_code": code, "csrf_token": token})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "学历证书" in text
    assert f"http://127.0.0.1:8704/O#{code}" in text
    assert "openid-credential-offer://?credential_offer_uri=" in text
    assert 'name="tx_code"' not in text
    assert answer.headers["Cache-Control"] == "no-store"


def test_landing_page_names_what_is_wrong_with_a_code(desk: Desk):
    with desk.http as http:
        page = http.get("/O").get_data(as_text=True)
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        answer = http.post("/O", data={"claim_code": "nonsense", "csrf_token": token})
    assert answer.status_code == 422
