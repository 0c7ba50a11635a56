"""The agreement of the story: three bodies take one another's skill certificates without a second test."""

from typing import Any

from vocred.demo.places import BODY, COLLEGE, ENTERPRISE

AGREEMENT_ID = "urn:vocred:agreement:YL-2026-0001"


def document() -> dict[str, Any]:
    """Return the agreement as its parties sign it."""
    return {
        "id": AGREEMENT_ID,
        "type": "RecognitionAgreement",
        "version": 1,
        "title": {
            "zh-CN": "职业技能等级证书互认协议",
            "en": "Mutual recognition of skill level certificates",
        },
        "objective": {
            "zh-CN": "互认技能等级证书，持证人入职、入学无需重复考核",
            "en": "Take each other's skill certificates; nobody is tested again when hired or enrolled",
        },
        "parties": [
            _party(BODY.did, "recognising-body"),
            _party(ENTERPRISE.did, "recognising-employer"),
            _party(COLLEGE.did, "recognising-college"),
        ],
        "accepts": {
            "credentialType": "https://w3id.org/vocred#SkillLevelCertificate",
            "issuer": [BODY.did, ENTERPRISE.did],
            "levelCode": ["1X-1", "1X-2", "1X-3", "VENDOR"],
            "maxAgeMonths": 60,
        },
        "rules": [
            {
                "id": "R1",
                "kind": "免于重复认证",
                "by": [BODY.did, ENTERPRISE.did, COLLEGE.did],
                "purpose": {"zh-CN": "入职与入学技能核验", "en": "skill check at hiring and enrolment"},
            }
        ],
        "effectiveFrom": "2026-01-01T00:00:00+08:00",
        "effectiveUntil": "2029-12-31T23:59:59+08:00",
    }


def _party(did: str, role: str) -> dict[str, Any]:
    return {
        "id": did,
        "role": role,
        "duties": [
            {
                "zh-CN": "承认协议所列证书，不要求重复考核",
                "en": "Take the certificates named here and ask for no second test",
            }
        ],
        "rights": [{"zh-CN": "取得互认统计", "en": "Receive counts of recognitions"}],
    }
