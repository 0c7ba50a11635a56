"""更正重发: a new record in an old one's place, and what holders ask for."""

import json
from dataclasses import replace as changed
from typing import Any

import pytest

from issuer import approval, batches, create_app, offers, printing, records, store_records
from issuer.correcting import replacing, requests
from issuer.errors import ConflictError, InvalidActError, UnknownError
from tests.issuer.college import MAKER, URL, College, WalletKey, new_row
from vc import dates, holder_requests, notices

CONFIGURATION = "GraduationCertificate_ldp_vc"


class Office:
    """A college with one issued certificate that states something wrong."""

    def __init__(self, college: College) -> None:
        self.college = college
        self.batch_id = college.issue(changed(new_row(1), holder_key="lin"))
        self.record = college.first_record(self.batch_id)
        self.app = create_app(college.environ, parts=college.parts, clock=lambda: college.now)
        self.http = self.app.test_client()
        self.wallet = WalletKey()

    def prepare(self, **wanted: str) -> replacing.Correction:
        return replacing.prepare(self.college.db, self.college.parts, record_id=self.record.id, wanted=wanted)

    def correct(self, **wanted: str) -> dict[str, Any]:
        arguments = self.prepare(**wanted).to_arguments()
        outcome = self.college.two("correct", self.record.id, **arguments)
        assert outcome.error is None, outcome.error
        return dict(outcome.result)

    def get(self, record_id: str) -> records.Record:
        return records.get(self.college.db, record_id)

    def claim(self, code: str, pin: str | None = None, wallet: WalletKey | None = None) -> Any:
        form = {"grant_type": offers.PRE_AUTHORIZED, "pre-authorized_code": code}
        token = self.http.post("/oauth/token", data=form | ({"tx_code": pin} if pin else {})).json
        proof = (wallet or self.wallet).proof(nonce=self.nonce(), now=self.college.now)
        return self.http.post(
            "/oauth/credential",
            json={"credential_configuration_id": CONFIGURATION, "proofs": {"jwt": [proof]}},
            headers={"Authorization": f"Bearer {token['access_token']}"},
        )

    def claimed(self) -> None:
        slip = self.college.slip(self.record.id)
        assert self.claim(self.college.offer(slip["slip_id"]), slip["pin"]).status_code == 200

    def nonce(self) -> str:
        return self.http.post("/oauth/nonce").json["c_nonce"]

    def proof(self, act: str, *, wallet: WalletKey | None = None, **more: Any) -> str:
        return holder_requests.sign(
            (wallet or self.wallet).key,
            act=act,  # type: ignore[arg-type]
            record=more.get("record", f"urn:uuid:{self.record.id}"),
            audience=URL,
            nonce=more.get("nonce") or self.nonce(),
            now=dates.from_seconds(self.college.now),
            text=more.get("text", ""),
        )

    def post(self, path: str, act: str, **more: Any) -> Any:
        return self.http.post(path, json={"proof": self.proof(act, **more)})


@pytest.fixture
def office(college: College) -> Office:
    return Office(college)


# A new record in an old one's place


def test_a_correction_keeps_number_and_award_date_and_revokes_the_old_record(office: Office):
    made = office.correct(name="林晓雨")
    fresh, old = office.get(made["record"]), office.get(office.record.id)
    assert (fresh.holder_name, fresh.number, fresh.state) == ("林晓雨", old.number, "valid")
    assert (old.state, old.reason, old.replaced_by) == ("revoked", "录入错误更正", fresh.id)
    assert fresh.fields["grad"] == old.fields["grad"]


def test_the_new_paper_form_says_what_was_corrected_under_an_id_of_its_own(office: Office):
    made = office.correct(name="林晓雨")
    office.college.anchor()
    sheet = printing.certificate(
        office.college.db, office.college.parts, form_id=made["form_id"], actor=MAKER, now=office.college.now
    )
    assert sheet.credential["credentialSubject"]["name"] == "林晓雨"
    assert sheet.credential["id"] == f"urn:uuid:{made['record']}"
    assert sheet.credential["awardedDate"].startswith("2026-06-30")


