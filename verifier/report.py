"""The verification report: JSON for programs, and what pages are drawn from.

One credential gives one report; several give ``{"verdict": <worst>, "results": […]}``. A printed code gives
a masked report until the name on the paper was typed: title, level, issuer and dates, the name's first
character, and nothing raw.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from vc import dates
from vc.credentials import CredentialFacts, masked_name
from verifier import dual, nodes, recognising, wording
from verifier.answering import Answer
from verifier.endorsements import Countersignature
from verifier.recognising import RecognitionLine
from verifier.statuses import StatusFinding
from verifier.verdicts import Check, worst
from verifier.verification import IssuerLine, Verification

_SHOWN_MASKED = (
    "type",
    "title",
    "achievementName",
    "achievementNameEn",
    "levelName",
    "specialization",
    "awarded",
    "validUntil",
)


def report(answer: Answer, *, raw: bool = False) -> dict[str, Any]:
    """Write the report of an answer.

    Args:
        answer: What was asked and found.
        raw: Add the credential itself, where its reader may see it.
    """
    masked = answer.source == "code" and not answer.matched
    results = [
        one(result, from_paper=answer.source == "code", masked=masked, raw=raw) for result in answer.results
    ]
    written = results[0] if len(results) == 1 else _several(answer, results)
    if answer.source == "code" and answer.matched is not None:
        written["match"] = "same" if answer.matched else "different"
    return {**written, "source": answer.source}


def one(
    verification: Verification, *, from_paper: bool = False, masked: bool = False, raw: bool = False
) -> dict[str, Any]:
    """Write the report of one credential.

    Args:
        verification: What was found.
        from_paper: True where a printed code led here.
        masked: True before the name on the paper was typed.
        raw: Add the credential itself; ignored while masked.
    """
    title_zh, title_en = wording.title(verification)
    facts = verification.facts
    written: dict[str, Any] = {
        "verdict": verification.verdict.value,
        "verified": verification.verified,
        "title": {"zh-CN": title_zh, "en": title_en},
        "reason": wording.reason(verification, from_paper=from_paper).to_json(),
        "notes": [sentence.to_json() for sentence in wording.notes(verification)],
        "checks": [_check(check) for check in verification.checks],
        "credential": None if facts is None else _facts(facts, masked=masked),
        "issuer": None if verification.issuer is None else _issuer(verification.issuer),
        "recognition": [_recognition(line) for line in verification.recognition],
        "times": {
            "awarded": _dated(None if facts is None else facts.awarded),
            "anchored": _moment(verification.anchored),
            "ledgerAsOf": _moment(verification.as_of),
        },
        "endorsements": [_endorsement(found) for found in verification.endorsements],
        "checkedAt": _moment(verification.checked_at),
        "singleOperator": verification.single_operator,
    }
    if verification.checkpoint is not None:
        written["ledger"] = nodes.written(verification.checkpoint)
    if verification.receipt is not None:
        written["anchorEntry"] = verification.receipt.entry_index
    waiving = recognising.waiving(verification.recognition)
    if waiving:
        written["noSecondTest"] = wording.recognition_sentence(waiving).to_json()
    if verification.revocation is not None and verification.revocation.kind != "none":
        written["revocation"] = _revocation(verification.revocation)
    if raw and not masked and verification.document is not None:
        written["document"] = verification.document
    return written


def _several(answer: Answer, results: list[dict[str, Any]]) -> dict[str, Any]:
    """Write one overall verdict, the worst, over all of them, and which of them belong together."""
    verdict = worst(tuple(result.verdict for result in answer.results))
    zh, en = wording.TITLES[verdict]
    written: dict[str, Any] = {
        "verdict": verdict.value,
        "title": {"zh-CN": zh, "en": en},
        "results": results,
    }
    pair = dual.pair(answer.results)
    if pair is not None:
        written["dual"] = {
            "education": [answer.results.index(one) for one in pair.education],
            "skill": [answer.results.index(one) for one in pair.skill],
            "sameName": pair.same_name,
        }
    return written


def _revocation(finding: StatusFinding) -> dict[str, Any]:
    notice = finding.notice
    if notice is None:
        return {"kind": finding.kind}
    written = {"kind": finding.kind, "reason": notice.reason, "date": notice.date}
    return written if notice.replacement is None else {**written, "replacement": notice.replacement}


def _endorsement(found: Countersignature) -> dict[str, Any]:
    written: dict[str, Any] = {
        "endorser": found.endorser,
        "name": {"zh-CN": found.names.get("zh"), "en": found.names.get("en")},
        "state": found.state,
    }
    if found.state == "given":
        written |= {"comment": found.comment, "since": _dated(found.given)}
    return written


def _check(check: Check) -> dict[str, Any]:
    name, zh, en = wording.STEP_NAMES[check.step]
    written: dict[str, Any] = {
        "step": check.step.value,
        "name": name,
        "question": {"zh-CN": zh, "en": en},
        "outcome": check.outcome.value,
    }
    if check.code is not None:
        written["code"] = check.code
    if check.detail is not None:
        written["detail"] = check.detail
    return written


def _facts(facts: CredentialFacts, *, masked: bool) -> dict[str, Any]:
    written = {
        "id": facts.credential_id,
        "type": facts.credential_type,
        "title": facts.title,
        "name": facts.name,
        "nameEn": facts.name_en,
        "idDocument": facts.id_document,
        "idTail": facts.id_tail,
        "gender": facts.gender,
        "birthDate": facts.birth_date,
        "number": facts.number,
        "conclusion": facts.conclusion,
        "achievementName": facts.achievement_name,
        "achievementNameEn": facts.achievement_name_en,
        "humanCode": facts.human_code,
        "fieldOfStudy": facts.field_of_study,
        "qualificationSystem": facts.qualification_system,
        "levelCode": facts.level_code,
        "levelName": facts.level_name,
        "specialization": facts.specialization,
        "version": facts.version,
        "site": facts.site,
        "results": [{"name": name, "value": value} for name, value in facts.results] or None,
        "started": _dated(facts.started),
        "ended": _dated(facts.ended),
        "awarded": _dated(facts.awarded),
        "validFrom": _dated(facts.valid_from),
        "validUntil": _dated(facts.valid_until),
        "bound": facts.holder is not None,
        **_work(facts),
    }
    kept = {key: value for key, value in written.items() if value is not None}
    if not masked:
        return kept
    shown = {key: kept[key] for key in _SHOWN_MASKED if key in kept}
    return {**shown, "maskedName": masked_name(facts.name or "")}


def _work(facts: CredentialFacts) -> dict[str, Any]:
    """Contests, hours, practice, credits and evaluations; empty lists are left out."""
    written: dict[str, Any] = {
        "competitionLevel": facts.competition_level,
        "awardRank": facts.award_rank,
        "teamSize": facts.team_size,
        "instructors": list(facts.instructors),
        "learningHours": facts.learning_hours,
        "theoryHours": facts.theory_hours,
        "practiceHours": facts.practice_hours,
        "credits": facts.credits_available if facts.credits_earned is None else facts.credits_earned,
        "creditUnit": facts.credit_unit,
        "learningMode": facts.learning_mode,
        "assessmentMode": facts.assessment_mode,
        "identityChecked": facts.identity_checked,
        "role": facts.role,
        "trainingKind": facts.training_kind,
        "agreementNumber": facts.agreement_number,
        "enterprise": facts.enterprise_name,
        "mentors": [
            {"name": mentor.name, "role": mentor.role, "jobTitle": mentor.job_title}
            for mentor in facts.mentors
        ],
        "narrative": facts.narrative,
        "conversionKind": facts.conversion_kind,
        "courseCode": facts.course_code,
        "college": facts.college_name,
        "agreement": facts.agreement,
        "ruleId": facts.rule_id,
        "account": facts.account,
        "ratings": [{"dimension": dimension, "score": score} for dimension, score in facts.ratings],
        "comment": facts.comment,
        "memberRole": facts.member_role,
        "mayIssue": list(facts.may_issue),
    }
    return {key: value for key, value in written.items() if value != []}


def _issuer(issuer: IssuerLine) -> dict[str, Any]:
    written: dict[str, Any] = {
        "id": issuer.did,
        "name": _named(issuer.names),
        "number": issuer.number,
        "since": _dated(issuer.since),
    }
    if issuer.accreditor is not None:
        written["accreditedBy"] = {"id": issuer.accreditor, "name": _named(issuer.accreditor_names)}
    return written


def _recognition(line: RecognitionLine) -> dict[str, Any]:
    evaluation = line.evaluation
    return {
        **{key: value for key, value in line.result.to_json().items() if key != "by"},
        "kind": line.kind,
        "ruleKind": line.result.kind,
        "party": line.party,
        "name": _named(line.names),
        "agreement": evaluation.name,
        "agreementDigest": line.digest.hex(),
        "title": dict(evaluation.title),
        "since": _dated(evaluation.since),
        "until": _dated(evaluation.until),
    }


def _named(names: Mapping[str, str]) -> dict[str, str | None]:
    return {"zh-CN": names.get("zh"), "en": names.get("en")}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _dated(moment: datetime | None) -> str | None:
    # A day that somebody wrote: in UTC the midnight that it begins with would read as the day before.
    return None if moment is None else _moment(moment.astimezone(dates.CHINA))
