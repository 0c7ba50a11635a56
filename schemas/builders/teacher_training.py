"""TeacherTrainingRecord 教师发展记录: six kinds; practice in an enterprise needs that enterprise's word.

Spec: CREDENTIALS.md, section 6.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from schemas.builders.parts import (
    CertificateRecord,
    achievement_id,
    document_if_given,
    enterprise,
    given,
    head,
    listed,
    person,
    required,
    start_of_day,
    whole,
)
from schemas.errors import RecordIncompleteError
from schemas.institution import Institution

ENTERPRISE_PRACTICE = "企业实践"
DUAL_QUALIFIED = "双师型认定"


@dataclass(frozen=True)
class TrainingKind:
    """One of the six kinds.

    Attributes:
        level_code: Its level code.
        title: What its proof is called.
        title_en: The same in English.
        sentence: What it proves.
    """

    level_code: str
    title: str
    title_en: str
    sentence: str


TRAINING_KINDS: Mapping[str, TrainingKind] = MappingProxyType(
    {
        ENTERPRISE_PRACTICE: TrainingKind(
            "TT-PRACTICE",
            "教师企业实践证明",
            "Teacher Enterprise Practice Record",
            "教师到企业生产服务一线实践的学时与成果证明。",
        ),
        "培训进修": TrainingKind(
            "TT-TRAINING", "教师培训进修证明", "Teacher Training Record", "教师参加培训进修的学时与成果证明。"
        ),
        "双岗互聘": TrainingKind(
            "TT-EXCHANGE",
            "双岗互聘证明",
            "Mutual Employment Record",
            "校企双方人员互聘上岗的期间与成果证明。",
        ),
        "技术服务": TrainingKind(
            "TT-SERVICE", "技术服务证明", "Technical Service Record", "教师开展技术服务的期间与成果证明。"
        ),
        "兼职授课": TrainingKind(
            "TT-TEACHING", "兼职授课证明", "Part-time Teaching Record", "企业人员到校兼职授课的学时证明。"
        ),
        DUAL_QUALIFIED: TrainingKind(
            "TT-DUAL",
            "“双师型”教师认定证书",
            "Dual-qualified Teacher Certificate",
            "经评审，符合“双师型”教师认定标准。",
        ),
    }
)
"""The six kinds by ``kind`` of the record."""

DUAL_LEVELS: Mapping[str, str] = MappingProxyType({"初级": "1", "中级": "2", "高级": "3"})
"""Levels of a dual-qualified teacher by ``level`` of the record, and the end of the level code."""


def build(record: CertificateRecord, issuer: Institution) -> dict[str, Any]:
    """Make the head and subject of a TeacherTrainingRecord.

    Raises:
        RecordIncompleteError: See ``schemas.building.build_credential``; also where practice in an enterprise
            names no enterprise or no hours.
    """
    kind = listed(record, "kind", TRAINING_KINDS)
    hours = whole(record, "practiceHours")
    place = enterprise(record)
    if record["kind"] == ENTERPRISE_PRACTICE and (hours is None or not place):
        raise RecordIncompleteError("practice in an enterprise names the enterprise and practiceHours")
    subject = {
        **person(record),
        **document_if_given(record),
        "trainingKind": record["kind"],
        **given(role=record.get("position")),
        **place,
        "activityStartDate": start_of_day(required(record, "start")),
        "activityEndDate": start_of_day(required(record, "end")),
        **given(practiceHours=hours, licenseNumber=record.get("certNo"), narrative=record.get("narrative")),
        "achievement": _achievement(record, issuer, kind),
    }
    return {**head(kind.title, issuer, required(record, "awardDate")), "credentialSubject": subject}


def _achievement(record: CertificateRecord, issuer: Institution, kind: TrainingKind) -> dict[str, Any]:
    level_code, level_name = kind.level_code, record["kind"]
    certified = record["kind"] == DUAL_QUALIFIED
    if certified:
        level_code = f"{level_code}-{listed(record, 'level', DUAL_LEVELS)}"
        level_name = f"双师型（{record['level']}）"
    return {
        "id": achievement_id(issuer, "teacher", level=level_code),
        "type": ["Achievement", "VetAchievement"],
        "achievementType": "Certification" if certified else "CertificateOfCompletion",
        "name": f"{kind.title}（{record['level']}）" if certified else kind.title,
        "description": kind.sentence,
        "inLanguage": "zh-CN",
        "localizedName": {"en": kind.title_en},
        "criteria": {"narrative": "按教师发展管理规定，由学校审核。"},
        "qualificationSystem": "教师发展",
        "levelCode": level_code,
        "levelName": level_name,
    }
