"""What the builders share: reading a record, and the pieces that many credentials have.

A builder takes a certificate record and the institution, and returns head and subject of the credential.
Values of a record are text; numbers and lists are read out of it here, and what cannot be read is an
incomplete record, never a guess.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from schemas.errors import RecordIncompleteError
from schemas.institution import Institution

_Value = TypeVar("_Value")

CertificateRecord = Mapping[str, str]
"""Normalised values by column key, with ``type`` and ``map``. An absent or empty value means: not given."""

ID_DOCUMENT_DEFAULT = "居民身份证"

ALIGNMENTS: Mapping[str, tuple[str, str | None]] = {
    "occupation": ("ext:Occupation", "中华人民共和国职业分类大典"),
    "workTask": ("ext:WorkTask", None),
    "workProcess": ("ext:WorkProcess", None),
    "jobStandard": ("ext:JobStandard", None),
}
"""What an achievement can be aligned to, by the record's key: its ``targetType`` and framework."""

_WHOLE = re.compile(r"\d{1,6}")
_DECIMAL = re.compile(r"\d{1,6}(?:\.\d{1,2})?")
_BETWEEN = re.compile(r"\s*[、；;，,\n]\s*")
_ANSWERS: Mapping[str, bool] = {"是": True, "否": False}


@dataclass(frozen=True)
class Assessed:
    """A kind of mark: how it is called and within which bounds it lies.

    Attributes:
        name: Its name on the certificate.
        kind: Its ``resultType`` in Open Badges.
        minimum: Lowest value, or None.
        maximum: Highest value, or None.
        required: What is needed to pass, or None.
    """

    name: str
    kind: str = "RawScore"
    minimum: str | None = "0"
    maximum: str | None = "100"
    required: str | None = None


def required(record: CertificateRecord, key: str) -> str:
    """Return a value that must be there.

    Raises:
        RecordIncompleteError: It is absent or empty.
    """
    value = record.get(key)
    if not value:
        raise RecordIncompleteError(f"the record has no {key}")
    return value


def listed(record: CertificateRecord, key: str, values: Mapping[str, _Value]) -> _Value:
    """Return what a value that must be one of a list stands for.

    Raises:
        RecordIncompleteError: It is absent, or none of the list.
    """
    try:
        return values[required(record, key)]
    except KeyError:
        raise RecordIncompleteError(f"{key} is none of {', '.join(values)}") from None


def whole(record: CertificateRecord, key: str) -> int | None:
    """Return a whole number; None where nothing is given.

    Raises:
        RecordIncompleteError: It is no whole number.
    """
    value = record.get(key)
    if not value:
        return None
    if not _WHOLE.fullmatch(value):
        raise RecordIncompleteError(f"{key} is no whole number")
    return int(value)


def decimal(record: CertificateRecord, key: str) -> float | int | None:
    """Return a number with at most two decimals, whole where it is one; None where nothing is given.

    Raises:
        RecordIncompleteError: It is no such number.
    """
    value = record.get(key)
    if not value:
        return None
    if not _DECIMAL.fullmatch(value):
        raise RecordIncompleteError(f"{key} is no number")
    # One number has one canonical form: 8.0 would be written as 8 by the next reader.
    return int(float(value)) if float(value).is_integer() else float(value)


def answer(record: CertificateRecord, key: str) -> bool | None:
    """Return 是 or 否 as a truth value; None where nothing is given.

    Raises:
        RecordIncompleteError: It is neither.
    """
    return listed(record, key, _ANSWERS) if record.get(key) else None


def several(record: CertificateRecord, key: str) -> list[str]:
    """Return the parts of a value that lists several, separated by 、 or ；; empty where nothing is given."""
    return [part for part in _BETWEEN.split(record.get(key, "").strip()) if part]


def given(**values: Any) -> dict[str, Any]:
    """Return the members that have a value, in their order."""
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def head(
    title: str, issuer: Institution, awarded: str, *, until: str | None = None, awarded_date: bool = True
) -> dict[str, Any]:
    """Return what stands before the subject.

    Args:
        title: What the certificate is called.
        issuer: The institution that signs.
        awarded: The day of the award, ``YYYY-MM-DD``.
        until: The last day on which the certificate is valid; empty or None for ever.
        awarded_date: Whether the type knows ``awardedDate``.
    """
    # The last day counts whole: the certificate is valid until it ends in China.
    return given(
        name=title,
        issuer=issuer.profile(),
        validFrom=start_of_day(awarded),
        validUntil=f"{until}T23:59:59+08:00" if until else None,
        awardedDate=start_of_day(awarded) if awarded_date else None,
    )


