"""From a document back to a sheet: amending begins with the version in force."""

from collections.abc import Iterable, Mapping
from typing import Any

from issuer.agreements import levels
from issuer.agreements.placing import WHEN
from issuer.agreements.sheet import CREDIT, EQUIVALENCE, ROWS, WAIVER, Sheet, read
from schemas.catalogue import VOCABULARY


def amendment(document: Mapping[str, Any], *, earlier: Iterable[Mapping[str, Any]] = ()) -> Sheet:
    """Return the sheet of the next version of an agreement: all that it says, to be changed.

    Args:
        document: The version that started last.
        earlier: Versions before it, as far as they are known: the numbers of their rules stay used.
    """
    version = document["version"]
    numbers = [int(rule["id"].removeprefix("R")) for each in (document, *earlier) for rule in each["rules"]]
    return {
        **sheet_of(document),
        "version": str(version + 1),
        "supersedes": f"{document['id']}#{version}",
        "last_rule": str(max(numbers)),
    }


def sheet_of(document: Mapping[str, Any]) -> Sheet:
    """Return the sheet from which ``building.build`` makes this document again."""
    accepts, limits = document["accepts"], document.get("limits", {})
    chosen = accepts.get("levelCode", [])
    return {
        **read([]),
        "id": document["id"],
        "version": str(document["version"]),
        "supersedes": document.get("supersedes", ""),
        **_text(document["title"], "title"),
        **_text(document["objective"], "objective"),
        "type": accepts["credentialType"].removeprefix(VOCABULARY),
        "issuer": list(accepts["issuer"]),
        "codes": " ".join(accepts.get("humanCode", [])),
        "levels": [code for code in chosen if code in levels.CODES],
        "more_levels": " ".join(code for code in chosen if code not in levels.CODES),
        "achievement": "\n".join(accepts.get("achievement", [])),
        "months": str(accepts.get("maxAgeMonths", "")),
        "awarded_from": accepts.get("awardedFrom", ""),
        "awarded_until": accepts.get("awardedUntil", ""),
        "waive": "1" if accepts.get("noSecondaryCertification") else "",
        "learner_cap": str(limits.get("maxCreditsPerLearner", "")),
        "source_cap": str(limits.get("maxCreditsPerSource", "")),
        "from": document["effectiveFrom"][:10],
        "until": document["effectiveUntil"][:10],
        "parties": [_party(party) for party in document["parties"]],
        "rules": [_rule(rule) for rule in document["rules"]],
        "rewards": [
            {"to": clause["to"], "points": str(clause["perConversion"])}
            for clause in document.get("rewards", [])
        ],
        "penalties": [_penalty(clause) for clause in document.get("penalties", [])],
        "occupation": [
            {name: each.get(name, "") for name in ("framework", "edition", "code", "name")}
            for each in document.get("occupation", [])
        ],
    }


def _party(party: Mapping[str, Any]) -> dict[str, str]:
    return {
        "id": party["id"],
        "role": party["role"],
        **_lines(party["duties"], "duties"),
        **_lines(party["rights"], "rights"),
    }


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    plain, several = ROWS["rules"]
    row: dict[str, Any] = {**dict.fromkeys(plain, ""), **{name: [] for name in several}}
    row["rule"] = rule["id"]
    row["by"] = list(rule.get("by", []))
    row.update({name: list(rule.get("when", {}).get(key, [])) for key, name in WHEN.items()})
    if "credits" in rule:
        return {**row, **_credit(rule)}
    if "target" in rule:
        target = rule["target"]
        return {
            **row,
            "family": EQUIVALENCE,
            "kind": rule["kind"],
            "target_type": target["credentialType"].removeprefix(VOCABULARY),
            "target_system": target["qualificationSystem"],
            "target_level": target["levelCode"],
            "target_achievement": target.get("achievement", ""),
            **_text(target.get("name", {}), "target"),
        }
    return {
        **row,
        "family": WAIVER,
        "kind": rule["kind"],
        **_text(rule.get("purpose", {}), "purpose"),
        "scope": rule.get("scope", "全部"),
    }


def _credit(rule: Mapping[str, Any]) -> dict[str, str]:
    target, unit = rule.get("target", {}), rule["creditUnit"]
    hours = unit.removeprefix("学分（").removesuffix("学时/学分）")
    row = {
        "family": CREDIT,
        "kind": rule["kind"],
        "course": target.get("course", ""),
        "course_code": target.get("courseCode", ""),
        **_text(target.get("courseName", {}), "course"),
        "programme": " ".join(target.get("programme", [])),
        "unit": "hours" if unit == "学时" else "credits",
        "unit_hours": "" if unit == "学时" else hours,
        "confirm": rule.get("confirm", ""),
        **_grade(rule.get("grade", {})),
    }
    credits_ = rule["credits"]
    if isinstance(credits_, Mapping):
        taken = {"credits_from": credits_["from"], "hours": str(credits_.get("hoursPerCredit", ""))}
        return {**row, **taken, "credits": str(credits_["max"])}
    return {**row, "credits": str(credits_)}


def _grade(grade: Mapping[str, Any]) -> dict[str, str]:
    if "fixed" in grade:
        return {"grade": "fixed", "grade_fixed": grade["fixed"]}
    if not grade:
        return {}
    named = {"grade_result": grade["from"].removeprefix("result:")}
    if "bands" not in grade:
        return {**named, "grade": "score"}
    bands = "\n".join(f"{band['min']} {band['grade']}" for band in grade["bands"])
    return {**named, "grade": "bands", "grade_bands": bands}


def _penalty(clause: Mapping[str, Any]) -> dict[str, str]:
    return {
        "to": clause["to"],
        "kind": clause["kind"],
        "measure": clause["measure"],
        "percent": str(clause["overPercent"]),
        "months": str(clause["months"]),
    }


def _text(text: Mapping[str, str], name: str) -> dict[str, str]:
    return {f"{name}_zh": text.get("zh-CN", ""), f"{name}_en": text.get("en", "")}


def _lines(texts: list[Mapping[str, str]], name: str) -> dict[str, str]:
    return {
        f"{name}_zh": "\n".join(text["zh-CN"] for text in texts),
        f"{name}_en": "\n".join(text["en"] for text in texts),
    }
