"""The words of the officers' pages for what the use cases name by codes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext

from issuer.errors import IssuerError
from issuer.four_eyes import Act
from issuer.importing import CODES, FileRefusedError
from vc.notices import REASONS
from web.i18n import CHINA, day, in_language
from web.problem_codes import Entry


def role(name: str) -> str:
    """Return the word for a role of an officer."""
    return {
        "maker": gettext("经办人"),
        "checker": gettext("复核人"),
        "administrator": gettext("管理员"),
        "governance": gettext("治理代表"),
        "mentor": gettext("企业导师"),
    }[name]


def batch_state(state: str) -> str:
    """Return the word for a state of a batch."""
    return {
        "draft": gettext("检查中"),
        "submitted": gettext("待复核"),
        "approved": gettext("签发中"),
        "paused": gettext("已暂停"),
        "issued": gettext("已签发"),
        "discarded": gettext("已放弃"),
    }[state]


def batch_chip(state: str) -> str:
    """Return the kind of mark for a state of a batch."""
    return {"submitted": "note", "paused": "warning", "issued": "done"}.get(state, "info")


def record_state(state: str) -> str:
    """Return the word for a state of a record or form."""
    return {"valid": gettext("有效"), "revoked": gettext("已撤销"), "withdrawn": gettext("已作废")}[state]


def record_chip(state: str) -> str:
    """Return the kind of mark for a state of a record or form."""
    return "valid" if state == "valid" else "revoked"


def form_kind(kind: str) -> str:
    """Return the word for a kind of form."""
    return {"paper": gettext("纸质证书"), "ldp_vc": gettext("电子证书（持有人的钱包）")}[kind]


def slip_state(state: str) -> str:
    """Return the word for a state of a claim slip."""
    return {
        "open": gettext("待领取"),
        "used": gettext("已领取"),
        "void": gettext("已作废"),
        "locked": gettext("已锁定（PIN 输错五次）"),
        "expired": gettext("已过期"),
    }[state]


def act_kind(kind: str) -> str:
    """Return the word for a kind of act that takes two officers."""
    return {
        "approve-batch": gettext("签发批次"),
        "revoke": gettext("撤销证书"),
        "withdraw-form": gettext("作废一份"),
        "reprint": gettext("重印证书"),
        "reissue-slip": gettext("重发领取条"),
        "add-officer": gettext("新增人员"),
        "reset-passphrase": gettext("重设口令"),
        "withdraw-endorsement": gettext("撤回会签"),
        "renew-form": gettext("换发（补入会签）"),
        "end-conversion": gettext("取消学分"),
        "correct": gettext("更正重发"),
    }.get(kind, kind)


def act_result(act: Act) -> str:
    """Return what has happened once an act is approved."""
    return {
        "approve-batch": gettext("批次已批准，正在签发。"),
        "revoke": gettext("证书已撤销，状态正在发布。"),
        "withdraw-form": gettext("这一份已作废，状态正在发布。"),
        "reprint": gettext("新的一份已签名；存证后可打印，旧的一份已作废。"),
        "reissue-slip": gettext("新的领取条已生成，旧的已作废。"),
        "add-officer": gettext("人员已新增。"),
        "reset-passphrase": gettext("口令已重设。"),
        "withdraw-endorsement": gettext("会签已撤回，状态正在发布。"),
        "end-conversion": gettext("学分已取消，学分记录已撤销。"),
        "renew-form": gettext("新的一份已签名并带上会签；旧的纸质证书已作废，新的领取条已生成。"),
        "correct": gettext("更正后的证书已签发，旧的已撤销并指向新的；新的领取条已生成。"),
    }.get(act.kind, act.kind)


def act_state(state: str) -> str:
    """Return the word for a state of an act."""
    return {
        "submitted": gettext("待复核"),
        "approved": gettext("已批准"),
        "returned": gettext("已退回"),
        "withdrawn": gettext("已撤回"),
    }[state]


def reason(code: str | None) -> str:
    """Return a reason for revoking or withdrawing in the page's language."""
    return "" if code is None else in_language(code, REASONS.get(code, code))


