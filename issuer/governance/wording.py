"""Questions and effects of what changes the rules' own ground: signers, lost keys, standing, parameters.

``questions`` asks here for the actions that are not about members, grants or agreements. Everything is told
from the proved proposal; of the present state only names, an issuer's suspensions and the signers are used.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext

from crypto import cbor
from crypto.keys import PublicKey
from issuer.governance.roll import Roll
from ledger.proposals import Proposal
from ledger.registry import IssuerRecord
from web.i18n import moment, pick

# What a page can write as a date; the ledger's own bound lies beyond.
LAST_SECOND = 253_402_200_000
_GROUPS = 8


def called(roll: Roll, did: str) -> str:
    """Return a body's name in the page's language."""
    return pick(roll.names(did))


def when(seconds: int) -> str:
    """Return a moment in words."""
    return moment(datetime.fromtimestamp(min(seconds, LAST_SECOND), UTC))


def after_the_delay() -> str:
    """Return that an effect waits."""
    return gettext("成员和密钥的变更在通过后还要经过账本设立时规定的等待期，届时生效。")


def fingerprint(key: Mapping[int, Any]) -> str:
    """Return the first half of a COSE_Key's thumbprint, in groups that two people can read to each other."""
    text = PublicKey.from_cose_key(key).thumbprint.hex()
    return " ".join(text[start : start + 4] for start in range(0, 4 * _GROUPS, 4))


def fingerprint_of(text: str) -> str:
    """Return the fingerprint of a COSE_Key in hexadecimal."""
    return fingerprint(cbor.decode(bytes.fromhex(text)))


def suspension_ends(proposal: Proposal) -> bool:
    """Return whether a suspension would end at once: an end that has passed means nothing else."""
    until = proposal.body["until"]
    return until is not None and bool(until <= max(proposal.body["from"], proposal.opened))


def _signer_question(proposal: Proposal, roll: Roll) -> str:
    name = called(roll, proposal.body["member"])
    if proposal.body["receipt"] is None:
        return gettext("是否让“%(name)s”的节点不再签署账本？", name=name)
    return gettext("是否让“%(name)s”的节点用新登记的密钥签署账本？", name=name)


def _signer(proposal: Proposal, roll: Roll) -> list[str]:
    body, signs = proposal.body, set(roll.signers)
    after = signs - {body["member"]} if body["receipt"] is None else signs | {body["member"]}
    told = [gettext("须有超过三分之二的成员赞成，一个区块只变更一个节点。")]
    if body["receipt"] is None:
        told.append(gettext("它仍是成员，仍有表决权，只是不再运行签署账本的节点。"))
    else:
        told.append(gettext("签署密钥的指纹：%(text)s", text=fingerprint(body["receipt"])))
        if body["validator"] is not None:
            told.append(gettext("共识密钥的指纹：%(text)s", text=fingerprint(body["validator"])))
        told.append(gettext("投票前请与该单位核对指纹。"))
    if proposal.is_open:
        told.append(_of_nodes(len(after)))
    return [*told, after_the_delay()]


def _of_nodes(count: int) -> str:
    if count == 1:
        return gettext("生效后由 1 个节点签署账本：账本由单一运营方运行。")
    stop = (count - 1) // 3
    if not stop:
        return gettext("生效后由 %(n)s 个节点签署账本：任何一个停机，写入就会暂停。", n=count)
    return gettext("生效后由 %(n)s 个节点签署账本，最多 %(m)s 个同时停机而不影响写入。", n=count, m=stop)


def _rotation_question(proposal: Proposal, roll: Roll) -> str:
    name, role = called(roll, proposal.body["did"]), proposal.body["role"]
    if role == "governance":
        return gettext("“%(name)s”丢失了治理密钥，是否为它换成新的一把？", name=name)
    if role == "submission":
        return gettext("是否为“%(name)s”更换提交密钥？", name=name)
    return gettext("是否为“%(name)s”更换 DID 文档？", name=name)


def _rotation(proposal: Proposal, _roll: Roll) -> list[str]:
    body = proposal.body
    if body["role"] == "document":
        told = [gettext("新文档的摘要（SHA-256）：%(text)s", text=body["value"].hex())]
    else:
        told = [
            gettext("新密钥的指纹：%(text)s", text=fingerprint(body["value"])),
            gettext("投票前请当面或以电话与该单位核对指纹；原密钥从生效起作废。"),
        ]
    if body["role"] == "governance":
        told.append(gettext("原密钥若并未丢失，持有它的人可以在生效前撤销这项提案。"))
    if body["compromised_since"] is not None:
        told.append(gettext("自 %(t)s 起到生效之时存证的证书将不被采信。", t=when(body["compromised_since"])))
    return [*told, after_the_delay()]


