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
    """Every agreement that is known, newest first.

    Attributes:
        items: The versions.
        silent: Whether the ledger did not answer: what it alone knows is missing then.
    """

    items: tuple[Item, ...]
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


def overview(db: Database, parts: Parts, *, now: int) -> Overview:
    """Return every agreement that this service or the ledger knows, newest first."""
    own, silent = institution.load(db).did, False
    known = _Known({}, {})
    ledger = client_of(parts)
    try:
        known = _ask(ledger, now=now)
    except LedgerError:
        silent = True
    here = [text for text in texts.listing(db) if text.state != "unconfirmed"]
    items = [_item(db, text, known, own=own, now=now) for text in here]
    held = {item.digest for item in items}
    for digest, record in known.records.items():
        if digest not in held:
            found = _foreign(ledger, record, known, own=own, now=now)
            items += [] if found is None else [found]
    return Overview(tuple(_superseded(items)), silent)


def one(db: Database, parts: Parts, digest: bytes, *, now: int) -> Item:
    """Return one version by its digest, from here or from the ledger.

    Raises:
        UnknownError: Neither knows it.
    """
    for item in overview(db, parts, now=now).items:
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


def _ask(ledger: LedgerClient, *, now: int) -> _Known:
    listed = ledger.listed("/v1/agreements").get("agreements", [])
    ids = list(dict.fromkeys(str(item.get("id")) for item in listed if isinstance(item, Mapping)))[:_MOST]
    records = [record for name in ids for record in ledger.agreement_versions(name, now=now)]
    proposals: dict[bytes, Proposal] = {}
    # Newest first: of several proposals about one text the newest counts.
    for proposal in ledger.proposals(now=now):
        if proposal.action in ACTIONS:
            proposals.setdefault(proposal.body["digest"], proposal)
    return _Known({record.digest: record for record in records}, proposals)


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
    ledger: LedgerClient, record: AgreementRecord, known: _Known, *, own: str, now: int
) -> Item | None:
    try:
        document = ledger.document(record.digest)
    except LedgerError:
        return None
    named = {party["id"] for party in document["parties"]} | set(document["accepts"]["issuer"])
    item = Item(
        digest=record.digest,
        agreement_id=record.agreement_id,
        version=record.version,
        document=document,
        state="ended",
        mine=own in named,
    )
    return _with_ledger(item, known, now=now)


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
