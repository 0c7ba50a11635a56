"""The enterprise's side: open a college's draft, endorse it or return it, withdraw an endorsement later.

    open     the link's code -> the college's address from the registry -> the draft
    endorse  one transaction: a place on this body's own list, the signature, the row; then it is delivered
    deliver  once this body's list is with the ledger, to the college, again and again until it has it

The signing key never leaves this service, and the college's word about the draft is shown and signed as it
stands: the digest that was on the officer's page has to be the one of what is signed.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlite_utils import Database

from crypto.errors import CryptoError
from issuer import anchoring, audit, institution, officers, signing, status_lists, store_ledger
from issuer.audit import Actor
from issuer.batches import new_id
from issuer.cosigning import store
from issuer.cosigning.errors import (
    DraftDecidedError,
    DraftUnknownError,
    EndorsementRefusedError,
    NeighbourUnavailableError,
)
from issuer.cosigning.links import Link
from issuer.cosigning.network import Network, moment
from issuer.errors import ConflictError, ForbiddenError, UnknownError
from issuer.parts import Parts
from ledger.registry import IssuerRecord
from vc import credentials, data_integrity, documents, endorsements, status
from vc.errors import EndorsementError, VcError
from web.database import transaction

logger = logging.getLogger(__name__)

MENTORING = (officers.MENTOR, officers.MAKER, officers.CHECKER)
"""Any of these roles may endorse."""

_PURPOSE = "cosign-delivery"


@dataclass(frozen=True)
class Opened:
    """A draft as the college shows it to whoever has its link.

    Attributes:
        link: What opened it.
        college: The college's record in the registry.
        state: ``waiting``, ``endorsed``, ``returned`` or ``withdrawn``.
        credential: What is to be endorsed, while it waits; else None.
        digest: The digest of what an endorsement of it covers, or empty.
    """

    link: Link
    college: IssuerRecord
    state: str
    credential: Mapping[str, Any] | None
    digest: str


@dataclass(frozen=True)
class Given:
    """An endorsement that this body gave.

    Attributes:
        id: Its ``urn:uuid:…``.
        college: The college's DID.
        college_name: Its name.
        record_id: The endorsed record.
        credential_type: The record's type.
        holder_name: Whose record it is.
        given_by: The officer.
        given_at: When, in seconds.
        delivered_at: When the college had it, or None.
        problem: The code of what keeps it from there, or None.
        state: ``valid`` or ``withdrawn``.
        reason: Why it was withdrawn, or None.
        ended_at: When, or None.
    """

    id: str
    college: str
    college_name: str
    record_id: str
    credential_type: str
    holder_name: str
    given_by: str
    given_at: int
    delivered_at: int | None
    problem: str | None
    state: str
    reason: str | None
    ended_at: int | None


def open_draft(db: Database, network: Network, *, actor: Actor, link: Link, now: int) -> Opened:
    """Fetch a draft from the college that its link names by number.

    Raises:
        ForbiddenError: The officer has none of the roles.
        DraftUnknownError: The registry knows no such college, or the college no such draft.
        NeighbourUnavailableError: One of them cannot be asked.
        EndorsementRefusedError: What the college shows cannot be endorsed by this body.
    """
    require_mentor(db, actor)
    try:
        college = network.issuer_by_number(link.college_number, now=now)
    except UnknownError as error:
        raise DraftUnknownError("the registry knows no college with that number") from error
    status_code, answer = network.post(_address(college, link), {"secret": link.secret})
    if status_code == 404:
        raise DraftUnknownError("the college has no such draft")
    if status_code == 409:
        raise DraftDecidedError("the draft no longer waits for an endorsement")
    state = answer.get("state")
    if status_code != 200 or state not in ("waiting", "endorsed", "returned", "withdrawn"):
        raise NeighbourUnavailableError("the college's answer cannot be read")
    if state != "waiting":
        return Opened(link, college, str(state), None, "")
    return _waiting(db, link, college, answer.get("credential"))


def endorse(
    db: Database,
    parts: Parts,
    *,
    actor: Actor,
    opened: Opened,
    comment: str,
    seen_digest: str | None = None,
    now: int,
) -> Given:
    """Sign an endorsement of a draft, and keep it to be delivered.

    Doing it again for the same content delivers the same endorsement.

    Args:
        db: The connection.
        parts: The collaborators.
        actor: The officer: mentor, maker or checker.
        opened: The draft, fetched just now.
        comment: What the enterprise says in words; empty for the usual sentence.
        seen_digest: The digest of what the officer read, where that was on an earlier page.
        now: Seconds since 1970.

    Raises:
        ForbiddenError: The officer has none of the roles.
        DraftDecidedError: It waits no longer, or is not what the officer read.
        EndorsementRefusedError: The comment is too long.
    """
    credential = opened.credential
    if credential is None:
        raise DraftDecidedError("the draft no longer waits for an endorsement")
    if seen_digest not in (None, opened.digest):
        raise DraftDecidedError("the draft changed since it was read; read it again")
    record_id = str(credential["id"]).removeprefix("urn:uuid:")
    with transaction(db):
        require_mentor(db, actor)
        known = store.given_for(db, college=opened.college.did, record_id=record_id, digest=opened.digest)
        if known is not None:
            store.redirect_given(
                db, known["id"], draft_id=opened.link.draft_id, wrapped=_wrapped(parts, known["id"], opened)
            )
            return _given(known)
        endorsement_id = _sign_and_keep(
            db, parts, credential, record_id, actor=actor, opened=opened, comment=comment, now=now
        )
        audit.write(
            db,
            actor=actor,
            action="endorsement given",
            subject=endorsement_id,
            now=now,
            college=opened.college.did,
            record=record_id,
        )
    return get(db, endorsement_id)


def _sign_and_keep(
    db: Database,
    parts: Parts,
    credential: Mapping[str, Any],
    record_id: str,
    *,
    actor: Actor,
    opened: Opened,
    comment: str,
    now: int,
) -> str:
    """Sign a new endorsement in the caller's transaction and return its id."""
    endorsement_id = f"urn:uuid:{new_id(parts.random)}"
    # Drawn in the transaction that takes it: nobody can commit the same place in between.
    (slot,) = signing.draw_slots(db, count=1, random=parts.random, now=now)
    document = _signed(db, parts, credential, endorsement_id, slot, comment=comment, now=now)
    store.add_given(
        db,
        {
            "id": endorsement_id,
            "college": opened.college.did,
            "college_name": opened.college.names.get("zh", opened.college.did),
            "college_number": opened.college.number,
            "draft_id": opened.link.draft_id,
            "record_id": record_id,
            "credential_type": credential_type(credential),
            "holder_name": str(credential["credentialSubject"].get("name", ""))[:100],
            "digest": opened.digest,
            "document": json.dumps(document, ensure_ascii=False),
            "list": slot.list_number,
            "status_index": slot.index,
            "entry_id": slot.entry_id,
            "given_by": actor.name,
            "given_at": now,
            "wrapped": _wrapped(parts, endorsement_id, opened),
        },
    )
    return endorsement_id


