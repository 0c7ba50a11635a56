"""The rules of the data model: what makes a JSON object a credential or a presentation.

``check_credential`` and ``check_presentation`` are VCDM 2.0, one function per rule, in the order of
CONFORMANCE.md section 1; they hold for everybody's credentials. ``validate`` adds what holds for ours: a
type of the catalogue, and the JSON Schema of that type. That every term is defined, and no protected one
redefined, is found by expansion (``vc.jsonld``).
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from schemas.bundle import schemas
from schemas.catalogue import CATALOGUE
from vc import credentials, dates
from vc.errors import DocumentError, SchemaNotAllowedError, SchemaViolationError

BASE_CONTEXT = "https://www.w3.org/ns/credentials/v2"

# RFC 3986: a scheme, a colon and something behind it, without spaces or characters that no URI holds.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")

_ENVELOPED = {
    "EnvelopedVerifiableCredential": "data:application/vc",
    "EnvelopedVerifiablePresentation": "data:application/vp",
}
_LANGUAGE_MEMBERS = {"@value", "@language", "@direction"}


def validate(credential: Mapping[str, Any]) -> None:
    """Check that a credential is one of ours: the data model's rules, its type, and its type's schema.

    Raises:
        DocumentError: A rule of the data model is broken, or the type is not in the catalogue.
        SchemaNotAllowedError: It does not name our schema of its type.
        SchemaViolationError: The schema refuses it.
    """
    check_credential(credential)
    entry = CATALOGUE[credentials.credential_type(credential)]
    named = {item.get("id") for item in _objects(credential.get("credentialSchema"))}
    if entry.schema_url not in named:
        raise SchemaNotAllowedError(f"credentialSchema does not name {entry.schema_url}")
    check_schema(credential, schema_url=entry.schema_url)


def check_schema(document: Mapping[str, Any], *, schema_url: str) -> None:
    """Check a document against one of our JSON Schemas.

    Raises:
        SchemaViolationError: The first place where it does not fit; its value is not repeated.
        KeyError: We publish no such schema.
    """
    for error in validator(schema_url).iter_errors(document):
        where = "/".join(str(part) for part in error.instance_path)
        rule = "/".join(str(part) for part in error.schema_path)
        raise SchemaViolationError(f"{where or 'the document'} breaks the schema's rule {rule}")


@cache
def validator(schema_url: str) -> jsonschema_rs.Draft202012Validator:
    """Return the compiled validator of one of our schemas; compiling takes longer than many validations.

    Raises:
        KeyError: We publish no such schema.
    """
    known = schemas()
    registry = jsonschema_rs.Registry([(url, dict(document)) for url, document in known.items()])
    return jsonschema_rs.Draft202012Validator(
        dict(known[schema_url]), registry=registry, validate_formats=True, offline=True
    )


def check_credential(credential: Mapping[str, Any]) -> None:
    """Check the rules of the data model for a credential.

    Raises:
        DocumentError: Names the first member that breaks one.

    Spec: VCDM 2.0, section 4.
    """
    if _is_enveloped(credential, "EnvelopedVerifiableCredential"):
        return
    _check_context(credential)
    _check_identifier(credential, "id")
    _check_type(credential, required="VerifiableCredential")
    for member in ("name", "description"):
        _check_language_value(credential, member)
    _check_issuer(credential.get("issuer"))
    _check_subjects(credential.get("credentialSubject"))
    _check_period(credential)
    _check_status(credential)
    _check_schemas(credential)
    for member in ("termsOfUse", "evidence", "refreshService", "proof", "confidenceMethod", "renderMethod"):
        _check_typed(credential, member)
    _check_related_resources(credential)


def check_presentation(presentation: Mapping[str, Any]) -> None:
    """Check the rules of the data model for a presentation and the credentials in it.

    Raises:
        DocumentError: Names the first member that breaks one.

    Spec: VCDM 2.0, section 4.13.
    """
    if _is_enveloped(presentation, "EnvelopedVerifiablePresentation"):
        return
    _check_context(presentation)
    _check_identifier(presentation, "id")
    _check_type(presentation, required="VerifiablePresentation")
    holder = presentation.get("holder")
    if "holder" in presentation:
        _check_party(holder, "holder")
    for member in ("termsOfUse", "proof"):
        _check_typed(presentation, member)
    for credential in _listed(presentation, "verifiableCredential"):
        if not isinstance(credential, Mapping):
            raise DocumentError("verifiableCredential holds something that is not an object")
        check_credential(credential)
        _check_self_asserted(credential, holder)


def _check_context(document: Mapping[str, Any]) -> None:
    # DM-1, DM-2: an array whose first item is the base context; later ones are URLs or objects.
    contexts = document.get("@context")
    if not isinstance(contexts, list) or not contexts or contexts[0] != BASE_CONTEXT:
        raise DocumentError(f"@context is not a list that starts with {BASE_CONTEXT}")
    for context in contexts[1:]:
        if not isinstance(context, Mapping) and not _is_url(context):
            raise DocumentError("@context holds something that is neither a URL nor an object")


def _check_identifier(document: Mapping[str, Any], member: str) -> None:
    # DM-4: optional; if present, one URL.
    if member in document and not _is_url(document[member]):
        raise DocumentError(f"{member} is not one URL")


def _check_type(document: Mapping[str, Any], *, required: str) -> None:
    # DM-5: what the words mean is checked by expansion.
    types = document.get("type")
    listed = [types] if isinstance(types, str) else types
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise DocumentError("type is neither a word nor a list of words")
    if required not in listed:
        raise DocumentError(f"type does not include {required}")


def _check_language_value(document: Mapping[str, Any], member: str) -> None:
    # DM-8: text, an object of text with a language, or a list of these.
    if member not in document:
        return
    for item in _listed(document, member):
        if isinstance(item, str):
            continue
        if not isinstance(item, Mapping) or not set(item) <= _LANGUAGE_MEMBERS:
            raise DocumentError(f"{member} is neither text nor text with a language")
        if not all(isinstance(value, str) for value in item.values()) or "@value" not in item:
            raise DocumentError(f"{member} is neither text nor text with a language")


def _check_issuer(issuer: object) -> None:
    # DM-9.
    _check_party(issuer, "issuer")
    if isinstance(issuer, Mapping):
        for member in ("name", "description"):
            _check_language_value(issuer, member)


def _check_party(party: object, member: str) -> None:
    identifier = party.get("id") if isinstance(party, Mapping) else party
    if not _is_url(identifier):
        raise DocumentError(f"{member} is neither a URL nor an object with a URL as its id")


def _check_subjects(subjects: object) -> None:
    # DM-10: at least one subject, each with at least one claim.
    listed = subjects if isinstance(subjects, list) else [subjects]
    if not listed:
        raise DocumentError("credentialSubject is empty")
    for subject in listed:
        if not isinstance(subject, Mapping) or not subject:
            raise DocumentError("credentialSubject is not an object with claims")
        _check_identifier(subject, "id")


def _check_period(credential: Mapping[str, Any]) -> None:
    # DM-11: whether the period is now is another question, and asked by the verifier.
    start = dates.parse(credential["validFrom"]) if "validFrom" in credential else None
    end = dates.parse(credential["validUntil"]) if "validUntil" in credential else None
    if start is not None and end is not None and start > end:
        raise DocumentError("validUntil lies before validFrom")


def _check_status(credential: Mapping[str, Any]) -> None:
    # DM-4 and DM-6 for credentialStatus.
    _check_typed(credential, "credentialStatus")
    for item in _objects(credential.get("credentialStatus")):
        _check_identifier(item, "id")


def _check_schemas(credential: Mapping[str, Any]) -> None:
    # DM-7: a type and a URL; schemas of a type that we do not know are allowed.
    _check_typed(credential, "credentialSchema")
    for item in _objects(credential.get("credentialSchema")):
        if not _is_url(item.get("id")):
            raise DocumentError("credentialSchema has no URL as its id")


def _check_typed(document: Mapping[str, Any], member: str) -> None:
    # DM-6: objects of these members say what they are, in words.
    if member not in document:
        return
    for item in _listed(document, member):
        if not isinstance(item, Mapping):
            raise DocumentError(f"{member} is not an object or a list of objects")
        types = item.get("type")
        listed = [types] if isinstance(types, str) else types
        if not isinstance(listed, list) or not listed or not all(isinstance(kind, str) for kind in listed):
            raise DocumentError(f"{member} has no type")
        if member in ("evidence", "termsOfUse"):
            _check_identifier(item, "id")


def _check_related_resources(credential: Mapping[str, Any]) -> None:
    # DM-14: each resource once, with a digest to compare.
    if "relatedResource" not in credential:
        return
    seen: set[str] = set()
    for item in _listed(credential, "relatedResource"):
        identifier = item.get("id") if isinstance(item, Mapping) else None
        if not _is_url(identifier) or identifier in seen:
            raise DocumentError("relatedResource has no id of its own")
        seen.add(str(identifier))
        if not any(isinstance(item.get(member), str) for member in ("digestSRI", "digestMultibase")):
            raise DocumentError("relatedResource has no digest")


def _check_self_asserted(credential: Mapping[str, Any], holder: object) -> None:
    # DM-16: what only the presentation's proof secures has to be the holder's own word.
    if "proof" in credential or _is_enveloped(credential, "EnvelopedVerifiableCredential"):
        return
    holder_id = holder.get("id") if isinstance(holder, Mapping) else holder
    if holder_id is None or credentials.issuer_id(credential) != holder_id:
        raise DocumentError("a credential without proof was not issued by the holder")


def _is_enveloped(document: Mapping[str, Any], kind: str) -> bool:
    # DM-17: the secured form lies whole in a data URL; nothing else of the document counts.
    if document.get("type") not in (kind, [kind]):
        return False
    contexts = document.get("@context")
    listed = contexts if isinstance(contexts, list) else [contexts]
    identifier = document.get("id")
    if BASE_CONTEXT not in listed or not isinstance(identifier, str):
        raise DocumentError(f"{kind} needs @context and id")
    if not identifier.startswith(_ENVELOPED[kind]) or "," not in identifier:
        raise DocumentError(f"the id of {kind} is not a data URL of its media type")
    return True


def _is_url(value: object) -> bool:
    return isinstance(value, str) and _URL.fullmatch(value) is not None


def _listed(document: Mapping[str, Any], member: str) -> list[Any]:
    value = document.get(member)
    if value is None and member not in document:
        return []
    return value if isinstance(value, list) else [value]


def _objects(value: object) -> Iterable[Mapping[str, Any]]:
    listed = value if isinstance(value, list) else [value]
    return (item for item in listed if isinstance(item, Mapping))
