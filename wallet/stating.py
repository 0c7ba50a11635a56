"""What a certificate states, as labels and values in the order of its paper: one list for each type.

What a type does not have, or this certificate does not say, is left out.
"""

from collections.abc import Callable, Iterable, Mapping

from flask_babel import gettext

from vc.credentials import CredentialFacts
from vc.facts import Mentor
from vc.recognition.wording import number, unit_text
from web import i18n

Row = tuple[str, str | tuple[str, str]]
"""A label, and a value; a value in another language than the page comes with its language."""

_Raw = tuple[str, str | None]


_LASTING = frozenset({"education", "skill", "micro", "competition", None})
"""Of certificates in these groups people ask whether they are still good; a record of something past is."""


def rows(facts: CredentialFacts) -> list[Row]:
    """Give the facts of a certificate as its type's paper has them."""
    listed = _TYPES.get(facts.credential_type or "", _schooling)(facts)
    lasting = gettext("长期有效") if facts.group in _LASTING else None
    period = [(gettext("有效期至"), i18n.day(facts.valid_until) or lasting)]
    return [(label, _value(value)) for label, value in (*listed, *period) if value]


def credit(amount: float | None, unit: str | None) -> str:
    """Write credits with their unit, which is never left out and never converted."""
    if amount is None:
        return ""
    if unit is None:
        return gettext("%(n)s（未注明单位）", n=number(amount))
    return f"{number(amount)} {i18n.in_language(unit, unit_text(unit))}"


def _value(value: str) -> str | tuple[str, str]:
    # Numbers and codes are of no language; what an issuer wrote in Chinese stays Chinese on an English page.
    chinese = i18n.language() != "zh-CN" and i18n.lang_of(value) == "zh-CN"
    return (value, "zh-CN") if chinese else value


def _schooling(facts: CredentialFacts) -> Iterable[_Raw]:
    major = facts.field_of_study
    return [
        (gettext("证书编号"), facts.number),
        (gettext("专业代码") if major else gettext("标准代码"), facts.human_code),
        (gettext("等级"), None if major else facts.specialization or facts.level_name),
        (gettext("结论"), facts.conclusion),
        (gettext("性别"), facts.gender),
        (gettext("出生日期"), i18n.day(facts.birth_date)),
        (gettext("证件"), _document(facts)),
        (gettext("学习时间"), _period(facts)),
        (gettext("考核日期"), i18n.day(facts.ended) if facts.ended and not facts.started else None),
        (gettext("考核地点"), facts.site),
        *facts.results,
    ]


def _micro(facts: CredentialFacts) -> Iterable[_Raw]:
    return [
        (gettext("证书编号"), facts.number),
        (gettext("证件"), _document(facts)),
        (gettext("学时"), _hours(facts.learning_hours)),
        (gettext("其中实践"), _hours(facts.practice_hours)),
        (gettext("学分"), credit(facts.credits_earned, facts.credit_unit)),
        (gettext("考核方式"), facts.assessment_mode),
        (gettext("考核时核对身份"), _yes_no(facts.identity_checked)),
        *facts.results,
    ]


def _contest(facts: CredentialFacts) -> Iterable[_Raw]:
    return [
        (gettext("证书编号"), facts.number),
        (gettext("赛项编号"), facts.human_code),
        (gettext("竞赛级别"), facts.competition_level),
        (gettext("奖项"), facts.award_rank),
        (gettext("身份"), facts.role),
        (gettext("参赛人数"), str(facts.team_size) if facts.team_size else None),
        (gettext("指导教师"), gettext("、").join(facts.instructors)),
        (gettext("证件"), _document(facts)),
        *facts.results,
    ]


def _apprenticeship(facts: CredentialFacts) -> Iterable[_Raw]:
    return [
        (gettext("协议编号"), facts.agreement_number),
        (gettext("企业"), facts.enterprise_name),
        (gettext("岗位"), facts.role),
        (gettext("等级"), facts.level_name),
        (gettext("培养时间"), _period(facts)),
        (gettext("理论学时"), _hours(facts.theory_hours)),
        (gettext("实践学时"), _hours(facts.practice_hours)),
        *((_mentor_label(mentor), _mentor(mentor)) for mentor in facts.mentors),
        (gettext("证件"), _document(facts)),
        *facts.results,
    ]


