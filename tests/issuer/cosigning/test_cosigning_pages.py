"""The pages of co-signing, as a browser without script uses them, and the interface that services use."""

import html
import re

import pytest

from issuer import officers, store_officers
from issuer.cosigning import drafting, endorsing, links, store
from tests.issuer.cosigning.bodies import (
    COLLEGE_URL,
    ENTERPRISE,
    ENTERPRISE_NAME,
    MAKER,
    Body,
    apprentice,
    teacher,
)
from tests.issuer.test_officer_pages import Officer
from web.database import transaction

PASSPHRASE = "correct horse battery"
PAGES = ("cosigning", "cosigning_form", "endorsing")
OPEN = {"endorsing.link_page", "endorsing.open_link"}


def signed_in(body: Body, name: str) -> Officer:
    with transaction(body.db):
        store_officers.set_passphrase(body.db, name, officers.hash_passphrase(PASSPHRASE))
    officer = Officer(body.app, name)
    assert officer.sign_in(PASSPHRASE) == 303
    return officer


@pytest.fixture
def draft(college, enterprise) -> drafting.Draft:
    (made,), _ = drafting.cosign(
        college.db,
        college.parts,
        college.network,
        actor=MAKER,
        batch_id=college.batch(apprentice()),
        now=college.now,
    )
    return made


@pytest.fixture
def mentor(enterprise) -> Officer:
    return signed_in(enterprise, "zheng")


@pytest.fixture
def maker(college) -> Officer:
    return signed_in(college, "zhang")


def opened(officer: Officer, link: str) -> str:
    """Open a link as the page's script does, and return the address of the draft's page."""
    answer = officer.post("/E", link=links.parse(link).code)
    assert answer.status_code == 303
    return answer.headers["Location"]


def test_every_page_but_the_links_own_is_for_officers_only(college):
    open_ = {
        name
        for name, view in college.app.view_functions.items()
        if name.partition(".")[0] in PAGES and not getattr(view, "officers_only", False)
    }
    assert open_ == OPEN


@pytest.mark.row("S48")
def test_mentor_reads_hours_marks_and_tutors_and_endorses(college, enterprise, draft, mentor):
    address = opened(mentor, draft.link)
    page = mentor.page(address)
    for shown in ("林二", "320", "960", "88 分", "92 分", "周明远", "郑启航 · 高级技师", "XTZ-2025-0001"):
        assert shown in page, shown
    digest = re.search(r'name="digest" value="([^"]+)"', page)[1]
    answer = mentor.post(f"{address}/agree", digest=digest, comment="确认属实。")
    assert answer.headers["Location"] == "/endorsements"
    (given,) = endorsing.listing(enterprise.db)
    assert given.given_by == "zheng"
    assert "林二" in mentor.page("/endorsements")


def test_links_code_stands_in_no_address(enterprise, draft, mentor):
    assert links.parse(draft.link).secret not in opened(mentor, draft.link)


def test_who_is_not_signed_in_comes_back_to_the_draft_after_signing_in(enterprise, draft, mentor):
    stranger = Officer(enterprise.app, "zheng")
    address = opened(stranger, draft.link)
    assert stranger.client.get(address).headers["Location"] == "/sign-in"
    answer = stranger.post("/sign-in", name="zheng", passphrase=PASSPHRASE)
    assert answer.headers["Location"] == address


def test_draft_that_changed_since_it_was_read_is_not_endorsed(enterprise, draft, mentor):
    answer = mentor.post(f"{opened(mentor, draft.link)}/agree", digest="uEiother", comment="")
    assert answer.status_code == 303
    assert endorsing.listing(enterprise.db) == []


def test_mentor_returns_a_draft_and_has_to_say_why(college, draft, mentor):
    address = opened(mentor, draft.link)
    answer = mentor.post(f"{address}/return", reason=" ")
    assert answer.status_code == 422
    assert "请写明退回的原因" in answer.get_data(as_text=True)
    assert mentor.post(f"{address}/return", reason="岗位学时应为 940").status_code == 303
    (found,) = drafting.listing(college.db, college.parts)
    assert (found.state, found.note) == ("returned", "岗位学时应为 940")
    assert "已退回" in mentor.page(address)


@pytest.mark.parametrize("typed", ["", "x", "https://v.example/C#7ZK0", "7" * 3000])
def test_link_that_is_none_is_answered_with_the_form(mentor, typed):
    answer = mentor.post("/E", link=typed)
    assert answer.status_code == 422
    assert "会签链接不完整" in answer.get_data(as_text=True)


