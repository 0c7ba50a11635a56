"""One dirty cell gives one finding, whatever the spelling."""

import pytest

from issuer.importing.identity import check_character

ID = "990104200505241376"  # the first graduate's: a man born on 2005-05-24


def _only(found):
    assert len(found) == 1, found
    _, column, code, severity, fixed = found[0]
    return column, code, severity, fixed


MENDED = [
    ("证件号码", "９９０１０４２００５０５２４１３７６", "A01", ID),
    ("证书编号", "９９９０１１２０２６０６０００００１", "A01", "999011202606000001"),
    ("院校代码", "９９９０１", "A01", "99901"),
    ("电子邮箱", "ａ＠ｂ．ｅｘａｍｐｌｅ", "A01", "a@b.example"),
    ("姓名", "　钱源艳 ", "A02", "钱源艳"),
    ("姓名", "\t钱源艳", "A02", "钱源艳"),
    ("姓名", "\u00a0钱源艳", "A02", "钱源艳"),
    ("性别", " 男", "A02", "男"),
    ("层次", "专科（高职） ", "A02", "专科（高职）"),
    ("出生日期", "20050524 ", "A02", "2005-05-24"),
    ("毕(结)业结论", "毕业　", "A02", "毕业"),
    ("证件号码", "990104 20050524 1376", "A02", ID),
    ("证件号码", f"{ID}\t", "A02", ID),
    ("证书编号", "99901 1 2026 06 000001", "A02", "999011202606000001"),
    ("学号", "20233010001\t", "A02", "20233010001"),
    ("姓名", "钱\u200b源艳", "A03", "钱源艳"),
    ("姓名", "钱源艳\ufeff", "A03", "钱源艳"),
    ("证件号码", f"\u202d{ID}\u202c", "A03", ID),
    ("姓名", "钱 源 艳", "A04", "钱源艳"),
    ("姓名", "钱　艳", "A04", "钱艳"),
    ("姓名", "买买提 ·艾力", "A04", "买买提·艾力"),
    ("出生日期", "2005-05-24", "A05", "2005-05-24"),
    ("出生日期", "2005/5/24", "A05", "2005-05-24"),
    ("出生日期", "2005/05/24", "A05", "2005-05-24"),
    ("出生日期", "2005.5.24", "A05", "2005-05-24"),
    ("出生日期", "2005年5月24日", "A05", "2005-05-24"),
    ("出生日期", "2005年05月24", "A05", "2005-05-24"),
    ("出生日期", "2005-05-24 00:00:00", "A05", "2005-05-24"),
    ("出生日期", "2005/5/24 0:00", "A05", "2005-05-24"),
    ("出生日期", "2005-05-24T00:00:00", "A05", "2005-05-24"),
    ("出生日期", "38496", "A05", "2005-05-24"),
    ("出生日期", "38496.0", "A05", "2005-05-24"),
    ("性别", "1", "A09", "男"),
    ("性别", "男性", "A09", "男"),
    ("性别", "M", "A09", "男"),
    ("性别", "m", "A09", "男"),
    ("层次", "大专", "A10", "专科（高职）"),
    ("层次", "专科", "A10", "专科（高职）"),
    ("层次", "高职", "A10", "专科（高职）"),
    ("学习形式", "全日制", "A10", "普通全日制"),
    ("证件类型", "身份证", "A10", "居民身份证"),
    ("层次", "专科(高职)", "A11", "专科（高职）"),
    ("层次", "专科（高职)", "A11", "专科（高职）"),
    ("证件号码", f"'{ID}", "A12", ID),
    ("证件号码", f"‘{ID}", "A12", ID),
    ("证件号码", f'="{ID}"', "A12", ID),
    ("专业代码", "460301.0", "A13", "460301"),
    ("专业代码", "460301.00", "A13", "460301"),
    ("院校代码", "99901.0", "A13", "99901"),
    ("学制", "3年", "A14", "3"),
    ("学制", "三年", "A14", "3"),
    ("学制", "3年制", "A14", "3"),
    ("学制", "3 年", "A14", "3"),
    ("备注", "休学一年\n2025年复学", "A15", "休学一年 2025年复学"),
    ("备注", "休学一年\r\n2025年复学", "A15", "休学一年 2025年复学"),
    ("姓名", "钱源\n艳", "A15", "钱源艳"),
    ("证书编号", "999011202606\n000001", "A15", "999011202606000001"),
]


