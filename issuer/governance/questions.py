"""Every proposal as one question in plain words, and what follows if the members agree.

What is asked comes from the proved proposal; a kind that this program does not know is said to be unknown,
and is not offered for a vote.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext

from issuer.governance import wording
from issuer.governance.matters import AMENDS, ENDS, STARTS
from issuer.governance.roll import Roll
from issuer.governance.wording import after_the_delay, called
from ledger.core.members import ACCREDITOR
from ledger.proposals import DONE, ENACTED, EXPIRED, OPEN, VOID, WITHDRAWN, Proposal
from schemas.catalogue import CATALOGUE
from web.i18n import day, in_language, pick

Title = Mapping[str, str] | None


def question(proposal: Proposal, roll: Roll, title: Title = None) -> str:
    """Return the proposal as one question in the page's language.

    Args:
        proposal: The proposal.
        roll: The names of the bodies in it.
        title: The title of the agreement that it is about.
    """
    if proposal.action in {STARTS, AMENDS, ENDS}:
        return _agreement_question(proposal, title)
    ask = _QUESTIONS.get(proposal.action)
    if ask is None:
        return gettext("不认识的事项（%(action)s）", action=proposal.action)
    return ask(proposal, roll)


def known(proposal: Proposal) -> bool:
    """Return whether this program can say what the proposal asks."""
    return proposal.action in _EFFECTS


def effect(proposal: Proposal, roll: Roll) -> list[str]:
    """Return what follows if the members agree, in sentences."""
    tell = _EFFECTS.get(proposal.action)
    if tell is None:
        return [gettext("本服务的版本不认识这种事项，不能替您说明它的后果。请先升级，再决定是否表决。")]
    return tell(proposal, roll)


def state(proposal: Proposal) -> str:
    """Return how a proposal stands, in a few words."""
    return {
        OPEN: gettext("表决中"),
        EXPIRED: gettext("到期未通过"),
        ENACTED: gettext("已通过，等待生效"),
        DONE: gettext("已通过并生效"),
        VOID: gettext("已通过，但已无法生效"),
        WITHDRAWN: gettext("已撤回"),
    }.get(proposal.status, proposal.status)


def state_chip(proposal: Proposal) -> str:
    """Return the kind of mark for how a proposal stands."""
    marks = {OPEN: "note", ENACTED: "info", DONE: "done", EXPIRED: "couldNotCheck", VOID: "warning"}
    return marks.get(proposal.status, "couldNotCheck")


def remaining(expires: int, *, now: int) -> str:
    """Return how long a vote is still open, in days, hours or minutes."""
    left = expires - now
    if left >= 2 * 86400:
        return gettext("还有 %(n)s 天", n=left // 86400)
    if left >= 2 * 3600:
        return gettext("还有 %(n)s 小时", n=left // 3600)
    return gettext("还有 %(n)s 分钟", n=max(1, left // 60))


def missing(proposal: Proposal) -> str:
    """Return how many votes are still needed, and by which rule."""
    if proposal.missing == 1:
        return (
            gettext("还需 1 票（须超过三分之二）")
            if proposal.two_thirds
            else gettext("还需 1 票（须超过51%）")
        )
    if proposal.two_thirds:
        return gettext("还需 %(n)s 票（须超过三分之二）", n=proposal.missing)
    return gettext("还需 %(n)s 票（须超过51%%）", n=proposal.missing)


def fault(name: str) -> str:
    """Return why nobody should agree to an agreement's text."""
    return {
        "absent": gettext("账本节点没有这份协议的文本，无法核对。没有看到文本之前，请不要赞成。"),
        "other": gettext("文本自称的协议、版本或各方与提案不符。请不要赞成。"),
        "unusable": gettext("文本不符合协议的格式，生效后任何人都无法据此承认。请不要赞成。"),
    }[name]


def member_role(name: str) -> str:
    """Return the word for a member's role in the consortium."""
    return {
        "operator": gettext("运营方"),
        "college": gettext("院校"),
        "enterprise": gettext("企业"),
        "body": gettext("评价机构"),
        "certificateBody": gettext("评价机构"),
        "association": gettext("行业协会"),
        "government": gettext("主管部门"),
        "creditBank": gettext("学分银行"),
        ACCREDITOR: gettext("资格认可方"),
    }.get(name, name)


def credential_type(name: str) -> str:
    """Return a type's name in the page's language."""
    entry = CATALOGUE.get(name)
    return name if entry is None else in_language(entry.display["zh-CN"], entry.display["en"])


def _issuer_question(proposal: Proposal, roll: Roll) -> str:
    name = pick(proposal.body["names"])
    record = roll.issuers.get(proposal.body["did"])
    # A record that is older than the question is what would be changed; a younger one came of it.
    if record is not None and record.since < proposal.opened:
        return gettext("是否更新发证机构“%(name)s”的登记？", name=name)
    return gettext("是否登记“%(name)s”为发证机构？", name=name)


def _admit_question(proposal: Proposal, _roll: Roll) -> str:
    return gettext("是否接纳“%(name)s”为联盟成员？", name=pick(proposal.body["member"]["names"]))


def _remove_question(proposal: Proposal, roll: Roll) -> str:
    return gettext("是否请“%(name)s”退出联盟？", name=called(roll, proposal.body["member"]))


