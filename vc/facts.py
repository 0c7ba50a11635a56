"""What a credential states, read into one frozen value for pages and for rules.

Reading trusts nothing: the same functions serve a form whose proof failed. What is absent or malformed is
None or empty; whether a type may lack it is its schema's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.catalogue import CATALOGUE, credential_type_names
from vc import dates
from vc.errors import InvalidDatetimeError

ACCOUNT = "ext:CreditBankAccount"
"""Under which ``identityType`` a CreditRecord names the learner's account."""


@dataclass(frozen=True)
class Mark:
    """One result with what its description says about it.

    Attributes:
        name: What was assessed.
        value: The mark as it is written.
        minimum: Lowest value that can be given, or None where the description is silent.
        maximum: Highest value that can be given, or None.
        required: Value that is needed to pass, or None.
    """

    name: str
    value: str
    minimum: str | None = None
    maximum: str | None = None
    required: str | None = None


@dataclass(frozen=True)
class Mentor:
    """One of the two tutors of an apprentice.

    Attributes:
        name: The tutor's name.
        role: 学校导师 or 企业导师.
        job_title: The tutor's post or title, or None.
        employer_id: DID of the college or enterprise, or None.
    """

    name: str
    role: str | None
    job_title: str | None
    employer_id: str | None


@dataclass(frozen=True)
class Alignment:
    """What an achievement is aligned to: an occupation, a task, a job standard, a level of education.

    Attributes:
        kind: Its ``targetType``, such as ``ext:Occupation``, or None.
        code: Its code in its framework, or None.
        name: What it is called.
    """

    kind: str | None
    code: str | None
    name: str


