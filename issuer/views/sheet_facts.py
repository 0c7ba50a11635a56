"""What stands on a printed certificate, fact by fact, in both languages.

The paper form contains nothing that its paper does not print (ARCHITECTURE.md, the printed code), so every
fact of a type has its line here. A certificate is bilingual whatever the language of the page that prints it:
these words are pairs and no part of a page's catalogue.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from issuer.views.words import china_day, result_en
from vc.credentials import CredentialFacts

_ALIGNED = {
    "ext:Occupation": ("对应职业", "Occupation"),
    "ext:WorkTask": ("对应工作任务", "Work task"),
    "ext:WorkProcess": ("对应工作过程", "Work process"),
    "ext:JobStandard": ("对应岗位标准", "Job standard"),
}
_DIMENSIONS = {
    "专业能力": "Competence",
    "职业精神": "Professional spirit",
    "岗位胜任力": "Fitness for the post",
    "创新与应用能力": "Innovation and application",
    "职业发展潜力": "Potential",
    "总体满意度": "Overall satisfaction",
}
_MENTORS = {"学校导师": "School tutor", "企业导师": "Enterprise tutor"}
_WIDE = 60
_NUMBERED = {
    "SkillLevelCertificate": ("标准", "Standard"),
    "MicroCredential": ("编码", "Code"),
    "CompetitionAward": ("赛项编号", "Event"),
    "ApprenticeshipRecord": ("培养方案", "Plan"),
    "CreditRecord": ("课程代码", "Course code"),
}


@dataclass(frozen=True)
class SheetFact:
    """One line: its name in both languages, and the value."""

    zh: str
    en: str
    value: str

    @property
    def wide(self) -> bool:
        """Whether it takes the whole width of the sheet."""
        return len(self.value) > _WIDE


def sheet_facts(facts: CredentialFacts) -> list[SheetFact]:
    """Return the lines of a certificate in their order; what it does not state has none."""
    lines = (
        *_person(facts),
        *_achievement(facts),
        *_workload(facts),
        *_contest(facts),
        *_practice(facts),
        *_conversion(facts),
        *_evaluation(facts),
        *_membership(facts),
        *_marks(facts),
        *_ends(facts),
    )
    return [SheetFact(zh, en, value) for zh, en, value in lines if value]


_Line = tuple[str, str, str | None]


def _person(facts: CredentialFacts) -> Iterator[_Line]:
    yield "性别", "Gender", facts.gender
    yield "出生日期", "Date of birth", facts.birth_date
    if facts.id_tail:
        yield "证件", "ID document", f"{facts.id_document} …{facts.id_tail}"


def _achievement(facts: CredentialFacts) -> Iterator[_Line]:
    yield "专业", "Major", facts.field_of_study
    level = ("层次", "Level") if facts.field_of_study else ("等级", "Level")
    yield (*level, facts.specialization or facts.level_name)
    if facts.human_code and facts.credential_type in _NUMBERED:
        named = " · ".join(part for part in (facts.human_code, facts.version) if part)
        yield (*_NUMBERED[facts.credential_type], named)
    yield "学习形式", "Mode of study", facts.learning_mode
    yield "学制", "Duration (years)", facts.study_years
    if facts.started and facts.ended:
        period = ("学习起止", "Period of study") if facts.field_of_study else ("起止", "Period")
        yield (*period, f"{china_day(facts.started)} – {china_day(facts.ended)}")
    elif facts.ended:
        yield "考核日期", "Assessed on", china_day(facts.ended)
    yield "考核站点", "Assessed at", facts.site
    for aligned in facts.alignments:
        if aligned.kind in _ALIGNED:
            yield (*_ALIGNED[aligned.kind], " ".join(part for part in (aligned.code, aligned.name) if part))
    yield "可叠加至", "Stacks into", "\n".join(facts.related)


def _workload(facts: CredentialFacts) -> Iterator[_Line]:
    yield "总学时", "Hours", _number(facts.learning_hours)
    yield "理论学时", "Hours of theory", _number(facts.theory_hours)
    yield "实践学时", "Hours of practice", _number(facts.practice_hours)
    if facts.credits_earned is not None:
        unit = f" {facts.credit_unit}" if facts.credit_unit else ""
        yield "学分", "Credits", f"{facts.credits_earned:g}{unit}"
    yield "考核方式", "Assessment", facts.assessment_mode
    yield "身份核验", "Identity checked", _answer(facts.identity_checked)
    for name, digest in facts.evidence:
        yield "成果", "Piece of work", f"{name}\n{digest}"


def _contest(facts: CredentialFacts) -> Iterator[_Line]:
    yield "竞赛级别", "Level of the contest", facts.competition_level
    yield "奖项", "Prize", facts.award_rank
    yield "团队人数", "Team", _number(facts.team_size)
    yield "指导教师", "Instructors", "、".join(facts.instructors)


def _practice(facts: CredentialFacts) -> Iterator[_Line]:
    role = ("角色", "Role") if facts.competition_level else ("岗位", "Post")
    yield (*role, facts.role)
    yield "协议编号", "Agreement no.", facts.agreement_number
    if facts.enterprise_name:
        yield "企业", "Enterprise", "\n".join(filter(None, (facts.enterprise_name, facts.enterprise_id)))
    for mentor in facts.mentors:
        named = " ".join(part for part in (mentor.name, mentor.job_title) if part)
        yield mentor.role or "导师", _MENTORS.get(mentor.role or "", "Tutor"), named
    yield "须由其会签", "To be co-signed by", "\n".join(facts.required_endorsers)
    yield "类别", "Kind", facts.training_kind
    yield "成果", "Outcome", facts.narrative


def _conversion(facts: CredentialFacts) -> Iterator[_Line]:
    yield "学分账户", "Account", facts.account
    yield "转换方式", "Conversion", facts.conversion_kind
    yield "课程院校", "College", facts.college_name
    yield "互认协议", "Agreement", facts.agreement
    yield "规则", "Rule", facts.rule_id
    yield "来源凭证", "Source", facts.source_credential
    yield "来源摘要", "Digest of the source", facts.source_digest


def _evaluation(facts: CredentialFacts) -> Iterator[_Line]:
    yield "所评证书", "Certificate evaluated", facts.about if facts.ratings else None
    yield "岗位", "Post", facts.post
    yield "入职日期", "Employed from", facts.employed_from
    if facts.period_start and facts.period_end:
        yield "评价期", "Evaluated", f"{facts.period_start} – {facts.period_end}"
    for dimension, score in facts.ratings:
        yield dimension, _DIMENSIONS.get(dimension, "Rating"), f"{score} / 5"
    yield "适应天数", "Days to settle in", _number(facts.adaptation_days)
    yield "愿意再录用", "Would hire again", _answer(facts.would_hire_again)
    yield "能力短板", "Skill gaps", "、".join(facts.skill_gaps)
    yield "授权编号", "Consent", facts.consent


def _membership(facts: CredentialFacts) -> Iterator[_Line]:
    yield "成员角色", "Role", facts.member_role
    yield "可签发类型", "May issue", "、".join(facts.may_issue)
    yield "管辖区域", "Jurisdiction", facts.jurisdiction
    yield "成员标识", "Identifier", facts.about if facts.member_role else None


def _marks(facts: CredentialFacts) -> Iterator[_Line]:
    for name, value in facts.results:
        yield name, result_en(name), value


def _ends(facts: CredentialFacts) -> Iterator[_Line]:
    yield "结论", "Conclusion", facts.conclusion
    yield "证书编号", "Certificate no.", facts.number
    yield "有效期至", "Valid until", china_day(facts.valid_until) if facts.valid_until else None


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _answer(value: bool | None) -> str | None:
    return None if value is None else ("是 Yes" if value else "否 No")
