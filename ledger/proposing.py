"""From what people hand over to what a proposal says: the bodies of the actions.

An issuer hands over its registration (``vocred issuer registration --json``), a new member the public half
of its keys (``vocred ledger keygen --json``), a wallet its own. Keys travel as hexadecimal COSE_Keys, each
with the signature by which its holder asked for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from crypto import cbor, jcs
from crypto.errors import PROBLEM_TYPES, CryptoError
from ledger.client import LedgerClient
from ledger.dry_runs import sign_dry_run, verify_dry_run
from ledger.errors import LedgerError
from ledger.registry import endpoint_key, number_key, signers_key
from ledger.statements import AgreementTerms

__all__ = [
    "PartySignature",
    "accredit",
    "admit",
    "agreement_terms",
    "amend_agreement",
    "change_params",
    "close_issuer",
    "end_agreement",
    "end_of_day",
    "free_number",
    "moment",
    "put_issuer",
    "put_schema",
    "put_wallet",
    "remove",
    "rotate_key",
    "rotate_lost_key",
    "set_signer",
    "sign_dry_run",
    "start_agreement",
    "stop_signing",
    "suspend_issuer",
    "upgrade",
    "verify_dry_run",
]

CHINA = timezone(timedelta(hours=8))
"""Dates that people type are days of the consortium's own calendar."""

ROLES = ("governance", "submission", "receipt")
SIGNER_ROLES = ("receipt", "validator")
DOCUMENT = "document"
ROTATED_ROLES = ("submission", "governance", DOCUMENT)


class InputError(LedgerError):
    """What was handed over is not of the form that is asked for."""

    code = "PROPOSAL_INPUT"
    type = PROBLEM_TYPES + "PROPOSAL_INPUT"
    title = "That cannot be proposed"


@dataclass(frozen=True)
class PartySignature:
    """A party's signature under an agreement, as a file hands it over."""

    party: str
    expires: int
    signature: bytes

    def to_json(self) -> dict[str, Any]:
        """Return what the file holds."""
        return {"party": self.party, "expires": self.expires, "signature": self.signature.hex()}

    @classmethod
    def from_json(cls, value: Any) -> PartySignature:
        """Read what ``to_json`` returned, else raise ``InputError``."""
        try:
            return cls(str(value["party"]), int(value["expires"]), bytes.fromhex(value["signature"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError("a file of a signature holds party, expires and signature") from error


def moment(text: str) -> int:
    """Read a date (its first second in China), a time in RFC 3339, or integer seconds.

    Raises:
        InputError: It is none of them.
    """
    if text.isascii() and text.isdigit() and len(text) > len("20260101"):
        return int(text)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text} is neither a date such as 2026-12-31 nor a time") from error
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=CHINA)).timestamp())


def end_of_day(now: int, *, days: int) -> int:
    """Return the last second of the day ``days`` after ``now`` in China: the same all day long."""
    day = datetime.fromtimestamp(now, CHINA).date() + timedelta(days=days + 1)
    return int(datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp()) - 1


def admit(
    keys: Mapping[str, Any],
    *,
    names: Mapping[str, str],
    credit_code: str,
    roles: Sequence[str],
    types: Sequence[str],
) -> list[Any]:
    """Return the action that admits a member.

    Args:
        keys: What ``vocred ledger keygen --json`` printed: did, and per role a key and its possession.
        names: ``zh`` and ``en``.
        credit_code: The organisation's unified social credit code.
        roles: Such as ``college``; ``accreditor`` goes with types.
        types: The types that it may grant.
    """
    member = {
        "did": _text(keys, "did"),
        "names": dict(names),
        "code": credit_code,
        "roles": sorted(set(roles)),
        "types": sorted(set(types)),
        **{role: _key(keys, role) for role in ROLES},
    }
    proofs = _proofs(keys)
    return ["admit", {"member": member, "possession": {role: _hex(proofs, role) for role in ROLES}}]


def remove(did: str) -> list[Any]:
    """Return the action that removes a member, and its node from the signers."""
    return ["remove", {"member": did}]


def set_signer(registration: Mapping[str, Any]) -> list[Any]:
    """Return the action by which a member's node signs, or goes on signing with other keys.

    Args:
        registration: What the member's ``vocred ledger join`` printed: ``did``, and in hexadecimal the
            COSE_Keys ``receipt`` and ``validator`` with their signatures under ``possession``. ``validator``
            may be missing for a member that signs already.

    Raises:
        InputError: There is no receipt key.
    """
    keys = {role: _key(registration, role) for role in SIGNER_ROLES}
    if keys["receipt"] is None:
        raise InputError("a node that signs has a receipt key")
    proofs = _proofs(registration)
    possession = {role: _hex(proofs, role) for role in SIGNER_ROLES}
    return ["signer.set", {"member": _text(registration, "did"), **keys, "possession": possession}]


def stop_signing(did: str) -> list[Any]:
    """Return the action by which a member's node stops signing; it stays a member."""
    possession = dict.fromkeys(SIGNER_ROLES)
    return ["signer.set", {"member": did, **dict.fromkeys(SIGNER_ROLES), "possession": possession}]


