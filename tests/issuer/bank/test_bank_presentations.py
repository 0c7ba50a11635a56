"""What the bank refuses of a presentation, and that a refusal leaves nothing behind."""

import threading
from typing import Any

import pytest

from issuer.bank import store
from tests.issuer.bank.creditbank import BODY, Applied, Town
from tests.issuer.college import WalletKey
from vc import data_integrity, dates, did_key, openid4vp, shares
from vc.openid4vp import REQUEST_MEDIA_TYPE

PEOPLES_TABLES = ("bank_account", "bank_source", "bank_form", "bank_conversion", "record", "form")


def refused(applied: Applied, answer: Any, code: str, *, status: int = 400) -> None:
    """Check that an answer was refused with a code, that nothing was kept, and the request stays open."""
    assert answer.status_code == status, answer.text
    assert answer.json["code"] == code, answer.json
    assert answer.json["error"] == "invalid_request"
    assert answer.json["error_description"].isascii()
    nothing_kept(applied.town)
    assert applied.state() == {"state": "waiting", "results": []}


def nothing_kept(town: Town) -> None:
    for table in PEOPLES_TABLES:
        assert town.bank.db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


@pytest.fixture
def certificate(town: Town) -> dict:
    return town.certificate()


@pytest.fixture
def applied(town: Town) -> Applied:
    return town.apply()


# The request


@pytest.mark.case("VP-026")
def test_request_that_is_fetched_twice_is_the_same(town: Town):
    applied = town.apply()
    path = applied.told["request_uri"].removeprefix("http://127.0.0.1:8706")
    first, second = town.http.get(path), town.http.get(path)
    assert (first.status_code, first.content_type) == (200, REQUEST_MEDIA_TYPE)
    assert first.headers["Cache-Control"] == "no-store"
    assert first.data == second.data


def test_request_asks_for_one_certificate_of_one_issuer(applied: Applied):
    (asked,) = applied.request.dcql_query["credentials"]
    assert asked["claims"] == [{"path": ["issuer", "id"], "values": [BODY]}]
    assert asked["meta"]["type_values"][0][1] == "https://w3id.org/vocred#SkillLevelCertificate"


def test_expired_request_is_no_longer_handed_out(town: Town, applied: Applied):
    town.wait(301)
    path = applied.told["request_uri"].removeprefix("http://127.0.0.1:8706")
    assert town.http.get(path).status_code == 404
    assert applied.state()["reason"]["code"] == "request-expired"


# Whose and for what


@pytest.mark.case("VP-003", "VP-004")
def test_presentation_for_another_nonce_is_refused(applied: Applied, certificate: dict):
    refused(applied, applied.present(certificate, challenge="x" * 43), "INVALID_CHALLENGE_ERROR")
    assert applied.present(certificate).status_code == 200


@pytest.mark.case("VP-002")
def test_presentation_for_another_verifier_is_refused(applied: Applied, certificate: dict):
    other = "decentralized_identifier:did:web:other.example"
    refused(applied, applied.present(certificate, domain=other), "INVALID_DOMAIN_ERROR")


@pytest.mark.case("VP-002")
def test_domain_without_the_prefix_of_the_client_id_is_refused(applied: Applied, certificate: dict):
    did = applied.request.did
    refused(applied, applied.present(certificate, domain=did), "INVALID_DOMAIN_ERROR")


@pytest.mark.case("VP-007")
def test_certificate_bound_to_another_key_is_refused(applied: Applied, certificate: dict):
    thief = WalletKey("thief")
    refused(applied, applied.present(certificate, wallet=thief), "SUBJECT_MISMATCH")


@pytest.mark.case("VP-007")
def test_holder_that_did_not_sign_is_refused(town: Town, applied: Applied, certificate: dict):
    thief = WalletKey("thief")
    answer = applied.present(certificate, wallet=thief, holder=town.learner.did)
    refused(applied, answer, "HOLDER_BINDING_INVALID")


