"""What people are told, in both languages: titles of verdicts, the one line under them, notes, and names of
steps.

The words are part of the verification report, so they are kept here as pairs and not in a page's catalogue.
A sentence says which of the possible things happened, never "verified on a blockchain"; what could not be
checked is never called a fault.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from vc.notices import REASONS
from verifier.recognising import RecognitionLine
from verifier.verdicts import Note, Outcome, Step, Verdict
from verifier.verification import Verification


@dataclass(frozen=True)
class Sentence:
    """One sentence in both languages.

    Attributes:
        code: Of the registry, for programs.
        zh: In Chinese.
        en: In English.
    """

    code: str
    zh: str
    en: str

    def to_json(self) -> dict[str, str]:
        """Return the sentence as the report writes it."""
        return {"code": self.code, "zh-CN": self.zh, "en": self.en}


TITLES: Mapping[Verdict, tuple[str, str]] = {
    Verdict.VALID: ("有效", "Valid"),
    Verdict.NOTE: ("有效，但请注意", "Valid, please note"),
    Verdict.REVOKED: ("已撤销", "Revoked"),
    Verdict.NOT_AUTHENTIC: ("请勿采信", "Do not rely on this"),
    Verdict.COULD_NOT_CHECK: ("暂时无法核验", "Could not be checked"),
}
SUSPENDED_TITLE = ("已暂停", "Suspended")
WITHDRAWN_TITLE = ("此份已作废", "This copy is void")
CORRECTED_TITLE = ("已由发证机构更正", "Corrected by its issuer")

STEP_NAMES: Mapping[Step, tuple[str, str, str]] = {
    Step.PARSE: ("parse", "文件能安全读取吗", "Can the document be read safely?"),
    Step.STRUCTURE: ("structure", "格式符合此类证书吗", "Does it have the shape of its type?"),
    Step.PROOF: ("proof", "内容改过吗（签名）", "Was it changed? (signature)"),
    Step.ISSUER: ("issuer", "是该机构签发的吗", "Did that body sign it?"),
    Step.PERIOD: ("period", "在有效期内吗", "Is it within its period of validity?"),
    Step.STATUS: ("status", "现在还有效吗（撤销状态）", "Is it still in force? (status)"),
    Step.ACCREDITATION: (
        "accreditation",
        "该机构有资格签发吗（联盟准入）",
        "May that body issue it? (accreditation)",
    ),
    Step.ANCHORING: ("anchoring", "何时存证", "When was it anchored?"),
    Step.HOLDER: ("holder", "是本人出示的吗", "Does its holder show it?"),
    Step.ENDORSEMENTS: ("endorsements", "需要的会签齐全吗", "Are required countersignatures there?"),
    Step.RECOGNITION: ("recognition", "哪些单位承认", "Who recognises it?"),
}

_NOT_AUTHENTIC: Mapping[str, tuple[str, str]] = {
    "NO_SUCH_CERTIFICATE": (
        "没有这样的证书。请向签发单位核实。",
        "There is no such certificate. Ask the body that is said to have issued it.",
    ),
    "CHANGED": (
        "内容被改动，或并非该机构签发。请向签发单位核实。",
        "It was changed, or not signed by that body. Ask the body that is said to have issued it.",
    ),
    "NOT_RECOGNISED": (
        "签名无误，但联盟未认可该机构签发此类证书。",
        "The signature is right, but the consortium does not recognise this body for such certificates.",
    ),
    "NOT_RECOGNISED_UNSIGNED": (
        "联盟未认可该机构签发此类证书（签名未能核对）。",
        "The consortium does not recognise this body for such certificates (its signature was not checked).",
    ),
    "ISSUER_KEY_COMPROMISED": (
        "存证时该机构的签名密钥可能已被他人掌握。请向签发单位核实。",
        "It was anchored while the body's key may have been in other hands. Ask that body.",
    ),
    "SCHEMA_VIOLATION": (
        "签名无误，但内容不符合此类证书的规定格式。请向签发单位核实。",
        "The signature is right, but the content breaks the rules of its type. Ask the body that issued it.",
    ),
    "SHARE_ENDED": (
        "这次出示的期限已过，不能再作为凭据。请向持有人索取新的链接。",
        "The time for which this was shown is over. Ask the holder for a new link.",
    ),
    "HOLDER": (
        "出示证明不成立：并非持有人为此链接所签，或已被改动。",
        "The presentation does not hold: not signed by the holder for this link, or changed.",
    ),
}

_NOTES: Mapping[str, tuple[str, str]] = {
    "EXPIRED": (
        "我们核对了内容和签名；有效期已于 {date} 届满。",
        "We checked content and signature; it expired on {date}.",
    ),
    "NOT_YET_VALID": (
        "我们核对了内容和签名；它自 {date} 起才有效。",
        "We checked content and signature; it is valid only from {date}.",
    ),
    "LEDGER_SILENT": (
        "我们超过一天没有收到账本的消息（最近一次是 {date}），状态依据签发单位自己的列表。",
        "We have not heard from the ledger for over a day (last on {date}); "
        "the status is from the issuer's own list.",
    ),
    "LAST_WORD": (
        "签发单位已关闭，没有留下不过期的状态列表；状态依据它最后存证的列表（有效期至 {date}）。",
        "The issuer is closed and left no list that does not expire; "
        "the status is from the last one that it anchored (valid until {date}).",
    ),
    "ISSUER_SILENT": (
        "签发方网站暂不可达，状态来自联盟节点。",
        "The issuer's site cannot be reached at the moment; the status is from the consortium's nodes.",
    ),
    "NOT_YET_ANCHORED": (
        "我们核对了内容和签名；它刚刚签发，尚未存证。",
        "We checked content and signature; it was signed within the last day and is not anchored yet.",
    ),
    "RETROSPECTIVE": (
        "我们注意到这是补发：发证日期早于该机构获得认可的日期（{date}）。",
        "We note that it was issued retrospectively: awarded before the body was accredited ({date}).",
    ),
    "COUNTERSIGNATURE_MISSING": (
        "我们没有找到需要的会签（企业未会签）。",
        "Not yet countersigned by the enterprise: we did not find a required countersignature.",
    ),
    "COUNTERSIGNATURE_WITHDRAWN": (
        "我们发现需要的会签已由会签单位撤回（会签已撤回）。",
        "A required countersignature was withdrawn by the body that had given it.",
    ),
    "RECOGNITION_UNAVAILABLE": (
        "我们暂时无法查询哪些单位承认它。",
        "We could not find out who recognises it at the moment.",
    ),
    "ACCREDITATION_ENDED": (
        "该机构现已不再签发此类证书；这一份签发时有资格，仍然有效。",
        "The body no longer issues such certificates; it was entitled to when it issued this one.",
    ),
    "ANCHORED_LATER": (
        "发证日期为 {awarded}（签发单位所述），存证日期为 {anchored}（已证明），相隔一年以上。",
        "Awarded on {awarded} (as the issuer says), anchored on {anchored} (proved): over a year apart.",
    ),
    "AS_OF": (
        "现在连不上账本；结论以 {date} 的账本为准。",
        "The ledger cannot be reached; this holds as of {date}.",
    ),
}

_UNCHECKED: Mapping[str, tuple[str, str]] = {
    "CONTEXT_NOT_ALLOWED": ("它使用了我们不认识的词汇表。", "It uses a vocabulary that we do not know."),
    "TYPE_UNKNOWN": ("它不是我们能够判断的证书种类。", "It is of a kind that we cannot judge."),
    "LEDGER_UNAVAILABLE": ("现在连不上账本。", "The ledger cannot be reached at the moment."),
    "STORE_UNAVAILABLE": (
        "签发单位的证书库现在连不上。",
        "The issuer's store of certificates cannot be reached.",
    ),
    "WALLET_UNAVAILABLE": (
        "持有人的钱包服务现在连不上。",
        "The holder's wallet cannot be reached at the moment.",
    ),
    "STATUS_RETRIEVAL_ERROR": (
        "现在取不到撤销列表。",
        "The list of revocations cannot be had at the moment.",
    ),
    "DID_UNAVAILABLE": (
        "现在取不到签发单位的公钥文件。",
        "The issuer's public keys cannot be had at the moment.",
    ),
    "ENDORSEMENT_UNAVAILABLE": (
        "会签暂时无法核对：现在取不到会签单位的公钥或状态列表。",
        "The countersignature could not be checked: its body's keys or list cannot be had at the moment.",
    ),
    "STATUS_EXPIRED": (
        "签发单位的撤销列表已过期，还没有新的。",
        "The issuer's list of revocations has expired, and there is no newer one.",
    ),
    "INVALID_VERIFICATION_METHOD": (
        "签名所用的密钥现已不在签发单位的公钥文件中，也没有存证能说明它当时有效。",
        "The key that signed it is not among the issuer's present keys, and nothing proves that it was then.",
    ),
    "ISSUER_SUSPENDED": (
        "该机构现在不能签发证书，也没有找到这一份的存证。",
        "The body may not issue at present, and no proof of this one's anchoring was found.",
    ),
    "ISSUER_NOT_AUTHORIZED_AT_TIME": (
        "该机构现已不再签发此类证书，也没有找到这一份的存证。",
        "The body no longer issues such certificates, and no proof of this one's anchoring was found.",
    ),
    "NOT_ANCHORED": (
        "没有找到它的存证，而它签发已超过一天。",
        "No proof of its anchoring was found, and it was signed over a day ago.",
    ),
}
_STATUS_OPEN = (
    "签发单位的撤销列表没有通过核对，状态无法确定。",
    "The issuer's list of revocations does not check, so the status is open.",
)
_NO_FAULT = (
    "这不代表证书有问题。请稍后重试。",
    "This does not mean that anything is wrong. Please try again.",
)


def title(verification: Verification) -> tuple[str, str]:
    """Return the verdict's title in Chinese and English."""
    if verification.verdict is Verdict.REVOKED:
        finding = verification.revocation
        if finding is not None and finding.kind == "withdrawn":
            return WITHDRAWN_TITLE
        if corrected(verification):
            return CORRECTED_TITLE
        if finding is None or finding.kind != "revoked":
            return SUSPENDED_TITLE
    return TITLES[verification.verdict]


