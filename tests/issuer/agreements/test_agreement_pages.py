"""The pages about agreements, as a browser without script uses them."""

import io
import json
import re

import pytest

from issuer import officers, store_officers
from issuer.agreements import drafts, signing, texts
from issuer.agreements.sheet import ROWS
from tests.issuer.agreements.members import GOVERNANCE_PASSPHRASE, OFFICER, Member, Network, document
from tests.issuer.agreements.test_agreement_texts import fix, sign, states
from tests.issuer.college import PASSPHRASES, new_row
from tests.issuer.test_officer_pages import Officer
from web.database import transaction

VALUE = re.compile(r'<(?:input|textarea|select)[^>]* name="([^"]+)"')


def signed_in(member: Member) -> Officer:
    with transaction(member.db):
        for name, passphrase in PASSPHRASES.items():
            store_officers.set_passphrase(member.db, name, officers.hash_passphrase(passphrase))
    officer = Officer(member.app, OFFICER.name)
    assert officer.sign_in() == 303
    return officer


@pytest.fixture
def maker(yunling: Member, xingheng: Member) -> Officer:
    return signed_in(yunling)


@pytest.fixture
def employer(xingheng: Member) -> Officer:
    return signed_in(xingheng)


def filled(yunling: Member, xingheng: Member, **changes: object) -> dict[str, object]:
    """Return what an officer types: the enterprise asks the college's graduates for no second test."""
    party = {
        "duties_zh": "按规则承认",
        "duties_en": "Recognise",
        "rights_zh": "取得统计",
        "rights_en": "Counts",
    }
    fields = {
        "short": "YL",
        "title_zh": "毕业证书免试协议",
        "title_en": "Graduates without a second test",
        "objective_zh": "服务岗位供需衔接",
        "objective_en": "Link supply of and demand for skills",
        "type": "GraduationCertificate",
        "issuer": yunling.did,
        "codes": "460305",
        "from": "2026-12-01",
        "until": "2029-11-30",
        "parties-0-id": yunling.did,
        "parties-0-role": "awarding-body",
        "parties-1-id": xingheng.did,
        "parties-1-role": "recognising-employer",
        "rules-0-family": "waiver",
        "rules-0-rule": "R1",
        "rules-0-scope": "全部",
    }
    for place in (0, 1):
        fields.update({f"parties-{place}-{name}": value for name, value in party.items()})
    return {**fields, **changes}


def begin(maker: Officer, fields: dict[str, object], act: str = "save") -> str:
    answer = maker.post("/agreements/drafts", **fields, act=act)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer.headers["Location"]


def test_list_without_agreements_names_the_next_step(maker: Officer):
    page = maker.page("/agreements")
    assert "还没有互认协议" in page
    assert "/agreements/new" in page
    assert "No agreements yet" in maker.page("/agreements", lang="en")


def test_builder_offers_members_and_issuers_by_name(maker: Officer):
    page = maker.page("/agreements/new")
    for name in ("云岭示范职业技术学院", "星衡智能装备有限公司（虚构）"):
        assert name in page
    assert "<script" not in page.split("<main")[1].split("</main>")[0]


@pytest.mark.row("S28")
def test_agreement_is_made_with_forms_alone_from_the_first_field_to_the_text(
    maker: Officer, yunling: Member, xingheng: Member
):
    draft = begin(maker, filled(yunling, xingheng), act="preview")
    assert draft.endswith("/preview")
    page = maker.page(draft)
    assert "星衡智能装备有限公司（虚构）" in page
    assert "urn:vocred:agreement:YL-2026-0001" in page
    answer = maker.post(draft.replace("/preview", "/offer"), expires="2026-12-05")
    assert answer.status_code == 303, answer.get_data(as_text=True)
    shown = maker.page(answer.headers["Location"])
    assert "待本单位签署" in shown
    (text,) = texts.listing(yunling.db)
    assert text.document["rules"] == [{"id": "R1", "kind": "免于重复认证", "scope": "全部"}]
    assert drafts.listing(yunling.db) == []


@pytest.mark.row("S31")
def test_text_names_every_partys_duties_and_rights_in_both_languages(
    maker: Officer, yunling: Member, xingheng: Member
):
    page = maker.page(begin(maker, filled(yunling, xingheng), act="preview"))
    for words in ("按规则承认", "Recognise", "取得统计", "Counts"):
        assert words in page
    assert '<p lang="zh-CN">' in page
    assert '<p lang="en">' in page


