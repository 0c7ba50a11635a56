"""Records of the newer types become credentials that the published schemas and ours accept."""

import json

import pytest

from schemas.building import Institution, build_credential
from schemas.catalogue import CATALOGUE
from schemas.errors import RecordIncompleteError
from vc import documents, jsonld, status, structure
from vc.credentials import facts

COLLEGE = Institution("did:web:yunling.edu.example", "云岭示范职业技术学院（虚构）", "99901")
ASSOCIATION = Institution("did:web:yl-robotics.example", "云岭省机器人行业协会（虚构）")
BANK = Institution("did:web:creditbank.yunling.example", "云岭终身学习学分银行（虚构）")
ENTERPRISE = Institution("did:web:xingheng.example", "星衡智能装备有限公司（虚构）")
HOLDER = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
CREDENTIAL_ID = "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0301"
ENTRY = status.entry(
    list_url="https://issuer.example/status/1",
    index=4021,
    entry_id="urn:uuid:6f1b8a52-3f4e-4a53-9d13-7f3f0d7d0001",
)
PERSON = {"name": "林晓雨", "nameEn": "Lin Xiaoyu", "idNumber": "990101200503140027"}
RECORDS = {
    "MicroCredential": (
        ASSOCIATION,
        PERSON
        | {
            "certName": "机器视觉引导抓取微证书",
            "certNameEn": "Vision-guided Picking (micro-credential)",
            "certCode": "VGP-1",
            "stdVersion": "1",
            "outcome": "能完成2D视觉标定、抓取定位与节拍优化。",
            "learningHours": "24",
            "practiceHours": "16",
            "credits": "1.5",
            "assessmentMode": "项目作品+答辩",
            "identityChecked": "是",
            "mode": "线上线下结合",
            "certNo": "YLRA-MC-2026-00310",
            "examDate": "2026-10-10",
            "awardDate": "2026-10-12",
            "validUntil": "2029-10-11",
            "related": "https://huaheng-skills.example/standards/irom/2.0/intermediate",
            "occupation": "6-31-07-03 工业机器人系统操作员",
            "workTask": "T03 视觉引导上下料",
            "jobStandard": "XH-JS-03 机器人调试岗位标准",
            "evidence": "抓取工作站项目视频",
            "evidenceDigest": "uEiDUh7YRNABPHKvhZqzXUa4oaXuAlGW40lZPexq7RQa6fg",
        },
    ),
    "CompetitionAward": (
        ASSOCIATION,
        PERSON
        | {
            "contestName": "2026年云岭省职业院校技能大赛（虚构）",
            "eventName": "机器人系统集成应用技术",
            "eventCode": "GZ032",
            "competitionLevel": "省级",
            "awardRank": "一等奖",
            "role": "参赛选手",
            "teamSize": "2",
            "instructor": "周明远、郑启航",
            "certNo": "YLJS-2026-GZ032-0007",
            "contestDate": "2026-04-12",
            "awardDate": "2026-04-18",
        },
    ),
    "ApprenticeshipRecord": (
        COLLEGE,
        PERSON
        | {
            "certNo": "XTZ-2025-0088",
            "certName": "工业机器人方向",
            "certCode": "APP-IROM-2025",
            "level": "助理工程师",
            "position": "机器人工作站调试岗",
            "enterprise": "星衡智能装备有限公司（虚构）",
            "enterpriseDid": "did:web:xingheng.example",
            "schoolTutor": "周明远",
            "schoolTutorTitle": "副教授",
            "enterpriseTutor": "郑启航",
            "enterpriseTutorTitle": "高级技师",
            "start": "2025-09-01",
            "end": "2026-06-15",
            "theoryHours": "320",
            "practiceHours": "960",
            "schoolMark": "88",
            "enterpriseMark": "92",
            "awardDate": "2026-06-20",
            "workProcess": "WP-2 工作站离线编程与调试",
        },
    ),
    "TeacherTrainingRecord": (
        COLLEGE,
        {
            "name": "周明远",
            "kind": "企业实践",
            "position": "工艺工程师（挂职）",
            "enterprise": "星衡智能装备有限公司（虚构）",
            "enterpriseDid": "did:web:xingheng.example",
            "start": "2026-07-06",
            "end": "2026-08-28",
            "practiceHours": "320",
            "narrative": "参与焊接机器人产线改造，完成离线编程教学案例2个。",
            "certNo": "YLJS-QYSJ-2026-015",
            "awardDate": "2026-09-01",
        },
    ),
    "CreditRecord": (
        BANK,
        {
            "name": "林晓雨",
            "accountNumber": "YLCB-00018842",
            "sourceCredential": "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0002",
            "sourceDigest": "uEiBiFqJ8qRhH-Z44E5c0ZGKJocu6-ZmsqA2uRi4GxsiRiQ",
            "agreement": "urn:vocred:agreement:YL-2026-0012#3",
            "ruleId": "R1",
            "conversionKind": "免修",
            "credits": "8",
            "creditUnit": "学分（16学时/学分）",
            "courseCode": "RB2104",
            "courseName": "工业机器人操作与编程",
            "courseNameEn": "Industrial Robot Operation and Programming",
            "courseUrl": "https://yunling.edu.example/courses/RB2104",
            "college": "did:web:yunling.edu.example",
            "collegeName": "云岭示范职业技术学院（虚构）",
            "grade": "91",
            "awarded": "2026-06-05",
        },
    ),
    "EmployerEvaluation": (
        ENTERPRISE,
        {
            "name": "林晓雨",
            "about": "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0001",
            "post": "机器人调试技术员",
            "employedFrom": "2026-07-06",
            "periodStart": "2026-07-06",
            "periodEnd": "2026-10-31",
            "competence": "5",
            "ethic": "5",
            "overall": "4",
            "adaptationDays": "28",
            "wouldHireAgain": "是",
            "skillGap": "PLC与机器人通信",
            "comment": "岗位适应快，离线编程能力突出。",
            "consent": "urn:uuid:c0a5e17d-0000-4a00-8000-000000000021",
            "awardDate": "2026-11-10",
        },
    ),
    "MemberAccreditation": (
        Institution("did:web:consortium.example", "云岭产教融合联盟（虚构）"),
        {
            "name": "云岭示范职业技术学院（虚构）",
            "memberDid": "did:web:yunling.edu.example",
            "institutionCode": "99901",
            "creditCode": "12990000MB9999013F",
            "role": "院校",
            "mayIssue": "GraduationCertificate、ApprenticeshipRecord",
            "jurisdiction": "CN-YL",
            "awardDate": "2026-01-01",
            "validUntil": "2028-12-31",
        },
    ),
}
DEPOSIT = {"conversionKind": "存入", "courseCode": "", "courseName": "", "college": "", "grade": ""}


