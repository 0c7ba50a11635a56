"""The words of co-signing's pages."""

from flask_babel import gettext

from issuer.importing.columns import column_words
from web.i18n import in_language


def draft_state(state: str) -> str:
    """Return the word for a state of a draft."""
    return {
        "waiting": gettext("待会签"),
        "endorsed": gettext("已会签"),
        "returned": gettext("已退回"),
        "withdrawn": gettext("会签已撤回"),
    }[state]


def draft_chip(state: str) -> str:
    """Return the kind of mark for a state of a draft."""
    return {"waiting": "info", "endorsed": "done", "returned": "warning", "withdrawn": "revoked"}[state]


def given_state(state: str, *, delivered: bool) -> str:
    """Return the word for an endorsement that this body gave."""
    if state == "withdrawn":
        return gettext("会签已撤回")
    return gettext("已会签，学校已收到") if delivered else gettext("已会签，正在送往学校")


def given_chip(state: str, *, delivered: bool) -> str:
    """Return the kind of mark for an endorsement that this body gave."""
    return "revoked" if state == "withdrawn" else "done" if delivered else "info"


def mentor_role(role: str | None) -> str:
    """Return the word for what a tutor is, in the page's language."""
    return {"学校导师": gettext("学校导师"), "企业导师": gettext("企业导师")}.get(role or "", role or "")


def mark(name: str) -> str:
    """Return the word for one of the two assessments, in the page's language."""
    return {
        "学校导师评定": gettext("学校导师评定"),
        "企业导师评定": gettext("企业导师评定"),
    }.get(name, name)


def column(column_map: str, key: str, header: str) -> str:
    """Return a column's header in the page's language."""
    return in_language(header, column_words(column_map, key).english)


def hint(column_map: str, key: str) -> str:
    """Return what belongs into a column, in the page's language."""
    told = column_words(column_map, key).help
    return in_language(told["zh-CN"], told["en"])