def rotate_lost_key(
    new: Mapping[str, Any], *, role: str, did: str | None = None, compromised_since: int | None = None
) -> list[Any]:
    """Return the action that gives somebody another key where its own governance key is lost.

    Args:
        new: What ``rotate_key`` takes.
        role: ``governance``, ``submission`` or ``document``.
        did: Whose; else what ``new`` names.
        compromised_since: Since when the old one may have been in other hands, seconds.

    Raises:
        InputError: The new key, its signature or the digest is missing, or it is another DID's.
    """
    owner = _text(new, "did") if did is None else did
    if new.get("did", owner) != owner:
        raise InputError("the new key is another DID's")
    return [
        "rotate-lost-key",
        {"did": owner, **rotate_key(new, role=role, compromised_since=compromised_since)},
    ]


def rotate_key(new: Mapping[str, Any], *, role: str, compromised_since: int | None = None) -> dict[str, Any]:
    """Return the body of a ``key.rotate`` statement: one's own key or DID document gives way to another.

    Args:
        new: For a key what ``vocred ledger keygen --json`` printed, or for the submission key what
            ``vocred issuer registration --json`` did; for ``document`` the latter.
        role: ``governance``, ``submission`` or ``document``.
        compromised_since: Since when the old one may have been in other hands, seconds.

    Raises:
        InputError: The new key, its signature or the digest is missing, or the role is another.
    """
    value, possession = _rotated(new, role)
    return {"role": role, "value": value, "possession": possession, "compromised_since": compromised_since}


def suspend_issuer(issuer: str, *, start: int, end: int | None) -> list[Any]:
    """Return the action that suspends an issuer, or sets another end to a suspension.

    Args:
        issuer: Its DID.
        start: Since when, seconds; the suspension begins with its effect where that is later. To set another
            end, the suspension's own begin, or any past time while it runs.
        end: The first second that is no longer covered, or None; a past one lifts at once.
    """
    return ["suspend-issuer", {"issuer": issuer, "from": start, "until": end}]


def close_issuer(issuer: str) -> list[Any]:
    """Return the action that closes an issuer for good."""
    return ["close-issuer", {"issuer": issuer}]


def change_params(*, numbers: int) -> list[Any]:
    """Return the action that changes how many issuer numbers each accreditor may give."""
    return ["params", {"numbers": numbers}]


def upgrade(*, app_version: int, height: int) -> list[Any]:
    """Return the action by which the rules are those of a version from a block's height on."""
    return ["upgrade", {"app_version": app_version, "height": height}]


def put_schema(schema_id: str, digest: bytes) -> dict[str, Any]:
    """Return the body of a ``schema.put`` statement: a schema's URL keeps this SHA-256 for ever."""
    return {"id": schema_id, "digest": digest}


def put_issuer(
    registration: Mapping[str, Any],
    *,
    number: int,
    governance: Mapping[int, Any] | None,
    keys: Mapping[str, Any] | None,
) -> list[Any]:
    """Return the action that registers an issuer, or brings its record up to date.

    Args:
        registration: What ``vocred issuer registration --json`` printed.
        number: Its number, the first group of its printed codes.
        governance: Its governance key as the ledger has it, where it is a member.
        keys: Otherwise what ``vocred ledger keygen --json`` printed for it.
    """
    did = _text(registration, "did")
    if governance is None and (keys is None or keys.get("did") != did):
        raise InputError("the issuer is no member: hand over the keys that it made with keygen")
    proofs = _proofs(keys or {})
    names, urls = registration.get("names"), registration.get("urls")
    if not isinstance(names, Mapping) or not isinstance(urls, Mapping):
        raise InputError("a registration holds names and urls")
    body = {
        "did": did,
        "number": number,
        "document": _digest(registration),
        "submission": _key(registration, "submissionKey"),
        "governance": dict(governance) if governance is not None else _key(keys or {}, "governance"),
        "names": {"zh": names.get("zh") or names.get("zh-CN"), "en": names.get("en")},
        "urls": {name: _text(urls, name) for name in ("claims", "store", "lists")},
        "possession": {
            "submission": _hex(registration, "submissionKeyProof"),
            "governance": None if governance is not None else _hex(proofs, "governance"),
        },
    }
    return ["issuer.put", body]


def accredit(issuer: str, *, credential_type: str, start: int, end: int | None) -> list[Any]:
    """Return the action by which the members grant a type to an issuer."""
    return ["accredit", {"issuer": issuer, "type": credential_type, "from": start, "until": end}]


def put_wallet(registration: Mapping[str, Any]) -> list[Any]:
    """Return the action that registers a wallet: {tag, url, key, keyProof}."""
    body = {
        "tag": _text(registration, "tag"),
        "url": _text(registration, "url"),
        "key": _key(registration, "key"),
        "possession": _hex(registration, "keyProof"),
    }
    return ["wallet.put", body]


