"""Proposals as typed records, read from what the state proves, and the history of an agreement.

A listing finds proposals; what is voted on is read from the proved state, so that a node cannot put another
question under an id than the one that the ledger holds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.core import governance
from ledger.core.actions import asks_two_thirds
from ledger.core.governance import DONE, ENACTED, OPEN, VOID, WITHDRAWN
from ledger.registry import AgreementRecord, RecordError

__all__ = [
    "DONE",
    "ENACTED",
    "EXPIRED",
    "OPEN",
    "VOID",
    "WITHDRAWN",
    "AgreementHistory",
    "Ballot",
    "Proposal",
    "VersionHistory",
    "votes_needed",
]

EXPIRED = "expired"
"""Open beyond its end: expiry writes nothing, so it is told by the clock."""


@dataclass(frozen=True)
class Proposal:
    """A proposal as the state holds it.

    Attributes:
        id: 32 bytes; SHA-256 of the proposing statement's Sig_structure.
        action: What would be done, such as ``agreement.start``.
        body: To what, as the table in ``ledger.core`` names it; digests and keys are as in CBOR.
        proposer: DID of the member that proposed it.
        index: Index of the proposing log entry.
        opened: Block time at which it was proposed, seconds.
        expires: When the vote ends, seconds.
        status: ``open``, ``expired``, ``enacted`` (the effect waits until ``due``), ``done``, ``void`` (the
            effect had become impossible) or ``withdrawn``.
        votes: By DID whether that member agreed.
        decided: Block time at which the status last changed, or None.
        due: Block time from which the effect comes, or None.
        members: How many members there are now.
        needed: How many of them have to agree now.
        two_thirds: Whether more than 2/3 are asked beside the 51 %: signers, parameters or rules would
            change.
    """

    id: bytes
    action: str
    body: Mapping[str, Any]
    proposer: str
    index: int
    opened: int
    expires: int
    status: str
    votes: Mapping[str, bool]
    decided: int | None
    due: int | None
    members: int
    needed: int
    two_thirds: bool

    @property
    def yes(self) -> tuple[str, ...]:
        """The members that agreed, sorted."""
        return tuple(sorted(did for did, agreed in self.votes.items() if agreed))

    @property
    def no(self) -> tuple[str, ...]:
        """The members that disagreed, sorted."""
        return tuple(sorted(did for did, agreed in self.votes.items() if not agreed))

    @property
    def missing(self) -> int:
        """How many more have to agree."""
        return max(0, self.needed - len(self.yes))

    @property
    def is_open(self) -> bool:
        """Whether it may be voted on."""
        return self.status == OPEN

    @classmethod
    def from_value(
        cls,
        proposal_id: bytes,
        value: Any,
        *,
        members: Collection[str],
        signers: Collection[str],
        now: int,
    ) -> Proposal:
        """Read the value that lies under ``proposal_key(proposal_id)``.

        Args:
            proposal_id: The id.
            value: The decoded value.
            members: DIDs of the members now.
            signers: DIDs of the signers now.
            now: The current time in integer seconds.

        Raises:
            RecordError: It has another shape.
        """
        try:
            action, body = value["action"]
            status = EXPIRED if value["status"] == OPEN and now >= value["expires"] else value["status"]
            two_thirds = asks_two_thirds(action, body, signers=signers)
            votes = {**dict.fromkeys(value["yes"], True), **dict.fromkeys(value["no"], False)}
            return cls(
                id=proposal_id,
                action=action,
                body=body,
                proposer=value["proposer"],
                index=value["index"],
                opened=value["opened"],
                expires=value["expires"],
                status=status,
                votes=votes,
                decided=value["decided"],
                due=value["due"],
                members=len(members),
                needed=votes_needed(len(members), two_thirds=two_thirds),
                two_thirds=two_thirds,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError("a proposal has another shape") from error


@dataclass(frozen=True)
class Ballot:
    """One member's vote, as the node lists it; the entry itself can be proved.

    Attributes:
        did: The member.
        yes: For or against.
        index: Index of the vote's log entry.
        time: Time of its block, seconds.
    """

    did: str
    yes: bool
    index: int
    time: int


@dataclass(frozen=True)
class VersionHistory:
    """One version of an agreement and how it came about.

    Attributes:
        record: Its record, proved: digest, parties, when it started and ended.
        proposal: The proposal that put it in force, proved; None where the node does not name it.
        ballots: The votes on it with their entries, as the node lists them.
        members: How many members there were when it was decided, as the node lists it.
    """

    record: AgreementRecord
    proposal: Proposal | None
    ballots: tuple[Ballot, ...]
    members: int | None

    @property
    def signers(self) -> tuple[str, ...]:
        """The parties that signed it: the ledger starts nothing that a party did not sign."""
        return self.record.parties


@dataclass(frozen=True)
class AgreementHistory:
    """Every version of an agreement.

    Attributes:
        agreement_id: Its ``urn:vocred:agreement:…``.
        versions: Oldest first.
        ending: The proposal that ended it, proved, or None.
        ending_ballots: The votes on that.
        pending: Proposals about it that are open or wait for their effect, proved.
        single_operator: Whether one operator stands behind the proofs.
    """

    agreement_id: str
    versions: tuple[VersionHistory, ...]
    ending: Proposal | None
    ending_ballots: tuple[Ballot, ...]
    pending: tuple[Proposal, ...]
    single_operator: bool


def votes_needed(members: int, *, two_thirds: bool = False) -> int:
    """Return the smallest number of yes votes that decides among ``members``.

    Spec: LEDGER.md, section 4.3.
    """
    return next(
        yes
        for yes in range(1, members + 2)
        if governance.enough(yes, members=members, two_thirds=two_thirds) or yes > members
    )
