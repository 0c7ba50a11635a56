"""The officers' pages, as a browser without script uses them."""

import csv
import io
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from issuer import create_app, issuance, officers, store_officers
from tests.issuer.college import PASSPHRASES, College
from vc import printed_code
from vocred.demo.places import SAMPLES
from web.database import transaction

DIRTY = "dirty_graduates_2026_gb18030.csv"
GRADUATION = "GraduationCertificate"
OPEN = {"workbench.sign_in", "workbench.try_sign_in"}
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Officer:
    """A signed-in browser."""

    def __init__(self, app: Flask, name: str) -> None:
        self.client: FlaskClient = app.test_client()
        self.name = name

    def sign_in(self, passphrase: str | None = None) -> int:
        """Sign in through the form; return the answer's status."""
        fields = {"name": self.name, "passphrase": passphrase or PASSPHRASES[self.name]}
        return self.post("/sign-in", **fields).status_code

    def page(self, path: str, *, lang: str = "zh-CN", status: int = 200) -> str:
        """Open a page."""
        self.client.set_cookie("vocred-lang", lang, domain="127.0.0.1")
        answer = self.client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_data(as_text=True)

    def token(self) -> str:
        """Return a token for a form."""
        found = TOKEN.search(self.client.get("/sign-in", follow_redirects=True).get_data(as_text=True))
        assert found
        return found[1]

    def post(self, path: str, **fields):
        """Send a form, with its token."""
        data = {"csrf_token": self.token(), **fields}
        return self.client.post(path, data=data, headers={"Accept": "text/html"})

    def upload(self, data: bytes, name: str, credential_type: str = GRADUATION):
        """Upload a register."""
        return self.post("/batches", type=credential_type, file=(io.BytesIO(data), name))


@pytest.fixture
def app(college: College) -> Flask:
    with transaction(college.db):
        for name, passphrase in PASSPHRASES.items():
            store_officers.set_passphrase(college.db, name, officers.hash_passphrase(passphrase))
    college.grant("SkillLevelCertificate")
    return create_app(college.environ, parts=college.parts, clock=lambda: college.now)


@pytest.fixture
def maker(app: Flask) -> Officer:
    officer = Officer(app, "zhang")
    assert officer.sign_in() == 303
    return officer


@pytest.fixture
def checker(app: Flask) -> Officer:
    officer = Officer(app, "li")
    assert officer.sign_in() == 303
    return officer


@pytest.fixture
def at_summer(college: College) -> Iterator[College]:
    """The day on which the samples are imported."""
    college.node.now = 1_795_240_800  # 2026-11-21
    return college


@pytest.fixture
def draft(at_summer: College, maker: Officer) -> str:
    """The dirty register, imported; its page."""
    answer = maker.upload((SAMPLES / DIRTY).read_bytes(), DIRTY)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer.headers["Location"]


@pytest.fixture
def issued(draft: str, maker: Officer, checker: Officer, college: College) -> str:
    """The same, confirmed, approved and signed."""
    maker.post(f"{draft}/confirm", all="1")
    maker.post(f"{draft}/submit")
    assert checker.post(f"{draft}/approve").status_code == 303
    issuance.run_all(college.db, college.parts, now=college.now)
    return draft


def test_every_page_but_the_sign_in_asks_for_an_officer(app: Flask):
    own = {"workbench", "batches", "approvals", "records", "printing", "officers"}
    open_ = {
        name
        for name, view in app.view_functions.items()
        if name.partition(".")[0] in own and not getattr(view, "officers_only", False)
    }
    assert open_ == OPEN


def test_sign_in_is_addressed_to_those_who_countersign_too(app: Flask):
    page = Officer(app, "zhang").page("/sign-in")
    assert "会签" in page.partition("<main")[2]


def test_whoever_is_not_signed_in_is_sent_to_the_sign_in_and_back(app: Flask):
    officer = Officer(app, "zhang")
    answer = officer.client.get("/records?q=x")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert officer.post("/sign-in", name="zhang", passphrase=PASSPHRASES["zhang"]).headers["Location"] == (
        "/records?q=x"
    )


