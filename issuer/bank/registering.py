"""Writing a conversion down: the source, what it was used for, and the CreditRecord that says so.

A source goes by several names: its ``issuer|type|number``, its credential's id, and the ids and numbers of
what corrected it. Whichever is presented, it is the same source, so no second form and no correction converts
twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from crypto.multibase import base64url_encode
from issuer.bank import credit_records, store
from issuer.bank.verifying import Verified
from issuer.bank.world import World
from issuer.parts import Parts
from vc import dates
from vc.credentials import CredentialFacts
from vc.recognition import Evaluation, Result, source_key

SEALED_PURPOSE = "bank-source"
USED_FOR_A_COURSE = "持有人申请"
_SHA256_MULTIHASH = b"\x12\x20"


@dataclass(frozen=True)
class Entry:
    """What all conversions of one application have in common."""

    application_id: str
    account: Mapping[str, Any]
    source_id: int
    verified: Verified
    world: World


def names(facts: CredentialFacts) -> list[str]:
    """Return the names by which a certificate is recognised as a source, the strongest first."""
    return list(dict.fromkeys(name for name in (source_key(facts), facts.credential_id) if name))


def keep_source(
    db: Database, account: Mapping[str, Any], known: Mapping[str, Any] | None, verified: Verified, *, now: int
) -> int:
    """Remember a source and the form of it that was shown, inside the caller's transaction.

    Returns:
        The source's number.
    """
    facts = verified.source.facts
    if known is None:
        source_id = store.add_source(
            db,
            {
                "account_id": account["id"],
                "issuer": facts.issuer_id,
                "facts": _kept(facts),
                "looked_at": now,
                "added_at": now,
            },
        )
    else:
        source_id = known["id"]
        # A correction takes the place of what it corrected: from now on its own status counts.
        store.set_source_state(db, source_id, "valid")
    for name in names(facts):
        store.add_source_name(db, name, source_id)
    store.add_form(
        db,
        {
            "digest": verified.digest,
            "source_id": source_id,
            "list_url": verified.entry.list_url,
            "status_index": verified.entry.index,
            "entry_id": verified.entry.entry_id,
        },
    )
    return source_id


def seal(parts: Parts, application_id: str, form: bytes) -> bytes:
    """Return a presented form as it is kept until an officer has decided."""
    return parts.secret.wrap(form, purpose=SEALED_PURPOSE, owner=application_id)


def unseal(parts: Parts, application: Mapping[str, Any]) -> bytes:
    """Return the form that was presented for an application."""
    return parts.secret.unwrap(bytes(application["sealed"]), purpose=SEALED_PURPOSE, owner=application["id"])


def register(
    db: Database,
    parts: Parts,
    entry: Entry,
    *,
    evaluation: Evaluation,
    result: Result,
    checker: str,
    now: int,
) -> int:
    """Register one conversion with its CreditRecord, inside the caller's transaction.

    Returns:
        The conversion's number.

    Raises:
        NotAccreditedError: This institution may sign no CreditRecord now.
    """
    if result.course is not None:
        _end_deposit(db, entry.source_id, now=now)
    fields = _fields(db, entry, evaluation, result, now=now)
    record_id = credit_records.issue(db, parts, fields=fields, checker=checker, now=now)
    conversion_id = store.add_conversion(
        db,
        {
            "application_id": entry.application_id,
            "account_id": entry.account["id"],
            "source_id": entry.source_id,
            "form_digest": entry.verified.digest,
            "agreement_id": evaluation.agreement_id,
            "version": evaluation.version,
            "rule": result.rule,
            "kind": result.kind,
            "college": None if result.course is None else result.college,
            "course_code": None if result.course is None else result.course.code,
            "course_name": None if result.course is None else dict(result.course.name),
            "credits": result.credits,
            "unit": result.unit,
            "grade": result.grade,
            "line": dict(result.line),
            "record_id": record_id,
            "registered_at": now,
        },
    )
    store.replaced_by(
        db,
        conversion_id,
        rule=result.rule,
        agreement_id=evaluation.agreement_id,
        source_id=entry.source_id,
    )
    return conversion_id


def _end_deposit(db: Database, source_id: int, *, now: int) -> None:
    """End what was deposited for a source that is now used for a course: the credits move, none are lost."""
    for state in ("active", "review"):
        for found in store.conversions_of_source(db, source_id, state):
            if found["course_code"] is None:
                store.move_conversion(db, found["id"], before=(state,), after="cancelled", at=now)
                credit_records.end(db, found["record_id"], reason=USED_FOR_A_COURSE, now=now)


def _fields(
    db: Database, entry: Entry, evaluation: Evaluation, result: Result, *, now: int
) -> dict[str, str]:
    facts = entry.verified.source.facts
    course, college = result.course, result.college
    fields = {
        "type": credit_records.CREDIT_RECORD,
        "map": credit_records.CREDIT_RECORD,
        "name": facts.name,
        "idType": facts.id_document if facts.id_tail else None,
        "idNumber": facts.id_tail,
        "accountNumber": entry.account["id"],
        "certNo": credit_records.next_number(db, entry.account["id"]),
        "sourceCredential": facts.credential_id,
        "sourceDigest": "u" + base64url_encode(_SHA256_MULTIHASH + entry.verified.digest),
        "agreement": evaluation.name,
        "ruleId": result.rule,
        "conversionKind": result.kind,
        "credits": f"{result.credits:g}",
        "creditUnit": result.unit,
        "grade": result.grade,
        "awarded": dates.from_seconds(now).astimezone(dates.CHINA).date().isoformat(),
    }
    if course is None:
        fields |= {
            "courseCode": facts.human_code,
            "courseName": facts.achievement_name,
            "courseNameEn": facts.achievement_name_en,
        }
    else:
        fields |= {
            "courseCode": course.code,
            "courseName": course.name.get("zh-CN"),
            "courseNameEn": course.name.get("en"),
            "courseUrl": course.url,
            "college": college,
            "collegeName": entry.world.names.get(college or "", {}).get("zh-CN", college),
        }
    return {key: str(text) for key, text in fields.items() if text}


def _kept(facts: CredentialFacts) -> dict[str, str | None]:
    """Return what statements and exports say of a source; the certificate itself is not kept."""
    awarded = None if facts.awarded is None else facts.awarded.astimezone(dates.CHINA).date().isoformat()
    return {
        "id": facts.credential_id,
        "type": facts.credential_type,
        "name": facts.achievement_name or facts.title,
        "nameEn": facts.achievement_name_en,
        "code": facts.human_code,
        "level": facts.level_code,
        "number": facts.number or facts.agreement_number,
        "awarded": awarded,
    }
