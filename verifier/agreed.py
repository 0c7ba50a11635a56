"""Which agreements may be in force, and what bodies are called, from the ledger or what is remembered."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from crypto import jcs
from ledger.client import LedgerUnavailableError
from ledger.errors import LedgerError
from ledger.proof.verify import Snapshot
from ledger.registry import AgreementRecord, agreement_key, issuer_key, member_key, members_key
from vc import dates, recognition
from vc.recognition import Agreement
from vc.shares import Package
from verifier.errors import EvidenceUnavailableError
from verifier.evidence import Recognitions
from verifier.ledger_word import LedgerWord
from verifier.memory import Memory

logger = logging.getLogger(__name__)

PRESENT = 1
"""Seconds for which issuer, lists and agreements are not asked for again: a revocation is seen at once."""

NAMES_AGE = 60
"""Seconds for which a body's name is not asked for again."""

_LAST_WORD_SECONDS = timedelta(hours=24).total_seconds()


class Agreed:
    """What the members agreed upon, for one verification."""

    def __init__(self, word: LedgerWord, *, memory: Memory, now: int, staples: Package | None) -> None:
        """Keep the collaborators; nothing is asked yet."""
        self._word = word
        self._memory = memory
        self._now = now
        self._staples = staples

    def recognitions(self) -> Recognitions:
        """Return the agreements that may be in force, and the members.

        Raises:
            EvidenceUnavailableError: Neither the ledger nor a staple tells.
        """
        kept = self._memory.recognitions.get("")
        if kept is not None and 0 <= self._now - kept[0] < PRESENT:
            return kept[1]
        try:
            found = self._now_in_force(None if kept is None else kept[1])
        except LedgerUnavailableError as error:
            return self._then_in_force(kept, error)
        except LedgerError as error:
            raise EvidenceUnavailableError("the ledger's answer does not check", code=error.code) from error
        self._memory.recognitions.put("", (self._now, found))
        return found

    def names(self, dids: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """Return what the registry calls bodies; whom nobody tells is left out."""
        if not dids:
            return {}
        try:
            keys = [key for did in dids for key in (member_key(did), issuer_key(did))]
            snapshot, _ = self._word.ask().snapshot(keys, now=self._now, max_age=NAMES_AGE)
            known = {did: snapshot.member(did) or snapshot.issuer(did) for did in dids}
        except LedgerError as error:
            logger.info("names not had code=%s", error.code)
            remembered = {did: self._memory.names.get(did) for did in dids}
            return {did: names for did, names in remembered.items() if names is not None}
        found = {did: record.names for did, record in known.items() if record is not None}
        for did, names in found.items():
            self._memory.names.put(did, names)
        return found

    def _now_in_force(self, kept: Recognitions | None) -> Recognitions:
        ledger = self._word.ask()
        head, _ = ledger.snapshot([members_key()], now=self._now, max_age=PRESENT)
        if kept is not None and kept.checkpoint is not None and kept.checkpoint.root == head.root:
            # The same log: nothing was agreed, amended or ended since, however many agreements there are.
            return replace(kept, checkpoint=head.checkpoint)
        known = ledger.agreements(now=self._now, max_age=PRESENT)
        parties = sorted({party for record, _ in known for party in record.parties})
        members, _ = ledger.snapshot(
            [members_key(), *map(member_key, parties)], now=self._now, max_age=PRESENT
        )
        found = _recognitions(known, members, parties)
        if kept is not None and kept.agreements == found.agreements:
            # Reading and indexing them is what takes long; most of what changes a log is no agreement.
            found = replace(found, agreements=kept.agreements, prepared=kept.prepared)
        else:
            found = replace(found, prepared=recognition.prepare(found.agreements))
        # Kept under the head that was read first: what changed in between is asked for the next time.
        return replace(found, checkpoint=head.checkpoint)

    def _then_in_force(self, kept: tuple[int, Recognitions] | None, error: LedgerError) -> Recognitions:
        if kept is not None and self._now - kept[0] <= _LAST_WORD_SECONDS:
            return kept[1]
        stapled = () if self._staples is None else self._staples.agreements
        ids = sorted({str(document.get("id")) for document in stapled})
        snapshot = self._word.stapled(frozenset([members_key(), *map(agreement_key, ids)]))
        if snapshot is None or self._now - snapshot.time > _LAST_WORD_SECONDS:
            raise EvidenceUnavailableError("the ledger cannot be reached", code=error.code) from error
        records = {record.digest: record for record in map(snapshot.agreement, ids) if record is not None}
        known = [
            (records[digest], dict(document))
            for document in stapled
            if (digest := jcs.digest(dict(document))) in records and records[digest].describes(document)
        ]
        return _recognitions(
            known, snapshot, sorted({party for record, _ in known for party in record.parties})
        )


def _recognitions(
    known: Sequence[tuple[AgreementRecord, Mapping[str, Any]]], snapshot: Snapshot, parties: Sequence[str]
) -> Recognitions:
    names = {}
    for party in parties:
        try:
            member = snapshot.member(party)
        except LedgerError:
            # A staple need not prove the names; the DID stands in for one that it leaves out.
            member = None
        if member is not None:
            names[party] = member.names
    agreements = tuple(
        Agreement(
            document=document,
            started=dates.from_seconds(record.started),
            ended=None if record.ended is None else dates.from_seconds(record.ended),
            signed=record.parties,
        )
        for record, document in known
    )
    return Recognitions(
        agreements=agreements,
        digests={(record.agreement_id, record.version): record.digest for record, _ in known},
        members=snapshot.value(members_key()) or (),
        names=names,
        checkpoint=snapshot.checkpoint,
    )
