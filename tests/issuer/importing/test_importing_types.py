"""Registers of the newer types: the samples are clean, and each rule refuses what it should."""

import csv
import io
from datetime import date

import pytest

from issuer.importing import ImportInstitution, IssuedRecord, Pile, check
from issuer.importing.columns import column_map
from schemas.building import Institution
from schemas.catalogue import CATALOGUE, type_of_map
from vc import status, structure

TODAY = date(2026, 11, 21)
COLLEGE = ImportInstitution("云岭示范职业技术学院", code="99901", did="did:web:yunling.edu.example")
ENTERPRISE = ImportInstitution("星衡智能装备有限公司（虚构）", did="did:web:xingheng.example")
BANK = ImportInstitution("云岭终身学习学分银行（虚构）", did="did:web:creditbank.yunling.example")
ALLIANCE = ImportInstitution("云岭产教融合联盟（虚构）", did="did:web:consortium.example")
SAMPLES = {
    "ApprenticeshipRecord": ("apprenticeship_2026_utf8.csv", COLLEGE, 3),
    "CompetitionAward": ("competition_2026_utf8.csv", COLLEGE, 3),
    "MicroCredential": ("micro_2026_utf8.csv", ENTERPRISE, 3),
    "TeacherTrainingRecord": ("teachers_2026_utf8.csv", COLLEGE, 2),
}
CREDITED = {
    "name": "林晓雨",
    "idNumber": "990104200505241376",
    "accountNumber": "YLCB-00018842",
    "sourceCredential": "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0002",
    "sourceDigest": "uEiBiFqJ8qRhH-Z44E5c0ZGKJocu6-ZmsqA2uRi4GxsiRiQ",
    "agreement": "urn:vocred:agreement:YL-2026-0012#3",
    "ruleId": "R1",
    "conversionKind": "免修",
    "credits": "8",
    "creditUnit": "学分（16学时/学分）",
    "courseCode": "RB2104",
    "courseName": "工业机器人操作与编程",
    "courseUrl": "https://yunling.edu.example/courses/RB2104",
    "college": "did:web:yunling.edu.example",
    "collegeName": "云岭示范职业技术学院（虚构）",
    "grade": "91",
    "certNo": "YLCB-2026-00001",
    "awarded": "2026-06-05",
}
EVALUATED = {
    "name": "林晓雨",
    "bodyName": "星衡智能装备有限公司（虚构）",
    "about": "urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0001",
    "post": "机器人调试技术员",
    "employedFrom": "2026-07-06",
    "periodStart": "2026-07-06",
    "periodEnd": "2026-10-31",
    "competence": "5",
    "overall": "4",
    "adaptationDays": "28",
    "wouldHireAgain": "是",
    "skillGap": "PLC与机器人通信",
    "comment": "岗位适应快，离线编程能力突出。",
    "consent": "urn:uuid:c0a5e17d-0000-4a00-8000-000000000021",
    "awardDate": "2026-11-10",
}
ACCREDITED = {
    "name": "云岭示范职业技术学院（虚构）",
    "memberDid": "did:web:yunling.edu.example",
    "institutionCode": "99901",
    "creditCode": "12990000MB9999013F",
    "role": "院校",
    "mayIssue": "GraduationCertificate、MicroCredential",
    "jurisdiction": "CN-YL",
    "awardDate": "2026-01-01",
    "validUntil": "2028-12-31",
}
ROWS = {
    "CreditRecord": (CREDITED, BANK),
    "EmployerEvaluation": (EVALUATED, ENTERPRISE),
    "MemberAccreditation": (ACCREDITED, ALLIANCE),
}


@pytest.fixture
def first_row(samples):
    """Return a clean row of a type by column key, with the body whose it is."""

    def read(name):
        if name in ROWS:
            return ROWS[name]
        file, institution, _ = SAMPLES[name]
        header, row, *_ = csv.reader(io.StringIO((samples / file).read_text("utf-8-sig")))
        known = {column.header: column.key for column in column_map(name).columns}
        return {known[word]: cell for word, cell in zip(header, row, strict=True)}, institution

    return read


