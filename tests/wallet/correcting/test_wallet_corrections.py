"""Asking for a correction, hearing what became of it, and taking the corrected certificate."""

import json
import re
from dataclasses import dataclass, field

import pytest

from tests.wallet.doubles import NOW, College, Slip
from vc import holder_requests, status
from vc.notices import Notice
from wallet import holding, looking_up, receiving
from wallet.correcting import asking
from wallet.errors import (
    CredentialRejectedError,
    HolderRequestRefusedError,
    IssuerUnreachableError,
    NothingThereError,
)

TEXT = "姓名“林晓雨”误写为“林小雨”。"
NEW = "urn:uuid:00000000-0000-4000-8000-000000000002"


@dataclass
class Registrar(College):
    """An issuer that takes what holders ask, with every proof checked, and answers it."""

    tasks: dict = field(default_factory=dict)
    refuses: str | None = None
    offers_from: str | None = None

    def answer(self, method, path, body, headers):
        acts = {
            "/corrections": "correction",
            "/corrections/state": "correction-state",
            "/replacements": "replacement",
        }
        if method == "POST" and path in acts:
            found = holder_requests.read(
                json.loads(body)["proof"], act=acts[path], audience=self.url, now=NOW
            )
            assert found.nonce in self.nonces
            self.nonces.discard(found.nonce)
            if self.refuses:
                return _json(422, {"code": self.refuses})
            return getattr(self, "_" + found.act.replace("-", "_"))(found)
        return super().answer(method, path, body, headers)

    def _correction(self, found):
        self.tasks[found.record] = {"state": "open", "text": found.text, "holder": found.holder}
        return _json(201, {"state": "open"})

    def _correction_state(self, found):
        return _json(200, self.tasks[found.record])

    def _replacement(self, found):
        code = "replacement"
        self.slips[code] = Slip(code, None)
        self.offers[code] = code
        return _json(200, {"credential_offer_uri": f"{self.offers_from or self.url}/offers/{code}"})

    def offer_document(self, offer_id):
        document = super().offer_document(offer_id)
        (grant,) = document["grants"].values()
        if self.slips[self.offers[offer_id]].pin is None:
            grant.pop("tx_code")
        return document

    def correct(self, credential):
        """Revoke a certificate whose corrected record is the next one that is signed."""
        entry = status.parse_entry(credential["credentialStatus"])
        notice = Notice(kind="revoked", reason="录入错误更正", date="2026-11-20", replacement=NEW)
        self.revoked[entry.index] = (entry.entry_id, notice)
        self.publish()


def _json(code, document):
    kind = "application/json" if code < 400 else "application/problem+json"
    return code, kind, json.dumps(document).encode()


@pytest.fixture
def registrar(registry, network):
    found = Registrar(registry)
    network.hosts[found.url] = found
    return found


@pytest.fixture
def item(db, wallet, registrar, parts):
    offered = looking_up.look_up(registrar.hand_out(), parts=parts, now=NOW)
    (credential_id,) = receiving.receive(db, wallet, offered, pin="123456", parts=parts, now=NOW)
    return holding.one(db, wallet, credential_id, now=NOW)


@pytest.fixture
def again(db, wallet, parts):
    def again(item):
        return holding.refresh_one(db, wallet, item.credential_id, parts=parts, now=NOW)

    return again


def test_request_for_a_correction_is_signed_with_the_certificates_own_key(db, wallet, item, registrar, parts):
    found = asking.ask(db, wallet, item, text=TEXT, parts=parts, now=NOW)
    assert (found.state, found.text) == ("open", TEXT)
    task = registrar.tasks[item.facts.credential_id]
    assert (task["text"], task["holder"]) == (TEXT, item.facts.holder)


def test_wallet_tells_what_became_of_it(db, wallet, item, registrar, parts):
    asking.ask(db, wallet, item, text=TEXT, parts=parts, now=NOW)
    registrar.tasks[item.facts.credential_id] |= {"state": "declined", "answer": "学籍系统中即为此名。"}
    found = asking.look(db, wallet, item, parts=parts, now=NOW)
    assert (found.state, found.answer) == ("declined", "学籍系统中即为此名。")
    assert len(asking.every(db, wallet)) == 1


def test_nothing_is_looked_up_that_was_not_asked(db, wallet, item, parts):
    with pytest.raises(NothingThereError):
        asking.look(db, wallet, item, parts=parts, now=NOW)


@pytest.mark.parametrize("text", ["", "  \n ", "长" * 501])
def test_empty_or_endless_text_is_not_sent(db, wallet, item, registrar, parts, text):
    with pytest.raises(HolderRequestRefusedError):
        asking.ask(db, wallet, item, text=text, parts=parts, now=NOW)
    assert registrar.tasks == {}


def test_refusal_of_the_issuer_keeps_its_code(db, wallet, item, registrar, parts):
    registrar.refuses = "HOLDER_PROOF_REFUSED"
    with pytest.raises(HolderRequestRefusedError) as caught:
        asking.ask(db, wallet, item, text=TEXT, parts=parts, now=NOW)
    assert caught.value.reason == "HOLDER_PROOF_REFUSED"
    assert asking.every(db, wallet) == []


def test_issuer_that_is_away_is_called_so(db, wallet, item, registrar, parts, network):
    network.away.add(registrar.url)
    with pytest.raises(IssuerUnreachableError):
        asking.ask(db, wallet, item, text=TEXT, parts=parts, now=NOW)


