"""Every action of the ledger as one question in plain words, with its effect, in both languages."""

from dataclasses import replace

import pytest
from flask import Flask

from crypto.keys import PrivateKey
from issuer import create_app
from issuer.governance import forms, questions, wording
from issuer.governance.board import tally
from issuer.governance.roll import Roll
from ledger.core.actions import ACTIONS
from ledger.proposals import DONE, OPEN, Proposal
from ledger.registry import Interval, IssuerRecord
from tests.issuer.governance.alliance import DID, Alliance

NOW = 1_800_000_000
DAY = 86_400
KEY = PrivateKey.from_bytes("Ed25519", bytes(31) + b"\x01").public
AGREEMENTS = {"agreement.start", "agreement.amend", "agreement.end"}


@pytest.fixture
def app(outsider: Alliance) -> Flask:
    return create_app(outsider.environ, parts=outsider.parts, clock=lambda: outsider.now)


def issuer(*suspensions: Interval) -> IssuerRecord:
    return IssuerRecord(
        did=DID,
        number=9,
        document_digest=bytes(32),
        submission_key=KEY,
        governance_key=KEY,
        names={"zh": "云岭学院", "en": "Yunling"},
        claims_url="https://yunling.example",
        store_url="https://yunling.example/store",
        lists_url="https://yunling.example/status",
        suspensions=suspensions,
    )


def proposal(action: str, body: dict, **changes) -> Proposal:
    made = Proposal(
        id=bytes(32),
        action=action,
        body=body,
        proposer=DID,
        index=1,
        opened=NOW,
        expires=NOW + DAY,
        status=OPEN,
        votes={},
        decided=None,
        due=None,
        members=6,
        needed=4,
        two_thirds=False,
    )
    return replace(made, **changes)


def roll(*suspensions: Interval, signers: tuple[str, ...] = (DID,)) -> Roll:
    return Roll({}, {DID: issuer(*suspensions)}, signers)


def suspension(start: int, until: int | None, **changes) -> Proposal:
    return proposal("suspend-issuer", {"issuer": DID, "from": start, "until": until}, **changes)


def signer(**keys) -> Proposal:
    body = {"member": DID, "receipt": None, "validator": None, "possession": {}, **keys}
    return proposal("signer.set", body)


def rotation(role: str, value: object = KEY.cose_key, since: int | None = None) -> Proposal:
    body = {"did": DID, "role": role, "value": value, "possession": None, "compromised_since": since}
    return proposal("rotate-lost-key", body)


def test_every_action_of_the_ledger_has_a_question_and_an_effect():
    assert {name for name in ACTIONS if not questions.known(proposal(name, {}))} == set()


def test_every_action_has_a_form_or_pages_of_its_own():
    slugs = {form.slug for form in forms.FORMS}
    assert slugs == {
        *("admit", "remove", "signer", "signer-stop", "lost-key", "issuer", "accredit"),
        *("suspend", "lift", "close", "wallet", "params", "upgrade"),
    }
    assert set(ACTIONS) - AGREEMENTS == {
        *("admit", "remove", "signer.set", "rotate-lost-key", "issuer.put", "accredit"),
        *("suspend-issuer", "close-issuer", "wallet.put", "params", "upgrade"),
    }


