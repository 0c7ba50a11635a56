"""MemberAccreditation 成员准入: which member the consortium accredits, for which types.

What counts when somebody verifies is the registry; this credential is its copy for a member's own use.
Spec: CREDENTIALS.md, section 9.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from schemas.builders.parts import CertificateRecord, given, head, listed, required, several
from schemas.institution import Institution

MEMBER_ROLES: Mapping[str, str] = MappingProxyType(
    {
        "院校": "college",
        "企业": "enterprise",
        "评价组织": "certificateBody",
        "行业协会": "industryAssociation",
        "政府部门": "government",
        "研究机构": "research",
        "学分银行": "creditBank",
    }
)
"""``memberRole`` by ``role`` of the record."""


def build(record: CertificateRecord, issuer: Institution) -> dict[str, Any]:
    """Make the head and subject of a MemberAccreditation.

    Raises:
        RecordIncompleteError: See ``schemas.building.build_credential``.
    """
    member = Institution(
        did=required(record, "memberDid"),
        name=required(record, "name"),
        institution_code=record.get("institutionCode") or None,
        credit_code=record.get("creditCode") or None,
    ).profile()
    required(record, "mayIssue")
    subject = {
        **member,
        "type": ["Profile", "VetMember"],
        "memberRole": listed(record, "role", MEMBER_ROLES),
        "mayIssue": several(record, "mayIssue"),
        **given(jurisdiction=record.get("jurisdiction")),
    }
    top = head(
        "联盟成员准入",
        issuer,
        required(record, "awardDate"),
        until=record.get("validUntil"),
        awarded_date=False,
    )
    return {**top, "credentialSubject": subject}
