"""What is read out of a credential of each type."""

import pytest

import schemas
from schemas.catalogue import CATALOGUE
from vc.credentials import Alignment, Mark, Mentor, facts


@pytest.mark.parametrize("name", CATALOGUE)
def test_facts_name_the_type_and_its_group(name):
    stated = facts(schemas.example(name))
    assert stated.credential_type == name
    assert stated.group == CATALOGUE[name].group


@pytest.mark.parametrize("name", ["EmployerEvaluation", "MemberAccreditation"])
def test_a_subject_that_is_no_person_holds_nothing(name):
    example = schemas.example(name)
    stated = facts(example)
    assert stated.holder is None
    assert stated.about == example["credentialSubject"]["id"]


@pytest.mark.row("S48")
def test_facts_of_an_apprenticeship_name_both_tutors_and_split_the_hours():
    stated = facts(schemas.example("ApprenticeshipRecord"))
    assert stated.mentors == (
        Mentor("周明远", "学校导师", "副教授", "did:web:yunling.edu.example"),
        Mentor("郑启航", "企业导师", "高级技师", "did:web:xingheng.example"),
    )
    assert (stated.theory_hours, stated.practice_hours) == (320, 960)
    assert stated.agreement_number == "XTZ-2025-0088"
    assert stated.required_endorsers == ("did:web:xingheng.example",)
    assert stated.enterprise_name == "星衡智能装备有限公司（虚构）"
    assert stated.marks == (
        Mark("学校导师评定", "88", None, "100", "60"),
        Mark("企业导师评定", "92", None, "100", "60"),
    )
    assert stated.results == (("学校导师评定", "88"), ("企业导师评定", "92"))


@pytest.mark.row("S70", "S71")
def test_facts_of_a_teachers_training_say_kind_hours_outcome_and_level():
    stated = facts(schemas.example("TeacherTrainingRecord"))
    assert stated.training_kind == "企业实践"
    assert stated.practice_hours == 320
    assert stated.narrative == "参与焊接机器人产线改造，完成离线编程教学案例2个。"
    assert stated.level_code == "TT-PRACTICE"
    assert stated.enterprise_id == "did:web:xingheng.example"


@pytest.mark.row("S80")
def test_facts_of_an_award_say_level_rank_and_role():
    stated = facts(schemas.example("CompetitionAward"))
    assert (stated.competition_level, stated.award_rank, stated.role) == ("省级", "一等奖", "参赛选手")
    assert (stated.team_size, stated.instructors, stated.human_code) == (2, ("周明远",), "GZ032")


@pytest.mark.row("S63")
def test_facts_of_a_micro_credential_say_hours_assessment_identity_and_stack():
    stated = facts(schemas.example("MicroCredential"))
    assert (stated.learning_hours, stated.practice_hours) == (24, 16)
    assert (stated.assessment_mode, stated.identity_checked) == ("项目作品+答辩", True)
    assert (stated.credits_earned, stated.credits_available) == (1.5, 1.5)
    assert stated.related == ("https://huaheng-skills.example/standards/irom/2.0/intermediate",)
    assert stated.valid_until is not None


def test_facts_of_a_credit_record_name_source_rule_course_and_account():
    stated = facts(schemas.example("CreditRecord"))
    assert (stated.credits_earned, stated.credit_unit) == (8.0, "学分（16学时/学分）")
    assert (stated.agreement, stated.rule_id) == ("urn:vocred:agreement:YL-2026-0012#3", "R1")
    assert stated.conversion_kind == "免修"
    assert stated.source_credential == "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0002"
    assert (stated.course_code, stated.college_id) == ("RB2104", "did:web:yunling.edu.example")
    assert stated.account == "YLCB-00018842"
    assert stated.marks == (Mark("成绩", "91", "0", "100"),)


def test_facts_of_an_evaluation_have_ratings_and_no_name():
    stated = facts(schemas.example("EmployerEvaluation"))
    assert stated.name is None
    assert stated.ratings[0] == ("专业能力", 5)
    assert (stated.post, stated.period_start, stated.period_end) == (
        "机器人调试技术员",
        "2026-07-06",
        "2026-10-31",
    )
    assert (stated.adaptation_days, stated.would_hire_again) == (28, True)


def test_facts_of_an_accreditation_list_what_the_member_may_issue():
    stated = facts(schemas.example("MemberAccreditation"))
    assert (stated.member_role, stated.jurisdiction) == ("college", "CN-YL")
    assert "ApprenticeshipRecord" in stated.may_issue


@pytest.mark.row("S39")
def test_facts_say_to_what_an_achievement_is_aligned():
    stated = facts(schemas.example("SkillLevelCertificate"))
    assert stated.alignments[0] == Alignment(
        "ext:Occupation", "CN-OCC:industrial-robot-system-operator", "工业机器人系统操作员"
    )


def test_facts_name_the_learners_work_by_its_digest():
    stated = facts(schemas.example("MicroCredential"))
    assert stated.evidence == (("抓取工作站项目视频", "uEiDUh7YRNABPHKvhZqzXUa4oaXuAlGW40lZPexq7RQa6fg"),)


def test_values_of_another_kind_are_left_out():
    malformed = {
        "type": ["VerifiableCredential", "OpenBadgeCredential", "ApprenticeshipRecord"],
        "credentialSubject": {
            "practiceHours": True,
            "theoryHours": "320",
            "mentor": ["周明远", {"mentorRole": "学校导师"}],
            "requiredEndorser": {"id": "did:web:xingheng.example"},
            "creditsEarned": [1],
        },
    }
    stated = facts(malformed)
    assert stated.practice_hours is None
    assert stated.theory_hours is None
    assert stated.mentors == ()
    assert stated.required_endorsers == ()
    assert stated.credits_earned is None
