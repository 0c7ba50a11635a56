"""Words of the credit bank's pages, in the page's language."""

from collections.abc import Mapping

from flask_babel import gettext

from vc.recognition import wording
from web.i18n import in_language


def state(name: str) -> str:
    """Return the word for a state of an application."""
    return {
        "waiting": gettext("等待出示"),
        "submitted": gettext("待确认"),
        "registered": gettext("已登记"),
        "returned": gettext("已退回给学生"),
        "declined": gettext("学生未出示"),
    }[name]


def state_chip(name: str) -> str:
    """Return the kind of mark for a state of an application."""
    return {"registered": "done", "submitted": "note", "waiting": "info"}.get(name, "couldNotCheck")


def conversion(name: str) -> str:
    """Return the word for a state of a conversion."""
    return {
        "active": gettext("有效"),
        "underReview": gettext("复核中"),
        "cancelled": gettext("已取消"),
    }[name]


def conversion_chip(name: str) -> str:
    """Return the kind of mark for a state of a conversion."""
    return {"active": "done", "underReview": "note", "cancelled": "revoked"}[name]


def kind(name: str) -> str:
    """Return the word for a kind of conversion."""
    english = {
        "存入": "Deposit",
        "免修": "Exemption",
        "学分置换": "Credit substitution",
        "成绩替代": "Grade replacement",
    }
    return in_language(name, english.get(name, name))


def cause(name: str) -> str:
    """Return why a conversion is reviewed."""
    return {"revoked": gettext("来源证书已撤销"), "corrected": gettext("来源证书已更正")}[name]


def decision(name: str) -> str:
    """Return the word for a decision on a review."""
    return {
        "keep": gettext("保留"),
        "cancel": gettext("取消学分"),
        "reissue": gettext("取消，等学生出示更正后的证书"),
    }[name]


def decider(name: str) -> str:
    """Return who decided an application."""
    known = {"rule": gettext("按规则自动登记"), "issuer": gettext("系统"), "holder": gettext("学生")}
    return known.get(name, name)


def text(sentence: Mapping[str, str] | None) -> str:
    """Return a sentence in the page's language."""
    return "" if not sentence else in_language(sentence["zh-CN"], sentence["en"])


def number(credits: float) -> str:
    """Return credits as people write them: 8, not 8.0."""
    return f"{credits:g}"


def unit(value: str) -> str:
    """Return a unit of credit in the page's language: 学分（16学时/学分）, credits (16 hours each)."""
    return text(wording.unit(value))


def amount(credits: float, of: str) -> str:
    """Return so many of a unit of credit in the page's language."""
    return in_language(f"{number(credits)} {of}", wording.amount(credits, of)["en"])
