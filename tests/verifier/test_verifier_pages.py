"""The verifier's pages without script, and what they keep closed."""

import base64
import html
import io
import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from crypto import jcs
from tests.verifier.conftest import INDEX, World
from tests.verifier.paper import SHARE_KEY, URL, WALLET_URL, PaperWorld
from vc import printed_code
from verifier import create_app, wording
from verifier.api import MATCHES
from web.errors import SettingsError

HTML = {"Accept": "text/html"}


@pytest.fixture
def paper(world: World) -> PaperWorld:
    return PaperWorld(world)


@pytest.fixture
def client(paper: PaperWorld, tmp_path: Path) -> FlaskClient:
    return paper.app(tmp_path).test_client()


def _verdict(page: str) -> str:
    return re.search(r'class="verdict verdict-(\w+)"', page)[1]


def _ask(client: FlaskClient, entry: str, **more: str) -> str:
    return client.post("/verify", data={"entry": entry, **more}, headers=HTML).text


def test_the_box_is_the_first_thing_on_the_page(client: FlaskClient) -> None:
    main = client.get("/").text.split("<main")[1]
    assert main.index("<form") < main.index("<h1>") < main.index("<textarea")
    assert not re.search(r"<(p|h2|ul|div)\b", main[: main.index("<form")])


def test_a_typed_code_shows_the_verdict_and_a_masked_name(paper: PaperWorld, client: FlaskClient) -> None:
    code = paper.print(paper.world.issue())
    page = _ask(client, code.grouped.lower())
    assert _verdict(page) == "valid"
    assert wording.TITLES[wording.Verdict.VALID][0] in page
    assert "林＊＊" in page


def test_what_is_not_printed_large_on_paper_stays_closed_before_the_match(
    paper: PaperWorld, client: FlaskClient
) -> None:
    form = paper.world.issue()
    page = _ask(client, paper.print(form).text)
    for closed in (
        "林晓雨",
        "Lin Xiaoyu",
        "999011202606000123",
        "2005-03-14",
        "data:application/json",
        "proofValue",
    ):
        assert closed not in page


def test_the_name_on_the_paper_opens_report_and_raw_data(paper: PaperWorld, client: FlaskClient) -> None:
    page = _ask(client, paper.print(paper.world.issue()).text, name=" 林 晓雨 ")
    assert "姓名一致" in page
    for opened in ("林晓雨", "999011202606000123", "data:application/json", "proofValue"):
        assert opened in page


def test_the_certificate_can_be_kept_as_a_file_beside_its_receipt(
    paper: PaperWorld, client: FlaskClient
) -> None:
    form = paper.world.issue()
    page = _ask(client, paper.print(form).text, name="林晓雨")
    given = re.search(r'href="data:application/json;base64,([^"]+)"[^>]*download="certificate.json"', page)
    assert json.loads(base64.b64decode(html.unescape(given[1]))) == form


def test_another_name_is_told_different_and_opens_nothing(paper: PaperWorld, client: FlaskClient) -> None:
    page = _ask(client, paper.print(paper.world.issue()).text, name="王明")
    assert "不一致" in page
    assert "林晓雨" not in page
    assert "proofValue" not in page
    assert "王明" not in page


def test_comparing_names_is_limited_per_client(paper: PaperWorld, client: FlaskClient, hostile) -> None:
    code = paper.print(paper.world.issue()).text
    for _ in range(int(MATCHES.partition("/")[0])):
        assert "不一致" in _ask(client, code, name="王明")
    answer = hostile.refused(
        lambda: client.post("/verify", data={"entry": code, "name": "林晓雨"}),
        code="RATE_LIMITED",
        status=429,
    )
    assert int(answer.headers["Retry-After"]) > 0
    assert _verdict(_ask(client, code)) == "valid"


