"""I11 as a browser without script uses it: the list, one question, the vote, the members, the key."""

import json
from hashlib import sha256

import pytest
from flask import Flask

from crypto import jcs
from issuer import audit, create_app, institution
from issuer.governance import board, keys
from ledger import proposing
from ledger.client import LedgerUnavailableError
from ledger.dry_runs import DryRun, sign_dry_run
from ledger.running import ENGINE
from tests.issuer.governance.alliance import DID, OFFICER, OFFICERS, PASSPHRASE, Alliance
from tests.issuer.test_officer_pages import Officer
from tests.ledger.consortium import DAY


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


def removal(alliance: Alliance, position: int = 2) -> list:
    return ["remove", {"member": alliance.members[position].did}]


def real_agreement(alliance: Alliance, version: int = 1):
    """Return a document that can be evaluated, the action that proposes it, and the vote's end."""
    first, second = alliance.members[:2]
    both = {"zh-CN": "文字", "en": "words"}
    document = {
        "id": "urn:vocred:agreement:YL-2026-0007",
        "type": "RecognitionAgreement",
        "version": version,
        "title": {"zh-CN": "技能等级互认", "en": "Mutual recognition of skill levels"},
        "objective": both,
        "parties": [
            {"id": first.did, "role": "awarding-body", "duties": [both], "rights": [both]},
            {"id": second.did, "role": "recognising-body", "duties": [both], "rights": [both]},
        ],
        "accepts": {
            "credentialType": "https://w3id.org/vocred#SkillLevelCertificate",
            "issuer": [first.did],
            "levelCode": ["1X-2"],
        },
        "rules": [{"id": "R1", "kind": "免于重复认证", "by": [second.did], "purpose": both}],
        "effectiveFrom": "2026-01-01T00:00:00+08:00",
        "effectiveUntil": "2029-12-31T23:59:59+08:00",
    }
    if version > 1:
        document["supersedes"] = f"{document['id']}#{version - 1}"
    expires = alliance.now + DAY
    digest = sha256(jcs.canonicalize(document)).digest()
    action = alliance.node.consortium.agreement(
        first, second, expires=expires, name="YL-2026-0007", version=version, digest=digest
    )
    return document, action, expires


def test_every_page_of_governance_asks_for_an_officer(app: Flask):
    own = {name: view for name, view in app.view_functions.items() if name.startswith("governance.")}
    assert len(own) >= 8
    assert all(getattr(view, "officers_only", False) for view in own.values())
    answer = app.test_client().get("/governance")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")


# The list.


@pytest.mark.row("S24", "S32")
def test_the_list_puts_each_proposal_as_a_question_with_what_is_missing(alliance: Alliance, officer: Officer):
    proposal = alliance.propose(removal(alliance))
    alliance.vote(proposal, alliance.members[0])
    page = officer.page("/governance")
    assert "是否请“机构m002”退出联盟？" in page
    assert "由“机构m000”提出" in page
    assert "还需 2 票（须超过51%）" in page
    assert "共 4 个成员，各一票" in page
    assert "本单位未投票" in page
    english = officer.page("/governance", lang="en")
    assert "Shall “Institution m002” leave the consortium?" in english
    assert "2 more votes needed (over 51 %)" in english


@pytest.mark.row("S24")
@pytest.mark.parametrize(("members", "needed"), [(49, 26), (50, 27), (99, 52)])
def test_the_51_percent_are_counted_exactly(folder, members: int, needed: int):
    # One more joins with the college: 50, 51 and 100 members.
    alliance = Alliance(folder, members=members)
    alliance.join()
    app = create_app(alliance.environ, parts=alliance.parts, clock=lambda: alliance.now)
    proposal = alliance.propose(["remove", {"member": alliance.members[-1].did}])
    page = signed_in(app).page(f"/governance/{proposal.hex()}")
    assert f"还需 {needed} 票（须超过51%）" in page
    alliance.close()


def test_without_proposals_the_list_says_so(officer: Officer):
    assert "目前没有待表决的事" in officer.page("/governance")


def test_what_the_member_has_not_voted_on_comes_first(alliance: Alliance, officer: Officer):
    voted, open_ = (alliance.propose(removal(alliance, position)) for position in (1, 2))
    officer.post(f"/governance/{voted.hex()}/vote", answer="no", passphrase=PASSPHRASE)
    page = officer.page("/governance")
    assert page.index(open_.hex()) < page.index(voted.hex())


@pytest.mark.row("S32")
def test_members_stand_with_one_vote_each(alliance: Alliance, officer: Officer):
    page = officer.page("/governance?tab=members")
    assert page.count("1 票") == 4
    assert "通过需要 3 票赞成" in page
    assert "云岭示范职业技术学院" in page
    assert "院校" in page