def table(name, rows):
    keys = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column_map(name).column(key).header for key in keys])
    writer.writerows([row.get(key, "") for key in keys] for row in rows)
    return text.getvalue().encode()


def checked(name, rows, institution, **named):
    return check(
        table(name, rows),
        filename="名册.csv",
        credential_type=name,
        institution=institution,
        today=TODAY,
        **named,
    )


@pytest.fixture
def found(first_row):
    """Return what is found in a clean row of a type after changes: column, code and severity."""

    def findings(name, /, **changes):
        row, institution = first_row(name)
        report = checked(name, [{**row, **changes}], institution)
        return [(f.column, f.code[:3], str(f.severity)) for f in report.findings]

    return findings


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_have_no_finding(samples, name):
    file, institution, rows = SAMPLES[name]
    report = check(
        (samples / file).read_bytes(),
        filename=file,
        credential_type=name,
        institution=institution,
        today=TODAY,
    )
    assert report.findings == ()
    assert report.structure == ()
    assert report.counts.ready == report.counts.rows == rows


@pytest.mark.row("S48", "S63", "S70", "S80")
@pytest.mark.parametrize("name", [*SAMPLES, *ROWS])
def test_a_clean_row_becomes_a_credential_that_its_schema_accepts(first_row, name):
    row, institution = first_row(name)
    report = checked(name, [row], institution)
    assert report.findings == ()
    entry = type_of_map(report.column_map)
    credential = entry.paper_form(
        report.record(report.rows[0]),
        issuer=Institution(institution.did, institution.name),
        credential_id="urn:uuid:0d5c6a0e-4a1e-4f0b-9a57-2f5c1c1a0301",
        status_entry=status.entry(
            list_url="https://issuer.example/status/1",
            index=5,
            entry_id="urn:uuid:6f1b8a52-3f4e-4a53-9d13-7f3f0d7d0001",
        ),
    )
    structure.validate(credential)


def test_every_type_has_a_column_map_with_columns_of_its_own():
    for entry in CATALOGUE.values():
        for name in entry.column_maps:
            assert column_map(name).column("name")


MICRO = [
    ({"learningHours": "0"}, ("总学时", "E25", "error")),
    ({"learningHours": "401"}, ("总学时", "E25", "error")),
    ({"learningHours": "24.5"}, ("总学时", "E25", "error")),
    ({"learningHours": "24学时"}, ("总学时", "A16", "autofix")),
    ({"learningHours": ""}, ("总学时", "E01", "error")),
    ({"assessmentMode": ""}, ("考核方式", "E01", "error")),
    ({"identityChecked": ""}, ("身份核验", "E01", "error")),
    ({"identityChecked": "已核验"}, ("身份核验", "A10", "autofix")),
    ({"identityChecked": "部分"}, ("身份核验", "E11", "error")),
    ({"practiceHours": "25"}, ("实践学时", "E28", "error")),
    ({"credits": "1.4"}, ("学分", "E25", "error")),
    ({"credits": "1.5学分"}, ("学分", "A16", "autofix")),
    ({"awardDate": "2026-10-01"}, ("发证日期", "E10", "error")),
    ({"awardDate": "2026-12-01"}, ("发证日期", "E10", "error")),
    ({"validUntil": "2026-10-12"}, ("有效期至", "E10", "error")),
    ({"related": "IROM-2"}, ("可叠加至", "E29", "error")),
    ({"evidence": "项目视频"}, ("成果摘要", "E29", "error")),
    ({"occupation": "工业机器人系统操作员"}, ("对应职业", "E29", "error")),
    ({"bodyName": "云岭省机器人行业协会"}, ("颁发机构", "E22", "error")),
    ({"certNo": ""}, ("证书编号", "W08", "warn")),
    ({"idNumber": ""}, ("证件号码", "W11", "info")),
    ({"idNumber": "990104200505241377"}, ("证件号码", "E02", "error")),
    ({"certName": "=1+1"}, ("微证书名称", "E12", "error")),
    ({"outcome": "好" * 301}, ("学习成果", "E13", "error")),
]


