"""Every type of the catalogue, from a registrar's file to the wallet."""

import csv
import io
import json
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from issuer import (
    approval,
    batches,
    create_app,
    institution,
    issuance,
    officers,
    preferences,
    printing,
    records,
    standing,
    store_officers,
)
from issuer.importing import ImportInstitution, check
from issuer.importing.columns import column_map
from issuer.views.sheet_facts import sheet_facts
from schemas.catalogue import CATALOGUE
from tests.issuer.college import CHECKER, MAKER, NAME, PASSPHRASES, College, WalletKey
from vc import structure
from vc.credentials import facts
from vc.dates import CHINA
from vocred.demo.places import SAMPLES
from web.database import transaction

FILES = {
    "GraduationCertificate": "clean_graduates_2026_utf8bom.csv",
    "MicroCredential": "micro_2026_utf8.csv",
    "CompetitionAward": "competition_2026_utf8.csv",
    "ApprenticeshipRecord": "apprenticeship_2026_utf8.csv",
    "TeacherTrainingRecord": "teachers_2026_utf8.csv",
}
SINGLE: dict[str, dict[str, str]] = {
    "SkillLevelCertificate": {
        "name": "林晓雨",
        "idNumber": "990104200505241376",
        "bodyName": NAME,
        "certName": "工业机器人操作与运维",
        "certCode": "IROM-2",
        "stdVersion": "2.0",
        "level": "中级",
        "examDate": "2026-04-26",
        "theory": "86",
        "practice": "91",
        "conclusion": "合格",
        "certNo": "HH1X-2026-2-0000457",
        "awardDate": "2026-05-20",
        "email": "lin@stu.example",
    },
    "CreditRecord": {
        "name": "林晓雨",
        "idNumber": "990104200505241376",
        "accountNumber": "YLCB-00018842",
        "sourceCredential": "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0002",
        "sourceDigest": "uEiBiFqJ8qRhH-Z44E5c0ZGKJocu6-ZmsqA2uRi4GxsiRiQ",
        "agreement": "urn:vocred:agreement:YL-2026-0012#3",
        "ruleId": "R1",
        "conversionKind": "免修",
        "credits": "8",
        "creditUnit": "学分（16学时/学分）",
        "courseCode": "RB2104",
        "courseName": "工业机器人操作与编程",
        "college": "did:web:yunling.edu.example",
        "collegeName": NAME,
        "grade": "91",
        "certNo": "YLCB-2026-00001",
        "awarded": "2026-06-05",
    },
    "EmployerEvaluation": {
        "name": "林晓雨",
        "bodyName": NAME,
        "about": "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0001",
        "post": "机器人调试技术员",
        "periodStart": "2026-07-06",
        "periodEnd": "2026-10-31",
        "competence": "5",
        "overall": "4",
        "wouldHireAgain": "是",
        "comment": "岗位适应快。",
        "consent": "urn:uuid:c0a5e17d-0000-4a00-8000-000000000021",
        "awardDate": "2026-11-10",
    },
    "MemberAccreditation": {
        "name": "星衡智能装备有限公司（虚构）",
        "memberDid": "did:web:xingheng.example",
        "role": "企业",
        "mayIssue": "MicroCredential、EmployerEvaluation",
        "awardDate": "2026-01-01",
    },
}


def register(name: str) -> bytes:
    """Return a clean file of a type, as this college would issue it."""
    if name in FILES:
        data = (SAMPLES / FILES[name]).read_bytes()
        return data.replace("星衡智能装备有限公司（虚构）,机器视觉".encode(), f"{NAME},机器视觉".encode())
    maps = CATALOGUE[name].column_maps
    row = SINGLE[name]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column_map(maps[0]).column(key).header for key in row])
    writer.writerow(row.values())
    return text.getvalue().encode()


