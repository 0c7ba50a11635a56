"""What one process remembers between verifications: public things only, each with a bound on its number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger.proof.verify import Snapshot
from ledger.recent import Recent
from ledger.registry import StateKey
from vc.data_integrity import VerifiedProof
from verifier.evidence import Recognitions


@dataclass
class Memory:
    """What one process remembers between verifications: public documents by digest, and the ledger's last
    word.

    Nothing in it names a person; sealed forms and what was typed are never kept.
    """

    documents: Recent[bytes, bytes] = field(default_factory=lambda: Recent(512))
    lists: Recent[str, tuple[int, Mapping[str, Any]]] = field(default_factory=lambda: Recent(128))
    proved_lists: Recent[bytes, tuple[VerifiedProof, ...]] = field(default_factory=lambda: Recent(128))
    stores: Recent[bytes, bytes] = field(default_factory=lambda: Recent(64))
    receipts: Recent[bytes, bytes] = field(default_factory=lambda: Recent(4096))
    snapshots: Recent[frozenset[StateKey], Snapshot] = field(default_factory=lambda: Recent(512))
    recognitions: Recent[str, tuple[int, Recognitions]] = field(default_factory=lambda: Recent(1))
    names: Recent[str, Mapping[str, str]] = field(default_factory=lambda: Recent(512))
    silent_issuers: Recent[str, int] = field(default_factory=lambda: Recent(512))
    """When an issuer's site did not answer last, by its origin."""
