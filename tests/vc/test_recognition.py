"""Who accepts a certificate without a second test, against the vectors of CREDENTIALS.md section 10."""

import copy
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

import schemas
from vc import dates
from vc.credentials import facts
from vc.errors import AgreementError
from vc.recognition import Agreement, check_agreement, last_day, waived

VECTORS = json.loads((Path(__file__).with_name("recognition-vectors.json")).read_text("utf-8"))
AT = dates.parse("2026-06-05T10:00:00+08:00")
HUAHENG = "did:web:huaheng-skills.example"
MINGJIANG = "did:web:mingjiang-skills.example"
XINGHENG = "did:web:xingheng.example"


def merged(base, patch):
    """Apply an RFC 7396 merge patch."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def facts_of(vector):
    stated = merged(VECTORS["facts"][vector["facts"]["base"]], vector["facts"].get("patch", {}))
    moments = {key: stated.get(key) for key in ("awardedDate", "validFrom", "validUntil")}
    read = {key: None if text is None else dates.parse(text) for key, text in moments.items()}
    return replace(
        facts({}),
        credential_id=stated["id"],
        credential_type=stated["type"],
        issuer_id=stated["issuer"],
        achievement_id=stated["achievement"],
        human_code=stated["humanCode"],
        level_code=stated["levelCode"],
        conclusion=stated.get("conclusion"),
        awarded=read["awardedDate"],
        valid_from=read["validFrom"],
        valid_until=read["validUntil"],
    )


def agreement_of(vector):
    document = merged(
        VECTORS["agreements"][vector["agreement"]["base"]], vector["agreement"].get("patch", {})
    )
    state = {**VECTORS["ledgerDefault"], **vector["agreement"].get("ledger", {})}
    return (
        Agreement(
            document=document,
            started=dates.parse(state["start"]),
            ended=None if state["end"] is None else dates.parse(state["end"]),
            signed=[party["id"] for party in document["parties"]],
        ),
        state["members"],
    )


def evaluated(vector):
    """Leave out what the caller decides: a verdict that recognises nothing, and missing countersignatures."""
    return vector["expected"].get("reason") not in ("verdict", "incomplete")


@pytest.mark.parametrize(
    "vector", list(filter(evaluated, VECTORS["vectors"])), ids=lambda vector: vector["id"]
)
def test_the_parties_that_ask_for_no_second_test_are_those_of_the_vector(vector):
    agreement, members = agreement_of(vector)
    found = waived(facts_of(vector), agreements=[agreement], members=members, at=dates.parse(vector["at"]))
    rows = vector["expected"].get("results", [])
    expected = [(row[0], row[1]) for row in rows if row[2:4] == ["yes", "waived"]]
    assert [(waiver.rule, waiver.party) for waiver in found] == expected


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["id"])
def test_a_document_that_breaks_a_rule_is_refused_and_gives_no_line(vector):
    document = merged(VECTORS["agreements"][vector["base"]], vector["patch"])
    with pytest.raises(AgreementError):
        check_agreement(document)


@pytest.mark.parametrize("name", ["RecognitionAgreement", "RecognitionAgreement-bodies"])
def test_the_published_examples_are_accepted(name):
    check_agreement(schemas.example(name))


def bodies(**changes):
    document = copy.deepcopy(schemas.example("RecognitionAgreement-bodies"))
    document.update(changes)
    return document


def state(document, **changes):
    values = {
        "document": document,
        "started": AT - timedelta(days=30),
        "ended": None,
        "signed": [HUAHENG, MINGJIANG, XINGHENG],
        **changes,
    }
    return Agreement(**values)


def certificate():
    return facts(
        merged(schemas.example("SkillLevelCertificate"), {"awardedDate": "2026-05-20T00:00:00+08:00"})
    )


def parties(*agreements):
    found = waived(certificate(), agreements=agreements, members=[HUAHENG, MINGJIANG, XINGHENG], at=AT)
    return [waiver.party for waiver in found]


def test_a_party_that_did_not_sign_this_version_is_not_spoken_for():
    assert parties(state(bodies(), signed=[HUAHENG, MINGJIANG])) == [MINGJIANG]


def test_a_waiver_of_part_of_the_test_gives_no_line():
    document = bodies()
    document["rules"][1]["scope"] = "理论"
    assert parties(state(document)) == []


def test_the_purpose_travels_with_the_line():
    waiver = waived(certificate(), agreements=[state(bodies())], members=[MINGJIANG], at=AT)[0]
    assert waiver.purpose == {"zh-CN": "入职技能核验", "en": "skill check at hiring"}


def test_a_rule_for_another_code_gives_no_line():
    document = bodies()
    document["rules"][1]["when"] = {"humanCode": ["IROM-3"]}
    assert parties(state(document)) == []


def test_a_member_that_is_not_understood_gives_no_line():
    assert parties(state(bodies(condition="only on Sundays"))) == []


def test_of_two_versions_the_newer_decides_even_where_it_grants_less():
    newer = bodies(version=2, supersedes="urn:vocred:agreement:HM-2026-0001#1")
    newer["rules"] = newer["rules"][:1]
    assert parties(state(bodies()), state(newer)) == []


def test_an_expired_newer_version_revives_no_older_one():
    newer = bodies(
        version=2,
        supersedes="urn:vocred:agreement:HM-2026-0001#1",
        effectiveUntil="2026-05-31T23:59:59+08:00",
    )
    assert parties(state(bodies()), state(newer)) == []


def test_the_older_version_runs_until_the_newer_starts():
    newer = bodies(version=2, supersedes="urn:vocred:agreement:HM-2026-0001#1")
    later = state(newer, started=AT + timedelta(seconds=1))
    assert parties(state(bodies()), later) == [MINGJIANG, XINGHENG]


@pytest.mark.parametrize(
    ("changes", "accepted"),
    [
        ({"awardedFrom": "2026-05-20"}, True),
        ({"awardedFrom": "2026-05-21"}, False),
        ({"awardedUntil": "2026-05-20"}, True),
        ({"awardedUntil": "2026-05-19"}, False),
    ],
)
def test_the_days_of_awarding_that_are_accepted_are_inclusive(changes, accepted):
    document = bodies()
    document["accepts"].update(changes)
    assert bool(parties(state(document))) is accepted


@pytest.mark.parametrize(
    ("awarded", "months", "last"),
    [("2026-08-31", 6, "2027-02-28"), ("2028-02-29", 12, "2029-02-28"), ("2026-12-15", 12, "2027-12-15")],
)
def test_where_the_later_month_lacks_the_day_its_last_day_counts(awarded, months, last):
    assert last_day(date.fromisoformat(awarded), months=months) == date.fromisoformat(last)
