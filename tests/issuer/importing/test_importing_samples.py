"""The sample files give what their oracle says."""

import json
from datetime import date

import pytest

from issuer.importing import ImportInstitution, Pile, check, to_json

TODAY = date(2026, 11, 21)
COLLEGE = ImportInstitution(name="云岭示范职业技术学院", code="99901")


def _brief(findings):
    keys = ("line", "dataRow", "column", "code", "severity", "raw", "fixed")
    return [tuple(finding[key] for key in keys) for finding in findings]


@pytest.fixture(scope="module")
def dirty(samples):
    name = "dirty_graduates_2026_gb18030.csv"
    data = (samples / name).read_bytes()
    return check(
        data, filename=name, credential_type="GraduationCertificate", institution=COLLEGE, today=TODAY
    )


@pytest.fixture(scope="module")
def oracle(samples):
    return json.loads((samples / "dirty_graduates_2026_gb18030.expected.json").read_text("utf-8"))


def test_dirty_register_gives_exactly_the_findings_of_its_oracle(dirty, oracle):
    assert _brief(to_json(dirty)["findings"]) == _brief(oracle["findings"])


def test_dirty_register_gives_the_counts_and_structure_of_its_oracle(dirty, oracle):
    printed = to_json(dirty)
    counted = set(oracle) - {"findings", "structure"}
    assert {key: printed[key] for key in counted} == {key: oracle[key] for key in counted}
    assert [s["code"] for s in printed["structure"]] == [s["code"] for s in oracle["structure"]]


@pytest.mark.case("FILE-006")
def test_counts_of_the_piles_add_up(dirty):
    counts = dirty.counts
    assert counts.ready + counts.confirm + counts.refused + counts.skipped == counts.rows == 81
    assert (counts.refused, counts.skipped, counts.issuable) == (21, 1, 59)


@pytest.mark.parametrize(
    ("name", "credential_type", "institution", "rows"),
    [
        ("clean_graduates_2026_utf8bom.csv", "GraduationCertificate", COLLEGE, 120),
        ("clean_graduates_2026_gb18030.csv", "GraduationCertificate", COLLEGE, 40),
        (
            "clean_enterprise_2026_utf8.csv",
            "SkillLevelCertificate",
            ImportInstitution("星衡智能装备有限公司（虚构）"),
            24,
        ),
        (
            "clean_skill_1x_2026.xlsx",
            "SkillLevelCertificate",
            ImportInstitution("华衡职业技能评价中心（虚构）"),
            60,
        ),
    ],
)
def test_clean_register_can_be_issued_whole(samples, name, credential_type, institution, rows):
    checked = check(
        (samples / name).read_bytes(),
        filename=name,
        credential_type=credential_type,
        institution=institution,
        today=TODAY,
    )
    assert checked.counts.issuable == checked.counts.rows == rows
    assert checked.pile(Pile.REFUSED) == ()


def test_every_issuable_row_of_the_samples_makes_a_valid_credential(samples, dirty):
    from schemas.building import Institution
    from schemas.catalogue import CATALOGUE

    entry = CATALOGUE["GraduationCertificate"]
    for row in dirty.rows:
        if row.pile in {Pile.READY, Pile.CONFIRM}:
            credential = entry.paper_form(
                dirty.record(row),
                issuer=Institution("did:web:yunling.edu.example", COLLEGE.name, COLLEGE.code),
                credential_id="urn:uuid:0e6a6b4a-24c4-4b5e-9f35-6d7e3c1b7f10",
                status_entry={},
            )
            assert credential["credentialSubject"]["name"] == row.values["name"]
            assert row.values["idNumber"] not in json.dumps(credential, ensure_ascii=False)


def test_comparison_is_said_to_be_left_out_without_an_issuer(dirty):
    assert to_json(dirty)["comparison"] == "not run"