@pytest.mark.row("S63")
@pytest.mark.parametrize(("changes", "expected"), MICRO)
def test_a_micro_credential_says_hours_assessment_and_identity_check(found, changes, expected):
    assert found("MicroCredential", **changes) == [expected]


def test_a_micro_credential_that_was_not_passed_is_skipped(found):
    assert found("MicroCredential", conclusion="不合格") == [("评定结论", "I01", "skip")]


COMPETITION = [
    ({"competitionLevel": "县级"}, ("竞赛级别", "E11", "error")),
    ({"competitionLevel": "国赛"}, ("竞赛级别", "A10", "autofix")),
    ({"awardRank": "特等奖"}, ("奖项", "E11", "error")),
    ({"awardRank": "一等"}, ("奖项", "A10", "autofix")),
    ({"role": "选手"}, ("角色", "A10", "autofix")),
    ({"role": "领队"}, ("角色", "E11", "error")),
    ({"teamSize": "21"}, ("团队人数", "E25", "error")),
    ({"name": "钱源艳、郑洋波"}, ("姓名", "E13", "error")),
    ({"name": "钱源艳/郑洋波"}, ("姓名", "E13", "error")),
    ({"name": "钱源艳和郑洋波"}, ("姓名", "W12", "warn")),
    ({"awardDate": "2026-04-11"}, ("发证日期", "E10", "error")),
    ({"eventCode": ""}, ("赛项编号", "E01", "error")),
]


@pytest.mark.row("S80")
@pytest.mark.parametrize(("changes", "expected"), COMPETITION)
def test_an_award_names_level_and_rank_and_one_contestant(found, changes, expected):
    assert found("CompetitionAward", **changes) == [expected]


def test_two_names_with_a_space_between_wait_for_a_click(found):
    assert ("姓名", "W12", "warn") in found("CompetitionAward", name="钱源艳 郑洋波")


@pytest.mark.parametrize("name", ["钱 源艳", "和晓雨", "阿依古丽·买买提", "Anna Maria Rossi"])
def test_one_name_of_several_parts_is_one_contestant(found, name):
    assert ("姓名", "W12", "warn") not in found("CompetitionAward", name=name)


def test_the_same_contestant_twice_in_one_event_is_refused(first_row):
    row, institution = first_row("CompetitionAward")
    report = checked(
        "CompetitionAward", [row, {**row, "certNo": "YL-X-2", "awardRank": "二等奖"}], institution
    )
    assert {f.code for f in report.findings} == {"E05_DUP_PERSON"}


def test_a_team_mate_has_a_certificate_of_their_own(samples):
    file, institution, _ = SAMPLES["CompetitionAward"]
    report = check(
        (samples / file).read_bytes(),
        filename=file,
        credential_type="CompetitionAward",
        institution=institution,
        today=TODAY,
    )
    team = [row for row in report.rows if row.values["eventCode"] == "GZ032"]
    assert len({row.number for row in team}) == len({row.person_key for row in team}) == 2