def test_presentation_changed_after_it_was_signed_is_refused(applied: Applied, certificate: dict):
    presentation = applied.presentation(certificate)
    presentation["verifiableCredential"][0]["credentialSubject"]["name"] = "王一"
    refused(applied, applied.answer(presentation), "CRYPTOGRAPHIC_SECURITY_ERROR")


def test_presentation_without_a_proof_is_refused(town: Town, applied: Applied, certificate: dict):
    unsigned = openid4vp.presentation([certificate], holder=town.learner.did)
    refused(applied, applied.answer(unsigned), "PROOF_MISSING")


@pytest.mark.case("VP-003")
def test_presentation_of_a_share_is_no_answer(town: Town, applied: Applied, certificate: dict):
    share_id = shares.new_id("W0A1", random=bytes(range(17)))
    replayed = data_integrity.sign(
        shares.presentation([certificate], holder=town.learner.did),
        key=town.learner.key,
        verification_method=did_key.verification_method(town.learner.key.public),
        purpose="authentication",
        created=dates.from_seconds(town.now),
        challenge=share_id,
        domain="https://v.example",
        expires=dates.from_seconds(town.now + 3600),
    )
    refused(applied, applied.answer(replayed), "INVALID_CHALLENGE_ERROR")


@pytest.mark.case("VP-029")
def test_presentation_made_in_the_future_is_refused(town: Town, applied: Applied, certificate: dict):
    presentation = applied.presentation(certificate)
    town.wait(-180)
    answer = applied.answer(presentation)
    town.wait(180)
    refused(applied, answer, "PROOF_VERIFICATION_ERROR")


# What is presented


@pytest.mark.case("VP-010", "VP-008")
def test_further_certificate_is_refused(town: Town, applied: Applied, certificate: dict):
    another = town.certificate(level="高级", certCode="IROM-3")
    refused(applied, applied.present(certificate, another), "PRESENTATION_RESPONSE_INVALID")


@pytest.mark.case("VP-010")
def test_presentation_without_a_certificate_is_refused(applied: Applied, certificate: dict):
    empty = {**applied.presentation(certificate), "verifiableCredential": []}
    refused(applied, applied.answer(empty), "PRESENTATION_RESPONSE_INVALID")


@pytest.mark.case("VP-010")
@pytest.mark.parametrize("token", ["[]", "{}", '{"other": [{}]}', '{"certificate": {}}', "{", '"x"'])
def test_vp_token_of_another_shape_is_refused(applied: Applied, token: str):
    answer = applied.post({"state": applied.request.state, "vp_token": token})
    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_request"
    assert applied.state()["state"] == "waiting"


def test_certificate_of_another_type_is_refused(town: Town, applied: Applied, certificate: dict):
    changed = {
        **certificate,
        "type": ["VerifiableCredential", "OpenBadgeCredential", "GraduationCertificate"],
    }
    answer = applied.present(changed)
    assert answer.status_code == 400
    nothing_kept(town)


def test_certificate_of_another_issuer_is_refused(applied: Applied, certificate: dict):
    changed = {**certificate, "issuer": {**certificate["issuer"], "id": "did:web:mingjiang.example"}}
    answer = applied.present(changed)
    assert answer.status_code == 400
    nothing_kept(applied.town)


def test_certificate_whose_content_was_changed_is_refused(applied: Applied, certificate: dict):
    subject = {**certificate["credentialSubject"], "name": "王一"}
    refused(
        applied,
        applied.present({**certificate, "credentialSubject": subject}),
        "CRYPTOGRAPHIC_SECURITY_ERROR",
    )


def test_paper_form_cannot_be_presented(town: Town, applied: Applied, certificate: dict):
    subject = {name: value for name, value in certificate["credentialSubject"].items() if name != "id"}
    refused(applied, applied.present({**certificate, "credentialSubject": subject}), "SUBJECT_MISMATCH")


