"""What the columns of each map may hold: lists of values, ranges of numbers, and forms of identifiers.

Checks of cells and the templates' drop-downs read the same tables, so a file that was filled in by the
drop-downs cannot be refused for its words. The empty map name stands for every map.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from issuer.importing.identity import DOCUMENTS
from schemas.builders.accreditation import MEMBER_ROLES
from schemas.builders.apprenticeship import STAGES
from schemas.builders.competition import AWARD_RANKS, COMPETITION_LEVELS
from schemas.builders.credit import CONVERSION_KINDS
from schemas.builders.evaluation import DIMENSIONS
from schemas.builders.graduation import STUDY_LEVELS
from schemas.builders.skill_levels import SKILL_LEVELS
from schemas.builders.teacher_training import DUAL_LEVELS, TRAINING_KINDS

GRADUATION = "GraduationCertificate"
ONE_PLUS_X = "SkillLevelCertificate_1X"
VENDOR = "SkillLevelCertificate_Vendor"
MICRO = "MicroCredential"
COMPETITION = "CompetitionAward"
APPRENTICESHIP = "ApprenticeshipRecord"
TEACHER = "TeacherTrainingRecord"
CREDIT = "CreditRecord"
EVALUATION = "EmployerEvaluation"
MEMBER = "MemberAccreditation"

YEARS = ("1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5", "5.5", "6", "7", "8")
MODES = ("普通全日制", "成人脱产", "业余", "函授", "网络教育", "开放教育", "自学考试")
PASSED, NOT_PASSED = "合格", "不合格"
ANSWERS = ("是", "否")

ENUMERATED: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("", "gender"): ("男", "女", "未说明"),
        ("", "idType"): DOCUMENTS,
        ("", "conclusion"): (PASSED, NOT_PASSED),
        ("", "identityChecked"): ANSWERS,
        ("", "wouldHireAgain"): ANSWERS,
        (GRADUATION, "level"): tuple(STUDY_LEVELS),
        (GRADUATION, "years"): YEARS,
        (GRADUATION, "mode"): MODES,
        (GRADUATION, "conclusion"): ("毕业", "结业"),
        (ONE_PLUS_X, "level"): tuple(SKILL_LEVELS),
        (COMPETITION, "competitionLevel"): tuple(COMPETITION_LEVELS),
        (COMPETITION, "awardRank"): tuple(AWARD_RANKS),
        (COMPETITION, "role"): ("参赛选手", "队长"),
        (APPRENTICESHIP, "level"): tuple(STAGES),
        (TEACHER, "kind"): tuple(TRAINING_KINDS),
        (TEACHER, "level"): tuple(DUAL_LEVELS),
        (CREDIT, "conversionKind"): tuple(CONVERSION_KINDS),
        (MEMBER, "role"): tuple(MEMBER_ROLES),
    }
)
"""Columns with a closed list of values, by map and key."""

SUGGESTED: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        (MICRO, "assessmentMode"): (
            "理论考试",
            "实操考核",
            "理论考试+实操考核",
            "项目作品",
            "项目作品+答辩",
            "过程考核",
        ),
        (MICRO, "mode"): ("线下", "线上", "线上线下结合"),
        (CREDIT, "creditUnit"): ("学分（16学时/学分）", "学分（18学时/学分）", "学时"),
    }
)
"""Columns where a list only saves typing: other words are taken as well."""


@dataclass(frozen=True)
class Range:
    """The numbers that a column takes.

    Attributes:
        least: The lowest.
        most: The highest.
        step: What they are multiples of; 1 for whole numbers.
    """

    least: float
    most: float
    step: float = 1

    @property
    def shown(self) -> Mapping[str, str]:
        """The three numbers as a sentence names them."""
        return {
            name: f"{value:g}"
            for name, value in (("least", self.least), ("most", self.most), ("step", self.step))
        }

    def holds(self, text: str) -> bool:
        """Whether a text is one of these numbers."""
        if not _NUMBER.fullmatch(text):
            return False
        return self.least <= float(text) <= self.most and float(text) % self.step == 0


_NUMBER = re.compile(r"\d{1,6}(?:\.\d{1,2})?")
_HOURS = Range(1, 10_000)

RANGES: Mapping[tuple[str, str], Range] = MappingProxyType(
    {
        (MICRO, "learningHours"): Range(1, 400),
        (MICRO, "practiceHours"): Range(0, 400),
        (MICRO, "credits"): Range(0.5, 30, 0.5),
        (COMPETITION, "teamSize"): Range(1, 20),
        (APPRENTICESHIP, "theoryHours"): Range(0, 10_000),
        (APPRENTICESHIP, "practiceHours"): _HOURS,
        (TEACHER, "practiceHours"): _HOURS,
        (CREDIT, "credits"): Range(0.5, 1000, 0.5),
        (EVALUATION, "adaptationDays"): Range(0, 730),
        **{(EVALUATION, key): Range(1, 5) for key in DIMENSIONS},
    }
)
"""Columns of numbers, by map and key; marks (0 to 100, with decimals) are named in ``MARKS``."""

MARKS = frozenset({"theory", "practice", "score", "schoolMark", "enterpriseMark", "grade"})
"""Keys of columns that hold a mark from 0 to 100."""


def values_of(column_map: str, key: str) -> tuple[str, ...]:
    """Return the closed list of a column's values; empty where there is none."""
    return ENUMERATED.get((column_map, key)) or ENUMERATED.get(("", key), ())


def suggestions_of(column_map: str, key: str) -> tuple[str, ...]:
    """Return the words that a template proposes in a column without restricting it; empty where none."""
    return SUGGESTED.get((column_map, key), ())


def range_of(column_map: str, key: str) -> Range | None:
    """Return the range of a column's numbers; None where it holds no such number."""
    return RANGES.get((column_map, key))
