"""Who the members are, and the name of whoever a proposal speaks of; all proved by the ledger's state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ledger.client import LedgerClient
from ledger.registry import (
    IssuerRecord,
    MemberRecord,
    StateKey,
    issuer_key,
    member_key,
    members_key,
    signers_key,
)

_AT_ONCE = 300


@dataclass(frozen=True)
class Roll:
    """The members now, and records of other bodies that were asked for.

    Attributes:
        members: By DID.
        issuers: By DID, those that were asked for.
        signers: DIDs of the members whose nodes sign now, sorted.
    """

    members: Mapping[str, MemberRecord]
    issuers: Mapping[str, IssuerRecord]
    signers: tuple[str, ...] = ()

    def names(self, did: str) -> dict[str, str]:
        """Return a body's name by language; an unknown one is called by its DID."""
        record = self.members.get(did) or self.issuers.get(did)
        if record is None:
            return {"zh-CN": did, "en": did}
        return {"zh-CN": record.names["zh"], "en": record.names["en"]}

    def sorted_members(self) -> list[MemberRecord]:
        """Return the members, the oldest first."""
        return sorted(self.members.values(), key=lambda member: (member.since, member.did))


def call(ledger: LedgerClient, *, others: Iterable[str] = (), now: int) -> Roll:
    """Read the members and the issuers among other DIDs.

    Args:
        ledger: The ledger.
        others: DIDs of bodies that need not be members.
        now: Seconds since 1970.

    Raises:
        LedgerUnavailableError: The ledger is silent.
    """
    snapshot, _ = ledger.snapshot([members_key(), signers_key()], now=now)
    members: dict[str, MemberRecord] = {}
    for chunk in _chunks(snapshot.value(members_key()) or []):
        proved, _ = ledger.snapshot([member_key(did) for did in chunk], now=now)
        found = {did: proved.member(did) for did in chunk}
        members |= {did: record for did, record in found.items() if record is not None}
    issuers: dict[str, IssuerRecord] = {}
    for chunk in _chunks(sorted(set(others))):
        keys: list[StateKey] = [issuer_key(did) for did in chunk]
        proved, _ = ledger.snapshot(keys, now=now)
        known = {did: proved.issuer(did) for did in chunk}
        issuers |= {did: record for did, record in known.items() if record is not None}
    return Roll(members, issuers, tuple(snapshot.value(signers_key()) or ()))


def _chunks(items: list[str]) -> Iterable[list[str]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
