"""What a proposal is about, gathered for whoever has to decide: the agreement's text, counts, names.

Nothing here trusts the node: proposals, records and names are proved, documents are compared with their
digest, counts with their signature. What a document says about itself has to be what is voted on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from issuer.governance import roll
from issuer.governance.roll import Roll
from ledger.client import LedgerClient, StatementRefusedError
from ledger.dry_runs import DryRun
from ledger.proposals import Ballot, Proposal
from ledger.registry import AgreementRecord, agreement_key
from vc import recognition
from vc.errors import AgreementError
from vc.recognition import Description

STARTS, AMENDS, ENDS = "agreement.start", "agreement.amend", "agreement.end"
_AT_ONCE = 300


@dataclass(frozen=True)
class Text:
    """The text of an agreement that is voted on.

    Attributes:
        document: The document, its digest compared; None where the node has none.
        described: What it says in plain words; None where it cannot be evaluated.
        fault: Why nobody should agree to it: ``absent``, ``other`` (it calls itself another agreement,
            version or parties than the proposal) or ``unusable`` (it is no agreement that anybody could
            evaluate); empty: nothing.
    """

    document: Mapping[str, Any] | None
    described: Description | None
    fault: str


@dataclass(frozen=True)
class Matter:
    """A proposal with what one has to know to decide.

    Attributes:
        proposal: The proposal, proved.
        roll: Members, and the bodies that it names.
        agreement: The state of the agreement that it is about, before the vote; None: there is none.
        text: The text, where it is about an agreement.
        dry_runs: What issuers counted for that text.
        ballots: The votes with their entries, as the node lists them.
        members_then: How many members there were at the last vote, as the node lists it.
    """

    proposal: Proposal
    roll: Roll
    agreement: AgreementRecord | None
    text: Text | None
    dry_runs: tuple[DryRun, ...]
    ballots: tuple[Ballot, ...]
    members_then: int | None


def gather(ledger: LedgerClient, proposal: Proposal, *, now: int) -> Matter:
    """Fetch what stands behind a proposal.

    Raises:
        LedgerUnavailableError: The ledger is silent.
    """
    record = _agreement(ledger, proposal, now=now)
    digest = _digest(proposal, record)
    counted = ledger.dry_runs(digest, now=now) if digest is not None else []
    ballots, then = ledger.ballots(proposal.id)
    text = None if digest is None else _text(ledger, proposal, digest, record)
    named = [*bodies(proposal, record), *(run.did for run in counted), *_named(text)]
    called = roll.call(ledger, others=named, now=now)
    if text is not None and text.document is not None and not text.fault:
        text = _described(text, called)
    return Matter(
        proposal=proposal,
        roll=called,
        agreement=record,
        text=text,
        dry_runs=tuple(counted),
        ballots=ballots,
        members_then=then,
    )


def bodies(proposal: Proposal, record: AgreementRecord | None = None) -> list[str]:
    """Return the DIDs that a proposal names."""
    body = proposal.body
    member = body.get("member")
    named = [proposal.proposer, body.get("did"), body.get("issuer"), *body.get("parties", ())]
    named.append(member["did"] if isinstance(member, Mapping) else member)
    parties = () if record is None else record.parties
    return [each for each in (*named, *parties) if isinstance(each, str)]


def titles(
    ledger: LedgerClient, proposals: Sequence[Proposal], *, now: int
) -> dict[bytes, Mapping[str, str]]:
    """Return, by proposal, the titles of the agreements that they are about, as the documents say.

    A document that the node does not have gives none.
    """
    about = [each for each in proposals if each.action in {STARTS, AMENDS, ENDS}]
    ended = sorted({each.body["id"] for each in about if each.action == ENDS})
    records: dict[str, AgreementRecord] = {}
    for start in range(0, len(ended), _AT_ONCE):
        chunk = ended[start : start + _AT_ONCE]
        snapshot, _ = ledger.snapshot([agreement_key(each) for each in chunk], now=now)
        found = {each: snapshot.agreement(each) for each in chunk}
        records |= {each: record for each, record in found.items() if record is not None}
    known: dict[bytes, Mapping[str, str]] = {}
    for proposal in about:
        digest = _digest(proposal, records.get(proposal.body["id"]))
        title = None if digest is None else _title(ledger, digest)
        if title is not None:
            known[proposal.id] = title
    return known


def _title(ledger: LedgerClient, digest: bytes) -> Mapping[str, str] | None:
    try:
        found = ledger.document(digest).get("title")
    except StatementRefusedError:
        return None
    if not isinstance(found, Mapping) or not all(isinstance(text, str) for text in found.values()):
        return None
    return found


def _agreement(ledger: LedgerClient, proposal: Proposal, *, now: int) -> AgreementRecord | None:
    if proposal.action not in {STARTS, AMENDS, ENDS}:
        return None
    agreement_id = proposal.body["id"]
    snapshot, _ = ledger.snapshot([agreement_key(agreement_id)], now=now)
    return snapshot.agreement(agreement_id)


def _digest(proposal: Proposal, record: AgreementRecord | None) -> bytes | None:
    """Return the digest of the text that is decided on: the proposed one, or the one that would end."""
    if proposal.action in {STARTS, AMENDS}:
        digest: bytes = proposal.body["digest"]
        return digest
    return None if record is None else record.digest


def _text(ledger: LedgerClient, proposal: Proposal, digest: bytes, record: AgreementRecord | None) -> Text:
    try:
        document = ledger.document(digest)
    except StatementRefusedError:
        return Text(None, None, "absent")
    voted = record
    if proposal.action != ENDS:
        body = proposal.body
        voted = AgreementRecord(body["id"], body["version"], digest, tuple(body["parties"]), 0, None)
    if voted is None or not voted.describes(document):
        return Text(document, None, "other")
    return Text(document, None, "")


def _described(text: Text, called: Roll) -> Text:
    assert text.document is not None
    try:
        recognition.check_agreement(text.document)
    except AgreementError:
        return Text(text.document, None, "unusable")
    names = {did: called.names(did) for did in {*called.members, *called.issuers}}
    return Text(text.document, recognition.describe(text.document, names=names), "")


def _named(text: Text | None) -> list[str]:
    """Return the DIDs of issuers that a text accepts, so that they can be called by name."""
    accepts = text.document.get("accepts") if text is not None and text.document is not None else None
    issuers = accepts.get("issuer") if isinstance(accepts, Mapping) else None
    found = [each for each in issuers if isinstance(each, str)] if isinstance(issuers, list) else []
    return found[:64]
