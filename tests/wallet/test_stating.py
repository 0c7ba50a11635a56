"""What a certificate's page states, for each of the nine types; and credits by unit."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from schemas.catalogue import CATALOGUE
from tests.wallet.enterprises import RecordingCollege
from vc import credentials
from wallet import stating, totals
from wallet.holding import Status

UNIT, OTHER = "学分（16学时/学分）", "学分（18学时/学分）"
ENTERPRISE = "星衡智能装备有限公司（虚构）"

SHOWN = {
    "GraduationCertificate": {
        "证书编号": "999011202606000123",
        "结论": "毕业",
        "证件": "居民身份证 末四位 4821",
    },
    "SkillLevelCertificate": {"等级": "中级", "实操成绩": "91"},
    "MicroCredential": {
        "学时": "24 学时",
        "其中实践": "16 学时",
        "考核时核对身份": "是",
        "学分": "1.5（未注明单位）",
    },
    "CompetitionAward": {
        "竞赛级别": "省级",
        "奖项": "一等奖",
        "参赛人数": "2",
        "指导教师": "周明远",
        "身份": "参赛选手",
    },
    "ApprenticeshipRecord": {
        "协议编号": "XTZ-2025-0088",
        "理论学时": "320 学时",
        "实践学时": "960 学时",
        "学校导师": "周明远 · 副教授",
        "企业导师": "郑启航 · 高级技师",
        "企业导师评定": "92",
    },
    "TeacherTrainingRecord": {"类别": "企业实践", "实践学时": "320 学时", "企业": ENTERPRISE},
    "CreditRecord": {
        "学分账户": "YLCB-00018842",
        "转换方式": "免修",
        "课程代码": "RB2104",
        "学分": f"8 {UNIT}",
        "成绩": "91",
        "依据协议": "urn:vocred:agreement:YL-2026-0012#3",
        "规则": "R1",
    },
    "EmployerEvaluation": {"专业能力": "5 分（满分 5 分）", "愿意再次录用": "是"},
    "MemberAccreditation": {"成员身份": "college"},
}


@pytest.fixture
def rows(app):
    def rows(kind):
        with app.test_request_context("/"):
            return dict(stating.rows(credentials.facts(CATALOGUE[kind].example())))

    return rows


@pytest.mark.row("S61", "S63")
@pytest.mark.parametrize("kind", sorted(CATALOGUE))
def test_every_type_states_what_its_paper_has(rows, kind):
    found = rows(kind)
    for label, value in SHOWN[kind].items():
        assert found.get(label) == value, found


def test_nothing_empty_is_listed(rows):
    for kind in CATALOGUE:
        assert all(rows(kind).values())


def test_issuers_words_are_marked_as_chinese_on_an_english_page(app):
    with app.test_request_context("/?lang=en"):
        found = dict(stating.rows(credentials.facts(CATALOGUE["CompetitionAward"].example())))
    assert found["Level"] == ("省级", "zh-CN")
    assert found["Team size"] == "2"


def record(credits, unit, kind="valid", credential_type="CreditRecord"):
    facts = SimpleNamespace(credential_type=credential_type, credits_earned=credits, credit_unit=unit)
    return SimpleNamespace(facts=facts, status=Status(kind, datetime(2026, 11, 21, tzinfo=UTC)))


@pytest.mark.row("S55", "S64")
def test_credits_are_added_up_for_each_unit_by_itself():
    items = [record(8, UNIT), record(4.5, UNIT), record(2, OTHER)]
    assert totals.by_unit(items) == [(UNIT, 12.5), (OTHER, 2)]


def test_revoked_records_and_other_certificates_are_not_counted():
    items = [
        record(8, UNIT, "revoked"),
        record(8, UNIT, "withdrawn"),
        record(1.5, None, credential_type="MicroCredential"),
    ]
    assert totals.by_unit(items) == []


def test_credits_without_a_unit_are_not_added_to_those_with_one(app):
    assert totals.by_unit([record(8, UNIT), record(1, None)]) == [(UNIT, 8), (None, 1)]
    with app.test_request_context("/"):
        assert stating.credit(1.0, None) == "1（未注明单位）"


GROUPS = {
    "education": ("学历", "GraduationCertificate"),
    "skill": ("技能", "SkillLevelCertificate"),
    "competition": ("竞赛", "CompetitionAward"),
    "practice": ("实践", "ApprenticeshipRecord"),
    "micro": ("微证书", "MicroCredential"),
}


def test_groups_come_in_the_order_of_a_curriculum_vitae(holder, registry, network):
    school = RecordingCollege(registry)
    kinds = [kind for _, kind in GROUPS.values()]
    school.register(types=kinds)
    network.hosts[school.url] = school
    for kind in reversed(kinds):
        holder.claim(school.hand_out(kind=kind))
    page = holder.get("/certificates").text
    places = [page.index(f'<h2 id="group-{group}">{name}</h2>') for group, (name, _) in GROUPS.items()]
    assert places == sorted(places)
