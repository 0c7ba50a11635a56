"""The college's side: drafts to be endorsed, what comes back, and which endorsements are held.

    cosign -> waiting -> endorsed -> withdrawn -> (cosign again) waiting
                      -> returned -> (cosign again) waiting

A draft is a row of a batch, before or after it is signed: what the enterprise reads and endorses is the
subject of the credential as it will be, or was, signed. The link's secret is kept hashed, and wrapped so that
an officer can show the link again. Whoever has the link may read the draft; an endorsement counts only when
its signature, status and content check (``issuer.cosigning.checking``).
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from crypto.errors import CryptoError
from crypto.multibase import base64url_encode
from issuer import audit, batches, institution, numbering, officers, store_records
from issuer.audit import WORKER, Actor
from issuer.cosigning import checking, store
from issuer.cosigning.errors import (
    DraftDecidedError,
    DraftUnknownError,
    EndorsementRefusedError,
    NeighbourUnavailableError,
)
from issuer.cosigning.links import Link
from issuer.cosigning.network import Network
from issuer.errors import ConflictError, IssuerError, NotRegisteredError, UnknownError
from issuer.parts import Parts
from ledger.registry import IssuerRecord
from schemas.catalogue import CATALOGUE
from schemas.errors import BundleError
from vc import endorsements
from vc.errors import VcError
from web.database import transaction

MOST_NOTE_CHARS = 500
ENTERPRISE = Actor("enterprise", "web")
"""Who decides a draft: whoever has its link; the endorsement itself says which body signed."""

_PURPOSE = "cosign-link"
_ID_BYTES, _SECRET_BYTES = 10, 16
_OPEN_STATES = frozenset({"draft", "submitted", "approved", "paused", "issued"})


@dataclass(frozen=True)
class Draft:
    """A draft, as the college's officers see it.

    Attributes:
        id: Its identifier.
        batch_id: The batch.
        line: Its line in the file.
        record_id: The record that it becomes, or has become.
        credential_type: The record's type.
        name: The holder's name.
        number: Number of certificate or agreement.
        endorser: The DID of the enterprise.
        endorser_name: Its name in the registry.
        state: ``waiting``, ``endorsed``, ``returned`` or ``withdrawn``.
        note: Why it was returned, or None.
        made_at: When it was sent, in seconds.
        decided_at: When it was decided, or None.
        link: What the mentor opens, while it waits; else None.
    """

    id: str
    batch_id: str
    line: int
    record_id: str
    credential_type: str
    name: str
    number: str
    endorser: str
    endorser_name: str
    state: str
    note: str | None
    made_at: int
    decided_at: int | None
    link: str | None


@dataclass(frozen=True)
class Refusal:
    """A row of which no draft could be made.

    Attributes:
        line: Its line in the file.
        name: The holder's name.
        error: Why.
    """

    line: int
    name: str
    error: IssuerError | VcError | BundleError


@dataclass(frozen=True)
class _Wanted:
    row: Mapping[str, Any]
    endorser: IssuerRecord


def needs_endorsement(credential_type: str) -> bool:
    """Return whether records of a type may have to be endorsed."""
    return credential_type in {"ApprenticeshipRecord", "TeacherTrainingRecord"}


def cosign(
    db: Database, parts: Parts, network: Network, *, actor: Actor, batch_id: str, now: int
) -> tuple[list[Draft], list[Refusal]]:
    """Make a draft of every row of a batch for every body that has to endorse it.

    Doing it again adds what is missing, and asks again where a draft was returned or its endorsement
    withdrawn, by a new link.

    Args:
        db: The connection.
        parts: The collaborators.
        network: Registry and fetcher.
        actor: The officer, a maker.
        batch_id: The batch.
        now: Seconds since 1970.

    Returns:
        Every draft of the batch, and the rows of which none could be made.

    Raises:
        ForbiddenError: The officer is no maker.
        ConflictError: The batch was given up.
        NeighbourUnavailableError: The registry cannot be asked.
    """
    batch = batches.get(db, batch_id)
    if batch.state not in _OPEN_STATES:
        raise ConflictError("this batch was given up")
    number = institution.load(db).number
    if number is None:
        raise NotRegisteredError("the registry has no record of this issuer, so no link can name it")
    with transaction(db):
        officers.require(db, actor, officers.MAKER)
        # Numbers are part of what is endorsed: they have to be there before, not at the approval.
        numbering.assign(db, batch_id=batch_id, credential_type=batch.credential_type)
    wanted, refused = _wanted(db, parts, network, batch, now=now)
    with transaction(db):
        officers.require(db, actor, officers.MAKER)
        asked = sum(_ask(db, parts, each, actor=actor, now=now) for each in wanted)
        audit.write(
            db, actor=actor, action="drafts sent to be endorsed", subject=batch_id, now=now, drafts=asked
        )
    return listing(db, parts, batch_id=batch_id), refused


def listing(
    db: Database, parts: Parts, *, batch_id: str | None = None, record_id: str | None = None
) -> list[Draft]:
    """Return drafts, with the links of those that wait."""
    number = institution.load(db).number
    return [
        _draft(parts, found, number) for found in store.drafts(db, batch_id=batch_id, record_id=record_id)
    ]


def missing(db: Database, batch_id: str) -> int | None:
    """Return how many records of a batch lack their enterprise's endorsement; None where none needs one."""
    batch = batches.get(db, batch_id)
    if not needs_endorsement(batch.credential_type):
        return None
    held = store.endorsed_records(db, batch_id)
    # Who has to endorse is the enterprise that the row names; building every credential says no more.
    return sum(
        row["record_id"] not in held
        for row in store.rows_of_batch(db, batch_id)
        if store.fields_of(row).get("enterpriseDid")
    )


