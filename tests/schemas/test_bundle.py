"""The bundled contexts are the pinned ones, and equal in value to the published ones."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import rfc8785

import schemas
from schemas.bundle import read_contexts
from schemas.errors import ContextHashMismatchError

BUNDLED = Path(schemas.__file__).parent
MANIFEST = json.loads((BUNDLED / "contexts" / "MANIFEST.json").read_text("utf-8"))


def value_digest(content: bytes) -> str:
    return hashlib.sha256(rfc8785.dumps(json.loads(content))).hexdigest()


def test_the_four_contexts_of_a_credential_are_bundled():
    assert set(schemas.CREDENTIAL_CONTEXTS) <= set(schemas.contexts())


@pytest.mark.parametrize("entry", [e for e in MANIFEST if "package" in e], ids=lambda e: e["file"])
def test_a_bundled_context_equals_the_published_one_by_value(entry, shared_data):
    published = (shared_data / "third-party" / entry["file"]).read_bytes()
    assert value_digest(schemas.contexts()[entry["url"]]) == value_digest(published)


def test_our_context_has_the_digest_that_the_credential_design_names():
    content = schemas.contexts()[schemas.VOCRED_CONTEXT]
    assert hashlib.sha256(content).hexdigest().startswith("d08d68b09cdab7d2652d1966a01f158c")


@pytest.mark.case("CRED-013")
def test_a_flipped_byte_in_a_bundled_context_is_refused_with_both_hashes(tmp_path):
    shutil.copytree(BUNDLED / "contexts", tmp_path / "contexts")
    changed = tmp_path / "contexts" / "vocred-v1.jsonld"
    content = bytearray(changed.read_bytes())
    content[100] ^= 1
    changed.write_bytes(content)
    with pytest.raises(ContextHashMismatchError) as refused:
        read_contexts(tmp_path)
    pinned = next(e["sha256"] for e in MANIFEST if e["file"] == "vocred-v1.jsonld")
    message = str(refused.value)
    assert "vocred-v1.jsonld" in message
    assert pinned in message
    assert hashlib.sha256(bytes(content)).hexdigest() in message


def test_every_schema_is_found_by_its_url():
    for entry in (BUNDLED / "json").iterdir():
        document = json.loads(entry.read_text("utf-8"))
        assert schemas.schema(document["$id"]) == document


def test_our_schemas_and_examples_are_the_designed_ones(shared_data):
    for folder, ours in (("schemas", "json"), ("examples", "examples")):
        for source in (shared_data / folder).iterdir():
            assert json.loads((BUNDLED / ours / source.name).read_text("utf-8")) == json.loads(
                source.read_text("utf-8")
            )