@pytest.mark.case("SHARE-013")
def test_the_result_names_what_to_compare_with_the_paper_in_order(
    paper: PaperWorld, client: FlaskClient
) -> None:
    page = _ask(client, paper.print(paper.world.issue()).text)
    order = [
        "verdict-valid",
        "请与纸质证书逐项核对",
        "林＊＊",
        "工业机器人技术",
        "云岭示范职业技术学院",
        "2026-06-30",
        "核验明细",
    ]
    places = [page.index(text) for text in order]
    assert places == sorted(places)
    assert '<p class="host-large">v.consortium.example</p>' in page


def test_a_code_that_nobody_printed_is_not_authentic(paper: PaperWorld, client: FlaskClient) -> None:
    paper.print(paper.world.issue())
    page = _ask(client, paper.invented().text)
    assert _verdict(page) == "notAuthentic"
    assert "没有这样的证书" in page


def test_a_code_of_a_number_that_no_issuer_has_is_not_authentic(
    paper: PaperWorld, client: FlaskClient
) -> None:
    paper.print(paper.world.issue())
    assert _verdict(_ask(client, paper.invented(number=4711).text)) == "notAuthentic"


def test_a_silent_store_is_could_not_check_and_offers_to_try_again(
    paper: PaperWorld, client: FlaskClient
) -> None:
    code = paper.print(paper.world.issue())
    paper.store_down = True
    page = _ask(client, code.text)
    assert _verdict(page) == "couldNotCheck"
    assert "data-retry" in page
    assert "这不代表证书有问题" in page


def test_a_revoked_certificate_says_so(paper: PaperWorld, client: FlaskClient) -> None:
    code = paper.print(paper.world.issue())
    paper.world.publish({INDEX}, version=2)
    paper.print(paper.world.issue(name="王明"), random=bytes([3] * 12))
    assert _verdict(_ask(client, code.text)) == "revoked"


@pytest.mark.parametrize(
    "entry",
    ["7ZK0-1234", "7ZK0-1234-5678-9ABC-DEFG-HJK6", "hello", "", "!!!", "{", "[1]", "https://x.example/S/A#b"],
)
def test_what_cannot_be_read_is_said_beside_the_box(client: FlaskClient, entry: str) -> None:
    answer = client.post("/verify", data={"entry": entry}, headers=HTML)
    assert 400 <= answer.status_code < 500
    assert 'class="error"' in answer.text
    assert answer.text.count("<textarea") == 1


def test_a_pasted_certificate_is_shown_in_full(paper: PaperWorld, client: FlaskClient) -> None:
    paper.print(paper.world.issue())
    page = _ask(client, json.dumps(paper.world.issue(), ensure_ascii=False))
    assert _verdict(page) == "valid"
    assert "林晓雨" in page
    assert "proofValue" in page


def test_a_chosen_file_is_read(paper: PaperWorld, client: FlaskClient) -> None:
    form = paper.world.issue()
    paper.print(form)
    sent = {"entry": "", "file": (io.BytesIO(jcs.canonicalize(form)), "../../x.json")}
    page = client.post("/verify", data=sent, headers=HTML).text
    assert _verdict(page) == "valid"
    assert "x.json" not in page


@pytest.mark.case("WEB-011", "WEB-007")
def test_nothing_that_a_changed_certificate_states_is_shown(paper: PaperWorld, client: FlaskClient) -> None:
    form = paper.world.issue()
    paper.print(form)
    form["credentialSubject"]["name"] = "<script>alert(1)</script>"
    form["name"] = "javascript:alert(1)"
    page = _ask(client, json.dumps(form))
    assert _verdict(page) == "notAuthentic"
    assert "alert(1)" not in page
    assert 'class="certificate"' not in page


@pytest.mark.case("WEB-007")
def test_claims_are_text_and_never_markup_or_links(paper: PaperWorld, client: FlaskClient) -> None:
    form = paper.world.issue(majorName="<b onclick=x>焊接</b> javascript:alert(1)")
    paper.print(form)
    page = _ask(client, json.dumps(form))
    assert _verdict(page) == "valid"
    assert "<b onclick" not in page
    assert 'href="javascript:' not in page