def return_draft(
    db: Database, network: Network, *, actor: Actor, opened: Opened, reason: str, now: int
) -> None:
    """Send a draft back to the college, saying why.

    Raises:
        ForbiddenError: The officer has none of the roles.
        EndorsementRefusedError: No reason is given.
        DraftDecidedError, DraftUnknownError: The college does not wait for it any more.
        NeighbourUnavailableError: The college cannot be reached; nothing has changed.
    """
    require_mentor(db, actor)
    if not reason.strip():
        raise EndorsementRefusedError("a draft is returned with a reason")
    message = {"secret": opened.link.secret, "reason": reason.strip()}
    _expect_ok(*network.post(f"{_address(opened.college, opened.link)}/return", message))
    with transaction(db):
        audit.write(
            db,
            actor=actor,
            action="draft returned to the college",
            subject=opened.link.draft_id,
            now=now,
            college=opened.college.did,
        )


def deliver_all(db: Database, parts: Parts, network: Network, *, now: int) -> int:
    """Deliver whatever waits, as far as that is possible now.

    The college looks at this body's status list, as the ledger holds it, so a list that is not there yet goes
    to the ledger first.

    Returns:
        How many were delivered.
    """
    waiting = store.undelivered(db)
    if any(not _list_is_anchored(db, found) for found in waiting):
        anchoring.anchor_pending(db, replace(parts, ledger=network.ledger), now=now, at_once=True)
    return sum(_deliver(db, parts, network, found, now=now) for found in waiting)


def get(db: Database, endorsement_id: str) -> Given:
    """Return an endorsement that this body gave.

    Raises:
        UnknownError: There is none of that id.
    """
    found = store.given(db, _urn(endorsement_id))
    if found is None:
        raise UnknownError("no endorsement of that id was given here")
    return _given(found)


def listing(db: Database) -> list[Given]:
    """Return every endorsement that this body gave, newest first."""
    return [_given(found) for found in store.all_given(db)]


def given_to(db: Database, opened: Opened) -> Given | None:
    """Return what this body gave to a draft, or None."""
    found = store.given_of_draft(db, college=opened.college.did, draft_id=opened.link.draft_id)
    return None if found is None else _given(found)


def withdraw(db: Database, *, endorsement_id: str, reason: str, now: int) -> None:
    """Withdraw an endorsement for good, inside the caller's transaction; two officers have agreed.

    Raises:
        UnknownError: There is none of that id.
        ConflictError: It is withdrawn already.
    """
    found = store.given(db, endorsement_id)
    if found is None:
        raise UnknownError("no endorsement of that id was given here")
    if not store.withdraw_given(db, endorsement_id, reason=reason, at=now):
        raise ConflictError("this endorsement is withdrawn already")
    store_ledger.mark_list(db, found["list"], at=now)


def require_mentor(db: Database, actor: Actor) -> None:
    """Check that an officer may endorse.

    Raises:
        ForbiddenError: None of the roles is the officer's.
    """
    found = officers.load(db, actor.name)
    if found is None or not found.roles & set(MENTORING):
        raise ForbiddenError("this takes an officer with the role mentor, maker or checker")