@pytest.mark.case("VP-030")
def test_revoked_certificate_is_returned_as_revoked(town: Town, applied: Applied, certificate: dict):
    record = certificate["id"].removeprefix("urn:uuid:")
    assert town.body.two("revoke", record, reason="冒名/作弊").error is None
    town.body.anchor()
    assert applied.present(certificate).status_code == 200
    assert returned(applied) == "revoked"


@pytest.mark.case("VP-030")
def test_withdrawn_form_is_returned_as_withdrawn(town: Town, applied: Applied, certificate: dict):
    (form,) = town.body.db.execute("SELECT id FROM form WHERE kind = 'ldp_vc'").fetchone()
    assert town.body.two("withdraw-form", form, reason="持有人申请").error is None
    town.body.anchor()
    applied.present(certificate)
    assert returned(applied) == "withdrawn"


def test_form_that_is_not_anchored_is_returned(town: Town):
    certificate = town.certificate(anchored=False)
    town.body.anchor()  # the paper form and the lists; then one that is later than the index
    fresh = town.claim_anew(certificate)
    applied = town.apply()
    applied.present(fresh)
    assert returned(applied) == "not-anchored"


@pytest.mark.case("VP-030")
def test_certificate_outside_its_age_is_returned_with_the_agreements_sentence(town: Town):
    certificate = town.certificate(awardDate="2020-01-01", examDate="2020-01-01")
    applied = town.apply()
    applied.present(certificate)
    state = applied.state()
    assert state["reason"]["code"] == "too-old"
    assert "36" in state["reason"]["zh-CN"]


def test_silent_issuer_is_never_a_yes(town: Town, applied: Applied, certificate: dict):
    town.wire.down.add("http://127.0.0.1:8703")
    assert applied.present(certificate).status_code == 200
    assert returned(applied) == "could-not-check"
    nothing_kept(town)


def returned(applied: Applied) -> str:
    state = applied.state()
    assert state["state"] == "returned", state
    assert {"zh-CN", "en"} <= set(state["reason"])
    return state["reason"]["code"]


# How often, how much, by whom


@pytest.mark.case("VP-001", "VP-016")
def test_second_response_is_refused(applied: Applied, certificate: dict):
    presentation = applied.presentation(certificate)
    assert applied.answer(presentation).status_code == 200
    again = applied.answer(presentation)
    assert (again.status_code, again.json["code"]) == (400, "PRESENTATION_REPLAYED")


