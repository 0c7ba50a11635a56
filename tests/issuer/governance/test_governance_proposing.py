"""Proposing from a page, without script: form, preview, signature; and what a member does without a vote."""

import io
import json
import re
from hashlib import sha256

import pytest
from flask import Flask

from crypto import cbor
from crypto.keys import PrivateKey
from issuer import create_app, institution
from issuer.governance import forms, keys
from ledger import proposing
from ledger.client import LedgerUnavailableError
from ledger.statements import key_possession
from tests.issuer.governance.alliance import DID, OFFICER, OFFICERS, PASSPHRASE, Alliance
from tests.issuer.test_officer_pages import Officer
from tests.ledger.consortium import Party

SEALED = re.compile(r'name="sealed" value="([^"]+)"')
SCHEMA = "https://w3id.org/vocred/schemas/graduation-certificate/v2"
NEXT = "another key for the college"


@pytest.fixture
def issuing(alliance: Alliance) -> Alliance:
    """Return the college as a registered issuer as well."""
    registration = alliance.json("registration")
    snapshot, _ = alliance.ledger.snapshot([("member", DID)], now=alliance.now)
    governance = snapshot.member(DID).governance_key.cose_key
    alliance.decide(proposing.put_issuer(registration, number=9, governance=governance, keys=None))
    return alliance


@pytest.fixture
def app(alliance: Alliance) -> Flask:
    return create_app(alliance.environ, parts=alliance.parts, clock=lambda: alliance.now)


def signed_in(app: Flask, name: str = "zhang") -> Officer:
    officer = Officer(app, name)
    assert officer.sign_in(OFFICERS[name]) == 303
    return officer


@pytest.fixture
def officer(app: Flask) -> Officer:
    return signed_in(app)


def private(seed: str) -> PrivateKey:
    return PrivateKey.from_bytes("Ed25519", sha256(seed.encode()).digest())


def handed_over(alliance: Alliance, did: str, *roles: str) -> dict:
    """Return what a member hands over of its public keys."""
    made = {role: private(f"{did}/{role}") for role in roles}
    chain_id = alliance.ledger.chain_id
    return {
        "did": did,
        **{role: cbor.encode(key.public.cose_key).hex() for role, key in made.items()},
        "possession": {
            role: key_possession(key, chain_id=chain_id, did=did, role=role).hex()
            for role, key in made.items()
        },
    }


def upload(value: object) -> tuple[io.BytesIO, str]:
    return io.BytesIO(json.dumps(value).encode()), "keys.json"


def previewed(officer: Officer, slug: str, status: int = 200, **given) -> str:
    answer = officer.post(f"/governance/propose/{slug}", **given)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


def signed(alliance: Alliance, officer: Officer, page: str, passphrase: str = PASSPHRASE):
    answer = officer.post("/governance/propose", sealed=SEALED.search(page)[1], passphrase=passphrase)
    alliance.node.now += 10
    return answer


def newest(alliance: Alliance):
    return alliance.ledger.proposals(now=alliance.now)[0]


# What can be proposed.


def test_the_page_lists_everything_that_members_decide(officer: Officer):
    page = officer.page("/governance/propose")
    for form in forms.FORMS:
        assert f"/governance/propose/{form.slug}" in page
    assert "提出不等于赞成" in page
    english = officer.page("/governance/propose", lang="en")
    assert "Proposing is not agreeing" in english


@pytest.mark.parametrize("slug", [form.slug for form in forms.FORMS])
def test_every_form_opens_in_both_languages(alliance: Alliance, officer: Officer, slug: str):
    for language in ("zh-CN", "en"):
        assert "enctype" in officer.page(f"/governance/propose/{slug}", lang=language)


def test_a_form_of_another_name_is_not_there(officer: Officer):
    officer.page("/governance/propose/abolish", status=404)


# Preview and signature.


