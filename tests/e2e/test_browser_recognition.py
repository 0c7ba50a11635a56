"""Recognition as people see it: an agreement is built, voted in on phones, and used at 360 px.

Every page that they meet is looked at in both languages; VOCRED_SCREENSHOTS names a folder for the pictures.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.e2e.browser import ARGUMENTS, CHROMIUM, DESK, PHONE, Person, Stage
from tests.ports import free_ports
from vocred.demo.places import BANK, BODY, COLLEGE, OFFICERS, PASSPHRASES, SAMPLES, Institution, places
from vocred.demo.recognition import QIAN, Recognition
from vocred.demo.world import World, prepare

# Two minutes when the machine is quiet; several times that when it is not.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

CAST = (COLLEGE, BODY, BANK)
TITLE = "1+X工业机器人操作与运维（中级）互认协议"
COURSE = "工业机器人操作与编程"


@pytest.fixture
def chapter(tmp_path: Path, guarded_environment: dict[str, str]) -> Iterator[Recognition]:
    """College, certificate body and credit bank are members; a learner holds a 1+X certificate."""
    world = World(tmp_path / "world")
    prepare(world.home)
    world.places.update(places(world.home, first_port=free_ports(6), anchor_seconds=1, cast=CAST))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", guarded_environment["PYTHONPATH"])
        try:
            chapter = Recognition(world, say=lambda *_: None, cast=CAST)
            chapter.the_consortium_forms()
            chapter.issuers_are_registered_and_admitted()
            chapter.batches["body"] = chapter.import_and_approve(BODY, SAMPLES / BODY.file)
            chapter.claim(BODY, QIAN)
            world.run("body", "issuer", "anchor", "--json")
            yield chapter
        finally:
            world.close()


@pytest.fixture
def stage(chapter: Recognition, tmp_path: Path) -> Iterator[Stage]:
    """A browser for everybody."""
    pictures = Path(os.environ.get("VOCRED_SCREENSHOTS") or tmp_path / "pictures")
    pictures.mkdir(parents=True, exist_ok=True)
    urls = {name: place.url for name, place in chapter.world.places.items()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield Stage(browser, urls, pictures)
        browser.close()


@pytest.mark.row("S25", "S54", "S58")
def test_an_agreement_from_its_builder_to_a_students_credit_and_an_employers_screen(stage: Stage) -> None:
    officers = {body.place: stage.person(DESK if body is COLLEGE else PHONE) for body in CAST}
    student, employer = stage.person(PHONE), stage.person(PHONE)
    for place, officer in officers.items():
        signs_in(stage, officer, place)

    share = the_student_shares(stage, student)
    nobody_recognises_it_yet(employer, share)
    an_officer_builds_the_agreement(stage, officers["college"])
    for place in ("body", "bank"):
        a_party_signs_on_the_phone(stage, officers[place])
    the_agreement_is_proposed(officers["college"])
    for officer in officers.values():
        a_member_votes(stage, officer, decides=officer is officers["bank"])
    the_student_converts(student)
    the_bank_confirms(stage, officers["bank"])
    the_student_has_the_credit(student)
    the_employer_sees_no_second_test(employer, share)

    ours = {url.partition("://")[2] for url in stage.urls.values()}
    for person in stage.people:
        assert not person.complaints
        assert person.hosts <= ours


def signs_in(stage: Stage, officer: Person, place: str) -> None:
    officer.place = place
    officer.opens(stage.urls[place])
    officer.types("用户名", "han")
    officer.types("口令", OFFICERS["han"])
    officer.presses("登录")
    officer.sees("工作台")


def the_student_shares(stage: Stage, student: Person) -> str:
    student.opens(f"{stage.urls['wallet']}/certificates")
    student.types("钱包名称", QIAN)
    student.types("口令", PASSPHRASES["WALLET_PASSPHRASE"])
    student.presses("登录")
    student.opens(f"{stage.urls['wallet']}/certificates")
    student.sees("技能")
    student.looks("r10-certificates")
    student.page.locator(".card-link").first.click()
    student.presses("出示")
    student.presses("生成链接")
    student.sees("让对方用手机扫一扫")
    return student.scans(student.page.locator(".qr-box svg"))


def nobody_recognises_it_yet(employer: Person, share: str) -> None:
    employer.opens(share)
    employer.sees_verdict("valid")
    employer.sees_not("无需重复认证")


def an_officer_builds_the_agreement(stage: Stage, han: Person) -> None:
    han.opens(f"{stage.urls['college']}/agreements")
    han.sees("还没有互认协议")
    han.looks("r20-agreements-empty")
    han.presses("起草协议")
    han.looks("r21-builder-empty")
    han.presses("加一方")
    fills(han, basics())
    han.presses("学分")
    fills(han, credit("rules-0-"))
    han.page.locator("button", has_text="免于重复认证").click()
    fills(han, {"rules-1-purpose_zh": "入职技能核验", "rules-1-purpose_en": "skill check at hiring"})
    han.looks("r22-builder-full", both=False)
    han.presses("看文字")
    han.sees("发给各方签署", COURSE)
    han.looks("r23-text")
    han.presses("定稿并发给各方")
    han.sees("待本单位签署")
    han.looks("r24-agreement-to-sign")
    signs(han)


def basics() -> dict[str, str]:
    """What the officer types and chooses: names, parties, what is accepted, limits and dates."""
    fields = {
        "short": "YL",
        "title_zh": TITLE,
        "title_en": "Recognition of 1+X Industrial Robot O&M (Intermediate)",
        "objective_zh": "学过的不必重学",
        "objective_en": "What was learnt is not learnt again",
        "type": "SkillLevelCertificate",
        "codes": "IROM-2",
        "months": "36",
        "learner_cap": "10",
        "from": "2026-01-01",
        "until": "2029-12-31",
    }
    for place, (body, role) in enumerate(
        ((COLLEGE, "recognising-college"), (BODY, "awarding-body"), (BANK, "credit-bank"))
    ):
        fields |= party(f"parties-{place}-", body, role)
    return fields


def party(prefix: str, body: Institution, role: str) -> dict[str, str]:
    return {
        f"{prefix}id": body.did,
        f"{prefix}role": role,
        f"{prefix}duties_zh": "按协议办理",
        f"{prefix}duties_en": "Act as agreed",
        f"{prefix}rights_zh": "取得统计",
        f"{prefix}rights_en": "Receive counts",
    }


def credit(prefix: str) -> dict[str, str]:
    return {
        f"{prefix}kind": "免修",
        f"{prefix}course_code": "RB2104",
        f"{prefix}course_zh": COURSE,
        f"{prefix}course_en": "Industrial Robot Operation and Programming",
        f"{prefix}credits": "8",
        f"{prefix}unit_hours": "16",
    }


def fills(officer: Person, fields: dict[str, str]) -> None:
    """Fill fields of the builder by their names: many of its labels stand there once for each party."""
    for name, value in fields.items():
        field = officer.page.locator(f'[name="{name}"]').filter(visible=True).first
        if field.evaluate("element => element.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    issuer = officer.page.locator(f'[name="issuer"][value="{BODY.did}"]')
    if issuer.count():
        issuer.check()


def signs(officer: Person) -> None:
    officer.page.locator("#sign-passphrase").fill(PASSPHRASES["ISSUER_GOVERNANCE_PASSPHRASE"])
    officer.presses("签署")
    officer.sees("已签")


def a_party_signs_on_the_phone(stage: Stage, officer: Person) -> None:
    officer.opens(f"{stage.urls[officer.place]}/agreements")
    officer.sees("待本单位签署")
    officer.looks(f"r30-{officer.place}-agreements")
    officer.page.get_by_role("link", name=TITLE).first.click()
    officer.sees("协议全文", COURSE)
    officer.looks(f"r31-{officer.place}-to-sign")
    if officer.place == "body":
        officer.presses("开始试算")
        officer.sees("份证书中")
    signs(officer)


def the_agreement_is_proposed(han: Person) -> None:
    waits_for(han, "提交表决")
    han.looks("r40-agreement-ready")
    han.page.locator("#propose-passphrase").fill(PASSPHRASES["ISSUER_GOVERNANCE_PASSPHRASE"])
    han.presses("提交表决")
    han.sees("成员正在表决")


def waits_for(person: Person, words: str) -> None:
    """Look again until the others' answers have arrived."""
    for _ in range(40):
        person.page.reload()
        if person.page.get_by_text(words).filter(visible=True).count():
            return
        person.page.wait_for_timeout(500)
    raise AssertionError(f"{words} never stood on {person.page.url}")


