"""The words of the pages about agreements for what the use cases name by codes."""

from collections.abc import Mapping

from flask_babel import gettext

from issuer.agreements import levels
from schemas.catalogue import CATALOGUE
from web import problems
from web.i18n import in_language


def problem(code: str) -> str:
    """Return what is wrong with a field of the builder."""
    return {
        "required": gettext("请填写。"),
        "choose": gettext("请选择。"),
        "long": gettext("每条最多500字；成绩等级最多20字。"),
        "lines": gettext("中英文的条数不一致：每行一条，逐条对应。"),
        "date": gettext("日期写成 2026-12-31 的样子。"),
        "half": gettext("填大于0、不超过1000的数，以0.5为一档。"),
        "whole": gettext("填整数，且不要超过范围。"),
        "percent": gettext("填0到100的数。"),
        "level": gettext("等级代码由大写字母、数字和短横组成，如 1X-2。"),
        "course": gettext("课程代码由大写字母、数字、点、横线组成，最多32位。"),
        "programme": gettext("专业代码是六位数字，多个用空格隔开。"),
        "address": gettext("填完整的网址（https://…）或 URN。"),
        "blanks": gettext("成绩名称中不能有空格。"),
        "bands": gettext("每行一档：先写最低分，空一格，再写等级，如“90 优秀”。"),
        "short": gettext("填2到12位大写字母或数字。"),
    }[code]


def role(name: str) -> str:
    """Return the word for a party's role."""
    return {
        "recognising-body": gettext("承认方（颁证机构）"),
        "recognising-college": gettext("承认方（院校）"),
        "recognising-employer": gettext("承认方（用人单位）"),
        "awarding-body": gettext("颁证机构"),
        "credit-bank": gettext("学分银行"),
        "supervisor": gettext("监督方"),
    }[name]


def state(name: str) -> str:
    """Return the word for how far an agreement is."""
    return {
        "unconfirmed": gettext("待确认来源"),
        "to-sign": gettext("待本单位签署"),
        "signing": gettext("等待各方签署"),
        "offered": gettext("已送达本单位"),
        "ready": gettext("已签齐，待提案"),
        "overdue": gettext("表决期已过，未提案"),
        "voting": gettext("表决中"),
        "rejected": gettext("未获通过"),
        "agreed": gettext("已通过，未到生效日"),
        "in-force": gettext("生效中"),
        "superseded": gettext("已被新版本取代"),
        "lapsed": gettext("已到期"),
        "ended": gettext("已终止"),
        "dropped": gettext("已放弃"),
    }[name]


def state_chip(name: str) -> str:
    """Return the kind of mark for how far an agreement is."""
    return {
        "to-sign": "note",
        "ready": "note",
        "overdue": "warning",
        "voting": "info",
        "rejected": "warning",
        "in-force": "valid",
        "ended": "revoked",
    }.get(name, "info")


def standing(name: str) -> str:
    """Return the word for how far a party has come."""
    return {
        "signed": gettext("已签"),
        "waiting": gettext("待签"),
        "undelivered": gettext("未送达"),
        "refused": gettext("对方服务拒收"),
        "informed": gettext("已告知"),
        "unknown": gettext("由提案方汇集"),
    }[name]


def standing_chip(name: str) -> str:
    """Return the kind of mark for how far a party has come."""
    return {"signed": "done", "waiting": "note", "undelivered": "warning", "refused": "warning"}.get(
        name, "info"
    )


def errand_problem(code: str | None) -> str:
    """Return why something has not arrived."""
    if code is None:
        return gettext("正在送出。")
    known = {
        "NO_SERVICE": gettext("登记中没有该机构的服务地址；可请对方以文件交来签名。"),
        "EXPIRED": gettext("表决期已过或文本已放弃。"),
        "DRY_RUN_INVALID": gettext("账本节点不接受这份统计。"),
    }.get(code)
    return known or gettext("%(words)s（%(code)s）", words=_entry(code), code=code)


def credential_type(name: str) -> str:
    """Return a type's name in the page's language."""
    entry = CATALOGUE.get(name)
    return name if entry is None else in_language(entry.display["zh-CN"], entry.display["en"])


def level(code: str) -> str:
    """Return a level's code with what it is called."""
    for _, _, steps in levels.SYSTEMS:
        for step in steps:
            if step.code == code:
                return in_language(f"{step.zh}（{code}）", f"{step.en} ({code})")
    return code


def rule_kind(kind: str) -> str:
    """Return the word for a kind of rule."""
    return {
        "免修": gettext("免修课程"),
        "学分置换": gettext("学分置换"),
        "成绩替代": gettext("成绩替代"),
        "存入": gettext("存入学分银行"),
        "等级等效": gettext("等级等效"),
        "免于重复认证": gettext("免于重复认证"),
    }.get(kind, kind)


def system(name: str) -> str:
    """Return the word for a system of levels."""
    return next((in_language(zh, en) for zh, en, _ in levels.SYSTEMS if zh == name), name)


def scope(name: str) -> str:
    """Return the word for the part of a test that is waived."""
    return {"全部": gettext("全部"), "理论": gettext("理论部分"), "实操": gettext("实操部分")}.get(name, name)


def penalty(name: str) -> str:
    """Return the word for what a penalty would be."""
    return {
        "警告": gettext("警告"),
        "公示": gettext("公示"),
        "暂停自动互认": gettext("暂停自动互认"),
        "终止协议": gettext("终止协议"),
    }.get(name, name)


def measure(name: str) -> str:
    """Return the word for what a penalty looks at."""
    return {"撤销率": gettext("撤销率"), "复核取消率": gettext("复核取消率")}.get(name, name)


def text(pair: Mapping[str, str]) -> str:
    """Return a sentence or name in the page's language."""
    return in_language(pair["zh-CN"], pair["en"])


def _entry(code: str) -> str:
    known = problems.entry(code)
    return in_language(known.zh, known.en)
