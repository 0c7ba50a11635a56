"""Endorsements: a second body's signature inside a credential, over what the credential says.

    "endorsement": [{"@context": […], "type": ["VerifiableCredential", "EndorsementCredential"],
                     "issuer": the co-signer, "credentialSubject": {"id": the credential's id, …},
                     "relatedResource": [{"id": "<the credential's id>#endorsed", "digestMultibase": "uEi…"}],
                     "credentialStatus": in the co-signer's own list, "proof": [the co-signer's own]}]

An endorsement is a credential of its own and is verified as one, apart from the document around it. What it
covers is the subject without ``id`` and ``identifier``, so the same endorsement stands in every form of a
record. Who has to co-sign is named in the subject itself, and so lies under the endorsement too.

Here is everything that needs neither network nor registry: build, digest, content, proof. Whose key it is,
and whether the endorsement was withdrawn, the caller finds out.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crypto import jcs
from crypto.multibase import base64url_encode
from schemas.building import Institution
from vc import credentials, data_integrity, dates, documents, limits, status, structure
from vc.data_integrity import Resolve, VerifiedProof
from vc.errors import (
    EndorsementError,
    EndorsementMismatchError,
    EndorserError,
    InvalidDatetimeError,
    StatusError,
    VerificationMethodError,
)

TYPES = ("VerifiableCredential", "EndorsementCredential")
SUBJECT_TYPES = ("EndorsementSubject",)
SCHEMA = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_endorsementcredential_schema.json"
NAME = "企业会签"
PURPOSE = "assertionMethod"

MOST_COMMENT_CHARS = 500

COUNTERSIGNED_TYPES = frozenset({"ApprenticeshipRecord"})
"""Types of which every credential has to be co-signed by the enterprise that it names."""

COUNTERSIGNED_TRAINING = frozenset({"企业实践"})
"""Kinds of a teacher's training for which the same holds."""

# Everything that an endorsement may say. What is not here could be read as a claim of its own.
_MEMBERS = frozenset(
    {
        "@context",
        "id",
        "type",
        "name",
        "issuer",
        "validFrom",
        "validUntil",
        "credentialSubject",
        "relatedResource",
        "credentialStatus",
        "credentialSchema",
        "proof",
    }
)
_NOT_COVERED = frozenset({"id", "identifier"})
_SHA256_MULTIHASH = b"\x12\x20"


def endorsed_digest(credential_subject: Mapping[str, Any]) -> str:
    """Return the digest of what an endorsement covers.

    Args:
        credential_subject: The subject of any form of the record.

    Returns:
        ``digestMultibase``: SHA-256 over the JCS form of the subject without ``id`` and ``identifier``, as a
        multihash in base64url (``uEi…``).

    Spec: CREDENTIALS.md, section 5.
    """
    covered = {name: value for name, value in credential_subject.items() if name not in _NOT_COVERED}
    return "u" + base64url_encode(_SHA256_MULTIHASH + jcs.digest(covered))


def build(
    *,
    endorser: Institution,
    endorsement_id: str,
    credential_id: str,
    subject: Mapping[str, Any],
    comment: str,
    status_entry: Mapping[str, Any],
    valid_from: datetime,
) -> dict[str, Any]:
    """Make an unsigned endorsement of what a credential says.

    Args:
        endorser: The body that co-signs.
        endorsement_id: A fresh ``urn:uuid:…``.
        credential_id: The endorsed record's ``urn:uuid:…``, the same in every form of it.
        subject: The credential's subject.
        comment: What the co-signer says in words, at most 500 characters.
        status_entry: The endorsement's own place on the co-signer's list.
        valid_from: Since when it holds, aware.

    Raises:
        EndorsementError: The comment is empty or too long.
    """
    if not 0 < len(comment.strip()) <= MOST_COMMENT_CHARS:
        raise EndorsementError(f"an endorsement's comment has 1 to {MOST_COMMENT_CHARS} characters")
    return {
        "@context": list(documents.ENDORSEMENT_CONTEXTS),
        "id": endorsement_id,
        "type": list(TYPES),
        "name": NAME,
        "issuer": _issuer(endorser, subject),
        "validFrom": dates.write(valid_from),
        "credentialSubject": {
            "id": credential_id,
            "type": list(SUBJECT_TYPES),
            "endorsementComment": comment.strip(),
        },
        "relatedResource": [{"id": _resource(credential_id), "digestMultibase": endorsed_digest(subject)}],
        "credentialStatus": dict(status_entry),
        "credentialSchema": [{"id": SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}],
    }