def test_nothing_is_signed_before_the_preview_was_seen(alliance: Alliance, officer: Officer):
    member = alliance.members[2].did
    page = previewed(officer, "remove", member=member, days="14")
    assert "是否请“机构m002”退出联盟？" in page
    assert "4 个成员中的 3 个赞成" in page
    assert alliance.ledger.proposals(now=alliance.now)[0].action == "admit"  # the college's own
    answer = signed(alliance, officer, page)
    assert answer.status_code == 303
    made = newest(alliance)
    assert (made.action, made.body, made.proposer) == ("remove", {"member": member}, DID)
    assert made.votes == {}
    assert made.expires == proposing.end_of_day(alliance.now - 10, days=14)
    assert answer.headers["Location"].endswith(made.id.hex())


def test_a_wrong_passphrase_is_said_beside_its_field_and_the_preview_stays(
    alliance: Alliance, officer: Officer
):
    page = previewed(officer, "params", numbers="7")
    answer = signed(alliance, officer, page, passphrase="another passphrase")
    assert answer.status_code == 422
    again = answer.get_data(as_text=True)
    assert "口令不正确" in again or "打不开" in again
    assert signed(alliance, officer, again).status_code == 303
    assert newest(alliance).action == "params"


def test_a_preview_that_was_changed_is_not_signed(alliance: Alliance, officer: Officer):
    sealed = SEALED.search(previewed(officer, "params", numbers="7"))[1]
    answer = officer.post("/governance/propose", sealed="A" + sealed[1:], passphrase=PASSPHRASE)
    assert answer.status_code == 404
    assert newest(alliance).action == "admit"


def test_what_the_ledger_refuses_is_said_and_nothing_opened(alliance: Alliance, officer: Officer):
    page = previewed(officer, "signer-stop", member=alliance.members[0].did)
    answer = signed(alliance, officer, page)
    assert answer.headers["Location"].endswith("/governance/propose/signer-stop")
    assert newest(alliance).action == "admit"


def test_a_silent_ledger_is_said(alliance: Alliance, officer: Officer, monkeypatch: pytest.MonkeyPatch):
    page = previewed(officer, "params", numbers="7")

    def silent(*_arguments, **_options):
        raise LedgerUnavailableError("silence")

    monkeypatch.setattr(type(alliance.ledger), "submit", silent)
    answer = signed(alliance, officer, page)
    assert answer.headers["Location"].endswith("/governance")
    assert "再送一次" in officer.page("/governance")


def test_an_officer_without_the_role_proposes_nothing(app: Flask, alliance: Alliance):
    clerk = signed_in(app, "li")
    assert "须由治理代表签名" in clerk.page("/governance/propose/params")
    sealed = SEALED.search(previewed(signed_in(app), "params", numbers="7"))[1]
    answer = clerk.post("/governance/propose", sealed=sealed, passphrase=PASSPHRASE)
    assert answer.status_code == 403
    assert newest(alliance).action == "admit"


# Each form.


