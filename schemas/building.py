"""From a registrar's row to an unsigned credential.

A *certificate record* is a row after import: the normalised values of its columns by the keys of
``column_map.json``, with the credential type under ``type`` and the column map under ``map``. Dates are
``YYYY-MM-DD``. ``build_credential`` turns it into the paper form or, given a holder, the holder-bound form;
both carry the same facts. Signing, status indexes and storage are the issuer's. What a kind of record
becomes is in ``schemas.builders``, one module each.

Of the identity document only its kind and the last four characters of its number enter a credential,
whatever the record holds.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from schemas.bases import OPEN_BADGES_SCHEMA, base_of
from schemas.builders import (
    accreditation,
    apprenticeship,
    competition,
    credit,
    evaluation,
    graduation,
    micro,
    skill_levels,
    teacher_training,
)
from schemas.builders.graduation import STUDY_LEVELS, StudyLevel
from schemas.builders.parts import ID_DOCUMENT_DEFAULT, CertificateRecord
from schemas.builders.skill_levels import SKILL_LEVELS
from schemas.institution import Institution

__all__ = [
    "BUILDERS",
    "ID_DOCUMENT_DEFAULT",
    "OPEN_BADGES_SCHEMA",
    "SKILL_LEVELS",
    "STUDY_LEVELS",
    "CertificateRecord",
    "Institution",
    "StudyLevel",
    "build_credential",
]


def build_credential(
    record: CertificateRecord,
    *,
    issuer: Institution,
    credential_id: str,
    status_entry: Mapping[str, Any],
    holder: str | None = None,
    endorsements: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Make the unsigned credential of a record.

    Args:
        record: The record; its ``map`` decides which builder is used.
        issuer: The institution that will sign.
        credential_id: ``urn:uuid:…`` of the record, the same in every form.
        status_entry: The form's own ``credentialStatus``, as ``vc.status.entry`` makes it.
        holder: The wallet's DID for a holder-bound form; None for the paper form. Where the type's subject is
            no person but a credential or a member, both forms name that one and no holder.
        endorsements: Secured EndorsementCredentials of this record, which become ``endorsement``.

    Returns:
        The credential, in the order in which its example stands, without proof.

    Raises:
        RecordIncompleteError: A value that the type requires is missing or not one of its list.
        KeyError: No builder is known for the record's map.
    """
    name, base = record["type"], base_of(record["type"])
    credential = BUILDERS[record["map"]](record, issuer)
    subject = credential["credentialSubject"]
    if holder is not None and "id" not in subject:
        subject = {"id": holder, **subject}
    return {
        "@context": list(base.contexts),
        "id": credential_id,
        "type": list(base.types(name)),
        **credential,
        "credentialSubject": subject,
        "credentialStatus": dict(status_entry),
        "credentialSchema": base.schemas(name),
        **({"endorsement": [dict(each) for each in endorsements]} if endorsements else {}),
    }


BUILDERS: Mapping[str, Callable[[CertificateRecord, Institution], dict[str, Any]]] = MappingProxyType(
    {
        "GraduationCertificate": graduation.build,
        "SkillLevelCertificate_1X": skill_levels.build_one_plus_x,
        "SkillLevelCertificate_Vendor": skill_levels.build_vendor,
        "MicroCredential": micro.build,
        "CompetitionAward": competition.build,
        "ApprenticeshipRecord": apprenticeship.build,
        "TeacherTrainingRecord": teacher_training.build,
        "CreditRecord": credit.build,
        "EmployerEvaluation": evaluation.build,
        "MemberAccreditation": accreditation.build,
    }
)
"""What makes head and subject, by column map."""
