"""What holders ask about their certificates, proved with the key that a form of it was signed to.

    ask       something stated is wrong: a task for the registrar, one at a time for each record
    look      what became of that
    replace   an offer of the record that took this one's place
    answer    the registrar's words, where nothing is corrected

An unknown record and a key to which nothing was signed look alike to whoever asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from issuer import audit, key_proofs, offers, officers, store_claims, store_records
from issuer.audit import Actor
from issuer.correcting import store
from issuer.errors import ConflictError, InvalidActError, UnknownError
from issuer.offers import MintedOffer
from issuer.parts import Parts
from vc import dates, holder_requests
from vc.errors import HolderRequestError
from vc.holder_requests import Act, HolderRequest
from web.database import transaction
from web.errors import OAuthError

MOST_FOR_A_RECORD = 20
MOST_ANSWER_CHARS = 500
HOLDER = Actor("holder", "web")

_UUID = "urn:uuid:"


@dataclass(frozen=True)
class Request:
    """What a holder asked to be corrected.

    Attributes:
        id: Its id.
        record_id: The record.
        number: The certificate's number.
        holder_name: Whose it is.
        credential_type: Its type.
        text: What is wrong, in the holder's words.
        asked_at: When, in seconds.
        state: open, corrected or declined.
        answer: The registrar's words; empty where nobody wrote any.
        answered_by: The officer, or None.
        answered_at: When, or None.
        record_state: valid or revoked.
        replaced_by: The record that took its place, or None.
    """

    id: str
    record_id: str
    number: str
    holder_name: str
    credential_type: str
    text: str
    asked_at: int
    state: str
    answer: str
    answered_by: str | None
    answered_at: int | None
    record_state: str
    replaced_by: str | None


def ask(db: Database, parts: Parts, *, proof: object, now: int) -> dict[str, Any]:
    """Take a holder's request for a correction.

    Returns:
        What the wallet is told: the state.

    Raises:
        HolderRequestError: The proof does not hold, or its nonce is not fresh.
        UnknownError: No record of that id was signed to that key.
        ConflictError: One waits already, too many were asked, or the record is revoked.
    """
    request = _read(parts, proof, act="correction", now=now)
    with transaction(db):
        record = _proved(db, parts, request, now=now)
        if record["state"] != "valid":
            raise ConflictError("the certificate is revoked")
        waiting = store.newest_request(db, record["id"])
        if waiting is not None and waiting["state"] == "open":
            raise ConflictError("a request about this certificate is waiting already")
        if store.count_requests(db, record["id"]) >= MOST_FOR_A_RECORD:
            raise ConflictError("too many requests about this certificate")
        request_id = f"correction-{parts.random(8).hex()}"
        store.add_request(
            db, {"id": request_id, "record_id": record["id"], "text": request.text, "asked_at": now}
        )
        audit.write(db, actor=HOLDER, action="correction asked", subject=record["id"], now=now)
    return {"state": "open", "answer": None}


def look(db: Database, parts: Parts, *, proof: object, now: int) -> dict[str, Any]:
    """Tell a holder what became of the last request about a record.

    Raises:
        HolderRequestError: The proof does not hold, or its nonce is not fresh.
        UnknownError: No such record, or nothing was asked about it.
    """
    request = _read(parts, proof, act="correction-state", now=now)
    with transaction(db):
        record = _proved(db, parts, request, now=now)
    found = store.newest_request(db, record["id"])
    if found is None:
        raise UnknownError("nothing was asked about this certificate")
    replaced_by = record["replaced_by"]
    return {
        "state": found["state"],
        "answer": found["answer"] or None,
        "replacement": None if replaced_by is None else f"{_UUID}{replaced_by}",
    }


def replace(db: Database, parts: Parts, *, proof: object, now: int) -> MintedOffer:
    """Mint an offer of the record that took a holder's record's place; it asks for no PIN.

    Whoever holds the key of the earlier form has proved to be the person: the new record's own slip, which
    officers hand over, stays what it is until one of the two ways is gone.

    Raises:
        HolderRequestError: The proof does not hold, or its nonce is not fresh.
        UnknownError: No such record, or nothing took its place.
        ConflictError: What took its place is revoked.
        SlipUsedError, SlipLockedError: It was claimed, or its slip is locked: an officer re-issues it.
    """
    request = _read(parts, proof, act="replacement", now=now)
    with transaction(db):
        record = _proved(db, parts, request, now=now)
        newest = _newest(db, record)
    if newest["id"] == record["id"]:
        raise UnknownError("nothing took this certificate's place")
    return offers.mint_direct(db, parts, record_id=newest["id"], now=now)


def answer(db: Database, *, actor: Actor, request_id: str, text: str, now: int) -> None:
    """Decline a request in words, as the officer who looked at it.

    Raises:
        ForbiddenError: The officer makes and checks nothing.
        UnknownError: No such request.
        InvalidActError: No words, or too many.
        ConflictError: It is answered already.
    """
    words = text.replace("\r\n", "\n").strip()
    if not 0 < len(words) <= MOST_ANSWER_CHARS:
        raise InvalidActError(f"say why in 1 to {MOST_ANSWER_CHARS} characters")
    with transaction(db):
        officers.require(db, actor, officers.MAKER)
        if store.request(db, request_id) is None:
            raise UnknownError("no request of that id")
        if not store.answer_request(db, request_id, state="declined", answer=words, by=actor.name, at=now):
            raise ConflictError("this request is answered already")
        audit.write(db, actor=actor, action="correction declined", subject=request_id, now=now)


def listing(db: Database, *, state: str = "open", limit: int = 100) -> list[Request]:
    """Return what holders asked, in one state."""
    return [_request(found) for found in store.requests(db, state=state, limit=limit)]


def get(db: Database, request_id: str) -> Request:
    """Return one request.

    Raises:
        UnknownError: There is none of that id.
    """
    found = store.request(db, request_id)
    if found is None:
        raise UnknownError("no request of that id")
    return _request(found)


def _read(parts: Parts, proof: object, *, act: Act, now: int) -> HolderRequest:
    return holder_requests.read(proof, act=act, audience=parts.settings.url, now=dates.from_seconds(now))


def _proved(db: Database, parts: Parts, request: HolderRequest, *, now: int) -> dict[str, Any]:
    """Use the nonce up, inside the caller's transaction, and return the record whose holder asks."""
    try:
        nonce = key_proofs.check_nonce(parts, request.nonce, now=now)
    except OAuthError as error:
        raise HolderRequestError("the nonce is none of this issuer's, or expired") from error
    if not store_claims.use_nonce(db, nonce.hash, expires_at=nonce.expires_at):
        raise HolderRequestError("the nonce was used before")
    record_id = request.record.removeprefix(_UUID)
    record = store_records.record(db, record_id)
    if record is None or not store.bound_to(db, record_id, request.holder):
        raise UnknownError("no certificate of that id was signed to that key")
    return record


def _newest(db: Database, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow corrections of corrections to the record that stands now."""
    seen = {record["id"]}
    while record["replaced_by"] is not None and record["replaced_by"] not in seen:
        following = store_records.record(db, record["replaced_by"])
        if following is None:
            break
        seen.add(following["id"])
        record = following
    return record


def _request(found: Mapping[str, Any]) -> Request:
    return Request(**{name: found[name] for name in Request.__dataclass_fields__})
