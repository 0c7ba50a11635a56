"""A registrar's row becomes a credential that states what the paper states, and nothing more."""

import json

import pytest

from schemas.building import Institution, build_credential
from schemas.errors import RecordIncompleteError

COLLEGE = Institution(
    did="did:web:yunling.edu.example", name="云岭示范职业技术学院", institution_code="99901"
)
BODY = Institution(did="did:web:huaheng.example", name="华衡职业技能评价中心（虚构）")
ENTRY = {
    "id": "urn:uuid:6f1b8a52-3f4e-4a53-9d13-7f3f0d7d0001",
    "type": "BitstringStatusListEntry",
    "statusPurpose": "revocation",
    "statusListIndex": "7",
    "statusListCredential": "https://yunling.edu.example/status/1",
}
GRADUATE = {
    "type": "GraduationCertificate",
    "map": "GraduationCertificate",
    "name": "林晓雨",
    "nameEn": "Lin Xiaoyu",
    "gender": "女",
    "birthDate": "2005-03-14",
    "idNumber": "990101200503140027",
    "majorCode": "460305",
    "majorName": "工业机器人技术",
    "level": "专科（高职）",
    "years": "3",
    "mode": "普通全日制",
    "enrol": "2023-09-01",
    "grad": "2026-06-30",
    "conclusion": "毕业",
    "certNo": "999011202606000123",
}
CANDIDATE = {
    "type": "SkillLevelCertificate",
    "map": "SkillLevelCertificate_1X",
    "name": "林晓雨",
    "idType": "居民身份证",
    "idNumber": "990101200503140027",
    "certName": "工业机器人操作与运维",
    "certCode": "IROM-2",
    "stdVersion": "2.0",
    "level": "中级",
    "site": "云岭示范职业技术学院考核站点",
    "examDate": "2026-04-26",
    "theory": "86",
    "practice": "91",
    "conclusion": "合格",
    "certNo": "HH1X-2026-2-0000457",
    "awardDate": "2026-05-20",
}
CERTIFIED = {
    "type": "SkillLevelCertificate",
    "map": "SkillLevelCertificate_Vendor",
    "name": "史文",
    "idNumber": "990101200411151944",
    "certName": "星衡机器人调试认证",
    "certCode": "XH-RC-2",
    "stdVersion": "2026.1",
    "level": "中级工程师",
    "examDate": "2026-06-12",
    "score": "66",
    "conclusion": "合格",
    "certNo": "XH-RC-2026-00001",
    "awardDate": "2026-06-20",
    "validUntil": "2029-06-19",
}


def build(record, *, issuer=COLLEGE, holder=None):
    return build_credential(
        record,
        issuer=issuer,
        credential_id="urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0001",
        status_entry=ENTRY,
        holder=holder,
    )


@pytest.mark.parametrize("record", [GRADUATE, CANDIDATE, CERTIFIED], ids=lambda record: record["map"])
def test_of_an_identity_number_only_the_last_four_characters_enter(record):
    text = json.dumps(build(record), ensure_ascii=False)
    assert record["idNumber"] not in text
    assert record["idNumber"][:14] not in text
    assert build(record)["credentialSubject"]["idNumberTail"] == record["idNumber"][-4:]


def test_the_paper_form_is_bound_to_no_key():
    subject = build(GRADUATE)["credentialSubject"]
    assert "id" not in subject
    assert subject["identifier"][0]["identityHash"] == "林晓雨"


def test_the_holder_bound_form_states_the_same_facts_and_names_the_holder():
    paper = build(GRADUATE)
    bound = build(GRADUATE, holder="did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK")
    assert bound["credentialSubject"].pop("id").startswith("did:key:")
    assert bound == paper


def test_a_graduation_certificate_states_level_and_conclusion():
    credential = build(GRADUATE)
    achievement = credential["credentialSubject"]["achievement"]
    assert credential["name"] == "高等职业教育专科毕业证书"
    assert (achievement["levelCode"], achievement["achievementType"]) == ("CN-EDU-06", "Diploma")
    assert credential["awardedDate"] == "2026-06-30T00:00:00+08:00"


@pytest.mark.parametrize(
    ("record", "issuer", "expected"),
    [
        (GRADUATE, COLLEGE, "https://yunling.edu.example/achievements/460305/CN-EDU-06"),
        (CANDIDATE, BODY, "https://huaheng.example/achievements/IROM-2/2.0/1X-2"),
        (CERTIFIED, BODY, "https://huaheng.example/achievements/XH-RC-2/2026.1/VENDOR"),
    ],
)
def test_an_achievement_is_named_by_code_edition_and_level(record, issuer, expected):
    assert build(record, issuer=issuer)["credentialSubject"]["achievement"]["id"] == expected


def test_a_certificate_of_completion_is_not_called_a_diploma():
    credential = build({**GRADUATE, "conclusion": "结业"})
    assert credential["name"] == "高等职业教育专科结业证书"
    assert credential["credentialSubject"]["achievement"]["achievementType"] == "Certificate"


def test_marks_that_a_row_does_not_give_are_not_invented():
    subject = build({**CANDIDATE, "theory": ""}, issuer=BODY)["credentialSubject"]
    assert [result["value"] for result in subject["result"]] == ["91", "合格"]


def test_an_enterprise_keeps_its_own_word_for_the_level():
    achievement = build(CERTIFIED)["credentialSubject"]["achievement"]
    assert achievement["levelCode"] == "VENDOR"
    assert achievement["specialization"] == "中级工程师"


def test_the_last_day_of_validity_counts_whole():
    assert build(CERTIFIED)["validUntil"] == "2029-06-19T23:59:59+08:00"


def test_a_missing_required_value_names_its_column():
    with pytest.raises(RecordIncompleteError, match="majorCode"):
        build({**GRADUATE, "majorCode": ""})


def test_a_level_outside_the_list_is_refused():
    with pytest.raises(RecordIncompleteError, match="level"):
        build({**CANDIDATE, "level": "三级"})


def test_a_port_in_the_did_stays_a_port_in_the_address():
    assert (
        Institution(did="did:web:localhost%3A8701:college", name="x").url == "https://localhost:8701/college"
    )
