"""From a sheet to a document: what is missing or wrong is named beside its field.

Everything that the schema knows can be filled in, and nothing else, so a document that comes out of here says
what the form said. What a form can tell is said at once; of a form that can be read, the lint of
``vc.recognition`` has the last word.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from issuer.agreements.placing import COURSE_KINDS, DEPOSIT, WHEN, field_of
from issuer.agreements.reading import Reading
from issuer.agreements.sheet import CREDIT, EQUIVALENCE, Sheet, lines, split
from schemas.catalogue import VOCABULARY
from vc.recognition import Text, lint

ROLES = (
    "recognising-college",
    "recognising-body",
    "recognising-employer",
    "awarding-body",
    "credit-bank",
    "supervisor",
)
TYPES = (
    "SkillLevelCertificate",
    "GraduationCertificate",
    "MicroCredential",
    "CompetitionAward",
    "ApprenticeshipRecord",
    "TeacherTrainingRecord",
)
SYSTEMS = ("1+X", "职业技能等级", "国家职业资格", "国民教育学历", "企业认证", "微证书")
SCOPES = ("全部", "理论", "实操")
PENALTIES = ("警告", "公示", "暂停自动互认", "终止协议")
MEASURES = ("撤销率", "复核取消率")
_COURSE_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}")
_PROGRAMME = re.compile(r"[0-9]{6}")
_LEVEL = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)*")
_BAND = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)\s+(\S.{0,19})")


@dataclass(frozen=True)
class Built:
    """What came of a sheet.

    Attributes:
        document: The document as far as it goes.
        problems: Per field of the form, the code of what was filled in wrong (``issuer.agreements.words``).
        findings: Per field, what the lint says of a document without such problems; under the empty name
            what no field is to blame for.
    """

    document: Mapping[str, Any]
    problems: Mapping[str, str]
    findings: Mapping[str, Text]

    @property
    def complete(self) -> bool:
        """Whether the document may be handed round."""
        return not self.problems and not self.findings


def build(sheet: Sheet, *, earlier: Iterable[Mapping[str, Any]] = ()) -> Built:
    """Make the document that a sheet describes.

    Args:
        sheet: The sheet, with ``id`` and ``version`` decided.
        earlier: Documents of earlier versions, as far as they are known.
    """
    found = Reading()
    document: dict[str, Any] = {
        "id": sheet["id"],
        "type": "RecognitionAgreement",
        "version": int(sheet["version"] or 1),
        "title": found.text(sheet, "title"),
        "objective": found.text(sheet, "objective"),
        "parties": [_party(found, row, f"parties-{place}-") for place, row in enumerate(sheet["parties"])],
        "accepts": _accepts(found, sheet),
        "rules": [
            {"id": row["rule"], **_rule(found, row, f"rules-{place}-")}
            for place, row in enumerate(sheet["rules"])
        ],
        "effectiveFrom": found.day(sheet, "from", required=True, end=False),
        "effectiveUntil": found.day(sheet, "until", required=True, end=True),
        **_optional(found, sheet),
    }
    if found.problems:
        return Built(document, found.problems, {})
    findings: dict[str, Text] = {}
    for each in lint(document, earlier=earlier):
        findings.setdefault(field_of(each.where), each.text)
    return Built(document, {}, findings)


def _party(found: Reading, row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    if not row["id"]:
        found.wrong(f"{prefix}id", "choose")
    return {
        "id": row["id"],
        "role": found.choice(row, "role", ROLES, prefix=prefix),
        "duties": found.pairs(row, "duties", prefix=prefix),
        "rights": found.pairs(row, "rights", prefix=prefix),
    }


def _accepts(found: Reading, sheet: Sheet) -> dict[str, Any]:
    if not sheet["issuer"]:
        found.wrong("issuer", "choose")
    chosen = [*sheet["levels"], *found.each(split(sheet["more_levels"]), _LEVEL, "more_levels", "level")]
    addresses = [found.address(line, "achievement") for line in lines(sheet["achievement"])]
    optional = {
        "humanCode": split(sheet["codes"]),
        "levelCode": list(dict.fromkeys(chosen)),
        "achievement": list(dict.fromkeys(addresses)),
        "maxAgeMonths": found.whole(sheet, "months", most=600),
        "awardedFrom": found.day(sheet, "awarded_from", required=False),
        "awardedUntil": found.day(sheet, "awarded_until", required=False),
        "noSecondaryCertification": bool(sheet["waive"]),
    }
    return {
        "credentialType": VOCABULARY + found.choice(sheet, "type", TYPES),
        "issuer": list(sheet["issuer"]),
        **_given(optional),
    }


def _rule(found: Reading, row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    common = _given({"by": list(row["by"]), "when": _when(row)})
    if row["family"] == CREDIT:
        return {**common, **_credit(found, row, prefix)}
    if row["family"] == EQUIVALENCE:
        return {**common, **_equivalence(found, row, prefix)}
    purpose = found.text(row, "purpose", prefix=prefix, required=False)
    scope = found.choice(row, "scope", SCOPES, prefix=prefix)
    return {**common, "kind": "免于重复认证", **_given({"purpose": purpose}), "scope": scope}


def _when(row: Mapping[str, Any]) -> dict[str, Any]:
    return _given({key: list(row[name]) for key, name in WHEN.items()})


def _credit(found: Reading, row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    kind = found.choice(row, "kind", (*COURSE_KINDS, DEPOSIT), prefix=prefix)
    rule: dict[str, Any] = {"kind": kind}
    if kind != DEPOSIT:
        rule["target"] = _course(found, row, prefix)
        grade = _grade(found, row, prefix, required=kind == "成绩替代")
        rule.update(_given({"grade": grade}))
    rule["credits"] = _credits(found, row, prefix)
    if row["unit"] == "hours":
        rule["creditUnit"] = "学时"
    else:
        hours = found.whole(row, "unit_hours", most=99, prefix=prefix, required=True)
        rule["creditUnit"] = f"学分（{hours}学时/学分）"
    return {**rule, **_given({"confirm": row["confirm"]})}


def _course(found: Reading, row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    code = row["course_code"]
    if not _COURSE_CODE.fullmatch(code):
        found.wrong(f"{prefix}course_code", "course" if code else "required")
    programme = found.each(split(row["programme"]), _PROGRAMME, f"{prefix}programme", "programme")
    address = found.address(row["course"], f"{prefix}course") if row["course"] else ""
    return {
        **_given({"course": address}),
        "courseCode": code,
        "courseName": found.text(row, "course", prefix=prefix),
        **_given({"programme": programme}),
    }


def _credits(found: Reading, row: Mapping[str, Any], prefix: str) -> Any:
    number = found.half(row, "credits", prefix=prefix, required=True)
    if not row["credits_from"]:
        return number
    if row["credits_from"] == "learningHours":
        hours = found.whole(row, "hours", most=100, prefix=prefix, required=True)
        return {"from": "learningHours", "hoursPerCredit": hours, "max": number}
    return {"from": "creditsEarned", "max": number}


def _grade(found: Reading, row: Mapping[str, Any], prefix: str, *, required: bool) -> dict[str, Any]:
    if row["grade"] == "fixed":
        if not 0 < len(row["grade_fixed"]) <= 20:
            found.wrong(f"{prefix}grade_fixed", "long" if row["grade_fixed"] else "required")
        return {"fixed": row["grade_fixed"]}
    if row["grade"] in {"score", "bands"}:
        name = row["grade_result"]
        if not name or any(character.isspace() for character in name):
            found.wrong(f"{prefix}grade_result", "required" if not name else "blanks")
        source = {"from": f"result:{name}"}
        if row["grade"] == "score":
            return {**source, "map": "score"}
        return {**source, "bands": _bands(found, row, prefix)}
    if required:
        found.wrong(f"{prefix}grade", "choose")
    return {}


def _bands(found: Reading, row: Mapping[str, Any], prefix: str) -> list[dict[str, Any]]:
    matched = [_BAND.fullmatch(line) for line in lines(row["grade_bands"])]
    if not matched or not all(matched):
        found.wrong(f"{prefix}grade_bands", "bands")
    bands = [(float(match[1]), match[2]) for match in matched if match]
    return [{"min": int(least) if least.is_integer() else least, "grade": grade} for least, grade in bands]


def _equivalence(found: Reading, row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    level = row["target_level"]
    if not _LEVEL.fullmatch(level):
        found.wrong(f"{prefix}target_level", "level" if level else "required")
    address = row["target_achievement"]
    name = found.text(row, "target", prefix=prefix, required=False)
    return {
        "kind": "等级等效",
        "target": {
            "credentialType": VOCABULARY + found.choice(row, "target_type", TYPES, prefix=prefix),
            "qualificationSystem": found.choice(row, "target_system", SYSTEMS, prefix=prefix),
            "levelCode": level,
            **({"achievement": found.address(address, f"{prefix}target_achievement")} if address else {}),
            **_given({"name": name}),
        },
    }


def _optional(found: Reading, sheet: Sheet) -> dict[str, Any]:
    limits = _given(
        {
            "maxCreditsPerLearner": found.half(sheet, "learner_cap"),
            "maxCreditsPerSource": found.half(sheet, "source_cap"),
        }
    )
    if any(row["family"] == CREDIT for row in sheet["rules"]):
        limits["oncePerCourse"] = True
    rewards = [
        {
            "to": _named(found, row, f"rewards-{place}-"),
            "kind": "积分",
            "perConversion": found.whole(row, "points", most=100, prefix=f"rewards-{place}-", required=True),
        }
        for place, row in enumerate(sheet["rewards"])
    ]
    penalties = [_penalty(found, row, f"penalties-{place}-") for place, row in enumerate(sheet["penalties"])]
    occupations = [
        _occupation(found, row, f"occupation-{place}-") for place, row in enumerate(sheet["occupation"])
    ]
    return _given(
        {
            "limits": limits,
            "rewards": rewards,
            "penalties": penalties,
            "supersedes": sheet["supersedes"],
            "occupation": occupations,
        }
    )


def _penalty(found: Reading, row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    percent = row["percent"]
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", percent) or float(percent) > 100:
        found.wrong(f"{prefix}percent", "percent" if percent else "required")
        percent = "0"
    number = float(percent)
    return {
        "to": _named(found, row, prefix),
        "kind": found.choice(row, "kind", PENALTIES, prefix=prefix),
        "measure": found.choice(row, "measure", MEASURES, prefix=prefix),
        "overPercent": int(number) if number.is_integer() else number,
        "months": found.whole(row, "months", most=36, prefix=prefix, required=True),
    }


def _occupation(found: Reading, row: Mapping[str, Any], prefix: str) -> dict[str, str]:
    for name in ("framework", "edition", "name"):
        if not row[name]:
            found.wrong(f"{prefix}{name}", "required")
    return {
        "framework": row["framework"],
        "edition": row["edition"],
        **_given({"code": row["code"]}),
        "name": row["name"],
    }


def _named(found: Reading, row: Mapping[str, Any], prefix: str) -> str:
    if not row["to"]:
        found.wrong(f"{prefix}to", "choose")
    return str(row["to"])


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what was not filled in: an empty list or text is no statement."""
    return {name: value for name, value in values.items() if value not in ("", [], {}, 0, False, None)}