def _wallet_question(proposal: Proposal, _roll: Roll) -> str:
    return gettext("是否登记学生钱包 %(tag)s？", tag=proposal.body["tag"])


def _grant_question(proposal: Proposal, roll: Roll) -> str:
    body = proposal.body
    given = {
        "name": called(roll, body["issuer"]),
        "type": credential_type(body["type"]),
        "start": _day(body["from"]),
    }
    if body["until"] is None:
        return gettext("是否认可“%(name)s”自 %(start)s 起签发%(type)s？", **given)
    return gettext(
        "是否认可“%(name)s”在 %(start)s 至 %(end)s 之间签发%(type)s？", end=_day(body["until"] - 1), **given
    )


def _agreement_question(proposal: Proposal, title: Title) -> str:
    body = proposal.body
    called = pick(title) if title is not None else body["id"]
    if proposal.action == STARTS:
        return gettext("是否让互认协议《%(title)s》生效？", title=called)
    if proposal.action == AMENDS:
        return gettext(
            "是否用第 %(n)s 版取代互认协议《%(title)s》的现行版本？", title=called, n=body["version"]
        )
    return gettext("是否终止互认协议《%(title)s》？", title=called)


def _admit(proposal: Proposal, _roll: Roll) -> list[str]:
    member = proposal.body["member"]
    types = [credential_type(name) for name in member["types"]]
    told = [
        gettext("它成为第 %(n)s 个成员，有一票；以后每次表决都按当时的成员数计票。", n=proposal.members + 1),
        after_the_delay(),
    ]
    if types:
        names = gettext("、").join(types)
        told.insert(1, gettext("它可以自行认可其他机构签发：%(types)s。", types=names))
    return [*told, _check_key(member)]


def _check_key(record: Mapping[str, Any]) -> str:
    text = wording.fingerprint(record["governance"])
    return gettext("治理密钥的指纹：%(text)s；投票前请与该单位核对。", text=text)


def _remove(proposal: Proposal, roll: Roll) -> list[str]:
    name = called(roll, proposal.body["member"])
    told = [
        gettext("“%(name)s”不再有表决权，它投过的、尚未计定的票不再计入。", name=name),
        gettext("它认可过的发证资格随之结束；互认协议中由它承认的条款不再执行。"),
        gettext("它已经签发并存证的证书不受影响。"),
        after_the_delay(),
    ]
    if proposal.two_thirds:
        told.insert(0, gettext("它运行着账本节点，因此须有超过三分之二的成员赞成。"))
    return told


def _issuer_put(proposal: Proposal, _roll: Roll) -> list[str]:
    body = proposal.body
    return [
        gettext("登记号 %(number)s；证书上的核验码以它开头，号码永不改派。", number=body["number"]),
        gettext("人们按登记的地址取它的状态和证书库：%(url)s", url=body["urls"]["claims"]),
        gettext("登记本身不等于可以签发：签发哪类证书要另行认可。"),
    ]


def _accredit(proposal: Proposal, _roll: Roll) -> list[str]:
    told = [gettext("在这段时间内存证的这类证书，核验时显示为“联盟认可该机构签发”。")]
    if proposal.body["until"] is not None:
        told.append(gettext("到期以后它不能再签发这类证书；到期以前存证的仍然有效。"))
    return told


def _wallet_put(proposal: Proposal, _roll: Roll) -> list[str]:
    return [gettext("分享链接可以指向这个钱包服务：%(url)s", url=proposal.body["url"])]


def _start(proposal: Proposal, roll: Roll) -> list[str]:
    return [
        gettext("各方（%(names)s）都已签署。", names=_parties(proposal, roll)),
        gettext("表决使协议生效，不能让任何一方承认它没有签过的内容。"),
        gettext("通过后，自文本写明的日期起，由各方和学分银行按文本自动执行。"),
    ]


def _amend(proposal: Proposal, roll: Roll) -> list[str]:
    return [
        gettext("新版本的各方（%(names)s）都已签署。", names=_parties(proposal, roll)),
        gettext("新版本自文本写明的日期起执行，在那之前仍按现行版本执行。"),
        gettext("已经登记的学分和承认不受影响。"),
    ]


def _end(_proposal: Proposal, _roll: Roll) -> list[str]:
    return [
        gettext("自计票通过的那一刻起，任何版本都不再执行；这个编号不再使用。"),
        gettext("已经登记的学分和承认不受影响，只是不再新增。"),
    ]


_QUESTIONS: Mapping[str, Callable[[Proposal, Roll], str]] = {
    "admit": _admit_question,
    "remove": _remove_question,
    "issuer.put": _issuer_question,
    "accredit": _grant_question,
    "wallet.put": _wallet_question,
    **wording.QUESTIONS,
}

_EFFECTS: Mapping[str, Callable[[Proposal, Roll], list[str]]] = {
    "admit": _admit,
    "remove": _remove,
    "issuer.put": _issuer_put,
    "accredit": _accredit,
    "wallet.put": _wallet_put,
    STARTS: _start,
    AMENDS: _amend,
    ENDS: _end,
    **wording.EFFECTS,
}


def _parties(proposal: Proposal, roll: Roll) -> str:
    return gettext("、").join(called(roll, did) for did in proposal.body["parties"])


def _day(seconds: int) -> str:
    return day(datetime.fromtimestamp(min(seconds, wording.LAST_SECOND), UTC))
