"""Every clean sample row becomes a credential that the published schemas accept and that loses nothing."""

import csv
import datetime
import hashlib
import io
import json

import openpyxl
import pytest

import schemas
from schemas.building import Institution
from schemas.catalogue import CATALOGUE, type_of_map
from vc import documents, jsonld, status, structure

SAMPLES = {
    "clean_graduates_2026_utf8bom.csv": ("GraduationCertificate", "did:web:yunling.edu.example"),
    "clean_skill_1x_2026.xlsx": ("SkillLevelCertificate_1X", "did:web:huaheng.example"),
    "clean_enterprise_2026_utf8.csv": ("SkillLevelCertificate_Vendor", "did:web:xingheng.example"),
}
HOLDER = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
ENTRY = status.entry(
    list_url="https://issuer.example/status/1",
    index=4021,
    entry_id="urn:uuid:6f1b8a52-3f4e-4a53-9d13-7f3f0d7d0001",
)


def rows(path):
    """Read a clean file by its first row; real files go through the importer."""
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path).worksheets[0]
        head, *body = sheet.iter_rows(values_only=True)
        return [dict(zip(head, values, strict=True)) for values in body]
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    text = "" if value is None else str(value)
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.startswith(("19", "20")) else text


def forms(shared_data, name, *, holder):
    column_map, did = SAMPLES[name]
    entry = type_of_map(column_map)
    columns = json.loads((shared_data / "column_map.json").read_text("utf-8"))[column_map]
    for number, row in enumerate(rows(shared_data / "samples" / name)):
        record = {
            column["key"]: plain(row[column["header"]]) for column in columns if column["header"] in row
        }
        record |= {"type": entry.name, "map": column_map}
        issuer = Institution(did=did, name=record.get("schoolName") or record["bodyName"])
        made = {
            "issuer": issuer,
            "credential_id": f"urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-{number:012d}",
            "status_entry": ENTRY,
        }
        yield (
            record,
            (
                entry.paper_form(record, **made)
                if holder is None
                else entry.holder_form(record, holder=holder, **made)
            ),
        )


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_published_schemas_and_ours_accept_the_examples(accept, name):
    credential = schemas.example(name)
    accept(credential)
    structure.check_credential(credential)
    structure.check_schema(credential, schema_url=CATALOGUE[name].schema_url)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("holder", [None, HOLDER], ids=["paper", "bound"])
def test_every_clean_row_becomes_a_form_that_all_schemas_accept(shared_data, accept, name, holder):
    seen = 0
    for record, credential in forms(shared_data, name, holder=holder):
        accept(credential)
        structure.validate(credential)
        assert record["idNumber"] not in json.dumps(credential)
        seen += 1
    assert seen > 20


@pytest.mark.parametrize("name", SAMPLES)
def test_no_term_of_a_form_is_dropped(shared_data, name):
    _, credential = next(forms(shared_data, name, holder=None))
    documents.check(credential)
    assert jsonld.canonicalize(credential)


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_canonical_hashes_of_the_examples_hold(shared_data, name):
    expected = json.loads((shared_data / "examples_canonical_sha256.json").read_text("utf-8"))
    assert hashlib.sha256(jsonld.canonicalize(schemas.example(name))).hexdigest() == expected[f"{name}.json"]
