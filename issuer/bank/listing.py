"""What officers look at: applications, reviews and accounts, as plain values for pages and commands."""

import json
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from issuer.bank import conversions, statements, store
from issuer.bank import reviews as reviewing
from issuer.bank.desk import Desk
from issuer.bank.errors import CannotCheckError
from issuer.errors import UnknownError
from ledger.errors import LedgerError
from ledger.registry import MemberRecord, member_key, members_key

MOST = 500
_STATES = ("submitted", "registered", "returned", "declined")


def applications(
    db: Database, state: str | None = None, *, limit: int = MOST, offset: int = 0
) -> list[dict[str, Any]]:
    """Return applications that were answered; those that wait for an officer come first."""
    states = _STATES if state is None else (state,)
    found = [_application(db, each) for each in store.applications(db, states, limit=limit, offset=offset)]
    return sorted(found, key=lambda each: each["state"] != "submitted")


def application(db: Database, application_id: str) -> dict[str, Any]:
    """Return one application.

    Raises:
        UnknownError: There is none of that id.
    """
    conversions.get(db, application_id)
    (found,) = store.applications(db, ("waiting", *_STATES), limit=1, application_id=application_id)
    return _application(db, found)


def reviews(db: Database, *, open_only: bool) -> list[dict[str, Any]]:
    """Return reviews, the oldest open one first."""
    return [_review(found) for found in store.reviews(db, open_only=open_only)]


def review(db: Database, review_id: int) -> dict[str, Any]:
    """Return one review.

    Raises:
        UnknownError: There is none of that number.
    """
    reviewing.get(db, review_id)
    for found in store.reviews(db, open_only=False):
        if found["id"] == review_id:
            return _review(found)
    raise UnknownError("no review of that number")


def accounts(db: Database, *, text: str = "", offset: int = 0, limit: int = MOST) -> list[dict[str, Any]]:
    """Return accounts with where their learners study."""
    return [
        {
            "account": found["id"],
            "name": found["name"],
            "document": found["document_kind"],
            "documentTail": found["document_tail"],
            "confirmed": found["confirmed_at"] is not None,
            "conversions": found["conversions"],
            "enrolments": [
                {name: each[name] for name in ("college", "programme", "student_number")}
                for each in store.enrolments(db, found["id"])
            ],
        }
        for found in store.accounts(db, text=text, offset=offset, limit=limit)
    ]


def colleges(desk: Desk, *, now: int) -> dict[str, str]:
    """Return the DIDs of the consortium's members by name and by credit code, proved by the registry.

    Raises:
        CannotCheckError: It cannot be asked now.
    """
    found: dict[str, str] = {}
    for member in _members(desk, now=now):
        found |= dict.fromkeys((*member.names.values(), member.credit_code), member.did)
    return found


def names(desk: Desk, *, now: int) -> dict[str, dict[str, str]]:
    """Return the members' names by DID and language, for pages; none where the registry cannot be asked."""
    try:
        return {
            member.did: {
                "zh-CN": member.names.get("zh", member.did),
                "en": member.names.get("en", member.did),
            }
            for member in _members(desk, now=now)
        }
    except CannotCheckError:
        return {}


def _members(desk: Desk, *, now: int) -> list[MemberRecord]:
    dids = list(desk.snapshot([members_key()], now=now).value(members_key()) or ())
    snapshot = desk.snapshot([member_key(did) for did in dids], now=now)
    try:
        found = [snapshot.member(did) for did in dids]
    except LedgerError as error:
        raise CannotCheckError("the registry's records cannot be read") from error
    return [member for member in found if member is not None]


def _application(db: Database, found: Mapping[str, Any]) -> dict[str, Any]:
    document = {
        "id": found["id"],
        "state": found["state"],
        "agreement": f"{found['agreement_id']}#{found['version']}",
        "credentialType": found["credential_type"],
        "college": found["college"],
        "programme": found["programme"],
        "account": found["account_id"],
        "name": found["name"],
        "documentTail": found["document_tail"],
        "accountConfirmed": found["confirmed_at"] is not None,
        "source": None if found["facts"] is None else json.loads(found["facts"]),
        "results": found["results"],
        "presentedAt": found["presented_at"],
        "decidedAt": found["decided_at"],
        "decidedBy": found["decided_by"],
        "records": [
            f"urn:uuid:{each['record_id']}" for each in store.conversions_of_application(db, found["id"])
        ],
    }
    if found["reason"] is not None:
        document["reason"] = json.loads(found["reason"])
    return document


def _review(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": found["id"],
        "cause": found["cause"],
        "reason": found["reason"],
        "replacement": found["replacement"],
        "openedAt": found["opened_at"],
        "decision": found["decision"],
        "decidedBy": found["decided_by"],
        "conversion": found["conversion_id"],
        "account": found["account_id"],
        "name": found["name"],
        "documentTail": found["document_tail"],
        "agreement": f"{found['agreement_id']}#{found['version']}",
        "rule": found["rule"],
        "kind": found["kind"],
        "credits": found["credits"],
        "unit": found["unit"],
        "courseCode": found["course_code"],
        "record": f"urn:uuid:{found['record_id']}",
        "line": json.loads(found["line"]),
        "source": {**json.loads(found["facts"]), "issuer": found["issuer"]},
        "state": statements.state({"state": found["state"]}),
    }