def reason(verification: Verification, *, from_paper: bool = False) -> Sentence:
    """Return the one line under the verdict.

    Args:
        verification: What was found.
        from_paper: True where a printed code led here: valid then means the code's certificate, not the
            paper.
    """
    verdict = verification.verdict
    if verdict is Verdict.VALID:
        return _valid(from_paper=from_paper)
    if verdict is Verdict.NOTE:
        return next(
            (note_sentence(note) for note in verification.notes if note.weighs), _unchecked(verification)
        )
    if verdict is Verdict.REVOKED:
        return _revoked(verification)
    if verdict is Verdict.NOT_AUTHENTIC:
        return _not_authentic(verification)
    return _unchecked(verification)


def notes(verification: Verification) -> list[Sentence]:
    """Return what is said beside the verdict: beside "do not rely on this" nothing, for it would reassure."""
    if verification.verdict is Verdict.NOT_AUTHENTIC:
        return []
    return [note_sentence(note) for note in verification.notes]


def note_sentence(note: Note) -> Sentence:
    """Return a note's sentence."""
    zh, en = _NOTES[note.code]
    values = dict(note.values)
    return Sentence(note.code, zh.format(**values), en.format(**values))


def corrected(verification: Verification) -> bool:
    """Whether the record was revoked because another one, corrected, took its place."""
    finding = verification.revocation
    if finding is None or finding.kind != "revoked" or finding.notice is None:
        return False
    return finding.notice.replacement is not None