def credential(
    db: Database, parts: Parts, credential_type: str, record_id: str, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the credential of a row as it will be signed, but for its own status, and without endorsements.

    Raises:
        RecordIncompleteError: A value that the type requires is missing.
    """
    unsigned = CATALOGUE[credential_type].paper_form(
        fields,
        issuer=institution.load(db).profile,
        credential_id=f"urn:uuid:{record_id}",
        status_entry={},
    )
    return {
        name: member for name, member in unsigned.items() if name not in ("credentialStatus", "endorsement")
    }


def show(db: Database, parts: Parts, *, draft_id: str, secret: str) -> dict[str, Any]:
    """Return a draft to whoever has its link; what is decided shows its state alone.

    Raises:
        DraftUnknownError: No such draft, or another secret.
    """
    draft = _opened(db, draft_id, secret)
    answer: dict[str, Any] = {"draft": draft_id, "state": draft["state"], "endorser": draft["endorser"]}
    if draft["state"] == "waiting":
        answer["credential"] = _content(db, parts, draft)
    return answer


def receive(
    db: Database,
    parts: Parts,
    network: Network,
    *,
    draft_id: str,
    secret: str,
    endorsement: Mapping[str, Any],
    now: int,
) -> str:
    """Take an endorsement of a draft, once it checks; the same one again is harmless.

    Returns:
        The draft's state: ``endorsed``.

    Raises:
        DraftUnknownError: No such draft, or another secret.
        DraftDecidedError: It does not wait any more.
        EndorsementRefusedError: The endorsement does not check, or is another body's.
        NeighbourUnavailableError: What decides cannot be had now; send it again.
    """
    draft = _opened(db, draft_id, secret)
    if draft["state"] == "endorsed" and _is_held(db, draft, endorsement):
        return "endorsed"
    if draft["state"] != "waiting":
        raise DraftDecidedError("the draft does not wait for an endorsement")
    checking.check(endorsement, _content(db, parts, draft), network=network, now=now)
    if endorsements.endorser_id(endorsement) != draft["endorser"]:
        raise EndorsementRefusedError("the endorsement is another body's than the draft is for")
    with transaction(db):
        if _is_held(db, draft, endorsement):
            # The enterprise's command and its worker may both deliver it: one was faster.
            return "endorsed"
        if not store.decide_draft(db, draft_id, state="endorsed", note=None, at=now):
            raise DraftDecidedError("the draft does not wait for an endorsement")
        for held in store.held(db, draft["record_id"]):
            if held["endorser"] == draft["endorser"]:
                store.end_endorsement(db, held["id"], at=now)
        if store.endorsement(db, str(endorsement["id"])) is not None:
            raise EndorsementRefusedError("an endorsement with this id was received before")
        store.add_endorsement(
            db,
            {
                "id": endorsement["id"],
                "record_id": draft["record_id"],
                "endorser": draft["endorser"],
                "document": json.dumps(endorsement, ensure_ascii=False),
                "received_at": now,
            },
        )
        audit.write(
            db,
            actor=ENTERPRISE,
            action="endorsement received",
            subject=draft["record_id"],
            now=now,
            draft=draft_id,
            endorser=draft["endorser"],
            endorsement=endorsement["id"],
        )
    return "endorsed"


def take_back(db: Database, *, draft_id: str, secret: str, note: str, now: int) -> str:
    """Note that the enterprise returns a draft, and why; it is the college's to mend.

    Raises:
        DraftUnknownError, DraftDecidedError: See ``receive``.
        EndorsementRefusedError: No reason is given.
    """
    draft = _opened(db, draft_id, secret)
    said = note.strip()[:MOST_NOTE_CHARS]
    if not said:
        raise EndorsementRefusedError("a draft is returned with a reason")
    if draft["state"] == "returned" and draft["note"] == said:
        return "returned"
    with transaction(db):
        if not store.decide_draft(db, draft_id, state="returned", note=said, at=now):
            raise DraftDecidedError("the draft does not wait for an endorsement")
        audit.write(
            db, actor=ENTERPRISE, action="draft returned", subject=draft["record_id"], now=now, draft=draft_id
        )
    return "returned"


def refresh(db: Database, network: Network, *, now: int, record_id: str | None = None) -> list[str]:
    """Ask the endorsers' lists whether endorsements that are held were withdrawn.

    What cannot be asked stays as it is known: the verifier asks for itself.

    Returns:
        The ids of the endorsements that turned out to be withdrawn.
    """
    ended = []
    for held in store.endorsements(db) if record_id is None else store.held(db, record_id):
        try:
            withdrawn = checking.is_withdrawn(json.loads(held["document"]), network=network, now=now)
        except (NeighbourUnavailableError, UnknownError, VcError, CryptoError):
            continue
        if withdrawn:
            with transaction(db):
                store.end_endorsement(db, held["id"], at=now)
                audit.write(
                    db,
                    actor=WORKER,
                    action="endorsement found withdrawn",
                    subject=held["record_id"],
                    now=now,
                    endorsement=held["id"],
                )
            ended.append(held["id"])
    return ended


def _wanted(
    db: Database, parts: Parts, network: Network, batch: batches.Batch, *, now: int
) -> tuple[list[_Wanted], list[Refusal]]:
    wanted: list[_Wanted] = []
    refused: list[Refusal] = []
    known: dict[str, IssuerRecord] = {}
    for row in store.rows_of_batch(db, batch.id):
        fields = store.fields_of(row)
        try:
            made = credential(db, parts, batch.credential_type, row["record_id"], fields)
            for did in endorsements.required(made):
                if did not in known:
                    known[did] = network.issuer(did, now=now)
                wanted.append(_Wanted(row, known[did]))
        except NeighbourUnavailableError:
            raise
        except (IssuerError, VcError, BundleError) as error:
            refused.append(Refusal(row["line"], str(fields.get("name", "")), error))
    return wanted, refused


def _ask(db: Database, parts: Parts, wanted: _Wanted, *, actor: Actor, now: int) -> bool:
    row, endorser = wanted.row, wanted.endorser
    before = store.draft_of(db, row["record_id"], endorser.did)
    if before is not None and before["state"] in ("waiting", "endorsed"):
        return False
    draft_id = parts.random(_ID_BYTES).hex() if before is None else before["id"]
    secret = base64url_encode(parts.random(_SECRET_BYTES))
    values = {
        "endorser_name": endorser.names.get("zh", endorser.did),
        "address": endorser.claims_url,
        "secret_hash": _hash(secret),
        "wrapped": parts.secret.wrap(secret.encode(), purpose=_PURPOSE, owner=draft_id),
    }
    if before is not None:
        return store.open_draft_again(db, draft_id, values)
    store.add_draft(
        db,
        {
            "id": draft_id,
            "batch_id": row["batch_id"],
            "position": row["position"],
            "record_id": row["record_id"],
            "endorser": endorser.did,
            "made_by": actor.name,
            "made_at": now,
            **values,
        },
    )
    return True


def _draft(parts: Parts, found: Mapping[str, Any], number: int | None) -> Draft:
    link = None
    if found["state"] == "waiting" and number is not None:
        secret = parts.secret.unwrap(bytes(found["wrapped"]), purpose=_PURPOSE, owner=found["id"]).decode()
        link = Link(number, found["id"], secret).at(found["address"])
    fields = store.fields_of(found)
    names = [name for name in Draft.__dataclass_fields__ if name not in ("name", "link")]
    return Draft(**{name: found[name] for name in names}, name=str(fields.get("name", "")), link=link)


def _opened(db: Database, draft_id: str, secret: str) -> dict[str, Any]:
    found = store.draft(db, draft_id)
    expected = bytes(32) if found is None else bytes(found["secret_hash"])
    if not hmac.compare_digest(_hash(secret), expected) or found is None:
        raise DraftUnknownError("no draft of that id opens with that secret")
    record = store_records.record(db, found["record_id"])
    if store.row_of_draft(db, found)["batch_state"] not in _OPEN_STATES:
        raise DraftUnknownError("the batch of this draft was given up")
    if record is not None and record["state"] != "valid":
        raise DraftDecidedError("the record was revoked")
    return found


def _content(db: Database, parts: Parts, draft: Mapping[str, Any]) -> dict[str, Any]:
    row = store.row_of_draft(db, draft)
    return credential(db, parts, row["credential_type"], draft["record_id"], store.fields_of(row))


def _is_held(db: Database, draft: Mapping[str, Any], endorsement: Mapping[str, Any]) -> bool:
    held: Sequence[Mapping[str, Any]] = store.held(db, draft["record_id"])
    return any(json.loads(each["document"]) == endorsement for each in held)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
