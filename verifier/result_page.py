"""What the result page shows of a verification, in the reader's language.

Who may see what: a page for paper masks the name until the name printed on the paper was typed; report and
raw data open then. Nothing that the document states is shown before its proof and its issuer were verified.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext

from crypto import jcs
from schemas.catalogue import CATALOGUE
from verifier import report, wording
from verifier.verdicts import Check, Outcome, Step, Verdict, worst
from verifier.verification import Verification
from web.i18n import CHINA, day, moment, pick

_ICONS = {
    Outcome.PASSED: "done",
    Outcome.FAILED: "failed",
    Outcome.UNAVAILABLE: "couldNotCheck",
    Outcome.NOT_APPLICABLE: "none",
    Outcome.NOT_RUN: "none",
}
_SETTLED = (Outcome.PASSED, Outcome.NOT_APPLICABLE)


@dataclass(frozen=True)
class CheckLine:
    """One line of the fold on checks."""

    question: str
    answer: str
    outcome: str
    icon: str
    code: str | None
    detail: str | None


@dataclass(frozen=True)
class RecognitionLine:
    """One party that asks for no second test."""

    names: Mapping[str, str]
    purpose: Mapping[str, str] | None
    title: Mapping[str, str]


@dataclass(frozen=True)
class Result:
    """One credential's part of the page.

    Attributes:
        verdict: One of the five.
        word: The verdict's word by language.
        line: The one line under it, by language.
        notes: More lines, by language.
        shown: Whether what the credential states may be shown.
        open: Whether marks, report and raw data may be shown.
        matched: Whether the typed name was the same; None where none was typed.
        checks: The eleven checks.
        timeline: Moments and sentences.
    """

    verdict: str
    word: Mapping[str, str]
    line: Mapping[str, str]
    notes: Sequence[Mapping[str, str]]
    shown: bool
    open: bool
    matched: bool | None
    checks: Sequence[CheckLine]
    count: str
    technical: Sequence[tuple[str, str]]
    timeline: Sequence[tuple[str, str]] = ()
    ask: str = ""
    name: str = ""
    name_en: str = ""
    id_tail: str = ""
    title: Mapping[str, str] | str = ""
    achievement: str = ""
    achievement_lang: str = ""
    level: str = ""
    number: str = ""
    results: Sequence[tuple[str, str]] = ()
    issuer: Mapping[str, str] | None = None
    accredited: bool = False
    since: datetime | None = None
    awarded: datetime | None = None
    valid_until: datetime | None = None
    recognition: Sequence[RecognitionLine] = ()
    no_retest: str = ""
    report_link: str = ""
    raw: str = field(default="", repr=False)


@dataclass(frozen=True)
class Page:
    """The whole page.

    Attributes:
        verdict: The worst of the results.
        paper: Whether it is about a printed code: the name is masked until it was matched.
        code: The typed code, for the form that asks for the name; empty where a script holds it.
    """

    verdict: str
    word: Mapping[str, str]
    results: Sequence[Result]
    checked_at: datetime
    single_operator: bool
    paper: bool = False
    code: str = field(default="", repr=False)


def page(
    verifications: Sequence[Verification],
    *,
    paper: bool = False,
    matched: bool | None = None,
    code: str = "",
) -> Page:
    """Lay out one or several verifications, the worst first.

    Args:
        verifications: At least one.
        paper: Whether they come from a printed code.
        matched: What came of comparing the typed name; None where none was typed.
        code: The typed code, repeated in the form that asks for the name.
    """
    order = list(Verdict)
    ranked = sorted(verifications, key=lambda one: order.index(one.verdict), reverse=True)
    verdict = worst(tuple(one.verdict for one in ranked))
    return Page(
        verdict=verdict.value,
        word=wording.word(ranked[0]) if len(ranked) == 1 else wording.VERDICTS[verdict],
        results=[result(one, paper=paper, matched=matched) for one in ranked],
        checked_at=ranked[0].checked_at,
        single_operator=any(one.single_operator for one in ranked),
        paper=paper,
        code=code,
    )


def result(verification: Verification, *, paper: bool, matched: bool | None) -> Result:
    """Lay out one verification."""
    facts = verification.facts
    trusted = facts is not None and verification.verdict is not Verdict.NOT_AUTHENTIC
    opened = trusted and (not paper or matched is True)
    settled = sum(check.outcome in _SETTLED for check in verification.checks)
    issuer = verification.issuer
    common = {
        "verdict": verification.verdict.value,
        "word": wording.word(verification),
        "line": wording.line(verification, paper=paper),
        "notes": [
            wording.note(note)
            for note in verification.notes
            if wording.note(note) != wording.line(verification, paper=paper)
        ],
        "shown": trusted,
        "open": opened,
        "matched": matched,
        "checks": [_check_line(check) for check in verification.checks],
        "count": f"{settled}/{len(verification.checks)}",
        "technical": _technical(verification),
        "timeline": _timeline(verification) if trusted else (),
        "ask": _whom_to_ask(verification),
        "issuer": _names(issuer.names) if issuer is not None else None,
        "accredited": verification.check(Step.ACCREDITATION).outcome is Outcome.PASSED and trusted,
        "since": issuer.since if issuer is not None else None,
    }
    if not trusted or facts is None:
        return Result(**common)
    entry = CATALOGUE.get(facts.credential_type or "")
    return Result(
        **common,
        name=(facts.name or "") if opened else mask(facts.name or ""),
        name_en=(facts.name_en or "") if opened else "",
        id_tail=facts.id_tail or "",
        title=facts.title or (entry.display if entry else ""),
        achievement=facts.achievement_name or "",
        level=facts.level_name or facts.conclusion or "",
        number=facts.number or "",
        results=facts.results,
        awarded=facts.awarded,
        valid_until=facts.valid_until,
        recognition=[
            RecognitionLine(names=_names(line.names), purpose=line.waiver.purpose, title=line.waiver.title)
            for line in verification.recognition
        ],
        no_retest=_no_retest(verification),
        report_link=_data_link(report.build(verification)) if opened else "",
        raw=json.dumps(verification.document, ensure_ascii=False, indent=2) if opened else "",
    )


def mask(name: str) -> str:
    """Hide all of a name but its first and, of longer names, its last character.

    ``林晓雨`` becomes ``林*雨``, ``李明`` ``李*``; spaces and dots between parts stay.
    """
    kept = {0} | ({len(name) - 1} if len(name) > 2 else set())
    return "".join(
        character if index in kept or not character.isalnum() else "*" for index, character in enumerate(name)
    )


def _no_retest(verification: Verification) -> str:
    names = list(dict.fromkeys(pick(_names(line.names)) for line in verification.recognition))
    if not names:
        return ""
    if len(names) == 1:
        return gettext("无需重复认证：%(name)s 已承认", name=names[0])
    return gettext("无需重复认证：%(name)s 等 %(n)s 家单位已承认", name=names[0], n=len(names))


def _check_line(check: Check) -> CheckLine:
    question, passed, failed = _questions()[check.step]
    answers = {
        Outcome.PASSED: passed,
        Outcome.FAILED: failed,
        Outcome.UNAVAILABLE: gettext("暂时无法核实"),
        Outcome.NOT_APPLICABLE: gettext("不适用"),
        Outcome.NOT_RUN: gettext("没有进行"),
    }
    answer = answers[check.outcome]
    if check.step is Step.HOLDER and check.code == "BY_LINK_ONLY":
        answer = gettext("仅凭链接")
    return CheckLine(
        question=question,
        answer=answer,
        outcome=check.outcome.value,
        icon=_ICONS[check.outcome],
        code=check.code,
        detail=check.detail,
    )


def _questions() -> Mapping[Step, tuple[str, str, str]]:
    """Return what each check asks, and the answers when it passed and when it failed."""
    return {
        Step.PARSE: (gettext("文件能读取吗？"), gettext("能"), gettext("不能")),
        Step.STRUCTURE: (gettext("格式符合该类证书的规定吗？"), gettext("符合"), gettext("不符合")),
        Step.PROOF: (gettext("内容改过吗？（签名）"), gettext("没有改过"), gettext("签名与内容不符")),
        Step.ISSUER: (gettext("是该机构签发的吗？"), gettext("是"), gettext("不是")),
        Step.PERIOD: (gettext("在有效期内吗？"), gettext("在"), gettext("不在")),
        Step.STATUS: (gettext("现在还有效吗？（状态）"), gettext("未撤销"), gettext("已撤销、暂停或作废")),
        Step.ACCREDITATION: (
            gettext("该机构有资格签发吗？（联盟准入）"),
            gettext("该机构当时有权签发此类证书"),
            gettext("联盟没有认可该机构签发此类证书"),
        ),
        Step.ANCHORING: (gettext("摘要存证了吗？"), gettext("已存证"), gettext("存证不符")),
        Step.HOLDER: (gettext("是本人出示的吗？"), gettext("已证明"), gettext("不能证明")),
        Step.ENDORSEMENTS: (gettext("企业会签了吗？"), gettext("已会签"), gettext("企业未会签")),
        Step.RECOGNITION: (gettext("有单位承认、免于重复认证吗？"), gettext("有"), gettext("没有")),
    }


def _timeline(verification: Verification) -> Sequence[tuple[str, str]]:
    """Return what happened when: awarded is the issuer's word, anchored is proved."""
    facts, found = verification.facts, verification.revocation
    events: list[tuple[datetime, str, str]] = []
    if facts is not None and facts.awarded is not None:
        events.append((facts.awarded, day(facts.awarded), gettext("颁发（发证机构填写）")))
    if verification.anchored is not None:
        events.append((verification.anchored, moment(verification.anchored), gettext("摘要存证（账本证明）")))
    if found is not None and found.notice is not None:
        noticed = datetime.fromisoformat(found.notice.date).replace(tzinfo=CHINA)
        events.append((noticed, day(found.notice.date), pick(wording.line(verification))))
    events.append((verification.checked_at, moment(verification.checked_at), gettext("本次核验")))
    return [(when, sentence) for _, when, sentence in sorted(events, key=lambda event: event[0])]


