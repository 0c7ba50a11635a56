"""How far every agreement is: what this service knows of it, and what the ledger holds.

here      to-sign, signing, offered, ready, overdue
ledger    voting, rejected, agreed, in-force, superseded, lapsed, ended
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlite_utils import Database

from issuer import institution
from issuer.agreements import store, texts
from issuer.agreements.texts import Text
from issuer.errors import UnknownError
from issuer.ledger_client import client_of
from issuer.parts import Parts
from ledger.client import LedgerClient
from ledger.errors import LedgerError
from ledger.proposals import DONE, ENACTED, OPEN, Proposal
from ledger.registry import AgreementRecord
from vc import dates

ACTIONS = ("agreement.start", "agreement.amend")
_MOST = 200
_AT_ONCE = 100


@dataclass(frozen=True)
class Item:
    """One version of an agreement, and how far it is.

    Attributes:
        digest: The text's digest.
        agreement_id: The agreement's URN.
        version: Its version.
        document: The document.
        state: One of the states above.
        mine: Whether this institution is a party, or its certificates are accepted.
        text: What this service keeps of it, or None: it came from the ledger.
        proposal: Id of the proposal about it, or None.
        started: Block time at which it was put in force, or None.
        ended: Block time at which it ended, or None.
    """

    digest: bytes
    agreement_id: str
    version: int
    document: Mapping[str, Any]
    state: str
    mine: bool
    text: Text | None = None
    proposal: bytes | None = None
    started: int | None = None
    ended: int | None = None

    @property
    def name(self) -> str:
        """The version's name, ``urn:vocred:agreement:…#1``."""
        return f"{self.agreement_id}#{self.version}"

    def to_json(self) -> dict[str, Any]:
        """Return the item as commands print it."""
        return {
            "agreement": self.agreement_id,
            "version": self.version,
            "digest": self.digest.hex(),
            "title": dict(self.document["title"]),
            "state": self.state,
            "mine": self.mine,
            "proposal": None if self.proposal is None else self.proposal.hex(),
        }


@dataclass(frozen=True)
class Overview:
    """The agreements that are known, newest first.

    Attributes:
        items: The versions that concern this institution, or those of everybody.
        total: How many versions are known altogether.
        silent: Whether the ledger did not answer: what it alone knows is missing then.
    """

    items: tuple[Item, ...]
    total: int
    silent: bool

    @property
    def mine(self) -> tuple[Item, ...]:
        """Those that concern this institution."""
        return tuple(item for item in self.items if item.mine)

    @property
    def to_sign(self) -> tuple[Item, ...]:
        """Those that wait for this institution's own signature."""
        return tuple(item for item in self.items if item.state == "to-sign")


@dataclass(frozen=True)
class _Known:
    """What the ledger says: versions and proposals by the digest of their document."""

    records: Mapping[bytes, AgreementRecord]
    proposals: Mapping[bytes, Proposal]
    silent: bool = False


def overview(db: Database, parts: Parts, *, everybody: bool = False, now: int) -> Overview:
    """Return the agreements that this service or the ledger knows, newest first.

    Args:
        db: The connection.
        parts: The collaborators.
        everybody: Also those to which this institution is no party, the newest of them.
        now: Seconds since 1970.
    """
    own, known = institution.load(db).did, _ask(parts, now=now)
    here = [text for text in texts.listing(db) if text.state != "unconfirmed"]
    items = [_item(db, text, known, own=own, now=now) for text in here]
    held = {item.digest for item in items}
    others = [record for digest, record in known.records.items() if digest not in held]
    others.sort(key=lambda record: record.started, reverse=True)
    wanted = others[:_MOST] if everybody else [record for record in others if own in record.parties]
    items += _foreign(parts, wanted, known, own=own, now=now)
    return Overview(tuple(_superseded(items)), len(here) + len(others), known.silent)


def one(db: Database, parts: Parts, digest: bytes, *, now: int) -> Item:
    """Return one version by its digest, from here or from the ledger.

    Raises:
        UnknownError: Neither knows it.
    """
    own, known = institution.load(db).did, _ask(parts, now=now)
    here = [text for text in texts.listing(db) if text.state != "unconfirmed"]
    names = {text.agreement_id for text in here if text.digest == digest}
    names |= {record.agreement_id for record in known.records.values() if record.digest == digest}
    # The other versions of the same agreement tell whether a later one took its place.
    items = [_item(db, text, known, own=own, now=now) for text in here if text.agreement_id in names]
    held = {item.digest for item in items}
    others = [
        record
        for record in known.records.values()
        if record.agreement_id in names and record.digest not in held
    ]
    items += _foreign(parts, others, known, own=own, now=now)
    for item in _superseded(items):
        if item.digest == digest:
            return item
    raise UnknownError("no agreement of that digest is known")


