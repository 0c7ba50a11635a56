"""Jobs, courses, contests and certificates: each kind of achievement can be taken into course credit."""

from datetime import datetime

import pytest

import schemas
from vc import dates
from vc.credentials import facts
from vc.recognition import Agreement, Source, check_agreement, evaluate

AT = dates.parse("2026-11-20T06:03:00Z")
COLLEGE, BANK = "did:web:yunling.edu.example", "did:web:creditbank.yunling.example"


def agreement_about(credential):
    """Return an agreement in force that takes the kind of a credential into one course, and its members."""
    stated = facts(credential)
    document = schemas.example("RecognitionAgreement")
    accepted = {"credentialType": f"https://w3id.org/vocred#{stated.credential_type}"}
    accepted["issuer"], accepted["levelCode"] = [stated.issuer_id], [stated.level_code]
    rule = {**document["rules"][0], "grade": {"fixed": "合格"}}
    document |= {"accepts": accepted, "rules": [rule]}
    del document["rewards"], document["penalties"]
    document["parties"] = [
        document["parties"][0],
        {**document["parties"][1], "id": stated.issuer_id},
        document["parties"][2],
    ]
    if stated.issuer_id == COLLEGE:
        document["parties"].pop(1)
    members = {party["id"] for party in document["parties"]}
    started: datetime = dates.parse("2026-03-01T00:00:00+08:00")
    return Agreement(document=document, started=started, ended=None, signed=members), members


@pytest.mark.row("S40", "S60")
@pytest.mark.parametrize(
    "name", ["ApprenticeshipRecord", "MicroCredential", "CompetitionAward", "SkillLevelCertificate"]
)
def test_post_course_contest_and_certificate_are_taken_into_course_credit(name):
    credential = schemas.example(name)
    agreement, members = agreement_about(credential)
    check_agreement(agreement.document)
    source = Source(facts(credential), verdict="valid", anchored=True, possession=True, complete=True)
    (result,) = evaluate(source, agreement, members=members, at=AT).results
    assert (result.outcome, result.kind, result.credits) == ("conditional", "免修", 8)
    assert result.course.code == "RB2104"


@pytest.mark.row("S40", "S48")
def test_an_apprenticeship_without_the_enterprises_word_is_taken_into_nothing():
    credential = schemas.example("ApprenticeshipRecord")
    agreement, members = agreement_about(credential)
    source = Source(facts(credential), verdict="note", anchored=True, possession=True, complete=False)
    evaluation = evaluate(source, agreement, members=members, at=AT)
    assert not evaluation.accepted
