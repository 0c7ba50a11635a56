"""What pages show of an agreement: its words, what issuers counted for the voters, its versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from issuer.agreements import texts
from issuer.agreements.listing import Item
from issuer.agreements.parties import Directory
from issuer.ledger_client import client_of
from issuer.parts import Parts
from ledger.dry_runs import DryRun
from ledger.errors import LedgerError
from ledger.proposals import AgreementHistory
from vc import recognition
from vc.recognition import Description


@dataclass(frozen=True)
class Version:
    """One version in the list of an agreement's versions: here, on the ledger, or both."""

    number: int
    digest: bytes
    current: bool
    started: int | None
    ended: int | None
    proposal: bytes | None


def describe(document: Mapping[str, Any], who: Directory) -> Description:
    """Return the agreement in words, exactly as it is evaluated: what parties sign and members vote on."""
    return recognition.describe(document, names=who.names)


def dry_runs_of(parts: Parts, digest: bytes, *, now: int) -> list[DryRun]:
    """Return what issuers counted for the voters on a text, each signature checked.

    A silent ledger gives none.

    Args:
        parts: The collaborators.
        digest: The text's digest, as a proposal of ``agreement.start`` or ``agreement.amend`` names it.
        now: Seconds since 1970.
    """
    try:
        return client_of(parts).dry_runs(digest, now=now)
    except LedgerError:
        return []


def history(parts: Parts, agreement_id: str, *, now: int) -> AgreementHistory | None:
    """Return how an agreement came about, proved; None: never in force, or the ledger is silent."""
    try:
        return client_of(parts).agreement_history(agreement_id, now=now)
    except LedgerError:
        return None


def versions(db: Database, told: AgreementHistory | None, item: Item) -> list[Version]:
    """Return the versions of an agreement that this service or the ledger knows, the newest first."""
    known: dict[bytes, Version] = {}
    for text in texts.listing(db):
        if text.agreement_id == item.agreement_id and text.state != "unconfirmed":
            known[text.digest] = Version(
                text.version, text.digest, text.digest == item.digest, None, None, text.proposal
            )
    for each in () if told is None else told.versions:
        record = each.record
        known[record.digest] = Version(
            record.version,
            record.digest,
            record.digest == item.digest,
            record.started,
            record.ended,
            None if each.proposal is None else each.proposal.id,
        )
    return sorted(known.values(), key=lambda version: version.number, reverse=True)
