"""What the result page shows of a verification, in the reader's language.

Who may see what: a page for paper masks the name until the name printed on the paper was typed; report and
raw data open then. Nothing that the document states is shown before its proof and its issuer were verified.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask_babel import gettext

from crypto import jcs
from schemas.catalogue import CATALOGUE, GROUPS
from vc.credentials import CredentialFacts, masked_name
from verifier import dual, recognising, report, wording
from verifier.answering import Answer
from verifier.endorsement_lines import Endorser
from verifier.endorsement_lines import lines as endorsement_lines
from verifier.endorsement_lines import word as endorsement_word
from verifier.nodes import Nodes, entry_link, nodes
from verifier.recognising import RecognitionLine
from verifier.recognition_report import Verifier, conclusion, recognition_report
from verifier.stated import Line, marks
from verifier.stated import lines as stated_lines
from verifier.verdicts import Check, Outcome, Step, Verdict, worst
from verifier.verification import Verification
from web.i18n import CHINA, day, in_language, moment, pick

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
class Recognised:
    """What one body says by one rule of an agreement in force.

    Attributes:
        kind: noSecondTest, equivalence, partOfTest or credit.
        sentence: What it says, by language.
        title: The agreement's title.
        agreement: Its name, with the version.
        version: The version alone.
        link: The agreement's public page.
        since: From when this version is in force.
        digest: SHA-256 of the agreement in hexadecimal, for the printed report.
    """

    kind: str
    sentence: Mapping[str, str]
    title: Mapping[str, str]
    agreement: str
    version: int
    link: str
    since: datetime
    digest: str


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
    achievement_en: str = ""
    level: str = ""
    number: str = ""
    results: Sequence[Line] = ()
    stated: Sequence[Line] = ()
    group: str = ""
    issuer: Mapping[str, str] | None = None
    accredited: bool = False
    accreditor: Mapping[str, str] | str = ""
    since: datetime | None = None
    awarded: datetime | None = None
    valid_until: datetime | None = None
    recognition: Sequence[Recognised] = ()
    endorsements: Sequence[Endorser] = ()
    no_retest: str = ""
    conclusion: str = ""
    digest: str = ""
    ledger: Sequence[tuple[str, str]] = ()
    anchor_link: str = ""
    receipt_link: str = ""
    document_link: str = ""
    report_link: str = ""
    filed_link: str = ""
    raw: str = field(default="", repr=False)


@dataclass(frozen=True)
class Track:
    """One certificate of a pair, in a few words."""

    verdict: str
    word: Mapping[str, str]
    title: Mapping[str, str] | str
    achievement: str
    achievement_en: str
    level: str


@dataclass(frozen=True)
class Dual:
    """A school's and a skill's certificates, side by side.

    Attributes:
        tracks: The group's name with its certificates, the school's first.
        same_name: Whether all of them state one person.
    """

    tracks: Sequence[tuple[str, Sequence[Track]]]
    same_name: bool


@dataclass(frozen=True)
class Page:
    """The whole page.

    Attributes:
        verdict: The worst of the results.
        paper: Whether it is about a printed code: the name is masked until it was matched.
        code: The typed code, for the form that asks for the name; empty where a script holds it.
        asked: What was typed, pasted or uploaded, so that the printed report can ask the same again; empty
            where a script holds it.
        dual: The certificates of both tracks, where both are shown.
        nodes: Who signed the head of the ledger that the worst result rests on.
        node_url: A node whose explorer readers may open; empty where none is known.
    """

    verdict: str
    word: Mapping[str, str]
    results: Sequence[Result]
    checked_at: datetime
    single_operator: bool
    nodes: Nodes | None = None
    node_url: str = ""
    paper: bool = False
    code: str = field(default="", repr=False)
    asked: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    dual: Dual | None = None

    @property
    def open(self) -> bool:
        """Whether every certificate may be shown as a whole, so that a report may be printed."""
        return all(one.open for one in self.results)


def page(answer: Answer, *, verifier: Verifier, code: str = "", asked: str = "", name: str = "") -> Page:
    """Lay out an answer, the worst result first.

    Args:
        answer: What was asked and found.
        verifier: Who answers, for the report.
        code: The typed code, repeated in the form that asks for the name; empty where a script holds it.
        asked: What was typed or pasted, for the printed report; empty where a script holds it.
        name: The name that was typed with it.
    """
    order = list(Verdict)
    ranked = sorted(answer.results, key=lambda one: order.index(one.verdict), reverse=True)
    verdict = worst(tuple(one.verdict for one in ranked))
    return Page(
        verdict=verdict.value,
        word=_pair(wording.title(ranked[0]) if len(ranked) == 1 else wording.TITLES[verdict]),
        results=[_result(one, answer, verifier) for one in ranked],
        checked_at=ranked[0].checked_at,
        single_operator=any(one.single_operator for one in ranked),
        nodes=next((found for one in ranked if (found := nodes(one, node_url=verifier.node_url))), None),
        node_url=verifier.node_url,
        paper=answer.source == "code",
        code=code,
        asked=asked,
        name=name,
        dual=_dual(ranked),
    )


def _dual(ranked: Sequence[Verification]) -> Dual | None:
    """Lay out a school's and a skill's certificates side by side."""
    found = dual.pair(ranked)
    if found is None:
        return None
    tracks = [("education", found.education), ("skill", found.skill)]
    return Dual(
        tracks=[(pick(GROUPS[group]), [_track(one) for one in listed]) for group, listed in tracks],
        same_name=found.same_name,
    )


def _track(verification: Verification) -> Track:
    facts = verification.facts
    assert facts is not None  # dual.pair takes none without
    entry = CATALOGUE.get(facts.credential_type or "")
    return Track(
        verdict=verification.verdict.value,
        word=_pair(wording.title(verification)),
        title=entry.display if entry else facts.title or "",
        achievement=facts.achievement_name or "",
        achievement_en=facts.achievement_name_en or "",
        level=facts.level_name or facts.conclusion or "",
    )


def _result(verification: Verification, answer: Answer, verifier: Verifier) -> Result:
    """Lay out one verification; a stranger's document shows nothing of what it states."""
    facts, issuer, paper = verification.facts, verification.issuer, answer.source == "code"
    shown = facts is not None and verification.verdict is not Verdict.NOT_AUTHENTIC
    reason = wording.reason(verification, from_paper=paper)
    notes = [sentence for sentence in wording.notes(verification) if sentence != reason]
    laid_out = Result(
        verdict=verification.verdict.value,
        word=_pair(wording.title(verification)),
        line=reason.to_json(),
        notes=[note.to_json() for note in notes],
        shown=shown,
        open=shown and (not paper or answer.matched is True),
        matched=answer.matched,
        checks=[_check_line(check, verification) for check in verification.checks],
        count=f"{sum(check.outcome in _SETTLED for check in verification.checks)}/{len(verification.checks)}",
        technical=_technical(verification),
        ask=_whom_to_ask(verification),
        issuer=None if issuer is None else _names(issuer.names),
        accredited=shown and verification.check(Step.ACCREDITATION).outcome is Outcome.PASSED,
        accreditor="" if issuer is None else _names(issuer.accreditor_names) or issuer.accreditor or "",
        since=None if issuer is None else issuer.since,
    )
    if facts is None or not shown:
        return laid_out
    return _with_facts(laid_out, facts, verification, answer, verifier)


