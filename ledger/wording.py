"""What the node's pages call statements and proposals, in plain words."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _

from ledger.core import governance
from ledger.proposals import EXPIRED
from web.i18n import day, pick


def question(action: str, about: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Say in one sentence what a proposal would do.

    Args:
        action: The action's name.
        about: What it is about, as ``ledger.listing`` lists it.
        names: Names of members and issuers in the reader's language, by DID.
    """
    sentence = _QUESTIONS.get(action)
    return action if sentence is None else sentence(about, lambda did: names.get(did, did))


def kinds() -> dict[str, str]:
    """Return what each type of statement is called."""
    return {
        "anchor": _("证书摘要存证"),
        "status": _("状态更新"),
        "issuer.put": _("登记发证机构"),
        "accredit": _("认可发证资格"),
        "endpoint.put": _("公布服务地址"),
        "schema.put": _("公布模式"),
        "key.rotate": _("更换密钥"),
        "propose": _("提案"),
        "vote": _("投票"),
        "withdraw": _("撤回提案"),
    }


def states() -> dict[str, str]:
    """Return what each state of a proposal is called."""
    return {
        governance.OPEN: _("表决中"),
        governance.ENACTED: _("已通过，等待生效"),
        governance.DONE: _("已通过并生效"),
        governance.VOID: _("已通过，但已无法生效"),
        governance.WITHDRAWN: _("已撤回"),
        EXPIRED: _("到期未通过"),
    }


def on_day(seconds: int) -> str:
    """Return the day of a moment as the pages write it."""
    return day(datetime.fromtimestamp(seconds, UTC))


Called = Callable[[str], str]


def _signer(about: Mapping[str, Any], called: Called) -> str:
    name = called(about["member"])
    if about["receipt"] is None and about["validator"] is None:
        return str(_("让%(name)s的节点不再签署账本", name=name))
    return str(_("让%(name)s的节点用新登记的密钥签署账本", name=name))


def _suspension(about: Mapping[str, Any], called: Called) -> str:
    name, end = called(about["issuer"]), about["until"]
    start = on_day(about["from"])
    if end is None:
        said = _("自 %(start)s 起暂停发证机构%(name)s", name=name, start=start)
    elif end <= about["from"]:
        said = _("解除对发证机构%(name)s的暂停", name=name)
    else:
        until = on_day(end)
        said = _("暂停发证机构%(name)s，自 %(start)s 起，到 %(end)s 为止", name=name, start=start, end=until)
    return str(said)


_QUESTIONS: Mapping[str, Callable[[Mapping[str, Any], Called], str]] = {
    "admit": lambda about, _called: _("接纳%(name)s为联盟成员", name=pick(about["names"])),
    "remove": lambda about, called: _("请%(name)s退出联盟", name=called(about["member"])),
    "signer.set": _signer,
    "rotate-lost-key": lambda about, called: _("为丢失密钥的%(name)s换上新密钥", name=called(about["did"])),
    "issuer.put": lambda about, _called: _("登记发证机构%(name)s", name=pick(about["names"])),
    "accredit": lambda about, called: _(
        "认可%(name)s签发 %(type)s，自 %(start)s 起",
        name=called(about["issuer"]),
        type=about["type"],
        start=on_day(about["from"]),
    ),
    "suspend-issuer": _suspension,
    "close-issuer": lambda about, called: _("永久关闭发证机构%(name)s", name=called(about["issuer"])),
    "wallet.put": lambda about, _called: _(
        "登记学生钱包 %(tag)s：%(url)s", tag=about["tag"], url=about["url"]
    ),
    "agreement.start": lambda about, _called: _(
        "让协议 %(id)s 第 %(version)s 版生效", id=about["id"], version=about["version"]
    ),
    "agreement.amend": lambda about, _called: _(
        "用第 %(version)s 版取代协议 %(id)s 的现行版本", id=about["id"], version=about["version"]
    ),
    "agreement.end": lambda about, _called: _("终止协议 %(id)s", id=about["id"]),
    "params": lambda about, _called: _("让每个资格认可方可以分配 %(n)s 个登记号", n=about["numbers"]),
    "upgrade": lambda about, _called: _(
        "自第 %(height)s 号区块起启用第 %(n)s 版账本规则", height=about["height"], n=about["app_version"]
    ),
}
