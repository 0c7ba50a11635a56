"""The registry as typed records: what a state value means, and under which key it lies.

The state of the ledger is a map from CBOR keys to CBOR values (the table stands in ``ledger.core``). Proofs
carry both as bytes. Here are the builders of the keys, and one frozen dataclass per kind of value, read from
what was proved. Nothing here proves anything: see ``ledger.proof`` for that, and ``ledger.client`` for
fetching.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crypto.errors import PROBLEM_TYPES, CryptoError
from crypto.keys import PublicKey
from ledger.errors import LedgerError

StateKey = tuple[str | int | bytes, ...]
"""A key of the state, as the array whose deterministic CBOR is stored."""

SUBMISSION = "submission"
GOVERNANCE = "governance"


class RecordError(LedgerError):
    """A state value is not of the shape that this program knows: the ledger's rules are newer."""

    code = "LEDGER_RECORD_UNKNOWN"
    type = PROBLEM_TYPES + "LEDGER_RECORD_UNKNOWN"
    title = "The ledger's registry holds a record of an unknown kind"


def member_key(did: str) -> StateKey:
    """Return the key of a member's record."""
    return ("member", did)


def members_key() -> StateKey:
    """Return the key of the sorted list of members."""
    return ("members",)


def issuer_key(did: str) -> StateKey:
    """Return the key of an issuer's record."""
    return ("issuer", did)


def number_key(number: int) -> StateKey:
    """Return the key that names the issuer of a number (the first group of a printed code)."""
    return ("number", number)


def grant_key(accreditor: str, issuer: str, credential_type: str) -> StateKey:
    """Return the key of a grant; a grant by vote has the chain id for its accreditor."""
    return ("grant", accreditor, issuer, credential_type)


def grants_key(issuer: str) -> StateKey:
    """Return the key of the list of [accreditor, type] of every grant that an issuer ever had."""
    return ("grants", issuer)


def status_key(issuer: str, url: str) -> StateKey:
    """Return the key of the current version of what ``issuer`` publishes at ``url``.

    Args:
        issuer: The issuer's DID.
        url: The exact URL of a status list, of its notices or of a store's index.
    """
    return ("status", issuer, hashlib.sha256(url.encode()).digest())


def wallet_key(tag: str) -> StateKey:
    """Return the key of a wallet by its four-character registry tag."""
    return ("wallet", tag)


def agreement_key(agreement_id: str, version: int | None = None) -> StateKey:
    """Return the key of the version of an agreement that started last, or of a given version."""
    return ("agreement", agreement_id) if version is None else ("agreement", agreement_id, version)


def proposal_key(proposal_id: bytes) -> StateKey:
    """Return the key of a proposal."""
    return ("proposal", proposal_id)


def open_key() -> StateKey:
    """Return the key of the list of proposals that may be voted on."""
    return ("open",)


def due_key() -> StateKey:
    """Return the key of the list of [due, index, id] of enacted proposals whose effect is still to come."""
    return ("due",)


def validator_key(did: str) -> StateKey:
    """Return the key of the COSE_Key by which a signer's node takes part in the consensus."""
    return ("validator", did)


def endpoint_key(did: str) -> StateKey:
    """Return the key of the URLs of a member's node, mirror and receipts."""
    return ("endpoint", did)


def schema_key(schema_id: str) -> StateKey:
    """Return the key of a schema's digest, by the URL that is its id."""
    return ("schema", schema_id)


def params_key() -> StateKey:
    """Return the key of the parameters that the members voted; absent while the genesis' hold."""
    return ("params",)


def upgrade_key() -> StateKey:
    """Return the key of the newest decided version of the rules; absent while it is the first."""
    return ("upgrade",)


def signers_key() -> StateKey:
    """Return the key of the sorted list of signers."""
    return ("signers",)


def seq_key(did: str, role: str) -> StateKey:
    """Return the key of the last sequence number used by a DID in a role."""
    return ("seq", did, role)


def signing_key_key(kid: bytes) -> StateKey:
    """Return the key that names the owner and role of a registered signing key."""
    return ("key", kid)