@pytest.mark.parametrize(("column", "raw", "code", "fixed"), MENDED)
def test_form_is_mended_and_said(graduates, column, raw, code, fixed):
    assert _only(graduates.found({column: raw})) == (column, code, "autofix", fixed)


def test_lower_case_check_character_is_mended(graduates):
    number = "99010420050524119X"
    row = {"证件号码": number.lower()}
    assert _only(graduates.found(row)) == ("证件号码", "A06", "autofix", number)


@pytest.mark.parametrize("dot", ["•", "‧", "・", "．", "∙", "⋅", "･", "."])
def test_interpunct_is_unified(graduates, dot):
    assert _only(graduates.found({"姓名": f"阿依古丽{dot}买买提"})) == (
        "姓名",
        "A08",
        "autofix",
        "阿依古丽·买买提",
    )


@pytest.mark.parametrize("name", ["阿依古丽·买买提", "Nguyễn Văn An", "O'Connor", "Jean-Luc P. Martin", "王"])
def test_names_as_they_are_stay_as_they_are(graduates, name):
    checked = graduates.check(graduates.csv(graduates.lines({"姓名": name})))
    assert checked.rows[0].values["name"] == name
    assert checked.findings == ()


def test_name_is_never_folded_to_another_one(graduates):
    checked = graduates.check(graduates.csv(graduates.lines({"姓名": "Ａｎｎ"})))
    assert checked.rows[0].values["name"] == "Ａｎｎ"


def test_several_changes_of_one_cell_are_all_said(graduates):
    found = graduates.found({"证件号码": "'990104200505241３76"})
    assert [(code, fixed) for _, _, code, _, fixed in found] == [("A01", ID), ("A12", ID)]


CONFIRM = [
    ("专业名称", "软件技术", "W01", None),
    ("姓名", "𫖮喆", "W03", None),
    ("姓名", "李㛃", "W03", None),
    ("姓名", "\uf914源艳", "W03", "樂源艳"),
    ("电子邮箱", "", "W04", None),
    ("电子邮箱", "无", "W04", None),
    ("电子邮箱", "a@b", "W05", None),
    ("电子邮箱", "a@b.example;c@d.example", "W05", None),
    ("学制", "5", "W06", None),
    ("考生号", "2.399E+13", "W10", None),
    ("出生日期", "05.5.24", "A05", "2005-05-24"),
    ("出生日期", "05-05-24", "A05", "2005-05-24"),
    ("入学日期", "23年9月1日", "A05", "2023-09-01"),
    ("备注", '=HYPERLINK("http://evil.example/")', "A17", None),
    ("备注", "+1", "A17", None),
    ("备注", "@SUM(A1)", "A17", None),
    ("备注", "-2+3", "A17", None),
    ("班级", "=1+1", "A17", None),
]


@pytest.mark.parametrize(("column", "raw", "code", "fixed"), CONFIRM)
def test_doubtful_cell_waits_for_a_click(graduates, column, raw, code, fixed):
    found = [f for f in graduates.found({column: raw}) if f[3] == "warn"]
    at, found_code, _, found_fixed = _only(found)
    assert (found_code, found_fixed) == (code, fixed)
    assert at == ("毕业日期" if code == "W06" else column)


@pytest.mark.parametrize("raw", ["-", "—", "无", ""])
def test_placeholder_in_the_remark_is_no_formula(graduates, raw):
    assert graduates.found({"备注": raw}) == []


def test_foreign_document_is_confirmed_and_not_checked_as_an_identity_number(graduates):
    found = graduates.found({"证件类型": "护照", "证件号码": "c9900123", "性别": "女"})
    assert [(column, code) for _, column, code, _, _ in found] == [("证件号码", "A06"), ("证件类型", "W07")]