@dataclass(frozen=True)
class CredentialFacts:
    """What a credential states, for pages and for rules of recognition; absent values are None or empty.

    Attributes:
        credential_id: The record's ``urn:uuid:…``.
        credential_type: The type in our catalogue, or None for a foreign one.
        title: What the certificate is called.
        issuer_id: The DID that it names as issuer.
        holder: The wallet's DID of a holder-bound form; None on paper, and where the subject is no person.
        name: The holder's name; of a MemberAccreditation the member's.
        name_en: The same in Latin letters.
        id_document: Kind of identity document.
        id_tail: Last four characters of its number.
        gender: As the paper has it.
        birth_date: As the paper has it.
        number: The certificate's number.
        conclusion: 毕业 or 结业, where the type has it.
        achievement_id: IRI of the achievement.
        achievement_name: What was achieved.
        achievement_name_en: The same in English, where the issuer wrote it.
        human_code: Code of the major, standard, contest or course.
        field_of_study: The major's name.
        qualification_system: Which system the level belongs to.
        level_code: The level, prefixed by its system.
        level_name: The level in words.
        specialization: The enterprise's own word for the level.
        version: Edition of the standard.
        site: Where it was assessed.
        results: Names and values of marks.
        started: Begin of study, apprenticeship or training.
        ended: End of it, or day of the examination.
        awarded: The issuer's award date.
        valid_from: Since when this version holds.
        valid_until: Until when, or None.
        marks: The same results with the range of their values.
        about: What an evaluation speaks of (a credential's id or a DID), or the DID of an accredited member.
        credits_earned: Credits that the learner earned.
        credits_available: Credits that the achievement carries.
        credit_unit: Unit of credits_earned in a CreditRecord.
        learning_hours: Hours of the whole course.
        practice_hours: Hours of practice, of the learner or else of the course.
        theory_hours: Hours of theory.
        learning_mode: 普通全日制, 现代学徒制 and the like.
        study_years: Years of study, as they are written.
        assessment_mode: How it was assessed.
        identity_checked: Whether identity was checked at the assessment; None where nothing is said.
        related: Achievements into which this one stacks.
        alignments: What the achievement is aligned to.
        evidence: Names and digests of the learner's work.
        competition_level: 校级 to 国际级.
        award_rank: 一等奖 and the like.
        team_size: How many contestants the team had.
        instructors: Names of the instructors.
        role: Role in a contest, or post in an enterprise.
        agreement_number: Number of the apprentice agreement.
        enterprise_id: DID of the enterprise, or None.
        enterprise_name: Its name.
        mentors: The tutors.
        required_endorsers: DIDs whose endorsement the record needs.
        training_kind: 企业实践 and the like.
        narrative: Outcome of a teacher's training, in words.
        account: The learner's account at the credit bank.
        conversion_kind: 存入, 免修, 学分置换 or 成绩替代.
        source_credential: ``urn:uuid:…`` of the credential that was converted.
        source_digest: Multibase digest of the form that was converted.
        agreement: ``urn:vocred:agreement:…#version`` under which it was converted.
        rule_id: The agreement's rule.
        course_code: Code of the course, in a CreditRecord that is one of a course.
        college_id: DID of the course's college.
        college_name: Its name.
        ratings: Dimensions and scores (1 to 5) of an evaluation.
        comment: What the employer wrote.
        post: Post in which the graduate was evaluated.
        employed_from: Day of employment.
        period_start: First day of the period that is evaluated.
        period_end: Last day of it.
        adaptation_days: Days until the graduate had settled in.
        would_hire_again: The employer's answer, or None.
        skill_gaps: What the employer missed.
        consent: ``urn:uuid:…`` of the graduate's consent.
        member_role: What the accredited member is to the consortium.
        may_issue: The types for which the member is accredited.
        jurisdiction: Where it is accredited.
    """

    credential_id: str | None
    credential_type: str | None
    title: str | None
    issuer_id: str | None
    holder: str | None
    name: str | None
    name_en: str | None
    id_document: str | None
    id_tail: str | None
    gender: str | None
    birth_date: str | None
    number: str | None
    conclusion: str | None
    achievement_id: str | None
    achievement_name: str | None
    achievement_name_en: str | None
    human_code: str | None
    field_of_study: str | None
    qualification_system: str | None
    level_code: str | None
    level_name: str | None
    specialization: str | None
    version: str | None
    site: str | None
    results: tuple[tuple[str, str], ...]
    started: datetime | None
    ended: datetime | None
    awarded: datetime | None
    valid_from: datetime | None
    valid_until: datetime | None
    marks: tuple[Mark, ...] = ()
    about: str | None = None
    credits_earned: float | None = None
    credits_available: float | None = None
    credit_unit: str | None = None
    learning_hours: int | None = None
    practice_hours: int | None = None
    theory_hours: int | None = None
    learning_mode: str | None = None
    study_years: str | None = None
    assessment_mode: str | None = None
    identity_checked: bool | None = None
    related: tuple[str, ...] = ()
    alignments: tuple[Alignment, ...] = ()
    evidence: tuple[tuple[str, str], ...] = ()
    competition_level: str | None = None
    award_rank: str | None = None
    team_size: int | None = None
    instructors: tuple[str, ...] = ()
    role: str | None = None
    agreement_number: str | None = None
    enterprise_id: str | None = None
    enterprise_name: str | None = None
    mentors: tuple[Mentor, ...] = ()
    required_endorsers: tuple[str, ...] = ()
    training_kind: str | None = None
    narrative: str | None = None
    account: str | None = None
    conversion_kind: str | None = None
    source_credential: str | None = None
    source_digest: str | None = None
    agreement: str | None = None
    rule_id: str | None = None
    course_code: str | None = None
    college_id: str | None = None
    college_name: str | None = None
    ratings: tuple[tuple[str, int], ...] = ()
    comment: str | None = None
    post: str | None = None
    employed_from: str | None = None
    period_start: str | None = None
    period_end: str | None = None
    adaptation_days: int | None = None
    would_hire_again: bool | None = None
    skill_gaps: tuple[str, ...] = ()
    consent: str | None = None
    member_role: str | None = None
    may_issue: tuple[str, ...] = ()
    jurisdiction: str | None = None

    @property
    def group(self) -> str | None:
        """The group of the catalogue in which pages show it; None for a foreign type."""
        entry = CATALOGUE.get(self.credential_type or "")
        return None if entry is None else entry.group


