"""Where a registrar gets a template: on the page of a new batch, and by a command."""

import io
import json

import openpyxl
import pytest
from click.testing import CliRunner

from issuer import create_app, officers, store_officers
from issuer.cli import cli
from issuer.importing.columns import column_map
from schemas.catalogue import CATALOGUE
from tests.issuer.college import NAME, PASSPHRASES, College
from web.database import transaction

MAPS = [name for entry in CATALOGUE.values() for name in entry.column_maps]


@pytest.fixture
def client(college: College):
    with transaction(college.db):
        for name, passphrase in PASSPHRASES.items():
            store_officers.set_passphrase(college.db, name, officers.hash_passphrase(passphrase))
    environ = {**college.environ}
    app = create_app(environ, parts=college.parts, clock=lambda: college.now)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    client.post("/sign-in", data={"name": "zhang", "passphrase": PASSPHRASES["zhang"]})
    return client


@pytest.mark.parametrize("name", MAPS)
def test_every_template_is_a_download_of_the_page(client, name):
    page = client.get("/batches/new", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert f'href="/batches/templates/{name}.xlsx"' in page
    answer = client.get(f"/batches/templates/{name}.xlsx")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f'attachment; filename="template-{name}.xlsx"'
    header = [cell.value for cell in openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0][1]]
    assert header == [column.header for column in column_map(name).columns]


def test_the_page_asks_first_for_the_types_that_are_granted(client):
    page = client.get("/batches/new", headers={"Accept": "text/html"}).get_data(as_text=True)
    before, _, after = page.partition("联盟尚未准许本单位签发的类型")
    assert 'value="GraduationCertificate"' in before
    assert 'value="MicroCredential"' in after
    assert [page.count(f'name="type" value="{name}"') for name in CATALOGUE] == [1] * 9


def test_a_template_that_does_not_exist_is_not_found(client):
    assert client.get("/batches/templates/Diploma.xlsx").status_code == 404


def test_templates_go_to_signed_in_officers_only(college: College):
    app = create_app(college.environ, parts=college.parts, clock=lambda: college.now)
    assert app.test_client().get("/batches/templates/MicroCredential.xlsx").status_code == 403


def test_the_command_writes_the_same_workbook(college: College, tmp_path, monkeypatch):
    for name, value in college.environ.items():
        monkeypatch.setenv(name, value)
    target = tmp_path / "skill.xlsx"
    arguments = ["template", "SkillLevelCertificate", "--map", "SkillLevelCertificate_Vendor"]
    result = CliRunner().invoke(cli, [*arguments, "--out", str(target), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["map"] == "SkillLevelCertificate_Vendor"
    sheet = openpyxl.load_workbook(target).worksheets[0]
    lists = [rule.formula1 for rule in sheet.data_validations.dataValidation if rule.type == "list"]
    assert f'"{NAME}"' in lists


def test_the_command_knows_the_templates_of_its_type_only(college: College, tmp_path, monkeypatch):
    for name, value in college.environ.items():
        monkeypatch.setenv(name, value)
    arguments = ["template", "MicroCredential", "--map", "CreditRecord", "--out", str(tmp_path / "x.xlsx")]
    assert CliRunner().invoke(cli, arguments).exit_code == 2