def test_revocation_by_correction_names_the_new_record(db, wallet, item, registrar, again):
    assert asking.corrected(db, wallet, item, now=NOW) is None
    registrar.correct(item.credential)
    found = asking.corrected(db, wallet, again(item), now=NOW)
    assert (found.record, found.held) == (NEW, None)


def test_revocation_for_another_reason_offers_nothing(db, wallet, item, registrar, again):
    registrar.revoke(item.credential, reason="学籍处理")
    assert asking.corrected(db, wallet, again(item), now=NOW) is None


def test_corrected_certificate_is_claimed_without_a_pin(db, wallet, item, registrar, parts, again):
    registrar.correct(item.credential)
    (new,) = asking.replace(db, wallet, again(item), parts=parts, now=NOW)
    assert holding.one(db, wallet, new, now=NOW).facts.credential_id == NEW
    assert asking.corrected(db, wallet, again(item), now=NOW).held == new
    assert len(holding.held(db, wallet, now=NOW)) == 2


def test_corrected_certificate_of_another_body_is_not_taken(
    db, wallet, item, registrar, parts, again, registry, network
):
    other = Registrar(registry, did="did:web:other.example", url="https://other.example", number=30)
    network.hosts[other.url] = other
    other.slips["replacement"] = Slip("replacement", None)
    other.offers["replacement"] = "replacement"
    registrar.offers_from = other.url
    registrar.correct(item.credential)
    with pytest.raises(CredentialRejectedError):
        asking.replace(db, wallet, again(item), parts=parts, now=NOW)
    assert len(holding.held(db, wallet, now=NOW)) == 1


def test_deleting_a_certificate_forgets_what_was_asked_about_it(db, wallet, item, parts):
    asking.ask(db, wallet, item, text=TEXT, parts=parts, now=NOW)
    holding.delete(db, wallet, item.credential_id, now=NOW)
    assert db["correction"].count == 0


# --- pages ------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(holder, registrar):
    holder.claim(registrar.hand_out())
    (found,) = holder.certificates()
    return found


def test_learner_asks_on_the_page_and_sees_that_it_is_in_progress(holder, certificate, registrar):
    path = f"/certificates/{certificate}/correction"
    assert "哪里不对" in holder.get(path).text
    assert holder.post(path, page=path, text=TEXT).status_code == 303
    page = holder.get(f"/certificates/{certificate}").text
    assert "处理中" in page
    assert len(registrar.tasks) == 1


def test_empty_request_is_marked_at_its_field(holder, certificate):
    path = f"/certificates/{certificate}/correction"
    answer = holder.post(path, page=path, text=" ")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_registrars_answer_is_shown(holder, certificate, registrar):
    path = f"/certificates/{certificate}/correction"
    holder.post(path, page=path, text=TEXT)
    for task in registrar.tasks.values():
        task |= {"state": "declined", "answer": "学籍系统中即为此名。"}
    holder.post(f"{path}/state", page=path)
    page = holder.get(f"/certificates/{certificate}").text
    assert "未更正" in page
    assert "学籍系统中即为此名。" in page


def test_corrected_certificate_is_one_tap_away(holder, certificate, registrar):
    registrar.correct(next(iter(registrar.slips.values())).form)
    holder.post("/certificates/refresh", page="/certificates")
    page = holder.get(f"/certificates/{certificate}").text
    assert "已由发证机构更正，请查看新证书" in page
    assert "领取更正后的证书" in page
    answer = holder.post(f"/certificates/{certificate}/replacement", page="/settings")
    (new,) = set(holder.certificates()) - {certificate}
    assert answer.headers["Location"] == f"/certificates/{new}"
    page = holder.get(f"/certificates/{certificate}").text
    assert "领取更正后的证书" not in page
    assert f"/certificates/{new}" in page


def test_what_was_asked_is_not_in_progress_once_it_was_corrected(holder, certificate, registrar):
    path = f"/certificates/{certificate}/correction"
    holder.post(path, page=path, text=TEXT)
    registrar.correct(next(iter(registrar.slips.values())).form)
    holder.post("/certificates/refresh", page="/certificates")
    page = holder.get(f"/certificates/{certificate}").text
    assert "已由发证机构更正，请查看新证书" in page
    assert "处理中" not in page
    assert "申请更正" not in page


def test_replacement_that_is_not_offered_is_said_in_plain_words(holder, certificate, registrar):
    registrar.refuses = "NOT_FOUND"
    answer = holder.post(f"/certificates/{certificate}/replacement", page="/settings")
    assert "没有更正后的证书" in holder.get(answer.headers["Location"]).text


def test_second_request_while_one_waits_is_said_in_plain_words(holder, certificate, registrar):
    registrar.refuses = "CONFLICT"
    path = f"/certificates/{certificate}/correction"
    assert "已有一项申请在处理" in holder.post(path, page=path, text=TEXT).text


ISSUED = (
    r"工业机器人[^<\s]*|职业技能等级证书|（?中级）?|林晓雨|晓雨|居民身份证|[^<\s]*成绩|合格|评定结论"
    r"|云岭[^<\s]*|华衡[^<\s]*"
)


def test_correction_pages_hold_no_chinese_of_ours_in_english(holder, certificate):
    for path in (f"/certificates/{certificate}/correction", f"/certificates/{certificate}", "/practice"):
        html = holder.get(path, query_string={"lang": "en"}).text
        text = re.sub(r"<pre.*?</pre>|<[^>]+>|中文", " ", html, flags=re.S)
        left = re.findall(r"[\u4e00-\u9fff]+", re.sub(ISSUED, "", text))
        assert not left, (path, left)
