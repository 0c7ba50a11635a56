"""What a certificate states, as label and value in the reader's language: all nine types in plain words.

Values stay in the language of whoever wrote them; what is ours to say (units, yes and no, labels) is said in
the reader's. What a type does not state gives no line.
"""

from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext

from schemas.catalogue import CATALOGUE
from vc.credentials import CredentialFacts
from vc.recognition.wording import unit_text
from web.i18n import day, in_language, pick

Line = tuple[str, str | tuple[str, str]]
"""A label with its value; a value in a language of its own comes with its tag."""

Names = Mapping[str, Mapping[str, str]]


_WORDS = frozenset(
    (
        *("校级", "市级", "省级", "国家级", "国际级"),
        *("一等奖", "二等奖", "三等奖", "优秀奖", "金牌", "银牌", "铜牌", "优胜奖"),
        *("企业实践", "培训进修", "双岗互聘", "技术服务", "兼职授课", "双师型认定"),
        *("存入", "免修", "学分置换", "成绩替代"),
        *("学校导师", "企业导师"),
        *("专业能力", "职业精神", "岗位胜任力", "创新与应用能力", "职业发展潜力", "总体满意度"),
        *("毕业", "结业", "合格"),
        *("理论成绩", "实操成绩", "考试成绩", "评定结论", "学校导师评定", "企业导师评定", "成绩"),
        *("普通全日制", "成人脱产", "业余", "函授", "网络教育", "开放教育", "自学考试", "现代学徒制"),
        *("国民教育学历", "职业技能等级", "国家职业资格", "企业认证", "微证书", "职业技能竞赛", "教师发展"),
    )
)
"""Words of closed lists in the schemas: they have an English of their own, and everything else has not."""

_ROLES: Mapping[str, str] = {
    "college": "院校",
    "enterprise": "企业",
    "certificateBody": "评价机构",
    "industryAssociation": "行业协会",
    "government": "政府部门",
    "research": "科研机构",
    "creditBank": "学分银行",
}


def lines(facts: CredentialFacts, *, names: Names | None = None) -> list[Line]:
    """Return what to show beside name, title, level and dates.

    Args:
        facts: What the certificate states.
        names: Names of bodies by DID from the registry, ``zh`` and ``en``.
    """
    known = names or {}
    found = [
        *_study(facts),
        *_contest(facts),
        *_workload(facts),
        *_practice(facts, known),
        *_conversion(facts, known),
        *_evaluation(facts),
        *_membership(facts),
    ]
    return [(label, _written(_said(value))) for label, value in found if value]


def marks(facts: CredentialFacts) -> list[Line]:
    """Return what was assessed, with its mark."""
    return [(_said(name), _written(_said(value))) for name, value in facts.results]


def _study(facts: CredentialFacts) -> list[tuple[str, str | None]]:
    return [
        (gettext("专业或标准"), facts.field_of_study),
        (gettext("代码"), facts.human_code),
        (gettext("所属体系"), facts.qualification_system),
        (gettext("企业级别名称"), facts.specialization),
        (gettext("标准版本"), facts.version),
        (gettext("结论"), facts.conclusion),
        (gettext("考核站点"), facts.site),
        (gettext("起止日期"), _span(facts.started, facts.ended)),
    ]


def _contest(facts: CredentialFacts) -> list[tuple[str, str | None]]:
    team = facts.team_size
    return [
        (gettext("赛事级别"), facts.competition_level),
        (gettext("奖项"), facts.award_rank),
        (gettext("参赛人数"), None if team is None else gettext("%(n)s 人", n=team)),
        (gettext("指导教师"), "、".join(facts.instructors)),
    ]


def _workload(facts: CredentialFacts) -> list[tuple[str, str | None]]:
    checked = {True: gettext("已核对"), False: gettext("未核对"), None: None}
    return [
        (gettext("总学时"), _hours(facts.learning_hours)),
        (gettext("理论学时"), _hours(facts.theory_hours)),
        (gettext("实践学时"), _hours(facts.practice_hours)),
        (gettext("学分"), _credits(facts)),
        (gettext("学习方式"), facts.learning_mode),
        (gettext("考核方式"), facts.assessment_mode),
        (gettext("考核时身份"), checked[facts.identity_checked]),
    ]


def _practice(facts: CredentialFacts, names: Names) -> list[tuple[str, str | None]]:
    mentors = [
        (
            _said(mentor.role or "") or gettext("导师"),
            f"{mentor.name} · {mentor.job_title}" if mentor.job_title else mentor.name,
        )
        for mentor in facts.mentors
    ]
    return [
        (gettext("培训类别"), facts.training_kind),
        (gettext("协议编号"), facts.agreement_number),
        (gettext("角色或岗位"), facts.role),
        (gettext("企业"), _body(facts.enterprise_id, names) or facts.enterprise_name),
        *mentors,
        (gettext("成果"), facts.narrative),
    ]


def _conversion(facts: CredentialFacts, names: Names) -> list[tuple[str, str | None]]:
    return [
        (gettext("转换方式"), facts.conversion_kind),
        (gettext("课程代码"), facts.course_code),
        (gettext("开课院校"), _body(facts.college_id, names) or facts.college_name),
        (gettext("依据协议"), facts.agreement),
        (gettext("规则"), facts.rule_id),
        (gettext("学分银行账户"), facts.account),
    ]


def _evaluation(facts: CredentialFacts) -> list[tuple[str, str | None]]:
    again = {True: gettext("愿意"), False: gettext("不愿意"), None: None}
    days = facts.adaptation_days
    period = " – ".join(part for part in (facts.period_start, facts.period_end) if part)
    return [
        *((_said(dimension), f"{score}/5") for dimension, score in facts.ratings),
        (gettext("评价岗位"), facts.post),
        (gettext("评价期间"), period),
        (gettext("适应期"), None if days is None else gettext("%(n)s 天", n=days)),
        (gettext("再次录用"), again[facts.would_hire_again]),
        (gettext("欠缺的技能"), "、".join(facts.skill_gaps)),
        (gettext("评语"), facts.comment),
    ]


def _membership(facts: CredentialFacts) -> list[tuple[str, str | None]]:
    role = facts.member_role or ""
    types = [pick(CATALOGUE[name].display) if name in CATALOGUE else name for name in facts.may_issue]
    return [
        (gettext("成员角色"), gettext(_ROLES[role]) if role in _ROLES else role),
        (gettext("可签发"), "、".join(types)),
        (gettext("适用地区"), facts.jurisdiction),
    ]


def _hours(count: int | None) -> str | None:
    return None if count is None else gettext("%(n)s 学时", n=count)


def _credits(facts: CredentialFacts) -> str | None:
    # Units are never converted: a number of credits always stands beside its own unit, if one is stated.
    count = facts.credits_available if facts.credits_earned is None else facts.credits_earned
    if count is None:
        return None
    unit = facts.credit_unit
    return f"{count:g} {in_language(unit, unit_text(unit))}" if unit else f"{count:g}"


def _span(start: datetime | None, end: datetime | None) -> str:
    return " – ".join(day(moment) for moment in (start, end) if moment is not None)


def _body(did: str | None, names: Names) -> str | None:
    known = names.get(did or "")
    return None if known is None else pick({"zh-CN": known.get("zh", ""), "en": known.get("en", "")})


def _said(value: str) -> str:
    """Return a word of a closed list in the reader's language, anything else as it was written."""
    return gettext(value) if value in _WORDS else value


def _written(value: str) -> str | tuple[str, str]:
    return (value, "zh-CN") if any("一" <= character <= "鿿" for character in value) else value
