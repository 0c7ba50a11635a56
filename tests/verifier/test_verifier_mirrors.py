"""Verifying from the consortium's mirrors: with the issuer away, gone for good, or contradicted."""

import hashlib
import threading
from datetime import timedelta

import pytest
from flask import Flask

from crypto import cbor, jcs
from ledger import mirror
from ledger.mirror.client import MirrorClient
from ledger.mirror.signing import BUCKET_HEADER, BucketPlace, sign_bucket
from tests.ledger.living_node import URL
from tests.verifier.test_gathering import (
    HOLDER,
    LIST,
    NUMBER,
    ORIGIN,
    SHARE_ID,
    STORE,
    Town,
    presented,
)
from vc import bitstring, data_integrity, did_key, form_store, printed_code, status
from vc.shares import Package
from verifier import answering, publications, report
from verifier.answering import Collaborators
from verifier.verdicts import Verdict
from web.errors import FetchError
from web.fetcher import Response

OTHER = "http://127.0.0.1:8798"


class Streets:
    """Everybody's fetcher: leads to the issuer's pages, and to mirrors; all of them can be taken away."""

    def __init__(self, town):
        self.town = town
        self.mirrors = {URL: town.node.app}
        self.issuer_is_gone = False
        self.unsigned = False
        self.asked = []
        self.before = lambda url: None

    def get(self, url, *, max_bytes=0, accept="", headers=None):
        self.asked.append(url)
        self.before(url)
        for base, found in self.mirrors.items():
            if url.startswith(f"{base}/v1/mirror/"):
                return self._from_mirror(found, url, url.removeprefix(base))
        if self.issuer_is_gone or url.startswith("http://127"):
            raise FetchError("nobody answers")
        answer = self.town.web.get(url)
        if "/forms/" in url or "/receipts/0/0" in url:
            return Response(200, self._signed(url, answer.body), answer.body, url)
        return answer

    def post(self, url, **options):
        return self.town.web.post(url, **options)

    def _from_mirror(self, found, url, path):
        if isinstance(found, Flask):
            answer = found.test_client().get(path)
            named = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status_code, named, answer.data, url)
        body = found(path)
        return Response(404 if body is None else 200, {}, body or b"", url)

    def _signed(self, url, body):
        if self.unsigned:
            return {}
        kind = "forms" if "/forms/" in url else "receipts"
        place = BucketPlace(self.town.did, kind, 0, 0)
        key, chain_id = self.town.college.key("submission"), self.town.node.consortium.chain_id
        return {BUCKET_HEADER.lower(): sign_bucket(body, place=place, chain_id=chain_id, key=key)}

    @property
    def asked_of_issuer(self):
        return [url for url in self.asked if url.startswith("https://yunling.example")]


class MirroredTown(Town):
    """A town whose node mirrors what the college publishes, and whose verifier asks mirrors first."""

    def __init__(self, home):
        super().__init__(home)
        self.web.pages[f"{STORE}/receipts/0"] = b""
        self.streets = Streets(self)
        self.reset()

    def reset(self):
        self.streets = getattr(self, "streets", None) or Streets(self)
        self.shared = Collaborators(
            ledger=self.ledger,
            fetch=self.streets,
            origin=ORIGIN,
            mirrors=MirrorClient(ledger=self.ledger, fetch=self.streets, nodes=[URL]),
        )

    def put_buckets(self, bits):
        super().put_buckets(bits)
        found = form_store.decode_bucket(self.web.pages[f"{STORE}/receipts/0/0"])
        digest = form_store.bucket_digest(locator for locator, _ in found)
        self.web.pages[f"{STORE}/receipts/0"] = cbor.encode({0: digest} if found else {})

    def publish(self, revoked=()):
        super().publish(revoked)
        for url in (LIST, f"{STORE}/index"):
            content = self.web.pages[url]
            self.web.pages[f"{STORE}/documents/{hashlib.sha256(content).hexdigest()}"] = content

    def pull(self):
        """Let the node's mirror do a round."""
        return mirror.puller(self.node.app, fetch=self.streets).round()

    def lose_the_issuer(self):
        self.pull()
        self.streets.issuer_is_gone = True
        self.streets.asked.clear()
        self.reset()


@pytest.fixture
def town(tmp_path):
    found = MirroredTown(tmp_path)
    found.form = found.issue()
    found.anchor(found.form)
    found.code = found.put_on_paper(found.form)
    found.publish()
    yield found
    found.node.close()