def recognition_sentence(lines: tuple[RecognitionLine, ...]) -> Sentence:
    """Return the line that names who asks for no second test, and for what; ``lines`` is not empty."""
    zh, en = _sparing(lines, "zh-CN"), _sparing(lines, "en")
    more_zh = f" 等 {len(zh)} 家" if len(zh) > 3 else ""
    more_en = f" and {len(en) - 3} more" if len(en) > 3 else ""
    return Sentence(
        "NO_SECOND_TEST",
        f"以下单位已承认，无需重复认证：{'、'.join(zh[:3])}{more_zh}",
        f"Accepted without a second test by: {', '.join(en[:3])}{more_en}",
    )


def _sparing(lines: tuple[RecognitionLine, ...], language: str) -> list[str]:
    """Name each body once, with its purposes where it spares the test for those only."""
    purposes: dict[str, list[str | None]] = {}
    for line in lines:
        name = line.names.get(language.partition("-")[0]) or line.party
        purpose = line.result.purpose
        purposes.setdefault(name, []).append(None if purpose is None else purpose[language])
    mark, left, right = ("、", "（", "）") if language == "zh-CN" else (", ", " (", ")")
    return [
        name if None in found else f"{name}{left}{mark.join(dict.fromkeys(map(str, found)))}{right}"
        for name, found in purposes.items()
    ]