@dataclass(frozen=True)
class Interval:
    """A span of time in integer seconds: ``start <= t < end``, without end while ``end`` is None."""

    start: int
    end: int | None

    def __contains__(self, at: int) -> bool:
        """Return whether the second ``at`` lies inside."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True)
class IssuerRecord:
    """What the consortium knows of an issuer.

    Attributes:
        did: The issuer's DID.
        number: Its number, the first group of its printed codes.
        document_digest: SHA-256 of the DID document's bytes, the only ones that count.
        submission_key: The key that signs its anchors and status statements.
        governance_key: The key that signs its own changes and, for a member, its votes.
        names: Its names by language, ``zh`` and ``en``.
        claims_url: Base URL of the issuer itself (claims, OpenID4VCI).
        store_url: Base URL of its form store and DID documents.
        lists_url: Base URL of its status lists.
        since: Block time of its registration, seconds.
        suspensions: Intervals in which it was suspended.
        compromised: Intervals in which its key may have been in other hands.
        closed_at: Since when it is closed, or None.
    """

    did: str
    number: int
    document_digest: bytes
    submission_key: PublicKey
    governance_key: PublicKey
    names: Mapping[str, str]
    claims_url: str
    store_url: str
    lists_url: str
    since: int = 0
    suspensions: tuple[Interval, ...] = ()
    compromised: tuple[Interval, ...] = ()
    closed_at: int | None = None

    def suspended(self, at: int) -> bool:
        """Return whether the issuer was suspended at the second ``at``."""
        return any(at in interval for interval in self.suspensions)

    def key_compromised(self, at: int) -> bool:
        """Return whether its key may have been in other hands at the second ``at``."""
        return any(at in interval for interval in self.compromised)

    def closed(self, at: int) -> bool:
        """Return whether the issuer was closed at the second ``at``."""
        return self.closed_at is not None and at >= self.closed_at

    @classmethod
    def from_value(cls, did: str, value: Any) -> IssuerRecord:
        """Read the value that lies under ``issuer_key(did)``.

        Raises:
            RecordError: It has another shape.
        """
        try:
            return cls(
                did=did,
                number=value["number"],
                document_digest=value["document"],
                submission_key=PublicKey.from_cose_key(value["submission"]),
                governance_key=PublicKey.from_cose_key(value["governance"]),
                names=dict(value["names"]),
                claims_url=value["urls"]["claims"],
                store_url=value["urls"]["store"],
                lists_url=value["urls"]["lists"],
                since=value["since"],
                suspensions=tuple(Interval(*pair) for pair in value["suspensions"]),
                compromised=tuple(Interval(*pair) for pair in value["compromised"]),
                closed_at=value["closed"],
            )
        except _SHAPE_ERRORS as error:
            raise RecordError("an issuer's record has another shape") from error


@dataclass(frozen=True)
class MemberRecord:
    """A member of the consortium.

    Attributes:
        did: The member's DID.
        names: Its names by language, ``zh`` and ``en``.
        credit_code: The organisation's unified social credit code.
        roles: What it does in the consortium.
        types: The credential types that it may grant to issuers.
        governance_key: The key that signs its proposals and votes.
        submission_key: Its submission key, if it has one.
        receipt_key: The key of its node, if it runs one.
        since: Block time of its admission, seconds.
    """

    did: str
    names: Mapping[str, str]
    credit_code: str
    roles: tuple[str, ...]
    types: tuple[str, ...]
    governance_key: PublicKey
    submission_key: PublicKey | None
    receipt_key: PublicKey | None
    since: int

    @classmethod
    def from_value(cls, did: str, value: Any) -> MemberRecord:
        """Read the value that lies under ``member_key(did)``.

        Raises:
            RecordError: It has another shape.
        """
        try:
            return cls(
                did=did,
                names=dict(value["names"]),
                credit_code=value["code"],
                roles=tuple(value["roles"]),
                types=tuple(value["types"]),
                governance_key=PublicKey.from_cose_key(value["governance"]),
                submission_key=_optional_key(value["submission"]),
                receipt_key=_optional_key(value["receipt"]),
                since=value["since"],
            )
        except _SHAPE_ERRORS as error:
            raise RecordError("a member's record has another shape") from error


@dataclass(frozen=True)
class Grant:
    """The right of an issuer to issue one type: in force while ``start <= t < end``."""

    accreditor: str
    issuer: str
    credential_type: str
    start: int
    end: int | None

    def in_force(self, at: int) -> bool:
        """Return whether the grant covers the second ``at``."""
        return at in Interval(self.start, self.end)

    @classmethod
    def from_value(cls, accreditor: str, issuer: str, credential_type: str, value: Any) -> Grant:
        """Read the value that lies under ``grant_key(accreditor, issuer, credential_type)``.

        Raises:
            RecordError: It has another shape.
        """
        try:
            return cls(accreditor, issuer, credential_type, value["from"], value["until"])
        except _SHAPE_ERRORS as error:
            raise RecordError("a grant has another shape") from error


@dataclass(frozen=True)
class StatusRecord:
    """The current version of a status list, of its notices or of a store's index.

    Attributes:
        version: Counts from 1.
        digest: SHA-256 of the exact bytes served.
        valid_from: The document's own start, seconds.
        valid_until: The document's own end, or None for the final list of a closed issuer.
    """

    version: int
    digest: bytes
    valid_from: int
    valid_until: int | None

    @classmethod
    def from_value(cls, value: Any) -> StatusRecord:
        """Read the value that lies under ``status_key(issuer, url)``.

        Raises:
            RecordError: It has another shape.
        """
        try:
            return cls(value["version"], value["digest"], value["from"], value["until"])
        except _SHAPE_ERRORS as error:
            raise RecordError("a status entry has another shape") from error


@dataclass(frozen=True)
class SchemaRecord:
    """A schema that a member named: its id keeps this digest for ever.

    Attributes:
        schema_id: The URL that is its id.
        digest: SHA-256 of its bytes.
        by: DID of the member.
        since: Block time, seconds.
    """

    schema_id: str
    digest: bytes
    by: str
    since: int

    @classmethod
    def from_value(cls, schema_id: str, value: Any) -> SchemaRecord:
        """Read the value that lies under ``schema_key(schema_id)``.

        Raises:
            RecordError: It has another shape.
        """
        try:
            return cls(schema_id, value["digest"], value["by"], value["since"])
        except _SHAPE_ERRORS as error:
            raise RecordError("a schema's record has another shape") from error


@dataclass(frozen=True)
class EndpointRecord:
    """Where a member's services are; each None where it names none.

    Attributes:
        did: The member's DID.
        node: URL of its node.
        mirror: URL of its mirror.
        receipts: URL under which it serves its signatures, where that is not the node.
    """

    did: str
    node: str | None
    mirror: str | None
    receipts: str | None

    @classmethod
    def from_value(cls, did: str, value: Any) -> EndpointRecord:
        """Read the value that lies under ``endpoint_key(did)``.

        Raises:
            RecordError: It has another shape.
        """
        try:
            return cls(did, value["node"], value["mirror"], value["receipts"])
        except _SHAPE_ERRORS as error:
            raise RecordError("a member's endpoints have another shape") from error


@dataclass(frozen=True)
class UpgradeRecord:
    """The newest decided version of the rules: in force from ``height`` on."""

    version: int
    height: int

    @classmethod
    def from_value(cls, value: Any) -> UpgradeRecord:
        """Read the value that lies under ``upgrade_key()``.

        Raises:
            RecordError: It has another shape.
        """
        try:
            return cls(value["version"], value["height"])
        except _SHAPE_ERRORS as error:
            raise RecordError("an upgrade's record has another shape") from error


@dataclass(frozen=True)
class WalletRecord:
    """A wallet service that share links may name."""

    tag: str
    url: str
    key: PublicKey | None

    @classmethod
    def from_value(cls, tag: str, value: Any) -> WalletRecord:
        """Read the value that lies under ``wallet_key(tag)``.

        Raises:
            RecordError: It has another shape.
        """
        try:
            return cls(tag, value["url"], _optional_key(value["key"]))
        except _SHAPE_ERRORS as error:
            raise RecordError("a wallet's record has another shape") from error


@dataclass(frozen=True)
class AgreementRecord:
    """The state of one version of a recognition agreement.

    Attributes:
        agreement_id: Its ``urn:vocred:agreement:…``.
        version: The version that the members put in force.
        digest: SHA-256 of the document's JCS bytes.
        parties: The DIDs that signed, sorted.
        started: Block time of the enactment, seconds.
        ended: Block time at which it ended, or None.
    """

    agreement_id: str
    version: int
    digest: bytes
    parties: tuple[str, ...]
    started: int
    ended: int | None

    def in_force(self, at: int) -> bool:
        """Return whether the members hold it in force at a second; the document has dates of its own."""
        return at in Interval(self.started, self.ended)

    def describes(self, document: Mapping[str, Any]) -> bool:
        """Return whether a document calls itself the agreement, version and parties that were voted on.

        The ledger holds a digest, and a document under it might speak in another agreement's name.
        """
        parties = document.get("parties")
        if not isinstance(parties, list) or not all(isinstance(party, Mapping) for party in parties):
            return False
        named = {str(party.get("id")) for party in parties}
        said = (document.get("id"), document.get("version"), named)
        return said == (self.agreement_id, self.version, set(self.parties))

    @classmethod
    def from_value(cls, agreement_id: str, value: Any) -> AgreementRecord:
        """Read the value that lies under ``agreement_key(agreement_id)`` or that of a version.

        Raises:
            RecordError: It has another shape.
        """
        try:
            return cls(
                agreement_id=agreement_id,
                version=value["version"],
                digest=value["digest"],
                parties=tuple(value["parties"]),
                started=value["started"],
                ended=value["ended"],
            )
        except _SHAPE_ERRORS as error:
            raise RecordError("an agreement's record has another shape") from error


_SHAPE_ERRORS = (CryptoError, KeyError, TypeError, ValueError, AttributeError)


def _optional_key(value: Any) -> PublicKey | None:
    return None if value is None else PublicKey.from_cose_key(value)