def notes(verification):
    return [note.code for note in verification.notes]


def only(answer):
    (result,) = answer.results
    return result


# With the issuer gone


def test_with_the_issuer_gone_its_printed_code_is_still_valid(town):
    town.lose_the_issuer()
    result = only(town.read(town.code.text, name="林晓雨"))
    assert (result.verdict, notes(result)) == (Verdict.VALID, ["ISSUER_SILENT"])


def test_with_the_issuer_gone_a_file_is_still_valid(town):
    town.lose_the_issuer()
    result = town.verify(town.form)
    assert (result.verdict, notes(result)) == (Verdict.VALID, ["ISSUER_SILENT"])


def test_with_the_issuer_gone_a_share_is_still_valid(town):
    form = town.issue(holder=did_key.did(HOLDER.public), index=77, number="000200")
    town.anchor(form)
    town.publish()
    town.lose_the_issuer()
    package = Package(presentation=presented(form, now=town.now))
    answer = answering.answer_share(package, share_id=SHARE_ID, collaborators=town.shared, now=town.now)
    result = only(answer)
    assert (result.verdict, notes(result)) == (Verdict.VALID, ["ISSUER_SILENT"])


def test_with_the_issuer_gone_a_revocation_holds(town):
    town.publish(revoked=[4021])
    town.lose_the_issuer()
    result = town.verify(town.form)
    assert (result.verdict, notes(result)) == (Verdict.REVOKED, ["ISSUER_SILENT"])


def test_with_the_issuer_gone_an_invented_code_is_still_no_certificate(town):
    town.lose_the_issuer()
    invented = printed_code.make(NUMBER, random=bytes([9] * 12), purpose="certificate")
    assert only(town.read(invented.text)).verdict is Verdict.NOT_AUTHENTIC


def test_the_report_says_that_the_issuers_site_is_away(town):
    town.lose_the_issuer()
    written = report.report(town.read(town.code.text))
    (note,) = written["notes"]
    assert note["code"] == "ISSUER_SILENT"
    assert note["zh-CN"] == "签发方网站暂不可达，状态来自联盟节点。"


def test_while_the_issuer_answers_nothing_is_said(town):
    town.pull()
    town.reset()
    assert notes(town.verify(town.form)) == []


def test_the_final_list_of_an_issuer_that_closed_holds_for_years(town):
    revoked = town.issue(index=88, number="000300")
    town.anchor(revoked)
    town.publish()
    town.node.decide(["close-issuer", {"issuer": town.did}])
    finish(town, revoked=[88])
    town.lose_the_issuer()
    town.later(3 * 365 * 24 * 3600)
    town.reset()
    assert town.verify(town.form).verdict is Verdict.VALID
    assert town.verify(revoked).verdict is Verdict.REVOKED


def finish(town, *, revoked):
    """Publish and anchor the list that does not expire."""
    town.later(1)
    unsigned = status.list_credential(
        list_url=LIST,
        issuer=town.did,
        encoded_list=bitstring.encode(bitstring.with_set(revoked)),
        valid_from=town.now,
        valid_until=None,
    )
    method = f"{town.did}#key-1"
    signed = data_integrity.sign(unsigned, key=town.key, verification_method=method, created=town.now)
    content = jcs.canonicalize(signed)
    digest = hashlib.sha256(content)
    town.web.pages[LIST] = town.web.pages[f"{STORE}/documents/{digest.hexdigest()}"] = content
    entry = {
        "list": hashlib.sha256(LIST.encode()).digest(),
        "version": town.versions[LIST] + 1,
        "digest": digest.digest(),
        "from": town.node.now,
        "until": None,
    }
    town.node.accept(town.college, "status", [entry])
    town.later(6)


# Whom a verifier asks


def test_of_an_issuer_that_answers_only_its_list_is_asked_for(town):
    town.pull()
    town.streets.asked.clear()
    town.reset()
    assert only(town.read(town.code.text)).verdict is Verdict.VALID
    assert set(town.streets.asked_of_issuer) == {LIST}


def test_what_no_mirror_has_yet_comes_from_the_issuer(town):
    result = only(town.read(town.code.text))
    assert (result.verdict, notes(result)) == (Verdict.VALID, [])