def reasons() -> list[tuple[str, str]]:
    """Return the reasons as options."""
    return [("", gettext("请选择"))] + [(code, reason(code)) for code in REASONS]


def credential_type(names: Mapping[str, str]) -> str:
    """Return a type's display name in the page's language."""
    return in_language(names["zh-CN"], names["en"])


def finding(found: Mapping[str, Any]) -> str:
    """Return the sentence of a finding in the page's language."""
    known = CODES.get(found["code"])
    if known is None:
        return str(found["message"])
    sentence = gettext(known.text) if known.text else ""
    params = found.get("params") or {}
    return sentence % params if params else sentence


def file_refusal(error: FileRefusedError) -> str:
    """Return why a file was refused, in the page's language."""
    return gettext(error.sentence) % error.params


def structure(code: str) -> str:
    """Return what a finding about the file as a whole is called."""
    return {
        "S01": gettext("表头前的标题行"),
        "S02": gettext("空行"),
        "S03": gettext("合计行、审核行"),
        "S04": gettext("隐藏的行列（已读取）"),
        "S05": gettext("其他工作表（未读取）"),
        "S06": gettext("没有的选填列"),
        "S07": gettext("不认识的列（未读取）"),
        "S08": gettext("按别名认出的列"),
        "S09": gettext("编码"),
    }.get(code[:3], code)


def refusal(error: IssuerError, known: Entry) -> str:
    """Return a refusal in words."""
    own = {
        "SAME_OFFICER": gettext("自己提交的事项要由另一位人员批准。"),
        "FORBIDDEN": gettext("您的角色不能做这一步。"),
        "CONFLICT": gettext("情况已经变化，请刷新后再看。"),
        "INVALID_ACT": gettext("内容不完整，未能提交。"),
        "REASON_REQUIRED": gettext("请选择原因。"),
        "NOT_FOUND": gettext("没有找到。"),
        "SIGN_IN_REFUSED": gettext("用户名或口令不正确。"),
        "SIGN_IN_DELAYED": gettext("口令输错次数过多，请稍后再试。"),
        "PASSPHRASE_REFUSED": gettext("口令至少10个字符，且不能过于简单。"),
        "PRINTING_CLOSED": gettext("存证完成后才能打印，请稍候。"),
        "ISSUER_NOT_REGISTERED": gettext("联盟登记处还没有本单位的登记，暂时不能签发。"),
        "ISSUER_NOT_ACCREDITED": gettext("联盟目前没有认可本单位签发这类证书。"),
        "SIGNER_CHANGED": gettext("签名密钥已更换，批次已暂停。"),
        "LEDGER_AHEAD": gettext("账本上的版本比本机新，可能恢复了旧备份；请联系管理员。"),
    }
    return own.get(error.code) or in_language(known.zh, known.en)


def problem(code: str | None) -> str:
    """Return a problem that a batch or the worker noted, in words."""
    from web import problems

    if code is None:
        return ""
    known = problems.entry(code)
    return {
        "ISSUER_NOT_REGISTERED": gettext("联盟登记处还没有本单位的登记，暂时不能签发。"),
        "ISSUER_NOT_ACCREDITED": gettext("联盟目前没有认可本单位签发这类证书。"),
        "SIGNER_CHANGED": gettext("签名密钥已更换，批次已暂停。"),
        "DUPLICATE_CREDENTIAL": gettext("这张证书已经签发过。"),
    }.get(code) or in_language(known.zh, known.en)


def action(name: str) -> str:
    """Return a line of the log in words; an unknown one as it stands."""
    kind, _, done = name.rpartition(" ")
    ends = {
        "submitted": gettext("提交"),
        "approved": gettext("批准"),
        "returned": gettext("退回"),
        "withdrawn": gettext("撤回"),
    }
    if done in ends and act_kind(kind) != kind:
        return f"{ends[done]} · {act_kind(kind)}"
    return _actions().get(name, name)


