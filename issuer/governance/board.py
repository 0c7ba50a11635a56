"""The list of proposals as a member sees it: what is open, what was decided, who the members are."""

from collections.abc import Mapping
from dataclasses import dataclass

from issuer.governance import matters, roll
from issuer.governance.roll import Roll
from ledger.client import LedgerClient
from ledger.proposals import Proposal

LISTED = 200


@dataclass(frozen=True)
class Tally:
    """How a vote stands, for a bar.

    Attributes:
        yes: Share of all members that agreed, in percent.
        no: Share that disagreed.
        lines: What has to be exceeded, in percent: 51, and two thirds where that is asked as well.
        silent: How many members have not voted.
        turnout: Share of the members that voted, in percent.
    """

    yes: float
    no: float
    lines: tuple[float, ...]
    silent: int
    turnout: int


@dataclass(frozen=True)
class Row:
    """A proposal in the list.

    Attributes:
        proposal: The proposal.
        title: The title of the agreement that it is about, or None.
        tally: How it stands.
        own: The member's own vote, or None.
    """

    proposal: Proposal
    title: Mapping[str, str] | None
    tally: Tally
    own: bool | None


@dataclass(frozen=True)
class Board:
    """What the members decide.

    Attributes:
        open: What may be voted on: what the member has not voted on first, then what ends soonest.
        decided: The rest, newest first.
        roll: The members, and the bodies that proposals name.
        earlier: Where the page of earlier proposals begins, or None.
        is_member: Whether this service's body is a member.
        single_operator: Whether one operator stands behind the ledger's answers.
    """

    open: tuple[Row, ...]
    decided: tuple[Row, ...]
    roll: Roll
    earlier: int | None
    is_member: bool
    single_operator: bool


def read(ledger: LedgerClient, *, own: str, before: int | None = None, now: int) -> Board:
    """Read the proposals and the members, all proved.

    Args:
        ledger: The ledger.
        own: The DID of this service's body.
        before: Only proposals whose log entry has a smaller index: an earlier page.
        now: Seconds since 1970.

    Raises:
        LedgerUnavailableError: The ledger is silent.
    """
    found = ledger.proposals(now=now, limit=LISTED, before=before)
    named = [did for proposal in found for did in matters.bodies(proposal)]
    called = roll.call(ledger, others=named, now=now)
    titles = matters.titles(ledger, found, now=now)
    rows = [
        Row(proposal, titles.get(proposal.id), tally(proposal), proposal.votes.get(own)) for proposal in found
    ]
    # The newest ones come first, then only what is open although it is older.
    earlier = found[LISTED - 1].index if len(found) >= LISTED else None
    snapshot, _ = ledger.snapshot([], now=now)
    waiting = sorted(
        (row for row in rows if row.proposal.is_open),
        key=lambda row: (row.own is not None, row.proposal.expires, row.proposal.index),
    )
    return Board(
        open=tuple(waiting),
        decided=tuple(
            row for row in rows if not row.proposal.is_open and row.proposal.index >= (earlier or 0)
        ),
        roll=called,
        earlier=earlier,
        is_member=own in called.members,
        single_operator=snapshot.single_operator,
    )


def tally(proposal: Proposal) -> Tally:
    """Return how a vote stands, by the members there are now."""
    members = max(1, proposal.members)
    yes, no = len(proposal.yes), len(proposal.no)
    return Tally(
        yes=min(100.0, 100 * yes / members),
        no=min(100.0, 100 * no / members),
        lines=(51.0, 200 / 3) if proposal.two_thirds else (51.0,),
        silent=max(0, members - yes - no),
        turnout=min(100, 100 * (yes + no) // members),
    )