def test_a_silent_mirror_keeps_nobody_from_asking_the_issuer(town):
    town.streets.mirrors.clear()
    town.reset()
    assert only(town.read(town.code.text)).verdict is Verdict.VALID
    assert sum(url.startswith(URL) for url in town.streets.asked) == 1


def test_with_issuer_and_mirrors_gone_nothing_is_decided(town):
    town.lose_the_issuer()
    town.streets.mirrors.clear()
    town.reset()
    assert only(town.read(town.code.text)).verdict is Verdict.COULD_NOT_CHECK
    assert town.verify(town.form).verdict is Verdict.COULD_NOT_CHECK


def test_mirrors_are_those_that_the_members_registered(town):
    body = {"node": "http://127.0.0.1:8790", "mirror": OTHER, "receipts": None}
    town.node.accept(town.node.consortium.parties[1], "endpoint.put", body)
    town.later(6)
    town.reset()
    assert town.shared.mirrors.urls(now=town.node.now) == (URL, OTHER)
    town.pull()
    town.streets.mirrors = {OTHER: town.node.app}
    town.streets.issuer_is_gone = True
    town.reset()
    assert town.verify(town.form).verdict is Verdict.VALID


def test_an_issuer_that_is_away_is_not_waited_for_with_every_certificate(town):
    town.lose_the_issuer()
    town.verify(town.form)
    town.streets.asked.clear()
    for _ in range(3):
        assert notes(town.verify(town.form)) == ["ISSUER_SILENT"]
    assert town.streets.asked_of_issuer == []
    town.later(publications.ISSUER_REST_SECONDS)
    town.verify(town.form)
    assert town.streets.asked_of_issuer == [LIST]


def test_an_issuer_that_is_back_is_not_called_away(town):
    town.lose_the_issuer()
    town.verify(town.form)
    town.streets.issuer_is_gone = False
    town.later(publications.ISSUER_REST_SECONDS)
    assert notes(town.verify(town.form)) == []


def test_a_slow_issuer_is_waited_for_only_a_moment(town, monkeypatch):
    monkeypatch.setattr(publications, "ISSUER_GRACE_SECONDS", 0.05)
    town.pull()
    town.reset()
    answered = threading.Event()
    town.streets.before = lambda url: answered.wait(20) if url == LIST else None
    try:
        result = town.verify(town.form)
    finally:
        answered.set()
    assert (result.verdict, notes(result)) == (Verdict.VALID, ["ISSUER_SILENT"])


def test_the_last_word_of_a_silent_ledger_is_enough_with_mirrors(town):
    town.pull()
    town.verify(town.form)
    town.streets.issuer_is_gone = True
    ledger, memory = town.ledger, town.shared.memory
    town.silence()
    town.shared = Collaborators(
        ledger=town.ledger,
        fetch=town.streets,
        origin=ORIGIN,
        memory=memory,
        mirrors=MirrorClient(ledger=town.ledger, fetch=town.streets, nodes=[URL]),
    )
    assert town.verify(town.form).verdict is Verdict.VALID
    town.ledger = ledger


# Newer lists


def test_a_newer_list_of_the_issuer_lowers_the_verdict_though_mirrors_have_the_anchored_one(town):
    town.pull()
    town.reset()
    serve_unanchored(town, revoked=[4021])
    assert town.verify(town.form).verdict is Verdict.REVOKED


def test_a_newer_list_of_the_issuer_raises_no_verdict(town):
    town.publish(revoked=[4021])
    town.pull()
    town.reset()
    serve_unanchored(town, revoked=[])
    assert town.verify(town.form).verdict is Verdict.REVOKED


def serve_unanchored(town, *, revoked):
    unsigned = status.list_credential(
        list_url=LIST,
        issuer=town.did,
        encoded_list=bitstring.encode(bitstring.with_set(revoked)),
        valid_from=town.now,
        valid_until=town.now + timedelta(days=7),
    )
    method = f"{town.did}#key-1"
    signed = data_integrity.sign(unsigned, key=town.key, verification_method=method, created=town.now)
    town.web.pages[LIST] = jcs.canonicalize(signed)


# Hostile mirrors


def test_a_mirror_that_serves_other_bytes_is_passed_over(town):
    town.streets.mirrors[URL] = lambda path: b'{"id":"something else"}'
    town.reset()
    result = only(town.read(town.code.text))
    assert (result.verdict, notes(result)) == (Verdict.VALID, [])


