"""From a registrar's row to an unsigned credential.

A *certificate record* is a row after import: the normalised values of its columns by the keys of
``column_map.json``, with the credential type under ``type`` and the column map under ``map``. Dates are
``YYYY-MM-DD``. ``build_credential`` turns it into the paper form or, given a holder, the holder-bound form;
both carry the same facts. Signing, status indexes and storage are the issuer's.

Of the identity document only its kind and the last four characters of its number enter a credential,
whatever the record holds.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import quote

from schemas.bundle import CREDENTIAL_CONTEXTS, SCHEMA_BASE
from schemas.errors import RecordIncompleteError

_Value = TypeVar("_Value")

CertificateRecord = Mapping[str, str]
"""Normalised values by column key, with ``type`` and ``map``. An absent or empty value means: not given."""

OPEN_BADGES_SCHEMA = (
    "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
)

ID_DOCUMENT_DEFAULT = "居民身份证"


@dataclass(frozen=True)
class Institution:
    """The body that issues, as its credentials name it.

    Attributes:
        did: Its ``did:web``.
        name: Its name in Chinese, as the ministry or register has it.
        institution_code: Five-digit code of a college, where it has one.
        credit_code: Unified social credit code, where it is to be shown.
    """

    did: str
    name: str
    institution_code: str | None = None
    credit_code: str | None = None

    @property
    def url(self) -> str:
        """The https address that the DID stands for; it names achievements and is never fetched."""
        host, *path = self.did.removeprefix("did:web:").split(":")
        return "/".join(["https://" + host.replace("%3A", ":"), *path])

    def profile(self) -> dict[str, Any]:
        """Return the ``issuer`` object of a credential."""
        profile: dict[str, Any] = {"id": self.did, "type": ["Profile"], "name": self.name, "url": self.url}
        identifiers = [
            {"type": "IdentifierEntry", "identifier": code, "identifierType": kind}
            for code, kind in (
                (self.institution_code, "ext:CNSchoolCode"),
                (self.credit_code, "ext:CNUnifiedSocialCreditCode"),
            )
            if code
        ]
        if identifiers:
            profile["otherIdentifier"] = identifiers
        return profile


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

SKILL_LEVELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "初级": ("1X-1", "Elementary"),
        "中级": ("1X-2", "Intermediate"),
        "高级": ("1X-3", "Advanced"),
    }
)
"""1+X: level code and English word by ``level`` of the record."""


def build_credential(
    record: CertificateRecord,
    *,
    issuer: Institution,
    credential_id: str,
    status_entry: Mapping[str, Any],
    holder: str | None = None,
) -> dict[str, Any]:
    """Make the unsigned credential of a record.

    Args:
        record: The record; its ``map`` decides which builder is used.
        issuer: The institution that will sign.
        credential_id: ``urn:uuid:…`` of the record, the same in every form.
        status_entry: The form's own ``credentialStatus``, as ``vc.status.entry`` makes it.
        holder: The wallet's DID for a holder-bound form; None for the paper form.

    Returns:
        The credential, in the order in which its example stands, without proof.

    Raises:
        RecordIncompleteError: A value that the type requires is missing or not one of its list.
        KeyError: No builder is known for the record's map.
    """
    build = BUILDERS[record["map"]]
    credential = build(record, issuer)
    subject = credential["credentialSubject"]
    bound = {"id": holder} if holder is not None else {}
    credential["credentialSubject"] = {**bound, **subject}
    return {
        "@context": list(CREDENTIAL_CONTEXTS),
        "id": credential_id,
        "type": ["VerifiableCredential", "OpenBadgeCredential", record["type"]],
        **credential,
        "credentialStatus": dict(status_entry),
        "credentialSchema": [
            {"id": OPEN_BADGES_SCHEMA, "type": "1EdTechJsonSchemaValidator2019"},
            {"id": f"{SCHEMA_BASE}{record['type']}-v1.json", "type": "JsonSchema"},
        ],
    }


def build_graduation(record: CertificateRecord, issuer: Institution) -> dict[str, Any]:
    """Make the head and subject of a GraduationCertificate.

    Raises:
        RecordIncompleteError: See ``build_credential``.
    """
    level = _listed(record, "level", STUDY_LEVELS)
    conclusion = _required(record, "conclusion")
    certificate = f"{level.title}{conclusion}证书"
    major_code, major = _required(record, "majorCode"), _required(record, "majorName")
    enrolled = _required(record, "enrol")
    achievement = {
        "id": _achievement_id(issuer, major_code, level=level.code),
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
        "levelName": _required(record, "level"),
        "learningMode": _required(record, "mode"),
        "studyYears": _required(record, "years"),
        "alignment": [_isced(level)],
    }
    subject = {
        **_person(record),
        "gender": _required(record, "gender"),
        "birthDate": _required(record, "birthDate"),
        **_document(record),
        "licenseNumber": _required(record, "certNo"),
        "conclusion": conclusion,
        "activityStartDate": _start_of_day(enrolled),
        "activityEndDate": _start_of_day(_required(record, "grad")),
        "achievement": achievement,
    }
    return {**_head(certificate, issuer, _required(record, "grad")), "credentialSubject": subject}


def build_skill_level(record: CertificateRecord, issuer: Institution) -> dict[str, Any]:
    """Make the head and subject of a SkillLevelCertificate of the 1+X system.

    Raises:
        RecordIncompleteError: See ``build_credential``.
    """
    level = _required(record, "level")
    level_code, level_en = _listed(record, "level", SKILL_LEVELS)
    standard = _required(record, "certName")
    code, version = _required(record, "certCode"), _required(record, "stdVersion")
    achievement = {
        "id": _achievement_id(issuer, code, version=version, level=level_code),
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
        RecordIncompleteError: See ``build_credential``.
    """
    certification = _required(record, "certName")
    code, version = _required(record, "certCode"), _required(record, "stdVersion")
    achievement = {
        "id": _achievement_id(issuer, code, version=version, level="VENDOR"),
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


BUILDERS: Mapping[str, Callable[[CertificateRecord, Institution], dict[str, Any]]] = MappingProxyType(
    {
        "GraduationCertificate": build_graduation,
        "SkillLevelCertificate_1X": build_skill_level,
        "SkillLevelCertificate_Vendor": build_vendor,
    }
)
"""What makes head and subject, by column map."""

_STUDY_SENTENCES = {
    "毕业": "修完教学计划规定的全部课程，成绩合格，准予毕业。",
    "结业": "修完教学计划规定的课程，未达到毕业要求，准予结业。",
}
_STUDY_TITLES = {"毕业": "Graduation Certificate"}
_MARKS = {"theory": "理论成绩", "practice": "实操成绩", "score": "考试成绩"}


def _skill(
    record: CertificateRecord,
    issuer: Institution,
    title: str,
    achievement: dict[str, Any],
    marks: tuple[str, ...],
) -> dict[str, Any]:
    results, descriptions = _results(record, achievement["id"], marks)
    subject: dict[str, Any] = {
        **_person(record),
        **_document(record),
        "licenseNumber": _required(record, "certNo"),
    }
    if record.get("site"):
        subject["assessmentSite"] = record["site"]
    subject["activityEndDate"] = _start_of_day(_required(record, "examDate"))
    subject["result"] = results
    subject["achievement"] = {**achievement, "resultDescription": descriptions}
    head = _head(title, issuer, _required(record, "awardDate"))
    if record.get("validUntil"):
        # The last day counts whole: the certificate is valid until it ends in China.
        head["validUntil"] = f"{record['validUntil']}T23:59:59+08:00"
    return {**head, "credentialSubject": subject}


def _results(
    record: CertificateRecord, achievement_id: str, marks: tuple[str, ...]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    results: list[dict[str, Any]] = []
    descriptions: list[dict[str, Any]] = []
    for key in marks:
        if record.get(key):
            described = _result_id(achievement_id, _MARKS[key])
            results.append({"type": ["Result"], "resultDescription": described, "value": record[key]})
            descriptions.append(
                {
                    "id": described,
                    "type": ["ResultDescription"],
                    "name": _MARKS[key],
                    "resultType": "RawScore",
                    "valueMin": "0",
                    "valueMax": "100",
                    "requiredValue": "60",
                }
            )
    concluded = _result_id(achievement_id, "评定结论")
    results.append(
        {
            "type": ["Result"],
            "resultDescription": concluded,
            "value": _required(record, "conclusion"),
            "status": "Completed",
        }
    )
    descriptions.append(
        {"id": concluded, "type": ["ResultDescription"], "name": "评定结论", "resultType": "Status"}
    )
    return results, descriptions


def _result_id(achievement_id: str, name: str) -> str:
    # The same description has the same id in every certificate of the achievement.
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{achievement_id}#{name}')}"


def _head(name: str, issuer: Institution, awarded: str) -> dict[str, Any]:
    return {
        "name": name,
        "issuer": issuer.profile(),
        "validFrom": _start_of_day(awarded),
        "awardedDate": _start_of_day(awarded),
    }


def _person(record: CertificateRecord) -> dict[str, Any]:
    name = _required(record, "name")
    person: dict[str, Any] = {"type": ["AchievementSubject", "VetSubject"], "name": name}
    if record.get("nameEn"):
        person["localizedName"] = {"en": record["nameEn"]}
    person["identifier"] = [
        {"type": "IdentityObject", "hashed": False, "identityHash": name, "identityType": "name"}
    ]
    return person


def _document(record: CertificateRecord) -> dict[str, str]:
    return {
        "idDocumentType": record.get("idType") or ID_DOCUMENT_DEFAULT,
        "idNumberTail": _required(record, "idNumber")[-4:].upper(),
    }


def _isced(level: StudyLevel) -> dict[str, Any]:
    return {
        "type": ["Alignment"],
        "targetName": f"ISCED 2011 level {level.isced} ({level.isced_name})",
        "targetUrl": "https://uis.unesco.org/en/topic/international-standard-classification-education-isced",
        "targetCode": f"ISCED2011:{level.isced}",
        "targetFramework": "ISCED 2011",
        "targetType": "ext:EducationLevel",
    }


def _achievement_id(issuer: Institution, code: str, *, level: str, version: str | None = None) -> str:
    """Name an achievement by code, edition and level, which is what agreements ask for.

    Spec: DOMAIN.md, section 6.2, rule 10.
    """
    parts = ("achievements", code, *([] if version is None else [version]), level)
    return "/".join([issuer.url, *(quote(part, safe="") for part in parts)])


def _start_of_day(date: str) -> str:
    return f"{date}T00:00:00+08:00"


def _required(record: CertificateRecord, key: str) -> str:
    value = record.get(key)
    if not value:
        raise RecordIncompleteError(f"the record has no {key}")
    return value


def _listed(record: CertificateRecord, key: str, values: Mapping[str, _Value]) -> _Value:
    try:
        return values[_required(record, key)]
    except KeyError:
        raise RecordIncompleteError(f"{key} is none of {', '.join(values)}") from None
