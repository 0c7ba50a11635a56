"""EmployerEvaluation 用人单位评价: an endorsement of a graduate's credential, without any name in it.

Spec: CREDENTIALS.md, section 8.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from schemas.builders.parts import (
    CertificateRecord,
    answer,
    given,
    head,
    required,
    several,
    whole,
)
from schemas.errors import RecordIncompleteError
from schemas.institution import Institution

DIMENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "competence": "专业能力",
        "ethic": "职业精神",
        "fitness": "岗位胜任力",
        "innovation": "创新与应用能力",
        "potential": "职业发展潜力",
        "overall": "总体满意度",
    }
)
"""The dimensions that are rated from 1 to 5, by the record's key."""


def build(record: CertificateRecord, issuer: Institution) -> dict[str, Any]:
    """Make the head and subject of an EmployerEvaluation.

    The record may hold the graduate's name, for the employer's own lists; it does not enter.

    Raises:
        RecordIncompleteError: See ``schemas.building.build_credential``; also where nothing is rated.
    """
    ratings = [
        {"type": ["DimensionRating"], "dimension": dimension, "score": score}
        for key, dimension in DIMENSIONS.items()
        if (score := whole(record, key)) is not None
    ]
    if not ratings:
        raise RecordIncompleteError("the record rates nothing")
    subject = given(
        id=required(record, "about"),
        type=["EndorsementSubject", "VetEvaluation"],
        endorsementComment=record.get("comment"),
        post=record.get("post"),
        employedFrom=record.get("employedFrom"),
        periodStart=required(record, "periodStart"),
        periodEnd=required(record, "periodEnd"),
        adaptationDays=whole(record, "adaptationDays"),
        wouldHireAgain=answer(record, "wouldHireAgain"),
        skillGap=several(record, "skillGap"),
        rating=ratings,
        consent=required(record, "consent"),
    )
    top = head("用人单位评价", issuer, required(record, "awardDate"), awarded_date=False)
    return {**top, "credentialSubject": subject}