def build(name, *, holder=None, endorsements=(), **changes):
    issuer, record = RECORDS[name]
    return build_credential(
        {**record, **changes, "type": name, "map": name},
        issuer=issuer,
        credential_id=CREDENTIAL_ID,
        status_entry=ENTRY,
        holder=holder,
        endorsements=endorsements,
    )


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("holder", [None, HOLDER], ids=["paper", "bound"])
def test_every_record_becomes_a_form_that_all_schemas_accept_and_that_drops_no_term(accept, name, holder):
    credential = build(name, holder=holder)
    accept(credential)
    structure.validate(credential)
    documents.check(credential)
    assert jsonld.canonicalize(credential)


@pytest.mark.parametrize("name", RECORDS)
def test_both_forms_of_a_record_state_the_same(name):
    paper, bound = build(name), build(name, holder=HOLDER)
    if CATALOGUE[name].bindable:
        assert bound["credentialSubject"].pop("id") == HOLDER
    assert bound == paper


@pytest.mark.parametrize("name", RECORDS)
def test_a_form_carries_the_words_and_contexts_of_its_type(name):
    credential, entry = build(name), CATALOGUE[name]
    assert tuple(credential["type"]) == entry.types
    assert tuple(credential["@context"]) == entry.contexts


@pytest.mark.parametrize("name", ["MicroCredential", "CompetitionAward", "ApprenticeshipRecord"])
def test_only_the_end_of_a_document_number_enters(name):
    credential = build(name)
    assert credential["credentialSubject"]["idNumberTail"] == "0027"
    assert "9901012005" not in json.dumps(credential)


