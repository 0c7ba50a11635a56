"""Step 10: whether every body that has to countersign has done so, and stands by it.

For each DID that the credential requires, one embedded endorsement has to hold:

    content   of this record, covering it as it stands, not by the issuer       (``vc.endorsements``)
    body      registered, and neither suspended nor closed when the form was anchored
    proof     under a key of the endorser's DID document, whose digest the registry holds
    status    on the endorser's own list, which is anchored and current

The endorsement lies inside the form, so it existed at the form's own block: that is the time for which the
body and its key are judged. One that does not hold counts as none; one whose bit is set was withdrawn; one
that could not be looked at leaves the step open, and is never a pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from crypto.errors import CryptoError
from crypto.keys import PublicKey
from ledger.registry import IssuerRecord
from vc import controller_documents, dates, endorsements, status
from vc.errors import (
    EndorsementError,
    EndorserError,
    StatusError,
    VcError,
    VerificationMethodError,
)
from verifier import statuses
from verifier.errors import EvidenceUnavailableError
from verifier.evidence import Evidence, Registry

State = Literal["given", "withdrawn", "missing", "unchecked"]

# Which of several endorsements of one body counts: the best one that holds, else what is most open.
_ORDER: tuple[State, ...] = ("given", "unchecked", "withdrawn", "missing")


@dataclass(frozen=True)
class Countersignature:
    """What there is of one body that has to countersign.

    Attributes:
        endorser: Its DID.
        names: Its names from the registry, ``zh`` and ``en``; empty where it is unknown.
        state: ``given``, ``withdrawn``, ``missing`` or ``unchecked``.
        comment: What it says in words; only where the endorsement holds.
        given: Since when, by its own word; only where it holds.
        detail: Why it does not count, for technical readers.
        ledger_silent: True where only the endorser's own list answered for its status.
    """

    endorser: str
    names: Mapping[str, str]
    state: State
    comment: str | None = None
    given: datetime | None = None
    detail: str | None = None
    ledger_silent: bool = False


@dataclass(frozen=True)
class _Question:
    document: Mapping[str, Any]
    evidence: Evidence
    at: datetime
    now: datetime
    silent_after: timedelta


def examine(
    document: Mapping[str, Any],
    *,
    evidence: Evidence,
    at: datetime,
    now: datetime,
    silent_after: timedelta,
) -> tuple[Countersignature, ...]:
    """Look at every body that has to countersign a credential whose own proof verified.

    Args:
        document: The credential.
        evidence: Where records, DID documents and lists come from.
        at: The time of issue: the form's own block, or now for a form without a receipt.
        now: The moment of the question.
        silent_after: How old the registry's word may be before the ledger counts as silent.

    Returns:
        One finding for each body, in the credential's order; none where nobody has to countersign.

    Raises:
        EndorserError: The credential does not require those that its type has to; nothing can complete it.

    Spec: CREDENTIALS.md, section 5.
    """
    question = _Question(document, evidence, at, now, silent_after)
    return tuple(_of_body(did, question) for did in endorsements.required(document))


def _of_body(did: str, question: _Question) -> Countersignature:
    try:
        candidates = [item for item in endorsements.embedded(question.document) if _names(item, did)]
    except EndorsementError as error:
        return Countersignature(did, {}, "missing", detail=str(error))
    found = [_of_endorsement(item, did, question) for item in candidates]
    missing = Countersignature(did, {}, "missing", detail="no endorsement of that body is embedded")
    return min(found, key=lambda each: _ORDER.index(each.state), default=missing)


def _of_endorsement(endorsement: Mapping[str, Any], did: str, question: _Question) -> Countersignature:
    names: Mapping[str, str] = {}
    try:
        # Before anything is fetched that the endorsement names.
        endorsements.check_content(endorsement, question.document)
        endorsements.check_period(endorsement, now=question.now)
        (entry,) = status.entries(endorsement)
        registry = question.evidence.registry(did, lists=[entry.list_url])
        record = _registered(registry, question)
        names = record.names
        _verify_proof(endorsement, record, registry, question)
        finding = statuses.read(
            [entry],
            registry=registry,
            evidence=question.evidence,
            now=question.now,
            silent_after=question.silent_after,
        )
    except (EvidenceUnavailableError, StatusError, VerificationMethodError) as error:
        if _is_foreign(endorsement, did):
            return Countersignature(did, names, "missing", detail="signed under another body's key")
        # Only today's keys are known: one that is listed no longer may have been good once.
        return Countersignature(did, names, "unchecked", detail=f"{error.code}: {error}")
    except (VcError, CryptoError) as error:
        return Countersignature(did, names, "missing", detail=f"{error.code}: {error}")
    if finding.kind != "none":
        return Countersignature(did, names, "withdrawn", detail=finding.kind)
    return Countersignature(
        did,
        names,
        "given",
        comment=endorsement["credentialSubject"].get("endorsementComment"),
        given=dates.parse(endorsement["validFrom"]),
        ledger_silent=finding.ledger_silent,
    )


def _registered(registry: Registry, question: _Question) -> IssuerRecord:
    record, second = registry.record, int(question.at.timestamp())
    if record is None or record.since > second:
        raise EndorserError("the registry knew no such body when the form was anchored")
    if record.suspended(second) or record.closed(second) or record.key_compromised(second):
        raise EndorserError("the body was suspended or closed, or its key in other hands, at that time")
    return record


def _verify_proof(
    endorsement: Mapping[str, Any], record: IssuerRecord, registry: Registry, question: _Question
) -> None:
    def resolve(verification_method: str, purpose: str) -> PublicKey:
        content = question.evidence.document(record.document_digest, registry=registry)
        return controller_documents.verification_key(
            controller_documents.parse(content, did=record.did),
            verification_method,
            purpose=purpose,
            at=question.at,
        )

    endorsements.verify_proof(endorsement, resolve=resolve, now=question.now)


def _names(endorsement: Mapping[str, Any], did: str) -> bool:
    try:
        return endorsements.endorser_id(endorsement) == did
    except VcError:
        return False


def _is_foreign(endorsement: Mapping[str, Any], did: str) -> bool:
    proofs = endorsement.get("proof")
    listed = proofs if isinstance(proofs, list) else [proofs]
    methods = [item.get("verificationMethod") for item in listed if isinstance(item, Mapping)]
    return not all(isinstance(method, str) and method.startswith(f"{did}#") for method in methods)
