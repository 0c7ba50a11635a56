"""The explorer, the supervision page and the check page as people see them: on a phone and on a desk.

Every page is looked at in both languages; VOCRED_SCREENSHOTS names a folder for the pictures.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.e2e.browser import ARGUMENTS, CHROMIUM, DESK, PHONE, Person, Stage
from tests.e2e.papers import Papers
from vocred.demo.places import COLLEGE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

SIZES = {"phone": PHONE, "desk": DESK}
SERVICES = ("ledger", "college", "verifier")


@pytest.fixture(scope="module")
def counted(papers: Papers) -> Papers:
    """The town, after its college counted and signed what it did."""
    done = papers.town.world.run("college", "issuer", "counts", "--json")
    assert done["sent"], done
    return papers


@pytest.fixture
def stage(counted: Papers, tmp_path: Path) -> Iterator[Stage]:
    """A browser for everybody."""
    pictures = Path(os.environ.get("VOCRED_SCREENSHOTS") or tmp_path / "pictures")
    pictures.mkdir(parents=True, exist_ok=True)
    urls = {name: counted.town.url(name) for name in SERVICES}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield Stage(browser, urls, pictures)
        browser.close()


@pytest.fixture(params=SIZES)
def reader(stage: Stage, request: pytest.FixtureRequest) -> Person:
    """Somebody without an account, with a phone or at a desk."""
    person = stage.person(SIZES[request.param])
    person.place = request.param
    return person


def ends_well(stage: Stage) -> None:
    """Nobody's browser complained, and nobody but our own services was asked."""
    ours = {url.partition("://")[2] for url in stage.urls.values()}
    for person in stage.people:
        assert not person.complaints
        assert person.hosts <= ours


def test_everybody_walks_from_the_register_to_an_entry_and_its_signers(stage: Stage, reader: Person) -> None:
    reader.opens(stage.urls["ledger"])
    reader.presses("账本浏览")
    reader.sees("不需要登录")
    reader.looks(f"x10-{reader.place}-entries")
    reader.page.get_by_text("存证了一批证书的摘要").first.wait_for()
    anchored = reader.page.locator("tr", has_text="存证了一批证书的摘要").first
    anchored.get_by_role("link").first.click()
    reader.sees("涉及的登记项", "下载证明（CBOR）")
    reader.unfolds()
    reader.looks(f"x11-{reader.place}-entry")
    reader.page.locator("a", has_text="所在区块").click()
    reader.sees("谁签了名", "1 / 1 个签名方", "单一运营方")
    reader.looks(f"x12-{reader.place}-block")
    reader.opens(f"{stage.urls['ledger']}/explorer/blocks")
    reader.looks(f"x13-{reader.place}-blocks")
    reader.presses("签名方与成员")
    reader.sees("现在的签名方")
    reader.looks(f"x14-{reader.place}-epochs")
    reader.presses(COLLEGE.name)
    reader.sees("状态列表与索引")
    reader.looks(f"x15-{reader.place}-issuer")
    ends_well(stage)


def test_two_sizes_are_compared_in_a_picture(stage: Stage, reader: Person) -> None:
    reader.opens(f"{stage.urls['ledger']}/explorer/consistency")
    reader.types("较早的记录数", "5")
    reader.presses("比较")
    reader.sees("一致", "逐步计算")
    assert reader.page.locator("svg.tree rect").count() > 3
    reader.looks(f"x20-{reader.place}-consistency")
    reader.types("较早的记录数", "99999")
    reader.presses("比较")
    reader.sees("要求：1 ≤ 较早")
    reader.looks(f"x21-{reader.place}-consistency-refused")
    ends_well(stage)


def test_the_way_to_every_page_is_in_sight(stage: Stage, reader: Person) -> None:
    for name in ("", "explorer"):
        reader.opens(f"{stage.urls['ledger']}/{name}")
        ends = "links => Math.max(...links.map(link => link.getBoundingClientRect().right))"
        assert reader.page.locator(".site-nav a").evaluate_all(ends) <= reader.page.viewport_size["width"]
    ends_well(stage)


@pytest.mark.row("S38")
def test_a_supervisor_sees_figures_and_keeps_a_report_that_proves_itself(
    stage: Stage, reader: Person, counted: Papers, tmp_path: Path
) -> None:
    reader.opens(f"{stage.urls['ledger']}/supervision")
    reader.sees("撤销率", COLLEGE.name, "本节点没有告警")
    reader.unfolds()
    reader.looks(f"x30-{reader.place}-supervision")
    with reader.page.expect_download() as given:
        reader.presses("下载签名报告（JSON）")
    kept = tmp_path / "report.json"
    given.value.save_as(kept)
    checked = counted.town.world.run("ledger", "ledger", "supervision", "--check", str(kept), "--json")
    assert checked["counts"] == 1
    assert checked["issuers"][COLLEGE.did]["issued"] > 0
    ends_well(stage)


