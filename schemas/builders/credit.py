"""CreditRecord 学分银行转换: credits that came out of a credential under a rule of an agreement.

A credit bank makes these records by itself. For 存入 there is no course: ``courseCode`` and the names, where
they are given, are then those of the achievement that was deposited, and no college stands behind them.
Spec: CREDENTIALS.md, section 7.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from schemas.builders.parts import (
    Assessed,
    CertificateRecord,
    decimal,
    document_if_given,
    given,
    head,
    identity,
    listed,
    organisation,
    person,
    required,
    results,
)
from schemas.errors import RecordIncompleteError
from schemas.institution import Institution

DEPOSIT = "存入"

CONVERSION_KINDS: Mapping[str, str] = MappingProxyType(
    {
        DEPOSIT: "存入学分账户。",
        "免修": "由所持证书转换，免修本课程。",
        "学分置换": "由所持证书转换，置换本课程学分。",
        "成绩替代": "由所持证书转换，替代本课程成绩。",
    }
)
"""What each kind does, by ``conversionKind`` of the record."""

_GRADE = Assessed("成绩")


def build(record: CertificateRecord, issuer: Institution) -> dict[str, Any]:
    """Make the head and subject of a CreditRecord.

    Raises:
        RecordIncompleteError: See ``schemas.building.build_credential``.
    """
    credits = decimal(record, "credits")
    if not credits:
        raise RecordIncompleteError("the record earns no credits")
    named = person(record)
    named["identifier"].append(identity("ext:CreditBankAccount", required(record, "accountNumber")))
    achievement = _achievement(record, issuer, credits)
    graded = [(_GRADE, record["grade"])] if record.get("grade") else []
    found, described = results(achievement["id"], graded)
    subject = {
        **named,
        **document_if_given(record),
        "creditsEarned": credits,
        "creditUnit": required(record, "creditUnit"),
        "conversionKind": required(record, "conversionKind"),
        "sourceCredential": required(record, "sourceCredential"),
        "sourceDigest": required(record, "sourceDigest"),
        "agreement": required(record, "agreement"),
        "ruleId": required(record, "ruleId"),
        **given(licenseNumber=record.get("certNo"), result=found),
        "achievement": {**achievement, **given(resultDescription=described)},
    }
    return {**head("学分银行转换记录", issuer, required(record, "awarded")), "credentialSubject": subject}


def _achievement(record: CertificateRecord, issuer: Institution, credits: float) -> dict[str, Any]:
    sentence = listed(record, "conversionKind", CONVERSION_KINDS)
    deposit = record["conversionKind"] == DEPOSIT
    if deposit:
        code, name = record.get("courseCode") or "DEPOSIT", record.get("courseName") or "学习成果"
    else:
        code, name = required(record, "courseCode"), required(record, "courseName")
    college = None if deposit else organisation(required(record, "college"), required(record, "collegeName"))
    home = issuer.url if college is None else college["url"]
    if college is not None and college["id"] == issuer.did:
        # A college that keeps its own accounts is described as the issuer: one description for one id.
        college = {"id": issuer.did}
    agreement, rule = required(record, "agreement"), required(record, "ruleId")
    return given(
        id=record.get("courseUrl")
        or f"{home}/{'achievements' if deposit else 'courses'}/{quote(code, safe='')}",
        type=["Achievement", "VetAchievement"],
        achievementType="Achievement" if deposit else "Course",
        name=f"{name}（{'学分存入' if deposit else '课程学分'}）",
        description=sentence,
        inLanguage="zh-CN",
        localizedName={"en": f"{record['courseNameEn']} (credits)"} if record.get("courseNameEn") else None,
        criteria={"narrative": f"依据互认协议{agreement}规则{rule}转换。"},
        humanCode=code,
        creditsAvailable=credits,
        creator=college,
    )
