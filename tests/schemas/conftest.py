"""What decides whether a form is well made: the published schemas, and a signature in the strict profile."""

import datetime
import json

import jsonschema_rs
import pytest

from crypto.keys import PrivateKey
from vc import data_integrity

KEY = PrivateKey.from_bytes("Ed25519", bytes(range(32)))


@pytest.fixture(scope="session")
def published(shared_data):
    """Return validators of the OB3 and VCDM schemas as their bodies publish them, by the word of the type."""
    folder = shared_data / "third-party"
    open_badges = json.loads((folder / "ob_v3p0_achievementcredential_schema.json").read_text("utf-8"))
    data_model = json.loads((folder / "w3c-verifiable-credential-schema.json").read_text("utf-8"))
    # An endorsement is a part of the same document.
    part = {"$schema": open_badges["$schema"], "$defs": open_badges["$defs"]}
    endorsement = {**part, "$ref": "#/$defs/EndorsementCredential"}
    return {
        word: jsonschema_rs.validator_for(schema, offline=True)
        for word, schema in (
            ("OpenBadgeCredential", open_badges),
            ("EndorsementCredential", endorsement),
            ("VerifiableCredential", data_model),
        )
    }


@pytest.fixture
def accept(published):
    """Return a check: sign a form in the strict profile, and show it to every schema of its words."""

    def accepted(credential):
        secured = data_integrity.sign(
            credential,
            key=KEY,
            verification_method="did:web:yunling.edu.example#key-1",
            created=datetime.datetime(2026, 11, 20, tzinfo=datetime.UTC),
        )
        for word in set(published) & set(credential["type"]):
            found = [
                ("/".join(map(str, error.instance_path)), error.message)
                for error in published[word].iter_errors(secured)
            ]
            assert found == []

    return accepted