def test_the_notice_of_the_old_form_names_the_new_record(office: Office):
    made = office.correct(name="林晓雨")
    (form,) = records.forms(office.college.db, office.record.id)
    office.college.anchor()
    body = office.http.get(f"/status/{form.list}/notices").data
    entry = office.college.db.execute("SELECT entry_id FROM form WHERE id = ?", (form.id,)).fetchone()[0]
    notice = notices.open_notice(notices.parse(body), index=form.status_index, entry_id=entry)
    assert notice is not None
    assert (notice.kind, notice.reason) == ("revoked", "录入错误更正")
    assert notice.replacement == f"urn:uuid:{made['record']}"


def test_a_correction_takes_two_officers(office: Office):
    arguments = office.prepare(name="林晓雨").to_arguments()
    act = approval.submit(
        office.college.db,
        office.college.parts,
        actor=MAKER,
        kind="correct",
        subject=office.record.id,
        arguments=arguments,
        now=office.college.now,
    )
    (alone,) = approval.approve(
        office.college.db, office.college.parts, actor=MAKER, act_ids=[act], now=office.college.now
    )
    assert alone.error is not None
    assert office.get(office.record.id).state == "valid"


def test_the_new_slip_opens_the_corrected_certificate(office: Office):
    office.claimed()
    made = office.correct(name="林晓雨")
    answer = office.claim(office.college.offer(made["slip_id"]), made["pin"])
    assert answer.json["credentials"][0]["credential"]["credentialSubject"]["name"] == "林晓雨"


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"name": "as issued"},
        {"name": ""},
        {"unheard-of": "x"},
        {"type": "MicroCredential"},
        {"name": "x" * 301},
        {"name": "a\x00b"},
        {"grad": "2026-13-45"},
    ],
)
def test_what_is_no_correction_is_refused_before_anybody_sees_it(office: Office, wanted: dict[str, str]):
    wanted = {"name": office.record.holder_name} if wanted == {"name": "as issued"} else wanted
    with pytest.raises(InvalidActError):
        office.prepare(**wanted)
    assert office.get(office.record.id).state == "valid"


def test_a_revoked_record_is_not_corrected(office: Office):
    office.correct(name="林晓雨")
    with pytest.raises(ConflictError):
        office.prepare(name="林小雨")


def test_a_correction_may_itself_be_corrected(office: Office):
    first = office.correct(name="林小雨")
    office.record = office.get(first["record"])
    second = office.correct(name="林晓雨")
    assert office.get(first["record"]).replaced_by == second["record"]
    assert office.get(second["record"]).number == office.record.number


def test_of_a_corrected_document_only_the_tail_is_kept(office: Office):
    correction = office.prepare(idNumber="990101200503140027")
    assert correction.changes == {"idNumber": "0027"}
    assert "990101200503140027" not in json.dumps(correction.to_arguments())
    made = office.correct(idNumber="990101200503140027")
    row = store_records.record(office.college.db, made["record"])
    assert row is not None
    assert row["holder_key"] == batches.holder_key(office.college.parts, "990101200503140027")


def test_a_number_that_another_record_has_is_refused_and_nothing_changes(office: Office):
    other = office.college.first_record(office.college.issue(new_row(2)))
    arguments = office.prepare(certNo=other.number).to_arguments()
    outcome = office.college.two("correct", office.record.id, **arguments)
    assert outcome.error is not None
    assert office.get(office.record.id).state == "valid"


def test_the_checker_sees_what_changes(office: Office):
    (one,) = replacing.differences(office.college.db, office.record.id, {"name": "林晓雨"})
    assert (one.label["zh-CN"], one.before, one.after) == ("姓名", "林二", "林晓雨")


# What holders ask


def test_a_holder_asks_and_the_registrar_sees_a_task(office: Office):
    office.claimed()
    answer = office.post("/corrections", "correction", text="姓名有误，应为林晓雨")
    assert (answer.status_code, answer.json["state"]) == (201, "open")
    (task,) = requests.listing(office.college.db)
    assert (task.record_id, task.text) == (office.record.id, "姓名有误，应为林晓雨")
    assert office.post("/corrections/state", "correction-state").json["state"] == "open"


def test_one_request_waits_at_a_time(office: Office):
    office.claimed()
    office.post("/corrections", "correction", text="姓名有误")
    assert office.post("/corrections", "correction", text="姓名有误").status_code == 409