def test_wrong_passphrase_is_answered_with_the_form(app: Flask):
    officer = Officer(app, "zhang")
    answer = officer.post("/sign-in", name="zhang", passphrase="wrong wrong wrong")
    assert answer.status_code == 401
    assert "用户名或口令不正确" in answer.get_data(as_text=True)


def test_form_without_its_token_is_refused(maker: Officer):
    assert maker.client.post("/sign-out").status_code in {400, 403}


def test_session_ends_after_an_hour_without_a_request(maker: Officer, college: College):
    college.wait(3_601)
    assert maker.client.get("/").headers["Location"] == "/sign-in"


def test_session_ends_twelve_hours_after_signing_in(maker: Officer, college: College):
    for _ in range(24):
        college.wait(1_801)
        answer = maker.client.get("/")
    assert answer.headers.get("Location") == "/sign-in"


def test_new_passphrase_ends_every_session(maker: Officer, app: Flask):
    other = Officer(app, "zhang")
    other.sign_in()
    answer = maker.post("/officers/passphrase", old=PASSPHRASES["zhang"], new="another long passphrase")
    assert answer.headers["Location"] == "/sign-in"
    assert other.client.get("/").headers["Location"] == "/sign-in"
    assert Officer(app, "zhang").sign_in("another long passphrase") == 303


def test_import_shows_the_three_piles_with_their_counts(draft: str, maker: Officer):
    page = maker.page(draft)
    assert "共 81 行：可签发 59（其中需确认 10）· 不能签发 21 · 跳过 1" in page
    assert "GB18030" in page


def test_differences_show_the_old_value_struck_and_the_new_one_beside_it(draft: str, maker: Officer):
    page = maker.page(f"{draft}?pile=ready")
    assert "<del>␣汪波␣</del> <ins>汪波</ins>" in page
    assert ">2004/12/28</del>" in page
    assert ">2004-12-28</ins>" in page


def test_document_numbers_are_on_no_page(draft: str, maker: Officer):
    pages = "".join(maker.page(f"{draft}?pile={pile}") for pile in ("ready", "confirm", "refused", "skipped"))
    assert not re.search(r"99010\d{12}", pages)


@pytest.mark.parametrize("pile", ["ready", "confirm", "refused", "skipped"])
def test_english_page_has_chinese_only_where_the_file_has_it(draft: str, maker: Officer, pile: str):
    page = maker.page(f"{draft}?pile={pile}", lang="en")
    bare = re.sub(r"<(\w+)[^>]*lang=\"zh-CN\"[^>]*>.*?</\1>", "", page.partition("<main")[2], flags=re.S)
    bare = re.sub(r"<[^>]+>", " ", bare.replace("中文", ""))
    left = [line.strip() for line in bare.splitlines() if re.search("[\u4e00-\u9fff]", line)]
    assert [line for line in left if not re.search("[“:]", line)] == []


def test_refused_rows_come_back_as_the_same_kind_of_file(draft: str, maker: Officer):
    answer = maker.client.get(f"{draft}/problems")
    rows = list(csv.reader(io.StringIO(answer.data.decode("gb18030"))))
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert len(rows) == 3 + 21
    assert rows[2][-1] == "问题/修改建议"


def test_row_is_confirmed_by_a_click_and_taken_back(draft: str, maker: Officer, college: College):
    from issuer import batches

    batch_id = draft.rpartition("/")[2]
    position = batches.rows(college.db, batch_id, pile="confirm")[0].position
    maker.post(f"{draft}/confirm", position=position)
    assert batches.counts(college.db, batch_id).confirmed == 1
    maker.post(f"{draft}/confirm", position=position, undo="1")
    assert batches.counts(college.db, batch_id).confirmed == 0


def test_maker_cannot_approve_what_the_maker_submitted(draft: str, maker: Officer):
    maker.post(f"{draft}/submit")
    page = maker.page(draft)
    assert "要由另一位人员批准" in page
    maker.post(f"{draft}/approve")
    assert "自己提交的事项要由另一位人员批准" in maker.page(draft)


def test_returned_batch_says_why_and_can_be_changed(draft: str, maker: Officer, checker: Officer):
    maker.post(f"{draft}/submit")
    assert "批准并签发" in checker.page(draft)
    checker.post(f"{draft}/return", note="缺少电子商务班")
    page = maker.page(draft)
    assert "被退回：li" in page
    assert "缺少电子商务班" in page
    assert "提交复核" in page