@pytest.mark.parametrize("name", ["MicroCredential", "CompetitionAward", "TeacherTrainingRecord"])
def test_a_record_without_a_document_names_none(accept, name):
    credential = build(name, idNumber="")
    assert "idDocumentType" not in credential["credentialSubject"]
    accept(credential)


@pytest.mark.row("S63")
def test_a_micro_credential_states_workload_assessment_identity_and_what_it_stacks_into():
    stated = facts(build("MicroCredential"))
    assert (stated.learning_hours, stated.practice_hours) == (24, 16)
    assert (stated.credits_earned, stated.credits_available) == (1.5, 1.5)
    assert (stated.assessment_mode, stated.identity_checked) == ("项目作品+答辩", True)
    assert stated.related == ("https://huaheng-skills.example/standards/irom/2.0/intermediate",)
    assert stated.achievement_id == "https://yl-robotics.example/achievements/VGP-1/1/MC"


@pytest.mark.parametrize("missing", ["learningHours", "assessmentMode", "identityChecked", "outcome"])
def test_a_micro_credential_without_its_mandatory_elements_is_not_built(missing):
    with pytest.raises(RecordIncompleteError):
        build("MicroCredential", **{missing: ""})


def test_evidence_enters_by_its_digest_alone():
    (evidence,) = build("MicroCredential")["evidence"]
    assert evidence["digestMultibase"] == "uEiDUh7YRNABPHKvhZqzXUa4oaXuAlGW40lZPexq7RQa6fg"
    assert "evidence" not in build("MicroCredential", evidence="")


@pytest.mark.row("S39")
def test_an_achievement_is_aligned_to_occupation_task_work_process_and_job_standard():
    micro = build("MicroCredential")["credentialSubject"]["achievement"]["alignment"]
    apprentice = build("ApprenticeshipRecord")["credentialSubject"]["achievement"]["alignment"]
    assert [(target["targetType"], target["targetCode"]) for target in (*micro, *apprentice)] == [
        ("ext:Occupation", "6-31-07-03"),
        ("ext:WorkTask", "T03"),
        ("ext:JobStandard", "XH-JS-03"),
        ("ext:WorkProcess", "WP-2"),
    ]
    assert micro[0]["targetName"] == "工业机器人系统操作员"


@pytest.mark.row("S80")
def test_an_award_names_one_contestant_level_and_rank():
    stated = facts(build("CompetitionAward"))
    assert (stated.name, stated.competition_level, stated.award_rank) == ("林晓雨", "省级", "一等奖")
    assert (stated.level_code, stated.level_name) == ("COMP-PROV-1", "省级一等奖")
    assert (stated.human_code, stated.instructors) == ("GZ032", ("周明远", "郑启航"))
    assert stated.achievement_id.endswith("/achievements/GZ032/2026/COMP-PROV-1")


@pytest.mark.row("S48")
def test_an_apprenticeship_names_both_tutors_with_their_employers_and_requires_the_enterprise():
    subject = build("ApprenticeshipRecord")["credentialSubject"]
    assert [(m["mentorRole"], m["employer"]["id"]) for m in subject["mentor"]] == [
        ("学校导师", "did:web:yunling.edu.example"),
        ("企业导师", "did:web:xingheng.example"),
    ]
    assert subject["requiredEndorser"] == ["did:web:xingheng.example"]
    assert (subject["theoryHours"], subject["practiceHours"]) == (320, 960)
    assert subject["agreementNumber"] == "XTZ-2025-0088"
    assert [result["value"] for result in subject["result"]] == ["88", "92"]


@pytest.mark.row("S48")
@pytest.mark.parametrize(
    "missing",
    ["schoolTutor", "enterpriseTutor", "theoryHours", "practiceHours", "schoolMark", "enterpriseMark"],
)
def test_an_apprenticeship_without_a_tutor_hours_or_assessment_is_not_built(missing):
    with pytest.raises(RecordIncompleteError):
        build("ApprenticeshipRecord", **{missing: ""})