@pytest.mark.parametrize(
    ("path", "sentence"), [("/C", "输入证书二维码下方的核验码"), ("/S/x", "把完整的链接粘贴到下面")]
)
def test_a_scanned_link_says_what_to_do_without_script(client: FlaskClient, path: str, sentence: str) -> None:
    page = client.get(path, headers={"Accept": "text/html"}).text
    assert sentence in page.partition("<noscript>")[2].partition("</noscript>")[0]


def test_a_share_link_opens_without_script(paper: PaperWorld, client: FlaskClient) -> None:
    form = paper.world.issue()
    paper.print(form)
    page = _ask(client, URL + paper.share(form))
    assert _verdict(page) == "valid"
    assert "仅凭链接" in page


def test_a_share_link_of_another_verifier_is_not_opened(paper: PaperWorld, client: FlaskClient) -> None:
    answer = client.post(
        "/verify", data={"entry": "https://other.example" + paper.share(paper.world.issue())}
    )
    assert answer.status_code == 422
    assert not paper.asked


@pytest.mark.case("SHARE-001")
def test_an_unknown_share_and_a_wrong_token_cannot_be_told_apart(
    paper: PaperWorld, client: FlaskClient
) -> None:
    share_id = paper.share(paper.world.issue()).split("/")[2].split("#")[0]
    paper.gone[share_id] = "LINK_REVOKED"
    other = share_id[:-1] + ("0" if share_id[-1] != "0" else "1")
    unknown_wallet = "ZZZZ" + share_id[4:]
    answers = [
        client.post("/S/open", json={"id": which, "token": "x" * 43}, headers=HTML)
        for which in (share_id, other, unknown_wallet)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.case("SHARE-002")
@pytest.mark.parametrize("code", ["LINK_EXPIRED", "LINK_REVOKED"])
def test_a_share_that_is_over_says_nothing_about_anybody(
    paper: PaperWorld, client: FlaskClient, code: str
) -> None:
    link = paper.share(paper.world.issue())
    share_id = link.split("/")[2].split("#")[0]
    paper.gone[share_id] = code
    answer = client.post("/verify", data={"entry": URL + link}, headers=HTML)
    assert answer.status_code == 410
    for personal in ("林", "云岭", share_id, "wallet"):
        assert personal not in answer.text


@pytest.mark.case("SHARE-004")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_a_share_link_asks_no_wallet(paper: PaperWorld, client: FlaskClient, method: str) -> None:
    path = paper.share(paper.world.issue()).partition("#")[0]
    assert client.open(path, method=method).status_code == 200
    assert not paper.asked


@pytest.mark.case("SHARE-006")
def test_no_log_line_and_no_address_holds_a_code_a_key_or_a_name(
    paper: PaperWorld, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    code = paper.print(paper.world.issue())
    link = paper.share(paper.world.issue())
    _ask(client, code.grouped, name="林晓雨")
    _ask(client, URL + link)
    logged = "\n".join(record.getMessage() for record in caplog.records) + "\n".join(paper.asked)
    for secret in (
        code.text,
        code.grouped,
        code.locator.hex(),
        link.partition("#")[2],
        SHARE_KEY.hex(),
        "林晓雨",
    ):
        assert secret not in logged
    assert f"{WALLET_URL}/shares/" in logged


@pytest.mark.case("SHARE-005", "SHARE-008")
@pytest.mark.parametrize("path", ["/", "/C", "/S/WA11ABCDEFGHJKMNPQRSTVWXYZ01"])
def test_the_pages_load_nothing_from_elsewhere_and_are_not_stored(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers
    for address in re.findall(r'(?:src|href|action)="([^"]+)"', answer.text):
        assert address.startswith(("/", "#", "?")), address
        assert not address.startswith("//")


@pytest.mark.case("SHARE-012")
@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https:evil.example", "/@evil.example", "/\t/evil"]
)
def test_no_parameter_leads_off_the_site(client: FlaskClient, target: str) -> None:
    for name in ("next", "url", "redirect", "return_to", "lang"):
        for path in ("/", "/verify", "/C", "/S/WA11"):
            answer = client.get(path, query_string={name: target})
            assert answer.headers.get("Location", "/") == "/"
            for address in re.findall(r'(?:href|action|src)="([^"]*)"', answer.text):
                assert re.match(r"[/?#](?![/\\])", address), address


def test_a_page_reached_by_post_leads_back_to_the_box(client: FlaskClient) -> None:
    assert client.get("/verify").headers["Location"] == "/"


def test_english_pages_have_no_chinese_but_what_a_certificate_says(
    paper: PaperWorld, client: FlaskClient
) -> None:
    code = paper.print(paper.world.issue())
    page = client.post("/verify?lang=en", data={"entry": code.text}, headers=HTML).text
    without = re.sub(r'<(\w+)[^>]* lang="zh-CN"[^>]*>.*?</\1>', "", page.split("<main")[1], flags=re.S)
    assert not re.search(r"[\u4e00-\u9fff]", without)


def test_english_page_names_what_was_achieved_in_english_beside_the_papers_own_words(
    paper: PaperWorld, client: FlaskClient
) -> None:
    credential = paper.world.issue()
    stated = credential["credentialSubject"]["achievement"]
    code = paper.print(credential)
    pages = {
        language: client.post(f"/verify?lang={language}", data={"entry": code.text}, headers=HTML).text
        for language in ("en", "zh-CN")
    }
    assert stated["name"] in pages["en"]
    assert stated["localizedName"]["en"] in pages["en"]
    assert stated["localizedName"]["en"] not in pages["zh-CN"]


_MALFORMED = [
    {},
    [],
    {"issuer": "7ZK0"},
    {"issuer": "7ZK0", "locator": "zz"},
    {"issuer": "7ZK", "locator": "0" * 32},
    {"issuer": 7, "locator": "0" * 32},
    {"issuer": "IOLU", "locator": "0" * 32},
]


@pytest.mark.parametrize("body", _MALFORMED)
def test_a_malformed_request_of_the_page_is_refused(client: FlaskClient, hostile, body: object) -> None:
    hostile.refused(lambda: client.post("/C/form", json=body), status=400)


def test_the_sealed_form_is_given_as_it_is_stored(paper: PaperWorld, client: FlaskClient) -> None:
    code = paper.print(paper.world.issue())
    answer = client.post("/C/form", json={"issuer": code.text[:4], "locator": code.locator.hex()})
    assert answer.content_type == "application/octet-stream"
    assert answer.data == paper.forms[code.locator]


def test_a_form_of_another_issuer_than_its_code_names_is_not_authentic(
    paper: PaperWorld, client: FlaskClient
) -> None:
    paper.print(paper.world.issue())
    body = {"issuer": "0008", "verifiableCredential": paper.world.issue()}
    assert _verdict(client.post("/C/result", json=body).text) == "notAuthentic"


def test_the_alphabet_of_the_page_is_the_printed_codes_own() -> None:
    script = Path(__file__).parents[2] / "verifier" / "static" / "verifier" / "open.js"
    assert f'"{printed_code.ALPHABET}"' in script.read_text(encoding="utf-8")


def test_without_a_pin_to_start_from_the_verifier_refuses_and_says_what_to_set(tmp_path: Path) -> None:
    environ = {
        "VERIFIER_HOME": str(tmp_path),
        "VERIFIER_URL": URL,
        "VERIFIER_LEDGER_URL": "https://ledger.example",
    }
    with pytest.raises(SettingsError, match="VERIFIER_LEDGER_PIN"):
        create_app(environ)
