"""An enterprise that endorses the records of a college, and can withdraw what it endorsed."""

from dataclasses import dataclass, field

from schemas import bundle
from schemas.institution import Institution
from tests.wallet.doubles import NOW, College
from vc import endorsements, status

ENTERPRISE, ENTERPRISE_URL = "did:web:xingheng.example", "https://xingheng.example"


@dataclass
class Enterprise(College):
    """An issuer whose signatures stand inside other bodies' records."""

    did: str = ENTERPRISE
    url: str = ENTERPRISE_URL
    number: int = 21
    names: dict = field(default_factory=lambda: {"zh": "星衡智能装备有限公司", "en": "Xingheng Equipment"})
    given: int = 0

    def endorse(self, credential_id, subject):
        """Sign an endorsement of what a record says."""
        self.given += 1
        unsigned = endorsements.build(
            endorser=Institution(did=self.did, name=self.names["zh"]),
            endorsement_id=f"urn:uuid:00000000-0000-4000-a000-{self.given:012}",
            credential_id=credential_id,
            subject=subject,
            comment="情况属实，同意会签。",
            status_entry=status.entry(
                list_url=self.list_url,
                index=200 + self.given,
                entry_id=f"urn:uuid:00000000-0000-4000-b000-{self.given:012}",
            ),
            valid_from=NOW,
        )
        return self._sign(unsigned, self.signs_with or self.key)


@dataclass
class RecordingCollege(College):
    """A college whose records of practice carry what its enterprise endorsed."""

    enterprise: Enterprise | None = None
    subject_changes: dict = field(default_factory=dict)
    altered_after: dict = field(default_factory=dict)

    def sign_form(self, kind, holder):
        self.signed += 1
        form = bundle.example(kind)
        form.pop("endorsement", None)
        form |= {"id": f"urn:uuid:00000000-0000-4000-8000-{self.signed:012}"}
        form["issuer"] |= {"id": self.did}
        form["credentialSubject"] |= {"id": holder, **self.subject_changes}
        form["credentialStatus"] = status.entry(
            list_url=self.list_url,
            index=40 + self.signed,
            entry_id=f"urn:uuid:00000000-0000-4000-9000-{self.signed:012}",
        )
        if self.enterprise is not None:
            endorsed = dict(form["credentialSubject"])
            form["endorsement"] = [self.enterprise.endorse(form["id"], endorsed)]
        form["credentialSubject"] |= self.altered_after
        return self._sign(form, self.key)
