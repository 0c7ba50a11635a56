"""Files: encodings, layouts, workbooks, and what is refused before it is parsed."""

import io
import re
import zipfile
from datetime import date, datetime

import openpyxl
import pytest

from issuer.importing import (
    ColumnsMissingError,
    FileRefusedError,
    FileTooLargeError,
    Pile,
    display_name,
    problem_file,
    to_json,
)


def _structure(checked):
    return {finding.code[:3]: finding.detail for finding in checked.structure}


@pytest.mark.case("FILE-003")
@pytest.mark.parametrize(
    ("encoding", "delimiter", "named"),
    [
        ("utf-8", ",", "utf-8"),
        ("utf-8-sig", ",", "utf-8-sig"),
        ("utf-16", "\t", "utf-16"),
        ("gb18030", ",", "gb18030"),
        ("gb18030", "\t", "gb18030"),
        ("utf-8", ";", "utf-8"),
    ],
)
def test_encoding_and_delimiter_are_detected(graduates, encoding, delimiter, named):
    lines = graduates.lines({"姓名": "𫖮喆"}, {})
    checked = graduates.check(graduates.csv(lines, encoding=encoding, delimiter=delimiter))
    assert checked.encoding == named
    assert checked.rows[0].values["name"] == "𫖮喆"
    assert checked.counts.issuable == 2


@pytest.mark.case("FILE-003")
def test_big_endian_utf16_is_read(graduates):
    text = graduates.csv(graduates.lines({})).decode()
    checked = graduates.check(b"\xfe\xff" + text.encode("utf-16-be"))
    assert checked.counts.ready == 1


@pytest.mark.case("FILE-003")
def test_utf8_lines_in_a_gb18030_file_are_refused_with_their_line(graduates):
    lines = graduates.lines({}, {}, {})
    data = graduates.csv(lines[:3], encoding="gb18030") + graduates.csv(lines[3:])
    with pytest.raises(FileRefusedError) as refused:
        graduates.check(data)
    assert refused.value.line == 4


@pytest.mark.case("FILE-003")
def test_gb18030_line_in_a_utf8_file_is_refused(graduates):
    lines = graduates.lines({}, {}, {})
    data = graduates.csv(lines[:3]) + graduates.csv(lines[3:], encoding="gb18030")
    with pytest.raises(FileRefusedError):
        graduates.check(data)


@pytest.mark.case("FILE-003")
def test_bytes_of_no_encoding_are_refused_with_their_line(graduates):
    data = graduates.csv(graduates.lines({}, {}), encoding="gb18030") + b"1,\xff\xff\xff\r\n"
    with pytest.raises(FileRefusedError) as refused:
        graduates.check(data)
    assert refused.value.line == 4
    assert refused.value.code == "FILE_REJECTED"


@pytest.mark.case("FILE-003")
@pytest.mark.parametrize("inserted", ["\0", "1,\0\r\n"])
def test_nul_is_refused_with_its_line(graduates, inserted):
    data = graduates.csv(graduates.lines({})) + inserted.encode()
    with pytest.raises(FileRefusedError) as refused:
        graduates.check(data)
    assert refused.value.line == 3


@pytest.mark.case("FILE-003")
def test_unclosed_quotation_mark_is_refused_with_its_line(graduates):
    data = graduates.csv(graduates.lines({})) + '2,"云岭\r\n3,4\r\n'.encode()
    with pytest.raises(FileRefusedError) as refused:
        graduates.check(data)
    assert refused.value.line == 3


@pytest.mark.case("FILE-003")
def test_line_of_very_many_cells_is_refused_before_it_is_split(graduates):
    with pytest.raises(FileTooLargeError):
        graduates.check(graduates.csv(graduates.lines({})) + b"," * 1_000_000)


@pytest.mark.case("FILE-003")
def test_huge_cell_is_refused(graduates):
    with pytest.raises(FileRefusedError):
        graduates.check(graduates.csv(graduates.lines({"备注": "x" * 200_000})))


@pytest.mark.case("FILE-016")
def test_file_of_more_than_ten_mebibytes_is_refused_unread(graduates):
    with pytest.raises(FileTooLargeError) as refused:
        graduates.check(b"\xff" * (10 * 1024 * 1024 + 1))
    assert refused.value.code == "PAYLOAD_TOO_LARGE"


