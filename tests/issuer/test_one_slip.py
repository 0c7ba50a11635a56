"""One slip opens every certificate of a person: offered together, closed by each claim."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from issuer import batches, create_app, offers, printing, records, revocation
from issuer.batches import NewRow
from issuer.errors import ConflictError, SlipUsedError, SlipVoidError
from issuer.importing import ImportInstitution, check
from issuer.offers import PRE_AUTHORIZED
from tests.issuer.college import GRADUATION, MAKER, College, WalletKey, new_row
from web.database import transaction

SKILL = "SkillLevelCertificate"
DETAILS_TYPE = "openid_credential"


def skill_row(serial: int, *, holder: str, level: str = "中级", code: str = "IROM-2") -> NewRow:
    """Return a ready row of a 1+X certificate."""
    fields = {
        "type": SKILL,
        "map": "SkillLevelCertificate_1X",
        "name": "林晓雨",
        "idNumber": "0027",
        "certName": "工业机器人操作与运维",
        "certCode": code,
        "stdVersion": "2.0",
        "level": level,
        "examDate": "2026-05-20",
        "theory": "86",
        "practice": "91",
        "conclusion": "合格",
        "certNo": f"YL1X-2026-{serial:07}",
        "awardDate": "2026-05-25",
    }
    return NewRow(
        line=serial + 1,
        pile="ready",
        fields=fields,
        number=fields["certNo"],
        person_key=f"person-{code}-{serial}",
        content_digest=(9000 + serial).to_bytes(32, "big"),
        holder_key=holder,
    )


def graduate_row(serial: int, *, holder: str) -> NewRow:
    """Return a ready row of a graduate whose document is known."""
    return replace(new_row(serial), holder_key=holder)


class Counter:
    """A college that issued a graduate two certificates, in two batches."""

    def __init__(self, college: College) -> None:
        college.register(GRADUATION, SKILL)
        self.college = college
        self.school_batch = college.issue(graduate_row(1, holder="lin"), graduate_row(2, holder="wang"))
        self.skill_batch = college.issue(skill_row(1, holder="lin"), credential_type=SKILL)
        self.school, self.skill = self.record(self.school_batch), self.record(self.skill_batch)
        self.app = create_app(college.environ, parts=college.parts, clock=lambda: college.now)
        self.http = self.app.test_client()

    def record(self, batch_id: str) -> records.Record:
        return next(
            one for one in records.search(self.college.db, batch_id=batch_id) if one.number.endswith("1")
        )

    def mint(self, slip_id: str) -> offers.MintedOffer:
        return offers.mint_for(self.college.db, self.college.parts, slip_id=slip_id, now=self.college.now)

    def offer(self, slip: dict[str, Any]) -> dict[str, Any]:
        uri = self.mint(slip["slip_id"]).uri
        return self.http.get(f"/offers/{uri.rpartition('/')[2]}").json

    def token(self, slip: dict[str, Any], **more: str) -> dict[str, Any]:
        code = self.offer(slip)["grants"][PRE_AUTHORIZED]["pre-authorized_code"]
        form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code, "tx_code": slip["pin"], **more}
        answer = self.http.post("/oauth/token", data=form)
        assert answer.status_code == 200, answer.json
        return answer.json

    def claim(self, token: dict[str, Any], wallet: WalletKey | None = None, **asked: str) -> Any:
        nonce = self.http.post("/oauth/nonce").json["c_nonce"]
        proof = (wallet or WalletKey()).proof(nonce=nonce, now=self.college.now)
        return self.http.post(
            "/oauth/credential",
            json={**asked, "proofs": {"jwt": [proof]}},
            headers={"Authorization": f"Bearer {token['access_token']}"},
        )

    def claim_type(self, token: dict[str, Any], name: str, wallet: WalletKey | None = None) -> Any:
        return self.claim(token, wallet, credential_configuration_id=f"{name}_ldp_vc")

    def slips(self, batch_id: str) -> list[printing.SlipSheet]:
        db, parts, now = self.college.db, self.college.parts, self.college.now
        return printing.slips(db, parts, batch_id=batch_id, actor=MAKER, now=now)

    def state(self, record: records.Record) -> str:
        found = records.slip(self.college.db, record.id, now=self.college.now)
        assert found is not None
        return found.state


@pytest.fixture
def counter(unregistered: College) -> Counter:
    return Counter(unregistered)


@pytest.mark.row("S57")
def test_one_offer_names_both_certificates_and_one_pin_opens_it(counter: Counter):
    slip = counter.college.slip(counter.school.id)
    offer = counter.offer(slip)
    assert offer["credential_configuration_ids"] == [f"{GRADUATION}_ldp_vc", f"{SKILL}_ldp_vc"]
    assert offer["grants"][PRE_AUTHORIZED]["tx_code"]["length"] == 6


@pytest.mark.row("S57")
def test_both_certificates_are_claimed_with_one_token(counter: Counter):
    token = counter.token(counter.college.slip(counter.school.id))
    school, skill = (counter.claim_type(token, name) for name in (GRADUATION, SKILL))
    assert school.json["credentials"][0]["credential"]["id"] == f"urn:uuid:{counter.school.id}"
    assert skill.json["credentials"][0]["credential"]["id"] == f"urn:uuid:{counter.skill.id}"
    assert school.json["notification_id"] != skill.json["notification_id"]
    assert (counter.state(counter.school), counter.state(counter.skill)) == ("used", "used")


def test_slip_that_opened_everything_is_used(counter: Counter):
    slip = counter.college.slip(counter.school.id)
    token = counter.token(slip)
    counter.claim_type(token, GRADUATION)
    counter.mint(slip["slip_id"])
    counter.claim_type(token, SKILL)
    with pytest.raises(SlipUsedError):
        counter.mint(slip["slip_id"])


def test_interrupted_claim_goes_on_with_what_is_left(counter: Counter):
    slip = counter.college.slip(counter.school.id)
    counter.claim_type(counter.token(slip), GRADUATION)
    assert counter.offer(slip)["credential_configuration_ids"] == [f"{SKILL}_ldp_vc"]
    assert counter.claim_type(counter.token(slip), SKILL).status_code == 200


def test_other_token_of_the_slip_ends_with_the_first_claim(counter: Counter):
    slip = counter.college.slip(counter.school.id)
    first, second = counter.token(slip), counter.token(slip)
    counter.claim_type(first, GRADUATION)
    assert counter.claim_type(second, SKILL, WalletKey("other")).status_code == 401


def test_repeat_with_the_same_key_gives_the_same_form_of_each(counter: Counter):
    token = counter.token(counter.college.slip(counter.school.id))
    first = counter.claim_type(token, GRADUATION).json
    counter.claim_type(token, SKILL)
    assert counter.claim_type(token, GRADUATION).json == first
    refused = counter.claim_type(token, GRADUATION, WalletKey("other"))
    assert refused.json["error"] == "credential_request_denied"


def test_two_certificates_of_one_kind_are_told_apart_by_identifiers(counter: Counter):
    higher = skill_row(2, holder="lin", level="高级", code="IROM-3")
    counter.college.issue(higher, credential_type=SKILL)
    slip = counter.college.slip(counter.school.id)
    assert counter.offer(slip)["credential_configuration_ids"] == [f"{GRADUATION}_ldp_vc", f"{SKILL}_ldp_vc"]
    token = counter.token(slip)
    details = {each["credential_configuration_id"]: each for each in token["authorization_details"]}
    named = details[f"{SKILL}_ldp_vc"]["credential_identifiers"]
    ids = {
        counter.claim(token, credential_identifier=name).json["credentials"][0]["credential"]["id"]
        for name in named
    }
    assert len(ids) == 2
    assert counter.claim_type(token, SKILL).json["error"] == "invalid_credential_request"


def test_wallet_that_asks_for_one_kind_gets_no_other(counter: Counter):
    slip = counter.college.slip(counter.school.id)
    asked = f'[{{"type": "{DETAILS_TYPE}", "credential_configuration_id": "{SKILL}_ldp_vc"}}]'
    token = counter.token(slip, authorization_details=asked)
    assert [each["credential_configuration_id"] for each in token["authorization_details"]] == [
        f"{SKILL}_ldp_vc"
    ]


def test_certificate_of_a_later_batch_is_on_the_slip_that_is_open(counter: Counter):
    slip = counter.college.slip(counter.school.id)
    counter.college.issue(skill_row(3, holder="lin", level="高级", code="IROM-3"), credential_type=SKILL)
    assert len(counter.mint(slip["slip_id"]).credential_types) == 3


def test_people_do_not_share_a_slip_nor_do_rows_without_a_document(counter: Counter):
    counter.college.issue(replace(new_row(5), holder_key=""), replace(new_row(6), holder_key=""))
    wang = records.search(counter.college.db, text="0002")[0]
    assert counter.mint(counter.college.slip(wang.id)["slip_id"]).credential_types == (GRADUATION,)
    unknown = records.search(counter.college.db, text="0005")[0]
    assert counter.mint(counter.college.slip(unknown.id)["slip_id"]).credential_types == (GRADUATION,)


def test_one_slip_for_each_person_is_printed_over_batches(counter: Counter):
    sheets = counter.slips(counter.school_batch)
    lin = next(sheet for sheet in sheets if sheet.record.id == counter.school.id)
    assert [record.id for record in lin.opened] == [counter.school.id, counter.skill.id]
    assert len(sheets) == 2
    assert counter.slips(counter.skill_batch) == []
    assert printing.on_other_slips(counter.college.db, counter.skill_batch) == 1


def test_two_certificates_in_one_batch_make_one_slip(counter: Counter):
    batch = counter.college.issue(
        skill_row(7, holder="zhou"),
        skill_row(8, holder="zhou", level="高级", code="IROM-3"),
        credential_type=SKILL,
    )
    (sheet,) = counter.slips(batch)
    assert len(sheet.opened) == 2


def test_person_whose_slip_is_used_gets_one_for_what_comes_later(counter: Counter):
    token = counter.token(counter.college.slip(counter.school.id))
    for name in (GRADUATION, SKILL):
        counter.claim_type(token, name)
    later = counter.college.issue(
        skill_row(9, holder="lin", level="高级", code="IROM-3"), credential_type=SKILL
    )
    (sheet,) = counter.slips(later)
    assert [record.number for record in sheet.opened] == ["YL1X-2026-0000009"]


def test_reissuing_for_one_certificate_voids_the_slip_that_opened_it(counter: Counter):
    slip = counter.college.slip(counter.school.id)
    token = counter.token(slip)
    again = counter.college.two("reissue-slip", counter.skill.id)
    assert again.error is None
    with pytest.raises(SlipVoidError):
        counter.mint(slip["slip_id"])
    assert counter.claim_type(token, SKILL).status_code == 401
    assert set(counter.mint(again.result["slip_id"]).credential_types) == {GRADUATION, SKILL}


def test_reissued_slip_opens_its_certificate_again_though_it_was_claimed(counter: Counter):
    slip = counter.college.slip(counter.school.id)
    token = counter.token(slip)
    counter.claim_type(token, GRADUATION)
    again = counter.college.two("reissue-slip", counter.school.id).result
    assert set(counter.mint(again["slip_id"]).credential_types) == {GRADUATION, SKILL}


def test_claim_closes_the_certificate_on_every_slip_of_the_person(counter: Counter):
    first, second = counter.college.slip(counter.school.id), counter.college.slip(counter.skill.id)
    token = counter.token(first)
    for name in (GRADUATION, SKILL):
        counter.claim_type(token, name)
    with pytest.raises(SlipUsedError):
        counter.mint(second["slip_id"])


def test_token_of_another_slip_cannot_claim_what_was_claimed(counter: Counter):
    first, second = counter.college.slip(counter.school.id), counter.college.slip(counter.skill.id)
    late = counter.token(second)
    counter.claim_type(counter.token(first), GRADUATION)
    refused = counter.claim_type(late, GRADUATION, WalletKey("other"))
    assert refused.json["error"] == "credential_request_denied"


def test_locked_slip_opens_nothing_through_another_one(counter: Counter):
    first = counter.college.slip(counter.school.id)
    for _ in range(offers.MOST_WRONG_PINS):
        code = counter.offer(first)["grants"][PRE_AUTHORIZED]["pre-authorized_code"]
        wrong = f"{(int(first['pin']) + 1) % 10**6:06}"
        counter.http.post(
            "/oauth/token",
            data={"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code, "tx_code": wrong},
        )
    assert counter.state(counter.school) == "locked"
    second = counter.college.slip(counter.skill.id)
    assert counter.mint(second["slip_id"]).credential_types == (SKILL,)


def test_revoking_one_certificate_leaves_the_slip_for_the_other(counter: Counter):
    slip = counter.college.slip(counter.school.id)
    with transaction(counter.college.db):
        revocation.revoke(
            counter.college.db, record_id=counter.school.id, reason="机构撤销", now=counter.college.now
        )
    assert counter.mint(slip["slip_id"]).credential_types == (SKILL,)


def test_offer_for_a_proved_certificate_opens_that_one_only(counter: Counter):
    db, parts, now = counter.college.db, counter.college.parts, counter.college.now
    counter.college.slip(counter.school.id)
    minted = offers.mint_direct(db, parts, record_id=counter.school.id, now=now)
    offer = counter.http.get(f"/offers/{minted.uri.rpartition('/')[2]}").json
    assert offer["credential_configuration_ids"] == [f"{GRADUATION}_ldp_vc"]


def test_slip_of_a_direct_offer_keeps_no_slip_from_being_printed(counter: Counter):
    db, parts, now = counter.college.db, counter.college.parts, counter.college.now
    offers.mint_direct(db, parts, record_id=counter.skill.id, now=now)
    assert any(sheet.record.id == counter.school.id for sheet in counter.slips(counter.school_batch))


@pytest.mark.row("S57")
def test_landing_page_lists_what_the_slip_opens(counter: Counter):
    slip = counter.college.slip(counter.school.id)
    code = slip["link"].partition("#")[2]
    with counter.app.test_client() as http:
        token = http.get("/O").text.split('name="csrf_token" value="')[1].split('"')[0]
        page = http.post("/O", data={"claim_code": code, "csrf_token": token}).text
    assert "2 份证书" in page
    assert "学历证书" in page
    assert "职业技能等级证书" in page


def test_wallet_is_told_of_every_certificate_by_name(counter: Counter):
    slip = counter.college.slip(counter.school.id)
    answer = counter.http.post("/claims/offers", json={"claim_code": slip["link"].partition("#")[2]})
    assert [each["type"] for each in answer.json["credentials"]] == [GRADUATION, SKILL]


def test_holder_is_recognised_by_the_document_whatever_the_certificate(counter: Counter, shared_data: Path):
    sample = shared_data / "samples" / "clean_graduates_2026_utf8bom.csv"
    found = check(
        sample.read_bytes(),
        filename=sample.name,
        credential_type=GRADUATION,
        institution=ImportInstitution(name="云岭示范职业技术学院", code="99901"),
        today=date(2026, 11, 21),
    )
    rows = batches.new_rows(counter.college.parts, found)
    assert all(row.holder_key and row.holder_key != row.person_key for row in rows)
    assert len({row.holder_key for row in rows}) == len(rows)


@pytest.mark.case("VCI-025")
def test_identifier_of_another_persons_certificate_is_unknown_to_a_token(counter: Counter):
    counter.college.issue(skill_row(11, holder="wang"), credential_type=SKILL)
    asked = f'[{{"type": "{DETAILS_TYPE}", "credential_configuration_id": "{SKILL}_ldp_vc"}}]'
    wang = records.search(counter.college.db, text="0002")[0]
    theirs = counter.token(counter.college.slip(wang.id), authorization_details=asked)
    named = theirs["authorization_details"][0]["credential_identifiers"][0]
    own = counter.token(counter.college.slip(counter.school.id), authorization_details=asked)
    refused = counter.claim(own, credential_identifier=named)
    assert refused.json["error"] == "unknown_credential_identifier"


def test_one_officer_makes_no_further_slip_for_what_was_claimed_through_another(counter: Counter):
    token = counter.token(counter.college.slip(counter.school.id))
    for name in (GRADUATION, SKILL):
        counter.claim_type(token, name)
    with pytest.raises(ConflictError):
        counter.college.slip(counter.skill.id)
    assert counter.college.two("reissue-slip", counter.skill.id).error is None


def test_no_direct_offer_of_what_was_claimed_through_another_slip(counter: Counter):
    token = counter.token(counter.college.slip(counter.school.id))
    counter.claim_type(token, SKILL)
    db, parts, now = counter.college.db, counter.college.parts, counter.college.now
    with pytest.raises(SlipUsedError):
        offers.mint_direct(db, parts, record_id=counter.skill.id, now=now)
