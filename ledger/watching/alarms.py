"""Alarms, and the evidence behind them: taken from whoever brings it, once it checks.

Spec: LEDGER.md, section 4.7.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from crypto.keys import PublicKey
from ledger.core.reading import Reader
from ledger.engines import Engine
from ledger.proof import epochs, evidence
from ledger.proof.bundle import Signer
from ledger.proof.evidence import Contradiction, Evidence, EvidenceError, SignedTree
from ledger.watching.store import Alarm, WatchStore

logger = logging.getLogger(__name__)

EQUIVOCATION = "equivocation"
TWO_HISTORIES = "two-histories"


class Alarms:
    """Checks evidence against the log's own epochs, keeps it, and raises alarms."""

    def __init__(self, engine: Engine, store: WatchStore, *, clock: Callable[[], int]) -> None:
        """Keep the collaborators."""
        self._engine = engine
        self._store = store
        self._clock = clock
        # The signers of all epochs up to one, found once; the lock covers both.
        self._lock = threading.Lock()
        self._epoch = 0
        self._ever: dict[tuple[str, bytes], Signer] = {}

    def ever_signed(self, reader: Reader) -> list[Signer]:
        """Return everybody who ever was a signer, each with each receipt key."""
        present = epochs.current_epoch(reader)
        with self._lock:
            for number in range(self._epoch + 1, present + 1):
                for signer in epochs.epoch_of(reader, number):
                    self._ever[signer.member, evidence.thumbprint(signer)] = signer
            self._epoch = max(self._epoch, present)
            return [self._ever[name] for name in sorted(self._ever)]

    def check(self, found: Evidence) -> Contradiction:
        """Check evidence by the signers of this log.

        Raises:
            EvidenceError: It shows nothing.
        """
        with self._engine.reader() as reader:
            self.ever_signed(reader)
        return evidence.verify(found, known=self._was_signer, chain_id=self._engine.chain_id)

    def take(self, data: bytes) -> tuple[Evidence, bool]:
        """Take evidence that somebody brings; return it, and whether it is new and was kept.

        Raises:
            EvidenceError: It shows nothing, or is not in its one form.
        """
        found = Evidence.decode(data)
        if found.encode() != data:
            raise EvidenceError("the evidence is not in its one form")
        shown = self.check(found)
        about = self._accused(found, shown)
        kept = self._store.put_evidence(found.digest, data, about=about, received=self._clock())
        members = " ".join(about)
        if kept or self._store.is_raised(EQUIVOCATION, members):
            self._raise(EQUIVOCATION, members, _sentence(shown), evidence=found.digest if kept else None)
        return found, kept

    def _accused(self, found: Evidence, shown: Contradiction) -> tuple[str, ...]:
        """Return whom evidence is about: who signed both, else who signed what is not in our log."""
        if shown.double_signers:
            return shown.double_signers
        with self._engine.reader() as reader:
            ours = [_is_ours(reader, tree) for tree in (found.first, found.second)]
        if ours == [True, False]:
            return shown.second_signers
        return shown.first_signers if ours == [False, True] else shown.signers

    def two_histories(self, member: str, *, size: int) -> None:
        """Raise the alarm that a member's node shows another history."""
        detail = f"the node shows a log of {size} entries that is not one with ours"
        self._raise(TWO_HISTORIES, member, detail)

    def agrees(self, member: str) -> None:
        """Take the alarm back: the member's node shows our history again."""
        self._store.end_alarm(TWO_HISTORIES, member)

    def _raise(self, kind: str, members: str, detail: str, *, evidence: bytes | None = None) -> None:
        now = self._clock()
        alarm = Alarm(kind, members, members, now, now, detail, evidence)
        if self._store.raise_alarm(alarm):
            logger.error("alarm raised kind=%s members=%s detail=%s", kind, members, detail)

    def _was_signer(self, member: str, key: PublicKey) -> bool:
        with self._lock:
            return (member, key.thumbprint) in self._ever


def _is_ours(reader: Reader, tree: SignedTree) -> bool:
    size = tree.inclusion.size
    return size <= reader.head().size and reader.root(size) == tree.root


def _sentence(shown: Contradiction) -> str:
    sizes = f"{shown.first.size} and {shown.second.size} entries"
    if shown.double_signers:
        return f"signed two histories, of {sizes}"
    return f"signed another history than others did, of {sizes}"