def facts(credential: Mapping[str, Any]) -> CredentialFacts:
    """Read the facts out of a credential of any shape; what is missing or malformed is left out."""
    subject = _object(credential.get("credentialSubject"))
    achievement = _object(subject.get("achievement"))
    types, named = credential_type_names(credential), credential.get("issuer")
    credential_type = types[0] if len(types) == 1 else None
    bindable = credential_type is None or CATALOGUE[credential_type].bindable
    marks = _marks(subject, achievement)
    return CredentialFacts(
        credential_id=_text(credential, "id"),
        credential_type=credential_type,
        title=_text(credential, "name"),
        issuer_id=named if isinstance(named, str) else _text(_object(named), "id"),
        holder=_text(subject, "id") if bindable else None,
        name=_text(subject, "name"),
        name_en=_text(_object(subject.get("localizedName")), "en"),
        id_document=_text(subject, "idDocumentType"),
        id_tail=_text(subject, "idNumberTail"),
        gender=_text(subject, "gender"),
        birth_date=_text(subject, "birthDate"),
        number=_text(subject, "licenseNumber"),
        conclusion=_text(subject, "conclusion"),
        achievement_id=_text(achievement, "id"),
        achievement_name=_text(achievement, "name"),
        achievement_name_en=_text(_object(achievement.get("localizedName")), "en"),
        human_code=_text(achievement, "humanCode"),
        field_of_study=_text(achievement, "fieldOfStudy"),
        qualification_system=_text(achievement, "qualificationSystem"),
        level_code=_text(achievement, "levelCode"),
        level_name=_text(achievement, "levelName"),
        specialization=_text(achievement, "specialization"),
        version=_text(achievement, "version"),
        site=_text(subject, "assessmentSite"),
        results=tuple((mark.name, mark.value) for mark in marks),
        started=_moment(subject, "activityStartDate"),
        ended=_moment(subject, "activityEndDate"),
        awarded=_moment(credential, "awardedDate"),
        valid_from=_moment(credential, "validFrom"),
        valid_until=_moment(credential, "validUntil"),
        marks=marks,
        evidence=_evidence(credential.get("evidence")),
        about=None if bindable else _text(subject, "id"),
        **_workload(subject, achievement),
        **_practice(subject),
        **_conversion(subject, achievement, issuer=_object(named)),
        **_evaluation(subject),
        member_role=_text(subject, "memberRole"),
        may_issue=_texts(subject, "mayIssue"),
        jurisdiction=_text(subject, "jurisdiction"),
    )


def _workload(subject: Mapping[str, Any], achievement: Mapping[str, Any]) -> dict[str, Any]:
    """Hours, credits and the way of learning; contests are read here as well."""
    practised = _whole(subject, "practiceHours")
    related = _objects(achievement.get("related"))
    return {
        "credits_earned": _number(subject, "creditsEarned"),
        "credits_available": _number(achievement, "creditsAvailable"),
        "credit_unit": _text(subject, "creditUnit"),
        "learning_hours": _whole(achievement, "learningHours"),
        "practice_hours": _whole(achievement, "practiceHours") if practised is None else practised,
        "theory_hours": _whole(subject, "theoryHours"),
        "learning_mode": _text(achievement, "learningMode"),
        "study_years": _text(achievement, "studyYears"),
        "assessment_mode": _text(achievement, "assessmentMode"),
        "identity_checked": _truth(achievement, "identityChecked"),
        "related": tuple(found for item in related if (found := _text(item, "id")) is not None),
        "alignments": _alignments(achievement.get("alignment")),
        "competition_level": _text(subject, "competitionLevel"),
        "award_rank": _text(subject, "awardRank"),
        "team_size": _whole(subject, "teamSize"),
        "instructors": _texts(subject, "instructor"),
    }


def _practice(subject: Mapping[str, Any]) -> dict[str, Any]:
    """What an apprentice or a teacher did in an enterprise, and who has to confirm it."""
    enterprise = _object(subject.get("enterprise"))
    return {
        "role": _text(subject, "role"),
        "agreement_number": _text(subject, "agreementNumber"),
        "enterprise_id": _text(enterprise, "id"),
        "enterprise_name": _text(enterprise, "name"),
        "mentors": _mentors(subject.get("mentor")),
        "required_endorsers": _texts(subject, "requiredEndorser"),
        "training_kind": _text(subject, "trainingKind"),
        "narrative": _text(subject, "narrative"),
    }


