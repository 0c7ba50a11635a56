"""The verifier's pages in a real browser: what the script opens from a fragment, and what never leaves it."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.ports import free_port
from tests.verifier.agreed import agree, between_bodies, skill
from tests.verifier.conftest import INDEX, World
from tests.verifier.paper import PaperWorld
from vc import printed_code

CHROMIUM = "/usr/bin/chromium"
PHONE = {"width": 360, "height": 740}

pytestmark = [pytest.mark.e2e]


class _Quiet(WSGIRequestHandler):
    """Serves without a line for each request."""

    def log_request(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def paper(world: World, tmp_path: Path) -> Iterator[PaperWorld]:
    """Return a world whose verifier listens; ``paper.url`` says where."""
    held = PaperWorld(world)
    port = free_port()
    app = held.app(tmp_path, url=f"http://127.0.0.1:{port}")
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield held
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.complaints = []
    page.on(
        "console", lambda message: page.complaints.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.requests = []
    page.on("request", lambda request: page.requests.append(request))  # noqa: PLW0108 - a builtin is not taken
    yield page
    context.close()


def _verdict(page: Page) -> str:
    page.wait_for_selector(".verdict")
    return re.search(r"verdict-(\w+)", page.locator(".verdict").first.get_attribute("class"))[1]


def _accessible(page: Page) -> None:
    findings = Axe().run(page)["violations"]
    assert not [finding["id"] for finding in findings if finding["impact"] in {"serious", "critical"}]


def _sent(requests: list[Request]) -> str:
    return "\n".join(f"{request.url} {request.headers} {request.post_data or ''}" for request in requests)


@pytest.mark.case("SHARE-006")
def test_the_link_on_paper_shows_the_verdict_and_sends_its_code_nowhere(
    paper: PaperWorld, page: Page
) -> None:
    code = paper.print(paper.world.issue())
    page.goto(f"{paper.url}/C#{code.text}")
    assert _verdict(page) == "valid"
    assert "林＊＊" in page.inner_text("main")
    assert page.url.endswith(f"/C#{code.text}")
    for secret in (code.text, code.grouped, code.key.hex()):
        assert secret not in _sent(page.requests)
    assert not page.complaints


def test_the_name_is_compared_without_leaving_the_page(paper: PaperWorld, page: Page) -> None:
    page.goto(f"{paper.url}/C#{paper.print(paper.world.issue()).text}")
    page.wait_for_selector("#name")
    page.fill("#name", "王明")
    page.click(".match button")
    page.wait_for_selector("#match-answer")
    assert "林晓雨" not in page.content()
    page.fill("#name", "林晓雨")
    page.click(".match button")
    page.wait_for_selector(".match-same")
    assert "林晓雨" in page.inner_text(".who-name")
    page.click("text=核验报告与原始数据")
    with page.expect_download() as download:
        page.click("text=下载核验报告")
    assert '"verdict": "valid"' in Path(download.value.path()).read_text(encoding="utf-8")


def test_the_other_language_keeps_the_result(paper: PaperWorld, page: Page) -> None:
    page.goto(f"{paper.url}/C#{paper.print(paper.world.issue()).text}")
    assert _verdict(page) == "valid"
    page.click("a.switch")
    page.wait_for_selector("text=A certificate with this code is valid")
    assert page.locator("html").get_attribute("lang") == "en"
    page.reload()
    page.wait_for_selector("text=A certificate with this code is valid")


def _one_wrong(code: str) -> str:
    return code[:-1] + printed_code.ALPHABET[printed_code.ALPHABET.index(code[-1]) ^ 4]


@pytest.mark.parametrize("change", [_one_wrong, lambda code: code[:20]])
def test_a_mistyped_code_is_said_without_asking_the_server(
    paper: PaperWorld, page: Page, change: Callable[[str], str]
) -> None:
    code = paper.print(paper.world.issue()).text
    page.goto(f"{paper.url}/C#{change(code)}")
    page.wait_for_selector("text=核验码有误")
    assert page.input_value("#entry") == change(code)
    assert not [request for request in page.requests if request.method == "POST"]


def test_a_claim_code_is_sent_to_the_other_box(paper: PaperWorld, page: Page) -> None:
    claim = printed_code.make(7, random=bytes(12), purpose="claim")
    page.goto(f"{paper.url}/C#{claim.grouped}")
    page.wait_for_selector("text=这是领取码")


def test_an_invented_code_is_not_authentic(paper: PaperWorld, page: Page) -> None:
    paper.print(paper.world.issue())
    page.goto(f"{paper.url}/C#{paper.invented().text}")
    assert _verdict(page) == "notAuthentic"


def test_trying_again_looks_again(paper: PaperWorld, page: Page) -> None:
    code = paper.print(paper.world.issue())
    paper.store_down = True
    page.goto(f"{paper.url}/C#{code.text}")
    assert _verdict(page) == "couldNotCheck"
    paper.store_down = False
    page.click("[data-retry]")
    page.wait_for_selector(".verdict-valid")


def test_a_typed_code_in_any_form_opens_like_a_scanned_one(paper: PaperWorld, page: Page) -> None:
    code = paper.print(paper.world.issue())
    page.goto(paper.url)
    page.fill("#entry", f" {code.grouped.lower()} ")
    page.click("[data-box] button")
    assert _verdict(page) == "valid"
    assert code.text not in _sent(page.requests)


def test_a_chosen_file_is_shown_and_keeps_its_result_in_the_other_language(
    paper: PaperWorld, page: Page, tmp_path: Path
) -> None:
    form = paper.world.issue()
    paper.print(form)
    (tmp_path / "x.json").write_text(json.dumps(form, ensure_ascii=False), encoding="utf-8")
    page.goto(paper.url)
    page.set_input_files("input[type=file]", str(tmp_path / "x.json"))
    page.click("[data-box] button")
    assert _verdict(page) == "valid"
    page.click("a.switch")
    page.wait_for_selector("text=The content is as it was issued")


def test_a_share_opens_in_the_browser_and_its_key_stays_there(paper: PaperWorld, page: Page) -> None:
    form = paper.world.issue()
    paper.print(form)
    link = paper.share(form)
    page.goto(paper.url + link)
    assert _verdict(page) == "valid"
    assert "林晓雨" in page.inner_text("main")
    assert link.partition("#")[2] not in _sent(page.requests)
    assert not page.complaints


@pytest.mark.case("SHARE-002")
def test_a_closed_share_shows_a_neutral_page(paper: PaperWorld, page: Page) -> None:
    link = paper.share(paper.world.issue())
    paper.gone[link.split("/")[2].partition("#")[0]] = "LINK_REVOKED"
    page.goto(paper.url + link)
    page.wait_for_selector("text=分享已由持有人关闭")
    assert "林" not in page.inner_text("main")


def test_a_share_link_without_its_end_says_what_is_missing(paper: PaperWorld, page: Page) -> None:
    page.goto(paper.url + paper.share(paper.world.issue())[:-5])
    page.wait_for_selector("text=链接不完整")


@pytest.mark.case("SHARE-005", "WEB-012")
def test_nothing_is_loaded_from_elsewhere_and_nothing_breaks_the_policy(
    paper: PaperWorld, page: Page
) -> None:
    form = paper.world.issue()
    code = paper.print(form)
    for path in ("/", f"/C#{code.text}", paper.share(form)):
        page.goto("about:blank")
        page.goto(paper.url + path)
        page.wait_for_load_state("networkidle")
    hosts = {request.url.split("/")[2] for request in page.requests if request.url.startswith("http")}
    assert hosts == {paper.url.split("/")[2]}
    assert not [request.url for request in page.requests if request.all_headers().get("referer")]
    assert not page.complaints


@pytest.mark.case("WEB-013")
def test_the_pages_cannot_be_framed(paper: PaperWorld, page: Page) -> None:
    page.goto(paper.url)
    page.evaluate(
        "() => { const f = document.createElement('iframe'); f.src = '/'; document.body.append(f); }"
    )
    page.wait_for_timeout(300)
    assert page.frames[-1].evaluate("() => document.querySelector('[data-box]')") is None


@pytest.mark.case("WEB-032")
def test_without_script_a_typed_code_is_answered_readably(paper: PaperWorld, browser: Browser) -> None:
    code = paper.print(paper.world.issue())
    context = browser.new_context(java_script_enabled=False, viewport=PHONE, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{paper.url}/C")
    page.fill("#entry", code.grouped)
    page.click("[data-box] button")
    page.wait_for_selector(".verdict-valid")
    page.fill("#name", "林晓雨")
    page.click(".match button")
    page.wait_for_selector(".match-same")
    context.close()


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [(320, "light", "zh-CN"), (320, "dark", "en"), (360, "dark", "zh-CN"), (1280, "light", "en")],
)
def test_the_pages_fit_and_have_no_serious_accessibility_finding(
    paper: PaperWorld, browser: Browser, width: int, scheme: str, language: str
) -> None:
    form = paper.world.issue()
    code = paper.print(form)
    link = paper.share(form)
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, locale=language, bypass_csp=True
    )
    page = context.new_page()
    paths = ["/", "/C", f"/C#{code.text}", f"/C#{paper.invented().text}", link]
    for path in paths:
        page.goto("about:blank")
        page.goto(paper.url + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        for fold in page.locator("details:not(.fold .fold) > summary").all():
            fold.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        findings = Axe().run(page)["violations"]
        serious = [finding["id"] for finding in findings if finding["impact"] in {"serious", "critical"}]
        assert not serious, (path, serious)
    context.close()


def test_the_verdict_and_who_recognises_it_stand_on_the_first_screen_of_a_phone(
    paper: PaperWorld, page: Page
) -> None:
    form = paper.world.issue()
    paper.print(form)
    page.goto(paper.url + paper.share(form))
    assert _verdict(page) == "valid"
    assert page.locator(".verdict").bounding_box()["y"] < 100
    issued = page.locator(".issued-by").bounding_box()
    assert issued["y"] + issued["height"] < 640


def test_a_revocation_is_seen_when_looking_again(paper: PaperWorld, page: Page) -> None:
    code = paper.print(paper.world.issue())
    page.goto(f"{paper.url}/C#{code.text}")
    assert _verdict(page) == "valid"
    paper.world.publish({INDEX}, version=2)
    paper.print(paper.world.issue(name="王明"), random=bytes([3] * 12))
    page.reload()
    assert _verdict(page) == "revoked"


@pytest.mark.row("S53", "S57", "S58")
def test_one_scan_shows_both_certificates_and_who_asks_for_no_second_test(
    paper: PaperWorld, page: Page
) -> None:
    agree(paper.world, between_bodies())
    forms = [paper.world.issue(), skill(paper.world)]
    for form in forms:
        paper.print(form)
    page.goto(f"{paper.url}{paper.share(*forms)}")
    assert _verdict(page) == "valid"
    text = page.inner_text("main")
    assert "学历证书与技能证书" in text
    assert "以下单位已承认，无需重复认证" in text
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    _accessible(page)


@pytest.mark.row("S58")
def test_the_report_is_opened_from_a_share_and_leads_back(paper: PaperWorld, page: Page) -> None:
    agree(paper.world, between_bodies())
    form = paper.world.issue()
    paper.print(form)
    page.goto(f"{paper.url}{paper.share(form)}")
    _verdict(page)
    asked = len(paper.asked)
    page.get_by_role("button", name="打印互认报告").click()
    page.wait_for_selector(".filed")
    assert "采信单位" in page.inner_text("main")
    _accessible(page)
    page.get_by_role("button", name="返回核验结果").click()
    assert _verdict(page) == "valid"
    # The package is here already: the wallet is not asked again, so nothing is counted as opened.
    assert not [url for url in paper.asked[asked:] if "/shares/" in url]
    assert page.complaints == []