def test_a_silent_ledger_is_said_and_can_be_asked_again(alliance: Alliance, app: Flask, officer: Officer):
    def silent(*_arguments, **_options):
        raise LedgerUnavailableError("the ledger node does not answer")

    alliance.ledger.nodes.http = silent
    alliance.ledger._snapshots.clear()
    answer = officer.client.get("/governance", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert "重试" in answer.get_data(as_text=True)


# One proposal.


@pytest.mark.row("S26", "S28")
def test_an_agreement_is_shown_in_words_with_what_issuers_counted(alliance: Alliance, officer: Officer):
    issuer = alliance.members[0]
    alliance.node.make_issuer(issuer)
    alliance.node.now += 10
    document, action, expires = real_agreement(alliance)
    proposal = alliance.propose(action, expires=expires)
    alliance.ledger.put_document(jcs.canonicalize(document))
    run = DryRun(
        chain_id=alliance.ledger.chain_id,
        digest=action[1]["digest"],
        did=issuer.did,
        start=alliance.now - 365 * DAY,
        end=alliance.now,
        certificates=4212,
        accepted=380,
        rules={"R1": 380},
    )
    signed = sign_dry_run(run, key=issuer.key("submission"))
    alliance.ledger.put_dry_run(signed, digest=run.digest, did=run.did)
    page = officer.page(f"/governance/{proposal.hex()}")
    assert "是否让互认协议《技能等级互认》生效？" in page
    assert "各方（机构m000、机构m001）都已签署。" in page
    assert "不能采信" not in page
    assert "承认哪些证书" in page
    assert "承认它，无需重复认证" in page
    assert "机构m001" in page
    assert "4212 份证书中，380 份会得到承认" in page
    assert "规则 R1：380 份" in page
    english = officer.page(f"/governance/{proposal.hex()}", lang="en")
    assert "Shall the agreement “Mutual recognition of skill levels” take effect?" in english
    assert "Which certificates are accepted" in english


@pytest.mark.row("S28")
def test_an_amendment_and_an_end_say_what_follows(alliance: Alliance, officer: Officer):
    document, action, expires = real_agreement(alliance)
    alliance.decide(action, expires=expires)
    alliance.ledger.put_document(jcs.canonicalize(document))
    newer, action, expires = real_agreement(alliance, version=2)
    amendment = alliance.propose(action, expires=expires)
    alliance.ledger.put_document(jcs.canonicalize(newer))
    page = officer.page(f"/governance/{amendment.hex()}")
    assert "是否用第 2 版取代互认协议《技能等级互认》的现行版本？" in page
    assert "在那之前仍按现行版本执行" in page
    ending = alliance.propose(proposing.end_agreement(document["id"]))
    page = officer.page(f"/governance/{ending.hex()}")
    assert "是否终止互认协议《技能等级互认》？" in page
    assert "已经登记的学分和承认不受影响" in page


def test_a_text_that_nobody_could_evaluate_is_warned_of(alliance: Alliance, officer: Officer):
    document, action, expires = alliance.agreement()
    proposal = alliance.propose(action, expires=expires)
    page = officer.page(f"/governance/{proposal.hex()}")
    assert "账本节点没有这份协议的文本" in page
    alliance.ledger.put_document(jcs.canonicalize(document))
    assert "文本不符合协议的格式" in officer.page(f"/governance/{proposal.hex()}")


def test_a_text_in_another_agreements_name_is_warned_of(alliance: Alliance, officer: Officer):
    document, _, expires = real_agreement(alliance)
    other = {**document, "id": "urn:vocred:agreement:OTHER-1"}
    action = alliance.node.consortium.agreement(
        *alliance.members[:2],
        expires=expires,
        name="YL-2026-0007",
        digest=sha256(jcs.canonicalize(other)).digest(),
    )
    proposal = alliance.propose(action, expires=expires)
    alliance.ledger.put_document(jcs.canonicalize(other))
    assert "与提案不符" in officer.page(f"/governance/{proposal.hex()}")


@pytest.mark.parametrize("path", ["zz", "ab" * 31, "AB" * 32, "ab" * 32])
def test_an_unknown_proposal_is_not_found(officer: Officer, path: str):
    officer.page(f"/governance/{path}", status=404)


@pytest.mark.row("S32")
def test_a_decided_vote_says_who_voted_how_and_gives_minutes_with_a_digest(
    alliance: Alliance, officer: Officer
):
    proposal = alliance.propose(removal(alliance))
    officer.post(f"/governance/{proposal.hex()}/vote", answer="no", passphrase=PASSPHRASE)
    alliance.node.now += 10
    assert officer.client.get(f"/governance/{proposal.hex()}/minutes.json").status_code == 404
    alliance.vote(proposal, *alliance.members)
    alliance.node.app.extensions[ENGINE].tick()
    alliance.node.now += 10
    page = officer.page(f"/governance/{proposal.hex()}")
    assert "已通过并生效" in page
    assert "当时共 4 个成员，参与率 100%" in page
    answer = officer.client.get(f"/governance/{proposal.hex()}/minutes.json")
    digest = sha256(answer.data).hexdigest()
    assert all(digest[start : start + 4] in page for start in range(0, 64, 4))
    minutes = json.loads(answer.data)
    assert (minutes["no"], len(minutes["yes"])) == ([DID], 3)
    assert (minutes["status"], minutes["ledger"]) == ("done", alliance.ledger.chain_id)
    assert "是否请" in officer.page("/governance?tab=decided")


# The vote.


@pytest.mark.row("S32")
def test_an_officer_votes_with_the_keys_passphrase(alliance: Alliance, officer: Officer):
    proposal = alliance.propose(removal(alliance))
    answer = officer.post(f"/governance/{proposal.hex()}/vote", answer="yes", passphrase=PASSPHRASE)
    assert answer.status_code == 303
    alliance.node.now += 10
    page = officer.page(f"/governance/{proposal.hex()}")
    assert "本单位已赞成" in page
    assert "经手人：zhang" in page
    assert alliance.ledger.proposal(proposal, now=alliance.now).votes == {DID: True}
    line = next(line for line in audit.entries(alliance.db) if line.action == "vote signed")
    assert (line.actor, line.channel, line.subject) == ("zhang", "web", proposal.hex())


def test_a_wrong_passphrase_is_said_beside_the_field_and_casts_no_vote(alliance: Alliance, officer: Officer):
    proposal = alliance.propose(removal(alliance))
    answer = officer.post(f"/governance/{proposal.hex()}/vote", answer="yes", passphrase="wrong")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "治理口令不正确" in page
    assert 'aria-invalid="true"' in page
    assert alliance.ledger.proposal(proposal, now=alliance.now + 10).votes == {}


def test_after_five_wrong_passphrases_even_the_right_one_waits(alliance: Alliance, officer: Officer):
    proposal = alliance.propose(removal(alliance))
    path = f"/governance/{proposal.hex()}/vote"
    for _ in range(6):
        officer.post(path, answer="yes", passphrase="wrong")
    answer = officer.post(path, answer="yes", passphrase=PASSPHRASE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "15")
    assert alliance.ledger.proposal(proposal, now=alliance.now + 10).votes == {}
    alliance.node.now += 16
    assert officer.post(path, answer="yes", passphrase=PASSPHRASE).status_code == 303


def test_an_officer_without_the_role_reads_and_does_not_vote(alliance: Alliance, app: Flask):
    proposal = alliance.propose(removal(alliance))
    clerk = signed_in(app, "li")
    page = clerk.page(f"/governance/{proposal.hex()}")
    assert "投票须由治理代表进行" in page
    assert 'name="answer"' not in page
    answer = clerk.post(f"/governance/{proposal.hex()}/vote", answer="yes", passphrase=PASSPHRASE)
    assert answer.status_code == 403
    assert alliance.ledger.proposal(proposal, now=alliance.now + 10).votes == {}


def test_nobody_votes_without_the_forms_token(alliance: Alliance, officer: Officer):
    proposal = alliance.propose(removal(alliance))
    fields = {"answer": "yes", "passphrase": PASSPHRASE}
    answer = officer.client.post(f"/governance/{proposal.hex()}/vote", data=fields)
    assert answer.status_code in {400, 403}
    assert alliance.ledger.proposal(proposal, now=alliance.now + 10).votes == {}


def test_a_vote_says_yes_or_no(alliance: Alliance, officer: Officer):
    proposal = alliance.propose(removal(alliance))
    answer = officer.post(f"/governance/{proposal.hex()}/vote", answer="maybe", passphrase=PASSPHRASE)
    assert answer.status_code == 422
    assert "请选择赞成或反对" in answer.get_data(as_text=True)


def test_a_member_takes_its_own_proposal_back(alliance: Alliance, officer: Officer):
    from issuer.governance import acting

    done = acting.propose(
        alliance.db,
        alliance.parts,
        actor=OFFICER,
        passphrase=PASSPHRASE,
        action=removal(alliance),
        now=alliance.now,
    )
    alliance.node.now += 10
    assert "撤回这个提案" in officer.page(f"/governance/{done.proposal.hex()}")
    officer.post(f"/governance/{done.proposal.hex()}/withdraw", passphrase=PASSPHRASE)
    alliance.node.now += 10
    assert "已撤回" in officer.page(f"/governance/{done.proposal.hex()}")


# Every kind of question.


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_every_kind_of_proposal_is_one_question(alliance: Alliance, officer: Officer, lang: str):
    from tests.ledger.consortium import Party

    member, chain = alliance.members[1], alliance.ledger.chain_id
    alliance.node.make_issuer(alliance.members[0], number=9)
    alliance.node.now += 10
    grant = {"issuer": alliance.members[0].did, "type": "SkillLevelCertificate", "from": alliance.now}
    wallet = Party("wallet")
    from ledger.statements import key_possession

    owner = "urn:vocred:wallet:7ZK0"
    possession = key_possession(wallet.key("wallet"), chain_id=chain, did=owner, role="wallet")
    actions = [
        Party("new", types=("SkillLevelCertificate",), roles=("accreditor", "body")).admission(chain),
        removal(alliance),
        ["issuer.put", alliance.node.issuer_body(member, 11)],
        ["accredit", {**grant, "until": None}],
        ["accredit", {**grant, "until": alliance.now + 100 * DAY}],
        [
            "wallet.put",
            {
                "tag": "7ZK0",
                "url": "https://wallet.example",
                "key": wallet.key("wallet").public.cose_key,
                "possession": possession,
            },
        ],
    ]
    words = {"zh-CN": "是否", "en": "Shall "}[lang]
    for action in actions:
        proposal = alliance.propose(action)
        page = officer.page(f"/governance/{proposal.hex()}", lang=lang)
        heading = page.partition("<h1>")[2].partition("</h1>")[0]
        assert heading.startswith(words), heading
        assert heading.endswith({"zh-CN": "？", "en": "?"}[lang])
    officer.page("/governance", lang=lang)


def test_an_issuer_is_registered_once_and_then_brought_up_to_date(alliance: Alliance, officer: Officer):
    member = alliance.members[1]
    action = ["issuer.put", alliance.node.issuer_body(member, 11)]
    first = alliance.propose(action)
    assert "是否登记“机构m001”为发证机构？" in officer.page(f"/governance/{first.hex()}")
    alliance.vote(first, *alliance.members)
    alliance.node.app.extensions[ENGINE].tick()
    alliance.node.now += 10
    second = alliance.propose(action)
    assert "是否登记“机构m001”为发证机构？" in officer.page(f"/governance/{first.hex()}")
    assert "是否更新发证机构“机构m001”的登记？" in officer.page(f"/governance/{second.hex()}")


def test_earlier_votes_are_a_page_further(
    alliance: Alliance, officer: Officer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(board, "LISTED", 2)
    ended = []
    for _ in range(3):
        ended.append(alliance.propose(removal(alliance), expires=alliance.now + 30))
    alliance.node.now += 40
    page = officer.page("/governance?tab=decided")
    assert [each.hex() in page for each in ended] == [False, True, True]
    earlier = page.partition("before=")[2].partition('"')[0]
    page = officer.page(f"/governance?tab=decided&before={earlier}")
    assert [each.hex() in page for each in ended] == [True, False, False]


# The key.


def test_the_key_is_made_on_a_page_and_shown_without_a_secret(outsider: Alliance):
    app = create_app(outsider.environ, parts=outsider.parts, clock=lambda: outsider.now)
    officer = signed_in(app)
    assert "创建密钥" in officer.page("/governance/key")
    assert "还不是联盟成员" in officer.page("/governance")
    wrong = officer.post("/governance/key", passphrase=PASSPHRASE, again="other")
    assert (wrong.status_code, "不一致" in wrong.get_data(as_text=True)) == (422, True)
    short = officer.post("/governance/key", passphrase="short", again="short")
    assert (short.status_code, "至少10个字符" in short.get_data(as_text=True)) == (422, True)
    assert officer.post("/governance/key", passphrase=PASSPHRASE, again=PASSPHRASE).status_code == 303
    page = officer.page("/governance/key")
    assert keys.public_half(outsider.db)["governance"] in page
    assert PASSPHRASE not in page
    assert officer.post("/governance/key", passphrase=PASSPHRASE, again=PASSPHRASE).status_code == 303
    assert "已有治理密钥" in officer.page("/governance")
    assert outsider.home.joinpath("governance.key").stat().st_mode & 0o777 == 0o600


def test_only_a_governance_officer_makes_the_key(outsider: Alliance):
    app = create_app(outsider.environ, parts=outsider.parts, clock=lambda: outsider.now)
    clerk = signed_in(app, "li")
    assert clerk.post("/governance/key", passphrase=PASSPHRASE, again=PASSPHRASE).status_code == 403
    assert not keys.exists(outsider.db)
    assert institution.load(outsider.db).did == DID