APPRENTICESHIP = [
    ({"schoolTutor": ""}, ("学校导师", "E01", "error")),
    ({"enterpriseTutor": ""}, ("企业导师", "E01", "error")),
    ({"theoryHours": ""}, ("理论学时", "E01", "error")),
    ({"practiceHours": ""}, ("岗位学时", "E01", "error")),
    ({"practiceHours": "0"}, ("岗位学时", "E25", "error")),
    ({"schoolMark": ""}, ("学校导师评定", "E01", "error")),
    ({"enterpriseMark": ""}, ("企业导师评定", "E01", "error")),
    ({"enterpriseMark": "101"}, ("企业导师评定", "E15", "error")),
    ({"enterpriseMark": "59"}, ("企业导师评定", "W13", "warn")),
    ({"enterpriseTutor": "周明远"}, ("企业导师", "W12", "warn")),
    ({"enterpriseDid": "星衡"}, ("企业标识", "E26", "error")),
    ({"enterpriseDid": "did:web:yunling.edu.example"}, ("企业标识", "E26", "error")),
    ({"enterpriseDid": ""}, ("企业标识", "E01", "error")),
    ({"end": "2025-08-31"}, ("结束日期", "E10", "error")),
    ({"awardDate": "2026-06-01"}, ("出具日期", "E10", "error")),
    ({"certNo": ""}, ("协议编号", "E01", "error")),
    ({"level": "技师"}, ("学徒阶段", "E11", "error")),
    ({"practiceHours": "9000"}, ("岗位学时", "W14", "warn")),
]


@pytest.mark.row("S48", "S52")
@pytest.mark.parametrize(("changes", "expected"), APPRENTICESHIP)
def test_an_apprenticeship_needs_both_tutors_split_hours_and_both_assessments(found, changes, expected):
    assert found("ApprenticeshipRecord", **changes) == [expected]


TEACHER = [
    ({"enterprise": ""}, [("企业名称", "E27", "error")]),
    ({"enterpriseDid": ""}, [("企业标识", "E27", "error")]),
    ({"practiceHours": ""}, [("学时", "E27", "error")]),
    ({"enterpriseDid": "did:web:yunling.edu.example"}, [("企业标识", "E26", "error")]),
    ({"kind": "培训进修", "enterprise": ""}, [("企业名称", "E27", "error")]),
    ({"kind": "培训进修", "enterprise": "", "enterpriseDid": "", "practiceHours": ""}, []),
    ({"kind": "双师型认定"}, [("认定等级", "E27", "error")]),
    ({"kind": "双师型认定", "level": "中级"}, []),
    ({"kind": "下企业实践"}, [("类别", "A10", "autofix")]),
    ({"kind": "参观"}, [("类别", "E11", "error")]),
    ({"practiceHours": "500"}, [("学时", "W14", "warn")]),
    ({"narrative": ""}, []),
]


@pytest.mark.row("S70", "S71", "S75")
@pytest.mark.parametrize(("changes", "expected"), TEACHER)
def test_a_teachers_practice_needs_enterprise_co_signer_and_hours(found, changes, expected):
    assert found("TeacherTrainingRecord", **changes) == expected


CREDIT = [
    ({"credits": "0.7"}, [("学分", "E25", "error")]),
    ({"creditUnit": "分"}, [("学分单位", "E29", "error")]),
    ({"agreement": "YL-2026-0012"}, [("互认协议", "E29", "error")]),
    ({"ruleId": "1"}, [("规则", "E29", "error")]),
    ({"sourceCredential": "HH1X-2026"}, [("来源凭证", "E29", "error")]),
    ({"sourceDigest": "abc"}, [("来源摘要", "E29", "error")]),
    ({"conversionKind": "折算"}, [("转换方式", "E11", "error")]),
    ({"courseCode": ""}, [("课程代码", "E27", "error")]),
    ({"college": ""}, [("院校标识", "E27", "error")]),
    ({"conversionKind": "存入", "courseCode": "", "courseName": "", "college": "", "collegeName": ""}, []),
    ({"grade": "101"}, [("成绩", "E15", "error")]),
    ({"awarded": "2027-01-01"}, [("记录日期", "E10", "error")]),
]


@pytest.mark.parametrize(("changes", "expected"), CREDIT)
def test_a_credit_record_names_source_rule_unit_and_course(found, changes, expected):
    assert found("CreditRecord", **changes) == expected


