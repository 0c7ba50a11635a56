"""The officers' pages of corrections, as a browser without script uses them."""

import re
from pathlib import Path

import pytest
from flask import Flask

from issuer import create_app, issuance, officers, records, store_officers
from issuer.correcting import store
from tests.issuer.college import PASSPHRASES, College, new_row
from tests.issuer.test_officer_pages import GRADUATION, Officer
from web.database import transaction

SAMPLE = "clean_graduates_2026_utf8bom.csv"


@pytest.fixture
def app(college: College) -> Flask:
    with transaction(college.db):
        for name, passphrase in PASSPHRASES.items():
            store_officers.set_passphrase(college.db, name, officers.hash_passphrase(passphrase))
    return create_app(college.environ, parts=college.parts, clock=lambda: college.now)


@pytest.fixture
def at_summer(college: College) -> College:
    """The day on which the samples are imported."""
    college.node.now = 1_795_240_800  # 2026-11-21
    return college


@pytest.fixture
def record(college: College) -> records.Record:
    return college.first_record(college.issue(new_row(1)))


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


def _asked(college: College, record: records.Record, text: str = "姓名有误") -> str:
    with transaction(college.db):
        store.add_request(
            college.db, {"id": "correction-1", "record_id": record.id, "text": text, "asked_at": college.now}
        )
    return "correction-1"


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_the_form_shows_what_was_issued_by_the_columns_names(record, maker: Officer, lang: str):
    page = maker.page(f"/corrections/new/{record.id}", lang=lang)
    assert ("姓名" if lang == "zh-CN" else "Name") in page
    assert f'value="{record.holder_name}"' in page
    assert 'name="value-map"' not in page


def test_a_correction_is_submitted_checked_by_its_difference_and_done(
    record, maker: Officer, checker: Officer, college: College
):
    assert f"/corrections/new/{record.id}" in maker.page(f"/records/{record.id}")
    answer = maker.post(f"/corrections/new/{record.id}", **{"value-name": "林晓雨"})
    assert answer.status_code == 303
    page = checker.page("/approvals")
    assert re.search(rf"<del[^>]*>{record.holder_name}</del> → <ins[^>]*>林晓雨</ins>", page)
    act = re.search(r'name="act" value="([^"]+)"', page)[1]
    done = checker.post("/approvals/approve", act=act)
    assert "PIN" in done.text
    old = records.get(college.db, record.id)
    assert old.replaced_by
    assert f"/records/{old.replaced_by}" in maker.page(f"/records/{record.id}")


def test_a_form_without_a_change_comes_back_with_what_was_typed(record, maker: Officer):
    answer = maker.post(f"/corrections/new/{record.id}", **{"value-name": record.holder_name})
    assert answer.status_code == 422
    assert "没有提交" in answer.text
    assert "没有改动。" in answer.text
    assert "nothing of what was issued" not in answer.text


@pytest.mark.parametrize(
    ("key", "typed"),
    [("enrol", "2027-01-01"), ("gender", "不"), ("name", "x" * 60), ("idNumber", "123")],
)
def test_value_that_an_import_would_refuse_is_refused_beside_its_field(
    record, maker: Officer, college: College, key: str, typed: str
):
    answer = maker.post(f"/corrections/new/{record.id}", **{f"value-{key}": typed})
    assert answer.status_code == 422
    assert f'id="field-value-{key}-error"' in answer.text
    assert f'value="{typed}"' in answer.text, "nothing that was typed is lost"
    assert "the corrected certificate" not in answer.text
    assert not college.db.execute("SELECT count(*) FROM act WHERE kind = 'correct'").fetchone()[0]


def test_second_correction_of_the_same_record_is_told_that_things_moved_on(record, maker: Officer):
    assert maker.post(f"/corrections/new/{record.id}", **{"value-name": "林晓雨"}).status_code == 303
    again = maker.post(f"/corrections/new/{record.id}", **{"value-name": "林小雨"})
    assert again.status_code == 409
    assert "情况已经变化" in again.text
    assert "the same act" not in again.text


def test_what_a_holder_asks_is_a_task_on_the_workbench(record, maker: Officer, college: College):
    assert "/corrections" not in maker.page("/").split("<main")[1]
    _asked(college, record)
    assert "更正请求" in maker.page("/")
    page = maker.page("/corrections")
    assert "姓名有误" in page
    assert "姓名有误" in maker.page(f"/corrections/new/{record.id}")


def test_what_a_holder_writes_is_text_and_nothing_else(record, maker: Officer, college: College):
    _asked(college, record, "<script>alert(1)</script>")
    assert "<script>alert" not in maker.page("/corrections")


def test_a_request_is_declined_in_words(record, maker: Officer, college: College):
    request_id = _asked(college, record)
    maker.post(f"/corrections/requests/{request_id}/decline", answer="与档案一致")
    page = maker.page("/corrections")
    assert "没有等待答复的请求" in page
    assert "与档案一致" in page


def test_nobody_sees_requests_without_signing_in(app: Flask):
    answer = app.test_client().get("/corrections", headers={"Accept": "text/html"})
    assert answer.status_code in (302, 303)


def test_an_import_that_changes_what_was_issued_offers_a_correction(
    shared_data: Path, at_summer: College, maker: Officer, checker: Officer
):
    college = at_summer
    sample = (shared_data / "samples" / SAMPLE).read_text(encoding="utf-8-sig")
    header, first, *_ = sample.splitlines()
    draft = maker.upload(f"{header}\n{first}\n".encode("utf-8-sig"), "a.csv", GRADUATION).headers["Location"]
    maker.post(f"{draft}/confirm", all="1")
    maker.post(f"{draft}/submit")
    assert checker.post(f"{draft}/approve").status_code == 303
    issuance.run_all(college.db, college.parts, now=college.now)
    (issued,) = records.search(college.db)
    changed = first.replace(issued.holder_name, "林晓雨")
    assert changed != first
    again = maker.upload(f"{header}\n{changed}\n".encode("utf-8-sig"), "b.csv", GRADUATION)
    page = maker.page(again.headers["Location"])
    link = re.search(r'href="(/corrections/new/[^"]+)"', page)[1].replace("&amp;", "&")
    form = maker.page(link)
    assert 'value="林晓雨"' in form
    fields = {
        name: text for text, name in re.findall(r'value="([^"]*)" id="[^"]*" name="(value-[^"]+)"', form)
    }
    batch, position = (re.search(rf'name="{key}" value="([^"]+)"', form)[1] for key in ("batch", "position"))
    link = link.partition("?")[0]
    assert maker.post(link, batch=batch, position=position, **fields).status_code == 303
    act = re.search(r'name="act" value="([^"]+)"', checker.page("/approvals"))[1]
    checker.post("/approvals/approve", act=act)
    newest = records.get(college.db, issued.number)
    assert newest.holder_name == "林晓雨"
    # The same file once more brings nothing new: its content is what stands now.
    third = maker.upload(f"{header}\n{changed}\n".encode("utf-8-sig"), "c.csv", GRADUATION)
    assert "/corrections/new/" not in maker.page(third.headers["Location"])