def _conversion(
    subject: Mapping[str, Any], achievement: Mapping[str, Any], *, issuer: Mapping[str, Any]
) -> dict[str, Any]:
    """Out of which credential and under which rule credits came, and for which course."""
    creator = _object(achievement.get("creator"))
    if len(creator) == 1 and creator.get("id") == issuer.get("id"):
        # A bare reference: the college issues the record itself, and is described there.
        creator = issuer
    kind = _text(subject, "conversionKind")
    course = kind is not None and achievement.get("achievementType") == "Course"
    return {
        "account": _account(subject.get("identifier")),
        "conversion_kind": kind,
        "source_credential": _text(subject, "sourceCredential"),
        "source_digest": _text(subject, "sourceDigest"),
        "agreement": _text(subject, "agreement"),
        "rule_id": _text(subject, "ruleId"),
        "course_code": _text(achievement, "humanCode") if course else None,
        "college_id": _text(creator, "id") if course else None,
        "college_name": _text(creator, "name") if course else None,
    }


def _evaluation(subject: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ratings": _ratings(subject.get("rating")),
        "comment": _text(subject, "endorsementComment"),
        "post": _text(subject, "post"),
        "employed_from": _text(subject, "employedFrom"),
        "period_start": _text(subject, "periodStart"),
        "period_end": _text(subject, "periodEnd"),
        "adaptation_days": _whole(subject, "adaptationDays"),
        "would_hire_again": _truth(subject, "wouldHireAgain"),
        "skill_gaps": _texts(subject, "skillGap"),
        "consent": _text(subject, "consent"),
    }


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _text(value: Mapping[str, Any], key: str) -> str | None:
    found = value.get(key)
    return found if isinstance(found, str) else None


def _texts(value: Mapping[str, Any], key: str) -> tuple[str, ...]:
    # JSON-LD lets one value stand without its list.
    found = value.get(key)
    listed = found if isinstance(found, list) else [found]
    return tuple(item for item in listed if isinstance(item, str))


def _number(value: Mapping[str, Any], key: str) -> float | None:
    found = value.get(key)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def _whole(value: Mapping[str, Any], key: str) -> int | None:
    found = _number(value, key)
    return int(found) if found is not None and found.is_integer() else None


def _truth(value: Mapping[str, Any], key: str) -> bool | None:
    found = value.get(key)
    return found if isinstance(found, bool) else None


def _moment(value: Mapping[str, Any], key: str) -> datetime | None:
    try:
        return dates.parse(value.get(key))
    except InvalidDatetimeError:
        return None


def _marks(subject: Mapping[str, Any], achievement: Mapping[str, Any]) -> tuple[Mark, ...]:
    described = {
        item["id"]: item
        for item in _objects(achievement.get("resultDescription"))
        if isinstance(item.get("id"), str)
    }
    found = []
    for item in _objects(subject.get("result")):
        description = described.get(_text(item, "resultDescription") or "", {})
        name, value = _text(description, "name"), _text(item, "value")
        if name is not None and value is not None:
            bounds = (_text(description, key) for key in ("valueMin", "valueMax", "requiredValue"))
            found.append(Mark(name, value, *bounds))
    return tuple(found)


def _mentors(value: object) -> tuple[Mentor, ...]:
    return tuple(
        Mentor(
            name=name,
            role=_text(item, "mentorRole"),
            job_title=_text(item, "jobTitle"),
            employer_id=_text(_object(item.get("employer")), "id"),
        )
        for item in _objects(value)
        if (name := _text(item, "name")) is not None
    )


def _alignments(value: object) -> tuple[Alignment, ...]:
    return tuple(
        Alignment(_text(item, "targetType"), _text(item, "targetCode"), name)
        for item in _objects(value)
        if (name := _text(item, "targetName")) is not None
    )


def _evidence(value: object) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, digest)
        for item in _objects(value)
        if (name := _text(item, "name")) is not None
        and (digest := _text(item, "digestMultibase")) is not None
    )


def _account(value: object) -> str | None:
    accounts = (item for item in _objects(value) if item.get("identityType") == ACCOUNT)
    return next((_text(item, "identityHash") for item in accounts), None)


def _ratings(value: object) -> tuple[tuple[str, int], ...]:
    return tuple(
        (dimension, score)
        for item in _objects(value)
        if (dimension := _text(item, "dimension")) is not None
        and (score := _whole(item, "score")) is not None
    )