def test_a_member_is_proposed_with_the_keys_of_its_file(alliance: Alliance, officer: Officer):
    new = "did:web:new.example"
    given = {
        "name_zh": "新学院",
        "name_en": "New College",
        "credit_code": "12990000MB0000001X",
        "roles": "college",
        "keys": upload(handed_over(alliance, new, "governance")),
    }
    page = previewed(officer, "admit", **given)
    assert "是否接纳“新学院”为联盟成员？" in page
    assert private(f"{new}/governance").public.thumbprint.hex()[:4] in page
    assert signed(alliance, officer, page).status_code == 303
    assert newest(alliance).body["member"]["did"] == new


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"keys": (io.BytesIO(b""), "")}, "请选择文件"),
        ({"keys": (io.BytesIO(b"[]"), "keys.json")}, "文件不是预期的 JSON"),
        ({"keys": (io.BytesIO(b'{"did": "did:web:new.example"}'), "keys.json")}, "内容不完整"),
        ({"name_zh": " "}, "请填写这一项"),
        ({"roles": "accreditor"}, "资格认可方须选择"),
        ({"roles": ""}, "请至少选择一项"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(alliance: Alliance, officer: Officer, change, said: str):
    given = {
        "name_zh": "新学院",
        "name_en": "New College",
        "credit_code": "12990000MB0000001X",
        "roles": "college",
        "keys": upload(handed_over(alliance, "did:web:new.example", "governance")),
        **change,
    }
    page = previewed(officer, "admit", status=422, **given)
    assert said in page
    assert "新学院" in page or "name_zh" in change


def announce(alliance: Alliance, *parties: Party) -> None:
    """Have members say where their nodes are."""
    for party in parties:
        urls = {"node": f"https://{party.name}.example", "mirror": None, "receipts": None}
        alliance.node.accept(party, "endpoint.put", urls)
        alliance.node.now += 10


def test_a_node_that_nobody_can_find_is_not_proposed(alliance: Alliance, officer: Officer):
    announce(alliance, alliance.members[0])
    file = handed_over(alliance, alliance.members[1].did, "receipt", "validator")
    page = previewed(officer, "signer", status=422, keys=upload(file))
    assert "机构m001还没有登记节点的地址" in page
    announce(alliance, alliance.members[1])
    assert "还没有登记" not in previewed(officer, "signer", keys=upload(file))


def test_a_node_is_proposed_with_the_fingerprints_of_its_keys(alliance: Alliance, officer: Officer):
    member = alliance.members[1]
    announce(alliance, alliance.members[0], member)
    file = handed_over(alliance, member.did, "validator")
    receipt = member.key("receipt")
    proof = key_possession(receipt, chain_id=alliance.ledger.chain_id, did=member.did, role="receipt")
    file["receipt"], file["possession"]["receipt"] = cbor.encode(receipt.public.cose_key).hex(), proof.hex()
    page = previewed(officer, "signer", keys=upload(file))
    assert "是否让“机构m001”的节点用新登记的密钥签署账本？" in page
    assert "须有超过三分之二的成员赞成" in page
    assert "生效后由 2 个节点签署账本：任何一个停机，写入就会暂停。" in page
    assert signed(alliance, officer, page).status_code == 303
    made = newest(alliance)
    assert made.two_thirds
    shown = officer.page(f"/governance/{made.id.hex()}")
    assert "还需 3 票（须超过三分之二）" in shown
    assert shown.count('class="tally-line"') == 2


def test_a_lost_key_is_proposed_and_the_old_key_can_stop_it(alliance: Alliance, officer: Officer):
    member = alliance.members[1].did
    file = handed_over(alliance, member, "governance")
    page = previewed(officer, "lost-key", role="governance", keys=upload(file))
    assert "“机构m001”丢失了治理密钥，是否为它换成新的一把？" in page
    assert "持有它的人可以在生效前撤销这项提案" in page
    assert signed(alliance, officer, page).status_code == 303
    assert newest(alliance).action == "rotate-lost-key"


def test_an_issuer_is_suspended_lifted_and_closed(issuing: Alliance, officer: Officer):
    page = previewed(officer, "suspend", issuer=DID)
    assert "是否自通过之时起暂停“云岭示范职业技术学院”签发证书？" in page
    signed(issuing, officer, page)
    for voter in issuing.members:
        issuing.vote(newest(issuing).id, voter)
    issuing.node.app.extensions["ledger_engine"].tick()
    issuing.node.now += 60
    assert DID in officer.page("/governance/propose/lift")
    page = previewed(officer, "lift", issuer=DID)
    assert "是否解除对“云岭示范职业技术学院”的暂停？" in page
    signed(issuing, officer, page)
    page = previewed(officer, "close", issuer=DID)
    assert "是否永久关闭发证机构“云岭示范职业技术学院”？" in page
    assert "这项决定不能撤回" in page


def test_nothing_is_lifted_that_is_not_suspended(issuing: Alliance, officer: Officer):
    assert "目前没有可选的" in officer.page("/governance/propose/lift")
    assert "它目前没有被暂停" in previewed(officer, "lift", status=422, issuer=DID)


def test_a_grant_counts_its_last_day(issuing: Alliance, officer: Officer):
    given = {"issuer": DID, "type": "GraduationCertificate", "start": "2026-09-01", "end": "2027-08-31"}
    page = previewed(officer, "accredit", **given)
    assert "在 2026-09-01 至 2027-08-31 之间签发" in page
    signed(issuing, officer, page)
    assert newest(issuing).body["until"] == proposing.moment("2027-09-01")


def test_an_upgrade_says_what_happens_to_nodes_that_stay_behind(alliance: Alliance, officer: Officer):
    page = previewed(officer, "upgrade", version="2", height="100000")
    assert "是否自第 100000 号区块起启用第 2 版账本规则？" in page
    assert "还没有升级程序的节点会停下来" in page


def test_an_upgrade_begins_at_a_block_that_is_still_to_come(alliance: Alliance, officer: Officer):
    snapshot, _ = alliance.ledger.snapshot([], now=alliance.now)
    height = snapshot.checkpoint.head.height
    assert f"已到第 {height} 号区块。" in officer.page("/governance/propose/upgrade")
    page = previewed(officer, "upgrade", status=422, version="2", height=str(height))
    assert "这个区块已经过去" in page


def test_a_suspension_that_ends_before_it_begins_is_not_taken_for_lifting_one(
    issuing: Alliance, officer: Officer
):
    given = {"issuer": DID, "start": "2099-12-01", "end": "2099-11-01"}
    assert "恢复的日期要晚于开始的日期" in previewed(officer, "suspend", status=422, **given)
    assert "也要晚于今天" in previewed(officer, "suspend", status=422, issuer=DID, end="2001-01-01")


def test_a_grant_that_ends_before_it_begins_is_said_beside_its_end(issuing: Alliance, officer: Officer):
    given = {"issuer": DID, "type": "GraduationCertificate", "start": "2026-12-01", "end": "2025-12-01"}
    assert "结束日期不能早于开始日期。" in previewed(officer, "accredit", status=422, **given)


def test_a_number_is_a_number(officer: Officer):
    assert "请填写整数" in previewed(officer, "params", status=422, numbers="七")


@pytest.mark.parametrize(
    ("slug", "given"),
    [
        ("remove", {"member": "did:web:nobody.example"}),
        ("close", {"issuer": "did:web:nobody.example"}),
        ("suspend", {"issuer": "x" * 100_000}),
        ("signer-stop", {"member": "did:web:nobody.example"}),
        ("accredit", {"issuer": "nobody", "type": "GraduationCertificate", "start": "2026-12-01"}),
    ],
)
def test_only_what_is_in_the_list_can_be_chosen(officer: Officer, slug: str, given: dict[str, str]):
    assert "请从列表里选择" in previewed(officer, slug, status=422, **given)


def test_an_issuer_is_proposed_from_its_registration(issuing: Alliance, officer: Officer):
    registration = issuing.json("registration")
    page = previewed(officer, "issuer", registration=upload(registration))
    assert "是否更新发证机构“云岭示范职业技术学院”的登记？" in page
    assert signed(issuing, officer, page).status_code == 303
    assert newest(issuing).body["number"] == 9


def test_a_wallet_is_proposed_from_its_registration(alliance: Alliance, officer: Officer):
    key = private("wallet")
    proof = key_possession(
        key, chain_id=alliance.ledger.chain_id, did="urn:vocred:wallet:0ABC", role="wallet"
    )
    registration = {
        "tag": "0ABC",
        "url": "https://wallet.example",
        "key": cbor.encode(key.public.cose_key).hex(),
        "keyProof": proof.hex(),
    }
    page = previewed(officer, "wallet", registration=upload(registration))
    assert "是否登记学生钱包 0ABC？" in page
    assert signed(alliance, officer, page).status_code == 303


# What needs no vote.


def test_the_own_page_says_what_the_ledger_names(issuing: Alliance, officer: Officer):
    page = officer.page("/governance/own")
    assert "账本登记的就是本服务的最新文档" in page
    institution.replace_signing_key(issuing.db, issuing.parts, actor=OFFICER, now=issuing.now)
    assert "本服务有更新的文档" in officer.page("/governance/own")
    answer = officer.post("/governance/own/document", passphrase=PASSPHRASE)
    issuing.node.now += 200
    assert answer.status_code == 303
    assert "账本登记的就是本服务的最新文档" in officer.page("/governance/own")


def test_keys_rotate_from_the_page(issuing: Alliance, officer: Officer):
    before = institution.submission_key(issuing.db, issuing.parts.secret).public
    assert officer.post("/governance/own/submission", passphrase=PASSPHRASE).status_code == 303
    assert institution.submission_key(issuing.db, issuing.parts.secret).public != before
    issuing.node.now += 10
    governance = keys.public_half(issuing.db)["governance"]
    answer = officer.post("/governance/own/governance", passphrase=PASSPHRASE, new=NEXT, again=NEXT)
    assert answer.status_code == 303
    assert keys.public_half(issuing.db)["governance"] != governance


@pytest.mark.parametrize(
    ("role", "given", "said"),
    [
        ("governance", {"new": NEXT, "again": "other"}, "两次输入的口令不一致"),
        ("submission", {"passphrase": "another passphrase"}, "aria-invalid"),
        ("submission", {"since": "yesterday"}, "请填写日期"),
    ],
)
def test_what_hinders_a_rotation_is_said_beside_its_field(issuing, officer: Officer, role, given, said):
    answer = officer.post(f"/governance/own/{role}", **{"passphrase": PASSPHRASE, **given})
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)


