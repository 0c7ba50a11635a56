"""Rows are compared with one another and with what was issued before."""

import pytest

from issuer.importing import IssuedRecord, Pile


def _by_row(checked):
    return [(f.data_row, f.column, f.code[:3]) for f in checked.findings]


def test_repeated_identity_number_is_refused_in_both_rows(graduates):
    row = dict(zip(graduates.header, graduates.rows[0], strict=True))
    other = {**{key: row[key] for key in ("证件号码", "性别", "出生日期")}}
    assert [f[:3] for f in graduates.found({}, other)] == [(1, "证件号码", "E05"), (2, "证件号码", "E05")]


def test_spelling_hides_no_repetition(graduates):
    row = dict(zip(graduates.header, graduates.rows[0], strict=True))
    other = {"证件号码": f"'{row['证件号码']}", "性别": row["性别"], "出生日期": row["出生日期"]}
    codes = [f[2] for f in graduates.found({}, other)]
    assert codes.count("E05") == 2


def test_repeated_certificate_number_names_the_other_row(graduates):
    checked = graduates.check(
        graduates.csv(graduates.lines({"证书编号": "999011202606777777"}, {"证书编号": "999011202606777777"}))
    )
    assert _by_row(checked) == [(1, "证书编号", "E06"), (2, "证书编号", "E06")]
    assert "第3行" in checked.findings[0].message
    assert "第2行" in checked.findings[1].message


def test_repeated_student_number_is_refused(graduates):
    assert [f[:3] for f in graduates.found({"学号": "1"}, {"学号": "1"})] == [
        (1, "学号", "E05"),
        (2, "学号", "E05"),
    ]


def test_lost_numbers_are_not_called_repeated(graduates):
    found = graduates.found({"证件号码": "9.90102E+17"}, {"证件号码": "9.90102E+17"})
    assert [f[2] for f in found] == ["E04", "E04"]


def test_same_name_is_confirmed_in_every_row_of_the_group(graduates):
    found = graduates.found({"姓名": "张 伟"}, {"姓名": "张伟"}, {"姓名": "　张伟"})
    assert [(f[0], f[2]) for f in found if f[2] == "W02"] == [(1, "W02"), (2, "W02"), (3, "W02")]


def test_exact_repetition_is_skipped(graduates):
    lines = graduates.lines({}, {})
    checked = graduates.check(graduates.csv([*lines, lines[1]]))
    assert _by_row(checked) == [(3, "*", "A18")]
    assert [row.pile for row in checked.rows] == [Pile.READY, Pile.READY, Pile.SKIPPED]


def test_exact_repetition_with_another_running_number_is_skipped(graduates):
    lines = graduates.lines({}, {})
    again = ["3", *lines[1][1:]]
    checked = graduates.check(graduates.csv([*lines, again]))
    assert _by_row(checked) == [(3, "*", "A18")]


def test_repetition_of_a_refused_row_is_skipped_and_the_row_refused_once(graduates):
    lines = graduates.lines({"姓名": ""})
    checked = graduates.check(graduates.csv([*lines, lines[1]]))
    assert [row.pile for row in checked.rows] == [Pile.REFUSED, Pile.SKIPPED]


@pytest.mark.case("FILE-006")
@pytest.mark.parametrize("bad", [0, 5000, 9999])
def test_one_bad_row_among_many_is_the_only_one_refused(candidates, bad):
    header, first = candidates.lines({"证件类型": "护照", "性别": "", "等级": "中级"})
    where = {name: header.index(name) for name in ("姓名", "证件号码", "证书编号")}
    lines = [header]
    for number in range(10_000):
        row = list(first)
        row[where["姓名"]] = "" if number == bad else "甲" + chr(0x4E00 + number)
        row[where["证件号码"]] = f"C{number:07d}"
        row[where["证书编号"]] = f"HH-{number}"
        lines.append(row)
    checked = candidates.check(candidates.csv(lines))
    assert checked.counts.refused == 1
    assert checked.counts.issuable == 9_999
    assert checked.pile(Pile.REFUSED)[0].data_row == bad + 1


@pytest.mark.case("FILE-006")
def test_file_of_bad_rows_only_is_read_and_every_row_reported(graduates):
    checked = graduates.check(graduates.csv(graduates.lines(*({"姓名": ""} for _ in range(20)))))
    assert (checked.counts.refused, checked.counts.issuable) == (20, 0)


def _issued(checked, *, state="issued", change=b""):
    row = checked.rows[0]
    known = IssuedRecord("record-1", row.number, change or row.content_digest, state)
    return lambda keys: {key: known for key in row.keys if key in keys}


def test_second_upload_issues_only_what_is_new(graduates):
    data = graduates.csv(graduates.lines({}, {}))
    again = graduates.check(data, issued=_issued(graduates.check(data)))
    assert [row.pile for row in again.rows] == [Pile.SKIPPED, Pile.READY]
    assert again.rows[0].record_id == "record-1"
    assert [f.code[:3] for f in again.findings] == ["I02"]


def test_row_of_a_waiting_batch_is_skipped(graduates):
    data = graduates.csv(graduates.lines({}))
    again = graduates.check(data, issued=_issued(graduates.check(data), state="pending"))
    assert [f.code[:3] for f in again.findings] == ["I03"]


def test_columns_that_are_not_issued_do_not_make_a_row_new(graduates):
    first = graduates.check(graduates.csv(graduates.lines({})))
    again = graduates.check(
        graduates.csv(graduates.lines({"班级": "机电2302", "备注": "改"})), issued=_issued(first)
    )
    assert again.rows[0].pile is Pile.SKIPPED


@pytest.mark.case("FILE-008")
def test_changed_content_under_an_issued_number_is_refused(graduates):
    first = graduates.check(graduates.csv(graduates.lines({})))
    again = graduates.check(graduates.csv(graduates.lines({"姓名": "钱媛艳"})), issued=_issued(first))
    assert [(f.column, f.code) for f in again.findings] == [("证书编号", "E06_ALREADY_ISSUED")]


@pytest.mark.case("FILE-008")
def test_same_person_and_achievement_under_another_number_is_refused(graduates):
    first = graduates.check(graduates.csv(graduates.lines({})))
    other = graduates.lines({"证书编号": "999011202606888888"})
    again = graduates.check(graduates.csv(other), issued=_issued(first))
    assert [(f.column, f.code) for f in again.findings] == [("证件号码", "E05_ALREADY_ISSUED")]


def test_revoked_number_is_never_issued_again(graduates):
    data = graduates.csv(graduates.lines({}))
    again = graduates.check(data, issued=_issued(graduates.check(data), state="revoked"))
    assert [f.code for f in again.findings] == ["E06_REVOKED"]


def test_blank_numbers_are_recognised_by_person_and_achievement(candidates):
    data = candidates.csv(candidates.lines({"证书编号": ""}))
    first = candidates.check(data)
    assert first.rows[0].keys == (first.rows[0].person_key,)
    again = candidates.check(data, issued=_issued(first))
    assert again.rows[0].pile is Pile.SKIPPED


def test_refused_rows_are_not_asked_about(graduates):
    asked = []
    graduates.check(
        graduates.csv(graduates.lines({"姓名": ""})), issued=lambda keys: asked.extend(keys) or {}
    )
    assert asked == []