def agreement_terms(document: Mapping[str, Any], *, chain_id: str, expires: int) -> AgreementTerms:
    """Return what the parties of an agreement sign.

    Args:
        document: The agreement; its ``id``, ``version`` and parties are read, nothing else.
        chain_id: The ledger on which it is to start.
        expires: When the proposal expires, seconds.
    """
    version = document.get("version")
    parties = document.get("parties")
    if type(version) is not int or not isinstance(parties, list):
        raise InputError("an agreement holds id, version and parties")
    return AgreementTerms(
        chain_id=chain_id,
        agreement_id=_text(document, "id"),
        version=version,
        digest=hashlib.sha256(jcs.canonicalize(document)).digest(),
        parties=sorted({_text(party, "id") for party in parties}),
        expires=expires,
    )


def start_agreement(terms: AgreementTerms, signatures: Sequence[PartySignature]) -> list[Any]:
    """Return the action that starts an agreement which every party signed.

    Raises:
        InputError: A party's signature is missing, or it signed for another end of the vote.
    """
    return ["agreement.start", _signed_agreement(terms, signatures)]


def amend_agreement(terms: AgreementTerms, signatures: Sequence[PartySignature]) -> list[Any]:
    """Return the action that puts the next version of an agreement in force; every party signed it.

    Raises:
        InputError: A party's signature is missing, or it signed for another end of the vote.
    """
    return ["agreement.amend", _signed_agreement(terms, signatures)]


def end_agreement(agreement_id: str) -> list[Any]:
    """Return the action that ends an agreement, in all its versions."""
    return ["agreement.end", {"id": agreement_id}]


def _signed_agreement(terms: AgreementTerms, signatures: Sequence[PartySignature]) -> dict[str, Any]:
    by_party = {signature.party: signature for signature in signatures}
    missing = [party for party in terms.parties if party not in by_party]
    if missing:
        raise InputError(f"not signed yet by {', '.join(missing)}")
    if any(by_party[party].expires != terms.expires for party in terms.parties):
        raise InputError("the parties signed for different ends of the vote: sign with the same --expires")
    return {
        "id": terms.agreement_id,
        "version": terms.version,
        "digest": terms.digest,
        "parties": list(terms.parties),
        "signatures": [by_party[party].signature for party in terms.parties],
    }


def free_number(client: LedgerClient, *, did: str, now: int) -> int:
    """Return the issuer's own number, or the smallest that nobody ever had; 0 is left free.

    The listing suggests it, and the ledger itself refuses a number that was given.
    """
    issuers = client.registry().get("issuers", [])
    for issuer in issuers:
        if issuer.get("did") == did:
            return int(issuer["number"])
    used = {issuer.get("number") for issuer in issuers}
    number = next(number for number in range(1, len(used) + 2) if number not in used)
    snapshot, _ = client.snapshot([number_key(number)], now=now)
    if snapshot.issuer_by_number(number) is not None:
        raise InputError(f"the number {number} is taken: name another one with --number")
    return number


def unannounced(client: LedgerClient, did: str, *, now: int) -> list[str]:
    """Return which signers, with the one to come, have not said where their node is.

    From the second signer on nobody gets a quorum of signatures from nodes that nobody can find.
    """
    snapshot, _ = client.snapshot([signers_key()], now=now, max_age=0)
    signers = sorted({did, *snapshot.value(signers_key())})
    snapshot, _ = client.snapshot([endpoint_key(signer) for signer in signers], now=now, max_age=0)
    return [signer for signer in signers if snapshot.value(endpoint_key(signer)) is None]


def _rotated(new: Mapping[str, Any], role: str) -> tuple[Any, bytes | None]:
    """Return the new value of a role and, for a key, its own signature."""
    if role not in ROTATED_ROLES:
        raise InputError(f"{role} is none of {', '.join(ROTATED_ROLES)}")
    if role == DOCUMENT:
        return _digest(new), None
    if role == "submission" and "submissionKey" in new:
        value, possession = _key(new, "submissionKey"), _hex(new, "submissionKeyProof")
    else:
        value, possession = _key(new, role), _hex(_proofs(new), role)
    if value is None or possession is None:
        raise InputError(f"the new {role} key and its own signature are needed")
    return value, possession


def _proofs(keys: Mapping[str, Any]) -> Mapping[str, Any]:
    given = keys.get("possession")
    return given if isinstance(given, Mapping) else {}


def _text(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(found, str) or not found:
        raise InputError(f"{name} is missing")
    return found


def _hex(value: Mapping[str, Any], name: str) -> bytes | None:
    found = value.get(name)
    if found is None:
        return None
    try:
        return bytes.fromhex(found)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} is not hexadecimal") from error


def _key(value: Mapping[str, Any], name: str) -> Any:
    encoded = _hex(value, name)
    try:
        return None if encoded is None else cbor.decode(encoded)
    except CryptoError as error:
        raise InputError(f"{name} is no COSE_Key in hexadecimal") from error


def _digest(registration: Mapping[str, Any]) -> bytes:
    digest = _hex(registration, "documentDigest")
    if digest is None:
        raise InputError("documentDigest is missing")
    return digest
