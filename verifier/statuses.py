"""Step 6: what a status list says, and whether it may say it.

The ledger holds the current version of a list: its digest and its dates. A list with that digest decides. A
newer list that the issuer signed but the ledger has not acknowledged may lower a verdict, never raise it.
While the ledger is silent for longer than a day, an unexpired list from the issuer itself still answers,
with a note; a staple does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from crypto import jcs
from crypto.errors import CryptoError
from crypto.keys import PublicKey
from ledger.registry import StatusRecord
from vc import controller_documents, data_integrity, dates, documents, notices, status
from vc.data_integrity import Resolve
from vc.errors import (
    StatusError,
    StatusIssuerMismatchError,
    StatusTypeUnknownError,
    StatusVerificationError,
    StoreError,
    VcError,
    VerificationMethodError,
)
from vc.notices import Notice
from vc.status import StatusEntry, StatusList
from verifier.errors import EvidenceUnavailableError
from verifier.evidence import Candidate, Evidence, Registry

Kind = Literal["none", "revoked", "suspended", "withdrawn"]

_PURPOSE = "assertionMethod"
_UNDERSTOOD: dict[str, Kind] = {"revocation": "revoked", "suspension": "suspended"}


@dataclass(frozen=True)
class StatusFinding:
    """What the lists say of a credential.

    Attributes:
        kind: ``none`` where no bit is set; ``withdrawn`` where only this form is void.
        notice: Why, where the issuer's notice could be read.
        anchored: False where the list that says so is newer than the ledger's version.
        ledger_silent: True where the ledger gave no sign for over a day and the issuer's own list answered.
        issuer_silent: True where the issuer's own site gave nothing, and the consortium's nodes answered.
        last_word: End of the list that answered, where it is over and its issuer is closed; else None.
    """

    kind: Kind
    notice: Notice | None = None
    anchored: bool = True
    ledger_silent: bool = False
    issuer_silent: bool = False
    last_word: datetime | None = None


def read(
    entries: Sequence[StatusEntry],
    *,
    registry: Registry,
    evidence: Evidence,
    now: datetime,
    silent_after: timedelta,
) -> StatusFinding:
    """Ask every list that a credential names.

    Args:
        entries: The credential's entries; without any it cannot have been revoked.
        registry: The issuer's record and its lists' anchored versions.
        evidence: Where lists, notices and DID documents come from.
        now: The moment of the question.
        silent_after: How old the registry's word may be before the ledger counts as silent.

    Returns:
        The first finding that is not ``none``, else that nothing is set.

    Raises:
        EvidenceUnavailableError: A list that may answer could not be had.
        StatusError: An entry or list that may not be ignored is malformed, foreign, expired or unknown.
    """
    finding = StatusFinding("none")
    for entry in entries:
        if entry.purpose not in _UNDERSTOOD:
            raise StatusTypeUnknownError("the entry has a purpose that is not understood")
        answer = _ask(entry, registry=registry, evidence=evidence, now=now, silent_after=silent_after)
        if answer.kind != "none":
            return answer
        finding = StatusFinding(
            "none",
            ledger_silent=finding.ledger_silent or answer.ledger_silent,
            issuer_silent=finding.issuer_silent or answer.issuer_silent,
            last_word=finding.last_word or answer.last_word,
        )
    return finding


def _ask(
    entry: StatusEntry, *, registry: Registry, evidence: Evidence, now: datetime, silent_after: timedelta
) -> StatusFinding:
    try:
        return _ask_under(entry, registry=registry, evidence=evidence, now=now, silent_after=silent_after)
    except EvidenceUnavailableError as error:
        if error.code != "STATUS_RETRIEVAL_ERROR" or registry.source != "ledger":
            raise
        # The issuer may serve a list that was anchored seconds ago, after the head that we read.
        present = evidence.registry(registry.issuer_id, lists=registry.lists, fresh=True)
        if present.source != "ledger" or present.status(entry.list_url) == registry.status(entry.list_url):
            raise
        return _ask_under(entry, registry=present, evidence=evidence, now=now, silent_after=silent_after)


def _ask_under(
    entry: StatusEntry, *, registry: Registry, evidence: Evidence, now: datetime, silent_after: timedelta
) -> StatusFinding:
    record = registry.status(entry.list_url)
    if record is None:
        # Nobody anchored such a list, so its address is a stranger's: it is not asked.
        raise EvidenceUnavailableError("the ledger knows no such list", code="STATUS_NOT_ANCHORED")
    silent = now - registry.as_of > silent_after
    refused: StatusError | None = None
    decided: StatusFinding | None = None
    for candidate in evidence.candidates(entry.list_url, anchored=record):
        try:
            listed = _checked(
                candidate, entry=entry, registry=registry, evidence=evidence, record=record, now=now
            )
        except StatusError as error:
            refused = error
            continue
        current = _is_anchored(candidate, listed, record)
        if status.is_set(listed, status_entry=entry):
            found = _set_bit(entry, registry=registry, evidence=evidence, anchored=current)
            return replace(found, issuer_silent=candidate.issuer_silent)
        if (current and not silent) or (silent and candidate.served == "issuer"):
            decided = StatusFinding(
                "none",
                ledger_silent=silent,
                issuer_silent=candidate.issuer_silent,
                last_word=_over(listed, now=now),
            )
    if decided is not None:
        return decided
    if refused is not None:
        raise refused
    raise EvidenceUnavailableError(
        "the list that the ledger names could not be had", code="STATUS_RETRIEVAL_ERROR"
    )


def _checked(
    candidate: Candidate,
    *,
    entry: StatusEntry,
    registry: Registry,
    evidence: Evidence,
    record: StatusRecord,
    now: datetime,
) -> StatusList:
    """Return a list whose own proof, issuer, purpose and dates hold.

    Nobody revokes anything after an issuer was closed. Where it is gone and left no final list, the version
    that the ledger holds is its last word, and does not expire any more.
    """
    listed = status.parse_list(candidate.document)
    if listed.issuer != registry.issuer_id:
        raise StatusIssuerMismatchError("the list was issued by another body than the credential")
    _verify_proof(candidate, registry=registry, evidence=evidence, now=now)
    over = _over(listed, now=now)
    closed = registry.record is not None and registry.record.closed(int(now.timestamp()))
    at = over if over is not None and closed and _is_anchored(candidate, listed, record) else now
    status.check_list(listed, status_entry=entry, issuer_id=registry.issuer_id, now=at)
    return listed


def _over(listed: StatusList, *, now: datetime) -> datetime | None:
    """Return when a list ended, where that is past; else None."""
    return listed.valid_until if listed.valid_until is not None and listed.valid_until < now else None


def _verify_proof(candidate: Candidate, *, registry: Registry, evidence: Evidence, now: datetime) -> None:
    document, record = candidate.document, registry.record
    assert record is not None

    def resolve(verification_method: str, purpose: str) -> PublicKey:
        if verification_method.partition("#")[0] != registry.issuer_id:
            raise VerificationMethodError("the list is signed by another body")
        # Lists are signed anew all the time, so only the current DID document counts.
        content = evidence.document(record.document_digest, registry=registry)
        return controller_documents.verification_key(
            controller_documents.parse(content, did=registry.issuer_id),
            verification_method,
            purpose=purpose,
            at=now,
        )

    try:
        if _proved_before(candidate, resolve=resolve, now=now):
            return
        documents.check(document)
        proofs = data_integrity.verify(dict(document), resolve=resolve, purpose=_PURPOSE, now=now)
    except StatusError:
        raise
    except (VcError, CryptoError) as error:
        raise StatusVerificationError(f"the list's own proof does not hold: {error}") from error
    if candidate.proved is not None:
        candidate.proved.put(jcs.digest(dict(document)), proofs)


def _proved_before(candidate: Candidate, *, resolve: Resolve, now: datetime) -> bool:
    """Return whether this very document verified before, under the keys and at a time that still count.

    A signature over the same bytes by the same key does not change; what may have changed is asked again: the
    issuer's key, and whether now lies between the proof's dates. Any doubt sends the list the whole way.
    """
    known = None if candidate.proved is None else candidate.proved.get(jcs.digest(dict(candidate.document)))
    return known is not None and all(
        (proof.created is None or proof.created <= now)
        and (proof.expires is None or now < proof.expires)
        and resolve(proof.verification_method, _PURPOSE) == proof.public_key
        for proof in known
    )


def _is_anchored(candidate: Candidate, listed: StatusList, record: StatusRecord) -> bool:
    # The dates are compared too: otherwise old bytes could be anchored anew under a later version.
    until = None if record.valid_until is None else dates.from_seconds(record.valid_until)
    return (
        jcs.digest(dict(candidate.document)) == record.digest
        and listed.valid_from == dates.from_seconds(record.valid_from)
        and listed.valid_until == until
    )


def _set_bit(entry: StatusEntry, *, registry: Registry, evidence: Evidence, anchored: bool) -> StatusFinding:
    notice = _notice(entry, registry=registry, evidence=evidence)
    kind = _UNDERSTOOD[entry.purpose]
    if notice is not None and notice.kind == "withdrawn":
        kind = "withdrawn"
    return StatusFinding(kind, notice=notice, anchored=anchored)


def _notice(entry: StatusEntry, *, registry: Registry, evidence: Evidence) -> Notice | None:
    """Read why a bit is set; without a reason that can be read it is a revocation all the same."""
    url = f"{entry.list_url}/notices"
    record = registry.status(url)
    if record is None or entry.entry_id is None:
        return None
    try:
        content = evidence.notices(url, anchored=record)
        if content is None:
            return None
        return notices.open_notice(notices.parse(content), index=entry.index, entry_id=entry.entry_id)
    except (EvidenceUnavailableError, StoreError):
        return None