def _valid(*, from_paper: bool) -> Sentence:
    if from_paper:
        return Sentence(
            "VALID_COMPARE",
            "此编码对应的证书有效，请与纸质证书逐项核对。",
            "A certificate with this code is valid: compare it with the paper.",
        )
    return Sentence(
        "VALID",
        "内容与签发时一致，未撤销。",
        "The content is as it was issued, and it is not revoked.",
    )


def _revoked(verification: Verification) -> Sentence:
    finding = verification.revocation
    if finding is None or finding.kind == "none":
        return Sentence(
            "ISSUER_SUSPENDED",
            "它是在该机构被暂停签发期间存证的。",
            "It was anchored while its issuer was suspended.",
        )
    if finding.kind == "withdrawn":
        return Sentence(
            "WITHDRAWN",
            "此份已作废，证书未被撤销，请出示现行件。",
            "This copy is void; the certificate is not revoked. Ask for the current one.",
        )
    who_zh, who_en = _issuer_names(verification)
    if finding.kind == "suspended":
        return Sentence("SUSPENDED", f"{who_zh}已暂停它的效力。", f"{who_en} has suspended it.")
    notice = finding.notice
    if notice is None:
        return Sentence("REVOKED", f"{who_zh}已撤销。", f"Revoked by {who_en}.")
    english = REASONS.get(notice.reason, notice.reason)
    if corrected(verification):
        return Sentence(
            "CORRECTED",
            f"{who_zh}于 {notice.date} 更正了它，原因：{notice.reason}。"
            "已有更正后的证书，请持有人出示新的一份。",
            f"{who_en} corrected it on {notice.date}. Reason: {english}. "
            "There is a newer certificate: ask the holder for it.",
        )
    return Sentence(
        "REVOKED",
        f"{who_zh}于 {notice.date} 撤销，原因：{notice.reason}。",
        f"Revoked by {who_en} on {notice.date}. Reason: {english}.",
    )


def _not_authentic(verification: Verification) -> Sentence:
    failed = {check.step: check for check in verification.checks if check.outcome is Outcome.FAILED}
    if Step.PARSE in failed and failed[Step.PARSE].code == "NO_SUCH_CERTIFICATE":
        key = "NO_SUCH_CERTIFICATE"
    elif Step.ISSUER in failed and failed[Step.ISSUER].code == "ISSUER_KEY_COMPROMISED":
        key = "ISSUER_KEY_COMPROMISED"
    elif failed.keys() & {Step.PARSE, Step.PROOF, Step.ISSUER}:
        key = "CHANGED"
    elif Step.ACCREDITATION in failed:
        signed = verification.check(Step.PROOF).outcome is Outcome.PASSED
        key = "NOT_RECOGNISED" if signed else "NOT_RECOGNISED_UNSIGNED"
    elif Step.STRUCTURE in failed:
        signed = verification.check(Step.PROOF).outcome is Outcome.PASSED
        key = "SCHEMA_VIOLATION" if signed else "CHANGED"
    elif Step.HOLDER in failed:
        key = "SHARE_ENDED" if failed[Step.HOLDER].code == "PROOF_EXPIRED" else "HOLDER"
    else:
        key = "CHANGED"
    zh, en = _NOT_AUTHENTIC[key]
    return Sentence(key, zh, en)


def _unchecked(verification: Verification) -> Sentence:
    missing = next(
        (check for check in verification.checks if check.outcome is Outcome.UNAVAILABLE and check.code), None
    )
    code = None if missing is None else missing.code
    other = _STATUS_OPEN if missing is not None and missing.step is Step.STATUS else ("", "")
    zh, en = _UNCHECKED.get(code or "", other)
    return Sentence(code or "COULD_NOT_CHECK", zh + _NO_FAULT[0], f"{en} {_NO_FAULT[1]}".strip())


def _issuer_names(verification: Verification) -> tuple[str, str]:
    issuer = verification.issuer
    if issuer is None:
        return "签发单位", "its issuer"
    return issuer.names.get("zh", issuer.did), issuer.names.get("en", issuer.did)
