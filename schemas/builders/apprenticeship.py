"""ApprenticeshipRecord 现代学徒制: both tutors, hours split, both assessments.

The enterprise's DID is a required endorser; the endorsement itself is made by the enterprise and put in when
the credential is built. Spec: CREDENTIALS.md, section 5.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from schemas.builders.parts import (
    Assessed,
    CertificateRecord,
    achievement_id,
    alignments,
    document_if_given,
    enterprise,
    given,
    head,
    listed,
    person,
    required,
    results,
    start_of_day,
    whole,
)
from schemas.errors import RecordIncompleteError
from schemas.institution import Institution

STAGES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "学徒": ("APP-APPRENTICE", "Apprentice"),
        "助理工程师": ("APP-ASSISTANT", "Assistant Engineer"),
        "工程师": ("APP-ENGINEER", "Engineer"),
    }
)
"""Steps of an apprenticeship by ``level`` of the record: level code and English word."""

SCHOOL_TUTOR, ENTERPRISE_TUTOR = "学校导师", "企业导师"

_SCHOOL_MARK = Assessed("学校导师评定", required="60")
_ENTERPRISE_MARK = Assessed("企业导师评定", required="60")


def build(record: CertificateRecord, issuer: Institution) -> dict[str, Any]:
    """Make the head and subject of an ApprenticeshipRecord.

    Raises:
        RecordIncompleteError: See ``schemas.building.build_credential``.
    """
    theory, practice = whole(record, "theoryHours"), whole(record, "practiceHours")
    if theory is None or practice is None:
        raise RecordIncompleteError("the record does not split hours into theoryHours and practiceHours")
    achievement = _achievement(record, issuer)
    found, described = results(
        achievement["id"],
        [
            (_SCHOOL_MARK, required(record, "schoolMark")),
            (_ENTERPRISE_MARK, required(record, "enterpriseMark")),
        ],
    )
    required(record, "enterpriseDid")
    subject = {
        **person(record),
        **document_if_given(record),
        "agreementNumber": required(record, "certNo"),
        "role": required(record, "position"),
        "activityStartDate": start_of_day(required(record, "start")),
        "activityEndDate": start_of_day(required(record, "end")),
        "theoryHours": theory,
        "practiceHours": practice,
        **enterprise(record),
        "mentor": [
            _mentor(record, "schoolTutor", role=SCHOOL_TUTOR, employer=issuer.did),
            _mentor(record, "enterpriseTutor", role=ENTERPRISE_TUTOR, employer=record["enterpriseDid"]),
        ],
        "result": found,
        "achievement": {**achievement, "resultDescription": described},
    }
    return {
        **head("现代学徒制培养记录", issuer, required(record, "awardDate")),
        "credentialSubject": subject,
    }


def _achievement(record: CertificateRecord, issuer: Institution) -> dict[str, Any]:
    code, direction = required(record, "certCode"), required(record, "certName")
    level_code, level_en = listed(record, "level", STAGES)
    return given(
        id=achievement_id(issuer, code, level=level_code),
        type=["Achievement", "VetAchievement"],
        achievementType="ApprenticeshipCertificate",
        name=f"现代学徒制培养记录（{direction}）",
        description="学校与企业双导师联合培养。",
        inLanguage="zh-CN",
        localizedName={"en": f"Modern Apprenticeship Record, {level_en}"},
        criteria={"narrative": "完成培养协议约定的理论与岗位学时，双方导师考核合格。"},
        humanCode=code,
        learningMode="现代学徒制",
        qualificationSystem="现代学徒制",
        levelCode=level_code,
        levelName=record["level"],
        alignment=alignments(record, issuer),
    )


def _mentor(record: CertificateRecord, key: str, *, role: str, employer: str) -> dict[str, Any]:
    return given(
        type=["Mentor"],
        name=required(record, key),
        mentorRole=role,
        jobTitle=record.get(f"{key}Title"),
        employer={"id": employer},
    )