def test_college_that_is_away_is_said_to_be_so(enterprise, draft, mentor, wire):
    address = opened(mentor, draft.link)
    wire.down.add(COLLEGE_URL)
    assert "现在连不上学校的服务" in mentor.page(address, status=503)


def test_address_that_this_service_did_not_make_opens_nothing(mentor, draft):
    assert "会签链接不完整" in mentor.page("/endorse/AAAA", status=422)


def test_withdrawing_waits_for_a_second_officer(enterprise, draft, mentor):
    maker = signed_in(enterprise, "zhang")
    address = opened(maker, draft.link)
    digest = re.search(r'name="digest" value="([^"]+)"', maker.page(address))[1]
    maker.post(f"{address}/agree", digest=digest, comment="")
    (given,) = endorsing.listing(enterprise.db)
    assert maker.post(f"/endorsements/{given.id}/withdraw", reason="机构撤销").status_code == 303
    assert "撤回已提交" in maker.page("/endorsements")
    checker = signed_in(enterprise, "li")
    listed = checker.page("/approvals")
    assert "撤回会签" in listed
    assert "林二 · 云岭示范职业技术学院" in listed


@pytest.mark.parametrize(
    "path", ["/records", "/batches", "/approvals", "/cosigning", "/audit", "/audit.csv", "/officers"]
)
def test_mentor_reads_nothing_of_the_register(enterprise, mentor, path):
    status = mentor.client.get(path).status_code
    assert status == (200 if path == "/officers" else 403)


def test_mentors_first_page_is_what_was_endorsed(enterprise, mentor):
    assert mentor.client.get("/").headers["Location"] == "/endorsements"
    assert "/records" not in mentor.page("/endorsements")


# The college


def test_college_makes_links_and_shows_them_with_a_qr_code(college, enterprise, maker):
    batch_id = college.batch(apprentice(1), apprentice(2))
    assert "还缺 2 份会签" in maker.page(f"/batches/{batch_id}")
    assert maker.post(f"/cosigning/batches/{batch_id}").status_code == 303
    page = html.unescape(maker.page(f"/cosigning/batches/{batch_id}"))
    drafts = drafting.listing(college.db, college.parts, batch_id=batch_id)
    assert all(draft.link in page for draft in drafts)
    assert page.count('class="qr-box"') == 2
    assert "还缺 2 份会签" in page
    assert "待企业会签" in maker.page("/")


def test_college_sees_why_a_draft_came_back(college, draft, maker, mentor):
    mentor.post(f"{opened(mentor, draft.link)}/return", reason="岗位学时应为 940")
    page = maker.page(f"/cosigning/batches/{draft.batch_id}?state=returned")
    assert "岗位学时应为 940" in page


def test_record_offers_to_be_renewed_when_its_endorsement_came_later(college, enterprise, draft, maker):
    college.issue(draft.batch_id)
    given = endorsing.endorse(
        enterprise.db,
        enterprise.parts,
        actor=MAKER,
        opened=endorsing.open_draft(
            enterprise.db,
            enterprise.network,
            actor=MAKER,
            link=links.parse(draft.link),
            now=enterprise.now,
        ),
        comment="",
        now=enterprise.now,
    )
    enterprise.anchor()
    college.node.now += 10
    endorsing.deliver_all(enterprise.db, enterprise.parts, enterprise.network, now=enterprise.now)
    assert endorsing.get(enterprise.db, given.id).delivered_at is not None
    assert "提交换发" in maker.page(f"/records/{draft.record_id}")
    assert maker.post(f"/cosigning/records/{draft.record_id}/renew").status_code == 303
    assert "待复核：换发（补入会签）" in maker.page(f"/records/{draft.record_id}")


@pytest.mark.parametrize("path", ["/cosigning", "/endorsements", "/E"])
@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_pages_without_anything_say_what_to_do(college, maker, path, lang):
    page = maker.page(path, lang=lang)
    if lang == "en":
        body = re.sub(r"<[^>]*(?:lang=\"zh-CN\"|hreflang)[^>]*>[^<]*<", "<", page.partition("<main")[2])
        assert not re.search("[一-鿿]", body.partition("</main>")[0])


