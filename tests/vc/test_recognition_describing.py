"""The words that people sign and vote on say all of what an evaluation looks at."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

import schemas
from tests.vc.recognition_cases import BANK, COLLEGE, HUAHENG, UNIT, XINGHENG, document
from vc.recognition import check_agreement, describe, lint

NAMES = {
    COLLEGE: {"zh": "云岭学院", "en": "Yunling College"},
    HUAHENG: {"zh-CN": "华衡中心", "en": "Huaheng Centre"},
    BANK: {"zh-CN": "云岭学分银行", "en": "Yunling Credit Bank"},
}

RICH = document(
    accepts={
        "awardedFrom": "2024-01-01",
        "awardedUntil": "2030-12-31",
        "achievement": ["https://huaheng-skills.example/standards/irom/2.0/intermediate"],
    },
    limits={"maxCreditsPerSource": 9.5},
)
RICH["rules"] += [
    {
        "id": "R3",
        "kind": "存入",
        "credits": {"from": "learningHours", "hoursPerCredit": 16, "max": 10},
        "creditUnit": UNIT,
        "confirm": "automatic",
    },
    {
        "id": "R4",
        "kind": "成绩替代",
        "when": {"humanCode": ["IROM-2"], "issuer": [HUAHENG]},
        "target": {"courseCode": "RB7", "courseName": {"zh-CN": "实训", "en": "Practice"}},
        "credits": {"from": "creditsEarned", "max": 3},
        "creditUnit": UNIT,
        "grade": {
            "from": "result:理论成绩",
            "bands": [{"min": 60, "grade": "合格"}, {"min": 85.5, "grade": "优秀"}],
        },
    },
    {
        "id": "R5",
        "kind": "免于重复认证",
        "scope": "实操",
        "purpose": {"zh-CN": "入职技能核验", "en": "skill check at hiring"},
    },
    {
        "id": "R6",
        "kind": "等级等效",
        "target": {
            "credentialType": "https://w3id.org/vocred#SkillLevelCertificate",
            "qualificationSystem": "职业技能等级",
            "levelCode": "SL-4",
            "name": {"zh-CN": "机器人装调", "en": "Robot assembly"},
        },
    },
]

EVALUATED = (
    "accepts",
    "rules",
    "limits",
    "effectiveFrom",
    "effectiveUntil",
    "rewards",
    "penalties",
    "parties",
)

CHANGES: dict[Any, Any] = {
    "免修": "学分置换",
    "学分置换": "免修",
    "成绩替代": "免修",
    "automatic": "officer",
    "全部": "理论",
    "实操": "理论",
    "暂停自动互认": "警告",
    "撤销率": "复核取消率",
    "职业技能等级": "国家职业资格",
    "learningHours": "creditsEarned",
    "1X-2": "1X-1",
    "1X-3": "1X-1",
    "SL-4": "SL-3",
    "recognising-college": "recognising-body",
    "awarding-body": "supervisor",
}


def told(stated: dict[str, Any], language: str = "zh-CN") -> str:
    description = describe(stated, names=NAMES)
    return "\n".join(clause.text[language] for section in description.sections for clause in section.clauses)


def leaves(value: Any, path: tuple = ()) -> Iterator[tuple]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, (*path, place))
    else:
        yield path


def changed(stated: dict[str, Any], path: tuple) -> dict[str, Any]:
    result = copy.deepcopy(stated)
    inside = result
    for key in path[:-1]:
        inside = inside[key]
    value = inside[path[-1]]
    if isinstance(value, bool):
        inside[path[-1]] = not value
    elif isinstance(value, int | float):
        inside[path[-1]] = value + 1
    elif path[-1] in ("effectiveFrom", "effectiveUntil", "awardedFrom", "awardedUntil"):
        inside[path[-1]] = value.replace("20", "19", 1)
    else:
        inside[path[-1]] = CHANGES.get(value, value[:-1] + ("8" if value[-1] != "8" else "9"))
    return result


# The implied rule adds nothing beside a written one, and once per course cannot be otherwise.
SILENT = ("noSecondaryCertification", "oncePerCourse")
PATHS = [path for key in EVALUATED for path in leaves(RICH[key], (key,)) if path[-1] not in SILENT]


@pytest.mark.row("S26", "S27", "S28")
@pytest.mark.parametrize("base", ["RecognitionAgreement", "RecognitionAgreement-bodies"])
def test_an_agreement_is_told_whole_in_both_languages(base):
    description = describe(schemas.example(base), names={})
    assert [section.key for section in description.sections][:4] == [
        "objective",
        "parties",
        "accepts",
        "rules",
    ]
    for section in description.sections:
        for clause in section.clauses:
            assert clause.text["zh-CN"]
            assert clause.text["en"]
            assert not any(mark in clause.text["zh-CN"] + clause.text["en"] for mark in "{}")


def test_the_document_with_every_kind_of_rule_is_sound():
    check_agreement(RICH)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: "/".join(map(str, path)))
def test_whatever_changes_an_agreement_changes_its_words(path):
    language = "en" if path[-1] == "en" else "zh-CN"
    other = changed(RICH, path)
    # What nobody can sign needs no words.
    assert lint(other) or told(other, language) != told(RICH, language)


def test_the_implied_rule_is_told():
    told_rules = [
        clause.where
        for section in describe(document(), names=NAMES).sections
        for clause in section.clauses
        if section.key == "rules"
    ]
    assert told_rules == ["rules/0", "rules/1", "accepts/noSecondaryCertification"]


def test_a_body_is_told_by_its_name_in_the_reader_s_language():
    assert "云岭学院" in told(document())
    assert "Yunling College" in told(document(), "en")
    assert COLLEGE not in told(document()) + told(document(), "en")


def test_a_body_without_a_name_goes_by_its_did():
    assert XINGHENG in told(document("HM"))


def test_levels_are_told_in_words_and_by_code():
    assert "1+X中级（1X-2）" in told(document())
    assert "1+X intermediate (1X-2)" in told(document(), "en")


def test_that_a_body_leaves_out_its_own_certificates_is_said_only_where_it_may_happen():
    assert "自己颁发的证书除外" not in told(document())
    assert "自己颁发的证书除外" in told(document("HM"))


def test_an_agreement_without_credit_says_nothing_of_limits():
    keys = [section.key for section in describe(document("HM"), names={}).sections]
    assert "limits" not in keys
    assert "incentives" not in keys


def test_an_end_without_end_can_be_told():
    assert "9999-12-31 23:59:59Z" in told(document(effectiveUntil="9999-12-31T23:59:59Z"))
