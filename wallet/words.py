"""What pages say about certificates and about what went wrong: plain words, and what to do next."""

from dataclasses import dataclass

from flask_babel import gettext

from vc.credentials import CredentialFacts
from wallet.countersigning import Countersigned
from wallet.errors import (
    ApplicationRefusedError,
    CredentialRejectedError,
    HolderRequestRefusedError,
    OfferUsedError,
    TooManyAttemptsError,
    WrongPinError,
)
from wallet.holding import Status, type_names
from web import i18n


@dataclass(frozen=True)
class Words:
    """What happened, and what to do."""

    title: str
    line: str


def of_error(error: Exception) -> Words:
    """Say in plain words what went wrong and what to do."""
    if isinstance(error, WrongPinError):
        return _wrong_pin(error)
    if isinstance(error, OfferUsedError):
        return _used(error)
    if isinstance(error, TooManyAttemptsError):
        minutes = -(-error.retry_after // 60)
        return Words(gettext("请稍等再试"), gettext("试错次数太多。请在 %(n)s 分钟后再试。", n=minutes))
    if isinstance(error, CredentialRejectedError):
        return Words(gettext("这份证书没有收下"), _rejected(error.reason))
    found = _of_reason(error) or _sentences().get(getattr(error, "code", ""))
    return found or Words(gettext("未能完成"), gettext("请稍后再试。如果一直不行，请联系发证单位。"))


def title(facts: CredentialFacts) -> str:
    """Say what a certificate is called: as its issuer named it, in English by the name of its type."""
    return i18n.in_language(facts.title or "", type_names(facts).get("en") or facts.title or "")


def subject(facts: CredentialFacts) -> str:
    """Say what a certificate is about in its issuer's words: major and level, or the standard."""
    if facts.field_of_study:
        return " · ".join(filter(None, (facts.field_of_study, facts.level_name)))
    return facts.achievement_name or facts.level_name or ""


def of_status(status: Status) -> Words:
    """Say a certificate's status: the word, and one line under it."""
    as_of = gettext("状态数据截至 %(t)s", t=i18n.moment(status.as_of)) if status.as_of else ""
    if status.kind == "valid":
        return Words(gettext("有效"), as_of)
    if status.kind == "revoked":
        return Words(gettext("已撤销"), _why(status) or gettext("发证机构已撤销这份证书。"))
    if status.kind == "withdrawn":
        return Words(
            gettext("此份已作废"), gettext("证书本身没有撤销。请向发证机构要一份新的领取条，领取现行件。")
        )
    if status.kind == "expired":
        return Words(gettext("已过有效期"), as_of)
    return Words(gettext("状态待查"), gettext("暂时查不到最新状态。这不代表证书有问题。"))


def of_endorsement(found: tuple[Countersigned, ...] | None) -> str:
    """Say in a word whether the enterprise has endorsed a record."""
    kinds = {item.kind for item in found or ()}
    if not kinds:
        return gettext("会签待核对")
    for kind, word in (
        ("missing", gettext("企业未会签")),
        ("withdrawn", gettext("会签已撤回")),
        ("unknown", gettext("会签待核对")),
    ):
        if kind in kinds:
            return word
    return gettext("企业已会签")


def endorsement_chip(kind: str) -> str:
    """Give the kind of mark that goes with an endorsement."""
    return {"endorsed": "valid", "missing": "note", "withdrawn": "note"}.get(kind, "couldNotCheck")


def chip(status: Status) -> str:
    """Give the kind of mark that goes with a status (a name of ``web/parts.html``)."""
    return {
        "valid": "valid",
        "revoked": "revoked",
        "withdrawn": "revoked",
        "expired": "note",
        "unknown": "couldNotCheck",
    }[status.kind]


def reason(code: str) -> str:
    """Say a reason code of a status notice in the page's language."""
    return {
        "录入错误更正": gettext("录入错误更正"),
        "学籍处理": gettext("学籍处理"),
        "冒名/作弊": gettext("冒名/作弊"),
        "机构撤销": gettext("机构撤销"),
        "持有人申请": gettext("持有人申请"),
        "密钥泄露": gettext("密钥泄露"),
    }.get(code, code)


def _why(status: Status) -> str:
    if not status.reason:
        return ""
    return gettext(
        "%(day)s 由发证机构撤销，原因：%(reason)s。", day=i18n.day(status.day), reason=reason(status.reason)
    )


def _wrong_pin(error: WrongPinError) -> Words:
    title = gettext("PIN 不正确")
    if error.tries_left is None:
        return Words(title, gettext("请核对发给你的 6 位 PIN，再输一次。输错几次后领取条会锁定。"))
    if error.tries_left == 1:
        return Words(title, gettext("只能再试 1 次。请先核对 PIN，再输入。"))
    return Words(title, gettext("还可以再试 %(n)s 次。", n=error.tries_left))


def _used(error: OfferUsedError) -> Words:
    title = gettext("这张领取条已经用过")
    if error.claimed_at:
        return Words(
            title,
            gettext("证书已于 %(t)s 领取。不是你领的？请马上联系发证单位。", t=i18n.moment(error.claimed_at)),
        )
    return Words(title, gettext("证书已经领取。不是你领的？请马上联系发证单位。"))


def _rejected(why: str) -> str:
    return {
        "structure": gettext("证书的内容不符合该类证书的规定，钱包没有保存。请告诉发证单位。"),
        "type": gettext("收到的不是说好的那种证书，钱包没有保存。请告诉发证单位。"),
        "issuer": gettext("收到的证书不是由这家发证单位签发的，钱包没有保存。"),
        "accreditation": gettext("联盟没有认可该单位签发这类证书，钱包没有保存。请告诉发证单位。"),
        "signature": gettext("证书的签名不对，或内容被改动过，钱包没有保存。请告诉发证单位。"),
        "binding": gettext("证书绑定在别人的密钥上，不是你的，钱包没有保存。请告诉发证单位。"),
        "period": gettext("证书现在不在有效期内，钱包没有保存。"),
        "revoked": gettext("证书已经被撤销，钱包没有保存。请联系发证单位。"),
    }.get(why, gettext("收到的内容不对，钱包没有保存。请告诉发证单位。"))


def _sentences() -> dict[str, Words]:
    return {
        "WRONG_PASSPHRASE": Words(gettext("没有打开"), gettext("钱包名称或口令不正确。")),
        "ACCOUNT_NAME_TAKEN": Words(gettext("名称已被使用"), gettext("这个名称已有人使用，请换一个。")),
        "BAD_ACCOUNT_NAME": Words(gettext("名称不合适"), gettext("名称为 1 至 40 个字符。")),
        "WEAK_PASSPHRASE": Words(
            gettext("口令太简单"), gettext("口令至少 10 个字符，不要只重复几个字符，也不要与名称相同。")
        ),
        "BUSY": Words(gettext("请稍等再试"), gettext("此刻登录的人太多，请过几秒再试。")),
        "OFFER_UNREADABLE": Words(
            gettext("领取码有误"), gettext("请核对领取条上的领取码：共 24 个字符，每 4 个一组。")
        ),
        "CODE_MISTYPED": Words(
            gettext("领取码有误"), gettext("请核对领取条上的领取码：共 24 个字符，每 4 个一组。")
        ),
        "QR_REJECTED": Words(
            gettext("这不是领取链接"), gettext("这里只打开领取条上的链接或领取码。没有访问该链接。")
        ),
        "ISSUER_UNKNOWN": Words(
            gettext("联盟没有登记这家单位"),
            gettext("无法确认对方是谁，所以没有继续。请不要向对方提供 PIN。"),
        ),
        "ISSUER_METADATA_MISMATCH": Words(
            gettext("对方的说明前后不一致"),
            gettext("为了你的安全没有继续，也没有发送任何信息。请告诉发证单位。"),
        ),
        "ISSUER_UNREACHABLE": Words(gettext("暂时联系不上发证单位"), gettext("领取条仍然有效，请稍后再试。")),
        "FETCH_LIMIT": Words(gettext("暂时联系不上发证单位"), gettext("领取条仍然有效，请稍后再试。")),
        "RATE_LIMITED": Words(gettext("请稍等再试"), gettext("尝试次数过多，请过一分钟再试。")),
        "CLAIM_CODE_UNKNOWN": Words(
            gettext("没有找到这张领取条"), gettext("请核对领取码，或向发证单位要一张新的领取条。")
        ),
        "SLIP_EXPIRED": Words(
            gettext("领取已过期"),
            gettext("请重新打开领取链接再试。如果领取条本身已过期，请向发证单位要一张新的。"),
        ),
        "SLIP_LOCKED": Words(
            gettext("领取条已锁定"),
            gettext("PIN 输错次数太多。请联系发证单位，换一张新的领取条。"),
        ),
        "SLIP_VOID": Words(
            gettext("这张领取条已作废"), gettext("或已换发新的领取条，或证书已撤销。请咨询发证单位。")
        ),
        "CLAIM_DENIED": Words(
            gettext("发证单位没有签发"), gettext("这次领取已经结束。请向发证单位要一张新的领取条。")
        ),
        "COULD_NOT_CHECK": Words(
            gettext("暂时无法核对"),
            gettext("证书在核对无误之前不会放进钱包。什么都没有丢失，请稍后再继续。"),
        ),
        "REQUEST_UNREADABLE": Words(
            gettext("这不是出示请求"), gettext("请粘贴对方给的完整链接。没有访问该链接。")
        ),
        "VERIFIER_UNKNOWN": Words(
            gettext("联盟没有登记请求方"),
            gettext("无法确认对方是谁，所以没有继续，也没有告诉对方任何信息。"),
        ),
        "PRESENTATION_REQUEST_INVALID": Words(
            gettext("这个请求不合规范"),
            gettext("为了你的安全没有继续，也没有回应对方。请让对方重新发起。"),
        ),
        "REQUEST_OVER": Words(
            gettext("请求已过期"), gettext("没有发送任何内容。请让对方重新发起，或重新申请。")
        ),
        "VERIFIER_UNREACHABLE": Words(
            gettext("暂时联系不上请求方"), gettext("没有发送任何内容，请稍后再试。")
        ),
        "CHOICE_INVALID": Words(
            gettext("还没有选好"), gettext("所选的证书还不能回应这个请求，请再选一次。没有发送任何内容。")
        ),
        "ANSWERED": Words(gettext("已经回应过"), gettext("这个请求已经回应过，没有再次发送。")),
        "NO_AGREEMENT": Words(
            gettext("现在不能换"), gettext("没有生效的规则给这份证书记学分，原因写在每条规则下面。")
        ),
        "BANK_UNREACHABLE": Words(gettext("暂时联系不上学分银行"), gettext("没有提交任何内容，请稍后再试。")),
        "APPLICATION_REFUSED": Words(
            gettext("学分银行没有收下申请"), gettext("没有提交任何内容。协议可能刚刚变化，请重新查看。")
        ),
        "HOLDER_REQUEST_REFUSED": Words(
            gettext("发证单位没有收下"), gettext("发证单位没有收下这项请求，请直接联系发证单位。")
        ),
        "SHARE_INVALID": Words(gettext("未能生成分享"), gettext("请至少选一份证书，备注不超过 60 个字符。")),
    }


def _of_reason(error: Exception) -> Words | None:
    """Say what another service's own code means, where it is one of those known."""
    if isinstance(error, ApplicationRefusedError):
        return _bank_sentences().get(error.reason)
    if isinstance(error, HolderRequestRefusedError):
        return _registrar_sentences().get(error.reason)
    return None


def _bank_sentences() -> dict[str | None, Words]:
    """Say what a credit bank's refusal of an application means, where its code is one of those known."""
    title = gettext("学分银行没有收下申请")
    return {
        "NO_AGREEMENT": Words(title, gettext("协议已经终止或换了新版本，请重新查看。")),
        "NOT_A_CREDIT_BANK": Words(title, gettext("对方目前不是联盟的学分银行。")),
    }


def _registrar_sentences() -> dict[str | None, Words]:
    """Say what an issuer's refusal of a holder's request means, where its code is one of those known."""
    title = gettext("发证单位没有收下")
    return {
        "CONFLICT": Words(title, gettext("这份证书已有一项申请在处理，或证书已经撤销。")),
        "NOT_FOUND": Words(title, gettext("发证单位查不到这份证书，或没有更正后的证书。")),
        "SLIP_USED": Words(title, gettext("更正后的证书已经领取。不是你领的？请马上联系发证单位。")),
        "SLIP_LOCKED": Words(title, gettext("领取已锁定，请联系发证单位换一张新的领取条。")),
    }
