"""Controller documents (DID documents among them): which key may be used for what, and until when.

bytes -> strict JSON -> id as asked for, methods well-formed and unique -> the method, its controller, its
relationship to the purpose, its period -> the key
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crypto import strict_json
from crypto.errors import CryptoError, LimitError, ParsingError, PrivateKeyExposedError, WeakKeyError
from crypto.keys import PublicKey
from vc import dates, limits
from vc.errors import (
    InvalidDatetimeError,
    InvalidDidDocumentError,
    InvalidDidUrlError,
    KeyRevokedError,
    VerificationMethodError,
    VerificationRelationshipError,
)

RELATIONSHIPS = (
    "authentication",
    "assertionMethod",
    "keyAgreement",
    "capabilityInvocation",
    "capabilityDelegation",
)

_DID_URL = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._%:-]+#[A-Za-z0-9._~:-]+")
_MATERIAL = {"Multikey": "publicKeyMultibase", "JsonWebKey": "publicKeyJwk"}
_SECRETS = ("secretKeyMultibase", "secretKeyJwk", "privateKeyMultibase", "privateKeyJwk", "privateKeyBase58")


def parse(data: bytes, *, did: str) -> dict[str, Any]:
    """Read a controller document.

    Args:
        data: JSON text.
        did: The identifier that was asked for.

    Returns:
        The document, checked.

    Raises:
        InvalidDidDocumentError: Not JSON as we accept it, another identifier's, or it contradicts itself.
        LimitError: Larger than any honest document.
        PrivateKeyExposedError: It holds a secret key.

    Spec: Controlled Identifiers 1.0, section 3.3, steps 4 to 6.
    """
    try:
        document = strict_json.parse(data, max_bytes=limits.CONTROLLER_DOCUMENT_BYTES)
    except ParsingError as error:
        raise InvalidDidDocumentError("the controller document is not acceptable JSON") from error
    check(document, did=did)
    return document  # type: ignore[no-any-return]  # check has refused everything but an object


def check(document: Any, *, did: str) -> None:
    """Check a controller document that is already a value.

    Raises:
        InvalidDidDocumentError, LimitError, PrivateKeyExposedError: See ``parse``.
    """
    if not isinstance(document, dict) or document.get("id") != did:
        raise InvalidDidDocumentError("the document is not that of the identifier asked for")
    methods = _all_methods(document)
    if len(methods) > limits.VERIFICATION_METHODS:
        raise LimitError(f"a controller document may list {limits.VERIFICATION_METHODS} keys")
    for method in methods:
        _check_method(method)
    if len({method["id"] for method in methods}) != len(methods):
        raise InvalidDidDocumentError("two verification methods have the same id")


def verification_key(
    document: Mapping[str, Any], verification_method: str, *, purpose: str, at: datetime
) -> PublicKey:
    """Find the key of a verification method, if it may be used for a purpose at a time.

    Args:
        document: The controller's document.
        verification_method: The DID URL that a proof names.
        purpose: The proof's purpose, which is a verification relationship.
        at: The time that counts, aware: the anchoring of what was signed, or now.

    Returns:
        The key.

    Raises:
        InvalidDidUrlError: The verification method is no DID URL with a fragment.
        InvalidDidDocumentError, LimitError, PrivateKeyExposedError: See ``check``.
        VerificationMethodError: The document lists no such method, or as somebody else's.
        VerificationRelationshipError: The document does not list it for this purpose.
        KeyRevokedError: It had expired or was revoked at that time.
        WeakKeyError: The key is weak or no point of its curve.

    Spec: Controlled Identifiers 1.0, section 3.3.
    """
    if not isinstance(verification_method, str) or not _DID_URL.fullmatch(verification_method):
        raise InvalidDidUrlError("the verification method is no DID URL with a fragment")
    controller = verification_method.partition("#")[0]
    if document.get("id") != controller:
        raise VerificationMethodError("the verification method belongs to another controller's document")
    check(document, did=controller)
    method = _find(document, verification_method)
    if method["controller"] != controller:
        raise VerificationMethodError("the verification method is controlled by somebody else")
    if purpose not in RELATIONSHIPS or not _is_listed(document, verification_method, purpose):
        raise VerificationRelationshipError("the key may not be used for this purpose")
    _check_period(method, at)
    return _key(method)


def _entries(document: Mapping[str, Any], name: str) -> list[Any]:
    entries = document.get(name, [])
    if not isinstance(entries, list):
        raise InvalidDidDocumentError(f"{name} is not an array")
    return entries


def _all_methods(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the methods that are written out, in their own array or inside a relationship."""
    methods = list(_entries(document, "verificationMethod"))
    for relationship in RELATIONSHIPS:
        for entry in _entries(document, relationship):
            if isinstance(entry, dict):
                methods.append(entry)
            elif not isinstance(entry, str):
                raise InvalidDidDocumentError(f"{relationship} holds neither a method nor a reference to one")
    if not all(isinstance(method, dict) for method in methods):
        raise InvalidDidDocumentError("a verification method is not an object")
    return methods


def _check_method(method: Mapping[str, Any]) -> None:
    if any(secret in method for secret in _SECRETS):
        raise PrivateKeyExposedError("a verification method holds a secret key")
    for name in ("id", "type", "controller"):
        if not isinstance(method.get(name), str):
            raise InvalidDidDocumentError(f"a verification method lacks its {name}")
    jwk = method.get("publicKeyJwk")
    if isinstance(jwk, dict) and "d" in jwk:
        raise PrivateKeyExposedError("a verification method holds a secret key")
    if all(material in method for material in _MATERIAL.values()):
        raise InvalidDidDocumentError("a verification method gives its key twice")


def _find(document: Mapping[str, Any], verification_method: str) -> Mapping[str, Any]:
    for method in _all_methods(document):
        if method["id"] == verification_method:
            return method
    raise VerificationMethodError("the document lists no such verification method")


def _is_listed(document: Mapping[str, Any], verification_method: str, purpose: str) -> bool:
    return any(
        (entry if isinstance(entry, str) else entry["id"]) == verification_method
        for entry in _entries(document, purpose)
    )


def _check_period(method: Mapping[str, Any], at: datetime) -> None:
    for name in ("expires", "revoked"):
        if name in method:
            try:
                end = dates.parse(method[name])
            except InvalidDatetimeError as error:
                raise InvalidDidDocumentError(f"a verification method's {name} is malformed") from error
            if at >= end:
                raise KeyRevokedError(f"the key was not in force at that time ({name})")


def _key(method: Mapping[str, Any]) -> PublicKey:
    material = _MATERIAL.get(method["type"])
    if material is None or material not in method:
        raise VerificationMethodError("the verification method is of a type that is not understood")
    try:
        if material == "publicKeyJwk":
            return PublicKey.from_jwk(method[material])
        return PublicKey.from_multibase(method[material])
    except (WeakKeyError, PrivateKeyExposedError):
        raise
    except CryptoError as error:
        raise VerificationMethodError("the verification method's key is malformed") from error
