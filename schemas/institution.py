"""The body that issues, as its credentials name it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Institution:
    """The body that issues, as its credentials name it.

    Attributes:
        did: Its ``did:web``.
        name: Its name in Chinese, as the ministry or register has it.
        institution_code: Five-digit code of a college, where it has one.
        credit_code: Unified social credit code, where it is to be shown.
    """

    did: str
    name: str
    institution_code: str | None = None
    credit_code: str | None = None

    @property
    def url(self) -> str:
        """The https address that the DID stands for; it names achievements and is never fetched."""
        host, *path = self.did.removeprefix("did:web:").split(":")
        return "/".join(["https://" + host.replace("%3A", ":"), *path])

    def profile(self) -> dict[str, Any]:
        """Return the ``issuer`` object of a credential."""
        profile: dict[str, Any] = {"id": self.did, "type": ["Profile"], "name": self.name, "url": self.url}
        identifiers = [
            {"type": "IdentifierEntry", "identifier": code, "identifierType": kind}
            for code, kind in (
                (self.institution_code, "ext:CNSchoolCode"),
                (self.credit_code, "ext:CNUnifiedSocialCreditCode"),
            )
            if code
        ]
        if identifiers:
            profile["otherIdentifier"] = identifiers
        return profile
