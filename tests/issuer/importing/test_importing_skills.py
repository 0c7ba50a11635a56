"""Registers of skill certificates: 1+X and 企业认证, column by column."""

import pytest


def _brief(found):
    return [(column, code, severity) for _, column, code, severity, _ in found]


ONE_PLUS_X = [
    ("等级", "高级", "证书编码", "E24"),
    ("证书编码", "IROM-3", "证书编码", "E24"),
    ("等级", "中级工", "等级", "E11"),
    ("等级", "四级", "等级", "E11"),
    ("等级", "三级", "等级", "E11"),
    ("等级", "2", "等级", "E11"),
    ("等级", "", "等级", "E01"),
    ("理论成绩", "101", "理论成绩", "E15"),
    ("理论成绩", "-5", "理论成绩", "E15"),
    ("理论成绩", "缺考", "理论成绩", "E15"),
    ("实操成绩", "9O", "实操成绩", "E15"),
    ("实操成绩", "100.5", "实操成绩", "E15"),
    ("实操成绩", "59", "实操成绩", "E23"),
    ("实操成绩", "59.9", "实操成绩", "E23"),
    ("评定结论", "通过", "评定结论", "E11"),
    ("评定结论", "", "评定结论", "E01"),
    ("培训评价组织", "华衡评价中心", "培训评价组织", "E22"),
    ("证书名称", "", "证书名称", "E01"),
    ("证书名称", "=1+1", "证书名称", "E12"),
    ("标准版本", "", "标准版本", "E01"),
    ("考核日期", "", "考核日期", "E01"),
    ("考核日期", "2026-02-30", "考核日期", "E09"),
    ("发证日期", "2026-04-25", "发证日期", "E10"),
    ("发证日期", "2026-11-22", "发证日期", "E10"),
    ("证书编号", "2.02E+15", "证书编号", "E04"),
    ("性别", "女", "性别", "E20"),
    ("证件号码", "990104200505241377", "证件号码", "E02"),
    ("证件号码", "990104050524137", "证件号码", "E17"),
    ("考核站点", "#N/A", "考核站点", "E14"),
]


@pytest.mark.parametrize(("changed", "raw", "column", "code"), ONE_PLUS_X)
def test_wrong_cell_of_a_candidate_refuses_the_row(candidates, changed, raw, column, code):
    errors = [f for f in _brief(candidates.found({changed: raw})) if f[2] == "error"]
    assert errors == [(column, code, "error")]


MENDED = [
    ("等级", "中 级", "A02", "中级"),
    ("等级", "中级 ", "A02", "中级"),
    ("理论成绩", "85分", "A16", "85"),
    ("实操成绩", "85.5 分", "A16", "85.5"),
    ("理论成绩", "８５", "A01", "85"),
    ("考核日期", "20260426", "A05", "2026-04-26"),
    ("考核日期", "2026/4/26", "A05", "2026-04-26"),
    ("考核日期", "2026年4月26日", "A05", "2026-04-26"),
    ("考核日期", "46138", "A05", "2026-04-26"),
    ("培训评价组织", "华衡职业技能评价中心(虚构)", "A11", "华衡职业技能评价中心（虚构）"),
    ("院校名称", " 云岭示范职业技术学院", "A02", "云岭示范职业技术学院"),
    ("证书编码", "ＩＲＯＭ－２", "A01", "IROM-2"),
    ("证书编号", "HH1X-2026-2- 0000457", "A02", "HH1X-2026-2-0000457"),
    ("性别", "1", "A09", "男"),
]


@pytest.mark.parametrize(("column", "raw", "code", "fixed"), MENDED)
def test_form_of_a_candidates_cell_is_mended(candidates, column, raw, code, fixed):
    assert candidates.found({column: raw}) == [(1, column, code, "autofix", fixed)]


CONFIRM = [
    ("证书编号", "", "W08"),
    ("证书编号", "—", "W08"),
    ("电子邮箱", "", "W04"),
    ("考核日期", "26.4.26", "A05"),
    ("考核日期", "26/04/26", "A05"),
    ("院校代码", "9990", "W10"),
]


@pytest.mark.parametrize(("column", "raw", "code"), CONFIRM)
def test_doubtful_cell_of_a_candidate_waits_for_a_click(candidates, column, raw, code):
    warned = [f for f in _brief(candidates.found({column: raw})) if f[2] == "warn"]
    assert warned == [(column, code, "warn")]


def test_optional_columns_may_be_blank(candidates):
    blank = dict.fromkeys(
        ("性别", "证件类型", "院校代码", "院校名称", "考核站点", "理论成绩", "实操成绩"), ""
    )
    assert candidates.found(blank) == []


