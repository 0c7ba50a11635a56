"""Who recognises a certificate, as what and since when: on the page, in the API, and in the filed report."""

import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from crypto import jcs
from tests.verifier.agreed import (
    BODY,
    EMPLOYER,
    MINISTRY,
    NAMES,
    agree,
    between_bodies,
    skill,
    with_bank,
)
from tests.verifier.conftest import DID, INDEX, World
from tests.verifier.paper import PaperWorld
from vc import dates
from verifier import recognising, report
from verifier.answering import Answer
from verifier.recognition_report import Verifier, recognition_report
from verifier.verdicts import Outcome, Step, Verdict

HTML = {"Accept": "text/html"}
VERIFIER = Verifier(origin="https://v.consortium.example", chain_id="vocred-test")


@pytest.fixture
def paper(world: World) -> PaperWorld:
    return PaperWorld(world)


@pytest.fixture
def client(paper: PaperWorld, tmp_path: Path) -> FlaskClient:
    return paper.app(tmp_path).test_client()


def _stored(paper: PaperWorld, form: dict) -> dict:
    """Put a form's receipt into the issuer's store, as anchoring does."""
    paper.print(form)
    return form


def _shown(client: FlaskClient, form: dict, *, query: str = "lang=zh-CN") -> str:
    return client.post(f"/verify?{query}", data={"entry": json.dumps(form)}, headers=HTML).text


# What is said, and since when


@pytest.mark.row("S58")
def test_the_report_names_who_asks_for_no_second_test_by_which_agreement_and_since_when(world):
    agree(world, between_bodies())
    verification = world.verify(world.issue())
    assert verification.check(Step.RECOGNITION).outcome is Outcome.PASSED
    written = report.one(verification)
    line = written["recognition"][0]
    assert (line["kind"], line["party"], line["rule"]) == ("noSecondTest", BODY, "R1")
    assert line["agreement"] == "urn:vocred:agreement:HM-2026-0001#1"
    assert line["agreementDigest"] == jcs.digest(between_bodies()).hex()
    # The members put it in force after its own first day, so that is when it began.
    assert line["since"] == "2026-03-05T09:00:00+08:00"
    assert written["noSecondTest"]["en"] == (
        "Accepted without a second test by: Mingjiang Skills, Xingheng Equipment"
    )


@pytest.mark.row("S58")
def test_a_waiver_of_theory_alone_is_no_waiver_of_the_test(world):
    rule = {"id": "R1", "kind": "免于重复认证", "by": [BODY], "scope": "理论"}
    agree(world, between_bodies(rules=[rule]))
    verification = world.verify(world.issue())
    assert [line.kind for line in verification.recognition] == ["partOfTest"]
    assert "noSecondTest" not in report.one(verification)


def test_credit_is_said_to_be_open_to_application_and_nothing_more(world):
    agree(world, with_bank())
    (line,) = (one for one in world.verify(world.issue()).recognition if one.kind == "credit")
    assert (line.result.outcome, line.result.credits) == ("conditional", 8)
    written = report.one(world.verify(world.issue()))["recognition"]
    assert [one["unit"] for one in written if one["kind"] == "credit"] == ["学分（16学时/学分）"]


def test_what_spares_a_test_stands_before_what_may_be_applied_for(world):
    agree(world, with_bank(), between_bodies())
    kinds = [line.kind for line in world.verify(world.issue()).recognition]
    assert kinds == sorted(kinds, key=list(recognising._ORDER).index)
    assert kinds[0] == "noSecondTest"


def test_an_expired_certificate_is_recognised_by_nobody(world):
    agree(world, between_bodies())
    unsigned = world.unsigned()
    unsigned["validUntil"] = "2026-11-01T00:00:00+08:00"
    form = world.sign(unsigned)
    world.anchor(form)
    verification = world.verify(form)
    assert (verification.verdict, verification.recognition) == (Verdict.NOTE, ())


@pytest.mark.row("S48")
def test_a_certificate_without_its_countersignature_is_recognised_by_nobody(world):
    agree(world, between_bodies())
    unsigned = world.unsigned()
    unsigned["credentialSubject"]["requiredEndorser"] = [EMPLOYER]
    form = world.sign(unsigned)
    world.anchor(form)
    assert world.verify(form).recognition == ()


def test_an_agreement_that_was_ended_recognises_nothing(world):
    agree(world, between_bodies(), ended="2026-11-20T06:03:00Z")
    verification = world.verify(world.issue())
    assert verification.recognition == ()
    assert verification.check(Step.RECOGNITION).code == "NO_AGREEMENT"


# Who let the issuer issue


@pytest.mark.row("S62")
def test_the_report_names_who_accredited_the_issuer_and_since_when(world):
    world.called = NAMES
    issuer = report.one(world.verify(world.issue()))["issuer"]
    assert issuer["accreditedBy"] == {
        "id": MINISTRY,
        "name": {"zh-CN": "云岭省教育厅", "en": "Yunling Department of Education"},
    }
    assert issuer["since"].startswith("2025-03-01")