def required(credential: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the DIDs of the bodies that have to co-sign a credential, in its own order.

    Returns:
        The DIDs; none where nothing has to be co-signed.

    Raises:
        EndorserError: The list cannot be met: it names the issuer itself, leaves out the enterprise where the
            type is co-signed by it, or is no list of DIDs.

    Spec: CREDENTIALS.md, sections 5 and 6.
    """
    subject = _object(credential.get("credentialSubject"))
    listed = subject.get("requiredEndorser")
    named: list[Any] = [] if listed is None else listed if isinstance(listed, list) else [listed]
    if len(named) > limits.ENDORSEMENTS or not all(_is_did(did) for did in named):
        raise EndorserError(f"requiredEndorser is not a list of at most {limits.ENDORSEMENTS} DIDs")
    if credentials.issuer_id(credential) in named:
        raise EndorserError("a body cannot countersign what it issues itself")
    if is_countersigned(credential) and _object(subject.get("enterprise")).get("id") not in named:
        raise EndorserError("the enterprise is not among those that have to countersign")
    return tuple(dict.fromkeys(named))


def is_countersigned(credential: Mapping[str, Any]) -> bool:
    """Return whether the rules ask for the enterprise's endorsement, whatever the credential itself says."""
    types = credential.get("type")
    kind = _object(credential.get("credentialSubject")).get("trainingKind")
    return any(name in COUNTERSIGNED_TYPES for name in (types if isinstance(types, list) else [])) or (
        isinstance(kind, str) and kind in COUNTERSIGNED_TRAINING
    )


def embedded(credential: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the endorsements that a credential carries; nobody has verified them yet.

    Raises:
        EndorsementError: There are more than anybody would look at, or one is no object.
    """
    member = credential.get("endorsement")
    listed = [] if member is None else member if isinstance(member, list) else [member]
    if len(listed) > limits.ENDORSEMENTS or not all(isinstance(item, Mapping) for item in listed):
        raise EndorsementError(f"endorsement is not a list of at most {limits.ENDORSEMENTS} objects")
    return tuple(listed)


def endorser_id(endorsement: Mapping[str, Any]) -> str:
    """Return the DID that an endorsement names as its issuer, before anybody verified it.

    Raises:
        DocumentError: There is none.
    """
    return credentials.issuer_id(endorsement)


def check_content(endorsement: Mapping[str, Any], credential: Mapping[str, Any]) -> None:
    """Check that an endorsement is one, and that it covers this credential as it stands.

    The digest is computed anew from the credential; what the endorsement says about itself decides nothing.

    Args:
        endorsement: The embedded document.
        credential: The document around it, or a draft of it.

    Raises:
        EndorsementMismatchError: It endorses another record, or other content.
        EndorserError: The body endorses its own credential.
        EndorsementError: It is not shaped as an endorsement.
        DocumentError: It breaks the data model.
    """
    structure.check_credential(endorsement)
    _check_shape(endorsement)
    if endorser_id(endorsement) == credentials.issuer_id(credential):
        raise EndorserError("a body cannot countersign what it issues itself")
    credential_id, subject = credential.get("id"), _object(credential.get("credentialSubject"))
    if not isinstance(credential_id, str) or endorsement["credentialSubject"]["id"] != credential_id:
        raise EndorsementMismatchError("the endorsement is of another record")
    wanted = {"id": _resource(credential_id), "digestMultibase": endorsed_digest(subject)}
    if endorsement["relatedResource"] != [wanted]:
        raise EndorsementMismatchError("the endorsement covers other content than this")


def check_period(endorsement: Mapping[str, Any], *, now: datetime) -> None:
    """Check that an endorsement holds now.

    Raises:
        EndorsementError: It has not begun, or is over.
    """
    try:
        start = dates.parse(endorsement.get("validFrom"))
        end = dates.parse(endorsement["validUntil"]) if "validUntil" in endorsement else None
    except InvalidDatetimeError as error:
        raise EndorsementError("the endorsement's period is malformed") from error
    if start > now + limits.CLOCK_SKEW or (end is not None and now > end):
        raise EndorsementError("the endorsement does not hold at this time")


def verify_proof(
    endorsement: Mapping[str, Any], *, resolve: Resolve, now: datetime
) -> tuple[VerifiedProof, ...]:
    """Verify an endorsement's own proof, as the standalone document that it is.

    Args:
        endorsement: The embedded document.
        resolve: Finds the key of a verification method; asked only for methods of the endorser itself.
        now: The current time, aware.

    Raises:
        VerificationMethodError: It was signed under another body's key.
        ProofError, DocumentError, CryptoError: See ``data_integrity.verify``.
    """
    own = endorser_id(endorsement)

    def own_key(verification_method: str, purpose: str) -> Any:
        if verification_method.partition("#")[0] != own:
            raise VerificationMethodError("the endorsement is signed by another body than it names")
        return resolve(verification_method, purpose)

    return data_integrity.verify(dict(endorsement), resolve=own_key, purpose=PURPOSE, now=now)


def _check_shape(endorsement: Mapping[str, Any]) -> None:
    if endorsement.get("@context") != list(documents.ENDORSEMENT_CONTEXTS):
        raise EndorsementError("the endorsement's @context is not that of endorsements")
    if set(endorsement) - _MEMBERS:
        raise EndorsementError("the endorsement says more than an endorsement does")
    # Exactly these: an employer's evaluation is an endorsement to the standard, and countersigns nothing.
    if endorsement.get("type") != list(TYPES):
        raise EndorsementError("the document is not of the type of endorsements")
    if not isinstance(endorsement.get("id"), str):
        raise EndorsementError("the endorsement has no id of its own")
    if not _is_did(endorser_id(endorsement)):
        raise EndorsementError("the endorsement's issuer is not a DID")
    subject = endorsement.get("credentialSubject")
    if not documents.is_endorsement_subject(subject):
        raise EndorsementError("the endorsement's subject is not that of an endorsement")
    try:
        entries = status.entries(endorsement)
    except StatusError as error:
        raise EndorsementError("the endorsement's status is malformed") from error
    if [entry.purpose for entry in entries] != [status.REVOCATION]:
        raise EndorsementError("an endorsement has one status, so that it can be withdrawn")


def _issuer(endorser: Institution, subject: Mapping[str, Any]) -> str | dict[str, Any]:
    """Return how the endorser is named: in full, unless the subject describes the same DID otherwise.

    One node of a graph must not be described in two ways (``vc.documents``); the DID alone says who it is.
    """
    own = {"id": endorser.did, "type": ["Profile"], "name": endorser.name, "url": endorser.url}
    described = _object(subject.get("enterprise"))
    return own if described.get("id") != endorser.did or dict(described) == own else endorser.did


def _resource(credential_id: str) -> str:
    return f"{credential_id}#endorsed"


def _is_did(value: object) -> bool:
    return isinstance(value, str) and value.startswith("did:") and len(value) <= limits.DID_CHARS


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
