"""The agreements that may decide an application, with their state on the ledger, and who is a member."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from issuer.bank.desk import Desk
from issuer.bank.errors import CannotCheckError
from ledger.errors import LedgerError
from ledger.registry import AgreementRecord, StateKey, agreement_key, member_key, members_key
from vc import dates, recognition
from vc.recognition import Agreement

_MOST_VERSIONS = 8


@dataclass(frozen=True)
class World:
    """What an evaluation needs beside the certificate and the account.

    Attributes:
        versions: The versions of one agreement that may be in force.
        members: DIDs of the consortium's members.
        names: Names of the parties in the registry, by DID and language (``zh-CN``, ``en``).
    """

    versions: tuple[Agreement, ...]
    members: Collection[str]
    names: Mapping[str, Mapping[str, str]]

    def in_force(self, *, now: int) -> Agreement | None:
        """Return the version that decides at a moment, or None."""
        found = recognition.in_force(self.versions, at=dates.from_seconds(now))
        return found[0] if found else None


def look(agreement_id: str, *, desk: Desk, now: int) -> World:
    """Ask the ledger about an agreement.

    Args:
        agreement_id: Its ``urn:vocred:agreement:…``.
        desk: The collaborators.
        now: Seconds since 1970.

    Raises:
        CannotCheckError: The ledger cannot be asked now.
    """
    records = _records(agreement_id, desk=desk, now=now)
    versions = tuple(_agreement(record, desk=desk) for record in records)
    parties = sorted({party for record in records for party in record.parties})
    keys: list[StateKey] = [members_key(), *(member_key(party) for party in parties)]
    snapshot = desk.snapshot(keys, now=now)
    try:
        known = {party: snapshot.member(party) for party in parties}
    except LedgerError as error:
        raise CannotCheckError("the registry's records cannot be read") from error
    return World(
        versions=versions,
        members=frozenset(snapshot.value(members_key()) or ()),
        names={
            did: {"zh-CN": record.names.get("zh", did), "en": record.names.get("en", did)}
            for did, record in known.items()
            if record is not None
        },
    )


def _records(agreement_id: str, *, desk: Desk, now: int) -> list[AgreementRecord]:
    """Return the version enacted last and some before it: an older one runs until the newer starts."""
    newest = desk.snapshot([agreement_key(agreement_id)], now=now).agreement(agreement_id)
    if newest is None:
        return []
    earlier = list(range(newest.version - 1, max(0, newest.version - _MOST_VERSIONS), -1))
    if not earlier:
        return [newest]
    snapshot = desk.snapshot([agreement_key(agreement_id, version) for version in earlier], now=now)
    found = [snapshot.agreement(agreement_id, version) for version in earlier]
    return [newest, *(record for record in found if record is not None)]


def _agreement(record: AgreementRecord, *, desk: Desk) -> Agreement:
    try:
        document: Mapping[str, Any] = desk.ledger.document(record.digest)
    except LedgerError as error:
        raise CannotCheckError("an agreement's text cannot be had now") from error
    return Agreement(
        document=document,
        started=dates.from_seconds(record.started),
        ended=None if record.ended is None else dates.from_seconds(record.ended),
        signed=record.parties,
    )