@pytest.mark.row("S62")
def test_the_page_says_who_accredited_the_issuer_and_since_when(world, paper, client):
    world.called = NAMES
    page = _shown(client, _stored(paper, world.issue()))
    assert "由云岭省教育厅准许签发" in page
    assert "自 2025-03-01 起" in page


def test_an_accreditor_whom_nobody_names_is_called_by_its_did(world, paper, client):
    assert MINISTRY in _shown(client, _stored(paper, world.issue()))


# The page


@pytest.mark.row("S58")
def test_the_line_about_second_tests_says_what_for_where_the_agreement_limits_it(world, paper, client):
    purpose = {"zh-CN": "入职技能核验", "en": "skill check at hiring"}
    limited = {"id": "R1", "kind": "免于重复认证", "by": [BODY], "purpose": purpose}
    agree(world, between_bodies(rules=[limited, {"id": "R2", "kind": "免于重复认证", "by": [EMPLOYER]}]))
    page = _shown(client, _stored(paper, world.issue()))
    assert "无需重复认证：明匠职业技能评价中心（入职技能核验）、星衡智能装备有限公司" in page


@pytest.mark.row("S58")
def test_the_page_leads_from_no_second_test_to_the_agreement(world, paper, client):
    agree(world, between_bodies(), with_bank())
    page = _shown(client, _stored(paper, world.issue()))
    assert "以下单位已承认，无需重复认证：明匠职业技能评价中心、星衡智能装备有限公司" in page
    assert 'href="/agreements/urn:vocred:agreement:HM-2026-0001"' in page
    assert "第 1 版，自 2026-03-05 起生效" in page
    assert "可申请" in page


def test_the_english_page_has_the_sentences_of_recognition_in_english(world, paper, client):
    agree(world, between_bodies(), with_bank())
    page = _shown(client, _stored(paper, world.issue()), query="lang=en")
    assert "Accepted without a second test by: Mingjiang Skills, Xingheng Equipment" in page
    assert "may apply" in page


def test_beside_do_not_rely_on_this_nobody_is_said_to_recognise_anything(world, paper, client):
    agree(world, between_bodies())
    form = world.issue()
    form["credentialSubject"]["name"] = "别人"
    assert "无需重复认证" not in _shown(client, form)


# A newer one


def test_a_corrected_certificate_says_so_and_asks_for_the_newer_one(world, paper, client):
    newer = "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a00aa"
    world.publish(revoked=[INDEX])
    world.notify("revoked", reason="录入错误更正", replacement=newer)
    form = world.issue()
    written = report.one(world.verify(form))
    assert written["title"]["zh-CN"] == "已由发证机构更正"
    assert written["reason"]["code"] == "CORRECTED"
    assert written["revocation"]["replacement"] == newer
    page = _shown(client, form)
    assert "录入错误更正" in page
    assert "请持有人出示新的一份" in page


# The report that a body files


@pytest.mark.row("S58")
def test_a_filed_report_stands_for_itself(world):
    agree(world, between_bodies())
    form = world.issue()
    filed = recognition_report(Answer("document", (world.verify(form),)), verifier=VERIFIER)
    assert (filed["type"], filed["verdict"], filed["conclusion"]["code"]) == (
        "RecognitionReport",
        "valid",
        "recognised",
    )
    assert filed["credentialDigest"] == jcs.digest(form).hex()
    assert filed["ledger"]["chainId"] == "vocred-test"
    assert filed["recognition"][0]["ledger"]["size"] == world.size
    assert filed["recognition"][0]["until"]
    assert len(filed["checks"]) == 11
    assert dates.parse(filed["checkedAt"])


def test_a_filed_report_of_a_revoked_certificate_says_that_nothing_was_considered(world):
    agree(world, between_bodies())
    world.publish(revoked=[INDEX])
    filed = recognition_report(Answer("document", (world.verify(world.issue()),)), verifier=VERIFIER)
    assert (filed["verdict"], filed["conclusion"]["code"], filed["recognition"]) == (
        "revoked",
        "notConsidered",
        [],
    )


def test_a_filed_report_says_that_nobody_recognises_it_only_after_reading_the_agreements(world):
    agree(world, between_bodies(accepts={**between_bodies()["accepts"], "humanCode": ["999999"]}))
    form = world.issue()
    assert _concluded(world, form) == "none"
    world.down.add("recognitions")
    assert _concluded(world, form) == "unavailable"


def test_a_filed_report_of_an_expired_certificate_says_that_agreements_were_not_considered(world):
    agree(world, between_bodies())
    assert _concluded(world, _expired(world)) == "notConsidered"


def _concluded(world: World, form: dict) -> str:
    answer = Answer("document", (world.verify(form),))
    return recognition_report(answer, verifier=VERIFIER)["conclusion"]["code"]


def test_a_filed_report_is_masked_as_the_page_is(world, paper, client):
    code = paper.print(world.issue()).text
    masked = client.post("/api/recognition-report", json={"code": code}).get_json()
    assert (masked["masked"], masked["credential"]["maskedName"]) == (True, "林＊＊")
    assert "林晓雨" not in json.dumps(masked, ensure_ascii=False)
    whole = client.post("/api/recognition-report", json={"code": code, "name": "林晓雨"}).get_json()
    assert (whole["masked"], whole["credential"]["name"]) == (False, "林晓雨")


