"""Levels as officers choose them: systems with their steps from the lowest to the highest.

Agreements know no order of levels; "and above" therefore writes the codes out, here and nowhere else.

Spec: CREDENTIALS.md, level codes.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """One step of a system: its code, and what it is called in Chinese and English."""

    code: str
    zh: str
    en: str


SYSTEMS: tuple[tuple[str, str, tuple[Level, ...]], ...] = (
    (
        "1+X",
        "1+X",
        (
            Level("1X-1", "初级", "Elementary"),
            Level("1X-2", "中级", "Intermediate"),
            Level("1X-3", "高级", "Advanced"),
        ),
    ),
    (
        "职业技能等级",
        "Skill levels",
        (
            Level("SL-0", "学徒工", "Apprentice worker"),
            Level("SL-5", "初级工", "Level 5, junior"),
            Level("SL-4", "中级工", "Level 4, intermediate"),
            Level("SL-3", "高级工", "Level 3, senior"),
            Level("SL-2", "技师", "Level 2, technician"),
            Level("SL-1", "高级技师", "Level 1, senior technician"),
            Level("SL-S", "特级技师", "Special-grade technician"),
            Level("SL-C", "首席技师", "Chief technician"),
        ),
    ),
    (
        "国家职业资格",
        "National vocational qualifications",
        (
            Level("VQ-5", "五级", "Level 5"),
            Level("VQ-4", "四级", "Level 4"),
            Level("VQ-3", "三级", "Level 3"),
            Level("VQ-2", "二级", "Level 2"),
            Level("VQ-1", "一级", "Level 1"),
        ),
    ),
    (
        "国民教育学历",
        "Education",
        (
            Level("CN-EDU-SV", "中职", "Secondary vocational"),
            Level("CN-EDU-06", "专科（高职）", "Higher vocational (diploma)"),
            Level("CN-EDU-05", "本科", "Bachelor"),
            Level("CN-EDU-04", "二学位", "Second bachelor"),
            Level("CN-EDU-02", "硕士", "Master"),
            Level("CN-EDU-01", "博士", "Doctor"),
        ),
    ),
    ("企业认证", "Enterprise certification", (Level("VENDOR", "企业认证", "Enterprise certification"),)),
    ("微证书", "Micro-credentials", (Level("MC", "微证书", "Micro-credential"),)),
)
"""Systems by name (zh, en); the Chinese one is what an equivalence names as ``qualificationSystem``."""

CODES = frozenset(level.code for _, _, steps in SYSTEMS for level in steps)


def and_above(code: str) -> list[str]:
    """Return a level's code and those of every higher one of its system, the lowest first.

    Raises:
        KeyError: No system has that level.
    """
    for _, _, steps in SYSTEMS:
        codes = [level.code for level in steps]
        if code in codes:
            return codes[codes.index(code) :]
    raise KeyError(code)