@pytest.mark.case("FILE-016")
def test_lines_of_one_byte_are_refused_by_their_number(graduates):
    with pytest.raises(FileTooLargeError):
        graduates.check(graduates.csv(graduates.lines({})) + b"\n" * 200_000)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "空"),
        (b"\xef\xbb\xbf\r\n\r\n", "空"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "图片"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "密码"),
        (b"<html><table><tr><td>x</td></tr></table></html>", "网页"),
        (b"Rar!\x1a\x07", "压缩包"),
        (b"\x03\x1a\x06\x0c\x10\0\0\0" + b"\0" * 64, "DBF"),
        ("你好，这是一封信。\n没有表头。\n".encode(), "表头"),
        (b"a,b,c\n1,2,3\n", "表头"),
    ],
)
def test_what_is_no_register_is_refused_with_a_cure(graduates, data, word):
    with pytest.raises(FileRefusedError, match=word):
        graduates.check(data)


def test_header_without_rows_is_refused(graduates):
    with pytest.raises(FileRefusedError, match="没有数据行"):
        graduates.check(graduates.csv(graduates.lines()))


def test_missing_columns_are_named(graduates):
    lines = [[c for n, c in enumerate(row) if n not in {5, 21}] for row in graduates.lines({})]
    with pytest.raises(ColumnsMissingError) as refused:
        graduates.check(graduates.csv(lines))
    assert refused.value.missing == ("姓名", "证书编号")
    assert "姓名" in str(refused.value)


def test_register_of_another_type_is_refused_by_its_columns(graduates, certified):
    with pytest.raises(ColumnsMissingError):
        graduates.check(certified.csv(certified.lines({})))


def test_columns_may_stand_in_any_order_with_strangers_between(graduates):
    lines = [[*reversed(row), "x"] for row in graduates.lines({}, {})]
    lines[0][-1] = "辅导员签字"
    checked = graduates.check(graduates.csv(lines))
    assert checked.counts.ready == 2
    assert _structure(checked) == {"S07": "辅导员签字（忽略）"}


@pytest.mark.parametrize(
    ("written", "column"),
    [
        ("姓  名", "姓名"),
        ("* 姓名", "姓名"),
        ("姓名（必填）", "姓名"),
        ("姓名：", "姓名"),
        ("学生姓名", "姓名"),
        ("name", "姓名"),
        ("身份证号", "证件号码"),
        ("身份证件号", "证件号码"),
        ("出生年月", "出生日期"),
        ("毕（结）业结论", "毕(结)业结论"),
        ("专业", "专业名称"),
        ("毕业证书编号", "证书编号"),
        ("e-mail", "电子邮箱"),
        ("Ｅ－ｍａｉｌ", "电子邮箱"),
    ],
)
def test_other_words_for_a_column_are_understood_and_said(graduates, written, column):
    header = [written if word == column else word for word in graduates.header]
    checked = graduates.check(graduates.csv(graduates.lines({}, header=header)))
    assert checked.counts.ready == 1
    assert _structure(checked)["S08"] == {written: column}


def test_column_s_own_header_goes_before_its_alias(graduates):
    lines = [[*row, "甲"] for row in graduates.lines({})]
    lines[0][-1] = "学生姓名"
    checked = graduates.check(graduates.csv(lines))
    assert checked.rows[0].values["name"] == "钱源艳"
    assert _structure(checked) == {"S07": "学生姓名（忽略）"}


def test_two_columns_that_could_be_the_same_are_refused(graduates):
    lines = [[*row, "甲"] for row in graduates.lines({})]
    lines[0][-1] = "姓名"
    with pytest.raises(FileRefusedError, match="姓名"):
        graduates.check(graduates.csv(lines))


def test_titles_totals_blank_and_prepared_rows_are_left_out_and_said(graduates):
    header, one, two = graduates.lines({}, {})
    lines = [
        ["云岭示范职业技术学院2026届毕业生名册"],
        [],
        ["制表：教务处", "", "2026.6.12"],
        header,
        one,
        [""] * len(header),
        ["2"],
        two,
        ["合计", "", "", "", "2人"],
        ["审核人：", "", "", "年  月  日"],
        ["注：以上信息已核对。"],
        [],
    ]
    checked = graduates.check(graduates.csv(lines))
    assert checked.header_line == 4
    assert [(row.line, row.data_row) for row in checked.rows] == [(5, 1), (8, 4)]
    assert set(_structure(checked)) == {"S01", "S02", "S03"}


def test_header_of_a_further_page_is_left_out(graduates):
    header, one, two = graduates.lines({}, {})
    checked = graduates.check(graduates.csv([header, one, header, two]))
    assert [row.line for row in checked.rows] == [2, 4]