class Office:
    """A college that the consortium accredited for one type, and a batch of it."""

    def __init__(self, college: College, name: str, *, data: bytes | None = None) -> None:
        self.college, self.name = college, name
        college.grant(name)
        college.wait(30)
        standing.refresh(college.db, college.parts.ledger, now=college.now)
        content = register(name) if data is None else data
        found = check(
            content,
            filename="register.csv",
            credential_type=name,
            institution=institution.load(college.db).registrar,
            # The register is of the year of the samples; the ledger's clock may stand earlier.
            today=datetime(2026, 11, 21, tzinfo=CHINA).date(),
            issued=batches.lookup(college.db, college.parts, name),
        )
        rows = batches.new_rows(college.parts, found)[:3]
        self.batch_id = batches.create(
            college.db,
            college.parts,
            actor=MAKER,
            credential_type=name,
            rows=rows,
            source_name="register.csv",
            source=content,
            report={},
            now=college.now,
        )

    def issue(self) -> list[records.Record]:
        """Approve and sign; return the records."""
        college = self.college
        batches.confirm(college.db, actor=MAKER, batch_id=self.batch_id, now=college.now)
        act = approval.submit(
            college.db,
            college.parts,
            actor=MAKER,
            kind="approve-batch",
            subject=self.batch_id,
            now=college.now,
        )
        (outcome,) = approval.approve(
            college.db, college.parts, actor=CHECKER, act_ids=[act], now=college.now
        )
        assert outcome.error is None, outcome.error
        issuance.run_all(college.db, college.parts, now=college.now)
        failed = [row.problem for row in batches.rows(college.db, self.batch_id) if row.state != "signed"]
        assert failed == []
        return records.search(college.db, batch_id=self.batch_id)

    def app(self) -> Flask:
        """Return the service."""
        return create_app(self.college.environ, parts=self.college.parts, clock=lambda: self.college.now)


def sheets(office: Office) -> list[printing.Sheet]:
    college = office.college
    college.anchor()
    return printing.certificates(
        college.db, college.parts, batch_id=office.batch_id, actor=MAKER, now=college.now
    )


@pytest.mark.row("S40", "S61", "S63", "S70", "S71", "S80")
@pytest.mark.parametrize("name", CATALOGUE)
def test_a_register_of_every_type_is_signed_and_printed(college: College, name: str):
    office = Office(college, name)
    issued = office.issue()
    printed = sheets(office)
    assert len(printed) == len(issued) > 0
    for sheet in printed:
        structure.validate(sheet.credential)
        assert sheet.credential["type"] == list(CATALOGUE[name].types)


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_paper_prints_every_fact_that_its_form_contains(college: College, name: str):
    office = Office(college, name)
    office.issue()
    sheet = sheets(office)[0]
    stated = facts(sheet.credential)
    printed = " ".join(line.value for line in sheet_facts(stated))
    for value in (
        stated.number,
        stated.id_tail,
        stated.agreement_number,
        stated.role,
        stated.enterprise_name,
        stated.narrative,
        stated.assessment_mode,
        stated.award_rank,
        stated.account,
        stated.agreement,
        stated.source_digest,
        stated.consent,
        *stated.required_endorsers,
        *stated.instructors,
        *stated.may_issue,
        *(mentor.name for mentor in stated.mentors),
        *(aligned.name for aligned in stated.alignments if "ISCED" not in aligned.name),
        *(value for _, value in stated.results),
    ):
        assert value is None or value in printed


@pytest.fixture
def signed_in(college: College):
    with transaction(college.db):
        for name, passphrase in PASSPHRASES.items():
            store_officers.set_passphrase(college.db, name, officers.hash_passphrase(passphrase))

    def client(office: Office):
        app = office.app()
        app.config["WTF_CSRF_ENABLED"] = False
        browser = app.test_client()
        browser.post("/sign-in", data={"name": "zhang", "passphrase": PASSPHRASES["zhang"]})
        return browser

    return client


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_the_officers_pages_show_a_batch_and_a_record_of_every_type(
    college: College, signed_in, name: str, language: str
):
    office = Office(college, name)
    browser = signed_in(office)
    browser.set_cookie("vocred-lang", language, domain="127.0.0.1")
    draft = browser.get(f"/batches/{office.batch_id}", headers={"Accept": "text/html"})
    (record, *_) = office.issue()
    college.anchor()
    pages = [
        draft,
        *(
            browser.get(path, headers={"Accept": "text/html"})
            for path in (
                "/",
                "/batches",
                "/batches/new",
                f"/batches/{office.batch_id}",
                f"/batches/{office.batch_id}/print",
                f"/batches/{office.batch_id}/result",
                "/records",
                f"/records/{record.id}",
            )
        ),
    ]
    assert [page.status_code for page in pages] == [200] * len(pages)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_wallet_claims_a_credential_of_every_type(college: College, name: str):
    office = Office(college, name)
    record = office.issue()[0]
    slip = college.slip(record.id)
    http, wallet = office.app().test_client(), WalletKey()
    metadata = http.get("/.well-known/openid-credential-issuer").json
    configuration = CATALOGUE[name].configuration_id
    offered = metadata["credential_configurations_supported"][configuration]
    assert offered["credential_definition"]["type"] == list(CATALOGUE[name].types)
    token = http.post(
        "/oauth/token",
        data={
            "grant_type": "urn:ietf:params:oauth:grant-type:pre-authorized_code",
            "pre-authorized_code": college.offer(slip["slip_id"]),
            "tx_code": slip["pin"],
        },
    ).json["access_token"]
    nonce = http.post("/oauth/nonce").json["c_nonce"]
    answer = http.post(
        "/oauth/credential",
        json={
            "credential_configuration_id": configuration,
            "proofs": {"jwt": [wallet.proof(nonce=nonce, now=college.now)]},
        },
        headers={"Authorization": f"Bearer {token}"},
    )
    credential: dict[str, Any] = answer.json["credentials"][0]["credential"]
    structure.validate(credential)
    assert facts(credential).holder == (wallet.did if CATALOGUE[name].bindable else None)
    for claim in offered["credential_metadata"]["claims"]:
        assert claim["path"][1] in credential["credentialSubject"]


