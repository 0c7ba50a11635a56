"""CompetitionAward 竞赛获奖: one credential for each contestant. Spec: CREDENTIALS.md, section 4."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from schemas.builders.parts import (
    CertificateRecord,
    achievement_id,
    alignments,
    document_if_given,
    given,
    head,
    listed,
    person,
    required,
    several,
    start_of_day,
    whole,
)
from schemas.institution import Institution

COMPETITION_LEVELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "校级": ("SCH", "School level"),
        "市级": ("CITY", "City level"),
        "省级": ("PROV", "Provincial level"),
        "国家级": ("NAT", "National level"),
        "国际级": ("INTL", "International level"),
    }
)
"""Part of the level code, and English words, by ``competitionLevel`` of the record."""

AWARD_RANKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "一等奖": ("1", "First Prize"),
        "二等奖": ("2", "Second Prize"),
        "三等奖": ("3", "Third Prize"),
        "优秀奖": ("EXC", "Excellence Award"),
        "金牌": ("GOLD", "Gold Medal"),
        "银牌": ("SILVER", "Silver Medal"),
        "铜牌": ("BRONZE", "Bronze Medal"),
        "优胜奖": ("MERIT", "Medallion for Excellence"),
    }
)
"""Part of the level code, and English words, by ``awardRank`` of the record."""


def build(record: CertificateRecord, issuer: Institution) -> dict[str, Any]:
    """Make the head and subject of a CompetitionAward.

    Raises:
        RecordIncompleteError: See ``schemas.building.build_credential``.
    """
    contested = record.get("contestDate")
    subject = {
        **person(record),
        **document_if_given(record),
        **given(role=record.get("role")),
        "licenseNumber": required(record, "certNo"),
        "competitionLevel": required(record, "competitionLevel"),
        "awardRank": required(record, "awardRank"),
        **given(
            teamSize=whole(record, "teamSize"),
            instructor=several(record, "instructor"),
            activityEndDate=start_of_day(contested) if contested else None,
        ),
        "achievement": _achievement(record, issuer),
    }
    return {**head("技能竞赛获奖证书", issuer, required(record, "awardDate")), "credentialSubject": subject}


def _achievement(record: CertificateRecord, issuer: Institution) -> dict[str, Any]:
    level_part, level_en = listed(record, "competitionLevel", COMPETITION_LEVELS)
    rank_part, rank_en = listed(record, "awardRank", AWARD_RANKS)
    code, contest, event = (required(record, key) for key in ("eventCode", "contestName", "eventName"))
    level, rank = record["competitionLevel"], record["awardRank"]
    level_code = f"COMP-{level_part}-{rank_part}"
    # An event is held again under the same code: the year tells its editions apart.
    year = (record.get("contestDate") or required(record, "awardDate"))[:4]
    return given(
        id=achievement_id(issuer, code, version=year, level=level_code),
        type=["Achievement", "VetAchievement"],
        achievementType="Award",
        name=f"{contest}“{event}”赛项{rank}",
        description=f"在{contest}“{event}”赛项中获{rank}。",
        inLanguage="zh-CN",
        version=year,
        localizedName={"en": f"{rank_en}, vocational skills competition ({level_en})"},
        criteria={"narrative": "按赛项规程由裁判组评定。"},
        humanCode=code,
        qualificationSystem="职业技能竞赛",
        levelCode=level_code,
        levelName=f"{level}{rank}",
        alignment=alignments(record, issuer),
    )
