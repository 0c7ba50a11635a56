"""What a verification rests on, as the steps ask for it.

``Evidence`` is what ``verification.verify`` needs; ``verifier.gathering`` gives it from the ledger, the
network and what travelled with a share. Every method either answers or raises ``EvidenceUnavailableError``:
a missing answer is never a yes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from ledger.proof.checkpoints import Checkpoint
from ledger.proof.verify import Receipt, Snapshot
from ledger.registry import Grant, IssuerRecord, StatusRecord
from vc import dates
from vc.data_integrity import VerifiedProof
from vc.recognition import Agreement, Prepared

Source = Literal["ledger", "remembered", "staple"]


@dataclass(frozen=True)
class Registry:
    """What the registry says of one issuer and its lists, under one checkpoint.

    Attributes:
        issuer_id: The DID that was asked about.
        lists: The URLs whose status records were asked for.
        snapshot: The proved values: the issuer's record and the status records of its lists.
        source: The ledger now; an answer remembered while the ledger is silent; or a staple.
    """

    issuer_id: str
    lists: tuple[str, ...]
    snapshot: Snapshot
    source: Source

    @property
    def record(self) -> IssuerRecord | None:
        """The issuer's current record; None where it is proved that there is none."""
        return self.snapshot.issuer(self.issuer_id)

    @property
    def as_of(self) -> datetime:
        """The checkpoint's time."""
        return dates.from_seconds(self.snapshot.time)

    def status(self, url: str) -> StatusRecord | None:
        """Return the current version of what the issuer publishes at a URL, None where it never did."""
        return self.snapshot.status(self.issuer_id, url)


class ProvedLists(Protocol):
    """Remembers the proofs of lists that verified: thousands of certificates name the same list."""

    def get(self, key: bytes) -> tuple[VerifiedProof, ...] | None:
        """Return the proofs of the list with that JCS digest, or None."""
        ...

    def put(self, key: bytes, value: tuple[VerifiedProof, ...]) -> None:
        """Remember them."""
        ...


@dataclass(frozen=True)
class Candidate:
    """A status list that may answer; nothing about it is checked.

    Attributes:
        document: The list credential.
        served: Where it came from: the issuer just now, a mirror, our own cache, or the share.
        proved: Where its proofs are remembered once they verified; None: nowhere.
        issuer_silent: True where the issuer's own site gave no list when it was asked.
    """

    document: Mapping[str, Any] = field(repr=False)
    served: Literal["issuer", "mirror", "cache", "staple"]
    proved: ProvedLists | None = field(default=None, repr=False, compare=False)
    issuer_silent: bool = False


@dataclass(frozen=True)
class Recognitions:
    """Agreements with their state, and who is a member.

    Attributes:
        agreements: Every version that may be in force, its document's digest compared.
        members: DIDs of the members.
        names: Names of parties by DID and language, from the registry.
        checkpoint: The ledger's head under which all of it was read, or None.
        prepared: The agreements read once and indexed, for many certificates; None: not yet.
        digests: SHA-256 of each agreement's JCS form by id and version, as the ledger holds them; where one
            is missing it is computed.
    """

    agreements: tuple[Agreement, ...]
    members: Collection[str]
    names: Mapping[str, Mapping[str, str]]
    checkpoint: Checkpoint | None = None
    prepared: Prepared | None = field(default=None, repr=False, compare=False)
    digests: Mapping[tuple[str, int], bytes] = field(default_factory=dict, repr=False)


class Evidence(Protocol):
    """Where the steps of a verification get what they rest on."""

    def registry(self, issuer_id: str, *, lists: Sequence[str], fresh: bool = False) -> Registry:
        """Return the issuer's record and the status records of ``lists`` and of their notices.

        ``fresh`` asks for the very present, where an answer some seconds old does not fit what was served.
        """
        ...

    def grants(self, issuer_id: str, credential_type: str) -> tuple[Grant, ...]:
        """Return every grant of that type that the issuer ever had, in force or not."""
        ...

    def receipt(self, form_digest: bytes, *, registry: Registry, credential_type: str) -> Receipt | None:
        """Return the form's checked receipt, or None where there is none; one that does not check is none."""
        ...

    def document(self, digest: bytes, *, registry: Registry) -> bytes:
        """Return the DID document with that SHA-256."""
        ...

    def candidates(self, url: str, *, anchored: StatusRecord) -> Sequence[Candidate]:
        """Return the lists that may answer for ``url``: the anchored version where it can be had."""
        ...

    def notices(self, url: str, *, anchored: StatusRecord) -> bytes | None:
        """Return the notices document with the anchored digest, or None where it cannot be had."""
        ...

    def recognitions(self) -> Recognitions:
        """Return the agreements that may be in force, and the members."""
        ...

    def names(self, dids: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """Return the registry's names of bodies, by DID and language; whom nobody tells is left out."""
        ...