def _technical(verification: Verification) -> Sequence[tuple[str, str]]:
    facts, issuer = verification.facts, verification.issuer
    document = verification.document
    pairs = [
        (gettext("发证机构标识"), issuer.did if issuer else ""),
        (gettext("登记编号"), str(issuer.number) if issuer else ""),
        (gettext("证书标识"), (facts.credential_id or "") if facts else ""),
        (gettext("摘要（SHA-256）"), jcs.digest(dict(document)).hex() if document and facts else ""),
        (gettext("存证时间"), moment(verification.anchored)),
        (gettext("登记数据截至"), moment(verification.as_of)),
    ]
    return [(label, value) for label, value in pairs if value]


def _whom_to_ask(verification: Verification) -> str:
    if verification.verdict is not Verdict.NOT_AUTHENTIC:
        return ""
    if verification.issuer is None:
        return gettext("请向持有人索取原件，并向其所称的发证机构核实。")
    return gettext("请联系 %(name)s 核实。", name=pick(_names(verification.issuer.names)))


def _names(names: Mapping[str, str]) -> Mapping[str, str]:
    """Return the registry's names under the keys that pages use."""
    return {"zh-CN": names.get("zh", ""), "en": names.get("en") or names.get("zh", "")}


def _data_link(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return "data:application/json;base64," + base64.b64encode(text.encode("utf-8")).decode("ascii")