def test_incomplete_draft_is_kept_and_says_beside_its_fields_what_is_missing(
    maker: Officer, yunling: Member, xingheng: Member
):
    place = begin(maker, filled(yunling, xingheng, title_en="", months="soon"))
    assert "请填写" not in maker.page(place)
    again = maker.post(place, **filled(yunling, xingheng, title_en="", months="soon"), act="preview")
    checked = maker.client.get(again.headers["Location"]).headers["Location"]
    page = maker.page(checked)
    assert re.search(r'id="field-title_en-error">.*?请填写。', page, re.S)
    assert re.search(r'id="field-months-error">', page)
    assert 'value="soon"' in page
    assert "Please fill this in." in maker.page(checked, lang="en")


def test_lint_stands_beside_its_field(maker: Officer, yunling: Member, xingheng: Member):
    fields = filled(yunling, xingheng, until="2026-11-30")
    place = begin(maker, fields)
    page = maker.page(f"{place}?check=1")
    assert re.search(r'id="field-until-error">.*?早于', page, re.S)


def test_rows_are_added_and_removed_by_buttons_that_post(maker: Officer, yunling: Member, xingheng: Member):
    place = begin(maker, filled(yunling, xingheng), act="add-party").partition("#")[0]
    assert 'name="parties-2-id"' in maker.page(place)
    maker.post(place, **filled(yunling, xingheng), act="add-credit")
    page = maker.page(place)
    assert 'name="rules-1-course_code"' in page
    assert "<legend>R2" in page
    maker.post(place, **filled(yunling, xingheng), act="remove-rules-0")
    assert 'name="rules-0-family"' not in maker.page(place)


def test_every_field_of_a_rule_is_on_the_page(maker: Officer, yunling: Member, xingheng: Member):
    fields = filled(
        yunling, xingheng, codes="460305 460301", levels="CN-EDU-06", achievement="https://a.example"
    )
    place = begin(maker, fields, act="add-credit").partition("#")[0]
    names = set(VALUE.findall(maker.page(place)))
    plain, _ = ROWS["rules"]
    shared = {"rule", "family", "by", "when_codes", "when_levels", "when_achievement"}
    credit = {name for name in plain if not name.startswith(("target_", "purpose_"))} - {"scope"}
    for name in credit | shared:
        assert f"rules-1-{name}" in names or name == "by", name


def test_and_above_ticks_the_levels(maker: Officer, yunling: Member, xingheng: Member):
    place = begin(maker, filled(yunling, xingheng), act="save")
    maker.post(place, **filled(yunling, xingheng), lowest="1X-2", act="up")
    page = maker.page(place)
    assert 'value="1X-3" checked' in page
    assert 'value="1X-1" checked' not in page


@pytest.fixture
def offered(yunling: Member, xingheng: Member, network: Network) -> texts.Text:
    text = fix(yunling)
    network.settle(yunling, xingheng)
    return text


def test_party_reads_the_text_and_signs_on_its_own_page(
    offered: texts.Text, employer: Officer, yunling: Member, xingheng: Member, network: Network
):
    assert "待本单位签署" in employer.page("/agreements")
    place = f"/agreements/{offered.digest.hex()}"
    page = employer.page(place)
    assert "无需重复认证" in page or "免于重复认证" in page
    wrong = employer.post(f"{place}/sign", passphrase="not this one")
    assert wrong.status_code == 422
    assert 'id="sign-passphrase-error"' in wrong.get_data(as_text=True)
    assert " autofocus" in wrong.get_data(as_text=True), "the wrong field is below a long text"
    assert employer.post(f"{place}/sign", passphrase=GOVERNANCE_PASSPHRASE).status_code == 303
    network.settle(xingheng)
    assert states(yunling, offered)[xingheng.did] == "signed"


def test_workbench_names_what_waits_to_be_signed(offered: texts.Text, employer: Officer, xingheng: Member):
    assert "毕业证书免试协议" in employer.page("/")
    assert "现在没有要做的事" not in employer.page("/")
    sign(xingheng, offered)
    assert "毕业证书免试协议" not in employer.page("/")
    assert "现在没有要做的事" in employer.page("/")


def test_page_shows_how_far_every_party_is(
    maker: Officer, yunling: Member, xingheng: Member, network: Network
):
    network.down.add("127.0.0.1:8702")
    text = fix(yunling)
    network.settle(yunling)
    place = f"/agreements/{text.digest.hex()}"
    assert "未送达" in maker.page(place)
    assert "Not delivered" in maker.page(place, lang="en")
    network.down.clear()
    yunling.wait(10)
    network.settle(yunling, xingheng)
    sign(yunling, text)
    page = maker.page(place)
    assert "待签" in page
    assert "已签" in page