def test_the_pages_can_be_read_in_the_dark(stage: Stage, reader: Person) -> None:
    reader.page.emulate_media(color_scheme="dark")
    for name in ("explorer", "explorer/consistency?first=5&second=9", "supervision", "check"):
        reader.opens(f"{stage.urls['ledger']}/{name}")
        reader.looks(f"x40-{reader.place}-dark-{name.partition('?')[0].replace('/', '-')}")
    ends_well(stage)


def result_of(stage: Stage, reader: Person, document: Any, folder: Path) -> dict[str, Path]:
    """Have the verifier answer for a document; return it and the receipt that the page hands out."""
    form = folder / "form.json"
    form.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    reader.opens(stage.urls["verifier"])
    reader.page.locator('input[type="file"]').first.set_input_files(form)
    reader.page.locator('form button[type="submit"]').first.click()
    reader.page.wait_for_selector(".verdict")
    reader.unfolds()
    receipt = folder / "receipt.cbor"
    with reader.page.expect_download() as given:
        reader.presses("下载存证回执（CBOR）")
    given.value.save_as(receipt)
    return {"form": form, "receipt": receipt}


@pytest.mark.row("S38")
def test_an_employer_checks_the_receipt_in_the_own_browser(
    stage: Stage, reader: Person, counted: Papers, tmp_path: Path
) -> None:
    files = result_of(stage, reader, counted.held[0], tmp_path)
    reader.sees("唯一的运营方已签名")
    reader.looks(f"x50-{reader.place}-result", both=False)
    reader.page.locator("a", has_text="在账本里查看这次存证").click()
    reader.sees("存证了一批证书的摘要")
    reader.opens(f"{stage.urls['ledger']}/check")
    reader.looks(f"x51-{reader.place}-check-empty")
    checks(reader, files, pin=counted.town.world.places["ledger"].home / "pin")
    assert outcome(reader) == "holds"
    reader.looks(f"x52-{reader.place}-check-holds", both=False)

    changed = tmp_path / "changed.json"
    document = {**counted.held[0], "validUntil": "2099-01-01T00:00:00Z"}
    changed.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    checks(reader, {**files, "form": changed}, pin=counted.town.world.places["ledger"].home / "pin")
    assert outcome(reader) == "fails"
    assert reader.page.locator("#check-list li.failed").get_attribute("data-step") == "11"
    reader.looks(f"x53-{reader.place}-check-fails", both=False)
    ends_well(stage)


def test_the_ledgers_name_alone_is_enough_online(
    stage: Stage, reader: Person, counted: Papers, tmp_path: Path
) -> None:
    files = result_of(stage, reader, counted.held[0], tmp_path)
    reader.opens(f"{stage.urls['ledger']}/check")
    reader.unfolds()
    name = reader.page.locator(".code-box code").first.inner_text().replace("\n", " ")
    reader.types("账本标识（64 位十六进制）", name)
    checks(reader, files)
    assert outcome(reader) == "holds"
    wrong = "f" * 64
    reader.types("账本标识（64 位十六进制）", wrong)
    checks(reader, files)
    assert outcome(reader) == "unavailable"
    ends_well(stage)


def test_the_saved_page_works_without_a_network(
    stage: Stage, reader: Person, counted: Papers, tmp_path: Path
) -> None:
    files = result_of(stage, reader, counted.held[0], tmp_path)
    reader.opens(f"{stage.urls['ledger']}/check")
    saved = tmp_path / "vocred-check.html"
    with reader.page.expect_download() as given:
        reader.presses("把本页存成一个文件，离线使用")
    given.value.save_as(saved)
    reader.page.context.set_offline(True)
    reader.opens(saved.as_uri())
    checks(reader, files, pin=counted.town.world.places["ledger"].home / "pin")
    assert outcome(reader) == "holds"
    reader.looks(f"x60-{reader.place}-saved", both=False)
    ends_well(stage)


def checks(reader: Person, files: dict[str, Path], *, pin: Path | None = None) -> None:
    for name, path in files.items():
        reader.page.set_input_files(f"#field-{name}", path)
    if pin is not None:
        reader.page.set_input_files("#field-pin", pin)
    reader.page.evaluate("document.getElementById('check-output').removeAttribute('data-verdict')")
    reader.presses("开始验证")


def outcome(reader: Person) -> str | None:
    output = reader.page.locator("#check-output[data-verdict]")
    output.wait_for()
    return output.get_attribute("data-verdict")