def numberless(name: str) -> bytes:
    """Return the register without its column of numbers."""
    header, *rows = csv.reader(io.StringIO(register(name).decode("utf-8-sig")))
    number = next(c.header for c in column_map(CATALOGUE[name].column_maps[0]).columns if c.key == "certNo")
    place = header.index(number)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows([cell for at, cell in enumerate(row) if at != place] for row in (header, *rows))
    return text.getvalue().encode()


NUMBERED = {
    "MicroCredential": ["XH-VGP-1-2026-00001", "XH-VGP-1-2026-00002", "XH-VGP-1-2026-00003"],
    "CompetitionAward": ["GZ032-2026-00001", "GZ032-2026-00002", "GZ034-2026-00001"],
    "TeacherTrainingRecord": ["TT-2026-00001", "TT-2026-00002"],
    "CreditRecord": ["CR-2026-00001"],
}


@pytest.mark.parametrize("name", NUMBERED)
def test_blank_numbers_of_the_newer_types_are_filled_at_approval(college: College, name: str):
    office = Office(college, name, data=numberless(name))
    office.issue()
    rows = batches.rows(college.db, office.batch_id)
    assert [row.number for row in rows] == NUMBERED[name]
    assert facts(sheets(office)[0].credential).number == NUMBERED[name][0]


@pytest.mark.parametrize(
    ("name", "number"), [("EmployerEvaluation", "EE-2026-00001"), ("MemberAccreditation", "MA-2026-00001")]
)
def test_a_type_without_number_is_numbered_in_the_register_alone(college: College, name: str, number: str):
    office = Office(college, name)
    (record,) = office.issue()
    assert record.number == number
    assert number not in json.dumps(sheets(office)[0].credential)


def test_a_type_may_have_a_rule_of_its_own_for_numbers(college: College):
    preferences.put(
        college.db, "number_pattern.MicroCredential", "YL-MC-{year}-{serial}", actor=MAKER, now=college.now
    )
    office = Office(college, "MicroCredential", data=numberless("MicroCredential"))
    office.issue()
    assert batches.rows(college.db, office.batch_id)[0].number == "YL-MC-2026-00001"


def test_the_registry_says_for_each_of_the_nine_types_whether_it_may_be_signed(college: College):
    for name in CATALOGUE:
        college.grant(name)
    college.wait(30)
    said = standing.refresh(college.db, college.parts.ledger, now=college.now)
    assert said.grants_in_force(college.now) == frozenset(CATALOGUE)


@pytest.mark.parametrize("name", [name for name in FILES if name != "GraduationCertificate"])
def test_the_same_register_twice_issues_nothing_twice(college: College, name: str):
    Office(college, name).issue()
    again = Office(college, name)
    counted = batches.counts(college.db, again.batch_id)
    assert (counted.ready, counted.confirm, counted.refused) == (0, 0, 0)
    assert counted.skipped == len(batches.rows(college.db, again.batch_id))


def test_an_institution_is_told_that_it_cannot_co_sign_itself(college: College):
    body = institution.load(college.db).registrar
    assert body == ImportInstitution(NAME, code="99901", did="did:web:yunling.edu.example")