def test_person_whose_row_lacks_nearly_everything_is_not_taken_for_a_total(graduates):
    lines = graduates.lines({}, {"证件号码": "", "证书编号": ""})
    checked = graduates.check(graduates.csv(lines))
    assert [row.pile for row in checked.rows] == [Pile.READY, Pile.REFUSED]


def test_row_with_more_cells_than_the_header_is_refused(graduates):
    lines = graduates.lines({}, {})
    lines[1].append("多")
    checked = graduates.check(graduates.csv(lines))
    assert [(f.data_row, f.column, f.code[:3]) for f in checked.findings] == [(1, "*", "E16")]


def test_note_in_the_margin_of_a_workbook_moves_nothing(graduates):
    lines = graduates.lines({}, {})
    lines[1].append("已核对")
    assert graduates.check(graduates.xlsx(lines)).counts.ready == 2


def test_line_ends_of_old_computers_are_read(graduates):
    data = graduates.csv(graduates.lines(*({} for _ in range(100)))).replace(b"\r\n", b"\r")
    assert graduates.check(data).counts.rows == 100


def test_absent_optional_columns_are_said_once(candidates):
    keep = [n for n, word in enumerate(candidates.header) if word not in {"电子邮箱", "证书编号"}]
    lines = [[row[n] for n in keep] for row in candidates.lines({}, {})]
    checked = candidates.check(candidates.csv(lines))
    assert [f.code for f in checked.structure] == ["S06_COLUMN_ABSENT", "S06_COLUMN_ABSENT"]
    assert {f.code[:3] for f in checked.findings} == {"W08"}


@pytest.mark.case("FILE-014")
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/名册.csv", "名册.csv"),
        ("C:\\Users\\x\\名册.xlsx", "名册.xlsx"),
        ("名册\u202egnp.csv", "名册gnp.csv"),
        ("名\n册\r.csv", "名册.csv"),
        ("CON", "CON"),
        ("", "未命名"),
        ("../", "未命名"),
    ],
)
def test_file_name_is_only_shown(given, shown):
    assert display_name(given) == shown


@pytest.mark.case("FILE-014")
def test_long_file_name_is_cut(graduates):
    checked = graduates.check(graduates.csv(graduates.lines({})), filename="名" * 300 + ".csv")
    assert len(checked.filename) <= 120
    assert checked.filename.endswith(".csv")


def test_workbook_with_dates_numbers_hidden_parts_and_other_sheets(candidates):
    header, one, two = candidates.lines({"考核日期": None}, {"考核日期": None})
    lines = [["2026年考核结果"], header, one, two]
    place = header.index("考核日期")
    one[place], two[place] = datetime(2026, 4, 26), 46138  # noqa: DTZ001 -- a cell has no zone
    one[header.index("理论成绩")] = 98

    def edit(workbook, sheet):
        sheet.title = "考核结果"
        sheet.row_dimensions[4].hidden = True
        sheet.column_dimensions["C"].hidden = True
        workbook.create_sheet("填表说明", 0).append(["请先阅读"])

    checked = candidates.check(candidates.xlsx(lines, edit), filename="名册.xlsx")
    assert (checked.sheet, checked.header_line, checked.encoding) == ("考核结果", 2, "xlsx")
    assert [row.values["examDate"] for row in checked.rows] == ["2026-04-26", "2026-04-26"]
    assert [(f.line, f.code) for f in checked.findings] == [(4, "A05_DATE_EXCEL_SERIAL")]
    assert set(_structure(checked)) == {"S01", "S04", "S05"}
    assert "第4行" in _structure(checked)["S04"]


def test_number_cells_lose_digits_and_are_refused(graduates):
    lines = graduates.lines({"证件号码": 990104200505241000, "证书编号": 999011202606000000})
    checked = graduates.check(graduates.xlsx(lines), filename="名册.xlsx")
    assert [(f.column, f.code[:3], f.raw) for f in checked.findings] == [
        ("证件号码", "E04", "990104200505241000"),
        ("证书编号", "E04", "999011202606000000"),
    ]


def test_scientific_number_cell_is_refused(graduates):
    checked = graduates.check(graduates.xlsx(graduates.lines({"证件号码": 9.90104200505241e17})))
    assert [(f.column, f.code[:3]) for f in checked.findings] == [("证件号码", "E04")]


def test_number_cells_of_short_codes_are_read(graduates):
    lines = graduates.lines(
        {"序号": 1, "院校代码": 99901, "专业代码": 460301, "学制": 3, "学号": 20233010001}
    )
    lines[1][graduates.header.index("出生日期")] = 20050524
    checked = graduates.check(graduates.xlsx(lines))
    assert checked.findings == ()
    assert checked.rows[0].values["years"] == "3"