def test_an_older_list_at_a_mirror_is_not_believed(town):
    older = town.web.pages[LIST]
    town.publish(revoked=[4021])
    town.pull()
    town.streets.mirrors = {URL: lambda path: older, OTHER: town.node.app}
    town.streets.issuer_is_gone = True
    town.shared = Collaborators(
        ledger=town.ledger,
        fetch=town.streets,
        origin=ORIGIN,
        mirrors=MirrorClient(ledger=town.ledger, fetch=town.streets, nodes=[URL, OTHER]),
    )
    assert town.verify(town.form).verdict is Verdict.REVOKED
    del town.streets.mirrors[OTHER]
    town.reset()
    assert town.verify(town.form).verdict is Verdict.COULD_NOT_CHECK


def lying(town, change):
    """Return a mirror that gives everything honestly but the bucket of forms, which ``change`` bends."""

    def answer(path):
        honest = town.node.app.test_client().get(path)
        if "/forms/" not in path:
            return honest.data if honest.status_code == 200 else None
        return form_store.encode_bucket(change(list(form_store.decode_bucket(honest.data))))

    return answer


BENT = {
    "left out": lambda entries: entries[:0],
    "exchanged": lambda entries: [(locator, blob[::-1]) for locator, blob in entries],
}


@pytest.mark.parametrize("how", BENT)
def test_a_form_that_a_mirror_hides_or_exchanges_comes_from_the_issuer(town, how):
    town.pull()
    town.streets.mirrors[URL] = lying(town, BENT[how])
    town.reset()
    assert only(town.read(town.code.text)).verdict is Verdict.VALID


@pytest.mark.parametrize("how", BENT)
def test_a_form_that_the_only_mirror_hides_or_exchanges_could_not_be_checked(town, how):
    town.lose_the_issuer()
    town.streets.mirrors[URL] = lying(town, BENT[how])
    town.reset()
    assert only(town.read(town.code.text)).verdict is Verdict.COULD_NOT_CHECK


def test_one_honest_mirror_among_hostile_ones_is_enough(town):
    town.lose_the_issuer()
    town.streets.mirrors = {URL: lying(town, BENT["exchanged"]), OTHER: town.node.app}
    town.shared = Collaborators(
        ledger=town.ledger,
        fetch=town.streets,
        origin=ORIGIN,
        mirrors=MirrorClient(ledger=town.ledger, fetch=town.streets, nodes=[URL, OTHER]),
    )
    assert only(town.read(town.code.text)).verdict is Verdict.VALID


def test_a_bucket_without_a_signature_still_helps_when_nobody_has_another(town):
    town.streets.unsigned = True
    town.lose_the_issuer()
    assert only(town.read(town.code.text)).verdict is Verdict.VALID


def test_an_old_backup_at_the_issuer_hides_nothing_that_a_mirror_has(town):
    town.streets.unsigned = True
    town.pull()
    town.reset()
    town.web.pages[f"{STORE}/forms/0/0"] = form_store.encode_bucket([])
    assert only(town.read(town.code.text)).verdict is Verdict.VALID


# Gone without a final list


def test_an_expired_list_of_an_issuer_that_is_not_closed_answers_nothing(town):
    town.lose_the_issuer()
    town.later(30 * 24 * 3600)
    town.reset()
    assert town.verify(town.form).verdict is Verdict.COULD_NOT_CHECK


def test_of_an_issuer_that_the_members_closed_the_last_list_is_its_last_word(town):
    revoked = town.issue(index=99, number="000400")
    town.anchor(revoked)
    town.publish(revoked=[99])
    town.lose_the_issuer()
    town.later(30 * 24 * 3600)
    town.node.decide(["close-issuer", {"issuer": town.did}])
    town.later(300 * 24 * 3600)
    town.reset()
    result = town.verify(town.form)
    assert (result.verdict, notes(result)) == (Verdict.NOTE, ["ISSUER_SILENT", "LAST_WORD"])
    assert town.verify(revoked).verdict is Verdict.REVOKED


def test_an_older_list_is_nobodys_last_word(town):
    older = town.web.pages[LIST]
    town.publish(revoked=[4021])
    town.node.decide(["close-issuer", {"issuer": town.did}])
    town.later(300 * 24 * 3600)
    town.web.pages[LIST] = older
    town.streets.mirrors.clear()
    town.reset()
    assert town.verify(town.form).verdict is Verdict.COULD_NOT_CHECK