def credential_type(credential: Mapping[str, Any]) -> str:
    """Return a draft's type in our catalogue.

    Raises:
        DocumentError: It has none of ours.
    """
    return credentials.credential_type(credential)


def usual_comment(credential: Mapping[str, Any]) -> str:
    """Return what an enterprise says where its mentor writes nothing else."""
    subject = credential["credentialSubject"]
    hours = subject.get("practiceHours")
    if credential_type(credential) == "ApprenticeshipRecord":
        return f"确认学徒{subject.get('name', '')}在本企业完成{hours}学时岗位培养，考核情况属实。"
    return f"确认{subject.get('name', '')}老师在本企业完成{hours}学时企业实践，情况属实。"


def _waiting(db: Database, link: Link, college: IssuerRecord, credential: object) -> Opened:
    try:
        documents.check(credential)
        assert isinstance(credential, dict)  # check saw to it
        subject = credential.get("credentialSubject")
        required = endorsements.required(credential)
        named = credential["issuer"]["id"] if isinstance(credential.get("issuer"), dict) else None
        credential_type(credential)
        if not isinstance(subject, dict) or not str(credential.get("id")).startswith("urn:uuid:"):
            raise EndorsementError("the draft names no record")
    except (VcError, CryptoError, KeyError) as error:
        raise EndorsementRefusedError(f"what the college shows cannot be endorsed: {error}") from error
    if named != college.did:
        raise EndorsementRefusedError("the college shows a draft of another body")
    if institution.load(db).did not in required:
        raise EndorsementRefusedError("this draft is for another enterprise to endorse")
    return Opened(link, college, "waiting", credential, endorsements.endorsed_digest(subject))


def _signed(
    db: Database,
    parts: Parts,
    credential: Mapping[str, Any],
    endorsement_id: str,
    slot: signing.Slot,
    *,
    comment: str,
    now: int,
) -> dict[str, Any]:
    try:
        unsigned = endorsements.build(
            endorser=institution.load(db).profile,
            endorsement_id=endorsement_id,
            credential_id=str(credential["id"]),
            subject=credential["credentialSubject"],
            comment=comment.strip() or usual_comment(credential),
            status_entry=status.entry(
                list_url=signing.list_url(f"{parts.settings.url}/status", slot.list_number),
                index=slot.index,
                entry_id=slot.entry_id,
            ),
            valid_from=moment(now),
        )
        key = institution.signing_key(db, parts.secret)
        signed = data_integrity.sign(
            unsigned, key=key.private, verification_method=key.verification_method, created=moment(now)
        )
        endorsements.check_content(signed, credential)
    except VcError as error:
        raise EndorsementRefusedError(str(error)) from error
    return signed


def _deliver(db: Database, parts: Parts, network: Network, found: Mapping[str, Any], *, now: int) -> bool:
    if not _list_is_anchored(db, found):
        return False
    link = Link(
        found["college_number"],
        found["draft_id"],
        parts.secret.unwrap(bytes(found["wrapped"]), purpose=_PURPOSE, owner=found["id"]).decode(),
    )
    message = {"secret": link.secret, "endorsement": json.loads(found["document"])}
    try:
        college = network.issuer(found["college"], now=now)
        _expect_ok(*network.post(f"{_address(college, link)}/endorsement", message))
    except (NeighbourUnavailableError, UnknownError) as error:
        _note(db, found, problem=error.code, final=isinstance(error, DraftUnknownError))
        return False
    except (DraftDecidedError, EndorsementRefusedError) as error:
        _note(db, found, problem=error.code, final=True)
        return False
    with transaction(db):
        store.deliver_given(db, found["id"], at=now)
    logger.info("endorsement delivered id=%s", found["id"])
    return True


def _note(db: Database, found: Mapping[str, Any], *, problem: str, final: bool) -> None:
    with transaction(db):
        store.refuse_given(db, found["id"], problem=problem, final=final)
    logger.info("endorsement not delivered id=%s code=%s", found["id"], problem)


def _list_is_anchored(db: Database, found: Mapping[str, Any]) -> bool:
    resource = status_lists.list_resource(found["list"])
    return store_ledger.anchored_publication(db, resource) is not None


def _expect_ok(status_code: int, answer: Mapping[str, Any]) -> None:
    if status_code == 200:
        return
    if status_code == 404:
        raise DraftUnknownError("the college has no such draft any more")
    if status_code == 409:
        raise DraftDecidedError("the draft no longer waits for an endorsement")
    raise EndorsementRefusedError(f"the college refuses: {str(answer.get('code'))[:64]}")


def _address(college: IssuerRecord, link: Link) -> str:
    return f"{college.claims_url}/cosigning/drafts/{link.draft_id}"


def _wrapped(parts: Parts, endorsement_id: str, opened: Opened) -> bytes:
    return parts.secret.wrap(opened.link.secret.encode(), purpose=_PURPOSE, owner=endorsement_id)


def _given(found: Mapping[str, Any]) -> Given:
    return Given(**{name: found[name] for name in Given.__dataclass_fields__})


def _urn(identifier: str) -> str:
    return identifier if identifier.startswith("urn:uuid:") else f"urn:uuid:{identifier}"