def test_a_request_that_is_declined_is_answered_in_words(office: Office):
    office.claimed()
    office.post("/corrections", "correction", text="成绩有误")
    (task,) = requests.listing(office.college.db)
    requests.answer(
        office.college.db, actor=MAKER, request_id=task.id, text="成绩与档案一致", now=office.college.now
    )
    told = office.post("/corrections/state", "correction-state").json
    assert (told["state"], told["answer"]) == ("declined", "成绩与档案一致")


def test_correcting_answers_the_request_and_offers_the_new_one_without_a_pin(office: Office):
    office.claimed()
    office.post("/corrections", "correction", text="姓名有误")
    made = office.correct(name="林晓雨")
    told = office.post("/corrections/state", "correction-state").json
    assert (told["state"], told["replacement"]) == ("corrected", f"urn:uuid:{made['record']}")
    offered = office.post("/replacements", "replacement")
    assert offered.status_code == 201
    offer = office.http.get(offered.json["credential_offer_uri"].removeprefix(URL)).json
    grant = offer["grants"][offers.PRE_AUTHORIZED]
    assert "tx_code" not in grant
    credential = office.claim(grant["pre-authorized_code"]).json["credentials"][0]["credential"]
    assert credential["id"] == f"urn:uuid:{made['record']}"


def test_the_newest_of_several_corrections_is_offered(office: Office):
    office.claimed()
    asked_about = office.record
    office.record = office.get(office.correct(name="林小雨")["record"])
    newest = office.correct(name="林晓雨")["record"]
    office.record = asked_about
    offered = office.post("/replacements", "replacement")
    offer = office.http.get(offered.json["credential_offer_uri"].removeprefix(URL)).json
    code = offer["grants"][offers.PRE_AUTHORIZED]["pre-authorized_code"]
    assert office.claim(code).json["credentials"][0]["credential"]["id"] == f"urn:uuid:{newest}"


def test_what_was_not_replaced_is_not_offered(office: Office):
    office.claimed()
    assert office.post("/replacements", "replacement").status_code == 404


@pytest.mark.parametrize(
    ("path", "act"),
    [
        ("/corrections", "correction"),
        ("/corrections/state", "correction-state"),
        ("/replacements", "replacement"),
    ],
)
def test_a_key_to_which_nothing_was_signed_and_an_unknown_record_look_alike(
    office: Office, path: str, act: str
):
    office.claimed()
    text = "姓名有误" if act == "correction" else ""
    stranger = office.post(path, act, wallet=WalletKey("stranger"), text=text)
    nobody = office.post(path, act, record="urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0001", text=text)
    assert (stranger.status_code, nobody.status_code) == (404, 404)
    assert stranger.json["detail"] == nobody.json["detail"]


def test_a_proof_is_used_once(office: Office):
    office.claimed()
    office.post("/corrections", "correction", text="姓名有误")
    proof = office.proof("correction-state")
    assert office.http.post("/corrections/state", json={"proof": proof}).status_code == 200
    again = office.http.post("/corrections/state", json={"proof": proof})
    assert (again.status_code, again.json["code"]) == (400, "HOLDER_PROOF_REFUSED")


def test_a_nonce_that_is_not_the_issuers_is_refused(office: Office):
    office.claimed()
    answer = office.post("/corrections/state", "correction-state", nonce="AAAA")
    assert (answer.status_code, answer.json["code"]) == (400, "HOLDER_PROOF_REFUSED")


@pytest.mark.parametrize("body", ["[]", "{}", '{"proof": 7}', "{", '{"proof": "a.b.c"}'])
def test_what_is_no_request_is_refused(office: Office, body: str):
    answer = office.http.post("/corrections", data=body, content_type="application/json")
    assert 400 <= answer.status_code < 500


def test_an_answer_without_words_is_refused(office: Office):
    with pytest.raises(InvalidActError):
        requests.answer(office.college.db, actor=MAKER, request_id="x", text=" ", now=office.college.now)
    with pytest.raises(UnknownError):
        requests.answer(office.college.db, actor=MAKER, request_id="x", text="好", now=office.college.now)


def test_a_client_that_asks_without_end_is_told_to_wait(office: Office):
    answers = [office.http.post("/replacements", json={"proof": "a.b.c"}).status_code for _ in range(25)]
    assert 429 in answers