def _actions() -> dict[str, str]:
    return {
        "signed in": gettext("登录"),
        "signed out": gettext("退出"),
        "sign-in refused": gettext("登录被拒"),
        "officer added": gettext("新增人员"),
        "passphrase changed": gettext("修改口令"),
        "passphrase declared lost": gettext("口令报失（主机操作）"),
        "signing key replaced": gettext("更换签名密钥"),
        "batch imported": gettext("导入批次"),
        "rows confirmed": gettext("确认行"),
        "confirmation taken back": gettext("取消确认"),
        "batch discarded": gettext("放弃批次"),
        "batch issued": gettext("批次签发完成"),
        "batch paused": gettext("批次暂停"),
        "batch continued": gettext("批次继续"),
        "batch printed": gettext("证书已打印"),
        "certificates opened for printing": gettext("打开证书打印页"),
        "certificate opened for printing": gettext("打开单张证书打印页"),
        "certificate printed": gettext("单张证书已打印"),
        "slip made": gettext("生成领取条"),
        "slips opened for printing": gettext("打开领取条打印页"),
        "slips printed": gettext("领取条已打印"),
        "certificate claimed": gettext("证书被领取"),
        "correction asked": gettext("持有人请求更正"),
        "correction declined": gettext("答复更正请求"),
        "governance key made": gettext("创建治理密钥"),
        "next governance key made": gettext("创建后继治理密钥"),
        "governance passphrase refused": gettext("治理口令不正确"),
        "key rotation signed": gettext("更换密钥"),
        "schema signed": gettext("登记格式定义"),
        "proposal signed": gettext("提出提案"),
        "vote signed": gettext("投票"),
        "withdrawal signed": gettext("撤回提案"),
        "agreement signed": gettext("签署协议"),
        "enrolment list imported": gettext("导入学籍名册"),
        "conversion submitted": gettext("收到学分申请"),
        "conversion registered": gettext("登记学分"),
        "conversion returned": gettext("退回学分申请"),
        "conversion under review": gettext("学分进入复核"),
        "conversion kept": gettext("保留学分"),
    }


def channel(name: str) -> str:
    """Return where an act came from, in words."""
    return {
        "command line": gettext("命令行"),
        "host": gettext("主机"),
        "worker": gettext("后台"),
        "web": gettext("网页"),
    }.get(name, name)


def result_en(name: str) -> str:
    """Return the English that stands beside a mark's name on paper."""
    return {
        "理论成绩": "Theory",
        "实操成绩": "Practice",
        "考试成绩": "Score",
        "评定结论": "Result",
        "学校导师评定": "School tutor's mark",
        "企业导师评定": "Enterprise tutor's mark",
        "成绩": "Grade",
    }.get(name, "")


def visible(text: str) -> str:
    """Return a raw cell so that what is wrong with it can be seen: spaces, tabs, breaks, zero widths."""
    marks = {"\t": "⇥", "\n": "⏎", "\r": "", "\u3000": "␣", "\u00a0": "␣"}
    inner = text.strip(" ")
    left = len(text) - len(text.lstrip(" "))
    right = len(text) - len(text.rstrip(" ")) if inner else 0
    shown = "".join(marks.get(c, "¦" if c in _UNSEEN else c) for c in inner).replace("  ", "␣␣")
    return "␣" * left + shown + "␣" * right


def china_day(value: datetime | int) -> str:
    """Return a day as it is printed on paper: ``2026-06-30``, in China's time, whatever the language."""
    moment = datetime.fromtimestamp(value, UTC) if isinstance(value, int) else value
    return moment.astimezone(CHINA).date().isoformat()


def day_of(value: int) -> str:
    """Return the day of a moment in the page's language."""
    return day(datetime.fromtimestamp(value, UTC))


_UNSEEN = frozenset("\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff\u00ad")