def _training(facts: CredentialFacts) -> Iterable[_Raw]:
    return [
        (gettext("证明编号"), facts.number),
        (gettext("类别"), facts.training_kind),
        (gettext("企业"), facts.enterprise_name),
        (gettext("岗位"), facts.role),
        (gettext("起止时间"), _period(facts)),
        (gettext("实践学时"), _hours(facts.practice_hours)),
        (gettext("成果"), facts.narrative),
        (gettext("证件"), _document(facts)),
        *facts.results,
    ]


def _credit_record(facts: CredentialFacts) -> Iterable[_Raw]:
    return [
        (gettext("学分账户"), facts.account),
        (gettext("转换方式"), conversion_kind(facts.conversion_kind)),
        (gettext("课程代码"), facts.course_code),
        (gettext("开课学校"), facts.college_name),
        (gettext("学分"), credit(facts.credits_earned, facts.credit_unit)),
        *facts.results,
        (gettext("依据协议"), facts.agreement),
        (gettext("规则"), facts.rule_id),
        (gettext("来源证书"), facts.source_credential),
        (gettext("登记日期"), i18n.day(facts.awarded)),
    ]


def _evaluation(facts: CredentialFacts) -> Iterable[_Raw]:
    hire = _yes_no(facts.would_hire_again)
    return [
        (gettext("岗位"), facts.post),
        (gettext("入职日期"), i18n.day(facts.employed_from)),
        (
            gettext("评价期间"),
            " – ".join(i18n.day(day) for day in (facts.period_start, facts.period_end) if day),
        ),
        *((dimension, gettext("%(n)s 分（满分 5 分）", n=score)) for dimension, score in facts.ratings),
        (gettext("适应天数"), str(facts.adaptation_days) if facts.adaptation_days is not None else None),
        (gettext("愿意再次录用"), hire),
        (gettext("能力差距"), gettext("、").join(facts.skill_gaps)),
        (gettext("评语"), facts.comment),
    ]


def _membership(facts: CredentialFacts) -> Iterable[_Raw]:
    return [
        (gettext("成员身份"), facts.member_role),
        (gettext("可签发"), gettext("、").join(facts.may_issue)),
        (gettext("适用范围"), facts.jurisdiction),
    ]


_TYPES: Mapping[str, Callable[[CredentialFacts], Iterable[_Raw]]] = {
    "GraduationCertificate": _schooling,
    "SkillLevelCertificate": _schooling,
    "MicroCredential": _micro,
    "CompetitionAward": _contest,
    "ApprenticeshipRecord": _apprenticeship,
    "TeacherTrainingRecord": _training,
    "CreditRecord": _credit_record,
    "EmployerEvaluation": _evaluation,
    "MemberAccreditation": _membership,
}


def conversion_kind(kind: str | None) -> str:
    """Say a kind of conversion in the page's language."""
    return {
        "存入": gettext("存入"),
        "免修": gettext("免修"),
        "学分置换": gettext("学分置换"),
        "成绩替代": gettext("成绩替代"),
    }.get(kind or "", kind or "")


def _document(facts: CredentialFacts) -> str | None:
    tail = gettext("末四位 %(tail)s", tail=facts.id_tail) if facts.id_tail else None
    return " ".join(filter(None, (facts.id_document, tail))) or None


def _period(facts: CredentialFacts) -> str:
    if not facts.started:
        return ""
    return " – ".join(i18n.day(day) for day in (facts.started, facts.ended) if day)


def _hours(hours: int | None) -> str | None:
    return None if hours is None else gettext("%(n)s 学时", n=hours)


def _yes_no(answer: bool | None) -> str | None:
    return None if answer is None else gettext("是") if answer else gettext("否")


def _mentor(mentor: Mentor) -> str:
    return " · ".join(filter(None, (mentor.name, mentor.job_title)))


def _mentor_label(mentor: Mentor) -> str:
    return {"学校导师": gettext("学校导师"), "企业导师": gettext("企业导师")}.get(
        mentor.role or "", gettext("导师")
    )
