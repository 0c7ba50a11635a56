"""MicroCredential 微证书: of an association, a college or an enterprise. Spec: CREDENTIALS.md, section 3."""

import uuid
from typing import Any

from schemas.builders.parts import (
    CertificateRecord,
    achievement_id,
    alignments,
    answer,
    decimal,
    document_if_given,
    given,
    head,
    person,
    required,
    several,
    start_of_day,
    whole,
)
from schemas.errors import RecordIncompleteError
from schemas.institution import Institution


def build(record: CertificateRecord, issuer: Institution) -> dict[str, Any]:
    """Make the head and subject of a MicroCredential.

    Raises:
        RecordIncompleteError: See ``schemas.building.build_credential``.
    """
    credits = decimal(record, "credits")
    examined = record.get("examDate")
    subject = {
        **person(record),
        **document_if_given(record),
        "licenseNumber": required(record, "certNo"),
        **given(creditsEarned=credits, activityEndDate=start_of_day(examined) if examined else None),
        "achievement": _achievement(record, issuer),
    }
    top = head("微证书", issuer, required(record, "awardDate"), until=record.get("validUntil"))
    return {**top, "credentialSubject": subject, **given(evidence=_evidence(record))}


def _achievement(record: CertificateRecord, issuer: Institution) -> dict[str, Any]:
    code, hours = required(record, "certCode"), whole(record, "learningHours")
    name, version = required(record, "certName"), record.get("stdVersion")
    assessed = required(record, "assessmentMode")
    checked = answer(record, "identityChecked")
    if hours is None or checked is None:
        raise RecordIncompleteError("the record does not say learningHours and identityChecked")
    return given(
        id=achievement_id(issuer, code, version=version, level="MC"),
        type=["Achievement", "VetAchievement"],
        achievementType="MicroCredential",
        name=name,
        description=required(record, "outcome"),
        inLanguage="zh-CN",
        version=version,
        localizedName={"en": record.get("certNameEn") or "Micro-credential"},
        criteria={"narrative": f"完成{hours}学时的学习，并通过考核（{assessed}）。"},
        humanCode=code,
        learningHours=hours,
        practiceHours=whole(record, "practiceHours"),
        creditsAvailable=decimal(record, "credits"),
        qualificationSystem="微证书",
        levelCode="MC",
        levelName="微证书",
        learningMode=record.get("mode"),
        assessmentMode=assessed,
        identityChecked=checked,
        related=[{"id": address, "type": ["Related"]} for address in several(record, "related")],
        alignment=alignments(record, issuer),
    )


def _evidence(record: CertificateRecord) -> list[dict[str, Any]]:
    """The learner's work: its name and digest; the work itself stays with the learner."""
    if not record.get("evidence"):
        return []
    digest = required(record, "evidenceDigest")
    return [
        {
            # The same work has the same name in every form of the record.
            "id": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}",
            "type": ["Evidence"],
            "name": record["evidence"],
            "description": "原件由学习者保存，仅摘要入证。",
            "digestMultibase": digest,
        }
    ]