def test_leading_zeros_of_a_formatted_number_cell_are_kept(candidates):
    def edit(workbook, sheet):
        sheet.cell(2, candidates.header.index("标准版本") + 1).value = 2.0
        sheet.cell(2, candidates.header.index("标准版本") + 1).number_format = "0.0"
        sheet.cell(2, candidates.header.index("院校代码") + 1).value = 123
        sheet.cell(2, candidates.header.index("院校代码") + 1).number_format = "00000"

    checked = candidates.check(candidates.xlsx(candidates.lines({}), edit))
    values = checked.rows[0].values
    assert (values["stdVersion"], values["schoolCode"]) == ("2.0", "00123")


def test_form_of_a_formula_is_not_mended(candidates):
    checked = candidates.check(candidates.xlsx(candidates.lines({"院校名称": "=VLOOKUP(1,A:B,2)"})))
    assert [(f.column, f.code[:3], f.raw) for f in checked.findings] == [
        ("院校名称", "A17", "=VLOOKUP(1,A:B,2)")
    ]
    assert checked.rows[0].changes == ()


def test_formula_cells_are_text_and_never_evaluated(graduates):
    lines = graduates.lines({"姓名": "=B2", "备注": "=1+1", "出生日期": "=MID(J2,7,8)"})
    checked = graduates.check(graduates.xlsx(lines))
    assert {(f.column, f.code[:3], f.raw) for f in checked.findings} == {
        ("姓名", "E12", "=B2"),
        ("出生日期", "E12", "=MID(J2,7,8)"),
        ("备注", "A17", "=1+1"),
    }


def test_excel_error_cells_are_refused(graduates):
    checked = graduates.check(graduates.xlsx(graduates.lines({"专业名称": "#N/A"})))
    assert [f.code for f in checked.findings] == ["E14_EXCEL_ERROR"]


def test_dates_that_count_from_1904_are_read(graduates):
    def edit(workbook, sheet):
        workbook.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
        sheet.cell(2, graduates.header.index("出生日期") + 1).value = 38496 - 1462

    checked = graduates.check(graduates.xlsx(graduates.lines({}), edit))
    assert checked.rows[0].values["birthDate"] == date(2005, 5, 24).isoformat()


def test_formatting_down_to_the_last_row_costs_nothing(graduates):
    def edit(workbook, sheet):
        sheet.cell(1_048_576, 1).number_format = "@"

    checked = graduates.check(graduates.xlsx(graduates.lines({}), edit))
    assert checked.counts.rows == 1


def _with_entries(data, entries, *, compression=zipfile.ZIP_DEFLATED):
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(output, "w", compression) as new:
        replaced = {name for name, _ in entries}
        for entry in old.infolist():
            if entry.filename not in replaced:
                new.writestr(entry, old.read(entry))
        for name, content in entries:
            new.writestr(name, content)
    return output.getvalue()


def test_runs_of_differently_formatted_text_are_one_name(graduates):
    data = graduates.xlsx(graduates.lines({}))
    path = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read(path).decode()
    runs = "<is><r><t>钱</t></r><r><rPr><b/></rPr><t>源艳</t></r><rPh sb='0' eb='1'><t>qian</t></rPh></is>"
    changed, count = re.subn("<is><t[^>]*>(钱源艳|&#38065;&#28304;&#33395;)</t></is>", runs, sheet)
    assert count == 1
    checked = graduates.check(_with_entries(data, [(path, changed.encode())]))
    assert checked.rows[0].values["name"] == "钱源艳"


def test_rows_out_of_order_are_refused(graduates):
    data = graduates.xlsx(graduates.lines({}))
    path = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read(path).decode()
    with pytest.raises(FileRefusedError, match="打不开"):
        graduates.check(_with_entries(data, [(path, sheet.replace('<row r="2"', '<row r="1"').encode())]))