EVALUATION = [
    ({"competence": "6"}, [("专业能力", "E25", "error")]),
    ({"competence": "", "overall": ""}, [("专业能力", "E29", "error")]),
    ({"consent": ""}, [("授权编号", "E01", "error")]),
    ({"consent": "是"}, [("授权编号", "E29", "error")]),
    ({"about": "999011202606000123"}, [("证书标识", "E29", "error")]),
    ({"wouldHireAgain": "愿意"}, [("愿意再录用", "A10", "autofix")]),
    ({"periodEnd": "2026-07-01"}, [("评价期止", "E10", "error")]),
    ({"awardDate": "2026-10-30"}, [("评价日期", "E10", "error")]),
    ({"adaptationDays": "731"}, [("适应天数", "E25", "error")]),
]


@pytest.mark.parametrize(("changes", "expected"), EVALUATION)
def test_an_evaluation_rates_something_with_the_graduates_consent(found, changes, expected):
    assert found("EmployerEvaluation", **changes) == expected


MEMBER = [
    ({"role": "医院"}, [("成员角色", "E11", "error")]),
    ({"mayIssue": "驾驶证"}, [("可签发类型", "E11", "error")]),
    ({"mayIssue": "MemberAccreditation"}, [("可签发类型", "E11", "error")]),
    ({"memberDid": "yunling"}, [("成员标识", "E26", "error")]),
    ({"creditCode": "123"}, [("统一社会信用代码", "E03", "error")]),
    ({"validUntil": "2025-12-31"}, [("有效期至", "E10", "error")]),
    ({"mayIssue": "学历证书；微证书"}, [("可签发类型", "A10", "autofix")]),
]


@pytest.mark.parametrize(("changes", "expected"), MEMBER)
def test_an_accreditation_names_a_role_and_types_of_the_catalogue(found, changes, expected):
    assert found("MemberAccreditation", **changes) == expected


@pytest.mark.parametrize("name", [*SAMPLES, *ROWS])
def test_a_row_that_was_issued_with_the_same_content_is_skipped(first_row, name):
    row, institution = first_row(name)
    (once,) = checked(name, [row], institution).rows

    def issued(keys):
        record = IssuedRecord("r-1", once.number, once.content_digest)
        return {key: record for key in keys if key in once.keys}

    (again,) = checked(name, [row], institution, issued=issued).rows
    assert (again.pile, again.record_id) == (Pile.SKIPPED, "r-1")


def test_two_people_of_one_name_without_documents_are_two(first_row):
    row, institution = first_row("MicroCredential")
    rows = [{**row, "idNumber": "", "certNo": number} for number in ("XH-1", "XH-2")]
    first, second = checked("MicroCredential", rows, institution).rows
    assert first.person_key != second.person_key
    assert Pile.REFUSED not in {first.pile, second.pile}


def test_a_blank_column_that_came_later_leaves_a_row_what_it_was(candidates):
    (row,) = candidates.check(candidates.csv(candidates.lines({}))).rows
    header = [*candidates.header, "对应职业"]
    lines = candidates.lines({}, header=header)
    (blank,) = candidates.check(candidates.csv([lines[0], [*lines[1], ""]])).rows
    (named,) = candidates.check(candidates.csv([lines[0], [*lines[1], "6-31-07-03 操作员"]])).rows
    assert row.content_digest == blank.content_digest != named.content_digest


@pytest.mark.row("S40", "S53")
def test_the_samples_hold_one_learners_post_course_contest_and_certificate(samples):
    learner = "990104200505241376"
    held = {
        name
        for name, (file, institution, _) in SAMPLES.items()
        for row in check(
            (samples / file).read_bytes(),
            filename=file,
            credential_type=name,
            institution=institution,
            today=TODAY,
        ).rows
        if row.values["idNumber"] == learner
    }
    assert held == {"ApprenticeshipRecord", "MicroCredential", "CompetitionAward"}
    graduates = (samples / "clean_graduates_2026_utf8bom.csv").read_text("utf-8-sig")
    assert learner in graduates
