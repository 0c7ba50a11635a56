"""The agreements of the chapter of recognition, as the officers' builder would make them."""

from typing import Any

from vocred.demo.places import BANK, BODY, COLLEGE, ENTERPRISE, SECOND_BODY, Institution

SKILL = "https://w3id.org/vocred#SkillLevelCertificate"
UNIT = "学分（16学时/学分）"
FIRST_COURSE = {
    "courseCode": "RB2104",
    "courseName": {"zh-CN": "工业机器人操作与编程", "en": "Industrial Robot Operation and Programming"},
}
SECOND_COURSE = {
    "courseCode": "RB3110",
    "courseName": {"zh-CN": "机器人系统集成实训", "en": "Robot System Integration Practice"},
}
LEVELS_ID = "urn:vocred:agreement:HM-2026-0001"
CREDIT_ID = "urn:vocred:agreement:YL-2026-0012"


def levels() -> dict[str, Any]:
    """Mingjiang takes Huaheng's intermediate level as its own; nobody is tested twice."""
    return {
        "id": LEVELS_ID,
        "type": "RecognitionAgreement",
        "version": 1,
        "title": {
            "zh-CN": "工业机器人职业技能等级互认协议",
            "en": "Mutual recognition of industrial-robot skill levels",
        },
        "objective": {
            "zh-CN": "同等级证书互认，持证人不必重复考核，用人单位按同等级使用",
            "en": "The same level counts at both bodies; nobody is tested twice",
        },
        "parties": [
            _party(BODY, "recognising-body"),
            _party(SECOND_BODY, "recognising-body"),
            _party(ENTERPRISE, "recognising-employer"),
        ],
        "accepts": {
            "credentialType": SKILL,
            "issuer": [BODY.did],
            "humanCode": ["IROM-2"],
            "levelCode": ["1X-2"],
            "maxAgeMonths": 60,
        },
        "rules": [
            {
                "id": "R1",
                "kind": "等级等效",
                "by": [SECOND_BODY.did],
                "target": {
                    "credentialType": SKILL,
                    "qualificationSystem": "1+X",
                    "levelCode": "1X-2",
                    "name": {
                        "zh-CN": "机器人装调与运维（中级）",
                        "en": "Robot Assembly and O&M (Intermediate)",
                    },
                },
            },
            {
                "id": "R2",
                "kind": "免于重复认证",
                "by": [SECOND_BODY.did, ENTERPRISE.did],
                "purpose": {"zh-CN": "入职技能核验", "en": "skill check at hiring"},
            },
        ],
        "effectiveFrom": "2026-01-01T00:00:00+08:00",
        "effectiveUntil": "2029-12-31T23:59:59+08:00",
    }


def credit(*, version: int = 1, confirm: str = "officer") -> dict[str, Any]:
    """A college takes the intermediate certificate for courses, ten credits at most."""
    document = {
        "id": CREDIT_ID,
        "type": "RecognitionAgreement",
        "version": version,
        "title": {
            "zh-CN": "1+X工业机器人操作与运维（中级）学分互认协议",
            "en": "Credit for 1+X Industrial Robot O&M (Intermediate)",
        },
        "objective": {
            "zh-CN": "学过的不必重学，服务机器人岗位供需衔接",
            "en": "What was learnt is not learnt again; supply of and demand for robot technicians meet",
        },
        "parties": [
            _party(COLLEGE, "recognising-college"),
            _party(BODY, "awarding-body"),
            _party(BANK, "credit-bank"),
        ],
        "accepts": {
            "credentialType": SKILL,
            "issuer": [BODY.did],
            "humanCode": ["IROM-2"],
            "levelCode": ["1X-2"],
            "maxAgeMonths": 36,
        },
        "rules": [
            {
                "id": "R1",
                "kind": "免修",
                "target": FIRST_COURSE,
                "credits": 8,
                "creditUnit": UNIT,
                "grade": {"from": "result:实操成绩", "map": "score"},
                "confirm": confirm,
            },
            {
                "id": "R2",
                "kind": "学分置换",
                "target": SECOND_COURSE,
                "credits": 4,
                "creditUnit": UNIT,
                "grade": {"fixed": "合格"},
                "confirm": confirm,
            },
        ],
        "limits": {"maxCreditsPerLearner": 10, "oncePerCourse": True},
        "effectiveFrom": "2026-01-01T00:00:00+08:00",
        "effectiveUntil": "2029-12-31T23:59:59+08:00",
    }
    return document if version == 1 else {**document, "supersedes": f"{CREDIT_ID}#{version - 1}"}


def _party(body: Institution, role: str) -> dict[str, Any]:
    return {
        "id": body.did,
        "role": role,
        "duties": [
            {
                "zh-CN": "按协议承认证书，及时公布撤销",
                "en": "Recognise as agreed; publish revocations promptly",
            }
        ],
        "rights": [{"zh-CN": "取得互认统计", "en": "Receive counts of recognitions"}],
    }
