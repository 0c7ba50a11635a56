"""What a credential has to pass before the wallet keeps it.

1. it is a document that the strict profile takes, and has the form of its type;
2. its type is the one that was offered;
3. its issuer is in the registry, receives claims where this one was claimed, and may issue the type now;
4. its proof verifies under a key of the DID document whose digest the registry holds;
5. it is bound to the key that this wallet proved, and to no other;
6. it is valid now;
7. it is not revoked, by the list that the ledger names.

What fails is refused for good; what could not be looked at (a silent ledger, a list out of reach) is
refused for now. Nothing that the document names is fetched before its proof has verified, but what the
registry vouches for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crypto.errors import CryptoError
from crypto.keys import PublicKey
from schemas.catalogue import CATALOGUE
from vc import credentials, data_integrity, dates, did_key, documents, structure
from vc.errors import VcError
from wallet import issuers, statuses
from wallet.errors import CredentialRejectedError, UnknownIssuerError
from wallet.issuers import KnownIssuer
from wallet.parts import Parts
from wallet.statuses import Standing

CLOCK_SKEW = timedelta(seconds=120)


@dataclass(frozen=True)
class Expected:
    """What was offered, and what the wallet proved.

    Attributes:
        credential_issuer: The credential issuer identifier that the claim went to.
        types: The members of ``type`` that were offered.
        key: The public key whose possession the wallet proved.
    """

    credential_issuer: str
    types: tuple[str, ...]
    key: PublicKey


def check_before_storing(
    credential: dict[str, Any], *, expected: Expected, parts: Parts, now: datetime
) -> Standing:
    """Check that a received credential may be kept.

    Args:
        credential: What the issuer sent.
        expected: What it has to be.
        parts: The collaborators.
        now: The time.

    Returns:
        What its status list says, which is that it is good.

    Raises:
        CredentialRejectedError: It is not what it should be; it must not be kept.
        CannotCheckError: It could not be checked now; nothing is known against it.

    Spec: OpenID4VCI 1.0, section 13; ARCHITECTURE.md, "Time, accreditation, status".
    """
    _check("structure", "it is not a certificate as its type has to be", lambda: _check_form(credential))
    _check_types(credential, expected)
    issuer_id = credentials.issuer_id(credential)
    known = _known_issuer(issuer_id, credential, expected=expected, parts=parts, now=now)
    resolve = issuers.KeyRing(issuer_id, issuers.fetch_document(known.record, parts=parts, now=now), now=now)
    _check(
        "signature",
        "its signature is not the issuer's, or it was changed",
        lambda: data_integrity.verify(credential, resolve=resolve, purpose="assertionMethod", now=now),
    )
    _check_binding(credential, expected)
    _check("period", "it is not valid at this time", lambda: _check_period(credential, now=now))
    standing = statuses.check(
        credential, issuer_id=issuer_id, resolve=resolve, snapshot=known.snapshot, parts=parts, now=now
    )
    if standing.revoked:
        raise CredentialRejectedError("revoked", "it was revoked already")
    return standing


def _check_form(credential: dict[str, Any]) -> None:
    documents.check(credential)
    structure.validate(credential)


def _check_types(credential: dict[str, Any], expected: Expected) -> None:
    if set(credential.get("type", ())) != set(expected.types):
        raise CredentialRejectedError("type", "it is not of the type that was offered")


def _known_issuer(
    issuer_id: str, credential: dict[str, Any], *, expected: Expected, parts: Parts, now: datetime
) -> KnownIssuer:
    also = statuses.keys(credential, issuer_id=issuer_id)
    try:
        known = issuers.by_did(issuer_id, parts=parts, now=now, also=also)
    except UnknownIssuerError as error:
        raise CredentialRejectedError("issuer", "the consortium does not know who issued it") from error
    if known.record.claims_url != expected.credential_issuer:
        raise CredentialRejectedError("issuer", "it was issued by another body than the one that offered it")
    if not known.may_issue(credentials.credential_type(credential)):
        raise CredentialRejectedError(
            "accreditation", "the consortium does not recognise this body for such certificates"
        )
    return known


def _check_binding(credential: dict[str, Any], expected: Expected) -> None:
    if not CATALOGUE[credentials.credential_type(credential)].bindable:
        # An evaluation speaks of a certificate and not of a person: there is no key in it to compare.
        return
    subject = credential.get("credentialSubject")
    if not isinstance(subject, dict) or subject.get("id") != did_key.did(expected.key):
        raise CredentialRejectedError("binding", "it is bound to a key that is not this wallet's")


def _check_period(credential: dict[str, Any], *, now: datetime) -> None:
    if dates.parse(credential["validFrom"]) > now + CLOCK_SKEW:
        raise CredentialRejectedError("period", "it is not valid yet")
    if "validUntil" in credential and dates.parse(credential["validUntil"]) < now:
        raise CredentialRejectedError("period", "it is no longer valid")


def _check(reason: str, sentence: str, run: Callable[[], object]) -> None:
    """Run a check of the credential core, and say what its refusal means for the holder."""
    try:
        run()
    except (VcError, CryptoError) as error:
        raise CredentialRejectedError(reason, sentence) from error