@pytest.mark.case("VP-001")
def test_of_responses_side_by_side_exactly_one_is_taken(town: Town, applied: Applied, certificate: dict):
    town.enrol()
    form = openid4vp.response(
        applied.request, token=openid4vp.vp_token({"certificate": [applied.presentation(certificate)]})
    )
    barrier, answers = threading.Barrier(8), []

    def send() -> None:
        with town.bank.app.test_client() as http:
            barrier.wait()
            answers.append(http.post("/bank/responses", data=form).status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [400] * 7
    assert len(store.conversions(town.bank.db, "CB-00000001")) == 1


@pytest.mark.case("VP-016")
def test_unknown_state_is_refused(town: Town, applied: Applied, certificate: dict):
    form = openid4vp.response(
        applied.request, token=openid4vp.vp_token({"certificate": [applied.presentation(certificate)]})
    )
    answer = applied.post({**form, "state": "x" * 43})
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    nothing_kept(town)


@pytest.mark.case("VP-016")
def test_response_to_an_expired_request_is_refused(town: Town, applied: Applied, certificate: dict):
    presentation = applied.presentation(certificate)
    town.wait(301)
    answer = applied.answer(presentation)
    assert (answer.status_code, answer.json["code"]) == (400, "PRESENTATION_REPLAYED")
    nothing_kept(town)


def test_refusal_of_the_holder_ends_the_application(applied: Applied):
    assert applied.post(openid4vp.refusal(applied.request)).status_code == 200
    assert applied.state()["state"] == "declined"


def test_request_takes_ten_wrong_answers_and_no_more(applied: Applied, certificate: dict):
    wrong = applied.presentation(certificate, challenge="x" * 43)
    for _ in range(10):
        assert applied.answer(wrong).json["code"] == "INVALID_CHALLENGE_ERROR"
    assert applied.present(certificate).json["code"] == "PRESENTATION_REPLAYED"


@pytest.mark.case("VP-017")
def test_oversize_and_repeated_parameters_are_refused(applied: Applied):
    state = applied.request.state
    large = applied.post({"state": state, "vp_token": "x" * (600 * 1024)})
    assert large.status_code == 413
    repeated = applied.town.http.post("/bank/responses", data={"state": [state, state], "vp_token": "{}"})
    assert (repeated.status_code, repeated.json["code"]) == (400, "PARAMETER_POLLUTION")
    many = applied.post({f"x{number}": "1" for number in range(200)})
    assert (many.status_code, many.json["code"]) == (400, "PARAMETER_POLLUTION")
    as_json = applied.town.http.post("/bank/responses", json={"state": state})
    assert as_json.status_code == 415


@pytest.mark.case("VP-015")
def test_state_of_an_application_is_told_to_its_token_alone(town: Town, applied: Applied):
    other = town.apply()
    for token in ("x" * 43, other.token, applied.request.state, applied.request.nonce):
        answer = town.http.get(
            f"/bank/applications/{applied.id}", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 404
    assert town.http.get(f"/bank/applications/{applied.id}").status_code == 401


@pytest.mark.case("VP-015")
def test_account_is_shown_only_to_a_token_by_which_something_was_registered(
    town: Town, applied: Applied, certificate: dict
):
    applied.present(certificate)
    assert applied.state()["state"] == "submitted"
    assert town.http.get("/bank/account", headers=applied.headers).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"agreement": "YL-2026-0012"},
        {"agreement": None},
        {"version": "1"},
        {"version": True},
        {"rules": []},
        {"rules": "R1"},
        {"rules": ["R1 "]},
        {"credentialType": "Diploma"},
        {"college": "https://yunling.edu.example"},
        {"programme": "460305; --"},
        {"issuer": ""},
    ],
)
def test_application_that_is_malformed_is_refused(town: Town, change: dict):
    answer = town.http.post("/bank/applications", json=town.wish(**change))
    assert (answer.status_code, answer.json["code"]) == (422, "INVALID_ACT")


@pytest.mark.parametrize(
    "change",
    [
        {"agreement": "urn:vocred:agreement:NO-2026-0001"},
        {"version": 2},
        {"rules": ["R9"]},
        {"credentialType": "GraduationCertificate"},
        {"issuer": "did:web:mingjiang.example"},
    ],
)
def test_application_for_something_not_agreed_is_refused(town: Town, change: dict):
    answer = town.http.post("/bank/applications", json=town.wish(**change))
    assert (answer.status_code, answer.json["code"]) == (422, "NO_AGREEMENT")


def test_institution_that_is_no_credit_bank_opens_no_application(town: Town):
    town.body.app.extensions["issuer.bank"] = town.desk
    answer = town.body.app.test_client().post("/bank/applications", json=town.wish())
    assert (answer.status_code, answer.json["code"]) == (404, "NOT_A_CREDIT_BANK")


def test_nothing_secret_stands_in_the_database(town: Town, applied: Applied, certificate: dict):
    applied.present(certificate)
    stored = "".join(str(row) for table in town.bank.db.table_names() for row in town.bank.db[table].rows)
    for secret in (
        applied.token,
        applied.code,
        applied.request.state,
        applied.request.nonce,
        applied.told["request_uri"],
    ):
        assert secret.rpartition("/")[2] not in stored
    assert certificate["credentialStatus"]["id"] in stored  # for reconciling; but not the certificate itself
    assert certificate["proof"][0]["proofValue"] not in stored
