"""A record with its endorsement inside, before the schemas that Open Badges and the data model publish."""

import datetime

import pytest

from crypto.keys import PrivateKey
from schemas.building import build_credential
from schemas.institution import Institution
from tests.issuer.cosigning.bodies import COLLEGE, ENTERPRISE, ENTERPRISE_NAME, apprentice, teacher
from vc import data_integrity, endorsements, status

RECORD_ID = "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0005"
NOW = datetime.datetime(2026, 11, 20, tzinfo=datetime.UTC)


def entry(number):
    return status.entry(
        list_url="https://issuer.example/status/1",
        index=number,
        entry_id=f"urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-{number:012}",
    )


def unsigned_endorsement(credential):
    return endorsements.build(
        endorser=Institution(did=ENTERPRISE, name=ENTERPRISE_NAME),
        endorsement_id="urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0055",
        credential_id=RECORD_ID,
        subject=credential["credentialSubject"],
        comment="确认属实。",
        status_entry=entry(31),
        valid_from=NOW,
    )


@pytest.mark.parametrize("record", [apprentice(), teacher()], ids=["apprentice", "teacher"])
@pytest.mark.parametrize("holder", [None, "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"])
def test_endorsed_record_and_its_endorsement_fit_the_published_schemas(accept, record, holder):
    options = {
        "issuer": Institution(did=COLLEGE, name="云岭示范职业技术学院", institution_code="99901"),
        "credential_id": RECORD_ID,
        "status_entry": entry(7),
        "holder": holder,
    }
    endorsement = unsigned_endorsement(build_credential(record, **options))
    accept(endorsement)
    secured = data_integrity.sign(
        endorsement,
        key=PrivateKey.from_bytes("Ed25519", bytes([2] * 32)),
        verification_method=f"{ENTERPRISE}#key-1",
        created=NOW,
    )
    accept(build_credential(record, **options, endorsements=[secured]))