def _with_facts(
    laid_out: Result,
    facts: CredentialFacts,
    verification: Verification,
    answer: Answer,
    verifier: Verifier,
) -> Result:
    """Add what the credential states: on paper only what may be seen before the name was typed."""
    entry = CATALOGUE.get(facts.credential_type or "")
    seen = replace(
        laid_out,
        name=masked_name(facts.name or ""),
        title=entry.display if entry else facts.title or "",
        achievement=facts.achievement_name or "",
        achievement_en=facts.achievement_name_en or "",
        level=facts.level_name or facts.conclusion or "",
        awarded=facts.awarded,
        valid_until=facts.valid_until,
        timeline=_timeline(verification),
        recognition=[_recognised(line) for line in verification.recognition],
        endorsements=endorsement_lines(verification, open_=laid_out.open),
        no_retest=_no_retest(verification),
        conclusion=in_language(*conclusion(verification)[1:]),
        group="" if entry is None else pick(GROUPS[entry.group]),
        digest="" if verification.document is None else jcs.digest(dict(verification.document)).hex(),
        ledger=_ledger(verification, verifier),
        anchor_link=entry_link(verification, node_url=verifier.node_url),
    )
    if not laid_out.open:
        return seen
    alone = replace(answer, results=(verification,))
    return replace(
        seen,
        name=facts.name or "",
        name_en=facts.name_en or "",
        id_tail=facts.id_tail or "",
        number=facts.number or "",
        results=marks(facts),
        stated=stated_lines(facts, names=verification.names),
        receipt_link=_receipt_link(verification),
        document_link="" if verification.document is None else _data_link(verification.document),
        report_link=_data_link(report.report(alone, raw=True)),
        filed_link=_data_link(recognition_report(alone, verifier=verifier)),
        raw=json.dumps(verification.document, ensure_ascii=False, indent=2),
    )


