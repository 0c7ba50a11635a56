"""Who recognises a certificate, as what and under which agreement: evaluated in the holder's own wallet.

The rules are evaluated by ``vc.recognition``, the same function that the verifier and the credit bank use;
here the ledger's state is gathered for them, and what the wallet knows of the certificate is put into its
words. Names are those of the registry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ledger.errors import LedgerError
from ledger.registry import AgreementRecord, MemberRecord, member_key
from vc import recognition
from vc.recognition import Account, Agreement, Evaluation, Names, Source
from wallet.errors import CannotCheckError
from wallet.holding import Held
from wallet.parts import Parts

_VERDICTS: Mapping[str, Any] = {
    "valid": "valid",
    # Whether a certificate is within its period is one of the evaluation's own rules.
    "expired": "note",
    "revoked": "revoked",
    "withdrawn": "revoked",
    "unknown": "couldNotCheck",
}


@dataclass(frozen=True)
class Situation:
    """The agreements on the ledger and the members that stand behind them, at one moment.

    Attributes:
        agreements: Every version that may be in force.
        members: The parties that are members, by DID.
        at: The moment.
    """

    agreements: tuple[Agreement, ...]
    members: Mapping[str, MemberRecord]
    at: datetime

    @property
    def names(self) -> Names:
        """The members' names in the registry."""
        return {did: dict(record.names) for did, record in self.members.items()}

    def names_of(self, did: str) -> dict[str, str]:
        """Give a body's names; its DID stands in where the registry has none."""
        record = self.members.get(did)
        return dict(record.names) if record else {"zh": did, "en": did}


def situation(*, parts: Parts, now: datetime) -> Situation:
    """Gather the agreements in force and their parties.

    Raises:
        CannotCheckError: The ledger could not be asked.
    """
    moment = int(now.timestamp())
    try:
        listed = parts.ledger.agreements(now=moment)
        parties = sorted({party for record, _ in listed for party in record.parties})
        snapshot, _ = parts.ledger.snapshot([member_key(party) for party in parties], now=moment)
        members = {party: record for party in parties if (record := snapshot.member(party)) is not None}
    except LedgerError as error:
        raise CannotCheckError("the consortium's agreements cannot be had at this moment") from error
    return Situation(tuple(_agreement(*pair) for pair in listed), members, now)


def source(item: Held) -> Source:
    """Say what the wallet knows of a certificate; its holder can prove possession whenever asked."""
    return recognition.source_from(
        item.facts,
        verdict=_VERDICTS[item.status.kind],
        anchored=item.receipt is not None,
        possession=True,
        complete=item.complete,
    )


def recognised(item: Held, found: Situation, *, account: Account | None = None) -> tuple[Evaluation, ...]:
    """Say which agreements accept a certificate, and what follows for it.

    Args:
        item: The certificate.
        found: The situation.
        account: The learner's college, programme and earlier conversions; without it credit is conditional.
    """
    return recognition.recognise(
        source(item),
        found.agreements,
        members=found.members.keys(),
        at=found.at,
        account=account,
        names=found.names,
    )


def _agreement(record: AgreementRecord, document: dict[str, Any]) -> Agreement:
    return Agreement(
        document=document,
        started=datetime.fromtimestamp(record.started, UTC),
        ended=None if record.ended is None else datetime.fromtimestamp(record.ended, UTC),
        signed=record.parties,
    )