def test_page_says_when_the_own_signature_has_not_reached_the_proposer(
    offered: texts.Text, employer: Officer, xingheng: Member, network: Network
):
    network.down.add("127.0.0.1:8701")
    sign(xingheng, offered)
    network.settle(xingheng)
    place = f"/agreements/{offered.digest.hex()}"
    assert "本单位的签名还没有送到提案方" in employer.page(place)
    network.down.clear()
    xingheng.wait(10)
    network.settle(xingheng)
    assert "本单位的签名还没有送到提案方" not in employer.page(place)


def test_signature_of_a_member_without_a_service_comes_as_a_file(
    offered: texts.Text, maker: Officer, yunling: Member, xingheng: Member
):
    sign(xingheng, offered)
    data = json.dumps(signing.own_signature(xingheng.db, offered).to_json()).encode()
    place = f"/agreements/{offered.digest.hex()}"
    bad = maker.post(f"{place}/signature", file=(io.BytesIO(b"{"), "x.sig"))
    assert bad.status_code == 422
    assert maker.post(f"{place}/signature", file=(io.BytesIO(data), "x.sig")).status_code == 303
    assert states(yunling, offered)[xingheng.did] == "signed"


def test_agreement_is_proposed_from_its_page_and_amended_once_in_force(
    offered: texts.Text, maker: Officer, yunling: Member, xingheng: Member, network: Network
):
    for member in (yunling, xingheng):
        sign(member, offered)
    network.settle(xingheng)
    place = f"/agreements/{offered.digest.hex()}"
    assert "已签齐，待提案" in maker.page(place)
    assert maker.post(f"{place}/propose", passphrase=GOVERNANCE_PASSPHRASE).status_code == 303
    assert "表决中" in maker.page(place)
    proposal = texts.load(yunling.db, offered.digest).proposal
    for party in yunling.node.consortium.parties:
        yunling.node.accept(party, "vote", {"proposal": proposal, "yes": True})
    network.settle(yunling)
    yunling.wait(6)
    page = maker.page(place)
    assert "生效中" in page
    assert f'href="http://127.0.0.1:8705/agreements/{offered.agreement_id}"' in page
    draft = maker.post(f"{place}/amend").headers["Location"]
    assert "取代第 1 版" in maker.page(draft)
    assert maker.post(f"{place}/end", passphrase="wrong one again").status_code == 422
    assert maker.post(f"{place}/end", passphrase=GOVERNANCE_PASSPHRASE).status_code == 303


def test_dry_run_begins_on_the_page_and_is_followed_there(
    offered: texts.Text, maker: Officer, yunling: Member, network: Network
):
    from issuer.agreements import worker

    yunling.issue(new_row(1), new_row(2))
    place = f"/agreements/{offered.digest.hex()}"
    assert maker.post(f"{place}/dry-run").status_code == 303
    page = maker.page(place)
    assert "正在试算" in page
    assert "dry_run.js" in page
    assert maker.client.get(f"{place}/dry-run").json["state"] == "running"
    worker.look(yunling.db, yunling.parts, network, now=yunling.now)
    worker.look(yunling.db, yunling.parts, network, now=yunling.now)
    assert maker.client.get(f"{place}/dry-run").json["accepted"] == 2
    yunling.wait(6)
    page = maker.page(place)
    assert "2 份证书中，2 份会被承认" in page
    assert "已签名交到账本节点" in page


def test_pages_ask_for_an_officer(yunling: Member):
    client = yunling.app.test_client()
    for path in ("/agreements", "/agreements/new", "/agreements/" + "0" * 64):
        assert client.get(path).headers["Location"] == "/sign-in"
    assert client.get(f"/agreements/{'0' * 64}/dry-run").status_code == 403


def test_unknown_digest_is_not_found(maker: Officer):
    maker.page("/agreements/" + "0" * 64, status=404)
    maker.page("/agreements/xyz", status=404)


def test_silent_ledger_leaves_the_list_and_says_so(
    maker: Officer, yunling: Member, offered: texts.Text, monkeypatch: pytest.MonkeyPatch
):
    import httpx

    def silent(*_args: object, **_options: object) -> None:
        raise httpx.ConnectError("away")

    monkeypatch.setattr(yunling.parts.ledger.nodes, "http", silent)
    yunling.wait(6)
    page = maker.page("/agreements")
    assert "暂时连不上账本" in page
    assert "毕业证书免试协议" in page
    assert "暂时连不上账本" in maker.page(f"/agreements/{offered.digest.hex()}")
    assert "暂时连不上账本" in maker.page("/agreements/new")
    assert document(yunling.now)["title"]["zh-CN"] in page
