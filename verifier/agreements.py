"""Agreements for everybody to read: which are in force, what each says, who agreed to it, and the proofs.

States and digests are proved by the ledger, each document by its digest; what a listing alone says (which
entry holds which vote) can be proved entry by entry. Nothing here is decided by a listing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crypto import jcs
from ledger.client import LedgerClient, LedgerUnavailableError
from ledger.dry_runs import DryRun
from ledger.proposals import Ballot, Proposal
from ledger.registry import AgreementRecord, StateKey, agreement_key, members_key
from vc import dates, recognition
from vc.errors import AgreementError, InvalidDatetimeError
from vc.recognition import Description
from verifier.errors import NoSuchAgreementError
from verifier.gathering import Gatherer

Names = Mapping[str, Mapping[str, str]]

PAGE = 25
"""How many agreements stand on one page of the list."""


@dataclass(frozen=True)
class Listed:
    """One line of the list.

    Attributes:
        agreement_id: Its URN.
        version: The newest version that was in force.
        title: Its title by language; empty where its document cannot be had.
        state: ``inForce``, ``later`` (agreed, its first day lies ahead), ``expired`` or ``ended``.
        since: When it started.
        until: Its last moment, or when it was ended; None where its document cannot be had.
    """

    agreement_id: str
    version: int
    title: Mapping[str, str]
    state: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Listing:
    """One page of the list.

    Attributes:
        lines: The agreements of this page.
        in_force: How many the members hold in force.
        ended: How many they ended.
        page: Which page, from 1.
        pages: How many there are.
        single_operator: Whether one operator stands behind the proofs.
    """

    lines: Sequence[Listed]
    in_force: int
    ended: int
    page: int
    pages: int
    single_operator: bool


@dataclass(frozen=True)
class Version:
    """One version of an agreement.

    Attributes:
        record: What the ledger proves of it.
        document: Its text, or None where it cannot be had.
        description: The text in words, or None.
        state: See ``Listed``; ``replaced`` for a version that a newer one followed.
        signers: The parties that signed it.
        proposal: The proposal that put it in force, or None where nobody names it.
        ballots: The votes on it.
        members: How many members there were then, or None.
        dry_runs: What issuers counted before the vote.
    """

    record: AgreementRecord
    document: Mapping[str, Any] | None
    description: Description | None
    state: str
    signers: Sequence[str]
    proposal: Proposal | None
    ballots: Sequence[Ballot]
    members: int | None
    dry_runs: Sequence[DryRun]


@dataclass(frozen=True)
class Agreement:
    """An agreement with its history.

    Attributes:
        agreement_id: Its URN.
        title: The newest version's title by language; empty where its document cannot be had.
        versions: Newest first.
        ending: The proposal that ended it, or None.
        ending_ballots: The votes on that.
        pending: Proposals about it that are open.
        names: Names of everybody named, by DID and language.
        single_operator: Whether one operator stands behind the proofs.
    """

    agreement_id: str
    title: Mapping[str, str]
    versions: Sequence[Version]
    ending: Proposal | None
    ending_ballots: Sequence[Ballot]
    pending: Sequence[Proposal]
    names: Names
    single_operator: bool

    @property
    def state(self) -> str:
        """The newest version's state."""
        return self.versions[0].state


