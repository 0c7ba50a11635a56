"""The recognition report: what a body files when it accepts a certificate by an agreement.

It stands for itself: what was verified when and by whom, with which result and checks, the digest of the very
document, the issuer and its accreditation, each agreement by id, version and digest with the rule that speaks
and in whose name, and the ledger's head on which all of it rests. Whoever wants to repeat it needs the same
document and the ledger. It is masked as the page would be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from ledger.proof.checkpoints import Checkpoint
from vc import credentials, dates
from verifier import report, wording
from verifier.answering import Answer
from verifier.verdicts import Outcome, Step, Verdict, worst
from verifier.verification import Verification

TYPE = "RecognitionReport"
_RECOGNISED = ("recognised", "已有单位依协议承认", "Recognised by agreement")
_OPEN = ("applicable", "可依协议申请学分", "Credit may be applied for by agreement")
_NOBODY = ("none", "没有生效的协议承认它", "No agreement in force recognises it")
_NOT_VALID = ("notConsidered", "核验结论不是有效，未考虑互认", "Not valid, so recognition was not considered")
_LACKING = (
    "notConsidered",
    "证书不在有效期内，或需要的会签不齐全，未考虑互认",
    "Outside its period, or without a countersignature it needs, so recognition was not considered",
)
_UNREAD = (
    "unavailable",
    "暂时查不到协议，不能说明有没有单位承认",
    "The agreements could not be read: nothing follows",
)


@dataclass(frozen=True)
class Verifier:
    """Who made a report.

    Attributes:
        origin: Its address.
        chain_id: The ledger that it asked.
        node_url: A node whose explorer readers may open; empty where none is known.
    """

    origin: str
    chain_id: str
    node_url: str = ""


def recognition_report(answer: Answer, *, verifier: Verifier) -> dict[str, Any]:
    """Write the recognition report of an answer.

    Args:
        answer: What was asked and found.
        verifier: Who was asked.

    Returns:
        JSON-ready; of several credentials the worst verdict and a list.
    """
    masked = answer.source == "code" and not answer.matched
    results = [
        _one(one, masked=masked, from_paper=answer.source == "code", verifier=verifier)
        for one in answer.results
    ]
    head = {
        "type": TYPE,
        "version": 1,
        "verifier": {"origin": verifier.origin, "software": f"Vocred {version('vocred')}"},
        "source": answer.source,
        "checkedAt": results[0]["checkedAt"],
        "masked": masked,
    }
    if len(results) == 1:
        return {**head, **results[0]}
    verdict = worst(tuple(one.verdict for one in answer.results))
    zh, en = wording.TITLES[verdict]
    return {**head, "verdict": verdict.value, "title": {"zh-CN": zh, "en": en}, "results": results}


def _one(verification: Verification, *, masked: bool, from_paper: bool, verifier: Verifier) -> dict[str, Any]:
    written = report.one(verification, from_paper=from_paper, masked=masked)
    code, zh, en = conclusion(verification)
    document = verification.document
    return {
        **written,
        "credentialDigest": None if document is None else credentials.digest(document).hex(),
        "conclusion": {"code": code, "zh-CN": zh, "en": en},
        "recognition": [
            {**line, "ledger": _ledger(found.checkpoint, verifier)}
            for line, found in zip(written["recognition"], verification.recognition, strict=True)
        ],
        "ledger": _ledger(verification.checkpoint, verifier),
    }


def conclusion(verification: Verification) -> tuple[str, str, str]:
    """Return what the report comes to: a code, and the sentence in Chinese and in English."""
    if verification.verdict not in (Verdict.VALID, Verdict.NOTE):
        return _NOT_VALID
    if any(line.kind != "credit" for line in verification.recognition):
        return _RECOGNISED
    # A step that did not run, or got no answer, says nothing about the agreements.
    unread = {Outcome.NOT_RUN: _LACKING, Outcome.UNAVAILABLE: _UNREAD}
    outcome = verification.check(Step.RECOGNITION).outcome
    if outcome in unread:
        return unread[outcome]
    return _OPEN if verification.recognition else _NOBODY


def _ledger(checkpoint: Checkpoint | None, verifier: Verifier) -> Mapping[str, Any] | None:
    if checkpoint is None:
        return None
    return {
        "chainId": verifier.chain_id,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "time": dates.write(dates.from_seconds(checkpoint.time)),
        "epoch": checkpoint.epoch,
        "singleOperator": checkpoint.single_operator,
    }
