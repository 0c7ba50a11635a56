"""Who recognises a certificate without a second test: the agreements in force, in the holder's own wallet.

The rules are evaluated by ``vc.recognition``, as the verifier does; here the ledger's state is gathered for
them. Names of parties are those of the registry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ledger.errors import LedgerError
from ledger.registry import AgreementRecord, MemberRecord, member_key
from vc import recognition
from vc.credentials import CredentialFacts
from vc.recognition import Agreement
from wallet.parts import Parts


@dataclass(frozen=True)
class Recognition:
    """One body that accepts a certificate as it is.

    Attributes:
        party: Its DID.
        names: Its names in the registry.
        title: The agreement's title.
        purpose: What the certificate is accepted for, or None for everything.
        until: Last moment of the agreement.
    """

    party: str
    names: Mapping[str, str]
    title: Mapping[str, str]
    purpose: Mapping[str, str] | None
    until: datetime


def recognised_by(facts: CredentialFacts, *, parts: Parts, now: datetime) -> list[Recognition] | None:
    """Say who accepts a certificate without a second test, each body once.

    Args:
        facts: What the certificate states; whether it is good is another question.
        parts: The collaborators.
        now: The time.

    Returns:
        The bodies, in the order of the agreements; None where the ledger could not be asked.
    """
    moment = int(now.timestamp())
    try:
        listed = parts.ledger.agreements(now=moment)
        parties = sorted({party for record, _ in listed for party in record.parties})
        snapshot, _ = parts.ledger.snapshot([member_key(party) for party in parties], now=moment)
        members = {party: record for party in parties if (record := snapshot.member(party)) is not None}
    except LedgerError:
        return None
    waivers = recognition.waived(
        facts, agreements=[_agreement(*pair) for pair in listed], members=members.keys(), at=now
    )
    found: dict[str, Recognition] = {}
    for waiver in waivers:
        found.setdefault(
            waiver.party,
            Recognition(
                waiver.party, _names(members, waiver.party), waiver.title, waiver.purpose, waiver.until
            ),
        )
    return list(found.values())


def _agreement(record: AgreementRecord, document: dict[str, Any]) -> Agreement:
    return Agreement(
        document=document,
        started=datetime.fromtimestamp(record.started, UTC),
        ended=None if record.ended is None else datetime.fromtimestamp(record.ended, UTC),
        signed=record.parties,
    )


def _names(members: Mapping[str, MemberRecord], party: str) -> Mapping[str, str]:
    return members[party].names