def _suspension_question(proposal: Proposal, roll: Roll) -> str:
    body = proposal.body
    given = {"name": called(roll, body["issuer"])}
    if suspension_ends(proposal):
        return gettext("是否解除对“%(name)s”的暂停？", **given)
    if _changes_one(proposal, roll.issuers.get(body["issuer"])):
        if body["until"] is None:
            return gettext("是否把对“%(name)s”的暂停改为没有期限？", **given)
        return gettext("是否把对“%(name)s”的暂停改为到 %(end)s 为止？", end=when(body["until"]), **given)
    # Nothing reaches back: a begin that has passed is the effect's own moment.
    start = when(body["from"]) if body["from"] > proposal.opened else gettext("通过之时")
    if body["until"] is None:
        return gettext("是否自%(start)s起暂停“%(name)s”签发证书？", start=start, **given)
    return gettext(
        "是否自%(start)s起至 %(end)s 暂停“%(name)s”签发证书？", start=start, end=when(body["until"]), **given
    )


def _changes_one(proposal: Proposal, record: IssuerRecord | None) -> bool:
    """Return whether a proposal means a suspension that was there when it was opened."""
    if record is None:
        return False
    start, opened = proposal.body["from"], proposal.opened
    if start > opened:
        return proposal.is_open and any(span.start == start for span in record.suspensions)
    return any(span.start <= opened and opened in span for span in record.suspensions)


def _suspension(proposal: Proposal, _roll: Roll) -> list[str]:
    if suspension_ends(proposal):
        return [
            gettext("通过后它立即可以继续签发和存证。"),
            gettext("暂停期间的记录保留，不会因解除而抹去。"),
        ]
    return [
        gettext("暂停期间账本不接受它的存证，它新签发的证书都不能通过核验。"),
        gettext("暂停之前已经存证的证书不受影响；它仍可以撤销证书、更新状态。"),
        gettext("不会追溯：最早从通过之时开始。成员可以随时再表决解除。"),
    ]


def _closing_question(proposal: Proposal, roll: Roll) -> str:
    return gettext("是否永久关闭发证机构“%(name)s”？", name=called(roll, proposal.body["issuer"]))


def _closing(_proposal: Proposal, _roll: Roll) -> list[str]:
    return [
        gettext("它从此不能再存证任何证书，这项决定不能撤回，登记号也不再改派。"),
        gettext("它已经存证的证书继续有效，凭联盟的镜像仍可核验。"),
        gettext("它可以发布没有截止日期的最终状态列表，此后状态不再变化。"),
    ]


def _params_question(proposal: Proposal, _roll: Roll) -> str:
    return gettext("是否把每个资格认可方可分配的登记号改为 %(n)s 个？", n=proposal.body["numbers"])


def _params(_proposal: Proposal, _roll: Roll) -> list[str]:
    return [
        gettext("须有超过三分之二的成员赞成。"),
        gettext("资格认可方不经表决就能登记的新发证机构以此为限；经表决登记的不受限制。"),
        gettext("已经分配的登记号不受影响。"),
    ]


def _upgrade_question(proposal: Proposal, _roll: Roll) -> str:
    body = proposal.body
    return gettext(
        "是否自第 %(height)s 号区块起启用第 %(version)s 版账本规则？",
        height=body["height"],
        version=body["app_version"],
    )


def _upgrade(_proposal: Proposal, _roll: Roll) -> list[str]:
    return [
        gettext("须有超过三分之二的成员赞成。"),
        gettext("到那个区块时，还没有升级程序的节点会停下来，不再签署；升级后自动跟上。"),
        gettext("届时升级的节点若不到三分之二，账本暂停写入，直到够数；核验不受影响。"),
        gettext("在那个区块到来之前，成员可以再表决改期。"),
        after_the_delay(),
    ]


Ask = Callable[[Proposal, Roll], str]
Tell = Callable[[Proposal, Roll], list[str]]

QUESTIONS: Mapping[str, Ask] = {
    "signer.set": _signer_question,
    "rotate-lost-key": _rotation_question,
    "suspend-issuer": _suspension_question,
    "close-issuer": _closing_question,
    "params": _params_question,
    "upgrade": _upgrade_question,
}

EFFECTS: Mapping[str, Tell] = {
    "signer.set": _signer,
    "rotate-lost-key": _rotation,
    "suspend-issuer": _suspension,
    "close-issuer": _closing,
    "params": _params,
    "upgrade": _upgrade,
}