def test_a_role_of_another_name_does_not_rotate(officer: Officer):
    assert officer.post("/governance/own/receipt", passphrase=PASSPHRASE).status_code == 404


def test_a_schema_is_shown_before_it_is_named(alliance: Alliance, officer: Officer):
    file = (io.BytesIO(b'{"type": "object"}'), "schema.json")
    answer = officer.post("/governance/own/schema", schema_id=SCHEMA, file=file)
    page = answer.get_data(as_text=True)
    digest = sha256(b'{"type": "object"}')
    assert digest.hexdigest()[:4] in page
    answer = officer.post("/governance/own/schema/sign", sealed=SEALED.search(page)[1], passphrase=PASSPHRASE)
    assert answer.status_code == 303
    alliance.node.now += 10
    snapshot, _ = alliance.ledger.snapshot([("schema", SCHEMA)], now=alliance.now)
    assert snapshot.value(("schema", SCHEMA))["digest"] == digest.digest()


@pytest.mark.parametrize("schema_id", ["graduation", "https://w3id.org/x?v=1", ""])
def test_a_schema_without_a_plain_url_is_not_shown(officer: Officer, schema_id: str):
    file = (io.BytesIO(b"{}"), "schema.json")
    answer = officer.post("/governance/own/schema", schema_id=schema_id, file=file)
    assert answer.status_code == 422


def test_a_key_that_is_to_follow_is_made_and_adopted(alliance: Alliance, officer: Officer):
    assert officer.post("/governance/key/next", passphrase=NEXT, again=NEXT).status_code == 303
    made = keys.next_half(alliance.db)
    assert made["governance"] in officer.page("/governance/key")
    assert officer.client.get("/governance/key/next.json").json == made
    assert officer.client.get("/governance/key/public.json").json == keys.public_half(alliance.db)
    assert officer.client.get("/governance/key/private.json").status_code == 404
    officer.post("/governance/key/adopt")
    assert keys.next_half(alliance.db) == made
    alliance.decide(proposing.rotate_lost_key(made, role="governance"))
    officer.post("/governance/key/adopt")
    assert keys.public_half(alliance.db)["governance"] == made["governance"]


def test_a_stranger_to_the_ledger_is_named_by_its_did(alliance: Alliance, officer: Officer):
    file = handed_over(alliance, Party("nobody").did, "receipt", "validator")
    announce(alliance, alliance.members[0])
    assert "did:web:nobody.example" in previewed(officer, "signer", status=422, keys=upload(file))
