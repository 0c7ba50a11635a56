"""What a credential type stands on: Open Badges 3.0, its endorsements, or the W3C data model alone.

The base decides the words of ``type``, the contexts and the schemas that a credential names. Its word comes
before ours, so that a wallet which knows Open Badges sees a badge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schemas.bundle import CREDENTIAL_CONTEXTS, SCHEMA_BASE

OPEN_BADGES_SCHEMA = (
    "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
)
ENDORSEMENT_SCHEMA = (
    "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_endorsementcredential_schema.json"
)


@dataclass(frozen=True)
class Base:
    """One base.

    Attributes:
        word: Its word in ``type``; None for the data model alone.
        schema: The schema that its body publishes, or None.
    """

    word: str | None
    schema: str | None

    @property
    def contexts(self) -> tuple[str, ...]:
        """The JSON-LD contexts of its credentials, in order."""
        # The last one has the word for the schemas of Open Badges and nothing else (CREDENTIALS.md D1).
        return CREDENTIAL_CONTEXTS if self.schema else CREDENTIAL_CONTEXTS[:-1]

    def types(self, name: str) -> tuple[str, ...]:
        """Return the words of ``type`` of our type ``name``, in order."""
        return ("VerifiableCredential", *([self.word] if self.word else []), name)

    def schemas(self, name: str) -> list[dict[str, str]]:
        """Return ``credentialSchema`` of our type ``name`` (CREDENTIALS.md D9)."""
        published = [{"id": self.schema, "type": "1EdTechJsonSchemaValidator2019"}] if self.schema else []
        return [*published, {"id": f"{SCHEMA_BASE}{name}-v1.json", "type": "JsonSchema"}]


BADGE = Base("OpenBadgeCredential", OPEN_BADGES_SCHEMA)
ENDORSEMENT = Base("EndorsementCredential", ENDORSEMENT_SCHEMA)
DATA_MODEL = Base(None, None)

_OTHERS: Mapping[str, Base] = MappingProxyType(
    {"EmployerEvaluation": ENDORSEMENT, "MemberAccreditation": DATA_MODEL}
)


def base_of(name: str) -> Base:
    """Return what our type ``name`` stands on: a badge, unless it is listed otherwise."""
    return _OTHERS.get(name, BADGE)