def a_member_votes(stage: Stage, officer: Person, *, decides: bool) -> None:
    officer.opens(f"{stage.urls[officer.place]}/governance")
    officer.sees(TITLE)
    officer.looks(f"r50-{officer.place}-proposals")
    officer.page.locator(".proposal a").first.click()
    officer.sees("如果通过", "如果当时已经生效")
    officer.looks(f"r51-{officer.place}-proposal")
    officer.page.locator("#vote #field-passphrase").fill(PASSPHRASES["ISSUER_GOVERNANCE_PASSPHRASE"])
    officer.presses("赞成")
    # Three of four are more than 51 %: with the last of these votes the agreement is in force.
    officer.sees("已通过" if decides else "本单位已赞成")
    officer.looks(f"r52-{officer.place}-voted", both=False)


def the_student_converts(student: Person) -> None:
    student.presses("学分")
    student.looks("r60-credits-empty")
    student.presses("用证书换学分")
    student.sees("可换学分")
    student.looks("r61-choose")
    student.page.locator(".card-link").first.click()
    student.page.get_by_label("学校").select_option(COLLEGE.did)
    student.types("专业代码", "460301")
    student.presses("查看能换什么")
    student.sees(COURSE, "8")
    student.looks("r62-preview")
    student.presses("申请换学分")
    student.sees("将要发送", BANK.name, "现在还没有发送任何内容")
    student.looks("r63-consent")
    student.presses("同意并发送")
    student.sees("已提交")
    student.looks("r64-submitted")


def the_bank_confirms(stage: Stage, officer: Person) -> None:
    officer.opens(f"{stage.urls['bank']}/credit-bank")
    officer.sees("待确认")
    officer.looks("r70-bank")
    officer.page.locator(".todo a").first.click()
    officer.sees(COURSE)
    officer.looks("r71-application")
    officer.presses("确认登记")
    officer.sees("已登记")
    officer.looks("r72-registered", both=False)


def the_student_has_the_credit(student: Person) -> None:
    for _ in range(20):
        student.presses("更新状态")
        student.page.wait_for_load_state()
        if student.page.get_by_text("已登记的学分").count():
            break
        student.page.wait_for_timeout(500)
    student.sees("已登记的学分")
    student.looks("r80-credits")
    student.page.locator(".card-link").first.click()
    student.sees("在钱包里", COURSE)
    student.looks("r81-registered")


def the_employer_sees_no_second_test(employer: Person, share: str) -> None:
    employer.opens(share)
    employer.sees_verdict("valid")
    employer.sees("无需重复认证", COLLEGE.name)
    employer.looks("r90-no-second-test")
    employer.unfolds()
    employer.looks("r91-all", both=False)
