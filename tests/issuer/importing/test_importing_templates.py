"""The templates: what the workbook lets in, the check takes; and the filled template has no finding."""

import csv
import io
from datetime import date

import openpyxl
import pytest

from issuer.importing import ImportInstitution, check
from issuer.importing.columns import column_map, column_words
from issuer.importing.templates import template
from issuer.importing.values import values_of
from schemas.catalogue import CATALOGUE

TODAY = date(2026, 11, 21)
COLLEGE = ImportInstitution("云岭示范职业技术学院", code="99901", did="did:web:yunling.edu.example")
ENTERPRISE = ImportInstitution("星衡智能装备有限公司（虚构）", did="did:web:xingheng.example")
BODY = ImportInstitution("华衡职业技能评价中心（虚构）")
MAPS = [(entry.name, name) for entry in CATALOGUE.values() for name in entry.column_maps]
FILLED = {
    "GraduationCertificate": ("clean_graduates_2026_utf8bom.csv", COLLEGE),
    "SkillLevelCertificate_1X": ("clean_skill_1x_2026.xlsx", BODY),
    "SkillLevelCertificate_Vendor": ("clean_enterprise_2026_utf8.csv", ENTERPRISE),
    "MicroCredential": ("micro_2026_utf8.csv", ENTERPRISE),
    "CompetitionAward": ("competition_2026_utf8.csv", COLLEGE),
    "ApprenticeshipRecord": ("apprenticeship_2026_utf8.csv", COLLEGE),
    "TeacherTrainingRecord": ("teachers_2026_utf8.csv", COLLEGE),
}
WITHOUT_SAMPLE = {
    "CreditRecord": {
        "姓名": "林晓雨",
        "证件号码": "990104200505241376",
        "学分账户": "YLCB-00018842",
        "来源凭证": "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0002",
        "来源摘要": "uEiBiFqJ8qRhH-Z44E5c0ZGKJocu6-ZmsqA2uRi4GxsiRiQ",
        "互认协议": "urn:vocred:agreement:YL-2026-0012#3",
        "规则": "R1",
        "转换方式": "免修",
        "学分": "8",
        "学分单位": "学分（16学时/学分）",
        "课程代码": "RB2104",
        "课程名称": "工业机器人操作与编程",
        "院校标识": "did:web:yunling.edu.example",
        "院校名称": "云岭示范职业技术学院",
        "成绩": "91",
        "记录编号": "YLCB-2026-00001",
        "记录日期": "2026-06-05",
    },
    "EmployerEvaluation": {
        "姓名": "林晓雨",
        "评价单位": "星衡智能装备有限公司（虚构）",
        "证书标识": "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0001",
        "评价期起": "2026-07-06",
        "评价期止": "2026-10-31",
        "专业能力": "5",
        "愿意再录用": "是",
        "授权编号": "urn:uuid:c0a5e17d-0000-4a00-8000-000000000021",
        "评价日期": "2026-11-10",
    },
    "MemberAccreditation": {
        "成员名称": "云岭示范职业技术学院",
        "成员标识": "did:web:yunling.edu.example",
        "成员角色": "院校",
        "可签发类型": "GraduationCertificate、MicroCredential",
        "准入日期": "2026-01-01",
        "有效期至": "2028-12-31",
    },
}


def institution_of(name):
    return FILLED[name][1] if name in FILLED else ENTERPRISE


def made(credential_type, name):
    return template(credential_type, map=name, institution=institution_of(name))


def opened(credential_type, name):
    return openpyxl.load_workbook(io.BytesIO(made(credential_type, name)))


def sample_rows(samples, name):
    """Return the sample's rows by header, as somebody would type them."""
    if name in WITHOUT_SAMPLE:
        return [WITHOUT_SAMPLE[name]]
    path = samples / FILLED[name][0]
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))[:3]
    header, *rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows[:3]]


def typed(column, value, number_format):
    """Return what a spreadsheet makes of a value in a column of that format."""
    if "date" in column.normalise and isinstance(value, str) and value:
        compact = value if "-" in value else f"{value[:4]}-{value[4:6]}-{value[6:]}"
        return date.fromisoformat(compact)
    if number_format == "General" and isinstance(value, str) and value:
        return float(value)
    return value