def _no_retest(verification: Verification) -> str:
    waiving = recognising.waiving(verification.recognition)
    return pick(wording.recognition_sentence(waiving).to_json()) if waiving else ""


def _recognised(line: RecognitionLine) -> Recognised:
    evaluation = line.evaluation
    return Recognised(
        kind=line.kind,
        sentence=line.result.line,
        title=evaluation.title,
        agreement=evaluation.name,
        version=evaluation.version,
        link=agreement_link(evaluation.agreement_id),
        since=evaluation.since,
        digest=line.digest.hex(),
    )


def agreement_link(agreement_id: str) -> str:
    """Return the path of an agreement's public page."""
    return f"/agreements/{quote(agreement_id, safe=':')}"


def _ledger(verification: Verification, verifier: Verifier) -> Sequence[tuple[str, str]]:
    """Return the head of the ledger on which everything rests, for the printed report."""
    checkpoint = verification.checkpoint
    if checkpoint is None:
        return ()
    return [
        (gettext("账本标识"), verifier.chain_id),
        (gettext("检查点"), gettext("第 %(n)s 条", n=checkpoint.size)),
        (gettext("检查点根"), checkpoint.root.hex()),
    ]


def _check_line(check: Check, verification: Verification) -> CheckLine:
    _, zh, en = wording.STEP_NAMES[check.step]
    return CheckLine(
        question=in_language(zh, en),
        answer=_answer(check, verification),
        outcome=check.outcome.value,
        icon=_ICONS[check.outcome],
        code=check.code,
        detail=check.detail,
    )


def _answer(check: Check, verification: Verification) -> str:
    if check.code == "ENDORSEMENT_WITHDRAWN":
        return endorsement_word("withdrawn")
    if check.step is Step.HOLDER and check.code == "BY_LINK_ONLY":
        return gettext("仅凭链接")
    if check.outcome in (Outcome.PASSED, Outcome.FAILED):
        passed, failed = _answers(verification)[check.step]
        return passed if check.outcome is Outcome.PASSED else failed
    others = {
        Outcome.UNAVAILABLE: gettext("暂时无法核实"),
        Outcome.NOT_APPLICABLE: gettext("不适用"),
        Outcome.NOT_RUN: gettext("没有进行"),
    }
    return others[check.outcome]


def _answers(verification: Verification) -> Mapping[Step, tuple[str, str]]:
    """Return the answer to each check's question when it passed, and when it failed."""
    return {
        Step.PARSE: (gettext("能"), gettext("不能")),
        Step.STRUCTURE: (gettext("符合"), gettext("不符合")),
        Step.PROOF: (gettext("没有改过"), gettext("签名与内容不符")),
        Step.ISSUER: (gettext("是该机构签发"), gettext("不是该机构签发")),
        Step.PERIOD: (gettext("在有效期内"), gettext("不在有效期内")),
        Step.STATUS: (gettext("未撤销"), gettext("已撤销、暂停或作废")),
        Step.ACCREDITATION: (gettext("当时有资格"), gettext("没有资格")),
        Step.ANCHORING: (
            gettext("摘要已于 %(moment)s 存证", moment=moment(verification.anchored)),
            gettext("存证不符"),
        ),
        Step.HOLDER: (gettext("本人已证明"), gettext("证明不成立")),
        Step.ENDORSEMENTS: (gettext("齐全"), gettext("企业未会签")),
        Step.RECOGNITION: (gettext("有单位承认"), gettext("没有")),
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
        events.append((noticed, day(found.notice.date), pick(wording.reason(verification).to_json())))
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
    """Return the registry's names under the keys that pages use; nothing where it has none."""
    if not names:
        return {}
    return {"zh-CN": names.get("zh", ""), "en": names.get("en") or names.get("zh", "")}


def _pair(texts: tuple[str, str]) -> Mapping[str, str]:
    return {"zh-CN": texts[0], "en": texts[1]}


def _receipt_link(verification: Verification) -> str:
    """Return the receipt to keep, for the page on which a browser checks it itself; nothing without one."""
    receipt = verification.receipt
    if receipt is None or not receipt.bundle:
        return ""
    return "data:application/cbor;base64," + base64.b64encode(receipt.bundle).decode("ascii")


def _data_link(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return "data:application/json;base64," + base64.b64encode(text.encode("utf-8")).decode("ascii")