def test_progress_is_read_from_the_database(issued: str, checker: Officer, college: College):
    found = checker.client.get(f"{issued}/progress").get_json()
    assert (found["state"], found["signed"], found["printable"]) == ("issued", 59, False)
    college.anchor()
    assert checker.client.get(f"{issued}/progress").get_json()["printable"]


def test_page_that_is_followed_reloads_itself_without_script(issued: str, checker: Officer):
    page = checker.page(issued)
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "progress.js" in page


def test_second_import_of_the_same_file_skips_what_was_issued(issued: str, maker: Officer):
    again = maker.upload((SAMPLES / DIRTY).read_bytes(), DIRTY).headers["Location"]
    assert "可签发 0（其中需确认 0）· 不能签发 21 · 跳过 60" in maker.page(again)


def test_printing_opens_once_the_batch_is_anchored(issued: str, checker: Officer, college: College):
    answer = checker.client.get(f"{issued}/print")
    assert answer.status_code == 303
    college.anchor()
    page = checker.page(f"{issued}/print")
    assert page.count('class="sheet"') == 50
    codes = re.findall(r'class="code">([0-9A-Z-]{29})<', page)
    assert len({printed_code.parse(code, purpose="certificate").locator for code in codes}) == 50
    assert checker.page(f"{issued}/print?page=2").count('class="sheet"') == 9


def test_certificates_are_in_both_languages_whatever_the_page(
    issued: str, checker: Officer, college: College
):
    college.anchor()
    page = checker.page(f"{issued}/print", lang="en")
    assert "毕业证书" in page
    assert "Date of birth" in page
    assert "The verification page is authoritative" in page


def test_batch_that_is_marked_as_printed_forgets_its_codes(issued: str, checker: Officer, college: College):
    college.anchor()
    checker.post(f"{issued}/printed")
    assert 'class="sheet"' not in checker.page(f"{issued}/print")


@pytest.mark.parametrize("page", ["-1", "x", "9" * 30])
def test_page_number_that_makes_no_sense_is_the_first(issued: str, checker: Officer, page: str):
    for path in ("/records", "/audit", issued):
        assert checker.page(f"{path}?page={page}")


def test_slips_are_eight_to_a_page_with_the_pins_on_strips(issued: str, checker: Officer):
    page = checker.post(f"{issued}/slips").get_data(as_text=True)
    slips, _, strips = page.partition('class="page strips"')
    assert slips.count('class="page slips"') == 8
    assert slips.count('class="slip"') == 59
    assert "PIN 1" not in slips
    assert len(re.findall(r"PIN \d{3} \d{3}", strips)) == 59
    code = re.search(r"<b>([0-9A-Z-]{29})</b>", slips)[1]
    assert printed_code.parse(code, purpose="claim")


def test_record_is_revoked_by_two_officers(issued: str, maker: Officer, checker: Officer):
    found = re.search(r'href="(/records/[0-9a-f-]+)"', maker.page("/records?q=汪波"))[1]
    maker.post(f"{found}/revoke", reason="录入错误更正")
    act = re.search(r'name="act" value="(act-\w+)"', checker.page("/approvals"))[1]
    page = checker.post("/approvals/approve", act=act).get_data(as_text=True)
    assert "证书已撤销" in page
    assert "已撤销" in checker.page(found)
    assert "Correction of an entry" in checker.page(found, lang="en")


def test_reissued_slip_is_shown_once_to_whoever_approves(issued: str, maker: Officer, checker: Officer):
    found = re.search(r'href="(/records/[0-9a-f-]+)"', maker.page("/records?q=汪波"))[1]
    maker.post(f"{found}/slip")
    maker.post(f"{found}/reissue")
    act = re.search(r'name="act" value="(act-\w+)"', checker.page("/approvals"))[1]
    page = checker.post("/approvals/approve", act=act).get_data(as_text=True)
    assert "只显示这一次" in page
    assert re.search(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){5}", page)
    assert not re.search(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){5}", checker.page(found))