REFUSED = [
    *(
        (column, "", "E01")
        for column in ("姓名", "证件号码", "出生日期", "专业代码", "证书编号", "学号", "院校名称")
    ),
    ("姓名", "　", "E01"),
    ("证书编号", "无", "E01"),
    ("证件号码", "-", "E01"),
    ("证件号码", "990104200505241377", "E02"),
    ("证件号码", "99010420050524137", "E03"),
    ("证件号码", "9901042005052413766", "E03"),
    ("证件号码", "99010420050524137O", "E03"),
    ("证件号码", "X90104200505241376", "E03"),
    ("证件号码", "C9900123", "E03"),
    ("证件号码", "9.90104E+17", "E04"),
    ("证件号码", "9.90104200505241E+17", "E04"),
    ("证件号码", "9.9e17", "E04"),
    ("证件号码", "990104200505241000", "E04"),
    ("证书编号", "9.99011E+17", "E04"),
    ("学号", "2.02E+10", "E04"),
    ("证书编号", "99901120260600001", "E07"),
    ("证书编号", "9990112026060000011", "E07"),
    ("证书编号", "99901120260600000A", "E07"),
    ("证书编号", "999021202606000001", "E08"),
    ("证书编号", "999015202606000001", "E08"),
    ("证书编号", "999011202506000001", "E08"),
    ("证书编号", "999011202605000001", "E08"),
    ("证书编号", "999011202699000001", "E08"),
    ("毕业日期", "20260231", "E09"),
    ("毕业日期", "2026-13-01", "E09"),
    ("毕业日期", "2026年6月", "E09"),
    ("毕业日期", "202606", "E09"),
    ("毕业日期", "6/30/2026", "E09"),
    ("毕业日期", "二〇二六年", "E09"),
    ("入学日期", "20260901", "E10"),
    ("毕(结)业结论", "毕 业?", "E11"),
    ("毕(结)业结论", "肄业", "E11"),
    ("性别", "3", "E11"),
    ("层次", "高中", "E11"),
    ("学制", "9", "E11"),
    ("学习形式", "走读", "E11"),
    ("证件类型", "军官证", "E11"),
    ("姓名", "=1+1", "E12"),
    ("姓名", "@张伟", "E12"),
    ("姓名", "-张伟", "E12"),
    ("姓名", "+张伟", "E12"),
    ("姓名", "张伟2", "E13"),
    ("姓名", "张伟(大)", "E13"),
    ("姓名", "张" * 51, "E13"),
    ("姓名", "-", "E13"),
    ("姓名", "·", "E13"),
    ("姓名", "赵□□", "E14"),
    ("姓名", "赵?", "E14"),
    ("姓名", "赵\ufffd", "E14"),
    ("姓名", "赵\ue863", "E14"),
    ("姓名", "赵*", "E14"),
    ("姓名", "#N/A", "E14"),
    ("专业名称", "#REF!", "E14"),
    ("证书编号", "#VALUE!", "E14"),
    ("证件号码", "990104050524137", "E17"),
    ("性别", "女", "E20"),
    ("出生日期", "20050525", "E21"),
    ("院校代码", "99902", "E22"),
    ("院校代码", "9990", "E22"),
    ("院校名称", "云岭职业技术学院", "E22"),
    ("专业代码", "46030", "E03"),
]


@pytest.mark.parametrize(("column", "raw", "code"), REFUSED)
def test_wrong_cell_refuses_the_row_with_one_reason(graduates, column, raw, code):
    errors = [f for f in graduates.found({column: raw}) if f[3] == "error"]
    assert _only(errors) == (column, code, "error", None)


def test_graduation_far_in_the_future_is_refused(graduates):
    found = graduates.found({"毕业日期": "20270630", "证书编号": "999011202706000001"})
    assert [(c, code) for _, c, code, severity, _ in found if severity == "error"] == [("毕业日期", "E10")]


def test_real_number_with_an_impossible_day_is_refused(graduates):
    body = "99010420050231137"
    found = graduates.found({"证件号码": body + check_character(body)})
    assert _only(found) == ("证件号码", "E09", "error", None)


def test_two_byte_character_beyond_the_common_ones_is_not_called_rare(graduates):
    assert graduates.found({"姓名": "王䶮"}) == []


def test_self_study_number_has_a_layout_of_its_own(graduates):
    found = graduates.found({"学习形式": "自学考试", "证书编号": "659901260100000016"})
    assert [f for f in found if f[3] == "error"] == []


def test_majors_that_the_institution_adds_are_known(graduates):
    institution = type(graduates.institution)(
        graduates.institution.name, graduates.institution.code, majors={"510201": "计算机应用技术"}
    )
    lines = graduates.lines({"专业代码": "510201", "专业名称": "软件技术"})
    checked = graduates.check(graduates.csv(lines), institution=institution)
    assert [f.code[:3] for f in checked.findings] == ["W01"]


def test_unknown_major_is_no_finding(graduates):
    assert graduates.found({"专业代码": "990101", "专业名称": "星际导航"}) == []


def test_variant_of_the_institutions_name_is_taken(graduates):
    institution = type(graduates.institution)(
        graduates.institution.name, graduates.institution.code, variants=("云岭示范职院",)
    )
    lines = graduates.lines({"院校名称": "云岭示范职院"})
    assert graduates.check(graduates.csv(lines), institution=institution).findings == ()
