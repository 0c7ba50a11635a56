"""SkillLevelCertificate 职业技能等级证书: of the 1+X system, and of an enterprise (企业认证).

Spec: CREDENTIALS.md, section 2.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from schemas.builders.parts import (
    Assessed,
    CertificateRecord,
    achievement_id,
    alignments,
    document,
    given,
    head,
    listed,
    person,
    required,
    results,
    start_of_day,
)
from schemas.institution import Institution

SKILL_LEVELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "初级": ("1X-1", "Elementary"),
        "中级": ("1X-2", "Intermediate"),
        "高级": ("1X-3", "Advanced"),
    }
)
"""1+X: level code and English word by ``level`` of the record."""

_MARKS = {
    "theory": Assessed("理论成绩", required="60"),
    "practice": Assessed("实操成绩", required="60"),
    "score": Assessed("考试成绩", required="60"),
}
_CONCLUSION = Assessed("评定结论", kind="Status", minimum=None, maximum=None)


def build_one_plus_x(record: CertificateRecord, issuer: Institution) -> dict[str, Any]:
    """Make the head and subject of a SkillLevelCertificate of the 1+X system.

    Raises:
        RecordIncompleteError: See ``schemas.building.build_credential``.
    """
    level = required(record, "level")
    level_code, level_en = listed(record, "level", SKILL_LEVELS)
    standard = required(record, "certName")
    code, version = required(record, "certCode"), required(record, "stdVersion")
    achievement = {
        "id": achievement_id(issuer, code, version=version, level=level_code),
        "type": ["Achievement", "VetAchievement"],
        "achievementType": "Certification",
        "name": f"{standard.removesuffix('职业技能等级证书')}职业技能等级证书（{level}）",
        "description": f"达到“{standard}”职业技能等级标准（{level}）的要求。",
        "inLanguage": "zh-CN",
        "version": version,
        "localizedName": {"en": f"Vocational Skill Level Certificate (1+X), {level_en}"},
        "criteria": {"narrative": "按标准考核，理论与实操成绩均不低于60分。"},
        "humanCode": code,
        "qualificationSystem": "1+X",
        "levelCode": level_code,
        "levelName": level,
    }
    return _skill(record, issuer, "职业技能等级证书（1+X）", achievement, ("theory", "practice"))


def build_vendor(record: CertificateRecord, issuer: Institution) -> dict[str, Any]:
    """Make the head and subject of a SkillLevelCertificate of an enterprise (企业认证).

    Raises:
        RecordIncompleteError: See ``schemas.building.build_credential``.
    """
    certification = required(record, "certName")
    code, version = required(record, "certCode"), required(record, "stdVersion")
    achievement = {
        "id": achievement_id(issuer, code, version=version, level="VENDOR"),
        "type": ["Achievement", "VetAchievement"],
        "achievementType": "Certification",
        "name": certification,
        "description": f"通过“{certification}”的考核。",
        "inLanguage": "zh-CN",
        "version": version,
        "localizedName": {"en": "Enterprise Certification"},
        "criteria": {"narrative": "按企业认证标准考核，评定合格。"},
        "humanCode": code,
        "qualificationSystem": "企业认证",
        "levelCode": "VENDOR",
        "levelName": "企业认证",
    }
    if record.get("level"):
        achievement["specialization"] = record["level"]
    return _skill(record, issuer, "企业认证证书", achievement, ("score",))


def _skill(
    record: CertificateRecord,
    issuer: Institution,
    title: str,
    achievement: dict[str, Any],
    marks: tuple[str, ...],
) -> dict[str, Any]:
    stated = [(_MARKS[key], record[key]) for key in marks if record.get(key)]
    found, described = results(achievement["id"], [*stated, (_CONCLUSION, required(record, "conclusion"))])
    subject: dict[str, Any] = {
        **person(record),
        **document(record),
        "licenseNumber": required(record, "certNo"),
    }
    if record.get("site"):
        subject["assessmentSite"] = record["site"]
    subject["activityEndDate"] = start_of_day(required(record, "examDate"))
    subject["result"] = found
    subject["achievement"] = {
        **achievement,
        **given(alignment=alignments(record, issuer)),
        "resultDescription": described,
    }
    top = head(title, issuer, required(record, "awardDate"), until=record.get("validUntil"))
    return {**top, "credentialSubject": subject}