@pytest.mark.parametrize("body", ["{}", '{"code": 7}', "[]", "{"])
def test_what_cannot_be_reported_on_is_refused(client, body):
    answer = client.post("/api/recognition-report", data=body, content_type="application/json")
    assert 400 <= answer.status_code < 500


@pytest.mark.row("S58")
def test_the_report_is_printed_from_the_result_page_without_script(world, paper, client):
    agree(world, between_bodies())
    form = _stored(paper, world.issue())
    page = _shown(client, form)
    assert 'action="/verify?view=report"' in page
    printed = _shown(client, form, query="view=report")
    assert "证书互认报告" in printed
    assert jcs.digest(between_bodies()).hex() in printed
    assert "采信单位（盖章）" in printed


def test_the_printed_report_of_an_expired_certificate_says_that_nothing_was_considered(world, paper, client):
    agree(world, between_bodies())
    assert "没有生效的协议承认它" in _shown(client, _stored(paper, skill(world)), query="view=report")
    printed = _shown(client, _stored(paper, _expired(world)), query="view=report")
    assert "证书不在有效期内，或需要的会签不齐全，未考虑互认" in printed
    assert "没有生效的协议承认它" not in printed


def _expired(world: World) -> dict:
    unsigned = world.unsigned()
    unsigned["validUntil"] = "2026-11-01T00:00:00+08:00"
    form = world.sign(unsigned)
    world.anchor(form)
    return form


def test_a_masked_paper_has_no_report_to_print(world, paper, client):
    code = paper.print(world.issue()).text
    assert "打印互认报告" not in client.post("/verify", data={"entry": code}, headers=HTML).text
    printed = client.post("/verify?view=report", data={"entry": code}, headers=HTML).text
    assert "证书互认报告" not in printed
    named = client.post("/verify?view=report", data={"entry": code, "name": "林晓雨"}, headers=HTML).text
    assert "证书互认报告" in named


def test_the_english_report_has_no_chinese_but_what_a_certificate_and_an_agreement_say(world, paper, client):
    agree(world, between_bodies())
    page = _shown(client, _stored(paper, world.issue()), query="view=report&lang=en")
    main = page.split("<main")[1].split("</main")[0]
    left = re.sub(r'<(\w+)[^>]* lang="zh-CN"[^>]*>.*?</\1>', "", main, flags=re.DOTALL)
    left = re.sub(r"<textarea.*?</textarea>", "", left, flags=re.DOTALL)
    assert not re.search("[一-鿿]", left), re.search("[^<>]*[一-鿿][^<>]*", left)


# Dual certificates


@pytest.mark.row("S53", "S57")
def test_a_school_and_a_skill_certificate_stand_side_by_side_under_one_verdict(world, paper, client):
    forms = [_stored(paper, form) for form in (world.issue(), skill(world))]
    link = f"{paper.url}{paper.share(*forms)}"
    page = client.post("/verify", data={"entry": link}, headers=HTML).text
    assert page.count("<h1") == 1
    assert 'class="dual"' in page
    assert page.index("学历证书与技能证书") < page.index(
        "高等职业教育专科毕业证书（工业机器人技术）", page.index("result-head")
    )
    assert "两类证书上的姓名一致" in page


@pytest.mark.row("S53")
def test_of_two_certificates_the_worst_decides_and_stands_first(world, paper, client):
    school, other = (_stored(paper, form) for form in (world.issue(), skill(world)))
    world.publish(revoked=[INDEX + 1])
    link = f"{paper.url}{paper.share(school, other)}"
    page = client.post("/verify", data={"entry": link}, headers=HTML).text
    assert re.search(r'class="verdict verdict-(\w+)"', page)[1] == "revoked"
    first = page.index("result-head")
    assert page.index("chip-revoked", first) < page.index("chip-valid", first)


@pytest.mark.row("S53", "S57")
def test_the_api_says_which_certificates_belong_together(world):
    found = (world.verify(world.issue()), world.verify(skill(world)))
    written = report.report(Answer("presentation", found))
    assert written["dual"] == {"education": [0], "skill": [1], "sameName": True}
    assert (written["verdict"], written["title"]["en"]) == ("valid", "Valid")


@pytest.mark.row("S53")
def test_certificates_of_two_people_are_not_said_to_be_one_persons(world):
    found = (world.verify(world.issue()), world.verify(skill(world, name="周明远")))
    assert report.report(Answer("presentation", found))["dual"]["sameName"] is False


def test_two_certificates_of_one_track_are_no_pair(world):
    found = (world.verify(skill(world)), world.verify(skill(world)))
    assert "dual" not in report.report(Answer("presentation", found))


def test_whose_certificates_they_are_is_read_from_the_digits_as_well(world):
    found = (world.verify(world.issue()), world.verify(skill(world, idNumber="990101200503140035")))
    assert report.report(Answer("presentation", found))["dual"]["sameName"] is False


def test_the_issuers_own_did_is_the_colleges(world):
    assert world.verify(world.issue()).issuer.did == DID
