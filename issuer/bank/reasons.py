"""Why an application goes back, in words for the learner.

What an agreement says against a certificate is said by ``vc.recognition``; here are the bank's own reasons.
"""

from collections.abc import Mapping

SENTENCES: Mapping[str, tuple[str, str]] = {
    "no-agreement": (
        "没有生效的协议可以登记这份证书。",
        "No agreement in force lets this certificate be registered.",
    ),
    "changed": (
        "协议已更新，结果与您同意时不同。请查看新的结果后重新申请。",
        "The agreement has changed and gives another result than the one you agreed to. "
        "Please look at the new one and apply again.",
    ),
    "person-differs": (
        "证书上的姓名或证件与账户不符。",
        "The name or document on the certificate is not that of the account.",
    ),
    "person-unknown": (
        "证书上没有证件信息。请先用写有证件末四位的证书申请一次。",
        "The certificate shows no identity document. Please apply once with one that does.",
    ),
    "source-elsewhere": (
        "这份证书已登记在另一个账户中。",
        "This certificate is registered in another account.",
    ),
    "revoked": ("证书已被撤销。", "The certificate has been revoked."),
    "withdrawn": (
        "这一份已作废，证书本身未被撤销。请领取现行的一份后重新申请。",
        "This copy is void; the certificate itself is not revoked. "
        "Please claim the current one and apply again.",
    ),
    "not-authentic": (
        "证书的签名不再成立，请联系颁证机构。",
        "The certificate's signature no longer holds. Please contact its issuer.",
    ),
    "suspended": ("颁证机构在存证时被暂停。", "The issuer was suspended when the certificate was anchored."),
    "could-not-check": (
        "暂时无法核验，这不代表证书有问题。请稍后重新申请。",
        "It could not be checked now; this says nothing against it. Please apply again later.",
    ),
    "returned": ("学分银行退回了申请。", "The credit bank returned the application."),
    "request-expired": (
        "五分钟内没有收到证书，申请已关闭。",
        "No certificate came within five minutes, so the application was closed.",
    ),
    "declined": ("您没有出示证书。", "You did not present the certificate."),
}
"""Sentences by reason, Chinese and English."""

PROBLEMS: Mapping[str, str] = {
    "REVOKED": "revoked",
    "WITHDRAWN": "withdrawn",
    "ISSUER_SUSPENDED": "suspended",
}
"""Reasons by the code of what verification found."""


def reason(code: str, *, line: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a reason as it is kept and told: its code and a sentence in both languages.

    Args:
        code: One of ``SENTENCES``, or a code of ``vc.recognition`` with its sentence.
        line: The sentence that goes with the latter.
    """
    if line is not None:
        return {"code": code, "zh-CN": line["zh-CN"], "en": line["en"]}
    chinese, english = SENTENCES[code]
    return {"code": code, "zh-CN": chinese, "en": english}