def earlier(parts: Parts, agreement_id: str, *, version: int, now: int) -> list[Mapping[str, Any]]:
    """Return the documents of the versions before this one that were in force, oldest first.

    Raises:
        LedgerError: The ledger is silent, or its node does not serve a document.
    """
    ledger = client_of(parts)
    records = ledger.agreement_versions(agreement_id, now=now) if version > 1 else []
    return [ledger.document(record.digest) for record in records if record.version < version]


def _ask(parts: Parts, *, now: int) -> _Known:
    ledger = client_of(parts)
    try:
        records = _records(ledger, now=now)
        found = ledger.proposals(now=now)
    except LedgerError:
        return _Known({}, {}, silent=True)
    proposals: dict[bytes, Proposal] = {}
    # Newest first: of several proposals about one text the newest counts.
    for proposal in found:
        if proposal.action in ACTIONS:
            proposals.setdefault(proposal.body["digest"], proposal)
    return _Known({record.digest: record for record in records}, proposals)


def _records(ledger: LedgerClient, *, now: int) -> list[AgreementRecord]:
    """Return the record of every version that was ever in force, proved."""
    # The newest version lies under the agreement's own key, an older one under its number as well.
    keys = ledger.agreement_keys(now=now)
    found: list[AgreementRecord | None] = []
    for start in range(0, len(keys), _AT_ONCE):
        chunk = keys[start : start + _AT_ONCE]
        snapshot, _ = ledger.snapshot(chunk, now=now)
        for _, name, *version in chunk:
            found.append(snapshot.agreement(str(name), int(version[0]) if version else None))
    return [record for record in found if record is not None]


def _item(db: Database, text: Text, known: _Known, *, own: str, now: int) -> Item:
    item = Item(
        digest=text.digest,
        agreement_id=text.agreement_id,
        version=text.version,
        document=text.document,
        state=_here(text, store.signatures(db, text.digest), own=own, now=now),
        mine=own in text.concerned,
        text=text,
        proposal=text.proposal,
    )
    return _with_ledger(item, known, now=now)


def _foreign(
    parts: Parts, records: Iterable[AgreementRecord], known: _Known, *, own: str, now: int
) -> list[Item]:
    """Return the items of versions of which this service keeps no text; the node serves their documents."""
    ledger, items = client_of(parts), []
    for record in records:
        try:
            document = ledger.document(record.digest)
        except LedgerError:
            continue
        named = {party["id"] for party in document["parties"]} | set(document["accepts"]["issuer"])
        item = Item(
            digest=record.digest,
            agreement_id=record.agreement_id,
            version=record.version,
            document=document,
            state="ended",
            mine=own in named,
        )
        items.append(_with_ledger(item, known, now=now))
    return items


def _here(text: Text, signed: Iterable[str], *, own: str, now: int) -> str:
    """Return how far a text is that the ledger does not know of."""
    if text.state == "proposed":
        return "voting"
    if text.expires <= now:
        return "overdue"
    if own in text.parties and own not in signed:
        return "to-sign"
    if text.proposer == own:
        return "signing" if set(text.parties) - set(signed) else "ready"
    return "signing" if own in text.parties else "offered"


def _with_ledger(item: Item, known: _Known, *, now: int) -> Item:
    proposal, record = known.proposals.get(item.digest), known.records.get(item.digest)
    if proposal is not None:
        item = replace(item, proposal=proposal.id)
    if record is not None:
        return replace(
            item, state=_running(item, record, now=now), started=record.started, ended=record.ended
        )
    if proposal is None:
        return item
    if proposal.status in {OPEN, ENACTED, DONE}:
        return replace(item, state="voting")
    # A vote that failed leaves the text: its proposer may hand it round anew with a later end of the vote.
    renewed = item.text is not None and item.text.expires > now and item.text.state == "signing"
    return item if renewed else replace(item, state="rejected")


def _running(item: Item, record: AgreementRecord, *, now: int) -> str:
    if record.ended is not None and record.ended <= now:
        return "ended"
    if dates.parse(item.document["effectiveUntil"]).timestamp() < now:
        return "lapsed"
    if dates.parse(item.document["effectiveFrom"]).timestamp() > now:
        return "agreed"
    return "in-force"


def _superseded(items: Iterable[Item]) -> list[Item]:
    """Mark what a later version took the place of; one that has expired revives no older one."""
    listed, newest = list(items), dict[str, int]()
    for item in listed:
        if item.state in {"in-force", "lapsed"}:
            newest[item.agreement_id] = max(item.version, newest.get(item.agreement_id, 0))
    return [
        replace(item, state="superseded")
        if item.state == "in-force" and item.version < newest[item.agreement_id]
        else item
        for item in listed
    ]
