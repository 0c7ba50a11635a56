"""GraduationCertificate 学历证书. Spec: CREDENTIALS.md, section 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from schemas.builders.parts import (
    CertificateRecord,
    achievement_id,
    alignments,
    document,
    head,
    listed,
    person,
    required,
    start_of_day,
)
from schemas.institution import Institution


@dataclass(frozen=True)
class StudyLevel:
    """How a level of the national education system is written on a certificate."""

    code: str
    title: str
    title_en: str
    achievement_type: str
    isced: str
    isced_name: str


STUDY_LEVELS: Mapping[str, StudyLevel] = MappingProxyType(
    {
        "专科（高职）": StudyLevel(
            "CN-EDU-06",
            "高等职业教育专科",
            "Higher Vocational (Diploma level)",
            "Diploma",
            "5",
            "short-cycle tertiary",
        ),
        "本科": StudyLevel(
            "CN-EDU-05", "本科", "Bachelor", "BachelorDegree", "6", "Bachelor's or equivalent"
        ),
        "二学位": StudyLevel(
            "CN-EDU-04", "第二学士学位", "Second Bachelor", "BachelorDegree", "6", "Bachelor's or equivalent"
        ),
        "硕士": StudyLevel("CN-EDU-02", "硕士研究生", "Master", "Degree", "7", "Master's or equivalent"),
        "博士": StudyLevel("CN-EDU-01", "博士研究生", "Doctor", "Degree", "8", "Doctoral or equivalent"),
    }
)
"""Levels of a graduation certificate by ``level`` of the record; the code's end is positions 11-12 of the
number."""

_STUDY_SENTENCES = {
    "毕业": "修完教学计划规定的全部课程，成绩合格，准予毕业。",
    "结业": "修完教学计划规定的课程，未达到毕业要求，准予结业。",
}
_STUDY_TITLES = {"毕业": "Graduation Certificate"}


def build(record: CertificateRecord, issuer: Institution) -> dict[str, Any]:
    """Make the head and subject of a GraduationCertificate.

    Raises:
        RecordIncompleteError: See ``schemas.building.build_credential``.
    """
    level = listed(record, "level", STUDY_LEVELS)
    conclusion = required(record, "conclusion")
    certificate = f"{level.title}{conclusion}证书"
    major_code, major = required(record, "majorCode"), required(record, "majorName")
    enrolled = required(record, "enrol")
    achievement = {
        "id": achievement_id(issuer, major_code, level=level.code),
        "type": ["Achievement", "VetAchievement"],
        "achievementType": level.achievement_type if conclusion == "毕业" else "Certificate",
        "name": f"{certificate}（{major}）",
        "description": _STUDY_SENTENCES.get(conclusion, _STUDY_SENTENCES["结业"]),
        "inLanguage": "zh-CN",
        "localizedName": {
            "en": f"{_STUDY_TITLES.get(conclusion, 'Certificate of Completion')}, {level.title_en}"
        },
        "criteria": {"narrative": "按本专业人才培养方案完成学习，由学校审核。"},
        "humanCode": major_code,
        "fieldOfStudy": major,
        "qualificationSystem": "国民教育学历",
        "levelCode": level.code,
        "levelName": required(record, "level"),
        "learningMode": required(record, "mode"),
        "studyYears": required(record, "years"),
        "alignment": [_isced(level), *alignments(record, issuer)],
    }
    subject = {
        **person(record),
        "gender": required(record, "gender"),
        "birthDate": required(record, "birthDate"),
        **document(record),
        "licenseNumber": required(record, "certNo"),
        "conclusion": conclusion,
        "activityStartDate": start_of_day(enrolled),
        "activityEndDate": start_of_day(required(record, "grad")),
        "achievement": achievement,
    }
    return {**head(certificate, issuer, required(record, "grad")), "credentialSubject": subject}


def _isced(level: StudyLevel) -> dict[str, Any]:
    return {
        "type": ["Alignment"],
        "targetName": f"ISCED 2011 level {level.isced} ({level.isced_name})",
        "targetUrl": "https://uis.unesco.org/en/topic/international-standard-classification-education-isced",
        "targetCode": f"ISCED2011:{level.isced}",
        "targetFramework": "ISCED 2011",
        "targetType": "ext:EducationLevel",
    }