def test_batch_in_which_nobody_has_to_endorse_says_nothing_of_endorsements(college, enterprise, maker):
    batch_id = college.batch(teacher(kind="培训进修", enterprise="", enterpriseDid=""))
    assert "需要的会签都齐了" not in maker.page(f"/batches/{batch_id}")


def test_corrected_record_does_not_say_that_no_endorsement_was_asked(college, enterprise, draft, maker):
    college.issue(draft.batch_id)
    college.two("correct", draft.record_id, changes={"practiceHours": "940"})
    assert "还没有送企业会签" not in maker.page(f"/records/{draft.record_id}")


# A record by form

FORM = {key: value for key, value in apprentice().items() if key not in ("type", "map", "idNumber", "idType")}


@pytest.fixture
def in_november(college, enterprise) -> Officer:
    """Return a maker on the day of the form: its dates are not to lie in the future."""
    college.node.now = 1_795_240_800  # 2026-11-21
    return signed_in(college, "zhang")


def test_record_that_is_filled_in_becomes_a_batch_of_one_row(college, in_november):
    maker = in_november
    answer = maker.post("/cosigning/new/ApprenticeshipRecord", **FORM)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    batch_id = answer.headers["Location"].rpartition("/")[2]
    (row,) = store.rows_of_batch(college.db, batch_id) or [None]
    assert store.fields_of(row)["enterpriseDid"] == ENTERPRISE
    assert f"{ENTERPRISE_NAME}" in str(store.fields_of(row))


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_kept(in_november):
    maker = in_november
    answer = maker.post(
        "/cosigning/new/ApprenticeshipRecord", **{**FORM, "practiceHours": "many", "name": ""}
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="field-practiceHours-error"' in page
    assert 'id="field-name-error"' in page
    assert 'value="XTZ-2025-0001"' in page


def test_empty_form_is_told_so_and_not_as_a_file_without_rows(college, enterprise, maker):
    answer = maker.post("/cosigning/new/ApprenticeshipRecord", name="  ")
    assert answer.status_code == 422
    assert "还没有填写任何内容" in answer.get_data(as_text=True)
    assert "表头" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("kind", ["ApprenticeshipRecord", "TeacherTrainingRecord"])
@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_form_asks_for_the_columns_of_the_template(college, enterprise, maker, kind, lang):
    page = maker.page(f"/cosigning/new/{kind}", lang=lang)
    assert 'name="enterpriseDid"' in page
    assert ENTERPRISE in page
    assert 'name="seq"' not in page


# The interface


def ask(college: Body, draft: drafting.Draft, path: str = "", **message):
    link = links.parse(draft.link)
    return college.app.test_client().post(
        f"/cosigning/drafts/{link.draft_id}{path}", json={"secret": link.secret, **message}
    )


def test_service_reads_a_draft(college, draft):
    answer = ask(college, draft)
    assert answer.status_code == 200
    assert answer.json["credential"]["credentialSubject"]["practiceHours"] == 960
    assert answer.headers["Cache-Control"] == "no-store"


def test_wrong_secret_and_unknown_draft_look_alike(college, draft):
    wrong = ask(college, draft, secret="B" * 22)
    unknown = college.app.test_client().post(f"/cosigning/drafts/{'0' * 20}", json={"secret": "B" * 22})
    assert wrong.status_code == unknown.status_code == 404
    assert wrong.json["code"] == unknown.json["code"] == "DRAFT_UNKNOWN"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", {"secret": 7}),
        ("", {"secret": "x" * 101}),
        ("/return", {}),
        ("/return", {"reason": ["x"]}),
        ("/endorsement", {}),
        ("/endorsement", {"endorsement": "x"}),
        ("/endorsement", {"endorsement": {}}),
        ("/endorsement", {"endorsement": {"@context": [], "issuer": 7, "credentialSubject": []}}),
    ],
)
def test_message_of_another_shape_is_refused_with_a_code(college, draft, path, message):
    answer = ask(college, draft, path, **message)
    assert answer.status_code in (400, 422), answer.get_data()
    assert answer.mimetype == "application/problem+json"
    assert store.counts(college.db) == {"waiting": 1}


def test_body_that_is_no_json_is_refused(college, draft):
    client = college.app.test_client()
    assert client.post(f"/cosigning/drafts/{draft.id}", data="secret=x").status_code == 415
    answer = client.post(f"/cosigning/drafts/{draft.id}", data="{", content_type="application/json")
    assert answer.status_code == 400
