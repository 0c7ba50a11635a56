"""A credential as a value: its digest, its type, and the facts that pages and rules read out of it.

Reading facts trusts nothing: the same functions serve a form whose proof failed. What a reader may be told
is the caller's decision.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crypto import jcs
from schemas.catalogue import CATALOGUE, credential_type_names
from vc import dates
from vc.errors import DocumentError, InvalidDatetimeError

_DOTS = str.maketrans(dict.fromkeys("•‧・．∙.", "·"))


def digest(secured: Mapping[str, Any]) -> bytes:
    """Return what is anchored of a JSON-LD credential: SHA-256 over the JCS of the whole secured document.

    Spec: CREDENTIALS.md, D8.
    """
    return jcs.digest(secured)


def credential_type(credential: Mapping[str, Any]) -> str:
    """Return the credential's type in our catalogue.

    Raises:
        DocumentError: It has none of ours, or more than one.
    """
    found = credential_type_names(credential)
    if len(found) != 1:
        raise DocumentError(f"type must name exactly one of {', '.join(CATALOGUE)}")
    return found[0]


def issuer_id(credential: Mapping[str, Any]) -> str:
    """Return the DID (or other URL) under ``issuer``, before anybody verified it.

    Raises:
        DocumentError: There is none.
    """
    named = credential.get("issuer")
    identifier = named.get("id") if isinstance(named, Mapping) else named
    if not isinstance(identifier, str):
        raise DocumentError("issuer is neither a URL nor an object with an id")
    return identifier


@dataclass(frozen=True)
class CredentialFacts:
    """What a credential states, for pages and for rules of recognition; absent values are None or empty.

    Attributes:
        credential_id: The record's ``urn:uuid:…``.
        credential_type: The type in our catalogue, or None for a foreign one.
        title: What the certificate is called.
        issuer_id: The DID that it names as issuer.
        holder: The wallet's DID of a holder-bound form; None on paper.
        name: The holder's name.
        name_en: The same in Latin letters.
        id_document: Kind of identity document.
        id_tail: Last four characters of its number.
        gender: As the paper has it.
        birth_date: As the paper has it.
        number: The certificate's number.
        conclusion: 毕业 or 结业, where the type has it.
        achievement_id: IRI of the achievement.
        achievement_name: What was achieved.
        achievement_name_en: The same in English, where the issuer wrote it.
        human_code: Code of the major or standard.
        field_of_study: The major's name.
        qualification_system: Which system the level belongs to.
        level_code: The level, prefixed by its system.
        level_name: The level in words.
        specialization: The enterprise's own word for the level.
        version: Edition of the standard.
        site: Where it was assessed.
        results: Names and values of marks.
        started: Begin of study.
        ended: End of study, or day of the examination.
        awarded: The issuer's award date.
        valid_from: Since when this version holds.
        valid_until: Until when, or None.
    """

    credential_id: str | None
    credential_type: str | None
    title: str | None
    issuer_id: str | None
    holder: str | None
    name: str | None
    name_en: str | None
    id_document: str | None
    id_tail: str | None
    gender: str | None
    birth_date: str | None
    number: str | None
    conclusion: str | None
    achievement_id: str | None
    achievement_name: str | None
    achievement_name_en: str | None
    human_code: str | None
    field_of_study: str | None
    qualification_system: str | None
    level_code: str | None
    level_name: str | None
    specialization: str | None
    version: str | None
    site: str | None
    results: tuple[tuple[str, str], ...]
    started: datetime | None
    ended: datetime | None
    awarded: datetime | None
    valid_from: datetime | None
    valid_until: datetime | None


def facts(credential: Mapping[str, Any]) -> CredentialFacts:
    """Read the facts out of a credential of any shape; what is missing or malformed is left out."""
    subject = _object(credential.get("credentialSubject"))
    achievement = _object(subject.get("achievement"))
    types, named = credential_type_names(credential), credential.get("issuer")
    return CredentialFacts(
        credential_id=_text(credential, "id"),
        credential_type=types[0] if len(types) == 1 else None,
        title=_text(credential, "name"),
        issuer_id=named if isinstance(named, str) else _text(_object(named), "id"),
        holder=_text(subject, "id"),
        name=_text(subject, "name"),
        name_en=_text(_object(subject.get("localizedName")), "en"),
        id_document=_text(subject, "idDocumentType"),
        id_tail=_text(subject, "idNumberTail"),
        gender=_text(subject, "gender"),
        birth_date=_text(subject, "birthDate"),
        number=_text(subject, "licenseNumber"),
        conclusion=_text(subject, "conclusion"),
        achievement_id=_text(achievement, "id"),
        achievement_name=_text(achievement, "name"),
        achievement_name_en=_text(_object(achievement.get("localizedName")), "en"),
        human_code=_text(achievement, "humanCode"),
        field_of_study=_text(achievement, "fieldOfStudy"),
        qualification_system=_text(achievement, "qualificationSystem"),
        level_code=_text(achievement, "levelCode"),
        level_name=_text(achievement, "levelName"),
        specialization=_text(achievement, "specialization"),
        version=_text(achievement, "version"),
        site=_text(subject, "assessmentSite"),
        results=_results(subject, achievement),
        started=_moment(subject, "activityStartDate"),
        ended=_moment(subject, "activityEndDate"),
        awarded=_moment(credential, "awardedDate"),
        valid_from=_moment(credential, "validFrom"),
        valid_until=_moment(credential, "validUntil"),
    )


def masked_name(name: str) -> str:
    """Return a name of which only the first character of each word can be read: 林＊＊, L＊＊ X＊＊＊＊＊."""
    return " ".join(word[0] + "＊" * (len(word) - 1) for word in name.split())


def same_name(typed: str, stated: CredentialFacts) -> bool:
    """Return whether a typed name is the one that a credential states.

    Spaces, width, case and the kind of dot between parts of a name are not compared; characters are.

    Args:
        typed: What somebody read from paper.
        stated: The credential's facts; its name in Latin letters counts as well.
    """
    wanted = _comparable(typed)
    return bool(wanted) and wanted in {_comparable(name) for name in (stated.name, stated.name_en) if name}


def _comparable(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).translate(_DOTS).casefold()
    return "".join(character for character in folded if not character.isspace())


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Mapping[str, Any], key: str) -> str | None:
    found = value.get(key)
    return found if isinstance(found, str) else None


def _moment(value: Mapping[str, Any], key: str) -> datetime | None:
    try:
        return dates.parse(value.get(key))
    except InvalidDatetimeError:
        return None


def _results(subject: Mapping[str, Any], achievement: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    described = achievement.get("resultDescription")
    names = {
        item.get("id"): item.get("name")
        for item in (described if isinstance(described, list) else [])
        if isinstance(item, Mapping) and isinstance(item.get("id"), str)
    }
    found, listed = [], subject.get("result")
    for item in listed if isinstance(listed, list) else []:
        value = item.get("value") if isinstance(item, Mapping) else None
        described_by = item.get("resultDescription") if isinstance(item, Mapping) else None
        name = names.get(described_by) if isinstance(described_by, str) else None
        if isinstance(value, str) and isinstance(name, str):
            found.append((name, value))
    return tuple(found)
