"""The life of a certificate as people see it: officers at a desk, a student and an employer with a phone.

Every page that they meet is looked at in both languages; VOCRED_SCREENSHOTS names a folder for the pictures.
"""

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.e2e.browser import ARGUMENTS, CHROMIUM, DESK, PHONE, Person, Stage
from tests.ports import free_ports
from vocred.demo.places import COLLEGE, OFFICERS, SAMPLES, places
from vocred.demo.story import Story
from vocred.demo.world import World, prepare

# A minute and a half when the machine is quiet; several times that when it is not.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

GRADUATE = "任涵芳"
PASSPHRASE = "moon over the river 2026"
REASON = "录入错误更正"
FILE = "2026届毕业生.csv"


@pytest.fixture
def world(tmp_path: Path, guarded_environment: dict[str, str]) -> Iterator[World]:
    """The consortium has formed, its members are admitted and may issue; every service is up."""
    world = World(tmp_path / "world")
    prepare(world.home)
    world.places.update(places(world.home, first_port=free_ports(6), anchor_seconds=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", guarded_environment["PYTHONPATH"])
        try:
            story = Story(world, say=lambda *_: None)
            story.the_consortium_forms()
            story.members_are_admitted_and_accredited()
            yield world
        finally:
            world.close()


@pytest.fixture
def stage(world: World, tmp_path: Path) -> Iterator[Stage]:
    """A browser for everybody."""
    pictures = Path(os.environ.get("VOCRED_SCREENSHOTS") or tmp_path / "pictures")
    pictures.mkdir(parents=True, exist_ok=True)
    urls = {name: place.url for name, place in world.places.items()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield Stage(browser, urls, pictures)
        browser.close()


@pytest.fixture
def register(tmp_path: Path) -> Path:
    """A cut of the college's register: five rows in order, one to confirm, one whose ID number is wrong."""
    header, *rows = csv.reader(io.StringIO((SAMPLES / COLLEGE.file).read_text(encoding="utf-8-sig")))
    to_confirm = next(row for row in rows if "𫖮喆" in row)
    spaced, wrong = rows[3], rows[5]
    spaced[header.index("姓名")] = "丁  梦"
    wrong[header.index("证件号码")] = wrong[header.index("证件号码")][:-1] + "0"
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows[:6], to_confirm])
    path = tmp_path / FILE
    path.write_text(text.getvalue(), encoding="utf-8-sig")
    return path


def test_a_certificate_from_the_registrars_file_to_its_revocation(stage: Stage, register: Path) -> None:
    han, shen = stage.person(DESK), stage.person(DESK)
    employer, student = stage.person(PHONE), stage.person(PHONE)

    the_registrar_imports_her_file(stage, han, register)
    a_second_officer_approves(stage, shen)
    paper = the_registrar_prints(han)
    the_employer_checks_the_paper(employer, paper)
    slip, pin = the_registrar_hands_out_slips(han)
    the_student_claims(student, slip, pin)
    share = the_student_shares(student)
    the_employer_opens_the_share(employer, share)
    two_officers_revoke(stage, han, shen)
    the_employer_looks_again(employer, paper, share)
    the_student_is_told(student)

    ours = {url.partition("://")[2] for url in stage.urls.values()}
    for person in stage.people:
        assert not person.complaints
        assert person.hosts <= ours


def signs_in(stage: Stage, officer: Person, name: str) -> None:
    officer.opens(stage.urls["college"])
    officer.sees("登录签发端")
    if name == "han":
        officer.looks("01-sign-in")
    officer.types("用户名", name)
    officer.types("口令", OFFICERS[name])
    officer.presses("登录")
    officer.sees("工作台")


def the_registrar_imports_her_file(stage: Stage, han: Person, register: Path) -> None:
    signs_in(stage, han, "han")
    han.sees("现在没有要做的事")
    han.looks("02-workbench-empty")
    han.presses("新建批次")
    han.looks("03-new-batch")
    han.picks("学历证书")
    han.page.get_by_label("名册文件").set_input_files(register)
    han.presses("检查文件")

    han.sees("请核对打印字体", "𫖮喆")
    han.looks("04-batch-to-confirm")
    han.presses("不能签发 1")
    han.sees("梁兰")
    han.looks("05-batch-refused")
    han.presses("可签发 5")
    han.sees("丁梦")
    han.looks("06-batch-ready")
    han.presses("请确认 1")
    han.presses("确认无误")
    han.sees("已确认")
    han.presses("接受修正并提交复核（6 行）")
    han.sees("要由另一位人员批准")
    han.looks("07-batch-submitted")


def a_second_officer_approves(stage: Stage, shen: Person) -> None:
    signs_in(stage, shen, "shen")
    shen.sees("待您复核")
    shen.looks("08-workbench-to-decide")
    shen.page.get_by_role("link", name=FILE).first.click()
    shen.sees("抽查这几行", "6 张学历证书")
    shen.looks("09-batch-review")
    shen.presses("批准并签发")
    shen.sees("签名")
    shen.looks("10-batch-progress", both=False)


def the_registrar_prints(han: Person) -> str:
    han.page.reload()
    han.sees("已签发并存证", "打印证书")
    han.looks("11-batch-issued")
    han.presses("打印证书")
    sheet = han.page.locator(".sheet").filter(has_text=GRADUATE)
    han.looks("12-print-certificates")
    sheet.screenshot(path=han.pictures / "13-certificate.png")
    return han.scans(sheet)


def the_employer_checks_the_paper(employer: Person, paper: str) -> None:
    employer.opens(paper)
    employer.sees_verdict("valid")
    assert "/C#" in employer.page.url
    employer.sees("任＊＊", "核对姓名")
    employer.sees_not(GRADUATE)
    employer.looks("20-paper-valid")
    employer.types("核对姓名：输入纸质证书上印的姓名", GRADUATE)
    employer.presses("核对")
    employer.sees("姓名一致", GRADUATE, COLLEGE.name)
    employer.looks("21-paper-same-name")
    employer.unfolds()
    employer.sees("下载核验报告")
    employer.looks("22-paper-all", both=False)


def the_registrar_hands_out_slips(han: Person) -> tuple[str, str]:
    han.presses("‹ 返回")
    han.presses("打印领取条和 PIN")
    han.sees("领取条和 PIN 要分开发放")
    han.looks("14-print-slips", both=False)
    slip = han.scans(han.page.locator(".slip").filter(has_text=GRADUATE))
    strip = han.page.locator(".strip").filter(has_text=GRADUATE).locator("b").inner_text()
    return slip, strip.removeprefix("PIN").strip()


def the_student_claims(student: Person, slip: str, pin: str) -> None:
    student.opens(slip)
    student.sees(COLLEGE.name, "放入网页钱包")
    student.looks("30-landing", both=False)
    student.presses("放入网页钱包")

    student.sees("发给你 1 份证书", COLLEGE.name, "联盟登记的发证机构")
    student.sees_not("输入 PIN")
    student.looks("31-who-offers-what")
    student.presses("新建钱包并领取")
    student.looks("32-new-wallet")
    student.types("钱包名称", "涵芳的钱包")
    student.types("口令", PASSPHRASE)
    student.types("再输一次口令", PASSPHRASE)
    student.presses("新建钱包")

    student.sees("输入 PIN")
    student.looks("33-pin")
    student.types("PIN", pin)
    student.presses("领取证书")
    student.sees("签名和状态都已核对")
    student.looks("34-certificates")


def the_student_shares(student: Person) -> str:
    student.page.locator(".card-link").click()
    student.sees(GRADUATE, "谁承认这份证书")
    student.looks("35-certificate")
    student.presses("出示")
    student.looks("36-new-share")
    student.types("给谁看（可不填）", "星衡招聘")
    student.picks("30 天")
    student.presses("生成链接")
    student.sees("让对方用手机扫一扫")
    student.looks("37-share")
    shown = student.scans(student.page.locator(".qr-box svg"))
    assert shown.lower() == student.page.get_by_label("分享链接").input_value().lower()
    return shown


def the_employer_opens_the_share(employer: Person, share: str) -> None:
    employer.opens(share)
    employer.sees_verdict("valid")
    employer.sees(GRADUATE, "请与本人证件比对", COLLEGE.name, "联盟认可的颁证机构")
    employer.looks("40-share-valid")
    employer.shows("result", employer.page.locator(".result"))
    employer.unfolds()
    employer.looks("41-share-all", both=False)


def two_officers_revoke(stage: Stage, han: Person, shen: Person) -> None:
    han.opens(f"{stage.urls['college']}/records")
    han.looks("50-records")
    han.types("编号、姓名或班级", GRADUATE)
    han.presses("查找")
    han.presses(GRADUATE)
    han.looks("51-record")
    revoke = han.page.locator("form").filter(has_text="提交撤销")
    revoke.get_by_label("原因").select_option(REASON)
    han.presses("提交撤销")
    han.sees("待复核：")
    han.sees_not("提交撤销")
    han.looks("52-record-revocation-waits", both=False)

    shen.opens(f"{stage.urls['college']}/approvals")
    shen.sees(GRADUATE, REASON)
    shen.looks("53-approvals")
    shen.picks(f"撤销证书 {GRADUATE}")
    shen.presses("批准所选")
    shen.sees("已批准", "撤销")
    shen.looks("54-approved", both=False)


def the_employer_looks_again(employer: Person, paper: str, share: str) -> None:
    employer.opens(share)
    employer.sees_verdict("revoked")
    employer.sees(REASON)
    employer.looks("60-share-revoked")
    employer.opens(paper)
    employer.sees_verdict("revoked")
    employer.sees(REASON)
    employer.looks("61-paper-revoked")


def the_student_is_told(student: Person) -> None:
    student.presses("分享")
    student.sees("星衡招聘", "已打开")
    student.looks("70-shares")
    student.presses("证书")
    student.presses("更新状态")
    student.sees("已撤销")
    student.page.locator(".card-link").click()
    student.sees(REASON)
    student.looks("71-certificate-revoked")