def test_endorsements_stand_at_the_top_of_the_credential():
    endorsement = {"type": ["VerifiableCredential", "EndorsementCredential"]}
    assert build("ApprenticeshipRecord", endorsements=[endorsement])["endorsement"] == [endorsement]
    assert "endorsement" not in build("ApprenticeshipRecord")


@pytest.mark.row("S75")
@pytest.mark.parametrize("missing", ["enterprise", "enterpriseDid", "practiceHours"])
def test_practice_in_an_enterprise_without_enterprise_or_hours_is_not_built(missing):
    with pytest.raises(RecordIncompleteError):
        build("TeacherTrainingRecord", **{missing: ""})


@pytest.mark.row("S70", "S71")
@pytest.mark.parametrize("kind", ["培训进修", "双岗互聘", "技术服务", "兼职授课", "双师型认定"])
def test_every_kind_of_teacher_training_becomes_a_proof_of_its_own(accept, kind):
    changes = {"enterprise": "", "enterpriseDid": "", "level": "中级"}
    credential = build("TeacherTrainingRecord", kind=kind, **changes)
    accept(credential)
    structure.validate(credential)
    assert credential["credentialSubject"]["trainingKind"] == kind
    assert "requiredEndorser" not in credential["credentialSubject"]


@pytest.mark.row("S70")
def test_a_dual_qualified_teacher_is_certified_at_a_level():
    stated = facts(build("TeacherTrainingRecord", kind="双师型认定", level="中级"))
    assert (stated.level_code, stated.level_name) == ("TT-DUAL-2", "双师型（中级）")


def test_a_credit_record_states_the_course_of_its_college():
    stated = facts(build("CreditRecord"))
    assert (stated.course_code, stated.college_id) == ("RB2104", "did:web:yunling.edu.example")
    assert (stated.credits_earned, stated.credit_unit) == (8.0, "学分（16学时/学分）")
    assert (stated.agreement, stated.rule_id) == ("urn:vocred:agreement:YL-2026-0012#3", "R1")
    assert (stated.account, stated.results) == ("YLCB-00018842", (("成绩", "91"),))


def test_a_college_that_keeps_its_own_accounts_is_described_once():
    issuer, record = RECORDS["CreditRecord"]
    changes = {"college": issuer.did, "collegeName": issuer.name}
    credential = build("CreditRecord", **changes)
    structure.validate(credential)
    documents.check(credential)
    stated = facts(credential)
    assert (stated.college_id, stated.college_name) == (issuer.did, issuer.name)
    assert record["college"] != issuer.did


def test_a_deposit_has_no_course_and_no_college(accept):
    credential = build("CreditRecord", **DEPOSIT)
    accept(credential)
    structure.validate(credential)
    stated = facts(credential)
    assert (stated.course_code, stated.college_id) == (None, None)
    assert stated.conversion_kind == "存入"


@pytest.mark.parametrize("credits", ["", "0", "eight"])
def test_a_credit_record_without_credits_is_not_built(credits):
    with pytest.raises(RecordIncompleteError):
        build("CreditRecord", credits=credits)


def test_an_evaluation_contains_no_name():
    credential = build("EmployerEvaluation")
    assert "林晓雨" not in json.dumps(credential, ensure_ascii=False)
    assert credential["credentialSubject"]["rating"][-1] == {
        "type": ["DimensionRating"],
        "dimension": "总体满意度",
        "score": 4,
    }


def test_an_evaluation_that_rates_nothing_is_not_built():
    with pytest.raises(RecordIncompleteError):
        build("EmployerEvaluation", competence="", ethic="", overall="")


def test_an_accreditation_lists_what_the_member_may_issue():
    subject = build("MemberAccreditation")["credentialSubject"]
    assert subject["id"] == "did:web:yunling.edu.example"
    assert subject["mayIssue"] == ["GraduationCertificate", "ApprenticeshipRecord"]
    assert subject["memberRole"] == "college"