def person(record: CertificateRecord) -> dict[str, Any]:
    """Return how a credential names its holder (CREDENTIALS.md D4).

    Raises:
        RecordIncompleteError: There is no name.
    """
    name = required(record, "name")
    found: dict[str, Any] = {"type": ["AchievementSubject", "VetSubject"], "name": name}
    if record.get("nameEn"):
        found["localizedName"] = {"en": record["nameEn"]}
    return {**found, "identifier": [identity("name", name)]}


def identity(kind: str, value: str) -> dict[str, Any]:
    """Return an ``IdentityObject`` of Open Badges, its value in the open."""
    return {"type": "IdentityObject", "hashed": False, "identityHash": value, "identityType": kind}


def document(record: CertificateRecord) -> dict[str, str]:
    """Return the kind of the identity document and the end of its number (CREDENTIALS.md D5).

    Raises:
        RecordIncompleteError: There is no number.
    """
    return {
        "idDocumentType": record.get("idType") or ID_DOCUMENT_DEFAULT,
        "idNumberTail": required(record, "idNumber")[-4:].upper(),
    }


def document_if_given(record: CertificateRecord) -> dict[str, str]:
    """Return the same for types that need no document; empty where the record has none."""
    return document(record) if record.get("idNumber") else {}


def organisation(did: str, name: str) -> dict[str, Any]:
    """Return another body as a credential names it."""
    return {"id": did, "type": ["Profile"], "name": name, "url": Institution(did, name).url}


def enterprise(record: CertificateRecord) -> dict[str, Any]:
    """Return the enterprise of a record and that its endorsement is needed; empty where none is named.

    Raises:
        RecordIncompleteError: It has a name without a DID or the other way round.
    """
    if not record.get("enterprise") and not record.get("enterpriseDid"):
        return {}
    did = required(record, "enterpriseDid")
    return {"enterprise": organisation(did, required(record, "enterprise")), "requiredEndorser": [did]}


def results(
    achievement_id: str, marks: Sequence[tuple[Assessed, str]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return ``result`` of the subject and ``resultDescription`` of the achievement.

    Args:
        achievement_id: The achievement's IRI.
        marks: Each kind of mark with its value.
    """
    found: list[dict[str, Any]] = []
    described: list[dict[str, Any]] = []
    for kind, value in marks:
        identifier = _result_id(achievement_id, kind.name)
        concluded = {"status": "Completed"} if kind.kind == "Status" else {}
        found.append({"type": ["Result"], "resultDescription": identifier, "value": value, **concluded})
        described.append(
            given(
                id=identifier,
                type=["ResultDescription"],
                name=kind.name,
                resultType=kind.kind,
                valueMin=kind.minimum,
                valueMax=kind.maximum,
                requiredValue=kind.required,
            )
        )
    return found, described


def achievement_id(issuer: Institution, code: str, *, level: str, version: str | None = None) -> str:
    """Name an achievement by code, edition and level, which is what agreements ask for.

    Spec: DOMAIN.md, section 6.2, rule 10.
    """
    steps = ("achievements", code, *([version] if version else []), level)
    return "/".join([issuer.url, *(quote(step, safe="") for step in steps)])


def alignments(record: CertificateRecord, issuer: Institution) -> list[dict[str, Any]]:
    """Return to which occupation, task, work process and standard an achievement is aligned.

    Each column holds a code, a space and a name (6-31-07-03 工业机器人系统操作员). The address only names the
    target, as the achievement's own does; nothing is fetched from it.

    Args:
        record: The record.
        issuer: The institution, which says so.
    """
    found = []
    for key, (kind, framework) in ALIGNMENTS.items():
        for entry in several(record, key):
            code, _, name = entry.partition(" ")
            found.append(
                given(
                    type=["Alignment"],
                    targetName=name.strip() or code,
                    targetUrl=f"{issuer.url}/alignments/{key}/{quote(code, safe='')}",
                    targetCode=code,
                    targetFramework=framework,
                    targetType=kind,
                )
            )
    return found


def start_of_day(date: str) -> str:
    """Return the first moment of a day in China."""
    return f"{date}T00:00:00+08:00"


def _result_id(achievement: str, name: str) -> str:
    # The same description has the same id in every certificate of the achievement.
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{achievement}#{name}')}"