def test_not_passed_is_skipped_and_nothing_else_is_said(candidates):
    row = {"评定结论": "不合格", "实操成绩": "41", "证书编号": "", "电子邮箱": ""}
    checked = candidates.check(candidates.csv(candidates.lines(row, {})))
    assert _brief(
        [(f.data_row, f.column, f.code[:3], str(f.severity), f.fixed) for f in checked.findings]
    ) == [("评定结论", "I01", "skip")]
    assert (checked.counts.skipped, checked.counts.issuable) == (1, 1)


def test_same_person_and_level_twice_is_refused_in_both_rows(candidates):
    number = candidates.rows[0][candidates.header.index("证件号码")]
    same = {"证件号码": number, "姓名": "钱源艳", "性别": "男"}
    found = candidates.found(same, {**same, "等级": "中级", "证书编码": "IROM-2", "证书编号": "HH1X-X"})
    assert _brief(found) == [("证件号码", "E05", "error")] * 2


def test_another_level_of_the_same_person_is_only_said(candidates):
    number = candidates.rows[0][candidates.header.index("证件号码")]
    other = {"证件号码": number, "姓名": "钱源艳", "性别": "男", "等级": "高级", "证书编码": "IROM-3"}
    checked = candidates.check(candidates.csv(candidates.lines({}, other)))
    assert [f.code[:3] for f in checked.findings] == ["W09", "W09"]
    assert {str(f.severity) for f in checked.findings} == {"info"}
    assert checked.counts.ready == 2


def test_repeated_certificate_number_is_refused_in_both_rows(candidates):
    found = candidates.found({"证书编号": "HH-1"}, {"证书编号": "HH-1"})
    assert _brief(found) == [("证书编号", "E06", "error")] * 2


def test_blank_numbers_are_no_repetition(candidates):
    found = candidates.found({"证书编号": ""}, {"证书编号": ""})
    assert _brief(found) == [("证书编号", "W08", "warn")] * 2


VENDOR = [
    ("认证企业", "星衡公司", "认证企业", "E22"),
    ("认证名称", "", "认证名称", "E01"),
    ("认证编码", "", "认证编码", "E01"),
    ("认证版本", "", "认证版本", "E01"),
    ("考试日期", "20260631", "考试日期", "E09"),
    ("考试成绩", "120", "考试成绩", "E15"),
    ("考试成绩", "五十", "考试成绩", "E15"),
    ("考试成绩", "59", "考试成绩", "E23"),
    ("颁发日期", "2026-06-11", "颁发日期", "E10"),
    ("颁发日期", "2027-01-01", "颁发日期", "E10"),
    ("有效期至", "2026-06-20", "有效期至", "E10"),
    ("有效期至", "2025-01-01", "有效期至", "E10"),
    ("有效期至", "2029-02-29", "有效期至", "E09"),
    ("评定结论", "合格?", "评定结论", "E11"),
    ("等级", "=1+1", "等级", "E12"),
    ("认证编号", "=1+1", "认证编号", "E12"),
]


@pytest.mark.parametrize(("changed", "raw", "column", "code"), VENDOR)
def test_wrong_cell_of_a_certified_person_refuses_the_row(certified, changed, raw, column, code):
    errors = [f for f in _brief(certified.found({changed: raw})) if f[2] == "error"]
    assert errors == [(column, code, "error")]


@pytest.mark.parametrize(
    ("column", "raw", "code"),
    [
        ("考试成绩", "66分", "A16"),
        ("有效期至", "2029/6/19", "A05"),
        ("有效期至", "长期", "A10"),
        ("颁发日期", "20260620", "A05"),
    ],
)
def test_form_of_a_certified_persons_cell_is_mended(certified, column, raw, code):
    assert _brief(certified.found({column: raw})) == [(column, code, "autofix")]


def test_the_enterprises_own_words_for_levels_are_free(certified):
    assert certified.found({"等级": "资深专家（一等）"}) == []
    assert certified.found({"等级": ""}) == []


def test_same_person_and_certification_twice_is_refused(certified):
    number = certified.rows[0][certified.header.index("证件号码")]
    found = certified.found({}, {"证件号码": number, "姓名": "史文", "性别": "女"})
    assert _brief(found) == [("证件号码", "E05", "error")] * 2


def test_another_certification_of_the_same_person_is_no_finding(certified):
    number = certified.rows[0][certified.header.index("证件号码")]
    other = {"证件号码": number, "姓名": "史文", "性别": "女", "认证编码": "XH-AI-1"}
    assert certified.found({}, other) == []


def test_header_words_choose_between_the_maps(candidates, certified):
    for register, expected in (
        (candidates, "SkillLevelCertificate_1X"),
        (certified, "SkillLevelCertificate_Vendor"),
    ):
        assert register.check(register.csv(register.lines({}))).column_map == expected
