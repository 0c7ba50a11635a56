"""The credential types that can be issued: one entry each.

An entry says what a type is called, which schema decides its shape, from which column maps its records
come, and how a record becomes a credential. A new type is one more entry; no other code names a type.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from schemas.bases import base_of
from schemas.building import CertificateRecord, Institution, build_credential
from schemas.bundle import SCHEMA_BASE, example, schema

VOCABULARY = "https://w3id.org/vocred#"

GROUPS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "education": {"zh-CN": "学历", "en": "Education"},
        "skill": {"zh-CN": "技能", "en": "Skills"},
        "competition": {"zh-CN": "竞赛", "en": "Competitions"},
        "practice": {"zh-CN": "实践", "en": "Practice"},
        "micro": {"zh-CN": "微证书", "en": "Micro-credentials"},
        "credit": {"zh-CN": "学分", "en": "Credits"},
        "evaluation": {"zh-CN": "评价", "en": "Evaluations"},
        "membership": {"zh-CN": "成员", "en": "Membership"},
    }
)
"""The groups in which pages show credentials, in their order, by ``zh-CN`` and ``en``."""


@dataclass(frozen=True)
class CredentialType:
    """One type of credential.

    Attributes:
        name: The type's own word in ``type``, permanent.
        display: What people call it, by ``zh-CN`` and ``en``.
        group: One of ``GROUPS``.
        column_maps: The maps of ``column_map.json`` whose records become this type.
        bindable: Whether its subject is a person, so that a form can be bound to a wallet's key. The subject
            of an evaluation is a credential, and of an accreditation a member: the forms of these are alike.
    """

    name: str
    display: Mapping[str, str]
    group: str
    column_maps: tuple[str, ...]
    bindable: bool = True

    @property
    def iri(self) -> str:
        """The type's IRI, which DCQL's ``type_values`` compare."""
        return VOCABULARY + self.name

    @property
    def contexts(self) -> tuple[str, ...]:
        """The JSON-LD contexts of its credentials, in order."""
        return base_of(self.name).contexts

    @property
    def types(self) -> tuple[str, ...]:
        """The words of ``type``, in order."""
        return base_of(self.name).types(self.name)

    @property
    def schema_url(self) -> str:
        """The ``$id`` of our JSON Schema of the type."""
        return f"{SCHEMA_BASE}{self.name}-v1.json"

    @property
    def schema(self) -> Mapping[str, Any]:
        """Our JSON Schema of the type."""
        return schema(self.schema_url)

    @property
    def configuration_id(self) -> str:
        """The id of its ``ldp_vc`` credential configuration in OpenID4VCI."""
        return f"{self.name}_ldp_vc"

    def example(self) -> dict[str, Any]:
        """Return a fresh copy of the type's unsigned example (a holder-bound form)."""
        return example(self.name)

    def paper_form(
        self,
        record: CertificateRecord,
        *,
        issuer: Institution,
        credential_id: str,
        status_entry: Mapping[str, Any],
        endorsements: Sequence[Mapping[str, Any]] = (),
    ) -> dict[str, Any]:
        """Make the unsigned paper form of a record: bound to no key.

        Raises:
            RecordIncompleteError: A value that the type requires is missing.
        """
        return build_credential(
            record,
            issuer=issuer,
            credential_id=credential_id,
            status_entry=status_entry,
            endorsements=endorsements,
        )

    def holder_form(
        self,
        record: CertificateRecord,
        *,
        issuer: Institution,
        credential_id: str,
        status_entry: Mapping[str, Any],
        holder: str,
        endorsements: Sequence[Mapping[str, Any]] = (),
    ) -> dict[str, Any]:
        """Make the unsigned form of a record that is bound to the DID ``holder``, where its type can be.

        Raises:
            RecordIncompleteError: A value that the type requires is missing.
        """
        return build_credential(
            record,
            issuer=issuer,
            credential_id=credential_id,
            status_entry=status_entry,
            holder=holder,
            endorsements=endorsements,
        )


CATALOGUE: Mapping[str, CredentialType] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            CredentialType(
                name="GraduationCertificate",
                display={"zh-CN": "学历证书", "en": "Graduation certificate"},
                group="education",
                column_maps=("GraduationCertificate",),
            ),
            CredentialType(
                name="SkillLevelCertificate",
                display={"zh-CN": "职业技能等级证书", "en": "Skill level certificate"},
                group="skill",
                column_maps=("SkillLevelCertificate_1X", "SkillLevelCertificate_Vendor"),
            ),
            CredentialType(
                name="MicroCredential",
                display={"zh-CN": "微证书", "en": "Micro-credential"},
                group="micro",
                column_maps=("MicroCredential",),
            ),
            CredentialType(
                name="CompetitionAward",
                display={"zh-CN": "竞赛获奖证书", "en": "Competition award"},
                group="competition",
                column_maps=("CompetitionAward",),
            ),
            CredentialType(
                name="ApprenticeshipRecord",
                display={"zh-CN": "现代学徒制培养记录", "en": "Modern apprenticeship record"},
                group="practice",
                column_maps=("ApprenticeshipRecord",),
            ),
            CredentialType(
                name="TeacherTrainingRecord",
                display={"zh-CN": "教师发展记录", "en": "Teacher training record"},
                group="practice",
                column_maps=("TeacherTrainingRecord",),
            ),
            CredentialType(
                name="CreditRecord",
                display={"zh-CN": "学分银行转换记录", "en": "Credit record"},
                group="credit",
                column_maps=("CreditRecord",),
            ),
            CredentialType(
                name="EmployerEvaluation",
                display={"zh-CN": "用人单位评价", "en": "Employer evaluation"},
                group="evaluation",
                column_maps=("EmployerEvaluation",),
                bindable=False,
            ),
            CredentialType(
                name="MemberAccreditation",
                display={"zh-CN": "联盟成员准入", "en": "Member accreditation"},
                group="membership",
                column_maps=("MemberAccreditation",),
                bindable=False,
            ),
        )
    }
)
"""Every type that can be issued, by name."""


def type_of_map(column_map: str) -> CredentialType:
    """Return the type to which a column map belongs.

    Raises:
        KeyError: No type uses that map.
    """
    for entry in CATALOGUE.values():
        if column_map in entry.column_maps:
            return entry
    raise KeyError(column_map)


def credential_type_names(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the catalogue's types that ``document`` carries in ``type``, in the catalogue's order."""
    types = document.get("type")
    return tuple(name for name in CATALOGUE if isinstance(types, list) and name in types)