def listing(ledger: LedgerClient, *, now: int, ended: bool = False, page: int = 1) -> Listing:
    """Return one page of the agreements, newest first.

    Args:
        ledger: The ledger.
        now: Seconds since 1970.
        ended: Those that the members ended, instead of those in force.
        page: Which page; one that makes no sense shows the first.

    Raises:
        LedgerError: The ledger cannot be asked, or its answer does not check.
    """
    keys = [key for key in ledger.agreement_keys(now=now) if key == agreement_key(str(key[1]))]
    snapshot, _ = ledger.snapshot([*keys, members_key()], now=now)
    records = [record for key in keys if (record := snapshot.agreement(str(key[1]))) is not None]
    records.sort(key=lambda record: (-record.started, record.agreement_id))
    asked = [record for record in records if record.in_force(now) is not ended]
    pages = max(1, -(-len(asked) // PAGE))
    shown = page if 1 <= page <= pages else 1
    return Listing(
        lines=[_listed(ledger, each, now=now) for each in asked[(shown - 1) * PAGE : shown * PAGE]],
        in_force=sum(record.in_force(now) for record in records),
        ended=sum(not record.in_force(now) for record in records),
        page=shown,
        pages=pages,
        single_operator=snapshot.single_operator,
    )


def agreement(gatherer: Gatherer, ledger: LedgerClient, agreement_id: str, *, now: int) -> Agreement:
    """Return an agreement with every version, its votes, signers and dry runs.

    Args:
        gatherer: Names bodies from the registry.
        ledger: The ledger.
        agreement_id: Its URN.
        now: Seconds since 1970.

    Raises:
        NoSuchAgreementError: It is proved that there is none of that id.
        LedgerError: The ledger cannot be asked, or its answer does not check.
    """
    if not _records(ledger, agreement_id, now=now):
        raise NoSuchAgreementError("no agreement of that id was ever in force")
    history = ledger.agreement_history(agreement_id, now=now)
    documents = {each.record.version: _document(ledger, each.record) for each in history.versions}
    names = gatherer.names(
        {
            did
            for each in history.versions
            for did in _named(documents[each.record.version], each.signers, each.ballots, each.proposal)
        }
        | {ballot.did for ballot in history.ending_ballots}
    )
    newest = max(documents)
    begun = [
        each.record.version
        for each in history.versions
        if _begun(each.record, documents[each.record.version], now=now)
    ]
    versions = [
        Version(
            record=each.record,
            document=(document := documents[each.record.version]),
            description=None if document is None else _described(document, names),
            state=_state(
                each.record, document, now=now, followed=each.record.version < max(begun, default=0)
            ),
            signers=each.signers,
            proposal=each.proposal,
            ballots=each.ballots,
            members=each.members,
            dry_runs=ledger.dry_runs(each.record.digest, now=now),
        )
        for each in history.versions
    ]
    latest = documents[newest] or {}
    return Agreement(
        agreement_id=agreement_id,
        title=latest.get("title", {}),
        versions=sorted(versions, key=lambda version: -version.record.version),
        ending=history.ending,
        ending_ballots=history.ending_ballots,
        pending=history.pending,
        names=names,
        single_operator=history.single_operator,
    )


def document(ledger: LedgerClient, agreement_id: str, version: int, *, now: int) -> bytes:
    """Return the very bytes whose digest the members voted on.

    Raises:
        NoSuchAgreementError: There is no such version.
        LedgerError: The ledger cannot be asked, or its answer does not check.
    """
    for record in _records(ledger, agreement_id, now=now):
        if record.version == version:
            return jcs.canonicalize(ledger.document(record.digest))
    raise NoSuchAgreementError("no agreement of that id and version was ever in force")


def proof(ledger: LedgerClient, agreement_id: str, *, now: int) -> bytes:
    """Return the bundle that proves every version's state, and the members, under the ledger's head.

    Raises:
        NoSuchAgreementError: There is no such agreement.
        LedgerError: The ledger cannot be asked, or its answer does not check.
    """
    records = _records(ledger, agreement_id, now=now)
    if not records:
        raise NoSuchAgreementError("no agreement of that id was ever in force")
    keys: list[StateKey] = [members_key(), agreement_key(agreement_id)]
    keys += [agreement_key(agreement_id, record.version) for record in records]
    _, bundle = ledger.snapshot(keys, now=now)
    return bundle


def _records(ledger: LedgerClient, agreement_id: str, *, now: int) -> list[AgreementRecord]:
    return ledger.agreement_versions(agreement_id, now=now)


def _listed(ledger: LedgerClient, record: AgreementRecord, *, now: int) -> Listed:
    found = _document(ledger, record)
    last = None if found is None else _moment(found.get("effectiveUntil"))
    return Listed(
        agreement_id=record.agreement_id,
        version=record.version,
        title={} if found is None else found["title"],
        state=_state(record, found, now=now, followed=False),
        since=dates.from_seconds(record.started),
        until=last if record.ended is None else dates.from_seconds(record.ended),
    )


def _document(ledger: LedgerClient, record: AgreementRecord) -> dict[str, Any] | None:
    """Return a version's text: only one that is what it says, and that the lint accepts."""
    try:
        found = ledger.document(record.digest)
        recognition.check_agreement(found)
    except (LedgerUnavailableError, AgreementError):
        return None
    return found if record.describes(found) else None


def _described(found: Mapping[str, Any], names: Names) -> Description:
    return recognition.describe(found, names=names)


def _begun(record: AgreementRecord, found: Mapping[str, Any] | None, *, now: int) -> bool:
    """Tell whether a version ever was in force: one that was agreed for later leaves the older in force."""
    first = None if found is None else _moment(found["effectiveFrom"])
    begin = max(dates.from_seconds(record.started), first or dates.from_seconds(record.started))
    return begin <= dates.from_seconds(now) and (
        record.ended is None or begin < dates.from_seconds(record.ended)
    )


def _state(record: AgreementRecord, found: Mapping[str, Any] | None, *, now: int, followed: bool) -> str:
    if followed:
        return "replaced"
    if record.ended is not None and record.ended <= now:
        return "ended"
    first, last = (
        (None, None)
        if found is None
        else (
            _moment(found["effectiveFrom"]),
            _moment(found["effectiveUntil"]),
        )
    )
    moment = dates.from_seconds(now)
    if first is not None and moment < first:
        return "later"
    return "expired" if last is not None and moment > last else "inForce"


def _named(
    found: Mapping[str, Any] | None,
    signers: Iterable[str],
    ballots: Iterable[Ballot],
    by: Proposal | None,
) -> set[str]:
    """Return every DID that the page has to call by its name."""
    spoken_of = {*signers, *(ballot.did for ballot in ballots)}
    if by is not None:
        spoken_of |= {by.proposer, *by.votes}
    if found is not None:
        spoken_of |= {party["id"] for party in found["parties"]} | set(found["accepts"].get("issuer", ()))
    return spoken_of


def _moment(text: object) -> datetime | None:
    try:
        return dates.parse(text)
    except InvalidDatetimeError:
        return None
