"""Whether the bodies that a record has to be endorsed by have endorsed it: looked at as a verifier looks.

For each of them, in this order: an embedded endorsement by that body, of this very content; the body's
record and the DID document whose digest the registry holds; the endorsement's own proof and period; and its
own place on that body's status list. What fails is no endorsement; what cannot be looked at now is unknown,
and counts for nothing either.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from crypto.errors import CryptoError
from vc import endorsements
from vc.errors import ProofError, VcError
from wallet import issuers, statuses
from wallet.errors import CannotCheckError, UnknownIssuerError
from wallet.issuers import KeyRing
from wallet.parts import Parts

CountersignedKind = Literal["endorsed", "missing", "withdrawn", "unknown"]


@dataclass(frozen=True)
class Countersigned:
    """What became of one endorsement that a record requires.

    Attributes:
        did: Who has to endorse.
        names: Their names in the registry; empty where it could not be asked or does not know them.
        kind: endorsed, missing, withdrawn, or unknown: it could not be checked now.
        day: The day of the endorsement, or None.
    """

    did: str
    names: dict[str, str]
    kind: CountersignedKind
    day: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON, to be sealed."""
        return asdict(self)


def check(credential: dict[str, Any], *, parts: Parts, now: datetime) -> tuple[Countersigned, ...]:
    """Look at every endorsement that a record requires.

    Args:
        credential: The secured form; its own proof was verified when it was received.
        parts: The collaborators.
        now: The time.

    Returns:
        One entry for each body that has to endorse it; none where nobody has to.
    """
    try:
        required = endorsements.required(credential)
        embedded = endorsements.embedded(credential)
    except VcError:
        # A list that nobody can meet: the record stays without its countersignature.
        return (Countersigned("", {}, "missing"),)
    return tuple(_one(did, credential, embedded, parts=parts, now=now) for did in required)


def complete(found: tuple[Countersigned, ...] | None, *, required: bool) -> bool:
    """Tell whether a record has every endorsement that it requires, as far as was found out."""
    if found is None:
        return not required
    return all(item.kind == "endorsed" for item in found)


def _one(
    did: str,
    credential: Mapping[str, Any],
    embedded: tuple[Mapping[str, Any], ...],
    *,
    parts: Parts,
    now: datetime,
) -> Countersigned:
    try:
        names = dict(issuers.by_did(did, parts=parts, now=now).record.names)
    except UnknownIssuerError:
        return Countersigned(did, {}, "missing")
    except CannotCheckError:
        return Countersigned(did, {}, "unknown")
    for endorsement in embedded:
        if _covers(endorsement, credential, did=did):
            kind = _kind(dict(endorsement), did=did, parts=parts, now=now)
            return Countersigned(did, names, kind, str(endorsement["validFrom"])[:10])
    return Countersigned(did, names, "missing")


def _covers(endorsement: Mapping[str, Any], credential: Mapping[str, Any], *, did: str) -> bool:
    try:
        if endorsements.endorser_id(endorsement) != did:
            return False
        endorsements.check_content(endorsement, credential)
    except (VcError, CryptoError):
        return False
    return True


def _kind(endorsement: dict[str, Any], *, did: str, parts: Parts, now: datetime) -> CountersignedKind:
    try:
        known = issuers.by_did(did, parts=parts, now=now, also=statuses.keys(endorsement, issuer_id=did))
        resolve = KeyRing(did, issuers.fetch_document(known.record, parts=parts, now=now), now=now)
        endorsements.verify_proof(endorsement, resolve=resolve, now=now)
        endorsements.check_period(endorsement, now=now)
        standing = statuses.check(
            endorsement, issuer_id=did, resolve=resolve, snapshot=known.snapshot, parts=parts, now=now
        )
    except ProofError:
        return "missing"
    except (CannotCheckError, UnknownIssuerError, VcError, CryptoError):
        return "unknown"
    return "withdrawn" if standing.revoked else "endorsed"