def filled(samples, credential_type, name):
    workbook = opened(credential_type, name)
    sheet = workbook.worksheets[0]
    letters = {cell.value: cell.column_letter for cell in sheet[1]}
    for number, row in enumerate(sample_rows(samples, name), start=2):
        for header, value in row.items():
            column = next(c for c in column_map(name).columns if c.header == header)
            cell = sheet[f"{letters[header]}{number}"]
            style = sheet.column_dimensions[letters[header]].number_format
            cell.value, cell.number_format = typed(column, value, style), style
    output = io.BytesIO()
    workbook.save(output)
    return output.getvalue()


@pytest.mark.parametrize(("credential_type", "name"), MAPS)
def test_a_filled_template_is_imported_without_a_finding(samples, credential_type, name):
    report = check(
        filled(samples, credential_type, name),
        filename="模板.xlsx",
        credential_type=credential_type,
        institution=institution_of(name),
        today=TODAY,
    )
    assert report.findings == ()
    assert report.structure == ()
    assert report.column_map == name
    assert report.counts.ready == report.counts.rows > 0


@pytest.mark.parametrize(("credential_type", "name"), MAPS)
def test_a_template_has_every_column_of_its_map_in_order(credential_type, name):
    header = [cell.value for cell in opened(credential_type, name).worksheets[0][1]]
    assert header == [column.header for column in column_map(name).columns]


@pytest.mark.parametrize(("credential_type", "name"), MAPS)
def test_every_column_with_a_list_of_values_has_a_drop_down(credential_type, name):
    sheet = opened(credential_type, name).worksheets[0]
    lists = {}
    for rule in sheet.data_validations.dataValidation:
        if rule.type == "list":
            column = next(iter(rule.sqref.ranges)).min_col
            lists[sheet.cell(row=1, column=column).value] = rule
    for column in column_map(name).columns:
        values = values_of(name, column.key)
        if values:
            rule = lists[column.header]
            assert rule.formula1 == '"' + ",".join(values) + '"'
            assert rule.showErrorMessage
            assert len(rule.formula1) <= 257


def test_a_suggested_word_is_no_restriction():
    sheet = opened("MicroCredential", "MicroCredential").worksheets[0]
    headers = [cell.value for cell in sheet[1]]
    (rule,) = [
        rule
        for rule in sheet.data_validations.dataValidation
        if next(iter(rule.sqref.ranges)).min_col == headers.index("考核方式") + 1
    ]
    assert rule.type == "list"
    assert not rule.showErrorMessage


@pytest.mark.parametrize(("credential_type", "name"), MAPS)
def test_identifiers_are_text_and_days_are_dates(credential_type, name):
    sheet = opened(credential_type, name).worksheets[0]
    formats = {cell.value: sheet.column_dimensions[cell.column_letter].number_format for cell in sheet[1]}
    for column in column_map(name).columns:
        if column.key in {"idNumber", "certNo", "studentNo", "certCode", "schoolCode", "creditCode"}:
            assert formats[column.header] == "@"
        if "date" in column.normalise:
            assert formats[column.header] == "yyyy-mm-dd"


@pytest.mark.parametrize(("credential_type", "name"), MAPS)
def test_the_second_sheet_explains_each_column_in_both_languages(credential_type, name):
    sheet = opened(credential_type, name).worksheets[1]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in rows] == [column.header for column in column_map(name).columns]
    for _, _, chinese, _, english_name, _, english in rows:
        assert chinese
        assert english_name.isascii()
        assert english.replace("、", "").isascii()


def test_the_institutions_own_name_is_offered_where_it_has_to_stand():
    sheet = opened("GraduationCertificate", "GraduationCertificate").worksheets[0]
    lists = [rule.formula1 for rule in sheet.data_validations.dataValidation if rule.type == "list"]
    assert '"云岭示范职业技术学院"' in lists
    assert '"99901"' in lists


def test_an_empty_template_is_refused_for_having_no_row():
    with pytest.raises(Exception, match="没有数据行"):
        check(
            made("MicroCredential", "MicroCredential"),
            filename="模板.xlsx",
            credential_type="MicroCredential",
            institution=ENTERPRISE,
            today=TODAY,
        )


def test_a_map_of_another_type_is_a_mistake_of_the_caller():
    with pytest.raises(KeyError):
        template("MicroCredential", map="CreditRecord", institution=ENTERPRISE)


@pytest.mark.parametrize(("credential_type", "name"), MAPS)
def test_every_column_is_explained(credential_type, name):
    for column in column_map(name).columns:
        words = column_words(name, column.key)
        assert words.english
        assert words.help["zh-CN"].endswith("。")
        assert words.help["en"].endswith(".")