RUNNING = Interval(NOW - 5 * DAY, None)
SPOKEN = {
    "stop": (signer(), roll(), "是否让“云岭学院”的节点不再签署账本？"),
    "sign": (signer(receipt=KEY.cose_key), roll(), "是否让“云岭学院”的节点用新登记的密钥签署账本？"),
    "governance": (rotation("governance"), roll(), "“云岭学院”丢失了治理密钥，是否为它换成新的一把？"),
    "submission": (rotation("submission"), roll(), "是否为“云岭学院”更换提交密钥？"),
    "document": (rotation("document", bytes(32)), roll(), "是否为“云岭学院”更换 DID 文档？"),
    "suspend": (suspension(NOW, None), roll(), "是否自通过之时起暂停“云岭学院”签发证书？"),
    "suspend later": (
        suspension(NOW + DAY, NOW + 2 * DAY),
        roll(),
        "是否自2027-01-16 16:00起至 2027-01-17 16:00 暂停“云岭学院”签发证书？",
    ),
    "lift": (
        suspension(RUNNING.start, RUNNING.start),
        roll(RUNNING),
        "是否解除对“云岭学院”的暂停？",
    ),
    "prolong": (
        suspension(RUNNING.start, NOW + DAY),
        roll(RUNNING),
        "是否把对“云岭学院”的暂停改为到 2027-01-16 16:00 为止？",
    ),
    "without end": (
        suspension(NOW - DAY, None),
        roll(Interval(NOW - 5 * DAY, NOW + DAY)),
        "是否把对“云岭学院”的暂停改为没有期限？",
    ),
    "move a planned one": (
        suspension(NOW + DAY, NOW + 3 * DAY),
        roll(Interval(NOW + DAY, None)),
        "是否把对“云岭学院”的暂停改为到 2027-01-18 16:00 为止？",
    ),
    "what became of a new one": (
        suspension(NOW - DAY, None, status=DONE),
        roll(Interval(NOW + 60, None)),
        "是否自通过之时起暂停“云岭学院”签发证书？",
    ),
    "close": (proposal("close-issuer", {"issuer": DID}), roll(), "是否永久关闭发证机构“云岭学院”？"),
    "params": (proposal("params", {"numbers": 50}), roll(), "是否把每个资格认可方可分配的登记号改为 50 个？"),
    "upgrade": (
        proposal("upgrade", {"app_version": 2, "height": 900}),
        roll(),
        "是否自第 900 号区块起启用第 2 版账本规则？",
    ),
}


@pytest.mark.row("S24")
@pytest.mark.parametrize(("asked", "known", "said"), SPOKEN.values(), ids=SPOKEN)
def test_a_proposal_is_one_question_with_its_effect(app: Flask, asked: Proposal, known: Roll, said: str):
    with app.test_request_context("/"):
        assert questions.question(asked, known) == said
        assert all(questions.effect(asked, known))
    with app.test_request_context("/", headers={"Cookie": "vocred-lang=en"}):
        english = [questions.question(asked, known), *questions.effect(asked, known)]
    assert not [text for text in english if any("一" <= letter <= "鿿" for letter in text)]


def test_a_theft_that_a_vote_tells_of_is_among_the_effects(app: Flask):
    with app.test_request_context("/"):
        told = questions.effect(rotation("submission", since=NOW - DAY), roll())
    assert any("2027-01-14 16:00" in line for line in told)


@pytest.mark.parametrize(("count", "down"), [(4, 1), (6, 1), (7, 2)])
def test_a_new_node_says_how_many_may_be_down(app: Flask, count: int, down: int):
    signers = tuple(f"did:web:m{number}.example" for number in range(count - 1))
    with app.test_request_context("/"):
        told = questions.effect(signer(receipt=KEY.cose_key), roll(signers=signers))
    assert any(f"由 {count} 个节点签署账本，最多 {down} 个同时停机" in line for line in told)


def test_with_three_nodes_none_may_be_down_and_the_effect_says_so(app: Flask):
    signers = ("did:web:m1.example", "did:web:m2.example")
    with app.test_request_context("/"):
        told = questions.effect(signer(receipt=KEY.cose_key), roll(signers=signers))
    assert "生效后由 3 个节点签署账本：任何一个停机，写入就会暂停。" in told


def test_the_bar_has_both_lines_where_two_thirds_are_asked():
    assert tally(proposal("params", {"numbers": 1}, two_thirds=True)).lines == (51.0, 200 / 3)
    assert tally(proposal("close-issuer", {"issuer": DID})).lines == (51.0,)


def test_a_fingerprint_is_the_first_half_of_the_thumbprint():
    text = wording.fingerprint(KEY.cose_key)
    assert text.replace(" ", "") == KEY.thumbprint.hex()[:32]
    assert wording.fingerprint_of("a301012006215820" + KEY.raw.hex()) == text
