"""Codes in people's words, both languages: units, levels, types, and who a DID is."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

from schemas.catalogue import CATALOGUE, VOCABULARY
from vc import dates
from vc.recognition.model import Names, Target, Text

_UNIT = re.compile(r"学分（([1-9][0-9]?)学时/学分）")

_SYSTEMS: Mapping[str, str] = MappingProxyType(
    {
        "国民教育学历": "national academic education",
        "1+X": "1+X",
        "职业技能等级": "vocational skill level",
        "国家职业资格": "national vocational qualification",
        "企业认证": "enterprise certification",
        "微证书": "micro-credential",
    }
)

LEVELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "CN-EDU-01": ("博士研究生", "doctor"),
        "CN-EDU-02": ("硕士研究生", "master"),
        "CN-EDU-04": ("第二学士学位", "second bachelor"),
        "CN-EDU-05": ("本科", "bachelor"),
        "CN-EDU-06": ("专科（高职）", "associate (higher vocational)"),
        "CN-EDU-SV": ("中职", "secondary vocational"),
        "1X-1": ("1+X初级", "1+X elementary"),
        "1X-2": ("1+X中级", "1+X intermediate"),
        "1X-3": ("1+X高级", "1+X advanced"),
        "SL-0": ("学徒工", "apprentice worker"),
        "SL-5": ("初级工（五级）", "elementary worker, level 5"),
        "SL-4": ("中级工（四级）", "intermediate worker, level 4"),
        "SL-3": ("高级工（三级）", "senior worker, level 3"),
        "SL-2": ("技师（二级）", "technician, level 2"),
        "SL-1": ("高级技师（一级）", "senior technician, level 1"),
        "SL-S": ("特级技师", "special-grade technician"),
        "SL-C": ("首席技师", "chief technician"),
        "VQ-5": ("国家职业资格五级", "national vocational qualification, level 5"),
        "VQ-4": ("国家职业资格四级", "national vocational qualification, level 4"),
        "VQ-3": ("国家职业资格三级", "national vocational qualification, level 3"),
        "VQ-2": ("国家职业资格二级", "national vocational qualification, level 2"),
        "VQ-1": ("国家职业资格一级", "national vocational qualification, level 1"),
        "VENDOR": ("企业认证", "enterprise certification"),
        "MC": ("微证书", "micro-credential"),
        "APP-APPRENTICE": ("学徒", "apprentice"),
        "APP-ASSISTANT": ("助理", "assistant"),
        "APP-ENGINEER": ("工程师", "engineer"),
    }
)
"""The level codes that have a word of their own, by CREDENTIALS.md section 0."""


def number(value: float) -> str:
    """Write a number of credits, months or hours without a useless fraction: 8, 4.5."""
    return str(int(value)) if float(value).is_integer() else str(float(value))


def day(value: date) -> str:
    """Write a day; of a moment, the day in China."""
    if not isinstance(value, datetime):
        return value.isoformat()
    try:
        return value.astimezone(dates.CHINA).date().isoformat()
    except OverflowError:
        # The last hours of the year 9999, which some write for "without end".
        return value.date().isoformat()


def unit_text(unit: str) -> str:
    """Return the English of a unit of credit: credits (16 hours each), or hours."""
    match = _UNIT.fullmatch(unit)
    return "hours" if match is None else f"credits ({match[1]} hours each)"


def unit(value: str) -> Text:
    """Return a unit of credit in both languages."""
    return {"zh-CN": value, "en": unit_text(value)}


def amount(value: float, of: str) -> Text:
    """Return so many of a unit of credit: 8学分（16学时/学分）, 1 credit (16 hours each)."""
    words = unit_text(of)
    if value == 1:
        words = words.replace("credits (", "credit (") if "credits" in words else "hour"
    return {"zh-CN": f"{number(value)}{of}", "en": f"{number(value)} {words}"}


def level(code: str) -> Text:
    """Return a level with its code: 1+X中级（1X-2）."""
    zh, en = LEVELS.get(code, (None, None))
    return {
        "zh-CN": code if zh is None else f"{zh}（{code}）",
        "en": code if en is None else f"{en} ({code})",
    }


def credential_type(iri: str) -> Text:
    """Return what people call a type that is named by its IRI."""
    entry = CATALOGUE.get(iri.removeprefix(VOCABULARY))
    return {"zh-CN": iri, "en": iri} if entry is None else entry.display


def body(did: str, names: Names) -> Mapping[str, str]:
    """Return a body's name in both languages, its DID where nobody told the name."""
    named = names.get(did) or {}
    return {
        "zh-CN": named.get("zh-CN") or named.get("zh") or did,
        "en": named.get("en") or named.get("zh-CN") or named.get("zh") or did,
    }


def target_text(target: Target) -> Text:
    """Return the level to which something is equivalent: name, type of certificate, system and level."""
    system, words = target.qualification_system, level(target.level_code)
    kind = credential_type(target.credential_type)
    zh, en = [kind["zh-CN"], words["zh-CN"]], [kind["en"].lower(), words["en"]]
    if not zh[1].startswith(system):
        zh.insert(1, system)
        en.insert(1, _SYSTEMS.get(system, system))
    if target.achievement is not None:
        zh.append(target.achievement)
        en.append(target.achievement)
    name = target.name or {"zh-CN": zh.pop(0), "en": en.pop(0)}
    return {"zh-CN": f"{name['zh-CN']}（{'，'.join(zh)}）", "en": f"{name['en']} ({', '.join(en)})"}