@pytest.mark.case("FILE-002")
@pytest.mark.parametrize(
    ("entries", "word"),
    [
        ([("xl/vbaProject.bin", b"x")], "宏"),
        ([("xl/externalLinks/externalLink1.xml", b"<x/>")], "链接"),
        ([("xl/embeddings/oleObject1.bin", b"x")], "嵌入"),
        ([("xl/media/inner.zip", b"PK")], "嵌入"),
        ([("xl/media/zeros.bin", b"\0" * 40_000_000)], "压缩比"),
        ([(f"xl/media/{n}.png", b"x") for n in range(3_000)], "太多"),
        ([("xl/styles.xml", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>')], "打不开"),
        (
            [
                (
                    "xl/workbook.xml",
                    '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'.encode("utf-16"),
                )
            ],
            "打不开",
        ),
        ([("xl/workbook.xml", b"<broken")], "打不开"),
        ([("xl/worksheets/sheet1.xml", b"<broken")], "打不开"),
        ([("[Content_Types].xml", b"<Types/>")], "打不开"),
    ],
)
def test_workbook_that_carries_more_than_cells_is_refused(graduates, entries, word):
    data = _with_entries(graduates.xlsx(graduates.lines({})), entries)
    with pytest.raises(FileRefusedError, match=word):
        graduates.check(data, filename="名册.xlsx")


@pytest.mark.case("FILE-002")
def test_workbook_of_many_sheets_is_refused(graduates):
    def edit(workbook, sheet):
        for _ in range(70):
            workbook.create_sheet()

    with pytest.raises(FileTooLargeError):
        graduates.check(graduates.xlsx(graduates.lines({}), edit))


@pytest.mark.case("FILE-002")
@pytest.mark.parametrize("cut", [0.3, 0.9, 0.99])
def test_cut_off_workbook_is_refused(graduates, cut):
    data = graduates.xlsx(graduates.lines({}))
    with pytest.raises(FileRefusedError):
        graduates.check(data[: int(len(data) * cut)])


@pytest.mark.case("FILE-002")
def test_zip_that_is_no_workbook_is_refused(graduates):
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("名册.csv", graduates.csv(graduates.lines({})))
    with pytest.raises(FileRefusedError):
        graduates.check(output.getvalue())


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig", "utf-16"])
def test_problem_file_is_the_same_kind_of_file_with_the_refused_rows(graduates, encoding):
    lines = [["2026届名册"], *graduates.lines({}, {"姓名": ""}, {"备注": "=1+1", "性别": "女男"})]
    delimiter = "\t" if encoding == "utf-16" else ","
    data = graduates.csv(lines, encoding=encoding, delimiter=delimiter)
    checked = graduates.check(data)
    returned, media_type = problem_file(checked, data)
    assert media_type == "text/csv"
    text = returned.decode(encoding)
    assert text.splitlines()[0] == "2026届名册"
    assert text.splitlines()[1].endswith("问题/修改建议")
    again = graduates.check(returned)
    assert again.encoding == checked.encoding
    assert again.counts.rows == again.counts.refused == 2
    assert "'=1+1" in text


def test_mended_problem_file_can_be_imported_again(graduates):
    data = graduates.csv(graduates.lines({}, {"姓名": ""}))
    returned, _ = problem_file(graduates.check(data), data)
    mended = returned.decode().replace(",,男,", ",张三,男,").replace(",,女,", ",张三,女,")
    again = graduates.check(mended.encode())
    assert again.counts.issuable == 1


def test_problem_workbook_keeps_text_dates_and_sentences(candidates):
    header, one, two = candidates.lines({}, {"姓名": "=1+1", "考核日期": None})
    two[header.index("考核日期")] = datetime(2026, 4, 26)  # noqa: DTZ001 -- a cell has no zone
    data = candidates.xlsx([header, one, two])
    returned, media_type = problem_file(candidates.check(data, filename="名册.xlsx"), data)
    assert media_type.endswith("sheet")
    rows = list(openpyxl.load_workbook(io.BytesIO(returned)).active.iter_rows())
    assert len(rows) == 2
    assert rows[0][-1].value == "问题/修改建议"
    assert "姓名" in rows[1][-1].value
    name = rows[1][header.index("姓名")]
    assert (name.value, name.data_type) == ("'=1+1", "s")
    assert rows[1][header.index("考核日期")].value == datetime(2026, 4, 26)  # noqa: DTZ001
    assert candidates.check(returned).counts.rows == 1


def test_printed_json_has_the_keys_of_the_oracle(graduates):
    printed = to_json(graduates.check(graduates.csv(graduates.lines({})), filename="a/名册.csv"))
    assert printed["file"] == "名册.csv"
    assert {"encoding", "headerLine", "dataRows", "rowsWithErrors", "rowsSkipped", "rowsIssuable"} <= set(
        printed
    )
    assert printed["comparison"] == "not run"
    with_issued = graduates.check(graduates.csv(graduates.lines({})), issued=lambda keys: {})
    assert to_json(with_issued)["comparison"] == "run"