def test_own_act_is_withdrawn(issued: str, maker: Officer):
    found = re.search(r'href="(/records/[0-9a-f-]+)"', maker.page("/records"))[1]
    maker.post(f"{found}/revoke", reason="学籍处理")
    act = re.search(r"/approvals/(act-\w+)/withdraw", maker.page("/approvals"))[1]
    maker.post(f"/approvals/{act}/withdraw")
    assert "有效" in maker.page(found)


def test_officer_is_added_by_two_administrators(app: Flask, maker: Officer, checker: Officer):
    fields = {"name": "wang", "roles": ["maker"], "passphrase": "a long new passphrase"}
    maker.post("/officers", **fields)
    act = re.search(r'name="act" value="(act-\w+)"', checker.page("/approvals"))[1]
    checker.post("/approvals/approve", act=act)
    added = Officer(app, "wang")
    assert added.sign_in("a long new passphrase") == 303
    assert added.page("/officers").count("重设口令…") == 0


def test_log_names_acts_and_never_persons(issued: str, checker: Officer):
    page = checker.page("/audit")
    assert "批准 · 签发批次" in page
    assert "汪波" not in page
    exported = checker.client.get("/audit.csv").data.decode("utf-8-sig")
    assert "approve-batch approved" in exported
    assert "汪波" not in exported


@pytest.mark.parametrize(
    ("data", "zh", "en"),
    [
        (b"", "文件是空的", "The file is empty"),
        (b"%PDF-1.7", "这是 PDF", "This is a PDF"),
        ("序号,院校代码,学号\n1,99901,1\n".encode(), "缺少必需的列", "Required columns are missing"),
    ],
)
def test_refused_file_is_answered_with_reason_and_cure(maker: Officer, data: bytes, zh: str, en: str):
    answer = maker.upload(data, "名册.csv")
    assert answer.status_code == 422
    assert zh in answer.get_data(as_text=True)
    maker.page("/", lang="en")
    assert en in maker.upload(data, "名册.csv").get_data(as_text=True)


@pytest.mark.case("FILE-016")
def test_upload_of_more_than_ten_mebibytes_is_refused(maker: Officer):
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    body = head + b"a" * (11 * 1024 * 1024) + b"\r\n--x--\r\n"
    answer = maker.client.post("/batches", data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413


@pytest.mark.case("FILE-014")
def test_file_name_is_only_shown_and_escaped(at_summer: College, maker: Officer):
    data = (SAMPLES / "clean_graduates_2026_gb18030.csv").read_bytes()
    answer = maker.upload(data, '../../<b>"名\u202e册.csv')
    page = maker.page(answer.headers["Location"])
    assert "&lt;b&gt;" in page
    assert "<b>&#34;" not in page
    assert "\u202e" not in page
    assert ".." not in page.partition("<h1>")[2].partition("</h1>")[0]


def test_text_of_a_certificate_is_printed_literally(at_summer: College, maker: Officer, checker: Officer):
    register = (SAMPLES / "clean_graduates_2026_gb18030.csv").read_bytes().decode("gb18030")
    rows = list(csv.reader(io.StringIO(register)))[:3]
    rows[1][rows[0].index("专业代码")] = "990101"
    rows[1][rows[0].index("专业名称")] = "<script>alert</script>{{7*7}}"
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    batch = maker.upload(text.getvalue().encode(), "名册.csv").headers["Location"]
    maker.post(f"{batch}/confirm", all="1")
    maker.post(f"{batch}/submit")
    checker.post(f"{batch}/approve")
    issuance.run_all(at_summer.db, at_summer.parts, now=at_summer.now)
    at_summer.anchor()
    page = checker.page(f"{batch}/print")
    assert "&lt;script&gt;alert&lt;/script&gt;{{7*7}}" in page
    assert "<script>alert" not in page


@pytest.mark.case("FILE-021")
def test_files_go_to_signed_in_officers_only(issued: str, app: Flask):
    stranger = app.test_client()
    for path in (f"{issued}/problems", f"{issued}/result", f"{issued}/progress", "/audit.csv"):
        assert stranger.get(path, headers={"Accept": "text/html"}).status_code == 403


def test_result_names_every_row_and_is_safe_to_open(issued: str, maker: Officer):
    answer = maker.client.get(f"{issued}/result")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert len(rows) == 1 + 81
    assert {row[3] for row in rows[1:]} == {"已签发", "不能签发", "跳过"}
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)
