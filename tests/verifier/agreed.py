"""Agreements that a small consortium holds in force, and certificates that they speak of."""

from typing import Any

import schemas
from ledger.registry import Grant
from schemas.building import Institution, build_credential
from tests.verifier.conftest import DID, ENTRY_ID, INDEX, LIST, World, seconds
from vc import dates, status
from vc.recognition import Agreement
from verifier.evidence import Recognitions

BODY = "did:web:mingjiang-skills.example"
EMPLOYER = "did:web:xingheng.example"
BANK = "did:web:creditbank.yunling.example"
MINISTRY = "did:web:edu.example"
NAMES = {
    DID: {"zh": "云岭示范职业技术学院", "en": "Yunling Model Vocational College"},
    BODY: {"zh": "明匠职业技能评价中心", "en": "Mingjiang Skills"},
    EMPLOYER: {"zh": "星衡智能装备有限公司", "en": "Xingheng Equipment"},
    BANK: {"zh": "云岭终身学习学分银行", "en": "Yunling Credit Bank"},
    MINISTRY: {"zh": "云岭省教育厅", "en": "Yunling Department of Education"},
}
STARTED = "2026-03-05T01:00:00Z"

CANDIDATE = {
    "type": "SkillLevelCertificate",
    "map": "SkillLevelCertificate_1X",
    "name": "林晓雨",
    "nameEn": "Lin Xiaoyu",
    "idNumber": "990101200503140027",
    "certName": "工业机器人操作与运维",
    "certCode": "IROM-2",
    "stdVersion": "2.0",
    "level": "中级",
    "theory": "86",
    "practice": "91",
    "conclusion": "合格",
    "examDate": "2026-05-20",
    "site": "云岭考点",
    "certNo": "HH1X-2026-2-0000457",
    "awardDate": "2026-05-20",
}


def between_bodies(**changes: Any) -> dict[str, Any]:
    """Return an agreement in which a body and an employer accept this college's graduates without a test."""
    document = schemas.example("RecognitionAgreement-bodies")
    document["parties"] = [
        {**document["parties"][0], "id": DID},
        {**document["parties"][1], "id": BODY},
        {**document["parties"][2], "id": EMPLOYER},
    ]
    document["accepts"] = {
        "credentialType": "https://w3id.org/vocred#GraduationCertificate",
        "issuer": [DID],
    }
    document["rules"] = [{"id": "R1", "kind": "免于重复认证", "by": [BODY, EMPLOYER]}]
    return {**document, **changes}


def with_bank(**changes: Any) -> dict[str, Any]:
    """Return an agreement in which a college gives credit for this college's graduates."""
    document = schemas.example("RecognitionAgreement")
    document["parties"] = [
        {**document["parties"][0], "id": BODY},
        {**document["parties"][1], "id": DID},
        {**document["parties"][2], "id": BANK},
    ]
    document["accepts"] = {
        "credentialType": "https://w3id.org/vocred#GraduationCertificate",
        "issuer": [DID],
    }
    rule = document["rules"][0]
    document["rules"] = [
        {**rule, "grade": {"fixed": "合格"}, "target": {**rule["target"], "programme": ["460305"]}}
    ]
    document["limits"] = {"oncePerCourse": True}
    del document["rewards"], document["penalties"]
    return {**document, **changes}


def agree(world: World, *documents: dict[str, Any], ended: str | None = None) -> None:
    """Put agreements in force, signed by every party, all of them members."""
    agreements = tuple(
        Agreement(
            document=document,
            started=dates.parse(STARTED),
            ended=None if ended is None else dates.parse(ended),
            signed=tuple(party["id"] for party in document["parties"]),
        )
        for document in documents
    )
    world.known = Recognitions(agreements, tuple(NAMES), NAMES, world.head)
    world.called = NAMES


def skill(world: World, **changes: Any) -> dict[str, Any]:
    """Return a signed and anchored skill certificate of the same person, from the same issuer."""
    unsigned = build_credential(
        {**CANDIDATE, **changes},
        issuer=Institution(did=DID, name="云岭示范职业技术学院", institution_code="99901"),
        credential_id="urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0002",
        status_entry=status.entry(list_url=LIST, index=INDEX + 1, entry_id=ENTRY_ID.replace("0001", "0002")),
    )
    start = seconds(dates.parse("2025-06-01T00:00:00+08:00"))
    grant = Grant(MINISTRY, DID, "SkillLevelCertificate", start, None)
    world.granted = (*world.granted, grant)
    form = world.sign(unsigned)
    world.anchor(form, grant=grant)
    return form
